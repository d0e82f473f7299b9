//! The faults of simulated providers: none of them lets a shopper sign in.

use crate::simulate::broker::Broker;
use crate::support::{catalogue, on_threads, problem_of};
use portaria::vocabulary::place::Source;
use std::collections::BTreeSet;
use std::path::Path;

/// Commits every fault of one provider, and says which there are.
async fn commit_all(path: &Path) -> Vec<String> {
    let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
    let examples = portaria::stores::catalogue::examples_path(path);
    let stories = portaria::workbench::examples::read(&Source::new("x", crate::support::text(&examples))).expect("the catalogue is right");
    let base = stories.iter().find(|story| story.identity.is_some()).expect("a login succeeds");
    let inputs: Vec<(String, String)> =
        base.inputs.iter().flat_map(|inputs| &inputs.0).map(|(name, value)| (name.value.clone(), value.value.clone())).collect();
    let broker = Broker::with(&[&name]).await;
    let mut offered = broker.browser().arrive(&name, &inputs).await.choices();
    assert!(offered.iter().any(|word| word == "wrong-state"), "{name}: {offered:?}");
    offered.retain(|word| !word.starts_with("story-") && word != "slow");
    for word in &offered {
        let browser = broker.browser();
        let page = browser.arrive(&name, &inputs).await;
        let end = browser.choose(&page, word).await;
        assert!((400..600).contains(&end.status), "{name}, {word}: {end:?}");
        assert!(end.incident().is_some(), "{name}, {word}: {}", end.body);
        assert_eq!(browser.session().await["authenticated"], false, "{name}, {word}");
    }
    broker.stop().await;
    offered
}

#[test]
fn every_fault_ends_on_a_page_with_a_code_and_without_a_session() {
    let all = on_threads(catalogue(), |path| problem_of(&path, || actix_web::rt::System::new().block_on(commit_all(&path))));

    let problems: Vec<&String> = all.iter().filter_map(|one| one.as_ref().err()).collect();
    let seen: BTreeSet<&str> = all.iter().flatten().flatten().map(String::as_str).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    assert_eq!(Vec::from_iter(seen), ["error-in-200", "html", "no-email", "other-shape", "spent-code", "wrong-state"]);
}

#[actix_web::test]
async fn an_answer_that_takes_too_long_is_not_waited_for() {
    let broker = Broker::with(&["github"]).await;
    let browser = broker.browser();
    let page = browser.arrive("github", &[]).await;

    let end = browser.choose(&page, "slow").await;

    assert!(end.status >= 500 && end.incident().is_some(), "{end:?}");
    assert_eq!(browser.session().await["authenticated"], false);
    broker.stop().await;
}

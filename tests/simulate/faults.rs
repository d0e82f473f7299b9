//! The faults of simulated providers: none of them lets a shopper sign in.

use crate::simulate::broker::Broker;
use crate::support::catalogue;
use portaria::vocabulary::place::Source;

#[actix_web::test]
async fn every_fault_ends_on_a_page_with_a_code_and_without_a_session() {
    let mut seen: Vec<String> = Vec::new();
    for path in catalogue() {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let examples = portaria::stores::catalogue::examples_path(&path);
        let stories =
            portaria::workbench::examples::read(&Source::new("x", crate::support::text(&examples))).expect("the catalogue is right");
        let base = stories.iter().find(|story| story.identity.is_some()).expect("a login succeeds");
        let inputs: Vec<(String, String)> =
            base.inputs.iter().flat_map(|inputs| &inputs.0).map(|(name, value)| (name.value.clone(), value.value.clone())).collect();
        let broker = Broker::with(&[&name]).await;
        let offered = broker.browser().arrive(&name, &inputs).await.choices();
        for word in offered.iter().filter(|word| !word.starts_with("story-") && *word != "slow") {
            let browser = broker.browser();
            let page = browser.arrive(&name, &inputs).await;
            let end = browser.choose(&page, word).await;
            assert!((400..600).contains(&end.status), "{name}, {word}: {end:?}");
            assert!(end.incident().is_some(), "{name}, {word}: {}", end.body);
            assert_eq!(browser.session().await["authenticated"], false, "{name}, {word}");
            if !seen.contains(word) {
                seen.push(word.clone());
            }
        }
        assert!(offered.iter().any(|word| word == "wrong-state"), "{name}: {offered:?}");
        broker.stop().await;
    }
    seen.sort();
    assert_eq!(seen, ["error-in-200", "html", "no-email", "other-shape", "spent-code", "wrong-state"]);
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

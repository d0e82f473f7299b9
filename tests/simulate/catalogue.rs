//! Every provider of the catalogue against its own simulation.

use crate::simulate::broker::Broker;
use crate::support::{catalogue, on_threads, problem_of, text};
use portaria::stores::catalogue::examples_path;
use portaria::vocabulary::place::Source;
use portaria::workbench::examples::example::ExampleSpec;
use serde_json::Value;
use std::path::Path;

fn stories(path: &Path) -> Vec<ExampleSpec> {
    let path = examples_path(path);
    let source = Source::new(path.display().to_string(), text(&path));
    portaria::workbench::examples::read(&source).unwrap_or_else(|report| panic!("{}", report.draw(false)))
}

fn inputs(story: &ExampleSpec) -> Vec<(String, String)> {
    let given = story.inputs.iter().flat_map(|inputs| &inputs.0);
    given.map(|(name, value)| (name.value.clone(), value.value.clone())).collect()
}

/// Whether a story is of another installation than the first login: one of its facts has another value.
fn has_other_settings(base: &ExampleSpec, story: &ExampleSpec) -> bool {
    let facts = |story: &ExampleSpec| -> Vec<(String, String)> {
        let given = story.facts.iter().flat_map(|facts| &facts.0).filter(|(name, _)| name.value != "now");
        given.map(|(name, value)| (name.value.clone(), value.value.clone())).collect()
    };
    let base = facts(base);
    facts(story).iter().any(|(name, value)| base.iter().any(|(known, own)| known == name && own != value))
}

/// Replays an example in a new browser, and describes how the outcome differs from the example.
async fn play(broker: &Broker, name: &str, inputs: &[(String, String)], word: &str, story: &ExampleSpec) -> Option<String> {
    let browser = broker.browser();
    let page = browser.arrive(name, inputs).await;
    let end = browser.choose(&page, word).await;
    let session = browser.session().await;
    let text = |identity: &Value, member: &str| identity.get(member).and_then(Value::as_str).map(str::to_owned);
    let fine = match &story.identity {
        Some(identity) if identity.0.get("ask") != Some(&Value::Bool(true)) => {
            session["authenticated"] == true
                && session["provider"] == name
                && text(&session, "providerUserId") == text(&identity.0, "id")
                && text(&session, "email") == text(&identity.0, "email")
        }
        Some(_) => session["authenticated"] == false && end.status == 303 && end.location() == "/prove",
        // After a cancel there is no incident code.
        None => session["authenticated"] == false && end.status != 303 && (end.incident().is_some() || end.status == 200),
    };
    (!fine).then(|| format!("{name}, {word} ({}): {} {:?} {session}", story.what.value, end.status, end.incident()))
}

/// What became of the stories of one provider.
#[derive(Default)]
struct Played {
    logins: usize,
    refusals: usize,
    problems: Vec<String>,
}

/// Plays every story of a provider against its own simulation.
async fn play_all(path: &Path) -> Played {
    let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
    let stories = stories(path);
    let mut played = Played::default();
    let base = stories.iter().find(|story| story.identity.is_some()).unwrap_or_else(|| panic!("{name} has no login"));
    let broker = Broker::with(&[&name]).await;
    let offered = broker.browser().arrive(&name, &inputs(base)).await.choices();
    for word in offered.iter().filter(|word| word.starts_with("story-")) {
        let at: usize = word["story-".len()..].parse().expect("a number");
        let story = &stories[at - 1];
        let own = inputs(story);
        // The simulation has the settings of the first login, so another server of the same kind may end otherwise.
        if has_other_settings(base, story) {
            continue;
        }
        if story.identity.is_none() {
            played.problems.extend(play(&broker, &name, &own, word, story).await);
            played.refusals += 1;
            continue;
        }
        // A known user may sign in again, so each login has a broker of its own.
        let fresh = Broker::with(&[&name]).await;
        played.problems.extend(play(&fresh, &name, &own, word, story).await);
        assert!(fresh.app.drift.take_metrics().is_empty(), "{name}: a simulation says nothing about the real provider");
        fresh.stop().await;
        played.logins += 1;
    }
    broker.stop().await;
    played
}

#[test]
fn every_provider_logs_in_against_its_own_simulation() {
    let all = on_threads(catalogue(), |path| {
        problem_of(&path, || actix_web::rt::System::new().block_on(play_all(&path)))
            .unwrap_or_else(|problem| Played { problems: vec![problem], ..Played::default() })
    });

    let sum = |count: fn(&Played) -> usize| all.iter().map(count).sum::<usize>();
    let (logins, refusals) = (sum(|played| played.logins), sum(|played| played.refusals));
    println!("{} providers, {logins} logins and {refusals} refusals against their own simulations", all.len());
    let problems: Vec<&String> = all.iter().flat_map(|played| &played.problems).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(all.len() >= 178 && logins >= all.len(), "{} providers, {logins} logins", all.len());
}

//! Logins become stories without personal data: every story of the catalogue, as if it had happened to a real person.

use crate::support::{STRICT, catalogue, text};
use portaria::provider::{Provider, compile};
use portaria::vocabulary::place::{Located, Place, Source};
use portaria::workbench::examples;
use portaria::workbench::examples::replay::replay;
use portaria::workbench::record::{LoginToRecord, record_example};

/// The facts that get values of a real installation. Keys keep theirs, which are made when a story is replayed.
fn own(provider: &Provider, story: &str) -> Vec<(String, String)> {
    let needed = provider.needed.iter().map(|needed| provider.names.name(needed.fact).to_string());
    let names = needed.chain(["state", "nonce", "codeVerifier", "codeChallenge"].map(str::to_owned));
    let names = names.filter(|name| (name == "state" || story.contains(&format!("‹{name}›"))) && !name.to_lowercase().contains("key"));
    names.enumerate().map(|(at, name)| (name, format!("Canario{at}x9k2"))).collect()
}

/// A story as it might be with real people.
fn with_real_values(story: &str, own: &[(String, String)]) -> String {
    let with_own = own.iter().fold(story.to_owned(), |story, (name, value)| story.replace(&format!("‹{name}›"), value));
    with_own.replace("ana@", "canario.ana@").replace("bia@", "canario.bia@").replace("Ana ", "Canariana ")
}

#[test]
fn a_recorded_story_replays_and_holds_no_personal_data() {
    let (mut recorded_stories, mut unrecorded) = (0, Vec::new());
    for path in catalogue() {
        let (provider, _) = compile(&Source::new(path.display().to_string(), text(&path)), STRICT);
        let Some(provider) = provider else { continue };
        let written = text(&path.with_extension("examples.yaml"));
        for one in format!("\n{written}").split("\n- ").skip(1) {
            let one = format!("- {one}\n");
            let own = own(&provider, &one);
            let Ok(mut stories) = examples::read(&Source::new("a real login", with_real_values(&one, &own))) else { continue };
            let mut story = stories.remove(0);
            let given = story.facts.get_or_insert_with(|| portaria::vocabulary::words::NamedValues(Vec::new()));
            given.0.extend(
                own.iter()
                    .map(|(name, value)| (Located::new(name.clone(), Place::default()), Located::new(value.clone(), Place::default()))),
            );
            let named: Vec<(String, String)> = given.0.iter().map(|(name, value)| (name.value.clone(), value.value.clone())).collect();
            let inputs: Vec<(Box<str>, Box<str>)> = story
                .inputs
                .iter()
                .flat_map(|inputs| &inputs.0)
                .map(|(name, value)| (name.value.as_str().into(), value.value.as_str().into()))
                .collect();
            let played = replay(&provider, &story);
            if played.trace.callback.pairs.is_empty() {
                continue;
            }
            let discovery = story.discovery.as_ref().map(|raw| raw.0.clone());
            let recorded = LoginToRecord {
                provider: &provider,
                trace: &played.trace,
                end: played.end.as_ref(),
                discovery: discovery.as_ref(),
                own: &named,
                inputs: &inputs,
            };
            match record_example(recorded, "as it was") {
                Ok(text) => {
                    recorded_stories += 1;
                    assert!(!text.to_lowercase().contains("canari"), "{}: {}\n{text}", path.display(), story.what.value);
                    let again =
                        examples::read(&Source::new("again", text.as_str())).unwrap_or_else(|report| panic!("{}", report.draw(false)));
                    assert!(replay(&provider, &again[0]).differences.is_empty(), "{text}");
                }
                Err(why) => {
                    let why: Vec<String> = why.iter().map(ToString::to_string).collect();
                    unrecorded.push(format!("{}: {}: {}", provider.name, story.what.value, why.join("; ")));
                }
            }
        }
    }
    assert!(
        recorded_stories > 200 && unrecorded.len() * 10 < recorded_stories,
        "{recorded_stories} recorded, {} not:\n{}",
        unrecorded.len(),
        unrecorded.join("\n")
    );
}

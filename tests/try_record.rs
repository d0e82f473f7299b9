//! Logins become stories without anybody in them: every story of the catalogue, as if it had happened to somebody.

use crate::support::{STRICT, catalogue, text};
use portaria::provider::{Provider, compile};
use portaria::vocabulary::place::{Located, Place, Source};
use portaria::workbench::examples;
use portaria::workbench::examples::replay::replay;
use portaria::workbench::record::{LoginToRecord, record_example};

/// The facts that get values of a real installation; keys keep theirs, which are made when a story is played.
fn own(provider: &Provider, story: &str) -> Vec<(String, String)> {
    let needed = provider.needed.iter().map(|needed| provider.names.name(needed.fact).to_string());
    let names = needed.chain(["state", "nonce", "codeVerifier", "codeChallenge"].map(str::to_owned));
    let names = names.filter(|name| (name == "state" || story.contains(&format!("‹{name}›"))) && !name.to_lowercase().contains("key"));
    names.enumerate().map(|(at, name)| (name, format!("Canario{at}x9k2"))).collect()
}

/// A story as it may have been with real people.
fn lived(story: &str, own: &[(String, String)]) -> String {
    let with_own = own.iter().fold(story.to_owned(), |story, (name, value)| story.replace(&format!("‹{name}›"), value));
    with_own.replace("ana@", "canario.ana@").replace("bia@", "canario.bia@").replace("Ana ", "Canariana ")
}

#[test]
fn what_is_recorded_replays_true_and_holds_nothing_of_anybody() {
    let (mut told, mut untold) = (0, Vec::new());
    for path in catalogue() {
        let (provider, _) = compile(&Source::new(path.display().to_string(), text(&path)), STRICT);
        let Some(provider) = provider else { continue };
        let written = text(&path.with_extension("examples.yaml"));
        for one in format!("\n{written}").split("\n- ").skip(1) {
            let one = format!("- {one}\n");
            let own = own(&provider, &one);
            let Ok(mut stories) = examples::read(&Source::new("lived", lived(&one, &own))) else { continue };
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
                    told += 1;
                    assert!(!text.to_lowercase().contains("canari"), "{}: {}\n{text}", path.display(), story.what.value);
                    let again =
                        examples::read(&Source::new("again", text.as_str())).unwrap_or_else(|report| panic!("{}", report.draw(false)));
                    assert!(replay(&provider, &again[0]).differences.is_empty(), "{text}");
                }
                Err(why) => {
                    let why: Vec<String> = why.iter().map(ToString::to_string).collect();
                    untold.push(format!("{}: {}: {}", provider.name, story.what.value, why.join("; ")));
                }
            }
        }
    }
    assert!(told > 200 && untold.len() * 10 < told, "{told} told, {} not:\n{}", untold.len(), untold.join("\n"));
}

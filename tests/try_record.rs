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

/// Real values, as they stand in the answers below.
const EMAIL: &str = "canario.mariana@quintela.example";
const SECRET: &str = "Canario-secret-9k2w8q";
const STATE: &str = "Canario-state-x9k2w8q";
const TOKEN: &str = "Canario-token-7z5m3n1b";

/// The file and the story of a login with a value that a function cuts or encodes.
fn encoded_logins() -> Vec<(&'static str, String, String)> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let usual = "name: Acme\ntrustEmail: always\nclientId: loja-42\nclientSecret: env:ACME_SECRET\npkce: off\ngetAuthorizationCode: { get: \"https://a.example/a\" }\n";
    let token = format!("- answer: {{ json: {{ access_token: {TOKEN} }} }}");
    let story = |callback: &str, exchanges: &str| {
        format!("- what: a login\n  callback: {{ {callback} }}\n  exchanges:\n    {exchanges}\n  identity: {{ id: \"-\" }}\n")
    };
    let plain = format!("code: Canario-code-1q2w, state: {STATE}");
    let payload = STANDARD.encode(format!("nonce={STATE}&email={}&external_id=CanarioId815", EMAIL.replace('@', "%40")));
    let basic = STANDARD.encode(format!("loja-42:{SECRET}"));
    let inner = URL_SAFE_NO_PAD.encode(format!("{{\"mail\":\"{EMAIL}\",\"uid\":\"CanarioUid77\"}}"));
    vec![
        (
            "a form in base64 in the callback",
            "name: Acme\ntrustEmail: always\npkce: off\nclientSecret: env:ACME_SECRET\ngetAuthorizationCode:\n  get: https://a.example/sso\n  query: { sso: '${state | prepend \"nonce=\" | base64}' }\n  sign: { into: sig, algorithm: hmacSha256, key: \"${clientSecret}\" }\n  verify: { into: sig, text: \"${$.sso}\", algorithm: hmacSha256, key: \"${clientSecret}\" }\n  read:\n    state: '${$.sso | base64Decode | form \"nonce\"}'\n    id: '${$.sso | base64Decode | form \"external_id\"}'\n    email: '${$.sso | base64Decode | form \"email\"}'\n".to_owned(),
            format!("- what: a login\n  callback: {{ sso: \"{payload}\", sig: ‹signature› }}\n  identity: {{ id: \"-\" }}\n"),
        ),
        (
            "JSON as a text",
            format!("{usual}getAccessCode: {{ post: \"https://a.example/t\" }}\ngetUserInfo:\n  get: https://a.example/me\n  read: {{ id: '${{$.profile | json \"$.uid\"}}', email: '${{$.profile | json \"$.mail\"}}' }}\n"),
            story(&plain, &format!("{token}\n    - answer: {{ json: {{ profile: '{{\"mail\":\"{EMAIL}\",\"uid\":\"CanarioUid77\"}}' }} }}")),
        ),
        (
            "JSON in base64",
            format!("{usual}getAccessCode: {{ post: \"https://a.example/t\" }}\ngetUserInfo:\n  get: https://a.example/me\n  read: {{ id: '${{$.p | base64Decode | json \"$.uid\"}}', email: '${{$.p | base64Decode | json \"$.mail\"}}' }}\n"),
            story(&plain, &format!("{token}\n    - answer: {{ json: {{ p: {inner} }} }}")),
        ),
        (
            "credentials that are written by hand and come back",
            format!("{usual}getAccessCode:\n  post: https://a.example/t\n  form: {{ code: \"${{code}}\" }}\n  headers: {{ Authorization: 'Basic ${{clientId | append \":\" | append clientSecret | base64}}' }}\ngetUserInfo: {{ get: \"https://a.example/me\", read: {{ id: $.id, email: $.email }} }}\n"),
            story(&plain, &format!("- answer: {{ json: {{ access_token: {TOKEN}, you_sent: \"Basic {basic}\" }} }}\n    - answer: {{ json: {{ id: CanarioUid77, email: {EMAIL}, authorization: \"{basic}\" }} }}")),
        ),
        (
            "a part of a text",
            format!("{usual}getAccessCode: {{ post: \"https://a.example/t\" }}\ngetUserInfo: {{ get: \"https://a.example/me\", read: {{ id: '${{$.sub | after \"user:\"}}', email: '${{$.login | before \";\"}}' }} }}\n"),
            story(&plain, &format!("{token}\n    - answer: {{ json: {{ sub: \"user:CanarioUid77\", login: \"{EMAIL};7\" }} }}")),
        ),
        (
            "other letters and hashes",
            format!("{usual}getAccessCode: {{ post: \"https://a.example/t\", read: {{ accessToken: '${{$.t | lower}}' }} }}\ngetUserInfo: {{ get: \"https://a.example/me\", read: {{ id: $.id, email: $.email, picture: $.picture }} }}\n"),
            story(&plain, &format!(
                "- answer: {{ json: {{ t: {} }} }}\n    - answer: {{ json: {{ id: CanarioUid77, email: {EMAIL}, shown: {}, picture: \"https://avatars.example/{}\" }} }}",
                TOKEN.to_uppercase(),
                EMAIL.to_uppercase(),
                "0bc83cb571cd1c50ba6f3e8a78ef1346"
            )),
        ),
    ]
}

#[test]
fn values_that_functions_cut_or_encode_are_recorded_without_any_form_of_the_real_ones() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    for (what, file, story) in encoded_logins() {
        let provider = crate::support::provider(&file);
        let facts = format!("  facts: {{ clientSecret: {SECRET}, state: {STATE} }}\n");
        let story = story.replacen("- what: a login\n", &format!("- what: a login\n{facts}"), 1);
        let stories = examples::read(&Source::new("a real login", story)).unwrap_or_else(|report| panic!("{what}: {}", report.draw(false)));
        let played = replay(&provider, &stories[0]);
        assert!(played.end.is_ok(), "{what}: {:?}", played.end);
        let own = [("clientSecret".to_owned(), SECRET.to_owned()), ("state".to_owned(), STATE.to_owned())];
        let login =
            LoginToRecord { provider: &provider, trace: &played.trace, end: played.end.as_ref(), discovery: None, own: &own, inputs: &[] };

        let text = record_example(login, "as it was")
            .unwrap_or_else(|why| panic!("{what}: {}", why.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")));

        assert!(!text.to_lowercase().contains("canari") && !text.to_lowercase().contains("quintela"), "{what}\n{text}");
        for real in [EMAIL, SECRET, STATE, TOKEN] {
            for skipped in 0..3 {
                let letters = STANDARD_NO_PAD.encode(format!("{}{real}", "x".repeat(skipped)));
                let sure = &letters[4..letters.len() - 2];
                assert!(!text.contains(sure), "{what}: {real} in base64\n{text}");
            }
        }
        let again = examples::read(&Source::new("again", text.as_str())).unwrap_or_else(|report| panic!("{}", report.draw(false)));
        assert!(replay(&provider, &again[0]).differences.is_empty(), "{what}\n{text}");
    }
}

//! No secret and no personal value of a recording stands in the learned file, in the example, or in a message.

use crate::command_line::{Folder, portaria};
use crate::import::acme;
use crate::import::measure::{Case, cases, recorded};
use crate::support::{STRICT, on_threads, problem_of, text};
use portaria::provider::compile;
use portaria::vocabulary::place::Source;
use portaria::workbench::learn::learn;
use portaria::workbench::recorded_exchange::{RecordedExchange, RecordedResponse};
use portaria::workbench::{curl, har, recorded_example, synthetic_recording};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

/// The values that must not leave the recording of a provider: all random values, what was typed, cookies, and the identity.
fn canaries(case: &Case, exchanges: &[RecordedExchange], values: &[(String, String)]) -> Vec<String> {
    let mut all = BTreeSet::new();
    // A value that is part of an address is no secret.
    let path = |address: &str| address.split(['?', '#']).next().unwrap_or_default().to_owned();
    let is_of_path = |value: &str| exchanges.iter().any(|exchange| path(&exchange.address).split(['/', '.']).any(|part| part == value));
    let facts = || case.stories.iter().flat_map(|story| &story.facts).flat_map(|facts| &facts.0);
    let is_of_story = |name: &str, value: &str| facts().any(|(known, given)| known.value == name && given.value == value);
    let host = |address: &str| address.split('/').nth(2).unwrap_or_default().to_owned();
    let is_of_host = |value: &str| exchanges.iter().any(|exchange| host(&exchange.address).split('.').any(|label| label == value));
    let is_of_address =
        |name: &str, value: &str| value.contains(['.', '/']) || is_of_host(value) || is_of_story(name, value) && is_of_path(value);
    let hidden = values.iter().filter(|(name, value)| !matches!(name.as_str(), "publicUrl" | "redirectUri") && !is_of_address(name, value));
    all.extend(hidden.map(|(_, value)| value.clone()));
    for exchange in exchanges {
        let sent = exchange.query().into_iter().chain(exchange.form().unwrap_or_default());
        let names = ["code", "password", "login", "state", "continue", "auth_code", "ticket", "hmac"];
        all.extend(sent.filter(|(name, _)| names.contains(&name.as_str())).map(|(_, value)| value));
        all.extend(exchange.header("cookie").map(str::to_owned));
        all.extend(exchange.header("authorization").map(str::to_owned));
    }
    for story in &case.stories {
        let identity = story.identity.as_ref().and_then(|raw| raw.0.as_object()).expect("an identity");
        // The shop itself may ask for a language.
        let members = identity.iter().filter(|(fact, _)| *fact != "locale");
        all.extend(members.filter_map(|(_, value)| value.as_str().map(str::to_owned)));
    }
    // Short words may stand anywhere by coincidence.
    all.into_iter().filter(|value| value.len() >= 4 && !value.contains("public")).collect()
}

/// Learns a provider from its recording, and without each of its parts, and looks for canaries in all that comes of it. The error is why
/// no example was made.
fn look_for_canaries(case: &Case) -> Result<(), String> {
    let (exchanges, values) = recorded(case);
    let canaries = canaries(case, &exchanges, &values);
    assert!(canaries.len() > 5, "{canaries:?}");
    let assert_none = |output: &str| canaries.iter().for_each(|canary| assert!(!output.contains(canary.as_str()), "{canary}\n{output}"));
    let as_har = har::read(har::write(&exchanges).as_bytes()).expect("a HAR");
    let as_curl = curl::read(&curl::write(&exchanges)).expect("curl lines");
    for exchanges in [&as_har, &as_curl] {
        match learn(&case.name, exchanges, STRICT) {
            Ok(learned) => assert_none(&format!("{} {:?} {:?}", learned.text, learned.variables, learned.decide)),
            Err(why) => assert_none(&why.to_string()),
        }
    }
    look_without_parts(case);
    // The example that is made of it holds none either.
    let learned = learn(&case.name, &as_har, STRICT).map_err(|why| why.to_string())?;
    let (provider, _) = compile(&Source::new(format!("{}.yaml", case.name), learned.text.as_str()), STRICT);
    let example = recorded_example::example_from_recording(&provider.expect("a provider"), &learned, 0);
    let output = example.clone().unwrap_or_else(|why| why);
    // The catalogue's invented people and those of the examples share a domain.
    for canary in canaries.iter().filter(|canary| !canary.ends_with("loja.example")) {
        assert!(!output.contains(canary.as_str()), "{canary}\n{output}");
    }
    example.map(|_| ())
}

/// Learns a provider from a recording of at most two logins without each of its parts. What a browser fetches beside a login is left alone: without
/// it, the same is learned.
fn look_without_parts(case: &Case) {
    let stories = &case.stories[..case.stories.len().min(2)];
    let made = synthetic_recording::record_all_stories(&case.provider, stories).unwrap_or_else(|why| panic!("{}: {why}", case.name));
    let canaries = canaries(case, &made.exchanges, &made.values);
    let as_har = har::read(har::write(&made.exchanges).as_bytes()).expect("a HAR");
    let is_beside = |exchange: &RecordedExchange| {
        let kind =
            exchange.answer.as_ref().and_then(|answer| answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type")));
        exchange.method == "OPTIONS" || kind.is_some_and(|(_, kind)| kind.starts_with("image/") || kind.starts_with("text/javascript"))
    };
    for without in (0..as_har.len()).filter(|at| !is_beside(&as_har[*at])) {
        let some: Vec<RecordedExchange> = as_har.iter().enumerate().filter(|(at, _)| *at != without).map(|(_, one)| one.clone()).collect();
        let output = learn(&case.name, &some, STRICT).map_or_else(|why| why.to_string(), |learned| learned.text);
        canaries.iter().for_each(|canary| assert!(!output.contains(canary.as_str()), "{canary}\n{output}"));
    }
}

#[test]
fn of_no_provider_of_the_catalogue_does_a_value_of_the_recording_get_out() {
    let all = on_threads(cases(), |case| (problem_of(Path::new(&case.name), || look_for_canaries(&case)), case.name));

    let problems: Vec<&String> = all.iter().filter_map(|(looked, _)| looked.as_ref().err()).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    let without = |(looked, name): &(Result<Result<(), String>, String>, String)| Some((name.clone(), looked.clone().ok()?.err()?));
    let without: Vec<(String, String)> = all.iter().filter_map(without).collect();
    let made = all.len() - without.len();
    println!("examples were made of {made} of {} providers", all.len());
    without.iter().for_each(|(name, why)| println!("no example of {name}: {why}"));
    assert!(made * 10 >= all.len() * 6, "{made} of {}", all.len());
}

/// The recording of a usual login, with more in its token call.
fn with_more(more: &str, header: Option<(&str, &str)>) -> Vec<RecordedExchange> {
    let (mut exchanges, _) = recorded(&acme());
    let calls = exchanges.iter_mut().filter(|exchange| exchange.method == "POST" && exchange.address.ends_with("/token"));
    let mut changed = 0;
    for call in calls {
        let body = call.body.as_mut().expect("a form");
        body.push_str(more);
        call.headers.extend(header.map(|(name, value)| (name.to_owned(), value.to_owned())));
        changed += 1;
    }
    assert!(changed > 0);
    exchanges
}

#[test]
fn odd_words_and_words_under_names_of_secrets_become_references() {
    for (more, header, odd) in [
        ("&canal=x7Gk2p", None, "x7Gk2p"),
        ("&loja=48151623", None, "48151623"),
        ("&pin=hush", None, "hush"),
        ("&passwd=maria", None, "maria"),
        ("&app_sign=abcdef", None, "abcdef"),
        ("", Some(("X-Loja", "s3cr3t")), "s3cr3t"),
        ("", Some(("X-Api-Key", "entrar")), "entrar"),
    ] {
        let learned = learn("acme", &with_more(more, header), STRICT).unwrap_or_else(|why| panic!("{why}"));
        assert!(!learned.text.contains(odd) && learned.text.contains("\nsecrets:\n"), "{odd}\n{}", learned.text);
        assert!(!format!("{:?} {:?}", learned.variables, learned.decide).contains(odd));
    }
    let learned = learn("acme", &with_more("&canal=loja", None), STRICT).unwrap_or_else(|why| panic!("{why}"));
    assert!(learned.text.contains("canal: loja"), "{}", learned.text);
}

#[test]
fn what_a_person_is_called_becomes_a_reference_wherever_the_shop_sent_it() {
    for (name, value) in [("quem", "nelly"), ("para", "ana@loja.example"), ("de", "Nelly Quist")] {
        let (mut exchanges, _) = recorded(&acme());
        for exchange in &mut exchanges {
            if exchange.address.ends_with("/users/@me") {
                write!(exchange.address, "?{name}={}", value.replace(' ', "+").replace('@', "%40")).expect("a text takes more");
            } else if let Some(answer) = exchange.answer.as_mut().filter(|answer| answer.body.contains("access_token")) {
                answer.body = answer.body.replacen('{', &format!("{{\"called\":\"{value}\","), 1);
            }
        }
        let output = learn("acme", &exchanges, STRICT).map_or_else(|why| why.to_string(), |learned| learned.text);
        assert!(!output.contains(value), "{output}");
    }
}

#[test]
fn somebody_s_id_as_the_name_of_a_member_is_not_written_down() {
    let (mut exchanges, _) = recorded(&acme());
    for exchange in exchanges.iter_mut().filter(|exchange| exchange.address.ends_with("/users/@me")) {
        let answer = exchange.answer.as_mut().expect("an answer");
        let id = answer.body.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id").to_owned();
        *answer = RecordedResponse { body: format!("{{\"people\":{{\"{id}\":{}}}}}", answer.body), ..answer.clone() };
        let output = learn("acme", std::slice::from_ref(exchange), STRICT).map_or_else(|why| why.to_string(), |learned| learned.text);
        assert!(!output.contains(&id));
    }
    let ids: Vec<String> = acme().stories.iter().filter_map(|story| Some(story.identity.as_ref()?.0["id"].as_str()?.to_owned())).collect();
    let output = learn("acme", &exchanges, STRICT).map_or_else(|why| why.to_string(), |learned| learned.text);
    assert!(ids.iter().all(|id| !output.contains(id.as_str())) && !ids.is_empty(), "{output}");
}

#[test]
fn the_program_learns_a_file_and_no_value_of_the_recording_gets_out() {
    let case = acme();
    let (exchanges, values) = recorded(&case);
    let canaries = canaries(&case, &exchanges, &values);
    assert!(canaries.len() > 10);
    for (file, written) in [("login.har", har::write(&exchanges)), ("login.txt", curl::write(&exchanges))] {
        let folder = Folder::new("import").with(file, &written);

        let (code, out, err) = portaria(&folder.0, &["import", file, "--name", "acme"], &[]);

        assert_eq!(code, 0, "{out}{err}");
        let learned = text(&folder.0.join("providers.d/acme.yaml"));
        for canary in &canaries {
            assert!(![&out, &err, &learned].iter().any(|output| output.contains(canary.as_str())), "{canary}\n{out}\n{learned}");
        }
        assert!(out.contains("/callback/acme") && out.contains("ACME_CLIENT_SECRET"), "{out}");
        let (code, out, _) = portaria(&folder.0, &["check"], &[]);
        assert_eq!(code, 0, "{out}");
        let (code, _, err) = portaria(&folder.0, &["import", file, "--name", "acme"], &[]);
        assert!(code == 2 && err.contains("--force"), "{err}");
        let (code, out, _) = portaria(&folder.0, &["import", file, "--name", "other", "--stdout"], &[]);
        assert!(code == 0 && out.contains("getAccessCode") && !folder.0.join("providers.d/other.yaml").exists(), "{out}");
    }
}

//! What `portaria import` learns, measured on the whole catalogue and on providers that were not considered when it was
//! written.

mod hostile;
mod measure;
mod replayed;
mod secrets;
mod unseen;
mod whose;

use crate::import::measure::{Case, cases, cases_of, measure, recorded};
use crate::support::{STRICT, root};
use portaria::vocabulary::place::Source;
use portaria::workbench::examples::replay::replay;
use portaria::workbench::learn::learn;
use portaria::workbench::recorded_example::example_from_recording;
use portaria::workbench::{curl, har};

/// For each provider of the catalogue, the engine makes a recording of the stories that end in an identity, with random values in place of the stand-ins
/// and with the other traffic of a browser. A file is learnt from it, and every one of these stories is replayed with that file. The file is right when
/// every request is the one that the story expects and the identity is the same.
///
/// The comparison leaves out what no recording holds: the names of settings, secrets and variables, where the client's id is kept, `name` and `logo`,
/// and the policy of `trustEmail` and `missingEmail`, which is taken from the catalogue. A recording is of one installation: hosts stand in the learnt
/// file as they were called, so only the stories with the hosts and the client of the first are recorded and compared. Stories in which the shop asks
/// for more than a usual login does (another sign-in, a language) are left out, because nothing shows in a usual login how that would be asked. A file is one edit away from right if setting or removing one
/// word, as the catalogue has it, makes it right; a word is a text, a list of alternatives, or a condition. Every one of these edits is tried.
///
/// 139 of the 180 files are right, and 24 more with one edit. Most of the others read an id that the file puts together of two values, or a picture
/// whose address it writes out: which of several ids a store should know a person by, no recording shows.
#[test]
fn files_are_learnt_from_what_browsers_keep() {
    let (right, nearly, all) = measure("HAR", &cases(), |exchanges| har::read(har::write(exchanges).as_bytes()).expect("a HAR"));

    assert!(right * 100 >= all * 77, "{right} of {all}");
    assert!((right + nearly) * 100 >= all * 90, "{right} and {nearly} of {all}");
}

#[test]
fn files_are_learnt_from_curl_lines() {
    let (right, nearly, all) = measure("curl", &cases(), |exchanges| curl::read(&curl::write(exchanges)).expect("curl lines"));

    assert!(right * 100 >= all * 77, "{right} of {all}");
    assert!((right + nearly) * 100 >= all * 90, "{right} and {nearly} of {all}");
}

/// Providers that were invented and written with their stories before the learner was run on any of them. They use several languages, and requests and
/// answers of their own. In the first run, 8 of the 16 were right and 3 more with one edit; then the learner was taught the names of ids and names in
/// languages other than English, so today's figures are no longer about unknown providers only. Two of them cannot be right, because no recording holds
/// what they need: a secret that signs every call and is never sent, and whether a secret is encoded where it has no character to encode.
#[test]
fn files_are_learnt_of_providers_that_nobody_had_in_mind() {
    let folder = root().join("tests/import/holdout");
    let cases = cases_of(portaria::stores::catalogue::provider_files(&folder).expect("the providers are there"));
    for case in &cases {
        let wrong: Vec<_> = case.stories.iter().flat_map(|story| replay(&case.provider, story).differences).collect();
        assert!(wrong.is_empty() && !case.stories.is_empty(), "{}: {wrong:?}", case.name);
    }

    let (right, nearly, all) = measure("hold-out", &cases, |exchanges| har::read(har::write(exchanges).as_bytes()).expect("a HAR"));

    assert!(all >= 12 && right * 4 >= all * 3, "{right} and {nearly} of {all}");
}

/// Invented providers that are called before the redirect: with a pushed request, with and without an issuer's document, and for
/// a ticket, with a token of the application.
#[test]
fn calls_before_the_redirect_are_learnt_as_prepare() {
    let folder = root().join("tests/import/prepared");
    let cases = cases_of(portaria::stores::catalogue::provider_files(&folder).expect("the providers are there"));

    let (right, nearly, all) = measure("prepare", &cases, |exchanges| har::read(har::write(exchanges).as_bytes()).expect("a HAR"));

    assert!(all >= 3 && right == all, "{right} and {nearly} of {all}");
    for case in &cases {
        let (exchanges, _) = recorded(case);
        let learned = learn(&case.name, &exchanges, STRICT).unwrap_or_else(|why| panic!("{why}"));
        assert!(learned.text.contains("  prepare:"), "{}", learned.text);
        let (provider, report) = portaria::provider::compile(&Source::new("acme.yaml", learned.text.as_str()), STRICT);
        assert!(report.complaints.is_empty(), "{}", report.draw(false));
        let story = example_from_recording(&provider.expect("it compiles"), &learned, 1_767_000_000);
        assert!(story.as_ref().is_ok_and(|story| story.contains("prepare:")), "{story:?}");
    }
}

/// A provider that follows the standard.
fn acme() -> Case {
    cases_of(vec![root().join("providers.d/discord.yaml")]).remove(0)
}

/// What is learnt of a recording in which texts of the answers that have one of them were replaced.
fn learnt_with(case: &Case, nth: usize, change: &dyn Fn(&str) -> String) -> String {
    let (mut exchanges, _) = recorded(case);
    let answers =
        exchanges.iter_mut().filter_map(|exchange| exchange.answer.as_mut()).filter(|answer| answer.body.contains("\"verified\""));
    for answer in answers.skip(nth).take(1) {
        answer.body = change(&answer.body);
    }
    learn("acme", &exchanges, STRICT).unwrap_or_else(|why| panic!("{why}")).text
}

#[test]
fn a_login_name_is_no_address_where_the_answer_has_one() {
    let add = |body: &str| body.replacen('{', "{\"login_name\":\"ana@tenant.example\",", 1);
    let without_address = |body: &str| add(body).replace("\"email\":", "\"was\":");

    let text = learnt_with(&acme(), 1, &without_address);

    assert!(text.contains("email: $.email") && !text.contains("login_name"), "{text}");
}

#[test]
fn the_id_is_one_that_every_login_has() {
    let text = learnt_with(&acme(), 0, &|body| body.replacen('{', "{\"sub\":\"q7-5521-aa\",", 1));

    assert!(text.contains("id: $.id") && !text.contains("$.sub"), "{text}");
}

#[test]
fn the_token_call_of_one_login_is_no_preparation_of_the_next() {
    let case = cases_of(vec![root().join("providers.d/chatwork.yaml")]).remove(0);
    let (exchanges, _) = recorded(&case);

    let learned = learn("acme", &exchanges, STRICT).unwrap_or_else(|why| panic!("{why}"));

    assert!(case.stories.len() > 1 && !learned.text.contains("prepare:") && !learned.text.contains("secrets:"), "{}", learned.text);
}

#[test]
fn a_redirect_that_names_the_address_by_another_name_is_found() {
    let case = cases_of(vec![root().join("providers.d/ebay.yaml")]).remove(0);
    let (exchanges, _) = recorded(&case);

    let learned = learn("acme", &exchanges, STRICT).unwrap_or_else(|why| panic!("{why}"));

    assert!(learned.text.matches("redirect_uri: ${ownRedirectUri}").count() == 2, "{}", learned.text);
}

#[test]
fn a_call_that_one_login_did_without_is_optional_unless_it_gives_the_id() {
    for (name, is_optional) in [("cronofy", true), ("lichess", true), ("discord", false)] {
        let case = cases_of(vec![root().join(format!("providers.d/{name}.yaml"))]).remove(0);
        let (mut exchanges, _) = recorded(&case);
        if name == "discord" {
            let last = exchanges.iter_mut().rev().filter_map(|exchange| exchange.answer.as_mut());
            for answer in last.filter(|answer| answer.body.contains("\"verified\"")).take(1) {
                (answer.status, answer.body) = (403, "{}".to_owned());
            }
        }

        let learned = learn("acme", &exchanges, STRICT).unwrap_or_else(|why| panic!("{why}"));

        assert_eq!(learned.text.contains("optional: true"), is_optional, "{}", learned.text);
    }
}

#[test]
fn a_success_that_comes_with_another_status_is_learnt_as_one() {
    let (mut exchanges, _) = recorded(&acme());
    for answer in exchanges.iter_mut().filter_map(|exchange| exchange.answer.as_mut()).filter(|answer| answer.body.contains("\"verified\""))
    {
        answer.status = 404;
    }

    let learned = learn("acme", &exchanges, STRICT).unwrap_or_else(|why| panic!("{why}"));

    assert!(learned.text.contains("accepted: { status: [ 404 ] }"), "{}", learned.text);
}

#[test]
fn a_value_that_is_called_as_a_fact_of_every_login_gets_another_name() {
    for name in ["clientAssertion", "client_authentication", "reauthenticate"] {
        let (mut exchanges, _) = recorded(&acme());
        for exchange in exchanges.iter_mut().filter(|exchange| exchange.address.contains("redirect_uri=")) {
            exchange.address = format!("{}&{name}=q8Zt3vXw9LmR2kPd7Yh5", exchange.address);
        }

        let learned = learn("acme", &exchanges, STRICT).unwrap_or_else(|why| panic!("{why}"));

        assert!(learned.text.contains(&format!("{name}: ${{own")), "{}", learned.text);
        let (provider, report) = portaria::provider::compile(&Source::new("acme.yaml", learned.text.as_str()), STRICT);
        assert!(provider.is_some() && report.complaints.is_empty(), "{}", report.draw(false));
    }
}

#[test]
fn a_doubtful_claim_is_named_and_not_read() {
    let (exchanges, _) = recorded(&acme());

    let learned = learn("acme", &exchanges, STRICT).unwrap_or_else(|why| panic!("{why}"));

    assert!(learned.text.contains("trustEmail: never") && !learned.text.contains("  emailVerified"), "{}", learned.text);
    assert!(learned.decide.iter().any(|line| line.contains("`emailVerified: $.verified` under `read`")), "{:?}", learned.decide);
    let (provider, report) = portaria::provider::compile(&Source::new("acme.yaml", learned.text.as_str()), STRICT);
    assert!(provider.is_some() && report.complaints.is_empty(), "{}", report.draw(false));
}

#[test]
fn the_iss_of_the_callback_is_the_issuer_if_addresses_of_the_provider_begin_with_it() {
    let with_iss = |iss: &str| {
        let (mut exchanges, _) = recorded(&acme());
        for exchange in exchanges.iter_mut().filter(|exchange| exchange.address.contains("/callback/")) {
            let without = exchange.address.split("&iss=").next().unwrap_or_default();
            exchange.address = format!("{without}&iss={iss}");
        }
        learn("acme", &exchanges, STRICT).unwrap_or_else(|why| panic!("{why}")).text
    };

    for own in ["https://discord.com", "https://discord.com/", "https://discord.com/api"] {
        let text = with_iss(own);
        assert!(text.lines().any(|line| line.split(" #").next().map(str::trim) == Some(&format!("issuer: {own}"))), "{text}");
        let (provider, report) = portaria::provider::compile(&Source::new("acme.yaml", text.as_str()), STRICT);
        assert!(provider.is_some() && report.complaints.is_empty(), "{}", report.draw(false));
    }
    for other in ["https://tenant.example", "https://discord.com/ana", "https://discord", "https:"] {
        assert!(!with_iss(other).contains("issuer:"), "{other}");
    }
}

/// An invented provider whose redirect address ends with the state.
fn pfadfinder() -> Case {
    cases_of(vec![root().join("tests/import/holdout/pfadfinder.yaml")]).remove(0)
}

#[test]
fn a_state_at_the_end_of_the_redirect_address_is_learnt() {
    let (exchanges, _) = recorded(&pfadfinder());

    let learned = learn("pfadfinder", &exchanges, STRICT).unwrap_or_else(|why| panic!("{why}"));

    assert!(learned.text.contains("stateIn: path") && !learned.text.contains("sessionSwap"), "{}", learned.text);
}

#[test]
fn where_nothing_ties_the_callback_no_address_is_proven_and_the_login_still_works() {
    let (mut exchanges, values) = recorded(&pfadfinder());
    let state = values.iter().find(|(name, _)| name == "state").map(|(_, state)| state.clone()).expect("a state");
    for exchange in &mut exchanges {
        exchange.address = exchange.address.replace(&format!("/{state}"), "").replace(&format!("%2F{state}"), "");
    }

    let learned = learn("pfadfinder", &exchanges, STRICT).unwrap_or_else(|why| panic!("{why}"));

    let (provider, report) = portaria::provider::compile(&Source::new("pfadfinder.yaml", learned.text.as_str()), STRICT);
    assert!(report.complaints.is_empty(), "{}", report.draw(false));
    for line in ["sessionSwap: accepted", "trustEmail: never", "missingEmail: ${id}@pfadfinder.invalid"] {
        assert!(learned.text.contains(line), "{}", learned.text);
    }
    for word in ["`sessionSwap`", "`missingEmail`", "`trustEmail`"] {
        assert!(learned.decide.iter().any(|line| line.starts_with(word)), "{:?}", learned.decide);
    }
    let story = example_from_recording(&provider.expect("it compiles"), &learned, 1_767_000_000).unwrap_or_else(|why| panic!("{why}"));
    assert!(story.contains("@pfadfinder.invalid"), "{story}");
}

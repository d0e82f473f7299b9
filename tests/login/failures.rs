//! Logins that fail: why, and which words of the provider are repeated.

use crate::login::{Network, PLAIN, assert_examples, installation, json};
use crate::support::{provider, ready};
use portaria::login::attempt::{Attempt, Entropy};
use portaria::login::drive;
use portaria::login::trace::Trace;
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use portaria::provider::step::StepKind;
use portaria::vocabulary::place::Source;
use portaria::vocabulary::wire::NoAnswer;
use portaria::workbench::examples;
use portaria::workbench::examples::replay::replay;
use portaria::workbench::repair::propose;
use std::time::Duration;

#[test]
fn an_error_says_why_a_provider_gave_no_answer() {
    let provider = provider(PLAIN);
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    for (why, part) in [
        (NoAnswer::too_slow(Duration::from_secs(10)), "in time: it accepted the connection, and sent nothing within 10 s"),
        (NoAnswer::Unreachable, "reached"),
        (NoAnswer::too_large(65_536, 70_000), "larger than what is read: it has 68 KiB, and 64 KiB are read"),
        (NoAnswer::Forbidden, "may not be reached"),
    ] {
        let network = Network::new(|_: &str| Err(why.clone()));
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
        let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
        let login = attempt.accept(&provider, &installation, &callback, None, &documents, 1).expect("the callback answers the attempt");

        let (trace, result) = ready(drive(login, &network, &documents));

        let error = result.expect_err("the login fails");
        assert_eq!(error.code(), "noAnswer");
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(trace.exchanges.len(), 1, "the code is never sent twice");
    }
}

#[test]
fn an_error_points_at_the_path_that_found_nothing() {
    let provider = provider(
        "name: Acme\ntrustEmail: always\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\ngetAccessCode:\n  post: https://sso.acme.example/token\n  read: { accessToken: $.data.token }\ngetUserInfo:\n  get: https://sso.acme.example/me\n  read: { id: $.id, email: $.mail }\n",
    );
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    let login = |token: &'static str, person: &'static str| {
        let network = Network::new(move |address: &str| json(if address.ends_with("/token") { token } else { person }));
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
        let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
        let login = attempt.accept(&provider, &installation, &callback, None, &documents, 1).expect("the callback answers the attempt");
        ready(drive(login, &network, &documents)).1.expect_err("the login fails")
    };

    let error = login("{\"data\":{\"token\":{\"value\":\"hush\"}}}", "{}");
    assert_eq!(error.code(), "missingFact");
    assert_eq!(error.to_string(), "`accessToken` was not found in the answer of getAccessCode (an object was found instead)");
    assert_eq!(error.place.map(|place| (place.line, place.column)), Some((6, 24)));

    let error = login("{\"data\":{\"token\":\"at-1\"}}", "{\"id\":\"7\",\"mail\":null}");
    assert_eq!(error.code(), "missingEmail");
    assert_eq!(error.place.map(|place| (place.line, place.column)), Some((9, 28)));
    assert!(error.to_string().contains("null was found instead"), "{error}");
}

#[test]
fn an_error_names_the_line_of_the_claim_that_does_not_prove_an_address() {
    let provider = provider(
        "name: Acme\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\ngetAccessCode: { post: \"https://sso.acme.example/token\" }\ngetUserInfo:\n  get: https://sso.acme.example/me\n  read: { id: $.id, email: $.mail, emailVerified: $.ok }\n",
    );
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    for (claim, said) in [
        (",\"ok\":false", ": `emailVerified` was read at `$.ok` and does not say `true`"),
        ("", ": `emailVerified` is not in the answer at `$.ok`"),
        (",\"ok\":{\"at\":1}", ": `emailVerified` is not in the answer at `$.ok` (an object was found instead)"),
    ] {
        let person = format!("{{\"id\":\"7\",\"mail\":\"ana@loja.example\"{claim}}}");
        let network =
            Network::new(move |address: &str| json(if address.ends_with("/token") { "{\"access_token\":\"t\"}" } else { &person }));
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
        let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
        let login = attempt.accept(&provider, &installation, &callback, None, &documents, 1).expect("the callback answers the attempt");

        let error = ready(drive(login, &network, &documents)).1.expect_err("the address is not proven");

        assert_eq!(error.code(), "unprovenEmail");
        assert!(error.to_string().ends_with(said), "{error}");
        assert_eq!(error.place.map(|place| place.line), Some(6));
    }
}

#[test]
fn refusals_are_recognised_as_the_file_says_and_as_the_standard_does() {
    let story = |answer: &str, end: &str| format!("- what: a login\n  exchanges:\n    - answer: {answer}\n  {end}\n");
    let with = |words: &str| PLAIN.replace("/token\" }", &format!("/token\", {words} }}"));
    for (file, answer, code) in [
        (PLAIN.to_owned(), "{ status: 400, json: { error: invalid_grant } }", "invalid_grant"),
        (PLAIN.to_owned(), "{ json: { error: invalid_grant, access_token: at-1 } }", "invalid_grant"),
        (PLAIN.to_owned(), "{ json: { error: { code: 190, message: m } } }", "190"),
        (PLAIN.to_owned(), "{ status: 503, text: \"<html>\" }", "503"),
        (PLAIN.to_owned(), "{ status: 302 }", "302"),
        (with("refused: { at: $.status, isNot: ok, code: $.motivo }"), "{ json: { status: erro, motivo: E7 } }", "E7"),
        (with("refused: { at: $.status, isNot: ok }"), "{ json: { error: x } }", "x"),
        (with("accepted: { at: $.status, is: ok }"), "{ json: { access_token: at-1 } }", "200"),
    ] {
        assert_examples(&file, &story(answer, &format!("refused: {{ step: getAccessCode, code: \"{code}\" }}")));
    }
    let goes_on = |answer: &str| {
        format!(
            "- what: a login\n  exchanges:\n    - answer: {answer}\n    - answer: {{ json: {{ sub: \"7\", email: ana@loja.example, email_verified: true }} }}\n  identity: {{ id: \"7\", email: ana@loja.example, emailVerified: true }}\n"
        )
    };
    assert_examples(PLAIN, &goes_on("{ json: { error: 0, access_token: at-1 } }"));
    assert_examples(
        &with("refused: { at: $.error.code, isNot: ok }, accepted: { errorMember: allowed }"),
        &goes_on("{ json: { error: { code: ok }, access_token: at-1 } }"),
    );
    assert_examples(
        &with("accepted: { at: $.status, is: ok, status: any }"),
        &goes_on("{ status: 400, json: { status: ok, access_token: at-1 } }"),
    );
}

#[test]
fn the_rules_of_the_file_and_of_a_call_stand_beside_each_other_and_do_not_judge_the_callback() {
    let file = PLAIN.replace("/token\" }", "/token\", refused: { at: $.b, is: x, code: B } }").replacen(
        '\n',
        "\nrefused: { at: $.a, is: x, code: A }\naccepted: { at: $.ok, is: true, code: C }\n",
        1,
    );
    let story = |answer: &str, code: &str| {
        format!(
            "- what: a login\n  callback: {{ code: c-1, state: ‹state›, a: x }}\n  exchanges:\n    - answer: {{ json: {answer} }}\n  refused: {{ step: getAccessCode, code: {code} }}\n"
        )
    };

    for (answer, code) in [
        ("{ ok: true, a: x }", "A"),
        ("{ ok: true, b: x }", "B"),
        ("{ ok: false, a: x, b: x }", "B"),
        ("{ ok: false }", "C"),
        ("{ access_token: at-1 }", "C"),
    ] {
        assert_examples(&file, &story(answer, code));
    }
}

#[test]
fn the_authorization_code_is_never_the_reason_of_a_refused_callback() {
    let file = PLAIN.replace(
        "/entrar\" }",
        "/entrar\", read: { code: $.ticket }, refused: { at: $.result, isNot: ok }, accepted: { at: $.result, is: ok, message: $.says } }",
    );
    let story = |callback: &str, end: &str| {
        format!("- what: a login\n  callback: {{ {callback}, state: ‹state› }}\n  refused: {{ step: getAuthorizationCode, {end} }}\n")
    };

    for (callback, end) in [
        ("code: hush, result: no", "code: refused"),
        ("ticket: hush, result: no", "code: refused"),
        ("ticket: hush, result: no, error_description: not hush", "code: refused, message: not hush"),
        ("ticket: hush-hush-1, result: no, error_description: not hush-hush-1", "code: refused, message: not ‹code›"),
        ("code: hush-hush-1, error: hush-hush-1", "code: ‹code›"),
        ("ticket: hush, says: hush", "code: refused, message: ‹code›"),
    ] {
        assert_examples(&file, &story(callback, end));
    }
}

#[test]
fn a_parameter_code_is_a_reason_where_the_file_reads_the_authorization_code_elsewhere_and_says_so() {
    let file = |code: &str, reason: &str| {
        let words = format!("/entrar\", read: {{ code: {code} }}, refused: {{ at: $.result, is: no, code: {reason} }} }}");
        PLAIN.replace("/entrar\" }", &words)
    };
    let story = |callback: &str, end: &str| {
        format!("- what: a login\n  callback: {{ {callback}, state: ‹state› }}\n  refused: {{ step: getAuthorizationCode, {end} }}\n")
    };

    assert_examples(&file("$.bilhete", "$.code"), &story("code: E-91, result: no", "code: E-91"));
    assert_examples(&file("$.bilhete", "$.code"), &story("code: E-91-hush-1, bilhete: E-91-hush-1, result: no", "code: ‹code›"));
    assert_examples(&file("$.bilhete", "$..code"), &story("code: hush-hush-1, result: no", "code: ‹code›"));
    assert_examples(
        &file("$.bilhete", "never"),
        &story("code: hush-hush-1, result: no, error_description: hush-hush-1", "code: never, message: ‹code›"),
    );
}

#[test]
fn a_code_is_shown_as_it_was_sent_short_and_escaped() {
    let long = "e".repeat(70);
    let cut = format!("{}…", "e".repeat(63));
    for (sent, shown) in [
        ("Não é você (E-7/2)", "Não é você (E-7/2)"),
        ("a\tb", "a b"),
        ("bad\u{1b}[31m\u{202e}", "bad\\u{1b}[31m\\u{202e}"),
        ("no ana@loja.example here", "no ‹…› here"),
        (long.as_str(), cut.as_str()),
    ] {
        let json = |text: &str| serde_json::to_string(text).expect("a text is JSON");
        assert_examples(
            PLAIN,
            &format!(
                "- what: a login\n  exchanges:\n    - answer: {{ status: 400, json: {{ error: {} }} }}\n  refused: {{ step: getAccessCode, code: {} }}\n",
                json(sent).replace('\u{202e}', "\\u202e"),
                json(shown)
            ),
        );
    }
}

#[test]
fn a_requirement_that_asks_a_list_says_so() {
    let file = format!("{PLAIN}require: {{ at: \"${{groups}}\", is: staff }}\n").replace(
        "https://sso.acme.example/me\" }",
        "https://sso.acme.example/me\", read: { id: $.id, email: $.email, emailVerified: $.ok, groups: $.groups } }",
    );
    let provider = provider(&file);
    let end = |groups: &str| {
        let story = format!(
            "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1 }} }}\n    - answer: {{ json: {{ id: \"7\", email: ana@loja.example, ok: true, groups: {groups} }} }}\n  refused: {{ code: notAllowed }}\n"
        );
        let stories = examples::read(&Source::new("acme.examples.yaml", story.as_str())).expect("it is a story");
        replay(&provider, &stories[0]).end.expect_err("the person is not staff").to_string()
    };

    assert!(end("[ staff ]").contains("`groups` is a list in the answer"), "{}", end("[ staff ]"));
    assert!(end("client").ends_with("to sign in"), "{}", end("client"));
}

/// Attack T-16
#[test]
fn secrets_that_a_provider_repeats_are_masked_in_its_refusal() {
    assert_examples(
        PLAIN,
        "- what: a login\n  facts: { clientSecret: hush-hush-1 }\n  callback: { code: code-canary-1, state: ‹state› }\n  exchanges:\n    - answer: { status: 400, json: { error: \"bad code-canary-1\", error_description: \"for hush-hush-1\" } }\n  refused: { step: getAccessCode, code: bad ‹code›, message: for ‹clientSecret› }\n",
    );
}

#[test]
fn a_callback_with_neither_what_the_file_reads_nor_an_error_is_an_error_of_the_first_step() {
    let provider = provider(
        "name: Acme\ntrustEmail: always\ngetAuthorizationCode:\n  get: https://sso.acme.example/entrar\n  read: { code: $.auth_code }\ngetAccessCode: { post: \"https://sso.acme.example/token\" }\ngetUserInfo: { get: \"https://sso.acme.example/me\", read: { id: $.id, email: $.mail } }\n",
    );
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    for (brought, proposed) in [("ticket", Some("code: $.ticket")), ("authCode", Some("code: $.authCode")), ("session_state", None)] {
        let network = Network::new(|_: &str| json("{}"));
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
        let callback = CallbackParameters::new([(brought, "c-0123456789abcdef"), ("state", &*attempt.state)]);
        let login = attempt.accept(&provider, &installation, &callback, None, &documents, 1).expect("the callback answers the attempt");

        let (trace, ended) = ready(drive(login, &network, &documents));

        let error = ended.expect_err("there is no code");
        assert_eq!((error.code(), error.step.map(StepKind::word)), ("noCode", Some("getAuthorizationCode")));
        assert_eq!(error.to_string(), "the provider sent the browser back with neither `code` nor an error");
        assert_eq!(error.place.map(|place| (place.line, place.column)), Some((5, 17)));
        assert_eq!(network.asked("acme"), 0);
        let proposals = propose(&provider, Err(&error), &trace);
        let changes = proposals.iter().filter(|proposal| proposal.change.is_some());
        assert_eq!(changes.map(|proposal| &*proposal.title).next(), proposed, "{brought}");
    }
}

/// A callback that lacks another fact than the code is not one without a code.
#[test]
fn a_callback_with_a_code_lacks_the_fact_that_is_missing() {
    let file = "name: Acme\ntrustEmail: always\ngetAuthorizationCode:\n  get: https://sso.acme.example/entrar\n  read: { code: $.code, shop: $.shop }\ngetAccessCode: { post: \"https://sso.acme.example/token\", headers: { X-Shop: \"${shop}\" } }\ngetUserInfo: { get: \"https://sso.acme.example/me\", read: { id: $.id, email: $.mail } }\n";
    let provider = provider(file);
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    for (came, code, step, sentence) in [
        (&["code"][..], "missingFact", "getAccessCode", "`shop` was not found in the callback"),
        (&["shop"], "noCode", "getAuthorizationCode", "the provider sent the browser back with neither `code` nor an error"),
        (&[], "noCode", "getAuthorizationCode", "the provider sent the browser back with neither `code` nor an error"),
    ] {
        let network = Network::new(|_: &str| json("{}"));
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
        let pairs = came.iter().map(|name| (*name, "c-0123456789abcdef")).chain([("state", &*attempt.state)]);
        let callback = CallbackParameters::new(pairs);
        let login = attempt.accept(&provider, &installation, &callback, None, &documents, 1).expect("the callback answers the attempt");

        let (_, ended) = ready(drive(login, &network, &documents));

        let error = ended.expect_err("a fact is missing");
        assert_eq!((error.code(), error.step.map(StepKind::word)), (code, Some(step)), "{came:?}");
        assert_eq!(error.to_string(), sentence, "{came:?}");
    }
}

#[test]
fn a_state_under_another_name_is_named_and_the_change_proposed() {
    for (first, proposed) in [
        ("getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }", "read: { state: $.estado } }"),
        ("getAuthorizationCode: { get: \"https://sso.acme.example/entrar\", read: { state: $.st } }", "read: { state: $.estado } }"),
    ] {
        let provider = provider(&format!(
            "name: Acme\ntrustEmail: always\n{first}\ngetAccessCode: {{ post: \"https://sso.acme.example/token\" }}\ngetUserInfo: {{ get: \"https://sso.acme.example/me\", read: {{ id: $.id, email: $.mail }} }}\n"
        ));
        let installation = installation(&provider);
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
        let callback = CallbackParameters::new([("code", "c"), ("estado", &*attempt.state)]);

        let refused = attempt.accept(&provider, &installation, &callback, None, &DocumentCache::default(), 1);

        let error = refused.err().expect("a state that the file does not read is none");
        assert_eq!(error.code(), "badState");
        assert!(error.to_string().contains("`estado` holds it"), "{error}");
        let proposals = propose(&provider, Err(&error), &Trace::of_callback(callback));
        let change = proposals.first().and_then(|proposal| proposal.change.as_ref()).expect("a change");
        assert!(change.diff().contains(proposed), "{}", change.diff());
    }
}

//! The table of the reference that says which answers mean no is a table of cases.

use crate::support::provider;
use portaria::vocabulary::place::Source;
use portaria::workbench::examples;
use portaria::workbench::examples::replay::replay;

const REFERENCE: &str = include_str!("../src/workbench/reference/provider/refusals.md");

/// How a login ends with these words in getAccessCode and this answer: the code, or `None` for a yes.
fn outcome(words: &str, status: &str, answer: &str) -> Option<String> {
    let words = if words == "nothing" { String::new() } else { format!(", {}", words.trim_matches('`')) };
    let provider = provider(&format!(
        "name: Acme\ngetAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}\ngetAccessCode: {{ post: \"https://sso.acme.example/token\"{words} }}\ngetUserInfo: {{ get: \"https://sso.acme.example/me\" }}\n"
    ));
    let answer = answer.trim_matches('`').replace('…', "\"access_token\": \"at-1\"").replace(':', ": ");
    let story = format!(
        "- what: a login\n  exchanges:\n    - answer: {{ status: {status}, json: {answer} }}\n    - answer: {{ json: {{ sub: \"7\", email: ana@loja.example, email_verified: true }} }}\n  identity: {{ id: \"7\", email: ana@loja.example, emailVerified: true }}\n"
    );
    let stories =
        examples::read(&Source::new("acme.examples.yaml", story.as_str())).unwrap_or_else(|report| panic!("{}", report.draw(false)));
    let end = replay(&provider, &stories[0]).end;
    end.err().map(|error| {
        assert!(error.refusal().is_some(), "{words} {status} {answer}: {error}");
        error.code().to_owned()
    })
}

#[test]
fn a_refusal_without_a_message_names_its_rule_and_what_it_found() {
    let provider = provider(
        "name: Acme\ntrustEmail: always\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\", accepted: { at: $.resultado, is: ok } }\n\
         getAccessCode: { post: \"https://sso.acme.example/token\", refused: { at: $.erro, isNot: \"0\", code: E }, accepted: { at: \"$.reply['@rc']\", is: \"0\", status: 404 } }\n\
         getUserInfo: { get: \"https://sso.acme.example/me\" }\n",
    );
    for (callback, answer, expected) in [
        ("code: c-1, state: ‹state›", "{}", "`accepted` only if $.resultado is ok; $.resultado is nothing"),
        ("code: c-1, state: ‹state›, resultado: ana", "{}", "`accepted` only if $.resultado is ok; $.resultado is a text"),
        (
            "code: c-1, state: ‹state›, resultado: ok",
            "{ reply: {} }",
            "`accepted` only if $.reply['@rc'] is 0 and the status is 2xx or 404; $.reply['@rc'] is nothing",
        ),
        ("code: c-1, state: ‹state›, resultado: ok", "{ erro: 7 }", "`refused` if $.erro is not 0; $.erro is a number"),
        ("code: c-1, state: ‹state›, resultado: ok", "{ erro: 7, message: tarde }", "tarde"),
    ] {
        let story = format!(
            "- what: a login\n  callback: {{ {callback} }}\n  exchanges: [ {{ answer: {{ json: {answer} }} }} ]\n  refused: {{ code: x }}\n"
        );
        let stories = examples::read(&Source::new("acme.examples.yaml", story.as_str())).expect("a story");

        let error = replay(&provider, &stories[0]).end.expect_err("the login is refused");

        assert_eq!(error.to_string(), expected, "{callback} {answer}");
    }
}

#[test]
fn the_reference_says_truly_which_answers_mean_no() {
    let rows: Vec<&str> = REFERENCE.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| in the file")).collect();
    assert!(rows.len() > 25, "the table is there");
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [words, status, answer, said] = cells.as_slice() else { panic!("four cells: {row}") };
        let expected = said.strip_prefix("no, ").map(|code| code.trim_matches('`').to_owned());
        assert!(expected.is_some() || said.starts_with("yes"), "{row}");

        assert_eq!(outcome(words, status, answer), expected, "{row}");
    }
}

//! The table of the reference that says which answers mean no is a table of cases.

use crate::support::{STRICT, provider};
use portaria::provider::compile;
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

/// How a login of this file ends with a story: the code, or `None` for a yes.
fn end_of(file: &str, story: &str) -> Option<String> {
    let provider = provider(file);
    let stories = examples::read(&Source::new("acme.examples.yaml", story)).unwrap_or_else(|report| panic!("{}", report.draw(false)));
    replay(&provider, &stories[0]).end.err().map(|error| error.code().to_owned())
}

#[test]
fn a_value_that_was_found_and_cannot_be_read_never_counts_as_missing() {
    let file = |calls: &str| {
        format!(
            "name: Acme\ntrustEmail: always\ngetAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}\n\
             getAccessCode: {{ post: \"https://sso.acme.example/token\", read: {{ id: $.id, email: $.email, blocked: [ $.blocked, $.locked ] }} }}\n{calls}\n"
        )
    };
    let require = file("require: { at: \"${blocked}\", present: false }");
    let default = file("require: { at: '${blocked | default \"no\"}', is: \"no\" }");
    let refused = file(
        "getUserInfo: { get: \"https://sso.acme.example/me\", refused: { at: '${blocked}', is: \"yes\" }, accepted: { at: '${$.ok}', is: true } }",
    );
    let when = file(
        "getUserInfo: { get: \"https://sso.acme.example/me\", when: { at: \"${blocked}\", present: true }, accepted: { at: $.ok, is: true } }",
    );
    for (blocked, is_there) in [
        ("null", false),
        ("\"\"", false),
        ("[]", false),
        ("{}", false),
        ("[fraud]", true),
        ("{ reason: fraud }", true),
        ("{ \"#text\": \"\", reason: fraud }", true),
    ] {
        let story = format!(
            "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1, id: \"7\", email: ana@loja.example, blocked: {blocked} }} }}\n    - answer: {{ json: {{ ok: false }} }}\n  identity: {{ id: \"7\", email: ana@loja.example, emailVerified: true }}\n"
        );
        let not_allowed = is_there.then(|| "notAllowed".to_owned());

        assert_eq!(end_of(&require, &story), not_allowed, "{blocked}");
        assert_eq!(end_of(&default, &story), not_allowed, "{blocked}");
        assert!(end_of(&refused, &story).is_some(), "{blocked}");
        assert_eq!(end_of(&when, &story).is_some(), is_there, "{blocked}");
    }
}

#[test]
fn an_alternative_does_not_replace_a_value_that_cannot_be_read_unless_it_reads_inside_of_it() {
    let file = |id: &str| {
        format!(
            "name: Acme\ntrustEmail: always\ngetAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}\n\
             getAccessCode: {{ post: \"https://sso.acme.example/token\", read: {{ id: {id}, email: $.email }} }}\n"
        )
    };
    for (id, union, expected) in [
        ("[ $.union, $.open ]", "null", None),
        ("[ $.union, $.open ]", "\"u-1\"", None),
        ("[ $.union, $.open ]", "[ u-1, u-2 ]", Some("missingId")),
        ("[ $.union, $.open ]", "{ a: u-1 }", Some("missingId")),
        ("[ $.union, \"$.union[0]\", $.open ]", "[ u-1, u-2 ]", None),
    ] {
        let story = format!(
            "- what: a login\n  exchanges: [ {{ answer: {{ json: {{ union: {union}, open: o-1, email: ana@loja.example }} }} }} ]\n  refused: {{ code: x }}\n"
        );

        assert_eq!(end_of(&file(id), &story).as_deref(), expected, "{id} {union}");
    }
}

#[test]
fn a_bar_in_a_list_holds_however_the_list_is_written() {
    let file = "name: Acme\ntrustEmail: always\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\n\
         getAccessCode: { post: \"https://sso.acme.example/token\", read: { id: $.id, email: $.email }, refused: { at: $.flags, contains: barred, code: barred } }\n";
    for (flags, expected) in [
        ("[]", None),
        ("[ new ]", None),
        ("new", None),
        ("null", None),
        ("[ new, barred ]", Some("barred")),
        ("barred", Some("barred")),
        ("{ barred: true }", Some("barred")),
        ("[ { name: barred } ]", Some("barred")),
    ] {
        let story = format!(
            "- what: a login\n  exchanges: [ {{ answer: {{ json: {{ id: \"7\", email: ana@loja.example, flags: {flags} }} }} }} ]\n  refused: {{ code: x }}\n"
        );

        assert_eq!(end_of(file, &story).as_deref(), expected, "{flags}");
    }
}

#[test]
fn a_bar_among_the_entries_of_a_list_holds_where_a_value_stands_alone() {
    let file = "name: Acme\ntrustEmail: always\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\n\
         getAccessCode: { post: \"https://sso.acme.example/token\", read: { id: $.id, email: $.email }, refused: { AT, code: barred } }\n";
    for path in ["$.bars[0]", "$.bars[*]", "$.bars[0,1]", "$.bars..[0]", "$.bars[?@.x != '1']", "$.bars..[?@.x != '1']"] {
        let at = format!("at: \"{path}\", present: true");
        for (bars, is_barred) in [
            ("bars: []", false),
            ("bars: null", false),
            ("bars: \"\"", false),
            ("bars: {}", false),
            ("bars: false", false),
            ("other: 1", false),
            ("bars: [ { x: 2 } ]", true),
            ("bars: true", true),
            ("bars: fraud", true),
            ("bars: { x: 2 }", true),
        ] {
            let story = format!(
                "- what: a login\n  exchanges: [ {{ answer: {{ json: {{ id: \"7\", email: ana@loja.example, {bars} }} }} }} ]\n  refused: {{ code: x }}\n"
            );

            assert_eq!(end_of(&file.replace("AT", &at), &story).as_deref(), is_barred.then_some("barred"), "{at} {bars}");
        }
    }
}

#[test]
fn an_object_in_place_of_a_list_is_no_list_of_its_members() {
    for (path, groups, is_refused) in [
        ("$.groups[*]", "[ staff, customer ]", false),
        ("$.groups[*]", "{ asked: staff, has: customer }", true),
        ("$.groups.*", "{ asked: staff, has: customer }", false),
    ] {
        let file = format!(
            "name: Acme\ntrustEmail: always\ngetAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}\n\
             getAccessCode: {{ post: \"https://sso.acme.example/token\", read: {{ id: $.id, email: $.email }}, \
             accepted: {{ at: \"{path}\", is: staff, code: barred }} }}\n"
        );
        let story = format!(
            "- what: a login\n  exchanges: [ {{ answer: {{ json: {{ id: \"7\", email: ana@loja.example, groups: {groups} }} }} }} ]\n  refused: {{ code: x }}\n"
        );

        assert_eq!(end_of(&file, &story).as_deref(), is_refused.then_some("barred"), "{path} {groups}");
    }
}

#[test]
fn a_flag_of_xml_bars_whether_it_stands_once_or_more() {
    let file = "name: Acme\ntrustEmail: always\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\n\
         getAccessCode: { post: \"https://sso.acme.example/token\", answer: xml, read: { id: $.r.id, email: $.r.mail }, refused: { at: \"$.r.bar[*]\", isNot: \"0\", code: barred } }\n";
    for (bars, expected) in [
        ("", None),
        ("<bar/>", None),
        ("<bar>0</bar>", None),
        ("<bar>0</bar><bar>0</bar>", None),
        ("<bar>1</bar>", Some("barred")),
        ("<bar>0</bar><bar>1</bar>", Some("barred")),
        ("<bar>0</bar><bar><n>1</n></bar>", Some("barred")),
        ("<bar><n>1</n></bar>", Some("barred")),
        ("<bar><n>0</n></bar>", Some("barred")),
        ("<bar since='2020'>0</bar>", None),
        ("<bar since='2020'>1</bar>", Some("barred")),
        ("<bar since='0'/>", Some("barred")),
    ] {
        let story = format!(
            "- what: a login\n  exchanges: [ {{ answer: {{ text: \"<r><id>7</id><mail>ana@loja.example</mail>{bars}</r>\" }} }} ]\n  refused: {{ code: x }}\n"
        );

        assert_eq!(end_of(file, &story).as_deref(), expected, "{bars}");
    }
}

#[test]
fn one_entry_is_judged_as_a_list_of_it_also_by_a_filter_and_with_attributes() {
    let devices = "refused: { at: \"$.r.device[?@.state != 'ok']\", present: true, code: barred }";
    let kinds = "refused: { at: \"$.r.bar[?@.kind[0] == 'fraud']\", present: true, code: barred }";
    let mixed = "refused: { at: \"$.r.error['#text']\", isNot: none, code: barred }";
    let accepted = "accepted: { at: \"$.r.ok[*]\", is: \"1\", code: barred }";
    for (rule, rest, expected) in [
        (devices, "<device><state>ok</state><name>Pixel</name></device>", None),
        (devices, "<device><state>ok</state><name>Pixel</name></device><device><state>ok</state><name>One</name></device>", None),
        (devices, "<device><state>stolen</state><name>ok</name></device>", Some("barred")),
        (devices, "<device><name>Pixel</name></device>", Some("barred")),
        (kinds, "<bar><kind>fraud</kind><n>1</n></bar>", Some("barred")),
        (kinds, "<bar><kind>fraud</kind><kind>x</kind></bar>", Some("barred")),
        (kinds, "<bar><n>1</n></bar>", None),
        (mixed, "<error code='5'>blocked</error>", Some("barred")),
        (mixed, "<error code='5'>blocked<ref/></error>", Some("barred")),
        (mixed, "<error code='5'>none</error>", None),
        (accepted, "<ok n='1'>0</ok>", Some("barred")),
        (accepted, "<ok n='1'/>", Some("barred")),
        (accepted, "<ok n='2'>1</ok><ok n='3'>1</ok>", None),
    ] {
        let file = format!(
            "name: Acme\ntrustEmail: always\ngetAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}\n\
             getAccessCode: {{ post: \"https://sso.acme.example/token\", answer: xml, read: {{ id: $.r.id, email: $.r.mail }}, {rule} }}\n"
        );
        let story = format!(
            "- what: a login\n  exchanges: [ {{ answer: {{ text: \"<r><id>7</id><mail>ana@loja.example</mail>{rest}</r>\" }} }} ]\n  refused: {{ code: x }}\n"
        );

        assert_eq!(end_of(&file, &story).as_deref(), expected, "{rest}");
    }
}

#[test]
fn a_refusal_because_of_a_value_that_stands_alone_says_so() {
    let file = "name: Acme\ntrustEmail: always\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\n\
         getAccessCode: { post: \"https://sso.acme.example/token\", read: { id: $.id, email: $.email }, refused: { at: \"$.blocked[0]\", isNot: ok } }\n";
    let story = "- what: a login\n  exchanges: [ { answer: { json: { id: \"7\", email: ana@loja.example, blocked: x } } } ]\n  refused: { code: x }\n";
    let provider = provider(file);
    let stories = examples::read(&Source::new("acme.examples.yaml", story)).expect("a story");

    let said = format!("{:?}", replay(&provider, &stories[0]).end.err());

    assert!(said.contains("$.blocked[0] is perhaps a text, as a value stands alone in place of a list"), "{said}");
}

#[test]
fn a_fact_read_from_the_first_entry_is_not_missing_where_a_value_stands_alone() {
    let file = "name: Acme\ntrustEmail: always\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\n\
         getAccessCode: { post: \"https://sso.acme.example/token\", read: { id: $.id, email: $.email, bar: \"$.bars[0]\" } }\n\
         require: { at: \"${bar}\", present: false }\n";
    for (bars, expected) in
        [("[]", None), ("null", None), ("[ x ]", Some("notAllowed")), ("true", Some("notAllowed")), ("{ x: 1 }", Some("notAllowed"))]
    {
        let story = format!(
            "- what: a login\n  exchanges: [ {{ answer: {{ json: {{ id: \"7\", email: ana@loja.example, bars: {bars} }} }} }} ]\n  refused: {{ code: x }}\n"
        );

        assert_eq!(end_of(file, &story).as_deref(), expected, "{bars}");
    }
}

#[test]
fn the_reason_in_a_text_that_also_holds_the_code_is_shown() {
    let file = "name: Acme\ntrustEmail: always\ngetAuthorizationCode:\n  get: https://sso.acme.example/entrar\n\
         \x20 read: { code: '${$.payload | json \"$.code\"}' }\n\
         \x20 refused: { at: '${$.payload | json \"$.reason\"}', present: true, code: '${$.payload | json \"$.reason\"}' }\n\
         getAccessCode: { post: \"https://sso.acme.example/token\", read: { id: $.id, email: $.email } }\n";
    let story = "- what: a login\n  callback: { state: ‹state›, payload: '{\"code\":\"c-123456\",\"reason\":\"lateAgain\"}' }\n  refused: { code: x }\n";

    assert_eq!(end_of(file, story).as_deref(), Some("lateAgain"));
}

#[test]
fn a_moment_of_require_says_what_is_wrong_with_it() {
    let file = "name: Acme\ntrustEmail: always\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\n\
         getAccessCode: { post: \"https://sso.acme.example/token\", read: { id: $.id, email: $.email, at: '${$.at | moment \"%Y%m%d%H%M%S\" \"+08:00\"}', plain: $.plain } }\n\
         require: [ { at: \"${at}\", within: 5m }, { at: \"${plain}\", within: 5m } ]\n";
    for (answer, expected) in [
        ("at: \"20260102110405\", plain: 1767323045", None),
        ("at: \"20260102105804\", plain: 1767323045", Some(": that moment is 361 seconds old")),
        ("at: \"20260102110605\", plain: 1767323045", Some(": that moment lies 120 seconds in the future")),
        ("at: yesterday, plain: 1767323045", Some(": a text that cannot be read was found for `at`, and a fact is a text")),
        (
            "at: \"20260102110405\", plain: yesterday",
            Some(": what is found there is neither seconds nor milliseconds since 1970, nor a date of RFC 3339"),
        ),
    ] {
        let said = said(file, answer);

        let expected = expected.map(|fault| format!("`require` does not allow this person to sign in{fault}"));
        assert_eq!(said, expected, "{answer}");
    }
}

#[test]
fn a_moment_that_is_written_otherwise_names_the_format_of_the_file() {
    let file = "name: Acme\ntrustEmail: always\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\n\
         getAccessCode: { post: \"https://sso.acme.example/token\", read: { id: $.id, email: $.email, at: $.at } }\n\
         require: { at: '${at | moment \"%Y%m%d%H%M%S\" \"+08:00\"}', within: 5m }\n";

    assert_eq!(
        said(file, "at: yesterday").as_deref(),
        Some("`require` does not allow this person to sign in: what is found there is not written as `%Y%m%d%H%M%S`")
    );
    assert_eq!(said(file, "at: \"20260102110405\""), None);
}

#[test]
fn a_fact_that_is_one_of_several_values_does_not_stand_for_all_of_them() {
    let file = |read: &str, require: &str| {
        format!(
            "name: Acme\ntrustEmail: always\ngetAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}\n\
             getAccessCode: {{ post: \"https://sso.acme.example/token\", read: {{ id: $.id, email: $.email, standing: {read} }} }}\n\
             require: {{ {require} }}\n"
        )
    };
    for (read, require) in [
        ("\"$.roles[*].state\"", "at: \"${standing}\", isNot: banned"),
        ("\"${$.roles[*].state}\"", "at: \"x-${standing}\", isNot: x-banned"),
        ("[ $.state, \"$.roles[*].state\" ]", "all: [ { at: \"${standing}\", isNot: [ banned, left ] } ]"),
        ("\"$.roles[*].state\"", "any: [ { at: \"${standing}\", isNot: banned }, { at: \"${id}\", is: \"8\" } ]"),
    ] {
        let file = file(read, require);
        for (roles, comes_in) in [
            ("{ state: ok }", true),
            ("{ state: ok }, { state: ok }", true),
            ("{ state: ok }, { state: null }, {}", true),
            ("{ state: banned }", false),
            ("{ state: ok }, { state: banned }", false),
            ("{ state: ok }, { state: new }", false),
            ("{ state: ok }, { state: [ banned ] }", false),
        ] {
            let said = said(&file, &format!("roles: [ {roles} ]"));
            assert_eq!(said.is_none(), comes_in, "{require} {roles}: {said:?}");
            assert!(
                !roles.contains("new") || said.is_some_and(|said| said.contains("`standing` is the first of several different values"))
            );
        }
    }
    let first_counts = file("\"$.roles[*].state\"", "at: \"${standing}\", is: ok");
    assert_eq!(said(&first_counts, "roles: [ { state: ok }, { state: banned } ]"), None);
}

/// What a login of one call ends with, if it is no identity.
fn said(file: &str, answer: &str) -> Option<String> {
    let provider = provider(file);
    let story = format!(
        "- what: a login\n  exchanges: [ {{ answer: {{ json: {{ id: \"7\", email: ana@loja.example, {answer} }} }} }} ]\n  refused: {{ code: x }}\n"
    );
    let stories = examples::read(&Source::new("acme.examples.yaml", story.as_str())).expect("a story");
    replay(&provider, &stories[0]).end.err().map(|error| error.to_string())
}

#[test]
fn a_missing_fact_is_missed_where_it_is_read() {
    let file = "name: Acme\ntrustEmail: always\ngetAuthorizationCode:\n  get: https://sso.acme.example/entrar\n\
         \x20 prepare: { post: https://sso.acme.example/par, read: { ticket: $.ticket } }\n\
         \x20 query: { state: \"${state}\", ticket: \"${ticket}\" }\n  read: { kind: $.kind }\npkce: off\n\
         getAccessCode: { post: \"https://sso.acme.example/token\", query: { kind: \"${kind}\" }, read: { id: $.id, email: $.email } }\n";
    let provider = provider(file);
    for (prepared, expected) in [
        ("{}", "`ticket` was not found in the answers to the calls of `prepare`"),
        ("{ ticket: t }", "`kind` was not found in the callback"),
    ] {
        let story = format!("- what: a login\n  prepare: {{ answer: {{ json: {prepared} }} }}\n  refused: {{ code: x }}\n");
        let stories = examples::read(&Source::new("acme.examples.yaml", story.as_str())).expect("a story");

        assert_eq!(replay(&provider, &stories[0]).end.expect_err("it fails").to_string(), expected);
    }
}

#[test]
fn a_part_of_a_fact_may_be_taken_unless_only_what_the_file_added_may_be_left() {
    let file = "name: Acme\ntrustEmail: always\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\n\
         getAccessCode: { post: \"https://sso.acme.example/token\", read: { whole: 'MADE', email: $.email } }\n\
         identity: { id: '${whole | TAKEN}' }\n";
    for (made, taken, is_right) in [
        ("https://${$.host}/u/${$.id}", "after \"/u/\"", true),
        ("${$.host}/u/${$.id}", "before \"/u/\"", true),
        ("${$.host}/u/${$.id}", "after \"/u/\" | before \"?\"", false),
        ("${$.host}&v=1&${$.id}", "form \"v\"", false),
        ("${$.host}/u/${$.id}/v", "after \"/u/\"", false),
        ("https://${$.host}/u/${$.id}", "before \"/u/\"", false),
        ("${$.host?}1/${$.id}", "before \"/\"", false),
        ("${$.id | append \"/1\"}${$.host}", "after \"/\" | before \"x\"", false),
    ] {
        let text = file.replace("MADE", made).replace("TAKEN", taken);

        assert_eq!(compile(&Source::new("acme.yaml", text.as_str()), STRICT).0.is_some(), is_right, "{made} {taken}");
    }
}

#[test]
fn only_a_list_without_entries_is_empty() {
    let file = "name: Acme\ntrustEmail: always\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\n\
         getAccessCode: { post: \"https://sso.acme.example/token\", read: { id: $.id, email: $.email }, accepted: { at: $.bars, empty: true, code: barred } }\n";
    for (bars, is_accepted) in [
        ("bars: []", true),
        ("other: 1", false),
        ("bars: null", false),
        ("bars: \"\"", false),
        ("bars: \"[]\"", false),
        ("bars: {}", false),
        ("bars: false", false),
        ("bars: [ null ]", false),
        ("bars: [ x ]", false),
    ] {
        let story = format!(
            "- what: a login\n  exchanges: [ {{ answer: {{ json: {{ id: \"7\", email: ana@loja.example, {bars} }} }} }} ]\n  refused: {{ code: x }}\n"
        );

        assert_eq!(end_of(file, &story).as_deref(), (!is_accepted).then_some("barred"), "{bars}");
    }
}

#[test]
fn of_several_values_one_that_differs_is_refused() {
    let file = "name: Acme\ntrustEmail: always\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\n\
         getAccessCode: { post: \"https://sso.acme.example/token\", read: { id: $.id, email: $.email }, refused: { at: \"$.list[*].state\", isNot: [ ok, new ], code: barred } }\n";
    for (list, expected) in [
        ("", None),
        ("{ state: ok }, { state: new }", None),
        ("{ state: ok }, { state: barred }", Some("barred")),
        ("{ state: barred }, { state: ok }", Some("barred")),
        ("{ state: ok }, { state: { a: b } }", Some("barred")),
        ("{ state: ok }, { other: barred }", None),
    ] {
        let story = format!(
            "- what: a login\n  exchanges: [ {{ answer: {{ json: {{ id: \"7\", email: ana@loja.example, list: [ {list} ] }} }} }} ]\n  refused: {{ code: x }}\n"
        );

        assert_eq!(end_of(file, &story).as_deref(), expected, "{list}");
    }
}

#[test]
fn a_header_that_stands_twice_is_not_missing_and_says_nothing() {
    let file = "name: Acme\ntrustEmail: always\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\n\
         getAccessCode: { post: \"https://sso.acme.example/token\", read: { id: $.id, email: $.email }, readHeaders: { blocked: X-Blocked } }\n\
         require: { at: \"${blocked}\", present: false }\n";
    for (headers, expected) in [
        ("", None),
        ("X-Blocked: \"yes\"", Some("notAllowed")),
        ("X-Blocked: \"\", x-blocked: \"yes\", X-BLOCKED: \"no\"", Some("notAllowed")),
    ] {
        let story = format!(
            "- what: a login\n  exchanges:\n    - answer: {{ headers: {{ {headers} }}, json: {{ access_token: at-1, id: \"7\", email: ana@loja.example }} }}\n  identity: {{ id: \"7\", email: ana@loja.example, emailVerified: true }}\n"
        );

        assert_eq!(end_of(file, &story).as_deref(), expected, "{headers}");
    }
}

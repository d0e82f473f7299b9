//! What is proposed after a login, on answers written for it.

use crate::provider::{InstallationContext, compile};
use crate::story::proposal::Proposal;
use crate::story::recent_logins::LoginsAtHand;
use crate::vocabulary::place::Source;
use crate::vocabulary::wire::Response;
use crate::workbench::examples::replay::replay;
use crate::workbench::repair::{propose, propose_given};

const FILE: &str = "name: Acme\ngetAuthorizationCode: { get: https://idp.example/a, scope: openid }\ngetAccessCode: { post: https://idp.example/t }\ngetUserInfo:\n  get: https://idp.example/me\n  read:\n    id: $.user.id\n    email: $.user.email          # theirs\n    emailVerified: $.user.verified\n    name: $.user.name\n";

/// The proposals after these two answers.
fn after(file: &str, token: &str, person: &str) -> Vec<Proposal> {
    let (provider, report) = compile(&Source::new("acme.yaml", file), InstallationContext { loopback: false });
    let provider = provider.unwrap_or_else(|| panic!("{}", report.draw(false)));
    let quoted = |text: &str| text.replace('\'', "''");
    let story = format!(
        "- what: x\n  exchanges: [ {{ answer: {{ text: '{}' }} }}, {{ answer: {{ text: '{}' }} }} ]\n  refused: {{ code: x }}\n",
        quoted(token),
        quoted(person)
    );
    let stories = crate::workbench::examples::read(&Source::new("acme.examples.yaml", story))
        .unwrap_or_else(|report| panic!("{}", report.draw(false)));
    let played = replay(&provider, &stories[0]);
    propose(&provider, played.end.as_ref(), &played.trace)
}

fn diff(proposals: &[Proposal]) -> String {
    proposals.first().and_then(|proposal| proposal.change.as_ref()).expect("a change").diff()
}

const TOKEN: &str = r#"{"access_token":"at-1"}"#;

#[test]
fn one_change_follows_an_envelope_and_keeps_the_comments() {
    let found = after(FILE, TOKEN, r#"{"data":{"user":{"id":"7","email":"ana@loja.example","verified":true,"name":"Ana"}}}"#);

    assert_eq!(found[0].because, "answerMoved");
    assert_eq!(
        diff(&found),
        "-     id: $.user.id\n-     email: $.user.email          # theirs\n-     emailVerified: $.user.verified\n-     name: $.user.name\n\
         +     id: $.data.user.id\n+     email: $.data.user.email          # theirs\n+     emailVerified: $.data.user.verified\n+     name: $.data.user.name\n"
    );
}

#[test]
fn a_key_with_another_name_is_found_by_its_look_and_its_word() {
    let found = after(FILE, TOKEN, r#"{"user":{"id":"7","mail":"ana@loja.example","verified":true,"name":"Ana"}}"#);
    assert_eq!(diff(&found), "-     email: $.user.email          # theirs\n+     email: $.user.mail          # theirs\n");

    let found = after(FILE, TOKEN, r#"{"user":{"id":"7","email":"ana@loja.example","email_verificado":true,"name":"Ana"}}"#);
    assert_eq!(diff(&found), "-     emailVerified: $.user.verified\n+     emailVerified: $.user.email_verificado\n");
}

#[test]
fn a_bearer_token_of_another_name_is_proposed_to_be_accepted() {
    let found = after(FILE, r#"{"access_token":"at-1","token_type":"session"}"#, "{}");
    assert_eq!((&*found[0].because, diff(&found).contains("tokenType: any")), ("tokenTypeOther", true));
}

#[test]
fn a_standard_place_that_moved_is_written_out() {
    let found = after(FILE, r#"{"data":{"access_token":"at-1"}}"#, "{}");
    assert_eq!(
        diff(&found),
        "- getAccessCode: { post: https://idp.example/t }\n+ getAccessCode: { post: https://idp.example/t, read: { accessToken: $.data.access_token } }\n"
    );
}

#[test]
fn no_address_becomes_proven_by_what_is_not_about_it() {
    // A flag of another kind, another person's address, an address without a claim beside it.
    for person in [
        r#"{"user":{"id":"7","email":"ana@loja.example","active":true,"name":"Ana"}}"#,
        r#"{"user":{"id":"7","recovery_email":"ana@loja.example","verified":true,"name":"Ana"}}"#,
        r#"{"user":{"id":"7","verified":true,"name":"Ana"},"team":{"contact":{"email":"boss@loja.example"}}}"#,
        r#"{"user":{"id":"7","username":"boss@loja.example","verified":true,"name":"Ana"}}"#,
    ] {
        for proposal in after(FILE, TOKEN, person) {
            let is_ask = proposal.title.contains("missingEmail") || proposal.title.contains("scope");
            assert!(is_ask || !proposal.title.starts_with("email"), "{person}: {proposal:?}");
        }
    }
}

/// The lines that all proposals after an answer add.
fn changes(file: &str, person: &str) -> String {
    after(file, TOKEN, person).iter().filter_map(|proposal| proposal.change.as_ref()).map(|change| change.added.join("\n") + "\n").collect()
}

#[test]
fn the_proof_of_something_else_is_none_of_the_address() {
    let file = FILE.replace("$.user.verified", "$.user.email_verified");
    for key in ["phone_verified", "verifiedPhone", "phoneverified", "identityVerified", "verified_account"] {
        let proposed = changes(&file, &format!(r#"{{"user":{{"id":"7","email":"ana@loja.example","{key}":true,"name":"Ana"}}}}"#));
        assert!(!proposed.contains(key), "{proposed}");
    }
}

#[test]
fn data_below_another_persons_key_is_not_proposed() {
    let file = FILE.replace("$.user.", "$.");
    for container in ["inviter", "manager", "owner", "parent", "friends"] {
        let person = r#"{"id":"7","email":"boss@loja.example","verified":true,"name":"Bo"}"#;
        for answer in [format!(r#"{{"{container}":{person}}}"#), format!(r#"{{"{container}":{{"a":{{"b":{{"c":{{"d":{person}}}}}}}}}}}"#)] {
            let proposed = changes(&file, &answer);
            let taken = ["id", "email", "emailVerified"].iter().any(|fact| proposed.contains(&format!("    {fact}: $.{container}")));
            assert!(!taken, "{proposed}");
        }
    }
}

#[test]
fn an_address_that_moved_away_from_its_claim_is_not_proven_by_it() {
    let file = FILE.replace("$.user.", "$.");
    let proposed = changes(&file, r#"{"id":"7","verified":true,"post":{"box":{"email":"boss@loja.example","name":"Bo"}}}"#);
    assert!(!proposed.contains("email: $.post"), "{proposed}");
}

#[test]
fn a_name_to_log_in_with_is_no_proven_address_in_any_alternative() {
    let file = FILE.replace("$.user.email ", "[ $.user.mail, $.user.email ] ");
    let proposed = changes(&file, r#"{"user":{"id":"7","username":"boss@loja.example","verified":true,"name":"Ana"}}"#);
    assert!(!proposed.contains("email: [ $.user.username"), "{proposed}");
}

#[test]
fn where_no_address_is_it_is_asked_for() {
    let found = after(FILE, TOKEN, r#"{"user":{"id":"7","name":"Ana"}}"#);
    let because: Vec<&str> = found.iter().map(|proposal| proposal.because.as_str()).collect();

    assert_eq!(because[..2], ["scopeLacksEmail", "askBecauseMissing"]);
    assert!(found[1].change.as_ref().is_some_and(|change| change.added == ["missingEmail: ask"]), "{found:?}");
}

#[test]
fn an_answer_in_another_format_gets_its_word() {
    let person = r#"{"user":{"id":"7","email":"ana@loja.example","verified":true,"name":"Ana"}}"#;
    let found = after(FILE, TOKEN, &format!("for(;;);{person}"));
    assert_eq!(diff(&found), "+   skipPrefix: \"for(;;);\"\n");

    let found = after(FILE, TOKEN, &format!("cb({person});"));
    assert_eq!(diff(&found), "+   answer: jsonp\n");
}

#[test]
fn each_hole_of_a_text_and_each_alternative_is_mended_by_itself() {
    let after_name = |name: &str, person: &str| {
        let file = FILE.replace("name: $.user.name", &format!("name: {name}"));
        diff(&after(&file, TOKEN, person))
    };
    let person = r#"{"user":{"id":"7","email":"ana@loja.example","verified":true,"given":"Ana","family":"Prova","status":"active"}}"#;

    let found = after_name("${$.user.wrong} ${$.user.family}", person);
    assert!(found.ends_with("+     name: ${$.user.given} ${$.user.family}\n"), "{found}");
    let found = after_name("[ $.user.nick, $.user ]", person);
    assert!(found.contains("$.user.given") && !found.contains("status"), "{found}");
}

#[test]
fn a_path_behind_a_filter_and_one_into_a_text_are_mended_where_they_stand() {
    let file =
        FILE.replace("$.user.email ", "$.user.reach[?@.kind == \"mail\"].vlaue ").replace("    emailVerified: $.user.verified\n", "")
            + "trustEmail: always\n";
    let file = file.replace("name: $.user.name", "name: ${$.user.extra | json \"$.name.wrong\"}");
    let person = r#"{"user":{"id":"7","reach":[{"kind":"phone","value":"1","checked":true},{"kind":"mail","value":"ana@loja.example","checked":true}],"extra":"{\"name\":{\"first\":\"Ana\"}}"}}"#;

    let found = after(&file, TOKEN, person);
    assert!(diff(&found).contains("reach[?@.kind == \"mail\"].value"), "{found:?}");
    let file = file.replace("vlaue", "value");
    assert!(diff(&after(&file, TOKEN, person)).contains("json \"$.name.first\"}"));
}

#[test]
fn a_name_that_a_person_does_not_have_is_no_mistake_of_the_file() {
    for name in ["null", "\"\""] {
        let person = format!(r#"{{"user":{{"id":"7","email":"ana@loja.example","verified":true,"name":{name},"plan":"Gold"}}}}"#);
        assert!(after(FILE, TOKEN, &person).is_empty());
    }
}

#[test]
fn a_login_that_works_and_lacks_nothing_gets_no_proposal() {
    assert!(after(FILE, TOKEN, r#"{"user":{"id":"7","email":"ana@loja.example","verified":true,"name":"Ana"}}"#).is_empty());
}

/// A file that takes an answer for a refusal unless `ret` is 0.
const ACCEPTING: &str = "name: Acme\nmissingEmail: ask\ngetAuthorizationCode: { get: https://idp.example/a }\ngetAccessCode: { post: https://idp.example/t }\ngetUserInfo:\n  get: https://idp.example/me\n  accepted: { at: $.wrong, is: 0 }\n  read: { id: $.number }\n";

#[test]
fn the_key_that_says_how_a_request_went_is_found_by_the_value_that_is_asked_for() {
    let found = after(ACCEPTING, TOKEN, r#"{"ret":0,"visits":0,"number":"7"}"#);

    assert_eq!(
        (&*found[0].because, diff(&found)),
        ("conditionMoved", "-   accepted: { at: $.wrong, is: 0 }\n+   accepted: { at: $.ret, is: 0 }\n".to_owned())
    );
}

#[test]
fn a_check_is_not_moved_where_an_answer_may_be_a_refusal_or_two_keys_fit() {
    for person in [
        r#"{"ret":0,"msg":"no such person"}"#,
        r#"{"ret":0,"status":0,"number":"7"}"#,
        r#"{"visits":0,"number":"7"}"#,
        r#"{"ret":7,"number":"7"}"#,
    ] {
        assert!(!changes(ACCEPTING, person).contains("accepted"), "{person}");
    }
}

#[test]
fn a_person_below_a_key_of_another_is_known_by_the_other_facts_and_a_bot_is_no_person() {
    let file = FILE.replace("$.user.id", "$.onwer.id").replace("$.user.", "$.owner.");

    let found = after(&file, TOKEN, r#"{"bot_id":"b1","owner":{"id":"7","email":"ana@loja.example","verified":true,"name":"Ana"}}"#);
    assert_eq!(diff(&found), "-     id: $.onwer.id\n+     id: $.owner.id\n");

    assert!(!changes(&file, r#"{"bot_id":"b1","session_id":"s1","owner":{"type":"workspace"}}"#).contains("_id"));
}

#[test]
fn a_path_that_goes_on_behind_its_value_is_shortened() {
    let file = FILE.replace("name: $.user.name", "name: ${$.user.given.value} ${$.user.family}");
    let person = r#"{"user":{"id":"7","email":"ana@loja.example","verified":true,"given":"Ana","family":"Prova","reach":[{"value":"ana@loja.example"}]}}"#;

    assert!(diff(&after(&file, TOKEN, person)).ends_with("+     name: ${$.user.given} ${$.user.family}\n"));
}

#[test]
fn of_two_ids_that_are_as_likely_none_is_proposed() {
    let file = FILE.replace("id: $.user.id", "id: $.user.wrong");
    let person = |ids: &str| format!(r#"{{"user":{{{ids},"email":"ana@loja.example","verified":true,"name":"Ana"}}}}"#);

    let two = changes(&file, &person(r#""unionid":"7","openid":"8""#));
    assert!(!two.contains("    id:"), "{two}");
    let one = changes(&file, &person(r#""uid":"7""#));
    assert!(one.contains("    id: $.user.uid"), "{one}");
}

/// A file whose id is composed of two values.
const COMPOSED: &str = "name: Acme\nmissingEmail: ask\ngetAuthorizationCode: { get: https://idp.example/a }\ngetAccessCode: { post: https://idp.example/t }\ngetUserInfo:\n  get: https://idp.example/me\n  read: { id: \"${$.team_id}:${$.user_id}\", name: $.name }\n";

#[test]
fn a_part_of_a_composed_id_is_followed_by_its_own_key_and_the_id_is_never_shortened() {
    for person in [r#"{"teamId":"t1","user_id":"u7"}"#, r#"{"team_id":"t1","userId":"u7"}"#] {
        let text = changes(COMPOSED, person);
        assert!(text.contains(":${$.") && text.contains("team") && text.contains("user"), "{person}: {text}");
    }
    let wrapped = changes(COMPOSED, r#"{"data":{"team_id":"t1","user_id":"u7","name":"Ana"}}"#);
    assert!(wrapped.contains("${$.data.team_id}:${$.data.user_id}"), "{wrapped}");
    for person in [r#"{"sub":"u7","user_id":"u7"}"#, r#"{"team_id":"t1","sub":"t1"}"#, r#"{"org_id":"o1","user_id":"u7","uid":"u8"}"#] {
        assert!(!changes(COMPOSED, person).contains("id: "), "{person}");
    }
}

#[test]
fn an_id_of_another_thing_or_of_another_kind_is_not_proposed() {
    for person in [
        r#""connection_id":"c1""#,
        r#""idp_id":"i1""#,
        r#""login_id":"ana""#,
        r#""AuthUserId":"9""#,
        r#""linked":{"id":"9"}"#,
        r#""memberships":[{"id":"9"}]"#,
        r#""registrationPlaceId":"BR""#,
        r#""external_id":"9""#,
        r#""reference_id":"9""#,
        r#""unionId":"9""#,
    ] {
        let person = format!(r#"{{"user":{{{person},"email":"ana@loja.example","verified":true,"name":"Ana"}}}}"#);
        assert!(!changes(FILE, &person).contains("id: "), "{person}");
    }
    let other = |own: &str, key: &str| {
        let file = FILE.replace("id: $.user.id", &format!("id: $.user.{own}"));
        changes(&file, &format!(r#"{{"user":{{"{key}":"7","email":"ana@loja.example","verified":true,"name":"Ana"}}}}"#))
    };
    for (own, key) in [("permanent_id", "id"), ("openId", "unionId"), ("open_id", "user_id"), ("current_user_id", "sub")] {
        assert!(!other(own, key).contains("id: "), "{own} {key}");
    }
    for (own, key) in [("user_id", "id"), ("openId", "open_id"), ("memberId", "user_id"), ("id", "sub")] {
        assert!(other(own, key).contains(&format!("id: $.user.{key}")), "{own} {key}");
    }
}

#[test]
fn an_alternative_for_other_answers_is_left_alone() {
    let file = FILE.replace("id: $.user.id", "id: [ $.user.wrong, $.user.sub ]");

    let proposed = changes(&file, r#"{"user":{"uid":"7","email":"ana@loja.example","verified":true,"name":"Ana"}}"#);

    assert!(proposed.starts_with("    id: [ $.user.uid, $.user.sub ]\n"), "{proposed}");
}

#[test]
fn the_key_of_a_language_is_not_written_into_the_file() {
    let file = FILE.replace("name: $.user.name", "name: ${$.user.localized}");

    let proposed = changes(&file, r#"{"user":{"id":"7","email":"ana@loja.example","verified":true,"localized":{"pt_BR":"Ana"}}}"#);

    assert!(proposed.contains("name: ${$.user.localized.*}") && !proposed.contains("pt_BR"), "{proposed}");
}

#[test]
fn what_decides_who_may_sign_in_is_mended_where_only_its_spelling_is_wrong() {
    let file = FILE.replace("name: Acme\n", "name: Acme\nrequire: { at: \"${role}\", is: staff }\n");
    let with = |path: &str| file.replace("name: $.user.name", &format!("role: {path}"));
    let person = r#"{"user":{"id":"7","email":"ana@loja.example","verified":true,"role":"staff","team":{"role":"staff"}}}"#;

    assert!(diff(&after(&with("$.user.rloe"), TOKEN, person)).ends_with("+     role: $.user.role\n"));
    for path in ["$.user.wrong", "$.org.role", "$.user.roles"] {
        assert!(changes(&with(path), person).is_empty(), "{path}");
    }
}

#[test]
fn answers_that_are_all_wrapped_in_one_member_get_one_change() {
    let (token, person) =
        (r#"{"data":{"access_token":"at-1"}}"#, r#"{"data":{"user":{"id":"7","email":"ana@loja.example","verified":true,"name":"Ana"}}}"#);
    let (provider, _) = compile(&Source::new("acme.yaml", FILE), InstallationContext { loopback: false });
    let provider = provider.expect("it compiles");
    let story = format!("- what: x\n  exchanges: [ {{ answer: {{ text: '{token}' }} }} ]\n  refused: {{ code: x }}\n");
    let stories = crate::workbench::examples::read(&Source::new("acme.examples.yaml", story))
        .unwrap_or_else(|report| panic!("{}", report.draw(false)));
    let played = replay(&provider, &stories[0]);
    let further = [(1, Response { status: 200, headers: Vec::new(), body: person.as_bytes().to_vec() })];

    let found = propose_given(&provider, played.end.as_ref(), &played.trace, &LoginsAtHand::default(), &further);

    let added = found[0].change.as_ref().expect("a change").added.join("\n");
    assert_eq!((&*found[0].because, &found[0].about[1..]), ("answersWrapped", &["2".to_owned(), "5".to_owned()][..]));
    assert!(added.contains("accessToken: $.data.access_token") && added.contains("id: $.data.user.id"), "{added}");
}

/// A file that takes an answer for a refusal when it has a key that no answer has.
const REFUSING: &str = "name: Acme\nmissingEmail: ask\ngetAuthorizationCode: { get: https://idp.example/a }\ngetAccessCode: { post: https://idp.example/t }\ngetUserInfo:\n  get: https://idp.example/me\n  refused: { at: $.fault, present: true, message: $.errmsg }\n  read: { id: $.number }\n";

#[test]
fn a_refusal_that_the_file_looks_for_at_another_key_is_described_and_mended() {
    let found = after(REFUSING, TOKEN, r#"{"errcode":40029,"errmsg":"something"}"#);
    let refusal = found.iter().find(|proposal| proposal.because == "refusalElsewhere").unwrap_or_else(|| panic!("{found:?}"));
    assert!(refusal.change.as_ref().is_some_and(|change| change.added.join("").contains("refused: { at: $.errcode, ")));

    // Two keys that say as much, a code that means yes, and an answer from which something is read.
    for person in [r#"{"ret":1,"stat":2}"#, r#"{"errcode":0,"errmsg":"something"}"#, r#"{"errcode":40029,"number":"7"}"#] {
        assert!(after(REFUSING, TOKEN, person).iter().all(|proposal| proposal.because != "refusalElsewhere"), "{person}");
    }
}

//! What a story says, and what it must not say.

use crate::login::error::{LoginError, LoginErrorCause};
use crate::provider::facts::Facts;
use crate::provider::refusal::{RefusalRule, RefusedRules, RefusingAnswer};
use crate::story::plain_text::plain_text;
use crate::story::{Story, StoryAnswer, StoryExchange, StoryFact, redacted_excerpt, redacted_message};
use crate::vocabulary::place::Source;
use crate::vocabulary::words::{Reader, WordValue as _};
use crate::vocabulary::yaml;
use serde_json::{Value, json};

#[test]
fn an_excerpt_holds_no_personal_data() {
    for (said, excerpt) in [
        ("not today", "not today"),
        ("user ana@loja.example CPF 123.456.789-00 not allowed", "user ‹…› CPF ‹…› not allowed"),
        ("error 403 in api v2", "error 403 in api v2"),
        ("see https://acme.example/docs?for=ana", "see https://acme.example/docs"),
        ("token eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJl expired", "token ‹…› expired"),
    ] {
        assert_eq!(redacted_excerpt(said), excerpt);
    }
}

#[test]
fn the_rules_of_the_file_are_not_masked_and_what_the_provider_says_is() {
    let rule = "{ at: \"$.resposta['@status']\", isNot: ok, message: $.why }";
    let node = yaml::parse(&Source::new("r.yaml", rule)).unwrap().0;
    let rules: Vec<RefusalRule> = RefusedRules::read(&node, &mut Reader::default()).unwrap().0;
    let message = |answer: &Value| {
        let answer = RefusingAnswer { document: Some(answer), status: 200, code_paths: None, secrets: &[] };
        let refusal = answer.refusal(rules.first(), &Facts::default());
        redacted_message(&LoginError::before_calls(LoginErrorCause::Refused(refusal)))
    };

    let own = message(&json!({ "resposta": { "@status": "erro" } }));
    let theirs = message(&json!({ "why": "ana@loja.example is out" }));

    assert_eq!(own, "`refused` if $.resposta['@status'] is not ok; $.resposta['@status'] is a text");
    assert_eq!(theirs, "‹…› is out");
}

#[test]
fn a_story_does_not_say_of_a_refused_answer_that_a_fact_is_not_in_it() {
    let unread = StoryFact { name: "accessToken".to_owned(), line: Some(14), unread: true, ..StoryFact::default() };
    let answer = StoryAnswer { status: 200, bytes: 90, is_token: true, ..StoryAnswer::default() };
    let because = Some("the signature is missing or wrong".to_owned());
    let unsigned = StoryFact { name: "id".to_owned(), unread_because: because, ..unread.clone() };
    let unfit = StoryFact { name: "email".to_owned(), line: Some(15), no_entry_fits: true, ..StoryFact::default() };
    let exchange = StoryExchange { answer: Some(answer), facts: vec![unread, unsigned, unfit], ..StoryExchange::default() };
    let story = Story { exchanges: vec![exchange], ..Story::default() };

    let text = plain_text(&story);

    assert!(text.contains("\n  accessToken was not read, because the answer was refused  (line 14)\n"), "{text}");
    assert!(text.contains("\n  id was not read, because the signature is missing or wrong  (line 14)\n"), "{text}");
    assert!(text.contains("\n  found no email: no entry of the list fits `where`  (line 15)\n"), "{text}");
    assert!(text.contains("\n    a signed token\n"), "{text}");
}

#[test]
fn a_story_names_the_rule_that_refuses_and_the_repeated_call_that_got_no_answer() {
    let answer = StoryAnswer { status: 401, bytes: 0, ..StoryAnswer::default() };
    let why = Some("once more, with the client's credentials in the other place: no connection".to_owned());
    let exchange = StoryExchange { answer: Some(answer), no_answer: why, ..StoryExchange::default() };
    let rule = Some("`refused` if $.erro is not 0; $.erro is a number".to_owned());
    let story = Story { exchanges: vec![exchange], rule, ..Story::default() };

    let text = plain_text(&story);

    assert!(text.contains("\n  `refused` if $.erro is not 0; $.erro is a number\n"), "{text}");
    assert!(
        text.contains("\n  ← 401 (0 bytes)\n  ← once more, with the client's credentials in the other place: no connection\n"),
        "{text}"
    );
}

#[test]
fn a_story_of_an_older_version_is_still_read() {
    let old = r#"{"provider":"acme","file":"acme.yaml","code":"blocked","exchanges":[{"step":"getUserInfo","request":{"method":"GET","url":"u","headers":[],"body":null},"answer":{"status":200,"bytes":2,"shape":null}}]}"#;

    let story: Story = serde_json::from_str(old).unwrap();

    assert_eq!((story.code.as_deref(), story.exchanges.len()), (Some("blocked"), 1));
}

//! The request is wrong, and the provider says so in its own words.

use crate::repair::dialects::DIALECTS;
use crate::repair::{ONE_OF, all, compiled};
use crate::support::provider;
use portaria::provider::Provider;
use portaria::provider::pkce::Pkce;
use portaria::story::proposal::Proposal;
use portaria::vocabulary::place::{Located, Place, Source};
use portaria::vocabulary::words::NamedValues;
use portaria::workbench::answers::refusals::RefusalCause;
use portaria::workbench::examples::example::ExampleAnswerSpec;
use portaria::workbench::examples::replay::replay;
use portaria::workbench::repair::propose;
use std::collections::{BTreeMap, HashSet};

/// The name of the sentence that tells a cause.
fn told(cause: RefusalCause) -> &'static [&'static str] {
    match cause {
        // Where the words name no secret, its place is as likely as its value.
        RefusalCause::SecretRefused => &["secretRefused", "credentialsElsewhere", "likeOtherStep", "parameterOtherName"],
        RefusalCause::CredentialsElsewhere => &["credentialsElsewhere"],
        RefusalCause::PkceRefused => &["pkceRefused"],
        RefusalCause::PkceRequired => &["pkceRequired"],
        RefusalCause::RedirectUnknown => &["redirectUnknown"],
        RefusalCause::ScopeRefused => &["scopeRefused", "scopeWordRefused"],
        RefusalCause::CodeUsed => &["codeSpent"],
        RefusalCause::ClientUnknown => &["clientUnknown"],
        RefusalCause::BodyOther => &["bodyOther"],
        RefusalCause::MethodOther => &["methodOther"],
        RefusalCause::AddressWrong => &["addressWrong", "addressOther"],
        RefusalCause::AudienceMissing => &["audienceMissing"],
        RefusalCause::ParameterMissing => &["parameterMissing", "parameterAdded", "parameterOtherName", "bodyOther"],
        RefusalCause::TooMany => &["tooMany"],
        RefusalCause::Unavailable => &["unavailable"],
        other => panic!("{other:?} has no wording here"),
    }
}

#[test]
fn the_cause_of_a_no_is_named_first_in_the_dialects_of_all_providers() {
    let mut rows: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    let mut missed = Vec::new();
    for (file, known) in all().into_iter().enumerate() {
        let Some((story, _)) = known.stories.first() else { continue };
        let mut seen = HashSet::new();
        // Each file is asked in a fourth of the wordings, the next file in the next fourth.
        for (name, cause, status, content, body) in DIALECTS.iter().skip(file % ONE_OF).step_by(ONE_OF) {
            // Who does not use it is not refused for it.
            if *cause == RefusalCause::PkceRefused && known.provider.pkce == Pkce::Off {
                continue;
            }
            let mut story = story.clone();
            let Some(exchanges) = story.exchanges.as_mut().filter(|exchanges| !exchanges.0.is_empty()) else { continue };
            let at = |text: &str| Located::new(text.to_owned(), Place::default());
            let answer = &mut exchanges.0[0].answer;
            *answer = ExampleAnswerSpec {
                status: Some(*status),
                headers: Some(NamedValues(vec![(at("Content-Type"), at(content))])),
                json: None,
                form: None,
                text: Some(at(body)),
                ..answer.clone()
            };
            let played = replay(&known.provider, &story);
            let proposals = propose(&known.provider, played.end.as_ref(), &played.trace);
            for change in proposals.iter().filter_map(|proposal| proposal.change.as_ref()) {
                let text = change.apply(&known.provider.source.text).expect("the change fits");
                assert!(!seen.insert(text.clone()) || compiled(&known.provider, &text).is_some(), "{name}: {text}");
            }
            let place = proposals.iter().position(|proposal| told(*cause).contains(&proposal.because.as_str()));
            let row = rows.entry(format!("{cause:?}")).or_default();
            row[0] += 1;
            row[1] += usize::from(place == Some(0));
            row[2] += usize::from(place.is_some());
            if place != Some(0) {
                let said: Vec<&str> = proposals.iter().map(|proposal| proposal.because.as_str()).collect();
                missed.push(format!("{} {name} ({cause:?}): {said:?}", known.provider.name));
            }
        }
    }
    println!("\n{:<24}{:>8}{:>8}{:>8}   {} wordings", "cause", "cases", "first", "of 3", DIALECTS.len());
    let mut sum = [0; 3];
    for (cause, row) in &rows {
        println!("{cause:<24}{:>8}{:>8}{:>8}", row[0], row[1], row[2]);
        (0..3).for_each(|at| sum[at] += row[at]);
    }
    println!("{:<24}{:>8}{:>8}{:>8}", "all", sum[0], sum[1], sum[2]);
    missed.iter().for_each(|missed| println!("  {missed}"));
    assert!(sum[1] * 100 >= sum[0] * 90, "{} of {}", sum[1], sum[0]);
}

const FILE: &str = "name: Acme\ngetAuthorizationCode:\n  get: https://idp.example/a\n  scope: openid email orders:read   # what we need\n\
getAccessCode:\n  post: https://idp.example/t\ngetUserInfo:\n  get: https://idp.example/me\n";

/// What is proposed when the call for the token is answered so.
fn after(file: &str, status: i32, body: &str) -> (Provider, Vec<Proposal>) {
    let provider = provider(file);
    let story = format!(
        "- what: x\n  exchanges: [ {{ answer: {{ status: {status}, text: '{}' }} }} ]\n  refused: {{ step: getAccessCode, code: x }}\n",
        body.replace('\'', "''")
    );
    let stories = portaria::workbench::examples::read(&Source::new("acme.examples.yaml", story)).expect("a story");
    let played = replay(&provider, &stories[0]);
    let proposals = propose(&provider, played.end.as_ref(), &played.trace);
    (provider, proposals)
}

fn diff(proposals: &[Proposal]) -> String {
    proposals[0].change.as_ref().expect("a change").diff()
}

#[test]
fn the_line_that_would_change_is_exact() {
    let (_, pkce) = after(FILE, 400, r#"{"error":"invalid_request","error_description":"PKCE is not supported"}"#);
    assert_eq!(diff(&pkce), "+ pkce: off\n");
    let (_, basic) = after(FILE, 401, r#"{"error":"invalid_client","error_description":"Missing Authorization header"}"#);
    assert_eq!(diff(&basic), "+   credentials: basic\n");
    let in_header = FILE.replace("https://idp.example/t\n", "https://idp.example/t\n  credentials: basic   # as it says\n");
    let (_, form) = after(
        &in_header,
        401,
        r#"{"error":"invalid_client","error_description":"client authentication method client_secret_basic is not supported"}"#,
    );
    assert_eq!(diff(&form), "-   credentials: basic   # as it says\n+   credentials: form   # as it says\n");
    let odd = |file: &str| {
        let story = "- what: x\n  facts: { clientId: shop-1, clientSecret: \"p+w 1\" }\n  exchanges: [ { answer: { status: 401, json: { error: invalid_client } } } ]\n  refused: { step: getAccessCode, code: x }\n";
        let provider = provider(file);
        let stories = portaria::workbench::examples::read(&Source::new("acme.examples.yaml", story)).expect("a story");
        let played = replay(&provider, &stories[0]);
        let proposals = propose(&provider, played.end.as_ref(), &played.trace);
        let because = |proposal: &&Proposal| proposal.because == "credentialsElsewhere";
        proposals.iter().find(because).and_then(|proposal| proposal.change.as_ref()).map(|change| change.diff().clone())
    };
    let encoded = "-   credentials: basic   # as it says\n+   credentials: basicEncoded   # as it says\n";
    assert_eq!(odd(&in_header).as_deref(), Some(encoded), "the secret is another text when it is percent-encoded");
    let back = "-   credentials: basicEncoded   # as it says\n+   credentials: basic   # as it says\n";
    assert_eq!(odd(&in_header.replace("basic ", "basicEncoded ")).as_deref(), Some(back));
    let (_, scope) = after(FILE, 400, r#"{"error":"invalid_scope","error_description":"orders:read is not allowed"}"#);
    assert_eq!(diff(&scope), "-   scope: openid email orders:read   # what we need\n+   scope: openid email   # what we need\n");
    let (_, method) = after(FILE, 405, "");
    assert!(method[0].because == "methodOther" && method[0].change.is_none(), "a secret does not go into an address: {method:?}");
    let (_, method) = after(&FILE.replace("  post:", "  get:"), 405, "");
    assert_eq!(diff(&method), "-   get: https://idp.example/t\n+   post: https://idp.example/t\n");
    let (_, json) = after(FILE, 415, "");
    assert!(diff(&json).starts_with("+   json: { grant_type: authorization_code, code: \"${code}\""), "{}", diff(&json));
}

#[test]
fn where_no_line_helps_the_sentence_says_where_to_look() {
    let (_, secret) = after(FILE, 401, r#"{"error":"invalid_client","error_description":"The client secret is incorrect"}"#);
    assert!(secret[0].change.is_none() && secret[0].sentence.contains("ACME_CLIENT_SECRET"), "{secret:?}");
    let (_, redirect) = after(FILE, 400, r#"{"error":"redirect_uri_mismatch"}"#);
    assert!(redirect[0].change.is_none() && redirect[0].sentence.contains("/callback/acme"), "{redirect:?}");
}

#[test]
fn a_check_is_taken_away_only_when_the_provider_refuses_it_in_words() {
    for body in [r#"{"error":"invalid_grant"}"#, r#"{"error":"invalid_client"}"#, r#"{"error":"invalid_request"}"#, "", "<html></html>"] {
        let (_, proposals) = after(FILE, 400, body);
        assert!(proposals.iter().all(|proposal| proposal.because != "pkceRefused"), "{body}: {proposals:?}");
    }
}

#[test]
fn a_providers_code_is_never_taken_for_one_of_ours() {
    for code in ["unreadable", "missingEmail", "unprovenEmail", "missingId", "missingFact", "noAnswer", "badToken", "expired"] {
        let said = |code: &str| {
            let (_, proposals) = after(FILE, 400, &format!(r#"{{"error":"{code}"}}"#));
            proposals.into_iter().map(|proposal| (proposal.because, proposal.title)).collect::<Vec<_>>()
        };

        assert_eq!(said(code), said("e1001"), "{code}");
    }
}

#[test]
fn a_no_in_the_callback_is_understood_as_well() {
    let provider = provider(FILE);
    let story = "- what: x\n  callback: { error: invalid_scope, error_description: the scope orders:read does not exist, state: ‹state› }\n  refused: { step: getAuthorizationCode, code: invalid_scope }\n";
    let stories = portaria::workbench::examples::read(&Source::new("acme.examples.yaml", story)).expect("a story");
    let played = replay(&provider, &stories[0]);

    let proposals = propose(&provider, played.end.as_ref(), &played.trace);

    assert_eq!(proposals[0].because, "scopeWordRefused");
    assert_eq!(proposals[0].about, ["orders:read"]);
}

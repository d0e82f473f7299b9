//! Answers that are meant to do harm, and values that must not come out.

use crate::support::provider;
use portaria::provider::{InstallationContext, compile};
use portaria::story::proposal::Proposal;
use portaria::story::recent_logins::LoginsAtHand;
use portaria::vocabulary::place::Source;
use portaria::vocabulary::wire::Response;
use portaria::workbench::examples;
use portaria::workbench::examples::replay::replay;
use portaria::workbench::repair::{propose, propose_for_answer};
use proptest::prelude::*;
use serde_json::{Value, json};

const FILE: &str = "name: Acme\ngetAuthorizationCode: { get: https://idp.example/a, scope: openid }\ngetAccessCode: { post: https://idp.example/t }\n\
getUserInfo:\n  get: https://idp.example/me\n  accepted: { at: $.ok, is: true }\n  read:\n    id: $.data.id\n    email: $.data.mails[?@.primary == true].email\n    emailVerified: { at: $.data.proven, contains: \"${email}\" }\n    name: ${$.data.first} ${$.data.last?}\n    picture: [ $.data.avatar, \"$.data['photo-url']\" ]\n";

fn answer(body: &[u8]) -> Response {
    Response { status: 200, headers: Vec::new(), body: body.to_vec() }
}

fn look_over(body: &[u8], secrets: &[&str]) {
    let provider = provider(FILE);
    for call in 0..3 {
        for proposal in propose_for_answer(&provider, call, &answer(body), &LoginsAtHand::default()) {
            if let Some(change) = &proposal.change {
                let text = change.apply(FILE).expect("the change fits the file");
                assert!(compile(&Source::new("acme.yaml", text.as_str()), InstallationContext { loopback: true }).0.is_some(), "{text}");
                assert!(!text.contains("trustEmail") && !text.contains("always"), "{text}");
            }
            let rendered = serde_json::to_string(&proposal).expect("a proposal is JSON");
            for secret in secrets {
                assert!(!rendered.contains(secret), "{rendered}");
            }
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof!["id|email|mail|data|verified|user|name|ok|first|primary|emails|'\"|a b|\\{|: #", "[a-z_]{1,8}", ".{0,6}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        Just(json!("zq7-planted@loja.example")),
        Just(json!("zq7-planted-secret")),
        Just(json!("https://img.example/zq7-planted.png")),
        Just(json!(773_311_559_u64)),
        ".{0,12}".prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|list| Value::Object(list.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_json_gives_only_proposals_that_compile_and_tell_no_value(value in any_json()) {
        look_over(value.to_string().as_bytes(), &["zq7-planted", "773311559"]);
    }

    #[test]
    fn any_bytes_are_borne(body in prop::collection::vec(any::<u8>(), 0..400)) {
        look_over(&body, &[]);
    }
}

#[test]
fn keys_that_are_somebodys_do_not_come_out() {
    let body =
        json!({ "people": { "zq7planted@loja.example": { "id": "9", "email": "zq7planted@loja.example" }, "773311559": { "id": 1 } } });
    look_over(body.to_string().as_bytes(), &["zq7planted", "773311559"]);
}

#[test]
fn the_largest_answers_are_looked_at_within_bounds() {
    let wide: Value = (0..3_000).map(|at| (format!("k{}", at % 10_000), json!({ "id": at }))).collect::<serde_json::Map<_, _>>().into();
    let deep = (0..31).fold(json!({ "id": "7" }), |inner, _| json!({ "data": inner }));
    let long = json!({ "data": (0..2_000).map(|at| json!({ "primary": false, "mail": at })).collect::<Vec<_>>() });
    let addresses: Value = (0..2_000)
        .map(|at| (format!("{}_email_{}", ["work", "other", "mail", "user"][at % 4], at), json!(format!("p{at}@loja.example"))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    for value in [wide, deep, long, addresses] {
        look_over(value.to_string().as_bytes(), &[]);
    }
    look_over("[".repeat(60_000).as_bytes(), &[]);
    look_over("<a>".repeat(20_000).as_bytes(), &[]);
    look_over("a=1&".repeat(16_000).as_bytes(), &[]);
}

const APP: &str = "name: Acme\ntrustEmail: always\ngetAuthorizationCode: { get: https://idp.example/a, scope: openid }\n\
getAccessCode: { post: https://idp.example/t, json: { code: \"${code}\", app_key: \"${clientSecret}\", proof: \"${codeVerifier}\" }, headers: { X-App-Sign: \"${clientSecret}\" } }\n\
getUserInfo: { get: https://api.idp.example/me, read: { id: $.id, email: $.mail } }\n";

/// All that is proposed after a login with this callback and these answers.
fn proposed(callback: &str, exchanges: &str) -> Vec<Proposal> {
    let exchanges = if exchanges.is_empty() { String::new() } else { format!("  exchanges: [ {exchanges} ]\n") };
    let story = format!("- what: x\n  callback: {callback}\n{exchanges}  refused: {{ code: x }}\n");
    let stories = examples::read(&Source::new("acme.examples.yaml", story)).unwrap_or_else(|report| panic!("{}", report.draw(false)));
    let acme = provider(APP);
    let played = replay(&acme, &stories[0]);
    propose(&acme, played.end.as_ref(), &played.trace)
}

/// The lines that these proposals add to the file.
fn added(proposals: &[Proposal]) -> String {
    let changes = proposals.iter().filter_map(|proposal| proposal.change.as_ref());
    changes
        .flat_map(|change| change.added.iter().filter(|line| !change.removed.contains(line)))
        .fold(String::new(), |all, line| all + line + "\n")
}

#[test]
fn a_made_up_callback_brings_no_secret_into_the_address_of_the_login() {
    for name in ["client_secret", "app_key", "code_verifier", "proof", "X-App-Sign", "access_token", "code", "appSecret"] {
        for said in ["Missing required parameter: NAME", "header NAME is missing", "field 'NAME' must not be empty"] {
            let said = said.replace("NAME", name);
            let found = proposed(&format!("{{ error: invalid_request, error_description: \"{said}\", state: ‹state› }}"), "");
            let lines = added(&found);
            let redirect = lines.lines().find(|line| line.contains("getAuthorizationCode")).unwrap_or_default();
            assert!(["ecret", "erifier", "oken", "${code"].iter().all(|word| !redirect.contains(word)), "{said}: {lines}");
        }
    }
}

#[test]
fn an_answer_of_another_host_gets_neither_the_secret_nor_a_made_up_scheme() {
    let token = "{ answer: { json: { access_token: at-1, token_type: Bearer } } }";
    for name in ["client_secret", "app_key", "app_secret", "secret", "key", "proof", "X-App-Sign"] {
        for status in [400, 401, 403] {
            let refusal = format!("{{ answer: {{ status: {status}, json: {{ error: \"Missing required parameter: {name}\" }} }} }}");
            let lines = added(&proposed("{ code: c-1, state: ‹state› }", &format!("{token}, {refusal}")));
            let person = lines.lines().find(|line| line.contains("getUserInfo")).unwrap_or_default();
            assert!(!person.contains("lientSecret") && !person.contains("erifier"), "{name} {status}: {person}");
        }
    }
    let challenge =
        "{ answer: { status: 401, headers: { WWW-Authenticate: \"${clientSecret} realm=x\" }, json: { error: invalid_token } } }";
    let lines = added(&proposed("{ code: c-1, state: ‹state› }", &format!("{token}, {challenge}")));
    assert!(!lines.contains("lientSecret} ${accessToken"), "{lines}");
}

#[test]
fn a_redirect_leads_to_no_other_site_and_shows_no_value() {
    let token = "{ answer: { json: { access_token: at-1, token_type: Bearer } } }";
    let after = |location: &str| {
        let moved = format!("{{ answer: {{ status: 307, headers: {{ Location: \"{location}\" }}, text: \"\" }} }}");
        proposed("{ code: c-1, state: ‹state› }", &format!("{token}, {moved}"))
    };

    let same = after("https://v2.idp.example/api/me");
    assert_eq!((&*same[0].because, same[0].title.as_str()), ("addressRedirected", "get: https://v2.idp.example/api/me"));
    for location in [
        "https://evil.example/me",
        "http://api.idp.example/v2/me",
        "https://api.idp.example@evil.example/me",
        "https://api.idp.example/login?user=zq7planted",
    ] {
        let rendered = serde_json::to_string(&after(location)).expect("proposals are JSON");
        assert!(!rendered.contains("evil") && !rendered.contains("http://") && !rendered.contains("zq7planted"), "{rendered}");
    }
}

#[test]
fn the_state_is_read_from_no_name_that_a_made_up_callback_gives_it() {
    let found = proposed("{ code: c-1, \"call +55 11 99887766\": ‹state› }", "");
    assert!(!format!("{found:?}").contains("99887766"), "{found:?}");
}

#[test]
fn a_list_of_other_people_does_not_take_the_place_of_the_addresses() {
    let file = "name: Acme\ngetAuthorizationCode: { get: https://idp.example/a }\ngetAccessCode: { post: https://idp.example/t }\n\
        getUserInfo:\n  get: https://idp.example/me\n  read: { id: $.id }\n  choose: { from: $.emails, where: { at: $.primary, is: true }, read: { email: $.value, emailVerified: $.verified } }\n";
    let acme = provider(file);
    let changed = |body: Value| {
        let found = propose_for_answer(&acme, 1, &answer(body.to_string().as_bytes()), &LoginsAtHand::default());
        found.iter().any(|proposal| proposal.title.starts_with("choose: "))
    };
    let entry = json!({ "value": "bo@loja.example", "verified": true, "primary": true });
    let named = json!({ "value": "bo@loja.example", "verified": true, "primary": true, "name": "Bo Teste" });

    assert!(changed(json!({ "id": "7", "addresses": [entry] })));
    assert!(!changed(json!({ "id": "7", "circle": [named] })));
}

/// A file whose calls share a key that is no secret of the client, and of which one reads a token under a name of its own.
const KEYED: &str = "name: Acme\ntrustEmail: always\nsecrets: { shopKey: env:ACME_SHOP_KEY }\n\
getAuthorizationCode:\n  get: https://idp.example/a\n  prepare: { post: https://idp.example/p, headers: { X-Shop: \"${shopKey}\" }, read: { handle: $.access_token, ticket: $.ticket } }\n  extra: { ticket: \"${ticket}\" }\n\
getAccessCode: { post: https://idp.example/t, headers: { X-Shop: \"${shopKey}\" } }\n\
getUserInfo:\n  - { get: https://ONE/me, read: { id: $.id, email: $.mail } }\n  - { get: https://idp.example/more, headers: { X-Shop: \"${shopKey}\", X-Handle: \"${handle}\" }, read: { name: $.name } }\n";

/// The lines that are added after this refusal of the first call about the person, which goes to this host.
fn added_at(host: &str, callback: &str, refusal: Option<&str>) -> String {
    let text = KEYED.replace("ONE", host);
    let prepared = "{ answer: { json: { access_token: pt-1, ticket: t-1 } } }";
    let refused = refusal.map_or_else(String::new, |said| {
        format!(", {{ answer: {{ json: {{ access_token: at-1, token_type: Bearer }} }} }}, {{ answer: {{ status: 400, json: {{ error: \"{said}\" }} }} }}")
    });
    let story = format!("- what: x\n  callback: {callback}\n  exchanges: [ {prepared}{refused} ]\n  refused: {{ code: x }}\n");
    let stories = examples::read(&Source::new("acme.examples.yaml", story)).unwrap_or_else(|report| panic!("{}", report.draw(false)));
    let acme = provider(&text);
    let played = replay(&acme, &stories[0]);
    added(&propose(&acme, played.end.as_ref(), &played.trace))
}

#[test]
fn a_secret_of_the_file_and_a_token_of_any_name_go_to_no_other_place() {
    let back = "{ code: c-1, state: ‹state› }";
    let asked = [
        "header X-Shop is missing",
        "Missing required parameter: X-Handle",
        "Missing required parameter: handle",
        "Missing header: X-Handle",
    ];
    for said in asked {
        let lines = added_at("api.other.example", back, Some(said));
        assert!(!lines.contains("shopKey") && !lines.contains("${handle}"), "{said}: {lines}");
    }

    for name in ["handle", "X-Handle", "X-Shop", "shopKey"] {
        let made_up = format!("{{ error: invalid_request, error_description: \"Missing required parameter: {name}\", state: ‹state› }}");
        let lines = added_at("api.idp.example", &made_up, None);
        assert!(!lines.contains("${handle}") && !lines.contains("${shopKey}"), "{name}: {lines}");
    }
}

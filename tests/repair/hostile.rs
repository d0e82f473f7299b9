//! Answers that are meant to do harm, and values that must not come out.

use crate::support::provider;
use portaria::provider::{InstallationContext, compile};
use portaria::story::recent_logins::LoginsAtHand;
use portaria::vocabulary::place::Source;
use portaria::vocabulary::wire::Response;
use portaria::workbench::repair::propose_for_answer;
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

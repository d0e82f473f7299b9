//! The modules about what the store publishes as an issuer.

use crate::conformance::provider::relying_party::{OPEN_ISSUER, Suite};
use crate::web::client_request::ClientRequest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The document, in which every address is one of the issuer and `https`.
async fn document(suite: &Suite) -> Value {
    let answer = suite.browser.ask(ClientRequest::get("/.well-known/openid-configuration")).await;
    let kind = answer.header("content-type").and_then(|kind| kind.split(';').next());
    assert_eq!((answer.status, kind), (200, Some("application/json")), "{answer:?}");
    let document = answer.json();
    for (name, value) in document.as_object().expect("an object") {
        if name.ends_with("_endpoint") || name.ends_with("_uri") {
            assert!(value.as_str().is_some_and(|address| address.starts_with(&format!("{OPEN_ISSUER}/"))), "{name}: {value}");
        }
        if name.ends_with("_supported") {
            let is_list =
                |list: &Vec<Value>| !list.is_empty() && list.iter().all(|word| word.as_str().is_some_and(|word| !word.is_empty()));
            assert!(value.is_boolean() || value.as_array().is_some_and(is_list), "{name}: {value}");
        }
    }
    document
}

#[actix_web::test]
async fn oidcc_discovery_endpoint_verification() {
    let suite = Suite::open_net().await;

    let document = document(&suite).await;

    let lists = |name: &str, word: &str| document[name].as_array().is_some_and(|list| list.contains(&json!(word)));
    assert_eq!(document["issuer"], OPEN_ISSUER);
    for (name, word) in [
        ("response_types_supported", "code"),
        ("subject_types_supported", "public"),
        ("id_token_signing_alg_values_supported", "RS256"),
        ("grant_types_supported", "authorization_code"),
        ("scopes_supported", "openid"),
        ("claims_supported", "sub"),
        ("token_endpoint_auth_methods_supported", "client_secret_basic"),
        ("token_endpoint_auth_methods_supported", "client_secret_post"),
        ("code_challenge_methods_supported", "S256"),
    ] {
        assert!(lists(name, word), "no {word} in {name} of {document}");
    }
    for endpoint in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"] {
        assert!(document[endpoint].is_string(), "no {endpoint} in {document}");
    }
    for parameter in ["request_parameter_supported", "request_uri_parameter_supported", "claims_parameter_supported"] {
        assert_eq!(document[parameter], false, "{parameter}");
    }
    let path = document["jwks_uri"].as_str().and_then(|address| address.strip_prefix(OPEN_ISSUER)).expect("an address").to_owned();
    let keys = suite.browser.ask(ClientRequest::get(&path)).await.json();
    let keys = keys["keys"].as_array().expect("keys");
    let ids: BTreeSet<&str> = keys.iter().map(|key| key["kid"].as_str().expect("every key has a name")).collect();
    assert_eq!(ids.len(), keys.len(), "and one of its own");
    for key in keys {
        assert!(["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().all(|part| key.get(part).is_none()), "{key}");
        let parts: &[&str] = if key["kty"] == "RSA" { &["n", "e"] } else { &["x", "y"] };
        for part in parts {
            assert!(key[part].as_str().is_some_and(|text| URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() >= 3)), "{key}");
        }
    }
}

#[actix_web::test]
async fn oidcc_rp_initiated_logout_discovery_endpoint_verification() {
    let document = document(&Suite::open_net().await).await;

    assert!(document["end_session_endpoint"].is_string(), "{document}");
}

#[actix_web::test]
async fn oidcc_backchannel_logout_discovery_endpoint_verification() {
    let document = document(&Suite::open_net().await).await;

    for name in ["backchannel_logout_supported", "backchannel_logout_session_supported"] {
        assert_eq!(document[name], true, "{name}");
    }
    assert!(document["end_session_endpoint"].is_string(), "{document}");
}

//! The modules of the basic plan: one test each, under the module's name.

use crate::conformance::provider::relying_party::{
    CALLBACK, CLIENT, CLIENT_BY_POST, SECOND_CLIENT, Suite, SuiteRequest, SuiteTokens, assert_invalid_grant, at_token_endpoint,
    is_error_page, person,
};
use crate::web::apps::client::{CHALLENGE, VERIFIER};
use crate::web::client_request::ClientRequest;
use portaria::world::random;
use serde_json::{Value, json};
use std::time::Duration;

/// The names of the claims that a token of these scopes may have.
const CLAIMS_OF_OPENID: &[&str] = &["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid", "acr", "amr"];

fn names(claims: &Value) -> Vec<&str> {
    claims.as_object().expect("an object").keys().map(String::as_str).collect()
}

async fn seconds(count: u64) {
    actix_web::rt::time::sleep(Duration::from_millis(count * 1000 + 50)).await;
}

/// A login that a parameter must not disturb, in a browser without cookies.
async fn succeeds_with(name: &str, value: &str) -> SuiteTokens {
    let suite = Suite::open().await;
    let request = SuiteRequest::new().with(name, value);
    let journey = suite.authorize(&request).await;
    assert_eq!((journey.login_pages, journey.logins), (1, 1), "{journey:?}");
    suite.complete(&journey, &request, "").await
}

#[actix_web::test]
async fn oidcc_server() {
    let suite = Suite::open().await;

    let tokens = suite.log_in(&SuiteRequest::new()).await;

    let superfluous: Vec<&str> = names(&tokens.claims).into_iter().filter(|name| !CLAIMS_OF_OPENID.contains(name)).collect();
    assert_eq!(superfluous, Vec::<&str>::new());
}

/// Attack V-11
#[actix_web::test]
async fn oidcc_response_type_missing() {
    let suite = Suite::open().await;
    let request = SuiteRequest::new().without("response_type");

    assert_eq!(suite.error(&suite.authorize(&request).await, &request), "invalid_request");
}

#[actix_web::test]
async fn oidcc_idtoken_signature() {
    let suite = Suite::open().await;

    let tokens = suite.log_in(&SuiteRequest::new()).await;

    let (header, _) = suite.verified(&tokens.id_token).await;
    assert_eq!((header["alg"].as_str(), header["kid"].is_string()), (Some("RS256"), true));
}

#[actix_web::test]
async fn oidcc_idtoken_unsigned() {
    let suite = Suite::open().await;
    let document = suite.ask(ClientRequest::get("/.well-known/openid-configuration")).await.json();

    assert_eq!(document["id_token_signing_alg_values_supported"], json!(["RS256", "ES256"]), "`none` is not among them");
}

#[actix_web::test]
async fn oidcc_userinfo_get() {
    let suite = Suite::open().await;
    let tokens = suite.log_in(&SuiteRequest::new()).await;

    assert_eq!(suite.userinfo(&tokens).await, json!({ "sub": tokens.claims["sub"] }));
}

#[actix_web::test]
async fn oidcc_userinfo_post_header() {
    let suite = Suite::open().await;
    let tokens = suite.log_in(&SuiteRequest::new()).await;
    let request = || ClientRequest::by("POST", "/userinfo").with("authorization", format!("Bearer {}", tokens.access));

    for request in [request(), request().with("content-type", "application/x-www-form-urlencoded").body("")] {
        assert_eq!(person(&suite.ask(request).await)["sub"], tokens.claims["sub"]);
    }
}

#[actix_web::test]
async fn oidcc_userinfo_post_body() {
    let suite = Suite::open().await;
    let tokens = suite.log_in(&SuiteRequest::new()).await;

    let answer = suite.ask(ClientRequest::form("/userinfo", &format!("access_token={}", tokens.access))).await;

    assert_eq!(person(&answer)["sub"], tokens.claims["sub"]);
}

#[actix_web::test]
async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow() {
    let suite = Suite::open().await;

    let tokens = suite.log_in(&SuiteRequest::new().without("nonce")).await;

    assert!(tokens.claims.get("nonce").is_none());
}

#[actix_web::test]
async fn oidcc_scope_profile() {
    let suite = Suite::open().await;

    let tokens = suite.log_in(&SuiteRequest::of(CLIENT, "openid profile")).await;

    let person = suite.userinfo(&tokens).await;
    assert_eq!(person, json!({ "sub": tokens.claims["sub"], "name": "ana da Silva", "preferred_username": "ana@clientes.example" }));
}

#[actix_web::test]
async fn oidcc_scope_email() {
    let suite = Suite::open().await;

    let tokens = suite.log_in(&SuiteRequest::of(CLIENT, "openid email")).await;

    let person = suite.userinfo(&tokens).await;
    assert_eq!(person, json!({ "sub": tokens.claims["sub"], "email": "ana@clientes.example", "email_verified": true }));
    assert_eq!((tokens.claims.get("name"), tokens.claims["email"].as_str()), (None, Some("ana@clientes.example")));
}

/// A scope that the document does not list: the suite skips its module. A request for it is a login without it.
async fn skips_scope(scope: &str) {
    let suite = Suite::open().await;
    let document = suite.ask(ClientRequest::get("/.well-known/openid-configuration")).await.json();
    let listed = |word: &str| document["scopes_supported"].as_array().expect("scopes").contains(&json!(word));
    assert!(scope.split(' ').any(|word| !listed(word)), "{document}");

    let tokens = suite.log_in(&SuiteRequest::of(CLIENT, &format!("openid {scope}"))).await;

    let person = suite.userinfo(&tokens).await;
    assert!(["address", "phone_number"].iter().all(|claim| person.get(claim).is_none()), "{person}");
}

#[actix_web::test]
async fn oidcc_scope_address() {
    skips_scope("address").await;
}

#[actix_web::test]
async fn oidcc_scope_phone() {
    skips_scope("phone").await;
}

#[actix_web::test]
async fn oidcc_scope_all() {
    skips_scope("profile email address phone").await;
}

#[actix_web::test]
async fn oidcc_alternate_happy_flow() {
    let suite = Suite::open().await;

    let tokens = suite.log_in(&SuiteRequest::of(CLIENT, "email openid").reversed()).await;

    assert_eq!(suite.userinfo(&tokens).await["email"], "ana@clientes.example");
}

#[actix_web::test]
async fn oidcc_display_page() {
    succeeds_with("display", "page").await;
}

#[actix_web::test]
async fn oidcc_display_popup() {
    succeeds_with("display", "popup").await;
}

#[actix_web::test]
async fn oidcc_prompt_login() {
    let suite = Suite::open().await;
    let first = suite.log_in(&SuiteRequest::new()).await;
    seconds(1).await;
    let request = SuiteRequest::new().with("prompt", "login");

    let journey = suite.authorize(&request).await;

    assert_eq!((journey.login_pages, journey.logins), (1, 1), "{journey:?}");
    let second = suite.complete(&journey, &request, "").await;
    assert!(second.claims["auth_time"].as_i64() > first.claims["auth_time"].as_i64());
    assert_eq!(second.claims["sub"], first.claims["sub"]);
}

/// Attack V-11
#[actix_web::test]
async fn oidcc_prompt_none_not_logged_in() {
    let suite = Suite::open().await;
    let request = SuiteRequest::new().with("prompt", "none").with("state", "s".repeat(128));

    let journey = suite.authorize(&request).await;

    assert_eq!((journey.login_pages, suite.error(&journey, &request).as_str()), (0, "login_required"));
}

/// Signs in twice, the second time without a page, as the same person at the same time.
async fn passes_twice(first: SuiteRequest, second: impl FnOnce(&SuiteTokens) -> SuiteRequest) {
    let suite = Suite::open().await;
    let before = suite.log_in(&first).await;
    let request = second(&before);

    let journey = suite.authorize(&request).await;

    assert_eq!((journey.login_pages, journey.logins), (0, 0), "{journey:?}");
    let after = suite.complete(&journey, &request, "").await;
    for claim in ["auth_time", "sub"] {
        assert_eq!(after.claims[claim], before.claims[claim], "{claim}");
    }
}

#[actix_web::test]
async fn oidcc_prompt_none_logged_in() {
    passes_twice(SuiteRequest::new(), |_| SuiteRequest::new().with("prompt", "none")).await;
}

/// Attack V-11
#[actix_web::test]
async fn oidcc_max_age_1() {
    let suite = Suite::open().await;
    let first = suite.log_in(&SuiteRequest::new()).await;
    seconds(2).await;
    let request = SuiteRequest::new().with("max_age", "1");

    let journey = suite.authorize(&request).await;

    assert_eq!((journey.login_pages, journey.logins), (1, 1), "{journey:?}");
    let second = suite.complete(&journey, &request, "").await;
    assert!(second.claims["auth_time"].as_i64() > first.claims["auth_time"].as_i64());
}

#[actix_web::test]
async fn oidcc_max_age_10000() {
    passes_twice(SuiteRequest::new().with("max_age", "15000"), |_| SuiteRequest::new().with("max_age", "10000")).await;
}

#[actix_web::test]
async fn oidcc_ensure_request_with_unknown_parameter_succeeds() {
    succeeds_with("extra", "foobar").await;
}

#[actix_web::test]
async fn oidcc_id_token_hint() {
    passes_twice(SuiteRequest::new(), |before| SuiteRequest::new().with("prompt", "none").with("id_token_hint", &before.id_token)).await;
}

#[actix_web::test]
async fn oidcc_login_hint() {
    succeeds_with("login_hint", "buffy@localhost").await;
}

#[actix_web::test]
async fn oidcc_ui_locales() {
    succeeds_with("ui_locales", "se").await;
}

#[actix_web::test]
async fn oidcc_claims_locales() {
    succeeds_with("claims_locales", "se").await;
}

#[actix_web::test]
async fn oidcc_ensure_request_with_acr_values_succeeds() {
    let tokens = succeeds_with("acr_values", "1 2").await;

    assert_eq!(tokens.claims["acr"], "provider:acme");
}

/// Attack V-11
#[actix_web::test]
async fn oidcc_codereuse() {
    let suite = Suite::open().await;
    let request = SuiteRequest::new();
    let code = suite.code(&suite.authorize(&request).await, &request);
    suite.tokens(&suite.redeem(CLIENT, &code, "").await, CLIENT, request.value("nonce")).await;

    assert_invalid_grant(&suite.redeem(CLIENT, &code, "").await);
}

/// Without the wait: a code is valid for a minute, so that after 30 seconds it is the first use that counts.
/// Attack V-11
#[actix_web::test]
async fn oidcc_codereuse_30seconds() {
    let suite = Suite::open().await;
    let request = SuiteRequest::new();
    let code = suite.code(&suite.authorize(&request).await, &request);
    let tokens = suite.tokens(&suite.redeem(CLIENT, &code, "").await, CLIENT, request.value("nonce")).await;
    suite.userinfo(&tokens).await;

    assert_invalid_grant(&suite.redeem(CLIENT, &code, "").await);

    let request = ClientRequest::get("/userinfo").with("authorization", format!("Bearer {}", tokens.access));
    assert_eq!(suite.ask(request).await.status, 401, "the access token has ended");
}

/// Attack V-11
#[actix_web::test]
async fn oidcc_ensure_registered_redirect_uri() {
    let suite = Suite::open().await;
    let request = SuiteRequest::new().with("redirect_uri", format!("{CALLBACK}/{}", random::id()));

    let journey = suite.authorize(&request).await;

    assert!(is_error_page(&journey.answer), "{journey:?}");
}

#[actix_web::test]
async fn oidcc_ensure_post_request_succeeds() {
    let suite = Suite::open().await;
    let request = SuiteRequest::new();

    let journey = suite.journey(ClientRequest::form("/authorize", &request.query())).await;

    suite.complete(&journey, &request, "").await;
}

#[actix_web::test]
async fn oidcc_server_client_secret_post() {
    let suite = Suite::open().await;

    suite.log_in(&SuiteRequest::of(CLIENT_BY_POST, "openid")).await;
}

/// What a request has beside a request object.
const BESIDE_OBJECT: &[&str] = &["client_id", "redirect_uri", "response_type", "scope"];

/// Attack V-11
#[actix_web::test]
async fn oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported() {
    let suite = Suite::open().await;
    let request = SuiteRequest::new().into_object(BESIDE_OBJECT).without("request").with("request_uri", "https://suite.example/r#1");

    assert_eq!(suite.error(&suite.authorize(&request).await, &request), "request_uri_not_supported");
}

/// Attack V-11
#[actix_web::test]
async fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported() {
    let suite = Suite::open().await;
    let request = SuiteRequest::new().into_object(BESIDE_OBJECT);

    assert_eq!(suite.error(&suite.authorize(&request).await, &request), "request_not_supported");
}

#[actix_web::test]
async fn oidcc_claims_essential() {
    let tokens = succeeds_with("claims", r#"{"userinfo":{"name":{"essential":true}}}"#).await;

    assert!(tokens.claims.get("name").is_none());
}

/// Attack V-11
#[actix_web::test]
async fn oidcc_ensure_request_object_with_redirect_uri() {
    let suite = Suite::open().await;
    let request = SuiteRequest::new().into_object(BESIDE_OBJECT).with("redirect_uri", format!("{CALLBACK}/{}", random::id()));

    let journey = suite.authorize(&request).await;

    assert!(is_error_page(&journey.answer), "{journey:?}");
}

/// Attack V-11
#[actix_web::test]
async fn oidcc_refresh_token() {
    let suite = Suite::open().await;
    let mut last = None;
    for (client, more) in [(CLIENT, "&scope=openid+offline_access"), (SECOND_CLIENT, "")] {
        let first = suite.log_in(&SuiteRequest::of(client, "openid offline_access").with("prompt", "consent")).await;
        let spent = first.refresh.expect("a refresh token");
        seconds(1).await;

        let answer = suite.ask(at_token_endpoint(client, &format!("grant_type=refresh_token&refresh_token={spent}{more}"))).await;

        let second = suite.tokens(&answer, client, None).await;
        suite.userinfo(&second).await;
        assert_ne!(second.access, first.access);
        for claim in ["iss", "sub", "aud", "auth_time"] {
            assert_eq!(second.claims[claim], first.claims[claim], "{claim}");
        }
        assert!(second.claims["iat"].as_i64() > first.claims["iat"].as_i64() && second.claims.get("azp").is_none());
        last = second.refresh;
    }
    let of_second = last.expect("a refresh token");
    let form = format!("grant_type=refresh_token&refresh_token={of_second}");

    assert_invalid_grant(&suite.ask(at_token_endpoint(CLIENT, &format!("{form}&scope=openid+offline_access"))).await);

    assert_eq!(suite.ask(at_token_endpoint(SECOND_CLIENT, &form)).await.status, 200, "and its own client still has it");
}

#[actix_web::test]
async fn oidcc_ensure_request_with_valid_pkce_succeeds() {
    let suite = Suite::open().await;
    let request = SuiteRequest::new().with("code_challenge", CHALLENGE).with("code_challenge_method", "S256");

    let journey = suite.authorize(&request).await;

    suite.complete(&journey, &request, &format!("&code_verifier={VERIFIER}")).await;
}

//! An app as a client of the store: it sends requests for a login and redeems codes.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::{LOCAL, TestBroker};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

/// Where the app of the tests receives people.
pub const CALLBACK: &str = "https://painel.loja.example/callback";
/// The store as an issuer.
pub const ISSUER: &str = "http://localhost:8080";
/// The challenge of [`VERIFIER`].
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// A PKCE verifier.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Settings with apps of all kinds. Their secret is `a-secret-of-` and their name.
pub fn settings() -> String {
    let hash = |name: &str| portaria::apps::client_app::SecretDigest::of(&secret(name)).setting();
    format!(
        "{LOCAL}apps:\n  painel:\n    name: Painel da loja\n    secret: {}\n    redirectUris: [ {CALLBACK} ]\n    \
         grants: [ authorizationCode, refreshToken ]\n    scopes: [ openid, email, profile, offline_access, orders:read ]\n    \
         audience: [ https://api.loja.example, painel ]\n    signing: ES256\n  \
         other: {{ secret: {}, redirectUris: [ https://other.example/cb ], signing: ES256 }}\n  \
         beta-only: {{ secret: {}, redirectUris: [ {CALLBACK} ], providers: [ beta ], signing: ES256 }}\n  \
         asks: {{ secret: {}, redirectUris: [ {CALLBACK} ], consent: ask, signing: ES256 }}\n  \
         phone: {{ secret: none, redirectUris: [ 'http://127.0.0.1/cb', https://spa.loja.example/cb ], signing: ES256 }}\n  \
         api: {{ secret: {}, grants: [ clientCredentials ], serves: https://api.loja.example, signing: ES256 }}\n  \
         job: {{ secret: {}, grants: [ clientCredentials ], scopes: [ orders:read ], audience: https://api.loja.example, signing: ES256 }}\n  \
         rsa: {{ secret: {}, redirectUris: [ {CALLBACK} ], audience: [ rsa, https://api.loja.example ] }}\n",
        hash("painel"),
        hash("other"),
        hash("beta-only"),
        hash("asks"),
        hash("api"),
        hash("job"),
        hash("rsa"),
    )
}

/// The secret of an app of the tests.
pub fn secret(name: &str) -> String {
    format!("a-secret-of-{name}")
}

/// A broker with these apps and two providers.
pub async fn open() -> TestBroker {
    // The word `providers` in the settings of an app is not the folder of the broker.
    TestBroker::builder(&format!("{}providers: FOLDER/providers.d\n", settings())).with_standard("acme").with_standard("beta").build().await
}

/// The address of a request for a login by `painel`.
pub fn request(more: &str) -> String {
    request_of("painel", more)
}

/// The address of a request for a login by an app with [`CALLBACK`].
pub fn request_of(app: &str, more: &str) -> String {
    format!("/authorize?client_id={app}&redirect_uri={CALLBACK}&response_type=code&scope=openid+email+profile&state=s-1&{more}")
}

/// The parameters that an answer carries to the app.
pub fn reply(answer: &Answer) -> Vec<(String, String)> {
    let location = answer.location().unwrap_or_else(|| panic!("{answer:?}"));
    assert!(location.starts_with(CALLBACK), "{answer:?}");
    url::Url::parse(location).expect("an address").query_pairs().into_owned().collect()
}

/// A parameter that an answer carries to the app.
pub fn parameter(answer: &Answer, name: &str) -> String {
    reply(answer).into_iter().find(|(other, _)| other == name).map_or_else(|| panic!("no {name} in {answer:?}"), |(_, value)| value)
}

/// A browser in which a person has signed in to the store.
pub async fn signed_in(broker: &TestBroker, who: &str) -> Browser {
    let browser = Browser::new(broker);
    assert!(browser.log_in("acme", who).await.session().is_some());
    browser
}

/// A code for `painel`, from a browser in which a person is signed in.
pub async fn code(browser: &Browser, more: &str) -> String {
    parameter(&browser.get(&request(more)).await, "code")
}

/// A request of an app to an endpoint, with its secret in a header.
pub fn by(app: &str, path: &str, form: &str) -> ClientRequest {
    let basic = STANDARD.encode(format!("{app}:{}", secret(app)));
    ClientRequest::form(path, form).with("authorization", format!("Basic {basic}"))
}

/// Redeems a code as `painel`.
pub async fn redeem(broker: &TestBroker, code: &str) -> Answer {
    broker.ask(by("painel", "/token", &format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}"))).await
}

/// Redeems a refresh token as `painel`.
pub async fn refresh(broker: &TestBroker, token: &str) -> Answer {
    broker.ask(by("painel", "/token", &format!("grant_type=refresh_token&refresh_token={token}"))).await
}

/// Asks for the person of an access token.
pub async fn userinfo(broker: &TestBroker, token: &str) -> Answer {
    broker.ask(ClientRequest::get("/userinfo").with("authorization", format!("Bearer {token}"))).await
}

/// A text of a JSON answer.
pub fn text(answer: &Answer, name: &str) -> String {
    answer.json()[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer:?}")).to_owned()
}

/// The header and the claims of a token, unverified.
pub fn decoded(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64"));
    let mut next = || serde_json::from_slice(&parts.next().expect("a part")).expect("JSON");
    (next(), next())
}

//! The token of a session in a header, as programs send it.

use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{HOST, LOCAL, STANDARD, TestBroker};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria::vocabulary::email::Email;

fn token_of(broker: &TestBroker, who: &str) -> String {
    let email = Email::parse(&format!("{who}@clientes.example")).expect("an address");
    broker.token(HOST, |session| session.person.email = email)
}

/// A token of another issuer, such as the API of the shop takes.
fn foreign_token() -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let header = part("{\"typ\":\"JWT\",\"alg\":\"ES256\",\"kid\":\"x\"}");
    format!("{header}.{}.{}", part("{\"iss\":\"https://api.loja.example\"}"), part("signature"))
}

/// Who is signed in by `/session` and `/auth`, which answer alike.
async fn who(broker: &TestBroker, headers: &[(&'static str, String)]) -> Option<String> {
    let dressed = |path: &str| headers.iter().fold(ClientRequest::get(path), |ask, (name, value)| ask.with(name, value));
    let (session, auth) = (broker.ask(dressed("/session")).await, broker.ask(dressed("/auth")).await);
    assert_eq!(session.status, auth.status, "{headers:?}");
    let email = session.json()["email"].as_str().map(str::to_owned);
    assert_eq!(email.as_deref(), auth.header("x-auth-email"), "{headers:?}");
    email
}

#[actix_web::test]
async fn a_token_in_a_header_signs_a_program_in_as_the_cookie_does() {
    let broker = TestBroker::open().await;
    let token = token_of(&broker, "ana");

    for (name, value) in [
        ("authorization", format!("Bearer {token}")),
        ("authorization", format!("bearer {token}")),
        ("VtexIdclientAutCookie", token.clone()),
        ("vtexidclientautcookie", token.clone()),
    ] {
        assert_eq!(who(&broker, &[(name, value)]).await.as_deref(), Some("ana@clientes.example"), "{name}");
    }
    for (name, value) in [
        ("authorization", format!("Basic {token}")),
        ("authorization", token.clone()),
        ("authorization", format!("Bearer {}", &token[..token.len() - 1])),
        ("x-authorization", format!("Bearer {token}")),
        ("VtexIdclientAutCookie_loja", token.clone()),
        ("VtexIdclientAutCookie", format!("Bearer {token}")),
        ("VtexIdclientAutCookie", foreign_token()),
    ] {
        assert_eq!(who(&broker, &[(name, value)]).await, None, "{name}");
    }
}

#[actix_web::test]
async fn several_tokens_are_one_session_or_none() {
    let broker = TestBroker::open().await;
    let (ana, bia, foreign) = (token_of(&broker, "ana"), token_of(&broker, "bia"), foreign_token());
    let ended = token_of(&broker, "fim");
    broker.ask(ClientRequest::form("/logout", "").with("cookie", format!("portaria={ended}"))).await;
    let cookie = |token: &str| ("cookie", format!("portaria={token}"));
    let bearer = |token: &str| ("authorization", format!("Bearer {token}"));
    let vtex = |token: &str| ("VtexIdclientAutCookie", token.to_owned());
    let signed_in = Some("ana@clientes.example");

    for (headers, expected) in [
        (vec![cookie(&ana), bearer(&ana), vtex(&ana)], signed_in),
        (vec![cookie(&ana), bearer(&bia)], None),
        (vec![cookie(&bia), vtex(&ana)], None),
        (vec![bearer(&ana), vtex(&bia)], None),
        (vec![cookie(&ana), bearer(&ended)], None),
        (vec![cookie(&ended), bearer(&ana)], None),
        (vec![cookie(""), bearer(&ana)], None),
        (vec![cookie(&format!("{ana}; portaria={ana}")), bearer(&ana)], None),
        (vec![bearer(&ana), bearer(&ana)], None),
        (vec![vtex(&ana), vtex(&ana)], None),
        (vec![cookie(&ana), bearer(&foreign), vtex(&foreign)], signed_in),
        (vec![cookie(&ana), bearer("opaque")], signed_in),
        (vec![cookie(&ana), ("authorization", "Basic YW5hOngg".to_owned())], signed_in),
    ] {
        assert_eq!(who(&broker, &headers).await.as_deref(), expected, "{headers:?}");
    }
}

/// The token of another store, and one of another type, are none here.
#[actix_web::test]
async fn a_header_takes_tokens_of_sessions_of_this_store_alone() {
    let two = format!("{LOCAL}stores: {{ atacado: {{ publicUrl: 'http://atacado.localhost:8080' }} }}\n");
    let broker = TestBroker::builder(&two).with("acme", STANDARD).build().await;
    let other = broker.token("atacado.localhost:8080", |_| {});
    let ours = token_of(&broker, "ana");

    assert_eq!(who(&broker, &[("authorization", format!("Bearer {other}"))]).await, None);
    assert_eq!(who(&broker, &[("authorization", format!("Bearer {ours}"))]).await.as_deref(), Some("ana@clientes.example"));
}

/// A page of another origin gains nothing by it: the browser asks first, and is not told that the header may be sent.
#[actix_web::test]
async fn pages_of_other_origins_may_not_send_the_header() {
    let broker = TestBroker::open().await;
    let preflight = ClientRequest::by("OPTIONS", "/session").with("origin", "http://localhost:9000");
    let answer = broker.ask(preflight.with("access-control-request-headers", "authorization")).await;

    assert!(answer.header("access-control-allow-headers").is_none(), "{answer:?}");
}

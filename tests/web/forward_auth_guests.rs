//! `/auth?optional`: guests pass, under no name.

use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::{HOST, LOCAL, TestBroker};

const IDENTITY: [&str; 6] = ["x-auth-email", "x-auth-name", "x-auth-uid", "x-auth-provider", "x-auth-store", "x-auth-cpf"];

async fn broker() -> TestBroker {
    TestBroker::builder(&format!("{LOCAL}session: {{ headers: {{ X-Auth-Cpf: cpf }} }}\n")).with_standard("acme").build().await
}

fn assert_guest(answer: &Answer, sent: &str) {
    assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{sent}: {answer:?}");
    for name in IDENTITY {
        assert_eq!(answer.all(name).collect::<Vec<_>>(), [""], "{sent}: {name}");
    }
    assert_eq!((answer.header("portaria-visitor"), answer.header("cache-control")), (Some("guest"), Some("no-store")), "{sent}");
    assert!(answer.cookies().is_empty(), "{sent}");
}

#[actix_web::test]
async fn a_guest_passes_with_every_header_there_and_empty() {
    let broker = broker().await;
    let token = broker.token(HOST, |_| {});
    let smuggled = IDENTITY.iter().fold(ClientRequest::get("/auth?optional"), |ask, name| ask.with(name, "vitima@clientes.example"));

    for (sent, ask) in [
        ("nothing", ClientRequest::get("/auth?optional")),
        ("a value", ClientRequest::get("/auth?optional=1")),
        ("a path below", ClientRequest::get("/auth/carrinho?a=b&optional")),
        ("both words", ClientRequest::get("/auth?redirect&optional").with("sec-fetch-mode", "navigate")),
        ("names of its own", smuggled),
        ("a token that is none", ClientRequest::get("/auth?optional").with("cookie", "portaria=junk")),
        ("two tokens", ClientRequest::get("/auth?optional").with("cookie", format!("portaria={token}; portaria={token}"))),
        ("a bearer token that is none", ClientRequest::get("/auth?optional").with("authorization", format!("Bearer {token}x"))),
    ] {
        assert_guest(&broker.ask(ask).await, sent);
    }
}

#[actix_web::test]
async fn a_signed_in_shopper_is_named_as_without_the_word() {
    let broker = broker().await;
    let cookie = format!("portaria={}", broker.token(HOST, |_| {}));
    let mut answers = Vec::new();
    for path in ["/auth", "/auth?optional"] {
        answers.push(broker.ask(ClientRequest::get(path).with("cookie", &cookie)).await);
    }

    assert_eq!(answers[0].headers, answers[1].headers);
    assert!(answers[1].header("x-auth-email").is_some_and(|email| !email.is_empty()) && answers[1].header("portaria-visitor").is_none());
}

#[actix_web::test]
async fn the_word_has_to_be_there_exactly() {
    let broker = broker().await;

    for query in ["optionals", "Optional", "x=optional", "optional%20", "", "xoptional", "redirect=optional"] {
        let answer = broker.ask(ClientRequest::get(&format!("/auth?{query}"))).await;
        assert_eq!(answer.status, 401, "{query}: {answer:?}");
    }
}

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
        ("another value", ClientRequest::get("/auth?optional=true")),
        ("no value", ClientRequest::get("/auth?optional=")),
        ("twice", ClientRequest::get("/auth?optional&optional=1")),
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

/// An operator who writes `optional=0` wants a login. Below `/auth`, the query may be the one of the client.
#[actix_web::test]
async fn a_no_is_no_yes_and_the_client_does_not_say_it() {
    let broker = broker().await;

    for address in [
        "/auth?optional=0",
        "/auth?optional=false",
        "/auth?optional=no",
        "/auth?optional=off",
        "/auth?optional=2",
        "/auth?optional=0&optional",
        "/auth?optional&optional=false",
        "/auth/carrinho?a=b&optional",
        "/auth/?optional",
    ] {
        assert_eq!(broker.ask(ClientRequest::get(address)).await.status, 401, "{address}");
    }
    for (query, status) in [("redirect=0", 401), ("redirect=1", 302), ("redirect", 302)] {
        let ask = ClientRequest::get(&format!("/auth?{query}")).with("sec-fetch-mode", "navigate");
        assert_eq!(broker.ask(ask).await.status, status, "{query}");
    }
}

#[actix_web::test]
async fn the_word_has_to_be_there_exactly() {
    let broker = broker().await;

    for query in ["optionals", "Optional", "x=optional", "optional%20", "", "xoptional", "redirect=optional"] {
        let answer = broker.ask(ClientRequest::get(&format!("/auth?{query}"))).await;
        assert_eq!(answer.status, 401, "{query}: {answer:?}");
    }
}

/// The broker has a host of its own, and the proxy of the shop asks by the host of the shop.
#[actix_web::test]
async fn a_proxy_may_ask_by_the_host_of_the_shop() {
    let two = format!(
        "{LOCAL}stores: {{ atacado: {{ publicUrl: 'http://atacado.localhost:8080', returnTo: [ 'http://localhost:9001', 'http://localhost:9002' ] }},\n  outlet: {{ publicUrl: 'http://outlet.localhost:8080', returnTo: [ 'http://localhost:9002' ] }} }}\n"
    );
    let broker = TestBroker::builder(&two).with_standard("acme").build().await;
    let (main, atacado) = (broker.token(HOST, |_| {}), broker.token("atacado.localhost:8080", |_| {}));
    let ask = |host: &str, token: &str| ClientRequest::get("/auth").with("host", host).with("cookie", format!("portaria={token}"));

    for (host, token, status, store) in [
        ("localhost:9000", &main, 200, Some("main")),
        ("LOCALHOST:9000", &main, 200, Some("main")),
        ("localhost:9001", &atacado, 200, Some("atacado")),
        ("localhost:9000", &atacado, 401, None),
        ("localhost:9002", &atacado, 421, None),
        ("localhost:9003", &main, 421, None),
        ("", &main, 421, None),
    ] {
        let answer = broker.ask(ask(host, token)).await;
        assert_eq!((answer.status, answer.header("x-auth-store")), (status, store), "{host}: {answer:?}");
    }
    let page = broker.ask(ClientRequest::get("/session").with("host", "localhost:9000")).await;
    assert_eq!(page.status, 421, "the pages of the broker stay at its own host");
    let login = ClientRequest::get("/auth?redirect").with("host", "localhost:9000").with("sec-fetch-mode", "navigate");
    let login = login.with("x-forwarded-proto", "http").with("x-forwarded-host", "localhost:9000").with("x-forwarded-uri", "/conta");
    let login = broker.ask(login).await;
    assert_eq!(login.location(), Some("http://localhost:8080/login?return_to=http%3A%2F%2Flocalhost%3A9000%2Fconta"), "{login:?}");
}

#[actix_web::test]
async fn the_paths_of_the_settings_demand_a_login() {
    let broker = TestBroker::builder(&format!("{LOCAL}loginPaths: [ /minha-conta ]\n")).with_standard("acme").build().await;
    let cookie = format!("portaria={}", broker.token(HOST, |_| {}));
    let ask = |address: &str| ClientRequest::get("/auth?redirect&optional").with("x-forwarded-uri", address);

    for (what, ask, expected) in [
        ("another path", ask("/camisa?x=/minha-conta"), 200),
        ("the path", ask("/minha-conta"), 401),
        ("below it, written oddly", ask("/x/..%2fminha-conta/y"), 401),
        ("an unknown path", ClientRequest::get("/auth?optional"), 401),
        ("two paths", ask("/camisa").with("x-forwarded-uri", "/minha-conta"), 401),
        ("a path that a stranger names", ask("/camisa").from("198.51.100.7"), 401),
        ("signed in", ask("/minha-conta").with("cookie", &cookie), 200),
        ("signed in, by a stranger", ClientRequest::get("/auth?optional").with("cookie", &cookie).from("198.51.100.7"), 200),
    ] {
        assert_eq!(broker.ask(ask).await.status, expected, "{what}");
    }
    let page = ask("/minha-conta").with("sec-fetch-mode", "navigate").with("x-forwarded-proto", "http").with("x-forwarded-host", HOST);
    let page = broker.ask(page).await;
    assert_eq!(page.status, 302);
    assert!(page.location().is_some_and(|to| to.ends_with("/login?return_to=http%3A%2F%2Flocalhost%3A8080%2Fminha-conta")), "{page:?}");
}

//! Who may use the lab.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::lab::{OPEN_HOST, open_house, somebody};
use crate::web::test_broker::{OPEN, TestBroker};
use portaria::world::clock;

#[actix_web::test]
async fn on_the_machine_itself_everybody_may_use_the_lab() {
    let broker = TestBroker::open().await;

    for path in [
        "/lab",
        "/lab/providers",
        "/lab/find",
        "/lab/acme",
        "/lab/acme/answer",
        "/lab/apps",
        "/lab/catalogue",
        "/lab/catalogue/govbr",
        "/lab/editor",
        "/lab/editor/acme",
        "/lab/incidents",
    ] {
        let answer = broker.ask(ClientRequest::get(path)).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        broker.assert_clean(&answer);
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("script-src 'self';") && policy.contains("style-src 'self';"), "{policy}");
        assert!(!answer.body.contains(" style=") && !answer.body.contains("<script>"), "{path}");
    }
}

/// Attacks P-05, H-09
#[actix_web::test]
async fn what_a_proxy_or_a_tunnel_passes_on_is_not_from_the_machine_itself() {
    let broker = TestBroker::open().await;
    let headers = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via"];

    for path in [
        "/lab",
        "/lab/providers",
        "/lab/find",
        "/lab/acme",
        "/lab/acme/answer",
        "/lab/apps",
        "/lab/catalogue",
        "/lab/catalogue/govbr",
        "/lab/editor",
        "/lab/editor/acme",
        "/lab/incidents",
    ] {
        for ask in [
            headers.map(|name| ClientRequest::get(path).with(name, "203.0.113.7")).to_vec(),
            vec![ClientRequest::get(path).from("203.0.113.7")],
        ]
        .concat()
        {
            assert_eq!(broker.ask(ask).await.status, 403, "{path}");
        }
        assert_eq!(broker.ask(ClientRequest::get(path)).await.status, 200, "{path}");
    }
    assert_eq!(broker.ask(ClientRequest::form("/lab/acme/tests", "form=").with("x-forwarded-for", "203.0.113.7")).await.status, 403);
    for name in headers {
        let ready = broker.ask(ClientRequest::get("/health/ready").with(name, "203.0.113.7")).await;
        assert_eq!((ready.status, ready.body.as_str()), (200, "{\"ready\":true}"), "{name}");
        assert_eq!(broker.ask(ClientRequest::get("/metrics").with(name, "203.0.113.7")).await.status, 404, "{name}");
    }
}

/// Attack P-05
/// Lessons 6, 179
#[actix_web::test]
async fn elsewhere_only_listed_people_with_a_proven_address_may() {
    let broker = open_house().await;
    let stranger = Browser::at(&broker, OPEN_HOST);

    let led = stranger.get("/lab/acme?lang=es").await;
    assert_eq!(led.status, 303);
    assert_eq!(led.location(), Some("/login?return_to=https%3A%2F%2Flogin.loja.example%2Flab%2Facme%3Flang%3Des"));
    let posted = stranger.ask(ClientRequest::form("/lab/acme/answer", "call=1")).await;
    assert_eq!(posted.location(), Some("/login?return_to=https%3A%2F%2Flogin.loja.example%2Flab"), "a form cannot be sent again");

    for (address, verified, status) in [
        ("suporte@loja.example", true, 200),
        ("SUPORTE@LOJA.EXAMPLE", true, 200),
        ("suporte@loja.example", false, 403),
        ("ana@loja.example", true, 403),
    ] {
        for path in ["/lab", "/lab/providers", "/lab/find", "/lab/acme", "/lab/acme/answer", "/lab/apps", "/lab/incidents", "/lab.css"] {
            let answer = somebody(&broker, OPEN_HOST, address, verified).ask(ClientRequest::get(path).with("accept", "text/html")).await;
            assert_eq!(answer.status, if path == "/lab.css" { 200 } else { status }, "{address} {verified} {path}: {answer:?}");
            assert!(status == 200 || !answer.body.contains("Clube Acme"), "{answer:?}");
        }
    }
}

/// Attack N-01
#[actix_web::test]
async fn staff_of_one_store_are_nobody_at_another() {
    let broker = open_house().await;
    let other = "login.atacado.example";

    let theirs = somebody(&broker, other, "suporte@loja.example", true);
    assert_eq!(theirs.get("/lab").await.status, 403);
    assert_eq!(somebody(&broker, other, "outra@loja.example", true).get("/lab").await.status, 200);
    let carried = somebody(&broker, OPEN_HOST, "suporte@loja.example", true);
    let cookies = carried.cookies();
    assert_eq!(
        broker.ask(ClientRequest::get("/lab").with("host", other).with("cookie", cookies)).await.status,
        303,
        "the session is another store's"
    );
}

#[actix_web::test]
async fn a_session_that_has_ended_opens_nothing() {
    let broker = open_house().await;
    let browser = somebody(&broker, OPEN_HOST, "suporte@loja.example", true);
    assert_eq!(browser.get("/lab").await.status, 200);
    let token = browser.jar.borrow()[0].1.clone();
    let session = broker
        .app
        .signing
        .keys("main")
        .expect("keys")
        .verify(&token, broker.front(OPEN_HOST).token_parties(), clock::now())
        .expect("it is good");

    broker.app.revocations.record_end(&session.sid, session.latest_expiry());

    assert_eq!(browser.get("/lab").await.status, 303);
}

#[actix_web::test]
async fn a_public_store_without_staff_has_no_lab() {
    let broker = TestBroker::builder(OPEN).with_standard("acme").build().await;
    let ana = somebody(&broker, OPEN_HOST, "ana@loja.example", true);
    let nowhere = ana.get("/nowhere").await;

    for path in [
        "/lab",
        "/lab/providers",
        "/lab/find",
        "/lab/acme",
        "/lab/nobody",
        "/lab/acme/answer",
        "/lab/acme/tests",
        "/lab/apps",
        "/lab/incidents",
        "/lab/incidents/K7Q-2MD",
    ] {
        for method in ["GET", "POST", "PUT"] {
            let answer = ana.ask(ClientRequest::by(method, path)).await;
            assert_eq!((answer.status, &answer.body), (404, &nowhere.body), "{method} {path}: {answer:?}");
        }
    }
}

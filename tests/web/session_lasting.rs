//! How long a session lasts, and what is said of it meanwhile.

use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{HOST, LOCAL, OPEN, STANDARD, TestBroker};

const OPEN_HOST: &str = "login.loja.example";

async fn open() -> TestBroker {
    TestBroker::builder(OPEN).with("acme", &STANDARD.replace("UPSTREAM", "https://sso.acme.example")).build().await
}

/// Attack X-10
#[actix_web::test]
async fn cookies_are_guarded_wherever_they_are_set_or_taken_away() {
    let broker = open().await;
    let now = portaria::world::clock::now();
    let due = broker
        .token(OPEN_HOST, |session| (session.issued, session.since, session.until) = (now - 13 * 3600, now - 13 * 3600, now + 5 * 3600));
    let ask = |path: &str, token: &str| ClientRequest::get(path).with("host", OPEN_HOST).with("cookie", format!("__Host-portaria={token}"));

    for (what, answer, is_set) in [
        ("renewed by a page", broker.ask(ask("/session", &due)).await, true),
        ("renewed by a proxy", broker.ask(ask("/auth", &due)).await, true),
        ("stale", broker.ask(ask("/session", "stale")).await, false),
        ("stale on the page", broker.ask(ask("/login", "stale")).await, false),
        (
            "signed out",
            broker.ask(ClientRequest::form("/logout", "").with("host", OPEN_HOST).with("cookie", format!("__Host-portaria={due}"))).await,
            false,
        ),
    ] {
        let cookies = answer.cookies();
        assert_eq!(cookies.len(), 1, "{what}: {answer:?}");
        let (name, value, attributes) = cookies[0];
        assert_eq!((name, value.is_empty()), ("__Host-portaria", !is_set), "{what}");
        let guards = attributes.rsplit_once("; Max-Age=").expect("it has an age");
        assert_eq!(guards.0, "HttpOnly; SameSite=Lax; Secure; Path=/", "{what}");
        assert_eq!(guards.1 == "0", !is_set, "{what}");
    }
}

/// Attack X-07
/// Lesson 166
/// Attack X-07
#[actix_web::test]
async fn a_session_slides_and_the_former_token_stays_good_until_its_own_end() {
    let broker = TestBroker::builder(&format!("{LOCAL}session: {{ idle: 12h }}\n")).with_standard("acme").build().await;
    let now = portaria::world::clock::now();
    let sid = portaria::world::random::id();
    let token = |age: i64| {
        broker.token(HOST, |session| {
            (session.sid, session.since, session.issued, session.until) = (sid.clone(), now - age, now - age, now - age + 12 * 3600);
        })
    };
    let (fresh, due, old) = (token(5 * 3600), token(7 * 3600), token(11 * 3600));

    assert!(
        broker.ask(ClientRequest::get("/session").with("cookie", format!("portaria={fresh}"))).await.cookies().is_empty(),
        "it is too early"
    );
    let hundred = broker.ask_at_once(vec![ClientRequest::get("/session").with("cookie", format!("portaria={due}")); 100]).await;
    assert!(hundred.iter().all(|answer| answer.status == 200 && answer.session().is_some()));
    let renewed = hundred[0].session().expect("a session").to_owned();
    assert!(
        broker.ask(ClientRequest::get("/session").with("cookie", format!("portaria={renewed}"))).await.cookies().is_empty(),
        "once is enough"
    );
    let auth = async || broker.ask(ClientRequest::get("/auth").with("cookie", format!("portaria={due}"))).await;
    let (first, second) = (auth().await, auth().await);
    assert!(
        first.session().is_some_and(|token| token != due) && first.session() == second.session(),
        "a proxy is given the same one again"
    );
    assert_eq!(broker.ask(ClientRequest::get("/session").with("cookie", format!("portaria={old}"))).await.status, 200);

    let out = broker.ask(ClientRequest::form("/logout", "").with("cookie", format!("portaria={renewed}"))).await;
    assert_eq!(out.status, 303);
    for token in [&fresh, &due, &old, &renewed, &hundred[99].session().expect("a session").to_owned()] {
        for path in ["/session", "/auth"] {
            let answer = broker.ask(ClientRequest::get(path).with("cookie", format!("portaria={token}"))).await;
            assert_eq!(answer.status, 401, "all tokens of a session end with it");
            assert!(answer.session().is_none());
        }
    }
}

/// Attack X-06
#[actix_web::test]
async fn a_session_does_not_slide_beyond_its_absolute_end() {
    let broker = TestBroker::builder(&format!("{LOCAL}session: {{ lifetime: 24h, idle: 12h }}\n")).with_standard("acme").build().await;
    let now = portaria::world::clock::now();
    let late = broker.token(HOST, |session| (session.since, session.issued, session.until) = (now - 23 * 3600, now - 7 * 3600, now + 1800));

    let answer = broker.ask(ClientRequest::get("/session").with("cookie", format!("portaria={late}"))).await;

    let age = answer.cookies()[0].2.rsplit('=').next().and_then(|age| age.parse::<i64>().ok()).expect("an age");
    assert!((3590..=3600).contains(&age), "{age} seconds are left of a day");
}

#[actix_web::test]
async fn a_token_is_validated_for_whoever_has_it_and_nobody_else() {
    let broker = TestBroker::open().await;
    let token = broker.token(HOST, |_| {});
    let validate = async |body: &str| {
        broker.ask(ClientRequest::by("POST", "/session/validate").with("content-type", "application/json").body(body)).await
    };

    let fine = validate(&format!("{{\"token\":\"{token}\"}}")).await;
    assert_eq!((fine.status, fine.json()["user"].as_str()), (200, Some("ana@clientes.example")));

    let deep = "[".repeat(15_000);
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "{\"token\":null}",
        "{\"token\":7}",
        "{\"token\":[\"x\"]}",
        "{\"token\":\"\"}",
        "{\"token\":\"x\"",
        "token=x",
        "\u{0}",
        &deep,
    ] {
        let answer = validate(body).await;
        assert_eq!((answer.status, answer.json()["authStatus"].as_str()), (401, Some("InvalidToken")), "{answer:?}");
        broker.assert_clean(&answer);
    }
    let by_cookie = broker.ask(ClientRequest::by("POST", "/session/validate").with("cookie", format!("portaria={token}")).body("{}")).await;
    assert_eq!(by_cookie.status, 401, "a cookie is not a question");
}

#[actix_web::test]
async fn while_storage_is_silent_for_too_long_nobody_is_said_to_be_there() {
    let broker = TestBroker::open().await;
    let token = broker.token(HOST, |_| {});
    let who = ClientRequest::get("/session").with("cookie", format!("portaria={token}"));
    let whose = ClientRequest::by("POST", "/session/validate").body(format!("{{\"token\":\"{token}\"}}"));
    broker.storage_is_away(true);

    for (silence, expected) in [(55, 200), (65, 503), (86_400, 503)] {
        broker.app.revocations.mark_fresh(portaria::world::clock::now() - silence);
        for ask in [&who, &whose] {
            let answer = broker.ask(ask.clone()).await;
            assert_eq!(answer.status, expected, "after {silence} seconds: {answer:?}");
            assert!(answer.cookies().is_empty(), "whoever is signed in stays so");
        }
    }
}

//! How often a person may ask, and who that person is.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{STANDARD, TestBroker};

const SETTINGS: &str = "publicUrl: https://login.loja.example
returnTo: [ https://www.loja.example ]
trustedProxies: [ 10.0.0.0/8, \"2001:db8:ffff::/48\" ]
limits: { login: 2, callback: 3, session: 4, auth: 5 }
stores: { atacado: { publicUrl: https://login.atacado.example } }
";
const HOST: &str = "login.loja.example";
const STRANGER: &str = "198.51.100.7";

async fn broker() -> TestBroker {
    TestBroker::builder(SETTINGS).with("acme", &STANDARD.replace("UPSTREAM", "https://sso.acme.example")).build().await
}

/// How many of so many requests are answered; the others have to be told when to come again.
async fn answered(broker: &TestBroker, many: usize, ask: impl Fn(usize) -> ClientRequest) -> usize {
    let mut fine = 0;
    for at in 0..many {
        let answer = broker.ask(ask(at).with("host", HOST)).await;
        if answer.status != 429 && answer.status != 403 {
            fine += 1;
            continue;
        }
        let seconds: u64 = answer.header("retry-after").and_then(|seconds| seconds.parse().ok()).expect("when to come again");
        assert!((1..=60).contains(&seconds), "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.cookies().is_empty());
    }
    fine
}

/// Attacks L-16, R-01
#[actix_web::test]
async fn each_kind_of_request_has_a_budget_of_two_minutes() {
    let broker = broker().await;

    for (path, expected) in
        [("/login/acme", 4), ("/callback/acme?code=x&state=y", 6), ("/session", 8), ("/providers", 0), ("/login", 48), ("/auth", 10)]
    {
        let fine = answered(&broker, expected + 10, |_| ClientRequest::get(path).from(STRANGER)).await;
        // The clock goes on a little while this runs.
        assert!((expected..=expected + 2).contains(&fine), "{path}: {fine}");
    }
    let other = broker.ask(ClientRequest::get("/login/acme").with("host", HOST).from("198.51.100.8")).await;
    assert_eq!(other.status, 303, "the neighbour is not concerned");
    let store = broker.ask(ClientRequest::get("/login").with("host", "login.atacado.example").from(STRANGER)).await;
    assert_eq!(store.status, 200, "nor is another store");
}

#[actix_web::test]
async fn a_limit_is_told_as_what_was_asked_for() {
    let broker = broker().await;
    answered(&broker, 5, |_| ClientRequest::get("/login/acme").from(STRANGER)).await;

    let page = broker.ask(ClientRequest::get("/login/acme").with("host", HOST).with("accept", "text/html").from(STRANGER)).await;
    let program = broker.ask(ClientRequest::get("/login/acme").with("host", HOST).from(STRANGER)).await;

    assert_eq!((page.status, page.header("content-type")), (429, Some("text/html; charset=utf-8")));
    assert_eq!((program.status, program.body.as_str()), (429, "{\"error\":\"tooMany\"}"));
    broker.assert_clean(&page);
    broker.assert_clean(&program);
}

/// Attack R-01
#[actix_web::test]
async fn who_is_no_proxy_of_ours_cannot_say_that_they_are_somebody_else() {
    for name in
        ["x-forwarded-for", "X-Forwarded-For", "x-real-ip", "forwarded", "client-ip", "cf-connecting-ip", "true-client-ip", "x-client-ip"]
    {
        let broker = broker().await;
        let fine = answered(&broker, 12, |at| {
            let value = if name == "forwarded" { format!("for=203.0.113.{at}") } else { format!("203.0.113.{at}") };
            ClientRequest::get("/login/acme").from(STRANGER).with(name, value)
        });
        assert_eq!(fine.await, 4, "{name}");
    }
}

/// Attack R-01
/// Lesson 117
#[actix_web::test]
async fn behind_a_proxy_of_ours_the_last_stranger_counts() {
    let named = |value: &str| ClientRequest::get("/login/acme").from("10.0.0.1").with("x-forwarded-for", value);

    // What the client wrote itself stands further left, and varies to no avail.
    let one = broker().await;
    assert_eq!(answered(&one, 12, |at| named(&format!("203.0.113.{at}, {STRANGER}"))).await, 4);
    assert_eq!(
        answered(&one, 12, |at| named(&format!("203.0.113.{at}, {STRANGER}, 10.1.2.3"))).await,
        0,
        "through two proxies it is the same stranger"
    );
    assert_eq!(
        answered(&one, 12, |at| named("203.0.113.1").with("x-forwarded-for", format!("{STRANGER}, 10.{at}.0.1"))).await,
        0,
        "two lines are one"
    );

    // Everybody behind it has a budget of their own.
    assert_eq!(answered(&broker().await, 12, |at| named(&format!("203.0.113.{at}"))).await, 12);
    // What cannot be read is the proxy itself.
    let odd = broker().await;
    assert_eq!(answered(&odd, 12, |at| named(&format!("unknown-{at}"))).await, 4);
    assert_eq!(answered(&odd, 3, |_| named("")).await, 0);
    assert_eq!(answered(&odd, 3, |at| named(&format!("203.0.113.{at}, _hidden"))).await, 0);
    assert_eq!(answered(&odd, 3, |at| named(&format!("203.0.113.{at}:4711, 10.0.0.2, x"))).await, 0);
}

/// Attacks S-09, R-01
#[actix_web::test]
async fn the_whole_of_a_64_is_one_somebody() {
    let same = broker().await;
    assert_eq!(answered(&same, 12, |at| ClientRequest::get("/login/acme").from(&format!("2001:db8:1:2::{at:x}"))).await, 4);
    assert_eq!(answered(&same, 12, |at| ClientRequest::get("/login/acme").from(&format!("2001:db8:1:2:{at:x}::1"))).await, 0);

    assert_eq!(answered(&broker().await, 12, |at| ClientRequest::get("/login/acme").from(&format!("2001:db8:1:{at:x}::1"))).await, 12);
    let mapped = broker().await;
    assert_eq!(answered(&mapped, 4, |_| ClientRequest::get("/login/acme").from(STRANGER)).await, 4);
    assert_eq!(
        answered(&mapped, 4, |_| ClientRequest::get("/login/acme").from(&format!("::ffff:{STRANGER}"))).await,
        0,
        "it is the same address in another coat"
    );
}

#[actix_web::test]
async fn proxies_may_ask_about_sessions_as_often_as_they_like() {
    let broker = broker().await;

    for peer in ["10.0.0.1", "127.0.0.1", "::1", "2001:db8:ffff::1", "::ffff:10.0.0.1"] {
        assert_eq!(
            answered(&broker, 100, |_| ClientRequest::get("/auth").from(peer).with("x-forwarded-for", STRANGER)).await,
            100,
            "{peer}"
        );
    }
    let over = answered(&broker, 30, |_| ClientRequest::get("/auth").from(STRANGER)).await;
    assert!((10..=12).contains(&over), "{over}");
    let token = broker.token(HOST, |_| {});
    let refused =
        broker.ask(ClientRequest::get("/auth").with("host", HOST).with("cookie", format!("__Host-portaria={token}")).from(STRANGER)).await;
    assert_eq!(refused.status, 403, "a proxy only understands yes and no: {refused:?}");
    assert!(refused.header("x-auth-email").is_none());
}

/// Attack S-09
#[actix_web::test]
async fn who_has_used_up_their_budget_does_not_keep_others_out() {
    let broker = broker().await;
    for at in 0..2_000_u32 {
        let peer = std::net::Ipv4Addr::from(0x0b00_0000 + at).to_string();
        broker.ask(ClientRequest::get("/login/acme").with("host", HOST).from(&peer)).await;
    }
    answered(&broker, 20, |_| ClientRequest::get("/login/acme").from(STRANGER)).await;

    let honest = Browser::at(&broker, HOST);
    let answer = broker.ask(honest.dressed(ClientRequest::get("/login/acme")).from("198.51.100.9")).await;

    assert_eq!(answer.status, 303);
}

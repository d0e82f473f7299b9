//! What a proxy is told, whatever anybody sends along.

use crate::web::addresses::nasty_addresses;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::{HOST, OPEN, STANDARD, TestBroker, until};
use actix_web::http::header::HeaderValue;
use portaria::world::clock;

const STRANGER: &str = "198.51.100.7";
const IDENTITY: [&str; 7] = ["x-auth-email", "x-auth-name", "x-auth-uid", "x-auth-provider", "x-auth-store", "x-auth-app", "x-auth-scope"];

fn assert_nobody(broker: &TestBroker, answer: &Answer) {
    assert_eq!(answer.status, 401, "{answer:?}");
    assert!(IDENTITY.iter().all(|name| answer.header(name).is_none()), "{answer:?}");
    assert_eq!((answer.body.as_str(), answer.header("cache-control")), ("", Some("no-store")));
    assert!(answer.cookies().is_empty());
    broker.assert_silent(answer);
}

fn assert_somebody(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    for name in IDENTITY {
        assert_eq!(answer.all(name).count(), 1, "{name}: {answer:?}");
    }
    assert_eq!((answer.body.as_str(), answer.header("cache-control")), ("", Some("no-store")));
}

/// Attacks
/// Lessons 93, 113, 119
#[actix_web::test]
async fn without_a_good_cookie_it_is_no_whatever_else_is_sent() {
    let broker = TestBroker::open().await;
    let token = broker.token(HOST, |_| {});
    let bearer = format!("Bearer {token}");

    for ask in [
        ClientRequest::get("/auth"),
        ClientRequest::get("/auth").with("cookie", "portaria=junk"),
        ClientRequest::get("/auth").with("authorization", bearer.replace("Bearer", "Basic")),
        ClientRequest::get("/auth").with("authorization", format!("{bearer}x")),
        ClientRequest::get("/auth").with("proxy-authorization", &bearer),
        ClientRequest::get(&format!("/auth?access_token={token}&token={token}&portaria={token}")),
        ClientRequest::get("/auth").with("x-auth-email", "ana@clientes.example").with("x-auth-uid", "x"),
        ClientRequest::get("/auth").with("x-portaria", &token),
        ClientRequest::get("/auth").with("user-agent", "kube-probe/1.30").with("x-forwarded-for", "127.0.0.1"),
        ClientRequest::get("/auth").with("upgrade", "websocket").with("connection", "upgrade"),
        ClientRequest::get("/auth").with("range", "bytes=0-").with("expect", "100-continue"),
        ClientRequest::by("POST", "/auth").body("a".repeat(200_000)),
        ClientRequest::get("/auth/../login").with("cookie", ""),
        ClientRequest::get("/auth/health/live"),
        ClientRequest::get("/auth/%2e%2e/style.css"),
    ] {
        assert_nobody(&broker, &broker.ask(ask).await);
    }
    for host in ["localhost", "127.0.0.1", "kubernetes.default"] {
        let probe = ClientRequest::get("/auth").with("host", host).with("user-agent", "kube-probe/1.30");
        assert_eq!(broker.ask(probe).await.status, 421, "{host}");
    }
}

#[actix_web::test]
async fn a_token_that_borrows_the_signature_of_one_that_was_just_verified_is_none() {
    let broker = TestBroker::open().await;
    let good = broker.token(HOST, |_| {});
    let other = broker.token(HOST, |session| session.person.provider_id = "evil".into());
    let (_, signature) = good.rsplit_once('.').expect("it is signed");
    let (claims, _) = other.rsplit_once('.').expect("it is signed");
    let auth = async |token: &str| broker.ask(ClientRequest::get("/auth").with("cookie", format!("portaria={token}"))).await;

    assert_somebody(&auth(&good).await);
    assert_nobody(&broker, &auth(&format!("{claims}.{signature}")).await);
    assert_somebody(&auth(&good).await);
}

/// Attack A-06
/// Lesson 120
#[actix_web::test]
async fn the_same_decision_for_every_method_and_every_path_below() {
    let broker = TestBroker::open().await;
    let cookie = format!("portaria={}", broker.token(HOST, |_| {}));

    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "X"] {
        for path in [
            "/auth",
            "/auth/",
            "/auth/loja/carrinho",
            "/auth//x",
            "/auth/%2e%2e/x",
            "/auth/..;/x",
            "/auth/x%00",
            "/auth?x=1",
            "/auth/x?redirect",
        ] {
            for override_ in ["GET", "OPTIONS", "HEAD"] {
                let ask = ClientRequest::by(method, path).with("x-http-method-override", override_).with("x-forwarded-method", override_);
                assert_somebody(&broker.ask(ask.clone().with("cookie", &cookie)).await);
                assert_nobody(&broker, &broker.ask(ask).await);
            }
        }
    }
}

/// Attack A-02
#[actix_web::test]
async fn what_clients_send_under_our_names_is_never_what_the_proxy_gets() {
    let broker = TestBroker::open().await;
    let cookie = format!("portaria={}", broker.token(HOST, |_| {}));
    let mut ask = ClientRequest::get("/auth").with("cookie", &cookie);
    for name in [
        "x-auth-email",
        "X-Auth-Email",
        "x_auth_email",
        "x.auth.email",
        "x-auth-name",
        "x-auth-uid",
        "x-auth-provider",
        "x-auth-store",
        "x-auth-app",
        "x-auth-scope",
    ] {
        ask = ask.with(name, "vitima@clientes.example");
    }
    for name in ["x-forwarded-user", "x-remote-user", "remote-user", "x-forwarded-email"] {
        ask = ask.with(name, "vitima@clientes.example");
    }
    let ask = ask.with("connection", "x-auth-email, cookie, x-forwarded-host");

    let answer = broker.ask(ask).await;

    assert_somebody(&answer);
    assert!(answer.headers.iter().all(|(_, value)| !value.contains("vitima")), "{answer:?}");
    assert_eq!(answer.header("x-auth-email"), Some("ana@clientes.example"));
    assert_eq!((answer.header("x-auth-app"), answer.header("x-auth-scope")), (Some(""), Some("")), "a browser is no app");
}

/// Attacks A-12, E-10
/// Lesson 107
#[actix_web::test]
async fn every_header_is_set_even_when_there_is_nothing_to_say() {
    let broker = TestBroker::open().await;
    let odd = broker.token(HOST, |session| session.person.name = None);
    let spoken = broker.token(HOST, |session| session.person.name = Some("João\r\nX-Auth-Email: x \u{202e}%".into()));

    let (silent, said) = (
        broker.ask(ClientRequest::get("/auth").with("cookie", format!("portaria={odd}"))).await,
        broker.ask(ClientRequest::get("/auth").with("cookie", format!("portaria={spoken}"))).await,
    );

    assert_somebody(&silent);
    assert_eq!(silent.header("x-auth-name"), Some(""));
    assert_somebody(&said);
    let name = said.header("x-auth-name").expect("a name");
    assert!(
        name.starts_with("Jo%C3%A3o%0D%0A") && name.ends_with("%E2%80%AE%25") && name.bytes().all(|byte| byte.is_ascii_graphic()),
        "{name}"
    );
}

fn browser(ask: ClientRequest) -> ClientRequest {
    ask.with("sec-fetch-mode", "navigate").with("accept", "text/html")
}

/// Attack A-13
#[actix_web::test]
async fn only_browsers_that_go_somewhere_are_shown_the_way() {
    let broker = TestBroker::open().await;
    let login = format!("http://{HOST}/login");

    for (ask, expected) in [
        (browser(ClientRequest::get("/auth?redirect")), Some(&login)),
        (browser(ClientRequest::get("/auth?redirect=1")), Some(&login)),
        (browser(ClientRequest::get("/auth/loja?x=1&redirect")), Some(&login)),
        (ClientRequest::get("/auth?redirect").with("accept", "text/html,application/xhtml+xml"), Some(&login)),
        (browser(ClientRequest::get("/auth")), None),
        (browser(ClientRequest::get("/auth?noredirect")), None),
        (browser(ClientRequest::get("/auth?x=redirect")), None),
        (ClientRequest::get("/auth?redirect").with("sec-fetch-mode", "cors").with("accept", "text/html"), None),
        (ClientRequest::get("/auth?redirect").with("accept", "application/json"), None),
        (browser(ClientRequest::get("/auth?redirect").with("x-forwarded-method", "POST")), None),
        (browser(ClientRequest::get("/auth?redirect").with("x-forwarded-method", "get")), None),
        (browser(ClientRequest::get("/auth?redirect").with("x-forwarded-method", "HEAD")), Some(&login)),
        (browser(ClientRequest::by("POST", "/auth?redirect")), None),
        (browser(ClientRequest::by("PUT", "/auth/loja?redirect")), None),
        (ClientRequest::get("/auth?redirect"), None),
    ] {
        let answer = broker.ask(ask).await;
        assert_eq!(
            (answer.status, answer.location()),
            (if expected.is_some() { 302 } else { 401 }, expected.map(String::as_str)),
            "{answer:?}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

fn forwarded(ask: ClientRequest, proto: &str, host: &str, uri: &str) -> ClientRequest {
    ask.with("x-forwarded-proto", proto).with("x-forwarded-host", host).with("x-forwarded-uri", uri)
}

fn wanted(answer: &Answer) -> Option<String> {
    let url = url::Url::parse(answer.location()?).expect("an address");
    url.query_pairs().find(|(name, _)| name == "return_to").map(|(_, value)| value.into_owned())
}

/// Attacks
/// Lesson 114
#[actix_web::test]
async fn the_way_back_is_taken_from_our_own_proxies_and_leads_to_the_store() {
    let broker = TestBroker::open().await;
    let ask = || browser(ClientRequest::get("/auth?redirect"));

    let honest = broker.ask(forwarded(ask(), "http", "localhost:9000", "/carrinho?a=1&b=%20")).await;
    assert_eq!(wanted(&honest).as_deref(), Some("http://localhost:9000/carrinho?a=1&b=%20"));

    for (proto, host, uri) in [
        ("http", "evil.example", "/"),
        ("https", "localhost:9000", "/"),
        ("http", "localhost:9000@evil.example", "/"),
        ("http", "localhost:9000.evil.example", "/"),
        ("http", "localhost:9000", "@evil.example/"),
        ("http", "localhost:9000", ".evil.example/"),
        ("http", "localhost:9000", ""),
        ("javascript", "localhost:9000", "/"),
        ("http", "", "/"),
        ("", "localhost:9000", "/"),
        ("http", "localhost:9000, evil.example", "/"),
        ("http,https", "localhost:9000", "/"),
        ("http", "[::1", "/"),
        ("http", "localhost:9000", "/\\evil.example"),
        ("http", "localhost:9000", "/ x"),
        ("http", "localhost:9000", "/\t"),
        ("http", "localhost:9000\\", "/"),
    ] {
        let answer = broker.ask(forwarded(ask(), proto, host, uri)).await;
        assert_eq!((answer.status, wanted(&answer)), (302, None), "{proto} {host} {uri}: {answer:?}");
        assert_eq!(answer.location(), Some("http://localhost:8080/login"));
        assert_nobody(&broker, &broker.ask(forwarded(ClientRequest::get("/auth"), proto, host, uri)).await);
    }
    for wanted in nasty_addresses().iter().filter(|wanted| HeaderValue::from_str(wanted).is_ok()) {
        let (proto, rest) = wanted.split_once("://").unwrap_or(("http", wanted));
        let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        for ask in [forwarded(ask(), proto, host, path), forwarded(ask(), "http", "localhost:9000", wanted)] {
            let answer = broker.ask(ask).await;
            assert_eq!(answer.status, 302, "{wanted}: {answer:?}");
            assert!(self::wanted(&answer).is_none_or(|wanted| broker.may_lead_to(&wanted)), "{wanted}: {answer:?}");
        }
    }
    let twice = broker.ask(forwarded(forwarded(ask(), "http", "localhost:9000", "/a"), "http", "localhost:9000", "/b")).await;
    assert_eq!(wanted(&twice), None);
    let long = broker.ask(forwarded(ask(), "http", "localhost:9000", &format!("/{}", "a".repeat(64_000)))).await;
    assert_eq!((long.status, wanted(&long)), (302, None));
    let bytes = broker
        .ask(ask().with("x-forwarded-proto", "http").with("x-forwarded-host", "localhost:9000").with("x-forwarded-uri", b"/\xff"))
        .await;
    assert_eq!((bytes.status, wanted(&bytes)), (302, None));
    let foreign = broker.ask(forwarded(ask(), "http", "localhost:9000", "/carrinho").from(STRANGER)).await;
    assert_eq!((foreign.status, wanted(&foreign)), (302, None), "who is no proxy of ours is not believed");
}

/// Attacks, N-02
/// Lessons 109, 110
#[actix_web::test]
async fn nothing_that_is_forwarded_decides_who_somebody_is() {
    let settings =
        format!("{OPEN}stores: {{ atacado: {{ publicUrl: https://login.atacado.example, returnTo: [ https://www.atacado.example ] }} }}\n");
    let broker = TestBroker::builder(&settings).with("acme", &STANDARD.replace("UPSTREAM", "https://sso.acme.example")).build().await;
    let token = broker.token("login.loja.example", |_| {});
    let ask = |host: &str| ClientRequest::get("/auth").with("host", host).with("cookie", format!("__Host-portaria={token}")).from(STRANGER);

    assert_somebody(&broker.ask(ask("login.loja.example")).await);
    for (name, value) in [
        ("x-forwarded-host", "login.atacado.example"),
        ("forwarded", "host=login.atacado.example"),
        ("x-original-host", "login.atacado.example"),
        ("x-host", "login.atacado.example"),
        ("x-original-url", "/public"),
        ("x-original-uri", "/public"),
        ("x-rewrite-url", "/public"),
        ("x-forwarded-prefix", "/public"),
        ("x-forwarded-proto", "http"),
        ("x-auth-store", "atacado"),
    ] {
        let own = broker.ask(ask("login.loja.example").with(name, value)).await;
        assert_somebody(&own);
        assert_eq!(own.header("x-auth-store"), Some("main"), "{name}");
        assert_nobody(&broker, &broker.ask(ask("login.atacado.example").with(name, "login.loja.example")).await);
        let nobody = ClientRequest::get("/auth").with("host", "login.loja.example").with(name, value).from(STRANGER);
        assert_nobody(&broker, &broker.ask(nobody).await);
    }
}

#[actix_web::test]
async fn a_session_that_ended_is_over_at_once_though_it_was_judged_before() {
    let broker = TestBroker::open().await;
    let mut sid = Box::default();
    let token = broker.token(HOST, |session| sid = session.sid.clone());
    let ask = ClientRequest::get("/auth").with("cookie", format!("portaria={token}"));
    for _ in 0..3 {
        assert_somebody(&broker.ask(ask.clone()).await);
    }

    broker.app.revocations.record_end(&sid, clock::now() + 3600);

    assert_nobody(&broker, &broker.ask(ask.clone()).await);
    broker.app.revocations.mark_fresh(clock::now() - 3600);
    broker.app.revocations.mark_fresh(clock::now());
    assert_nobody(&broker, &broker.ask(ask).await);
}

#[actix_web::test]
async fn a_session_that_was_judged_before_still_comes_to_its_end() {
    let broker = TestBroker::open().await;
    let now = clock::now();
    let token = broker.token(HOST, |session| session.until = now + 2);
    let ask = ClientRequest::get("/auth").with("cookie", format!("portaria={token}"));
    assert_somebody(&broker.ask(ask.clone()).await);

    until("two seconds have gone by", || clock::now() >= now + 2).await;

    assert_nobody(&broker, &broker.ask(ask).await);
}

/// Attack A-10
/// Lesson 122
#[actix_web::test]
async fn while_storage_is_silent_for_too_long_nobody_passes() {
    let broker = TestBroker::open().await;
    let cookie = format!("portaria={}", broker.token(HOST, |_| {}));
    let mut sid = Box::default();
    let ended = format!("portaria={}", broker.token(HOST, |session| sid = session.sid.clone()));
    broker.app.revocations.record_end(&sid, clock::now() + 3600);
    broker.storage_is_away(true);

    for (silence, expected) in [(0, 200), (55, 200), (65, 503), (86_400, 503)] {
        broker.app.revocations.mark_fresh(clock::now() - silence);
        let answer = broker.ask(ClientRequest::get("/auth").with("cookie", &cookie)).await;
        assert_eq!(answer.status, expected, "after {silence} seconds: {answer:?}");
        assert_eq!(answer.header("x-auth-email").is_some(), expected == 200);
        let over = broker.ask(ClientRequest::get("/auth").with("cookie", &ended)).await;
        assert!(matches!(over.status, 401 | 503), "what has ended stays so: {over:?}");
    }
    let nobody = broker.ask(browser(ClientRequest::get("/auth?redirect"))).await;
    assert_eq!((nobody.status, nobody.header("retry-after")), (503, Some("5")));
    broker.app.revocations.mark_fresh(clock::now());
    assert_somebody(&broker.ask(ClientRequest::get("/auth").with("cookie", &cookie)).await);
}

#[actix_web::test]
async fn for_two_who_take_turns_nothing_is_mixed_up() {
    let broker = TestBroker::open().await;
    let of = |name: &str| {
        let email = portaria::vocabulary::email::Email::parse(&format!("{name}@clientes.example")).expect("an address");
        broker.token(HOST, |session| session.person.email = email)
    };
    let (ana, bruno) = (of("ana"), of("bruno"));

    for turn in 0..200 {
        let (token, expected) = if turn % 2 == 0 { (&ana, "ana@clientes.example") } else { (&bruno, "bruno@clientes.example") };
        let answer = broker.ask(ClientRequest::get("/auth").with("cookie", format!("portaria={token}"))).await;
        assert_eq!(answer.header("x-auth-email"), Some(expected));
        assert_nobody(&broker, &broker.ask(ClientRequest::get("/auth").with("cookie", format!("portaria={token}x"))).await);
    }
}

//! The host of a request, and nothing else, chooses the store.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::stores::{OTHER, TWO, two};
use crate::web::test_broker::{HOST, LOCAL, TestBroker};
use portaria::stores::settings::Settings;
use portaria::vocabulary::place::Source;
use std::fmt::Write as _;

/// Attacks L-14, H-12
#[actix_web::test]
async fn a_host_that_is_not_ours_is_not_served() {
    let broker = two().await;

    for host in [
        "evil.example",
        "localhost",
        "localhost:8081",
        "localhost:80800",
        "localhost.:8080",
        "localhost:8080.evil.example",
        "evil.example:8080",
        "localhost:8080@evil.example",
        "user@localhost:8080",
        "[::1]:8080",
        "",
        " ",
        "localhost:8080,evil.example",
        "localhost:8080/x",
        "http://localhost:8080",
        "127.0.0.1",
        "127.1:8080",
        "2130706433:8080",
        "*",
        "login.loja.example",
    ] {
        for path in [
            "/login",
            "/login/acme",
            "/callback/acme?code=x&state=y",
            "/session",
            "/auth",
            "/providers",
            "/playground",
            "/nowhere",
            "/metrics",
        ] {
            let answer = broker.ask(ClientRequest::get(path).with("host", host)).await;
            let expected = if path == "/metrics" { 404 } else { 421 };
            assert_eq!(answer.status, expected, "{host} {path}: {answer:?}");
            assert!(answer.cookies().is_empty() && answer.location().is_none());
            broker.assert_clean(&answer);
        }
    }
    for (address, host, expected) in [
        ("http://evil.example/login", HOST, 421),
        ("http://localhost:8080/login", "evil.example", 421),
        ("http://127.0.0.1:8080/login", HOST, 421),
        ("http://x@localhost:8080/login", HOST, 421),
        ("http://localhost:8080/login", HOST, 200),
        ("http://evil.example/auth", HOST, 421),
        ("http://localhost:8080/auth", HOST, 401),
    ] {
        assert_eq!(broker.ask(ClientRequest::get(address).with("host", host)).await.status, expected, "{address} at {host}");
    }
    assert!(broker.upstream.heard().is_empty());
}

/// No store can be switched off: it is in the settings, or it is not. The host of a request is looked up in one table before anything
/// else is done, so there is nothing whose time could differ.
/// Attack L-15
#[actix_web::test]
async fn a_store_that_was_removed_is_answered_like_one_that_never_was() {
    let broker = two().await;
    let there = Browser::at(&broker, OTHER);
    assert_eq!(there.log_in("acme", "ana").await.status, 303);
    let begun = there.begin("/login/acme").await;
    for host in ["LOCALHOST:8080", "LocalHost:8080"] {
        let told = |host: &'static str| broker.ask(ClientRequest::get("/providers").with("host", host));
        assert_eq!(told(host).await.body, told(HOST).await.body, "one name, however it is written");
    }

    broker.resettle(LOCAL);

    for path in
        ["/login", "/login/acme", &there.way_back("acme", &begun.state, "ana"), "/session", "/auth", "/.well-known/jwks.json", "/account"]
    {
        let ask = async |host: &str, cookies: &str| {
            let answer = broker.ask(ClientRequest::get(path).with("host", host).with("cookie", cookies)).await;
            let mut headers = answer.headers.clone();
            headers.sort();
            (answer.status, headers, answer.body)
        };
        let never = ask("127.0.0.2:8080", "").await;
        assert_eq!(never.0, 421, "{path}");
        assert_eq!(ask(OTHER, "").await, never, "{path}");
        assert_eq!(ask(OTHER, &there.cookies()).await, never, "{path}");
    }
}

/// Attacks L-14, N-02
/// Lessons 79, 118
#[actix_web::test]
async fn nothing_that_is_forwarded_changes_an_absolute_address() {
    let broker = two().await;
    let mut ask = ClientRequest::get("/login/acme");
    for name in [
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-port",
        "x-forwarded-server",
        "x-host",
        "forwarded",
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-prefix",
    ] {
        ask = ask.with(name, "evil.example");
    }

    for peer in ["127.0.0.1", "198.51.100.7"] {
        let answer = broker.ask(ask.clone().from(peer)).await;
        let location = answer.location().expect("it leads on");
        assert!(
            location.contains("redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fcallback%2Facme") && !location.contains("evil"),
            "{location}"
        );
        let providers = broker.ask(ClientRequest::get("/providers").with("x-forwarded-host", "evil.example").from(peer)).await;
        assert_eq!(providers.json()["providers"][0]["login"], "http://localhost:8080/login/acme");
    }
}

#[actix_web::test]
async fn a_thousand_stores_are_there_at_once() {
    let mut settings = format!("{LOCAL}stores:\n");
    for at in 0..1000 {
        let _ = writeln!(
            settings,
            "  loja{at}: {{ publicUrl: \"http://localhost:{}\", returnTo: [ \"http://localhost:9000\" ] }}",
            20_000 + at
        );
    }
    let broker = TestBroker::builder(&settings).with_standard("acme").build().await;

    for at in (0..1000).step_by(37).chain([999]) {
        let host = format!("localhost:{}", 20_000 + at);
        let browser = Browser::at(&broker, &host);
        assert_eq!(browser.log_in("acme", "ana").await.status, 303);
        let told = browser.get("/session").await.json();
        assert_eq!(told["store"], format!("loja{at}"));
        let elsewhere = broker
            .ask(
                ClientRequest::get("/auth")
                    .with("host", format!("localhost:{}", 20_000 + (at + 1) % 1000))
                    .with("cookie", browser.cookies()),
            )
            .await;
        assert_eq!(elsewhere.status, 401);
    }
    assert_eq!(broker.ask(ClientRequest::get("/login").with("host", "localhost:21000")).await.status, 421);
}

/// Attack N-04
#[test]
fn settings_in_which_two_stores_have_one_host_are_refused() {
    let read = |main: &str, atacado: &str, varejo: &str| {
        let text =
            format!("publicUrl: {main}\nstores:\n  atacado: {{ publicUrl: \"{atacado}\" }}\n  varejo: {{ publicUrl: \"{varejo}\" }}\n");
        Settings::read(&Source::new("portaria.yaml", text)).0
    };
    let [a, b, c] = ["https://login.loja.example", "https://login.atacado.example", "https://login.varejo.example"];
    assert!(read(a, b, c).is_some());
    for again in [b.to_owned(), b.to_uppercase().replace("HTTPS", "https"), format!("{b}/"), format!("{b}:443")] {
        assert!(read(a, b, &again).is_none(), "two further stores: {again}");
        assert!(read(&again, b, c).is_none(), "the main store and a further one: {again}");
    }
}

/// Attack N-07
#[actix_web::test]
async fn what_a_visitor_sends_makes_no_further_label_and_no_label_names_a_person() {
    let broker = two().await;
    let metrics = async || {
        let text = broker.ask(ClientRequest::get("/metrics")).await.body;
        let mut labels: Vec<String> = text.lines().filter_map(|line| Some(line.split_once('{')?.1.split_once('}')?.0.to_owned())).collect();
        labels.sort();
        labels.dedup();
        labels
    };
    for host in [HOST, OTHER] {
        let browser = Browser::at(&broker, host);
        browser.log_in("acme", "ana").await;
        let begun = browser.begin("/login/acme").await;
        browser.get(&format!("/callback/acme?error=access_denied&state={}", begun.state)).await;
        browser.get("/callback/acme?code=x&state=y").await;
    }
    let before = metrics().await;

    for number in 0..20 {
        for path in ["login", "callback", "logo"] {
            let address = format!("/{path}/inventado-{number}?code=x&state=y&store=inventado-{number}");
            for host in [HOST, OTHER, "evil.example"] {
                broker.ask(ClientRequest::get(&address).with("host", host).with("x-store", "inventado")).await;
            }
        }
        for host in [HOST, OTHER] {
            broker.ask(ClientRequest::get(&format!("/callback/acme?code={number}&state={number}")).with("host", host)).await;
        }
    }

    assert_eq!(metrics().await, before);
    for label in &before {
        assert!(!label.contains('@') && !label.contains("ana"), "{label}");
        let store = label.split(',').find_map(|pair| pair.trim().strip_prefix("store="));
        assert!(store.is_none_or(|store| matches!(store, "\"main\"" | "\"atacado\"")), "{label}");
    }
}

/// A host for services inside the network reaches what is meant for programs, at the store that names it, and nothing else.
/// Attacks L-14, H-12
#[actix_web::test]
async fn under_an_internal_host_programs_are_answered_and_nothing_else_is_there() {
    let inside = "internalHosts: [ portaria.svc.cluster.local, 10.0.0.5, \"fd00::5\" ]\n";
    let of_other =
        TWO.replace("returnTo: [ http://localhost:9001 ]", "returnTo: [ http://localhost:9001 ], internalHosts: [ atacado.svc ]");
    let broker = TestBroker::builder(&format!("{inside}{of_other}")).with_standard("acme").build().await;
    let browser = Browser::new(&broker);
    let token = browser.log_in("acme", "ana").await.session().expect("a session").to_owned();
    let validate = |host: &str, token: &str| {
        let body = format!("{{\"token\":\"{token}\"}}");
        ClientRequest::by("POST", "/session/validate").with("host", host).with("content-type", "application/json").body(body)
    };

    for host in
        ["portaria.svc.cluster.local", "Portaria.svc.cluster.local:8080", "10.0.0.5", "10.0.0.5:80", "[fd00::5]:8080", "[FD00:0::5]"]
    {
        let get = |path: &str| ClientRequest::get(path).with("host", host).with("accept", "text/html").with("cookie", browser.cookies());
        for path in ["/.well-known/jwks.json", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
            let answer = broker.ask(get(path)).await;
            let public = broker.ask(ClientRequest::get(path)).await;
            assert_eq!((answer.status, &answer.body), (200, &public.body), "{host} {path}");
            assert!(answer.cookies().is_empty() && !answer.body.contains("svc.cluster"), "{host} {path}: {answer:?}");
        }
        let valid = broker.ask(validate(host, &token)).await;
        assert_eq!((valid.status, valid.json()["authStatus"].as_str()), (200, Some("Success")), "{host}: {valid:?}");
        assert_eq!(broker.ask(ClientRequest::form("/introspect", "token=x").with("host", host)).await.status, 401, "{host}");
        for path in [
            "/",
            "/login",
            "/login/acme",
            "/callback/acme?code=x&state=y",
            "/session",
            "/auth",
            "/providers",
            "/account",
            "/token",
            "/userinfo",
            "/authorize",
            "/lab",
            "/embed.js",
            "/logout",
            "/nowhere",
        ] {
            let answer = broker.ask(get(path)).await;
            assert_eq!(answer.status, 421, "{host} {path}: {answer:?}");
            assert!(answer.cookies().is_empty() && answer.location().is_none() && !answer.body.contains("<html"));
        }
        let wrong = broker.ask(get("/session/validate")).await;
        assert_eq!((wrong.status, wrong.header("content-type")), (405, Some("application/json")), "no page: {wrong:?}");
    }
    for host in
        ["portaria.svc", "svc.cluster.local", "x.portaria.svc.cluster.local", "portaria.svc.cluster.local.", "10.0.0.50", "10.0.0.5:x"]
    {
        assert_eq!(broker.ask(validate(host, &token)).await.status, 421, "{host}");
    }
    assert_eq!(broker.ask(validate("atacado.svc", &token)).await.status, 401, "a token is good at its own store alone");
    let spoofed = ClientRequest::get("http://localhost:8080/.well-known/jwks.json").with("host", "atacado.svc");
    assert_eq!(broker.ask(spoofed).await.status, 421, "an address that names another host than the header");
    broker.resettle(TWO);
    assert_eq!(broker.ask(validate("10.0.0.5", &token)).await.status, 421, "the setting is gone");
}

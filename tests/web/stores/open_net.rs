//! A store that browsers reach over the open net.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{Folder, OPEN, TestBroker};
use aws_lc_rs::hmac;
use portaria::world::random;
use std::collections::HashSet;

/// An address is judged before a connection to it is tried, so an open, a closed and a silent port cannot be told apart by the time that
/// passes: no packet leaves. What is shown is the same as well.
/// Attacks P-02, T-15
/// Lessons 130, 132, 144
#[actix_web::test]
async fn on_the_open_net_addresses_of_this_machine_are_never_asked() {
    let local = "name: X\nclientId: c\nclientSecret: SECRET\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\ngetAccessCode: { post: \"ADDRESS/token\" }\ngetUserInfo: { get: \"https://sso.acme.example/me\" }\n";
    let mut plan = TestBroker::builder(OPEN);
    let addresses = [
        "https://127.0.0.1:PORT",
        "https://localhost:PORT",
        "https://[::1]:PORT",
        "https://0.0.0.0:PORT",
        "https://[::ffff:127.0.0.1]:PORT",
        "https://2130706433:PORT",
        "https://0x7f.1:PORT",
        "https://127.1:PORT",
        "https://localhost.:PORT",
        "https://[::ffff:7f00:1]:PORT",
        "https://[64:ff9b::7f00:1]:PORT",
        "https://[2002:7f00:1::]:PORT",
        "http://127.0.0.1:PORT",
        "http://localhost:PORT",
        "https://sub.localhost:PORT",
        "https://169.254.169.254:PORT",
        "https://10.0.0.1:PORT",
        "https://0177.0.0.1:PORT",
        "https://017700000001:PORT",
        "https://0x7f000001:PORT",
        "https://127.0.1:PORT",
        "https://0:PORT",
        "https://[::]:PORT",
        "https://[fe80::1%25lo]:PORT",
        "https://[fc00::1]:PORT",
        "https://[64:ff9b::a9fe:a9fe]:PORT",
        "https://１２７.0.0.1:PORT",
        "https://127。0。0。1:PORT",
        "https://127.0.0.1.:PORT",
        "https://LOCALHOST:PORT",
        "https://localhost.localdomain:PORT",
        "https://192.168.0.1:22",
        "https://172.16.0.1:25",
        "https://100.64.0.1:6379",
        "https://127.0.0.1:1",
        "https://[::ffff:10.0.0.1]:PORT",
        "https://[::127.0.0.1]:PORT",
        "https://[fec0::1]:PORT",
        "https://[2001::7f00:1]:PORT",
        "https://198.18.0.1:PORT",
        "https://224.0.0.1:PORT",
        "https://255.255.255.255:PORT",
    ];
    for (at, address) in addresses.iter().enumerate() {
        plan = plan.with(&format!("p{at}"), &local.replace("ADDRESS", address));
    }
    let broker = plan.build().await;

    let (mut refused, mut asked, mut pages) = (0, 0, HashSet::new());
    for (at, address) in addresses.iter().enumerate() {
        let browser = Browser::at(&broker, "login.loja.example");
        let begun = browser.get(&format!("/login/p{at}")).await;
        if begun.status == 404 {
            refused += 1;
            continue;
        }
        asked += 1;
        let state = begun
            .location()
            .and_then(|address| address.split("state=").nth(1))
            .and_then(|rest| rest.split('&').next())
            .expect("a state")
            .to_owned();
        let answer = browser.get(&browser.way_back(&format!("p{at}"), &state, "ana")).await;
        assert!(matches!(answer.status, 502 | 504), "{address}: {answer:?}");
        broker.assert_clean(&answer);
        assert!(!answer.body.contains("127.0.0.1") && !answer.body.contains("localhost"), "{answer:?}");
        let before_code = answer.body.split("<section class=\"code\"").next().unwrap_or_default();
        pages.insert((answer.status, before_code.replace(&format!("/p{at}\""), "/p\"")));
    }

    assert!(asked > 3, "some of them can only be seen when they are asked");
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert_eq!(broker.upstream.connections(), 0, "{refused} were refused as files, {asked} when they were asked");
}

/// Lesson 57
#[actix_web::test]
async fn a_login_on_the_open_net_sets_cookies_that_no_other_host_can_write() {
    // A provider that needs no calls: what the browser brings is signed.
    let folder = Folder::new();
    let secret = random::id();
    folder.write("secrets/praca", &secret);
    let provider = format!(
        "name: Praça\nclientId: loja\nclientSecret: file:{}/secrets/praca\ntrustEmail: always\npkce: off\ngetAuthorizationCode:\n  \
         get: https://praca.example/entrar\n  query: {{ back: '${{redirectUri}}', state: '${{state}}' }}\n  \
         verify: {{ into: sign, algorithm: hmacSha256, key: '${{clientSecret}}' }}\n  read: {{ id: $.id, email: $.email }}\n",
        folder.0.display()
    );
    let broker = TestBroker::builder(&format!("{OPEN}filesMayRead: {{ folder: {}/secrets }}\n", folder.0.display()))
        .with("praca", &provider)
        .build()
        .await;
    let browser = Browser::at(&broker, "login.loja.example");
    let begun = browser.begin("/login/praca").await;
    let brought = format!("email=ana@loja.example&id=1&state={}", begun.state);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let sign: String = hmac::sign(&key, brought.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();

    let answer = browser.get(&format!("/callback/praca?{brought}&sign={sign}")).await;

    assert_eq!((answer.status, answer.location()), (303, Some("https://www.loja.example/")), "{answer:?}");
    assert!(answer.cookies().len() == 3 && answer.header("strict-transport-security").is_some());
    for (name, value, attributes) in answer.cookies() {
        assert!(name.starts_with("__Host-portaria"), "{name}");
        let guards = attributes.rsplit_once("; Max-Age=").expect("it has an age");
        assert_eq!((guards.0, guards.1 == "0"), ("HttpOnly; SameSite=Lax; Secure; Path=/", value.is_empty()), "{name}");
        assert!(name.len() + value.len() < 1100);
    }
    assert_eq!(browser.who().await.as_deref(), Some("ana@loja.example"));
    let plain: String = browser.cookies().replace("__Host-", "");
    assert_eq!(
        broker.ask(ClientRequest::get("/session").with("host", "login.loja.example").with("cookie", plain)).await.status,
        401,
        "without the guard it is not ours"
    );
}

#[actix_web::test]
async fn the_playground_is_not_there_on_the_open_net() {
    let playground = crate::support::text(&crate::support::root().join("providers.d/playground.yaml"));
    let broker = TestBroker::builder(OPEN).with("playground", &playground).build().await;

    for path in [
        "/playground",
        "/playground/enter?who=ana",
        "/playground/token",
        "/login/playground",
        "/callback/playground?ticket=x",
        "/logo/playground",
        "/metrics",
    ] {
        for method in ["GET", "POST"] {
            let answer = broker.ask(ClientRequest::by(method, path).with("host", "login.loja.example").with("accept", "text/html")).await;
            assert!(matches!(answer.status, 404 | 405), "{method} {path}: {answer:?}");
            broker.assert_clean(&answer);
        }
    }
    let shown = broker.ask(ClientRequest::get("/providers").with("host", "login.loja.example")).await;
    assert_eq!(shown.body, "{\"providers\":[]}");
    assert!(!broker.ask(ClientRequest::get("/health/ready")).await.body.contains("playground"));
}

//! The session's cookie and who may ask about it.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{HOST, LOCAL, OPEN, SHOP, STANDARD, TestBroker};
use crate::web::test_provider::json;
use portaria::directory::users::SearchUsers;
use std::io::Write as _;

const OPEN_HOST: &str = "login.loja.example";

async fn open() -> TestBroker {
    TestBroker::builder(OPEN).with("acme", &STANDARD.replace("UPSTREAM", "https://sso.acme.example")).build().await
}

#[actix_web::test]
async fn a_signed_out_browser_is_asked_to_log_in_again() {
    let broker = TestBroker::builder(LOCAL).with("acme", STANDARD).build().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;

    browser.ask(ClientRequest::form("/logout", "").with("origin", "http://localhost:8080")).await;

    assert_eq!(browser.get("/session").await.status, 401);
}

/// Browsers note each 401 as an error of the page.
#[actix_web::test]
async fn a_page_may_ask_for_another_status_where_nobody_is_signed_in() {
    let broker = TestBroker::open().await;
    let token = broker.token(HOST, |_| {});
    let guest = |query: &str| ClientRequest::get(&format!("/session{query}"));

    for (query, status) in [("", 401), ("?guest=200", 200), ("?guest=401", 401), ("?guest", 401), ("?guest=200&guest=200", 400)] {
        assert_eq!(broker.ask(guest(query)).await.status, status, "{query}");
    }
    assert_eq!(broker.ask(guest("?guest=200")).await.body, "{\"authenticated\":false}");
    let signed_in = broker.ask(guest("?guest=200").with("cookie", format!("portaria={token}"))).await;
    assert_eq!((signed_in.status, &signed_in.json()["authenticated"]), (200, &serde_json::Value::Bool(true)));
}

/// Attack X-13
/// Lessons 126, 140
/// Attack X-13
#[actix_web::test]
async fn the_storefront_learns_exactly_this_and_no_more() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;

    let answer = browser.get("/session").await;

    let told = answer.json();
    let names: Vec<&str> = told.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "authenticated",
            "email",
            "emailVerified",
            "name",
            "picture",
            "uid",
            "provider",
            "providerUserId",
            "store",
            "issuedAt",
            "expiresAt"
        ]
    );
    let moment = |name: &str| chrono::DateTime::parse_from_rfc3339(told[name].as_str().expect("a text")).expect("a moment").timestamp();
    assert_eq!(moment("expiresAt") - moment("issuedAt"), 24 * 3600);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(broker.ask(ClientRequest::get("/session")).await.body, "{\"authenticated\":false}");
    assert_eq!(broker.ask(ClientRequest::get("/session?callback=f&jsonp=f")).await.body, "{\"authenticated\":false}");
    broker.assert_silent(&answer);
}

/// Attacks
#[actix_web::test]
async fn only_the_exact_cookie_once_is_a_session() {
    for (broker, host, name) in [(TestBroker::open().await, HOST, "portaria"), (open().await, OPEN_HOST, "__Host-portaria")] {
        let good = broker.token(host, |_| {});
        let evil = broker.token(host, |session| session.person.provider_id = "evil".into());
        let encoded: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let who = async |cookies: &[u8]| {
            let answer = broker.ask(ClientRequest::get("/session").with("host", host).with("cookie", cookies)).await;
            let auth = broker.ask(ClientRequest::get("/auth").with("host", host).with("cookie", cookies)).await;
            assert_eq!(auth.status, answer.status, "both read cookies in the same way: {}", String::from_utf8_lossy(cookies));
            answer.json()["providerUserId"].as_str().map(str::to_owned)
        };

        for nobody in [
            String::new(),
            format!("{encoded}={evil}"),
            format!("{}={evil}", name.replacen("po", "%70o", 1)),
            format!("{}={evil}", name.to_ascii_uppercase()),
            format!("\"{name}\"={evil}"),
            format!("{name} ={evil}"),
            format!("{name}=\"{evil}\""),
            format!("{name}= {evil}"),
            format!("={name}={evil}"),
            format!("x={name}={evil}"),
            format!("x=1;{name}={evil}"),
            format!("x=1,{name}={evil}"),
            format!("{name}={good}; {name}={evil}"),
            format!("{name}={evil}; {name}={good}"),
            format!("{name}={good}; {name}={good}"),
            format!("{name}=; {name}={good}"),
            format!("{name}={good}; {name}="),
            format!("{name}={}", good.replacen('e', "%65", 1)),
            format!("{name}={good}%00"),
            format!("{name}={good}."),
            format!("{name}={}", &good[..good.len() - 1]),
            name.to_owned(),
            format!("{name}-x={evil}"),
            format!("x{name}={evil}"),
        ] {
            assert_eq!(who(nobody.as_bytes()).await, None, "{nobody}");
        }
        for fine in [
            format!("{name}={good}"),
            format!("$Version=1; {name}={good}"),
            format!("{encoded}={evil}; {name}={good}"),
            format!("{name}={good}; {encoded}={evil}"),
            format!("a=b; =c; d; {name}={good}; e=\"f;"),
            format!("{}{name}={good}", "k=v; ".repeat(300)),
            format!("nome=Jo\u{e3}o; {name}={good}"),
        ] {
            assert_eq!(who(fine.as_bytes()).await.as_deref(), Some("id-ana"), "{fine}");
        }
        let bytes = [b"x=\xff\xfe\x80; ".as_slice(), name.as_bytes(), b"=", good.as_bytes()].concat();
        assert_eq!(who(&bytes).await.as_deref(), Some("id-ana"), "what another page of the site has set does no harm");
    }
}

/// Attack X-14
#[actix_web::test]
async fn two_lines_of_cookies_are_one_jar() {
    let broker = TestBroker::open().await;
    let (good, evil) = (broker.token(HOST, |_| {}), broker.token(HOST, |_| {}));

    let apart = broker.ask(ClientRequest::get("/session").with("cookie", "x=1").with("cookie", format!("portaria={good}"))).await;
    let twice = broker
        .ask(ClientRequest::get("/session").with("cookie", format!("portaria={evil}")).with("cookie", format!("portaria={good}")))
        .await;

    assert_eq!((apart.status, twice.status), (200, 401));
}

/// Attack X-06
/// Lessons 159, 169
#[actix_web::test]
async fn a_token_is_good_for_its_store_until_its_end_and_for_nothing_else() {
    let broker = TestBroker::open().await;
    let now = portaria::world::clock::now();

    for (what, token, expected) in [
        ("good", broker.token(HOST, |_| {}), 200),
        ("over since a second", broker.token(HOST, |session| session.until = now - 1), 401),
        ("over now", broker.token(HOST, |session| session.until = now), 401),
        ("long over", broker.token(HOST, |session| session.until = 0), 401),
        ("before time began", broker.token(HOST, |session| session.until = i64::MIN), 401),
    ] {
        for path in ["/session", "/auth"] {
            let answer = broker.ask(ClientRequest::get(path).with("cookie", format!("portaria={token}"))).await;
            assert_eq!(answer.status, expected, "{what} at {path}: {answer:?}");
        }
    }
}

/// Attack X-02
/// Lessons 31, 97, 124
/// Attack X-02
#[actix_web::test]
async fn a_seal_for_one_purpose_is_nothing_for_another() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;
    let (attempt_name, attempt) = browser.attempts().remove(0);
    let token = broker.token(HOST, |_| {});
    let way = browser.way_back("acme", &begun.state, "ana");

    for (what, ask, expected) in [
        ("an attempt as a session", ClientRequest::get("/session").with("cookie", format!("portaria={attempt}")), 401),
        ("an attempt as a session for a proxy", ClientRequest::get("/auth").with("cookie", format!("portaria={attempt}")), 401),
        ("a session as an attempt", ClientRequest::get(&way).with("cookie", format!("{attempt_name}={token}")), 400),
        (
            "an attempt as a form",
            ClientRequest::get(&format!("/callback/acme?portaria-form=9999999999.{attempt}")).with("cookie", browser.cookies()),
            400,
        ),
        (
            "a session as a state",
            ClientRequest::get(&format!("/callback/acme?code=x&state={token}")).with("cookie", browser.cookies()),
            400,
        ),
    ] {
        let answer = broker.ask(ask).await;
        assert_eq!(answer.status, expected, "{what}: {answer:?}");
        assert!(answer.session().is_none());
    }
    assert!(broker.upstream.heard().is_empty());
}

/// Attack X-15
/// Lesson 95
#[actix_web::test]
async fn rubbish_in_the_cookie_is_nobody_and_never_an_error() {
    let broker = TestBroker::open().await;
    let good = broker.token(HOST, |_| {});
    let mut values: Vec<String> = (0..300)
        .map(|_| format!("{}.{}.{}", portaria::world::random::id(), portaria::world::random::id(), portaria::world::random::id()))
        .collect();
    values.extend(["..", "...", ".", "a.b", "e30.e30.", "eyJhbGciOiJub25lIn0.e30.", "null", "[]", "{}"].map(str::to_owned));
    values.extend((0..good.len()).step_by(7).map(|at| format!("{}{}", &good[..at], &good[at + 1..])));
    values.extend([good.repeat(3), "a".repeat(8_000), good.replace('.', ". "), good.replace('.', "..")]);

    for value in values {
        for path in ["/session", "/auth", "/login"] {
            let answer = broker.ask(ClientRequest::get(path).with("cookie", format!("portaria={value}"))).await;
            let expected = if path == "/login" { 200 } else { 401 };
            assert_eq!(answer.status, expected, "{value} at {path}: {answer:?}");
        }
    }
}

/// Attack X-04
/// Lessons 53, 55, 56
/// Attack X-04
#[actix_web::test]
async fn a_planted_session_does_not_become_somebody_elses() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let planted = Browser::new(&broker).log_in("acme", "atacante").await.session().expect("a session").to_owned();
    browser.jar.borrow_mut().push(("portaria".to_owned(), planted.clone()));

    let own = browser.log_in("acme", "ana").await.session().expect("a session").to_owned();

    assert_ne!(own, planted);
    assert_eq!(browser.who().await.as_deref(), Some("ana@clientes.example"));
    assert_eq!(
        broker.ask(ClientRequest::get("/session").with("cookie", format!("portaria={planted}"))).await.status,
        401,
        "it ended with the login"
    );
}

/// Attack X-12
/// Lesson 187
/// Attack X-12
#[actix_web::test]
async fn pages_of_other_origins_learn_nothing() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;

    for origin in [
        "https://evil.example",
        "null",
        "http://localhost:9000.evil.example",
        "http://localhost:90001",
        "https://localhost:9000",
        "http://localhost",
        "http://LOCALHOST:9000",
        "http://localhost:9000/",
        "http://localhost:9000 ",
        "http://a.localhost:9000",
        "http://localhost:9000, https://evil.example",
        "*",
        "",
    ] {
        for path in ["/session", "/providers"] {
            let answer = browser.ask(ClientRequest::get(path).with("origin", origin)).await;
            assert!(answer.header("access-control-allow-origin").is_none(), "{origin}: {answer:?}");
            assert!(answer.header("access-control-allow-credentials").is_none(), "{origin}");
            assert_eq!(answer.header("vary"), Some("Origin"));
            assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
        }
    }
    let shop = browser.ask(ClientRequest::get("/session").with("origin", SHOP)).await;
    assert_eq!(shop.header("access-control-allow-origin"), Some(SHOP));
    assert_eq!(shop.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(shop.header("vary"), Some("Origin"));
    assert_eq!(shop.header("cache-control"), Some("no-store"));
}

/// Nothing of the place is in a session: a telephone goes from one network to another, and its browser is updated.
/// Attack X-16
#[actix_web::test]
async fn a_session_goes_along_from_one_network_to_another() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    let cookies = browser.cookies();

    for (peer, agent) in [("198.51.100.7", "A/1"), ("2001:db8::7", "A/2"), ("203.0.113.9", "B")] {
        for path in ["/session", "/auth"] {
            let answer = broker.ask(ClientRequest::get(path).from(peer).with("user-agent", agent).with("cookie", &cookies)).await;
            assert_eq!(answer.status, 200, "{peer} {path}: {answer:?}");
            assert!(answer.session().is_none(), "and it is not given anew");
        }
    }
}

/// Where a cookie is there that only this host can write, it alone counts, and on the broker's own pages no other ever does: a sibling host,
/// which can write the other one for the whole domain, neither replaces a session nor opens an account.
/// Attacks
#[actix_web::test]
async fn what_a_sibling_host_writes_replaces_no_session() {
    const VTEX: &str = "VtexIdclientAutCookie_loja";
    let two = |first: &str, second: &str| format!("{OPEN}session: {{ cookie: {first}, alsoCookie: {second} }}\n");
    for settings in [two("portaria", VTEX), two(VTEX, "__Host-portaria")] {
        let file = STANDARD.replace("UPSTREAM", "https://sso.acme.example");
        let broker = TestBroker::builder(&settings).with("acme", &file).build().await;
        let host = "login.loja.example";
        let tokens = ["vitima", "atacante"].map(|who| {
            let email = portaria::vocabulary::email::Email::parse(&format!("{who}@clientes.example")).expect("an address");
            broker.token(host, |session| session.person.email = email)
        });
        let [own, planted] = &tokens;
        let ask = |path: &str, cookies: String| ClientRequest::get(path).with("host", host).with("cookie", cookies);

        for cookies in [
            format!("__Host-portaria={own}; {VTEX}={planted}"),
            format!("{VTEX}={planted}; __Host-portaria={own}; {VTEX}={planted}"),
            format!("__Host-portaria={own}"),
        ] {
            let session = broker.ask(ask("/session", cookies.clone())).await;
            assert_eq!(session.json()["email"], "vitima@clientes.example", "{settings}{cookies}");
            let auth = broker.ask(ask("/auth", cookies.clone())).await;
            assert_eq!(auth.header("x-auth-email"), Some("vitima@clientes.example"), "{settings}{cookies}");
        }
        for (path, expected) in [("/session", 200), ("/auth", 200), ("/account", 303)] {
            let alone = broker.ask(ask(path, format!("{VTEX}={planted}"))).await;
            assert_eq!(alone.status, expected, "{settings}{path}: {alone:?}");
        }
        let out = ClientRequest::form("/logout", "").with("host", host).with("origin", "https://login.loja.example");
        let out = broker.ask(out.with("cookie", format!("__Host-portaria={own}; {VTEX}={own}"))).await;
        let mut cleared: Vec<&str> = out.cookies().iter().filter(|(_, value, _)| value.is_empty()).map(|(name, ..)| *name).collect();
        cleared.sort_unstable();
        cleared.dedup();
        assert_eq!(cleared, [VTEX, "__Host-portaria"]);
    }
}

/// An address may hold signs that mean something elsewhere; in each place it is a text and nothing more.
/// Attack E-10
#[actix_web::test]
async fn the_signs_of_an_address_mean_nothing_wherever_it_stands() {
    let broker = TestBroker::open().await;
    let address = "a%_*'`{|}&=#x@clientes.example";
    broker.upstream.answers("/me", move |_, to| {
        drop(to.write_all(&json(200, &format!("{{\"id\":\"7\",\"email\":\"{address}\",\"verified\":true}}"))));
    });
    let (browser, other) = (Browser::new(&broker), Browser::new(&broker));
    browser.log_in("acme", "ana").await;
    other.log_in("beta", "ana").await;

    assert_eq!(browser.who().await.as_deref(), Some(address));
    let auth = browser.get("/auth").await;
    assert_eq!(auth.header("x-auth-email"), Some(address), "each sign may stand in a header");
    for path in ["/account", "/login"] {
        let page = browser.get(path).await.body;
        assert!(page.contains("a%_*&#39;`{|}&#38;=#x@clientes.example"), "{path}: {page}");
    }
    let search = |text: &str| SearchUsers { store: "main".into(), text: text.into(), most: 10 };
    for (text, expected) in [(address, 1), ("a%_*", 1), ("a%x@", 0), ("a__*", 0), ("=#_@", 0)] {
        let found = broker.app.directory.read(search(text)).await.expect("storage");
        assert_eq!(found.len(), expected, "{text}");
    }
    assert!(!broker.logged().contains(address));
}

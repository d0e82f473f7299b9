//! The way out: only from here, at once, for good, and to nowhere else.

use crate::web::addresses::nasty_addresses;
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{HOST, LOCAL, SHOP, STANDARD, TestBroker, TestBrokerBuilder};
use crate::web::test_provider::json;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use portaria::session::TokenReach;

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Attacks O-01, O-07
/// Lesson 168
#[actix_web::test]
async fn who_is_asked_to_leave_by_another_site_stays() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;

    for headers in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("origin", "http://localhost:9000.evil.example")],
        &[("origin", "http://localhost:9001")],
        &[("origin", "")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", SHOP)],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://evil.localhost:9000")],
        &[("sec-fetch-site", "nonsense"), ("origin", SHOP)],
        &[("sec-fetch-site", "same-origin, cross-site")],
    ] {
        let ask = headers.iter().fold(ClientRequest::form("/logout", ""), |ask, (name, value)| ask.with(name, value));
        let answer = browser.ask(ask).await;
        assert_eq!(answer.status, 403, "{headers:?}: {answer:?}");
        assert!(answer.cookies().is_empty());
        broker.assert_clean(&answer);
        assert!(browser.who().await.is_some(), "{headers:?}");
    }
    for method in ["GET", "HEAD", "PUT", "OPTIONS"] {
        for address in ["/logout", "/logout?iss=https%3A%2F%2Fsso.acme.example&sid=1"] {
            let framed = ClientRequest::by(method, address).with("sec-fetch-dest", "iframe").with("sec-fetch-site", "cross-site");
            assert_eq!(browser.ask(framed).await.status, 405);
        }
    }
    assert_eq!(broker.upstream.asked("/token"), 1, "and nothing is told to the provider");
    assert!(browser.who().await.is_some());
}

/// Attacks O-11, X-05
/// Lesson 163
#[actix_web::test]
async fn who_leaves_is_gone_everywhere_and_stays_gone() {
    let plan = TestBroker::builder(LOCAL).with_standard("acme");
    let master = plan.master();
    let broker = plan.build().await;
    for headers in [
        &[][..],
        &[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:8080")],
        &[("sec-fetch-site", "same-site"), ("origin", SHOP)],
    ] {
        let browser = Browser::new(&broker);
        browser.log_in("acme", "ana").await;
        let copied = browser.cookies();

        let ask = headers.iter().fold(ClientRequest::form("/logout", ""), |ask, (name, value)| ask.with(name, value));
        let answer = browser.ask(ask).await;

        assert_eq!((answer.status, answer.location()), (303, Some(&*format!("{SHOP}/"))), "{answer:?}");
        assert_eq!(browser.cookies(), "portaria-last=acme");
        // It would clear what the shop keeps in the browser as well.
        assert_eq!((answer.header("clear-site-data"), answer.header("cache-control")), (None, Some("no-store")));
        for path in ["/session", "/auth"] {
            assert_eq!(broker.ask(ClientRequest::get(path).with("cookie", &copied)).await.status, 401);
        }
        let token = copied.split("portaria=").nth(1).and_then(|rest| rest.split(';').next()).expect("a token");
        let validated = broker.ask(ClientRequest::by("POST", "/session/validate").body(format!("{{\"token\":\"{token}\"}}"))).await;
        assert_eq!(validated.status, 401);
        let again = broker.ask(ClientRequest::form("/logout", "").with("cookie", &copied)).await;
        assert_eq!(again.status, 303, "twice is as good as once");

        // A machine that starts later, or was restarted, knows it as well.
        let other = TestBrokerBuilder::beside(&broker, LOCAL, &master).build().await;
        assert_eq!(other.ask(ClientRequest::get("/auth").with("cookie", &copied)).await.status, 401);
    }
}

#[actix_web::test]
async fn without_storage_nobody_is_told_that_they_have_left() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    broker.storage_is_away(true);

    let answer = browser.ask(ClientRequest::form("/logout", "")).await;

    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.cookies().is_empty(), "the cookie stays, so that it can be tried again");
    broker.storage_is_away(false);
    assert_eq!(browser.ask(ClientRequest::form("/logout", "")).await.status, 303);
    assert_eq!(browser.who().await, None);
}

/// Attack O-03
#[actix_web::test]
async fn whoever_is_nobody_is_sent_home_with_a_clean_jar() {
    let broker = TestBroker::open().await;
    let stranger = broker.token(HOST, |session| session.until = 1);

    for cookie in ["", "portaria=junk", &format!("portaria={stranger}"), "portaria=a; portaria=b"] {
        let answer = broker.ask(ClientRequest::form("/logout", "").with("cookie", cookie)).await;
        assert_eq!((answer.status, answer.location()), (303, Some(&*format!("{SHOP}/"))));
        assert_eq!(answer.cookies()[0], ("portaria", "", "HttpOnly; SameSite=Lax; Path=/; Max-Age=0"));
        broker.assert_clean(&answer);
    }
}

/// Attack O-02
/// Lesson 65
#[actix_web::test]
async fn nobody_leaves_for_another_place() {
    let broker = TestBroker::open().await;

    for wanted in nasty_addresses() {
        for answer in [
            broker.ask(ClientRequest::form("/logout", &format!("return_to={}", encoded(&wanted)))).await,
            broker.ask(ClientRequest::form(&format!("/logout?return_to={}", encoded(&wanted)), "")).await,
        ] {
            assert!(matches!(answer.status, 303 | 400), "{wanted}: {answer:?}");
            assert!(answer.location().is_none_or(|location| broker.may_lead_to(location)), "{wanted}: {answer:?}");
        }
    }
    for wanted in [
        "/login/../../evil.example",
        "/login\\@evil.example",
        "/login:80@evil.example",
        "/login@evil.example",
        "/login.evil.example",
        "/login\r\nx",
        "/login//evil.example",
    ] {
        let answer = broker.ask(ClientRequest::form("/logout", &format!("return_to={}", encoded(wanted)))).await;
        assert!(answer.location().is_some_and(|location| broker.may_lead_to(location)), "{wanted}: {answer:?}");
    }
    let page = broker.ask(ClientRequest::form("/logout", &format!("return_to={}", encoded("/login?return_to=x")))).await;
    assert_eq!(page.location(), Some("http://localhost:8080/login?return_to=x"));
}

#[actix_web::test]
async fn a_form_that_is_none_or_names_two_places_ends_nothing() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    let two = format!("return_to={}&return_to={}", encoded(&format!("{SHOP}/a")), encoded(&format!("{SHOP}/b")));

    for ask in [
        ClientRequest::by("POST", "/logout").with("content-type", "application/json").body("{}"),
        ClientRequest::by("POST", "/logout").with("content-type", "text/plain").body("return_to=/login"),
        ClientRequest::by("POST", "/logout").body("x"),
        ClientRequest::form("/logout", &two),
        ClientRequest::form(&format!("/logout?{two}"), ""),
        ClientRequest::form("/logout", &format!("return_to={SHOP}/{}", "a".repeat(3_000))),
    ] {
        let answer = browser.ask(ask).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        broker.assert_clean(&answer);
        assert!(browser.who().await.is_some());
    }
    assert_eq!(browser.ask(ClientRequest::form("/logout", &"a".repeat(17_000))).await.status, 413);
}

/// A provider whose logout wants the ID token.
const WITH_ID_TOKEN: &str = "logout: UPSTREAM/sair?id_token_hint=${idToken}&user=${id}&back=${publicUrl}/login\n";

#[actix_web::test]
async fn the_id_token_is_kept_sealed_for_the_logout_and_goes_with_the_session() {
    let broker = TestBroker::builder(LOCAL).with("ends", &format!("{WITH_ID_TOKEN}{STANDARD}")).with_standard("acme").build().await;
    let token = format!("{}.id.token", broker.mark);
    let body = format!("{{\"access_token\":\"{}-at-ana\",\"id_token\":\"{token}\"}}", broker.mark);
    broker.upstream.says("/token", json(200, &body));
    let browser = Browser::new(&broker);
    browser.log_in("ends", "ana").await;
    let stored = broker.stored();
    assert!(!stored.windows(token.len()).any(|bytes| bytes == token.as_bytes()), "storage does not show it");
    assert!(!browser.cookies().contains(&token));

    let answer = browser.ask(ClientRequest::form("/logout", "")).await;

    let location = answer.location().expect("it leads on");
    assert_eq!(
        location,
        format!("{}/sair?id_token_hint={token}&user=id-ana&back={}/login", broker.upstream.url(), "http%3A%2F%2Flocalhost%3A8080")
    );
    assert_eq!(browser.who().await, None);

    // Another provider's file does not ask for it, so nothing is kept.
    browser.log_in("acme", "ana").await;
    assert_eq!(browser.ask(ClientRequest::form("/logout", "")).await.location(), Some(&*format!("{SHOP}/")));
}

/// A program of the store could hand the ID token in elsewhere.
#[actix_web::test]
async fn a_token_for_the_store_ends_the_session_and_shows_no_id_token() {
    let broker = TestBroker::builder(LOCAL).with("ends", &format!("{WITH_ID_TOKEN}{STANDARD}")).build().await;
    let body = format!("{{\"access_token\":\"{}-at-ana\",\"id_token\":\"{}.id.token\"}}", broker.mark, broker.mark);
    broker.upstream.says("/token", json(200, &body));
    let browser = Browser::new(&broker);
    browser.log_in("ends", "ana").await;
    let own = browser.jar.borrow().iter().find(|(name, _)| name == "portaria").expect("a session").1.clone();
    let claims = URL_SAFE_NO_PAD.decode(own.split('.').nth(1).expect("claims")).expect("base64url");
    let claims: serde_json::Value = serde_json::from_slice(&claims).expect("JSON");
    let claim = |name: &str| -> Box<str> { claims[name].as_str().expect("a text").into() };
    let program = Browser::new(&broker);
    let token = broker.token(HOST, |session| {
        (session.sid, session.reach) = (claim("sid"), TokenReach::Store);
        (session.person.uid, session.person.provider) = (claim("uid"), claim("idp"));
    });
    program.jar.borrow_mut().push(("portaria".to_owned(), token));

    let answer = program.ask(ClientRequest::form("/logout", "")).await;

    assert_eq!(answer.location(), Some(&*format!("{SHOP}/")), "{answer:?}");
    assert_eq!(browser.who().await, None, "the session has ended");
}

/// Attack O-04
#[actix_web::test]
async fn a_logout_that_cannot_be_written_is_skipped_and_logged() {
    let broker = TestBroker::builder(LOCAL).with("ends", &format!("{WITH_ID_TOKEN}{STANDARD}")).build().await;
    for id_token in [String::new(), format!(",\"id_token\":\"{}\"", "x".repeat(4_097))] {
        let body = format!("{{\"access_token\":\"{}-at-ana\"{id_token}}}", broker.mark);
        broker.upstream.says("/token", json(200, &body));
        let browser = Browser::new(&broker);
        browser.log_in("ends", "ana").await;

        let answer = browser.ask(ClientRequest::form("/logout", "")).await;

        assert_eq!((answer.status, answer.location()), (303, Some(&*format!("{SHOP}/"))), "{answer:?}");
        assert_eq!(browser.who().await, None, "here it has ended in any case");
    }
    let logged = broker.logged();
    assert!(logged.contains("the logout at the provider was skipped") && logged.contains("`idToken` is not known"), "{logged}");
    assert!(logged.contains("too long to be kept"), "{logged}");
}

/// Attack O-04
#[actix_web::test]
async fn where_the_provider_has_an_end_of_its_own_nothing_secret_goes_there() {
    let ends = format!(
        "logout: {{ get: https://sso.acme.example/sair, query: {{ app: \"${{clientId}}\", back: \"${{publicUrl}}/login\" }} }}\n{STANDARD}"
    );
    let short = format!("logout: https://sso.acme.example/sair\n{STANDARD}");
    let both = [ends, short].into_iter().find(|text| {
        crate::support::report(&text.replace("UPSTREAM", "https://sso.acme.example").replace("SECRET", "env:X")).complaints.is_empty()
    });
    let broker =
        TestBroker::builder(LOCAL).with_standard("acme").with("ends", &both.expect("one of them is how it is written")).build().await;
    let browser = Browser::new(&broker);
    browser.log_in("ends", "ana").await;

    let answer = browser.ask(ClientRequest::form("/logout", "")).await;

    let location = answer.location().expect("it leads on");
    assert!(location.starts_with("https://sso.acme.example/sair") && !location.contains(&broker.mark), "{location}");
    assert_eq!(browser.who().await, None, "here it has ended in any case");
    assert_eq!(broker.upstream.asked("/sair"), 0, "no one but the browser goes there");
}

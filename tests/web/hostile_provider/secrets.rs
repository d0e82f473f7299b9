//! What is meant for a provider goes nowhere else, and nothing of one login goes into the next.

use crate::web::browser::Browser;
use crate::web::hostile_provider::{come_back, ends_with};
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker};
use crate::web::test_provider::{TestProvider, answer, json, person, until_it_gives_up};
use std::io::Write as _;

/// Lessons 136, 137
/// Attacks T-04, J-12
#[actix_web::test]
async fn nobody_is_followed_elsewhere_with_a_secret_in_hand() {
    let broker = TestBroker::open().await;
    let elsewhere = TestProvider::open("", "nobody");
    let here = broker.upstream.url();

    for status in [300, 301, 302, 303, 305, 307, 308] {
        for to in [
            format!("{}/token", elsewhere.url()),
            format!("{here}/elsewhere"),
            "//evil.example/".to_owned(),
            "file:///etc/passwd".to_owned(),
            "http://169.254.169.254/".to_owned(),
        ] {
            let bytes = answer(status, &format!("Location: {to}\r\n"), person("ana").as_bytes());
            ends_with(&broker, &format!("{status} to {to}"), &bytes, 502).await;
        }
    }
    for name in ["Refresh: 0; url", "Content-Location", "Link"] {
        broker.upstream.is_honest();
        broker.upstream.says("/token", answer(200, &format!("{name}: {}/token\r\n", elsewhere.url()), b"{}"));
        assert_eq!(come_back(&broker).await.status, 502);
    }

    assert_eq!((elsewhere.connections(), broker.upstream.asked("/elsewhere")), (0, 0));
    broker.assert_still_works().await;
}

/// Attack T-08
#[actix_web::test]
async fn a_token_that_is_none_is_never_sent_anywhere() {
    let broker = TestBroker::open().await;

    for token in [
        "null",
        "\"\"",
        "{}",
        "[]",
        "[\"x\"]",
        "\"a\\r\\nX-Evil: 1\"",
        "\"a\\u0000b\"",
        "\"\\u00e9 \\ud83e\\udd8a\"",
        "\"a b\"",
        "\"a\\tb\"",
        "\" a\"",
        "\"a\\u00e7b\"",
        "\"a\\u00a0b\"",
        "\"a\\u007f\"",
    ] {
        broker.upstream.says("/token", json(200, &format!("{{\"access_token\":{token},\"token_type\":\"Bearer\"}}")));
        let before = broker.upstream.asked("/me");

        let answer = come_back(&broker).await;

        assert!(answer.status == 502, "{token}: {answer:?}");
        broker.assert_clean(&answer);
        assert_eq!(broker.upstream.asked("/me"), before, "{token} is not sent");
    }
    broker.assert_still_works().await;
}

/// Attacks T-09, T-16
#[actix_web::test]
async fn no_status_makes_a_code_be_shown_again() {
    let broker = TestBroker::open().await;
    let secretive = format!("{{\"error\":\"{0}-secret\",\"error_description\":\"{0}-secret <script>\",\"message\":\"{0}\"}}", broker.mark);

    for status in [204, 304, 400, 401, 403, 404, 418, 429, 500, 502, 503, 599] {
        let body = if matches!(status, 204 | 304) { "" } else { &secretive };
        ends_with(
            &broker,
            &format!("status {status}"),
            &answer(status, "Retry-After: 0\r\nWWW-Authenticate: Basic\r\n", body.as_bytes()),
            502,
        )
        .await;
    }
    ends_with(&broker, "no with status 200", &json(200, "{\"error\":\"invalid_grant\"}"), 502).await;

    assert!(!String::from_utf8_lossy(&broker.stored()).contains(&broker.mark), "storage keeps no secret, no code and no token");
    broker.assert_still_works().await;
}

/// Attack T-18
#[actix_web::test]
async fn what_follows_an_answer_is_not_the_answer_to_somebody_else() {
    let broker = TestBroker::open().await;
    let planted = String::from_utf8(json(200, &person("atacante"))).expect("text");
    broker.upstream.answers("/me", move |_, to| {
        let honest = person("ana");
        let first = format!("HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{honest}", honest.len());
        let _ = to.write_all(format!("{first}{planted}").as_bytes());
        until_it_gives_up(to);
    });

    for _ in 0..3 {
        let browser = Browser::new(&broker);
        assert_eq!(browser.log_in("acme", "ana").await.status, 303);
        assert_eq!(browser.who().await.as_deref(), Some("ana@clientes.example"));
    }
}

/// Attack T-11
#[actix_web::test]
async fn what_a_provider_sets_in_one_login_is_not_sent_in_the_next() {
    let broker = TestBroker::open().await;
    broker.upstream.says(
        "/token",
        answer(
            200,
            "Set-Cookie: sid=1; Path=/\r\nSet-Cookie: b=2; Domain=127.0.0.1\r\nContent-Type: application/json\r\n",
            format!("{{\"access_token\":\"{}-at-ana\"}}", broker.mark).as_bytes(),
        ),
    );

    for _ in 0..2 {
        assert_eq!(come_back(&broker).await.status, 303);
    }

    for heard in broker.upstream.heard() {
        assert!(heard.header("cookie").is_none() && heard.header("referer").is_none(), "{heard:?}");
        assert!(heard.header("x-forwarded-for").is_none() && heard.header("origin").is_none(), "{heard:?}");
        assert!(
            !heard.path.contains(&broker.mark) && !heard.query.contains(&broker.mark),
            "nothing secret stands in an address: {heard:?}"
        );
        assert_eq!(heard.method, if heard.path == "/token" { "POST" } else { "GET" });
    }
}

/// Lesson 134
/// Attack U-16
#[actix_web::test]
async fn a_picture_is_never_fetched_wherever_it_is() {
    let file = STANDARD.replace("name: $.name }", "name: $.name, picture: $.picture }");
    let broker = TestBroker::builder(LOCAL).with("acme", &file).build().await;
    for place in ["UPSTREAM/picture", "http://169.254.169.254/picture", "file:///etc/passwd", "javascript:alert(1)", "//evil.example/x"] {
        let place = place.replace("UPSTREAM", &broker.upstream.url());
        let person = person("ana").replace("\"name\"", &format!("\"picture\":\"{place}\",\"name\""));
        broker.upstream.says("/me", json(200, &person));
        let browser = Browser::new(&broker);
        assert_eq!(browser.log_in("acme", "ana").await.status, 303);
        for page in ["/session", "/login", "/account"] {
            let answer = browser.get(page).await;
            assert!(!answer.body.contains("javascript:") && !answer.body.contains("file:"), "{place}: {answer:?}");
            assert!(page == "/session" || !answer.body.contains(&place), "no page of ours shows it: {answer:?}");
        }
    }
    assert_eq!(broker.upstream.asked("/picture"), 0);
}

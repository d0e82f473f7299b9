//! A provider that does not keep its word: what it sends is bounded, and what was meant for it goes to no one else.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker, until};
use crate::web::test_provider::{TestProvider, answer, json, person, until_it_gives_up};
use std::io::Write as _;

/// Lets a person come back whose provider is as it is now; answers with what they see.
async fn come_back(broker: &TestBroker) -> Answer {
    come_back_from(broker, "127.0.0.1").await
}

async fn come_back_from(broker: &TestBroker, address: &str) -> Answer {
    let browser = Browser::new(broker);
    let begun = browser.begin("/login/acme").await;
    let answer = browser.ask(ClientRequest::get(&browser.way_back("acme", &begun.state, "ana")).from(address)).await;
    assert!(browser.attempts().is_empty(), "the attempt is over: {answer:?}");
    answer
}

/// With these bytes at both addresses in turn, a login ends with this status, and one call to each at most.
async fn ends_with(broker: &TestBroker, what: &str, bytes: &[u8], expected: u16) {
    for path in ["/token", "/me"] {
        broker.upstream.is_honest();
        broker.upstream.says(path, bytes);
        let before = broker.upstream.asked(path);

        let answer = come_back(broker).await;

        assert_eq!(answer.status, expected, "{what} at {path}: {answer:?}");
        broker.assert_clean(&answer);
        assert_eq!(broker.upstream.asked(path) - before, 1, "{what} at {path}: nothing is asked twice");
    }
}

/// Attacks T-02, T-14
#[actix_web::test]
async fn answers_that_are_too_large_are_not_read_to_their_end() {
    let broker = TestBroker::open().await;
    let padded = format!("{{\"access_token\":\"x\",\"id\":\"1\",\"x\":\"{}\"}}", "a".repeat(65_536));
    let many: String = (0..200).map(|at| format!("X-{at}: y\r\n")).collect();

    for (what, bytes) in [
        ("a large body", json(200, &padded)),
        ("a promise of ten gigabytes", [b"HTTP/1.1 200 X\r\nContent-Length: 10737418240\r\n\r\n".to_vec(), vec![b' '; 70_000]].concat()),
        ("many headers", answer(200, &many, b"{}")),
        ("one header of a megabyte", answer(200, &format!("X: {}\r\n", "y".repeat(1 << 20)), b"{}")),
    ] {
        ends_with(&broker, what, &bytes, 502).await;
    }
    broker.assert_still_works().await;
}

/// Attack T-02
#[actix_web::test]
async fn a_stream_without_an_end_is_left() {
    let broker = TestBroker::open().await;
    broker.upstream.answers("/token", |_, to| {
        let _ = to.write_all(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n");
        while to.write_all(b"1000\r\n").and_then(|()| to.write_all(&[b' '; 0x1000])).and_then(|()| to.write_all(b"\r\n")).is_ok() {}
    });

    let answer = come_back(&broker).await;

    assert_eq!(answer.status, 502, "{answer:?}");
    broker.assert_clean(&answer);
    broker.assert_still_works().await;
}

/// Lesson 147
/// Attack T-03
#[actix_web::test]
async fn what_unpacks_to_more_than_is_read_is_refused() {
    let broker = TestBroker::open().await;
    // 1 MiB in a few kilobytes.
    let bomb = gzip_of_zeros(1 << 20);
    assert!(bomb.len() < 8_000);

    for (what, headers, body) in [
        ("a gzip bomb", "Content-Encoding: gzip\r\n", bomb.clone()),
        ("gzip in gzip", "Content-Encoding: gzip, gzip\r\n", bomb.clone()),
        ("half of gzip", "Content-Encoding: gzip\r\n", bomb[..bomb.len() / 2].to_vec()),
        ("gzip that is none", "Content-Encoding: gzip\r\n", b"{\"access_token\":\"x\",\"id\":\"1\"}".to_vec()),
        ("gzip without a word of it", "", bomb.clone()),
        ("an unknown coding", "Content-Encoding: br\r\n", bomb),
    ] {
        ends_with(&broker, what, &answer(200, headers, &body), 502).await;
    }
    broker.assert_still_works().await;
}

/// A gzip member of so many zeros: one literal zero, then repeats of it at their greatest length, by the fixed codes of deflate.
fn gzip_of_zeros(length: usize) -> Vec<u8> {
    let (mut bits, mut all) = (Vec::new(), vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    let push = |bits: &mut Vec<bool>, code: u32, width: u32| (0..width).rev().for_each(|at| bits.push(code >> at & 1 == 1));
    bits.extend([true, true, false]);
    push(&mut bits, 0x30, 8);
    for _ in 0..length / 258 {
        push(&mut bits, 0b1100_0101, 8);
        push(&mut bits, 0, 5);
    }
    push(&mut bits, 0, 7);
    all.extend(bits.chunks(8).map(|chunk| chunk.iter().enumerate().fold(0_u8, |byte, (at, bit)| byte | u8::from(*bit) << at)));
    all.extend([0; 8]);
    all
}

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

/// Lesson 160
/// Attacks T-05, T-06, T-07, U-04, U-06, U-14
#[actix_web::test]
async fn answers_that_are_not_what_they_should_be_are_odd() {
    let broker = TestBroker::open().await;
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let many: String = (0..11_000).map(|at| format!("\"k{at}\":1,")).collect();

    for (what, body) in [
        ("nothing", String::new()),
        ("half", "{\"access_token\":\"x\"".to_owned()),
        ("a page", "<html><body>error</body></html>".to_owned()),
        ("two documents", "{\"access_token\":\"x\",\"id\":\"1\"}{}".to_owned()),
        ("the same key twice", "{\"access_token\":\"x\",\"access_token\":\"y\",\"id\":\"1\",\"id\":\"2\"}".to_owned()),
        ("a list", "[1]".to_owned()),
        ("a text", "\"access_token\"".to_owned()),
        ("a number", "7".to_owned()),
        ("null", "null".to_owned()),
        ("not a number", "{\"access_token\":NaN}".to_owned()),
        ("deep", format!("{{\"access_token\":{}}}", deep(100))),
        ("very deep", deep(30_000)),
        ("many keys", format!("{{{many}\"id\":1}}").chars().take(65_000).collect()),
        ("half a letter", "{\"access_token\":\"\\ud800\",\"id\":\"\\ud800\"}".to_owned()),
        ("odd keys", "{\"__proto__\":{\"access_token\":\"x\",\"id\":\"1\"},\"constructor\":{}}".to_owned()),
        ("in capitals", "{\"ACCESS_TOKEN\":\"x\",\"ID\":\"1\"}".to_owned()),
    ] {
        ends_with(&broker, what, &json(200, &body), 502).await;
    }
    ends_with(&broker, "bytes that are no text", &answer(200, "", b"{\"access_token\":\"\xff\",\"id\":\"\xff\"}"), 502).await;
    ends_with(&broker, "text of two bytes a letter", &answer(200, "", b"\xff\xfe{\0}\0"), 502).await;
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

/// Lesson 16
/// Attacks U-01, U-03
#[actix_web::test]
async fn somebody_without_an_id_is_nobody() {
    let broker = TestBroker::open().await;
    let long = format!("\"{}\"", "a".repeat(256));

    for id in [
        "null",
        "\"\"",
        "\" \"",
        "\"null\"",
        "\"undefined\"",
        "0",
        "\"0\"",
        "false",
        "true",
        "[]",
        "{}",
        "[1,2]",
        "\"a\\u0000\"",
        "\"a\\r\\nb\"",
        &long,
    ] {
        broker.upstream.says("/me", json(200, &format!("{{\"id\":{id},\"email\":\"ana@clientes.example\",\"verified\":true}}")));
        let answer = come_back(&broker).await;
        assert!(matches!(answer.status, 403 | 502), "{id}: {answer:?}");
        broker.assert_clean(&answer);
    }
    broker.assert_still_works().await;
}

/// Attacks U-07, U-10
#[actix_web::test]
async fn an_address_that_is_not_proven_opens_nothing() {
    let broker = TestBroker::open().await;

    for verified in ["false", "\"false\"", "null", "0", "\"no\"", "[]", "{}", "\"\"", "[true]", "\"TRUE or not\""] {
        broker.upstream.says("/me", json(200, &format!("{{\"id\":\"7\",\"email\":\"vitima@clientes.example\",\"verified\":{verified}}}")));
        let answer = come_back(&broker).await;
        assert_eq!(answer.status, 403, "{verified}: {answer:?}");
        broker.assert_clean(&answer);
    }
    for email in [
        "a@b",
        "a b@x.example",
        "a@x.example,b@x.example",
        "<a@x.example>",
        "a@x.example\\r\\nBcc: b@x.example",
        "@x.example",
        "a@@x.example",
        "a@[127.0.0.1]",
        "v\u{131}tima@clientes.example",
    ] {
        broker.upstream.says("/me", json(200, &format!("{{\"id\":\"7\",\"email\":\"{email}\",\"verified\":true}}")));
        let answer = come_back(&broker).await;
        assert_eq!(answer.status, 403, "{email}: {answer:?}");
        broker.assert_clean(&answer);
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

/// Attacks T-13, T-14
#[actix_web::test]
async fn a_connection_that_breaks_is_no_answer() {
    let broker = TestBroker::open().await;

    for (what, bytes) in [
        ("nothing at all", &b""[..]),
        ("half a head", b"HTTP/1.1 200 X\r\nConten"),
        ("half a body", b"HTTP/1.1 200 X\r\nContent-Length: 50\r\n\r\n{\"access_token\":\"x\",\"id\":\"1\"}"),
        ("half a chunk", b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{\"access_token\""),
        ("a chunk of nonsense", b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"),
        ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n"),
        ("a header with a zero", b"HTTP/1.1 200 X\r\nX: a\0b\r\nContent-Length: 2\r\n\r\n{}"),
        ("two lengths", b"HTTP/1.1 200 X\r\nContent-Length: 2\r\nContent-Length: 30\r\n\r\n{}"),
        ("a status that is none", b"HTTP/1.1 abc X\r\n\r\n{}"),
    ] {
        ends_with(&broker, what, bytes, 502).await;
    }
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

/// Attacks T-01, N-05
#[actix_web::test]
async fn who_is_silent_is_left_in_time_and_nobody_else_waits_for_them() {
    let broker = TestBroker::open().await;
    let began = portaria::world::clock::instant();
    broker.upstream.answers("/token", |_, to| until_it_gives_up(to));
    broker.upstream.answers("/me", |_, to| {
        let _ = to.write_all(b"HTTP/1.1 200 X\r\nContent-Le");
        until_it_gives_up(to);
    });
    let slow: Vec<_> = (0..30)
        .map(|at| {
            let broker = broker.clone();
            actix_web::rt::spawn(async move { come_back_from(&broker, &format!("198.51.100.{at}")).await })
        })
        .collect();
    until("as many as may are under way", || broker.upstream.asked("/token") >= 20).await;
    assert_eq!(broker.upstream.asked("/token"), 20, "so many are let through to one provider at once");
    broker.upstream.answers("/token", {
        let mark = broker.mark.clone();
        move |_, to| drop(to.write_all(&json(200, &format!("{{\"access_token\":\"{mark}-at-ana\"}}"))))
    });

    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/beta").await;
    broker.upstream.says("/me", json(200, &person("bia")));
    let honest = browser.get(&browser.way_back("beta", &begun.state, "bia")).await;

    assert_eq!(honest.status, 303, "another provider is not concerned: {honest:?}");
    let mut ended = Vec::new();
    for one in slow {
        ended.push(one.await.expect("nothing panics").status);
    }
    assert_eq!(ended.iter().filter(|status| **status == 504).count(), 20, "{ended:?}");
    assert_eq!(
        ended.iter().filter(|status| **status == 303).count(),
        10,
        "those who waited for their turn had an honest provider: {ended:?}"
    );
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
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

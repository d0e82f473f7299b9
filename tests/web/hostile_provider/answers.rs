//! Answers that are too large, endless, broken or late.

use crate::web::browser::Browser;
use crate::web::hostile_provider::{come_back, come_back_from, ends_with};
use crate::web::test_broker::{TestBroker, until};
use crate::web::test_provider::{answer, json, person, until_it_gives_up};
use std::io::Write as _;

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

//! What holds for every page: its methods, its guards, and what is not there.

use crate::web::ask::{Answer, Ask};
use crate::web::house::{House, LOCAL, Plan, STANDARD};

#[actix_web::test]
async fn other_methods_are_told_which_there_are_and_open_no_door() {
    let house = House::open().await;
    for (path, allowed) in [
        ("/login", "GET, HEAD"),
        ("/login/acme", "GET"),
        ("/callback/acme", "GET, POST"),
        ("/callback/acme/x", "GET, POST"),
        ("/session", "GET, HEAD"),
        ("/session/validate", "POST"),
        ("/logout", "POST"),
        ("/account", "GET, HEAD"),
        ("/account/link/acme", "GET, HEAD, POST"),
        ("/account/unlink", "GET, HEAD, POST"),
        ("/account/sign-out", "GET, HEAD, POST"),
        ("/prove", "GET, HEAD"),
        ("/prove/address", "GET, HEAD, POST"),
        ("/prove/again", "GET, HEAD, POST"),
        ("/prove/code", "GET, HEAD, POST"),
        ("/providers", "GET, HEAD"),
        ("/embed.js", "GET, HEAD"),
        ("/style.css", "GET, HEAD"),
        ("/look.css", "GET, HEAD"),
        ("/logo", "GET, HEAD"),
        ("/logo/acme", "GET, HEAD"),
        ("/.well-known/jwks.json", "GET, HEAD"),
        ("/health/live", "GET, HEAD"),
        ("/health/ready", "GET, HEAD"),
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"] {
            if allowed.split(", ").any(|allowed| allowed == method) {
                continue;
            }
            let ask = Ask::by(method, path).with("origin", "https://evil.example").with("x-http-method-override", "GET");
            let answer = house.ask(ask.with("access-control-request-method", "POST")).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)), "{method} {path}: {answer:?}");
            assert!(answer.cookies().is_empty() && answer.all("access-control-allow-methods").next().is_none());
            house.assert_clean(&answer);
        }
    }
    assert!(house.upstream.heard().is_empty());
}

#[actix_web::test]
async fn where_forms_are_sent_there_is_the_way_to_their_page() {
    let house = House::open().await;

    for (path, page) in [
        ("/account/link/acme", "/account"),
        ("/account/link/nobody", "/account"),
        ("/account/unlink", "/account"),
        ("/account/sign-out", "/account"),
        ("/prove/address", "/prove"),
        ("/prove/again", "/prove"),
        ("/prove/code", "/prove"),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = house.ask(Ask::by(method, path)).await;
            assert_eq!((answer.status, answer.location()), (303, Some(page)), "{method} {path}: {answer:?}");
            assert!(answer.cookies().is_empty());
        }
    }
    assert!(house.upstream.heard().is_empty());
}

#[actix_web::test]
async fn a_page_that_is_only_looked_at_has_no_body_and_begins_nothing() {
    let house = House::open().await;

    for path in ["/login", "/session", "/providers", "/embed.js", "/style.css", "/.well-known/jwks.json"] {
        let (look, whole) = (house.ask(Ask::by("HEAD", path)).await, house.ask(Ask::get(path)).await);
        assert_eq!(look.status, whole.status, "{path}");
        assert_eq!(look.header("content-type"), whole.header("content-type"), "{path}");
        assert!(look.cookies().is_empty());
    }
    assert_eq!(house.ask(Ask::by("HEAD", "/login/acme")).await.status, 405, "a login does not begin by being looked at");
}

fn guarded(answer: &Answer) -> bool {
    [
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
        "content-security-policy",
        "cross-origin-opener-policy",
        "permissions-policy",
    ]
    .iter()
    .all(|name| answer.header(name).is_some())
}

#[actix_web::test]
async fn every_answer_is_guarded_whatever_its_status() {
    let house = House::open().await;
    let long = format!("/login?x={}", "a".repeat(9_000));

    for (status, ask) in [
        (200, Ask::get("/login")),
        (303, Ask::get("/")),
        (303, Ask::get("/login/acme")),
        (400, Ask::get("/callback/acme")),
        (401, Ask::get("/session")),
        (403, Ask::get("/login/acme").with("sec-purpose", "prefetch")),
        (404, Ask::get("/nowhere")),
        (404, Ask::get("/login/nobody")),
        (405, Ask::by("PUT", "/login")),
        (413, Ask::form("/logout", &"a".repeat(17_000))),
        (414, Ask::get(&long)),
        (415, Ask::form("/logout", "").with("content-encoding", "gzip")),
        (421, Ask::get("/login").with("host", "evil.example")),
        (431, Ask::get("/login").with("x-long", "a".repeat(17_000))),
        (200, Ask::get("/health/live")),
        (200, Ask::get("/health/ready")),
        (200, Ask::get("/playground/enter").with("accept", "text/html")),
    ] {
        let answer = house.ask(ask).await;
        if status != 200 || !answer.body.contains("playground") {
            assert_eq!(answer.status, status, "{answer:?}");
        }
        assert!(guarded(&answer), "{status}: {answer:?}");
        assert!(answer.header("server").is_none(), "{answer:?}");
    }
}

#[actix_web::test]
async fn a_provider_that_is_not_there_is_not_there_however_it_is_written() {
    let off = format!("enabled: false\n{STANDARD}");
    let house = Plan::new(LOCAL).with_standard("acme").with("off", &off).build().await;
    let long = "a".repeat(300);

    let mut bodies = Vec::new();
    for name in [
        "nobody",
        "off",
        "ACME",
        "acme.yaml",
        "acme%00",
        "..%2facme",
        "%2e%2e",
        "acme%2f..",
        "acme%20",
        "acme.examples",
        "%ff",
        "acme;x=1",
        &long,
        "%61cme%00",
    ] {
        for path in ["/login", "/callback"] {
            let answer = house.ask(Ask::get(&format!("{path}/{name}?code=x&state=y")).with("accept", "text/html")).await;
            assert_eq!(answer.status, 404, "{path}/{name}: {answer:?}");
            house.assert_clean(&answer);
            bodies.push(answer.body);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "nothing tells them apart");
    assert!(house.upstream.heard().is_empty());
}

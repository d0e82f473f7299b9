//! What holds for every page: its methods, its guards, and what is not there.

use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker};
use portaria::commands::broker::Broker;

/// Attack L-13
#[actix_web::test]
async fn other_methods_are_told_which_there_are_and_open_no_door() {
    let broker = TestBroker::open().await;
    for (path, allowed) in [
        ("/login", "GET, HEAD"),
        ("/login/acme", "GET, POST"),
        ("/login-error", "GET, HEAD"),
        ("/callback/acme", "GET, POST"),
        ("/callback/acme/x", "GET, POST"),
        ("/session", "GET, HEAD"),
        ("/session/one-tap", "GET, POST"),
        ("/session/popup", "GET"),
        ("/session/popup.js", "GET, HEAD"),
        ("/session/validate", "POST"),
        ("/exchange", "POST, OPTIONS"),
        ("/exchange/acme", "POST, OPTIONS"),
        ("/logout", "POST"),
        ("/account", "GET, HEAD"),
        ("/account/link/acme", "GET, HEAD, POST"),
        ("/account/unlink", "GET, HEAD, POST"),
        ("/account/sign-out", "GET, HEAD, POST"),
        ("/account/apps/end", "GET, HEAD, POST"),
        ("/account/passkeys", "GET, HEAD, POST"),
        ("/account/passkeys/new", "GET, HEAD"),
        ("/account/passkeys/options", "POST"),
        ("/account/passkeys/remove", "GET, HEAD, POST"),
        ("/login/passkey", "GET, HEAD, POST"),
        ("/login/passkey/options", "POST"),
        ("/passkey.js", "GET, HEAD"),
        ("/prove", "GET, HEAD"),
        ("/prove/address", "GET, HEAD, POST"),
        ("/prove/again", "GET, HEAD, POST"),
        ("/prove/code", "GET, HEAD, POST"),
        ("/providers", "GET, HEAD"),
        ("/embed.js", "GET, HEAD"),
        ("/style.css", "GET, HEAD"),
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
            let ask = ClientRequest::by(method, path).with("origin", "https://evil.example").with("x-http-method-override", "GET");
            let answer = broker.ask(ask.with("access-control-request-method", "POST")).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)), "{method} {path}: {answer:?}");
            assert!(answer.cookies().is_empty() && answer.all("access-control-allow-methods").next().is_none());
            broker.assert_clean(&answer);
        }
    }
    assert!(broker.upstream.heard().is_empty());
}

/// Attack H-10
#[actix_web::test]
async fn every_route_refuses_the_methods_that_it_does_not_name() {
    let broker = TestBroker::builder(&format!("{LOCAL}vtexId: true\n")).with_standard("acme").build().await;
    let routes = Broker::route_list();
    assert!(routes.len() > 35, "{routes:?}");

    for (pattern, allowed) in routes.into_iter().filter(|(_, allowed)| !allowed.is_empty()) {
        let path = pattern.replace("{provider}", "acme").replace("{state}", "x").replace("{request}", "0123abcd");
        let path = path.replace("{code}", "K7Q-2MD").replace("{file}", "story.txt").replace("{app}", "painel");
        assert!(!path.contains('{'), "{path}");

        let answer = broker.ask(ClientRequest::by("DELETE", &path)).await;

        assert_eq!((answer.status, answer.header("allow")), (405, Some(&*allowed)), "{path}: {answer:?}");
    }
}

#[actix_web::test]
async fn where_forms_are_sent_there_is_the_way_to_their_page() {
    let broker = TestBroker::open().await;

    for (path, page) in [
        ("/account/link/acme", "/account"),
        ("/account/link/nobody", "/account"),
        ("/account/unlink", "/account"),
        ("/account/sign-out", "/account"),
        ("/account/apps/end", "/account"),
        ("/account/passkeys", "/account"),
        ("/account/passkeys/remove", "/account"),
        ("/prove/address", "/prove"),
        ("/prove/again", "/prove"),
        ("/prove/code", "/prove"),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = broker.ask(ClientRequest::by(method, path)).await;
            assert_eq!((answer.status, answer.location()), (303, Some(page)), "{method} {path}: {answer:?}");
            assert!(answer.cookies().is_empty());
        }
    }
    assert!(broker.upstream.heard().is_empty());
}

/// Attack L-13
#[actix_web::test]
async fn a_page_that_is_only_looked_at_has_no_body_and_begins_nothing() {
    let broker = TestBroker::open().await;

    for path in ["/login", "/session", "/providers", "/embed.js", "/style.css", "/.well-known/jwks.json"] {
        let (look, whole) = (broker.ask(ClientRequest::by("HEAD", path)).await, broker.ask(ClientRequest::get(path)).await);
        assert_eq!(look.status, whole.status, "{path}");
        assert_eq!(look.header("content-type"), whole.header("content-type"), "{path}");
        assert!(look.cookies().is_empty());
    }
    assert_eq!(broker.ask(ClientRequest::by("HEAD", "/login/acme")).await.status, 405, "a login does not begin by being looked at");
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

/// Attacks H-11, L-10, R-09
/// Lesson 129
#[actix_web::test]
async fn every_answer_is_guarded_whatever_its_status() {
    let broker = TestBroker::open().await;
    let long = format!("/login?x={}", "a".repeat(9_000));

    for (status, ask) in [
        (200, ClientRequest::get("/login")),
        (303, ClientRequest::get("/")),
        (303, ClientRequest::get("/login/acme")),
        (400, ClientRequest::get("/callback/acme")),
        (401, ClientRequest::get("/session")),
        (403, ClientRequest::get("/login/acme").with("sec-purpose", "prefetch")),
        (404, ClientRequest::get("/nowhere")),
        (404, ClientRequest::get("/login/nobody")),
        (405, ClientRequest::by("PUT", "/login")),
        (413, ClientRequest::form("/logout", &"a".repeat(17_000))),
        (414, ClientRequest::get(&long)),
        (415, ClientRequest::form("/logout", "").with("content-encoding", "gzip")),
        (421, ClientRequest::get("/login").with("host", "evil.example")),
        (431, ClientRequest::get("/login").with("x-long", "a".repeat(17_000))),
        (200, ClientRequest::get("/health/live")),
        (200, ClientRequest::get("/health/ready")),
        (200, ClientRequest::get("/playground/enter").with("accept", "text/html")),
    ] {
        let answer = broker.ask(ask).await;
        if status != 200 || !answer.body.contains("playground") {
            assert_eq!(answer.status, status, "{answer:?}");
        }
        assert!(guarded(&answer), "{status}: {answer:?}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert!(answer.header("content-security-policy").is_some_and(|policy| policy.contains("frame-ancestors 'none'")), "{answer:?}");
        assert!(answer.header("server").is_none(), "{answer:?}");
    }
}

/// Attack S-07
#[actix_web::test]
async fn a_provider_that_is_not_there_is_not_there_however_it_is_written() {
    let off = format!("enabled: false\n{STANDARD}");
    let broker = TestBroker::builder(LOCAL).with_standard("acme").with("off", &off).build().await;
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
            let answer = broker.ask(ClientRequest::get(&format!("{path}/{name}?code=x&state=y")).with("accept", "text/html")).await;
            assert_eq!(answer.status, 404, "{path}/{name}: {answer:?}");
            broker.assert_clean(&answer);
            bodies.push(answer.body);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "nothing tells them apart");
    assert!(broker.upstream.heard().is_empty());
}

/// Attack H-10
/// Lessons 149, 152
#[actix_web::test]
async fn no_route_fails_over_a_method_or_a_body() {
    let broker = TestBroker::builder(LOCAL).with_standard("acme").build().await;
    let form = "application/x-www-form-urlencoded";
    let bodies: [(&str, Vec<u8>); 6] = [
        ("", Vec::new()),
        (form, b"a=b&return_to=%00&%ff=%zz&code&code=1".to_vec()),
        (form, vec![0xff; 100]),
        ("application/json", b"{\"token\":[{}],\"code\":1e999}".to_vec()),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--x--".to_vec()),
        ("text/plain", vec![b'a'; 300 * 1024]),
    ];

    for (pattern, _) in Broker::route_list() {
        let path = pattern.replace("{provider}", "acme").replace("{state}", "x").replace("{code}", "K7Q-2MD").replace("{file}", "x.txt");
        let path = path.split('{').next().unwrap_or_default();
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"] {
            for (kind, body) in &bodies {
                let answer = broker.ask(ClientRequest::by(method, path).with("content-type", kind).body(body)).await;

                assert!((200..500).contains(&answer.status), "{method} {path} with {kind}: {answer:?}");
                // What `/auth` answers is read by the proxy only.
                assert!(guarded(&answer) || path.starts_with("/auth"), "{method} {path} with {kind}: {answer:?}");
                assert!(!answer.body.contains("panicked"), "{method} {path} with {kind}: {answer:?}");
                assert!(answer.session().is_none(), "{method} {path} with {kind}: {answer:?}");
            }
        }
    }
}

/// Attack H-05
#[actix_web::test]
async fn a_body_of_many_or_deep_parts_is_read_quickly_or_refused() {
    let broker = TestBroker::open().await;
    let deep = |depth: usize| format!("{{\"token\":{}", "[".repeat(depth));
    let keys = |many: usize| (0..many).map(|at| format!("k{at}=&")).collect::<String>();
    let part = |at: usize| format!("--x\r\nContent-Disposition: form-data; name=k{at}\r\n\r\n\r\n");
    let parts = (0..100_000).map(part).collect::<String>();

    for (kind, body) in [
        ("application/json", deep(16_000)),
        ("application/json", deep(100_000)),
        ("application/x-www-form-urlencoded", keys(2_000)),
        ("application/x-www-form-urlencoded", keys(1_000_000)),
        ("application/x-www-form-urlencoded", "&".repeat(16_000)),
        ("multipart/form-data; boundary=x", parts),
    ] {
        for path in ["/session/validate", "/logout", "/prove/code", "/account/unlink", "/callback/acme"] {
            let began = portaria::world::clock::instant();
            let answer = broker.ask(ClientRequest::by("POST", path).with("content-type", kind).body(&body)).await;

            assert!((300..500).contains(&answer.status), "{path}: {answer:?}");
            assert_eq!(answer.status == 413, body.len() > 16 * 1024, "{path} with {} bytes: {answer:?}", body.len());
            assert!(began.elapsed().as_millis() < 1000, "{path}: {:?}", began.elapsed());
        }
    }
}

/// Attack R-05
/// Lesson 125
#[test]
fn no_address_of_ours_holds_a_token_or_a_persons_address() {
    // A state and a code in a callback are the standard's; the code of an incident is none of a login; the id of an app's request opens nothing
    // without the cookie of the same name; an app is named by its client id.
    let parts = ["provider", "state", "code", "file", "below", "request", "app"];
    for (pattern, _) in Broker::route_list() {
        let named = pattern.split('{').skip(1).map(|rest| rest.split(['}', ':']).next().unwrap_or_default());
        for name in named {
            assert!(parts.contains(&name) || pattern.starts_with("/playground") || pattern.starts_with("/simulation"), "{pattern}: {name}");
        }
    }
}

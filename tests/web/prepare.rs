//! Calls before the redirect: what is pushed leaves without the browser, and what comes back ties the rest of the login together.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{HOST, LOCAL, TestBroker};
use crate::web::test_provider::json;
use std::io::Write as _;

/// A provider that takes pushed authorization requests.
const PUSHED: &str = "name: Clube Acme
clientId: loja-42
clientSecret: SECRET
getAuthorizationCode:
  get: UPSTREAM/entrar
  scope: perfil
  prepare: { post: \"UPSTREAM/par\", read: { requestUri: $.request_uri, ticket: $.ticket } }
  query: { client_id: \"${clientId}\", request_uri: \"${requestUri}\" }
getAccessCode: { post: \"UPSTREAM/token\", extra: { ticket: \"${ticket}\" } }
getUserInfo:
  get: UPSTREAM/me
  read: { id: $.id, email: $.email, emailVerified: $.verified }
";

async fn broker() -> TestBroker {
    let broker = TestBroker::builder(LOCAL).with("acme", PUSHED).build().await;
    let ticket = format!("{}-ticket", broker.mark);
    broker.upstream.answers("/par", move |_, to| {
        drop(to.write_all(&json(201, &format!("{{\"request_uri\":\"urn:acme:r-1\",\"expires_in\":60,\"ticket\":\"{ticket}\"}}"))));
    });
    broker
}

#[actix_web::test]
async fn what_is_pushed_does_not_travel_in_the_browser() {
    let broker = broker().await;
    let browser = Browser::new(&broker);

    let begun = browser.begin("/login/acme").await;

    assert_eq!(begun.query, [("client_id".to_owned(), "loja-42".to_owned()), ("request_uri".to_owned(), "urn:acme:r-1".to_owned())]);
    let heard = broker.upstream.heard();
    assert_eq!((heard.len(), heard[0].path.as_str(), heard[0].method.as_str()), (1, "/par", "POST"));
    let names: Vec<String> = heard[0].form().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method", "client_secret"]
    );
    let state = heard[0].field("state").expect("it is pushed");
    broker.assert_silent(&begun.answer);

    let answer = browser.get(&browser.way_back("acme", &state, "ana")).await;

    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!(browser.who().await.as_deref(), Some("ana@clientes.example"));
    let token = broker.upstream.heard().into_iter().find(|heard| heard.path == "/token").expect("it was called");
    assert_eq!(token.field("ticket"), Some(format!("{}-ticket", broker.mark)), "what prepare reads is known later");
    assert_eq!(broker.upstream.asked("/par"), 1);
    broker.assert_silent(&answer);
}

#[actix_web::test]
async fn a_browser_with_another_state_gets_nowhere() {
    let broker = broker().await;
    let browser = Browser::new(&broker);
    browser.begin("/login/acme").await;

    let answer = browser.get(&browser.way_back("acme", "of-another-login", "ana")).await;

    assert_eq!(answer.status, 400);
    broker.assert_clean(&answer);
}

#[actix_web::test]
async fn a_refused_push_is_a_login_that_failed_with_an_incident_code() {
    for (status, body) in [
        (400, "{\"error\":\"invalid_request\"}"),
        (200, "{\"error\":\"access_denied\"}"),
        (200, "{\"ticket\":\"t\"}"),
        (200, "no json"),
        (500, ""),
    ] {
        let broker = broker().await;
        broker.upstream.says("/par", json(status, body));
        let browser = Browser::new(&broker);

        let answer = browser.get("/login/acme").await;

        assert!(answer.status >= 400 && answer.body.contains("<output translate=\"no\">"), "{status} {body}: {answer:?}");
        assert!(browser.attempts().is_empty(), "no attempt has begun");
        broker.assert_clean(&answer);
    }
}

#[actix_web::test]
async fn only_failures_of_the_same_kind_share_an_incident_in_a_minute() {
    let broker = broker().await;
    let browser = Browser::new(&broker);
    let incident = async |status: u16, body: &str| {
        broker.upstream.says("/par", json(status, body));
        let answer = browser.get("/login/acme").await;
        let shown = answer.body.split_once("<output translate=\"no\">").and_then(|(_, rest)| rest.split_once('<'));
        shown.map(|(code, _)| code.to_owned()).expect("the page shows the incident")
    };

    let first = incident(400, "{\"error\":\"invalid_request\"}").await;
    let again = incident(400, "{\"error\":\"invalid_request\"}").await;
    let other = incident(400, "{\"error\":\"invalid_scope\"}").await;

    assert_eq!(first, again);
    assert_ne!(first, other, "another failure has a story of its own");
}

#[actix_web::test]
async fn a_push_whose_answer_does_not_fit_into_a_cookie_begins_no_login() {
    let broker = broker().await;
    let long = format!("{{\"request_uri\":\"urn:acme:{}\",\"ticket\":\"t\"}}", "r".repeat(2100));
    broker.upstream.says("/par", json(201, &long));

    let answer = Browser::new(&broker).get("/login/acme").await;

    assert!(answer.status >= 400 && answer.body.contains("<output translate=\"no\">"), "{answer:?}");
    broker.assert_clean(&answer);
}

#[actix_web::test]
async fn a_push_that_fits_but_not_beside_what_the_shopper_brought_leaves_a_story() {
    let broker = broker().await;
    let long = format!("{{\"request_uri\":\"urn:acme:{}\",\"ticket\":\"t\"}}", "r".repeat(1900));
    broker.upstream.says("/par", json(201, &long));
    let browser = Browser::new(&broker);
    assert_eq!(browser.get("/login/acme").await.status, 303);

    let answer = browser.get(&format!("/login/acme?return_to=http://{HOST}/{}", "r".repeat(1900))).await;

    assert!(answer.status >= 400 && answer.body.contains("<output translate=\"no\">"), "{answer:?}");
    broker.assert_clean(&answer);
}

#[actix_web::test]
async fn nothing_is_pushed_for_a_speculative_load_or_beyond_the_rate() {
    let broker = TestBroker::builder("publicUrl: http://localhost:8080\nlimits: { login: 3 }\n").with("acme", PUSHED).build().await;
    broker.upstream.says("/par", json(201, "{\"request_uri\":\"urn:acme:r-1\",\"ticket\":\"t\"}"));
    let browser = Browser::new(&broker);

    let speculative = browser.ask(ClientRequest::get("/login/acme").with("sec-purpose", "prefetch")).await;
    assert!(speculative.status >= 400);
    assert_eq!(broker.upstream.asked("/par"), 0);
    let mut begun = 0;
    for _ in 0..20 {
        begun += usize::from(browser.get("/login/acme").await.status == 303);
    }

    assert!((1..15).contains(&begun), "{begun}");
    assert_eq!(broker.upstream.asked("/par"), begun);
}

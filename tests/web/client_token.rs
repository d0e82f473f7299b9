//! The client's own token at a broker: one call for many logins, one token for each store, and a story that says where a token came from.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::stores::{OTHER, TWO};
use crate::web::test_broker::{LOCAL, TestBroker};
use crate::web::test_provider::json;
use portaria::directory::incidents::LoadIncident;
use portaria::world::clock;
use serde_json::Value;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A provider that answers about a person only to a client that shows its own token.
const FILE: &str = "name: Clube Acme
clientId: loja-42
clientSecret: SECRET
getClientToken: { post: \"UPSTREAM/app\", read: { clientToken: $.app_token } }
getAuthorizationCode: { get: \"UPSTREAM/entrar\" }
getAccessCode: { post: \"UPSTREAM/token\" }
getUserInfo:
  get: UPSTREAM/person
  bearer: ${accessToken}
  headers: { X-App: \"${clientToken}\" }
  read: { id: $.id, email: $.email, emailVerified: $.verified }
exchange:
  ask:
    post: UPSTREAM/introspect
    bearer: ${clientToken}
    form: { token: \"${accessToken}\" }
    accepted: { at: $.client_id, is: \"${clientId}\" }
";

/// A broker whose provider gives numbered tokens and accepts those from `good` on; what makes the older ones bad.
async fn broker(settings: &str) -> (TestBroker, Arc<AtomicUsize>) {
    let broker = TestBroker::builder(settings).with("acme", FILE).build().await;
    let (given, good, mark) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(1)), broker.mark.clone());
    broker.upstream.answers("/app", move |_, to| {
        let number = given.fetch_add(1, Ordering::SeqCst) + 1;
        drop(to.write_all(&json(200, &format!("{{\"app_token\":\"{mark}-app-{number}\",\"expires_in\":3600}}"))));
    });
    let oldest = Arc::clone(&good);
    broker.upstream.answers("/person", move |heard, to| {
        let number = heard.header("x-app").and_then(|token| token.rsplit_once("-app-")?.1.parse::<usize>().ok());
        let is_good = number.is_some_and(|number| number >= oldest.load(Ordering::SeqCst));
        let who = heard.header("authorization").and_then(|line| line.rsplit_once('-')).map_or("nobody", |(_, who)| who);
        let person = format!("{{\"id\":\"id-{who}\",\"email\":\"{who}@clientes.example\",\"verified\":true}}");
        drop(to.write_all(&if is_good { json(200, &person) } else { json(401, "{\"error\":\"app_token_expired\"}") }));
    });
    broker.upstream.says("/introspect", json(200, "{\"active\":true,\"client_id\":\"loja-42\"}"));
    (broker, good)
}

#[actix_web::test]
async fn logins_at_the_same_time_and_later_ones_share_one_token() {
    let (broker, _) = broker(LOCAL).await;
    let mut callbacks = Vec::new();
    for (who, peer) in [("ana", "192.0.2.1"), ("bia", "192.0.2.2"), ("cai", "192.0.2.3"), ("davi", "192.0.2.4")] {
        let browser = Browser::new(&broker);
        let begun = browser.begin("/login/acme").await;
        callbacks.push(browser.dressed(ClientRequest::get(&browser.way_back("acme", &begun.state, who)).from(peer)));
    }
    assert_eq!(broker.upstream.asked("/app"), 0, "no request has needed it");

    for answer in broker.ask_at_once(callbacks).await {
        assert_eq!(answer.status, 303, "{answer:?}");
        broker.assert_silent(&answer);
    }

    assert_eq!(broker.upstream.asked("/app"), 1);
    assert_eq!(Browser::new(&broker).log_in("acme", "eva").await.status, 303);
    assert_eq!((broker.upstream.asked("/app"), broker.upstream.asked("/person")), (1, 5));
}

#[actix_web::test]
async fn two_stores_with_one_file_have_a_token_each() {
    let (broker, _) = broker(TWO).await;

    for host in ["localhost:8080", OTHER, "localhost:8080", OTHER] {
        assert_eq!(Browser::at(&broker, host).log_in("acme", "ana").await.status, 303, "{host}");
    }

    assert_eq!(broker.upstream.asked("/app"), 2);
    let shown: Vec<String> = broker
        .upstream
        .heard()
        .iter()
        .filter_map(|heard| heard.header("x-app")?.rsplit_once('-').map(|(_, number)| number.to_owned()))
        .collect();
    assert_eq!(shown, ["1", "2", "1", "2"]);
}

#[actix_web::test]
async fn a_token_that_the_provider_does_not_accept_any_more_is_replaced_within_the_login() {
    let (broker, good) = broker(LOCAL).await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    good.store(2, Ordering::SeqCst);

    assert_eq!(browser.log_in("acme", "ana").await.status, 303);

    assert_eq!((broker.upstream.asked("/app"), broker.upstream.asked("/person")), (2, 3));
}

#[actix_web::test]
async fn a_changed_file_gets_a_token_of_its_own() {
    let (broker, _) = broker(LOCAL).await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    let file =
        FILE.replace("UPSTREAM", &broker.upstream.url()).replace("SECRET", &format!("file:{}/secrets/acme", broker.folder.0.display()));
    broker.folder.write("providers.d/acme.yaml", &format!("{file}order: 7\n"));
    broker.front("localhost:8080").providers.reload(clock::now());

    assert_eq!(browser.log_in("acme", "ana").await.status, 303);

    assert_eq!(broker.upstream.asked("/app"), 2);
}

#[actix_web::test]
async fn a_story_says_which_token_was_kept_and_which_call_was_made_again() {
    let (broker, good) = broker(LOCAL).await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    good.store(9, Ordering::SeqCst);

    let answer = browser.log_in("acme", "ana").await;

    assert!(answer.status >= 400, "{answer:?}");
    broker.assert_silent(&answer);
    let shown = answer.body.split_once("<output translate=\"no\">").and_then(|(_, rest)| rest.split_once('<'));
    let code = shown.map(|(code, _)| code.into()).expect("the page shows the incident");
    let stored = broker.app.directory.read(LoadIncident { code, now: clock::now() }).await.expect("storage is there");
    let story: Value = serde_json::from_str(&stored.expect("a story").story).expect("JSON");
    let calls: Vec<(&str, &str)> = story["exchanges"]
        .as_array()
        .expect("calls")
        .iter()
        .map(|call| (call["step"].as_str().expect("a step"), call["clientToken"].as_str().unwrap_or("none")))
        .collect();
    assert_eq!(calls, [("getAccessCode", "none"), ("getUserInfo", "replaced"), ("getClientToken", "none"), ("getUserInfo", "none")]);
    assert_eq!((story["step"].as_str(), story["code"].as_str()), (Some("getUserInfo"), Some("app_token_expired")));
    assert!(!story.to_string().contains(&broker.mark), "{story}");
}

#[actix_web::test]
async fn a_client_that_the_provider_refuses_is_no_refusal_of_the_shopper() {
    let (broker, _) = broker(LOCAL).await;
    broker.upstream.says("/app", json(401, "{\"error\":\"invalid_client\"}"));
    let browser = Browser::new(&broker);

    let answer = browser.log_in("acme", "ana").await;

    assert_eq!(answer.status, 502, "{answer:?}");
    broker.assert_clean(&answer);
    assert_eq!(broker.upstream.asked("/person"), 0);
}

#[actix_web::test]
async fn a_token_that_is_handed_in_is_asked_about_with_the_token_of_the_client() {
    let (broker, _) = broker(LOCAL).await;
    let hand_in = || {
        let body = format!("{{\"accessToken\":\"{}-at-ana\"}}", broker.mark);
        ClientRequest::by("POST", "/exchange/acme").with("content-type", "application/json").body(body)
    };

    for _ in 0..2 {
        let answer = broker.ask(hand_in()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    let heard = broker.upstream.heard();
    let paths: Vec<&str> = heard.iter().map(|heard| heard.path.as_str()).collect();
    assert_eq!(paths, ["/app", "/introspect", "/person", "/introspect", "/person"]);
    assert_eq!(heard[1].header("authorization"), Some(&*format!("Bearer {}-app-1", broker.mark)));
}

//! The ten requests that the broker makes for logins, each at a port at which no program listens: the cause is the same for all of them.

use crate::breakages::{Callback, Scene, story};
use crate::openid::IssuerKey;
use crate::try_command::free_port;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{LOCAL, TestBroker};
use crate::web::test_provider::json;
use portaria::directory::audit::ListAuditEvents;
use serde_json::json as value;

const CAUSE: &str = "connectionRefused";
const SENTENCE: &str = "no program listens at the port of its address (connection refused)";

/// A file with every call of a login, each at a provider of its own name.
const CALLS: &str = "name: Clube Acme
clientId: loja-42
clientSecret: SECRET
getClientToken: { post: \"CLIENT/ct\", read: { clientToken: $.token } }
getAuthorizationCode:
  get: UPSTREAM/entrar
  prepare: { post: \"PREPARE/par\", read: { requestUri: $.request_uri } }
  extra: { request_uri: \"${requestUri}\" }
getAccessCode:
  - { post: \"FIRST/token\" }
  - { post: \"SECOND/second\", json: { ticket: \"${accessToken}\" }, read: { ticket: $.ticket } }
getUserInfo:
  - { get: \"PERSON/me\", headers: { Authorization: \"Bearer ${accessToken}\", X-Client: \"${clientToken}\", X-Ticket: \"${ticket}\" }, read: { id: $.id, email: $.email, emailVerified: $.verified } }
  - { get: \"MORE/more\", read: { name: $.name } }
";

/// The same with a key set.
const SIGNED: &str = "name: Clube Acme
clientId: loja-42
clientSecret: SECRET
getAuthorizationCode: { get: \"UPSTREAM/entrar\" }
getAccessCode:
  post: UPSTREAM/signed
  read: { idToken: $.id_token }
  signed: { token: \"${idToken}\", issuer: https://sso.acme.example, keys: KEYS/keys, read: { id: $.sub, email: $.email, emailVerified: $.email_verified } }
";

const PLACES: [&str; 6] = ["CLIENT", "PREPARE", "FIRST", "SECOND", "PERSON", "MORE"];

/// The file with one of its places at a port that is closed.
fn without(file: &str, place: &str) -> String {
    let file = file.replace(&format!("{place}/"), &format!("http://127.0.0.1:{}/", free_port()));
    PLACES.iter().fold(file, |file, place| file.replace(&format!("{place}/"), "UPSTREAM/"))
}

/// The provider's other answers.
fn answer_all(scene: &Scene) {
    for (path, body) in [
        ("/ct", value!({ "token": "ct-1", "expires_in": 60 })),
        ("/par", value!({ "request_uri": "urn:par-1" })),
        ("/second", value!({ "ticket": "t-1" })),
        ("/more", value!({ "name": "Ana" })),
    ] {
        scene.broker.upstream.says(path, json(200, &body.to_string()));
    }
}

#[actix_web::test]
async fn each_call_of_a_login_and_each_document_names_the_same_cause() {
    let works = Scene::open(&without(CALLS, "NONE")).await;
    answer_all(&works);
    let answer = works.log_in(&works.broker, Callback::Usual).await;
    assert!(answer.session().is_some(), "{answer:?} {}", works.broker.logged());

    let discovery = "name: Clube Acme\nclientId: loja-42\nclientSecret: SECRET\ndiscovery: DISCOVERY/acme\n";
    for (file, place, step) in [
        (CALLS, "PREPARE", "getAuthorizationCode"),
        (CALLS, "FIRST", "getAccessCode"),
        (CALLS, "SECOND", "getAccessCode"),
        (CALLS, "CLIENT", "getClientToken"),
        (CALLS, "PERSON", "getUserInfo"),
        (CALLS, "MORE", "getUserInfo"),
        (SIGNED, "KEYS", "getAccessCode"),
        (discovery, "DISCOVERY", "getAuthorizationCode"),
    ] {
        let scene = Scene::open(&without(file, place)).await;
        answer_all(&scene);

        let failed = scene.log_in(&scene.broker, Callback::Usual).await;

        let story = story(&scene.broker, &failed).await;
        let said = story.message.clone().unwrap_or_default();
        assert_eq!((story.cause.as_deref(), story.step.as_deref()), (Some(CAUSE), Some(step)), "{place}: {said}");
        assert!(said.contains(SENTENCE), "{place}: {said}");
        let counted = format!("cause=\"{CAUSE}\"");
        let metrics = scene.broker.ask(ClientRequest::get("/metrics")).await.body;
        assert!(metrics.lines().any(|line| line.starts_with("portaria_login_failures") && line.contains(&counted)), "{metrics}");
    }
}

#[actix_web::test]
async fn the_question_to_whom_a_token_was_issued_names_the_cause_as_well() {
    let file = "name: Clube Acme\nclientId: loja-42\nclientSecret: SECRET\ngetAuthorizationCode: { get: \"UPSTREAM/entrar\" }\n\
        getAccessCode: { post: \"UPSTREAM/token\" }\ngetUserInfo: { get: \"UPSTREAM/me\", read: { id: $.id, email: $.email, emailVerified: $.verified } }\n\
        exchange:\n  ask: { post: \"ASK/introspect\", form: { token: \"${accessToken}\" }, accepted: { at: $.client_id, is: \"${clientId}\" } }\n";
    let broker = TestBroker::builder(LOCAL).with("acme", &without(file, "ASK")).build().await;

    let body = value!({ "accessToken": "at-1" }).to_string();
    let answer = broker.ask(ClientRequest::by("POST", "/exchange/acme").with("content-type", "application/json").body(body)).await;

    assert!(answer.status >= 400, "{answer:?}");
    let list = ListAuditEvents { store: None, provider: Some("acme".into()), before: None, most: 10 };
    let events = broker.app.directory.read(list).await.expect("storage").events;
    assert!(events.iter().any(|event| event.because.as_deref() == Some(CAUSE)), "{events:?}");
}

#[actix_web::test]
async fn a_logout_of_the_provider_that_cannot_be_verified_says_why_in_the_log() {
    let file = "name: Clube Acme\nclientId: loja-42\nclientSecret: SECRET\ndiscovery: DISCOVERY/acme\n";
    let broker = TestBroker::builder(LOCAL).with("acme", &without(file, "DISCOVERY")).build().await;
    let token = IssuerKey::new().token(None, "{\"iss\":\"x\"}");

    let answer = broker.ask(ClientRequest::form("/backchannel-logout/acme", &format!("logout_token={token}"))).await;

    assert!(answer.status >= 400, "{answer:?}");
    assert!(broker.logged().contains(SENTENCE), "{}", broker.logged());
}

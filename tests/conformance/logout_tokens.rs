//! A provider ends the sessions of a person by a logout token: once, only soon, only with proof, and only theirs.

use crate::conformance::issuer::Issuer;
use crate::conformance::modules::Module;
use crate::conformance::{broker, honest, log_in, open};
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker, TestBrokerBuilder};
use portaria::world::clock;
use serde_json::json;
use std::sync::Arc;

const MODULE: &str = "oidcc-client-test-logout-token";

/// A logout token as the provider posts it.
pub fn post(provider: &str, token: &str) -> ClientRequest {
    ClientRequest::form(&format!("/backchannel-logout/{provider}"), &format!("logout_token={token}"))
}

/// A broker with one provider, its issuer, and a browser in which the person has signed in there.
struct SignedInThere {
    module: Module,
    broker: TestBroker,
    issuer: Arc<Issuer>,
    browser: Browser,
}

impl SignedInThere {
    async fn new() -> Self {
        let module = honest(MODULE, "");
        let broker = broker(&[&module], "").await;
        let (issuer, browser) = (open(&broker, &module), Browser::new(&broker));
        let this = Self { module, broker, issuer, browser };
        this.sign_in().await;
        this
    }

    async fn sign_in(&self) {
        log_in((&self.broker, &self.browser), &self.issuer, self.module.provider(), "198.51.100.1", false).await;
        assert!(self.browser.who().await.is_some());
    }

    async fn post(&self, token: &str) -> Answer {
        self.broker.ask(post(self.module.provider(), token)).await
    }
}

/// Attack O-05
#[actix_web::test]
async fn a_logout_token_counts_once_and_only_soon_after_it_was_issued() {
    let there = SignedInThere::new().await;
    let now = clock::now();
    for (what, token) in [
        ("too old", there.issuer.logout_token(|_, claims| claims["iat"] = json!(now - 200))),
        ("expired", there.issuer.logout_token(|_, claims| claims["exp"] = json!(now - 61))),
        ("of the future", there.issuer.logout_token(|_, claims| claims["iat"] = json!(now + 120))),
        ("without a time", there.issuer.logout_token(|_, claims| claims["iat"] = json!(null))),
        ("without an id", there.issuer.logout_token(|_, claims| claims["jti"] = json!(""))),
        ("of another type", there.issuer.logout_token(|header, _| header["typ"] = json!("at+jwt"))),
        ("with an event that is none", there.issuer.logout_token(|_, claims| claims["events"] = json!("backchannel-logout"))),
        ("of a stranger", there.issuer.logout_token(|header, _| header["kid"] = json!("k-2"))),
        ("no token", "a.b.c".to_owned()),
        ("nothing", String::new()),
    ] {
        let answer = there.post(&token).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some("invalid_request")), "{what}: {answer:?}");
        assert!(there.browser.who().await.is_some(), "{what}");
    }
    let token = there.issuer.logout_token(|_, _| {});

    assert_eq!(there.post(&token).await.status, 200);
    assert_eq!(there.browser.who().await, None);
    there.sign_in().await;
    assert_eq!(there.post(&token).await.status, 400, "it was used before");
    assert!(there.browser.who().await.is_some());
}

/// Attack O-06
#[actix_web::test]
async fn a_logout_token_names_the_person_and_not_only_a_session_of_the_provider() {
    let there = SignedInThere::new().await;
    let elsewhere = Browser::new(&there.broker);
    log_in((&there.broker, &elsewhere), &there.issuer, there.module.provider(), "198.51.100.2", false).await;
    let without_subject =
        there.issuer.logout_token(|_, claims| drop(claims.as_object_mut().expect("claims have names").shift_remove("sub")));
    let of_another = there.issuer.logout_token(|_, claims| claims["sub"] = json!("s-8"));

    assert_eq!(there.post(&without_subject).await.status, 400);
    assert_eq!(there.post(&of_another).await.status, 200, "a person without a session is signed out already");
    assert!(there.browser.who().await.is_some() && elsewhere.who().await.is_some());
    let untyped = there.issuer.logout_token(|header, claims| {
        header["typ"] = json!("JWT");
        let claims = claims.as_object_mut().expect("claims have names");
        drop((claims.shift_remove("exp"), claims.shift_remove("sid")));
    });
    assert_eq!(there.post(&untyped).await.status, 200);
    assert_eq!((there.browser.who().await, elsewhere.who().await), (None, None), "all sessions that began there");
}

#[actix_web::test]
async fn a_file_without_signed_tokens_takes_none_and_neither_does_a_provider_that_is_not_there() {
    let broker = TestBroker::builder(LOCAL).with("acme", STANDARD).build().await;

    for provider in ["acme", "unknown"] {
        assert_eq!(broker.ask(post(provider, "a.b.c")).await.status, 404, "{provider}");
    }
}

#[actix_web::test]
async fn another_machine_hears_of_a_logout_by_the_provider_and_refuses_the_token_too() {
    let module = honest(MODULE, "");
    let file = format!(
        "name: Emissor\nclientId: {}\nclientSecret: SECRET\ndiscovery: UPSTREAM/{}\n",
        crate::conformance::issuer::CLIENT,
        module.provider()
    );
    for is_server in [false, true] {
        let mut plan = TestBroker::builder(LOCAL).with(module.provider(), &file);
        if is_server {
            plan = plan.at(crate::database::Server::shared().database().await.1);
        }
        let master = plan.master();
        let first = plan.build().await;
        let second = TestBrokerBuilder::beside(&first, LOCAL, &master).build().await;
        let (issuer, browser) = (open(&first, &module), Browser::new(&first));
        log_in((&first, &browser), &issuer, module.provider(), "198.51.100.1", false).await;
        let cookies = browser.cookies();
        let token = issuer.logout_token(|_, _| {});

        let answers = [first.ask(post(module.provider(), &token)).await.status, second.ask(post(module.provider(), &token)).await.status];
        second.app.sync_with_storage(clock::now()).await.expect("storage is there");

        assert_eq!(answers, [200, 400]);
        assert_eq!(second.ask(ClientRequest::get("/auth").with("cookie", &cookies)).await.status, 401);
    }
}

//! Apps learn of sessions that have ended: at once, again while they are down, and for a day at most.

use crate::web::apps::client::{ISSUER, by, decoded, signed_in};
use crate::web::apps::end_session::{id_token, settings_with_logout};
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{TestBroker, TestBrokerBuilder};
use crate::web::test_provider::answer;
use portaria::directory::audit::AuditActor;
use portaria::directory::logout_notices::TakeDueLogoutNotices;
use portaria::directory::sessions::EndAllSessions;
use portaria::web::apps::logout_delivery::deliver_due;
use portaria::world::clock;
use serde_json::{Value, json};

const PATH: &str = "/backchannel";

/// The logout tokens that the app has received.
fn received(broker: &TestBroker) -> Vec<String> {
    let heard = broker.upstream.heard().into_iter().filter(|heard| heard.path == PATH);
    heard.map(|heard| heard.field("logout_token").unwrap_or_else(|| panic!("{heard:?}"))).collect()
}

fn says(broker: &TestBroker, status: u16) {
    broker.upstream.says(PATH, answer(status, "", b""));
}

/// A broker, and the session that the app was given.
async fn begin(settings: &str) -> (TestBroker, Browser, Value) {
    let broker = TestBroker::builder(settings).with_standard("acme").with_standard("beta").build().await;
    says(&broker, 200);
    let browser = signed_in(&broker, "ana").await;
    let (_, claims) = decoded(&id_token(&broker, &browser).await);
    (broker, browser, claims)
}

async fn sign_out(browser: &Browser) {
    assert_eq!(browser.ask(ClientRequest::form("/logout", "")).await.status, 303);
}

#[actix_web::test]
async fn an_app_gets_a_logout_token_as_the_specification_wants_it() {
    for status in [200, 204] {
        let (broker, browser, claims) = begin(&settings_with_logout()).await;
        says(&broker, status);
        sign_out(&browser).await;
        assert_eq!(received(&broker).len(), 0, "no request waits for the app");
        let now = clock::now();

        assert_eq!(deliver_due(&broker.app, now).await, 1);

        let tokens = received(&broker);
        let (header, found) = decoded(&tokens[0]);
        assert_eq!((header["typ"].as_str(), header["alg"].as_str(), header["kid"].is_string()), (Some("logout+jwt"), Some("ES256"), true));
        for name in ["iss", "sub", "sid"] {
            assert_eq!(found[name], claims[name], "{name}");
        }
        assert_eq!((&found["aud"], &found["iat"], &found["exp"]), (&json!("painel"), &json!(now), &json!(now + 120)));
        assert_eq!(found["events"], json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
        assert!(found["jti"].as_str().is_some_and(|id| id.len() >= 16) && found.get("nonce").is_none());
        assert_eq!(found["iss"], ISSUER);
        assert_eq!((deliver_due(&broker.app, now + 86_300).await, received(&broker).len()), (0, 1), "it is delivered once");
        let heard = broker.upstream.heard().pop().expect("a request");
        assert_eq!(heard.header("content-type"), Some("application/x-www-form-urlencoded"));
        assert!(broker.ask(ClientRequest::get("/end-session?id_token_hint=x")).await.status == 303);
        let hint = browser.get(&format!("/end-session?id_token_hint={}&client_id=painel", tokens[0])).await;
        assert_eq!(hint.status, 303, "a logout token is no hint, and there is no session");
    }
}

#[actix_web::test]
async fn an_app_that_is_down_gets_the_notice_when_it_is_back() {
    let (broker, browser, _) = begin(&settings_with_logout()).await;
    broker.upstream.answers(PATH, |_, _| {});
    sign_out(&browser).await;
    let now = clock::now();

    assert_eq!(deliver_due(&broker.app, now).await, 1);
    assert_eq!(deliver_due(&broker.app, now + 29).await, 0, "after a pause");
    says(&broker, 500);
    assert_eq!(deliver_due(&broker.app, now + 31).await, 1);
    assert_eq!(deliver_due(&broker.app, now + 31 + 59).await, 0, "the pauses grow");
    says(&broker, 200);
    assert_eq!(deliver_due(&broker.app, now + 31 + 61).await, 1);

    let tokens = received(&broker);
    let ids: std::collections::BTreeSet<String> = tokens.iter().map(|token| decoded(token).1["jti"].to_string()).collect();
    assert_eq!((tokens.len(), ids.len()), (3, 3), "each try is a token of its own");
    assert_eq!(deliver_due(&broker.app, now + 80_000).await, 0);
    let logged = broker.logged();
    assert!(logged.contains("the app closed the connection without an answer") && logged.contains("it answered with an error"), "{logged}");
    assert!(!tokens.iter().any(|token| logged.contains(token)), "no token stands in the log");
}

#[actix_web::test]
async fn a_notice_that_no_one_takes_for_a_day_is_given_up() {
    let (broker, browser, _) = begin(&settings_with_logout()).await;
    says(&broker, 400);
    sign_out(&browser).await;
    let (mut now, mut tries) = (clock::now(), 0);
    let end = now + 2 * 86_400;

    while now < end {
        tries += deliver_due(&broker.app, now).await;
        now += 600;
    }

    assert!((20..40).contains(&tries), "{tries}");
    let logged = broker.logged();
    assert!(logged.contains("so it gets none"), "{logged}");
    let metrics = broker.ask(ClientRequest::get("/metrics")).await.body;
    assert!(metrics.contains("portaria_logout_notices_total{store=\"main\",app=\"painel\",outcome=\"given_up\"} 1"), "{metrics}");
}

#[actix_web::test]
async fn an_app_without_an_address_gets_none_and_neither_does_one_without_access() {
    let without = settings_with_logout().replace("    backChannelLogout: UPSTREAM/backchannel\n", "");
    let (broker, browser, _) = begin(&without).await;
    sign_out(&browser).await;
    let now = clock::now();

    assert_eq!(deliver_due(&broker.app, now).await, 1);
    assert_eq!(deliver_due(&broker.app, now + 80_000).await, 0, "it is dropped");
    assert_eq!(broker.upstream.asked(PATH), 0);

    let (broker, _, _) = begin(&settings_with_logout()).await;
    let stranger = signed_in(&broker, "bia").await;
    sign_out(&stranger).await;
    assert_eq!(deliver_due(&broker.app, clock::now()).await, 0, "the app has no grant in this session");
}

#[actix_web::test]
async fn an_app_that_hangs_does_not_hold_up_the_others() {
    let both = settings_with_logout().replacen("  other: { ", "  other: { backChannelLogout: UPSTREAM/other, ", 1);
    let (broker, browser, _) = begin(&both).await;
    let address = "/authorize?client_id=other&redirect_uri=https://other.example/cb&response_type=code&scope=openid";
    let answered = browser.get(address).await;
    let url = url::Url::parse(answered.location().expect("an address")).expect("an address");
    let (_, code) = url.query_pairs().find(|(name, _)| name == "code").expect("a code");
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri=https://other.example/cb");
    assert_eq!(broker.ask(by("other", "/token", &form)).await.status, 200);
    broker.upstream.answers(PATH, |_, _| std::thread::sleep(std::time::Duration::from_secs(7)));
    broker.upstream.says("/other", answer(200, "", b""));
    sign_out(&browser).await;
    let (began, now) = (clock::instant(), clock::now());

    assert_eq!(deliver_due(&broker.app, now).await, 2);

    assert!(began.elapsed() < std::time::Duration::from_secs(7), "a hanging app is not waited for: {:?}", began.elapsed());
    assert_eq!(broker.upstream.asked("/other"), 1);
    assert_eq!(deliver_due(&broker.app, now + 31).await, 1, "only the hanging one is tried again");
}

#[actix_web::test]
async fn of_two_machines_one_delivers_and_either_delivers_for_the_other() {
    for is_server in [false, true] {
        let settings = settings_with_logout();
        let mut plan = TestBroker::builder(&settings).with_standard("acme").with_standard("beta");
        if is_server {
            plan = plan.at(crate::database::Server::shared().database().await.1);
        }
        let master = plan.master();
        let first = plan.build().await;
        let second = TestBrokerBuilder::beside(&first, &settings, &master).build().await;
        says(&first, 200);
        let browser = signed_in(&first, "ana").await;
        let uid = decoded(&id_token(&first, &browser).await).1["sub"].as_str().expect("a user").to_owned();
        let now = clock::now();
        let end = EndAllSessions { store: "main".into(), uid: uid.into(), except: None, by: AuditActor::Support, now };
        first.app.directory.write(end).await.expect("storage is there");

        let there = second.app.clone();
        let there = actix_web::rt::spawn(async move { deliver_due(&there, now).await });
        let here = deliver_due(&first.app, now).await;

        assert_eq!((there.await.expect("nothing panics") + here, first.upstream.asked(PATH)), (1, 1));
        let left = first.app.directory.write(TakeDueLogoutNotices { store: "main".into(), now: now + 3600, limit: 10 }).await;
        assert_eq!(left.map(|left| left.len()), Ok(0));
    }
}

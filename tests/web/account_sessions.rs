//! A person sees the sessions that run, by their devices, and ends any of them.

use crate::web::account::{field, mark, signed_in};
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::TestBroker;
use portaria::directory::audit::{AuditEventKind, ListAuditEvents};

const PHONE: &str = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";

/// A person signs in with a browser that names itself so.
async fn signed_in_with(broker: &TestBroker, user_agent: &str, who: &str) -> Browser {
    let browser = Browser::new(broker);
    let begun = browser.begin("/login/acme").await;
    let callback = browser.way_back("acme", &begun.state, who);
    let answer = browser.ask(ClientRequest::get(&callback).with("user-agent", user_agent)).await;
    assert!(answer.session().is_some(), "{answer:?}");
    browser
}

fn handles(page: &Answer) -> Vec<String> {
    page.body.split("name=\"session\" value=\"").skip(1).filter_map(|rest| Some(rest.split('"').next()?.to_owned())).collect()
}

async fn account(browser: &Browser) -> Answer {
    browser.ask(ClientRequest::get("/account").with("accept-language", "pt-BR")).await
}

#[actix_web::test]
async fn each_session_is_named_by_its_device_and_ended_by_itself() {
    let broker = TestBroker::open().await;
    let here = signed_in(&broker, "acme", "ana").await;
    let phone = signed_in_with(&broker, PHONE, "ana").await;
    let other = signed_in_with(&broker, PHONE, "ana").await;

    let page = account(&here).await;
    assert_eq!(page.body.matches("<b>Chrome no Android</b>").count(), 2, "{}", page.body);
    assert_eq!(page.body.matches("<small>Este aparelho</small>").count(), 1);
    assert_eq!(handles(&page).len(), 2, "this session is ended by another form");
    let stored = broker.stored();
    assert!(!stored.windows(5).any(|part| part == b"Pixel"), "the header itself is not kept");
    let body = format!("form={}&session={}", field(&page, "form").expect("a form"), handles(&page)[0]);
    let ended = here.ask(ClientRequest::form("/account/sessions/end", &body)).await;

    assert_eq!((ended.status, ended.location()), (303, Some("/account?done=left")), "{ended:?}");
    assert!(here.who().await.is_some());
    assert_eq!([phone.who().await, other.who().await].iter().flatten().count(), 1, "one of the two has ended");
    assert_eq!(handles(&account(&here).await).len(), 1);
    let events = ListAuditEvents { store: Some("main".into()), provider: None, before: None, most: 10 };
    let events = broker.app.directory.read(events).await.expect("storage").events;
    assert!(events.iter().any(|event| event.what == AuditEventKind::Logout && event.uid.is_some()), "{events:?}");
}

/// Attacks S-03, D-14
#[actix_web::test]
async fn no_one_ends_the_session_of_another_person() {
    let broker = TestBroker::open().await;
    let ana = signed_in(&broker, "acme", "ana").await;
    let phone = signed_in_with(&broker, PHONE, "ana").await;
    let stranger = signed_in(&broker, "acme", "evil").await;
    let page = account(&ana).await;
    let handle = handles(&page).remove(0);
    let end = |form: &str, handle: &str| ClientRequest::form("/account/sessions/end", &format!("form={form}&session={handle}"));

    let theirs = stranger.ask(end(&mark(&stranger).await, &handle)).await;
    let forged = ana.ask(end(&mark(&stranger).await, &handle)).await;
    let cross = ana.ask(end(&mark(&ana).await, &handle).with("origin", "https://evil.example")).await;
    let signed_out = broker.ask(end(&mark(&ana).await, &handle)).await;

    assert_eq!(theirs.location(), Some("/account?done=left"), "{theirs:?}");
    assert_eq!((forged.status, cross.status, signed_out.location()), (403, 403, Some("/account")));
    assert!(phone.who().await.is_some() && ana.who().await.is_some(), "both sessions go on");
}

#[actix_web::test]
async fn a_person_leaves_this_browser_alone() {
    let broker = TestBroker::open().await;
    let (here, there) = (signed_in(&broker, "acme", "ana").await, signed_in(&broker, "acme", "ana").await);
    assert!(account(&here).await.body.contains("<form method=\"post\" action=\"/logout\">"));

    let body = format!("form={}&return_to=/login?signed_out=1", mark(&here).await);
    let out = here.ask(ClientRequest::form("/logout", &body)).await;

    assert_eq!(out.status, 303, "{out:?}");
    assert_eq!(here.who().await, None);
    assert!(there.who().await.is_some());
}

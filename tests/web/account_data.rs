//! A person downloads what is stored about them, and has the account erased as the store sets it.

use crate::web::account::{adds, field, mark, signed_in, uid};
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{HOST, LOCAL, TestBroker};
use portaria::directory::audit::{AuditEvent, AuditEventKind, ListAuditEvents, RecordAuditEvent};
use portaria::directory::users::ListIdentityLinks;
use portaria::world::clock;
use std::sync::Arc;

/// The browser of a person who signed in six minutes ago.
fn stale(broker: &TestBroker) -> Browser {
    let old = broker.token(HOST, |session| session.since = clock::now() - 360);
    let stale = Browser::new(broker);
    stale.jar.borrow_mut().push((broker.front(HOST).store.cookie.to_string(), old));
    stale
}

async fn erasable() -> TestBroker {
    let settings = format!("{LOCAL}account: {{ deletion: byPerson }}\n");
    TestBroker::builder(&settings).with_standard("acme").with_standard("beta").build().await
}

#[actix_web::test]
async fn a_person_downloads_their_own_data_and_nothing_of_others() {
    let broker = TestBroker::open().await;
    signed_in(&broker, "acme", "bia").await;
    let browser = signed_in(&broker, "acme", "ana").await;
    adds(&broker, &browser, "beta", "outra").await;

    let file = browser.ask(ClientRequest::form("/account/data", &format!("form={}", mark(&browser).await))).await;

    assert_eq!(file.status, 200, "{file:?}");
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"account.json\""));
    assert_eq!(file.header("cache-control"), Some("no-store"));
    let data = file.json();
    assert_eq!(data["uid"], uid(&browser).await.as_str());
    assert_eq!((data["waysIn"].as_array().map(Vec::len), data["sessions"].as_array().map(Vec::len)), (Some(2), Some(1)));
    assert!(data["waysIn"][0]["used"].is_string(), "{data}");
    for (of, not_theirs) in [("waysIn", &["version", "file", "fingerprint"][..]), ("history", &["version", "incident"])] {
        let entry = data[of][0].as_object().expect("an object");
        assert!(not_theirs.iter().all(|key| !entry.contains_key(*key)), "{data}");
    }
    assert!(!file.body.contains("the file"), "no sentence names the version of one: {}", file.body);
    assert_eq!(data["historyIsWhole"], true);
    assert!(data["history"].as_array().is_some_and(|events| events.iter().any(|event| event["what"] == "exported")), "{data}");
    let keys: Vec<&String> = data.as_object().expect("an object").keys().collect();
    for key in ["apps", "consents", "keptTokens", "removedWays"] {
        assert!(keys.iter().any(|known| *known == key), "{key}: {keys:?}");
    }
    let cookie = browser.cookies();
    let token = cookie.rsplit('=').next().expect("a token");
    assert!(!file.body.contains("id-bia") && !file.body.contains(token) && !file.body.contains("\"sid\""), "{}", file.body);
}

#[actix_web::test]
async fn of_a_long_history_a_person_downloads_the_newest_events() {
    let broker = TestBroker::open().await;
    let browser = signed_in(&broker, "acme", "ana").await;
    let (ana, at) = (uid(&browser).await, clock::now());
    let record = |_| {
        let (directory, event) = (Arc::clone(&broker.app), AuditEvent::new(at, "main", AuditEventKind::Logout).for_user(&ana));
        actix_web::rt::spawn(async move { directory.directory.write(RecordAuditEvent(event)).await })
    };
    for recorded in (0..1000).map(record).collect::<Vec<_>>() {
        recorded.await.expect("nothing panics").expect("storage is there");
    }

    let file = browser.ask(ClientRequest::form("/account/data", &format!("form={}", mark(&browser).await))).await;

    let data = file.json();
    assert_eq!(data["history"].as_array().map(Vec::len), Some(1000));
    assert_eq!((&data["historyIsWhole"], &data["history"][0]["what"]), (&false.into(), &"exported".into()));
}

/// Attacks S-03, D-15
#[actix_web::test]
async fn no_data_is_given_without_a_fresh_session_and_our_own_page() {
    let broker = TestBroker::open().await;
    let browser = signed_in(&broker, "acme", "ana").await;
    let form = mark(&browser).await;
    let download = |form: &str| ClientRequest::form("/account/data", &format!("form={form}"));

    let old = stale(&broker);
    let page = old.get("/account").await;
    let late = old.ask(download(&form)).await;
    let cross = browser.ask(download(&form).with("sec-fetch-site", "cross-site")).await;
    let read = browser.get("/account/data").await;

    assert_eq!((late.status, cross.status, read.location()), (403, 403, Some("/account")));
    assert!(!page.body.contains("/account/data"), "{}", page.body);
    assert_eq!(broker.ask(download(&form)).await.status, 403);
}

#[actix_web::test]
async fn the_download_has_the_limit_of_logins() {
    let limited = format!("{}limits: {{ login: 2 }}\n", LOCAL.replace("limits: off\n", ""));
    let broker = TestBroker::builder(&limited).with_standard("acme").with_standard("beta").build().await;
    let browser = signed_in(&broker, "acme", "ana").await;
    let form = mark(&browser).await;
    let mut statuses = Vec::new();

    for _ in 0..6 {
        let ask = ClientRequest::form("/account/data", &format!("form={form}")).from("203.0.113.9");
        statuses.push(browser.ask(ask).await.status);
    }

    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
}

/// Attack D-10
#[actix_web::test]
async fn a_person_erases_the_account_where_the_store_allows_it() {
    let broker = erasable().await;
    let (browser, there) = (signed_in(&broker, "acme", "ana").await, signed_in(&broker, "acme", "ana").await);
    let ana: Box<str> = uid(&browser).await.into();
    let page = browser.get("/account/erase").await;
    assert_eq!(page.status, 200, "{page:?}");

    let body = format!("form={}", field(&page, "form").expect("a form"));
    let erased = browser.ask(ClientRequest::form("/account/erase", &body)).await;

    assert_eq!(erased.status, 200, "{erased:?}");
    assert!(erased.body.contains("role=\"status\"") && erased.header("cache-control") == Some("no-store"), "{erased:?}");
    assert_eq!((browser.who().await, there.who().await), (None, None));
    assert!(broker.app.directory.read(ListIdentityLinks(ana.clone())).await.expect("storage").is_empty());
    let events = ListAuditEvents { store: Some("main".into()), provider: None, before: None, most: 10 };
    let events = broker.app.directory.read(events).await.expect("storage").events;
    let event = events.iter().find(|event| event.what == AuditEventKind::Erased).expect("it is recorded");
    assert_eq!((event.because.as_deref(), &event.uid), (Some("person"), &None));
    assert_ne!(uid(&signed_in(&broker, "acme", "ana").await).await, *ana, "a later sign-in makes a new user");
}

/// Attacks S-03, D-16
#[actix_web::test]
async fn no_account_is_erased_by_another_site_late_or_against_the_settings() {
    let broker = erasable().await;
    let browser = signed_in(&broker, "acme", "ana").await;
    let form = mark(&browser).await;
    let erase = |form: &str| ClientRequest::form("/account/erase", &format!("form={form}"));

    let stranger = signed_in(&broker, "acme", "evil").await;
    for (ask, status) in [
        (erase(""), 403),
        (erase(&mark(&stranger).await), 403),
        (erase(&form).with("sec-fetch-site", "cross-site"), 403),
        (erase(&form).with("origin", "https://evil.example"), 403),
    ] {
        assert_eq!(browser.ask(ask).await.status, status);
    }
    let old = stale(&broker);
    assert_eq!(old.ask(erase(&form)).await.status, 403);
    assert_eq!(old.get("/account/erase").await.location(), Some("/account"));
    assert!(browser.who().await.is_some());

    let closed = TestBroker::open().await;
    let theirs = signed_in(&closed, "acme", "ana").await;
    let page = theirs.get("/account/erase").await;
    let refused = theirs.ask(erase(&mark(&theirs).await)).await;
    assert_eq!((page.location(), refused.location()), (Some("/account"), Some("/account")));
    assert!(theirs.who().await.is_some(), "the store does not offer it");
}

#[actix_web::test]
async fn the_page_leads_to_where_the_store_takes_such_requests() {
    for (line, expected) in [
        ("account: { deletion: https://www.loja.example/apagar }", "href=\"https://www.loja.example/apagar\""),
        ("account: { deletion: privacidade@loja.example }", "href=\"mailto:privacidade@loja.example\""),
        ("login: { help: ajuda@loja.example }", "href=\"mailto:ajuda@loja.example\""),
    ] {
        let broker = TestBroker::builder(&format!("{LOCAL}{line}\n")).with_standard("acme").build().await;
        let page = signed_in(&broker, "acme", "ana").await.get("/account").await;

        assert!(page.body.contains(expected) && !page.body.contains("/account/erase"), "{line}: {}", page.body);
    }
}

//! Addresses that imitate another: the person signs in or not as with any address, and support reads that it is one.

use crate::web::browser::Browser;
use crate::web::test_broker::TestBroker;
use crate::web::test_provider::json;
use portaria::directory::audit::{AuditEventKind, ListAuditEvents};
use portaria::directory::incidents::LoadIncident;
use portaria::directory::reasons::describe_event;
use portaria::story::Story;
use portaria::world::clock;
use std::io::Write as _;

async fn logs_in_with(broker: &TestBroker, email: &'static str) -> Browser {
    broker.upstream.answers("/me", move |_, to| {
        drop(to.write_all(&json(200, &format!("{{\"id\":\"7\",\"email\":\"{email}\",\"verified\":true}}"))));
    });
    let browser = Browser::new(broker);
    browser.log_in("acme", "ana").await;
    browser
}

/// Attack E-02
#[actix_web::test]
async fn a_domain_that_mixes_scripts_signs_in_and_the_history_says_so() {
    for (email, key, expected) in [
        ("ana@l\u{43e}ja.example", "ana@xn--lja-sed.example", true),
        ("ana@xn--lja-sed.example", "ana@xn--lja-sed.example", true),
        ("ana@b\u{fc}cher.example", "ana@xn--bcher-kva.example", false),
    ] {
        let broker = TestBroker::open().await;

        let browser = logs_in_with(&broker, email).await;

        assert_eq!(browser.who().await.as_deref(), Some(key));
        let events = ListAuditEvents { store: None, provider: Some("acme".into()), before: None, most: 10 };
        let events = broker.app.directory.read(events).await.expect("storage").events;
        let login = events.iter().find(|event| event.what == AuditEventKind::Login).expect("a login");
        let sentence = describe_event(login);
        assert!(sentence.contains("no user had this address: the provider says that the address is proven"), "{sentence}");
        assert_eq!(sentence.contains("mixes scripts or imitates the letters"), expected, "{email}: {sentence}");
    }
}

/// Attack E-02
#[actix_web::test]
async fn a_name_with_foreign_letters_signs_nobody_in_and_the_story_says_what_it_is() {
    for (email, expected) in [("\u{430}na@loja.example", true), ("jos\u{e9}@loja.example", false)] {
        let broker = TestBroker::open().await;

        let browser = logs_in_with(&broker, email).await;

        assert_eq!(browser.who().await, None);
        let events = ListAuditEvents { store: None, provider: Some("acme".into()), before: None, most: 10 };
        let events = broker.app.directory.read(events).await.expect("storage").events;
        let code = events.iter().find_map(|event| event.incident.as_deref()).expect("a story");
        let load = LoadIncident { code: code.into(), now: clock::now() };
        let incident = broker.app.directory.read(load).await.expect("storage").expect("it is kept");
        let story: Story = serde_json::from_str(&incident.story).expect("a story");
        let text = serde_json::to_string(&story).expect("JSON");
        assert_eq!(text.contains("\"imitation\""), expected, "{email}: {text}");
        assert!(!text.contains(email), "the address itself is not shown");
    }
}

//! The lab: who gets in, what is never shown on any of its pages, and what it survives.

mod access;
mod apps;
mod catalogue;
mod content;
mod editor;
mod editor_tries;
mod find;
mod home;
mod incidents;
mod pasted_answers;

use crate::web::browser::Browser;
use crate::web::client_request::Answer;
use crate::web::test_broker::{OPEN, STANDARD, TestBroker};
use portaria::directory::audit::{AuditEvent, AuditEventKind};
use portaria::directory::incidents::{SaveIncident, StoredIncident};
use portaria::story::proposal::{FileChange, Proposal};
use portaria::story::{Story, StoryExchange, StoryFact, StoryRequest};
use portaria::vocabulary::email::Email;
use portaria::world::clock;

const OPEN_HOST: &str = "login.loja.example";

const STAFF: &str = "lab: { staff: [ Suporte@Loja.example ] }\n";

const MARKUP: &str = "<img src=x onerror=alert(1)>";

/// A store on the open net whose staff is one person.
async fn open_house() -> TestBroker {
    let settings = format!(
        "{OPEN}{STAFF}stores:\n  atacado: {{ publicUrl: 'https://login.atacado.example', lab: {{ staff: [ outra@loja.example ] }} }}\n"
    );
    TestBroker::builder(&settings).with("acme", &STANDARD.replace("UPSTREAM", "https://sso.acme.example")).build().await
}

/// A person with this address, signed in at a store.
fn somebody(broker: &TestBroker, host: &str, address: &str, verified: bool) -> Browser {
    let token = broker.token(host, |session| {
        session.person.uid = format!("uid of {address}").into();
        session.person.email = Email::parse(address).expect("an address");
        session.person.email_verified = verified;
    });
    let browser = Browser::at(broker, host);
    browser.jar.borrow_mut().push((broker.front(host).store.cookie.to_string(), token));
    browser
}

/// A story of a login at the provider `acme` that failed, full of markup.
fn story() -> Story {
    let fact = |name: &str, looks: Option<&str>| StoryFact {
        name: name.to_owned(),
        line: Some(8),
        looks: looks.map(str::to_owned),
        ..StoryFact::default()
    };
    let request = StoryRequest {
        method: "GET".to_owned(),
        url: format!("https://sso.acme.example/me?token=‹accessToken›&x={MARKUP}"),
        ..StoryRequest::default()
    };
    let exchange = StoryExchange {
        step: "getUserInfo".to_owned(),
        request,
        answer: Some(portaria::story::StoryAnswer {
            status: 200,
            content_type: Some(MARKUP.to_owned()),
            bytes: 12,
            shape: Some(Vec::new()),
            ..portaria::story::StoryAnswer::default()
        }),
        took: Some(187),
        facts: vec![fact("id", Some("address")), fact("email", None)],
        ..StoryExchange::default()
    };
    Story {
        provider: "acme".to_owned(),
        file: "acme.yaml".to_owned(),
        step: Some("getUserInfo".to_owned()),
        code: Some("missingFact".to_owned()),
        message: Some(format!("`email` was not found {MARKUP}")),
        line: Some(8),
        column: Some(20),
        exchanges: vec![exchange],
        proposals: vec![Proposal {
            title: format!("$.mail {MARKUP}"),
            because: "moved".to_owned(),
            about: Vec::new(),
            sentence: format!("It is there {MARKUP}"),
            change: Some(FileChange {
                line: 8,
                removed: vec!["old".to_owned()],
                added: vec![format!("  read: {{ email: $.mail }} # {MARKUP}")],
            }),
        }],
        ..Story::default()
    }
}

async fn keep(broker: &TestBroker, code: &str, store: &str, story: &Story) {
    let story = serde_json::to_string(story).expect("a story is JSON");
    let incident = StoredIncident { code: code.into(), store: store.into(), at: clock::now(), story };
    let event = AuditEvent::new(clock::now(), store, AuditEventKind::Failed);
    assert!(broker.app.directory.write(SaveIncident { incident, event }).await.expect("storage is there"));
}

fn field(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("name=\"form\" value=\"").expect("there is a form");
    rest.split('"').next().unwrap_or_default().to_owned()
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

//! The search of the lab: by code, by time, and by address, which is recorded and stands in no URL.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::lab::{OPEN_HOST, field, keep, open_house, somebody, story};
use crate::web::test_broker::{LOCAL, TestBroker};
use portaria::directory::audit::{AuditEvent, AuditEventKind, ListAuditEvents, ListUserAuditEvents};
use portaria::directory::sign_in::SignIn;
use portaria::provider::identity::{Identity, IdentityEmail};
use portaria::provider::trust::EmailEvidence;
use portaria::vocabulary::email::Email;
use portaria::world::clock;

async fn search(browser: &Browser, typed: &str) -> Answer {
    let form = field(&browser.get("/lab/find?lang=en").await);
    let typed: String = url::form_urlencoded::byte_serialize(typed.as_bytes()).collect();
    browser.ask(ClientRequest::form("/lab/find", &format!("form={form}&q={typed}")).with("accept-language", "en")).await
}

/// A user of the main store with this address.
async fn user(broker: &TestBroker, name: &str) -> Box<str> {
    let email = Email::parse(&format!("{name}@clientes.example")).expect("an address");
    let address = IdentityEmail::Proven(email, EmailEvidence::Claim);
    let identity = Identity { address, ..crate::directory::proven("acme", name, name) };
    let sign_in = SignIn {
        store: "main".into(),
        identity,
        version: "".into(),
        new_uid: format!("uid-{name}").into(),
        sid: format!("sid-{name}").into(),
        now: clock::now(),
        latest: clock::now() + 3600,
        instead_of: None,
        device: None,
    };
    broker.app.directory.write(sign_in).await.expect("storage").expect("a user").user.uid
}

async fn searches(broker: &TestBroker) -> Vec<AuditEvent> {
    let list = ListAuditEvents { store: Some("main".into()), provider: None, before: None, most: 100 };
    let events = broker.app.directory.read(list).await.expect("storage").events;
    events.into_iter().filter(|event| event.what == AuditEventKind::Searched).collect()
}

#[actix_web::test]
async fn a_code_and_a_time_lead_to_links_and_the_former_address_still_works() {
    let broker = TestBroker::builder(LOCAL).with_standard("acme").build().await;
    let browser = Browser::new(&broker);
    keep(&broker, "K7Q-2MD", "main", &story()).await;

    assert_eq!(search(&browser, " k7q 2md ").await.location(), Some("/lab/find?q=k7q%202md"));
    for link in ["/lab/find?q=k7q+2md", "/lab/incidents?code=K7Q-2MD"] {
        assert_eq!(browser.get(link).await.location(), Some("/lab/incidents/K7Q-2MD"), "{link}");
    }
    assert_eq!(search(&browser, "10:04").await.location(), Some("/lab/find?q=10%3A04"));
    let minute = chrono::DateTime::from_timestamp(clock::now(), 0).expect("a time").format("%Y-%m-%d+%H:%M").to_string();
    let then = browser.get(&format!("/lab/find?lang=en&q={minute}")).await;
    assert!(then.body.contains("href=\"/lab/incidents/K7Q-2MD\"") && then.body.contains("Times are in UTC"), "{then:?}");
    let long_ago = browser.get("/lab/find?lang=en&q=2020-01-01+10:04").await;
    assert!(long_ago.body.contains("No failure is known from this time") && !long_ago.body.contains("K7Q-2MD"), "{long_ago:?}");
    let unknown = browser.get("/lab/find?lang=en&q=what").await;
    assert!(unknown.status == 400 && unknown.body.contains("what is neither a code nor an address nor a time"), "{unknown:?}");
}

#[actix_web::test]
async fn a_search_by_address_is_recorded_under_the_name_of_the_staff_and_shows_the_logins() {
    let broker = open_house().await;
    let (ana, bia) = (user(&broker, "ana").await, user(&broker, "bia").await);
    let staff = somebody(&broker, OPEN_HOST, "suporte@loja.example", true);

    let found = search(&staff, "Ana@Clientes.example").await;

    assert_eq!(found.status, 200, "{found:?}");
    assert!(found.body.contains("Signed in, by Clube Acme") && found.body.contains("This search is recorded"), "{found:?}");
    let events = broker.app.directory.read(ListUserAuditEvents { uid: ana.clone(), most: 1 }).await.expect("storage");
    assert_eq!((events[0].what, events[0].evidence.as_deref()), (AuditEventKind::Searched, Some("uid of suporte@loja.example")));
    let nobody = search(&staff, "ninguem@clientes.example").await;
    assert!(nobody.body.contains("No user of this store has this address"), "{nobody:?}");
    for mistyped in ["ana@clientes.example,", "Ana <ana@clientes.example>"] {
        let answer = search(&staff, mistyped).await;
        assert!(answer.status == 400 && answer.location().is_none() && !answer.body.contains("q=ana"), "{answer:?}");
    }
    let recorded = searches(&broker).await;
    assert_eq!(recorded.iter().map(|event| event.uid.clone()).collect::<Vec<_>>(), [None, Some(ana)]);
    assert!(!format!("{recorded:?}").contains("clientes.example"), "the address is not recorded: {recorded:?}");
    assert!(recorded.iter().all(|event| event.uid.as_deref() != Some(&*bia)));
}

/// Attack P-14
#[actix_web::test]
async fn an_address_stands_in_no_url_and_a_link_with_one_searches_nothing() {
    let broker = open_house().await;
    user(&broker, "ana").await;
    let staff = somebody(&broker, OPEN_HOST, "suporte@loja.example", true);

    let found = search(&staff, "ana@clientes.example").await;
    let by_link = staff.get("/lab/find?lang=en&q=ana@clientes.example").await;

    assert!(found.location().is_none(), "{found:?}");
    assert!(!found.body.contains("q=ana"), "the links to other languages have no address either: {found:?}");
    assert!(by_link.status == 200 && by_link.body.contains("by this form only") && !by_link.body.contains("Signed in, by"), "{by_link:?}");
    assert_eq!(searches(&broker).await.len(), 1, "the link is no search");
    let forged = staff.ask(ClientRequest::form("/lab/find", "q=ana@clientes.example")).await;
    assert!(forged.status != 200 && searches(&broker).await.len() == 1, "another site cannot search: {forged:?}");
}

#[actix_web::test]
async fn a_lab_that_needs_no_sign_in_finds_nobody_by_address() {
    let broker = TestBroker::builder(LOCAL).with_standard("acme").build().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;

    let found = search(&browser, "ana@clientes.example").await;

    assert!(found.status == 403 && found.body.contains("portaria history") && !found.body.contains("Signed in"), "{found:?}");
    assert!(searches(&broker).await.is_empty());
}

#[actix_web::test]
async fn shoppers_and_the_staff_of_another_store_search_nothing() {
    let broker = open_house().await;
    user(&broker, "ana").await;

    let shopper = somebody(&broker, OPEN_HOST, "ana@clientes.example", true);
    assert_eq!(shopper.get("/lab/find?q=10:04").await.status, 403);
    let theirs = somebody(&broker, "login.atacado.example", "outra@loja.example", true);
    let found = search(&theirs, "ana@clientes.example").await;
    assert!(found.body.contains("Nenhum usuário") || found.body.contains("No user of this store"), "{found:?}");
    assert!(searches(&broker).await.is_empty(), "the other store has its own audit");
}

//! The removal of a linked identity is undone by the person who removed it, in the same session, within a minute, and once.

use crate::web::account::{adds, field, mark, signed_in, uid};
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::{LOCAL, TestBroker, TestBrokerBuilder};
use portaria::directory::users::{BlockUser, ListIdentityLinks};
use portaria::world::clock;

/// A person with two linked identities, and the page after the removal of the second.
async fn removes(broker: &TestBroker) -> (Browser, Answer) {
    let browser = signed_in(broker, "acme", "ana").await;
    adds(broker, &browser, "beta", "outra").await;
    let page = browser.get("/account").await;
    let form = field(&page, "form").expect("a form");
    let (_, of_beta) = page.body.rsplit_once("name=\"way\" value=\"").expect("two ways");
    let way = of_beta.split('"').next().expect("a value");
    let removed = browser.ask(ClientRequest::form("/account/unlink", &format!("form={form}&way={way}"))).await;
    assert_eq!(removed.status, 303, "{removed:?}");
    let page = browser.get(removed.location().expect("it leads to the page")).await;
    assert_eq!(page.status, 200, "{page:?}");
    (browser, page)
}

fn undo(page: &Answer, form: &str) -> ClientRequest {
    let removal = field(page, "removal").expect("it can be undone");
    ClientRequest::form("/account/undo", &format!("form={form}&removal={removal}"))
}

#[actix_web::test]
async fn a_removal_is_undone_on_any_machine_and_once() {
    let builder = TestBroker::builder(LOCAL).with_standard("acme").with_standard("beta");
    let master = builder.master();
    let broker = builder.build().await;
    let other = TestBrokerBuilder::beside(&broker, LOCAL, &master).build().await;
    let (browser, page) = removes(&broker).await;
    assert!(!page.body.contains("id-outra") && page.header("cache-control") == Some("no-store"), "{page:?}");
    let links = async || broker.app.directory.read(ListIdentityLinks(uid(&browser).await.into())).await.expect("storage").len();
    assert_eq!(links().await, 1);
    let request = undo(&page, &field(&page, "form").expect("a form"));

    let undone = other.ask(browser.dressed(request.clone())).await;

    assert_eq!((undone.status, undone.location()), (303, Some("/account?done=restored")), "{undone:?}");
    assert_eq!(links().await, 2);
    let again = signed_in(&broker, "beta", "outra").await;
    assert_eq!(uid(&again).await, uid(&browser).await, "it signs in the same person again");
    let twice = browser.ask(request).await;
    assert_eq!(twice.location(), Some("/account?done=late"), "{twice:?}");
    assert!(browser.get("/account?done=late").await.body.contains("role=\"status\""));
}

/// Attacks D-04, D-13
#[actix_web::test]
async fn no_one_undoes_the_removal_of_another_nor_takes_an_identity_back_that_was_linked_elsewhere() {
    let broker = TestBroker::open().await;
    let (browser, page) = removes(&broker).await;
    let stranger = signed_in(&broker, "acme", "evil").await;
    let before = uid(&stranger).await;

    let of_another = stranger.ask(undo(&page, &mark(&stranger).await)).await;
    let place = format!("/account?done=unlinked&undo={}", field(&page, "removal").expect("a removal"));
    let shown = stranger.get(&place).await;
    let forged = browser.ask(undo(&page, &mark(&stranger).await)).await;
    let cross = browser.ask(undo(&page, &mark(&browser).await).with("sec-fetch-site", "cross-site")).await;

    assert_eq!(of_another.location(), Some("/account?done=late"), "{of_another:?}");
    assert_eq!(field(&shown, "removal"), None, "the page of another person offers nothing");
    assert_eq!((forged.status, cross.status), (403, 403));
    adds(&broker, &stranger, "beta", "outra").await;
    let taken = browser.ask(undo(&page, &mark(&browser).await)).await;
    assert_eq!(taken.location(), Some("/account?done=late"), "{taken:?}");
    assert_eq!(uid(&signed_in(&broker, "beta", "outra").await).await, before, "it stays with the person who linked it since");
}

/// Attack D-09
#[actix_web::test]
async fn a_blocked_person_undoes_nothing() {
    let broker = TestBroker::open().await;
    let (browser, page) = removes(&broker).await;
    let request = undo(&page, &field(&page, "form").expect("a form"));
    let block = BlockUser { store: "main".into(), uid: uid(&browser).await.into(), blocked: true, now: clock::now() };
    let ana = block.uid.clone();
    broker.app.directory.write(block).await.expect("storage");

    let late = browser.ask(request).await;

    assert_ne!(late.location(), Some("/account?done=restored"), "{late:?}");
    assert_eq!(broker.app.directory.read(ListIdentityLinks(ana)).await.expect("storage").len(), 1);
}

#[actix_web::test]
async fn what_was_changed_or_invented_is_no_removal() {
    let broker = TestBroker::open().await;
    let (browser, page) = removes(&broker).await;
    let removal = field(&page, "removal").expect("a removal");
    let form = field(&page, "form").expect("a form");

    for wrong in [String::new(), removal[1..].to_owned(), format!("{removal}A"), form.clone(), "A".repeat(4000)] {
        let answer = browser.ask(ClientRequest::form("/account/undo", &format!("form={form}&removal={wrong}"))).await;
        assert_eq!(answer.location(), Some("/account?done=late"), "{wrong}: {answer:?}");
        assert_eq!(field(&browser.get(&format!("/account?done=unlinked&undo={wrong}")).await, "removal"), None, "{wrong}");
    }
    let signed_out = broker.ask(ClientRequest::form("/account/undo", &format!("form={form}&removal={removal}"))).await;
    assert_eq!(signed_out.location(), Some("/account"), "{signed_out:?}");
}

//! A person signs in by a code that is sent to an e-mail address, and no one else by it.

mod apps;
mod attacks;

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::mailbox::Mailbox;
use crate::web::prove::{look, mark, post};
use crate::web::test_broker::{LOCAL, SHOP, STANDARD, TestBroker};
use crate::web::test_provider::json;
use portaria::directory::users::BlockUser;
use portaria::world::clock;

async fn broker(mailbox: &Mailbox) -> TestBroker {
    broker_with(mailbox, "ways: [ email ]\n").await
}

async fn broker_with(mailbox: &Mailbox, settings: &str) -> TestBroker {
    let settings = format!("{LOCAL}{}{settings}", mailbox.settings());
    TestBroker::builder(&settings).with_standard("acme").with_standard("beta").build().await
}

/// Types an address on the page for that, which is there for people who are signed in, too.
pub async fn types(browser: &Browser, email: &str) -> Answer {
    let page = look(browser, "/login/email").await;
    post(browser, "/login/email", &mark(&page), &[("email", email)]).await
}

/// Types the code of the last mail.
async fn types_code(browser: &Browser, code: &str) -> Answer {
    post(browser, "/prove/code", &mark(&look(browser, "/prove").await), &[("code", code)]).await
}

/// Signs in with an address.
async fn comes_in(browser: &Browser, mailbox: &Mailbox, email: &str) -> Answer {
    let sent = types(browser, email).await;
    assert_eq!((sent.status, sent.location()), (303, Some("/prove")), "{sent:?}");
    types_code(browser, &mailbox.code()).await
}

#[actix_web::test]
async fn a_person_without_an_account_gets_one_with_the_address_of_the_code() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    let page = look(&browser, "/login").await;
    assert!(page.body.contains("action=\"/login/email\"") && page.body.contains("autocomplete=\"email\""), "{}", page.body);

    let sent = post(&browser, "/login/email", &mark(&page), &[("email", " Nova@Loja.Example ")]).await;
    assert_eq!((sent.status, sent.location()), (303, Some("/prove")), "{sent:?}");
    let (to, letter) = mailbox.letters().pop().expect("a letter");
    assert!(to == "nova@loja.example" && !letter.contains("http"), "{to}: {letter}");
    let page = look(&browser, "/prove").await;
    for expected in ["nova@loja.example", "autocomplete=\"one-time-code\"", "inputmode=\"numeric\""] {
        assert!(page.body.contains(expected), "{expected}: {}", page.body);
    }
    let code = mailbox.code();
    let typed = types_code(&browser, &format!(" {} {}\t", &code[..3], &code[3..])).await;

    assert_eq!((typed.status, typed.location()), (303, Some(format!("{SHOP}/").as_str())), "{typed:?}");
    let session = browser.get("/session").await.json();
    assert_eq!((&session["email"], &session["emailVerified"]), (&"nova@loja.example".into(), &true.into()));
    assert_eq!((&session["provider"], &session["providerUserId"]), (&"email".into(), &session["uid"]));
    assert!(!browser.cookies().contains("portaria-proof") && browser.cookies().contains("portaria-last=email"), "{}", browser.cookies());
    assert_eq!(mailbox.letters().len(), 1, "there is no mail about a new identity");
    assert!(!broker.logged().contains("nova@loja.example"), "addresses are not logged");
}

#[actix_web::test]
async fn the_person_of_an_address_signs_in_whatever_they_used_before_and_keeps_their_name() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let before = Browser::new(&broker);
    before.log_in("acme", "ana").await;
    let known = before.get("/session").await.json();

    let browser = Browser::new(&broker);
    for _ in 0..2 {
        assert_eq!(comes_in(&browser, &mailbox, "ana@clientes.example").await.status, 303);
        let session = browser.get("/session").await.json();
        assert_eq!((&session["uid"], &session["name"], &session["provider"]), (&known["uid"], &known["name"], &"email".into()));
    }

    let account = look(&browser, "/account").await;
    assert!(account.body.contains("Code by e-mail") && account.body.contains("Clube Acme"), "{}", account.body);
    assert_eq!(account.body.matches("action=\"/account/unlink\"").count(), 1, "only the provider can be removed: {}", account.body);
    assert!(account.body.contains("action=\"/account/link/beta\""), "a provider can be added: {}", account.body);
    assert_eq!(mailbox.letters().len(), 2, "there is no mail about a new identity");
}

/// What a user has left belongs to them no more: the address may be another person's by now.
/// Attack E-12
#[actix_web::test]
async fn an_address_that_a_user_has_left_opens_nothing_of_theirs() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let ana = Browser::new(&broker);
    ana.log_in("acme", "ana").await;
    comes_in(&Browser::new(&broker), &mailbox, "ana@clientes.example").await;
    let uid = ana.get("/session").await.json()["uid"].clone();
    broker.upstream.says("/me", json(200, r#"{"id":"id-ana","email":"outra@clientes.example","verified":true}"#));
    ana.log_in("acme", "ana").await;
    assert_eq!(ana.who().await.as_deref(), Some("outra@clientes.example"));

    let other = Browser::new(&broker);
    comes_in(&other, &mailbox, "ana@clientes.example").await;
    let moved = Browser::new(&broker);
    comes_in(&moved, &mailbox, "outra@clientes.example").await;

    assert_ne!(other.get("/session").await.json()["uid"], uid);
    assert_eq!(moved.get("/session").await.json()["uid"], uid);
}

#[actix_web::test]
async fn a_blocked_user_is_refused_after_the_code_and_not_before() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    comes_in(&browser, &mailbox, "ana@loja.example").await;
    let uid = browser.get("/session").await.json()["uid"].as_str().expect("an id").to_owned();
    let block = BlockUser { store: "main".into(), uid: uid.into(), blocked: true, now: clock::now() };
    broker.app.directory.write(block).await.expect("storage is there");

    let refused = comes_in(&Browser::new(&broker), &mailbox, "ana@loja.example").await;

    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(refused.body.contains("This account is blocked"), "{}", refused.body);
    broker.assert_clean(&refused);
}

#[actix_web::test]
async fn an_identity_without_proof_has_no_claim_to_the_address_and_loses_nothing() {
    let mailbox = Mailbox::open();
    let never = STANDARD.replace("name: Clube Acme\n", "name: Clube Acme\ntrustEmail: never\nmissingEmail: \"${id}@acme.invalid\"\n");
    let never = never.replace(", emailVerified: $.verified", "");
    let settings = format!("{LOCAL}{}ways: [ email ]\n", mailbox.settings());
    let broker = TestBroker::builder(&settings).with("acme", &never).with_standard("beta").build().await;
    let before = Browser::new(&broker);
    before.log_in("acme", "ana").await;
    let uid = before.get("/session").await.json()["uid"].clone();

    let browser = Browser::new(&broker);
    comes_in(&browser, &mailbox, "ana@clientes.example").await;
    let again = Browser::new(&broker);
    again.log_in("acme", "ana").await;

    assert_ne!(browser.get("/session").await.json()["uid"], uid);
    assert_eq!(again.get("/session").await.json()["uid"], uid);
}

#[actix_web::test]
async fn a_removed_identity_keeps_no_owner_of_the_address_out() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    comes_in(&browser, &mailbox, "ana@clientes.example").await;
    let uid = browser.get("/session").await.json()["uid"].clone();
    let account = look(&browser, "/account").await;
    let (_, rest) = account.body.split_once("name=\"way\" value=\"").expect("a form");
    let way = rest.split('"').next().expect("it ends").to_owned();
    let removed = post(&browser, "/account/unlink", &mark(&account), &[("way", &way)]).await;
    assert!(removed.location().is_some_and(|place| place.starts_with("/account?done=unlinked&undo=")), "{removed:?}");

    let again = Browser::new(&broker);
    comes_in(&again, &mailbox, "ana@clientes.example").await;

    assert_eq!(again.get("/session").await.json()["uid"], uid);
    let refused = Browser::new(&broker).log_in("acme", "ana").await;
    assert!(refused.session().is_none(), "the removed identity does not come back by itself: {refused:?}");
}

#[actix_web::test]
async fn the_page_of_its_own_leads_to_where_the_person_wanted_to_go() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    let wanted = format!("{SHOP}/carrinho?x=1&y=2");
    let address = format!("/login/email?return_to={}", url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect::<String>());

    let page = look(&browser, &address).await;
    assert!(page.body.contains("<h1>Sign in with a code</h1>") && page.body.contains("lang=ja"), "{}", page.body);
    let wrong = post(&browser, &address, &mark(&page), &[("email", "no address")]).await;
    assert_eq!(wrong.status, 422, "{wrong:?}");
    assert!(wrong.body.contains("value=\"no address\"") && wrong.body.contains("aria-invalid"), "{}", wrong.body);
    let sent = post(&browser, &address, &mark(&wrong), &[("email", "nova@loja.example")]).await;
    assert_eq!(sent.location(), Some("/prove"), "{sent:?}");
    let typed = types_code(&browser, &mailbox.code()).await;

    assert_eq!(typed.location(), Some(wanted.as_str()), "{typed:?}");
    let elsewhere = look(&browser, "/login/email?return_to=https%3A%2F%2Fevil.example%2F").await;
    assert!(!elsewhere.body.contains("evil.example"), "{}", elsewhere.body);
}

#[actix_web::test]
async fn a_store_that_does_not_offer_it_has_neither_form_nor_page() {
    let mailbox = Mailbox::open();
    let broker = broker_with(&mailbox, "").await;
    let browser = Browser::new(&broker);

    let page = look(&browser, "/login").await;
    assert!(!page.body.contains("/login/email") && !page.body.contains("name=\"email\""), "{}", page.body);
    assert_eq!(look(&browser, "/login/email").await.status, 404);
    assert_eq!(post(&browser, "/login/email", "x", &[("email", "ana@loja.example")]).await.status, 404);
    assert_eq!(mailbox.letters().len(), 0);
}

#[actix_web::test]
async fn a_sign_in_that_has_begun_ends_with_the_offer() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    types(&browser, "ana@loja.example").await;
    let form = mark(&look(&browser, "/prove").await);
    broker.resettle(&format!("{LOCAL}{}", mailbox.settings()));

    let typed = post(&browser, "/prove/code", &form, &[("code", &mailbox.code())]).await;

    assert_eq!((typed.status, browser.who().await), (404, None), "{typed:?}");
}

#[actix_web::test]
async fn it_is_the_first_thing_to_try_when_a_provider_fails() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    broker.upstream.says("/me", json(500, "{}"));
    let browser = Browser::new(&broker);
    let begun = browser.begin(&format!("/login/acme?return_to={SHOP}/carrinho")).await;

    let failed = look(&browser, &browser.way_back("acme", &begun.state, "ana")).await;

    let first = failed.body.split("<a class=\"button").nth(1).expect("a button");
    assert!(first.contains("href=\"/login/email?return_to=http%3A%2F%2Flocalhost%3A9000%2Fcarrinho\""), "{}", failed.body);
    assert!(first.contains("Get a code by e-mail"), "{}", failed.body);
}

#[actix_web::test]
async fn a_mail_that_cannot_be_sent_is_said_and_the_next_try_may_work() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    mailbox.refuse(true);

    let failed = types(&browser, "nova@loja.example").await;
    assert_eq!(failed.status, 503, "{failed:?}");
    assert!(failed.body.contains("The e-mail could not be sent"), "{}", failed.body);
    mailbox.refuse(false);
    let sent = post(&browser, "/prove/address", &mark(&failed), &[("email", "nova@loja.example")]).await;

    assert_eq!(sent.location(), Some("/prove"), "{sent:?}");
    assert_eq!(types_code(&browser, &mailbox.code()).await.status, 303);
    assert_eq!(browser.who().await.as_deref(), Some("nova@loja.example"));
}

#[actix_web::test]
async fn support_reads_how_the_person_signed_in() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    comes_in(&browser, &mailbox, "ana@loja.example").await;
    let uid: Box<str> = browser.get("/session").await.json()["uid"].as_str().expect("an id").into();

    let links = broker.app.directory.read(portaria::directory::users::ListIdentityLinks(uid.clone())).await.expect("storage");
    let events = portaria::directory::audit::ListUserAuditEvents { uid, most: 9 };
    let events = broker.app.directory.read(events).await.expect("storage is there");

    let described = portaria::directory::reasons::describe_link(&links[0]);
    assert_eq!(described, "linked because no user had this address: a code that was sent to the address came back");
    let described = portaria::directory::reasons::describe_event(&events[0]);
    assert_eq!(described, "signed in through email because no user had this address: a code that was sent to the address came back");
    let metrics = broker.ask(ClientRequest::get("/metrics")).await;
    assert!(metrics.body.contains("provider=\"email\",outcome=\"welcome\""), "{}", metrics.body);
}

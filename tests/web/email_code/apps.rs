//! Apps whose people sign in by a code.

use crate::web::apps::client::{CALLBACK, ISSUER, by, decoded, parameter, request_of, settings, text};
use crate::web::browser::Browser;
use crate::web::email_code::types_code;
use crate::web::mailbox::Mailbox;
use crate::web::prove::{look, mark, post};
use crate::web::test_broker::TestBroker;

async fn broker(mailbox: &Mailbox) -> TestBroker {
    let all = format!("{}{}ways: [ email ]\nproviders: FOLDER/providers.d\n", settings(), mailbox.settings());
    let of_app = |name: &str, providers: &str| all_of(name, providers);
    let all = all.replace("  asks: {", &format!("{}{}  asks: {{", of_app("code-only", "email"), of_app("both", "email, acme")));
    TestBroker::builder(&all).with_standard("acme").with_standard("beta").build().await
}

/// An app with these providers and the secret of [`by`].
fn all_of(name: &str, providers: &str) -> String {
    let hash = portaria::apps::client_app::SecretDigest::of(&format!("a-secret-of-{name}")).setting();
    format!("  {name}: {{ secret: {hash}, redirectUris: [ {CALLBACK} ], providers: [ {providers} ], signing: ES256 }}\n")
}

/// Types an address and its code on the page at this address, and follows to the app.
async fn signs_in(browser: &Browser, mailbox: &Mailbox, page: &str) -> crate::web::client_request::Answer {
    let form = mark(&look(browser, page).await);
    let action = page.replace("/login?", "/login/email?");
    let sent = post(browser, &action, &form, &[("email", "ana@loja.example")]).await;
    assert_eq!(sent.location(), Some("/prove"), "{sent:?}");
    types_code(browser, &mailbox.code()).await
}

#[actix_web::test]
async fn an_app_learns_that_the_person_came_by_a_code() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    let asked = browser.get(&request_of("both", "")).await;
    let page = asked.location().expect("the login page").to_owned();
    assert!(look(&browser, &page).await.body.contains("action=\"/login/email?return_to="), "the app lists it");

    let answer = signs_in(&browser, &mailbox, &page).await;
    let redeem = format!("grant_type=authorization_code&code={}&redirect_uri={CALLBACK}", parameter(&answer, "code"));
    let tokens = broker.ask(by("both", "/token", &redeem)).await;

    let (_, claims) = decoded(&text(&tokens, "id_token"));
    assert_eq!((&claims["email"], &claims["amr"]), (&"ana@loja.example".into(), &serde_json::json!(["otp"])));
    assert!(claims["acr"].as_str().is_some_and(|acr| acr.ends_with(":email")), "{claims}");
    assert!(claims["auth_time"].is_i64(), "{claims}");
}

#[actix_web::test]
async fn the_code_is_gone_to_at_once_where_nothing_else_is_accepted() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);

    let asked = browser.get(&request_of("code-only", "")).await;
    let page = asked.location().expect("a page").to_owned();
    assert!(page.starts_with("/login/email?return_to="), "{asked:?}");
    let answer = signs_in(&browser, &mailbox, &page).await;

    assert!(!parameter(&answer, "code").is_empty());
    let silent = browser.get(&request_of("beta-only", "prompt=none")).await;
    assert_eq!(parameter(&silent, "error"), "login_required", "a session by the code is none for an app that does not list it");
}

#[actix_web::test]
async fn an_app_that_names_its_providers_has_no_codes_unless_it_lists_them() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    // Two apps wait: the form of one does not open the other.
    let free = browser.get(&request_of("painel", "")).await.location().expect("the login page").to_owned();
    let begun = browser.begin(&request_of("beta-only", "")).await;
    let waiting =
        browser.jar.borrow().iter().filter(|(name, _)| name.contains("portaria-app-")).map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let id = waiting.last().and_then(|name| name.rsplit('-').next()).expect("an id").to_owned();
    assert!(begun.answer.location().is_some_and(|location| location.starts_with(&broker.upstream.url())));

    let form = mark(&look(&browser, &free).await);
    let page = look(&browser, &format!("/login?return_to={ISSUER}/authorize/{id}")).await;
    let refused = post(&browser, &format!("/login/email?return_to={ISSUER}/authorize/{id}"), &form, &[("email", "ana@loja.example")]).await;

    assert!(!page.body.contains("/login/email"), "{}", page.body);
    assert_eq!((refused.status, mailbox.letters().len()), (404, 0), "{refused:?}");
}

//! The first button of an error page leads on. Which one it is in each situation stands in docs/support.md.

use crate::web::browser::Browser;
use crate::web::client_request::Answer;
use crate::web::mailbox::Mailbox;
use crate::web::prove::{look, mark, post};
use crate::web::test_broker::{LOCAL, SHOP, STANDARD, TestBroker};
use crate::web::test_provider::json;

const CODE: &str = "ways: [ email ]\n";

async fn broker(settings: &str) -> TestBroker {
    let mailbox = Mailbox::open();
    TestBroker::builder(&format!("{LOCAL}{}{settings}", mailbox.settings())).with_standard("acme").with_standard("beta").build().await
}

/// The address of the first button, and what stands on it.
fn first_button(page: &Answer) -> (String, String) {
    let (_, button) = page.body.split_once("<a class=\"button").unwrap_or_else(|| panic!("a button: {}", page.body));
    let (_, href) = button.split_once("href=\"").expect("it leads somewhere");
    let (href, rest) = href.split_once('"').expect("it ends");
    let (label, _) = rest.split_once("</a>").expect("it ends");
    let label = label.trim_start_matches('>').replace("<span>", "");
    (href.to_owned(), label.split('<').next().unwrap_or_default().to_owned())
}

/// Follows the first button, which leads to no other error.
async fn follow(browser: &Browser, page: &Answer, expected: (&str, &str)) -> Answer {
    let (href, label) = first_button(page);
    assert_eq!((href.as_str(), label.as_str()), expected, "{}", page.body);
    let next = look(browser, &href).await;
    assert!(matches!(next.status, 200 | 303), "{next:?}");
    next
}

/// Comes back from `acme` with these parameters.
async fn comes_back(browser: &Browser, parameters: &str) -> Answer {
    let begun = browser.begin(&format!("/login/acme?return_to={SHOP}/carrinho")).await;
    look(browser, &format!("/callback/acme?{parameters}&state={}", begun.state)).await
}

const HERE: &str = "?return_to=http%3A%2F%2Flocalhost%3A9000%2Fcarrinho";

#[actix_web::test]
async fn after_a_cancel_the_person_chooses_again_and_has_no_code_to_report() {
    let broker = broker(CODE).await;
    let browser = Browser::new(&broker);

    let page = comes_back(&browser, "error=access_denied").await;

    assert!(page.status == 200 && !page.body.contains("Tell the store this code"), "{}", page.body);
    let next = follow(&browser, &page, (&format!("/login{HERE}"), "Sign in another way")).await;
    assert!(next.body.contains("/login/acme"), "{}", next.body);
}

#[actix_web::test]
async fn who_has_no_proven_address_proves_one_or_signs_in_another_way() {
    for (settings, address, label) in [(CODE, "/login/email", "Get a code by e-mail"), ("", "/login", "Sign in another way")] {
        let broker = broker(settings).await;
        for said in [r#"{"id":"1"}"#, r#"{"id":"1","email":"ana@loja.example","verified":false}"#] {
            broker.upstream.says("/me", json(200, said));
            let browser = Browser::new(&broker);
            let code = broker.code("ana");

            let page = comes_back(&browser, &format!("code={code}")).await;

            assert_eq!(page.status, 403, "{}", page.body);
            follow(&browser, &page, (&format!("{address}{HERE}"), label)).await;
        }
    }
}

#[actix_web::test]
async fn a_login_that_was_lost_begins_again() {
    let broker = broker(CODE).await;
    let browser = Browser::new(&broker);

    let page = look(&browser, "/callback/acme?code=x&state=lost").await;

    let next = follow(&browser, &page, ("/login/acme", "Try again with Clube Acme")).await;
    assert!(next.location().is_some_and(|location| location.starts_with(&broker.upstream.url())), "{next:?}");
}

#[actix_web::test]
async fn who_wanted_to_link_an_identity_goes_back_to_the_account() {
    let broker = broker(CODE).await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;

    for parameters in ["error=access_denied", "error=server_error"] {
        let account = look(&browser, "/account").await;
        let begun = post(&browser, "/account/link/beta", &mark(&account), &[]).await;
        let location = url::Url::parse(begun.location().expect("to the provider")).expect("an address");
        let (_, state) = location.query_pairs().find(|(name, _)| name == "state").expect("a state");
        let page = look(&browser, &format!("/callback/beta?{parameters}&state={state}")).await;

        let next = follow(&browser, &page, ("/account", "Back to your account")).await;
        assert!(next.body.contains("<h1>Your account</h1>"), "{}", next.body);
    }
}

#[actix_web::test]
async fn an_address_that_does_not_exist_leads_to_one_that_does() {
    let broker = broker("").await;
    let browser = Browser::new(&broker);

    let page = look(&browser, "/login/none").await;
    follow(&browser, &page, ("/login", "Go to the sign-in page")).await;

    let page = look(&browser, "/none").await;
    assert_eq!(first_button(&page).0, format!("{SHOP}/"));
}

#[actix_web::test]
async fn who_is_signed_in_at_a_store_without_an_address_of_its_own_sees_their_account() {
    let without = LOCAL.replace("returnTo: [ http://localhost:9000 ]\n", "");
    let broker = TestBroker::builder(&without).with("acme", STANDARD).build().await;
    let browser = Browser::new(&broker);
    let landed = browser.log_in("acme", "ana").await;
    assert_eq!(landed.location(), Some("/login"), "{landed:?}");

    let page = look(&browser, "/login").await;

    assert!(page.body.contains("<h1>You are signed in</h1>") && page.body.contains("ana@clientes.example"), "{}", page.body);
    assert!(!page.body.contains("Continue with this account"), "there is nothing to continue to: {}", page.body);
    let next = follow(&browser, &page, ("/account", "View your account")).await;
    assert!(next.body.contains("<h1>Your account</h1>"), "{}", next.body);
}

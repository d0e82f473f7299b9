//! The login page in the browser of an app: what would fail is not offered, and what works comes first.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::mailbox::Mailbox;
use crate::web::test_broker::{LOCAL, SHOP, STANDARD, TestBroker};

const IPHONE: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 390.0.0.28.85";
const ANDROID: &str = "Mozilla/5.0 (Linux; Android 15; Pixel 9; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0.0.0 Mobile Safari/537.36 Instagram 390.0.0.43.81 Android";
const CHROME: &str = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";

/// `acme` refuses sign-ins in the browsers of apps, and `beta` does not.
async fn broker(settings: &str) -> TestBroker {
    let refusing = STANDARD.replace("name: Clube Acme\n", "name: Clube Acme\nrefusesEmbeddedBrowsers: true\n");
    let beta = STANDARD.replace("name: Clube Acme\n", "name: Beta\n");
    TestBroker::builder(&format!("{LOCAL}{settings}")).with("acme", &refusing).with("beta", &beta).build().await
}

async fn look_with(browser: &Browser, user_agent: &str, path: &str) -> Answer {
    let ask = ClientRequest::get(path).with("accept", "text/html").with("accept-language", "en");
    browser.ask(ask.with("user-agent", user_agent)).await
}

#[actix_web::test]
async fn a_provider_that_refuses_there_is_not_offered_and_the_page_says_so() {
    let mailbox = Mailbox::open();
    let broker = broker(&format!("{}ways: [ email ]\n", mailbox.settings())).await;
    let browser = Browser::new(&broker);
    let address = format!("/login?return_to={SHOP}/carrinho");

    let page = look_with(&browser, ANDROID, &address).await.body;
    for expected in [
        "You are in the browser of Instagram",
        "Signing in with Clube Acme does not work here. A code by e-mail works right away.",
        "href=\"intent://localhost:8080/login?return_to=http%3A%2F%2Flocalhost%3A9000%2Fcarrinho#Intent;scheme=http;end\"",
        ">http://localhost:8080/login?return_to=http%3A%2F%2Flocalhost%3A9000%2Fcarrinho<",
        "href=\"/login/beta?return_to=",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(!page.contains("href=\"/login/acme"), "{page}");
    assert!(page.find("action=\"/login/email") < page.find("href=\"/login/beta"), "the code comes first: {page}");
    assert_eq!(page.matches("action=\"/login/email").count(), 1, "{page}");

    let page = look_with(&browser, IPHONE, &address).await.body;
    assert!(!page.contains("intent:") && page.contains("choose “Open in browser”"), "{page}");
    let page = look_with(&browser, CHROME, &address).await.body;
    assert!(page.contains("href=\"/login/acme") && !page.contains("Instagram"), "{page}");
}

#[actix_web::test]
async fn a_link_to_a_provider_that_would_refuse_leads_to_what_works() {
    let broker = broker("").await;
    let browser = Browser::new(&broker);
    let address = format!("/login/acme?return_to={SHOP}/carrinho");

    let deep = look_with(&browser, IPHONE, &address).await;
    let beta = look_with(&browser, IPHONE, "/login/beta").await;

    assert_eq!((deep.status, deep.location()), (303, Some("/login?return_to=http%3A%2F%2Flocalhost%3A9000%2Fcarrinho")), "{deep:?}");
    assert!(beta.location().is_some_and(|location| location.starts_with(&broker.upstream.url())), "{beta:?}");
    let page = look_with(&browser, IPHONE, "/login").await.body;
    assert!(page.contains("does not work here.</p>") && !page.contains("by e-mail"), "no code is offered: {page}");
}

#[actix_web::test]
async fn a_store_whose_providers_work_everywhere_says_nothing() {
    let broker = TestBroker::open().await;

    let page = look_with(&Browser::new(&broker), ANDROID, "/login").await.body;

    assert!(page.contains("href=\"/login/acme") && !page.contains("Instagram"), "{page}");
}

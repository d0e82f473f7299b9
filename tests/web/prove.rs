//! An address is proven by a code that goes there: no one gets in without it, no one learns anything from it, and no one is
//! drowned in mail.

mod code;
mod mails;
mod page;

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::mailbox::Mailbox;
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker};

/// A provider that names an address and does not vouch for it.
fn asking() -> String {
    STANDARD
        .replace("name: Clube Acme\n", "name: Clube Acme\ntrustEmail: never\nmissingEmail: ask\n")
        .replace(", emailVerified: $.verified", "")
}

async fn broker(mailbox: &Mailbox) -> TestBroker {
    TestBroker::builder(&format!("{LOCAL}{}", mailbox.settings())).with("acme", &asking()).with_standard("beta").build().await
}

/// What a page of ours writes into its forms.
pub fn mark(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("name=\"form\" value=\"").unwrap_or_else(|| panic!("there is a form: {page:?}"));
    rest.split('"').next().expect("it ends").to_owned()
}

pub async fn post(browser: &Browser, path: &str, mark: &str, fields: &[(&str, &str)]) -> Answer {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("form", mark).extend_pairs(fields);
    browser.ask(ClientRequest::form(path, &form.finish()).with("accept", "text/html").with("accept-language", "en")).await
}

/// The page in English.
pub async fn look(browser: &Browser, path: &str) -> Answer {
    browser.ask(ClientRequest::get(path).with("accept", "text/html").with("accept-language", "en")).await
}

/// What a login ends with, in English.
async fn ends(browser: &Browser, provider: &str, who: &str) -> Answer {
    let begun = browser.begin(&format!("/login/{provider}")).await;
    look(browser, &browser.way_back(provider, &begun.state, who)).await
}

/// A person has come back from the provider and is asked for an address.
pub async fn asked(broker: &TestBroker, who: &str) -> (Browser, String) {
    let browser = Browser::new(broker);
    let answer = browser.log_in("acme", who).await;
    assert_eq!((answer.status, answer.location()), (303, Some("/prove")), "{answer:?}");
    assert!(answer.session().is_none());
    let page = browser.get("/prove").await;
    assert_eq!(page.status, 200, "{page:?}");
    (browser, mark(&page))
}

//! A callback that has what the file reads under another name, or not at all: the story names what came.

use crate::command_line::portaria;
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::failures::code_on;
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker};

/// The story behind the code of a page.
fn story(broker: &TestBroker, page: &Answer) -> String {
    let code = code_on(&page.body).unwrap_or_else(|| panic!("the page has a code: {page:?}"));
    let (status, story, err) = portaria(&broker.folder.0, &["incident", &code, "--storage", "sqlite:portaria.db"], &[]);
    assert_eq!(status, 0, "{err}");
    story
}

async fn page(browser: &Browser, address: &str) -> Answer {
    browser.ask(ClientRequest::get(address).with("accept", "text/html").with("accept-language", "en")).await
}

#[actix_web::test]
async fn a_callback_without_a_code_and_without_an_error_says_so_and_offers_another_try() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let state = browser.begin("/login/acme").await.state;

    let answer = page(&browser, &format!("/callback/acme?state={state}&ticket={}", broker.code("ana"))).await;

    assert_eq!(answer.status, 502, "{answer:?}");
    assert!(
        answer.body.contains("sent you back without the confirmation") && answer.body.contains(">Try again with Clube Acme"),
        "{answer:?}"
    );
    broker.assert_clean(&answer);
    assert_eq!(broker.upstream.asked("/token"), 0, "nothing is redeemed");
    let story = story(&broker, &answer);
    assert!(story.contains("sent the browser back with neither `code` nor an error (noCode)"), "{story}");
    assert!(story.contains("ticket: ") && story.contains("code: $.ticket"), "the names, and a proposal: {story}");
    assert!(!story.contains(&broker.mark) && !story.contains(&state), "no values: {story}");
}

#[actix_web::test]
async fn a_state_under_another_name_is_found_by_its_value_and_not_blamed_on_cookies() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let state = browser.begin("/login/acme").await.state;

    let answer = page(&browser, &format!("/callback/acme?estado={state}&code={}", broker.code("ana"))).await;

    assert_eq!(answer.status, 400, "{answer:?}");
    let story = story(&broker, &answer);
    assert!(story.contains("`estado` holds it, so write `read: { state: $.estado }`"), "{story}");
    assert!(story.contains("estado: ") && story.contains("state: $.estado"), "{story}");
    assert!(!story.contains(&state) && !story.contains("cookie"), "{story}");
    assert_eq!(broker.upstream.asked("/token"), 0, "a state that the file does not read is none");
    broker.assert_clean(&answer);
}

#[actix_web::test]
async fn without_a_cookie_a_callback_without_a_state_shows_its_parameters() {
    let broker = TestBroker::open().await;
    let stranger = Browser::new(&broker);

    let answer = page(&stranger, "/callback/acme?estado=abcdefgh&code=x").await;

    let story = story(&broker, &answer);
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(story.contains("no parameter that the file reads as the state") && story.contains("estado: text, 8"), "{story}");
    assert!(!story.contains("abcdefgh"), "{story}");
}

#[actix_web::test]
async fn a_fact_that_the_file_reads_in_place_of_the_code_is_named() {
    let file = STANDARD
        .replace("scope: perfil }", "scope: perfil, read: { ticket: $.ticket } }")
        .replace("{ post: \"UPSTREAM/token\" }", "{ post: \"UPSTREAM/token\", form: { ticket: \"${ticket}\" } }");
    let broker = TestBroker::builder(LOCAL).with("acme", &file).build().await;
    let browser = Browser::new(&broker);
    let state = browser.begin("/login/acme").await.state;

    let answer = page(&browser, &format!("/callback/acme?state={state}")).await;

    let story = story(&broker, &answer);
    assert!(story.contains("neither `ticket` nor an error (noCode)") && story.contains("acme.yaml:4:"), "{story}");
}

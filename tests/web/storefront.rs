//! What pages of a store load and ask: the script, the list of providers, the session; and the end of a login in a popup.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::mailbox::Mailbox;
use crate::web::test_broker::{HOST, LOCAL, SHOP, TestBroker};
use portaria::session::TokenReach;
use serde_json::json;

const OPENER: &str = "cross-origin-opener-policy";

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The address at which a login in a popup ends.
fn end_of_popup(return_to: &str) -> String {
    format!("/session/popup?return_to={}", encoded(return_to))
}

/// The address of a login in a popup.
fn login_in_popup(path: &str) -> String {
    format!("{path}?return_to={}", encoded(&format!("http://localhost:8080{}", end_of_popup(&format!("{SHOP}/checkout")))))
}

fn is_tied_to_opener(answer: &Answer) -> bool {
    answer.header(OPENER) == Some("unsafe-none")
}

#[actix_web::test]
async fn the_script_can_be_loaded_by_pages_of_all_origins_and_knows_its_store() {
    let broker = TestBroker::open().await;

    for method in ["GET", "HEAD"] {
        let script = broker.ask(ClientRequest::by(method, "/embed.js").with("origin", "https://any.example")).await;
        assert_eq!((script.status, script.header("access-control-allow-origin")), (200, Some("*")), "{script:?}");
        assert_eq!(script.header("cross-origin-resource-policy"), Some("cross-origin"));
    }
    assert!(broker.ask(ClientRequest::get("/embed.js")).await.body.contains("const origin = \"http://localhost:8080\";"));
}

#[actix_web::test]
async fn the_list_of_providers_names_the_code_by_mail_in_a_field_of_its_own() {
    let mailbox = Mailbox::open();
    let settings = format!("{LOCAL}{}ways: [ email ]\n", mailbox.settings());
    let with_code = TestBroker::builder(&settings).with_standard("acme").build().await;
    let without = TestBroker::builder(LOCAL).with_standard("acme").build().await;

    let listed = with_code.ask(ClientRequest::get("/providers")).await.json();
    assert_eq!(listed["ways"], json!([{ "id": "email", "login": "http://localhost:8080/login/email" }]));
    let names: Vec<&String> = listed["providers"][0].as_object().expect("an object").keys().collect();
    assert_eq!(names, ["id", "name", "logo", "login"]);
    assert_eq!(without.ask(ClientRequest::get("/providers")).await.json().get("ways"), None);
}

#[actix_web::test]
async fn a_guest_learns_what_was_used_last_only_where_the_page_asks_for_guests() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    let last = browser.cookies().split("; ").find(|cookie| cookie.starts_with("portaria-last=")).expect("a cookie").to_owned();
    let ask = |address: &str| ClientRequest::get(address).with("cookie", &last).with("origin", SHOP);

    assert_eq!(broker.ask(ask("/session?guest=200")).await.json(), json!({ "authenticated": false, "last": "acme" }));
    assert_eq!(broker.ask(ask("/session")).await.json(), json!({ "authenticated": false }));
    assert_eq!(broker.ask(ClientRequest::get("/session?guest=200")).await.json(), json!({ "authenticated": false }));
}

#[actix_web::test]
async fn a_login_in_a_popup_stays_tied_to_its_opener_and_no_other_does() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);

    for path in ["/login", "/login/acme"] {
        assert!(is_tied_to_opener(&browser.get(&login_in_popup(path)).await), "{path}");
        for other in [SHOP.to_owned(), format!("{SHOP}/session/popup?x"), "http://localhost:8080/account".to_owned()] {
            let answer = browser.get(&format!("{path}?return_to={}", encoded(&other))).await;
            assert_eq!(answer.header(OPENER), Some("same-origin"), "{path} to {other}");
        }
    }
    let begun = browser.begin(&login_in_popup("/login/acme")).await;
    let wrong = browser.get(&format!("/callback/acme?error=access_denied&state={}", begun.state)).await;
    assert!(is_tied_to_opener(&wrong), "its error page as well: {wrong:?}");
    let begun = browser.begin(&login_in_popup("/login/acme")).await;
    let back = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;
    assert!(is_tied_to_opener(&back), "{back:?}");
    assert_eq!(back.location(), Some(&*format!("http://localhost:8080{}", end_of_popup(&format!("{SHOP}/checkout")))));
}

#[actix_web::test]
async fn the_end_of_a_popup_names_the_origin_of_the_store_and_how_the_login_ended() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let address = end_of_popup(&format!("{SHOP}/checkout?a=b&c#d"));

    let guest = browser.get(&address).await;
    assert!(guest.body.contains("data-outcome=\"cancelled\" data-origin=\"http://localhost:9000\""), "{}", guest.body);
    browser.log_in("acme", "ana").await;
    let signed_in = browser.get(&address).await;

    assert!(is_tied_to_opener(&signed_in));
    assert!(signed_in.header("content-security-policy").is_some_and(|policy| policy.contains("script-src 'self';")), "{signed_in:?}");
    for expected in [
        "data-outcome=\"signed-in\" data-origin=\"http://localhost:9000\"",
        "data-landing=\"http://localhost:9000/checkout?a=b&#38;c#d\"",
        "<script src=\"/session/popup.js\"",
    ] {
        assert!(signed_in.body.contains(expected), "{expected}: {}", signed_in.body);
    }
    assert!(!signed_in.body.contains("data-handed") && !signed_in.body.contains("eyJ"), "{}", signed_in.body);
    assert_eq!(broker.ask(ClientRequest::get("/session/popup.js")).await.status, 200);
}

/// Attack Q-07
#[actix_web::test]
async fn the_end_of_a_popup_leads_nowhere_where_the_store_is_not_listed() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;

    for address in [end_of_popup("https://evil.example/"), end_of_popup("javascript:alert(1)"), "/session/popup".to_owned()] {
        let answer = browser.get(&address).await;
        assert_eq!((answer.status, answer.location()), (303, Some("/login")), "{address}: {answer:?}");
    }
    let speculative = browser.ask(ClientRequest::get(&end_of_popup(SHOP)).with("sec-purpose", "prefetch")).await;
    assert_eq!(speculative.status, 403);
}

/// Attack Q-07
#[actix_web::test]
async fn at_the_end_of_a_popup_a_token_for_the_store_alone_is_no_session() {
    let settings = format!("{LOCAL}handOver: [ http://127.0.0.1:9001/volta ]\n");
    let broker = TestBroker::builder(&settings).with_standard("acme").build().await;
    let browser = Browser::new(&broker);
    browser.jar.borrow_mut().push(("portaria".to_owned(), broker.token(HOST, |session| session.reach = TokenReach::Store)));
    let wanted = format!("http://127.0.0.1:9001/volta?portaria_challenge={}", "A".repeat(43));

    let answer = browser.get(&end_of_popup(&wanted)).await;

    assert!(answer.body.contains("data-outcome=\"cancelled\"") && !answer.body.contains("portaria_code"), "{}", answer.body);
}

#[actix_web::test]
async fn a_store_on_another_site_finds_its_code_at_the_end_of_a_popup() {
    let broker = TestBroker::builder(&format!("{LOCAL}handOver: [ http://127.0.0.1:9001/volta ]\n")).with_standard("acme").build().await;
    let browser = Browser::new(&broker);
    let challenge = "A".repeat(43);
    let address = end_of_popup(&format!("http://127.0.0.1:9001/volta?portaria_challenge={challenge}"));

    let guest = browser.get(&address).await;
    assert!(!guest.body.contains("portaria_code"), "{}", guest.body);
    browser.log_in("acme", "ana").await;
    let signed_in = browser.get(&address).await;

    assert!(signed_in.body.contains("data-landing=\"http://127.0.0.1:9001/volta?portaria_code="), "{}", signed_in.body);
    assert!(signed_in.body.contains("data-origin=\"http://127.0.0.1:9001\"") && signed_in.body.contains("data-handed"));
}

//! An id that moved is proposed with what the logins of other people show of it, and a constant is not proposed.

use crate::command_line::portaria;
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::failures::code_on;
use crate::web::test_broker::TestBroker;
use crate::web::test_provider::json;

/// From now on the id has another key, and all people have the same number beside it.
fn change_answers(broker: &TestBroker, own: fn(&str) -> String) {
    broker.upstream.answers("/me", move |heard, to| {
        let who = heard.header("authorization").unwrap_or_default().rsplit('-').next().unwrap_or_default().to_owned();
        let person =
            format!("{{\"uid\":\"{}\",\"email\":\"{who}@clientes.example\",\"verified\":true,\"name\":\"{who} da Silva\"}}", own(&who));
        let _ = std::io::Write::write_all(to, &json(200, &person));
    });
}

/// The story of a login that fails.
async fn failed(broker: &TestBroker, who: &str) -> String {
    let browser = Browser::new(broker);
    let state = browser.begin("/login/acme").await.state;
    let address = format!("/callback/acme?state={state}&code={}", broker.code(who));
    let page = browser.ask(ClientRequest::get(&address).with("accept", "text/html").with("accept-language", "en")).await;
    let code = code_on(&page.body).unwrap_or_else(|| panic!("the page has a code: {page:?}"));
    let (status, story, err) = portaria(&broker.folder.0, &["incident", &code, "--storage", "sqlite:portaria.db"], &[]);
    assert_eq!(status, 0, "{err}");
    story
}

#[actix_web::test]
async fn an_id_that_moved_says_in_how_many_logins_of_how_many_people_it_was_seen() {
    let broker = TestBroker::open().await;
    change_answers(&broker, |who| format!("id-{who}"));

    let first = failed(&broker, "ana").await;
    let second = failed(&broker, "bia").await;

    assert!(first.contains("proposal 1: id: $.uid") && first.contains("it was seen there in 1 login"), "{first}");
    assert!(second.contains("it was seen there in 2 logins of 2 people, different for each"), "{second}");
}

#[actix_web::test]
async fn a_number_that_two_people_share_is_not_proposed_as_an_id() {
    let broker = TestBroker::open().await;
    change_answers(&broker, |_| "shop-41".to_owned());

    let first = failed(&broker, "ana").await;
    let second = failed(&broker, "bia").await;

    assert!(first.contains("id: $.uid"), "{first}");
    assert!(!second.contains("id: $.uid"), "{second}");
}

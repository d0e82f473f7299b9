//! `redirectUri`: a redirect address that is registered at the provider already leads to its callback.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker};

fn at(address: &str) -> String {
    format!("redirectUri: {address}\n{STANDARD}")
}

/// The address by which the provider sends the browser back to a path.
fn way_back(broker: &TestBroker, path: &str, state: &str) -> String {
    format!("{path}?code={}&state={state}", broker.code("ana"))
}

#[actix_web::test]
async fn the_browser_comes_back_to_the_registered_address() {
    for (written, registered, path) in [
        ("/oauth/volta", "http://localhost:8080/oauth/volta", "/oauth/volta"),
        // The shop sends the request on to the broker as it is.
        ("http://localhost:9000/api/oauth/finish", "http://localhost:9000/api/oauth/finish", "/api/oauth/finish"),
        // Or it sends it on to the usual address.
        ("http://localhost:9000/api/oauth/finish", "http://localhost:9000/api/oauth/finish", "/callback/acme"),
    ] {
        let broker = TestBroker::builder(LOCAL).with("acme", &at(written)).with_standard("beta").build().await;
        let browser = Browser::new(&broker);
        let begun = browser.begin("/login/acme").await;
        assert!(begun.query.contains(&("redirect_uri".to_owned(), registered.to_owned())), "{:?}", begun.query);

        let back = browser.get(&way_back(&broker, path, &begun.state)).await;

        assert_eq!((back.status, back.session().is_some()), (303, true), "{path}: {back:?}");
        assert_eq!(browser.who().await.as_deref(), Some("ana@clientes.example"));
    }
}

#[actix_web::test]
async fn a_form_comes_back_to_the_registered_address_as_well() {
    let file = at("/oauth/volta").replace("scope: perfil", "scope: perfil, callback: post");
    let broker = TestBroker::builder(LOCAL).with("acme", &file).build().await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;
    let form = format!("code={}&state={}", broker.code("ana"), begun.state);

    let bounce = broker.ask(ClientRequest::form("/oauth/volta", &form)).await;
    let address = bounce.location().expect("it goes on to the same path").to_owned();
    let back = browser.get(&address).await;

    assert!(address.starts_with("/oauth/volta?"), "{address}");
    assert_eq!((back.status, back.session().is_some()), (303, true), "{back:?}");
}

#[actix_web::test]
async fn the_path_belongs_to_one_provider_and_to_no_page_of_the_broker() {
    let files = [("acme", "/oauth/volta"), ("beta", "/oauth/outra"), ("gama", "/login"), ("um", "/dois"), ("dois", "/dois")];
    let broker = files.iter().fold(TestBroker::builder(LOCAL), |broker, (name, path)| broker.with(name, &at(path))).build().await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;

    for (path, status) in [
        ("/oauth/outra", 400),
        ("/oauth/volta/", 404),
        ("/OAUTH/volta", 404),
        ("/oauth", 404),
        ("/oauth/%76olta", 404),
        ("/dois", 404),
        ("/login", 200),
    ] {
        let answer = broker.ask(browser.dressed(ClientRequest::get(&way_back(&broker, path, &begun.state)))).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert!(answer.session().is_none(), "{path}");
    }
    let put = broker.ask(ClientRequest::by("PUT", "/oauth/volta")).await;
    assert_eq!((put.status, put.header("allow")), (405, Some("GET, POST")));
}

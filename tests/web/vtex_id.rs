//! The calls of VTEX ID: what a storefront that was written for them gets, and what an attacker does not.

mod access_key;

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::mailbox::Mailbox;
use crate::web::test_broker::{HOST, LOCAL, SHOP, STANDARD, TestBroker};
use serde_json::{Value, json};

const START: &str = "/api/vtexid/pub/authentication/start";
const REDIRECT: &str = "/api/vtexid/pub/authentication/oauth/redirect";
const USER: &str = "/api/vtexid/pub/authenticated/user";
const VALIDATE: &str = "/api/vtexid/credential/validate";
const CALLS: &str = "vtexId: true\n";

async fn broker(settings: &str) -> TestBroker {
    let second = STANDARD.replace("Clube Acme", "Clube Beta");
    TestBroker::builder(&format!("{LOCAL}{CALLS}{settings}")).with_standard("acme").with("beta", &second).build().await
}

/// What a page of the storefront gets to the start call.
async fn start(browser: &Browser, query: &str) -> Value {
    let answer = browser.ask(ClientRequest::get(&format!("{START}?scope=loja&accountName=loja{query}")).with("origin", SHOP)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn token(started: &Value) -> String {
    started["authenticationToken"].as_str().expect("a token").to_owned()
}

/// Presses the button of a provider, with a token.
async fn press(browser: &Browser, token: &str, provider: &str) -> Answer {
    let provider = provider.replace(' ', "%20");
    browser.get(&format!("{REDIRECT}?authenticationToken={token}&providerName={provider}")).await
}

#[actix_web::test]
async fn the_calls_are_unknown_addresses_until_the_settings_switch_them_on() {
    let broker = TestBroker::open().await;
    let providers = START.replace("start", "providers");
    for request in [
        ClientRequest::get(START),
        ClientRequest::by("OPTIONS", START),
        ClientRequest::by("PUT", START),
        ClientRequest::get(&providers),
        ClientRequest::get(REDIRECT),
        ClientRequest::get(USER),
        ClientRequest::by("POST", VALIDATE).with("content-type", "application/json").body("{}"),
        ClientRequest::form("/api/vtexid/pub/authentication/accesskey/send", "email=ana%40loja.example"),
        ClientRequest::form("/api/vtexid/pub/authentication/accesskey/validate", "login=ana%40loja.example&accesskey=000000"),
    ] {
        let answer = broker.ask(request.with("origin", SHOP)).await;
        assert_eq!((answer.status, answer.cookies().len()), (404, 0), "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{answer:?}");
    }
}

#[actix_web::test]
async fn a_start_holds_all_that_a_page_needs_for_its_buttons() {
    let mailbox = Mailbox::open();
    for (settings, has_code) in [(String::new(), false), (format!("ways: [ email ]\n{}", mailbox.settings()), true)] {
        let broker = broker(&settings).await;
        let browser = Browser::new(&broker);

        let mut started = start(&browser, "&appStart=true&returnUrl=/conta").await;

        assert!(!token(&started).is_empty());
        started["authenticationToken"] = Value::Null;
        assert_eq!(
            started,
            json!({
                "authenticationToken": null,
                "oauthProviders": [
                    { "providerName": "Clube Acme", "className": "acme", "expectedContext": [] },
                    { "providerName": "Clube Beta", "className": "beta", "expectedContext": [] },
                ],
                "showClassicAuthentication": false,
                "showAccessKeyAuthentication": has_code,
                "showPasskeyAuthentication": false,
                "authCookie": null,
                "isAuthenticated": false,
                "selectedProvider": null,
                "samlProviders": [],
            })
        );
        let providers = browser.get(&START.replace("start", "providers")).await;
        assert_eq!(providers.json(), started["oauthProviders"]);
    }
}

#[actix_web::test]
async fn only_pages_of_the_store_may_read_the_answers() {
    let broker = broker("").await;
    for (request, status) in [
        (ClientRequest::get(START), 200),
        (ClientRequest::get(&format!("{START}?returnUrl=/a&returnUrl=/b")), 400),
        (ClientRequest::get(USER), 200),
        (ClientRequest::get(&format!("{USER}?authToken=x")), 400),
        (ClientRequest::by("PUT", USER), 405),
        (ClientRequest::by("POST", VALIDATE).with("content-type", "application/json").body("{}"), 401),
        (ClientRequest::form("/api/vtexid/pub/authentication/accesskey/send", "email=ana%40loja.example"), 404),
    ] {
        for (origin, is_read) in [(SHOP, true), ("https://evil.example", false), ("null", false)] {
            let answer = broker.ask(request.clone().with("origin", origin)).await;
            assert_eq!(answer.status, status, "{answer:?}");
            assert_eq!(answer.header("access-control-allow-origin"), is_read.then_some(origin), "{origin}: {answer:?}");
            assert_eq!(answer.header("access-control-allow-credentials"), is_read.then_some("true"));
            assert_eq!(answer.header("cross-origin-resource-policy"), Some(if is_read { "cross-origin" } else { "same-origin" }));
            assert!(answer.all("vary").any(|names| names.contains("Origin")), "{answer:?}");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
    }
}

#[actix_web::test]
async fn pages_of_the_store_may_send_the_headers_of_the_calls() {
    let broker = broker("").await;
    let providers = START.replace("start", "providers");
    for path in [START, &providers, USER, VALIDATE, "/api/vtexid/pub/authentication/accesskey/send"] {
        for (origin, is_allowed) in [(SHOP, true), ("https://evil.example", false)] {
            let ask = ClientRequest::by("OPTIONS", path).with("origin", origin);
            let asked = broker.ask(ask.with("access-control-request-headers", "authorization,content-type,vtexidclientautcookie")).await;
            assert_eq!((asked.status, asked.cookies().len()), (204, 0), "{path}: {asked:?}");
            assert_eq!(asked.header("access-control-allow-origin"), is_allowed.then_some(origin), "{path}");
            assert_eq!(asked.header("access-control-allow-methods"), is_allowed.then_some("GET, POST"));
            let headers = is_allowed.then_some("Content-Type, Authorization, VtexIdclientAutCookie");
            assert_eq!(asked.header("access-control-allow-headers"), headers, "{path}");
        }
    }
}

#[actix_web::test]
async fn a_shopper_signs_in_by_the_token_and_comes_back_to_the_page() {
    let broker = broker("").await;
    let browser = Browser::new(&broker);

    let started = start(&browser, "&returnUrl=/conta%3Fa%3D1").await;
    let pressed = press(&browser, &token(&started), "Clube Acme").await;
    let begun = browser.begin(pressed.location().expect("it leads to the login")).await;
    let landed = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;

    assert_eq!(landed.location(), Some("http://localhost:9000/conta?a=1"));
    let user = browser.ask(ClientRequest::get(USER).with("origin", SHOP)).await;
    let who = user.json();
    assert_eq!((user.status, who["user"].as_str(), who["userType"].as_str()), (200, Some("ana@clientes.example"), Some("F")));
    assert!(who["userId"].as_str().is_some_and(|id| !id.is_empty()) && who.as_object().is_some_and(|who| who.len() == 3), "{who}");
    let again = start(&browser, "").await;
    assert_eq!((&again["isAuthenticated"], again["selectedProvider"].as_str()), (&Value::Bool(true), Some("Clube Acme")));
}

#[actix_web::test]
async fn nobody_is_signed_in_as_null_and_a_token_in_an_address_is_refused() {
    let broker = broker("").await;
    let browser = Browser::new(&broker);

    let guest = browser.get(USER).await;
    browser.log_in("acme", "ana").await;
    let session = broker.token(HOST, |_| {});
    let asked = browser.get(&format!("{USER}?authToken={session}")).await;
    let by_header = broker.ask(ClientRequest::get(USER).with("VtexIdclientAutCookie", &session)).await;

    assert_eq!((guest.status, &*guest.body), (200, "null"));
    assert_eq!((asked.status, asked.json()), (400, json!({ "error": "tokenInAddress" })), "the cookie's person is not the answer");
    assert!(by_header.json()["user"].is_string(), "{by_header:?}");
}

/// Attack C-02
#[actix_web::test]
async fn the_token_of_another_browser_begins_nothing() {
    let broker = broker("").await;
    let (attacker, victim) = (Browser::new(&broker), Browser::new(&broker));
    let planted = token(&start(&attacker, "&returnUrl=/do-atacante").await);

    let without_cookie = press(&victim, &planted, "Clube Acme").await;
    start(&victim, "").await;
    let with_own_cookie = press(&victim, &planted, "Clube Acme").await;

    for answer in [without_cookie, with_own_cookie] {
        assert_eq!((answer.status, answer.location()), (303, Some("/login")), "no page of the attacker's choice: {answer:?}");
    }
    assert!(victim.attempts().is_empty());
    let own = press(&attacker, &planted, "Clube Acme").await;
    assert_eq!(own.location(), Some("/login/acme?return_to=http%3A%2F%2Flocalhost%3A9000%2Fdo-atacante"), "it is good in its own browser");
}

#[actix_web::test]
async fn a_token_that_was_changed_or_is_no_token_begins_nothing() {
    let broker = broker("").await;
    let browser = Browser::new(&broker);
    let good = token(&start(&browser, "&returnUrl=/conta").await);
    let (until, sealed) = good.split_once('.').expect("two parts");
    let later = until.parse::<i64>().expect("a moment") + 600;

    for bad in [String::new(), "x".to_owned(), format!("{later}.{sealed}"), format!("1.{sealed}"), format!("{until}."), format!("{good}A")]
    {
        let answer = press(&browser, &bad, "Clube Acme").await;
        assert_eq!((answer.status, answer.location()), (303, Some("/login")), "{bad}");
    }
    for (provider, status) in [("beta", 303), ("Clube Beta", 303), ("Clube Gama", 404), ("", 404)] {
        assert_eq!(press(&browser, &good, provider).await.status, status, "{provider}");
    }
}

#[actix_web::test]
async fn a_shopper_returns_to_pages_of_the_store_alone() {
    let broker = broker("").await;
    let browser = Browser::new(&broker);
    for wanted in ["https://evil.example/", "//evil.example/", "/%5Cevil.example", "javascript:alert(1)", "conta", "/%09/evil.example"] {
        let started = start(&browser, &format!("&returnUrl={wanted}")).await;
        let pressed = press(&browser, &token(&started), "acme").await;
        let location = pressed.location().expect("it leads somewhere").to_owned();
        assert!(!location.contains("evil") || location.contains("localhost%3A9000%2F"), "{wanted}: {location}");
        assert!(!location.contains("return_to=http%3A%2F%2Fevil") && !location.contains("return_to=https"), "{wanted}: {location}");
    }
}

#[actix_web::test]
async fn the_validate_call_is_that_of_the_session() {
    let broker = broker("").await;
    let session = broker.token(HOST, |_| {});
    let ask = |token: &str| {
        let body = json!({ "token": token }).to_string();
        ClientRequest::by("POST", VALIDATE).with("content-type", "application/json").body(body)
    };

    let fine = broker.ask(ask(&session)).await;
    let wrong = broker.ask(ask("x")).await;

    assert_eq!((fine.status, fine.json()["authStatus"].as_str()), (200, Some("Success")));
    assert_eq!((wrong.status, wrong.json()["authStatus"].as_str()), (401, Some("InvalidToken")));
}

#[actix_web::test]
async fn a_sign_in_goes_through_the_finish_address_of_the_store() {
    let broker = broker("login: { finish: \"http://localhost:9000/api/vtexid/oauth/finish?popup=false\" }\n").await;
    for (wanted, landed) in [
        ("/conta", "http://localhost:9000/api/vtexid/oauth/finish?popup=false&returnUrl=http%3A%2F%2Flocalhost%3A9000%2Fconta"),
        ("", "http://localhost:9000/api/vtexid/oauth/finish?popup=false&returnUrl=http%3A%2F%2Flocalhost%3A9000%2F"),
        ("http://localhost:8080/account", "http://localhost:8080/account"),
    ] {
        let browser = Browser::new(&broker);
        let started = start(&browser, &format!("&returnUrl={wanted}")).await;
        let pressed = press(&browser, &token(&started), "acme").await;
        let begun = browser.begin(pressed.location().expect("it leads to the login")).await;

        let answer = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;

        assert_eq!(answer.location(), Some(landed), "{wanted}");
    }
}

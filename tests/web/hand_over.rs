//! A store on another site gets the session by a code.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::{LOCAL, SHOP, TestBroker, TestBrokerBuilder};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use url::Url;

/// The origin of the other store.
const OTHER: &str = "http://127.0.0.1:9001";
const VERIFIER: &str = "segredo-que-a-pagina-guarda-ate-a-volta-0001";

fn settings() -> String {
    format!("{LOCAL}handOver: [ {OTHER}/volta ]\n")
}

async fn broker() -> TestBroker {
    TestBroker::builder(&settings()).with_standard("acme").build().await
}

fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes()))
}

/// The address of a login that returns to the other store.
fn login(return_to: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(return_to.as_bytes()).collect();
    format!("/login/acme?return_to={encoded}")
}

fn return_to(verifier: &str) -> String {
    format!("{OTHER}/volta?a=b%20c&portaria_challenge={}&d", challenge_of(verifier))
}

/// Logs in, and answers with the address at the other store.
async fn come_back(browser: &Browser, return_to: &str) -> Url {
    let begun = browser.begin(&login(return_to)).await;
    let back = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;
    assert_eq!(back.status, 303, "{back:?}");
    Url::parse(back.location().expect("it leads somewhere")).expect("an address")
}

fn parameter(address: &Url, name: &str) -> Option<String> {
    address.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

fn redeem(code: &str, verifier: &str) -> ClientRequest {
    ClientRequest::by("POST", "/session/redeem")
        .with("content-type", "application/json")
        .body(json!({ "code": code, "verifier": verifier }).to_string())
}

fn assert_refused(answer: &Answer, what: &str) {
    assert_eq!((answer.status, answer.body.as_str()), (400, "{\"error\":\"badCode\"}"), "{what}: {answer:?}");
}

#[actix_web::test]
async fn a_store_on_another_site_exchanges_a_code_for_the_token_once() {
    let broker = broker().await;
    let browser = Browser::new(&broker);

    let address = come_back(&browser, &return_to(VERIFIER)).await;

    assert!(address.as_str().starts_with(&format!("{OTHER}/volta?a=b%20c&d&portaria_code=")), "the rest is as it was: {address}");
    let code = parameter(&address, "portaria_code").expect("a code");
    let answer = broker.ask(redeem(&code, VERIFIER)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = answer.json()["token"].as_str().expect("a token").to_owned();
    assert!(answer.json()["expiresAt"].as_str().is_some_and(|moment| moment.ends_with('Z')));
    let session = broker.ask(ClientRequest::get("/session").with("authorization", format!("Bearer {token}"))).await;
    assert_eq!(session.json()["email"], "ana@clientes.example");
    let account = |cookies: String| broker.ask(ClientRequest::get("/account").with("cookie", cookies));
    assert_eq!(account(format!("portaria={token}")).await.status, 303, "it is no cookie of the broker's own pages");
    assert_eq!(account(browser.cookies()).await.status, 200, "that of the browser is one");
    assert_refused(&broker.ask(redeem(&code, VERIFIER)).await, "it was used");
    broker.assert_silent(&answer);
}

/// A sign-out at the broker ends what the other store was given, and a code that is still open.
#[actix_web::test]
async fn the_token_is_that_of_the_session_and_ends_with_it() {
    let broker = broker().await;
    let browser = Browser::new(&broker);
    let first = come_back(&browser, &return_to(VERIFIER)).await;
    let token = broker.ask(redeem(&parameter(&first, "portaria_code").expect("a code"), VERIFIER)).await.json()["token"].clone();
    let open = come_back(&browser, &return_to(VERIFIER)).await;

    browser.ask(ClientRequest::form("/logout", "").with("origin", "http://localhost:8080")).await;

    let bearer = format!("Bearer {}", token.as_str().expect("a token"));
    assert_eq!(broker.ask(ClientRequest::get("/session").with("authorization", bearer)).await.status, 401);
    assert_refused(&broker.ask(redeem(&parameter(&open, "portaria_code").expect("a code"), VERIFIER)).await, "the session is over");
}

#[actix_web::test]
async fn a_code_is_worth_nothing_without_the_secret_and_at_another_origin() {
    let broker = broker().await;
    let browser = Browser::new(&broker);
    let address = come_back(&browser, &return_to(VERIFIER)).await;
    let code = parameter(&address, "portaria_code").expect("a code");
    let other_secret = VERIFIER.replace("0001", "0002");
    let form = format!("code={code}&verifier={VERIFIER}");

    for (what, ask) in [
        ("another secret", redeem(&code, &other_secret)),
        ("no secret", redeem(&code, "")),
        ("the challenge itself", redeem(&code, &challenge_of(VERIFIER))),
        ("another code", redeem(&format!("{code}A"), VERIFIER)),
        ("no code", redeem("", VERIFIER)),
        ("a page of the shop", redeem(&code, VERIFIER).with("origin", SHOP)),
        ("a page of the broker", redeem(&code, VERIFIER).with("origin", "http://localhost:8080")),
        ("a stranger's page", redeem(&code, VERIFIER).with("origin", "https://evil.example")),
        ("a page without an origin", redeem(&code, VERIFIER).with("origin", "null")),
        ("a form", ClientRequest::form("/session/redeem", &form)),
        (
            "a text",
            ClientRequest::by("POST", "/session/redeem")
                .with("content-type", "text/plain")
                .body(json!({ "code": code, "verifier": VERIFIER }).to_string()),
        ),
    ] {
        assert_refused(&broker.ask(ask).await, what);
    }
    let own_page = broker.ask(redeem(&code, VERIFIER).with("origin", OTHER)).await;
    assert_eq!((own_page.status, own_page.header("access-control-allow-origin")), (200, Some(OTHER)), "{own_page:?}");
    assert!(own_page.header("access-control-allow-credentials").is_none(), "no cookie goes with it");
}

/// An attacker sends the shopper to the store with a code of the attacker's own login: the page of the shopper has another secret.
#[actix_web::test]
async fn a_code_of_another_persons_login_signs_nobody_in() {
    let broker = broker().await;
    let attacker = Browser::new(&broker);
    let address = come_back(&attacker, &return_to(&VERIFIER.replace("0001", "0666"))).await;

    let code = parameter(&address, "portaria_code").expect("a code");

    assert_refused(&broker.ask(redeem(&code, VERIFIER)).await, "the secret of the shopper's page");
}

#[actix_web::test]
async fn a_return_without_a_challenge_is_explained_and_brings_no_code() {
    let broker = broker().await;
    let good = challenge_of(VERIFIER);

    for (what, query) in [
        ("none", String::new()),
        ("an empty one", "?portaria_challenge=".to_owned()),
        ("a short one", "?portaria_challenge=abc".to_owned()),
        ("two", format!("?portaria_challenge={good}&portaria_challenge={good}")),
        ("one behind the fragment", format!("#portaria_challenge={good}")),
        ("a code of the caller", "?portaria_code=stolen&portaria%5Ferror=x".to_owned()),
    ] {
        let address = come_back(&Browser::new(&broker), &format!("{OTHER}/volta{query}")).await;
        assert_eq!(address.query(), Some("portaria_error=challenge"), "{what}: {address}");
    }
    let shop = come_back(&Browser::new(&broker), &format!("{SHOP}/?portaria_challenge={good}")).await;
    assert_eq!(parameter(&shop, "portaria_code"), None, "the shop's own site has the cookie");
}

/// An open redirect of the store would pass a code on: a thief's link leads there with a challenge of the thief's own.
#[actix_web::test]
async fn no_other_page_of_the_store_gets_a_code() {
    let broker = broker().await;
    let challenge = challenge_of(VERIFIER);

    for path in ["/", "/volta/", "/Volta", "/%76olta", "/sair?to=https%3A%2F%2Fevil.example", "/volta/x"] {
        let sign = if path.contains('?') { '&' } else { '?' };
        let asked = format!("{OTHER}{path}{sign}portaria_challenge={challenge}");
        let address = come_back(&Browser::new(&broker), &asked).await;
        assert_eq!(parameter(&address, "portaria_code"), None, "{path}");
        assert_eq!(parameter(&address, "portaria_error").as_deref(), Some("address"), "{path}");
        let plain = come_back(&Browser::new(&broker), &format!("{OTHER}{path}")).await;
        assert!(!plain.as_str().contains("portaria_"), "without a challenge it is a return address as any other: {plain}");
    }
    let port = come_back(&Browser::new(&broker), &format!("http://127.0.0.1:9002/volta?portaria_challenge={challenge}")).await;
    assert!(!port.as_str().contains("127.0.0.1"), "another origin is no return address: {port}");
}

/// The settings may list an origin as well of which one page gets codes.
#[actix_web::test]
async fn another_page_of_such_an_origin_is_a_return_address_as_any_other() {
    let also = |pages: &str| {
        let listed = LOCAL.replace("http://localhost:9000", OTHER);
        format!("{listed}handOver: [ {OTHER}{pages} ]\nlogin: {{ finish: \"{OTHER}/fim\" }}\n")
    };
    let broker = TestBroker::builder(&also("/volta")).with_standard("acme").build().await;
    let browser = Browser::new(&broker);
    let finished =
        |page: &str| format!("{OTHER}/fim?returnUrl={}", url::form_urlencoded::byte_serialize(page.as_bytes()).collect::<String>());
    let account = format!("{OTHER}/conta");

    assert_eq!(come_back(&browser, &account).await.as_str(), finished(&account), "it goes through the finish address");
    let begun = browser.begin("/login/acme").await;
    let back = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;
    assert_eq!(back.location(), Some(&*finished(&format!("{OTHER}/"))), "the first page of the store is where shoppers land");
    let encoded: String = url::form_urlencoded::byte_serialize(account.as_bytes()).collect();
    let page = browser.get(&format!("/login?return_to={encoded}")).await;
    assert!(page.body.contains(&format!("href=\"{account}\"")) && !page.body.contains("/session/continue"), "{}", page.body);
    assert!(parameter(&come_back(&browser, &return_to(VERIFIER)).await, "portaria_code").is_some(), "the page of the hand-over");

    broker.resettle(&also("/"));
    let page = browser.get("/login").await;
    assert!(!page.body.contains(&format!("href=\"{OTHER}/\"")), "that page would need a challenge: {}", page.body);
}

/// A code of one page is worth nothing when the settings name another page of the same origin.
#[actix_web::test]
async fn a_code_belongs_to_its_page() {
    let broker = broker().await;
    let address = come_back(&Browser::new(&broker), &return_to(VERIFIER)).await;

    broker.resettle(&format!("{LOCAL}handOver: [ {OTHER}/entrada ]\n"));

    assert_refused(&broker.ask(redeem(&parameter(&address, "portaria_code").expect("a code"), VERIFIER)).await, "another page");
}

#[actix_web::test]
async fn a_signed_in_shopper_goes_on_with_a_code() {
    let broker = broker().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    let encoded: String = url::form_urlencoded::byte_serialize(return_to(VERIFIER).as_bytes()).collect();
    let link = format!("/session/continue?return_to={encoded}");

    let page = browser.get(&format!("/login?return_to={encoded}")).await;
    assert!(page.body.contains("href=\"/session/continue?return_to="), "{}", page.body);
    let on = browser.get(&link).await;

    let address = Url::parse(on.location().expect("it leads on")).expect("an address");
    let answer = broker.ask(redeem(&parameter(&address, "portaria_code").expect("a code"), VERIFIER)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let guest = Browser::new(&broker).get(&link).await;
    assert_eq!(guest.location(), Some(&*format!("/login?return_to={encoded}")), "a guest logs in first");
    let elsewhere = browser.get("/session/continue?return_to=https%3A%2F%2Fevil.example%2F").await;
    assert_eq!(elsewhere.location(), Some("/login"));
}

/// Both machines and a hundred requests at once: the code is used by one of them.
#[actix_web::test]
async fn of_many_requests_with_one_code_at_two_machines_one_gets_the_token() {
    let builder = TestBroker::builder(&settings()).with_standard("acme");
    let master = builder.master();
    let first = builder.build().await;
    let second = TestBrokerBuilder::beside(&first, &settings(), &master).build().await;
    let address = come_back(&Browser::new(&first), &return_to(VERIFIER)).await;
    let code = parameter(&address, "portaria_code").expect("a code");

    let asks = || vec![redeem(&code, VERIFIER); 20];
    let mut answers = first.ask_at_once(asks()).await;
    answers.extend(second.ask_at_once(asks()).await);

    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 400)));
}

#[actix_web::test]
async fn only_pages_of_listed_origins_may_send_the_code() {
    let broker = broker().await;
    for (origin, expected) in [(OTHER, Some(OTHER)), ("https://evil.example", None)] {
        let ask = ClientRequest::by("OPTIONS", "/session/redeem").with("origin", origin);
        let answer = broker.ask(ask).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, expected), "{origin}");
    }
}

/// A session that the settings no longer hand over stays where it is.
#[actix_web::test]
async fn a_code_for_an_origin_that_was_taken_out_is_worth_nothing() {
    let broker = broker().await;
    let address = come_back(&Browser::new(&broker), &return_to(VERIFIER)).await;

    broker.resettle(LOCAL);

    assert_refused(
        &broker.ask(redeem(&parameter(&address, "portaria_code").expect("a code"), VERIFIER)).await,
        "the settings have changed",
    );
}

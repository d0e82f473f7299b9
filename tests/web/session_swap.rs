//! Where the provider returns no state, another site can begin no login, so that it cannot end one of its own in the shopper's browser.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::mailbox::Mailbox;
use crate::web::test_broker::{HOST, LOCAL, OPEN, SHOP, STANDARD, TestBroker};
use crate::web::test_provider::json;
use std::io::Write as _;

const OWN: &str = "http://localhost:8080";

/// A provider that returns nothing but the code.
fn stateless(more: &str) -> String {
    let file = STANDARD.replace("scope: perfil }", "scope: perfil, stateIn: cookie }");
    format!("{file}{more}")
}

fn swappable() -> String {
    stateless("pkce: off\nsessionSwap: accepted\n")
}

async fn broker(file: &str) -> TestBroker {
    let broker = TestBroker::builder(LOCAL).with("acme", file).with_standard("beta").build().await;
    assert!(broker.front(HOST).providers.snapshot().provider("acme").is_some());
    broker
}

/// The address and the token of the form that leads to a provider.
fn form(page: &Answer, provider: &str) -> (String, String) {
    assert_eq!(page.status, 200, "{page:?}");
    let (_, rest) = page.body.split_once(&format!("<form method=\"post\" action=\"/login/{provider}")).expect("there is a form");
    let (action, rest) = rest.split_once('"').expect("it ends");
    let (_, rest) = rest.split_once("name=\"form\" value=\"").expect("it has a token");
    let token = rest.split('"').next().unwrap_or_default();
    (format!("/login/{provider}{}", action.replace("&#38;", "&")), token.to_owned())
}

fn pressed((address, token): &(String, String)) -> ClientRequest {
    ClientRequest::form(address, &format!("form={token}")).with("origin", OWN).with("sec-fetch-site", "same-origin")
}

fn callback(broker: &TestBroker, who: &str) -> String {
    format!("/callback/acme?code={}", broker.code(who))
}

/// Attack C-03
#[actix_web::test]
async fn two_navigations_of_another_site_sign_nobody_in() {
    for file in [swappable(), stateless("")] {
        let broker = broker(&file).await;
        let victim = Browser::new(&broker);
        let from_evil = |address: &str| {
            ClientRequest::get(address)
                .with("sec-fetch-site", "cross-site")
                .with("sec-fetch-mode", "navigate")
                .with("sec-fetch-dest", "document")
        };

        let begun = victim.ask(from_evil("/login/acme")).await;
        let back = victim.ask(from_evil(&callback(&broker, "atacante"))).await;

        assert_eq!(begun.status, 200, "{begun:?}");
        assert!(victim.attempts().is_empty());
        assert_eq!(back.status, 400, "{back:?}");
        assert_eq!(victim.who().await, None);
        assert!(broker.upstream.heard().is_empty());
    }
}

/// Attacks S-02, S-03
#[actix_web::test]
async fn only_our_own_page_in_the_same_browser_begins_such_a_login() {
    let broker = broker(&swappable()).await;
    let (victim, attacker) = (Browser::new(&broker), Browser::new(&broker));
    let own = form(&victim.get("/login/acme").await, "acme");
    let foreign = form(&attacker.get("/login/acme").await, "acme");
    let bare = |form: &(String, String)| ClientRequest::form(&form.0, &format!("form={}", form.1));

    for (what, ask) in [
        ("no token", ClientRequest::form("/login/acme", "").with("origin", OWN)),
        ("a token in the address", ClientRequest::form(&format!("/login/acme?form={}", own.1), "").with("origin", OWN)),
        ("the token of another browser", pressed(&foreign)),
        ("another site", bare(&own).with("origin", "https://evil.example").with("sec-fetch-site", "cross-site")),
        ("another site that says nothing else", bare(&own).with("origin", "https://evil.example")),
        ("a sandboxed page", bare(&own).with("origin", "null")),
        ("another site, by the header of browsers alone", bare(&own).with("sec-fetch-site", "cross-site")),
        ("a speculative load", pressed(&own).with("sec-purpose", "prefetch")),
        ("no form", ClientRequest::by("POST", "/login/acme").with("content-type", "text/plain").body(format!("form={}", own.1))),
    ] {
        let answer = victim.ask(ask).await;
        assert!(victim.attempts().is_empty() && answer.status != 200, "{what}: {answer:?}");
        assert!(answer.location().is_none_or(|location| location.starts_with("/login/acme")), "{what}: {answer:?}");
    }
    let without_cookies = broker.ask(pressed(&own).with("host", HOST)).await;
    assert!(without_cookies.cookies().iter().all(|(name, ..)| !name.contains("attempt")), "{without_cookies:?}");

    let begun = victim.ask(pressed(&own)).await;
    assert_eq!((begun.status, victim.attempts().len()), (303, 1), "{begun:?}");
    let token = format!("{}-at-ana", broker.mark);
    broker.upstream.answers("/token", move |_, to| drop(to.write_all(&json(200, &format!("{{\"access_token\":\"{token}\"}}")))));
    assert_eq!(victim.get(&callback(&broker, "ana")).await.status, 303);
    assert_eq!(victim.who().await.as_deref(), Some("ana@clientes.example"));
}

/// Attack S-01
#[actix_web::test]
async fn a_usual_login_begins_with_a_link_and_by_no_form() {
    let broker = broker(&swappable()).await;

    let answer = broker.ask(ClientRequest::form("/login/beta", "").with("origin", OWN)).await;

    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")));
    assert!(answer.cookies().is_empty());
    assert_eq!(Browser::new(&broker).get("/login/beta").await.status, 303);
}

#[actix_web::test]
async fn the_honest_login_goes_through_the_page_with_all_that_its_address_says() {
    let file = stateless("").replace("stateIn: cookie }", "stateIn: cookie, extra: { shop: \"${shop}\", login_hint: \"${loginHint?}\" } }")
        + "inputs: { shop: { label: Loja, pattern: \"[a-z]+\" } }\n";
    let broker = broker(&file).await;
    let browser = Browser::new(&broker);
    let address =
        format!("/login/acme?return_to={}&login_hint=ana%26x%40loja.example&shop=centro", "http%3A%2F%2Flocalhost%3A9000%2Fcarrinho");

    let page = browser.get(&address).await;
    let begun = browser.ask(pressed(&form(&page, "acme"))).await;
    let signed_in = browser.get(&callback(&broker, "ana")).await;

    assert_eq!(begun.status, 303, "{begun:?}");
    let to = begun.location().expect("the provider");
    assert!(to.contains("shop=centro") && to.contains("login_hint=ana%26x%40loja.example"), "{to}");
    assert_eq!((signed_in.status, signed_in.location()), (303, Some(&*format!("{SHOP}/carrinho"))), "{signed_in:?}");
    assert_eq!(browser.who().await.as_deref(), Some("ana@clientes.example"));
    assert_eq!(browser.get("/login/acme?shop=CENTRO").await.status, 400, "what cannot begin shows no button");
    let spanish = browser.get(&format!("{address}&lang=es")).await;
    assert!(
        spanish.body.contains("<html lang=\"es\"")
            && spanish.body.contains("login_hint=ana%26x%40loja.example&#38;shop=centro&#38;lang=en")
    );
    assert!(!form(&spanish, "acme").0.contains("lang="));
}

#[actix_web::test]
async fn the_login_page_has_the_button_of_such_a_provider_as_a_form() {
    let broker = TestBroker::builder(OPEN).with("acme", &swappable().replace("UPSTREAM", "https://sso.acme.example")).build().await;
    let browser = Browser::at(&broker, "login.loja.example");

    let page = browser.get("/login?return_to=https%3A%2F%2Fwww.loja.example%2Fcarrinho").await;
    let own = pressed(&form(&page, "acme")).with("origin", "https://login.loja.example");
    let own = ClientRequest { headers: own.headers.into_iter().filter(|(_, value)| value != OWN.as_bytes()).collect(), ..own };
    let begun = browser.ask(own).await;

    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("form-action 'self' https:;") && policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
    let (name, _, attributes) = page.cookies()[0];
    assert_eq!((name, attributes), ("__Host-portaria-form", "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=3600"));
    assert_eq!((begun.status, browser.attempts().len()), (303, 1), "{begun:?}");
    assert!(begun.location().is_some_and(|to| to.starts_with("https://sso.acme.example/entrar?")), "{begun:?}");
}

/// A page that was open too long leads to itself, so that the next press works; a planted key of another form is not taken over.
#[actix_web::test]
async fn a_page_that_was_open_too_long_leads_to_a_fresh_one() {
    let broker = broker(&swappable()).await;
    let browser = Browser::new(&broker);
    let old = form(&browser.get("/login/acme?return_to=http%3A%2F%2Flocalhost%3A9000%2F").await, "acme");
    browser.jar.borrow_mut().clear();

    let answer = browser.ask(pressed(&old)).await;

    assert_eq!((answer.status, answer.location()), (303, Some(&*old.0)), "{answer:?}");
    for planted in ["", "x", "a b", "\u{e7}", &"k".repeat(4000)] {
        browser.jar.replace(vec![("portaria-form".to_owned(), planted.to_owned())]);
        let page = browser.get("/login/acme").await;
        assert!(page.cookies().iter().any(|(name, key, _)| *name == "portaria-form" && key.len() == 22 && *key != planted), "{page:?}");
    }
}

/// A callback that nothing ties to its login could bring another person's identity to the user who adds one.
#[actix_web::test]
async fn an_identity_that_may_be_swapped_is_linked_to_no_user() {
    for (file, can_link) in [(swappable(), false), (stateless(""), true)] {
        let broker = broker(&file).await;
        let browser = Browser::new(&broker);
        browser.log_in("beta", "ana").await;

        let page = browser.get("/account").await.body;
        let (_, rest) = page.split_once("name=\"form\" value=\"").expect("there is a form");
        let token = rest.split('"').next().unwrap_or_default();
        let answer = browser.ask(ClientRequest::form("/account/link/acme", &format!("form={token}")).with("origin", OWN)).await;

        assert_eq!(page.contains("/account/link/acme"), can_link);
        assert_eq!(answer.status, if can_link { 303 } else { 404 }, "{answer:?}");
        assert_eq!(browser.attempts().len(), usize::from(can_link));
    }
}

/// The session may be that of another person, who would be linked to an identity of the shopper.
#[actix_web::test]
async fn no_identity_is_linked_in_a_session_that_may_be_swapped() {
    for (file, can_link) in [(swappable(), false), (stateless(""), true)] {
        let broker = broker(&file).await;
        broker.upstream.says("/token", json(200, &format!("{{\"access_token\":\"{}-at-ana\"}}", broker.mark)));
        let browser = Browser::new(&broker);
        browser.ask(pressed(&form(&browser.get("/login/acme").await, "acme"))).await;
        assert_eq!(browser.get(&callback(&broker, "ana")).await.status, 303);

        let page = browser.get("/account").await.body;
        let (_, rest) = page.split_once("name=\"form\" value=\"").expect("there is a form");
        let token = rest.split('"').next().unwrap_or_default();
        let answer = browser.ask(ClientRequest::form("/account/link/beta", &format!("form={token}")).with("origin", OWN)).await;

        assert_eq!(page.contains("/account/link/beta"), can_link);
        assert_eq!(answer.status, if can_link { 303 } else { 404 }, "{answer:?}");
        assert_eq!(browser.attempts().len(), usize::from(can_link));
    }
}

/// The shopper would prove their own address for the identity of whoever has sent them the callback.
#[actix_web::test]
async fn no_code_by_mail_proves_an_address_for_an_identity_that_may_be_swapped() {
    for (file, can_prove) in [(swappable(), false), (stateless(""), true)] {
        let mailbox = Mailbox::open();
        let broker = TestBroker::builder(&format!("{LOCAL}{}", mailbox.settings())).with("acme", &file).build().await;
        let token = format!("{{\"access_token\":\"{}-at-ana\"}}", broker.mark);
        broker.upstream.says("/token", json(200, &token));
        let log_in = async |id: &str| {
            broker.upstream.says("/me", json(200, &format!("{{\"id\":\"{id}\",\"email\":\"ana@clientes.example\",\"verified\":true}}")));
            let browser = Browser::new(&broker);
            browser.ask(pressed(&form(&browser.get("/login/acme").await, "acme"))).await;
            browser.get(&callback(&broker, "ana")).await
        };
        assert_eq!(log_in("7").await.status, 303);

        let second = log_in("8").await;

        let expected = if can_prove { (303, Some("/prove")) } else { (403, None) };
        assert_eq!((second.status, second.location()), expected, "{second:?}");
    }
}

/// With PKCE the provider itself refuses the code of another login, also where the shopper has begun one.
#[actix_web::test]
async fn the_code_of_another_login_is_redeemed_with_the_verifier_of_this_one() {
    let broker = broker(&stateless("")).await;
    let browser = Browser::new(&broker);
    browser.ask(pressed(&form(&browser.get("/login/acme").await, "acme"))).await;
    broker.upstream.answers("/token", |_, to| drop(to.write_all(&json(400, "{\"error\":\"invalid_grant\"}"))));

    let answer = browser.get(&callback(&broker, "atacante")).await;

    assert_eq!((answer.status, browser.who().await), (502, None), "{answer:?}");
    assert!(broker.upstream.heard().iter().any(|heard| heard.field("code_verifier").is_some_and(|verifier| verifier.len() == 43)));
}

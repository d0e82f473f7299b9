//! The session cookie for a whole domain, which the shop's own servers get and every host of the domain can write.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{HOST as LOCAL_HOST, LOCAL, OPEN, STANDARD, TestBroker};
use portaria::vocabulary::email::Email;
use portaria::world::clock;

const HOST: &str = "login.loja.example";
const FIRST: &str = "__Host-portaria";

async fn broker(session: &str) -> TestBroker {
    let file = STANDARD.replace("UPSTREAM", "https://sso.acme.example");
    TestBroker::builder(&format!("{OPEN}session: {session}\n")).with("acme", &file).build().await
}

fn token_of(broker: &TestBroker, who: &str) -> String {
    let email = Email::parse(&format!("{who}@clientes.example")).expect("an address");
    broker.token(HOST, |session| session.person.email = email)
}

fn ask(path: &str, cookies: &str) -> ClientRequest {
    ClientRequest::get(path).with("host", HOST).with("cookie", cookies)
}

#[actix_web::test]
async fn the_server_of_the_shop_gets_the_cookie_and_the_pages_of_the_broker_trust_their_own() {
    let broker = broker("{ domain: loja.example }").await;
    let (own, planted) = (token_of(&broker, "ana"), token_of(&broker, "atacante"));

    for path in ["/session", "/auth"] {
        for (cookies, expected) in [
            (format!("portaria={own}"), Some("ana")),
            (format!("{FIRST}={own}; portaria={planted}"), Some("ana")),
            (format!("portaria={planted}; {FIRST}={own}"), Some("ana")),
            (format!("{FIRST}={own}; portaria={planted}; portaria={planted}"), Some("ana")),
            (format!("portaria={own}; portaria={planted}"), None),
            (format!("{FIRST}=; portaria={planted}"), None),
            (format!("{FIRST}=x; portaria={planted}"), None),
        ] {
            let answer = broker.ask(ask(path, &cookies)).await;
            let email = match (answer.status, path) {
                (200, "/auth") => answer.header("x-auth-email").map(str::to_owned),
                (200, _) => answer.json()["email"].as_str().map(str::to_owned),
                _ => None,
            };
            assert_eq!(email, expected.map(|who| format!("{who}@clientes.example")), "{path} {cookies}");
        }
    }
    let account = broker.ask(ask("/account", &format!("portaria={planted}"))).await;
    assert_eq!(account.location(), Some("/login?return_to=https%3A%2F%2Flogin.loja.example%2Faccount"), "{account:?}");
    let page = broker.ask(ask("/login", &format!("portaria={planted}"))).await;
    assert!(!page.body.contains("atacante"), "the login page offers no session of a sibling host");
}

/// A sibling host plants the session of another person: no identity is linked to that person, and the login gives the shopper their own.
#[actix_web::test]
async fn a_planted_cookie_is_no_session_into_which_a_login_leads() {
    let broker = TestBroker::builder(&format!("{LOCAL}session: {{ alsoCookie: loja }}\n")).with_standard("acme").build().await;
    let browser = Browser::new(&broker);
    let email = Email::parse("atacante@clientes.example").expect("an address");
    let planted = broker.token(LOCAL_HOST, |session| session.person.email = email);
    browser.jar.borrow_mut().push(("loja".to_owned(), planted.clone()));
    assert_eq!(browser.who().await.as_deref(), Some("atacante@clientes.example"), "the page of the shop reads what was planted");

    browser.log_in("acme", "ana").await;

    assert_eq!(browser.who().await.as_deref(), Some("ana@clientes.example"));
    assert!(browser.cookies().matches("loja=").count() == 1 && !browser.cookies().contains(&planted), "it was overwritten");
    let other = broker.ask(ClientRequest::get("/session").with("cookie", format!("loja={planted}"))).await;
    assert_eq!(other.status, 200, "the session that was planted is another one, and goes on");
}

#[actix_web::test]
async fn a_further_cookie_that_is_missing_or_overwritten_is_set_again() {
    let broker = broker("{ domain: loja.example, alsoCookie: VtexIdclientAutCookie_loja }").await;
    let (own, planted) = (token_of(&broker, "ana"), token_of(&broker, "atacante"));
    let vtex = "VtexIdclientAutCookie_loja";

    for (cookies, expected) in [
        (format!("{FIRST}={own}"), true),
        (format!("{FIRST}={own}; portaria={planted}; {vtex}={own}"), true),
        (format!("{FIRST}={own}; portaria={own}; {vtex}={own}"), false),
        (format!("portaria={own}"), false),
    ] {
        let answer = broker.ask(ask("/session", &cookies)).await;
        let set: Vec<(&str, &str)> = answer.cookies().iter().map(|(name, value, _)| (*name, *value)).collect();
        let both = [("portaria", &*own), (vtex, &*own)];
        assert_eq!(set, if expected { both.to_vec() } else { Vec::new() }, "{cookies}");
    }
}

/// A browser that reaches the store by another host of the domain has the cookie of the domain alone, and gets no other.
#[actix_web::test]
async fn a_renewed_token_goes_where_the_former_one_was() {
    let broker = broker("{ domain: loja.example, idle: 12h }").await;
    let now = clock::now();
    let due = broker.token(HOST, |session| {
        (session.since, session.issued, session.until) = (now - 7 * 3600, now - 7 * 3600, now + 5 * 3600);
    });

    for path in ["/auth", "/session"] {
        for (cookies, expected) in [(format!("portaria={due}"), &["portaria"][..]), (format!("{FIRST}={due}"), &[FIRST, "portaria"])] {
            let answer = broker.ask(ask(path, &cookies)).await;
            let names: Vec<&str> = answer.cookies().iter().map(|(name, ..)| *name).collect();
            assert_eq!(names, expected, "{path} {cookies}");
        }
        let by_header = ClientRequest::get(path).with("host", HOST).with("authorization", format!("Bearer {due}"));
        let answer = broker.ask(by_header).await;
        assert_eq!((answer.status, answer.cookies().len()), (200, 0), "a program keeps no cookies");
    }
}

#[actix_web::test]
async fn a_sign_out_ends_the_session_of_either_cookie_and_clears_both() {
    for cookie in [FIRST, "portaria"] {
        let broker = broker("{ domain: loja.example }").await;
        let token = token_of(&broker, "ana");
        let out = ClientRequest::form("/logout", "").with("host", HOST).with("origin", "https://www.loja.example");

        let out = broker.ask(out.with("sec-fetch-site", "same-site").with("cookie", format!("{cookie}={token}"))).await;

        assert_eq!(out.status, 303, "{out:?}");
        let cleared: Vec<(&str, bool)> = out
            .cookies()
            .iter()
            .filter(|(_, value, _)| value.is_empty())
            .map(|(name, _, how)| (*name, how.contains("Domain=loja.example")))
            .collect();
        assert!(cleared.contains(&(FIRST, false)) && cleared.contains(&("portaria", true)), "{cleared:?}");
        for path in ["/session", "/auth"] {
            assert_eq!(broker.ask(ask(path, &format!("portaria={token}"))).await.status, 401, "{cookie} {path}");
        }
    }
}

/// What was set for a domain before the setting was taken out signs in nobody, and goes with the next sign-out.
#[actix_web::test]
async fn a_cookie_of_former_settings_does_not_count() {
    let broker = broker("{ domain: loja.example }").await;
    let (own, old) = (token_of(&broker, "ana"), token_of(&broker, "outra"));

    broker.resettle(OPEN);

    for path in ["/session", "/auth"] {
        assert_eq!(broker.ask(ask(path, &format!("portaria={old}"))).await.status, 401, "{path}");
        assert_eq!(broker.ask(ask(path, &format!("portaria={old}; {FIRST}={own}"))).await.status, 200, "{path}");
    }
    let out = ClientRequest::form("/logout", "").with("host", HOST).with("origin", "https://login.loja.example");
    let out = broker.ask(out.with("cookie", format!("portaria={old}; {FIRST}={own}"))).await;
    assert!(out.cookies().iter().any(|(name, value, how)| *name == "portaria" && value.is_empty() && how.contains("Domain=loja.example")));
}

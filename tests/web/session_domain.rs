//! The session cookie for a whole domain, which the shop's own servers get and every host of the domain can write.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{HOST as LOCAL_HOST, LOCAL, OPEN, STANDARD, TestBroker};
use portaria::session::TokenReach;
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

/// The token of a session for the broker's own pages, and the one for the shop.
fn tokens_of(broker: &TestBroker, who: &str) -> (String, String) {
    let token = |reach| {
        let email = Email::parse(&format!("{who}@clientes.example")).expect("an address");
        broker.token(HOST, |session| (session.person.email, session.sid, session.reach) = (email, who.into(), reach))
    };
    (token(TokenReach::Broker), token(TokenReach::Store))
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

/// A full token in the cookie of the domain is what an earlier version wrote there.
#[actix_web::test]
async fn a_further_cookie_that_is_missing_or_overwritten_is_set_again() {
    let broker = broker("{ domain: loja.example, alsoCookie: VtexIdclientAutCookie_loja }").await;
    let ((own, shop), (_, planted)) = (tokens_of(&broker, "ana"), tokens_of(&broker, "atacante"));
    let vtex = "VtexIdclientAutCookie_loja";

    for (cookies, expected) in [
        (format!("{FIRST}={own}"), true),
        (format!("{FIRST}={own}; portaria={planted}; {vtex}={shop}"), true),
        (format!("{FIRST}={own}; portaria={own}; {vtex}={shop}"), true),
        (format!("{FIRST}={own}; portaria={shop}; {vtex}={shop}"), false),
        (format!("portaria={shop}"), false),
    ] {
        let answer = broker.ask(ask("/session", &cookies)).await;
        let set: Vec<(&str, &str)> = answer.cookies().iter().map(|(name, value, _)| (*name, *value)).collect();
        let names: Vec<&str> = set.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, if expected { vec!["portaria", vtex] } else { Vec::new() }, "{cookies}");
        for (_, token) in set {
            assert_eq!(acts_on_own_pages(&broker, token).await, Vec::<&str>::new(), "{cookies}");
            let answer = broker.ask(ask("/session", &format!("portaria={token}"))).await;
            assert_eq!(answer.json()["email"], "ana@clientes.example", "{cookies}");
        }
    }
}

/// The own pages on which this token acts for its session, as the value of either cookie or of both.
async fn acts_on_own_pages(broker: &TestBroker, token: &str) -> Vec<&'static str> {
    let request = "/authorize?response_type=code&client_id=painel&redirect_uri=https%3A%2F%2Fpainel.loja.example%2Fcallback&scope=openid\
        &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&prompt=none";
    let further = "/session/continue?return_to=https%3A%2F%2Fwww.loja.example%2F";
    let mut acts = Vec::new();
    for cookies in [format!("{FIRST}={token}"), format!("portaria={token}"), format!("{FIRST}={token}; portaria={token}")] {
        // The directory knows no user of the session, so the page leads to the login, as it does after a user was removed.
        if broker.ask(ask("/account", &cookies)).await.location() == Some("/login") {
            acts.push("account");
        }
        if broker.ask(ask("/login", &cookies)).await.body.contains("ana@clientes.example") {
            acts.push("login");
        }
        if broker.ask(ask("/lab", &cookies)).await.status == 200 {
            acts.push("lab");
        }
        if broker.ask(ask(request, &cookies)).await.location().is_some_and(|back| back.contains("code=")) {
            acts.push("authorize");
        }
        if broker.ask(ask(further, &cookies)).await.location().is_some_and(|on| on.starts_with("https://www.loja.example/")) {
            acts.push("continue");
        }
    }
    acts
}

const APP_AND_LAB: &str = "apps: { painel: { name: Painel, secret: none, redirectUris: [ https://painel.loja.example/callback ] } }
lab: { staff: [ ana@clientes.example ] }
";

/// A program on a host of the domain, or one that got the token by a code, sends what it read as a cookie of the broker's own pages.
#[actix_web::test]
async fn a_token_that_left_the_host_acts_on_no_page_of_the_broker() {
    let file = STANDARD.replace("UPSTREAM", "https://sso.acme.example");
    for session in ["session: { domain: loja.example }", "session: { alsoCookie: portaria }", ""] {
        let broker = TestBroker::builder(&format!("{OPEN}{session}\n{APP_AND_LAB}")).with("acme", &file).build().await;
        let (own, shop) = tokens_of(&broker, "ana");

        assert_eq!(acts_on_own_pages(&broker, &shop).await, Vec::<&str>::new(), "{session}");
        let acts = acts_on_own_pages(&broker, &own).await;
        for page in ["account", "login", "lab", "authorize", "continue"] {
            assert_eq!(acts.iter().filter(|acts| **acts == page).count(), 2, "the token of the host acts at {page}: {acts:?}");
        }
    }
}

/// The program of the shop that has the token goes on as before.
#[actix_web::test]
async fn a_token_for_the_shop_counts_where_a_session_is_looked_up() {
    let broker = broker("{ domain: loja.example }").await;
    let (own, shop) = tokens_of(&broker, "ana");
    for path in ["/session", "/auth"] {
        assert_eq!(broker.ask(ask(path, &format!("portaria={shop}"))).await.status, 200, "{path}");
        let both = ask(path, &format!("{FIRST}={own}")).with("authorization", format!("Bearer {shop}"));
        assert_eq!(broker.ask(both).await.status, 200, "both are of one session: {path}");
    }
    let question = ClientRequest::by("POST", "/session/validate").with("content-type", "application/json").with("host", HOST);
    let valid = broker.ask(question.body(format!("{{\"token\":\"{shop}\"}}"))).await;
    assert_eq!(valid.json()["authStatus"], "Success", "{valid:?}");
}

/// A browser that reaches the store by another host of the domain has the cookie of the domain alone, and gets no other.
#[actix_web::test]
async fn a_renewed_token_goes_where_the_former_one_was() {
    let broker = broker("{ domain: loja.example, idle: 12h }").await;
    let now = clock::now();
    let due = |reach| {
        broker.token(HOST, |session| {
            (session.since, session.issued, session.until) = (now - 7 * 3600, now - 7 * 3600, now + 5 * 3600);
            session.reach = reach;
        })
    };
    let (due, due_for_shop) = (due(TokenReach::Broker), due(TokenReach::Store));

    for path in ["/auth", "/session"] {
        for (cookies, expected) in [
            (format!("portaria={due_for_shop}"), &["portaria"][..]),
            (format!("portaria={due}"), &["portaria"]),
            (format!("{FIRST}={due_for_shop}"), &["portaria"]),
            (format!("{FIRST}={due}"), &[FIRST, "portaria"]),
        ] {
            let answer = broker.ask(ask(path, &cookies)).await;
            let names: Vec<&str> = answer.cookies().iter().map(|(name, ..)| *name).collect();
            assert_eq!(names, expected, "{path} {cookies}");
            for (name, token, _) in answer.cookies() {
                let account = broker.ask(ask("/account", &format!("{FIRST}={token}"))).await;
                assert_eq!(
                    account.location() == Some("/login"),
                    name == FIRST,
                    "only the cookie of the host acts on our pages: {path} {cookies} {name}"
                );
            }
        }
        let by_header = ClientRequest::get(path).with("host", HOST).with("authorization", format!("Bearer {due_for_shop}"));
        let answer = broker.ask(by_header).await;
        assert_eq!((answer.status, answer.cookies().len()), (200, 0), "a program keeps no cookies");
    }
}

#[actix_web::test]
async fn a_sign_out_ends_the_session_of_either_cookie_and_clears_both() {
    for cookie in [FIRST, "portaria"] {
        let broker = broker("{ domain: loja.example }").await;
        let (own, shop) = tokens_of(&broker, "ana");
        let token = if cookie == FIRST { &own } else { &shop };
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
            assert_eq!(broker.ask(ask(path, &format!("portaria={shop}"))).await.status, 401, "{cookie} {path}");
            assert_eq!(broker.ask(ask(path, &format!("{FIRST}={own}"))).await.status, 401, "{cookie} {path}");
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

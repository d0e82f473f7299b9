//! The code by e-mail through VTEX's calls: it signs in as the page does, and lets no one in whom the page would not.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::email_code;
use crate::web::mailbox::Mailbox;
use crate::web::prove::{asked, look};
use crate::web::test_broker::{LOCAL, SHOP, TestBroker};
use crate::web::vtex_id::{CALLS, start, token};
use portaria::directory::users::BlockUser;
use portaria::world::clock;
use serde_json::{Value, json};

const SEND: &str = "/api/vtexid/pub/authentication/accesskey/send";
const VALIDATE: &str = "/api/vtexid/pub/authentication/accesskey/validate";

async fn broker(mailbox: &Mailbox) -> TestBroker {
    broker_with(mailbox, "ways: [ email ]\n").await
}

async fn broker_with(mailbox: &Mailbox, settings: &str) -> TestBroker {
    TestBroker::builder(&format!("{LOCAL}{CALLS}{}{settings}", mailbox.settings())).with_standard("acme").build().await
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A call as a page of the store makes it.
async fn call(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
    let form: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    browser.ask(ClientRequest::form(path, &form.join("&")).with("origin", SHOP).with("sec-fetch-site", "same-site")).await
}

/// A page begins, and asks for a code. Its token is returned.
async fn send(browser: &Browser, email: &str) -> String {
    let begun = token(&start(browser, "&returnUrl=/conta").await);
    let sent = call(browser, SEND, &[("authenticationToken", &begun), ("email", email), ("locale", "pt-BR")]).await;
    assert_eq!((sent.status, sent.json()), (200, json!({})), "{sent:?}");
    begun
}

async fn validate(browser: &Browser, begun: &str, login: &str, code: &str) -> Answer {
    call(browser, VALIDATE, &[("authenticationToken", begun), ("login", login), ("accesskey", code)]).await
}

fn status(answer: &Answer) -> (u16, Value) {
    (answer.status, answer.json()["authStatus"].clone())
}

/// A code that is not the one of the last mail.
fn wrong(mailbox: &Mailbox) -> &'static str {
    if mailbox.code() == "000000" { "000001" } else { "000000" }
}

#[actix_web::test]
async fn a_page_of_the_store_asks_for_a_code_and_signs_its_shopper_in() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);

    let begun = send(&browser, " Nova@Loja.Example ").await;
    let (to, _) = mailbox.letters().pop().expect("a letter");
    let code = mailbox.code();
    let typed = validate(&browser, &begun, "nova@loja.example", &format!("{} {}", &code[..3], &code[3..])).await;

    assert_eq!((to.as_str(), typed.header("access-control-allow-origin")), ("nova@loja.example", Some(SHOP)), "{typed:?}");
    let session = browser.get("/session").await.json();
    assert_eq!((&session["email"], &session["provider"]), (&"nova@loja.example".into(), &"email".into()));
    let mut answer = typed.json();
    assert!((86_390..=86_400).contains(&answer["expiresIn"].as_i64().expect("seconds")), "{answer}");
    answer["expiresIn"] = Value::Null;
    assert_eq!(
        answer,
        json!({
            "authStatus": "Success",
            "promptMFA": false,
            "lastAttemptAvailable": null,
            "clientToken": null,
            "authCookie": null,
            "accountAuthCookie": null,
            "expiresIn": null,
            "userId": session["uid"],
            "phoneNumber": null,
            "scope": null,
        })
    );
    assert!(!typed.body.contains("eyJ"), "the token stands in no answer that a script could read: {typed:?}");
    assert!(!browser.cookies().contains("portaria-proof") && browser.cookies().contains("portaria-last=email"), "{}", browser.cookies());
    assert!(!broker.logged().contains("nova@loja.example"), "addresses are not logged");
}

/// The forms in which pages send the same: VTEX's documentation has the address in the address of the call, the code in a form of parts,
/// and no token, in the place of which the browser has a cookie.
#[actix_web::test]
async fn a_page_may_send_a_form_in_either_encoding_or_json_and_leave_the_token_out() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let part = |name: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    for is_json in [false, true] {
        let browser = Browser::new(&broker);
        start(&browser, "").await;
        let ask = ClientRequest::by("POST", &format!("{SEND}?email=ana%40loja.example&deliveryMethod=email"));
        let sent = browser.ask(ask.with("content-type", "application/json").with("origin", SHOP)).await;
        assert_eq!((sent.status, &*sent.body), (200, "{}"), "{sent:?}");

        let code = mailbox.code();
        let ask = ClientRequest::by("POST", VALIDATE).with("origin", SHOP);
        let ask = if is_json {
            ask.with("content-type", "application/json").body(json!({ "login": "ana@loja.example", "accessKey": code }).to_string())
        } else {
            let body = format!("{}{}--x--\r\n", part("accessKey", &code), part("login", "ana@loja.example"));
            ask.with("content-type", "multipart/form-data; boundary=x").body(body)
        };
        let typed = browser.ask(ask).await;

        assert_eq!(status(&typed), (200, "Success".into()), "{typed:?}");
        assert_eq!(browser.who().await.as_deref(), Some("ana@loja.example"));
    }
}

#[actix_web::test]
async fn the_flag_of_the_start_says_exactly_whether_a_code_can_be_had() {
    let mailbox = Mailbox::open();
    for (settings, is_offered) in
        [("ways: [ email ]\n", true), ("", false), ("ways: [ passkey ]\n", false), ("ways: [ passkey, email ]\n", true)]
    {
        let broker = broker_with(&mailbox, settings).await;
        let browser = Browser::new(&broker);
        let started = start(&browser, "").await;
        let sent = call(&browser, SEND, &[("authenticationToken", &token(&started)), ("email", "ana@loja.example")]).await;
        let typed = validate(&browser, &token(&started), "ana@loja.example", "000000").await;

        assert_eq!(started["showAccessKeyAuthentication"], Value::Bool(is_offered), "{settings}");
        assert_eq!((sent.status, typed.status), if is_offered { (200, 200) } else { (404, 404) }, "{settings}: {sent:?} {typed:?}");
    }
}

/// Attack D-11
#[actix_web::test]
async fn no_answer_shows_whether_an_address_belongs_to_a_user() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    Browser::new(&broker).log_in("acme", "ana").await;
    let shape = |answer: &Answer| {
        let mut names: Vec<String> = answer.headers.iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        let cookies: Vec<(String, usize)> = answer.cookies().iter().map(|(name, value, _)| ((*name).to_owned(), value.len())).collect();
        (answer.status, answer.body.clone(), names, cookies)
    };
    let mut seen = Vec::new();
    for address in ["ana@clientes.example", "eva@clientes.example"] {
        let browser = Browser::new(&broker);
        let begun = token(&start(&browser, "").await);
        let sent = call(&browser, SEND, &[("authenticationToken", &begun), ("email", address)]).await;
        let guess = validate(&browser, &begun, address, wrong(&mailbox)).await;
        assert_eq!(mailbox.letters().pop().map(|(to, _)| to).as_deref(), Some(address));
        seen.push((shape(&sent), shape(&guess)));
    }

    assert_eq!(seen[0], seen[1]);
}

/// Lessons 11, 13
/// Attack C-02
#[actix_web::test]
async fn a_code_counts_in_the_browser_that_asked_for_it_for_its_address_and_once() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    let begun = send(&browser, "ana@loja.example").await;
    let code = mailbox.code();

    let other = Browser::new(&broker);
    let own = token(&start(&other, "").await);
    for stranger in [begun.as_str(), own.as_str()] {
        assert_eq!(status(&validate(&other, stranger, "ana@loja.example", &code).await), (200, "InvalidToken".into()));
    }
    assert_eq!(
        status(&validate(&browser, &own, "ana@loja.example", &code).await),
        (200, "InvalidToken".into()),
        "a token of another browser"
    );
    for login in ["eva@loja.example", "ana@loja.example.evil.example"] {
        assert_eq!(status(&validate(&browser, &begun, login, &code).await), (200, "WrongCredentials".into()), "{login}");
    }
    assert_eq!(status(&validate(&browser, &begun, "ana", &code).await), (200, "InvalidEmail".into()));
    let copy = Browser::new(&broker);
    *copy.jar.borrow_mut() = browser.jar.borrow().clone();
    assert_eq!(status(&validate(&browser, &begun, "ANA@loja.example", &code).await), (200, "Success".into()));
    assert_eq!(status(&validate(&copy, &begun, "ana@loja.example", &code).await), (200, "InvalidToken".into()), "it counts once");
    assert_eq!((browser.who().await.as_deref(), copy.who().await, other.who().await), (Some("ana@loja.example"), None, None));
}

#[actix_web::test]
async fn the_fifth_wrong_code_ends_the_sign_in_as_it_does_on_the_page() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    let begun = send(&browser, "ana@loja.example").await;
    let (code, guess) = (mailbox.code(), wrong(&mailbox));

    assert_eq!(status(&validate(&browser, &begun, "ana@loja.example", "12").await), (200, "WrongCredentials".into()), "it is no try");
    for _ in 0..4 {
        assert_eq!(status(&validate(&browser, &begun, "ana@loja.example", guess).await), (200, "WrongCredentials".into()));
    }
    let last = validate(&browser, &begun, "ana@loja.example", guess).await;
    let late = validate(&browser, &begun, "ana@loja.example", &code).await;

    assert_eq!((status(&last), status(&late)), ((200, "InvalidToken".into()), (200, "InvalidToken".into())), "{last:?} {late:?}");
    assert!(!browser.cookies().contains("portaria-proof") && browser.who().await.is_none());
}

#[actix_web::test]
async fn the_limits_of_mails_are_those_of_the_page() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    for number in 0..8 {
        if number % 2 == 0 {
            send(&Browser::new(&broker), "ana@loja.example").await;
        } else {
            email_code::types(&Browser::new(&broker), "ana@loja.example").await;
        }
    }
    assert_eq!(mailbox.letters().len(), 5, "the mails of pages and calls count together");
    let owner = Browser::new(&broker);
    let begun = send(&owner, "ana@loja.example").await;
    assert_eq!(status(&validate(&owner, &begun, "ana@loja.example", &mailbox.long_code()).await), (200, "Success".into()));

    let settings = format!("{}{CALLS}{}ways: [ email ]\nlimits: {{ mail: 1 }}\n", LOCAL.replace("limits: off\n", ""), mailbox.settings());
    let limited = TestBroker::builder(&settings).with_standard("acme").build().await;
    let browser = Browser::new(&limited);
    let begun = token(&start(&browser, "").await);
    let ask = |email: &str| {
        let form = format!("authenticationToken={begun}&email={}", encoded(email));
        browser.dressed(ClientRequest::form(SEND, &form).with("origin", SHOP).from("203.0.113.9"))
    };
    for email in ["eva@loja.example", "ivo@loja.example"] {
        assert_eq!(limited.ask(ask(email)).await.status, 200);
    }
    let refused = limited.ask(ask("rui@loja.example")).await;
    assert_eq!((refused.status, refused.json()), (429, json!({ "error": "tooMany" })), "{refused:?}");
    assert!(refused.header("retry-after").is_some() && refused.header("access-control-allow-origin") == Some(SHOP), "{refused:?}");
}

#[actix_web::test]
async fn another_site_makes_no_browser_send_a_mail_or_a_code() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    let begun = send(&browser, "ana@loja.example").await;
    let code = mailbox.code();
    for headers in [
        &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")][..],
        &[("origin", "https://evil.loja.example"), ("sec-fetch-site", "same-site")],
        &[("origin", "null")],
    ] {
        for (path, form) in [
            (SEND, format!("authenticationToken={begun}&email=eva%40loja.example")),
            (SEND, "email=eva%40loja.example".to_owned()),
            (VALIDATE, format!("authenticationToken={begun}&login=ana%40loja.example&accesskey={code}")),
            (VALIDATE, format!("login=ana%40loja.example&accesskey={code}")),
        ] {
            let refused =
                browser.ask(headers.iter().fold(ClientRequest::form(path, &form), |ask, (name, value)| ask.with(name, *value))).await;
            assert_eq!((refused.status, refused.json()), (403, json!({ "error": "crossSite" })), "{headers:?} {refused:?}");
            assert_eq!(refused.header("access-control-allow-origin"), None);
        }
    }
    // Without a token in the form, a browser that says nothing of the page that asks is not enough.
    let silent = browser.ask(ClientRequest::form(SEND, "email=eva%40loja.example")).await;
    assert_eq!(status(&silent), (200, "InvalidToken".into()));
    assert_eq!((mailbox.letters().len(), browser.who().await), (1, None));
}

#[actix_web::test]
async fn what_is_no_plain_address_gets_no_mail_and_what_is_unclear_is_refused() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    let begun = token(&start(&browser, "").await);
    for email in ["", "ana", "Ana <ana@loja.example>", "ana@loja.example\r\nBcc: eva@loja.example", "1@acme.invalid"] {
        let refused = call(&browser, SEND, &[("authenticationToken", &begun), ("email", email)]).await;
        assert_eq!(status(&refused), (200, "InvalidEmail".into()), "{email}: {refused:?}");
    }
    for (name, path) in [("authenticationToken", SEND), ("accesskey", VALIDATE), ("accessKey", VALIDATE)] {
        let refused = call(&browser, &format!("{path}?{name}=1"), &[]).await;
        assert_eq!((refused.status, refused.json()), (400, json!({ "error": "tokenInAddress" })), "{name}");
    }
    let twice =
        call(&browser, &format!("{SEND}?email=ana%40loja.example"), &[("authenticationToken", &begun), ("email", "eva@loja.example")])
            .await;
    let repeated =
        call(&browser, SEND, &[("authenticationToken", &begun), ("authenticationToken", &begun), ("email", "eva@loja.example")]).await;
    let unread = ClientRequest::by("POST", SEND).with("content-type", "text/plain").with("origin", SHOP).body("email=ana@loja.example");
    for refused in [twice, repeated, browser.ask(unread).await] {
        assert_eq!((refused.status, refused.json()), (400, json!({ "error": "malformed" })), "{refused:?}");
    }
    assert_eq!(mailbox.letters().len(), 0);
}

#[actix_web::test]
async fn a_blocked_user_is_refused_after_the_code_and_not_before() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let first = Browser::new(&broker);
    let begun = send(&first, "ana@loja.example").await;
    validate(&first, &begun, "ana@loja.example", &mailbox.code()).await;
    let uid = first.get("/session").await.json()["uid"].as_str().expect("an id").to_owned();
    let block = BlockUser { store: "main".into(), uid: uid.into(), blocked: true, now: clock::now() };
    broker.app.directory.write(block).await.expect("storage is there");

    let browser = Browser::new(&broker);
    let begun = send(&browser, "ana@loja.example").await;
    let refused = validate(&browser, &begun, "ana@loja.example", &mailbox.code()).await;

    assert_eq!((refused.status, refused.json()["error"].as_str(), refused.session()), (403, Some("blocked"), None), "{refused:?}");
    assert_eq!(refused.header("access-control-allow-origin"), Some(SHOP));
}

#[actix_web::test]
async fn a_mail_that_cannot_be_sent_is_an_error() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    mailbox.refuse(true);

    let begun = token(&start(&browser, "").await);
    let failed = call(&browser, SEND, &[("authenticationToken", &begun), ("email", "ana@loja.example")]).await;

    assert_eq!((failed.status, failed.json(), failed.cookies().len()), (503, json!({ "error": "notSent" }), 0), "{failed:?}");
    mailbox.refuse(false);
    let begun = send(&browser, "ana@loja.example").await;
    assert_eq!(status(&validate(&browser, &begun, "ana@loja.example", &mailbox.code()).await), (200, "Success".into()));
}

/// The identity of a provider that waits for a proven address is not signed in by a call: that proof goes on at its own page.
#[actix_web::test]
async fn the_proof_of_an_identity_is_not_ended_by_a_call() {
    let mailbox = Mailbox::open();
    let unproven = crate::web::test_broker::STANDARD.replace("name: Clube Acme\n", "name: Clube Acme\nmissingEmail: ask\n");
    let settings = format!("{LOCAL}{CALLS}{}ways: [ email ]\n", mailbox.settings());
    let broker = TestBroker::builder(&settings).with("acme", &unproven).build().await;
    broker.upstream.says("/me", crate::web::test_provider::json(200, r#"{"id":"id-ana"}"#));
    let (browser, form) = asked(&broker, "ana").await;
    crate::web::prove::post(&browser, "/prove/address", &form, &[("email", "ana@loja.example")]).await;
    let begun = token(&start(&browser, "").await);

    let typed = validate(&browser, &begun, "ana@loja.example", &mailbox.code()).await;

    assert_eq!((status(&typed), browser.who().await), ((200, "InvalidToken".into()), None), "{typed:?}");
    assert_eq!(look(&browser, "/prove").await.status, 200, "it goes on");
}

//! The page on which an address is proven: what it reveals, and which forms it takes.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::mailbox::Mailbox;
use crate::web::prove::{asked, asking, broker, ends, look, mark, post};
use crate::web::test_broker::{LOCAL, SHOP, STANDARD, TestBroker};
use portaria::world::{clock, random};

/// Attack D-11
#[actix_web::test]
async fn an_address_that_somebody_has_is_answered_like_any_other() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let known = Browser::new(&broker);
    known.log_in("beta", "ana").await;
    let email = known.who().await.expect("a person");

    let mut answers = Vec::new();
    for address in [email.as_str(), "ninguem@loja.example"] {
        let (browser, form) = asked(&broker, "other").await;
        let sent = post(&browser, "/prove/address", &form, &[("email", address)]).await;
        let page = browser.get("/prove").await;
        answers.push((sent.status, page.status, page.body.replace(address, "").replace(&mark(&page), "")));
    }

    assert_eq!(answers[0], answers[1]);
    assert_eq!(mailbox.letters().len(), 2);
}

/// Before an address is proven nothing is looked up by it, so there is no time that could differ either.
/// Attack D-11
#[actix_web::test]
async fn nothing_before_the_proof_differs_by_whether_somebody_has_the_address() {
    let mailbox = Mailbox::open();
    let refusing = STANDARD.replace("$.verified", "$.unproven");
    let builder = TestBroker::builder(&format!("{LOCAL}{}", mailbox.settings())).with("acme", &asking()).with("gama", &refusing);
    let broker = builder.with_standard("beta").build().await;
    Browser::new(&broker).log_in("beta", "ana").await;
    let mut told = Vec::new();
    for who in ["ana", "bia"] {
        let mut answers = Vec::new();
        let refused = ends(&Browser::new(&broker), "gama", who).await;
        let before_code = refused.body.split("<p class=\"note\"").next().unwrap_or_default();
        answers.push((refused.status, before_code.replace(who, "")));
        let (browser, form) = asked(&broker, who).await;
        let asks = look(&browser, "/prove").await;
        let email = format!("{who}@clientes.example");
        assert!(asks.body.contains(&email), "the address that the provider names is proposed: {asks:?}");
        let sent = post(&browser, "/prove/address", &form, &[("email", &email)]).await;
        let typed = post(&browser, "/prove/code", &mark(&look(&browser, "/prove").await), &[("code", "1")]).await;
        for page in [asks, sent, typed] {
            let form = if page.body.contains("name=\"form\"") { mark(&page) } else { String::new() };
            answers.push((
                page.status,
                if form.is_empty() { page.body.replace(who, "") } else { page.body.replace(who, "").replace(&form, "") },
            ));
        }
        let hinted = Browser::new(&broker).begin(&format!("/login/beta?login_hint={email}")).await;
        answers.push((hinted.answer.status, hinted.query.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" ")));
        told.push(answers);
    }

    assert_eq!(told[0], told[1]);
}

/// Lesson 28
#[actix_web::test]
async fn forms_of_other_sites_hostile_addresses_and_a_lost_cookie_get_nowhere() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let (browser, form) = asked(&broker, "ana").await;

    for (mark, headers, status) in [
        ("", vec![], 403),
        ("1.x", vec![], 403),
        (&*form, vec![("sec-fetch-site", "cross-site")], 403),
        (&*form, vec![("origin", "https://evil.example")], 403),
    ] {
        let mut ask = ClientRequest::form("/prove/address", &format!("form={mark}&email=nova%40loja.example"));
        for (name, value) in headers {
            ask = ask.with(name, value);
        }
        let answer = browser.ask(ask).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
    for hostile in [
        "",
        "nova",
        "a@b@loja.example",
        "nova@loja.example\r\nBcc: x@loja.example",
        "x,y@loja.example",
        "<b>@loja.example",
        "1@acme.invalid",
    ] {
        let answer = post(&browser, "/prove/address", &form, &[("email", hostile)]).await;
        assert_eq!(answer.status, 422, "{hostile:?}: {answer:?}");
        assert!(!answer.body.contains("<b>@"), "{answer:?}");
    }
    let twice = post(&browser, "/prove/address", &form, &[("email", "a@loja.example"), ("email", "b@loja.example")]).await;
    assert_eq!(twice.status, 400, "{twice:?}");
    assert_eq!(Browser::new(&broker).get("/prove").await.status, 400, "without the cookie there is nothing to prove");
    assert!(mailbox.letters().is_empty());
}

#[actix_web::test]
async fn who_has_come_in_meanwhile_goes_on() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let (browser, form) = asked(&broker, "ana").await;
    let proof = browser.jar.borrow().clone();
    post(&browser, "/prove/address", &form, &[("email", "nova@loja.example")]).await;
    let form = mark(&look(&browser, "/prove").await);
    let code = mailbox.code();
    let typed = post(&browser, "/prove/code", &form, &[("code", &code)]).await;
    assert_eq!(typed.status, 303, "{typed:?}");

    let shop = format!("{SHOP}/");
    for with_the_old_cookie in [false, true] {
        if with_the_old_cookie {
            browser.jar.borrow_mut().extend(proof.clone());
        }
        for answer in [look(&browser, "/prove").await, post(&browser, "/prove/code", &form, &[("code", &code)]).await] {
            assert_eq!((answer.status, answer.location()), (303, Some(&*shop)), "{answer:?}");
        }
    }
    assert!(browser.who().await.is_some());
}

#[actix_web::test]
async fn a_form_of_ours_that_is_old_leads_to_the_page_and_does_nothing() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let (browser, _) = asked(&broker, "ana").await;
    let handle = browser.jar.borrow().iter().find(|(name, _)| name.contains("proof")).expect("a proof").1.clone();
    let until = (clock::now() - 1).to_string();
    let url = &broker.front(crate::web::test_broker::HOST).store.public_url;
    let old = format!("{until}.{}", broker.app.forms.seal(&[url, &handle, &until], b"", random::bytes()));
    let (_, others) = asked(&broker, "other").await;

    for form in [&*old, &others, "1.x", ""] {
        for path in ["/prove/address", "/prove/again", "/prove/code"] {
            let ask = ClientRequest::form(path, &format!("form={form}&email=nova%40loja.example&code=000000"));
            for ours in [("sec-fetch-site", "same-origin"), ("origin", url)] {
                let answer = browser.ask(ask.clone().with(ours.0, ours.1)).await;
                assert_eq!((answer.status, answer.location()), (303, Some("/prove")), "{form} {path}: {answer:?}");
            }
            for other in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "none"), ("origin", "null"), ("accept", "*/*")] {
                let answer = browser.ask(ask.clone().with(other.0, other.1)).await;
                assert_eq!(answer.status, 403, "{form} {path} {other:?}: {answer:?}");
            }
        }
    }
    assert!(mailbox.letters().is_empty());
}

#[actix_web::test]
async fn another_way_leads_to_the_same_place() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    let cart = format!("{SHOP}/carrinho");
    let begun = browser.begin(&format!("/login/acme?return_to={cart}")).await;
    browser.get(&browser.way_back("acme", &begun.state, "ana")).await;

    let page = look(&browser, "/prove").await;

    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", &cart).finish();
    assert!(page.body.contains(&format!("href=\"/login?{query}\"")), "{}", page.body);
}

#[actix_web::test]
async fn the_page_and_the_mail_speak_the_language_that_an_app_asks_for() {
    let mailbox = Mailbox::open();
    let app = "apps:\n  painel: { secret: none, redirectUris: [ https://painel.loja.example/cb ], signing: ES256 }\n";
    let settings = format!("{LOCAL}{}{app}", mailbox.settings());
    let broker = TestBroker::builder(&settings).with("acme", &asking()).build().await;
    let browser = Browser::new(&broker);
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let request = "client_id=painel&redirect_uri=https://painel.loja.example/cb&response_type=code&scope=openid&ui_locales=es";
    let begun = browser.begin(&format!("/authorize?{request}&code_challenge={challenge}&code_challenge_method=S256")).await;
    let back = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;
    assert_eq!(back.location(), Some("/prove"), "{back:?}");

    let page = look(&browser, "/prove").await;
    post(&browser, "/prove/address", &mark(&page), &[("email", "ana@loja.example")]).await;

    assert!(page.body.contains("<html lang=\"es\""), "{page:?}");
    let (_, mail) = mailbox.letters().pop().expect("a mail was sent");
    assert!(mail.contains("código") || mail.contains("=C3=B3digo"), "{mail}");
}

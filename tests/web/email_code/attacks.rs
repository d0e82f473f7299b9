//! What others try with the form and with the codes.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::email_code::{broker, comes_in, types, types_code};
use crate::web::mailbox::Mailbox;
use crate::web::prove::{look, mark, post};
use crate::web::test_broker::{LOCAL, TestBroker};

/// A code that is not the one of the last mail.
fn wrong(mailbox: &Mailbox) -> &'static str {
    if mailbox.code() == "000000" { "000001" } else { "000000" }
}

/// Attack D-11
#[actix_web::test]
async fn no_answer_says_whether_an_address_belongs_to_a_user() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    Browser::new(&broker).log_in("acme", "ana").await;
    let heads = |answer: &Answer| {
        let mut names: Vec<String> = answer.headers.iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        (answer.status, answer.location().map(str::to_owned), names)
    };
    let mut seen = Vec::new();

    for address in ["ana@clientes.example", "eva@clientes.example"] {
        let browser = Browser::new(&broker);
        let sent = types(&browser, address).await;
        let page = look(&browser, "/prove").await;
        let token = mark(&page);
        let guess = post(&browser, "/prove/code", &token, &[("code", wrong(&mailbox))]).await;
        let anonymous = |page: &Answer| page.body.replace(&mark(page), "").replace(address, "");
        seen.push((heads(&sent), heads(&guess), anonymous(&page), anonymous(&guess)));
        let (to, letter) = mailbox.letters().pop().expect("a letter");
        assert_eq!((to.as_str(), letter.contains(&mailbox.code())), (address, true));
    }

    assert_eq!(seen[0], seen[1]);
}

#[actix_web::test]
async fn twenty_guesses_at_once_count_as_five() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    types(&browser, "ana@loja.example").await;
    let (form, code) = (mark(&look(&browser, "/prove").await), mailbox.code());
    let guesses = (0..20).map(|number| format!("{:06}", (code.parse::<u32>().expect("digits") + 1 + number) % 1_000_000));

    let asks = guesses.map(|guess| browser.dressed(ClientRequest::form("/prove/code", &format!("form={form}&code={guess}"))));
    let answers = broker.ask_at_once(asks).await;

    assert_eq!(answers.iter().filter(|answer| answer.status == 422).count(), 4, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.session().is_none() && matches!(answer.status, 400 | 422)), "{answers:?}");
    let late = post(&browser, "/prove/code", &form, &[("code", &code)]).await;
    assert_eq!((late.status, browser.who().await), (400, None), "{late:?}");
}

/// Lessons 11, 13, 14
#[actix_web::test]
async fn a_code_counts_in_the_browser_that_asked_for_it_and_once() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    types(&browser, "ana@loja.example").await;
    let (form, code) = (mark(&look(&browser, "/prove").await), mailbox.code());

    let stranger = post(&Browser::new(&broker), "/prove/code", &form, &[("code", &code)]).await;
    assert_eq!(stranger.status, 400, "{stranger:?}");
    let other = Browser::new(&broker);
    types(&other, "eva@loja.example").await;
    let stolen_form = post(&other, "/prove/code", &form, &[("code", &code)]).await;
    assert_eq!(stolen_form.status, 403, "{stolen_form:?}");
    let foreign = types_code(&other, &code).await;
    assert!(foreign.session().is_none() || mailbox.code() == code, "{foreign:?}");
    let copy = Browser::new(&broker);
    *copy.jar.borrow_mut() = browser.jar.borrow().clone();
    let asks = [&browser, &copy].map(|browser| browser.dressed(ClientRequest::form("/prove/code", &format!("form={form}&code={code}"))));
    let answers = broker.ask_at_once(asks).await;

    assert_eq!(answers.iter().filter(|answer| answer.session().is_some()).count(), 1, "{answers:?}");
    let replayed = post(&copy, "/prove/code", &form, &[("code", &code)]).await;
    assert!(replayed.session().is_none(), "{replayed:?}");
}

#[actix_web::test]
async fn another_site_makes_no_browser_send_a_mail_or_type_a_code() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    let form = mark(&look(&browser, "/login").await);
    let of_attacker = mark(&look(&Browser::new(&broker), "/login").await);
    let evil = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];

    for (token, headers) in [(&form, &evil[..]), (&of_attacker, &[]), (&String::new(), &[])] {
        let ask = ClientRequest::form("/login/email", &format!("form={token}&email=ana%40loja.example"));
        let ask = headers.iter().fold(ask, |ask, (name, value)| ask.with(name, *value));
        let refused = browser.ask(ask).await;
        assert_eq!(refused.status, 403, "{refused:?}");
        broker.assert_clean(&refused);
    }
    assert_eq!(mailbox.letters().len(), 0);
    comes_in(&browser, &mailbox, "ana@loja.example").await;
    assert_eq!(browser.who().await.as_deref(), Some("ana@loja.example"));
}

#[actix_web::test]
async fn an_address_gets_five_mails_an_hour_whoever_asks_and_its_owner_still_comes_in() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    for _ in 0..8 {
        let sent = types(&Browser::new(&broker), "ana@loja.example").await;
        assert_eq!((sent.status, sent.location()), (303, Some("/prove")), "{sent:?}");
    }
    assert_eq!(mailbox.letters().len(), 5);

    let owner = Browser::new(&broker);
    types(&owner, "ana@loja.example").await;
    let typed = types_code(&owner, &mailbox.long_code()).await;

    assert_eq!((typed.status, mailbox.letters().len()), (303, 5), "{typed:?}");
    assert_eq!(owner.who().await.as_deref(), Some("ana@loja.example"));
}

/// Many networks together use up what a store sends to anyone. Its users still get their codes, and no answer says who they are.
/// Attack D-11
#[actix_web::test]
async fn networks_that_use_up_the_mails_of_a_day_keep_no_user_out_and_learn_of_none() {
    let mailbox = Mailbox::open();
    let limits = "limits: { login: 9999, callback: 9999, mail: 9999, mailsPerDay: 40 }\n";
    let settings = format!("{}{limits}{}ways: [ email ]\n", LOCAL.replace("limits: off\n", ""), mailbox.settings());
    let broker = TestBroker::builder(&settings).with_standard("acme").build().await;
    Browser::new(&broker).log_in("acme", "ana").await;
    let asks = async |browser: &Browser, network: u8, email: &str| {
        let form = mark(&look(browser, "/login/email").await);
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs([("form", &*form), ("email", email)]).finish();
        let ask = ClientRequest::form("/login/email", &body).with("accept", "text/html").from(&format!("203.0.{network}.7"));
        browser.ask(ask).await
    };
    for at in 0..31 {
        let sent = asks(&Browser::new(&broker), at / 4, &format!("pessoa-{at}@loja.example")).await;
        assert_eq!(sent.status, 303, "{sent:?}");
    }
    assert_eq!(mailbox.letters().len(), 30, "a quarter is kept");

    let (ana, eva) = (Browser::new(&broker), Browser::new(&broker));
    let mut seen = Vec::new();
    for (browser, network, address) in [(&ana, 100, "ana@clientes.example"), (&eva, 101, "eva@clientes.example")] {
        let sent = asks(browser, network, address).await;
        let page = look(browser, "/prove").await;
        assert!(page.body.contains("we send them only to addresses that have an account here"), "{}", page.body);
        seen.push((sent.status, sent.location().map(str::to_owned), page.status, page.body.replace(&mark(&page), "").replace(address, "")));
    }
    assert_eq!(seen[0], seen[1]);
    let refused = asks(&Browser::new(&broker), 0, "ana@clientes.example").await;
    assert_eq!(refused.status, 429, "that network has asked for its part: {refused:?}");

    while mailbox.letters().len() < 31 {
        actix_web::rt::task::yield_now().await;
    }
    assert!(mailbox.letters().iter().all(|(to, _)| to != "eva@clientes.example"));
    let typed = types_code(&ana, &mailbox.long_code()).await;
    assert_eq!((typed.status, ana.who().await.as_deref()), (303, Some("ana@clientes.example")), "{typed:?}");
}

#[actix_web::test]
async fn one_browser_may_not_ask_for_mail_after_mail() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    types(&browser, "ana@loja.example").await;
    let form = mark(&look(&browser, "/prove").await);

    let again = post(&browser, "/prove/again", &form, &[]).await;
    assert_eq!(again.status, 429, "{again:?}");
    for address in ["eva@loja.example", "ivo@loja.example", "lia@loja.example", "rui@loja.example"] {
        post(&browser, "/prove/address", &form, &[("email", address)]).await;
    }

    assert_eq!(mailbox.letters().len(), 3, "as many as one sign-in may send");
    assert_eq!(types_code(&browser, &mailbox.code()).await.status, 303);
    assert_eq!(browser.who().await.as_deref(), Some("ivo@loja.example"), "the address of the last mail, and no other");
}

#[actix_web::test]
async fn what_is_no_plain_address_gets_no_mail() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let browser = Browser::new(&broker);
    for typed in [
        "",
        "ana",
        "Ana <ana@loja.example>",
        "ana@loja.example, eva@loja.example",
        "ana@loja.example\r\nBcc: eva@loja.example",
        "ana@loja.example%0d%0aBcc:eva@loja.example",
        "\"ana\"@loja.example",
        "ana@loja.example@evil.example",
        "аna@loja.example",
        "ana@loja。example",
        "ana@ｌoja.example",
        "ana@[127.0.0.1]",
        "ana@localhost",
        "1@acme.invalid",
        "ana@displaced.invalid",
    ] {
        let refused = types(&browser, typed).await;
        assert_eq!(refused.status, 422, "{typed}: {refused:?}");
        assert!(refused.body.contains("aria-invalid"), "{typed}: {}", refused.body);
        broker.assert_clean(&refused);
    }
    assert_eq!(mailbox.letters().len(), 0);
}

#[actix_web::test]
async fn both_spellings_of_a_domain_are_one_address() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let mut ids = Vec::new();
    for typed in ["ana@pão.example", "ANA@PÃO.EXAMPLE", "ana@xn--po-sia.example"] {
        let browser = Browser::new(&broker);
        let typed = comes_in(&browser, &mailbox, typed).await;
        assert_eq!(typed.status, 303, "{typed:?}");
        ids.push(browser.get("/session").await.json()["uid"].clone());
    }

    assert!(ids.iter().all(|id| id.is_string() && *id == ids[0]), "{ids:?}");
}

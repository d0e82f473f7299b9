//! An address is proven by a code that goes there: no one gets in without it, no one learns anything from it, and no one is
//! drowned in mail.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::mailbox::Mailbox;
use crate::web::test_broker::{LOCAL, SHOP, STANDARD, TestBroker};
use crate::web::test_provider::json;
use portaria::world::{clock, random};

/// A provider that names an address and does not vouch for it.
fn asking() -> String {
    STANDARD
        .replace("name: Clube Acme\n", "name: Clube Acme\ntrustEmail: never\nmissingEmail: ask\n")
        .replace(", emailVerified: $.verified", "")
}

async fn broker(mailbox: &Mailbox) -> TestBroker {
    TestBroker::builder(&format!("{LOCAL}{}", mailbox.settings())).with("acme", &asking()).with_standard("beta").build().await
}

/// What a page of ours writes into its forms.
fn mark(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("name=\"form\" value=\"").unwrap_or_else(|| panic!("there is a form: {page:?}"));
    rest.split('"').next().expect("it ends").to_owned()
}

async fn post(browser: &Browser, path: &str, mark: &str, fields: &[(&str, &str)]) -> Answer {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("form", mark).extend_pairs(fields);
    browser.ask(ClientRequest::form(path, &form.finish()).with("accept", "text/html").with("accept-language", "en")).await
}

/// The page in English.
async fn look(browser: &Browser, path: &str) -> Answer {
    browser.ask(ClientRequest::get(path).with("accept", "text/html").with("accept-language", "en")).await
}

/// What a login ends with, in English.
async fn ends(browser: &Browser, provider: &str, who: &str) -> Answer {
    let begun = browser.begin(&format!("/login/{provider}")).await;
    look(browser, &browser.way_back(provider, &begun.state, who)).await
}

/// A person has come back from the provider and is asked for an address.
async fn asked(broker: &TestBroker, who: &str) -> (Browser, String) {
    let browser = Browser::new(broker);
    let answer = browser.log_in("acme", who).await;
    assert_eq!((answer.status, answer.location()), (303, Some("/prove")), "{answer:?}");
    assert!(answer.session().is_none());
    let page = browser.get("/prove").await;
    assert_eq!(page.status, 200, "{page:?}");
    (browser, mark(&page))
}

#[actix_web::test]
async fn whoever_types_the_code_comes_in_with_that_address() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let (browser, form) = asked(&broker, "ana").await;

    let sent = post(&browser, "/prove/address", &form, &[("email", " Nova@Loja.Example ")]).await;
    assert_eq!((sent.status, sent.location()), (303, Some("/prove")), "{sent:?}");
    let (to, letter) = mailbox.letters().pop().expect("a letter");
    assert_eq!(to, "nova@loja.example");
    assert!(!letter.contains("http"), "no link that could be forged: {letter}");
    let page = browser.get("/prove").await;
    assert!(page.body.contains("nova@loja.example") && page.body.contains("one-time-code"), "{page:?}");
    let code = mailbox.code();
    let typed = post(&browser, "/prove/code", &mark(&page), &[("code", &format!("{} {}", &code[..3], &code[3..]))]).await;

    assert_eq!((typed.status, typed.location()), (303, Some(format!("{SHOP}/").as_str())), "{typed:?}");
    assert_eq!(browser.who().await.as_deref(), Some("nova@loja.example"));
    let again = browser.log_in("acme", "ana").await;
    assert!(again.session().is_some(), "who is known is not asked twice: {again:?}");
}

#[actix_web::test]
async fn whoever_proves_an_address_that_is_somebodys_is_that_somebody() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let before = Browser::new(&broker);
    before.log_in("beta", "ana").await;
    let email = before.who().await.expect("a person");
    let uid = before.get("/session").await.json()["uid"].clone();

    let (browser, form) = asked(&broker, "other").await;
    post(&browser, "/prove/address", &form, &[("email", &email)]).await;
    let page = browser.get("/prove").await;
    post(&browser, "/prove/code", &mark(&page), &[("code", &mailbox.code())]).await;

    assert_eq!(browser.get("/session").await.json()["uid"], uid);
    crate::web::test_broker::until("the person is told of the new way", || mailbox.letters().len() == 2).await;
    assert_eq!(mailbox.letters()[1].0, email);
}

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
        let before_code = refused.body.split("<section class=\"incident\"").next().unwrap_or_default();
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

#[actix_web::test]
async fn five_wrong_codes_end_it_and_the_right_one_is_too_late() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let (browser, form) = asked(&broker, "ana").await;
    post(&browser, "/prove/address", &form, &[("email", "nova@loja.example")]).await;
    let page = browser.get("/prove").await;
    let (form, code) = (mark(&page), mailbox.code());
    let wrong = if code == "000000" { "000001" } else { "000000" };

    for left in [4, 3, 2, 1] {
        let answer = post(&browser, "/prove/code", &form, &[("code", wrong)]).await;
        assert_eq!(answer.status, 422, "{answer:?}");
        let told = format!("This code is not correct. Please check the most recent e-mail. Tries left: {left}.");
        assert!(answer.body.contains("aria-invalid") && answer.body.contains(&told), "{}", answer.body);
        broker.assert_clean(&answer);
    }
    let over = post(&browser, "/prove/code", &form, &[("code", wrong)]).await;
    assert_eq!(over.status, 400, "{over:?}");
    assert!(over.body.contains("There were too many tries"), "{}", over.body);
    let late = post(&browser, "/prove/code", &form, &[("code", &code)]).await;

    assert_eq!(late.status, 400, "{late:?}");
    assert!(late.body.contains("in another browser") && !late.body.contains("Nothing changed in your account"), "{}", late.body);
    assert_eq!(browser.who().await, None);
    broker.assert_clean(&late);
}

/// Lessons 11, 13, 14
#[actix_web::test]
async fn a_code_counts_only_in_the_browser_that_asked_for_it_and_once() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let (browser, form) = asked(&broker, "ana").await;
    let claimed = [("email", "nova@loja.example"), ("provider", "beta"), ("id", "id-other"), ("uid", "x"), ("user", "ana@loja.example")];
    post(&browser, "/prove/address", &form, &claimed).await;
    let form = mark(&browser.get("/prove").await);
    let code = mailbox.code();

    let (other, other_form) = asked(&broker, "other").await;
    for (mark, status) in [(&form, 403), (&other_form, 303)] {
        let answer = post(&other, "/prove/code", mark, &[("code", &code)]).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.session().is_none() && answer.location().is_none_or(|place| place == "/prove"), "{answer:?}");
        broker.assert_clean(&answer);
    }
    post(&other, "/prove/address", &other_form, &[("email", "outra@loja.example")]).await;
    let answer = post(&other, "/prove/code", &other_form, &[("code", &code)]).await;
    let is_the_same = mailbox.code() == code;
    assert!(is_the_same || answer.status == 422 && answer.session().is_none(), "{answer:?}");
    let nobody = post(&Browser::new(&broker), "/prove/code", &form, &[("code", &code)]).await;
    assert_eq!(nobody.status, 400, "{nobody:?}");
    let copy = Browser::new(&broker);
    *copy.jar.borrow_mut() = browser.jar.borrow().clone();
    let asks = [&browser, &copy].map(|browser| browser.dressed(ClientRequest::form("/prove/code", &format!("form={form}&code={code}"))));
    let answers = broker.ask_at_once(asks).await;

    let sessions = answers.iter().filter(|answer| answer.session().is_some()).count();
    assert_eq!(sessions, 1, "{answers:?}");
    let opened = answers.iter().find_map(Answer::session).expect("one is open").to_owned();
    let told = broker.ask(ClientRequest::get("/session").with("cookie", format!("portaria={opened}"))).await.json();
    assert_eq!(
        (&told["email"], &told["providerUserId"]),
        (&"nova@loja.example".into(), &"id-ana".into()),
        "whatever the form said: {told}"
    );
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
async fn what_is_no_code_costs_nothing_and_wide_digits_are_digits() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let (browser, form) = asked(&broker, "ana").await;
    post(&browser, "/prove/address", &form, &[("email", "nova@loja.example")]).await;
    let form = mark(&look(&browser, "/prove").await);
    let code = mailbox.code();

    for slip in ["", "12345", "1234567", "abcdef", "٠٠٠٠٠٠", &format!("{code}0"), &code[..5]] {
        let answer = post(&browser, "/prove/code", &form, &[("code", slip)]).await;
        assert_eq!(answer.status, 422, "{slip}: {answer:?}");
        assert!(answer.body.contains("aria-invalid") && answer.body.contains("Tries left: 5."), "{slip}: {}", answer.body);
    }
    let wide = |digit: char| char::from_u32(u32::from('０') + digit.to_digit(10).expect("a digit")).expect("a letter");
    let typed = post(&browser, "/prove/code", &form, &[("code", &code.chars().map(wide).collect::<String>())]).await;

    assert_eq!(typed.status, 303, "{typed:?}");
    assert_eq!(browser.who().await.as_deref(), Some("nova@loja.example"));
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
async fn a_mail_that_cannot_be_sent_is_said_and_does_not_count() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    mailbox.refuse(true);
    let (browser, form) = asked(&broker, "ana").await;

    for _ in 0..4 {
        let failed = post(&browser, "/prove/address", &form, &[("email", "nova@loja.example")]).await;
        assert_eq!(failed.status, 503, "{failed:?}");
        assert!(failed.body.contains("The e-mail could not be sent. Please try again in a moment."), "{}", failed.body);
        let page = look(&browser, "/prove").await;
        assert!(page.body.contains("value=\"nova@loja.example\"") && !page.body.contains("one-time-code"), "{}", page.body);
    }
    let code = post(&browser, "/prove/code", &form, &[("code", "000000")]).await;
    assert_eq!((code.status, code.location()), (303, Some("/prove")), "there is no code to be typed: {code:?}");
    mailbox.refuse(false);
    let sent = post(&browser, "/prove/address", &form, &[("email", "nova@loja.example")]).await;
    assert_eq!((sent.status, sent.location()), (303, Some("/prove")), "{sent:?}");
    let typed = post(&browser, "/prove/code", &mark(&look(&browser, "/prove").await), &[("code", &mailbox.code())]).await;
    assert_eq!(typed.status, 303, "{typed:?}");
    assert!(!broker.logged().contains("nova@loja.example"), "addresses are not logged");
}

#[actix_web::test]
async fn who_has_just_asked_for_a_mail_waits_for_the_next() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let (browser, form) = asked(&broker, "ana").await;
    post(&browser, "/prove/address", &form, &[("email", "nova@loja.example")]).await;

    for (path, fields) in [("/prove/again", vec![]), ("/prove/address", vec![("email", "nova@loja.example")])] {
        let waits = post(&browser, path, &form, &fields).await;
        assert_eq!(waits.status, 429, "{waits:?}");
        let seconds: u32 = waits.header("retry-after").and_then(|seconds| seconds.parse().ok()).expect("a time");
        assert!((1..=30).contains(&seconds), "{waits:?}");
        let told = format!("An e-mail was requested just now. You can ask for another in {seconds} s.");
        assert!(waits.body.contains(&told), "{}", waits.body);
    }
    assert_eq!(mailbox.letters().len(), 1);
}

/// Twenty wrong codes and more from many identities, and all mails of the hour: the owner still comes in, and the attacker does not.
/// Attack D-11
#[actix_web::test]
async fn others_who_guess_and_ask_for_mails_keep_no_owner_out() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    for who in ["um", "dois", "tres", "quatro", "cinco", "seis"] {
        let (browser, form) = asked(&broker, who).await;
        let sent = post(&browser, "/prove/address", &form, &[("email", "nova@loja.example")]).await;
        assert_eq!((sent.status, sent.location()), (303, Some("/prove")), "{sent:?}");
        for digit in ["1", "2", "3", "4", "5"] {
            for length in [6, 16] {
                post(&browser, "/prove/code", &form, &[("code", &digit.repeat(length))]).await;
            }
        }
        assert_eq!(browser.who().await, None);
    }
    assert_eq!(mailbox.letters().len(), 5, "the address is not flooded");

    let (owner, form) = asked(&broker, "ana").await;
    let sent = post(&owner, "/prove/address", &form, &[("email", "Nova@loja.example")]).await;
    let page = owner.get("/prove").await;
    let code = mailbox.long_code();
    let typed = post(&owner, "/prove/code", &mark(&page), &[("code", &format!("{} {}-{}", &code[..4], &code[4..8], &code[8..]))]).await;

    assert_eq!((sent.status, mailbox.letters().len()), (303, 5), "{sent:?}");
    assert!(page.body.contains("a code of 16 digits to <b translate=\"no\">nova@loja.example</b>"), "{}", page.body);
    assert_eq!(typed.status, 303, "{typed:?}");
    assert_eq!(owner.who().await.as_deref(), Some("nova@loja.example"));
    assert!(!broker.logged().contains(&code));
}

/// The long code of one address opens no proof of another, and none of another store.
#[actix_web::test]
async fn a_long_code_counts_for_its_address_alone() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let mut forms = Vec::new();
    for address in ["uma@loja.example", "duas@loja.example"] {
        for who in ["um", "dois", "tres", "quatro", "cinco"] {
            let (browser, form) = asked(&broker, who).await;
            post(&browser, "/prove/address", &form, &[("email", address)]).await;
            forms.push((browser, form));
        }
    }
    let (browser, form) = &forms[4];

    let other = post(browser, "/prove/code", form, &[("code", &mailbox.long_code())]).await;

    assert_eq!((other.status, browser.who().await), (422, None), "{other:?}");
}

#[actix_web::test]
async fn after_three_mails_the_newest_code_still_counts() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let (browser, form) = asked(&broker, "ana").await;
    for address in ["uma@loja.example", "duas@loja.example", "nova@loja.example"] {
        let sent = post(&browser, "/prove/address", &form, &[("email", address)]).await;
        assert_eq!(sent.status, 303, "{sent:?}");
    }

    for (path, fields) in [("/prove/again", vec![]), ("/prove/address", vec![("email", "mais@loja.example")])] {
        let enough = post(&browser, path, &form, &fields).await;
        assert_eq!(enough.status, 429, "{enough:?}");
        let told = "We have sent all the e-mails we can for this sign-in. Type the newest code, or start again.";
        assert!(enough.body.contains(told) && enough.body.contains("one-time-code"), "{}", enough.body);
        assert!(enough.body.contains("nova@loja.example") && !enough.body.contains("mais@loja.example"), "{}", enough.body);
        assert!(enough.cookies().is_empty(), "{enough:?}");
    }
    assert_eq!(mailbox.letters().len(), 3);
    let typed = post(&browser, "/prove/code", &form, &[("code", &mailbox.code())]).await;

    assert_eq!(typed.status, 303, "{typed:?}");
    assert_eq!(browser.who().await.as_deref(), Some("nova@loja.example"));
}

#[actix_web::test]
async fn without_mail_the_login_ends_and_says_why() {
    let broker = TestBroker::builder(LOCAL).with("acme", &asking()).with_standard("beta").build().await;
    let known = Browser::new(&broker);
    known.log_in("beta", "ana").await;
    let email = known.who().await.expect("a person");

    for (provider, says, told) in [
        (
            "acme",
            "{\"id\":\"1\"}".to_owned(),
            "Clube Acme confirmed who you are but did not send us an e-mail address that the store can use.",
        ),
        ("acme", "{\"id\":\"1\",\"email\":\"ana@acme.example\"}".to_owned(), "Clube Acme has not confirmed that the address is yours."),
        (
            "beta",
            format!("{{\"id\":\"another\",\"email\":\"{email}\",\"verified\":true}}"),
            "There already is an account with this address, and it belongs to another account at Clube Acme. \
             Sign in there with the one you used before.",
        ),
    ] {
        broker.upstream.says("/me", json(200, &says));
        let answer = ends(&Browser::new(&broker), provider, "other").await;

        assert_eq!(answer.status, 403, "{answer:?}");
        assert!(answer.body.contains(told), "{told}: {}", answer.body);
        assert!(answer.session().is_none());
    }
}

/// Attack E-12
#[actix_web::test]
async fn an_address_that_a_provider_gave_to_somebody_new_is_proven_by_mail() {
    let mailbox = Mailbox::open();
    let broker = broker(&mailbox).await;
    let before = Browser::new(&broker);
    before.log_in("beta", "ana").await;
    let email = before.who().await.expect("a person");
    let uid = before.get("/session").await.json()["uid"].clone();
    broker.upstream.says("/me", json(200, &format!("{{\"id\":\"another\",\"email\":\"{email}\",\"verified\":true}}")));

    let browser = Browser::new(&broker);
    let answer = browser.log_in("beta", "impostor").await;

    assert_eq!((answer.status, answer.location()), (303, Some("/prove")), "{answer:?}");
    let page = look(&browser, "/prove").await;
    assert!(page.body.contains(&format!("value=\"{email}\"")), "{page:?}");
    let why = "An account with this address already exists. To open it, please confirm that the address is yours.";
    assert!(page.body.contains(why) && !page.body.contains("did not give us"), "{}", page.body);
    assert_eq!(browser.who().await, None);
    let other = post(&browser, "/prove/address", &mark(&page), &[("email", "no address")]).await;
    assert!(!other.body.contains(why), "nothing is said of an address that was typed: {}", other.body);
    let sent = post(&browser, "/prove/address", &mark(&page), &[("email", &email)]).await;
    assert_eq!(sent.status, 303, "{sent:?}");
    let typed = post(&browser, "/prove/code", &mark(&look(&browser, "/prove").await), &[("code", &mailbox.code())]).await;
    assert_eq!(typed.status, 303, "{typed:?}");
    assert_eq!(browser.get("/session").await.json()["uid"], uid, "whoever reads the mail of the account has it");
}

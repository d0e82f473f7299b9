//! The code that is mailed: who may type it, where, how often, and what it opens.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::mailbox::Mailbox;
use crate::web::prove::{asked, broker, look, mark, post};
use crate::web::test_broker::SHOP;
use crate::web::test_provider::json;

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
        let told = "We have sent all the e-mails we can for this sign-in. Enter the newest code, or start again.";
        assert!(enough.body.contains(told) && enough.body.contains("one-time-code"), "{}", enough.body);
        assert!(enough.body.contains("nova@loja.example") && !enough.body.contains("mais@loja.example"), "{}", enough.body);
        assert!(enough.cookies().is_empty(), "{enough:?}");
    }
    assert_eq!(mailbox.letters().len(), 3);
    let typed = post(&browser, "/prove/code", &form, &[("code", &mailbox.code())]).await;

    assert_eq!(typed.status, 303, "{typed:?}");
    assert_eq!(browser.who().await.as_deref(), Some("nova@loja.example"));
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

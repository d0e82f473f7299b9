//! The mails with the codes: how many are sent, and what happens when none can be.

use crate::web::browser::Browser;
use crate::web::mailbox::Mailbox;
use crate::web::prove::{asked, asking, broker, ends, look, mark, post};
use crate::web::test_broker::{LOCAL, TestBroker};
use crate::web::test_provider::json;

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
    assert!(page.body.contains("a 16-digit code to <b translate=\"no\">nova@loja.example</b>"), "{}", page.body);
    assert_eq!(typed.status, 303, "{typed:?}");
    assert_eq!(owner.who().await.as_deref(), Some("nova@loja.example"));
    assert!(!broker.logged().contains(&code));
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
            "There is already an account with this address, and it is tied to another account at Clube Acme. \
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

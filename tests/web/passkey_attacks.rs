//! Passkeys in the hands of other people: challenges, forms, ids and sessions that belong elsewhere.

use crate::software_authenticator::{PRESENT, VERIFIED, attestation_with, bytes, head, int, map, text};
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::passkeys::{HERE, adds, asks, borrowed, broker, passkey, person_with, refused, said, signs_in};
use crate::web::prove::{look, mark, post};
use crate::web::test_broker::{HOST, LOCAL, OPEN, SHOP, TestBroker};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria::directory::users::BlockUser;
use portaria::session::TokenReach;
use portaria::world::clock;

/// Whether a form led to no session and to no further passkey.
fn opened_nothing(answer: &Answer) -> bool {
    answer.session().is_none() && matches!(answer.status, 400 | 403) && answer.location().is_none()
}

/// Attack W-11
#[actix_web::test]
async fn a_challenge_of_one_ceremony_is_none_of_the_other() {
    let broker = broker().await;
    let mut key = passkey();
    let (browser, _) = person_with(&broker, "ana", &mut key).await;
    let (to_add, to_sign_in) = (asks(&browser, "/account/passkeys/options").await, asks(&browser, "/login/passkey/options").await);
    let (form_to_add, form_to_sign_in) = (said(&to_add, "form"), said(&to_sign_in, "form"));

    let asserted = key.assertion(&said(&to_add, "challenge"));
    assert!(opened_nothing(&post(&browser, "/login/passkey", &form_to_add, &borrowed(&asserted)).await));
    assert!(refused(&post(&browser, "/login/passkey", &form_to_sign_in, &borrowed(&asserted)).await), "the token holds another challenge");
    let registered = passkey().registration(&said(&to_sign_in, "challenge"));
    assert!(opened_nothing(&post(&browser, "/account/passkeys", &form_to_sign_in, &borrowed(&registered)).await));
    assert!(refused(&post(&browser, "/account/passkeys", &form_to_add, &borrowed(&registered)).await), "the token holds another challenge");
}

/// Attack W-11
#[actix_web::test]
async fn the_token_of_another_form_holds_no_challenge() {
    let broker = broker().await;
    let mut key = passkey();
    let (browser, _) = person_with(&broker, "ana", &mut key).await;
    let of_account = mark(&look(&browser, "/account").await);
    // The challenge of a form without one would be empty.
    let (asserted, registered) = (key.assertion(""), passkey().registration(""));

    for token in [&*of_account, "", "0.", "9999999999.AAAA"] {
        assert!(opened_nothing(&post(&browser, "/login/passkey", token, &borrowed(&asserted)).await), "{token}");
        assert!(opened_nothing(&post(&browser, "/account/passkeys", token, &borrowed(&registered)).await), "{token}");
    }
}

/// Attack W-01
#[actix_web::test]
async fn the_time_of_a_challenge_cannot_be_written_anew() {
    let broker = broker().await;
    let mut key = passkey();
    person_with(&broker, "ana", &mut key).await;
    let browser = Browser::new(&broker);
    let options = asks(&browser, "/login/passkey/options").await;
    let (form, fields) = (said(&options, "form"), key.assertion(&said(&options, "challenge")));
    let (until, sealed) = form.split_once('.').expect("the time, and what is sealed");
    let moment: i64 = until.parse().expect("a time");
    assert!((290..=310).contains(&(moment - clock::now())), "{moment}");

    for other in [moment + 1, moment + 86_400, 0, -1] {
        assert!(opened_nothing(&post(&browser, "/login/passkey", &format!("{other}.{sealed}"), &borrowed(&fields)).await), "{other}");
    }
    assert!(opened_nothing(&post(&browser, "/login/passkey", &format!("+{form}"), &borrowed(&fields)).await));
    assert!(post(&browser, "/login/passkey", &form, &borrowed(&fields)).await.session().is_some(), "as it was given out, it is good");
}

fn two_stores() -> String {
    format!(
        "{LOCAL}ways: [ passkey ]\nstores:\n  atacado:\n    publicUrl: http://atacado.localhost:8080\n    returnTo: [ http://localhost:9001 ]\n"
    )
}

/// Attacks W-03, W-12
#[actix_web::test]
async fn a_credential_id_that_two_stores_have_signs_each_person_in_at_their_own() {
    let broker = TestBroker::builder(&two_stores()).with_standard("acme").build().await;
    let mut of_ana = passkey();
    let (_, ana) = person_with(&broker, "ana", &mut of_ana).await;
    let mut of_eva = passkey();
    of_eva.id.clone_from(&of_ana.id);
    (of_eva.host, of_eva.origin) = ("atacado.localhost".to_owned(), "http://atacado.localhost:8080".to_owned());
    let there = Browser::at(&broker, "atacado.localhost:8080");
    there.log_in("acme", "eva").await;
    assert_eq!(adds(&there, &mut of_eva).await.status, 303, "the id is free at her store");
    let eva = there.get("/session").await.json()["uid"].as_str().expect("an id").to_owned();

    // She comes to the other store as if she were Ana.
    let mut forged = of_eva;
    (forged.user, forged.host, forged.origin) = (of_ana.user.clone(), of_ana.host.clone(), of_ana.origin.clone());
    assert!(refused(&signs_in(&Browser::new(&broker), &mut forged).await));
    forged.user = eva.clone().into_bytes();
    assert!(refused(&signs_in(&Browser::new(&broker), &mut forged).await));
    let at_home = Browser::new(&broker);
    assert!(signs_in(&at_home, &mut of_ana).await.session().is_some());
    assert_eq!(at_home.get("/session").await.json()["uid"], ana.as_str());
}

/// Attack W-03
#[actix_web::test]
async fn a_challenge_of_one_store_is_none_of_another() {
    let broker = TestBroker::builder(&two_stores()).with_standard("acme").build().await;
    let mut key = passkey();
    person_with(&broker, "ana", &mut key).await;
    let (here, there) = (Browser::new(&broker), Browser::at(&broker, "atacado.localhost:8080"));
    let options = asks(&there, "/login/passkey/options").await;
    // The browser has the same key at both stores, as if it were one.
    here.jar.borrow_mut().clone_from(&there.jar.borrow());
    let fields = key.assertion(&said(&options, "challenge"));

    assert!(opened_nothing(&post(&here, "/login/passkey", &said(&options, "form"), &borrowed(&fields)).await));
}

/// Attack W-12
#[actix_web::test]
async fn the_id_of_another_persons_passkey_is_taken_and_stays_theirs() {
    let broker = broker().await;
    let mut of_ana = passkey();
    let (_, ana) = person_with(&broker, "ana", &mut of_ana).await;
    let eva = Browser::new(&broker);
    eva.log_in("acme", "eva").await;
    let mut forged = passkey();
    forged.id.clone_from(&of_ana.id);

    assert!(refused(&adds(&eva, &mut forged).await));
    assert!(!look(&eva, "/account").await.body.contains("/account/passkeys/remove"), "she has none");
    assert!(refused(&signs_in(&Browser::new(&broker), &mut forged).await));
    let browser = Browser::new(&broker);
    signs_in(&browser, &mut of_ana).await;
    assert_eq!(browser.get("/session").await.json()["uid"], ana.as_str());
}

/// Attack W-13
#[actix_web::test]
async fn no_page_of_another_origin_signs_a_person_in_as_its_owner() {
    let broker = broker().await;
    let mut of_eva = passkey();
    person_with(&broker, "eva", &mut of_eva).await;
    let (eva, victim) = (Browser::new(&broker), Browser::new(&broker));
    let options = asks(&eva, "/login/passkey/options").await;
    asks(&victim, "/login/passkey/options").await;
    let fields = of_eva.assertion(&said(&options, "challenge"));
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("form", &said(&options, "form")).extend_pairs(borrowed(&fields));
    let form = form.finish();

    for (origin, site) in [
        ("https://evil.example", "cross-site"),
        ("http://evil.localhost:9000", "same-site"),
        ("null", "cross-site"),
        (SHOP, "same-site"),
        (HERE, "same-origin"),
    ] {
        let dressed = |path: &str, body: &str| ClientRequest::form(path, body).with("origin", origin).with("sec-fetch-site", site);
        let answer = victim.ask(dressed("/login/passkey", &form)).await;
        assert!(answer.session().is_none(), "{origin} {site}: {answer:?}");
        if site != "same-origin" {
            let asked = victim.ask(dressed("/login/passkey/options", "")).await;
            assert!(asked.header("access-control-allow-origin").is_none(), "no page of another origin reads a challenge: {asked:?}");
        }
    }
    assert_eq!(victim.who().await, None);
    assert!(eva.ask(ClientRequest::form("/login/passkey", &form)).await.session().is_some(), "in her own browser it is good");
}

/// Attack W-13
#[actix_web::test]
async fn a_key_that_a_sibling_host_has_planted_is_not_the_key_of_the_browser() {
    let broker = TestBroker::builder(&format!("{OPEN}ways: [ passkey ]\n")).with_standard("acme").build().await;
    let (eva, victim) = (Browser::at(&broker, "login.loja.example"), Browser::at(&broker, "login.loja.example"));
    let options = asks(&eva, "/login/passkey/options").await;
    let planted = eva.cookies().split_once("__Host-portaria-form=").expect("the key of her browser").1.to_owned();
    let fields = passkey().assertion(&said(&options, "challenge"));

    for name in ["portaria-form", "__host-portaria-form", "__Secure-portaria-form"] {
        victim.jar.borrow_mut().clear();
        victim.jar.borrow_mut().push((name.to_owned(), planted.clone()));
        let answer = post(&victim, "/login/passkey", &said(&options, "form"), &borrowed(&fields)).await;
        assert!(opened_nothing(&answer) && !refused(&answer), "{name}: its passkey is not even looked at: {answer:?}");
    }
    let own = post(&eva, "/login/passkey", &said(&options, "form"), &borrowed(&fields)).await;
    assert!(refused(&own), "in her own browser it is, and is unknown: {own:?}");
}

/// Attack W-14
#[actix_web::test]
async fn a_token_for_the_store_alone_adds_no_passkey() {
    let broker = broker().await;
    let browser = Browser::new(&broker);
    let token = broker.token(HOST, |session| session.reach = TokenReach::Store);
    browser.jar.borrow_mut().push(("portaria".to_owned(), token));

    assert_eq!(asks(&browser, "/account/passkeys/options").await.status, 403);
    let offer = look(&browser, "/account/passkeys/new").await;
    assert!(offer.location().is_some_and(|page| page.starts_with("/login")), "{offer:?}");
}

/// Attack W-14
#[actix_web::test]
async fn a_session_that_ends_before_the_answer_adds_no_passkey() {
    let broker = broker().await;
    for is_blocked in [false, true] {
        let (browser, other) = (Browser::new(&broker), Browser::new(&broker));
        browser.log_in("acme", "ana").await;
        other.log_in("acme", "ana").await;
        let options = asks(&browser, "/account/passkeys/options").await;
        let mut key = passkey();
        key.user = URL_SAFE_NO_PAD.decode(options.json()["user"]["id"].as_str().expect("a user")).expect("base64url");
        let uid = String::from_utf8(key.user.clone()).expect("an id");
        let fields = key.registration(&said(&options, "challenge"));
        if is_blocked {
            let block = BlockUser { store: "main".into(), uid: uid.into(), blocked: true, now: clock::now() };
            broker.app.directory.write(block).await.expect("storage is there");
        } else {
            let form = mark(&look(&other, "/account").await);
            assert_eq!(post(&other, "/account/sign-out", &form, &[]).await.status, 303);
        }

        let answer = post(&browser, "/account/passkeys", &said(&options, "form"), &borrowed(&fields)).await;

        assert!(opened_nothing(&answer), "{is_blocked}: {answer:?}");
        assert!(refused(&signs_in(&Browser::new(&broker), &mut key).await), "{is_blocked}");
    }
}

/// Attacks W-04, W-15
#[actix_web::test]
async fn what_is_wrong_with_a_new_passkey_adds_none() {
    let broker = broker().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    let mut key = passkey();
    let (whole, data) = (key.flags, key.authenticator_data(Some(&key.public_key())));
    let nested = (0..2000).fold(map(&[]), |inner, _| [head(4, 1), inner].concat());
    let statement =
        |statement: Vec<u8>| map(&[(text("fmt"), text("none")), (text("attStmt"), statement), (text("authData"), bytes(&data))]);
    let many = (0..3000).map(|number| (int(number), int(0))).collect::<Vec<_>>();
    let mut without = |flag: u8| {
        key.flags = whole & !flag;
        key.attestation()
    };
    let (not_present, not_verified) = (without(PRESENT), without(VERIFIED));
    for (attestation, what) in [
        (not_present, "no presence"),
        (not_verified, "no verification"),
        (statement(map(&[(text("x"), nested)])), "values that nest deeply"),
        ([statement(map(&[])), vec![0]].concat(), "a byte behind the end"),
        (map(&many), "a map with thousands of entries"),
        (head(5, u64::from(u32::MAX)), "a map that says it has four billion entries"),
        (vec![0xbf, 0xff], "a map without a length"),
        (attestation_with(&[data.clone(), map(&[])].concat()), "extensions that no flag announces"),
        (attestation_with(&[&data[..], &[0; 2000]].concat()), "bytes behind the key"),
        (vec![0xff; 4000], "no CBOR"),
        (Vec::new(), "nothing"),
    ] {
        let options = asks(&browser, "/account/passkeys/options").await;
        let mut fields = key.registration(&said(&options, "challenge"));
        for (name, value) in &mut fields {
            if *name == "attestation" {
                *value = URL_SAFE_NO_PAD.encode(&attestation);
            }
        }
        let answer = post(&browser, "/account/passkeys", &said(&options, "form"), &borrowed(&fields)).await;
        assert!(refused(&answer), "{what}: {answer:?}");
        broker.assert_clean(&answer);
    }
    assert!(!look(&browser, "/account").await.body.contains("/account/passkeys/remove"), "there is none");
}

/// Attack W-15
#[actix_web::test]
async fn an_answer_that_is_odd_or_far_too_long_signs_no_one_in() {
    let broker = broker().await;
    let mut key = passkey();
    person_with(&broker, "ana", &mut key).await;
    let long = "A".repeat(10_000);
    for (field, value, status) in [
        ("credential", "", 403),
        ("credential", "=", 400),
        ("credential", "AA==", 400),
        ("credential", "A/+A", 400),
        ("credential", &*long, 403),
        ("user", "", 403),
        ("user", &*long, 403),
        ("signature", "", 403),
        ("signature", "MAYCAQACAQA", 403),
        ("signature", &*long, 403),
        ("clientData", &*long, 403),
        ("authenticatorData", &*long, 403),
        ("authenticatorData", "", 403),
    ] {
        let browser = Browser::new(&broker);
        let options = asks(&browser, "/login/passkey/options").await;
        let mut fields = key.assertion(&said(&options, "challenge"));
        for (name, written) in &mut fields {
            if *name == field {
                value.clone_into(written);
            }
        }
        let short = &value[..value.len().min(20)];
        let answer = post(&browser, "/login/passkey", &said(&options, "form"), &borrowed(&fields)).await;
        assert_eq!((answer.status, answer.session()), (status, None), "{field} {short}: {answer:?}");
        let again = [&borrowed(&fields)[..], &[(field, "AAAA")]].concat();
        let twice = post(&browser, "/login/passkey", &said(&options, "form"), &again).await;
        assert_eq!((twice.status, twice.session()), (400, None), "{field} twice: {twice:?}");
    }
    let huge = ClientRequest::form("/login/passkey", &format!("form=x&clientData={}", "A".repeat(100_000)));
    assert_eq!(broker.ask(huge).await.status, 413);
}

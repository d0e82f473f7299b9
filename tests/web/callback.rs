//! The way back from the provider: two halves, spent once, by the browser that began.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{SHOP, TestBroker};

#[actix_web::test]
async fn an_honest_login_opens_a_session_and_burns_the_attempt() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);

    let answer = browser.log_in("acme", "ana").await;

    assert_eq!((answer.status, answer.location()), (303, Some(format!("{SHOP}/").as_str())));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert!(browser.attempts().is_empty(), "the attempt's cookie is gone");
    assert_eq!(browser.who().await.as_deref(), Some("ana@clientes.example"));
    assert_eq!(broker.upstream.asked("/token"), 1);
    broker.assert_silent(&answer);
}

/// Attacks C-01, C-18
/// Lessons 41, 77, 151
#[actix_web::test]
async fn a_callback_that_lacks_something_never_reaches_the_provider() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);

    for query in [
        "",
        "?",
        "?code=x",
        "?state=",
        "?code=&state=",
        "?state",
        "?=&=",
        "?code=x&state=",
        "#access_token=x",
        "?access_token=x&id_token=y",
        "?code=x&state=y&return_to=https://evil.example/&RelayState=https://evil.example/",
    ] {
        let answer = broker.ask(browser.dressed(ClientRequest::get(&format!("/callback/acme{query}")))).await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
        broker.assert_clean(&answer);
    }
    for without_code in ["", "&code=", "&code", "&access_token=x&token_type=Bearer&id_token=y", "#access_token=x"] {
        let state = browser.begin("/login/acme").await.state;
        let answer = browser.get(&format!("/callback/acme?state={state}{without_code}")).await;
        assert_eq!(answer.status, 502, "the provider has answered, and not with a code: {without_code}: {answer:?}");
        broker.assert_clean(&answer);
    }

    assert!(broker.upstream.heard().is_empty());
    broker.assert_still_works().await;
}

/// Attacks C-02, C-03
/// Lessons 24, 42, 44, 49
#[actix_web::test]
async fn a_callback_of_another_browser_opens_nothing_and_spoils_nothing() {
    let broker = TestBroker::open().await;
    let (attacker, victim) = (Browser::new(&broker), Browser::new(&broker));
    let theirs = attacker.begin("/login/acme").await;
    let planted = attacker.way_back("acme", &theirs.state, "atacante");

    let without_any = victim.get(&planted).await;
    let own = victim.begin("/login/acme").await;
    let beside_its_own = victim.get(&planted).await;

    for answer in [&without_any, &beside_its_own] {
        assert_eq!(answer.status, 400, "{answer:?}");
        broker.assert_clean(answer);
    }
    assert_eq!(broker.upstream.asked("/token"), 0, "the attacker's code is never shown to the provider");
    assert_eq!(victim.get(&victim.way_back("acme", &own.state, "ana")).await.status, 303, "its own attempt is still good");
    assert_eq!(victim.who().await.as_deref(), Some("ana@clientes.example"));
}

/// Attack C-04
/// Lessons 24, 48
#[actix_web::test]
async fn the_halves_of_two_attempts_do_not_fit_together() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let first = browser.begin("/login/acme").await;
    let kept_first = browser.attempts();
    browser.jar.borrow_mut().clear();
    let second = browser.begin("/login/acme").await;
    let mixed = format!("{}={}", browser.attempts()[0].0, kept_first[0].1);
    let way = browser.way_back("acme", &first.state, "ana");

    for (way, cookies) in
        [(way.as_str(), browser.cookies()), (&way, mixed.clone()), (&browser.way_back("acme", &second.state, "ana"), mixed)]
    {
        let answer = broker.ask(ClientRequest::get(way).with("cookie", &cookies)).await;
        assert_eq!(answer.status, 400, "{cookies}: {answer:?}");
        broker.assert_clean(&answer);
    }

    assert_eq!(broker.upstream.asked("/token"), 0);
    assert_eq!(browser.get(&browser.way_back("acme", &second.state, "ana")).await.status, 303);
}

/// Attack C-05
/// Lessons 23, 40
#[actix_web::test]
async fn an_answer_of_one_provider_is_no_answer_of_another() {
    let broker = TestBroker::open().await;
    for (began, came_back) in [("acme", "beta"), ("beta", "acme")] {
        let browser = Browser::new(&broker);
        let begun = browser.begin(&format!("/login/{began}")).await;

        let answer = browser.get(&browser.way_back(came_back, &begun.state, "ana")).await;

        assert_eq!(answer.status, 400, "{answer:?}");
        broker.assert_clean(&answer);
    }

    assert!(broker.upstream.heard().is_empty());
    broker.assert_still_works().await;
}

/// Attack C-07
#[actix_web::test]
async fn a_callback_that_comes_again_is_refused_and_leaves_the_session_alone() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;
    let way = browser.way_back("acme", &begun.state, "ana");
    let attempt = browser.attempts();
    assert_eq!(browser.get(&way).await.status, 303);
    browser.jar.borrow_mut().extend(attempt);

    let again = browser.get(&way).await;

    assert_eq!(again.status, 400, "{again:?}");
    broker.assert_clean(&again);
    assert_eq!(broker.upstream.asked("/token"), 1);
    assert_eq!(browser.who().await.as_deref(), Some("ana@clientes.example"));
}

/// Attacks C-09, F-13
#[actix_web::test]
async fn an_attempt_is_good_for_ten_minutes_and_not_a_second_longer() {
    let broker = TestBroker::open().await;
    let now = portaria::world::clock::now();

    // Some seconds to spare: the clock goes on while this runs.
    for (age, expected) in [(0, 303), (590, 303), (600, 400), (601, 400), (86_400, 400), (-30, 303), (-120, 400), (-600, 400), (now, 400)] {
        let browser = Browser::new(&broker);
        let state = browser.began_at("acme", now - age);

        let answer = browser.get(&browser.way_back("acme", &state, "ana")).await;

        assert_eq!(answer.status, expected, "{age} seconds old: {answer:?}");
        assert!(browser.attempts().is_empty(), "its cookie is taken away: {answer:?}");
    }
    assert_eq!(broker.upstream.asked("/token"), 3, "a code is only shown for an attempt that is good");
}

/// Attacks C-10, C-28
/// Lessons 30, 95
#[actix_web::test]
async fn no_changed_letter_of_either_half_is_overlooked() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;
    let (name, sealed) = browser.attempts().remove(0);
    let ask = |state: &str, name: &str, sealed: &str| {
        ClientRequest::get(&browser.way_back("acme", state, "ana")).with("cookie", format!("{name}={sealed}"))
    };

    for state in changed(&begun.state).iter().map(|state| state.replace('"', "%22")) {
        let answer = broker.ask(ask(&state, &name, &sealed)).await;
        assert_eq!(answer.status, 400, "state {state}: {answer:?}");
        assert!(answer.session().is_none());
    }
    for sealed in changed(&sealed) {
        let answer = broker.ask(ask(&begun.state, &name, &sealed)).await;
        assert_eq!(answer.status, 400, "cookie {sealed}: {answer:?}");
        assert!(answer.session().is_none());
    }
    for name in changed(&name) {
        let answer = broker.ask(ask(&begun.state, &name, &sealed)).await;
        assert_eq!(answer.status, 400, "name {name}: {answer:?}");
    }

    assert!(broker.upstream.heard().is_empty());
    assert_eq!(broker.ask(ask(&begun.state, &name, &sealed)).await.status, 303, "unchanged they are good");
}

/// A text with each letter changed, cut at every place, and with something added.
fn changed(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for at in 0..text.len() {
        let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        all.push(format!("{}{other}{}", &text[..at], &text[at + 1..]));
        all.push(text[..at].to_owned());
    }
    all.extend(["=", "==", "A", ".", "%3D", "%00", "+"].map(|more| format!("{text}{more}")));
    all.extend([format!("A{text}"), format!("{text}{text}"), text.to_ascii_uppercase(), text.to_ascii_lowercase()]);
    all.extend([text.replace('-', "+").replace('_', "/"), format!("\"{text}\""), text.chars().rev().collect()]);
    all.retain(|other| other != text);
    all
}

/// Attack C-24
#[actix_web::test]
async fn only_the_very_name_of_an_attempts_cookie_once_is_that_cookie() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;
    let way = browser.way_back("acme", &begun.state, "ana");
    let (name, value) = browser.attempts().remove(0);

    for cookies in [
        format!("={name}={value}"),
        format!("\"{name}\"={value}"),
        format!("{name}=\"{value}\""),
        format!("{}={value}", name.to_ascii_uppercase()),
        format!("{}={value}", name.replacen('p', "%70", 1)),
        format!("{name} ={value}"),
        format!("{name}={value} "),
        format!("{name}= {value}"),
        format!("{name}=x; {name}={value}"),
        format!("{name}={value}; {name}={value}"),
        format!("{name}={value},x=y"),
        format!("x={name}={value}"),
        name.clone(),
        format!("__Host-{name}={value}"),
        format!("__Secure-{name}={value}"),
        format!("{name}={}", value.replacen(&value[..1], &format!("%{:02x}", value.as_bytes()[0]), 1)),
    ] {
        let answer = broker.ask(ClientRequest::get(&way).with("cookie", &cookies)).await;
        assert_eq!(answer.status, 400, "{cookies}: {answer:?}");
        broker.assert_clean(&answer);
    }

    assert!(broker.upstream.heard().is_empty());
    assert_eq!(browser.get(&way).await.status, 303);
}

/// Attack C-23
/// Lesson 148
#[actix_web::test]
async fn a_jar_full_of_other_things_is_read_or_refused_and_never_an_error() {
    let broker = TestBroker::open().await;

    for (what, more, expected) in [
        ("many small ones", "k=v; ".repeat(200), 303),
        ("attempts of others", (0..20).map(|at| format!("portaria-attempt-{at:08x}=x; ")).collect(), 303),
        ("far too many", "k=v; ".repeat(4_000), 431),
        ("one that is far too large", format!("k={}; ", "v".repeat(32_000)), 431),
    ] {
        let browser = Browser::new(&broker);
        let begun = browser.begin("/login/acme").await;
        let ask = ClientRequest::get(&browser.way_back("acme", &begun.state, "ana"));

        let answer = broker.ask(ask.with("cookie", format!("{more}{}", browser.cookies()))).await;

        assert_eq!(answer.status, expected, "{what}: {answer:?}");
    }
}

/// Attack C-25
#[actix_web::test]
async fn what_a_browser_loads_on_speculation_uses_nothing_up() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;
    let way = browser.way_back("acme", &begun.state, "ana");

    for (name, value) in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-purpose", "preview"),
        ("x-moz", "prefetch"),
        ("sec-fetch-dest", "image"),
        ("sec-fetch-dest", "script"),
        ("sec-fetch-dest", "style"),
    ] {
        for address in [way.as_str(), "/login/acme"] {
            let answer = browser.ask(ClientRequest::get(address).with(name, value)).await;
            assert_eq!(answer.status, 403, "{name}: {value}: {answer:?}");
            assert!(answer.cookies().is_empty(), "{answer:?}");
            broker.assert_clean(&answer);
        }
    }

    assert!(broker.upstream.heard().is_empty());
    assert_eq!(browser.get(&way).await.status, 303);
}

/// Attack C-21
/// Lessons 53, 59
#[actix_web::test]
async fn who_comes_in_as_somebody_else_leaves_the_former_session_for_good() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let before = browser.log_in("acme", "ana").await.session().expect("a session").to_owned();

    let after = browser.log_in("acme", "bruno").await.session().expect("a session").to_owned();

    assert_ne!(before, after);
    assert_eq!(browser.who().await.as_deref(), Some("bruno@clientes.example"));
    for (token, expected) in [(&before, 401), (&after, 200)] {
        let cookie = format!("portaria={token}");
        assert_eq!(broker.ask(ClientRequest::get("/session").with("cookie", &cookie)).await.status, expected);
        assert_eq!(broker.ask(ClientRequest::get("/auth").with("cookie", &cookie)).await.status, expected);
    }
}

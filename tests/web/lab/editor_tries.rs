//! Test logins with an edited text that are disturbed: what was typed stays, one callback counts, and no other browser takes part.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::lab::editor::{press, standard, standard_of, state, text_in, with_secret};
use crate::web::lab::{OPEN_HOST, encoded, field};
use crate::web::test_broker::{LOCAL, TestBroker};
use crate::web::test_provider::json;
use portaria::directory::audit::{AuditEventKind, ListAuditEvents};
use std::io::Write as _;

/// What stands before the reason why a test was refused.
const NOT_BEGUN: &str = "The test was not begun.";

/// Presses a button as a browser does, with the token of a form.
async fn press_in_browser(browser: &Browser, form: &str, text: &str, button: &str) -> Answer {
    let form = format!("form={form}&name=acme&do={button}&yaml={}", encoded(text));
    let ask = ClientRequest::form("/lab/editor/acme", &form).with("accept", "text/html").with("accept-language", "en");
    browser.ask(ask.with("sec-fetch-site", "same-origin")).await
}

async fn token_of_form(browser: &Browser) -> String {
    field(&browser.get("/lab/editor/acme").await)
}

async fn test_logins(broker: &TestBroker) -> usize {
    let list = ListAuditEvents { store: None, provider: None, before: None, most: 100 };
    let events = broker.app.directory.read(list).await.expect("storage").events;
    events.into_iter().filter(|event| event.what == AuditEventKind::Tested).count()
}

#[actix_web::test]
async fn a_second_callback_leads_to_what_the_first_came_to_and_changes_nothing() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let edited = standard_of(&broker).replace("name: Clube Acme", "name: Clube");
    let begun = press(&browser, "acme", &edited, "try").await;
    let (back, kept) = (browser.way_back("acme", &state(&begun), "bia"), browser.jar.borrow().clone());

    let first = browser.get(&back).await;
    *browser.jar.borrow_mut() = kept;
    let second = browser.get(&back).await;

    let story = first.location().expect("its story").to_owned();
    assert_eq!(second.location(), Some(&*format!("{story}?used=1")), "{second:?}");
    let page = browser.ask(ClientRequest::get(second.location().expect("the story")).with("accept-language", "en")).await;
    assert!(page.status == 200 && page.body.contains("was answered before"), "{}", page.body);
    assert_eq!(test_logins(&broker).await, 1);
    assert_eq!(broker.lab.tests.last_result("main", "acme", None), None, "the saved file was not tested");
}

#[actix_web::test]
async fn a_second_callback_by_form_leads_to_what_the_first_came_to() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let edited = standard_of(&broker).replace("scope: perfil", "scope: perfil, callback: post");
    let begun = press(&browser, "nova", &edited, "try").await;
    let (form, kept) = (format!("code={}&state={}", broker.code("bia"), state(&begun)), browser.jar.borrow().clone());

    let mut places = Vec::new();
    for _ in 0..2 {
        *browser.jar.borrow_mut() = kept.clone();
        let bounce = broker.ask(ClientRequest::form("/callback/nova", &form)).await;
        let ended = browser.get(bounce.location().unwrap_or_else(|| panic!("it goes on to the same path: {bounce:?}"))).await;
        places.push(ended.location().unwrap_or_else(|| panic!("a story: {ended:?}")).to_owned());
    }

    assert!(places[0].starts_with("/lab/incidents/"), "{places:?}");
    assert_eq!(places[1], format!("{}?used=1", places[0]));
    assert_eq!(test_logins(&broker).await, 1);
    let other = broker.ask(ClientRequest::form("/callback/outra", &form)).await;
    assert_eq!(other.status, 404, "{other:?}");
}

#[actix_web::test]
async fn a_try_waits_while_storage_is_away_and_is_answered_afterwards() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let begun = press(&browser, "nova", &standard_of(&broker), "try").await;
    let back = browser.way_back("nova", &state(&begun), "bia");

    broker.storage_is_away(true);
    let away = browser.get(&back).await;
    broker.storage_is_away(false);
    let (heard, attempts) = (broker.upstream.heard().len(), browser.attempts().len());
    let ended = browser.get(&back).await;

    assert_eq!((away.status, away.header("retry-after")), (503, Some("5")), "{away:?}");
    assert_eq!((heard, attempts), (0, 1), "the code is not shown, and the attempt is kept: {away:?}");
    assert!(ended.location().is_some_and(|place| place.starts_with("/lab/incidents/")), "{ended:?}");
    assert_eq!(test_logins(&broker).await, 1);
}

#[actix_web::test]
async fn a_try_whose_story_cannot_be_kept_shows_an_error_and_is_used() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let begun = press(&browser, "nova", &standard_of(&broker), "try").await;
    let back = browser.way_back("nova", &state(&begun), "bia");
    let file = broker.folder.0.join("portaria.db");
    broker.upstream.answers("/me", move |_, to| {
        std::fs::rename(&file, file.with_extension("away")).expect("a file can be put elsewhere");
        let _ = to.write_all(&json(200, "{\"id\":\"id-bia\",\"email\":\"bia@clientes.example\",\"verified\":true}"));
    });

    let away = browser.get(&back).await;
    broker.storage_is_away(false);
    let heard = broker.upstream.heard().len();
    let second = browser.get(&back).await;

    assert_eq!(away.status, 503, "{away:?}");
    assert_eq!((second.status, second.location()), (400, None), "{second:?}");
    assert_eq!(broker.upstream.heard().len(), heard, "the code is not shown again");
    assert!(second.session().is_none());
    assert_eq!(test_logins(&broker).await, 0);
}

#[actix_web::test]
async fn a_check_on_an_old_page_is_a_check_and_only_a_try_says_that_it_was_not_begun() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let slip = standard_of(&broker).replace("scope:", "skope:");

    let checked = press_in_browser(&browser, "1.x", &slip, "check").await;
    let tried = press_in_browser(&browser, "1.x", &slip, "try").await;
    let refused = press(&browser, "acme", &slip, "try").await;
    let form = format!("form=1.x&do=check&yaml={}", encoded("name: Foreign\n"));
    let foreign = ClientRequest::form("/lab/editor/acme", &form).with("accept", "text/html");
    let foreign = browser.ask(foreign.with("sec-fetch-site", "cross-site")).await;

    assert_eq!((checked.status, text_in(&checked)), (200, slip.clone()), "{}", checked.body);
    assert!(checked.body.contains("1 mistake") && !checked.body.contains("role=\"alert\""), "{}", checked.body);
    assert_eq!((tried.status, text_in(&tried)), (403, slip), "{}", tried.body);
    assert!(tried.body.contains(NOT_BEGUN) && tried.body.contains("press the button again"), "{}", tried.body);
    assert!(refused.body.contains(NOT_BEGUN) && refused.body.contains("Correct the mistakes first."), "{}", refused.body);
    assert!(foreign.status == 403 && !foreign.body.contains("Foreign"), "another site puts no text into a page: {foreign:?}");
}

#[actix_web::test]
async fn a_callback_of_another_browser_neither_ends_nor_reads_a_try() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let begun = press(&browser, "nova", &standard_of(&broker), "try").await;
    let state = state(&begun);

    let stranger = Browser::new(&broker);
    for address in [browser.way_back("nova", &state, "bia"), browser.way_back("nova", "x", "bia"), "/callback/nova".to_owned()] {
        let answer = stranger.get(&address).await;
        assert_eq!(answer.status, 404, "{address}: there is no such provider for it: {answer:?}");
    }
    assert_eq!(test_logins(&broker).await, 0, "nothing is kept of them");
    let ended = browser.get(&browser.way_back("nova", &state, "bia")).await;

    assert!(ended.location().is_some_and(|place| place.starts_with("/lab/incidents/")), "{ended:?}");
}

#[actix_web::test]
async fn what_was_typed_stays_when_there_are_enough_tests() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let typed = standard_of(&broker).replace("name: Clube Acme", "name: Typed for long");
    let form = token_of_form(&browser).await;
    for _ in 0..2 {
        assert_eq!(press_in_browser(&browser, &form, &typed, "try").await.status, 303);
    }

    let third = press_in_browser(&browser, &form, &typed, "try").await;

    assert_eq!((third.status, text_in(&third)), (429, typed), "{}", third.body);
    assert!(third.body.contains("two tests at a time") && third.header("retry-after").is_some(), "{}", third.body);
}

#[actix_web::test]
async fn what_was_typed_stays_at_a_rate_limit_and_when_the_form_is_too_old() {
    let settings = format!("{}limits: {{ login: 1 }}\n", LOCAL.replace("limits: off\n", ""));
    let broker = TestBroker::builder(&settings).with_standard("acme").build().await;
    let browser = Browser::new(&broker);
    let typed = standard_of(&broker).replace("name: Clube Acme", "name: Typed for long");

    let old = press_in_browser(&browser, "1.x", &typed, "copy").await;
    let form = field(&old);
    let mut limited = press_in_browser(&browser, &form, &typed, "check").await;
    for _ in 0..40 {
        if limited.status != 429 {
            limited = press_in_browser(&browser, &form, &typed, "check").await;
        }
    }

    assert_eq!((old.status, text_in(&old)), (403, typed.clone()), "{}", old.body);
    assert!(old.body.contains("press the button again") && !old.body.contains(NOT_BEGUN), "{}", old.body);
    assert_eq!((limited.status, text_in(&limited)), (429, typed), "{}", limited.body);
    assert!(limited.header("retry-after").is_some(), "{limited:?}");
}

#[actix_web::test]
async fn what_was_typed_stays_when_the_session_is_over_and_goes_on_after_the_next_sign_in() {
    let (broker, staff) = with_secret(&standard("https://sso.acme.example")).await;
    let form = token_of_form(&staff).await;
    let typed = "name: Typed for long\n";
    let session = std::mem::take(&mut *staff.jar.borrow_mut());

    let over = press_in_browser(&staff, &form, typed, "try").await;

    assert_eq!((over.status, &*text_in(&over)), (403, typed), "{}", over.body);
    for part in ["not signed in any more", "/login?return_to=https%3A%2F%2Flogin.loja.example%2Flab%2Feditor%2Facme", "target=\"_blank\""] {
        assert!(over.body.contains(part), "{part}: {}", over.body);
    }
    assert!(!over.body.contains("data-requests"), "nothing of the file is shown");
    let foreign = ClientRequest::form("/lab/editor/acme", &format!("do=try&yaml={}", encoded(typed))).with("accept", "text/html");
    let foreign = Browser::at(&broker, OPEN_HOST).ask(foreign.with("sec-fetch-site", "cross-site")).await;
    assert!(!foreign.body.contains("Typed for long"), "another site puts no text into a page: {}", foreign.body);
    *staff.jar.borrow_mut() = session;
    let on = press_in_browser(&staff, &field(&over), typed, "check").await;
    assert_eq!((on.status, &*text_in(&on)), (200, typed), "{}", on.body);
    assert!(on.body.contains("data-requests"), "{}", on.body);
}

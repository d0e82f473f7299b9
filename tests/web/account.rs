//! Linked identities are added and removed by a person who is signed in, has just signed in, and asks from our own page.

use crate::command_line::portaria;
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::mailbox::Mailbox;
use crate::web::test_broker::{HOST, LOCAL, STANDARD, TestBroker};
use crate::web::test_provider::json;
use portaria::directory::audit::{AuditEventKind, ListAuditEvents};
use portaria::directory::users::BlockUser;
use portaria::world::clock;
use std::collections::BTreeSet;

pub fn field(page: &Answer, name: &str) -> Option<String> {
    let (_, rest) = page.body.split_once(&format!("name=\"{name}\" value=\""))?;
    rest.split('"').next().map(str::to_owned)
}

pub async fn mark(browser: &Browser) -> String {
    let page = browser.get("/account").await;
    assert_eq!(page.status, 200, "{page:?}");
    field(&page, "form").expect("there is a form")
}

pub async fn signed_in(broker: &TestBroker, provider: &str, who: &str) -> Browser {
    let browser = Browser::new(broker);
    let answer = browser.log_in(provider, who).await;
    assert!(answer.session().is_some(), "{answer:?}");
    browser
}

/// Goes to a provider to link an identity, and comes back as a person.
pub async fn adds(broker: &TestBroker, browser: &Browser, provider: &str, who: &str) -> Answer {
    let form = mark(browser).await;
    let begun = browser.ask(ClientRequest::form(&format!("/account/link/{provider}"), &format!("form={form}"))).await;
    assert_eq!(begun.status, 303, "{begun:?}");
    let url = url::Url::parse(begun.location().expect("it leads somewhere")).expect("an address");
    let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
    browser.get(&format!("/callback/{provider}?code={}&state={state}", broker.code(who))).await
}

pub async fn uid(browser: &Browser) -> String {
    browser.get("/session").await.json()["uid"].as_str().unwrap_or_default().to_owned()
}

#[actix_web::test]
async fn a_way_in_is_added_and_leads_to_the_same_person_under_a_new_session() {
    let mailbox = Mailbox::open();
    let broker = TestBroker::builder(&format!("{LOCAL}{}", mailbox.settings())).with_standard("acme").with_standard("beta").build().await;
    let browser = signed_in(&broker, "acme", "ana").await;
    let (before, cookies) = (uid(&browser).await, browser.cookies());

    let added = adds(&broker, &browser, "beta", "outra").await;

    assert_eq!((added.status, added.location()), (303, Some("/account?done=linked")), "{added:?}");
    assert_eq!(uid(&browser).await, before);
    assert_eq!(broker.ask(ClientRequest::get("/auth").with("cookie", cookies)).await.status, 401, "the session has a new name");
    let other = signed_in(&broker, "beta", "outra").await;
    assert_eq!(uid(&other).await, before);
    crate::web::test_broker::until("the notice has been mailed", || mailbox.letters().len() == 1).await;
    let page = browser.get("/account?done=linked").await;
    assert!(page.body.contains("role=\"status\""), "{page:?}");
}

/// Attack D-04
#[actix_web::test]
async fn a_way_in_that_is_somebody_elses_is_not_added() {
    let broker = TestBroker::open().await;
    let bia = signed_in(&broker, "beta", "bia").await;
    let browser = signed_in(&broker, "acme", "ana").await;
    let before = uid(&browser).await;

    let answer = adds(&broker, &browser, "beta", "bia").await;

    assert_eq!(answer.status, 409, "{answer:?}");
    assert!(answer.session().is_none());
    assert_eq!(uid(&browser).await, before, "the user stays signed in");
    assert_ne!(uid(&bia).await, before);
}

#[actix_web::test]
async fn who_is_not_let_in_is_written_down_once_with_the_code_that_tells_why() {
    let broker = TestBroker::open().await;
    let lines = async |most| {
        let lines = ListAuditEvents { store: Some("main".into()), provider: None, before: None, most };
        let lines = broker.app.directory.read(lines).await.expect("storage").events;
        lines.into_iter().filter(|line| matches!(line.what, AuditEventKind::Refused | AuditEventKind::Failed)).collect::<Vec<_>>()
    };
    signed_in(&broker, "beta", "bia").await;
    let browser = signed_in(&broker, "acme", "ana").await;
    let ana: Box<str> = uid(&browser).await.into();

    adds(&broker, &browser, "beta", "bia").await;
    let events = lines(100).await;
    assert_eq!(
        (events.len(), events[0].what, events[0].uid.as_ref(), events[0].because.as_deref()),
        (1, AuditEventKind::Refused, Some(&ana), Some("linkedElsewhere"))
    );
    let code = events[0].incident.clone().expect("a code");
    let (status, out, err) = portaria(&broker.folder.0, &["incident", &code, "--storage", "sqlite:portaria.db"], &[]);
    assert_eq!(status, 0, "{err}");
    assert!(
        out.contains("the login failed: this identity is linked to another user of the store") && out.contains("(linkedElsewhere)\n"),
        "{out}"
    );
    assert!(
        out.contains(&format!("acme.yaml (version {})\n", events[0].version.as_deref().expect("a version")).replace("acme", "beta")),
        "{out}"
    );

    broker
        .app
        .directory
        .write(BlockUser { store: "main".into(), uid: ana.clone(), blocked: true, now: clock::now() })
        .await
        .expect("storage");
    assert_eq!(Browser::new(&broker).log_in("acme", "ana").await.status, 403);
    let events = lines(100).await;
    assert_eq!(
        (events.len(), events[0].uid.as_ref(), events[0].because.as_deref(), &events[0].incident),
        (2, Some(&ana), Some("blocked"), &None)
    );
}

#[actix_web::test]
async fn however_many_are_refused_each_is_written_down() {
    let broker = TestBroker::open().await;
    let browser = signed_in(&broker, "acme", "ana").await;
    let (ana, email) = (uid(&browser).await, browser.who().await.expect("a person"));
    broker.upstream.says("/me", json(200, &format!("{{\"id\":\"another\",\"email\":\"{email}\",\"verified\":true}}")));
    let began = clock::now() / 60;

    for _ in 0..130 {
        assert_eq!(Browser::new(&broker).log_in("acme", "ana").await.status, 403);
    }
    let lines = broker
        .app
        .directory
        .read(ListAuditEvents { store: None, provider: Some("acme".into()), before: None, most: 1000 })
        .await
        .expect("storage")
        .events;

    let hers = lines.iter().filter(|line| line.what == AuditEventKind::Refused && line.uid.as_deref() == Some(&*ana));
    assert_eq!(hers.count(), 130, "{:?}", lines.first());
    let codes: BTreeSet<_> = lines.iter().filter(|line| line.what == AuditEventKind::Refused).map(|line| line.incident.as_ref()).collect();
    assert!(!codes.contains(&None), "the audit has the code of the page");
    assert!(clock::now() / 60 != began || codes.len() == 10, "so many stories are kept in a minute, and no more: {codes:?}");
}

/// Attacks C-22, D-03
#[actix_web::test]
async fn what_was_begun_by_one_session_is_not_added_to_another_nor_to_nobody() {
    let broker = TestBroker::open().await;
    let browser = signed_in(&broker, "acme", "ana").await;
    let form = mark(&browser).await;
    let begun = browser.ask(ClientRequest::form("/account/link/beta", &format!("form={form}"))).await;
    let url = url::Url::parse(begun.location().expect("it leads somewhere")).expect("an address");
    let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
    let attempts = browser.attempts();

    // Another person's browser with the attempt of this one; then this one after it has signed out.
    let victim = signed_in(&broker, "acme", "vitima").await;
    victim.jar.borrow_mut().extend(attempts.clone());
    let forced = victim.get(&format!("/callback/beta?code={}&state={state}", broker.code("evil"))).await;
    assert_eq!(forced.status, 403, "{forced:?}");
    let signed_out = Browser::new(&broker);
    signed_out.jar.borrow_mut().extend(attempts);
    let late = signed_out.get(&format!("/callback/beta?code={}&state={state}", broker.code("evil"))).await;

    assert!(matches!(late.status, 400 | 403), "{late:?}");
    assert!(late.session().is_none() && forced.session().is_none());
    let evil = signed_in(&broker, "beta", "evil").await;
    assert_ne!(uid(&evil).await, uid(&victim).await);
}

/// Attack C-22
#[actix_web::test]
async fn a_session_that_ends_while_a_way_is_added_gets_none() {
    let broker = TestBroker::open().await;
    let browser = signed_in(&broker, "acme", "ana").await;
    let form = mark(&browser).await;
    let begun = browser.ask(ClientRequest::form("/account/link/beta", &format!("form={form}"))).await;
    let url = url::Url::parse(begun.location().expect("it leads somewhere")).expect("an address");
    let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
    let kept = browser.jar.borrow().clone();
    browser.ask(ClientRequest::form("/logout", "")).await;
    *browser.jar.borrow_mut() = kept;

    let answer = browser.get(&format!("/callback/beta?code={}&state={state}", broker.code("outra"))).await;

    assert_eq!(answer.status, 403, "{answer:?}");
    assert!(answer.session().is_none());
}

/// Attack C-22
#[actix_web::test]
async fn who_leaves_while_a_way_is_added_leaves_the_session_under_its_new_name_too() {
    let broker = TestBroker::open().await;
    let browser = signed_in(&broker, "acme", "ana").await;
    let (before, form) = (browser.cookies(), mark(&browser).await);
    adds(&broker, &browser, "beta", "outra").await;
    assert_eq!(browser.get("/auth").await.status, 200);

    // Both were sent before the answer of the other came.
    let everywhere = ClientRequest::form("/account/sign-out", &format!("form={form}")).with("cookie", &before);
    let everywhere = broker.ask(everywhere).await;
    assert_eq!(
        (everywhere.status, everywhere.location()),
        (303, Some("/account")),
        "the page does not report that anything has ended: {everywhere:?}"
    );
    let left = broker.ask(ClientRequest::form("/logout", "").with("cookie", &before)).await;

    assert_eq!(left.status, 303, "{left:?}");
    assert_eq!(browser.get("/auth").await.status, 401);
}

/// Attacks S-03, D-03
/// Lessons 12, 46, 47, 58
#[actix_web::test]
async fn only_a_fresh_session_and_our_own_page_may_change_anything() {
    let broker = TestBroker::open().await;
    let browser = signed_in(&broker, "acme", "ana").await;
    adds(&broker, &browser, "beta", "outra").await;
    let page = browser.get("/account").await;
    let (form, way) = (field(&page, "form").expect("a form"), field(&page, "way").expect("a way"));
    let change = |mark: &str| ClientRequest::form("/account/unlink", &format!("form={mark}&way={way}"));

    let stranger = signed_in(&broker, "acme", "evil").await;
    for (ask, status) in [
        (change(""), 403),
        (change(&mark(&stranger).await), 403),
        (change(&form).with("sec-fetch-site", "cross-site"), 403),
        (change(&form).with("origin", "https://evil.example"), 403),
        (ClientRequest::by("POST", "/account/unlink").with("content-type", "text/plain").body(format!("form={form}&way={way}")), 400),
        (ClientRequest::form("/account/unlink", &format!("form={form}&form={form}&way={way}")), 400),
    ] {
        let answer = browser.ask(ask).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
    assert_eq!(broker.ask(change(&form)).await.status, 403, "no one is signed in");
    for path in [
        "/account/unlink",
        "/account/link/beta",
        "/account/sign-out",
        "/account/undo",
        "/account/sessions/end",
        "/account/data",
        "/account/erase",
    ] {
        let answer = browser.get(&format!("{path}?form={form}&way={way}")).await;
        assert!(answer.status == 405 || answer.location() == Some("/account"), "{path}: {answer:?}");
        let cross = browser.ask(ClientRequest::form(path, &format!("form={form}")).with("sec-fetch-site", "cross-site")).await;
        assert_eq!(cross.status, 403, "{path}: {cross:?}");
    }

    // The same person, signed in six minutes ago.
    let old = broker.token(HOST, |session| session.since = clock::now() - 360);
    let stale = Browser::new(&broker);
    stale.jar.borrow_mut().push((broker.front(HOST).store.cookie.to_string(), old));
    for path in ["/account/unlink", "/account/link/beta", "/account/data", "/account/erase"] {
        let answer = stale.ask(ClientRequest::form(path, &format!("form={form}&way={way}"))).await;
        assert_eq!(answer.status, 403, "{path}: {answer:?}");
    }
    assert_eq!(browser.get("/account").await.body.matches("name=\"way\"").count(), 2, "nothing has changed");
}

/// Lesson 54
#[actix_web::test]
async fn a_form_of_before_a_way_was_added_leads_to_the_page_and_changes_nothing() {
    let broker = TestBroker::open().await;
    let browser = signed_in(&broker, "acme", "ana").await;
    let old = mark(&browser).await;
    adds(&broker, &browser, "beta", "outra").await;
    let way = field(&browser.get("/account").await, "way").expect("a way");

    for path in ["/account/unlink", "/account/link/beta", "/account/sign-out"] {
        let ask = ClientRequest::form(path, &format!("form={old}&way={way}"));
        let answer = browser.ask(ask.clone().with("sec-fetch-site", "same-origin")).await;
        assert_eq!((answer.status, answer.location()), (303, Some("/account")), "{path}: {answer:?}");
        assert!(answer.cookies().is_empty());
        assert_eq!(browser.ask(ask).await.status, 403, "{path}: no header shows that it comes from this page");
    }
    assert_eq!(browser.get("/account").await.body.matches("name=\"way\"").count(), 2, "nothing has changed");
}

#[actix_web::test]
async fn since_when_a_way_is_theirs_is_written_as_it_is_read() {
    let broker = TestBroker::open().await;
    let browser = signed_in(&broker, "acme", "ana").await;
    let day = |moment: i64| chrono::DateTime::from_timestamp(moment, 0).expect("a moment").format("Desde %d/%m/%Y").to_string();
    let now = clock::now();

    let page = browser.ask(ClientRequest::get("/account").with("accept-language", "pt-BR")).await;

    assert!([now - 60, now].into_iter().any(|moment| page.body.contains(&day(moment))), "{}", page.body);
}

#[actix_web::test]
async fn a_way_in_is_removed_but_never_the_last() {
    let broker = TestBroker::open().await;
    let browser = signed_in(&broker, "acme", "ana").await;
    assert_eq!(field(&browser.get("/account").await, "way"), None, "the only way is not offered to be removed");
    adds(&broker, &browser, "beta", "outra").await;
    let elsewhere = signed_in(&broker, "beta", "outra").await;
    let page = browser.get("/account").await;
    let form = field(&page, "form").expect("a form");
    let ways: Vec<String> =
        page.body.split("name=\"way\" value=\"").skip(1).filter_map(|rest| Some(rest.split('"').next()?.to_owned())).collect();
    let remove = |way: &str| ClientRequest::form("/account/unlink", &format!("form={form}&way={way}"));

    let removed = browser.ask(remove(&ways[1])).await;
    assert_eq!(removed.status, 303, "{removed:?}");
    assert!(removed.location().is_some_and(|place| place.starts_with("/account?done=unlinked&undo=")), "{removed:?}");
    assert_eq!(elsewhere.who().await, None, "what came in by it is signed out");
    let last = browser.ask(remove(&ways[0]).with("accept", "text/html")).await;
    assert_eq!(last.status, 409, "{last:?}");
    assert!(last.body.contains("class=\"button first\" href=\"/account\""), "{}", last.body);
    let nonsense = browser.ask(remove("x")).await;

    assert_eq!(nonsense.status, 303, "what is not there is gone: {nonsense:?}");
    assert!(browser.who().await.is_some());
    let again = signed_in(&broker, "beta", "outra").await;
    assert_ne!(uid(&again).await, uid(&browser).await, "by that way another person comes in now");
}

#[actix_web::test]
async fn signing_out_everywhere_ends_every_session_at_once() {
    let broker = TestBroker::open().await;
    let (here, there) = (signed_in(&broker, "acme", "ana").await, signed_in(&broker, "acme", "ana").await);
    let other = signed_in(&broker, "acme", "bia").await;
    let (form, cookies) = (mark(&here).await, here.cookies());

    let out = here.ask(ClientRequest::form("/account/sign-out", &format!("form={form}"))).await;

    assert_eq!((out.status, out.location()), (303, Some("/login?signed_out=1")), "{out:?}");
    assert_eq!((here.who().await, there.who().await), (None, None));
    assert_eq!(broker.ask(ClientRequest::get("/auth").with("cookie", cookies)).await.status, 401);
    assert!(other.who().await.is_some(), "others stay");
}

#[actix_web::test]
async fn nobody_is_sent_to_sign_in_and_hostile_names_do_nothing() {
    let broker = TestBroker::builder(LOCAL).with("acme", &STANDARD.replace("Clube Acme", "Clube <script>alert(1)</script>")).build().await;

    let signed_out = broker.ask(ClientRequest::get("/account")).await;
    assert_eq!(signed_out.status, 303);
    assert!(signed_out.location().is_some_and(|place| place.starts_with("/login?return_to=")), "{signed_out:?}");

    broker.upstream.says(
        "/me",
        json(200, "{\"id\":\"1\",\"email\":\"ana@loja.example\",\"verified\":true,\"name\":\"<img src=x onerror=alert(1)>\"}"),
    );
    let browser = signed_in(&broker, "acme", "ana").await;
    let page = browser.get("/account?done=%3Cscript%3E").await;
    assert!(!page.body.contains("<script") && !page.body.contains("<img src=x"), "{page:?}");
    assert!(!page.body.contains("id-ana"), "ids at providers are not shown");
    broker.storage_is_away(true);
    assert_eq!(browser.get("/account").await.status, 503);
    broker.storage_is_away(false);
}

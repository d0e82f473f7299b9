//! Test logins: as real as any, no one comes in, and only the person who ran one reads what happened.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::{LOCAL, OPEN, STANDARD, TestBroker};
use crate::web::test_provider::json;
use actix_web::FromRequest as _;
use actix_web::test::TestRequest;
use portaria::directory::audit::{AuditEventKind, ListAuditEvents};
use portaria::directory::incidents::LoadIncident;
use portaria::lab::handlers::guard::StaffMember;
use portaria::lab::handlers::test_story;
use portaria::story::Story;
use portaria::vocabulary::incident_code::IncidentCode;
use portaria::web::request_context::RequestContext;
use portaria::world::clock;

/// A store on the open net with one of the staff.
fn open() -> String {
    format!("{OPEN}lab: {{ staff: [ ana@clientes.example ] }}\n")
}

const OPEN_HOST: &str = "login.loja.example";

/// What a page of the workbench writes into its forms.
fn mark(browser: &Browser, broker: &TestBroker, host: &str) -> String {
    let session = browser.jar.borrow().iter().find(|(name, _)| *name == *broker.front(host).store.cookie).map(|(_, token)| token.clone());
    let front = broker.front(host);
    let session =
        session.and_then(|token| broker.app.signing.keys("main").expect("keys").verify(&token, front.token_parties(), clock::now()));
    let bound = session.map_or_else(|| "lab".into(), |session| session.sid);
    let until = (clock::now() + 600).to_string();
    let sealed = broker.app.forms.seal(&[&front.store.public_url, &bound, &until], b"", portaria::world::random::bytes());
    format!("{until}.{sealed}")
}

async fn begin(broker: &TestBroker, browser: &Browser, host: &str) -> Answer {
    let form = mark(browser, broker, host);
    browser.ask(ClientRequest::form("/lab/acme/tests", &format!("form={form}"))).await
}

/// A whole test login; answers with where the browser ends.
async fn test(broker: &TestBroker, browser: &Browser, host: &str, who: &str) -> Answer {
    let begun = begin(broker, browser, host).await;
    assert_eq!(begun.status, 303, "{begun:?}");
    browser.get(&browser.way_back("acme", &state(&begun), who)).await
}

fn state(begun: &Answer) -> String {
    let url = url::Url::parse(begun.location().expect("it leads somewhere")).expect("an address");
    url.query_pairs().find(|(name, _)| name == "state").map_or_else(|| panic!("{begun:?}"), |(_, state)| state.into_owned())
}

fn code(ended: &Answer) -> String {
    assert_eq!(ended.status, 303, "{ended:?}");
    ended.location().and_then(|place| place.strip_prefix("/lab/acme/tests/")).unwrap_or_else(|| panic!("{ended:?}")).to_owned()
}

async fn story(broker: &TestBroker, code: &str) -> Story {
    let kept =
        broker.app.directory.read(LoadIncident { code: code.into(), now: clock::now() }).await.expect("storage").expect("it is kept");
    serde_json::from_str(&kept.story).expect("a story")
}

async fn lines(broker: &TestBroker) -> Vec<AuditEventKind> {
    let lines = broker
        .app
        .directory
        .read(ListAuditEvents { store: None, provider: Some("acme".into()), before: None, most: 100 })
        .await
        .expect("storage")
        .events;
    lines.into_iter().map(|line| line.what).collect()
}

/// Attack P-04
#[actix_web::test]
async fn a_test_login_tells_all_and_creates_nobody() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);

    let ended = test(&broker, &browser, "localhost:8080", "bia").await;

    let code = code(&ended);
    broker.assert_silent(&ended);
    assert!(ended.session().is_none() && browser.who().await.is_none() && browser.attempts().is_empty(), "{ended:?}");
    let story = story(&broker, &code).await;
    assert_eq!((story.test, story.by, story.code, story.exchanges.len()), (true, None, None, 2));
    assert!(story.redirect.is_some_and(|redirect| redirect.url.contains("state=‹state›")));
    assert!(story.identity.is_some_and(|identity| identity.len() == 3));
    assert_eq!(lines(&broker).await, [AuditEventKind::Tested], "one line");
    let stored = String::from_utf8_lossy(&broker.stored()).into_owned();
    assert!(!stored.contains("bia@clientes.example") && !stored.contains("id-bia"), "no one is created");
    let counted = broker.ask(ClientRequest::get("/metrics")).await.body;
    let mut logins = counted.lines().filter(|line| line.starts_with("portaria_logins_total{"));
    assert!(logins.all(|line| line.ends_with(" 0")), "{counted}");
    let last = broker.lab.tests.last_result("main", "acme", None).expect("it is remembered");
    assert_eq!((last.code.as_str(), last.failed), (&*code, None));
}

#[actix_web::test]
async fn a_test_login_tells_of_a_fact_that_the_token_cannot_hold() {
    let provider = STANDARD.replace("name: $.name }", "name: $.name, cpf: $.cpf, plan: $.plan }\nidentity: { more: [ cpf, plan ] }");
    let settings = format!("{LOCAL}session: {{ claims: {{ cpf: cpf, plan: plan }} }}\n");
    let broker = TestBroker::builder(&settings).with("acme", &provider).build().await;
    let long = "9".repeat(900);
    let person = format!("{{\"id\":\"1\",\"email\":\"bia@clientes.example\",\"verified\":true,\"cpf\":\"{long}\",\"plan\":\"ouro\"}}");
    broker.upstream.says("/me", json(200, &person));
    let browser = Browser::new(&broker);

    let ended = test(&broker, &browser, "localhost:8080", "bia").await;

    let code = code(&ended);
    let omitted: Vec<String> =
        story(&broker, &code).await.identity.unwrap_or_default().into_iter().filter(|fact| fact.omitted).map(|fact| fact.name).collect();
    assert_eq!(omitted, ["cpf"]);
    let page = browser.get(&format!("/lab/acme/tests/{code}?lang=en")).await.body;
    assert!(page.contains("left out of the session token") && !page.contains(&long), "{page}");
}

#[actix_web::test]
async fn a_test_login_that_fails_tells_why_and_so_does_a_wrong_state() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    broker.upstream.says("/me", json(200, "{\"uid\":\"7\",\"email\":\"bia@clientes.example\",\"verified\":true}"));

    let ended = test(&broker, &browser, "localhost:8080", "bia").await;
    let failed = story(&broker, &code(&ended)).await;
    begin(&broker, &browser, "localhost:8080").await;
    let lost = browser.get(&browser.way_back("acme", "somebody-elses", "bia")).await;

    assert_eq!((failed.code.as_deref(), failed.identity), (Some("missingId"), None));
    assert_eq!(broker.lab.tests.last_result("main", "acme", None).and_then(|last| last.failed).as_deref(), Some("badState"));
    assert_eq!(story(&broker, &code(&lost)).await.code.as_deref(), Some("badState"));
    assert!(browser.attempts().is_empty(), "it is over");
    assert_eq!(lines(&broker).await, [AuditEventKind::Tested, AuditEventKind::Tested]);
}

/// Attack P-07
#[actix_web::test]
async fn an_answer_counts_once_and_a_form_of_another_site_begins_nothing() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let form = mark(&browser, &broker, "localhost:8080");

    for ask in [
        ClientRequest::form("/lab/acme/tests", "form="),
        ClientRequest::form("/lab/acme/tests", &format!("form={form}")).with("sec-fetch-site", "cross-site"),
        ClientRequest::form("/lab/acme/tests", &format!("form={form}")).with("origin", "https://evil.example"),
    ] {
        assert_eq!(browser.ask(ask).await.status, 403);
    }
    assert_eq!(browser.get("/lab/acme/tests").await.location(), Some("/lab/acme"), "opened as a page, it leads back");
    let begun = begin(&broker, &browser, "localhost:8080").await;
    let (back, kept) = (browser.way_back("acme", &state(&begun), "bia"), browser.jar.borrow().clone());
    let told = browser.get(&back).await;
    code(&told);
    *browser.jar.borrow_mut() = kept;

    let again = browser.get(&back).await;
    assert_eq!(
        again.location(),
        told.location().map(|place| format!("{place}?used=1")).as_deref(),
        "the second time leads to what it came to"
    );
    assert_eq!(lines(&broker).await, [AuditEventKind::Tested]);
}

/// A provider on the open net whose calls lead into a private one.
async fn open_house(settings: &str) -> TestBroker {
    let file = STANDARD.replace("UPSTREAM/token", "https://10.0.0.7/token").replace("UPSTREAM", "https://sso.acme.example");
    TestBroker::builder(settings).with("acme", &file).build().await
}

/// A request, as pages get it.
async fn asked(broker: &TestBroker, host: &str) -> RequestContext {
    let request = TestRequest::default().app_data(broker.app.clone()).insert_header(("host", host)).to_http_request();
    RequestContext::extract(&request).await.expect("it is served")
}

/// A person who is signed in at the store on the open net.
fn signed_in(broker: &TestBroker, email: &str, verified: bool) -> Browser {
    let token = broker.token(OPEN_HOST, |session| {
        session.person.email = portaria::vocabulary::email::Email::parse(email).expect("an address");
        session.person.email_verified = verified;
    });
    let browser = Browser::at(broker, OPEN_HOST);
    browser.jar.borrow_mut().push((broker.front(OPEN_HOST).store.cookie.to_string(), token));
    browser
}

#[actix_web::test]
async fn only_the_staff_begins_and_the_story_is_theirs() {
    let broker = open_house(&open()).await;
    let nobody = Browser::at(&broker, OPEN_HOST);
    assert_eq!(begin(&broker, &nobody, OPEN_HOST).await.location().map(|place| place.starts_with("/login?")), Some(true));
    for stranger in [signed_in(&broker, "bia@clientes.example", true), signed_in(&broker, "ana@clientes.example", false)] {
        assert_eq!(begin(&broker, &stranger, OPEN_HOST).await.status, 403, "no staff");
    }
    let ana = signed_in(&broker, "Ana@clientes.example", true);
    let uid = ana.get("/session").await.json()["uid"].as_str().expect("she is there").to_owned();

    let code = code(&test(&broker, &ana, OPEN_HOST, "caio").await);

    let kept = story(&broker, &code).await;
    for (uid, typed, is_told) in [
        (Some(&*uid), &*code, true),
        (Some(&*uid), &*code.to_lowercase(), true),
        (Some("somebody-else"), &*code, false),
        (None, &*code, false),
    ] {
        let staff = StaffMember { uid: uid.map(Into::into) };
        let typed_code = IncidentCode::parse(typed).expect("a code");
        let told = test_story::find_story(&asked(&broker, OPEN_HOST).await, &staff, typed_code).await.expect("storage");
        assert_eq!(told.is_some(), is_told, "{uid:?} {typed}");
    }
    assert_eq!(ana.who().await.as_deref(), Some("ana@clientes.example"), "she is still who she was");
    assert_eq!((kept.test, kept.by.as_deref(), kept.code.as_deref()), (true, Some(&*uid), Some("noAnswer")));
    assert!(broker.lab.tests.last_result("main", "acme", Some(&uid)).is_some());
    assert_eq!(broker.lab.tests.last_result("main", "acme", None), None);
}

#[actix_web::test]
async fn who_is_staff_no_more_when_the_browser_is_back_learns_nothing() {
    let broker = open_house(&open()).await;
    let ana = signed_in(&broker, "ana@clientes.example", true);
    let begun = begin(&broker, &ana, OPEN_HOST).await;
    broker.resettle(OPEN);

    let ended = ana.get(&ana.way_back("acme", &state(&begun), "caio")).await;

    assert_eq!(ended.status, 404, "without staff there is no lab: {ended:?}");
    assert!(ended.location().is_none());
    assert_eq!(lines(&broker).await, [], "nothing is kept of it");
}

/// Attack P-13
#[actix_web::test]
async fn two_at_once_and_no_more_and_the_rest_is_told_when() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let first = begin(&broker, &browser, "localhost:8080").await;
    assert_eq!((first.status, begin(&broker, &browser, "localhost:8080").await.status), (303, 303));

    let third = begin(&broker, &browser, "localhost:8080").await;

    assert_eq!(third.status, 429, "{third:?}");
    assert!(
        third.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok()).is_some_and(|seconds| (590..=600).contains(&seconds))
    );
    assert_eq!(third.json()["error"], "tooManyTests");
    assert!(third.cookies().is_empty(), "it has not begun");
    browser.get(&browser.way_back("acme", &state(&first), "bia")).await;
    assert_eq!(begin(&broker, &browser, "localhost:8080").await.status, 303, "one is over");
}

/// Attack P-01
/// Lesson 138
#[actix_web::test]
async fn nothing_of_a_request_changes_where_secrets_go_and_private_addresses_are_refused() {
    let broker = open_house(&open()).await;
    let ana = signed_in(&broker, "ana@clientes.example", true);
    let form = mark(&ana, &broker, OPEN_HOST);

    let begun = ana
        .ask(ClientRequest::form(
            "/lab/acme/tests?getAccessCode=https://evil.example",
            &format!("form={form}&post=https://evil.example&publicUrl=https://evil.example"),
        ))
        .await;
    assert!(
        begun.location().is_some_and(|place| place.starts_with("https://sso.acme.example/entrar?") && !place.contains("evil")),
        "{begun:?}"
    );
    let ended = ana.get(&ana.way_back("acme", &state(&begun), "caio")).await;

    let told = story(&broker, &code(&ended)).await;
    assert_eq!(
        (told.code.as_deref(), told.exchanges[0].no_answer.as_deref()),
        (
            Some("noAnswer"),
            Some("the address may not be reached from here: it lies in a private network, and `privateHosts` does not list its host")
        )
    );
}

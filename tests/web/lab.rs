//! The lab: who gets in, what is never shown on any of its pages, and what it survives.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::{HOST, LOCAL, OPEN, STANDARD, TestBroker};
use portaria::directory::audit::{AuditEvent, AuditEventKind};
use portaria::directory::incidents::{SaveIncident, StoredIncident};
use portaria::story::proposal::{FileChange, Proposal};
use portaria::story::{Story, StoryExchange, StoryFact, StoryRequest};
use portaria::vocabulary::email::Email;
use portaria::world::clock;

const OPEN_HOST: &str = "login.loja.example";
const STAFF: &str = "lab: { staff: [ Suporte@Loja.example ] }\n";
const MARKUP: &str = "<img src=x onerror=alert(1)>";

/// A store on the open net whose staff is one person.
async fn open_house() -> TestBroker {
    let settings = format!(
        "{OPEN}{STAFF}stores:\n  atacado: {{ publicUrl: 'https://login.atacado.example', lab: {{ staff: [ outra@loja.example ] }} }}\n"
    );
    TestBroker::builder(&settings).with("acme", &STANDARD.replace("UPSTREAM", "https://sso.acme.example")).build().await
}

/// A person with this address, signed in at a store.
fn somebody(broker: &TestBroker, host: &str, address: &str, verified: bool) -> Browser {
    let token = broker.token(host, |session| {
        session.person.uid = format!("uid of {address}").into();
        session.person.email = Email::parse(address).expect("an address");
        session.person.email_verified = verified;
    });
    let browser = Browser::at(broker, host);
    browser.jar.borrow_mut().push((broker.front(host).store.cookie.to_string(), token));
    browser
}

/// A story of a login at the provider `acme` that failed, full of markup.
fn story() -> Story {
    let fact = |name: &str, looks: Option<&str>| StoryFact {
        name: name.to_owned(),
        line: Some(8),
        looks: looks.map(str::to_owned),
        ..StoryFact::default()
    };
    let request = StoryRequest {
        method: "GET".to_owned(),
        url: format!("https://sso.acme.example/me?token=‹accessToken›&x={MARKUP}"),
        ..StoryRequest::default()
    };
    let exchange = StoryExchange {
        step: "getUserInfo".to_owned(),
        request,
        answer: Some(portaria::story::StoryAnswer {
            status: 200,
            content_type: Some(MARKUP.to_owned()),
            bytes: 12,
            shape: Some(Vec::new()),
            ..portaria::story::StoryAnswer::default()
        }),
        took: Some(187),
        facts: vec![fact("id", Some("address")), fact("email", None)],
        ..StoryExchange::default()
    };
    Story {
        provider: "acme".to_owned(),
        file: "acme.yaml".to_owned(),
        step: Some("getUserInfo".to_owned()),
        code: Some("missingFact".to_owned()),
        message: Some(format!("`email` was not found {MARKUP}")),
        line: Some(8),
        column: Some(20),
        exchanges: vec![exchange],
        proposals: vec![Proposal {
            title: format!("$.mail {MARKUP}"),
            because: "moved".to_owned(),
            about: Vec::new(),
            sentence: format!("It is there {MARKUP}"),
            change: Some(FileChange {
                line: 8,
                removed: vec!["old".to_owned()],
                added: vec![format!("  read: {{ email: $.mail }} # {MARKUP}")],
            }),
        }],
        ..Story::default()
    }
}

async fn keep(broker: &TestBroker, code: &str, store: &str, story: &Story) {
    let story = serde_json::to_string(story).expect("a story is JSON");
    let incident = StoredIncident { code: code.into(), store: store.into(), at: clock::now(), story };
    let event = AuditEvent::new(clock::now(), store, AuditEventKind::Failed);
    assert!(broker.app.directory.write(SaveIncident { incident, event }).await.expect("storage is there"));
}

fn field(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("name=\"form\" value=\"").expect("there is a form");
    rest.split('"').next().unwrap_or_default().to_owned()
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[actix_web::test]
async fn on_the_machine_itself_everybody_may_use_the_lab() {
    let broker = TestBroker::open().await;

    for path in ["/lab", "/lab/acme", "/lab/acme/answer", "/lab/incidents"] {
        let answer = broker.ask(ClientRequest::get(path)).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        broker.assert_clean(&answer);
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("script-src 'self';") && policy.contains("style-src 'self';"), "{policy}");
        assert!(!answer.body.contains(" style=") && !answer.body.contains("<script>"), "{path}");
    }
}

/// Attacks P-05, H-09
#[actix_web::test]
async fn what_a_proxy_or_a_tunnel_passes_on_is_not_from_the_machine_itself() {
    let broker = TestBroker::open().await;
    let headers = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via"];

    for path in ["/lab", "/lab/acme", "/lab/acme/answer", "/lab/incidents"] {
        for ask in [
            headers.map(|name| ClientRequest::get(path).with(name, "203.0.113.7")).to_vec(),
            vec![ClientRequest::get(path).from("203.0.113.7")],
        ]
        .concat()
        {
            assert_eq!(broker.ask(ask).await.status, 403, "{path}");
        }
        assert_eq!(broker.ask(ClientRequest::get(path)).await.status, 200, "{path}");
    }
    assert_eq!(broker.ask(ClientRequest::form("/lab/acme/tests", "form=").with("x-forwarded-for", "203.0.113.7")).await.status, 403);
    for name in headers {
        let ready = broker.ask(ClientRequest::get("/health/ready").with(name, "203.0.113.7")).await;
        assert_eq!((ready.status, ready.body.as_str()), (200, "{\"ready\":true}"), "{name}");
        assert_eq!(broker.ask(ClientRequest::get("/metrics").with(name, "203.0.113.7")).await.status, 404, "{name}");
    }
}

/// Attack P-05
/// Lessons 6, 179
#[actix_web::test]
async fn elsewhere_only_listed_people_with_a_proven_address_may() {
    let broker = open_house().await;
    let stranger = Browser::at(&broker, OPEN_HOST);

    let led = stranger.get("/lab/acme?lang=es").await;
    assert_eq!(led.status, 303);
    assert_eq!(led.location(), Some("/login?return_to=https%3A%2F%2Flogin.loja.example%2Flab%2Facme%3Flang%3Des"));
    let posted = stranger.ask(ClientRequest::form("/lab/acme/answer", "call=1")).await;
    assert_eq!(posted.location(), Some("/login?return_to=https%3A%2F%2Flogin.loja.example%2Flab"), "a form cannot be sent again");

    for (address, verified, status) in [
        ("suporte@loja.example", true, 200),
        ("SUPORTE@LOJA.EXAMPLE", true, 200),
        ("suporte@loja.example", false, 403),
        ("ana@loja.example", true, 403),
    ] {
        for path in ["/lab", "/lab/acme", "/lab/acme/answer", "/lab/incidents", "/lab.css"] {
            let answer = somebody(&broker, OPEN_HOST, address, verified).ask(ClientRequest::get(path).with("accept", "text/html")).await;
            assert_eq!(answer.status, if path == "/lab.css" { 200 } else { status }, "{address} {verified} {path}: {answer:?}");
            assert!(status == 200 || !answer.body.contains("Clube Acme"), "{answer:?}");
        }
    }
}

/// Attack N-01
#[actix_web::test]
async fn staff_of_one_store_are_nobody_at_another() {
    let broker = open_house().await;
    let other = "login.atacado.example";

    let theirs = somebody(&broker, other, "suporte@loja.example", true);
    assert_eq!(theirs.get("/lab").await.status, 403);
    assert_eq!(somebody(&broker, other, "outra@loja.example", true).get("/lab").await.status, 200);
    let carried = somebody(&broker, OPEN_HOST, "suporte@loja.example", true);
    let cookies = carried.cookies();
    assert_eq!(
        broker.ask(ClientRequest::get("/lab").with("host", other).with("cookie", cookies)).await.status,
        303,
        "the session is another store's"
    );
}

#[actix_web::test]
async fn a_session_that_has_ended_opens_nothing() {
    let broker = open_house().await;
    let browser = somebody(&broker, OPEN_HOST, "suporte@loja.example", true);
    assert_eq!(browser.get("/lab").await.status, 200);
    let token = browser.jar.borrow()[0].1.clone();
    let session = broker
        .app
        .signing
        .keys("main")
        .expect("keys")
        .verify(&token, broker.front(OPEN_HOST).token_parties(), clock::now())
        .expect("it is good");

    broker.app.revocations.record_end(&session.sid, session.latest_expiry());

    assert_eq!(browser.get("/lab").await.status, 303);
}

#[actix_web::test]
async fn a_public_store_without_staff_has_no_lab() {
    let broker = TestBroker::builder(OPEN).with_standard("acme").build().await;
    let ana = somebody(&broker, OPEN_HOST, "ana@loja.example", true);
    let nowhere = ana.get("/nowhere").await;

    for path in ["/lab", "/lab/acme", "/lab/nobody", "/lab/acme/answer", "/lab/acme/tests", "/lab/incidents", "/lab/incidents/K7Q-2MD"] {
        for method in ["GET", "POST", "PUT"] {
            let answer = ana.ask(ClientRequest::by(method, path)).await;
            assert_eq!((answer.status, &answer.body), (404, &nowhere.body), "{method} {path}: {answer:?}");
        }
    }
}

#[actix_web::test]
async fn every_state_of_a_provider_is_shown_with_what_helps() {
    let broker = TestBroker::builder(LOCAL)
        .with_standard("acme")
        .with("waiting", &STANDARD.replace("clientId: loja-42", "clientId: env:WAITING_NEVER_SET"))
        .with("broken", "name: Broken\nclientSecret: hunter2\nraed: {}\n")
        .with("off", &format!("enabled: false\n{STANDARD}"))
        .build()
        .await;
    broker.folder.write("providers.d/wrong.yml", "name: x\n");
    broker.front(HOST).providers.reload(0).expect("the folder is there");

    let list = broker.ask(ClientRequest::get("/lab?lang=en")).await;
    for part in ["Clube Acme", "WAITING_NEVER_SET is not set", "mistake", "wrong.yml", "Switched off", "Not read"] {
        assert!(list.body.contains(part), "{part}: {}", list.body);
    }
    let waiting = broker.ask(ClientRequest::get("/lab/waiting?lang=en")).await;
    assert!(waiting.body.contains("WAITING_NEVER_SET") && !waiting.body.contains("Run a test login"), "{}", waiting.body);
    let broken = broker.ask(ClientRequest::get("/lab/broken?lang=en")).await;
    for part in ["id=\"L3\"", "^^^^", "a secret may not stand in the file", "••••••", "raed"] {
        assert!(broken.body.contains(part), "{part}: {}", broken.body);
    }
    assert!(!broken.body.contains("hunter2"));
    assert_eq!(broker.ask(ClientRequest::get("/lab/broken/answer")).await.status, 404);
    assert_eq!(broker.ask(ClientRequest::get("/lab/nobody")).await.status, 404);
    assert!(broker.ask(ClientRequest::get("/lab/acme")).await.body.contains("/callback/acme"));
}

#[actix_web::test]
async fn an_empty_lab_says_how_to_begin() {
    let broker = TestBroker::builder(LOCAL).build().await;

    let page = broker.ask(ClientRequest::get("/lab").with("accept-language", "pt-BR")).await;

    assert!(page.body.contains("Nenhum provedor ainda") && page.body.contains("portaria new"), "{}", page.body);
}

/// Attacks P-06, P-14, U-13
/// Lesson 139
#[actix_web::test]
async fn no_secret_and_no_markup_reaches_any_page_in_any_language() {
    let file = STANDARD.replace("Clube Acme", &format!("'Clube {MARKUP}'"));
    let broker = TestBroker::builder(LOCAL)
        .with("acme", &file)
        .with("broken", &format!("name: {MARKUP}\nclientSecret: hunter2\n\"{MARKUP}\": x\n"))
        .build()
        .await;
    // The very secret, written where it does not belong.
    broker.rewrite("leaky", &format!("{STANDARD}# {}-secret {MARKUP}\n", broker.mark));
    keep(&broker, "K7Q-2MD", "main", &story()).await;
    keep(&broker, "K7Q-2MF", "main", &Story { test: true, ..story() }).await;
    let form = field(&broker.ask(ClientRequest::get("/lab/acme/answer")).await);
    let pasted = encoded(&format!("{{\"id\":\"{}-code\",\"{MARKUP}\":1}}", "x"));

    for language in ["pt-BR", "es", "en", "ja"] {
        let mut asks: Vec<ClientRequest> = [
            "/lab",
            "/lab/acme",
            "/lab/broken",
            "/lab/leaky",
            "/lab/acme/answer",
            "/lab/incidents?code=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
            "/lab/incidents/K7Q-2MD",
            "/lab/acme/tests/K7Q-2MF",
        ]
        .map(ClientRequest::get)
        .to_vec();
        asks.push(ClientRequest::form(
            "/lab/acme/answer",
            &format!("form={form}&call=2&status=200&kind=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&body={pasted}"),
        ));
        for ask in asks {
            let answer = broker.ask(ask.clone().with("accept-language", language)).await;
            assert!(matches!(answer.status, 200 | 400), "{}: {answer:?}", ask.address);
            broker.assert_clean(&answer);
            assert!(!answer.body.contains("<img") && !answer.body.contains("hunter2"), "{}: {}", ask.address, answer.body);
            let lang = if language == "ja" { "en" } else { language };
            assert!(answer.body.contains(&format!("<html lang=\"{lang}\"")), "{}", ask.address);
            assert!(!answer.body.contains("‹accessToken"), "{}: {}", ask.address, answer.body);
        }
    }
}

/// Attack N-01
/// Lesson 176
/// Attack N-01
#[actix_web::test]
async fn a_story_is_told_to_staff_of_its_store_and_a_test_to_who_ran_it() {
    let broker = open_house().await;
    let staff = somebody(&broker, OPEN_HOST, "suporte@loja.example", true);
    let by = |uid: &str| Story { test: true, by: Some(uid.to_owned()), ..story() };
    let refused = Story { by_provider: true, rule: Some("`refused` if $.erro is not 0".to_owned()), shared: 7, ..story() };
    keep(&broker, "K7Q-2MD", "main", &refused).await;
    keep(&broker, "K7Q-2MF", "atacado", &story()).await;
    keep(&broker, "K7Q-2MH", "main", &by("uid of suporte@loja.example")).await;
    keep(&broker, "K7Q-2MJ", "main", &by("somebody else")).await;

    let found = staff.get("/lab/incidents?code=%20k7q2md").await;
    assert_eq!((found.status, found.location()), (303, Some("/lab/incidents/K7Q-2MD")));
    let page = staff.ask(ClientRequest::get("/lab/incidents/K7Q-2MD").with("accept-language", "en")).await;
    let drawn = ["was not found", "`refused` if $.erro is not 0", "show this code: 7."];
    for part in ["email", "/lab/acme#L8", "187 ms", "found nothing", "report.txt"].into_iter().chain(drawn) {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let report = staff.get("/lab/incidents/K7Q-2MD/report.txt").await;
    assert!(
        report.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")) && report.body.contains("getUserInfo"),
        "{report:?}"
    );
    for code in ["K7Q-2MF", "K7Q-2MJ", "222-222"] {
        let gone = staff.ask(ClientRequest::get(&format!("/lab/incidents/{code}")).with("accept-language", "en")).await;
        assert!(gone.status == 404 && gone.body.contains("24 hours"), "{code}: {gone:?}");
        assert_eq!(staff.get(&format!("/lab/incidents/{code}/report.txt")).await.status, 404);
        assert_eq!(staff.get(&format!("/lab/acme/tests/{code}")).await.status, 404);
    }
    assert_eq!(staff.get("/lab/acme/tests/K7Q-2MD").await.status, 404, "a shopper's login is no test");
    assert_eq!(staff.get("/lab/incidents/K7Q-2MH").await.status, 200);

    let test = staff.ask(ClientRequest::get("/lab/acme/tests/k7q2mh").with("accept-language", "en")).await;
    for part in ["found nothing", "id=\"complaint\"", "change-1.txt", "$.mail", "Copy change", "<details open>"] {
        assert!(test.body.contains(part), "{part}: {}", test.body);
    }
    let change = staff.get("/lab/acme/tests/K7Q-2MH/change-1.txt").await;
    assert_eq!(change.body, format!("  read: {{ email: $.mail }} # {MARKUP}\n"));
    assert!(change.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    for file in ["change-0.txt", "change-2.txt", "change-x.txt", "report.html", "change-18446744073709551616.txt"] {
        assert_eq!(staff.get(&format!("/lab/acme/tests/K7Q-2MH/{file}")).await.status, 404, "{file}");
    }
    assert_eq!(staff.get("/lab/acme/tests/K7Q-2MH/report.txt").await.status, 200);
    assert_eq!(staff.get("/lab/acme/tests").await.location(), Some("/lab/acme"));
}

#[actix_web::test]
async fn what_an_answer_would_give_is_shown_by_its_looks() {
    let broker = TestBroker::open().await;
    let form = field(&broker.ask(ClientRequest::get("/lab/acme/answer")).await);
    let paste = |body: &str| {
        ClientRequest::form(
            "/lab/acme/answer?lang=en",
            &format!("form={form}&call=2&status=200&kind=application%2Fjson&body={}", encoded(body)),
        )
    };

    let good = broker.ask(paste("{\"id\":12345,\"email\":\"ana@loja.example\",\"verified\":true}")).await;
    assert_eq!(good.status, 200, "{good:?}");
    for part in ["This call would go well", "5 digits", "e-mail address", "found nothing"] {
        assert!(good.body.contains(part), "{part}: {}", good.body);
    }
    assert_eq!(good.body.matches("ana@loja.example").count(), 1, "only where it was pasted");
    let bad = broker.ask(paste("<!doctype html><p>no")).await;
    assert!(bad.body.contains("This call would fail") && bad.body.contains("web page"), "{}", bad.body);
    assert!(broker.upstream.heard().is_empty(), "nothing is sent");
}

#[actix_web::test]
async fn whatever_is_pasted_is_survived() {
    let broker = TestBroker::open().await;
    let form = field(&broker.ask(ClientRequest::get("/lab/acme/answer")).await);
    let most = 64 * 1024;
    let ask = |body: &str| ClientRequest::form("/lab/acme/answer", &format!("form={form}&call=1&status=&kind=&body={body}"));

    for text in [
        "a".repeat(most),
        "[".repeat(most),
        "{\"a\":".repeat(most / 5),
        "<a>".repeat(most / 3),
        "\u{0}\u{1b}[31m\u{202e}".repeat(1000),
        format!("{{{}}}", (0..5000).map(|at| format!("\"k{at}\":{at}")).collect::<Vec<_>>().join(",")),
        format!("\"{}\"", "é".repeat(most / 2 - 2)),
        "</textarea><script>alert(1)</script>".repeat(100),
    ] {
        let answer = broker.ask(ask(&encoded(&text))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(!answer.body.contains("<script>alert"), "{answer:?}");
        assert_eq!(answer.body.matches("</textarea>").count(), 3, "one for an answer, and one for each of two calls");
    }
    assert_eq!(broker.ask(ask("%ff%fe%00")).await.status, 200);
    let large = broker.ask(ask(&"a".repeat(most + 1))).await;
    assert!(large.status == 413 && large.body.contains("<textarea"), "{large:?}");
    assert_eq!(broker.ask(ask(&"a".repeat(400 * 1024))).await.status, 413);
    assert!(!broker.logged().contains("panicked"));
}

#[actix_web::test]
async fn the_answers_of_a_whole_login_show_who_would_sign_in_or_why_nobody_does() {
    let broker = TestBroker::open().await;
    let form = field(&broker.ask(ClientRequest::get("/lab/acme/answer")).await);
    let paste = |token: &str, person: &str| {
        let (token, person) = (encoded(token), encoded(person));
        ClientRequest::form("/lab/acme/answer?lang=en", &format!("form={form}&whole=yes&callback=&answer-1={token}&answer-2={person}"))
    };
    let token = r#"{"access_token":"at-very-secret-1","token_type":"Bearer"}"#;

    let good = broker.ask(paste(token, "HTTP/1.1 200 OK\r\n\r\n{\"id\":12345,\"email\":\"ana@loja.example\",\"verified\":true}")).await;
    assert_eq!(good.status, 200, "{good:?}");
    for part in ["This person would be signed in", "<dt>id</dt><dd>12345</dd>", "ana@loja.example (proven", "‹accessToken›"] {
        assert!(good.body.contains(part), "{part}: {}", good.body);
    }
    assert_eq!(good.body.matches("at-very-secret-1").count(), 1, "only where it was pasted");

    let no = broker.ask(paste("HTTP/1.1 400 Bad Request\r\n\r\n{\"error\":\"invalid_grant\"}", "")).await;
    assert!(no.body.contains("This login would be refused") && no.body.contains("invalid_grant"), "{}", no.body);
    let half = broker.ask(paste(token, "")).await;
    assert!(half.body.contains("The login would go on with getUserInfo, whose answer is missing."), "{}", half.body);
    assert!(broker.upstream.heard().is_empty(), "nothing is sent");
}

/// Attack P-07
#[actix_web::test]
async fn only_our_own_page_may_paste_an_answer() {
    let broker = open_house().await;
    let staff = somebody(&broker, OPEN_HOST, "suporte@loja.example", true);
    let form = field(&staff.get("/lab/acme/answer").await);
    let send = |form: &str| ClientRequest::form("/lab/acme/answer", &format!("form={form}&call=1&status=200&kind=&body=x"));

    assert_eq!(staff.ask(send(&form)).await.status, 200);
    for (ask, status) in [
        (send(""), 403),
        (send(&form).with("sec-fetch-site", "cross-site"), 403),
        (send(&form).with("origin", "https://evil.example"), 403),
        (ClientRequest::form("/lab/acme/answer", &format!("form={form}&call=9&body=x")), 400),
        (ClientRequest::form("/lab/acme/answer", &format!("form={form}&call=1&status=99&body=x")), 400),
        (ClientRequest::form("/lab/acme/answer", &format!("form={form}&call=1&body=x&body=y")), 400),
        (ClientRequest::by("POST", "/lab/acme/answer").with("content-type", "text/plain").body("x"), 400),
    ] {
        let answer = staff.ask(ask).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[actix_web::test]
async fn a_page_of_the_lab_can_be_looked_at_without_its_body_and_knows_its_methods() {
    let broker = TestBroker::open().await;

    for path in ["/lab", "/lab/acme", "/lab/incidents", "/lab.css", "/lab.js"] {
        let (look, whole) = (broker.ask(ClientRequest::by("HEAD", path)).await, broker.ask(ClientRequest::get(path)).await);
        assert_eq!((look.status, look.header("content-type")), (whole.status, whole.header("content-type")), "{path}");
        let other = broker.ask(ClientRequest::by("PUT", path)).await;
        assert_eq!((other.status, other.header("allow")), (405, Some("GET, HEAD")), "{path}");
    }
    assert_eq!(broker.ask(ClientRequest::by("PUT", "/lab/acme/answer")).await.header("allow"), Some("GET, HEAD, POST"));
    assert_eq!(broker.ask(ClientRequest::get("/lab").with("host", HOST)).await.header("cache-control"), Some("no-store"));
}

#[actix_web::test]
async fn of_a_file_that_is_not_yaml_only_the_lines_with_a_mistake_are_shown() {
    let broker = TestBroker::builder(LOCAL).with("broken", "name: Acme\nclientSecret: hunter2\nread: { id: ${hunter3} }\n").build().await;

    for (language, sentence) in [("en", "This is not YAML"), ("pt-BR", "Isto não é YAML"), ("es", "Esto no es YAML")] {
        let page = broker.ask(ClientRequest::get(&format!("/lab/broken?lang={language}"))).await;
        for part in [sentence, "id=\"L3\" value=\"3\"", "<span class=\"key\">read:</span>", "^^"] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        for part in ["hunter", "id=\"L1\"", "id=\"L2\""] {
            assert!(!page.body.contains(part), "{part}: {}", page.body);
        }
    }
}

//! What the pages of the lab show, and what they never show.

use crate::web::client_request::ClientRequest;
use crate::web::lab::{MARKUP, OPEN_HOST, encoded, field, keep, open_house, somebody, story};
use crate::web::test_broker::{HOST, LOCAL, STANDARD, TestBroker};
use portaria::story::Story;

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

    let list = broker.ask(ClientRequest::get("/lab/providers?lang=en")).await;
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

    let page = broker.ask(ClientRequest::get("/lab/providers").with("accept-language", "pt-BR")).await;

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
            "/lab/providers",
            "/lab/find?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
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
async fn a_page_of_the_lab_can_be_looked_at_without_its_body_and_knows_its_methods() {
    let broker = TestBroker::open().await;

    for path in ["/lab", "/lab/providers", "/lab/acme", "/lab/incidents", "/lab.css", "/lab.js"] {
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

//! The page of an incident answers first: what happened, what to say, the change, and what changed since the last login that worked.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::failures::code_on;
use crate::web::since_good_login::FILE;
use crate::web::test_broker::{LOCAL, TestBroker};

/// A login that works, and then one that fails because the line of the id was changed: the broker, and the code of the failure.
async fn broken_by_a_change(file: &str) -> (TestBroker, String) {
    let broker = TestBroker::builder(LOCAL).with("acme", file).with_standard("beta").build().await;
    let worked = Browser::new(&broker).log_in("acme", "ana").await;
    assert!(worked.session().is_some(), "{worked:?}");
    broker.rewrite("acme", &file.replace("    id: $.id\n", "    id: $.person.uid\n"));
    let failed = Browser::new(&broker).log_in("acme", "ana").await;
    let code = code_on(&failed.body).unwrap_or_else(|| panic!("a code: {failed:?}"));
    (broker, code)
}

async fn text(broker: &TestBroker, path: &str) -> String {
    let answer = broker.ask(ClientRequest::get(path)).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    broker.assert_clean(&answer);
    answer.body
}

#[actix_web::test]
async fn the_summary_comes_first_and_its_texts_open_by_themselves() {
    let (broker, code) = broken_by_a_change(FILE).await;
    let base = format!("/lab/incidents/{code}");

    let page = text(&broker, &format!("{base}?lang=pt-BR")).await;

    let order = [
        "O que aconteceu",
        "Clube Acme respondeu, mas o id da pessoa não está onde o arquivo procura.",
        "O que a pessoa viu",
        "O que dizer a ela",
        "A mudança",
        "A linha 10 mudou desde o último login que deu certo.",
        "O que mudou desde o último login que deu certo",
        "O caminho, passo a passo",
    ];
    let places = order.map(|part| page.find(part).unwrap_or_else(|| panic!("{part}: {page}")));
    assert!(places.is_sorted(), "{places:?}");
    let main = page.split_once("</main>").map_or(page.as_str(), |(main, _)| main);
    assert!(!main.contains("lang=\"en\""), "{main}");
    let message = text(&broker, &format!("{base}/message.txt?lang=pt-BR")).await;
    assert!(message.starts_with("Oi! Clube Acme ") && message.contains("Nada mudou na sua conta."), "{message}");
    assert_eq!(text(&broker, &format!("{base}/change-1.txt")).await, "    id: $.id\n");
    let file = broker.ask(ClientRequest::get(&format!("{base}/acme.yaml"))).await;
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"acme.yaml\""));
    let secret = format!("file:{}/secrets/acme", broker.folder.0.display());
    assert_eq!(file.body, FILE.replace("UPSTREAM", &broker.upstream.url()).replace("SECRET", &secret));
    for name in ["beta.yaml", "change-9.txt", "change-0.txt", "other.txt"] {
        assert_eq!(broker.ask(ClientRequest::get(&format!("{base}/{name}"))).await.status, 404, "{name}");
    }
}

/// Attack N-07
#[actix_web::test]
async fn a_file_that_holds_what_the_lab_masks_is_not_handed_out() {
    let broker = TestBroker::builder(LOCAL).build().await;
    let secret = format!("{}-old", broker.mark);
    drop(broker);
    let (broker, code) = broken_by_a_change(&format!("# The former clientSecret: {secret}\n{FILE}")).await;
    let base = format!("/lab/incidents/{code}");

    let page = text(&broker, &format!("{base}?lang=en")).await;

    assert!(!page.contains(&secret) && page.contains("holds values that the lab masks"), "{page}");
    assert!(page.contains("change-1.txt") && !page.contains("acme.yaml\" download"), "the change alone is offered: {page}");
    assert_eq!(broker.ask(ClientRequest::get(&format!("{base}/acme.yaml"))).await.status, 404);
}

#[actix_web::test]
async fn a_file_that_has_changed_since_is_not_offered_with_the_change() {
    let (broker, code) = broken_by_a_change(FILE).await;
    broker.rewrite("acme", &FILE.replace("    id: $.id\n", "    id: $.person.number\n"));

    let page = text(&broker, &format!("/lab/incidents/{code}?lang=en")).await;

    assert!(page.contains("The file has changed since, so only the change is offered."), "{page}");
    assert_eq!(broker.ask(ClientRequest::get(&format!("/lab/incidents/{code}/acme.yaml"))).await.status, 404);
}

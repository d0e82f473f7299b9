//! A provider that answers differently than before is told of in the log, to machines and to support; and not before it does.

use crate::database::Server;
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{LOCAL, TestBroker, TestBrokerBuilder};
use crate::web::test_provider::{answer, json};
use portaria::drift::warning::{DriftKind, DriftWarning};
use portaria::world::clock;

async fn come(broker: &TestBroker, times: usize) {
    for at in 0..times {
        Browser::new(broker).log_in("acme", &format!("p{at}")).await;
    }
}

/// From now on the address stands elsewhere.
fn moves(broker: &TestBroker) {
    broker.upstream.answers("/me", |heard, to| {
        let who = heard.header("authorization").unwrap_or_default().rsplit('-').next().unwrap_or_default().to_owned();
        let person = format!("{{\"id\":\"id-{who}\",\"mail\":\"{who}@clientes.example\",\"verified\":true,\"name\":\"{who} da Silva\"}}");
        let _ = std::io::Write::write_all(to, &json(200, &person));
    });
}

fn warnings(broker: &TestBroker) -> Vec<DriftWarning> {
    broker.app.drift.warnings("main", "acme")
}

async fn metric(broker: &TestBroker, name: &str) -> Option<String> {
    let text = broker.ask(ClientRequest::get("/metrics")).await.body;
    text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
}

async fn keep(broker: &TestBroker) {
    broker.app.drift.synchronize(&broker.app.directory, clock::now()).await.expect("storage is there");
}

const GAUGE: &str = "portaria_drift{provider=\"acme\",step=\"getUserInfo\",fact=\"email\"}";

#[actix_web::test]
async fn a_provider_that_changes_is_told_of_once_and_by_itself_no_more() {
    let broker = TestBroker::open().await;
    come(&broker, 40).await;
    Browser::new(&broker).begin("/login/acme").await;
    assert_eq!((warnings(&broker).len(), metric(&broker, GAUGE).await.as_deref()), (0, Some("0")));
    let found = "portaria_readings_total{provider=\"acme\",step=\"getUserInfo\",fact=\"email\",found=\"yes\"}";
    assert_eq!(metric(&broker, found).await.as_deref(), Some("40"));

    moves(&broker);
    come(&broker, 30).await;

    let shown = warnings(&broker);
    assert_eq!(shown.len(), 1, "{shown:?}");
    let warning = &shown[0];
    assert_eq!((warning.step.as_str(), warning.fact(), warning.cause.kind()), ("getUserInfo", Some("email"), DriftKind::Replaced));
    assert_eq!(warning.line, Some(8), "{warning:?}");
    let change = warning.proposal.as_ref().and_then(|proposal| proposal.change.as_ref()).expect("a change");
    assert_eq!(change.added, ["  read: { id: $.id, email: $.mail, emailVerified: $.verified, name: $.name }"]);
    assert_eq!(metric(&broker, GAUGE).await.as_deref(), Some("1"));
    let log = broker.logged();
    assert_eq!(log.matches("a provider answers differently than before").count(), 1);
    assert!(!warning.sentence.contains('@') && !warning.sentence.contains(&broker.mark), "{warning:?}");

    broker.upstream.is_honest();
    come(&broker, 40).await;
    assert_eq!((warnings(&broker).len(), metric(&broker, GAUGE).await.as_deref()), (0, Some("0")));
    assert!(broker.logged().contains("a provider answers as before again"));
}

#[actix_web::test]
async fn wrong_codes_cancelled_logins_and_silence_are_no_change() {
    let broker = TestBroker::open().await;
    come(&broker, 40).await;

    for _ in 0..20 {
        let browser = Browser::new(&broker);
        let begun = browser.begin("/login/acme").await;
        browser.get(&format!("/callback/acme?code=wrong&state={}", begun.state)).await;
        let begun = browser.begin("/login/acme").await;
        browser.get(&format!("/callback/acme?error=access_denied&state={}", begun.state)).await;
    }
    broker.upstream.says("/me", answer(503, "", b"<html>away</html>"));
    come(&broker, 20).await;

    assert!(warnings(&broker).is_empty(), "{:?}", warnings(&broker));
}

#[actix_web::test]
async fn a_page_instead_of_an_answer_is_told_of() {
    let broker = TestBroker::open().await;
    come(&broker, 40).await;

    broker.upstream.says("/me", answer(200, "Content-Type: text/html\r\n", b"<!doctype html><p>moved"));
    come(&broker, 30).await;

    let shown = warnings(&broker);
    assert_eq!(shown.iter().map(|warning| (warning.fact(), warning.cause.kind())).collect::<Vec<_>>(), [(None, DriftKind::Unreadable)]);
    let gauge = "portaria_drift{provider=\"acme\",step=\"getUserInfo\",fact=\"\"}";
    assert_eq!(metric(&broker, gauge).await.as_deref(), Some("1"));
}

#[actix_web::test]
async fn what_one_broker_learned_every_broker_knows_and_it_survives_a_restart() {
    for server in [false, true] {
        let mut plan = TestBroker::builder(LOCAL).with_standard("acme");
        if server {
            plan = plan.at(Server::shared().database().await.1);
        }
        let master = plan.master();
        let broker = plan.build().await;
        come(&broker, 60).await;
        keep(&broker).await;

        // It has never seen a login, and notices all the same.
        let other = TestBrokerBuilder::beside(&broker, LOCAL, &master).build().await;
        moves(&broker);
        come(&other, 20).await;
        assert_eq!(warnings(&other).len(), 1, "{:?}", warnings(&other));
        assert!(warnings(&broker).is_empty());
        keep(&other).await;
        keep(&broker).await;
        assert_eq!(warnings(&broker), warnings(&other), "what one warns about, all do");

        let again = TestBrokerBuilder::beside(&broker, LOCAL, &master).build().await;
        assert_eq!(warnings(&again), warnings(&broker), "and whoever starts later");
        assert_eq!(metric(&again, GAUGE).await.as_deref(), Some("1"));

        broker.upstream.is_honest();
        come(&again, 40).await;
        assert!(warnings(&again).is_empty());
        keep(&again).await;
        for machine in [&broker, &other] {
            keep(machine).await;
            assert!(warnings(machine).is_empty(), "it is over everywhere");
        }
    }
}

#[actix_web::test]
async fn a_provider_that_invents_keys_fills_neither_memory_nor_storage() {
    let broker = TestBroker::open().await;
    broker.upstream.answers("/me", |heard, to| {
        let who = heard.header("authorization").unwrap_or_default().rsplit('-').next().unwrap_or_default().to_owned();
        let odd: String = (0..5000).map(|at| format!("\"{who}x{at:x}\":1,")).collect();
        let person = format!("{{{odd}\"id\":\"id-{who}\",\"email\":\"{who}@clientes.example\",\"verified\":true}}");
        let _ = std::io::Write::write_all(to, &json(200, &person));
    });

    come(&broker, 12).await;
    keep(&broker).await;

    let all = broker
        .app
        .directory
        .read(portaria::directory::tallies::ReadTallies(portaria::directory::tallies::TallyCursor::at(0)))
        .await
        .expect("storage")
        .0;
    let shape = all.iter().filter(|tally| tally.what.starts_with("shape ") && &*tally.step == "getUserInfo").count();
    assert!((100..=410).contains(&shape), "{shape}");
    let values = ["clientes.example", broker.mark.as_str(), "id-p1"];
    assert!(all.iter().all(|tally| values.iter().all(|value| !tally.what.contains(value))), "{all:?}");
}

#[actix_web::test]
async fn a_file_that_reads_otherwise_expects_anew_and_what_it_mended_is_over() {
    let broker = TestBroker::builder(LOCAL).with_standard("acme").build().await;
    come(&broker, 40).await;
    moves(&broker);
    come(&broker, 20).await;
    assert_eq!(warnings(&broker).len(), 1);

    let file = crate::support::text(&broker.folder.0.join("providers.d/acme.yaml"));
    broker.folder.write("providers.d/acme.yaml", &file.replace("$.email", "$.mail"));
    broker.front("localhost:8080").providers.reload(clock::now());
    come(&broker, 1).await;

    assert!(warnings(&broker).is_empty());
    broker.upstream.is_honest();
    come(&broker, 20).await;
    assert!(warnings(&broker).is_empty(), "it is still learning");
}

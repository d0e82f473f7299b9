//! The document of an issuer leads to another host than before.

use crate::command_line::portaria;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{LOCAL, TestBroker, TestBrokerBuilder};
use crate::web::test_provider::json;
use serde_json::Value;

const FILE: &str = "name: Clube Acme\nclientId: loja-42\nclientSecret: SECRET\ndiscovery: UPSTREAM\n";

/// From now on the document leads to this host for the tokens.
fn tokens_come_from(broker: &TestBroker, host: &str) {
    let issuer = broker.upstream.url();
    let document = format!(
        "{{\"issuer\":\"{issuer}\",\"authorization_endpoint\":\"{issuer}/entrar\",\"token_endpoint\":\"{host}/token\",\"jwks_uri\":\"https://keys.acme.example/k\"}}"
    );
    broker.upstream.says("/.well-known/openid-configuration", json(200, &document));
}

async fn login(broker: &TestBroker) -> u16 {
    let status = broker.ask(ClientRequest::get("/login/acme")).await.status;
    broker.app.sync_endpoint_hosts().await.expect("storage is there");
    status
}

fn hosts(broker: &TestBroker, more: &[&str]) -> (i32, Value, String) {
    let line = [&["providers", "hosts", "--json", "--storage", "sqlite:portaria.db"], more].concat();
    let (status, out, err) = portaria(&broker.folder.0, &line, &[]);
    (status, serde_json::from_str(&out).unwrap_or_default(), err)
}

async fn complaints(broker: &TestBroker) -> String {
    broker.ask(ClientRequest::get("/health/ready")).await.json()["complaints"].to_string()
}

/// Attack J-14
#[actix_web::test]
async fn a_document_that_leads_to_another_host_waits_for_the_operator() {
    let builder = TestBroker::builder(LOCAL).with("acme", FILE);
    let master = builder.master();
    let first = builder.build().await;
    let again = async || TestBrokerBuilder::beside(&first, LOCAL, &master).build().await;
    tokens_come_from(&first, "https://tokens.acme.example");
    assert_eq!(login(&first).await, 303, "the hosts of the first document are taken as they are");

    tokens_come_from(&first, &first.upstream.url());
    assert_eq!(login(&again().await).await, 303, "fewer hosts are fine");
    tokens_come_from(&first, "https://evil.example");
    let second = again().await;
    assert_eq!(login(&second).await, 502);

    assert!(
        complaints(&second).await.contains("leads to https://evil.example, where it did not lead before"),
        "{}",
        complaints(&second).await
    );
    assert!(second.logged().contains("leads to hosts that are not accepted"));
    assert!(complaints(&again().await).await.contains("evil.example"), "a restart does not forget it");
    assert_eq!(login(&again().await).await, 502);
    let (status, listed, err) = hosts(&first, &[]);
    assert_eq!(status, 0, "{err}");
    let known = &listed["documents"][0];
    assert_eq!(known["accepted"], serde_json::json!(["https://keys.acme.example", "https://tokens.acme.example"]), "{listed}");
    assert_eq!(known["waiting"], serde_json::json!(["https://evil.example"]), "{listed}");
    let issuer = first.upstream.url();
    for (more, told) in [
        (&["https://other.example", "evil.example", "--yes"][..], "no document of `https://other.example` was seen"),
        (
            &[&issuer, "evil.example", "another.example", "--yes"],
            "`another.example` does not wait to be accepted\n  help: what waits is https://evil.example",
        ),
        (&[&issuer, "http://evil.example", "--yes"], "`http://evil.example` does not wait"),
        (&[&issuer, "keys.acme.example", "--yes"], "`keys.acme.example` does not wait"),
        (&[&issuer, "--yes"], "<HOST>"),
    ] {
        let (status, _, err) = hosts(&first, more);
        assert!(status == 2 && err.contains(told), "{more:?}: {err}");
    }
    let (status, shown, err) = hosts(&first, &[&issuer, "evil.example"]);
    assert_eq!((status, &shown["accepted"], &shown["documents"][0]["waiting"][0]), (0, &0.into(), &"https://evil.example".into()), "{err}");
    assert_eq!(login(&again().await).await, 502, "nothing was accepted yet");

    let (status, accepted, err) = hosts(&first, &[&issuer, "evil.example", "--yes"]);
    assert_eq!((status, &accepted["accepted"], &accepted["documents"][0]["waiting"]), (0, &1.into(), &Value::Null), "{err}");
    assert_eq!(login(&again().await).await, 303);
    second.app.sync_endpoint_hosts().await.expect("storage is there");
    assert_eq!(complaints(&second).await, "[]");
    let (_, history, _) = portaria(&first.folder.0, &["history", "--storage", "sqlite:portaria.db"], &[]);
    assert!(history.contains("were accepted by support") && history.contains("https://evil.example"), "{history}");
}

#[actix_web::test]
async fn a_document_that_leads_back_waits_no_longer() {
    let builder = TestBroker::builder(LOCAL).with("acme", FILE);
    let master = builder.master();
    let first = builder.build().await;
    let again = async || TestBrokerBuilder::beside(&first, LOCAL, &master).build().await;
    tokens_come_from(&first, &first.upstream.url());
    assert_eq!(login(&first).await, 303);
    tokens_come_from(&first, "https://evil.example");
    assert_eq!(login(&again().await).await, 502);

    tokens_come_from(&first, &first.upstream.url());
    assert_eq!(login(&again().await).await, 303);

    let (_, listed, err) = hosts(&first, &[]);
    assert_eq!(listed["documents"][0]["waiting"], Value::Null, "{listed}{err}");
}

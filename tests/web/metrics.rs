//! `/metrics`: what is there before anything happens, what each event changes, and that the documents name all of it.

use crate::support::{root, text};
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker};
use std::collections::BTreeSet;

async fn metrics(broker: &TestBroker) -> String {
    broker.ask(ClientRequest::get("/metrics")).await.body
}

/// The value of the series with these labels, in the order in which they are written.
fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series}: {metrics}")).parse().expect("a number")
}

/// The names of the series, as `# TYPE` and the endings of the format make them.
fn names(metrics: &str) -> BTreeSet<String> {
    let types = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types
        .map(|(name, kind)| match kind {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name.to_owned(),
        })
        .collect()
}

#[actix_web::test]
async fn every_series_of_a_provider_is_0_before_its_first_login() {
    let settings = format!(
        "{LOCAL}ways: [ passkey ]\napps: {{ painel: {{ secret: env:PAINEL, redirectUris: [ http://127.0.0.1:9001/back ], backChannelLogout: http://127.0.0.1:9001/out }} }}\n"
    );
    let broker = TestBroker::builder(&settings).with("acme", STANDARD).build().await;

    let metrics = metrics(&broker).await;

    for labels in [
        "portaria_logins_began_total{store=\"main\",provider=\"acme\"}",
        "portaria_logins_returned_total{store=\"main\",provider=\"acme\"}",
        "portaria_logins_total{store=\"main\",provider=\"acme\",outcome=\"welcome\"}",
        "portaria_logins_total{store=\"main\",provider=\"acme\",outcome=\"unreachable\"}",
        "portaria_logins_total{store=\"main\",provider=\"passkey\",outcome=\"welcome\"}",
        "portaria_logins_failed_total{store=\"main\",provider=\"acme\",step=\"callback\"}",
        "portaria_logins_failed_total{store=\"main\",provider=\"acme\",step=\"getUserInfo\"}",
        "portaria_logins_failed_total{store=\"main\",provider=\"acme\",step=\"identity\"}",
        "portaria_logins_without_code_total{store=\"main\",provider=\"acme\"}",
        "portaria_step_seconds_count{provider=\"acme\",step=\"getAccessCode\"}",
        "portaria_step_seconds_bucket{le=\"+Inf\",provider=\"acme\",step=\"getUserInfo\"}",
        "portaria_conversation_seconds_count{provider=\"acme\"}",
        "portaria_sessions_begun_total{store=\"main\"}",
        "portaria_sessions_ended_total{store=\"main\",reason=\"provider\"}",
        "portaria_mails_total{store=\"main\",outcome=\"failed\"}",
        "portaria_unsent_mails_total{store=\"main\",limit=\"store\"}",
        "portaria_logout_notices_total{store=\"main\",app=\"painel\",outcome=\"given_up\"}",
        "portaria_limited_total{limit=\"login\"}",
        "portaria_limited_total{limit=\"connections\"}",
        "portaria_reloads_total{result=\"refused\"}",
        "portaria_provider_files{state=\"broken\"}",
        "portaria_storage_failures_total{access=\"write\"}",
        "portaria_checks_total{answer=\"no\"}",
    ] {
        assert!(value(&metrics, labels).abs() < f64::EPSILON, "{labels}");
    }
    for there in ["portaria_storage_up", "process_resident_memory_bytes", "process_open_fds"] {
        assert!(value(&metrics, there) >= 1.0, "{there}: {metrics}");
    }
    assert!(value(&metrics, "portaria_storage_size_bytes") > 0.0 && value(&metrics, "portaria_storage_connections_most") > 0.0);
}

/// What begins with an event; a format without samples names no series.
const BY_EVENT: [&str; 10] = [
    "portaria_drift",
    "portaria_login_failures_total",
    "portaria_logout_notices_total",
    "portaria_next_compared_total",
    "portaria_next_returned",
    "portaria_next_share",
    "portaria_readings_total",
    "portaria_store_events_oldest_seconds",
    "portaria_store_events_total",
    "portaria_store_events_waiting",
];

/// The table of the document and the program name the same series.
#[actix_web::test]
async fn the_document_lists_all_series_and_no_others() {
    let broker = TestBroker::open().await;
    let document = text(&root().join("docs/monitoring.md"));
    let table = document.split_once("<!-- The series.").expect("the table").1.split_once("\n## ").expect("its end").0;
    let cells = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" |"));
    let named: BTreeSet<String> = cells.flat_map(|(cell, _)| cell.split("`, `")).map(|name| name.trim_matches('`').to_owned()).collect();

    let mut there = names(&metrics(&broker).await);
    // The document names it where it describes traces, because only a program with them has it.
    assert_eq!(there.remove("portaria_spans_lost_total"), cfg!(feature = "opentelemetry"));
    assert!(document.contains("`portaria_spans_lost_total`"));

    assert_eq!(there.difference(&named).collect::<Vec<_>>(), Vec::<&String>::new(), "what the document lacks");
    assert_eq!(named.difference(&there).collect::<Vec<_>>(), BY_EVENT, "what the program lacks");
}

#[actix_web::test]
async fn a_failure_is_counted_by_step_and_cause_and_a_login_by_the_time_of_its_calls() {
    let broker = TestBroker::builder(LOCAL).with_standard("acme").build().await;
    Browser::new(&broker).log_in("acme", "ana").await;
    broker.rewrite("acme", &STANDARD.replace("$.id", "$.number"));
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;
    browser.get(&browser.way_back("acme", &begun.state, "bia")).await;

    let metrics = metrics(&broker).await;

    for (series, count) in [
        ("portaria_logins_total{store=\"main\",provider=\"acme\",outcome=\"welcome\"}", 1.0),
        ("portaria_logins_failed_total{store=\"main\",provider=\"acme\",step=\"identity\"}", 1.0),
        ("portaria_logins_failed_total{store=\"main\",provider=\"acme\",step=\"callback\"}", 0.0),
        ("portaria_login_failures_total{store=\"main\",provider=\"acme\",step=\"identity\",cause=\"missingId\"}", 1.0),
        ("portaria_step_seconds_count{provider=\"acme\",step=\"getUserInfo\"}", 2.0),
        ("portaria_sessions_begun_total{store=\"main\"}", 1.0),
    ] {
        assert!((value(&metrics, series) - count).abs() < f64::EPSILON, "{series}: {metrics}");
    }
    broker.assert_silent(&broker.ask(ClientRequest::get("/metrics")).await);
}

#[actix_web::test]
async fn the_end_of_a_session_is_counted_with_its_reason() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    browser.log_in("acme", "ana").await;

    browser.ask(ClientRequest::form("/logout", "").with("origin", "http://localhost:8080")).await;

    let metrics = metrics(&broker).await;
    for (reason, count) in [("replaced", 1.0), ("logout", 1.0), ("account", 0.0)] {
        let series = format!("portaria_sessions_ended_total{{store=\"main\",reason=\"{reason}\"}}");
        assert!((value(&metrics, &series) - count).abs() < f64::EPSILON, "{series}: {metrics}");
    }
}

#[actix_web::test]
async fn what_a_limit_refuses_is_counted_by_the_limit_alone() {
    let settings = LOCAL.replace("limits: off", "limits: { login: 1 }");
    let broker = TestBroker::builder(&settings).with("acme", STANDARD).build().await;
    for _ in 0..4 {
        broker.ask(ClientRequest::get("/login/acme").from("198.51.100.7")).await;
    }

    let metrics = metrics(&broker).await;

    assert!((value(&metrics, "portaria_limited_total{limit=\"login\"}") - 2.0).abs() < f64::EPSILON, "{metrics}");
    assert!(!metrics.contains("198.51.100.7"));
}

//! The home of the lab: how logins go, and what fails, by provider and cause.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::lab::keep;
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker};
use portaria::counts::{CountedAt, LoginCount};
use portaria::story::Story;
use portaria::story::proposal::{FileChange, Proposal};
use portaria::world::clock;

const ACME: CountedAt<'_> = CountedAt { store: "main", provider: "acme", variant: "" };

async fn home(broker: &TestBroker, query: &str) -> String {
    let page = broker.ask(ClientRequest::get(&format!("/lab?lang=en{query}"))).await;
    assert_eq!(page.status, 200, "{page:?}");
    page.body
}

#[actix_web::test]
async fn a_fresh_checkout_says_what_to_do_first() {
    let empty = TestBroker::builder(LOCAL).build().await;
    let page = home(&empty, "").await;
    assert!(page.contains("Nobody has signed in yet") && page.contains("portaria new acme"), "{page}");

    let broker = TestBroker::builder(LOCAL).with_standard("acme").build().await;
    let page = home(&broker, "").await;
    assert!(page.contains("href=\"/lab/acme\">Run a test login") && page.contains("Not used in this time"), "{page}");
}

#[actix_web::test]
async fn failures_are_grouped_by_provider_and_cause_and_lead_to_an_incident() {
    let broker = TestBroker::builder(LOCAL).with_standard("acme").build().await;
    let failed = |code: &str, step: &str| Story {
        provider: "acme".to_owned(),
        code: Some(code.to_owned()),
        step: (!step.is_empty()).then(|| step.to_owned()),
        line: Some(8),
        ..Story::default()
    };
    let change = Some(FileChange { line: 8, removed: Vec::new(), added: vec!["x".to_owned()] });
    let proposal = Proposal { title: "x".to_owned(), because: String::new(), about: Vec::new(), sentence: String::new(), change };
    keep(&broker, "K7Q-2MD", "main", &Story { proposals: vec![proposal], ..failed("missingFact", "getUserInfo") }).await;
    keep(&broker, "K7Q-2MF", "main", &failed("missingFact", "getUserInfo")).await;
    keep(&broker, "K7Q-2MH", "main", &failed("lost", "")).await;
    keep(&broker, "K7Q-2MJ", "main", &Story { by_provider: true, ..failed("invalid_client", "getAccessCode") }).await;
    let now = clock::now();
    for (count, step, cause) in [(14, "getUserInfo", "missingFact"), (6, "callback", "lost"), (5, "getAccessCode", "invalid_client")] {
        (0..count).for_each(|_| broker.app.counts.count(ACME, LoginCount::Failed { step, cause }, now));
    }
    (0..75).for_each(|_| broker.app.counts.count(ACME, LoginCount::SignedIn, now));
    broker.app.counts.count(ACME, LoginCount::Cancelled, now);
    (0..3).for_each(|_| broker.app.counts.count(ACME, LoginCount::Began, now - 1800));

    let page = home(&broker, "").await;

    for part in [
        "<b>75%</b>",
        "75 of 100 that were not cancelled",
        "3 stayed on the page of Clube Acme",
        "answered, but what the next step needs is not where the file looks for it",
        "href=\"/lab/incidents/K7Q-2MD\"",
        "Change ready",
        "href=\"/lab/incidents/K7Q-2MH\"",
        "How to advise",
        "Clube Acme answered with the error invalid_client",
        "line 8",
        "3 of 3 did not come back",
        "Failing now",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(
        page.matches("answered, but what the next step needs is not where the file looks for it").count(),
        1,
        "one row for a cause: {page}"
    );
    for period in ["1h", "24h", "7d"] {
        assert!(home(&broker, &format!("&t={period}")).await.contains("<b>75%</b>"), "{period}");
    }
    assert!(home(&broker, "&t=nonsense").await.contains("Last 24 hours"));
}

#[actix_web::test]
async fn a_broken_file_is_shown_with_its_first_complaint_and_no_secret() {
    let broker = TestBroker::builder(LOCAL)
        .with("broken", "name: Broken\nclientSecret: hunter2\nraed: {}\n")
        .with("waiting", &STANDARD.replace("clientId: loja-42", "clientId: env:WAITING_NEVER_SET"))
        .build()
        .await;

    let page = home(&broker, "").await;

    assert!(page.contains("Files with mistakes") && page.contains("line 2:") && page.contains("1 dormant"), "{page}");
    assert!(!page.contains("hunter2") && page.contains("No provider can be used yet"), "{page}");
}

#[actix_web::test]
async fn what_a_login_did_is_on_the_page_at_once_and_names_no_person() {
    let broker = TestBroker::open().await;
    Browser::new(&broker).log_in("acme", "ana").await;

    let page = home(&broker, "").await;

    assert!(page.contains("<b>100%</b>") && page.contains("1 of 1 that were not cancelled"), "{page}");
    assert!(!page.contains("ana@") && !page.contains("id-ana"), "{page}");
}

//! What is counted of logins, without a further write for any of them.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::TestBroker;
use portaria::counts::period::{CountSeries, CountedPeriod, LoginNumbers, PeriodCounts};
use portaria::world::clock;

/// The counts of the last hour, as they are stored. Logins that began just now are old enough.
async fn stored(broker: &TestBroker) -> PeriodCounts {
    broker.app.counts.save(&broker.app.directory, clock::now()).await.expect("storage");
    let period = CountedPeriod { now: clock::now() + 1200, part: 300, parts: 12 };
    PeriodCounts::read(&broker.app.directory, "main", period).await.expect("storage")
}

fn totals(numbers: &LoginNumbers) -> [i64; 5] {
    [&numbers.began, &numbers.returned, &numbers.signed_in, &numbers.cancelled, &numbers.failed].map(CountSeries::total)
}

#[actix_web::test]
async fn a_login_is_counted_from_its_beginning_to_its_end_and_nothing_names_a_person() {
    let broker = TestBroker::open().await;
    Browser::new(&broker).log_in("acme", "ana").await;
    let away = Browser::new(&broker);
    away.begin("/login/acme").await;
    let cancels = Browser::new(&broker);
    let begun = cancels.begin("/login/acme").await;
    cancels.get(&format!("/callback/acme?error=access_denied&state={}", begun.state)).await;
    let lost = Browser::new(&broker).get("/callback/acme?code=x&state=y").await;
    assert_eq!(lost.status, 400, "{lost:?}");

    let counts = stored(&broker).await;

    let acme = counts.of_provider("acme");
    assert_eq!((totals(&acme), acme.not_returned()), ([3, 2, 1, 1, 1], 1));
    assert_eq!(acme.took.keys().map(|step| &**step).collect::<Vec<_>>(), ["", "getAccessCode", "getUserInfo"]);
    assert!(acme.p95().is_some());
    let causes: Vec<_> = counts.causes.keys().map(|cause| (&*cause.step, &*cause.code)).collect();
    assert_eq!(causes, [("callback", "lost")]);
    let metrics = broker.ask(ClientRequest::get("/metrics")).await.body;
    for (series, count) in [("began", 3), ("returned", 2)] {
        assert!(metrics.contains(&format!("portaria_logins_{series}_total{{store=\"main\",provider=\"acme\"}} {count}")), "{metrics}");
    }
}

#[actix_web::test]
async fn a_login_that_the_provider_refuses_is_counted_under_its_step_and_code() {
    let broker = TestBroker::builder(crate::web::test_broker::LOCAL).with_standard("acme").build().await;
    broker.rewrite("acme", &crate::web::test_broker::STANDARD.replace("$.id", "$.number"));
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;
    browser.get(&browser.way_back("acme", &begun.state, "ana")).await;

    let counts = stored(&broker).await;

    let causes: Vec<_> =
        counts.causes.iter().map(|(cause, series)| (&*cause.provider, &*cause.step, &*cause.code, series.total())).collect();
    assert_eq!(causes, [("acme", "identity", "missingId", 1)]);
}

//! Tests of what is counted without a storage.

use crate::counts::durations::{DurationCounts, class_of};
use crate::counts::period::PeriodCounts;
use crate::counts::{CountedAt, LoginCount, LoginCounts, MOST_CAUSES, MOST_WAITING};
use crate::directory::login_counts::{CountedLogin, LoginSum};
use std::time::Duration;

const ACME: CountedAt<'_> = CountedAt { store: "main", provider: "acme", variant: "" };

/// The sums that wait to be stored, without their store and provider.
async fn sums(counts: &LoginCounts) -> Vec<(i64, String, i64)> {
    counts.sum_up().await;
    let unsaved = counts.unsaved.lock().await;
    let name = |counted: &CountedLogin| {
        let parts = [&counted.what, &counted.step, &counted.detail].map(|part| &**part);
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    };
    let mut sums: Vec<_> = unsaved.sums.iter().map(|(counted, count)| (counted.slot, name(counted), *count)).collect();
    sums.sort();
    sums
}

#[actix_web::test]
async fn events_of_five_minutes_are_summed_and_a_return_belongs_to_its_beginning() {
    let counts = LoginCounts::default();
    for now in [600, 899, 900] {
        counts.count(ACME, LoginCount::Began, now);
    }
    counts.count(ACME, LoginCount::Returned { began: 899 }, 1300);
    counts.count(ACME, LoginCount::Failed { step: "getUserInfo", cause: "missingFact" }, 1300);
    counts.count(ACME, LoginCount::Took { step: "getUserInfo", took: Duration::from_millis(180) }, 1300);

    let expected = [
        (600, "began", 2),
        (600, "returned", 1),
        (900, "began", 1),
        (1200, "failed getUserInfo missingFact", 1),
        (1200, "took getUserInfo 200", 1),
    ];
    assert_eq!(sums(&counts).await, expected.map(|(slot, name, count)| (slot, name.to_owned(), count)));
}

#[actix_web::test]
async fn codes_of_a_provider_are_told_apart_within_bounds() {
    let counts = LoginCounts::default();
    for code in 0..1000 {
        counts.count(ACME, LoginCount::Failed { step: "callback", cause: &code.to_string() }, 600);
    }
    counts.count(ACME, LoginCount::Failed { step: "callback", cause: &"x".repeat(1000) }, 900);

    let sums = sums(&counts).await;
    assert_eq!(sums.len(), MOST_CAUSES + 2);
    assert_eq!(sums.iter().find(|(slot, name, _)| *slot == 600 && name == "failed callback other").map(|(.., count)| *count), Some(960));
    assert_eq!(sums.last(), Some(&(900, "failed callback other".to_owned(), 1)));
}

#[actix_web::test]
async fn a_queue_that_nobody_sums_stops_growing() {
    let counts = LoginCounts::default();
    for _ in 0..MOST_WAITING + 10 {
        counts.count(ACME, LoginCount::Began, 600);
    }

    assert_eq!(sums(&counts).await, [(600, "began".to_owned(), i64::try_from(MOST_WAITING).unwrap())]);
    counts.count(ACME, LoginCount::Began, 900);
    assert_eq!(sums(&counts).await.len(), 2, "what was summed makes room");
}

#[test]
fn a_percentile_is_the_longest_duration_of_its_class() {
    let mut took = DurationCounts::default();
    for (millis, count) in [(40, 50), (170, 45), (2000, 4), (90_000, 1)] {
        took.add(class_of(Duration::from_millis(millis)), count);
    }

    let said = |of_hundred| took.percentile(of_hundred).map(|said| said.as_millis());
    assert_eq!([said(50), said(95), said(96), said(99), said(100)], [Some(50), Some(200), Some(2400), Some(2400), Some(60_000)]);
    assert_eq!(DurationCounts::default().percentile(95), None);
}

#[test]
fn the_numbers_of_a_period_are_those_of_all_variants_together() {
    let sum = |provider: &str, variant: &str, what: &str, detail: &str, part, count| LoginSum {
        provider: provider.into(),
        variant: variant.into(),
        what: what.into(),
        step: if what == "failed" { "getUserInfo".into() } else { "".into() },
        detail: detail.into(),
        part,
        count,
    };
    let sums = [
        sum("acme", "", "began", "", 0, 20),
        sum("acme", "", "returned", "", 0, 15),
        sum("acme", "", "signedIn", "", 1, 9),
        sum("acme", "next", "signedIn", "", 2, 1),
        sum("acme", "next", "failed", "tooSlow", 2, 2),
        sum("acme", "", "took", "400", 0, 10),
        sum("acme", "next", "took", "800", 0, 1),
        sum("beta", "", "failed", "tooSlow", 0, 3),
        sum("beta", "", "unheardOf", "", 0, 3),
    ];

    let counts = PeriodCounts::from_sums(&sums, 3);

    let acme = counts.of_provider("acme");
    assert_eq!((acme.signed_in.0.clone(), acme.not_returned(), acme.ended()), (vec![0, 9, 1], 5, 12));
    assert_eq!((acme.success_share(), acme.p95().map(|p95| p95.as_millis())), (Some(833), Some(800)));
    assert_eq!(counts.of_store().failed.0, [3, 0, 2]);
    assert_eq!(counts.of_provider("nothing").success_share(), None);
    assert_eq!(counts.causes.len(), 2);
}

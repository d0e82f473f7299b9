//! Counts of logins: many brokers add to them, and the lab reads the sums of a period.

use crate::directory::{at_once, on_both};
use portaria::counts::period::{CountedPeriod, PeriodCounts};
use portaria::counts::{CountedAt, LoginCount, LoginCounts};
use portaria::directory::Directory;
use portaria::directory::login_counts::{AddLoginCounts, CountedLogin};
use portaria::directory::tidy::tidy;
use std::sync::Arc;
use std::time::Duration;

const DAY: i64 = 24 * 3600;

fn counted(slot: i64, what: &str, detail: &str) -> CountedLogin {
    let step = if what == "failed" { "getUserInfo" } else { "" };
    CountedLogin {
        store: "main".into(),
        slot,
        provider: "acme".into(),
        variant: "".into(),
        what: what.into(),
        step: step.into(),
        detail: detail.into(),
    }
}

async fn last_hour(directory: &Directory, now: i64) -> PeriodCounts {
    PeriodCounts::read(directory, "main", CountedPeriod { now, part: 600, parts: 6 }).await.expect("storage")
}

on_both! {
    what_many_brokers_count_at_the_same_time_is_summed_by_provider_and_part: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let adding = (0..20).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move {
                let mut counts = vec![(counted(3000, "signedIn", ""), 2), (counted(3300, "failed", "tooSlow"), 1), (counted(3600, "took", "400"), 3)];
                if at % 3 == 0 {
                    counts.reverse();
                }
                directory.write(AddLoginCounts(counts)).await
            }
        });

        let done = at_once(adding).await;

        assert!(done.iter().all(Result::is_ok));
        let counts = last_hour(&machines[1], 3700).await;
        let acme = counts.of_provider("acme");
        // The hour ends with the slot that has begun: six parts until 3900.
        assert_eq!((acme.signed_in.0, acme.failed.0), (vec![0, 0, 0, 0, 40, 0], vec![0, 0, 0, 0, 0, 20]));
        assert_eq!(acme.took.values().map(|took| took.percentile(95)).collect::<Vec<_>>(), [Some(Duration::from_millis(400))]);
        assert_eq!(counts.causes.iter().map(|(cause, series)| (&*cause.step, &*cause.code, series.total())).collect::<Vec<_>>(), [("getUserInfo", "tooSlow", 20)]);
        let elsewhere = PeriodCounts::read(&machines[0], "other", CountedPeriod { now: 3700, part: 600, parts: 6 }).await.expect("storage");
        assert_eq!(elsewhere, PeriodCounts::default());
    };

    only_logins_that_are_ten_minutes_old_can_have_stayed_away: async |place| {
        let directory = place.machine().await;
        let counts = LoginCounts::default();
        let acme = CountedAt { store: "main", provider: "acme", variant: "next" };
        for (began, comes_back) in [(3000, true), (3001, false), (3500, false)] {
            counts.count(acme, LoginCount::Began, began);
            if comes_back {
                counts.count(acme, LoginCount::Returned { began }, began + 20);
            }
        }
        counts.save(&directory, 3600).await.expect("storage");

        let away = async |now| last_hour(&directory, now).await.of_provider("acme").not_returned();
        assert_eq!((away(3899).await, away(3900).await, away(4199).await, away(4200).await), (0, 1, 1, 2));

        counts.save(&directory, 3600).await.expect("storage");
        assert_eq!(away(4200).await, 2, "what was stored is not stored again");
    };

    counts_of_more_than_eight_days_ago_go: async |place| {
        let directory = place.machine().await;
        directory.write(AddLoginCounts(vec![(counted(0, "signedIn", ""), 1), (counted(DAY, "signedIn", ""), 1)])).await.expect("storage");
        let all = async || PeriodCounts::read(&directory, "main", CountedPeriod { now: 2 * DAY, part: DAY, parts: 3 }).await.expect("storage").of_store().signed_in.total();
        assert_eq!(all().await, 2);

        tidy(&directory, 9 * DAY - 300, 0).await.expect("storage");

        assert_eq!(all().await, 1);
    };
}

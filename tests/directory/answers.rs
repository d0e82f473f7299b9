//! What providers' answers are like is counted by many brokers, and all of them know the whole.

use crate::directory::{at_once, on_both};
use portaria::directory::Directory;
use portaria::directory::tallies::{AddTallies, ListDriftWarnings, ReadTallies, SaveDriftWarnings, StoredDriftWarning, Tally, TallyCursor};
use portaria::directory::tidy::tidy;
use std::sync::Arc;

fn tally(what: &str, kind: &str, found: i64, missed: i64) -> Tally {
    Tally { store: "main".into(), provider: "acme".into(), step: "getUserInfo".into(), what: what.into(), kind: kind.into(), found, missed }
}

fn warned(what: &str, warning: Option<&str>) -> StoredDriftWarning {
    StoredDriftWarning {
        store: "main".into(),
        provider: "acme".into(),
        step: "getUserInfo".into(),
        what: what.into(),
        since: 100,
        warning: warning.map(str::to_owned),
        is_forgotten: warning.is_none(),
    }
}

async fn all(directory: &Directory, since: i64) -> Vec<Tally> {
    directory.read(ReadTallies(TallyCursor::at(since))).await.expect("storage").0
}

on_both! {
    what_many_brokers_add_at_the_same_time_is_added_up: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let adding = (0..20).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move {
                let tallies = if at % 3 == 0 { vec![tally("a", "", 3, 1), tally("b", "text", 2, 0)] } else { vec![tally("b", "text", 2, 0), tally("a", "", 3, 1)] };
                directory.write(AddTallies { tallies, now: 100 }).await
            }
        });

        let done = at_once(adding).await;

        assert!(done.iter().all(Result::is_ok));
        assert_eq!(all(&machines[0], 0).await, [tally("a", "", 60, 20), tally("b", "text", 40, 0)]);
        assert!(all(&machines[1], 101).await.is_empty());
    };

    what_was_counted_long_ago_fades_and_what_nobody_counts_any_more_goes: async |place| {
        let directory = place.machine().await;
        let add = async |what: &str, found, missed, now| directory.write(AddTallies { tallies: vec![tally(what, "", found, missed)], now }).await;

        for _ in 0..3 {
            add("a", 12_000, 100, 100).await.expect("storage");
        }
        add("b", 1, 0, 10_000_000).await.expect("storage");
        assert_eq!(all(&directory, 0).await, [tally("a", "", 24_000, 200), tally("b", "", 1, 0)]);

        tidy(&directory, 10_000_000, 0).await.expect("storage");
        assert_eq!(all(&directory, 0).await, [tally("b", "", 1, 0)]);
    };

    many_numbers_are_read_in_pieces: async |place| {
        let directory = place.machine().await;
        for part in 0..26 {
            let tallies = (0..200).map(|at| tally(&format!("{part:02}-{at:03}"), "", 1, 0)).collect();
            directory.write(AddTallies { tallies, now: 100 }).await.expect("storage");
        }

        let (first, more) = directory.read(ReadTallies(TallyCursor::at(0))).await.expect("storage");
        let (rest, end) = directory.read(ReadTallies(more.expect("there are more"))).await.expect("storage");

        assert_eq!((first.len(), rest.len(), end), (5000, 200, None));
    };

    warnings_are_shared_until_they_are_over: async |place| {
        let (directory, other) = (place.machine().await, place.machine().await);
        directory.write(AddTallies { tallies: vec![tally("a", "", 3, 1), tally("b", "", 3, 1)], now: 100 }).await.expect("storage");

        directory.write(SaveDriftWarnings(vec![warned("a", Some("{}")), warned("b", Some("{}"))])).await.expect("storage");
        other.write(SaveDriftWarnings(vec![warned("a", Some("later"))])).await.expect("storage");
        let kept = other.read(ListDriftWarnings).await.expect("storage");
        assert_eq!(kept.iter().map(|one| (&*one.what, one.warning.as_deref())).collect::<Vec<_>>(), [("a", Some("{}")), ("b", Some("{}"))]);

        other.write(SaveDriftWarnings(vec![warned("a", None)])).await.expect("storage");
        assert_eq!(directory.read(ListDriftWarnings).await.expect("storage").len(), 1);
        assert_eq!(all(&directory, 0).await, [tally("b", "", 3, 1)], "what is expected anew is forgotten");
    };
}

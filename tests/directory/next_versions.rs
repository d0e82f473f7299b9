//! What is counted of the next versions of provider files: many brokers add to it, and all of them know the whole.

use crate::directory::{at_once, on_both};
use portaria::directory::Directory;
use portaria::directory::next_versions::{
    AddNextCounts, FoundNextVersions, NextCount, NextReturn, NextVersionKey, ReadNextVersions, RecordNextReturn,
};
use portaria::directory::tidy::tidy;
use std::sync::Arc;

fn version(provider: &str) -> NextVersionKey {
    NextVersionKey { store: "main".into(), provider: provider.into(), version: "v2".into() }
}

fn count(what: &str, count: i64, story: &str) -> NextCount {
    NextCount { of: version("acme"), what: what.into(), count, story: story.into() }
}

async fn all(directory: &Directory) -> (Vec<NextCount>, Vec<NextReturn>) {
    let found = directory.read(ReadNextVersions { of: vec![version("acme")], changed_since: None }).await.expect("storage");
    (found.counts, found.returns)
}

async fn changed_since(directory: &Directory, since: i64) -> FoundNextVersions {
    directory.read(ReadNextVersions { of: Vec::new(), changed_since: Some(since) }).await.expect("storage")
}

on_both! {
    what_many_brokers_compare_at_the_same_time_is_added_up: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let adding = (0..20).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move {
                let counts = if at % 3 == 0 { vec![count("matched", 3, ""), count("id differs", 1, "s")] } else { vec![count("id differs", 1, "s"), count("matched", 3, "")] };
                directory.write(AddNextCounts { counts, now: 100 }).await
            }
        });

        assert!(at_once(adding).await.iter().all(Result::is_ok));

        assert_eq!(all(&machines[0]).await.0, [count("id differs", 20, "s"), count("matched", 60, "")]);
    };

    the_latest_story_stays_and_a_count_without_one_keeps_it: async |place| {
        let directory = place.machine().await;

        for (story, now) in [("first", 100), ("second", 101), ("", 102)] {
            directory.write(AddNextCounts { counts: vec![count("id differs", 1, story)], now }).await.expect("storage");
        }

        assert_eq!(all(&directory).await.0, [count("id differs", 3, "second")]);
    };

    what_has_changed_is_read_whatever_else_there_is: async |place| {
        let directory = place.machine().await;
        let count_of = |provider: String, what: &str| NextCount { of: version(&provider), what: what.into(), count: 1, story: "".into() };
        for part in 0..10 {
            let counts = (0..250).flat_map(|at| ["matched", "same id"].map(|what| count_of(format!("p{part}-{at}"), what))).collect();
            directory.write(AddNextCounts { counts, now: 100 + part }).await.expect("storage");
        }
        directory.write(RecordNextReturn(NextReturn { of: version("p3-3"), at: 103 })).await.expect("storage");

        let later = changed_since(&directory, 109).await;
        assert_eq!((later.counts.len(), later.returns.len()), (500, 0));
        assert!(later.counts.iter().all(|count| count.of.provider.starts_with("p9-")));
        let everything = changed_since(&directory, 100).await;
        assert_eq!((everything.counts.len(), everything.returns.len()), (5000, 1), "in pages");
        let mut words: Vec<_> = everything.counts.iter().map(|count| (count.of.clone(), count.what.clone())).collect();
        words.sort();
        words.dedup();
        assert_eq!(words.len(), 5000, "each once");
        assert_eq!(changed_since(&directory, 110).await, FoundNextVersions::default());
        let one = ReadNextVersions { of: vec![version("p3-3")], changed_since: None };
        let one = directory.read(one).await.expect("storage");
        assert_eq!((one.counts.len(), one.returns.len()), (2, 1));
    };

    the_first_broker_decides_when_a_version_was_taken_back: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let taking = (0..10).map(|at| {
            let directory = Arc::clone(&machines[usize::try_from(at % 2).expect("0 or 1")]);
            async move { directory.write(RecordNextReturn(NextReturn { of: version("acme"), at: 100 + at })).await.expect("storage") }
        });

        let first = at_once(taking).await.into_iter().filter(|is_first| *is_first).count();

        let (_, returns) = all(&machines[0]).await;
        assert_eq!((first, returns.len(), returns[0].of.clone()), (1, 1, version("acme")));
    };

    what_was_counted_is_kept_for_more_than_a_year: async |place| {
        let directory = place.machine().await;
        let day = 24 * 3600;
        directory.write(AddNextCounts { counts: vec![count("id differs", 1, "")], now: day }).await.expect("storage");
        directory.write(RecordNextReturn(NextReturn { of: version("acme"), at: day })).await.expect("storage");

        tidy(&directory, 400 * day, 0).await.expect("storage");
        assert_eq!(all(&directory).await.0.len(), 1);
        tidy(&directory, 402 * day, 0).await.expect("storage");
        assert_eq!(all(&directory).await, (Vec::new(), Vec::new()));
    };
}

//! The outbox of store events: what is queued, in which order it is taken, and by whom.

use crate::directory::{Place, arrival, at_once, comes, email, identity, on_both, proven, uid};
use portaria::directory::Directory;
use portaria::directory::audit::{AuditActor, AuditEvent, AuditEventKind, RecordAuditEvent};
use portaria::directory::sessions::EndAllSessions;
use portaria::directory::store_event_delivery::{
    DelayedStoreEvent, FinishStoreEvents, GiveUpStoreEvents, HasDueStoreEvents, KEPT, LEASE, ListStoreEvents, ReadStoreEventStatus,
    RetryStoreEvents, StoreEvent, TakeStoreEvents,
};
use portaria::directory::store_events::{REFUSALS_A_MINUTE, StoreEventKind};
use portaria::directory::users::{BlockUser, EraseUser};
use portaria::provider::identity::IdentityEmail;
use std::collections::BTreeMap;
use std::sync::Arc;

const EVERY: [StoreEventKind; 9] = [
    StoreEventKind::SignIn,
    StoreEventKind::Refusal,
    StoreEventKind::Link,
    StoreEventKind::Unlink,
    StoreEventKind::EmailChange,
    StoreEventKind::SignOut,
    StoreEventKind::Block,
    StoreEventKind::Unblock,
    StoreEventKind::Erase,
];

/// A machine whose main store wants all events.
async fn machine(place: &Place) -> Arc<Directory> {
    let directory = place.machine().await;
    directory.set_wanted_store_events([("main".into(), EVERY.to_vec())].into());
    directory
}

async fn waiting(directory: &Directory) -> Vec<StoreEvent> {
    directory.read(ListStoreEvents { store: "main".into(), most: 1000 }).await.expect("storage is there")
}

async fn take(directory: &Directory, holder: &str, now: i64) -> Vec<StoreEvent> {
    let take = TakeStoreEvents { store: "main".into(), holder: holder.into(), now, limit: 100 };
    directory.write(take).await.expect("storage is there").events
}

fn finished(holder: &str, gone: Vec<i64>) -> FinishStoreEvents {
    FinishStoreEvents {
        store: "main".into(),
        holder: holder.into(),
        gone,
        delayed: Vec::new(),
        failures: (0, 0),
        paused: 0,
        failure: None,
        now: 100,
    }
}

async fn accept(directory: &Directory, holder: &str, events: &[StoreEvent]) {
    let gone = events.iter().map(|event| event.number).collect();
    directory.write(finished(holder, gone)).await.expect("storage is there");
}

async fn block(directory: &Directory, uid: &str, blocked: bool) {
    let block = BlockUser { store: "main".into(), uid: uid.into(), blocked, now: 100 };
    directory.write(block).await.expect("storage is there");
}

fn later(event: &StoreEvent, due: i64) -> DelayedStoreEvent {
    DelayedStoreEvent::of(event, due)
}

fn kinds(events: &[StoreEvent]) -> Vec<AuditEventKind> {
    events.iter().map(|event| event.what).collect()
}

on_both! {
    an_event_is_queued_with_what_it_reports_and_only_if_it_is_wanted: async |place| {
        let directory = machine(&place).await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;

        let queued = waiting(&directory).await;
        directory.set_wanted_store_events([("main".into(), vec![StoreEventKind::Erase])].into());
        uid(&directory, &proven("acme", "1", "ana"), "2").await;
        directory.set_wanted_store_events(BTreeMap::new());
        uid(&directory, &proven("acme", "1", "ana"), "3").await;

        assert_eq!(waiting(&directory).await, queued);
        let [event] = &*queued else { panic!("{queued:?}") };
        assert_eq!((event.what, event.at, event.tries, event.left_out), (AuditEventKind::Login, 100, 0, 0));
        assert_eq!(event.uid, Some(ana));
        assert_eq!(event.email, Some((email("ana").key().into(), true)));
        let texts = [&event.provider, &event.identity, &event.reason].map(Option::as_deref);
        assert_eq!(texts, [Some("acme"), Some("1"), Some("new")]);
    };

    a_refused_sign_in_of_no_known_person_is_queued_by_itself: async |place| {
        let directory = machine(&place).await;
        for sid in ["1", "2"] {
            let nameless = identity("acme", "9", IdentityEmail::Ask(None));
            assert!(comes(&directory, &nameless, sid).await.is_err());
        }

        let taken = take(&directory, "a", 100).await;

        assert_eq!(kinds(&taken), [AuditEventKind::Refused; 2], "neither waits for the other");
        assert!(taken.iter().all(|event| event.uid.is_none() && event.email.is_none() && event.identity.as_deref() == Some("9")));
    };

    of_each_person_the_oldest_event_is_taken_and_the_next_when_it_has_gone: async |place| {
        let directory = machine(&place).await;
        let (ana, bia) = (proven("acme", "1", "ana"), proven("acme", "2", "bia"));
        let anas = uid(&directory, &ana, "1").await;
        uid(&directory, &bia, "2").await;
        block(&directory, &anas, true).await;
        block(&directory, &anas, false).await;

        let first = take(&directory, "a", 100).await;
        assert_eq!(kinds(&first), [AuditEventKind::Login; 2]);
        assert_eq!(take(&directory, "a", 101).await, first, "what was not finished is taken again by the same broker");
        // One was accepted; that of Ana is tried again.
        let [of_ana, of_bia] = &*first else { panic!("{first:?}") };
        let delayed = vec![later(of_ana, 140)];
        directory.write(FinishStoreEvents { delayed, ..finished("a", vec![of_bia.number]) }).await.expect("storage is there");

        assert_eq!(take(&directory, "a", 139).await, []);
        let second = take(&directory, "a", 140).await;
        assert_eq!((kinds(&second), second[0].tries), (vec![AuditEventKind::Login], 1));
        accept(&directory, "a", &second).await;
        let third = take(&directory, "a", 141).await;
        assert_eq!(kinds(&third), [AuditEventKind::Blocked]);
        accept(&directory, "a", &third).await;
        assert_eq!(kinds(&take(&directory, "a", 142).await), [AuditEventKind::Unblocked]);
    };

    one_broker_has_the_events_of_a_store_until_its_lease_ends: async |place| {
        let (here, there) = (machine(&place).await, machine(&place).await);
        uid(&here, &proven("acme", "1", "ana"), "1").await;
        let asks = |holder: &str, now| HasDueStoreEvents { store: "main".into(), holder: holder.into(), now };

        let taken = take(&here, "a", 100).await;

        assert_eq!((taken.len(), take(&there, "b", 100 + LEASE - 1).await.len()), (1, 0));
        assert_eq!((here.read(asks("a", 101)).await, there.read(asks("b", 101)).await), (Ok(true), Ok(false)));
        assert_eq!(take(&there, "b", 100 + LEASE).await, taken, "a broker that is gone is followed by another");
        assert_eq!(take(&here, "a", 101 + LEASE).await, [], "which now has them");
        accept(&there, "b", &taken).await;
        assert_eq!(there.read(asks("b", 1000)).await, Ok(false));
    };

    a_receiver_that_takes_nothing_is_left_alone_and_gets_all_when_it_is_back: async |place| {
        let directory = machine(&place).await;
        for person in ["1", "2", "3", "4", "5", "6"] {
            uid(&directory, &proven("acme", person, &format!("p{person}")), person).await;
        }
        let first = take(&directory, "a", 100).await;
        let delayed = first.iter().map(|event| later(event, 10_000)).collect();
        let failed = FinishStoreEvents { delayed, failures: (2, 3), paused: 130, failure: Some("gone".to_owned()), ..finished("a", vec![]) };
        directory.write(failed).await.expect("storage is there");
        uid(&directory, &proven("acme", "7", "p7"), "7").await;

        assert_eq!(take(&directory, "a", 129).await, [], "it is left alone");
        let status = directory.read(ReadStoreEventStatus { store: "main".into() }).await.expect("storage is there");
        assert_eq!((status.waiting, status.oldest, status.failures, status.paused, status.failure.as_deref()), (7, 100, 3, 130, Some("gone")));
        let tried = take(&directory, "a", 130).await;
        assert_eq!(tried.len(), 1, "the one that was not tried yet");
        let back = FinishStoreEvents { failures: (3, 0), now: 131, ..finished("a", vec![tried[0].number]) };
        directory.write(back).await.expect("storage is there");

        assert_eq!(take(&directory, "a", 131).await.len(), 6, "none waits any longer");
        let again = FinishStoreEvents { delayed: vec![later(&first[0], 20_000)], paused: 300, ..finished("a", vec![]) };
        directory.write(again).await.expect("storage is there");
        assert_eq!(directory.write(RetryStoreEvents { store: "main".into(), now: 132 }).await, Ok(1));
        assert_eq!(take(&directory, "a", 132).await.len(), 6);
    };

    /// Attack G-06
    nothing_but_ids_is_left_to_be_sent_of_a_person_who_is_erased: async |place| {
        let directory = machine(&place).await;
        let ana = uid(&directory, &proven("acme", "id-at-acme", "ana"), "1").await;
        uid(&directory, &proven("acme", "2", "bia"), "2").await;
        block(&directory, &ana, true).await;
        let erase = EraseUser { store: "main".into(), uid: ana.clone(), by: AuditActor::Support, now: 110 };
        assert_eq!(directory.write(erase).await, Ok(true));
        // What comes too late names no person and is not sent.
        let late = AuditEvent::new(111, "main", AuditEventKind::Logout).for_user(&ana);
        directory.write(RecordAuditEvent(late)).await.expect("storage is there");

        let queued = waiting(&directory).await;

        let of_ana: Vec<&StoreEvent> = queued.iter().filter(|event| event.uid.as_ref() == Some(&ana)).collect();
        let kinds: Vec<AuditEventKind> = of_ana.iter().map(|event| event.what).collect();
        assert_eq!(kinds, [AuditEventKind::Login, AuditEventKind::Blocked, AuditEventKind::Erased]);
        assert!(of_ana.iter().all(|event| event.email.is_none() && event.identity.is_none()), "{of_ana:?}");
        assert_eq!(queued.len(), 4, "{queued:?}");
        assert!(queued.iter().any(|event| event.email.is_some()), "another person is not touched");
    };

    /// Attack G-04
    refusals_fill_the_outbox_no_faster_than_they_may_and_the_rest_is_counted: async |place| {
        let directory = machine(&place).await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;
        block(&directory, &ana, true).await;
        let refused = i64::from(REFUSALS_A_MINUTE) + 50;
        for _ in 0..refused {
            let event = AuditEvent::new(130, "main", AuditEventKind::Refused).for_user(&ana);
            directory.write(RecordAuditEvent(event)).await.expect("storage is there");
        }

        let queued = waiting(&directory).await;
        let refusals: Vec<&StoreEvent> = queued.iter().filter(|event| event.what == AuditEventKind::Refused).collect();

        assert_eq!(refusals.len(), usize::try_from(REFUSALS_A_MINUTE).expect("a number") + 1);
        let sums: Vec<_> = refusals.iter().filter(|event| event.left_out > 0).collect();
        assert_eq!((sums.len(), sums[0].left_out, &sums[0].uid, sums[0].at), (1, 50, &None, 180));
        assert!(sums[0].due > 180, "it is sent when the minute is over");
    };

    refusals_that_several_machines_sum_are_each_counted_once: async |place| {
        let mut machines = Vec::new();
        for _ in 0..4 {
            machines.push(machine(&place).await);
        }
        let doing = machines.iter().cloned().map(|directory| async move {
            for _ in 0..REFUSALS_A_MINUTE + 25 {
                let event = AuditEvent::new(130, "main", AuditEventKind::Refused);
                directory.write(RecordAuditEvent(event)).await.expect("storage is there");
            }
        });

        at_once(doing).await;

        assert_eq!(waiting(&machines[0]).await.iter().map(|event| event.left_out).sum::<i64>(), 100);
    };

    those_who_wait_longest_and_those_who_came_last_are_taken_in_equal_parts: async |place| {
        let directory = machine(&place).await;
        for at in 0..20_i64 {
            let event = AuditEvent::new(100 + at, "main", AuditEventKind::Refused);
            directory.write(RecordAuditEvent(event)).await.expect("storage is there");
        }
        let take = |limit| TakeStoreEvents { store: "main".into(), holder: "a".into(), now: 200, limit };
        let times = |events: Vec<StoreEvent>| {
            let mut times: Vec<i64> = events.iter().map(|event| event.at).collect();
            times.sort_unstable();
            times
        };

        let few = directory.write(take(6)).await.expect("storage is there").events;
        let all = directory.write(take(30)).await.expect("storage is there").events;

        assert_eq!(times(few), [100, 101, 102, 117, 118, 119]);
        assert_eq!(times(all), (100..120).collect::<Vec<_>>(), "each is taken once");
    };

    an_event_whose_time_is_over_is_given_up_and_counted_also_if_it_was_never_tried: async |place| {
        let directory = machine(&place).await;
        uid(&directory, &proven("acme", "1", "ana"), "1").await;

        let early = directory.write(GiveUpStoreEvents { now: 100 + KEPT - 1 }).await.expect("storage is there");
        let over = directory.write(GiveUpStoreEvents { now: 100 + KEPT }).await.expect("storage is there");

        assert_eq!((early, over), (BTreeMap::new(), [("main".into(), 1)].into()));
        assert!(waiting(&directory).await.is_empty());
    };

    events_of_a_person_are_in_order_however_many_machines_write_them: async |place| {
        let mut machines = Vec::new();
        for _ in 0..4 {
            machines.push(machine(&place).await);
        }
        let ana = proven("acme", "1", "ana");
        let anas = uid(&machines[0], &ana, "first").await;
        let doing = machines.iter().cloned().enumerate().map(|(at, directory)| {
            let (ana, anas) = (ana.clone(), anas.clone());
            async move {
                for round in 0..10 {
                    let sid = format!("{at}-{round}");
                    let _ = directory.write(arrival("main", &ana, &sid)).await.expect("storage is there");
                    let end = EndAllSessions { store: "main".into(), uid: anas.clone(), except: None, by: AuditActor::Support, now: 100 };
                    directory.write(end).await.expect("storage is there");
                }
            }
        });

        at_once(doing).await;

        let mut received = Vec::new();
        loop {
            let taken = take(&machines[0], "a", 100).await;
            let [event] = &*taken else { break };
            received.push(event.number);
            accept(&machines[0], "a", &taken).await;
        }
        assert_eq!(received.len(), 81);
        assert!(received.is_sorted());
    };
}

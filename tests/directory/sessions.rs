//! Sessions that end before their time, and everybody hears of it.

use crate::directory::{Place, arrival, at_once, comes, on_both, proven, uid};
use portaria::directory::Directory;
use portaria::directory::audit::{AuditActor, AuditEvent, AuditEventKind, ListUserAuditEvents, RecordAuditEvent};
use portaria::directory::export::ExportUser;
use portaria::directory::identity_links::{LinkIdentity, UnlinkIdentity, UnlinkOutcome};
use portaria::directory::incidents::{SaveIncident, StoredIncident};
use portaria::directory::sessions::{
    EndAllSessions, EndSession, EndedSessionCursor, FindIdToken, KeepIdToken, ListEndedSessions, ReadGenerations,
};
use portaria::directory::tidy::tidy;
use portaria::directory::users::{BlockUser, EraseUser, ListActiveSessions};
use std::collections::BTreeSet;
use std::sync::Arc;

fn ends(sid: &str, latest: i64) -> EndSession {
    EndSession { sid: sid.into(), uid: "nobody".into(), latest, again: false, event: AuditEvent::new(100, "main", AuditEventKind::Logout) }
}

async fn ended(directory: &Directory, after: &EndedSessionCursor) -> (Vec<String>, EndedSessionCursor) {
    let (ends, cursor, _) = directory.read(ListEndedSessions(after.clone())).await.expect("storage");
    (ends.iter().map(|(sid, _)| sid.to_string()).collect(), cursor)
}

on_both! {
    ended_sessions_are_numbered_and_told_until_they_would_be_over_anyway: async |place| {
        let directory = place.machine().await;
        uid(&directory, &proven("acme", "1", "ana"), "old").await;

        let again = portaria::directory::sign_in::SignIn { instead_of: Some(("old".into(), 500)), ..arrival("main", &proven("acme", "1", "ana"), "new") };
        directory.write(again).await.expect("storage").expect("signed in");
        directory.write(ends("new", 1000)).await.expect("storage");

        let (sids, cursor) = ended(&directory, &EndedSessionCursor::default()).await;
        assert_eq!(sids, ["old", "new"]);
        assert_eq!(ended(&directory, &cursor).await.0, Vec::<String>::new());
        assert_eq!(directory.read(ReadGenerations).await.expect("storage").ends, cursor.number);
        tidy(&directory, 87_000, 0).await.expect("storage");
        assert_eq!(ended(&directory, &EndedSessionCursor::default()).await.0, ["new"]);
    };

    the_sealed_id_token_of_a_session_moves_with_it_and_goes_with_it: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "a").await;
        let find = async |sid: &str| directory.read(FindIdToken { sid: sid.into() }).await.expect("storage");
        directory.write(KeepIdToken { sid: "a".into(), sealed: "sealed".to_owned() }).await.expect("storage");
        assert_eq!((find("a").await.as_deref(), find("b").await), (Some("sealed"), None));

        let (sid, new_sid) = ("a".into(), "b".into());
        let link = LinkIdentity { store: "main".into(), uid: ana, identity: proven("beta", "2", "ana"), version: "v1".into(), sid, new_sid, now: 100 };
        directory.write(link).await.expect("storage").expect("linked");
        assert_eq!((find("a").await, find("b").await.as_deref()), (None, Some("sealed")));

        directory.write(ends("b", 1000)).await.expect("storage");
        assert_eq!(find("b").await, None);
    };

    signing_out_everywhere_ends_all_sessions_but_the_one_that_asks: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "a").await;
        for sid in ["b", "c"] {
            uid(&directory, &proven("acme", "1", "ana"), sid).await;
        }
        uid(&directory, &proven("acme", "2", "bia"), "d").await;
        let sign_out = |but: Option<&str>| EndAllSessions { store: "main".into(), uid: ana.clone(), except: but.map(Into::into), by: AuditActor::Person, now: 100 };

        assert_eq!(directory.write(sign_out(Some("b"))).await.expect("storage"), 2);
        assert_eq!(ended(&directory, &EndedSessionCursor::default()).await.0, ["a", "c"]);
        assert_eq!(directory.write(sign_out(None)).await.expect("storage"), 1);
        assert_eq!(directory.write(sign_out(None)).await.expect("storage"), 0);
        assert_eq!(ended(&directory, &EndedSessionCursor::default()).await.0, ["a", "c", "b"]);
    };

    /// Attacks O-08, D-10
    /// Lesson 165
    blocking_unlinking_and_forgetting_end_the_sessions_that_they_should: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "a").await;
        uid(&directory, &proven("beta", "1", "ana"), "b").await;
        let bia = uid(&directory, &proven("acme", "2", "bia"), "c").await;
        let unlink = |provider: &str, even_last| UnlinkIdentity {
            store: "main".into(), uid: ana.clone(), provider: provider.into(), provider_id: None, except: None, by: AuditActor::Person, even_last, now: 100,
        };

        assert_eq!(directory.write(unlink("gama", false)).await.expect("storage"), UnlinkOutcome::NotFound);
        assert_eq!(directory.write(unlink("beta", false)).await.expect("storage"), UnlinkOutcome::Unlinked);
        assert_eq!(ended(&directory, &EndedSessionCursor::default()).await.0, ["b"], "what came through it has ended");
        assert_eq!(directory.write(unlink("acme", false)).await.expect("storage"), UnlinkOutcome::LastIdentity);
        directory.write(BlockUser { store: "main".into(), uid: bia, blocked: true, now: 100 }).await.expect("storage");
        assert_eq!(ended(&directory, &EndedSessionCursor::default()).await.0, ["b", "c"]);
        assert!(directory.write(EraseUser { store: "main".into(), uid: ana.clone(), by: AuditActor::Support, now: 100 }).await.expect("storage"));
        assert_eq!(ended(&directory, &EndedSessionCursor::default()).await.0, ["b", "c", "a"]);
        assert!(directory.read(ListActiveSessions { uid: ana, now: 0 }).await.expect("storage").is_empty());
    };

    nothing_that_ends_is_overlooked_while_many_end_at_once: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let reader = place.machine().await;
        let ends_at = |at: usize| {
            let directory = Arc::clone(&machines[at % 2]);
            async move { directory.write(ends(&format!("s{at}"), 1000)).await.expect("storage") }
        };
        // A person reads on all the time; what was numbered may never appear behind what has been read.
        let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let reading = actix_web::rt::spawn({
            let done = Arc::clone(&done);
            async move {
                let (mut all, mut cursor) = (Vec::new(), EndedSessionCursor::default());
                loop {
                    let last_time = done.load(std::sync::atomic::Ordering::SeqCst);
                    let (sids, read_to) = ended(&reader, &cursor).await;
                    all.extend(sids);
                    cursor = read_to;
                    if last_time {
                        return all;
                    }
                }
            }
        });

        for round in 0..4 {
            at_once((round * 50..(round + 1) * 50).map(ends_at)).await;
        }
        done.store(true, std::sync::atomic::Ordering::SeqCst);
        let sids = reading.await.expect("it ends");

        assert_eq!(sids.len(), 200, "none is told twice");
        assert_eq!(sids.iter().collect::<BTreeSet<_>>().len(), 200, "none is left out");
    };

    a_sign_out_ends_its_session_under_all_of_its_ids_and_no_other_of_the_same_second: async |place| {
        let directory = place.machine().await;
        for (round, presented) in ["a", "b", "c"].into_iter().enumerate() {
            let id = |name: &str| format!("{name}{round}");
            let acme = proven("acme", &round.to_string(), &format!("ana{round}"));
            let ana = uid(&directory, &acme, &id("a")).await;
            uid(&directory, &acme, &id("other")).await;
            for (sid, new_sid) in [("a", "b"), ("b", "c")] {
                let link = LinkIdentity {
                    store: "main".into(), uid: ana.clone(), identity: proven("beta", &id(sid), "outra"), version: "v1".into(),
                    sid: id(sid).into(), new_sid: id(new_sid).into(), now: 100,
                };
                directory.write(link).await.expect("storage").expect("linked");
            }

            let again = presented != "c";
            directory.write(EndSession { uid: ana.clone(), again, ..ends(&id(presented), 1000) }).await.expect("storage");

            let open = directory.read(ListActiveSessions { uid: ana, now: 0 }).await.expect("storage");
            assert_eq!(open.len(), 1, "{presented}: {open:?}");
            let (sids, _) = ended(&directory, &EndedSessionCursor::default()).await;
            assert!(sids.contains(&id("c")) && !sids.contains(&id("other")), "{presented}: {sids:?}");
        }
    };

    a_session_that_is_renamed_while_it_ends_does_not_outlive_its_end: async |place| {
        let machines = [place.machine().await, place.machine().await];
        for round in 0..20 {
            let (id, sid, new_sid) = (round.to_string(), format!("old{round}"), format!("new{round}"));
            let ana = uid(&machines[0], &proven("acme", &id, &format!("ana{id}")), &sid).await;
            let link = LinkIdentity {
                store: "main".into(), uid: ana.clone(), identity: proven("beta", &id, "outra"), version: "v1".into(),
                sid: sid.clone().into(), new_sid: new_sid.clone().into(), now: 100,
            };
            let out = EndSession { uid: ana.clone(), ..ends(&sid, 1000) };
            let (linking, ending) = (Arc::clone(&machines[0]), Arc::clone(&machines[1]));
            let (linked, _) = futures_join(async move { linking.write(link).await }, async move { ending.write(out).await }).await;

            let open = machines[0].read(ListActiveSessions { uid: ana, now: 0 }).await.expect("storage");
            assert!(open.is_empty(), "round {round}: {open:?} is left");
            // Either it was over before, or the end has found it under its new name.
            if linked.expect("storage").is_ok() {
                let (sids, _) = ended(&machines[0], &EndedSessionCursor::default()).await;
                assert!(sids.contains(&new_sid), "round {round}: {sids:?}");
            }
        }
    };

    whoever_was_forgotten_is_not_written_down_again: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;
        directory.write(EraseUser { store: "main".into(), uid: ana.clone(), by: AuditActor::Support, now: 100 }).await.expect("storage");

        let event = AuditEvent::new(100, "main", AuditEventKind::Logout).for_user(&ana);
        directory.write(EndSession { uid: ana.clone(), event, ..ends("1", 1000) }).await.expect("storage");
        directory.write(EndAllSessions { store: "main".into(), uid: ana.clone(), except: None, by: AuditActor::Support, now: 100 }).await.expect("storage");
        let block = BlockUser { store: "main".into(), uid: ana.clone(), blocked: true, now: 100 };
        assert_eq!(directory.write(block).await, Ok(None), "no one is said to be blocked");

        let event = AuditEvent::new(100, "main", AuditEventKind::Refused).for_user(&ana);
        directory.write(RecordAuditEvent(event.clone())).await.expect("storage");
        let incident = StoredIncident { code: "K7Q-2MD".into(), store: "main".into(), at: 100, story: "{}".to_owned() };
        directory.write(SaveIncident { incident, event }).await.expect("storage");
        assert!(directory.write(ExportUser { uid: ana.clone(), by: AuditActor::Support, now: 100 }).await.expect("storage").is_none());

        assert!(directory.read(ListUserAuditEvents { uid: ana, most: 10 }).await.expect("storage").is_empty());
    };

    a_block_wins_against_a_login_at_the_same_moment: async |place| {
        let machines = [place.machine().await, place.machine().await];
        for round in 0..20 {
            let id = round.to_string();
            let ana = uid(&machines[0], &proven("acme", &id, &format!("ana{id}")), &format!("first{id}")).await;
            let (coming, blocking) = (Arc::clone(&machines[0]), Arc::clone(&machines[1]));
            let block = BlockUser { store: "main".into(), uid: ana.clone(), blocked: true, now: 100 };
            let (identity, sid) = (proven("acme", &id, &format!("ana{id}")), format!("second{id}"));
            let (come, _) = futures_join(async move { comes(&coming, &identity, &sid).await }, async move { blocking.write(block).await }).await;

            let open = machines[0].read(ListActiveSessions { uid: ana, now: 0 }).await.expect("storage");
            assert!(open.is_empty(), "round {round}: {come:?} left {open:?}");
        }
    };
}

async fn futures_join<A: 'static, B: 'static>(
    one: impl std::future::Future<Output = A> + 'static,
    other: impl std::future::Future<Output = B> + 'static,
) -> (A, B) {
    let (one, other) = (actix_web::rt::spawn(one), actix_web::rt::spawn(other));
    (one.await.expect("it ends"), other.await.expect("it ends"))
}

/// Where news is told and not only found.
#[test]
fn another_machine_is_told_of_an_end_at_once() {
    crate::directory::on_postgres(async |place: Place| {
        let (here, there) = (place.machine().await, place.machine().await);
        // It takes a moment until there is a listener; until then asking takes its place.
        for attempt in 0.. {
            let waiting = actix_web::rt::spawn({
                let there = Arc::clone(&there);
                async move { tokio::time::timeout(std::time::Duration::from_secs(2), there.wait_for_news()).await.is_ok() }
            });
            here.write(ends(&format!("s{attempt}"), 1000)).await.expect("storage");
            if waiting.await.expect("it ends") {
                return;
            }
            assert!(attempt < 10, "no one is told");
        }
    });
}

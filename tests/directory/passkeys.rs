//! The passkeys of users: added, used and removed, each once and by its own user.

use crate::directory::{Place, arrival, at_once, on_both, proven, uid};
use portaria::directory::Directory;
use portaria::directory::audit::{AuditActor, AuditEventKind, ListUserAuditEvents};
use portaria::directory::export::ExportUser;
use portaria::directory::identity_links::{UnlinkIdentity, UnlinkOutcome};
use portaria::directory::passkeys::{
    AddPasskey, AddPasskeyOutcome, FindPasskey, ListPasskeys, MOST_PASSKEYS, Passkey, PasskeySignInRefusal, RemovePasskey, SignInByPasskey,
    UsedChallenge,
};
use portaria::directory::sessions::{EndedSessionCursor, ListEndedSessions};
use portaria::directory::users::{BlockUser, EraseUser, ListActiveSessions};
use portaria::provider::passkey::identity_by_passkey;
use std::sync::Arc;

fn passkey(id: &str) -> Passkey {
    Passkey {
        id: id.into(),
        public_key: format!("key-of-{id}").into(),
        counter: 0,
        aaguid: "AAAA".into(),
        backup_eligible: true,
        backed_up: false,
        device: None,
        added: 100,
        used: None,
    }
}

fn challenge(name: &str) -> UsedChallenge {
    UsedChallenge { hash: name.into(), until: 400 }
}

async fn adds_in(directory: &Directory, store: &str, (uid, sid): (&str, &str), id: &str) -> AddPasskeyOutcome {
    let challenge = challenge(&format!("new {uid} {sid} {id} {store}"));
    let add = AddPasskey { store: store.into(), uid: uid.into(), sid: sid.into(), challenge, passkey: passkey(id) };
    directory.write(add).await.expect("storage is there")
}

async fn adds(directory: &Directory, of: (&str, &str), id: &str) -> AddPasskeyOutcome {
    adds_in(directory, "main", of, id).await
}

async fn ids(directory: &Directory, uid: &str) -> Vec<Box<str>> {
    directory.read(ListPasskeys(uid.into())).await.expect("storage is there").into_iter().map(|passkey| passkey.id).collect()
}

async fn found(directory: &Directory, store: &str, id: &str) -> Option<(Passkey, Box<str>)> {
    directory.read(FindPasskey { store: store.into(), id: id.into() }).await.expect("storage is there")
}

/// A use of a passkey as it was found, in a session of this id.
fn used(found: &(Passkey, Box<str>), sid: &str, name: &str, counter: i64) -> SignInByPasskey {
    let sign_in = arrival("main", &identity_by_passkey(), sid);
    SignInByPasskey { sign_in, challenge: challenge(name), found: found.clone(), counter, backed_up: true }
}

/// The user who signs in, or why none does.
async fn signs_in(directory: &Directory, by_passkey: SignInByPasskey) -> String {
    match directory.write(by_passkey).await.expect("storage is there") {
        Ok(signed_in) => signed_in.user.uid.into(),
        Err(PasskeySignInRefusal::AlreadyUsed) => "used".to_owned(),
        Err(PasskeySignInRefusal::Removed) => "removed".to_owned(),
        Err(PasskeySignInRefusal::CounterWentBack) => "counter".to_owned(),
        Err(PasskeySignInRefusal::User(refusal)) => refusal.why.word().to_owned(),
    }
}

async fn added_and_used(place: Place) {
    let directory = place.machine().await;
    let ana = uid(&directory, &proven("acme", "1", "ana"), "s1").await;

    assert_eq!(adds(&directory, (&ana, "s1"), "k1").await, AddPasskeyOutcome::Added);
    let k1 = found(&directory, "main", "k1").await.expect("it is there");
    assert_eq!((&k1.0, &k1.1), (&passkey("k1"), &ana));
    assert_eq!(signs_in(&directory, used(&k1, "s2", "c1", 3)).await, *ana);

    let after = found(&directory, "main", "k1").await.expect("it is there").0;
    assert_eq!((after.counter, after.backed_up, after.used), (3, true, Some(100)));
    let sessions = directory.read(ListActiveSessions { uid: ana.clone(), now: 100 }).await.expect("storage is there");
    assert_eq!(sessions.len(), 2);
    let events = directory.read(ListUserAuditEvents { uid: ana, most: 9 }).await.expect("storage is there");
    let kinds: Vec<AuditEventKind> = events.iter().map(|event| event.what).collect();
    assert_eq!(kinds, [AuditEventKind::Login, AuditEventKind::PasskeyAdded, AuditEventKind::Login]);
    assert_eq!(events[0].provider.as_deref(), Some("passkey"));
}

async fn who_may_add(place: Place) {
    let directory = place.machine().await;
    let ana = uid(&directory, &proven("acme", "1", "ana"), "s1").await;
    let eva = uid(&directory, &proven("acme", "2", "eva"), "s2").await;

    assert_eq!(adds(&directory, (&ana, "s2"), "k1").await, AddPasskeyOutcome::SignedOut, "the session of another user");
    assert_eq!(adds(&directory, (&ana, "none"), "k1").await, AddPasskeyOutcome::SignedOut);
    assert_eq!(adds_in(&directory, "atacado", (&ana, "s1"), "k1").await, AddPasskeyOutcome::SignedOut, "another store");
    assert_eq!(adds(&directory, (&ana, "s1"), "k1").await, AddPasskeyOutcome::Added);
    assert_eq!(adds(&directory, (&eva, "s2"), "k1").await, AddPasskeyOutcome::Taken);
    assert_eq!(adds(&directory, (&ana, "s1"), "k1").await, AddPasskeyOutcome::AlreadyUsed, "the same challenge");
    assert_eq!(found(&directory, "main", "k1").await.expect("it is there").1, ana);
    assert!(found(&directory, "atacado", "k1").await.is_none(), "stores are apart");
}

async fn ten_at_most(place: Place) {
    let directory = place.machine().await;
    let ana = uid(&directory, &proven("acme", "1", "ana"), "s1").await;
    let all = (0..MOST_PASSKEYS + 4).map(|number| {
        let (directory, ana) = (Arc::clone(&directory), ana.clone());
        async move { adds(&directory, (&ana, "s1"), &format!("k{number}")).await }
    });

    let outcomes = at_once(all).await;

    assert_eq!(outcomes.iter().filter(|outcome| **outcome == AddPasskeyOutcome::Added).count(), MOST_PASSKEYS, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == AddPasskeyOutcome::TooMany).count(), 4, "{outcomes:?}");
    assert_eq!(ids(&directory, &ana).await.len(), MOST_PASSKEYS);
}

async fn one_use_of_a_challenge(place: Place) {
    let directory = place.machine().await;
    let ana = uid(&directory, &proven("acme", "1", "ana"), "s1").await;
    adds(&directory, (&ana, "s1"), "k1").await;
    let k1 = found(&directory, "main", "k1").await.expect("it is there");
    let all = (0..8).map(|number| {
        let (directory, by_passkey) = (Arc::clone(&directory), used(&k1, &format!("p{number}"), "c1", 0));
        async move { signs_in(&directory, by_passkey).await }
    });

    let outcomes = at_once(all).await;

    assert_eq!(outcomes.iter().filter(|outcome| ***outcome == *ana).count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "used").count(), 7, "{outcomes:?}");
}

async fn counters(place: Place) {
    let directory = place.machine().await;
    let ana = uid(&directory, &proven("acme", "1", "ana"), "s1").await;
    adds(&directory, (&ana, "s1"), "k1").await;
    let k1 = found(&directory, "main", "k1").await.expect("it is there");

    assert_eq!(signs_in(&directory, used(&k1, "s2", "c1", 5)).await, *ana);
    assert_eq!(signs_in(&directory, used(&k1, "s3", "c2", 5)).await, "counter", "another use has counted on since it was found");
    assert_eq!(signs_in(&directory, used(&k1, "s4", "c3", 0)).await, "counter");
    assert_eq!(signs_in(&directory, used(&k1, "s5", "c4", 6)).await, *ana);
}

async fn removed(place: Place) {
    let directory = place.machine().await;
    let ana = uid(&directory, &proven("acme", "1", "ana"), "s1").await;
    let eva = uid(&directory, &proven("acme", "2", "eva"), "s2").await;
    adds(&directory, (&ana, "s1"), "k1").await;
    let k1 = found(&directory, "main", "k1").await.expect("it is there");
    signs_in(&directory, used(&k1, "s3", "c1", 0)).await;
    let remove = |uid: &str| RemovePasskey {
        store: "main".into(),
        uid: uid.into(),
        id: "k1".into(),
        except: Some("s1".into()),
        by: AuditActor::Person,
        now: 200,
    };

    assert!(!directory.write(remove(&eva)).await.expect("storage is there"), "it is not hers");
    assert!(directory.write(remove(&ana)).await.expect("storage is there"));
    assert!(!directory.write(remove(&ana)).await.expect("storage is there"), "it is gone");

    assert_eq!(signs_in(&directory, used(&k1, "s4", "c2", 0)).await, "removed");
    let (ended, _, _) = directory.read(ListEndedSessions(EndedSessionCursor::default())).await.expect("storage is there");
    assert_eq!(ended, [("s3".into(), 1000)], "the session that it opened is over, and no other");
    assert!(ids(&directory, &ana).await.is_empty());
}

async fn blocked_and_erased(place: Place) {
    let directory = place.machine().await;
    let ana = uid(&directory, &proven("acme", "1", "ana"), "s1").await;
    adds(&directory, (&ana, "s1"), "k1").await;
    let k1 = found(&directory, "main", "k1").await.expect("it is there");
    let block = |blocked| BlockUser { store: "main".into(), uid: ana.clone(), blocked, now: 100 };

    directory.write(block(true)).await.expect("storage is there");
    assert_eq!(signs_in(&directory, used(&k1, "s2", "c1", 1)).await, "blocked");
    directory.write(block(false)).await.expect("storage is there");
    let export = directory
        .write(ExportUser { uid: ana.clone(), by: AuditActor::Support, now: 100 })
        .await
        .expect("storage is there")
        .expect("a user");
    assert_eq!(export.passkeys, [passkey("k1")], "a refused use changes nothing");
    directory
        .write(EraseUser { store: "main".into(), uid: ana.clone(), by: AuditActor::Support, now: 100 })
        .await
        .expect("storage is there");

    assert!(found(&directory, "main", "k1").await.is_none());
    assert_eq!(signs_in(&directory, used(&k1, "s3", "c2", 1)).await, "removed");
}

async fn beside_identities(place: Place) {
    let directory = place.machine().await;
    let ana = uid(&directory, &proven("acme", "1", "ana"), "s1").await;
    adds(&directory, (&ana, "s1"), "k1").await;
    let unlink = |even_last| UnlinkIdentity {
        store: "main".into(),
        uid: ana.clone(),
        provider: "acme".into(),
        provider_id: None,
        except: None,
        by: AuditActor::Person,
        even_last,
        now: 100,
    };

    assert_eq!(directory.write(unlink(false)).await.expect("storage is there"), UnlinkOutcome::LastIdentity, "a passkey is no identity");
    assert_eq!(directory.write(unlink(true)).await.expect("storage is there"), UnlinkOutcome::Unlinked);
    assert_eq!(ids(&directory, &ana).await, ["k1".into()], "support may leave the passkey alone");
}

on_both! {
    a_passkey_is_added_and_signs_its_user_in: added_and_used;
    /// Attack W-09
    only_an_open_session_of_the_user_adds_a_passkey_and_each_id_is_one_users: who_may_add;
    a_user_has_ten_passkeys_at_most: ten_at_most;
    /// Attack W-01
    a_challenge_signs_in_once_however_many_use_it: one_use_of_a_challenge;
    /// Attack W-06
    a_counter_that_was_used_only_grows: counters;
    /// Attack W-08
    a_removed_passkey_signs_nobody_in_and_its_sessions_end: removed;
    a_blocked_user_is_refused_and_erasure_takes_the_passkeys: blocked_and_erased;
    a_passkey_does_not_count_as_an_identity: beside_identities;
}

//! Store events: what a store is sent about its people, such as a sign-in or a block. Each is queued in the transaction of what it reports, so
//! none is lost and none is sent of what did not happen. `store_event_delivery.rs` takes them out again.

use crate::choice;
use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind};
use crate::directory::sql::{SqlTransaction, StorageFault, with};
use crate::provider::passkey::PASSKEY;
use crate::world::random;
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// How many refusals of a store get an event of their own in a minute, at each broker. The others of that minute are summed.
pub const REFUSALS_A_MINUTE: u32 = 30;
/// How long after its minute the sum of further refusals is sent, in seconds: the clocks of two brokers differ a little.
const SUM_AFTER_MINUTE: i64 = 30;

choice! {
    /// The types of events.
    pub enum StoreEventKind {
        /// A person signed in.
        SignIn = "signIn",
        /// A sign-in was refused: the identity was established, and may not sign in.
        Refusal = "refusal",
        /// An identity or a passkey was linked to a person.
        Link = "link",
        /// A linked identity or a passkey was removed.
        Unlink = "unlink",
        /// The e-mail address of a person changed, or went to another person who proved it.
        EmailChange = "emailChange",
        /// A session of a person was ended, or all of them were.
        SignOut = "signOut",
        /// A person was blocked.
        Block = "block",
        /// A person was unblocked.
        Unblock = "unblock",
        /// A person was erased.
        Erase = "erase",
    }
}

impl StoreEventKind {
    /// The type by which an event of the audit is sent, if it is sent at all.
    pub(crate) fn of(what: AuditEventKind) -> Option<Self> {
        match what {
            AuditEventKind::Login => Some(Self::SignIn),
            AuditEventKind::Refused => Some(Self::Refusal),
            AuditEventKind::Linked | AuditEventKind::Restored | AuditEventKind::PasskeyAdded => Some(Self::Link),
            AuditEventKind::Unlinked | AuditEventKind::PasskeyRemoved => Some(Self::Unlink),
            AuditEventKind::Moved | AuditEventKind::Displaced => Some(Self::EmailChange),
            AuditEventKind::Logout | AuditEventKind::SignedOut => Some(Self::SignOut),
            AuditEventKind::Blocked => Some(Self::Block),
            AuditEventKind::Unblocked => Some(Self::Unblock),
            AuditEventKind::Erased => Some(Self::Erase),
            AuditEventKind::Failed
            | AuditEventKind::Tested
            | AuditEventKind::Searched
            | AuditEventKind::Unproven
            | AuditEventKind::ProviderMoved
            | AuditEventKind::HostsAccepted
            | AuditEventKind::Exported
            | AuditEventKind::PasskeyRefused
            | AuditEventKind::AppGranted
            | AuditEventKind::AppEnded
            | AuditEventKind::AppReused
            | AuditEventKind::AppRefused
            | AuditEventKind::TokenFetched
            | AuditEventKind::KeyPublished
            | AuditEventKind::KeyActive
            | AuditEventKind::KeyGone
            | AuditEventKind::KeysRecovered
            | AuditEventKind::Imported
            | AuditEventKind::Other => None,
        }
    }
}

/// The types of events that each store wants; a store that is not among them gets none.
pub type WantedStoreEvents = BTreeMap<Box<str>, Vec<StoreEventKind>>;

/// What a transaction has to know of the events of stores.
#[derive(Debug, Default)]
pub struct StoreEventOutbox {
    wanted: ArcSwap<WantedStoreEvents>,
    /// The minute of the last refusal of each store, and how many there were in it.
    refusals: Mutex<BTreeMap<Box<str>, (i64, u32)>>,
    has_written: AtomicBool,
    written: Notify,
}

impl StoreEventOutbox {
    pub(crate) fn set_wanted(&self, wanted: WantedStoreEvents) {
        self.wanted.store(wanted.into());
    }

    fn wants(&self, store: &str, kind: StoreEventKind) -> bool {
        self.wanted.load().get(store).is_some_and(|kinds| kinds.contains(&kind))
    }

    /// Counts a refusal, and answers whether it gets an event of its own.
    fn counts_refusal(&self, store: &str, minute: i64) -> bool {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = refusals.entry(store.into()).or_insert((minute, 0));
        if counted.0 != minute {
            *counted = (minute, 0);
        }
        counted.1 = counted.1.saturating_add(1);
        counted.1 <= REFUSALS_A_MINUTE
    }

    /// Lets the delivery begin if a transaction that has ended wrote an event.
    pub(crate) fn transaction_ended(&self) {
        if self.has_written.swap(false, Ordering::Relaxed) {
            self.written.notify_one();
        }
    }

    /// Waits until this process has written an event.
    pub(crate) async fn written(&self) {
        self.written.notified().await;
    }
}

/// Queues the event for the store, if it wants such events. The person of the event is locked, so that events of one person are numbered in
/// the order in which they happened.
pub(crate) async fn announce<S: SqlTransaction>(sql: &mut S, event: &AuditEvent) -> Result<(), StorageFault> {
    let Some(kind) = StoreEventKind::of(event.what).filter(|kind| sql.outbox().wants(&event.store, *kind)) else { return Ok(()) };
    match kind {
        StoreEventKind::Refusal if !sql.outbox().counts_refusal(&event.store, minute_of(event)) => sum_refusal(sql, event).await,
        StoreEventKind::Refusal => queue_event(sql, event).await,
        StoreEventKind::SignIn
        | StoreEventKind::Link
        | StoreEventKind::Unlink
        | StoreEventKind::EmailChange
        | StoreEventKind::SignOut
        | StoreEventKind::Block
        | StoreEventKind::Unblock => {
            // A person who is gone has an event of the erasure, and none behind it.
            if event.uid.is_some() { queue_event(sql, event).await } else { Ok(()) }
        }
        StoreEventKind::Erase => match &event.uid {
            Some(uid) => queue_erasure(sql, event, uid).await,
            None => Ok(()),
        },
    }
}

fn minute_of(event: &AuditEvent) -> i64 {
    event.at.div_euclid(60)
}

async fn queue_event<S: SqlTransaction>(sql: &mut S, event: &AuditEvent) -> Result<(), StorageFault> {
    let AuditEvent { at, store, what, uid, provider, because, identity, .. } = event;
    let is_of_passkey = matches!(what, AuditEventKind::PasskeyAdded | AuditEventKind::PasskeyRemoved);
    let provider = provider.as_deref().or_else(|| is_of_passkey.then_some(PASSKEY));
    let id = random::id();
    let queue = uid.as_deref().unwrap_or(&id);
    let insert = "INSERT INTO store_events (id, store, queue, what, at, due, uid, email, email_verified, provider, identity, reason) \
         VALUES ($1, $2, $3, $4, $5, $5, $6, (SELECT email FROM users WHERE uid = $6), (SELECT email_verified FROM users WHERE uid = $6), $7, $8, $9)";
    let [uid, identity, because] = [uid, identity, because].map(Option::as_deref);
    // The audit says nothing where a person has signed out, because that is the rule.
    let because = because.or_else(|| (*what == AuditEventKind::Logout).then(|| AuditActor::Person.word()));
    sql.queue(insert, with![&id, store, queue, what.word(), *at, uid, provider, identity, because]).await?;
    sql.outbox().has_written.store(true, Ordering::Relaxed);
    Ok(())
}

/// Counts a refusal that gets no event of its own in the one of its minute, which names no person.
async fn sum_refusal<S: SqlTransaction>(sql: &mut S, event: &AuditEvent) -> Result<(), StorageFault> {
    let (minute, store, what) = (minute_of(event), &event.store, event.what.word());
    let queue = format!("refusals {minute} {store}");
    // Two transactions may have begun the sum at once; only the first of the two goes on counting.
    let add = "UPDATE store_events SET left_out = left_out + 1 WHERE store = $2 AND number = (SELECT min(number) FROM store_events WHERE queue = $1)";
    if sql.run(add, with![&queue, store]).await? > 0 {
        return Ok(());
    }
    let end = minute.saturating_add(1).saturating_mul(60);
    let due = end.saturating_add(SUM_AFTER_MINUTE);
    let insert = "INSERT INTO store_events (id, store, queue, what, at, due, left_out) VALUES ($1, $2, $3, $4, $5, $6, 1)";
    sql.queue(insert, with![&random::id(), store, &queue, what, end, due]).await
}

/// Queues the event of an erasure, which names the person by the id alone. What is still to be sent about the person loses the rest.
async fn queue_erasure<S: SqlTransaction>(sql: &mut S, event: &AuditEvent, uid: &str) -> Result<(), StorageFault> {
    let insert = "INSERT INTO store_events (id, store, queue, what, at, due, uid, reason) VALUES ($1, $2, $3, $4, $5, $5, $3, $6)";
    let because = event.because.as_deref();
    sql.queue(insert, with![&random::id(), &event.store, uid, event.what.word(), event.at, because]).await?;
    sql.outbox().has_written.store(true, Ordering::Relaxed);
    Ok(())
}

/// Removes what is still to be sent about a person, but for the ids by which the store knows the person and the provider.
pub(crate) async fn forget_person<S: SqlTransaction>(sql: &mut S, uid: &str) -> Result<(), StorageFault> {
    let forget = "UPDATE store_events SET email = NULL, email_verified = NULL, identity = NULL WHERE queue = $1";
    sql.queue(forget, with![uid]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_beyond_those_of_a_minute_get_no_event_of_their_own() {
        let outbox = StoreEventOutbox::default();
        let own = |store: &str, minute| (0..100).filter(|_| outbox.counts_refusal(store, minute)).count();

        assert_eq!([own("main", 1), own("main", 1), own("main", 2), own("other", 2)], [30, 0, 30, 30]);
    }

    #[test]
    fn a_store_gets_the_types_that_it_wants() {
        let outbox = StoreEventOutbox::default();
        assert!(!outbox.wants("main", StoreEventKind::SignIn));
        outbox.set_wanted([("main".into(), vec![StoreEventKind::SignIn])].into());

        assert!(outbox.wants("main", StoreEventKind::SignIn) && !outbox.wants("main", StoreEventKind::Erase));
        assert!(!outbox.wants("other", StoreEventKind::SignIn));
    }
}

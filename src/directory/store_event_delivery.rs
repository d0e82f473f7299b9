//! How store events leave the outbox: one broker takes those of a store under a lease, for each person the oldest alone, and what was accepted or given
//! up goes.

use crate::directory::audit::AuditEventKind;
use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};
use std::collections::BTreeMap;

/// How long an event is kept until it is accepted, in seconds from what it reports.
pub const KEPT: i64 = 3 * 86_400;
/// How long a broker has the events of a store for itself, in seconds, unless it takes them again before.
pub const LEASE: i64 = 25;
/// The pause after the first try of an event, in seconds; each pause is three times as long as the one before.
const FIRST_PAUSE: i64 = 10;
/// The longest pause, in seconds.
const LONGEST_PAUSE: i64 = 3 * 3600;
/// How many events are tried at a receiver that took none lately.
const TRIED_AFTER_FAILURE: i64 = 8;
/// After so many failures in a row the receiver was away, and what waited for it is sent without a further pause.
const AWAY: i64 = 3;

/// An event as it is still to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreEvent {
    /// The number among all events, by which those of a person are in order.
    pub number: i64,
    /// The random id, which stays the same when it is sent again.
    pub id: Box<str>,
    /// Those of one queue are sent one after the other.
    pub(crate) queue: Box<str>,
    /// What happened.
    pub what: AuditEventKind,
    /// When it happened, in seconds since 1970.
    pub at: i64,
    /// When it is tried next.
    pub due: i64,
    /// How often it was tried before.
    pub tries: i64,
    /// The person, if known.
    pub uid: Option<Box<str>>,
    /// The e-mail address that the person had then, and whether it was proven.
    pub email: Option<(Box<str>, bool)>,
    /// The name of the provider's file.
    pub provider: Option<Box<str>>,
    /// The id at the provider.
    pub identity: Option<Box<str>>,
    /// The word of the rule, the cause or the actor.
    pub reason: Option<Box<str>>,
    /// How many refusals have no event of their own and are summed here.
    pub left_out: i64,
}

impl StoreEvent {
    /// When it is tried again after it was tried at this moment; `None` if it is given up. `chance` is below 1000 and spreads the tries.
    pub(crate) fn next_try(&self, now: i64, chance: i64) -> Option<i64> {
        let factor = u32::try_from(self.tries).ok().and_then(|tries| 3_i64.checked_pow(tries)).unwrap_or(i64::MAX);
        let pause = factor.saturating_mul(FIRST_PAUSE).min(LONGEST_PAUSE);
        // Up to a quarter longer.
        let longer = pause.saturating_mul(chance) / 4000;
        let due = now.saturating_add(pause).saturating_add(longer);
        (due < self.at.saturating_add(KEPT)).then_some(due)
    }
}

macro_rules! events {
    ($rest:literal) => {
        concat!(
            "SELECT e.number, e.id, e.queue, e.what, e.at, e.due, e.tries, e.uid, e.email, coalesce(e.email_verified, 0), \
             e.provider, e.identity, e.reason, e.left_out FROM store_events e WHERE ",
            $rest
        )
    };
}

fn event_from_row(row: &SqlRow) -> Result<StoreEvent, StorageFault> {
    let maybe = |column| row.optional_text(column).map(|text| text.map(Box::<str>::from));
    let is_verified = row.flag(9)?;
    Ok(StoreEvent {
        number: row.number(0)?,
        id: row.text(1)?.into(),
        queue: row.text(2)?.into(),
        what: AuditEventKind::from_word(row.text(3)?),
        at: row.number(4)?,
        due: row.number(5)?,
        tries: row.number(6)?,
        uid: maybe(7)?,
        email: maybe(8)?.map(|email| (email, is_verified)),
        provider: maybe(10)?,
        identity: maybe(11)?,
        reason: maybe(12)?,
        left_out: row.number(13)?,
    })
}

/// Whether events of a store are due that this broker may take. Most of the time there are none.
#[derive(Clone, Debug)]
pub struct HasDueStoreEvents {
    /// The name of the store.
    pub store: Box<str>,
    /// The name of this broker.
    pub holder: Box<str>,
    /// The current time in seconds since 1970.
    pub now: i64,
}

impl Verb for HasDueStoreEvents {
    type Answer = bool;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let Self { store, holder, now } = self;
        let due = "SELECT number FROM store_events WHERE store = $1 AND due <= $2 LIMIT 1";
        if sql.fetch(due, with![store, *now]).await?.is_empty() {
            return Ok(false);
        }
        let held = "SELECT store FROM store_event_leases WHERE store = $1 AND (paused > $2 OR (until > $2 AND holder <> $3))";
        Ok(sql.fetch(held, with![store, *now, holder]).await?.is_empty())
    }
}

/// Takes the events of a store for a while, and reads those that are due: of each person the oldest. Half of them have waited longest, and half are those that
/// became due last, so that many people whose events no one takes do not stand in front of all others.
#[derive(Clone, Debug)]
pub struct TakeStoreEvents {
    /// The name of the store.
    pub store: Box<str>,
    /// The name of this broker.
    pub holder: Box<str>,
    /// The current time in seconds since 1970.
    pub now: i64,
    /// How many at most.
    pub limit: i64,
}

/// Events that a broker has taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenStoreEvents {
    /// The events.
    pub events: Vec<StoreEvent>,
    /// How often the receiver has taken none, in a row.
    pub failures: i64,
}

impl Verb for TakeStoreEvents {
    type Answer = TakenStoreEvents;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<TakenStoreEvents, StorageFault> {
        let Self { store, holder, now, limit } = self;
        let lease = "SELECT holder, until, paused, failures FROM store_event_leases WHERE store = $1";
        let rows = sql.fetch_for_update(lease, with![store]).await?;
        let failures = if let Some(row) = rows.first() {
            let is_of_another = row.text(0)? != &**holder && row.number(1)? > *now;
            if is_of_another || row.number(2)? > *now {
                return Ok(TakenStoreEvents::default());
            }
            let update = "UPDATE store_event_leases SET holder = $2, until = $3 WHERE store = $1";
            sql.queue(update, with![store, holder, now.saturating_add(LEASE)]).await?;
            row.number(3)?
        } else {
            let insert = "INSERT INTO store_event_leases (store, holder, until, paused, failures) VALUES ($1, $2, $3, 0, 0) \
                 ON CONFLICT DO NOTHING";
            if sql.run(insert, with![store, holder, now.saturating_add(LEASE)]).await? == 0 {
                return Ok(TakenStoreEvents::default());
            }
            0
        };
        let limit = if failures > 0 { TRIED_AFTER_FAILURE.min(*limit) } else { *limit };
        let oldest = events!(
            "e.store = $1 AND e.due <= $2 AND e.number = (SELECT min(o.number) FROM store_events o WHERE o.queue = e.queue) \
             ORDER BY e.due, e.number LIMIT $3"
        );
        let newest = events!(
            "e.store = $1 AND e.due <= $2 AND e.number = (SELECT min(o.number) FROM store_events o WHERE o.queue = e.queue) \
             ORDER BY e.due DESC, e.number DESC LIMIT $3"
        );
        let half = limit.saturating_add(1) / 2;
        let rows = sql.fetch(oldest, with![store, *now, half]).await?;
        let mut events: Vec<StoreEvent> = rows.iter().map(event_from_row).collect::<Result<_, _>>()?;
        if rows.len() as u64 >= half.unsigned_abs() {
            for row in sql.fetch(newest, with![store, *now, limit.saturating_sub(half)]).await? {
                let event = event_from_row(&row)?;
                if events.iter().all(|known| known.number != event.number) {
                    events.push(event);
                }
            }
        }
        Ok(TakenStoreEvents { events, failures })
    }
}

/// An event that is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelayedStoreEvent {
    /// The number of the event.
    pub number: i64,
    /// Its queue, which waits with it.
    pub(crate) queue: Box<str>,
    /// When it is tried again.
    pub due: i64,
}

impl DelayedStoreEvent {
    /// An event that is tried again at this moment.
    pub fn of(event: &StoreEvent, due: i64) -> Self {
        Self { number: event.number, queue: event.queue.clone(), due }
    }
}

/// Records what became of events that were taken.
#[derive(Clone, Debug)]
pub struct FinishStoreEvents {
    /// The name of the store.
    pub store: Box<str>,
    /// The name of this broker.
    pub holder: Box<str>,
    /// The numbers of the events that were accepted, and of those that are given up.
    pub gone: Vec<i64>,
    /// The events that are tried again.
    pub delayed: Vec<DelayedStoreEvent>,
    /// How often the receiver has taken none in a row, before this and with it.
    pub failures: (i64, i64),
    /// Until when nothing is sent to the receiver.
    pub paused: i64,
    /// Why the last event was not accepted.
    pub failure: Option<String>,
    /// The current time in seconds since 1970.
    pub now: i64,
}

impl Verb for FinishStoreEvents {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let Self { store, holder, gone, delayed, failures: (before, failures), paused, failure, now } = self;
        for number in gone {
            sql.queue("DELETE FROM store_events WHERE number = $1", with![*number]).await?;
        }
        for DelayedStoreEvent { number, queue, due } in delayed {
            sql.queue("UPDATE store_events SET tries = tries + 1 WHERE number = $1", with![*number]).await?;
            // What waits behind it now is not looked at before. What is queued later is due at once, and waits behind it all the same.
            sql.queue("UPDATE store_events SET due = $2 WHERE queue = $1 AND due < $2", with![queue, *due]).await?;
        }
        if *before >= AWAY && *failures == 0 {
            sql.queue("UPDATE store_events SET due = $2 WHERE store = $1 AND due > $2", with![store, *now]).await?;
        }
        let update =
            "UPDATE store_event_leases SET paused = $3, failures = $4, failure = coalesce($5, failure) WHERE store = $1 AND holder = $2";
        sql.queue(update, with![store, holder, *paused, *failures, failure.as_deref()]).await
    }
}

/// Removes a batch of events whose time is over, whether they were tried or waited behind others, and answers how many of each store.
#[derive(Clone, Copy, Debug)]
pub struct GiveUpStoreEvents {
    /// The current time in seconds since 1970.
    pub now: i64,
}

impl GiveUpStoreEvents {
    /// How many go at once, besides those of the same second.
    pub const BATCH: u64 = 500;
}

impl Verb for GiveUpStoreEvents {
    type Answer = BTreeMap<Box<str>, u64>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let delete = "DELETE FROM store_events WHERE at <= $1 AND at <= coalesce((SELECT at FROM store_events WHERE at <= $1 ORDER BY at LIMIT 1 OFFSET 499), $1) RETURNING store";
        let mut counted: Self::Answer = BTreeMap::new();
        for row in sql.fetch(delete, with![self.now.saturating_sub(KEPT)]).await? {
            let count = counted.entry(row.text(0)?.into()).or_default();
            *count = count.saturating_add(1);
        }
        Ok(counted)
    }
}

/// Reads how many events of a store wait, and how they are sent.
#[derive(Clone, Debug)]
pub struct ReadStoreEventStatus {
    /// The name of the store.
    pub store: Box<str>,
}

/// How the events of a store are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreEventStatus {
    /// How many wait.
    pub waiting: i64,
    /// When the oldest of them happened; 0 if none waits.
    pub oldest: i64,
    /// How often the receiver has taken none, in a row.
    pub failures: i64,
    /// Until when nothing is sent.
    pub paused: i64,
    /// Why an event was not accepted the last time that one was not.
    pub failure: Option<String>,
}

impl Verb for ReadStoreEventStatus {
    type Answer = StoreEventStatus;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<StoreEventStatus, StorageFault> {
        let count = "SELECT count(*), coalesce(min(at), 0) FROM store_events WHERE store = $1";
        let rows = sql.fetch(count, with![&self.store]).await?;
        let row = rows.first().ok_or(StorageFault::Unavailable)?;
        let mut status = StoreEventStatus { waiting: row.number(0)?, oldest: row.number(1)?, ..StoreEventStatus::default() };
        let lease = "SELECT failures, paused, failure FROM store_event_leases WHERE store = $1";
        if let Some(row) = sql.fetch(lease, with![&self.store]).await?.first() {
            (status.failures, status.paused) = (row.number(0)?, row.number(1)?);
            status.failure = row.optional_text(2)?.map(str::to_owned);
        }
        Ok(status)
    }
}

/// Lists the events of a store that wait, those first that are tried first.
#[derive(Clone, Debug)]
pub struct ListStoreEvents {
    /// The name of the store.
    pub store: Box<str>,
    /// How many at most.
    pub most: i64,
}

impl Verb for ListStoreEvents {
    type Answer = Vec<StoreEvent>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<StoreEvent>, StorageFault> {
        let list = events!("e.store = $1 AND e.due >= 0 ORDER BY e.due, e.number LIMIT $2");
        sql.fetch(list, with![&self.store, self.most]).await?.iter().map(event_from_row).collect()
    }
}

/// Lets all events of a store that wait be tried at once.
#[derive(Clone, Debug)]
pub struct RetryStoreEvents {
    /// The name of the store.
    pub store: Box<str>,
    /// The current time in seconds since 1970.
    pub now: i64,
}

impl Verb for RetryStoreEvents {
    /// How many had to wait.
    type Answer = u64;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<u64, StorageFault> {
        sql.queue("UPDATE store_event_leases SET paused = 0 WHERE store = $1", with![&self.store]).await?;
        sql.run("UPDATE store_events SET due = $2 WHERE store = $1 AND due > $2", with![&self.store, self.now]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_an_event_is_given_up_after_three_days() {
        let event = |tries| StoreEvent {
            number: 1,
            id: "a".into(),
            queue: "u".into(),
            what: AuditEventKind::Login,
            at: 0,
            due: 0,
            tries,
            uid: None,
            email: None,
            provider: None,
            identity: None,
            reason: None,
            left_out: 0,
        };

        assert_eq!([0, 1, 2, 3, 6, 7, 1000].map(|tries| event(tries).next_try(0, 0)), [10, 30, 90, 270, 7290, 10_800, 10_800].map(Some));
        assert_eq!(event(0).next_try(0, 999), Some(12));
        assert_eq!(event(7).next_try(KEPT - 10_801, 0), Some(KEPT - 1));
        assert_eq!(event(7).next_try(KEPT - 10_800, 0), None);
    }
}

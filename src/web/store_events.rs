//! Sends store events to the addresses of the stores, beside all requests: signed as Standard Webhooks has it, in order for each person, and again
//! until they are accepted. One broker sends those of a store at a time; they wait in storage, so another one goes on if it is gone.

use crate::directory::store_event_delivery::{
    DelayedStoreEvent, FinishStoreEvents, GiveUpStoreEvents, HasDueStoreEvents, ReadStoreEventStatus, StoreEvent, TakeStoreEvents,
    TakenStoreEvents,
};
use crate::vocabulary::text::Text;
use crate::web::app::App;
use crate::web::event_request::{EventRefusal, body, post, signed_request, type_word};
use crate::web::live_config::LiveStore;
use crate::world::traces::TraceSpan;
use crate::world::{clock, random};
use actix_web::web::Data;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How often events are looked for that another machine wrote, or that are to be tried again.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often what waits is counted for the metrics.
const COUNT_INTERVAL: Duration = Duration::from_secs(30);
/// How many events are taken at once.
const TAKEN: i64 = 64;
/// How many events are sent to a store at the same time.
const AT_ONCE: usize = 16;
/// After this time no further event of those that were taken is sent, because another broker may take them soon.
const SENT_WITHIN: Duration = Duration::from_secs(12);
/// The first pause of a receiver that took no event, in seconds; each is twice as long as the one before.
const FIRST_PAUSE: i64 = 2;
/// The longest pause of a receiver, in seconds.
const LONGEST_PAUSE: i64 = 60;
/// The longest pause of one that answers and names a fault of its own (status 500), which may be about single events.
const LONGEST_WHEN_FAULTY: i64 = 10;
/// How long a receiver is left alone that says that it is gone (status 410), in seconds.
const PAUSE_WHEN_GONE: i64 = 3600;

/// Sends events as long as the broker runs: as soon as they are written, and again later where a receiver did not take them.
pub(crate) async fn deliver_always(app: Data<App>) {
    let mut counted = clock::instant();
    let mut had_events = BTreeSet::new();
    loop {
        let _ = tokio::time::timeout(INTERVAL, app.directory.store_event_written()).await;
        let live_stores: Vec<Arc<LiveStore>> =
            app.live_config().live_stores().filter(|live_store| live_store.store.events.is_some()).cloned().collect();
        let is_count_due = counted.elapsed() >= COUNT_INTERVAL;
        if is_count_due {
            counted = clock::instant();
            let have_events = live_stores.iter().map(|live_store| live_store.store.name.clone()).collect();
            // The metrics do not go on to count those of a store whose settings have no `events` any more.
            for store in had_events.difference(&have_events) {
                app.metrics.store_events.set_waiting(store, 0, 0);
            }
            had_events = have_events;
        }
        for live_store in live_stores {
            let store = &live_store.store.name;
            if is_count_due {
                count_waiting(&app, store).await;
            }
            if app.event_receivers.is_under_way(store) {
                continue;
            }
            let asked = HasDueStoreEvents { store: store.clone(), holder: app.event_receivers.machine.clone(), now: clock::now() };
            // While storage is unavailable the events wait.
            if app.directory.read(asked).await.unwrap_or(false) && app.event_receivers.begin(store) {
                let app = app.clone();
                // A receiver that is slow holds up no other one.
                actix_web::rt::spawn(async move {
                    while deliver_due(&app, &live_store.store.name, clock::now()).await > 0 {}
                    app.event_receivers.end(&live_store.store.name);
                });
            }
        }
    }
}

/// Removes the events whose time is over although none of their tries was the last: those that waited behind others, of a store that was paused, or
/// while no broker ran.
pub async fn give_up_old(app: &App, now: i64) {
    loop {
        let Ok(dropped) = app.directory.write(GiveUpStoreEvents { now }).await else { return };
        let mut all: u64 = 0;
        for (store, count) in dropped {
            all = all.saturating_add(count);
            app.metrics.store_events.count(&store, "dropped", usize::try_from(count).unwrap_or(usize::MAX));
            tracing::error!(store = &*store, count, "events of a store waited for three days, so their receiver does not get them");
        }
        if all < GiveUpStoreEvents::BATCH {
            return;
        }
    }
}

async fn count_waiting(app: &App, store: &str) {
    if let Ok(status) = app.directory.read(ReadStoreEventStatus { store: store.into() }).await {
        let age = if status.waiting > 0 { clock::now().saturating_sub(status.oldest) } else { 0 };
        app.metrics.store_events.set_waiting(store, status.waiting, age);
    }
}

/// Sends the events of a store that are due, of each person the oldest, and answers how many of them were accepted.
pub async fn deliver_due(app: &Data<App>, store: &str, now: i64) -> usize {
    let began = clock::instant();
    let Some(live_store) = app.live_config().live_stores().find(|live_store| *live_store.store.name == *store).cloned() else { return 0 };
    // Events that cannot be signed wait until they can be; the settings are complained about.
    if live_store.store.events.is_none() || live_store.event_keys.is_empty() {
        return 0;
    }
    let holder = app.event_receivers.machine.clone();
    let take = TakeStoreEvents { store: store.into(), holder, now, limit: TAKEN };
    let taken = app.directory.write(take).await.unwrap_or_default();
    if taken.events.is_empty() {
        return 0;
    }
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let sending = taken.events.iter().cloned().map(|event| {
        let (app, live_store, turns) = (app.clone(), Arc::clone(&live_store), Arc::clone(&turns));
        actix_web::rt::spawn(async move {
            let _turn = turns.acquire().await;
            if began.elapsed() > SENT_WITHIN { None } else { Some(send(&app, &live_store, &event, now).await) }
        })
    });
    let mut outcomes = Vec::with_capacity(taken.events.len());
    for sent in sending.collect::<Vec<_>>() {
        outcomes.push(sent.await.ok().flatten());
    }
    finish(app, store, &taken, &outcomes, now_after(began, now)).await
}

/// The time now, if it was `then` when this moment was.
fn now_after(began: Instant, then: i64) -> i64 {
    then.saturating_add(i64::try_from(began.elapsed().as_secs()).unwrap_or_default())
}

async fn finish(app: &App, store: &str, taken: &TakenStoreEvents, outcomes: &[Option<Result<(), EventRefusal>>], now: i64) -> usize {
    let (mut gone, mut delayed, mut delivered, mut failure) = (Vec::new(), Vec::new(), 0_usize, None);
    let mut dropped = Vec::new();
    for (event, outcome) in taken.events.iter().zip(outcomes) {
        match outcome {
            None => {}
            Some(Ok(())) => {
                delivered = delivered.saturating_add(1);
                gone.push(event.number);
            }
            Some(Err(refusal)) => {
                failure = Some(refusal);
                let chance = i64::from(u16::from_le_bytes(random::bytes())) % 1000;
                match event.next_try(now, chance) {
                    Some(due) => delayed.push(DelayedStoreEvent::of(event, due)),
                    None => dropped.push(event),
                }
            }
        }
    }
    gone.extend(dropped.iter().map(|event| event.number));
    let is_away = delivered == 0 && failure.is_some_and(EventRefusal::is_about_receiver);
    let failures = if is_away { taken.failures.saturating_add(1) } else { 0 };
    let paused = if is_away { now.saturating_add(pause(failures, failure)) } else { 0 };
    report(app, store, (delivered, delayed.len()), failure, &dropped);
    let finished = FinishStoreEvents {
        store: store.into(),
        holder: app.event_receivers.machine.clone(),
        gone,
        delayed,
        failures: (taken.failures, failures),
        paused,
        failure: failure.map(EventRefusal::sentence),
        now,
    };
    // What is not recorded as accepted comes twice, which a receiver has to bear.
    let is_recorded = app.directory.write(finished).await.is_ok();
    if is_recorded { delivered } else { 0 }
}

/// How long a receiver is left alone after so many failures in a row, in seconds.
fn pause(failures: i64, failure: Option<&EventRefusal>) -> i64 {
    let doubled = u32::try_from(failures.saturating_sub(1)).ok().and_then(|failures| 2_i64.checked_pow(failures));
    let usual = doubled.map_or(LONGEST_PAUSE, |factor| factor.saturating_mul(FIRST_PAUSE).min(LONGEST_PAUSE));
    match failure {
        Some(EventRefusal::Status(410, _)) => PAUSE_WHEN_GONE,
        Some(EventRefusal::Status(500, None)) => usual.min(LONGEST_WHEN_FAULTY),
        Some(EventRefusal::Status(_, Some(asked))) => usual.max(*asked).min(PAUSE_WHEN_GONE),
        Some(EventRefusal::Status(..) | EventRefusal::Unanswered(_) | EventRefusal::NoReceiver) | None => usual,
    }
}

fn report(app: &App, store: &str, (delivered, failed): (usize, usize), failure: Option<&EventRefusal>, dropped: &[&StoreEvent]) {
    for (outcome, count) in [("delivered", delivered), ("failed", failed), ("dropped", dropped.len())] {
        app.metrics.store_events.count(store, outcome, count);
    }
    let Some(failure) = failure else { return };
    let reason = failure.sentence();
    if matches!(failure, EventRefusal::Status(410, _)) {
        let what = "the receiver of a store's events says that it is gone; if it is, take `events` out of the settings";
        tracing::error!(store, "{what}");
    } else if failed > 0 {
        tracing::warn!(store, failed, reason, "the receiver of a store's events did not take some; they are tried again");
    }
    for event in dropped {
        let what = "the receiver of a store's events has not taken one for three days, so it does not get it";
        tracing::error!(store, id = &*event.id, kind = type_word(event.what), reason, "{what}");
    }
}

/// Sends an event.
async fn send(app: &App, live_store: &LiveStore, event: &StoreEvent, now: i64) -> Result<(), EventRefusal> {
    let (Some(events), Some(network)) = (&live_store.store.events, app.event_receivers.network()) else {
        return Err(EventRefusal::NoReceiver);
    };
    let mut request = signed_request(&events.to, &live_store.event_keys, &event.id, &body(event, &live_store.store.name).to_string(), now);
    let span = TraceSpan::of_call("event");
    span.text("portaria.store", &live_store.store.name);
    span.text("portaria.event", type_word(event.what));
    span.text("http.request.method", request.method.word());
    span.server(&events.to);
    // The receiver is the store's own, so its spans may belong to the same trace.
    request.headers.extend(span.traceparent().map(|parent| ("traceparent".into(), Text::plain(parent))));
    let sent = post(&*network, &request).await;
    match &sent {
        Ok(()) => {}
        Err(EventRefusal::Status(status, _)) => {
            span.number("http.response.status_code", *status);
            span.failed(&status.to_string());
        }
        Err(EventRefusal::Unanswered(_) | EventRefusal::NoReceiver) => span.failed("unanswered"),
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_that_takes_nothing_is_left_alone_for_longer_and_longer() {
        let status = |status, asked| Some(EventRefusal::Status(status, asked));
        let pauses = |failure: &Option<EventRefusal>| [1, 2, 5, 6, 100, i64::MAX].map(|failures| pause(failures, failure.as_ref()));

        assert_eq!(pauses(&None), [2, 4, 32, 60, 60, 60]);
        assert_eq!(pauses(&status(503, Some(20))), [20, 20, 32, 60, 60, 60]);
        assert_eq!(pauses(&status(429, Some(86_400))), [3600; 6]);
        assert_eq!(pauses(&status(410, None)), [3600; 6]);
        assert_eq!(pauses(&status(500, None)), [2, 4, 10, 10, 10, 10]);
    }
}

//! The program is killed again and again while people sign in, and their store is sent an event of each sign-in that was answered.

use crate::bad_times::on_both;
use crate::bad_times::place::{Broker, Browser, Ending, Place, chance, until};
use crate::web::test_provider::answer;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portaria::world::random;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const KILLS: u64 = 50;
/// How many people sign in at the same time.
const AT_ONCE: u64 = 3;

/// Signs a person in and out again; answers what a browser saw: whether the sign-in was accepted, and whether the sign-out was.
fn come_and_go(broker: &Broker, who: &str) -> Option<(bool, bool)> {
    let mut browser = Browser::default();
    let begun = browser.ask(broker, "GET", "/login/acme")?;
    let url = url::Url::parse(begun.location()?).ok()?;
    let state = url.query_pairs().find(|(name, _)| name == "state")?.1.into_owned();
    let back = browser.ask(broker, "GET", &format!("/callback/acme?code=acme-code-{who}&state={state}"))?;
    if back.status != 303 || back.session().is_none() {
        return Some((false, false));
    }
    let left = browser.ask(broker, "POST", "/logout");
    Some((true, left.is_some_and(|answer| answer.status == 303)))
}

/// What was accepted while the broker lived, as the names of people with the types of their events.
fn until_killed(broker: &Broker, round: u64) -> Vec<(String, &'static str)> {
    let (victim, answered) = (broker.clone(), Arc::new(AtomicU64::new(0)));
    let (counted, wanted) = (Arc::clone(&answered), 1 + chance(6));
    let killer = thread::spawn(move || {
        // So many sign-ins and sign-outs, and a moment.
        until("people sign in", Duration::from_secs(30), || counted.load(Ordering::SeqCst) >= wanted);
        thread::sleep(Duration::from_micros(chance(40_000)));
        victim.kill();
    });
    let coming: Vec<_> = (0..AT_ONCE)
        .map(|at| {
            let (broker, answered) = (broker.clone(), Arc::clone(&answered));
            thread::spawn(move || {
                let mut seen = Vec::new();
                for number in 0.. {
                    let who = format!("p{round}-{at}-{number}");
                    let Some((is_in, is_out)) = come_and_go(&broker, &who) else { break };
                    answered.fetch_add(u64::from(is_in) + u64::from(is_out), Ordering::SeqCst);
                    seen.extend(is_in.then(|| (who.clone(), "signIn")));
                    seen.extend(is_out.then_some((who, "signOut")));
                }
                seen
            })
        })
        .collect();
    killer.join().expect("it is killed");
    coming.into_iter().flat_map(|one| one.join().expect("nothing panics")).collect()
}

on_both! {
    /// Attack G-07
    killed_fifty_times_it_sends_an_event_of_each_sign_in_that_was_answered: |place: Place| {
        place.folder.write("secrets/events", &format!("whsec_{}", STANDARD.encode(random::bytes::<32>())));
        place.set(&format!("events: {{ to: '{}/events', secret: file:secrets/events }}\n", place.upstream.url()));
        place.upstream.says("/events", answer(204, "", b""));
        let mut accepted = Vec::new();
        for round in 0..KILLS {
            let broker = Ending(place.start());
            accepted.extend(until_killed(&broker.0, round));
        }
        let _broker = Ending(place.start());
        let read = || -> Vec<Value> {
            let heard = place.upstream.heard().into_iter().filter(|heard| heard.path == "/events");
            heard.map(|heard| serde_json::from_str(&heard.body).expect("JSON")).collect()
        };
        let waits = "SELECT count(*) FROM store_events WHERE store = $1";
        until("every event was sent", Duration::from_mins(1), || place.count(waits, "main") == 0);

        let events = read();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let sent: BTreeSet<(String, String)> =
            events.iter().map(|event| (text(&event["person"]["email"]).replace("@clientes.example", ""), text(&event["type"]))).collect();
        for (who, kind) in &accepted {
            assert!(sent.contains(&(who.clone(), (*kind).to_owned())), "the {kind} of {who} is lost");
        }
        let mut last: BTreeMap<String, i64> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for event in events.iter().filter(|event| seen.insert(text(&event["id"]))) {
            let (uid, sequence) = (text(&event["person"]["uid"]), event["sequence"].as_i64().expect("a number"));
            assert!(last.insert(uid, sequence).is_none_or(|before| before < sequence), "out of order: {event}");
        }
        eprintln!("{KILLS} kills: {} answered, {} events, {} of them twice", accepted.len(), events.len(), events.len() - seen.len());
        assert!(accepted.len() >= 50, "people could sign in: {}", accepted.len());
        place.assert_whole();
    };
}

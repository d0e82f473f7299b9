//! How many journeys to PostgreSQL an operation makes, counted by a relay in front of the server.

use crate::bad_times::place::{Browser, Ending, Place, wait};
use crate::database::{Relay, Server};

/// What the brokers do beside logins, by words of their statements.
const BESIDE: [&str; 15] = [
    "current_setting",
    "SELECT name, number FROM generations",
    "FROM ends WHERE",
    "pins",
    "served",
    "tallies",
    "drifts",
    "next_counts",
    "next_returns",
    "endpoint_hosts",
    "signing_keys",
    "LISTEN",
    "clock_timestamp",
    "FROM store_events",
    "store_event_leases",
];

/// The journeys of what is done, without those of the background.
fn journeys(relay: &Relay, doing: impl FnOnce()) -> Vec<String> {
    relay.take_sent();
    doing();
    let mut sent = relay.take_sent();
    sent.retain(|text| text != "sync" && !BESIDE.iter().any(|word| text.contains(word)));
    sent
}

/// Where a place and the storage of its brokers are, with a relay between them.
fn relayed() -> (Place, Relay, Ending) {
    relayed_with("")
}

fn relayed_with(more: &str) -> (Place, Relay, Ending) {
    let relay = Relay::before(Server::shared());
    let (name, storage) = wait(Server::shared().database());
    let place = Place::with_storage(storage);
    place.set(&more.replace("UPSTREAM", &place.upstream.url()));
    let broker = place.try_start_at(&format!("postgres://portaria@127.0.0.1:{}/{name}", relay.port)).expect("it listens");
    (place, relay, Ending(broker))
}

#[test]
fn a_login_makes_three_journeys_to_the_server() {
    let (_place, relay, broker) = relayed();
    let broker = &broker.0;

    let of_a_new_user = journeys(&relay, || drop(Browser::signed_in(broker, "ana")));
    let of_a_known_user = journeys(&relay, || drop(Browser::signed_in(broker, "ana")));
    let mut browser = Browser::signed_in(broker, "ana");
    let of_a_browser_with_a_session = journeys(&relay, || drop(browser.comes(broker, "ana")));

    for (what, sent) in [("new", of_a_new_user), ("known", of_a_known_user), ("signed in", of_a_browser_with_a_session)] {
        assert_eq!(sent.len(), 3, "{what}: attempt, read, write: {sent:#?}");
        let asks_for_apps = sent.iter().any(|text| text.contains("app_grants"));
        assert!(!asks_for_apps || what == "signed in", "{what}: only the session that is replaced may have apps: {sent:#?}");
    }
}

#[test]
fn a_login_that_a_store_is_to_learn_of_makes_no_further_journey() {
    // Without the secret nothing is sent meanwhile.
    let (place, relay, broker) = relayed_with("events: { to: UPSTREAM/events, secret: file:secrets/events }\n");
    Browser::signed_in(&broker.0, "ana");

    let sent = journeys(&relay, || drop(Browser::signed_in(&broker.0, "ana")));

    let written: usize = sent.iter().map(|text| text.matches("INTO store_events").count()).sum();
    assert_eq!((sent.len(), written), (3, 1), "{sent:#?}");
    assert_eq!(place.count("SELECT count(*) FROM store_events WHERE store = $1", "main"), 2);
}

#[test]
fn a_sign_out_makes_two_journeys_to_the_server() {
    let (_place, relay, broker) = relayed();
    let mut browser = Browser::signed_in(&broker.0, "ana");

    let sent = journeys(&relay, || {
        assert_eq!(browser.ask(&broker.0, "POST", "/logout").expect("an answer").status, 303);
    });

    assert!(sent.len() <= 2, "{sent:#?}");
    assert!(sent.iter().all(|text| !text.contains("app_grants")), "who uses no app pays nothing for them: {sent:#?}");
}

//! A pooler stands between the brokers and PostgreSQL, and gives each transaction to another session of the server.

use crate::bad_times::place::{Browser, Ending, Place, until, wait};
use crate::database::{Pooler, Server};
use portaria::directory::StorageLocation;
use std::time::Duration;

/// A place whose brokers are started with the second value as their storage.
fn behind_a_pooler() -> (Place, String) {
    let (name, storage) = wait(Server::shared().database());
    let StorageLocation::Server(through) = Pooler::shared().storage(&name) else { panic!("it is a server") };
    (Place::with_storage(storage), through)
}

fn start(place: &Place, storage: &str) -> Ending {
    Ending(place.try_start_at(storage).unwrap_or_else(|| panic!("it listens: {}", place.logged())))
}

#[test]
fn many_log_in_at_two_brokers_behind_a_pooler_and_no_statement_breaks() {
    let (place, through) = behind_a_pooler();
    let brokers = [start(&place, &through), start(&place, &through)];

    std::thread::scope(|scope| {
        for at in 0..12 {
            let [here, there] = [&brokers[at % 2].0, &brokers[(at + 1) % 2].0];
            scope.spawn(move || {
                for round in 0..4 {
                    // Some are new, and the others come again; each comes back to the other broker.
                    let (mut browser, who) = (Browser::default(), format!("ana{at}-{}", [0, 0, 1, 2][round]));
                    let back = browser.begin(here, &who);
                    let answer = browser.ask(there, "GET", &back).expect("an answer");
                    assert_eq!((answer.status, answer.session().is_some()), (303, true), "{answer:?}");
                    assert_eq!(here.auth(&browser.cookies()), 200);
                    if round == 3 {
                        assert_eq!(browser.clone().ask(here, "POST", "/logout").expect("an answer").status, 303);
                    }
                }
            });
        }
    });

    assert_eq!(place.count("SELECT count(*) FROM users WHERE uid <> $1", ""), 36);
    assert_eq!(place.count("SELECT count(*) FROM sessions WHERE sid <> $1", ""), 36);
    place.assert_whole();
    let logged = place.logged();
    assert!(!logged.contains("ERROR"), "{logged}");
    assert!(logged.contains("a pooler stands in front of the storage"), "{logged}");
}

#[test]
fn a_sign_out_behind_a_pooler_is_known_at_the_other_broker_within_a_second() {
    let (place, through) = behind_a_pooler();
    let brokers = [start(&place, &through), start(&place, &through)];
    let [here, there] = [&brokers[0].0, &brokers[1].0];
    let mut took = Vec::new();

    for round in 0..4 {
        let mut browser = Browser::signed_in(here, &format!("ana{round}"));
        let cookies = browser.cookies();
        assert_eq!(there.auth(&cookies), 200);
        assert_eq!(browser.ask(here, "POST", "/logout").expect("an answer").status, 303);
        took.push(until("the other knows it", Duration::from_secs(1), || there.auth(&cookies) == 401));
    }

    eprintln!("behind a pooler a sign-out was known at the other broker after {took:?}");
}

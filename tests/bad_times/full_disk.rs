//! The disk is full.

use crate::bad_times::place::{Browser, Ending, Place, assert_away, until};
use std::time::Duration;

/// Blocks of 512 bytes beyond which no file may grow.
const ROOM: &str = "2500";

/// Attack F-03
#[test]
fn on_a_full_disk_nobody_comes_in_checks_go_on_and_room_makes_it_well_again() {
    let place = Place::on_sqlite();
    let broker = Ending(place.start_with_room(ROOM));
    let broker = &broker.0;
    let mut ana = Browser::signed_in(broker, "ana");
    assert!(broker.is_ready());

    let mut let_in = 1;
    let mut refused = Vec::new();
    for at in 0..1000 {
        let answer = Browser::default().comes(broker, &format!("rui{at}"));
        if answer.status == 303 {
            let_in += 1;
        } else {
            refused.push(answer);
        }
        if refused.len() == 12 {
            break;
        }
    }
    eprintln!("the disk was full after {let_in} logins");
    assert!(refused.len() == 12 && let_in > 5);
    refused.iter().for_each(assert_away);
    let leaving = ana.clone().ask(broker, "POST", "/logout").expect("an answer");
    assert_eq!(leaving.status, 503, "what cannot be kept is not answered");
    assert_eq!(broker.auth(&ana.cookies()), 200);
    assert_eq!(broker.ask("GET", "/health/live", &[]).map(|answer| answer.status), Some(200));
    until("it says that it cannot do its work", Duration::from_secs(5), || {
        Browser::default().comes(broker, "rui");
        !broker.is_ready()
    });
    assert_eq!(place.count("SELECT count(*) FROM users WHERE uid <> $1", ""), let_in);

    broker.give_room("unlimited");
    let took = until("it is ready", Duration::from_secs(5), || broker.is_ready());
    eprintln!("it was well again after {took:?}");
    assert!(broker.lives());
    Browser::signed_in(broker, "eva");
    assert_eq!(ana.ask(broker, "POST", "/logout").expect("an answer").status, 303);
    assert_eq!(place.count("SELECT count(*) FROM users WHERE uid <> $1", ""), let_in + 1);
    place.assert_whole();
}

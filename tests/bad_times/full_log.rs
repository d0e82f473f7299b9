//! The log cannot be written.

use crate::bad_times::place::{Browser, Ending, Place};
use std::fs::File;

#[test]
fn a_log_that_cannot_be_written_stops_nobody() {
    let place = Place::on_sqlite();
    let full = File::options().write(true).open("/dev/full").expect("there is such a disk");
    let broker = Ending(place.start_with(&[], &[], full.into()));

    for at in 0..20 {
        Browser::signed_in(&broker.0, &format!("ana{at}"));
    }

    let nobodys = broker.0.ask("GET", "/callback/acme?code=a&state=b", &[]).expect("an answer");
    assert_eq!(nobodys.status, 400);
    assert!(broker.0.lives() && broker.0.is_ready());
    place.assert_whole();
}

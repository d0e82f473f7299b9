//! The clock of the machine jumps while the program runs.

use crate::bad_times::on_both;
use crate::bad_times::place::{Broker, Browser, Ending, Place, now, until};
use std::time::Duration;

/// The library through which a process sees another clock.
fn library() -> String {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let found = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|file| file.is_file());
    found.expect("faketime is there: `tests/run` installs it, or `apt-get install faketime`").display().to_string()
}

/// Puts the clock of the brokers of a place.
fn put(place: &Place, offset: &str) {
    place.folder.write("clock", &format!("{offset}\n"));
}

fn start(place: &Place) -> Ending {
    put(place, "+0");
    let (library, clock) = (library(), place.folder.0.join("clock").display().to_string());
    // What measures how much time has passed never jumps, and files keep their times.
    let variables = [
        ("LD_PRELOAD", library.as_str()),
        ("FAKETIME_TIMESTAMP_FILE", &clock),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("NO_FAKE_STAT", "1"),
    ];
    Ending(place.start_as(&[], &variables))
}

/// For a while, and longer than it takes to ask the storage again, none of these sessions is good.
fn none_is_good(broker: &Broker, sessions: &[&Browser], when: &str) {
    let began = now();
    while began.elapsed() < Duration::from_millis(1_300) {
        for session in sessions {
            let status = broker.auth(&session.cookies());
            assert!(matches!(status, 401 | 503), "{when}: a session that was over is good again: {status}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    until("the storage was asked by the new clock", Duration::from_secs(10), || broker.auth("") == 401);
}

on_both! {
    /// Attacks O-09, F-05
    a_sign_out_outlives_every_jump_of_the_clock: |place: Place| {
        let broker = start(&place);
        let broker = &broker.0;
        let [ana, eva, rui] = ["ana", "eva", "rui"].map(|who| Browser::signed_in(broker, who));
        assert_eq!(ana.clone().ask(broker, "POST", "/logout").expect("an answer").status, 303);

        put(&place, "+2d");
        none_is_good(broker, &[&ana, &eva, &rui], "two days ahead");
        Browser::signed_in(broker, "bia");
        // By this clock it is over; the sign-out counts all the same.
        assert_eq!(eva.clone().ask(broker, "POST", "/logout").expect("an answer").status, 303);

        for offset in ["+0", "-1h", "+0"] {
            put(&place, offset);
            none_is_good(broker, &[&ana, &eva], offset);
            Browser::signed_in(broker, "bia");
        }
        assert_eq!(broker.auth(&rui.cookies()), 200, "the right clock logs no one out");
        place.assert_whole();
    };

    /// Attack F-05
    a_clock_that_jumps_by_years_or_stands_still_keeps_nobody_out: |place: Place| {
        let broker = start(&place);
        let broker = &broker.0;
        // Beyond 2038, and at its very second.
        for clock in ["+0", "+13y", "+0", "-1h", "+0", "2038-01-19 03:14:07", "+0"] {
            put(&place, clock);
            until("the storage was asked by the new clock", Duration::from_secs(10), || broker.auth("") == 401);
            Browser::signed_in(broker, "ana");
            until("it is ready", Duration::from_secs(10), || broker.is_ready());
        }
        assert!(broker.lives());
        place.assert_whole();
    };

    a_session_that_is_over_stays_so_when_the_clock_is_put_back: |place: Place| {
        place.set("session: { idle: 2s, lifetime: 5s }\n");
        let broker = start(&place);
        let broker = &broker.0;
        let ana = Browser::signed_in(broker, "ana");
        until("the session is over", Duration::from_secs(4), || broker.auth(&ana.cookies()) == 401);

        for offset in ["-1h", "+0", "+2d", "+0"] {
            put(&place, offset);
            none_is_good(broker, &[&ana], offset);
            Browser::signed_in(broker, "bia");
        }
        place.assert_whole();
    };
}

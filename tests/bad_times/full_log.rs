//! The log cannot be written.

use crate::bad_times::place::{Browser, Ending, Place, now};
use std::fs::File;
use std::io::Read as _;
use std::time::Duration;

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

/// Attack F-14
#[test]
fn a_log_that_nobody_reads_holds_up_no_request_and_says_how_much_is_lost() {
    let place = Place::on_sqlite();
    let (mut reader, writer) = std::io::pipe().expect("a pipe can be had");
    let broker = Ending(place.start_with(&[], &[("PORTARIA_LOG", "trace")], writer.into()));
    let ana = Browser::signed_in(&broker.0, "ana");

    let mut took: Vec<_> = (0..600)
        .map(|_| {
            let began = now();
            assert_eq!(broker.0.auth(&ana.cookies()), 200);
            began.elapsed()
        })
        .collect();
    took.sort();
    assert!(took[300] < Duration::from_millis(100) && took[599] < Duration::from_secs(5), "{:?}", [took[300], took[599]]);
    Browser::signed_in(&broker.0, "bia");
    assert!(broker.0.is_ready());

    // Once a reader reads again, the log goes on, and says what is missing.
    let (found, finding) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let (mut bytes, mut part) = (Vec::new(), vec![0; 1 << 16]);
        while let Ok(read) = reader.read(&mut part) {
            bytes.extend_from_slice(&part[..read]);
            if read == 0 || String::from_utf8_lossy(&bytes).contains(" lines of the log are lost") {
                break;
            }
        }
        let _ = found.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    let read = finding.recv_timeout(Duration::from_secs(10)).expect("it says how much is lost");
    assert!(read.contains(" lines of the log are lost"), "it ends with {:?}", read.lines().last());
}

//! The storage is replaced by an older copy of itself.

use crate::bad_times::place::{Browser, Ending, Place, until};
use std::time::Duration;

/// Attack F-12
#[test]
fn an_older_copy_forgets_a_sign_out_and_retiring_its_keys_ends_every_session_of_it() {
    let place = Place::on_sqlite();
    let file = place.storage.file().expect("it is a file").to_owned();
    let names = ["db", "db-wal", "db-shm"];
    let copy = |from: &str, to: &str| {
        for name in names {
            let (from, to) = (file.with_extension(format!("{from}{name}")), file.with_extension(format!("{to}{name}")));
            let _ = std::fs::remove_file(&to);
            let _ = std::fs::copy(from, to);
        }
    };
    let broker = Ending(place.start());
    let mut ana = Browser::signed_in(&broker.0, "ana");
    let cookies = ana.cookies();
    drop(broker);
    copy("", "old.");
    let broker = Ending(place.start());
    assert_eq!(ana.ask(&broker.0, "POST", "/logout").expect("an answer").status, 303);
    assert_eq!(broker.0.auth(&cookies), 401);
    drop(broker);

    copy("old.", "");
    let broker = Ending(place.start());
    assert_eq!(broker.0.auth(&cookies), 200, "the copy does not know of the sign-out");
    let keys = place.run(&["keys", "list"]);
    for key in keys["keys"].as_array().expect("keys") {
        place.run(&["keys", "retire", "--yes", "--", key["id"].as_str().expect("an id")]);
    }

    until("no session of the copy is good", Duration::from_secs(5), || broker.0.auth(&cookies) == 401);
    Browser::signed_in(&broker.0, "bia");
    place.assert_whole();
}

/// Attack F-08
#[test]
fn a_key_that_can_no_longer_be_read_changes_nothing_while_it_runs_and_is_told_at_a_start() {
    let place = Place::on_sqlite();
    let broker = Ending(place.start());
    let ana = Browser::signed_in(&broker.0, "ana");

    assert_eq!(place.count("UPDATE signing_keys SET sealed = $1 RETURNING 1", "damaged"), 1);
    place.count("UPDATE generations SET number = number + 1 WHERE name = $1 RETURNING number", "keys");

    until("it is told", Duration::from_secs(5), || place.logged().contains("cannot be opened: the known keys stay in use"));
    assert_eq!(broker.0.auth(&ana.cookies()), 200);
    Browser::signed_in(&broker.0, "bia");
    drop(broker);
    let told = place.refuses_to_start();
    assert!(told.contains("the signing keys in the storage cannot be decrypted"), "{told}");
}

//! The storage answers and takes nothing in.

use crate::bad_times::place::{Broker, Browser, Ending, Place, assert_away, until, wait};
use crate::database::Server;
use portaria::directory::StorageLocation;
use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _};
use std::time::Duration;

/// No one comes in or leaves while nothing is taken in, checks go on, and afterwards all is well.
fn borne(place: &Place, broker: &Broker, closed: impl Fn(bool)) {
    let mut ana = Browser::signed_in(broker, "ana");
    assert!(broker.is_ready());

    closed(true);
    for at in 0..20 {
        assert_away(&Browser::default().comes(broker, &format!("rui{at}")));
        assert_eq!(broker.auth(&ana.cookies()), 200);
    }
    assert_away(&ana.clone().ask(broker, "POST", "/logout").expect("an answer"));
    assert_eq!(broker.auth(&ana.cookies()), 200);
    assert!(!broker.is_ready(), "it cannot do its work");

    closed(false);
    let well = until("it is ready", Duration::from_secs(10), || broker.is_ready());
    eprintln!("it was ready {well:?} after the storage took in again");
    for at in 0..20 {
        Browser::signed_in(broker, &format!("eva{at}"));
    }
    assert_eq!(ana.ask(broker, "POST", "/logout").expect("an answer").status, 303);
    assert_eq!(broker.auth(&ana.cookies()), 401);
    assert_eq!(place.count("SELECT count(*) FROM users WHERE uid <> $1", ""), 21);
    assert!(broker.lives());
    place.assert_whole();
}

/// Attack F-03
#[test]
fn a_file_that_takes_nothing_in_lets_nobody_in_and_checks_go_on() {
    let place = Place::on_sqlite();
    let broker = Ending(place.start_with_room("unlimited"));

    borne(&place, &broker.0, |closed| broker.0.give_room(if closed { "0" } else { "unlimited" }));
}

/// Attack F-02
#[test]
fn a_server_that_takes_nothing_in_lets_nobody_in_and_checks_go_on() {
    let place = Place::on_postgres();
    let StorageLocation::Server(address) = &place.storage else { panic!("it is a server") };
    let name = url::Url::parse(address).expect("an address").path().trim_start_matches('/').to_owned();
    let say = |sql: String| {
        wait(async {
            let mut connection = Server::shared().connect("postgres").await;
            connection.execute(AssertSqlSafe(sql).into_sql_str()).await.expect("it is done");
        });
    };
    let broker = Ending(place.start());

    borne(&place, &broker.0, |closed| {
        say(format!("ALTER DATABASE {name} SET default_transaction_read_only = {}", if closed { "on" } else { "off" }));
        if closed {
            // Otherwise who is connected goes on as before: what has changed back the broker finds out by itself.
            say(format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
        }
    });
}

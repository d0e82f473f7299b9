//! The server dies while people log in at two brokers, and its synchronous standby takes its place.

use crate::bad_times::place::{Broker, Browser, Ending, Place, assert_away, now, until, wait};
use crate::database::{Relay, Server};
use sqlx::{AssertSqlSafe, Executor as _};
use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Two servers with one database: the second follows the first, which answers only what the second has as well.
fn first_and_standby() -> (Server, Server, String) {
    let first = Server::new();
    let (name, _) = wait(first.database());
    let standby = first.standby();
    wait(async {
        let mut connection = first.connect("postgres").await;
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'").await.expect("it is set");
        connection.execute("SELECT pg_reload_conf()").await.expect("it is read");
    });
    let is_synchronous = || {
        wait(async {
            let mut connection = first.connect("postgres").await;
            let count = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
            sqlx::query_scalar::<_, i64>(count).fetch_one(&mut connection).await.expect("a number") == 1
        })
    };
    until("the standby is synchronous", Duration::from_secs(20), is_synchronous);
    (first, standby, name)
}

/// The sessions that brokers answered, and how many each has answered.
#[derive(Default)]
struct Answered {
    sids: Mutex<Vec<String>>,
    at: Mutex<[usize; 2]>,
}

impl Answered {
    fn counts(&self) -> [usize; 2] {
        *self.at.lock().expect("no thread panics while it holds the lock")
    }
}

/// People come, one after the other, until it is over. Whoever does not come in is told that the storage is away.
fn come(brokers: [&Broker; 2], who: &str, answered: &Answered, is_over: &AtomicBool) {
    for round in 0.. {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let at = round % 2;
        let mut browser = Browser::default();
        let answer = match browser.try_begin(brokers[1 - at], &format!("{who}-{round}")) {
            Ok(back) => browser.ask(brokers[at], "GET", &back).expect("an answer"),
            Err(answer) => answer,
        };
        if answer.status == 303 && answer.session().is_some() {
            answered.sids.lock().expect("no thread panics while it holds the lock").push(browser.sid());
            answered.at.lock().expect("no thread panics while it holds the lock")[at] += 1;
        } else {
            assert_away(&answer);
        }
    }
}

async fn sessions(server: &Server, database: &str) -> HashSet<String> {
    let mut connection = server.connect(database).await;
    let sids: Vec<String> =
        sqlx::query_scalar(AssertSqlSafe("SELECT sid FROM sessions")).fetch_all(&mut connection).await.expect("sessions");
    sids.into_iter().collect()
}

/// The first server is taken away by one order while people log in, and comes back by another after the standby was promoted.
fn promoted_after(away: &str, back: &str) {
    let (first, standby, name) = first_and_standby();
    let relays = [Relay::before(&first), Relay::before(&standby)];
    let hosts = relays.each_ref().map(|relay| format!("127.0.0.1:{}", relay.port)).join(",");
    let storage = format!("postgres://portaria@{hosts}/{name}?target_session_attrs=read-write");
    let mut place = Place::with_storage(first.storage(&name));
    let start = || Ending(place.try_start_at(&storage).unwrap_or_else(|| panic!("it listens: {}", place.logged())));
    let brokers = [start(), start()];
    let pair = [&brokers[0].0, &brokers[1].0];
    let (answered, is_over) = (Answered::default(), AtomicBool::new(false));

    let (gap, before) = std::thread::scope(|scope| {
        let answered = &answered;
        for who in ["ana", "bia", "eva", "rui"] {
            let is_over = &is_over;
            scope.spawn(move || come(pair, who, answered, is_over));
        }
        until("people have come", Duration::from_mins(1), || answered.counts().iter().all(|count| *count >= 20));
        first.order(away);
        let began = now();
        let before = answered.counts();
        standby.order("promote");
        let both_go_on = || answered.counts().iter().zip(before).all(|(now, then)| *now >= then + 10);
        until("people come again at both", Duration::from_mins(1), both_go_on);
        is_over.store(true, Ordering::Relaxed);
        (began.elapsed(), before)
    });

    let sids = answered.sids.into_inner().expect("no thread panics while it holds the lock");
    let kept = wait(sessions(&standby, &name));
    let lost: Vec<&String> = sids.iter().filter(|sid| !kept.contains(*sid)).collect();
    eprintln!("{before:?} logins before the {away}, {} in all, {gap:?} until ten more had come at each broker", sids.len());
    assert_eq!(lost, Vec::<&String>::new(), "an answered login is gone");

    // The server comes back by itself. It accepts writes, and lacks what the other has stored.
    first.order(back);
    let third = start();
    for broker in [pair[0], pair[1], &third.0] {
        let browser = Browser::signed_in(broker, "lia");
        assert!(wait(sessions(&standby, &name)).contains(&browser.sid()), "it is stored where all the others are");
    }
    place.storage = standby.storage(&name);
    place.assert_whole();

    standby.order("kill");
    for broker in [pair[0], pair[1], &third.0] {
        until("the storage is away", Duration::from_secs(15), || !broker.is_ready());
        if let Err(answer) = Browser::default().try_begin(broker, "lia") {
            assert_away(&answer);
        }
    }
    assert!(place.logged().contains("this server was replaced by another"), "{}", place.logged());
    standby.order("start");
    for broker in [pair[0], pair[1], &third.0] {
        until("it is well again", Duration::from_secs(20), || broker.is_ready());
        until("people come again", Duration::from_secs(20), || Browser::default().try_begin(broker, "lia").is_ok());
        Browser::signed_in(broker, "lia");
    }
    place.assert_whole();
}

/// Attack F-01
#[test]
fn a_standby_that_is_promoted_after_a_kill_has_every_answered_login_and_both_brokers_go_on_by_themselves() {
    promoted_after("kill", "start");
}

/// Attack F-02
#[test]
fn a_standby_that_is_promoted_while_its_server_hangs_has_every_answered_login_and_both_brokers_go_on() {
    promoted_after("freeze", "thaw");
}

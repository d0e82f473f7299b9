//! PostgreSQL is stopped, or hangs.

use crate::bad_times::place::{Broker, Browser, Ending, Place, assert_away, now, until};
use crate::database::Server;
use std::time::Duration;

/// No one waits longer.
const LONGEST: Duration = Duration::from_secs(12);

/// Shoppers with a way back, who all come at once; all are told that the storage is away. How long that took at most.
fn all_come(broker: &Broker, shoppers: &mut [(Browser, String)]) -> Duration {
    std::thread::scope(|scope| {
        let coming: Vec<_> = shoppers
            .iter_mut()
            .map(|(browser, back)| {
                scope.spawn(move || {
                    let began = now();
                    assert_away(&browser.ask(broker, "GET", back).expect("an answer"));
                    began.elapsed()
                })
            })
            .collect();
        coming.into_iter().map(|one| one.join().expect("all are told")).max().expect("a person came")
    })
}

fn on_their_way(broker: &Broker, many: usize) -> Vec<(Browser, String)> {
    let begun = (0..many).map(|at| {
        let mut browser = Browser::default();
        let back = browser.begin(broker, &format!("rui{at}"));
        (browser, back)
    });
    begun.collect()
}

/// The server is taken away by one order and given back by another.
fn away_and_back(away: &str, back: &str) {
    let server = Server::new();
    let place = Place::on(&server);
    place.set("session: { offline: 2s }\n");
    let broker = Ending(place.start());
    let broker = &broker.0;
    let ana = Browser::signed_in(broker, "ana");
    let mut shoppers = on_their_way(broker, 24);

    let began = now();
    server.order(away);
    let checked = broker.auth(&ana.cookies());
    // A busy machine may have taken its time to carry the order out.
    assert!(checked == 200 || began.elapsed() > Duration::from_secs(1), "checks answer from memory: {checked}");
    let forgot = until("checks are refused", Duration::from_secs(5), || broker.auth(&ana.cookies()) == 503);
    let longest = all_come(broker, &mut shoppers);
    assert!(longest < LONGEST, "{longest:?}");
    assert_away(&Browser::default().ask(broker, "GET", "/login/acme").expect("an answer"));
    let began = now();
    assert_away(&ana.clone().ask(broker, "POST", "/logout").expect("an answer"));
    assert!(!broker.is_ready() && began.elapsed() < 2 * LONGEST);
    assert_eq!(broker.ask("GET", "/health/live", &[]).map(|answer| answer.status), Some(200));

    server.order(back);
    let well = until("checks go on", Duration::from_secs(15), || broker.auth(&ana.cookies()) == 200);
    eprintln!("{away}: checks refused after {forgot:?}, callbacks after {longest:?} at most; well {well:?} after {back}");
    until("it is ready", Duration::from_secs(15), || broker.is_ready());
    for (browser, back) in &mut shoppers {
        let again = browser.ask(broker, "GET", back).expect("an answer");
        // What a server that hung was told last it may have done.
        assert!(again.status == 303 || (away == "freeze" && again.status == 400), "whoever tries again comes in: {again:?}");
    }
    until("somebody can come in", Duration::from_secs(15), || Browser::default().comes(broker, "eva").status == 303);
    for at in 0..20 {
        Browser::signed_in(broker, &format!("eva{at}"));
    }
    assert!(broker.lives());
    place.assert_whole();
}

/// Attack F-01
#[test]
fn while_the_server_is_stopped_nobody_comes_in_and_after_it_all_is_well() {
    away_and_back("stop", "start");
}

/// Attack F-02
#[test]
fn while_the_server_hangs_nobody_waits_for_long_and_after_it_all_is_well() {
    away_and_back("freeze", "thaw");
}

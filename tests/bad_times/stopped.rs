//! The program is asked to end, as a service manager asks it.

use crate::bad_times::place::{Browser, Ending, Place, until};
use crate::web::test_provider::{json, person};
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const SHOPPERS: usize = 12;

/// Attack F-10
#[test]
fn who_is_on_the_way_when_it_is_asked_to_end_comes_in_and_nobody_else_does() {
    let place = Place::on_sqlite();
    let broker = Ending(place.start());
    let (waiting, was_asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    place.upstream.answers("/me", {
        let (waiting, was_asked) = (Arc::clone(&waiting), Arc::clone(&was_asked));
        move |heard, to| {
            waiting.fetch_add(1, Ordering::SeqCst);
            while !was_asked.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            let who = heard.header("authorization").and_then(|token| token.rsplit('-').next()).unwrap_or_default();
            let _ = to.write_all(&json(200, &person(who)));
        }
    });

    let shoppers: Vec<Browser> = std::thread::scope(|scope| {
        let coming: Vec<_> = (0..SHOPPERS)
            .map(|at| {
                let broker = &broker.0;
                scope.spawn(move || {
                    let mut browser = Browser::default();
                    let answer = browser.comes(broker, &format!("ana{at}"));
                    assert_eq!((answer.status, answer.session().is_some()), (303, true), "{answer:?}");
                    browser
                })
            })
            .collect();
        until("all are on their way", Duration::from_secs(20), || waiting.load(Ordering::SeqCst) == SHOPPERS);
        broker.0.ask_to_end();
        until("nobody new is served", Duration::from_secs(10), || broker.0.ask("GET", "/login/acme", &[]).is_none());
        was_asked.store(true, Ordering::SeqCst);
        coming.into_iter().map(|one| one.join().expect("they come in")).collect()
    });

    until("it has ended", Duration::from_secs(26), || !broker.0.lives());
    let again = Ending(place.start());
    assert!(shoppers.iter().all(|browser| again.0.auth(&browser.cookies()) == 200), "every session that was answered is kept");
    place.assert_whole();
}

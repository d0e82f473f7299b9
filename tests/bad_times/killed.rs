//! The program is killed at every step of a login and of a sign-out, again and again, and started anew on the same storage.

use crate::bad_times::on_both;
use crate::bad_times::place::{Broker, Browser, Ending, Place, chance, now};
use crate::web::test_provider::{json, person};
use std::io::Write as _;
use std::thread;
use std::time::Duration;

const KILLS: u32 = 200;

/// When it is killed.
#[derive(Clone, Copy, Debug)]
enum When {
    BegunLogin,
    AtTheToken,
    AtTheUser,
    AfterTheUser,
    LoggedIn,
    AfterSigningOut,
    SignedOut,
}

const STEPS: [When; 10] = [
    When::BegunLogin,
    When::AtTheToken,
    When::AfterTheUser,
    When::AfterSigningOut,
    When::AtTheUser,
    When::AfterTheUser,
    When::LoggedIn,
    When::AfterTheUser,
    When::AfterSigningOut,
    When::SignedOut,
];

/// A little while, shorter than what is being done.
fn a_moment(most: u64) {
    thread::sleep(Duration::from_micros(chance(most)));
}

/// What was known when it died.
struct Death {
    browser: Browser,
    /// The callback that was sent, and whether it was answered.
    back: String,
    was_let_in: bool,
    /// The cookies of a session whose end was answered.
    ended: Option<String>,
}

fn die(place: &Place, broker: &Broker, when: When, who: &str, comes_again: bool) -> Death {
    let upstream = &place.upstream;
    // A person who signs in again in the same browser has a session that ends by it.
    let mut browser = if comes_again { Browser::signed_in(broker, who) } else { Browser::default() };
    let before = browser.cookies();
    let back = browser.begin(broker, who);
    let victim = broker.clone();
    match when {
        When::AtTheToken => upstream.answers("/token", move |_, _| victim.kill()),
        When::AtTheUser => upstream.answers("/me", move |_, _| victim.kill()),
        When::AfterTheUser => {
            let answer = json(200, &person(who));
            upstream.answers("/me", move |_, to| {
                let _ = to.write_all(&answer);
                a_moment(9_000);
                victim.kill();
            });
        }
        When::BegunLogin => broker.kill(),
        When::LoggedIn | When::AfterSigningOut | When::SignedOut => {}
    }
    let mut here = browser.clone();
    let answer = here.ask(broker, "GET", &back);
    let was_let_in = answer.as_ref().is_some_and(|answer| answer.status == 303 && answer.session().is_some());
    upstream.is_honest();
    let mut ended = (was_let_in && comes_again).then_some(before);
    if was_let_in {
        browser = here;
    }
    if matches!(when, When::AfterSigningOut | When::SignedOut) {
        assert!(was_let_in, "{answer:?}");
        let mut leaving = browser.clone();
        let victim = broker.clone();
        let killer = matches!(when, When::AfterSigningOut).then(|| {
            thread::spawn(move || {
                a_moment(6_000);
                victim.kill();
            })
        });
        if leaving.ask(broker, "POST", "/logout").is_some_and(|answer| answer.status == 303) {
            ended = Some(browser.cookies());
        }
        killer.into_iter().for_each(|killer| killer.join().expect("it is killed"));
    }
    broker.kill();
    Death { browser, back, was_let_in, ended }
}

fn what_was_answered_holds(place: &Place, broker: &Broker, when: When, death: Death) {
    let Death { mut browser, back, was_let_in, ended } = death;
    if let Some(ended) = &ended {
        assert_eq!(broker.auth(ended), 401, "{when:?}: a session that ended is back");
    }
    if was_let_in && ended.as_ref() != Some(&browser.cookies()) {
        let auth = broker.auth(&browser.cookies());
        let is_kept = place.count("SELECT count(*) FROM sessions WHERE sid = $1", &browser.sid()) == 1;
        // A sign-out that was not answered may have been kept all the same.
        assert_eq!((auth == 200), is_kept, "{when:?}");
        assert!(is_kept || matches!(when, When::AfterSigningOut), "{when:?}: a session that was answered is gone");
    }
    let again = browser.ask(broker, "GET", &back).expect("an answer");
    match when {
        When::BegunLogin => assert_eq!((again.status, again.session().is_some()), (303, true), "a login outlives the program: {again:?}"),
        _ => assert_eq!((again.status, again.session()), (400, None), "{when:?}: {again:?}"),
    }
}

on_both! {
    /// Attacks O-10, F-04
    /// Lesson 162
    killed_at_any_moment_it_keeps_what_it_has_answered_and_nothing_half_made: |place: Place| {
        let began = now();
        let mut broker = Ending(place.start());
        let (mut answered, mut starting) = ([0; 2], Duration::ZERO);
        for (round, when) in (0..KILLS).zip(STEPS.into_iter().cycle()) {
            let death = die(&place, &broker.0, when, &format!("ana{}", round / 2), round % 2 == 1);
            if matches!(when, When::AfterTheUser) {
                answered[usize::from(death.was_let_in)] += 1;
            }
            let start = now();
            broker = Ending(place.start());
            starting += start.elapsed();
            what_was_answered_holds(&place, &broker.0, when, death);
            place.assert_whole();
            Browser::signed_in(&broker.0, "rui");
        }
        eprintln!(
            "{KILLS} kills in {:?}, {:?} a start; killed after user info, {} were answered and {} were not",
            began.elapsed(), starting / KILLS, answered[1], answered[0]
        );
        assert!(answered[0] > 0, "some logins were cut off");
    };
}

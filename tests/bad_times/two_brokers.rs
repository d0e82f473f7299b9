//! Two brokers on one storage, over real sockets.

use crate::bad_times::on_both;
use crate::bad_times::place::{Browser, Ending, Place, until};
use std::time::Duration;

on_both! {
    /// Attack C-08
    of_fifty_callbacks_at_two_brokers_one_opens_a_session: |place: Place| {
        let brokers = [Ending(place.start()), Ending(place.start())];
        let mut browser = Browser::default();
        let back = browser.begin(&brokers[0].0, "ana");

        let answers: Vec<_> = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..50)
                .map(|at| {
                    let (broker, back, mut browser) = (&brokers[at % 2].0, &back, browser.clone());
                    scope.spawn(move || browser.ask(broker, "GET", back).expect("an answer"))
                })
                .collect();
            asking.into_iter().map(|one| one.join().expect("nothing panics")).collect()
        });

        let opened = answers.iter().filter(|answer| answer.status == 303 && answer.session().is_some()).count();
        let refused = answers.iter().filter(|answer| answer.status == 400 && answer.session().is_none()).count();
        assert_eq!((opened, refused), (1, 49), "{answers:?}");
        assert_eq!((place.upstream.asked("/token"), place.upstream.asked("/me")), (1, 1));
        assert_eq!(place.count("SELECT count(*) FROM sessions WHERE sid <> $1", ""), 1);
        place.assert_whole();
    };

    a_sign_out_at_one_broker_is_known_at_the_other_within_a_second: |place: Place| {
        let brokers = [Ending(place.start()), Ending(place.start())];
        let [here, there] = [&brokers[0].0, &brokers[1].0];
        let mut took = Vec::new();
        for round in 0..6 {
            let mut browser = Browser::signed_in(here, &format!("ana{round}"));
            let cookies = browser.cookies();
            assert_eq!(there.auth(&cookies), 200);
            assert_eq!(browser.ask(here, "POST", "/logout").expect("an answer").status, 303);
            assert_eq!(here.auth(&cookies), 401);
            took.push(until("the other knows it", Duration::from_secs(1), || there.auth(&cookies) == 401));
        }
        eprintln!("a sign-out was known at the other broker after {took:?}");
    };
}

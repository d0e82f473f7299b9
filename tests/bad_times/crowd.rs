//! Very many checks at once.

use crate::bad_times::place::{Browser, Ending, Place, now};
use std::time::Duration;

const ASKING: usize = 4;
const CHECKS: usize = 1_500;
const ROUNDS: usize = 4;

/// How long a check takes depends on what else the machine does, so what is counted is the time of the processor, of which two cores
/// have one millisecond for each of 2,000 checks a second; `benches/auth.rs` measures the rest. What is left behind by each check would
/// grow in every round, so the round in which memory grows least tells.
/// Attack A-11
#[test]
fn in_a_crowd_every_check_is_answered_rightly_and_memory_does_not_grow() {
    let place = Place::on_sqlite();
    let broker = Ending(place.start());
    let broker = &broker.0;
    let [ana, bia, mut eva] = ["ana", "bia", "eva"].map(|who| Browser::signed_in(broker, who));
    let ended = eva.cookies();
    assert_eq!(eva.ask(broker, "POST", "/logout").expect("an answer").status, 303);
    let forged = ana.cookies().replacen("portaria=e", "portaria=f", 1);
    assert_ne!(forged, ana.cookies());
    let emails = [(ana.cookies(), "ana@clientes.example"), (bia.cookies(), "bia@clientes.example")];
    let crowd = || {
        std::thread::scope(|scope| {
            let asking: Vec<_> = (0..ASKING)
                .map(|thread| {
                    let (emails, forged, ended) = (&emails, &forged, &ended);
                    scope.spawn(move || {
                        let check = |at: usize| {
                            let began = now();
                            let (cookies, email) = match at % 100 {
                                0 => (forged, None),
                                50 => (ended, None),
                                _ => (&emails[(at + thread) % 2].0, Some(emails[(at + thread) % 2].1)),
                            };
                            let answer = broker.ask("GET", "/auth", &[("Cookie", cookies)]).expect("an answer");
                            assert_eq!((answer.status, answer.header("x-auth-email")), (if email.is_some() { 200 } else { 401 }, email));
                            began.elapsed()
                        };
                        (0..CHECKS).map(check).collect::<Vec<_>>()
                    })
                })
                .collect();
            asking.into_iter().flat_map(|one| one.join().expect("nothing is mistaken")).collect::<Vec<_>>()
        })
    };

    let took_before = broker.processor_time();
    let mut took = crowd();
    let grown = (1..ROUNDS).map(|_| {
        let before = broker.resident();
        took.extend(crowd());
        broker.resident().saturating_sub(before)
    });
    let grown = grown.min().expect("there are rounds");
    let of_processor = broker.processor_time().saturating_sub(took_before) / u32::try_from(took.len()).expect("they are few");

    took.sort();
    let (typical, slow) = (took[took.len() / 2], took[took.len() * 99 / 100]);
    eprintln!(
        "{} checks by {ASKING} at once: half of them within {typical:?}, 99 % within {slow:?}, {of_processor:?} of a processor each, {grown} bytes more",
        took.len()
    );
    assert!(grown < 256 << 10 && of_processor < Duration::from_millis(1), "{grown} bytes, {of_processor:?}");
}

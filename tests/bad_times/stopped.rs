//! The program is asked to end, as a service manager asks it.

use crate::bad_times::place::{Broker, Browser, Ending, Place, until};
use crate::web::mailbox::Mailbox;
use crate::web::test_broker::STANDARD;
use crate::web::test_provider::{json, person};
use portaria::world::files::read_bytes;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
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

/// What a broker answers that still serves.
fn readiness(broker: &Broker) -> Option<u16> {
    broker.ask("GET", "/health/ready", &[]).map(|answer| answer.status)
}

#[test]
fn a_broker_that_ends_later_says_so_first_and_serves_until_then() {
    for signal in ["-TERM", "-INT"] {
        let place = Place::on_sqlite();
        place.set("shutdown: { delay: 10m, timeout: 20s }\n");
        let broker = Ending(place.start());
        assert_eq!(readiness(&broker.0), Some(200));

        broker.0.signal(signal);

        until("it says that it ends", Duration::from_secs(20), || readiness(&broker.0) == Some(503));
        let mut browser = Browser::default();
        assert_eq!(browser.comes(&broker.0, "ana").status, 303, "visitors who come are served");
        // The second signal cuts the wait short.
        broker.0.signal(signal);
        until("it has ended", Duration::from_secs(20), || !broker.0.lives());
        assert!(place.logged().contains("the broker has ended"), "{}", place.logged());
        let again = Ending(place.start());
        assert_eq!(again.0.auth(&browser.cookies()), 200);
    }
}

/// A place that sends mail, and where the broker runs at which `ana` signed in before: her next login by another provider leads to a mail.
fn place_with_mail() -> (Place, Mailbox, Ending) {
    let (place, mailbox) = (Place::on_sqlite(), Mailbox::open());
    place.set(&format!("{}shutdown: {{ timeout: 60s }}\n", mailbox.settings()));
    let beta = STANDARD.replace("UPSTREAM", &place.upstream.url()).replace("SECRET", "file:secrets/acme");
    place.folder.write("providers.d/beta.yaml", &beta.replace("Clube Acme", "Clube Beta"));
    let broker = Ending(place.start());
    drop(Browser::signed_in(&broker.0, "ana"));
    (place, mailbox, broker)
}

/// Begins that login, and answers with the address to which the other provider leads back.
fn begin_at_beta(browser: &mut Browser, broker: &Broker) -> String {
    let begun = browser.ask(broker, "GET", "/login/beta").expect("an answer");
    let url = url::Url::parse(begun.location().expect("it leads somewhere")).expect("an address");
    let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
    format!("/callback/beta?code=acme-code-ana&state={state}")
}

#[test]
fn the_mail_of_a_login_that_was_finished_while_the_server_stopped_is_waited_for() {
    let (place, mailbox, broker) = place_with_mail();
    let (is_asked, may_answer) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    place.upstream.answers("/me", {
        let (is_asked, may_answer) = (Arc::clone(&is_asked), Arc::clone(&may_answer));
        move |_, to| {
            is_asked.store(true, Ordering::SeqCst);
            while !may_answer.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            let _ = to.write_all(&json(200, &person("ana")));
        }
    });
    let held = mailbox.hold();

    let answer = std::thread::scope(|scope| {
        let serving = &broker.0;
        let coming = scope.spawn(move || {
            let mut browser = Browser::default();
            let back = begin_at_beta(&mut browser, serving);
            browser.ask(serving, "GET", &back).expect("an answer")
        });
        until("the login waits for its provider", Duration::from_secs(20), || is_asked.load(Ordering::SeqCst));
        broker.0.ask_to_end();
        until("nobody new is served", Duration::from_secs(10), || broker.0.ask("GET", "/login/acme", &[]).is_none());
        may_answer.store(true, Ordering::SeqCst);
        coming.join().expect("it is answered")
    });
    assert!(answer.session().is_some(), "{answer:?}");
    // A broker that does not wait has ended long before.
    for _ in 0..200 {
        assert!(broker.0.lives(), "{}", place.logged());
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(held);

    until("it has ended", Duration::from_secs(20), || !broker.0.lives());
    assert_eq!(mailbox.letters().len(), 1, "{}", place.logged());
}

/// The mail goes beside the login, whose answer does not wait for it.
#[test]
fn a_mail_on_its_way_is_waited_for() {
    let (place, mailbox, broker) = place_with_mail();
    let held = mailbox.hold();
    let mut browser = Browser::default();
    let back = begin_at_beta(&mut browser, &broker.0);
    let answer = browser.ask(&broker.0, "GET", &back).expect("an answer");
    assert!(answer.session().is_some(), "{answer:?}");

    broker.0.ask_to_end();
    until("it says that it ends", Duration::from_secs(20), || readiness(&broker.0) == Some(503));
    assert!(broker.0.lives() && mailbox.letters().is_empty());
    drop(held);

    until("it has ended", Duration::from_secs(20), || !broker.0.lives());
    assert_eq!(mailbox.letters().len(), 1, "{}", place.logged());
}

#[test]
fn what_takes_longer_than_the_settings_allow_is_cut_off() {
    let place = Place::on_sqlite();
    place.set("shutdown: { timeout: 1s }\n");
    let broker = Ending(place.start());
    let (waiting, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    place.upstream.answers("/me", {
        let (waiting, is_over) = (Arc::clone(&waiting), Arc::clone(&is_over));
        move |_, _| {
            waiting.fetch_add(1, Ordering::SeqCst);
            while !is_over.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    });

    std::thread::scope(|scope| {
        let mut browser = Browser::default();
        let back = browser.begin(&broker.0, "ana");
        let serving = &broker.0;
        let asked = scope.spawn(move || browser.ask(serving, "GET", &back).is_none());
        until("it is on its way", Duration::from_secs(20), || waiting.load(Ordering::SeqCst) == 1);
        broker.0.ask_to_end();
        until("it has ended", Duration::from_secs(20), || !broker.0.lives());
        is_over.store(true, Ordering::SeqCst);
        assert!(asked.join().expect("it was asked"), "there is no answer");
    });
    assert!(place.logged().contains("are cut off"), "{}", place.logged());
}

#[test]
fn a_hang_up_while_the_program_starts_is_taken_up_when_it_serves() {
    let place = Place::on_sqlite();
    let locked = rusqlite::Connection::open(place.storage.file().expect("a file")).expect("a file");
    locked.execute_batch("BEGIN EXCLUSIVE").expect("it is locked");

    let broker = std::thread::scope(|scope| {
        let starting = scope.spawn(|| Ending(place.start_as(&["sh", "-c", r#"echo $$ >pid; exec "$@""#, "sh"], &[])));
        until("it takes the signal", Duration::from_secs(30), || starting.is_finished() || takes_hang_up(&process_id(&place)));
        assert!(!starting.is_finished(), "it waits for its storage: {}", place.logged());
        let sent = Command::new("kill").args(["-HUP", &process_id(&place)]).status();
        assert!(sent.expect("kill is there").success());
        drop(locked);
        starting.join().expect("it is started")
    });

    until("the files are read again", Duration::from_secs(20), || place.logged().contains("SIGHUP: all files are read again"));
    assert!(broker.0.lives(), "{}", place.logged());
}

/// What is in a file, and nothing if it is not there yet.
fn text_if_there(path: &Path) -> String {
    String::from_utf8_lossy(&read_bytes(path, 1 << 16).unwrap_or_default()).into_owned()
}

fn process_id(place: &Place) -> String {
    text_if_there(&place.folder.0.join("pid")).trim().to_owned()
}

/// Whether the process has a handler for SIGHUP, which is signal 1 and so the last bit.
fn takes_hang_up(id: &str) -> bool {
    let status = text_if_there(Path::new(&format!("/proc/{id}/status")));
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0");
    u64::from_str_radix(caught.trim(), 16).is_ok_and(|caught| caught & 1 == 1)
}

/// The settings are read at once, and those that are wrong change nothing.
#[test]
fn a_hang_up_reads_the_files_again_and_a_mistake_in_them_changes_nothing() {
    let place = Place::on_sqlite();
    let broker = Ending(place.start());
    let title = |wanted: &str| broker.0.ask("GET", "/login", &[("Accept", "text/html")]).is_some_and(|page| page.body.contains(wanted));

    place.set("login: { title: Loja Nova }\n");
    broker.0.signal("-HUP");
    until("the settings are in use", Duration::from_secs(8), || title("Loja Nova"));
    place.set("login: { tilte: Loja Errada }\n");
    broker.0.signal("-HUP");
    until("the mistake is in the log", Duration::from_secs(8), || place.logged().contains("the settings are broken"));

    assert!(title("Loja Nova") && broker.0.lives());
    let metrics = broker.0.ask("GET", "/metrics", &[]).expect("an answer").body;
    for line in ["portaria_configuration_up_to_date 0", "portaria_complaints 1"] {
        assert!(metrics.lines().any(|other| other == line), "{line}: {metrics}");
    }
    assert!(place.logged().matches("SIGHUP: all files are read again").count() >= 2, "{}", place.logged());
}

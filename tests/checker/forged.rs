//! An honest history, and forged ones: each invariant notices its own.

use crate::checker::history::{Line, Outcome, Token, What, read, write};
use crate::checker::invariants::{shortest_prefix, violations};

const SECOND: u64 = 1_000_000;

fn token(sid: &str, uid: &str, subject: &str) -> Token {
    let text = str::to_owned;
    Token {
        sid: text(sid),
        uid: text(uid),
        email: format!("{uid}@clientes.example"),
        provider: text("acme"),
        subject: text(subject),
        store: text("main"),
        since: 7,
        kid: text("k"),
    }
}

fn line(at: u64, what: What) -> Line {
    Line { start: at * SECOND, end: at * SECOND + 1000, what, store: "main".to_owned(), status: 200, ..Line::default() }
}

/// A login in three lines, and what the provider heard of it.
fn login(at: u64, state: &str, opened: &Token) -> Vec<Line> {
    let of_it = |what| Line {
        state: state.to_owned(),
        code: format!("code of {state}"),
        provider: "acme".to_owned(),
        subject: opened.subject.clone(),
        ..line(at, what)
    };
    vec![
        Line { status: 303, ..of_it(What::Start) },
        of_it(What::Issue),
        Line { secrets: vec!["acme".to_owned()], ..of_it(What::TokenCall) },
        Line { status: 303, opened: Some(opened.clone()), ..of_it(What::Callback) },
    ]
}

fn check(at: u64, broker: usize, status: u16, sent: &Token) -> Line {
    let described = (status == 200).then(|| sent.clone());
    Line { broker, status, sent: Some(sent.clone()), described, ..line(at, What::Auth) }
}

/// Ana signs in twice, links an identity and removes it, and signs out of her first session; Bia stays.
fn honest() -> Vec<Line> {
    let (ana, again, bia) = (token("s1", "ana", "p1"), token("s2", "ana", "p1"), token("s3", "bia", "p2"));
    let renamed = Token { sid: "s4".to_owned(), ..again.clone() };
    let mut history = vec![line(1, What::Life), Line { broker: 1, ..line(1, What::Life) }];
    history.extend([login(2, "a", &ana), login(3, "b", &Token { since: 8, ..again.clone() }), login(4, "c", &bia)].concat());
    history.extend([check(5, 0, 200, &ana), check(5, 1, 200, &bia)]);
    let mut adds = login(6, "d", &Token { subject: "p9".to_owned(), ..renamed.clone() });
    adds[0].what = What::StartLink;
    adds[3] = Line { link: "s2".to_owned(), sent: Some(again.clone()), opened: Some(renamed.clone()), ..adds[3].clone() };
    history.extend(adds);
    let way = |line: Line| Line { provider: "acme".to_owned(), subject: "p9".to_owned(), ..line };
    history.push(way(Line { status: 303, sent: Some(renamed), ..line(8, What::Unlink) }));
    history.push(Line { status: 303, sent: Some(ana.clone()), is_cleared: true, ..line(10, What::Logout) });
    history.extend([check(11, 0, 401, &ana), check(14, 1, 401, &ana), check(14, 1, 200, &bia)]);
    for (uid, subject) in [("ana", "p1"), ("bia", "p2")] {
        let key = uid.to_owned();
        history.push(Line { key: key.clone(), note: format!("{uid}@clientes.example"), ..line(20, What::User) });
        history.push(Line { key, provider: "acme".to_owned(), subject: subject.to_owned(), ..line(20, What::Identity) });
    }
    history
}

/// The forged history breaks this invariant and no other.
fn breaks(letter: &str, forge: impl FnOnce(&mut Vec<Line>)) {
    let mut history = honest();
    assert_eq!(violations(&history), Vec::<String>::new());
    forge(&mut history);
    history.sort_by_key(|line| line.end);
    let found = violations(&history);
    assert!(!found.is_empty() && found.iter().all(|found| found.starts_with(letter)), "{letter}: {found:?}");
}

fn the(history: &mut [Line], what: What) -> &mut Line {
    history.iter_mut().find(|line| line.what == what).expect("there is one")
}

#[test]
fn a_a_state_that_opens_two_sessions_and_a_code_that_is_shown_twice_are_noticed() {
    breaks("a", |history| {
        let again = the(history, What::Callback).clone();
        history.push(Line { opened: again.opened.map(|opened| Token { sid: "s9".to_owned(), ..opened }), ..again });
    });
    breaks("a", |history| {
        let again = the(history, What::TokenCall).clone();
        history.push(again);
    });
}

#[test]
fn b_a_session_that_is_good_after_its_end_is_noticed() {
    let ana = token("s1", "ana", "p1");
    breaks("b", |history| history.push(Line { start: 10 * SECOND + 2000, ..check(10, 0, 200, &ana) }));
    breaks("b", |history| {
        history.retain(|line| line.status != 401);
        history.push(check(13, 1, 200, &ana));
    });
    // By the end of all sessions, by that of a key, and by another login in the same browser.
    let bia = token("s3", "bia", "p2");
    let last = |history: &mut Vec<Line>| history.push(check(17, 1, 200, &bia));
    breaks("b", |history| {
        history.push(Line { status: 303, sent: Some(token("s8", "bia", "p2")), is_cleared: true, ..line(14, What::Revoke) });
        last(history);
    });
    breaks("b", |history| {
        history.push(Line { key: "k".to_owned(), ..line(14, What::Retire) });
        last(history);
    });
    breaks("b", |history| {
        history.extend(login(14, "e", &token("s5", "bia", "p2")));
        history.last_mut().expect("there is one").sent = Some(bia.clone());
        last(history);
    });
}

#[test]
fn b_what_is_late_within_the_bounds_is_no_violation() {
    let ana = token("s1", "ana", "p1");
    let mut history = honest();
    history.retain(|line| line.status != 401);
    history.push(check(11, 1, 200, &ana));
    assert_eq!(violations(&history), Vec::<String>::new(), "a second later at the other broker");
    history.push(check(15, 1, 200, &ana));
    assert_ne!(violations(&history), Vec::<String>::new());
    history.push(Line { broker: 1, end: 14 * SECOND, ..line(9, What::Database) });
    assert_eq!(violations(&history), Vec::<String>::new(), "that broker was cut off");
    history.push(Line { broker: 1, life: 1, ..line(13, What::Life) });
    history.push(Line { life: 1, ..check(15, 1, 200, &ana) });
    assert_ne!(violations(&history), Vec::<String>::new(), "a broker that was started after it knows it");
}

#[test]
fn c_a_session_of_somebody_else_is_noticed() {
    breaks("c", |history| {
        let callback = the(history, What::Callback);
        callback.opened = callback.opened.take().map(|opened| Token { subject: "p7".to_owned(), ..opened });
    });
    breaks("c", |history| the(history, What::Callback).browser = 5);
    breaks("c", |history| the(history, What::Auth).described = Some(token("", "bia", "p1")));
}

#[test]
fn d_a_user_without_identity_and_an_address_of_two_users_are_noticed() {
    breaks("d", |history| {
        history.push(Line { key: "rui".to_owned(), note: "rui@clientes.example".to_owned(), ..line(20, What::User) });
    });
    breaks("d", |history| the(history, What::User).note = "bia@clientes.example".to_owned());
    breaks("d", |history| {
        let twin = the(history, What::Identity).clone();
        history.push(twin);
    });
    breaks("d", |history| the(history, What::User).store = "atacado".to_owned());
}

#[test]
fn e_a_way_in_that_is_lost_comes_back_or_changes_hands_is_noticed() {
    breaks("e", |history| history.retain(|line| line.what != What::Unlink));
    breaks("e", |history| history.extend(login(16, "e", &token("s5", "rui", "p2"))));
    breaks("e", |history| {
        history.extend(login(16, "e", &token("s5", "ana", "p9")));
    });
}

#[test]
fn e_a_session_that_is_lost_is_noticed() {
    breaks("e", |history| history.push(Line { is_last: true, ..check(16, 1, 401, &token("s3", "bia", "p2")) }));
    let mut history = honest();
    history.push(Line { outcome: Outcome::Unknown, status: 0, sent: Some(token("s3", "bia", "p2")), ..line(15, What::Logout) });
    history.push(Line { is_last: true, ..check(16, 1, 401, &token("s3", "bia", "p2")) });
    assert_eq!(violations(&history), Vec::<String>::new(), "a sign-out that no one answered may have come about");
}

#[test]
fn f_a_session_that_counts_in_another_store_is_noticed() {
    breaks("f", |history| history.push(Line { store: "atacado".to_owned(), ..check(16, 1, 200, &token("s3", "bia", "p2")) }));
}

#[test]
fn g_a_secret_at_another_place_is_noticed() {
    breaks("g", |history| the(history, What::TokenCall).secrets = vec!["beta".to_owned()]);
    breaks("g", |history| the(history, What::TokenCall).provider = "acme under another name".to_owned());
    breaks("g", |history| history.push(Line { provider: "elsewhere".to_owned(), ..line(5, What::OtherCall) }));
}

#[test]
fn h_a_session_that_was_over_and_is_good_again_is_noticed() {
    breaks("h", |history| {
        let bia = token("s3", "bia", "p2");
        history.push(Line { outcome: Outcome::Unknown, status: 0, sent: Some(bia.clone()), ..line(14, What::Logout) });
        history.extend([check(15, 0, 401, &bia), check(18, 1, 200, &bia)]);
    });
}

#[test]
fn a_history_is_read_as_it_was_written_and_its_shortest_bad_part_is_found() {
    let mut history = honest();
    assert_eq!(read(&write(&history)), history);
    let at = history.len();
    history.push(Line { store: "atacado".to_owned(), ..check(21, 1, 200, &token("s3", "bia", "p2")) });
    history.extend(login(22, "z", &token("s6", "bia", "p2")));
    assert_eq!(shortest_prefix(&history), at + 1);
}

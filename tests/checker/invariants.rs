//! What holds in every history. Each invariant answers with the lines that break it, in words.

use crate::checker::history::{Line, Outcome, Token, What};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What the settings of the checker say as `session.offline`, in microseconds.
pub const OFFLINE: u64 = 2_000_000;
/// How long the news of an end takes to the other broker at most.
const NEWS: u64 = 2_000_000;
/// How long a broker may hang on a question to a database that went silent.
const PATIENCE: u64 = 6_000_000;

/// An invariant: the letter, what it says, and the function that judges a history.
pub type Invariant = (&'static str, fn(&[Line]) -> Vec<String>);

pub const ALL: [Invariant; 9] = [
    ("a: a state opens one session and is shown to the provider once", once),
    ("b: what was ended is over", ended),
    ("c: each session is of the user that the provider named", identity),
    ("d: users and identities belong together", accounts),
    ("e: an identity that was linked or removed stays so", links),
    ("e: a session that no request ended is good", kept),
    ("f: what is of one store is nothing in another", stores),
    ("g: a secret is shown where its file says, and nowhere else", secrets),
    ("h: what was not answered took place or did not, and never both", either),
];

/// Every violation, under its invariant.
pub fn violations(history: &[Line]) -> Vec<String> {
    let judged = ALL.iter().flat_map(|(name, judge)| judge(history).into_iter().map(move |found| format!("{name}: {found}")));
    judged.collect()
}

/// How many lines, in the order of their ends, already break an invariant.
pub fn shortest_prefix(history: &[Line]) -> usize {
    let (mut good, mut bad) = (0, history.len());
    while bad - good > 1 {
        let middle = usize::midpoint(good, bad);
        if violations(&history[..middle]).is_empty() { good = middle } else { bad = middle }
    }
    bad
}

fn once(history: &[Line]) -> Vec<String> {
    let (mut sessions, mut calls, mut codes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for line in history {
        match line.what {
            What::Callback if line.opened.is_some() => *sessions.entry(&line.state).or_insert(0) += 1,
            What::TokenCall => {
                *calls.entry(&line.state).or_insert(0) += 1;
                *codes.entry(&line.code).or_insert(0) += 1;
            }
            _ => {}
        }
    }
    let more = |what: &str, counted: BTreeMap<&String, u32>| {
        let more = counted.into_iter().filter(|(_, many)| *many > 1).map(|(of, many)| format!("{many} {what} {of}"));
        more.collect::<Vec<_>>()
    };
    [more("sessions of the state", sessions), more("token calls of the state", calls), more("token calls with the code", codes)].concat()
}

/// The end of a session: when it was answered, at which broker, and by what.
#[derive(Clone, Copy)]
struct End<'h> {
    at: u64,
    broker: Option<(usize, u32)>,
    by: &'h Line,
}

/// All sessions that were opened: the token, when at the latest it was there, and by which line.
fn opened(history: &[Line]) -> Vec<(&Token, u64)> {
    let opened = history.iter().filter_map(|line| Some((line.opened.as_ref()?, line.end)));
    opened.collect()
}

/// Whether a line ends a session of a token, if it is done at all.
fn ends(line: &Line, token: &Token) -> bool {
    let Some(sent) = &line.sent else { return line.what == What::Retire && line.key == token.kid && line.store == token.store };
    let is_another = sent.sid != token.sid;
    match line.what {
        What::Logout => !is_another,
        What::Revoke => sent.uid == token.uid,
        What::Callback => !is_another && line.opened.as_ref().is_none_or(|opened| opened.sid != sent.sid),
        What::Unlink => is_another && sent.uid == token.uid && line.provider == token.provider && line.subject == token.subject,
        _ => false,
    }
}

/// The ends of each session that were answered.
fn known_ends(history: &[Line]) -> HashMap<&str, Vec<End<'_>>> {
    let opened = opened(history);
    let mut found: HashMap<&str, Vec<End<'_>>> = HashMap::new();
    for line in
        history.iter().filter(|line| line.is_done() && line.store == line.sent.as_ref().map_or(&line.store, |sent| &sent.store).as_str())
    {
        // A page that finds no session says the same without having ended anything.
        let is_certain = match line.what {
            What::Logout | What::Unlink | What::Retire => true,
            What::Revoke => line.is_cleared,
            What::Callback => line.opened.is_some(),
            _ => false,
        };
        let own = |token: &Token| line.sent.as_ref().is_some_and(|sent| sent.sid == token.sid);
        for (token, since) in opened.iter().filter(|(token, _)| is_certain && ends(line, token)) {
            if own(token) || *since < line.start {
                let broker = (line.what != What::Retire).then_some((line.broker, line.life));
                found.entry(&token.sid).or_default().push(End { at: line.end, broker, by: line });
            }
        }
        // An identity was linked in the session at the same time, so the session has a new id, which ends as well.
        let renamed =
            |other: &&Line| line.what == What::Logout && other.end > line.start && other.start < line.end && own_link(other, line);
        for (renaming, token) in history.iter().filter(renamed).filter_map(|other| Some((other, other.linked()?))) {
            found.entry(&token.sid).or_default().push(End { at: line.end.max(renaming.end), broker: None, by: line });
        }
    }
    found
}

/// Whether an identity was linked in the session that a line ends.
fn own_link(linking: &Line, line: &Line) -> bool {
    linking.linked().is_some() && line.sent.as_ref().is_some_and(|sent| sent.sid == linking.link)
}

/// By how much news from this moment may be late at the broker of a line.
fn lateness(history: &[Line], (at, learnt_by): (u64, Option<(usize, u32)>), line: &Line) -> u64 {
    let here = |other: &&Line| other.broker == line.broker && other.life == line.life;
    let is_younger = history.iter().filter(here).any(|other| other.what == What::Life && other.start > at);
    if learnt_by == Some((line.broker, line.life)) || is_younger {
        return 0;
    }
    let is_cut_off = |other: &Line| {
        other.what == What::Database && other.broker == line.broker && other.start <= line.start && other.end.saturating_add(PATIENCE) >= at
    };
    // Seconds are whole there.
    if history.iter().any(is_cut_off) { OFFLINE + 1_000_000 + NEWS } else { NEWS }
}

fn ended(history: &[Line]) -> Vec<String> {
    let ends = known_ends(history);
    let mut found = Vec::new();
    for line in history.iter().filter(|line| matches!(line.what, What::Auth | What::Session) && line.status == 200) {
        let Some(sent) = &line.sent else { continue };
        for end in ends.get(sent.sid.as_str()).into_iter().flatten() {
            if line.start > end.at && line.start > end.at + lateness(history, (end.at, end.broker), line) {
                let (by, late) = (end.by.what, line.start - end.at);
                found.push(format!(
                    "session {} is good at broker {} {late} µs after {by:?} was answered: {line:?} {:?}",
                    sent.sid, line.broker, end.by
                ));
            }
        }
    }
    found
}

fn identity(history: &[Line]) -> Vec<String> {
    let issued: HashMap<&str, &Line> = of(history, What::Issue).map(|line| (line.code.as_str(), line)).collect();
    let started = |line: &&Line| matches!(line.what, What::Start | What::StartLink) && !line.state.is_empty();
    let began: HashMap<&str, &Line> = history.iter().filter(started).map(|line| (line.state.as_str(), line)).collect();
    let mut found = Vec::new();
    for line in history {
        if let Some(opened) = line.login() {
            let is_his = issued
                .get(line.code.as_str())
                .is_some_and(|issue| (&issue.provider, &issue.subject, &issue.state) == (&opened.provider, &opened.subject, &line.state));
            if !is_his {
                found.push(format!("the session is of another user than the provider named: {line:?}"));
            }
        }
        if let (Some(linked), Some(sent)) = (line.linked(), &line.sent) {
            let is_same = (&linked.uid, &linked.provider, &linked.subject) == (&sent.uid, &sent.provider, &sent.subject);
            if !is_same || linked.sid == sent.sid || sent.sid != line.link {
                found.push(format!("the session to which a way was added is another one: {line:?}"));
            }
        }
        let is_own = began.get(line.state.as_str()).is_some_and(|start| (start.browser, &start.store) == (line.browser, &line.store));
        if line.opened.is_some() && !is_own {
            found.push(format!("a login is finished in another browser than began it: {line:?}"));
        }
        if let (200, Some(sent), Some(described)) = (line.status, &line.sent, &line.described) {
            let of_session = line.what != What::Session || described.subject == sent.subject;
            let same = (&described.uid, &described.email, &described.provider) == (&sent.uid, &sent.email, &sent.provider);
            if !same || !of_session {
                found.push(format!("another user is described than the session is of: {line:?}"));
            }
        }
    }
    found
}

fn accounts(history: &[Line]) -> Vec<String> {
    let users: HashMap<&str, &Line> = of(history, What::User).map(|line| (line.key.as_str(), line)).collect();
    let (mut found, mut with_identity, mut identities, mut addresses) = (Vec::new(), HashSet::new(), HashSet::new(), HashSet::new());
    for line in of(history, What::Identity) {
        with_identity.insert(line.key.as_str());
        if users.get(line.key.as_str()).is_none_or(|user| user.store != line.store) {
            found.push(format!("an identity belongs to no user of its store: {line:?}"));
        }
        if !identities.insert((&line.store, &line.provider, &line.subject)) {
            found.push(format!("an identity belongs to two users: {line:?}"));
        }
    }
    for line in of(history, What::User) {
        if !with_identity.contains(line.key.as_str()) {
            found.push(format!("a user has no identity: {line:?}"));
        }
        if !addresses.insert((&line.store, &line.note)) {
            found.push(format!("two users have one address: {line:?}"));
        }
    }
    found
}

/// Who a line says an identity belongs to.
fn owner(line: &Line) -> Option<(&str, &str, &str, &str)> {
    let (provider, subject, uid) = match (line.what, &line.opened) {
        (What::Identity, _) => (&line.provider, &line.subject, &line.key),
        (What::Callback, Some(opened)) => (&line.provider, &line.subject, &opened.uid),
        _ => return None,
    };
    Some((&line.store, provider, subject, uid))
}

fn links(history: &[Line]) -> Vec<String> {
    let mut found = Vec::new();
    let mut owned: HashMap<_, Vec<(&Line, &str)>> = HashMap::new();
    for line in history {
        if let Some((store, provider, subject, uid)) = owner(line) {
            owned.entry((store, provider, subject)).or_default().push((line, uid));
        }
    }
    for ((store, provider, subject), lines) in &owned {
        let of_it = |line: &&Line| line.store == *store && line.provider == *provider && line.subject == *subject && line.may_be_done();
        let removed: Vec<&Line> = of(history, What::Unlink).filter(of_it).collect();
        let links: Vec<&Line> = of(history, What::Callback).filter(of_it).filter(|line| !line.link.is_empty()).collect();
        let between = |lines: &[&Line], from: &Line, to: &Line| lines.iter().any(|line| line.start < to.end && line.over() > from.start);
        for (later, uid) in lines {
            for (earlier, before) in lines.iter().filter(|(earlier, before)| earlier.end < later.start && before != uid) {
                if !between(&removed, earlier, later) {
                    found.push(format!(
                        "{provider} {subject} was of {before} and is of {uid}, and no request removed it: {earlier:?} {later:?}"
                    ));
                }
            }
            for unlink in removed.iter().filter(|unlink| unlink.is_done() && unlink.end < later.start) {
                if unlink.sent.as_ref().is_some_and(|sent| sent.uid == *uid) && !between(&links, unlink, later) {
                    found.push(format!("{provider} {subject} was removed from {uid} and is back: {unlink:?} {later:?}"));
                }
            }
        }
        if !lines.iter().any(|(line, _)| line.what == What::Identity) && of(history, What::User).next().is_some() && removed.is_empty() {
            found.push(format!("{provider} {subject} is gone from storage, and no request removed it: {:?}", lines[0].0));
        }
    }
    found
}

fn kept(history: &[Line]) -> Vec<String> {
    // A sign-out ends what the same user opened in the same second: it may be the same session under a new name.
    let is_end = |line: &Line, token: &Token| {
        ends(line, token)
            || line.sent.as_ref().is_some_and(|sent| {
                let twin = line.what == What::Logout && (&sent.uid, sent.since) == (&token.uid, token.since);
                twin || (line.what == What::Unlink && sent.uid == token.uid && line.provider == token.provider)
            })
    };
    let lost = history.iter().filter(|line| line.is_last && line.what == What::Auth && line.status == 401).filter(|line| {
        let Some(token) = line.sent.as_ref().filter(|token| token.store == line.store) else { return false };
        !history.iter().any(|other| other.may_be_done() && is_end(other, token))
    });
    lost.map(|line| format!("a session that no request ended is gone: {line:?}")).collect()
}

fn stores(history: &[Line]) -> Vec<String> {
    let is_of_another = |line: &&Line| {
        let named = [&line.sent, &line.described, &line.opened].into_iter().flatten();
        line.status == 200 && line.sent.is_some() && named.clone().any(|token| token.store != line.store)
            || line.opened.as_ref().is_some_and(|opened| opened.store != line.store)
    };
    history.iter().filter(is_of_another).map(|line| format!("a session of one store counts in another: {line:?}")).collect()
}

fn secrets(history: &[Line]) -> Vec<String> {
    let heard = history.iter().filter(|line| matches!(line.what, What::TokenCall | What::OtherCall));
    let strange = heard.filter(|line| line.provider == "elsewhere" || line.secrets.iter().any(|owner| *owner != line.provider));
    strange.map(|line| format!("{} heard {:?}: {line:?}", line.provider, line.secrets)).collect()
}

/// A session that was refused is never good again, whichever broker refused it, unless a broker had not received a key yet.
fn either(history: &[Line]) -> Vec<String> {
    let is_own = |line: &&Line| line.sent.as_ref().is_some_and(|sent| sent.store == line.store) && line.outcome == Outcome::Answered;
    let checks: Vec<&Line> = history.iter().filter(|line| matches!(line.what, What::Auth | What::Session)).filter(is_own).collect();
    let keys: Vec<&Line> = history.iter().filter(|line| matches!(line.what, What::Rotate | What::Retire)).collect();
    let may_not_know_the_key = |line: &Line| {
        keys.iter()
            .any(|key| key.store == line.store && key.start < line.end && key.end + lateness(history, (key.end, None), line) > line.start)
    };
    let mut refused: HashMap<&str, &Line> = HashMap::new();
    for line in checks.iter().filter(|line| line.status == 401 && !may_not_know_the_key(line)) {
        let first = refused.entry(&line.sent.as_ref().expect("it was sent").sid).or_insert(line);
        if line.end < first.end {
            *first = line;
        }
    }
    let mut found = BTreeSet::new();
    for line in checks.iter().filter(|line| line.status == 200) {
        let Some(refusal) = refused.get(line.sent.as_ref().expect("it was sent").sid.as_str()) else { continue };
        let refused_at = Some((refusal.broker, refusal.life));
        if line.start > refusal.end && line.start > refusal.end + lateness(history, (refusal.end, refused_at), line) {
            found.insert(format!("a session that was over is good again: {refusal:?} {line:?}"));
        }
    }
    found.into_iter().collect()
}

fn of(history: &[Line], what: What) -> impl Iterator<Item = &Line> {
    history.iter().filter(move |line| line.what == what)
}

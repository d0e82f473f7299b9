//! Compares what a learned file does with the recording that it was learned from. A difference names the request, the part
//! of it and the line of the file, and shows no value.

use crate::login::error::LoginError;
use crate::provider::Provider;
use crate::provider::json;
use crate::vocabulary::diagnostic::printable;
use crate::workbench::learn::document::leaves_of;
use crate::workbench::learn::headers::is_sent_on_purpose;
use crate::workbench::learn::jwt::RecordedJwt;
use crate::workbench::learn::timestamp::timestamp_template;
use crate::workbench::learn::{LearnedProvider, ReplayableLogin};
use crate::workbench::recorded_exchange::RecordedExchange;
use crate::workbench::recorded_replay::{RecordedReplay, ReplayFailure, recorded_call_of};
use std::collections::BTreeSet;
use std::fmt;

/// How the file and the recording differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordingDifference {
    /// The line of the file, counted from 1.
    pub line: u32,
    /// Which request of which login.
    pub request: String,
    /// Which part of it, and what is so.
    pub part: String,
}

impl fmt::Display for RecordingDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: {}", self.line, self.request, self.part)
    }
}

/// What the replay of a recording showed.
#[derive(Default)]
pub(crate) struct RecordingCheck {
    pub(crate) differences: Vec<RecordingDifference>,
    /// Whether a person of the recording has no address, or none that is proven, and is kept out for that.
    pub(crate) lacks_address: bool,
}

/// The most differences that are reported.
const MOST: usize = 20;

/// Replays every login of the recording with the learned file. A login for which a shopper typed something is left out.
pub(crate) fn compare_with_recording(provider: &Provider, learned: &LearnedProvider) -> RecordingCheck {
    if !provider.inputs.is_empty() {
        return RecordingCheck::default();
    }
    let mut all = BTreeSet::new();
    let mut lacks_address = false;
    for (number, login) in learned.replayable.iter().enumerate() {
        let now = login.time();
        let replay = RecordedReplay::run(provider, learned, login, now);
        let check = LoginCheck { provider, text: &learned.text, login, number: number + 1, of: learned.replayable.len(), now };
        check.compare(&replay, learned, &mut all);
        lacks_address |= matches!(&replay.end, Err(ReplayFailure::Login(error)) if error.step.is_none() && ["missingEmail", "unprovenEmail"].contains(&error.code()));
    }
    RecordingCheck { differences: all.into_iter().take(MOST).collect(), lacks_address }
}

/// The comparison of one login.
struct LoginCheck<'a> {
    provider: &'a Provider,
    text: &'a str,
    login: &'a ReplayableLogin,
    number: usize,
    of: usize,
    now: i64,
}

impl LoginCheck<'_> {
    /// The request with the login, where there are several.
    fn title(&self, request: &str) -> String {
        if self.of == 1 { request.to_owned() } else { format!("{request} of login {}", self.number) }
    }

    fn compare(&self, replay: &RecordedReplay, learned: &LearnedProvider, all: &mut BTreeSet<RecordingDifference>) {
        let lacks_key = learned.values.iter().any(|(_, value)| value.is_empty());
        if let Some(redirect) = &replay.redirect {
            let sent = RecordedExchange::of_request(redirect, Some(self.now));
            let from = self.provider.authorization.place.line;
            self.add("the redirect", from, differing_parts(&sent, &self.login.redirect, lacks_key), all);
        }
        let mut left: Vec<&RecordedExchange> = self.login.calls.iter().collect();
        for exchange in &replay.trace.exchanges {
            let step = &self.provider.calls[exchange.call];
            let sent = RecordedExchange::of_request(&exchange.request, Some(self.now));
            let title = format!("{} ({} {})", exchange.step.word(), sent.method, printable(sent.host()));
            match recorded_call_of(&sent, &left) {
                Some(at) => self.add(&title, step.place.line, differing_parts(&sent, left.remove(at), lacks_key), all),
                None => self.add(&title, step.place.line, vec![Part::new("", "the recording does not hold this request")], all),
            }
        }
        match &replay.end {
            Ok(_) => {
                for call in left.iter().filter(|call| !self.login.is_shared(call)) {
                    let title = format!("{} {}", call.method, printable(call.host()));
                    self.add(&title, 1, vec![Part::new("", "the recording holds this request, and the file does not make it")], all);
                }
            }
            Err(ReplayFailure::Login(error)) => self.add_failure(error, all),
            Err(ReplayFailure::Waits | ReplayFailure::NoRedirect) => {
                let part = Part::new("", "the request cannot be made from what the recording holds");
                self.add("the redirect", self.provider.authorization.place.line, vec![part], all);
            }
        }
    }

    fn add_failure(&self, error: &LoginError, all: &mut BTreeSet<RecordingDifference>) {
        let step = error.step.map_or("identity", |step| step.word());
        let line = error.place.map_or(1, |place| place.line);
        let part = format!("the login ends here with `{}`", printable(error.code()));
        all.insert(RecordingDifference { line: line.max(1), request: self.title(step), part });
    }

    /// Adds the differing parts of the request whose block begins at line `from`.
    fn add(&self, request: &str, from: u32, parts: Vec<Part>, all: &mut BTreeSet<RecordingDifference>) {
        let steps = self.provider.calls.iter().chain([&self.provider.authorization]);
        let to = steps.map(|step| step.place.line).filter(|line| *line > from).min().unwrap_or(u32::MAX);
        for Part { name, what } in parts {
            let line = if name.is_empty() { from } else { line_of(self.text, from, to, &name) };
            all.insert(RecordingDifference { line: line.max(1), request: self.title(request), part: what });
        }
    }
}

/// The line between two others that begins with a key; the first of them if none does.
fn line_of(text: &str, from: u32, to: u32, key: &str) -> u32 {
    let numbered = (1_u32..).zip(text.lines()).filter(|(number, _)| *number >= from && *number < to);
    let begins = |line: &str| {
        let line = line.trim_start().trim_start_matches("- ");
        line.strip_prefix(key).or_else(|| line.strip_prefix(&format!("\"{key}\""))).is_some_and(|rest| rest.starts_with(':'))
    };
    numbered.into_iter().find(|(_, line)| begins(line)).map_or(from, |(number, _)| number)
}

/// A part of a request that differs.
struct Part {
    /// The key that writes it in a file; empty where no single one does.
    name: String,
    what: String,
}

impl Part {
    fn new(name: &str, what: impl Into<String>) -> Self {
        Self { name: name.to_owned(), what: what.into() }
    }
}

fn differing_parts(sent: &RecordedExchange, recorded: &RecordedExchange, lacks_key: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    if sent.method != recorded.method {
        parts.push(Part::new("", "the method is another one"));
    }
    if sent.base() != recorded.base() {
        parts.push(Part::new(if sent.method == "POST" { "post" } else { "get" }, "the address is another one"));
    }
    let same = SameValues { at: recorded.at.or(sent.at), lacks_key };
    same.compare("parameter", &sent.query(), &recorded.query(), &mut parts);
    match (body_values(sent), body_values(recorded)) {
        (Some(sent), Some(recorded)) => same.compare("value of the body", &sent, &recorded, &mut parts),
        (sent, recorded) => {
            if sent.is_some() != recorded.is_some() {
                parts.push(Part::new("", "the body has another form"));
            }
        }
    }
    let headers = |exchange: &RecordedExchange| -> Vec<(String, String)> {
        let on_purpose = exchange.headers.iter().filter(|(name, value)| is_sent_on_purpose(name, value, exchange));
        on_purpose.map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect()
    };
    same.compare("header", &headers(sent), &headers(recorded), &mut parts);
    parts
}

/// The values of a body with their names or paths; none where there is no body.
fn body_values(exchange: &RecordedExchange) -> Option<Vec<(String, String)>> {
    if let Some(form) = exchange.form() {
        return Some(form);
    }
    let body = exchange.body.as_ref().filter(|body| !body.trim().is_empty())?;
    let Ok(document) = json::parse(body.as_bytes()) else { return Some(vec![("text".to_owned(), body.clone())]) };
    Some(leaves_of(&document).into_iter().map(|leaf| (leaf.name().to_owned(), leaf.text)).collect())
}

/// What counts as the same value.
struct SameValues {
    /// When the request was recorded.
    at: Option<i64>,
    /// Whether the recording lacks a key that signs requests.
    lacks_key: bool,
}

impl SameValues {
    fn is_same(&self, one: &str, other: &str) -> bool {
        let is_time = |text: &str| self.at.is_some_and(|at| timestamp_template(text, at).is_some());
        let is_token = |text: &str| RecordedJwt::read(text).is_some();
        one == other
            || is_token(one) && is_token(other)
            || is_time(one) && is_time(other)
            || self.lacks_key && one.len() >= 32 && other.len() >= 32
    }

    fn compare(&self, what: &str, sent: &[(String, String)], recorded: &[(String, String)], parts: &mut Vec<Part>) {
        let values = |pairs: &[(String, String)], name: &str| -> Vec<String> {
            pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
        };
        let names: BTreeSet<&String> = sent.iter().chain(recorded).map(|(name, _)| name).collect();
        for name in names {
            let (ours, theirs) = (values(sent, name), values(recorded, name));
            let is_same = ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(one, other)| self.is_same(one, other));
            let shown: String = printable(name).chars().take(40).collect();
            let how = match (ours.is_empty(), theirs.is_empty()) {
                _ if is_same => continue,
                (true, _) => format!("the {what} `{shown}` was recorded and is not sent"),
                (_, true) => format!("the {what} `{shown}` is sent and was not recorded"),
                (false, false) => format!("the {what} `{shown}` has another value than was recorded"),
            };
            parts.push(Part::new(name, how));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_key_is_looked_for_in_its_block() {
        let text = "a:\n  id: 1\nb:\n  - \"x-y\": 2\n    id: 3\n";

        assert_eq!((line_of(text, 1, 3, "id"), line_of(text, 3, 9, "id"), line_of(text, 3, 9, "x-y")), (2, 5, 4));
        assert_eq!(line_of(text, 3, 9, "none"), 3);
    }
}

//! Where in a recording the logins are: the redirect, the callback that brings its state back, and the calls that matter.

use crate::workbench::answers::looks::{looks_like_url, looks_random};
use crate::workbench::learn::LearnError;
use crate::workbench::learn::document::{RecordedDocument, leaves_of};
use crate::workbench::learn::heuristics::{is_followable, is_oauth_word};
use crate::workbench::recorded_exchange::{RecordedExchange, RecordedResponse, host_of, parse_pairs};
use std::collections::HashMap;

/// One login of a recording.
pub(crate) struct RecordedLogin<'a> {
    /// Where the browser was sent.
    pub(crate) redirect: &'a RecordedExchange,
    /// How it came back.
    pub(crate) callback: &'a RecordedExchange,
    /// What it brought: the parameters of the address, the form or the fragment.
    pub(crate) brought: Vec<(String, String)>,
    pub(crate) back: String,
    /// The state, if it came back.
    pub(crate) state: Option<String>,
    /// The calls that matter, in order; the last number says which of them sends the code.
    pub(crate) calls: Vec<RecordedCall<'a>>,
    /// Which call sends the code.
    pub(crate) exchange: usize,
    /// The parameter of the callback that is the code.
    pub(crate) code: String,
}

/// A call and its answer.
#[derive(Clone)]
pub(crate) struct RecordedCall<'a> {
    pub(crate) sent: &'a RecordedExchange,
    /// What came back, if it could be read.
    pub(crate) document: Option<RecordedDocument>,
    /// All that was sent, decoded, a value a line.
    pub(crate) said: String,
}

/// The most calls of one login that are looked at.
const MOST_CALLS: usize = 200;

/// Finds the logins of a recording.
pub(crate) fn find_logins(exchanges: &[RecordedExchange]) -> Result<Vec<RecordedLogin<'_>>, LearnError> {
    let turns = find_round_trips(exchanges);
    if turns.is_empty() {
        return Err(LearnError::new(
            "there is no callback: no address that the browser was first told to come back to, and then came back to",
            "record from the moment in which the login button is pressed until the shop is back, with “Preserve log” switched on",
        ));
    }
    let mut journeys = Vec::new();
    let mut why = None;
    for (nth, turn) in turns.iter().enumerate() {
        let from = if nth == 0 { 0 } else { turns[nth - 1].callback + 1 };
        let to = turns.get(nth + 1).map_or(exchanges.len(), |next| next.redirect);
        match read_login(exchanges, turn, from, to) {
            Ok(journey) => journeys.push(journey),
            Err(error) => why = why.or(Some(error)),
        }
    }
    match (journeys.is_empty(), why) {
        (true, Some(why)) => Err(why),
        _ => Ok(journeys),
    }
}

struct RedirectRoundTrip {
    redirect: usize,
    callback: usize,
    back: String,
    state: Option<String>,
}

/// Every redirect with the callback that answers it.
fn find_round_trips(exchanges: &[RecordedExchange]) -> Vec<RedirectRoundTrip> {
    let mut visits: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, exchange) in exchanges.iter().enumerate() {
        visits.entry(exchange.base()).or_default().push(at);
    }
    let mut turns: Vec<RedirectRoundTrip> = Vec::new();
    let mut free = 0;
    for (at, exchange) in exchanges.iter().enumerate() {
        if at < free || exchange.method != "GET" && exchange.method != "HEAD" {
            continue;
        }
        let asked = exchange.query();
        let addresses = asked.iter().filter(|(_, value)| looks_like_url(value) && !host_of(value).is_empty());
        let found = addresses.filter_map(|(_, back)| {
            let base = back.split(['?', '#']).next().unwrap_or_default();
            let later = visits.get(base)?.iter().copied().filter(|visit| *visit > at);
            later.take(50).find_map(|visit| {
                let brought = callback_parameters(&exchanges[visit], back);
                let state = returned_state(&asked, &brought, back);
                let own = brought.iter().any(|(_, value)| !asked.iter().any(|(_, sent)| sent == value));
                let fits = own && (state.is_some() || host_of(back) != exchange.host());
                fits.then(|| RedirectRoundTrip { redirect: at, callback: visit, back: back.clone(), state })
            })
        });
        if let Some(turn) = found.min_by_key(|turn| (turn.state.is_none(), turn.callback)) {
            free = turn.callback + 1;
            turns.push(turn);
        }
    }
    if turns.iter().any(|turn| turn.state.is_some()) {
        turns.retain(|turn| turn.state.is_some());
    }
    turns
}

/// What a callback brought besides what the redirect address itself has.
fn callback_parameters(callback: &RecordedExchange, back: &str) -> Vec<(String, String)> {
    let own = back.split_once('?').map_or_else(Vec::new, |(_, query)| parse_pairs(query));
    let mut all = callback.query();
    if callback.method == "POST" {
        all.extend(callback.form().unwrap_or_default());
    }
    all.extend(callback.fragment().filter(|fragment| fragment.contains('=')).map_or_else(Vec::new, parse_pairs));
    all.retain(|pair| !own.contains(pair));
    all
}

/// The value that went out and came back.
fn returned_state(asked: &[(String, String)], brought: &[(String, String)], back: &str) -> Option<String> {
    let came_back = |value: &str| brought.iter().any(|(_, known)| known == value);
    let mut both: Vec<&(String, String)> =
        asked.iter().filter(|(_, value)| value.len() >= 6 && value != back && !is_oauth_word(value) && came_back(value)).collect();
    both.sort_by_key(|(name, value)| (name != "state", !looks_random(value)));
    both.first().filter(|(name, value)| name == "state" || looks_random(value) || value.len() >= 8).map(|(_, value)| value.clone())
}

fn read_login<'a>(
    exchanges: &'a [RecordedExchange],
    turn: &RedirectRoundTrip,
    from: usize,
    to: usize,
) -> Result<RecordedLogin<'a>, LearnError> {
    let (redirect, callback) = (&exchanges[turn.redirect], &exchanges[turn.callback]);
    let brought = callback_parameters(callback, &turn.back);
    let is_call = |exchange: &&RecordedExchange| {
        matches!(exchange.method.as_str(), "GET" | "POST")
            && exchange.answer.as_ref().is_none_or(|answer| (200..300).contains(&answer.status) && !is_page(answer))
    };
    let before: Vec<RecordedCall<'_>> = exchanges[from..turn.redirect]
        .iter()
        .filter(is_call)
        .filter(|call| call.answer.is_some())
        .rev()
        .take(20)
        .map(recorded_call)
        .collect();
    let after: Vec<RecordedCall<'_>> =
        exchanges[turn.callback + 1..to].iter().filter(is_call).take(MOST_CALLS).map(recorded_call).collect();
    let asked = redirect.query();
    let is_new = |value: &str| value.len() >= 3 && Some(value) != turn.state.as_deref() && !asked.iter().any(|(_, sent)| sent == value);
    let mut codes: Vec<&(String, String)> = brought.iter().filter(|(_, value)| is_new(value)).collect();
    codes.sort_by_key(|(name, _)| (name != "code", !name.to_lowercase().contains("code"), name.to_lowercase().contains("token")));
    let sends = |value: &str| after.iter().position(|call| call.said.contains(value));
    let Some((code, first)) = codes.iter().find_map(|(name, value)| Some((name.clone(), sends(value)?))) else {
        let brings_token = brought.iter().any(|(name, _)| name.contains("token"));
        let help = if brings_token {
            "the callback brings a token instead of a code; ask the provider for a code (`response_type=code`)"
        } else {
            "the shop's server makes this call itself, where no browser sees it: add it to the recording as a curl line with its answer"
        };
        return Err(LearnError::new("there is no token call: nothing that came with the callback is sent to anybody afterwards", help));
    };
    let mut calls = relevant_calls(before.into_iter().rev().collect(), after, first);
    let exchange = calls.1;
    if calls.0.get(exchange).is_some_and(|call| call.sent.answer.is_none()) {
        return Err(LearnError::new(
            "the token call has no answer",
            "add what came back below its curl line, or export the HAR with its content",
        ));
    }
    calls.0.truncate(20);
    Ok(RecordedLogin { redirect, callback, brought, back: turn.back.clone(), state: turn.state.clone(), calls: calls.0, exchange, code })
}

/// Whether an answer is for eyes. Some servers call every answer HTML, so that is looked at.
fn is_page(answer: &RecordedResponse) -> bool {
    let kind = answer.header("content-type").unwrap_or_default();
    let is_html = kind.starts_with("text/html") && (answer.body.trim().is_empty() || answer.body.trim_start().starts_with('<'));
    is_html || ["text/css", "image/", "font/", "video/", "audio/"].iter().any(|page| kind.starts_with(page))
}

fn recorded_call(sent: &RecordedExchange) -> RecordedCall<'_> {
    RecordedCall { sent, document: sent.answer.as_ref().and_then(RecordedDocument::read), said: request_values(sent) }
}

/// Everything that a request says, decoded, a value a line.
fn request_values(sent: &RecordedExchange) -> String {
    let mut lines = vec![crate::workbench::recorded_exchange::decode_form_text(sent.base())];
    lines.extend(sent.query().into_iter().map(|(_, value)| value));
    lines.extend(sent.headers.iter().filter(|(name, _)| !is_browser_header(name)).map(|(_, value)| value.clone()));
    lines.extend(sent.form().into_iter().flatten().map(|(_, value)| value));
    if let Some(body) = &sent.body {
        match crate::provider::json::parse(body.as_bytes()) {
            Ok(json) => lines.extend(leaves_of(&json).into_iter().map(|leaf| leaf.text)),
            Err(_) => lines.push(body.clone()),
        }
    }
    let basic = sent.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    lines.extend(basic.and_then(crate::workbench::learn::client::decode_basic_credentials));
    lines.join("\n")
}

/// Headers that a browser adds by itself.
pub(crate) fn is_browser_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with(':')
        || name.starts_with("sec-")
        || matches!(
            name.as_str(),
            "cookie"
                | "referer"
                | "origin"
                | "host"
                | "content-length"
                | "connection"
                | "accept-encoding"
                | "accept-language"
                | "cache-control"
                | "pragma"
                | "dnt"
                | "upgrade-insecure-requests"
                | "te"
                | "priority"
                | "if-none-match"
                | "if-modified-since"
                | "keep-alive"
                | "transfer-encoding"
                | "proxy-connection"
                | "traceparent"
                | "tracestate"
                | "baggage"
        )
}

/// The calls that matter: the one with the code, those before whose answers it needs, and those after that use an answer; and where the code is.
fn relevant_calls<'a>(before: Vec<RecordedCall<'a>>, after: Vec<RecordedCall<'a>>, first: usize) -> (Vec<RecordedCall<'a>>, usize) {
    let mut early: Vec<RecordedCall<'a>> = before;
    let mut late = after;
    let rest = late.split_off(first);
    early.extend(late);
    let mut rest = rest.into_iter();
    let Some(token) = rest.next() else { return (Vec::new(), 0) };
    let mut kept = vec![token];
    let mut values = followable_values(&kept[0]);
    for call in rest {
        if crate::workbench::learn::issuer_documents::is_issuer_document(&call) {
            continue;
        }
        if values.iter().any(|value| call.said.contains(value.as_str())) {
            values.extend(followable_values(&call));
            kept.push(call);
        }
    }
    // An application's own token: made before, and used by a call that matters.
    let mut exchange = 0;
    for call in early.into_iter().rev() {
        if crate::workbench::learn::issuer_documents::is_issuer_document(&call) {
            continue;
        }
        let gives = followable_values(&call);
        if gives.iter().any(|value| kept.iter().any(|later| later.said.contains(value.as_str()))) {
            kept.insert(0, call);
            exchange += 1;
        }
    }
    (kept, exchange)
}

fn followable_values(call: &RecordedCall<'_>) -> Vec<String> {
    let leaves = call.document.as_ref().map_or_else(Vec::new, RecordedDocument::leaves);
    leaves.into_iter().map(|leaf| leaf.text).filter(|text| is_followable(text) && !call.said.contains(text.as_str())).take(300).collect()
}

//! Finds the logins of a recording: each has a redirect, the callback that returns its state, and the calls that matter.

use crate::provider::json;
use crate::workbench::answers::looks::{looks_like_email, looks_like_url, looks_random};
use crate::workbench::learn::LearnError;
use crate::workbench::learn::client::{decode_basic_credentials, named_parameters};
use crate::workbench::learn::client_token::{self, ClientTokenCall};
use crate::workbench::learn::document::{RecordedDocument, leaves_of};
use crate::workbench::learn::missing_line;
use crate::workbench::learn::names::{is_followable, is_oauth_word};
use crate::workbench::learn::pushed_request::{self, pushed_parameters};
use crate::workbench::learn::registered_address::{is_answered_with_document, redirect_by_name};
use crate::workbench::learn::relevant_calls::{RelevantCalls, redeems_earlier_code, relevant_calls};
use crate::workbench::recorded_exchange::{RecordedExchange, RecordedResponse, decode_form_text, host_of, parse_pairs};
use std::collections::HashMap;
use std::ops::Range;

/// One login of a recording.
pub(crate) struct RecordedLogin<'a> {
    pub(crate) redirect: &'a RecordedExchange,
    pub(crate) callback: &'a RecordedExchange,
    /// From the address, the form or the fragment of the callback.
    pub(crate) callback_parameters: Vec<(String, String)>,
    pub(crate) redirect_uri: String,
    /// Absent where no parameter of the callback repeats one that was sent.
    pub(crate) state: Option<String>,
    /// The call that got a token of the client itself, which is none of `calls`.
    pub(crate) client_token: Option<ClientTokenCall<'a>>,
    /// The calls that matter, in order.
    pub(crate) calls: Vec<RecordedCall<'a>>,
    /// What was sent after the callback and refused.
    pub(crate) refused: Vec<&'a RecordedExchange>,
    /// How many of these calls gave what the redirect carries.
    pub(crate) prepared: usize,
    /// The index of the call that sends the code.
    pub(crate) token_call: usize,
    /// The name of the callback parameter that holds the code.
    pub(crate) code_parameter: String,
}

impl RecordedLogin<'_> {
    /// The parameters of the redirect, and those that were pushed before it.
    pub(crate) fn first_parameters(&self) -> Vec<(String, String)> {
        let pushed = self.calls.iter().take(self.prepared).flat_map(named_parameters);
        self.redirect.query().into_iter().chain(pushed).collect()
    }
}

/// A call and its answer.
#[derive(Clone)]
pub(crate) struct RecordedCall<'a> {
    pub(crate) exchange: &'a RecordedExchange,
    /// The answer, if it could be read.
    pub(crate) document: Option<RecordedDocument>,
    /// Every value that was sent, decoded, one on each line.
    pub(crate) sent_values: String,
}

/// The most calls of one login that are examined.
const MOST_CALLS: usize = 200;

/// Finds the logins of a recording.
pub(crate) fn find_logins(exchanges: &[RecordedExchange]) -> Result<Vec<RecordedLogin<'_>>, LearnError> {
    let round_trips = find_round_trips(exchanges);
    if round_trips.is_empty() {
        return Err(missing_line::what_is_missing(exchanges));
    }
    let mut logins = Vec::new();
    let mut why = None;
    for (nth, round_trip) in round_trips.iter().enumerate() {
        let from = if nth == 0 { 0 } else { round_trips[nth - 1].callback + 1 };
        let to = round_trips.get(nth + 1).map_or(exchanges.len(), |next| next.redirect);
        let earlier = nth.checked_sub(1).and_then(|before| round_trips.get(before));
        match read_login(exchanges, round_trip, from..to, earlier) {
            Ok(login) => logins.push(login),
            Err(error) => why = why.or(Some(error)),
        }
    }
    client_token::share_between(&mut logins);
    match (logins.is_empty(), why) {
        (true, Some(why)) => Err(why),
        _ => Ok(logins),
    }
}

/// Indexes of a redirect and its callback in the recording.
pub(crate) struct RedirectRoundTrip {
    pub(crate) redirect: usize,
    pub(crate) callback: usize,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
}

/// How much may still be compared in one recording, in bytes. An honest recording needs a small part of it; one that is made to be slow
/// is read as far as this goes.
pub(crate) struct SearchBudget(usize);

impl Default for SearchBudget {
    fn default() -> Self {
        Self(64 * 1024 * 1024)
    }
}

impl SearchBudget {
    /// Takes a cost, unless it is more than what is left.
    pub(crate) fn take(&mut self, cost: usize) -> bool {
        let left = self.0.checked_sub(cost);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// Pairs every redirect with the callback that answers it.
fn find_round_trips(exchanges: &[RecordedExchange]) -> Vec<RedirectRoundTrip> {
    let mut visits: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, exchange) in exchanges.iter().enumerate() {
        visits.entry(exchange.base()).or_default().push(at);
    }
    let mut round_trips: Vec<RedirectRoundTrip> = Vec::new();
    let mut budget = SearchBudget::default();
    let mut free = 0;
    for (at, exchange) in exchanges.iter().enumerate() {
        if at < free || exchange.method != "GET" && exchange.method != "HEAD" {
            continue;
        }
        let mut sent_parameters = exchange.query();
        if !is_answered_with_document(exchange) {
            sent_parameters.extend(pushed_parameters(&exchanges[free..at], exchange, &mut budget));
        }
        let addresses = sent_parameters.iter().filter(|(_, value)| looks_like_url(value) && !host_of(value).is_empty());
        let found = addresses.filter_map(|(_, redirect_uri)| {
            let base = redirect_uri.split(['?', '#']).next().unwrap_or_default();
            let visits = visits.get(base)?;
            let later = visits.get(visits.partition_point(|visit| *visit <= at)..)?;
            later.iter().copied().take(50).find_map(|visit| {
                let length = exchanges[visit].address.len() + exchanges[visit].body.as_ref().map_or(0, String::len);
                if !budget.take(length.saturating_mul(1 + sent_parameters.len())) {
                    return None;
                }
                let returned = read_callback_parameters(&exchanges[visit], redirect_uri);
                let state = returned_state(&sent_parameters, &returned, redirect_uri);
                let own = returned.iter().any(|(_, value)| !sent_parameters.iter().any(|(_, sent)| sent == value));
                let fits = own && (state.is_some() || host_of(redirect_uri) != exchange.host());
                fits.then(|| RedirectRoundTrip { redirect: at, callback: visit, redirect_uri: redirect_uri.clone(), state })
            })
        });
        let found = found.min_by_key(|round_trip| (round_trip.state.is_none(), round_trip.callback));
        if let Some(round_trip) = found.or_else(|| redirect_by_name(exchanges, at, &sent_parameters, &mut budget)) {
            free = round_trip.callback + 1;
            round_trips.push(round_trip);
        }
    }
    if round_trips.iter().any(|round_trip| round_trip.state.is_some()) {
        round_trips.retain(|round_trip| round_trip.state.is_some());
    }
    round_trips
}

/// The parameters of a callback, without those that the redirect address itself has besides the state.
pub(crate) fn read_callback_parameters(callback: &RecordedExchange, redirect_uri: &str) -> Vec<(String, String)> {
    let own = redirect_uri.split_once('?').map_or_else(Vec::new, |(_, query)| parse_pairs(query));
    let mut all = callback.query();
    if callback.method == "POST" {
        all.extend(callback.form().unwrap_or_default());
    }
    all.extend(callback.fragment().filter(|fragment| fragment.contains('=')).map_or_else(Vec::new, parse_pairs));
    all.retain(|pair| pair.0 == "state" || !own.contains(pair));
    all
}

/// The value that was sent with the redirect and returned by the callback.
fn returned_state(sent_parameters: &[(String, String)], returned: &[(String, String)], redirect_uri: &str) -> Option<String> {
    let came_back = |value: &str| returned.iter().any(|(_, known)| known == value);
    let mut both: Vec<&(String, String)> = sent_parameters
        .iter()
        .filter(|(_, value)| value.len() >= 6 && value != redirect_uri && !is_oauth_word(value) && came_back(value))
        .collect();
    both.sort_by_key(|(name, value)| (name != "state", !looks_random(value)));
    both.first().filter(|(name, value)| name == "state" || looks_random(value) || value.len() >= 8).map(|(_, value)| value.clone())
}

/// Whether an answer names an e-mail address although its status is that of an error.
fn describes_a_person(exchange: &RecordedExchange) -> bool {
    let error = exchange.answer.as_ref().filter(|answer| answer.status >= 400 && answer.body.starts_with('{'));
    let document = error.and_then(|answer| json::parse(answer.body.as_bytes()).ok());
    document.is_some_and(|document| leaves_of(&document).iter().any(|leaf| looks_like_email(&leaf.text)))
}

fn read_login<'a>(
    exchanges: &'a [RecordedExchange],
    round_trip: &RedirectRoundTrip,
    Range { start: from, end: to }: Range<usize>,
    earlier: Option<&RedirectRoundTrip>,
) -> Result<RecordedLogin<'a>, LearnError> {
    let earlier = earlier.map_or_else(Vec::new, |earlier| read_callback_parameters(&exchanges[earlier.callback], &earlier.redirect_uri));
    let (redirect, callback) = (&exchanges[round_trip.redirect], &exchanges[round_trip.callback]);
    let returned = read_callback_parameters(callback, &round_trip.redirect_uri);
    let before = calls_before(&exchanges[from..round_trip.redirect], &earlier, &returned);
    let is_later_call = |exchange: &&RecordedExchange| is_call(exchange) || describes_a_person(exchange);
    let after: Vec<RecordedCall<'_>> =
        exchanges[round_trip.callback + 1..to].iter().filter(is_later_call).take(MOST_CALLS).map(recorded_call).collect();
    let mut sent_parameters = redirect.query();
    sent_parameters.extend(pushed_parameters(&exchanges[from..round_trip.redirect], redirect, &mut SearchBudget::default()));
    let is_new = |value: &str| {
        value.len() >= 3 && Some(value) != round_trip.state.as_deref() && !sent_parameters.iter().any(|(_, sent)| sent == value)
    };
    let mut codes: Vec<&(String, String)> = returned.iter().filter(|(_, value)| is_new(value)).collect();
    codes.sort_by_key(|(name, _)| (name != "code", !name.to_lowercase().contains("code"), name.to_lowercase().contains("token")));
    let sends = |value: &str| after.iter().position(|call| call.sent_values.contains(value));
    let Some((code_parameter, first)) = codes.iter().find_map(|(name, value)| Some((name.clone(), sends(value)?))) else {
        return Err(no_token_call(&returned));
    };
    let is_own = |call: &RecordedCall<'_>| host_of(call.exchange.base()) == host_of(&round_trip.redirect_uri);
    let is_carried = |call: &RecordedCall<'_>| !is_own(call) && pushed_request::is_carried(call, redirect);
    let RelevantCalls { mut calls, prepared, token_call } = relevant_calls(before, after, first, is_carried);
    if calls.get(token_call).is_some_and(|call| call.exchange.answer.is_none()) {
        return Err(LearnError::new(
            "the token call has no answer",
            "add what came back below its curl line, or export the HAR with its content",
        ));
    }
    calls.truncate(20);
    let (redirect_uri, state) = (round_trip.redirect_uri.clone(), round_trip.state.clone());
    let mut login = RecordedLogin {
        redirect,
        refused: refused_calls(&exchanges[round_trip.callback + 1..to]),
        callback,
        callback_parameters: returned,
        redirect_uri,
        state,
        client_token: None,
        calls,
        prepared,
        token_call,
        code_parameter,
    };
    client_token::take_out(&mut login);
    Ok(login)
}

/// The calls before a redirect that may belong to its login.
fn calls_before<'a>(
    exchanges: &'a [RecordedExchange],
    earlier: &[(String, String)],
    returned: &[(String, String)],
) -> Vec<RecordedCall<'a>> {
    let answered = exchanges.iter().filter(|exchange| is_call(exchange) && exchange.answer.is_some());
    let last = answered.rev().take(20).map(recorded_call).filter(|call| !redeems_earlier_code(call, earlier, returned));
    let mut calls: Vec<RecordedCall<'a>> = last.collect();
    calls.reverse();
    calls
}

/// What was sent after the callback and refused.
fn refused_calls(exchanges: &[RecordedExchange]) -> Vec<&RecordedExchange> {
    exchanges.iter().filter(|exchange| exchange.answer.as_ref().is_some_and(|answer| answer.status >= 400)).take(20).collect()
}

/// Nothing that came with the callback is sent afterwards.
fn no_token_call(returned: &[(String, String)]) -> LearnError {
    let help = if returned.iter().any(|(name, _)| name.contains("token")) {
        "the callback brings a token instead of a code; ask the provider for a code (`response_type=code`)"
    } else {
        "the shop's server makes this call itself, where no browser sees it: add it to the recording as a curl line with its answer"
    };
    LearnError::new("there is no token call: nothing that came with the callback is sent afterwards", help)
}

/// Whether an exchange may be a call that the shop's server made.
pub(crate) fn is_call(exchange: &RecordedExchange) -> bool {
    matches!(exchange.method.as_str(), "GET" | "POST")
        && exchange.answer.as_ref().is_none_or(|answer| (200..300).contains(&answer.status) && !is_shown_to_person(answer))
}

/// Whether an answer is shown to a person by the browser. Some servers call every answer HTML, so the body is examined too.
fn is_shown_to_person(answer: &RecordedResponse) -> bool {
    let kind = answer.header("content-type").unwrap_or_default();
    let is_html = kind.starts_with("text/html") && (answer.body.trim().is_empty() || answer.body.trim_start().starts_with('<'));
    is_html || ["text/css", "image/", "font/", "video/", "audio/"].iter().any(|page| kind.starts_with(page))
}

pub(crate) fn recorded_call(exchange: &RecordedExchange) -> RecordedCall<'_> {
    RecordedCall { exchange, document: exchange.answer.as_ref().and_then(RecordedDocument::read), sent_values: request_values(exchange) }
}

/// Every value that a request sends, decoded, one on each line.
fn request_values(sent: &RecordedExchange) -> String {
    let mut lines = vec![decode_form_text(sent.base())];
    lines.extend(sent.query().into_iter().map(|(_, value)| value));
    lines.extend(sent.headers.iter().filter(|(name, _)| !is_browser_header(name)).map(|(_, value)| value.clone()));
    lines.extend(sent.form().into_iter().flatten().map(|(_, value)| value));
    if let Some(body) = &sent.body {
        match json::parse(body.as_bytes()) {
            Ok(json) => lines.extend(leaves_of(&json).into_iter().map(|leaf| leaf.text)),
            Err(_) => lines.push(body.clone()),
        }
    }
    let basic = sent.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    lines.extend(basic.and_then(decode_basic_credentials));
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

pub(crate) fn followable_values(call: &RecordedCall<'_>) -> Vec<String> {
    let leaves = call.document.as_ref().map_or_else(Vec::new, RecordedDocument::leaves);
    leaves
        .into_iter()
        .map(|leaf| leaf.text)
        .filter(|text| is_followable(text) && !call.sent_values.contains(text.as_str()))
        .take(300)
        .collect()
}

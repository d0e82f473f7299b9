//! Says which line a recording lacks: the redirect, the callback, or both.

use crate::vocabulary::diagnostic::printable;
use crate::workbench::answers::looks::looks_like_url;
use crate::workbench::learn::LearnError;
use crate::workbench::learn::client::named_values;
use crate::workbench::learn::names::is_followable;
use crate::workbench::learn::recorded_login::{is_call, read_callback_parameters, recorded_call};
use crate::workbench::recorded_exchange::{RecordedExchange, host_of};

/// The most exchanges that are examined.
const MOST: usize = 2000;

/// What is missing in a recording in which no redirect has its callback.
pub(crate) fn what_is_missing(exchanges: &[RecordedExchange]) -> LearnError {
    let exchanges = &exchanges[..exchanges.len().min(MOST)];
    missing_redirect(exchanges).or_else(|| missing_callback(exchanges)).unwrap_or_else(|| {
        LearnError::new(
            "there is no callback: the browser never came back to the `redirect_uri` of the login",
            "record from the moment the login button is pressed until the shop is shown again, with “Preserve log” switched on",
        )
    })
}

/// A callback whose code is sent afterwards, without a redirect before it.
fn missing_redirect(exchanges: &[RecordedExchange]) -> Option<LearnError> {
    let calls: Vec<_> = exchanges
        .iter()
        .enumerate()
        .filter(|(_, exchange)| is_call(exchange) && !exchange.query().is_empty() | exchange.body.is_some())
        .collect();
    let (callback, call, returned) = exchanges.iter().enumerate().find_map(|(at, visit)| {
        let returned = read_callback_parameters(visit, visit.base());
        let code = |value: &str| value.len() >= 6 && is_followable(value);
        let call = calls.iter().find(|(later, call)| {
            let sent = || recorded_call(call).sent_values;
            *later > at
                && host_of(call.base()) != visit.host()
                && returned.iter().any(|(_, value)| code(value) && sent().contains(value.as_str()))
        });
        call.map(|(_, call)| (visit, *call, returned))
    })?;
    let provider = printable(call.host());
    let state = returned.iter().map(|(name, _)| name.as_str()).find(|name| *name == "state").unwrap_or("state");
    let is_sent = |value: &str| looks_like_url(value) && value.split('?').next() == Some(callback.base());
    let sent = named_values(&recorded_call(call));
    let name = sent.iter().find(|(_, value)| is_sent(value)).map_or("redirect_uri", |(name, _)| name.as_str());
    Some(LearnError::new(
        "the redirect is missing: the callback and the token call are there, and no line before them sends the browser to the provider",
        &format!(
            "add the line with the address to which the login button led, before the callback: `curl 'https://…/…?client_id=…&{}=…&{}=…'`, probably at {provider} or a host beside it; the browser's network panel lists it right after the button was pressed, with “Preserve log” switched on",
            printable(name),
            printable(state),
        ),
    ))
}

/// A redirect to an address that is never visited.
fn missing_callback(exchanges: &[RecordedExchange]) -> Option<LearnError> {
    let to_be_visited = |exchange: &RecordedExchange| {
        let query = exchange.query();
        let is_redirect = query.iter().any(|(name, _)| name == "state" || name == "response_type" || name.ends_with("client_id"));
        query.into_iter().find(|(_, value)| is_redirect && looks_like_url(value) && host_of(value) != exchange.host())
    };
    let (name, address) = exchanges.iter().find_map(to_be_visited)?;
    let base = address.split(['?', '#']).next().unwrap_or_default();
    Some(LearnError::new(
        &format!("there is no callback: the browser never came back to the address that was sent as `{}`", printable(&name)),
        &format!(
            "add the line with which the browser came back, with the parameters behind it: `curl '{}?code=…&state=…'`; the network panel lists it with “Preserve log” switched on",
            printable(base)
        ),
    ))
}

//! Redirects that name the address of the callback by what it was registered as, and not by the address itself.

use crate::workbench::answers::looks::{looks_like_url, looks_random};
use crate::workbench::learn::recorded_login::{RedirectRoundTrip, SearchBudget};
use crate::workbench::recorded_exchange::RecordedExchange;

/// The most exchanges behind a redirect that are examined.
const MOST: usize = 200;

/// Whether an exchange is a call that was answered with a document, and so no redirect.
pub(crate) fn is_answered_with_document(exchange: &RecordedExchange) -> bool {
    let answer = exchange.answer.as_ref().filter(|answer| (200..300).contains(&answer.status));
    answer.is_some_and(|answer| answer.body.trim_start().starts_with(['{', '[']))
}

/// The round trip of a request for a code that sends no address: another host is visited with its state and a code.
pub(crate) fn redirect_by_name(
    exchanges: &[RecordedExchange],
    at: usize,
    sent: &[(String, String)],
    budget: &mut SearchBudget,
) -> Option<RedirectRoundTrip> {
    let of = |name: &str| sent.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let state = of("state").filter(|state| looks_random(state))?;
    let is_by_name = of("response_type") == Some("code") && of("redirect_uri").is_some_and(|name| !looks_like_url(name));
    if !is_by_name {
        return None;
    }
    let redirect = exchanges.get(at)?;
    let later = exchanges.iter().enumerate().skip(at + 1).take(MOST);
    let callback = later.filter(|(_, visit)| visit.method == "GET" && visit.host() != redirect.host()).find(|(_, visit)| {
        let returns = |name: &str, fits: &dyn Fn(&str) -> bool| visit.query().iter().any(|(known, value)| known == name && fits(value));
        budget.take(visit.address.len())
            && returns("state", &|value| value == state)
            && returns("code", &|value| !value.is_empty())
            && of("client_id").is_none_or(|id| !returns("client_id", &|value| value == id))
    });
    callback.map(|(callback, visit)| RedirectRoundTrip {
        redirect: at,
        callback,
        redirect_uri: visit.base().to_owned(),
        state: Some(state.to_owned()),
    })
}

//! Calls before the redirect whose answer the redirect carries: pushed authorization requests (RFC 9126), and tickets.

use crate::vocabulary::site::is_same_site;
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::learn::client::named_parameters;
use crate::workbench::learn::document::RecordedDocument;
use crate::workbench::learn::names::is_followable;
use crate::workbench::learn::recorded_login::{RecordedCall, SearchBudget, is_call, recorded_call};
use crate::workbench::recorded_exchange::{RecordedExchange, decode_form_text, host_of};

/// The longest answer of a call that may be a push.
const LONGEST_ANSWER: usize = 64 * 1024;
/// At most this many calls before a redirect are examined.
const MOST: usize = 20;

/// Whether this redirect carries a value that came with the answer of this call. The backend of the shop's own page answers
/// with parts of the redirect as well, so the call has to go to the site of the redirect. The token call of an earlier login names
/// the scope, which the next redirect carries too.
pub(crate) fn is_carried(call: &RecordedCall<'_>, redirect: &RecordedExchange) -> bool {
    let to = host_of(redirect.base());
    is_same_site(host_of(call.exchange.base()), to) && {
        let given = call.document.as_ref().map_or_else(Vec::new, RecordedDocument::leaves);
        let is_new = |text: &str| is_followable(text) && !call.sent_values.contains(text);
        let is_sent = |text: &str| {
            redirect.query().iter().any(|(name, value)| value == text && normalize_key(name) != "scope")
                || redirect.base().split('/').skip(3).any(|part| decode_form_text(part) == text)
        };
        given.iter().any(|leaf| is_new(&leaf.text) && is_sent(&leaf.text))
    }
}

/// The parameters that were pushed before this redirect, with their names.
pub(crate) fn pushed_parameters(
    before: &[RecordedExchange],
    redirect: &RecordedExchange,
    budget: &mut SearchBudget,
) -> Vec<(String, String)> {
    let may_push = |exchange: &&RecordedExchange| {
        is_call(exchange) && exchange.method == "POST" && exchange.answer.as_ref().is_some_and(|answer| answer.body.len() <= LONGEST_ANSWER)
    };
    let to = host_of(redirect.base());
    let calls = before.iter().rev().filter(may_push).take(MOST).filter(|call| is_same_site(host_of(call.base()), to));
    let is_affordable = |call: &&RecordedExchange| {
        let length = call.answer.as_ref().map_or(0, |answer| answer.body.len()) + call.body.as_ref().map_or(0, String::len);
        budget.take(length + redirect.address.len())
    };
    let calls = calls.filter(is_affordable).map(recorded_call);
    calls.filter(|call| is_carried(call, redirect)).flat_map(|call| named_parameters(&call)).collect()
}

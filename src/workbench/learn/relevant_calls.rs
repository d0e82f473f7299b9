//! Which calls of a recording belong to a login.

use crate::workbench::learn::issuer_documents::is_issuer_document;
use crate::workbench::learn::names::is_followable;
use crate::workbench::learn::recorded_login::{RecordedCall, followable_values};

/// The calls that matter.
pub(crate) struct RelevantCalls<'a> {
    pub(crate) calls: Vec<RecordedCall<'a>>,
    /// How many of them, at the front, gave what the redirect carries.
    pub(crate) prepared: usize,
    /// The index of the call that sends the code.
    pub(crate) token_call: usize,
}

/// The calls that matter: the one that sends the code, those whose answers the redirect or a call uses, and those that use an
/// answer.
pub(crate) fn relevant_calls<'a>(
    before: Vec<RecordedCall<'a>>,
    after: Vec<RecordedCall<'a>>,
    first: usize,
    is_carried: impl Fn(&RecordedCall<'a>) -> bool,
) -> RelevantCalls<'a> {
    let mut late = after;
    let mut rest = late.split_off(first).into_iter();
    let first: Vec<RecordedCall<'a>> = rest.next().into_iter().collect();
    let kept = with_later_calls(first, rest.filter(|call| !is_issuer_document(call)).collect());
    let uses = |later: &[RecordedCall<'a>], values: &[String]| {
        values.iter().any(|value| later.iter().any(|later| later.sent_values.contains(value.as_str())))
    };
    let mut prepared: Vec<RecordedCall<'a>> = Vec::new();
    // A token of the application itself is obtained before, and used by a call that matters.
    let mut early: Vec<RecordedCall<'a>> = Vec::new();
    let all = before.into_iter().map(|call| (call, true)).chain(late.into_iter().map(|call| (call, false)));
    for (call, is_before) in all.collect::<Vec<_>>().into_iter().rev().filter(|(call, _)| !is_issuer_document(call)) {
        let gives = followable_values(&call);
        if is_before && (is_carried(&call) || uses(&prepared, &gives)) {
            prepared.insert(0, call);
        } else if uses(&early, &gives) || uses(&kept, &gives) {
            early.insert(0, call);
        }
    }
    let (prepared_count, token_call) = (prepared.len(), prepared.len() + early.len());
    RelevantCalls { calls: prepared.into_iter().chain(early).chain(kept).collect(), prepared: prepared_count, token_call }
}

/// The first call, those behind it that use what a kept call gave, and those that gave what a kept call uses.
fn with_later_calls<'a>(first: Vec<RecordedCall<'a>>, rest: Vec<RecordedCall<'a>>) -> Vec<RecordedCall<'a>> {
    let mut values = first.first().map_or_else(Vec::new, followable_values);
    let gives: Vec<Vec<String>> = rest.iter().map(followable_values).collect();
    let mut is_kept = vec![false; rest.len()];
    for _ in 0..2 {
        for (at, call) in rest.iter().enumerate() {
            if !is_kept[at] && values.iter().any(|value| call.sent_values.contains(value.as_str())) {
                is_kept[at] = true;
                values.extend(gives[at].iter().cloned());
            }
        }
        for at in (0..rest.len()).rev().filter(|at| rest[*at].exchange.answer.is_some()) {
            let is_used = |value: &String| {
                let later = rest.iter().zip(&is_kept).skip(at + 1).filter(|(_, is_kept)| **is_kept);
                later.into_iter().any(|(later, _)| later.sent_values.contains(value.as_str())) && !values.contains(value)
            };
            if !is_kept[at] && gives[at].iter().any(is_used) {
                is_kept[at] = true;
                values.extend(gives[at].iter().cloned());
            }
        }
    }
    let kept = rest.into_iter().zip(is_kept).filter(|(_, is_kept)| *is_kept).map(|(call, _)| call);
    first.into_iter().chain(kept).collect()
}

/// Whether a call sends what came with an earlier callback, and so belongs to that login.
pub(crate) fn redeems_earlier_code(call: &RecordedCall<'_>, earlier: &[(String, String)], returned: &[(String, String)]) -> bool {
    let mut own = earlier.iter().filter(|(_, value)| is_followable(value) && !returned.iter().any(|(_, again)| again == value));
    own.any(|(_, value)| call.sent_values.lines().any(|sent| sent == value))
}

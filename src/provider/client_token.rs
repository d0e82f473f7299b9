//! The word `getClientToken`: the call by which the client gets a token of its own. The token says nothing about a person, so all logins
//! of a store share it until it expires.

pub(crate) mod cache;
mod check;

pub(crate) use crate::provider::client_token::check::ClientTokenCheck;

use crate::provider::Provider;
use crate::provider::call::{self, CallSpec};
use crate::provider::step::{Step, StepKind};
use crate::provider::step_context::StepContext;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::Method;
use crate::vocabulary::words::Reader;

/// A token is used no longer than this many seconds before it expires, so that it lasts for the calls of a login.
const MARGIN: i64 = 60;
/// The margin of a token that expires soon is this part of its lifetime.
const PART_OF_LIFETIME: i64 = 10;
/// A token is kept for this many seconds at most.
const LONGEST_KEPT: i64 = 86_400;
/// A greater number than this is no lifetime: it may be a moment.
pub(crate) const LONGEST_LIFETIME: i64 = 366 * 86_400;

/// Compiles the call. `position` is that of a call behind all others.
pub(crate) fn compile(mut spec: CallSpec, position: u16, context: &StepContext<'_>, reader: &mut Reader) -> Option<Step> {
    let place = spec.place;
    let without_effect = [
        ("when", spec.when.take().is_some(), "it is made whenever a request carries `${clientToken}`"),
        ("optional", spec.optional.take().is_some(), "write it at the call that carries `${clientToken}`"),
        ("signed", spec.signed.take().is_some(), "its answer says nothing about a person, and needs no proof"),
    ];
    for (word, _, help) in without_effect.into_iter().filter(|(_, is_there, _)| *is_there) {
        reader.complain(place, format!("`{word}` cannot stand in getClientToken"), format!("take it out: {help}"));
    }
    if !context.has_secret && !spec.is_written() && spec.assertion.is_none() {
        let help = "take `clientSecret: none` out, or prove the client with `assertion`";
        reader.complain(place, "the client has no secret with which it could ask for a token of its own", help);
    }
    call::compile(spec, (StepKind::GetClientToken, position), context, reader)
}

/// Until when other logins may use a token whose lifetime was read, in seconds since 1970; `None` if it is good for one login only.
pub(crate) fn kept_until(lifetime: Option<&Text>, now: i64) -> Option<i64> {
    let lifetime = lifetime?.as_number().filter(|lifetime| (1..=LONGEST_LIFETIME).contains(lifetime))?;
    let margin = MARGIN.min(lifetime.checked_div(PART_OF_LIFETIME)?);
    Some(now.saturating_add(lifetime.saturating_sub(margin).min(LONGEST_KEPT)))
}

impl Provider {
    /// The call for the client's own token, with its position: it is the last of all calls.
    pub(crate) fn client_token_call(&self) -> Option<(usize, &Step)> {
        self.calls.iter().enumerate().next_back().filter(|(_, step)| step.kind == StepKind::GetClientToken)
    }
}

impl Step {
    /// Whether a call that was refused may be made once more with a new client token. `status` is that of the refusal; with 401 the
    /// provider has looked at the token only. Otherwise the call has to be one that changes nothing, and that redeems nothing with which
    /// the browser has come back from the provider.
    pub(crate) fn may_be_repeated(&self, status: u16, callback: &Step) -> bool {
        let is_of_attempt = |fact| fact == self.known.state || fact == self.known.iss;
        let redeems = || callback.learned_facts().any(|(fact, ..)| !is_of_attempt(fact) && self.carries(fact));
        status == 401 || self.method == Method::Get && self.kind != StepKind::GetAccessCode && !redeems()
    }
}

/// Whether a refusal with this status may mean that the client's token is not accepted any more, rather than that the provider is out of
/// order.
pub(crate) fn may_be_about_token(status: u16) -> bool {
    status < 500 && status != 429
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_until_shortly_before_it_expires() {
        for (lifetime, kept) in [
            ("7200", Some(7140)),
            ("600", Some(540)),
            ("100", Some(90)),
            ("10", Some(9)),
            ("9", Some(9)),
            ("1", Some(1)),
            ("86400", Some(86_340)),
            ("31536000", Some(LONGEST_KEPT)),
            ("0", None),
            ("-5", None),
            ("1790000000", None),
            ("1790000000000", None),
            ("2h", None),
            ("2026-01-02T03:04:05Z", None),
            ("9223372036854775807", None),
        ] {
            assert_eq!(kept_until(Some(&Text::plain(lifetime)), 1000), kept.map(|kept| 1000 + kept), "{lifetime}");
        }
        assert_eq!(kept_until(None, 1000), None);
    }
}

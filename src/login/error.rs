//! Why a login did not work out: the step, a short code, and what the operator should know. Never a value.

use crate::provider::Provider;
use crate::provider::fact_expression::MissingValue;
use crate::provider::identity::IdentityError;
use crate::provider::step::StepKind;
use crate::provider::step_error::StepError;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;

/// A login that did not work out.
#[derive(Clone, Debug)]
pub struct LoginError {
    /// The step in which it ended; `None` when all steps were fine and the person may still not come in.
    pub step: Option<StepKind>,
    /// The short name of the reason; for a refusal by the provider, the provider's own code.
    pub code: String,
    /// What is so, for the operator.
    pub message: String,
    /// Where in the file that was said.
    pub place: Option<Place>,
    /// Whether the provider itself said no.
    pub by_provider: bool,
}

impl LoginError {
    /// What the browser brought back is not the answer to what was asked.
    pub fn bad_callback(code: &str, message: &str) -> Self {
        Self {
            step: Some(StepKind::GetAuthorizationCode),
            code: code.to_owned(),
            message: message.to_owned(),
            place: None,
            by_provider: false,
        }
    }

    /// `require` does not let this person in.
    pub(crate) fn not_allowed(place: Place) -> Self {
        Self {
            step: None,
            code: "notAllowed".to_owned(),
            message: "`require` does not let this person in".to_owned(),
            place: Some(place),
            by_provider: false,
        }
    }

    pub(crate) fn from_step_error(kind: StepKind, error: StepError, missed: Option<&MissingValue>, provider: &Provider) -> Self {
        let of = |code: &str, message: String, place: Option<Place>| Self {
            step: Some(kind),
            code: code.to_owned(),
            message,
            place,
            by_provider: false,
        };
        match error {
            StepError::Refused(refused) => Self {
                step: Some(kind),
                message: refused.message.clone().unwrap_or_else(|| "it gives no reason".to_owned()),
                code: refused.code,
                place: refused.place,
                by_provider: true,
            },
            StepError::MissingFact { fact, place } => {
                of("missingFact", missing_fact(fact, missed, provider), Some(missed.map_or(place, |missed| missed.place)))
            }
            StepError::BadAddress { why, place } => of("badAddress", why.to_owned(), Some(place)),
            StepError::BadHeader { place } => {
                of("badHeader", "the value of a header holds characters that no header has".to_owned(), Some(place))
            }
            StepError::Key { why, place } => of("badKey", why.to_owned(), Some(place)),
            StepError::Unreadable { why, place } => of("unreadable", why, Some(place)),
            StepError::BadToken { why, place } => of("badToken", format!("the signed token is not to be believed: {why}"), Some(place)),
            StepError::BadSignature { place } => {
                of("badSignature", "the callback's parameters are not signed as they should be".to_owned(), Some(place))
            }
            StepError::NoAnswer(why) => of("noAnswer", why.to_string(), None),
        }
    }

    /// The facts make no identity.
    pub(crate) fn no_identity(error: IdentityError) -> Self {
        let (code, message, nothing) = match error {
            IdentityError::MissingId(nothing) => ("missingId", "no answer holds an id", nothing),
            IdentityError::MissingEmail(nothing) => ("missingEmail", "no answer holds an e-mail address", nothing),
            IdentityError::UnprovenEmail(nothing) => {
                ("unprovenEmail", "the e-mail address is not proven under the file's `trustEmail`", nothing)
            }
        };
        let instead =
            nothing.as_ref().and_then(|nothing| nothing.instead).map_or_else(String::new, |what| format!(" ({what} stands there)"));
        Self {
            step: None,
            code: code.to_owned(),
            message: format!("{message}{instead}"),
            place: nothing.map(|nothing| nothing.place),
            by_provider: false,
        }
    }
}

fn missing_fact(fact: Option<Slot>, missed: Option<&MissingValue>, provider: &Provider) -> String {
    let Some(fact) = fact else { return "a path finds nothing".to_owned() };
    let name = provider.names.name(fact);
    let learned_by = std::iter::once(&provider.authorization)
        .chain(&provider.calls)
        .find(|step| step.learned_facts().any(|(learned, ..)| learned == fact));
    let from = learned_by.map_or_else(String::new, |step| format!(" in the answer of {}", step.kind.word()));
    let instead = missed.and_then(|missed| missed.instead).map_or_else(String::new, |what| format!(" ({what} stands there)"));
    format!("`{name}` was not found{from}{instead}")
}

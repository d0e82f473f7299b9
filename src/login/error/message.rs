//! The sentence of each cause of a failed login.

use crate::login::error::{FactFault, LoginErrorCause, MissingProof};
use crate::provider::fact_expression::FoundInstead;
use crate::provider::json_path::ValueKind;
use crate::provider::refusal::ProviderRefusal;
use crate::vocabulary::diagnostic::quoted;
use std::fmt;

impl fmt::Display for LoginErrorCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherProvider => f.write_str("the callback belongs to a login at another provider"),
            Self::StateMismatch => f.write_str("the state in the callback is not the one that was sent"),
            Self::NoState { found_as, names } => write_no_state(found_as.as_deref(), names, f),
            Self::UnknownState => f.write_str("the state in the callback belongs to no login that this browser began"),
            Self::Expired => f.write_str("the login took longer than ten minutes"),
            Self::TooManyParameters => f.write_str("the callback holds more than 100 parameters"),
            Self::RepeatedParameter => f.write_str("the callback repeats a parameter"),
            Self::NoCode { fact } => write!(f, "the provider sent the browser back with neither `{fact}` nor an error"),
            Self::OtherIssuer => f.write_str("the callback's `iss` is not the provider's issuer"),
            Self::NoIssuer => f.write_str("the callback has no `iss`, although the provider's metadata promise it"),
            Self::NoDocument(fault) => write!(f, "the issuer's discovery document is not available: {fault}"),
            Self::PreparedTooLong => f.write_str(
                "what `prepare` has read for the later steps is longer than 2048 bytes, or does not fit into one cookie with the rest of the login",
            ),
            Self::FileChanged => f.write_str("the provider's file changed while the browser was at the provider; run the test again"),
            Self::BadInput(name) => write!(f, "what was typed for `{name}` does not match its pattern"),
            Self::TooManyLogins => f.write_str("too many logins are waiting for this provider"),
            Self::OutOfTime(limit) => {
                write!(f, "the calls to the provider took too long together: they were not over within {} s", limit.as_secs_f64())
            }
            Self::NotAllowed(fault) => write_not_allowed(fault.as_ref(), f),
            Self::MissingFact { fact: None, .. } => f.write_str("a path of this line finds nothing in the answer"),
            Self::MissingFact { fact: Some(fact), read_in, instead } => {
                write!(f, "`{fact}` was not found")?;
                if let Some(place) = read_in {
                    write!(f, " in {place}")?;
                }
                write_instead(f, *instead)
            }
            Self::BadAddress(why) | Self::BadKey(why) => f.write_str(why),
            Self::BadHeader => f.write_str("the value of a header holds characters that no header can carry"),
            Self::Unreadable(why) => f.write_str(why),
            Self::BadToken(why) => write!(f, "the signed token was not accepted: {why}"),
            Self::OtherTokenType => f.write_str(
                "the `token_type` of the answer is not `Bearer`; if the provider takes this token as a bearer token, write `tokenType: any` in getAccessCode",
            ),
            Self::BadSignature(fault) => f.write_str(fault.sentence()),
            Self::NoAnswer(why) => why.fmt(f),
            Self::Redirected(to) => write!(f, "the answer redirects to {to}, and redirects are not followed"),
            Self::RecordingWaits => f.write_str("the recording holds no answer to a request"),
            Self::MissingId(instead) => {
                f.write_str("no answer holds an id")?;
                write_instead(f, *instead)
            }
            Self::MissingEmail(Some(FoundInstead::NoAddress(why))) => write!(f, "what was read as `email` is no e-mail address: {why}"),
            Self::MissingEmail(instead) => {
                f.write_str("no answer holds an e-mail address")?;
                write_instead(f, *instead)
            }
            Self::UnprovenEmail(proof) => {
                f.write_str("the e-mail address is not proven under the file's `trustEmail`")?;
                write_proof(f, proof)
            }
            Self::NotExchangeable(fault) => fault.fmt(f),
            Self::Refused(refusal) => f.write_str(reason(refusal)),
        }
    }
}

fn write_instead(f: &mut fmt::Formatter<'_>, instead: Option<FoundInstead>) -> fmt::Result {
    instead.map_or(Ok(()), |instead| write!(f, " ({instead})"))
}

/// The reason that a refusal gives.
fn reason(refusal: &ProviderRefusal) -> &str {
    match (&refusal.message, &refusal.rule) {
        (Some(message), _) => message,
        (None, Some(rule)) => rule,
        (None, None) if refusal.code.is_refusing_status() => "it gives no reason, and the status is outside 2xx",
        (None, None) => "it gives no reason",
    }
}

fn write_proof(f: &mut fmt::Formatter<'_>, proof: &MissingProof) -> fmt::Result {
    let at = |paths: &[Box<str>]| if paths.is_empty() { String::new() } else { format!(" at {}", quoted(paths, ", ")) };
    match proof {
        MissingProof::ClaimIsFalse { paths, of_nothing: false } => {
            write!(f, ": `emailVerified` was read{} and does not say `true`", at(paths))
        }
        MissingProof::ClaimIsFalse { paths, of_nothing: true } => {
            write!(f, ": the condition of `emailVerified` looks{}, and nothing stands there", at(paths))
        }
        MissingProof::NoClaim { paths, instead } => {
            write!(f, ": `emailVerified` is not in the answer{}", at(paths))?;
            write_instead(f, *instead)
        }
        MissingProof::NotAsked => Ok(()),
    }
}

fn write_no_state(found_as: Option<&str>, names: &[Box<str>], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("the callback has no parameter that the file reads as the state; ")?;
    match found_as {
        Some(name) => write!(f, "`{name}` holds it, so write `read: {{ state: $.{name} }}` in getAuthorizationCode"),
        None if names.is_empty() => f.write_str("it has no parameters at all"),
        None => write!(
            f,
            "its parameters are {}; if one of them is the state, write `read: {{ state: $.name_of_it }}` in getAuthorizationCode",
            quoted(names, ", ")
        ),
    }
}

fn write_not_allowed(fault: Option<&FactFault>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("`require` does not allow this person to sign in")?;
    match fault {
        None => Ok(()),
        Some(FactFault::Moment(fault)) => write!(f, ": {fault}"),
        Some(FactFault::OfSeveral(fact)) => {
            write!(f, ": `{fact}` is the first of several different values, and this asks about all of them; ask where the answer is read")
        }
        Some(FactFault::Unreadable(fact, ValueKind::List)) => {
            write!(f, ": `{fact}` is a list in the answer, and a fact is a text; read `{{ at: $.…, contains: … }}` in its place")
        }
        Some(FactFault::Unreadable(fact, kind)) => write!(f, ": {kind} was found for `{fact}`, and a fact is a text"),
    }
}

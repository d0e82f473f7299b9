//! What is done about a failure whose cause is certain: no answer came, the answer redirects, a document is not there, a key is not
//! found. A change of the file is proposed only where it leads to the same site over a secure connection.

use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::trace::Trace;
use crate::provider::Provider;
use crate::provider::document_fault::DocumentFault;
use crate::provider::refusal::RefusalRule;
use crate::provider::step::StepKind;
use crate::provider::token_fault::TokenFault;
use crate::story::proposal::Proposal;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::no_answer::{CertificateFault, NoAnswer, TlsFault, WaitingFor};
use crate::vocabulary::site::are_of_same_site;
use crate::vocabulary::yaml::writer::scalar;
use crate::workbench::repair::edit::{EditableFile, EntryChange, FileEdit, changed_lines};
use crate::workbench::repair::request_repairs::still_compiles;
use url::Url;

/// The end of the address of a discovery document.
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// The proposals for a failure whose cause says it all.
pub(crate) fn cause_proposal(provider: &Provider, error: &LoginError, trace: &Trace) -> Option<Proposal> {
    let step = error.step.map_or("the login", StepKind::word);
    match &error.cause {
        LoginErrorCause::NoAnswer(why) => Some(no_answer_proposal(provider, why, step, trace)),
        LoginErrorCause::NoDocument(fault) => document_proposal(provider, fault, "discovery", trace),
        LoginErrorCause::BadToken(fault) => token_proposal(provider, fault, step, trace),
        LoginErrorCause::NoState { found_as: None, names } => Some(no_state_proposal(names)),
        LoginErrorCause::UnknownState => Some(hint("cookies", &RepairRule::CookiesLost {})),
        LoginErrorCause::OtherProvider
        | LoginErrorCause::StateMismatch
        | LoginErrorCause::Redirected(_)
        | LoginErrorCause::NoState { .. }
        | LoginErrorCause::Expired
        | LoginErrorCause::TooManyParameters
        | LoginErrorCause::RepeatedParameter
        | LoginErrorCause::NoCode { .. }
        | LoginErrorCause::OtherIssuer
        | LoginErrorCause::NoIssuer
        | LoginErrorCause::PreparedTooLong
        | LoginErrorCause::FileChanged
        | LoginErrorCause::BadInput(_)
        | LoginErrorCause::TooManyLogins
        | LoginErrorCause::OutOfTime(_)
        | LoginErrorCause::NotAllowed(_)
        | LoginErrorCause::MissingFact { .. }
        | LoginErrorCause::BadAddress(_)
        | LoginErrorCause::BadHeader
        | LoginErrorCause::BadKey(_)
        | LoginErrorCause::Unreadable(_)
        | LoginErrorCause::OtherTokenType
        | LoginErrorCause::BadSignature(_)
        | LoginErrorCause::RecordingWaits
        | LoginErrorCause::MissingId(_)
        | LoginErrorCause::MissingEmail(_)
        | LoginErrorCause::UnprovenEmail(_)
        | LoginErrorCause::NotExchangeable(_)
        | LoginErrorCause::Refused(_) => None,
    }
}

/// The rules of `refused` and `accepted` that looked at nothing in this login: what they name stands in no answer.
pub(crate) fn condition_hints(provider: &Provider, trace: &Trace) -> Vec<Proposal> {
    let mut looked_at: Vec<(&RefusalRule, bool)> = Vec::new();
    for exchange in &trace.exchanges {
        let (Some(step), Ok(answer)) = (provider.call(exchange.call), &exchange.answer) else { continue };
        let Some(document) = step.document(answer) else { continue };
        let rules = step.refusal_rules();
        for rule in rules.refused.iter().chain(rules.accepted) {
            let finds = rule.paths().any(|path| path.first(&document).is_some());
            match looked_at.iter_mut().find(|(known, _)| known.place == rule.place) {
                Some((_, found)) => *found |= finds,
                None => looked_at.push((rule, finds)),
            }
        }
    }
    let never = looked_at.into_iter().filter(|(rule, found)| !found && rule.paths().next().is_some());
    let hints = never.map(|(rule, _)| {
        let paths: Vec<&str> = rule.paths().map(|path| &*path.source).collect();
        let (word, path) = (rule.word().to_owned(), paths.join(", "));
        let title = format!("{word}: {path}");
        Proposal::new(title, &RepairRule::ConditionNeverFound { word, path }, None)
    });
    hints.collect()
}

fn hint(title: &str, rule: &RepairRule) -> Proposal {
    Proposal::new(title, rule, None)
}

/// A change by these edits, if the file still compiles with it.
fn with_edits(provider: &Provider, title: String, edits: &[FileEdit], rule: &RepairRule) -> Proposal {
    let text = EditableFile::open(&provider.source).and_then(|file| file.apply(edits));
    let change = text.and_then(|text| changed_lines(&provider.source.text, &text)).filter(|change| still_compiles(provider, change));
    Proposal::new(title, rule, change)
}

fn no_answer_proposal(provider: &Provider, why: &NoAnswer, step: &str, trace: &Trace) -> Proposal {
    let title = step;
    let step = step.to_owned();
    let rule = match why {
        NoAnswer::Unreachable | NoAnswer::NotSendable | NoAnswer::Proxy => RepairRule::NotReached { step },
        NoAnswer::HostUnknown => RepairRule::HostUnknown { step },
        NoAnswer::ConnectionRefused => RepairRule::PortClosed { step },
        NoAnswer::ConnectionReset | NoAnswer::Closed => RepairRule::ConnectionBroken { step },
        NoAnswer::NoRoute => RepairRule::NoRoute { step },
        NoAnswer::Forbidden => RepairRule::NotAllowedFromHere { step },
        NoAnswer::Certificate(CertificateFault::UnknownAuthority | CertificateFault::ThroughProxy) => RepairRule::AuthorityUnknown { step },
        NoAnswer::Certificate(CertificateFault::NoAuthorities) => RepairRule::NoAuthorities { step },
        NoAnswer::Certificate(CertificateFault::SelfSigned) => RepairRule::SelfSigned { step },
        NoAnswer::Certificate(CertificateFault::Expired(_)) => RepairRule::CertificateExpired { step },
        NoAnswer::Certificate(CertificateFault::NotYetValid) => RepairRule::CertificateNotYetValid { step },
        NoAnswer::Certificate(CertificateFault::OtherHost(_)) => RepairRule::CertificateOtherHost { step },
        NoAnswer::Certificate(CertificateFault::Unusable) => RepairRule::CertificateUnusable { step },
        NoAnswer::Tls(TlsFault::NotSpoken) => RepairRule::TlsNotSpoken { step },
        NoAnswer::Tls(TlsFault::NothingInCommon) => RepairRule::TlsRefused { step },
        NoAnswer::TooSlow(slowness) => match slowness.phase {
            WaitingFor::Connection => RepairRule::NotConnected { step },
            WaitingFor::Answer | WaitingFor::Rest | WaitingFor::Anything => RepairRule::TooSlow { step },
        },
        NoAnswer::TooLarge(_) => RepairRule::TooLarge { step },
        NoAnswer::CutOff(_) => RepairRule::AnswerCut { step },
        NoAnswer::Packed => return packed_proposal(provider, &RepairRule::AnswerPacked { step }, trace),
        NoAnswer::NotHttp => RepairRule::NotHttp { step },
    };
    hint(title, &rule)
}

/// Asks for an answer that is not packed.
fn packed_proposal(provider: &Provider, rule: &RepairRule, trace: &Trace) -> Proposal {
    let title = "headers: { Accept-Encoding: identity }";
    let Some(step) = trace.exchanges.last().and_then(|exchange| provider.call(exchange.call)) else { return hint(title, rule) };
    let change = EntryChange::Set { key: "Accept-Encoding".to_owned(), value: "identity".to_owned() };
    with_edits(provider, title.to_owned(), &[FileEdit::Entry { step: step.place, word: "headers", change }], rule)
}

/// A hint where no change follows a redirect: to another site, or to an address that may hold a value.
pub(crate) fn redirect_hint(error: &LoginError) -> Option<Proposal> {
    let LoginErrorCause::Redirected(target) = &error.cause else { return None };
    let step = error.step.map_or("the login", StepKind::word).to_owned();
    Some(hint(&target.to_string(), &RepairRule::Redirected { step, address: target.to_string() }))
}

fn document_proposal(provider: &Provider, fault: &DocumentFault, word: &str, trace: &Trace) -> Option<Proposal> {
    let step = word.to_owned();
    Some(match fault {
        DocumentFault::NotFetched => return None,
        DocumentFault::NoAnswer(why) => no_answer_proposal(provider, why, word, trace),
        DocumentFault::Status(_) | DocumentFault::NotJson(_) | DocumentFault::NothingUsable | DocumentFault::NoIssuer => {
            hint(word, &RepairRule::DocumentElsewhere { step })
        }
        DocumentFault::Redirected(target) => {
            let rule = RepairRule::Redirected { step, address: target.to_string() };
            let issuer = target.address().and_then(|address| address.strip_suffix(WELL_KNOWN)).filter(|_| word == "discovery");
            discovery_proposal(provider, issuer, &rule).unwrap_or_else(|| hint(&target.to_string(), &rule))
        }
        DocumentFault::HostsNotAccepted => hint("portaria providers hosts", &RepairRule::HostsWait {}),
        DocumentFault::OtherIssuer { found, expected } => {
            let rule = RepairRule::DocumentIssuerOther { found: found.to_string(), expected: expected.to_string() };
            discovery_proposal(provider, Some(found), &rule).unwrap_or_else(|| hint("discovery: …", &rule))
        }
    })
}

/// Another issuer under `discovery`, where it is of the same site.
fn discovery_proposal(provider: &Provider, issuer: Option<&str>, rule: &RepairRule) -> Option<Proposal> {
    let file = EditableFile::open(&provider.source)?;
    let issuer = issuer.filter(|issuer| file.top_text("discovery").is_some_and(|old| may_replace(old, issuer)))?;
    let edit = FileEdit::Top { key: "discovery", value: scalar(issuer), behind: &["name"] };
    Some(with_edits(provider, format!("discovery: {issuer}"), &[edit], rule))
}

fn token_proposal(provider: &Provider, fault: &TokenFault, step: &str, trace: &Trace) -> Option<Proposal> {
    let of_step = step.to_owned();
    match fault {
        TokenFault::NoKeys(fault) => document_proposal(provider, fault, "keys", trace),
        TokenFault::UnknownKey { keys } => Some(hint("keys: …", &RepairRule::KeyUnknown { step: of_step, keys: keys.to_string() })),
        TokenFault::UnfitKey(_) => Some(hint("keys: …", &RepairRule::KeyUnfit { step: of_step })),
        TokenFault::Expired(_) => Some(hint(step, &RepairRule::TokenOld { step: of_step })),
        TokenFault::NotYetValid { .. } => Some(hint(step, &RepairRule::TokenEarly { step: of_step })),
        // What stands in the token is compared with the file.
        TokenFault::Signature
        | TokenFault::Algorithm { .. }
        | TokenFault::NoIssuer
        | TokenFault::Issuer { .. }
        | TokenFault::Audience { .. }
        | TokenFault::NoNonce
        | TokenFault::OtherNonce
        | TokenFault::Other(_) => None,
    }
}

fn no_state_proposal(names: &[Box<str>]) -> Proposal {
    let names = if names.is_empty() { "–".to_owned() } else { names.join(", ") };
    hint("stateIn: cookie", &RepairRule::StateMissing { names })
}

/// Whether the file may take one address for another: both connections are secure, and both are of one site.
fn may_replace(written: &str, other: &str) -> bool {
    // What a document says becomes a part of the file, so it is an address and nothing else.
    let is_plain = other.len() <= 200 && !other.contains(['$', '@', '?', '#', '\\']) && Url::parse(other).is_ok();
    let are_secure = [written, other].iter().all(|address| address.starts_with("https://"));
    are_secure && is_plain && !written.contains("${") && are_of_same_site(written, other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_replaced_by_one_of_the_same_site() {
        for (one, other, expected) in [
            ("https://sso.acme.example/token", "https://login.acme.example/token", true),
            ("https://localhost:4430/token", "https://localhost:4431/token", true),
            ("https://sso.acme.example/token", "https://acme.other/token", false),
            ("https://sso.acme.example/token", "http://sso.acme.example/token", false),
            ("https://um.com.br/token", "https://dois.com.br/token", false),
            ("https://10.0.0.1/token", "https://11.0.0.1/token", false),
            ("https://[2001:db8::1]/token", "https://[2001:db8::2]/token", false),
            ("https://sso.acme.example/token", "https://sso.acme.example\\@evil.example/token", false),
            ("https://${shop}.acme.example/token", "https://login.acme.example/token", false),
        ] {
            assert_eq!(may_replace(one, other), expected, "{one} {other}");
        }
    }
}

//! Repairs of how a signed token is verified: what stands in the token beside what the file expects. A check is changed only where the token
//! can come from nowhere else: the issuer in another spelling, an algorithm of the published keys.

use crate::provider::Provider;
use crate::provider::facts::Facts;
use crate::provider::json_path::scalar_text;
use crate::provider::keys::{Algorithm, KeyFamily};
use crate::provider::signed_token::{SignedToken, TokenKeys, decode_json_part};
use crate::provider::step::Step;
use crate::provider::template::Template;
use crate::story::proposal::Proposal;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::place::Place;
use crate::vocabulary::yaml::writer::flow_scalar;
use crate::workbench::answers::parameters::can_be_name;
use crate::workbench::repair::edit::{EditableFile, FileEdit, changed_lines};
use crate::workbench::repair::request_repairs::still_compiles;
use crate::workbench::repair::reread::{RepairCase, RereadDocument, reread_login};
use serde_json::Value;
use std::borrow::Cow;

/// The longest issuer, audience or algorithm that is shown.
const LONGEST: usize = 200;

/// The proposals for a token that was not accepted by the `signed` at this place.
pub(crate) fn token_proposals(provider: &Provider, case: &RepairCase<'_>, place: Option<Place>) -> Vec<Proposal> {
    let reread = reread_login(provider, case);
    let found = reread.documents.iter().find_map(|document| {
        let signed = document.step.signed.as_ref().filter(|signed| place.is_none_or(|place| place == signed.place))?;
        Some((document, signed, document.claims.as_ref()?))
    });
    let Some((document, signed, claims)) = found else { return Vec::new() };
    let list = [
        issuer_proposal(provider, signed, claims),
        algorithm_proposal(provider, case, document, signed, &reread.facts),
        nonce_proposal(document.step, signed, claims),
        audience_proposal(provider, signed, claims, &reread.facts),
    ];
    list.into_iter().flatten().collect()
}

/// A proposal with the change of one word of `signed`, if the file still compiles with it.
fn with_word(provider: &Provider, signed: &SignedToken, (key, value): (&'static str, String), rule: &RepairRule) -> Proposal {
    let title = format!("signed: {{ {key}: {value} }}");
    let edit = FileEdit::Word { step: signed.place, word: "signed", key, value };
    let text = EditableFile::open(&provider.source).and_then(|file| file.apply(&[edit]));
    let change = text.and_then(|text| changed_lines(&provider.source.text, &text)).filter(|change| still_compiles(provider, change));
    Proposal::new(title, rule, change)
}

/// An address without its scheme and the slash at its end, in which spellings of one issuer differ.
fn bare_address(address: &str) -> &str {
    address.strip_prefix("https://").unwrap_or(address).trim_end_matches('/')
}

/// A value of a token as it is shown: an address or a name. Anything else may belong to a person.
fn shown(value: &str, masked: &str) -> String {
    let is_address = value.starts_with("https://") && !value.contains(['@', '?', '#', ' ']);
    if is_address || can_be_name(value) { printable(value) } else { masked.to_owned() }
}

fn issuer_proposal(provider: &Provider, signed: &SignedToken, claims: &Value) -> Option<Proposal> {
    let found = claims.get("iss").and_then(Value::as_str).filter(|text| text.len() <= LONGEST)?;
    let expected: Vec<String> = signed.issuers.iter().map(Template::as_literal).collect::<Option<_>>()?;
    if expected.is_empty() || expected.iter().any(|known| known == found) {
        return None;
    }
    let rule = RepairRule::TokenIssuerOther { found: shown(found, "‹issuer›"), expected: printable(&expected.join(", ")) };
    // Another spelling of the same address. Any other one, such as that of another tenant of the same host, is another issuer.
    let is_safe = expected.iter().any(|known| bare_address(known) == bare_address(found));
    if is_safe {
        return Some(with_word(provider, signed, ("issuer", flow_scalar(found)), &rule));
    }
    Some(Proposal::new("signed: { issuer: … }", &rule, None))
}

fn audience_proposal(provider: &Provider, signed: &SignedToken, claims: &Value, facts: &Facts) -> Option<Proposal> {
    let literal = |template: &Template| template.as_literal();
    let expected: Vec<String> = signed.audience.as_ref()?.iter().filter_map(literal).collect();
    let found: Vec<String> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(scalar_text).map(Cow::into_owned).collect(),
        _ => return None,
    };
    // Where the client id comes from the installation, the file does not say what is right.
    let is_like_expected = |one: &str| expected.iter().any(|known| known.len() == one.len());
    let shown = found.iter().map(|one| if is_like_expected(one) && !one.contains('@') { printable(one) } else { shown(one, "‹audience›") });
    let shown = shown.collect::<Vec<_>>().join(", ").chars().take(LONGEST).collect::<String>();
    let client = facts.get(provider.known.client_id);
    if expected.is_empty() || found.iter().any(|one| expected.contains(one) || client.is_some_and(|client| client.equals(one))) {
        return None;
    }
    let rule = RepairRule::TokenAudienceOther { found: shown, expected: printable(&expected.join(", ")) };
    Some(Proposal::new("signed: { audience: … }", &rule, None))
}

/// The nonce is never given up: the file sends it, and the language refuses a nonce that nothing compares.
fn nonce_proposal(step: &Step, signed: &SignedToken, claims: &Value) -> Option<Proposal> {
    let rule = RepairRule::TokenNonceMissing { step: step.kind.word().to_owned() };
    (signed.requires_nonce && claims.get("nonce").is_none()).then(|| Proposal::new("nonce", &rule, None))
}

fn algorithm_proposal(
    provider: &Provider,
    case: &RepairCase<'_>,
    document: &RereadDocument<'_>,
    signed: &SignedToken,
    facts: &Facts,
) -> Option<Proposal> {
    let (_, answer, _) = document.answer.and_then(|at| case.answers.get(at))?;
    let (_, token) = document.step.token_to_verify(answer, facts)?;
    let header = decode_json_part(token.split('.').next()?)?;
    let found = header.get("alg").and_then(Value::as_str).and_then(Algorithm::named)?;
    let expected = signed.algorithms.as_ref().filter(|known| !known.contains(&found))?;
    let names: Vec<&str> = expected.iter().map(|algorithm| algorithm.word()).collect();
    let rule = RepairRule::TokenAlgorithmOther { found: found.word().to_owned(), expected: names.join(", ") };
    // A shared secret in place of published keys would be another kind of proof.
    let is_safe = matches!(signed.keys, TokenKeys::Address(_)) && found.family() != KeyFamily::Secret;
    if is_safe {
        return Some(with_word(provider, signed, ("algorithms", format!("[ {} ]", found.word())), &rule));
    }
    Some(Proposal::new("signed: { algorithms: … }", &rule, None))
}

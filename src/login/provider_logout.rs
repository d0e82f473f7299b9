//! A provider says that its session has ended (OpenID Connect Back-Channel Logout 1.0): whether that is true, and whom it means.

use crate::login::attempt::{Attempt, Entropy, InstallationValues};
use crate::login::conversation::ConversationParties;
use crate::login::discover;
use crate::login::documents::fetch_keys_if_due;
use crate::provider::Provider;
use crate::provider::document_fault::DocumentFault;
use crate::provider::facts::Facts;
use crate::provider::signed_token::SignedToken;
use crate::provider::step::{ReadRule, Step};
use crate::provider::step_error::StepError;
use serde_json::{Value, json};
use std::fmt;

/// The longest id of a logout token that is read.
const LONGEST_TOKEN_ID: usize = 255;

/// Whom a verified logout token means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProviderLogout {
    /// The id of the person at the provider, as a login reads it.
    pub(crate) id: Box<str>,
    /// The id of the token.
    pub(crate) token_id: Box<str>,
}

/// Why a logout token is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RefusedLogoutToken {
    /// The issuer's document is not available.
    NoDocument(DocumentFault),
    /// It is not as the file demands of an ID token, or it is no logout token.
    Bad(String),
    /// It has no id of its own, so it could come twice.
    NoTokenId,
    /// It names a session of the provider only, or a person by another id than the file reads.
    NoPerson,
}

impl fmt::Display for RefusedLogoutToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDocument(fault) => write!(f, "the issuer's document is not available: {fault}"),
            Self::Bad(why) => f.write_str(why),
            Self::NoTokenId => f.write_str("it has no id (`jti`)"),
            Self::NoPerson => f.write_str("it does not name the person by the id that the provider's file reads"),
        }
    }
}

/// The step that verifies the ID token of a login, and its rules.
fn id_token_rules(provider: &Provider) -> Option<(&Step, &SignedToken)> {
    let steps = provider.calls_after_callback().map(|(_, step)| step).chain([&provider.authorization]);
    steps.filter_map(|step| Some((step, step.signed.as_ref()?))).find(|(_, signed)| signed.is_id_token)
}

/// Whether the file says how an ID token is verified, so that a logout token can be as well.
pub(crate) fn takes_logout_tokens(provider: &Provider) -> bool {
    id_token_rules(provider).is_some()
}

/// Verifies a logout token by the rules that the file has for its ID token.
pub(crate) async fn verify_logout_token(
    parties: ConversationParties<'_>,
    installation: &InstallationValues,
    token: &str,
    now: i64,
) -> Result<ProviderLogout, RefusedLogoutToken> {
    let ConversationParties { provider, fetch, documents, .. } = parties;
    let (step, signed) = id_token_rules(provider).ok_or(RefusedLogoutToken::NoPerson)?;
    // An attempt that is never begun has the facts of the installation.
    let attempt = Attempt::new(provider, installation, &Entropy([0; 80]), now, Vec::new());
    discover(provider, &attempt.facts_without_discovery(provider, installation), fetch, documents, now).await;
    let mut facts = attempt.initial_facts(provider, installation, documents).map_err(RefusedLogoutToken::NoDocument)?;
    fetch_keys_if_due(Some((signed, token.to_owned())), &facts, fetch, documents, now).await;
    let claims = signed.verified_logout_claims(token, &facts, documents, now).map_err(refused_because)?;
    let token_id = claims.get("jti").and_then(Value::as_str).filter(|id| (1..=LONGEST_TOKEN_ID).contains(&id.len()));
    let token_id = token_id.ok_or(RefusedLogoutToken::NoTokenId)?.into();
    let id = person_id(provider, step, &claims, &mut facts).ok_or(RefusedLogoutToken::NoPerson)?;
    Ok(ProviderLogout { id, token_id })
}

fn refused_because(error: StepError) -> RefusedLogoutToken {
    let why =
        if let StepError::BadToken { why, .. } = error { why.to_string() } else { "the provider's file gives no key for it".to_owned() };
    RefusedLogoutToken::Bad(why)
}

/// The id of the person, read from the claims as a login reads it from the ID token. An id that a login reads from the `sub` of a later
/// answer is the `sub` of the ID token as well, because a login compares the two.
fn person_id(provider: &Provider, step: &Step, claims: &Value, facts: &mut Facts) -> Option<Box<str>> {
    let subject = json!({ "sub": claims.get("sub").filter(|subject| !subject.is_null())? });
    step.learn_from_token(claims, facts);
    let behind = provider.facts_behind("id");
    let is_subject = |read: &&ReadRule| {
        let paths = read.reading.paths();
        behind.contains(&read.fact) && !paths.is_empty() && paths.iter().all(|path| path.sole_key() == Some("sub"))
    };
    for read in provider.calls_after_callback().flat_map(|(_, step)| &step.reads).filter(is_subject) {
        if facts.get(read.fact).is_none()
            && let Ok(text) = read.reading.evaluate(Some(&subject), facts)
        {
            facts.set(read.fact, text);
        }
    }
    provider.identity.compose(facts);
    provider.identity.id(facts)
}

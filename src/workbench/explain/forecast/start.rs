//! How a login begins whose answers are pasted: with the values of this installation, with stand-ins for what is not known,
//! and with signed tokens that are signed again.

use crate::login::attempt::{Attempt, InputValues, InstallationValues, SavedAttempt};
use crate::login::options::LoginOptions;
use crate::provider::Provider;
use crate::provider::callback::CallbackParameters;
use crate::provider::document_cache::DocumentCache;
use crate::provider::facts::Facts;
use crate::provider::signature::SignatureTarget;
use crate::provider::signed_token::SignedToken;
use crate::provider::step::StepKind;
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::Response;
use crate::workbench::examples::replay::{sign_callback, usual_document};
use crate::workbench::examples::stand_ins::{key_for, stand_in};
use crate::workbench::examples::tokens::token_parts;
use crate::world::secrets;
use serde_json::Value;

/// How a login begins here: with the values of this installation, and stand-ins for what is not known.
pub(crate) struct Start {
    pub(crate) attempt: Attempt,
    pub(crate) installation: InstallationValues,
    unset: Vec<Slot>,
}

/// A signed token in one of the answers.
pub(crate) struct TokenToJudge<'a> {
    pub(crate) step: StepKind,
    pub(crate) signed: &'a SignedToken,
    pub(crate) text: String,
}

impl TokenToJudge<'_> {
    /// Whether the keys of the token are not at hand.
    pub(crate) fn is_unverifiable(&self, provider: &Provider) -> bool {
        let keys = self.signed.key_text().map(|template| template.uses().map(|used| used.fact).collect::<Vec<_>>());
        keys.is_none_or(|facts| {
            facts.iter().any(|fact| provider.needed.iter().any(|needed| needed.fact == *fact && !secrets::is_set(&needed.reference)))
        })
    }

    fn claim(&self, name: &str) -> Option<Value> {
        token_parts(&self.text)?.1.get(name).cloned()
    }
}

impl Start {
    pub(crate) fn new(provider: &Provider, public_url: &str, inputs: InputValues, now: i64) -> Self {
        let mut installation = secrets::installation_values(provider, public_url);
        let is_set = |fact: Slot, values: &[(Slot, Text)]| values.iter().any(|(known, _)| *known == fact);
        let unset: Vec<Slot> =
            provider.needed.iter().map(|needed| needed.fact).filter(|fact| !is_set(*fact, &installation.values)).collect();
        for fact in &unset {
            let name = provider.names.name(*fact);
            let value = key_for(provider, *fact).unwrap_or_else(|| stand_in(name));
            installation.values.push((*fact, Text::secret(value, name)));
        }
        let saved = SavedAttempt {
            state: stand_in("state").into(),
            nonce: stand_in("nonce").into(),
            verifier: stand_in("codeVerifier").into(),
            started: now,
            inputs,
            prepared: Vec::new(),
            options: LoginOptions::default(),
        };
        let mut attempt = Attempt::resume(provider, &installation, saved);
        attempt.challenge = attempt.challenge.map(|_| stand_in("codeChallenge").into());
        Self { attempt, installation, unset }
    }

    /// Takes the state of a given callback for the one that was sent.
    pub(crate) fn take_state_from(&mut self, provider: &Provider, callback: Option<&CallbackParameters>) {
        let facts = self.attempt.facts_without_discovery(provider, &self.installation);
        if let Some(state) = callback.and_then(|callback| provider.state.evaluate(Some(&callback.document()), &facts).ok()) {
            self.attempt.state = state.revealed().into();
        }
    }

    /// Puts a correct signature into a given callback whose key is not set here.
    pub(crate) fn signs_callback_again(&self, provider: &Provider, callback: &mut CallbackParameters, facts: &Facts) -> bool {
        let Some(verify) = provider.authorization.verify.as_ref() else { return false };
        if !verify.uses().iter().any(|used| self.unset.contains(&used.fact)) {
            return false;
        }
        for (name, value) in &mut callback.pairs {
            if matches!(&verify.into, SignatureTarget::Parameter(into) if into == name) {
                *value = Text::plain(stand_in("signature"));
            }
        }
        sign_callback(provider, callback, facts);
        true
    }

    /// The signed tokens of the answers.
    pub(crate) fn signed_tokens<'p>(
        &self,
        provider: &'p Provider,
        callback: Option<&CallbackParameters>,
        calls: &[(usize, Response)],
    ) -> Vec<TokenToJudge<'p>> {
        let mut facts = self.attempt.facts_without_discovery(provider, &self.installation);
        let mut found = Vec::new();
        let first = &provider.authorization;
        if let Some(document) = callback.map(CallbackParameters::document) {
            found.extend(first.token_in(&document, &facts).map(|(signed, text)| TokenToJudge { step: first.kind, signed, text }));
            first.learn_from_answer(&document, &mut facts);
        }
        for (call, answer) in calls {
            let Some(step) = provider.calls.get(*call) else { continue };
            found.extend(step.token_to_verify(answer, &facts).map(|(signed, text)| TokenToJudge { step: step.kind, signed, text }));
            if let Some(document) = step.document(answer) {
                step.learn_from_answer(&document, &mut facts);
            }
        }
        found.retain(|token| token_parts(&token.text).is_some());
        found
    }

    /// Takes from the tokens what belongs to the login in which they were made: its time, its nonce, the client.
    pub(crate) fn adapt_to_tokens(&mut self, provider: &Provider, found: &[TokenToJudge<'_>], notes: &mut Vec<String>) {
        if let Some(issued) = found.iter().filter_map(|token| token.claim("iat")?.as_i64()).max() {
            self.attempt.started = issued;
            notes.push("the time is that of the token (`iat`)".to_owned());
        }
        if let Some(nonce) = found.iter().find_map(|token| token.claim("nonce")?.as_str().map(str::to_owned)) {
            self.attempt.nonce = nonce.into();
            notes.push("the nonce is that of the token, so it is not compared".to_owned());
        }
        let client = provider.known.client_id;
        if self.unset.contains(&client)
            && let Some(audience) = found.iter().find_map(|token| token.claim("azp").or_else(|| token.claim("aud")))
            && let Some(name) = audience.as_str().or_else(|| audience.get(0)?.as_str())
        {
            self.installation.values.retain(|(fact, _)| *fact != client);
            self.installation.values.push((client, Text::plain(name)));
            notes.push("`clientId` is not set here, so the audience of the token is taken for it".to_owned());
        }
    }

    /// Stores the issuer's document: the given one, or one with the usual addresses. Returns it unless it is the usual one.
    pub(crate) fn store_document(
        &self,
        provider: &Provider,
        given: Option<Value>,
        found: &[TokenToJudge<'_>],
        documents: &DocumentCache,
    ) -> Option<Value> {
        let facts = self.attempt.facts_without_discovery(provider, &self.installation);
        let (address, issuer) = provider.discovery.as_ref()?.address(&facts)?;
        let named = found.iter().find_map(|token| token.claim("iss")?.as_str().map(str::to_owned));
        let usual = issuer.clone();
        let base = match issuer {
            Some(issuer) => named.filter(|named| named.trim_end_matches('/') == issuer.trim_end_matches('/')).unwrap_or(issuer),
            None => named.unwrap_or_else(|| address.clone()),
        };
        let is_usual = given.is_none() && usual.as_ref() == Some(&base);
        let document = given.unwrap_or_else(|| usual_document(&base));
        documents.insert(&address, document.clone(), self.attempt.started);
        (!is_usual).then_some(document)
    }
}

//! An attempt to log in: it begins with the redirect, and one callback is accepted for it.
//!
//! The state travels through the provider; the rest stays sealed in the browser. The directory consumes an attempt, so
//! that it is used once.

use crate::login::Login;
use crate::login::attempt_text::{RANDOM, attempt_text};
use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::options::LoginOptions;
use crate::login::returned_state::{missing_state, returned_state};
use crate::provider::Provider;
use crate::provider::callback::{CallbackParameters, StateLocation};
use crate::provider::document_cache::DocumentCache;
use crate::provider::document_fault::DocumentFault;
use crate::provider::fact_origin::FactOrigin;
use crate::provider::facts::Facts;
use crate::provider::issuer::{metadata_address, promises_issuer};
use crate::provider::pkce::Pkce;
use crate::provider::step_error::StepError;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::Request;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// How long after its beginning an attempt accepts a callback, in seconds.
pub(crate) const GOOD_FOR: i64 = 600;

/// How many seconds the clock of this machine may be behind the clock of the machine on which the attempt began.
const CLOCK_STEP_BACK: i64 = 60;

/// The values that this installation has for a provider.
#[derive(Clone, Debug, Default)]
pub struct InstallationValues {
    /// The address under which browsers reach the broker.
    pub public_url: Box<str>,
    /// The client id, the secrets and the settings.
    pub values: Vec<(Slot, Text)>,
}

/// What a shopper typed: the names of the inputs and their values.
pub(crate) type InputValues = Vec<(Box<str>, Box<str>)>;

/// The random bytes of one attempt.
pub struct Entropy(pub [u8; 80]);

/// A fact that a call before the redirect has read.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PreparedFact {
    name: Box<str>,
    value: Box<str>,
}

/// How long the facts of the calls before the redirect may be together: they travel sealed in a cookie.
const LONGEST_PREPARED: usize = 2048;

/// One attempt to log in.
#[derive(Clone)]
pub struct Attempt {
    /// The name of the provider's file.
    pub(crate) provider: Box<str>,
    /// The OAuth state parameter.
    pub state: Box<str>,
    /// The OpenID Connect nonce, which a signed token has to repeat. A token with it is good at the callback alone.
    pub nonce: Box<str>,
    /// The PKCE code verifier.
    pub verifier: Box<str>,
    /// The PKCE code challenge, if the provider takes one.
    pub challenge: Option<Box<str>>,
    /// The address to which the provider sends the browser back.
    pub redirect_uri: Box<str>,
    /// When it began, in seconds since 1970.
    pub(crate) started: i64,
    pub(crate) inputs: InputValues,
    /// The facts that the calls before the redirect have read.
    pub(crate) prepared: Vec<PreparedFact>,
    /// The options in the address of the login.
    pub(crate) options: LoginOptions,
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").field("provider", &self.provider).field("started", &self.started).finish_non_exhaustive()
    }
}

/// The part of an attempt that the browser keeps, sealed, from the redirect to the callback.
#[derive(Clone)]
pub(crate) struct SavedAttempt {
    pub(crate) state: Box<str>,
    pub(crate) nonce: Box<str>,
    pub(crate) verifier: Box<str>,
    pub(crate) started: i64,
    pub(crate) inputs: InputValues,
    pub(crate) prepared: Vec<PreparedFact>,
    pub(crate) options: LoginOptions,
}

/// Why an attempt cannot begin.
#[derive(Clone, Debug)]
pub enum RedirectError {
    /// A call before the redirect gave no answer that lets the login go on.
    Prepare(Box<LoginError>),
    /// The typed value of this input does not match its pattern.
    Input(Box<str>),
    /// The issuer's discovery document is not available.
    NoDocument(DocumentFault),
    /// The request of the redirect cannot be made.
    Request(StepError),
}

impl Attempt {
    /// Begins an attempt; `entropy` yields its state, its nonce and its PKCE verifier, and its age counts from `now`.
    pub fn new(provider: &Provider, installation: &InstallationValues, entropy: &Entropy, now: i64, inputs: InputValues) -> Self {
        let bytes = |from: usize, count: usize| entropy.0.iter().skip(from).take(count).copied().collect::<Vec<u8>>();
        let saved = SavedAttempt {
            state: attempt_text(&bytes(0, RANDOM)),
            nonce: attempt_text(&bytes(24, RANDOM)),
            verifier: URL_SAFE_NO_PAD.encode(bytes(48, 32)).into(),
            started: now,
            inputs,
            prepared: Vec::new(),
            options: LoginOptions::default(),
        };
        Self::resume(provider, installation, saved)
    }

    /// Restores an attempt from the part that the browser kept.
    pub(crate) fn resume(provider: &Provider, installation: &InstallationValues, saved: SavedAttempt) -> Self {
        let SavedAttempt { state, nonce, verifier, started, inputs, prepared, options } = saved;
        let registered = provider.redirect_address.of(&installation.public_url, &provider.name);
        let redirect_uri = provider.state_in.address_with(registered, &state);
        Self {
            provider: provider.name.clone(),
            challenge: provider.pkce.challenge(&verifier).map(Into::into),
            state,
            nonce,
            verifier,
            redirect_uri: redirect_uri.into(),
            started,
            inputs,
            prepared,
            options,
        }
    }

    /// The part that the browser keeps.
    pub(crate) fn to_saved(&self, provider: &Provider) -> SavedAttempt {
        let Self { state, nonce, verifier, started, inputs, prepared, options, .. } = self.clone();
        let options = only_used(options, provider, || provider.facts_used_after_redirect());
        SavedAttempt { state, nonce, verifier, started, inputs, prepared, options }
    }

    /// The facts with which a login begins, once the typed inputs are accepted.
    pub(crate) fn facts_before_redirect(
        &self,
        provider: &Provider,
        installation: &InstallationValues,
        documents: &DocumentCache,
    ) -> Result<Facts, RedirectError> {
        for input in &provider.inputs {
            let typed = self.inputs.iter().find(|(name, _)| *name == input.name).map_or("", |(_, value)| value);
            if !input.accepts(typed) {
                return Err(RedirectError::Input(input.name.clone()));
            }
        }
        self.initial_facts(provider, installation, documents).map_err(RedirectError::NoDocument)
    }

    /// Keeps what the calls before the redirect have read and what the redirect or a later step uses.
    pub(crate) fn keep_prepared(&mut self, provider: &Provider, facts: &Facts) -> Result<(), LoginError> {
        let used = provider.facts_used_after_preparation();
        self.prepared.clear();
        for step in provider.calls_before_redirect() {
            for (fact, ..) in step.learned_facts().filter(|(fact, ..)| used.contains(fact)) {
                let name = provider.names.name(fact);
                if let Some(value) = facts.get(fact).filter(|_| self.prepared.iter().all(|kept| *kept.name != **name)) {
                    self.prepared.push(PreparedFact { name: (&**name).into(), value: value.expose().into() });
                }
            }
        }
        let length: usize = self.prepared.iter().map(|kept| kept.name.len().saturating_add(kept.value.len())).sum();
        if length <= LONGEST_PREPARED {
            return Ok(());
        }
        self.prepared.clear();
        Err(LoginError::before_calls(LoginErrorCause::PreparedTooLong))
    }

    /// The request that the browser carries to the provider.
    pub fn redirect_request(
        &self,
        provider: &Provider,
        installation: &InstallationValues,
        documents: &DocumentCache,
    ) -> Result<Request, RedirectError> {
        let facts = self.facts_before_redirect(provider, installation, documents)?;
        provider.authorization.request(&facts).map_err(RedirectError::Request)
    }

    /// The facts with which a login begins; the error while the issuer's document is not available.
    pub(crate) fn initial_facts(
        &self,
        provider: &Provider,
        installation: &InstallationValues,
        documents: &DocumentCache,
    ) -> Result<Facts, DocumentFault> {
        let mut facts = self.facts_without_discovery(provider, installation);
        if let Some(discovery) = &provider.discovery {
            let (address, issuer) = discovery.address(&facts).ok_or(DocumentFault::NotFetched)?;
            let document = documents.get(&address, self.started).ok_or_else(|| documents.fault(&address))?;
            discovery.learn(&document, issuer.as_deref(), &mut facts)?;
        }
        if let Some(issuer) = provider.issuer.as_ref().and_then(|issuer| issuer.value(&facts)) {
            let metadata = metadata_address(&issuer).and_then(|address| documents.last(&address));
            if metadata.is_some_and(|metadata| promises_issuer(&metadata, &issuer)) {
                facts.set(provider.known.iss_is_promised, Text::plain("true"));
            }
            facts.set(provider.known.issuer, Text::plain(issuer));
        }
        Ok(facts)
    }

    /// The facts that are known without the issuer's document.
    pub fn facts_without_discovery(&self, provider: &Provider, installation: &InstallationValues) -> Facts {
        let mut facts = provider.empty_facts();
        let known = provider.known;
        for (slot, value) in &installation.values {
            facts.set(*slot, value.clone());
        }
        let secret = |value: &str, slot: Slot, facts: &Facts| Text::secret(value, &facts.label(slot));
        for (slot, value) in [(known.state, &self.state), (known.nonce, &self.nonce)] {
            let text = secret(value, slot, &facts);
            facts.set(slot, text);
        }
        if provider.pkce != Pkce::Off {
            let verifier = secret(&self.verifier, known.code_verifier, &facts);
            facts.set(known.code_verifier, verifier);
            if let Some(challenge) = &self.challenge {
                let challenge = secret(challenge, known.code_challenge, &facts);
                facts.set(known.code_challenge, challenge);
            }
        }
        let redirect_uri = match provider.state_in.separator_before_state() {
            Some(_) => secret(&self.redirect_uri, known.redirect_uri, &facts),
            None => Text::plain(&*self.redirect_uri),
        };
        facts.set(known.redirect_uri, redirect_uri);
        facts.set(known.now, Text::plain(self.started.to_string()));
        facts.set(known.provider, Text::plain(&*provider.name));
        facts.set(known.public_url, Text::plain(&*installation.public_url));
        if let Some(scope) = &provider.scope {
            facts.set(known.scope, Text::plain(&**scope));
        }
        for (name, value) in &self.inputs {
            if let Some(input) = provider.inputs.iter().find(|input| input.name == *name)
                && let Some(slot) = provider.names.find(&input.name)
            {
                facts.set_typed(slot, Text::secret(&**value, &Arc::from(&**name)));
            }
        }
        self.learn_options(provider, &mut facts);
        for PreparedFact { name, value } in &self.prepared {
            if let Some(slot) = provider.names.find(name) {
                // What was read before the redirect is not about the person: no claim proves it, and it proves nothing as a claim.
                facts.learn(slot, &**value, FactOrigin::Several, Place::default());
            }
        }
        facts
    }

    fn learn_options(&self, provider: &Provider, facts: &mut Facts) {
        let known = provider.known;
        let LoginOptions { login_hint, ui_locales, reauthenticates } = &self.options;
        for (slot, value) in [(known.login_hint, login_hint), (known.ui_locales, ui_locales)] {
            if let Some(value) = value {
                let label = facts.label(slot);
                facts.set_typed(slot, Text::secret(&**value, &label));
            }
        }
        if *reauthenticates {
            facts.set(known.reauthenticate, Text::plain(self.started.to_string()));
        }
    }

    /// Keeps of the options what the file passes on.
    pub(crate) fn set_options(&mut self, provider: &Provider, options: LoginOptions) {
        self.options = only_used(options, provider, || provider.used_facts());
    }

    /// Accepts a callback that answers this attempt. `path_state` is the state in the path of the callback's address, for
    /// providers that return it there.
    pub fn accept<'a>(
        &self,
        provider: &'a Provider,
        installation: &InstallationValues,
        callback: &'a CallbackParameters,
        path_state: Option<&str>,
        documents: &DocumentCache,
        now: i64,
    ) -> Result<Login<'a>, LoginError> {
        if *self.provider != *provider.name {
            return Err(LoginError::before_calls(LoginErrorCause::OtherProvider));
        }
        if !(-CLOCK_STEP_BACK..GOOD_FOR).contains(&now.saturating_sub(self.started)) {
            return Err(LoginError::before_calls(LoginErrorCause::Expired));
        }
        if let Some(fault) = callback_fault(callback) {
            return Err(LoginError::before_calls(fault));
        }
        let facts = self.initial_facts(provider, installation, documents);
        let mut facts = facts.map_err(|fault| LoginError::before_calls(LoginErrorCause::NoDocument(fault)))?;
        // The shopper may take minutes at the provider, and calls are signed with the time of the callback.
        facts.set(provider.known.now, Text::plain(now.to_string()));
        let document = callback.document();
        let is_own = match returned_state(provider, &document, &facts, path_state) {
            Some(returned) => returned.equals(&self.state),
            None => provider.state_in == StateLocation::Cookie,
        };
        if !is_own {
            let no_state = missing_state(provider, &document, Some(&self.state));
            return Err(no_state.unwrap_or_else(|| LoginError::before_calls(LoginErrorCause::StateMismatch)));
        }
        Ok(Login { provider, facts, callback, document, now, fingerprint: None })
    }
}

impl SavedAttempt {
    /// Whether a callback brings the state of this attempt; where a provider returns no state, every callback may.
    pub(crate) fn matches_callback(&self, provider: &Provider, document: &Value, path_state: Option<&str>) -> bool {
        let returned = || returned_state(provider, document, &provider.empty_facts(), path_state);
        provider.state_in == StateLocation::Cookie || returned().is_some_and(|returned| returned.equals(&self.state))
    }
}

/// Why a callback is refused before it is compared with the attempt.
pub(crate) fn callback_fault(callback: &CallbackParameters) -> Option<LoginErrorCause> {
    if callback.pairs.len() > 100 {
        return Some(LoginErrorCause::TooManyParameters);
    }
    callback.repeated_name().map(|_| LoginErrorCause::RepeatedParameter)
}

/// The options without the texts that no fact in this list holds.
fn only_used(options: LoginOptions, provider: &Provider, used: impl FnOnce() -> Vec<Slot>) -> LoginOptions {
    let LoginOptions { login_hint, ui_locales, reauthenticates } = options;
    // Most logins have none.
    let used = if login_hint.is_some() || ui_locales.is_some() { used() } else { Vec::new() };
    LoginOptions {
        login_hint: login_hint.filter(|_| used.contains(&provider.known.login_hint)),
        ui_locales: ui_locales.filter(|_| used.contains(&provider.known.ui_locales)),
        reauthenticates,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{InstallationContext, compile};
    use crate::vocabulary::place::Source;

    #[test]
    fn what_was_read_before_the_redirect_proves_nothing_and_is_never_proven() {
        let file = "name: Acme\ngetAuthorizationCode:\n  get: https://a.example/entrar\n  \
             prepare: { post: \"https://a.example/par\", read: { requestUri: $.request_uri } }\n  \
             extra: { request_uri: \"${requestUri}\" }\ngetAccessCode: { post: \"https://a.example/token\" }\n\
             getUserInfo: { get: \"https://a.example/me\", read: { id: $.id, email: $.email, emailVerified: $.ok } }\n";
        let (provider, report) = compile(&Source::new("acme.yaml", file), InstallationContext { loopback: true });
        let provider = provider.unwrap_or_else(|| panic!("{}", report.draw(false)));
        let installation = InstallationValues::default();
        let mut attempt = Attempt::new(&provider, &installation, &Entropy([7; 80]), 0, Vec::new());
        attempt.prepared.push(PreparedFact { name: "requestUri".into(), value: "urn:x".into() });

        let facts = attempt.facts_without_discovery(&provider, &installation);

        let slot = provider.names.find("requestUri").expect("a fact");
        assert!(facts.get(slot).is_some_and(|value| value.equals("urn:x")));
        for call in 0..3 {
            let answer = FactOrigin::Answer(Some(call));
            assert!(!answer.vouches_for(facts.origin(slot)) && !facts.origin(slot).vouches_for(answer));
        }
    }
}

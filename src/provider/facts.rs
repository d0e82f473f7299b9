//! The facts of one login: what is known so far, by number.
//!
//! A fact is either unknown or a text that is not empty. Every fact from an answer starts secret.

use crate::provider::fact_expression::{FoundInstead, MissingValue};
use crate::provider::fact_origin::FactOrigin;
use crate::provider::json_path::ValueKind;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use crate::vocabulary::words::Reader;
use std::sync::Arc;

/// The facts that every login begins with, and their meanings. Settings, secrets and inputs are added to them.
pub(crate) const FROM_THE_START: &[(&str, &str)] = &[
    ("clientId", "the `clientId` of this file"),
    ("clientSecret", "the `clientSecret` of this file"),
    ("redirectUri", "where the provider sends the browser back: `{publicUrl}/callback/{provider}`"),
    (
        "state",
        "a random text that ties the callback to this browser; it is sent as it is, without functions, because the same text has to come back",
    ),
    ("nonce", "a random text that a signed token must repeat; to send it and check it nowhere is a mistake"),
    ("codeChallenge", "PKCE: the challenge, which is sent with the authorization request"),
    ("codeVerifier", "PKCE: the verifier, which is sent with the token request"),
    ("scope", "the `scope` of getAuthorizationCode"),
    ("now", "the time in seconds since 1970: that of the redirect, and in the calls that of the callback"),
    ("provider", "the name of this file"),
    ("publicUrl", "the address of portaria itself"),
    (
        "loginHint",
        "who wants to sign in, from `login_hint` at `/login/{provider}`: at most 200 characters. Not every login has it, so it is written `${loginHint?}`",
    ),
    (
        "uiLocales",
        "the languages of the person, from `ui_locales` at `/login/{provider}`: at most 10 in 100 characters. Not every login has it, so it is written `${uiLocales?}`",
    ),
];

/// The facts that the engine sets itself. No file may name them.
pub(crate) const INTERNAL: [&str; 5] = ["clientAssertion", "reauthenticate", "idTokenSubject", "issuerIsNamed", "clientAuthentication"];

/// The facts of a discovery document: the fact, and the key of the document.
pub const FROM_DISCOVERY: &[(&str, &str)] = &[
    ("issuer", "issuer"),
    ("authorizationEndpoint", "authorization_endpoint"),
    ("tokenEndpoint", "token_endpoint"),
    ("userinfoEndpoint", "userinfo_endpoint"),
    ("jwksUri", "jwks_uri"),
    ("endSessionEndpoint", "end_session_endpoint"),
    ("pushedAuthorizationRequestEndpoint", "pushed_authorization_request_endpoint"),
];

/// The numbers of the facts that the program itself uses.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each is the fact of that name")]
pub struct WellKnownFacts {
    pub client_id: Slot,
    pub client_secret: Slot,
    pub redirect_uri: Slot,
    pub(crate) state: Slot,
    pub(crate) nonce: Slot,
    pub(crate) code_challenge: Slot,
    pub(crate) code_verifier: Slot,
    pub(crate) scope: Slot,
    pub(crate) login_hint: Slot,
    pub(crate) ui_locales: Slot,
    pub(crate) reauthenticate: Slot,
    pub now: Slot,
    pub(crate) provider: Slot,
    pub public_url: Slot,
    pub(crate) code: Slot,
    pub(crate) iss: Slot,
    pub(crate) access_token: Slot,
    pub(crate) token_type: Slot,
    pub(crate) issuer: Slot,
    pub(crate) id: Slot,
    pub(crate) email: Slot,
    pub(crate) email_verified: Slot,
    pub(crate) client_assertion: Slot,
    pub(crate) token_subject: Slot,
    pub(crate) iss_is_promised: Slot,
    pub(crate) client_authentication: Slot,
    pub(crate) userinfo_endpoint: Slot,
    pub(crate) client_token: Slot,
    pub(crate) client_token_expires_in: Slot,
}

impl WellKnownFacts {
    /// Registers the names of all of these facts.
    pub(crate) fn register(reader: &mut Reader) -> Self {
        let mut slot = |name: &str| reader.names.intern(name);
        Self {
            client_id: slot("clientId"),
            client_secret: slot("clientSecret"),
            redirect_uri: slot("redirectUri"),
            state: slot("state"),
            nonce: slot("nonce"),
            code_challenge: slot("codeChallenge"),
            code_verifier: slot("codeVerifier"),
            scope: slot("scope"),
            login_hint: slot("loginHint"),
            ui_locales: slot("uiLocales"),
            reauthenticate: slot("reauthenticate"),
            now: slot("now"),
            provider: slot("provider"),
            public_url: slot("publicUrl"),
            code: slot("code"),
            iss: slot("iss"),
            access_token: slot("accessToken"),
            token_type: slot("tokenType"),
            issuer: slot("issuer"),
            id: slot("id"),
            email: slot("email"),
            email_verified: slot("emailVerified"),
            client_assertion: slot("clientAssertion"),
            token_subject: slot("idTokenSubject"),
            iss_is_promised: slot("issuerIsNamed"),
            client_authentication: slot("clientAuthentication"),
            userinfo_endpoint: slot("userinfoEndpoint"),
            client_token: slot("clientToken"),
            client_token_expires_in: slot("clientTokenExpiresIn"),
        }
    }
}

/// The facts known so far, and the facts that were not found.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    values: Vec<Option<(Text, FactOrigin)>>,
    labels: Arc<[Arc<str>]>,
    is_preview: bool,
    misses: Vec<(Slot, MissingValue)>,
    /// The facts that are one of several different values.
    of_several: Vec<Slot>,
}

impl Facts {
    /// No facts yet, with room for every name in `names`.
    #[cfg(test)]
    pub(crate) fn empty(names: &crate::vocabulary::names::FactNames) -> Self {
        Self::with_labels(names.iter().map(|(_, name)| Arc::clone(name)).collect())
    }

    /// No facts yet, with room for one fact for each label.
    pub(crate) fn with_labels(labels: Arc<[Arc<str>]>) -> Self {
        let values = std::iter::repeat_with(|| None).take(labels.len()).collect();
        Self { values, labels, is_preview: false, misses: Vec::new(), of_several: Vec::new() }
    }

    /// The same facts for a preview of a request: a hole that finds nothing yet shows its mask.
    #[must_use]
    pub(crate) fn for_preview(self) -> Self {
        Self { is_preview: true, ..self }
    }

    /// Whether these facts are for a preview of a request.
    pub(crate) fn is_preview(&self) -> bool {
        self.is_preview
    }

    /// A fact, if it is known.
    pub(crate) fn get(&self, slot: Slot) -> Option<&Text> {
        self.values.get(slot.0 as usize)?.as_ref().map(|(value, _)| value)
    }

    /// The exchange that a fact came from.
    pub(crate) fn origin(&self, slot: Slot) -> FactOrigin {
        self.values.get(slot.0 as usize).and_then(Option::as_ref).map(|(_, origin)| *origin).unwrap_or_default()
    }

    pub(crate) fn forget(&mut self, slot: Slot) {
        if let Some(value) = self.values.get_mut(slot.0 as usize) {
            *value = None;
        }
    }

    /// The greatest length of a fact, in bytes.
    pub(crate) const LONGEST: usize = 64 * 1024;

    /// Sets a fact that the broker itself knows. A text that is empty or too long is no fact.
    pub fn set(&mut self, slot: Slot, value: Text) {
        self.insert(slot, value, FactOrigin::Broker, Place::default());
    }

    /// Sets a fact that the shopper typed.
    pub(crate) fn set_typed(&mut self, slot: Slot, value: Text) {
        self.insert(slot, value, FactOrigin::Shopper, Place::default());
    }

    fn insert(&mut self, slot: Slot, value: Text, origin: FactOrigin, place: Place) {
        let at = usize::from(slot.0);
        if at >= self.values.len() {
            self.values.resize(at.saturating_add(1), None);
        }
        if value.len() > Self::LONGEST {
            let instead = Some(FoundInstead::Value(ValueKind::UnreadableText));
            self.record_missing(slot, MissingValue { place, instead });
        }
        self.of_several.retain(|other| *other != slot);
        if let Some(known) = self.values.get_mut(at) {
            *known = (!value.is_empty() && value.len() <= Self::LONGEST).then_some((value, origin));
        }
    }

    /// Sets a fact that an exchange gave, and that the file reads at `place`. It starts secret.
    pub fn learn(&mut self, slot: Slot, value: impl Into<String>, origin: FactOrigin, place: Place) {
        let label = self.label(slot);
        self.insert(slot, Text::secret(value, &label), origin, place);
    }

    /// Sets a fact that an exchange gave, as a text that is secret already.
    pub(crate) fn learn_secret(&mut self, slot: Slot, value: Text, origin: FactOrigin, place: Place) {
        self.insert(slot, value, origin, place);
    }

    /// Records that a known fact is one of several different values.
    pub(crate) fn mark_of_several(&mut self, slot: Slot) {
        self.of_several.push(slot);
    }

    /// Whether a known fact is one of several different values.
    pub(crate) fn is_of_several(&self, slot: Slot) -> bool {
        self.of_several.contains(&slot)
    }

    /// The name under which a mask shows a fact.
    pub(crate) fn label(&self, slot: Slot) -> Arc<str> {
        self.labels.get(slot.0 as usize).map_or_else(|| Arc::from("fact"), Arc::clone)
    }

    /// Records that a fact was not found.
    pub(crate) fn record_missing(&mut self, slot: Slot, nothing: MissingValue) {
        self.misses.push((slot, nothing));
    }

    /// Why a fact was not found, if it was looked for.
    pub(crate) fn missing_value(&self, slot: Slot) -> Option<&MissingValue> {
        self.misses.iter().rev().find(|(missed, _)| *missed == slot).map(|(_, nothing)| nothing)
    }

    /// What was found for a fact that is not known, if something was found that cannot be read.
    pub(crate) fn unreadable(&self, slot: Slot) -> Option<ValueKind> {
        let mut found = self.misses.iter().filter(|(missed, _)| *missed == slot).filter_map(|(_, nothing)| nothing.unreadable());
        found.next().filter(|_| self.get(slot).is_none())
    }

    /// The facts that are known, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &Text)> {
        self.values.iter().enumerate().filter_map(|(at, known)| Some((Slot(u16::try_from(at).ok()?), &known.as_ref()?.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_is_missed_where_the_file_reads_it() {
        let (mut facts, place) = (Facts::default(), Place { line: 4, ..Place::default() });
        facts.learn(Slot(0), "x".repeat(Facts::LONGEST + 1), FactOrigin::Broker, place);

        assert_eq!(facts.missing_value(Slot(0)).map(|missing| missing.place), Some(place));
        assert!(facts.get(Slot(0)).is_none());
    }

    #[test]
    fn a_text_of_any_length_up_to_the_greatest_is_a_fact() {
        for length in [1, Facts::LONGEST] {
            let mut facts = Facts::default();
            facts.learn(Slot(0), "x".repeat(length), FactOrigin::Broker, Place::default());

            assert!(facts.get(Slot(0)).is_some() && facts.missing_value(Slot(0)).is_none(), "{length}");
        }
    }
}

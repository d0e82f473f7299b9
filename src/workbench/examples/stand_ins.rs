//! The values that a story does not give: a visible text for each fact, and fresh keys where keys are used.

use crate::login::attempt::{Attempt, InstallationValues};
use crate::login::options::LoginOptions;
use crate::provider::Provider;
use crate::provider::assertion::Assertion;
use crate::provider::keys::{Algorithm, KeyFamily};
use crate::provider::moment;
use crate::provider::signed_token::TokenKeys;
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use crate::workbench::examples::example::ExampleSpec;
use crate::world::random::{self, PemKeyPair};

/// The time of every story that does not give another: 2026-01-02T03:04:05Z.
pub(crate) const NOW: i64 = 1_767_323_045;

/// The values with which a story begins.
pub(crate) struct ExampleStart {
    pub(crate) installation: InstallationValues,
    pub(crate) attempt: Attempt,
    pub(crate) now: i64,
}

pub(crate) fn stand_in(name: &str) -> String {
    format!("‹{name}›")
}

pub(crate) fn example_start(provider: &Provider, story: &ExampleSpec) -> ExampleStart {
    let given = |name: &str| {
        story.facts.iter().flat_map(|facts| &facts.0).find(|(known, _)| known.value == name).map(|(_, value)| value.value.clone())
    };
    let or_stand_in = |name: &str| given(name).unwrap_or_else(|| stand_in(name));
    let now = given("now").and_then(|now| moment::parse_moment(&now)).map_or(NOW, |now| now.timestamp());
    let mut values: Vec<(Slot, Text)> = provider.literals().collect();
    for needed in &provider.needed {
        let name = provider.names.name(needed.fact);
        let value = given(name).unwrap_or_else(|| key_for(provider, needed.fact).unwrap_or_else(|| stand_in(name)));
        values.push((needed.fact, Text::secret(value, name)));
    }
    for (slot, text) in &mut values {
        let name = provider.names.name(*slot);
        if let Some(value) = given(name) {
            *text = Text::secret(value, name);
        }
    }
    let inputs = story
        .inputs
        .iter()
        .flat_map(|inputs| &inputs.0)
        .map(|(name, value)| (name.value.as_str().into(), value.value.as_str().into()))
        .collect();
    let challenge = provider.pkce.challenge("").map(|_| or_stand_in("codeChallenge").into());
    let attempt = Attempt {
        provider: provider.name.clone(),
        state: or_stand_in("state").into(),
        nonce: or_stand_in("nonce").into(),
        verifier: or_stand_in("codeVerifier").into(),
        challenge,
        redirect_uri: or_stand_in("redirectUri").into(),
        started: now,
        inputs,
        prepared: Vec::new(),
        options: LoginOptions {
            login_hint: given("loginHint").map(Into::into),
            ui_locales: given("uiLocales").map(Into::into),
            reauthenticates: given("reauthenticate").is_some_and(|given| given == "true"),
        },
    };
    ExampleStart { installation: InstallationValues { public_url: or_stand_in("publicUrl").into(), values }, attempt, now }
}

/// A fresh key for a fact that is used as one.
pub(crate) fn key_for(provider: &Provider, fact: Slot) -> Option<String> {
    for step in provider.steps() {
        if let Some((template, algorithm)) = step.assertion.as_ref().map(Assertion::key_and_algorithm)
            && template.first_fact() == Some(fact)
            && algorithm.family() != KeyFamily::Secret
        {
            return Some(key_pair(algorithm, false).private);
        }
        for signature in [step.sign.as_ref(), step.verify.as_ref()].into_iter().flatten() {
            if let Some((template, true)) = signature.key_template()
                && template.first_fact() == Some(fact)
            {
                // We sign with the private key, and verify a callback with the public one.
                let is_ours = step.sign.as_ref().is_some_and(|own| std::ptr::eq(own, signature));
                return Some(if is_ours { random::rsa_pair(false).private.clone() } else { random::rsa_pair(false).public.clone() });
            }
        }
        if let Some(TokenKeys::Text(template)) = step.signed.as_ref().map(|signed| &signed.keys)
            && template.first_fact() == Some(fact)
            && !provider.needed.iter().any(|needed| needed.fact == fact && needed.secret)
        {
            return Some(random::rsa_pair(false).public.clone());
        }
    }
    None
}

/// A fresh key pair for an algorithm; a foreign one is not the provider's.
pub(crate) fn key_pair(algorithm: Algorithm, is_foreign: bool) -> PemKeyPair {
    match algorithm.family() {
        KeyFamily::Curve => random::ec_pair(algorithm == Algorithm::Es384),
        KeyFamily::Edwards => random::ed25519_pair(),
        KeyFamily::Rsa | KeyFamily::Secret => random::rsa_pair(is_foreign).clone(),
    }
}

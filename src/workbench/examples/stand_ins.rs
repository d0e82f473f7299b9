//! What stands for values that a story does not give: a visible text for each fact, and fresh keys where keys are used.

use crate::login::attempt::{Attempt, InstallationValues};
use crate::provider::Provider;
use crate::provider::keys::{Algorithm, KeyFamily};
use crate::provider::moment;
use crate::provider::signed_token::TokenKeys;
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use crate::workbench::examples::example::ExampleSpec;
use crate::world::random::{self, PemKeyPair};

/// The moment of every story that does not name another: 2026-01-02T03:04:05Z.
pub(crate) const NOW: i64 = 1_767_323_045;

/// What a story begins with.
pub(crate) struct ExampleStart {
    /// The values of the installation.
    pub(crate) installation: InstallationValues,
    pub(crate) attempt: Attempt,
    pub(crate) now: i64,
}

/// The visible stand-in of a fact.
pub(crate) fn stand_in(name: &str) -> String {
    format!("‹{name}›")
}

/// The beginning of a story.
pub(crate) fn example_start(provider: &Provider, story: &ExampleSpec) -> ExampleStart {
    let given = |name: &str| {
        story.facts.iter().flat_map(|facts| &facts.0).find(|(known, _)| known.value == name).map(|(_, value)| value.value.clone())
    };
    let or_visible = |name: &str| given(name).unwrap_or_else(|| stand_in(name));
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
    let challenge = provider.pkce.challenge("").map(|_| or_visible("codeChallenge").into());
    let attempt = Attempt {
        provider: provider.name.clone(),
        state: or_visible("state").into(),
        nonce: or_visible("nonce").into(),
        verifier: or_visible("codeVerifier").into(),
        challenge,
        redirect_uri: or_visible("redirectUri").into(),
        started: now,
        inputs,
    };
    ExampleStart { installation: InstallationValues { public_url: or_visible("publicUrl").into(), values }, attempt, now }
}

/// A fresh key for a fact that is used as one.
pub(crate) fn key_for(provider: &Provider, fact: Slot) -> Option<String> {
    for step in provider.steps() {
        if let Some((template, algorithm)) = step.assertion().map(crate::provider::assertion::Assertion::key_and_algorithm)
            && template.first_fact() == Some(fact)
            && algorithm.family() != KeyFamily::Secret
        {
            return Some(key_pair(algorithm, false).private);
        }
        for signature in [step.signature(), step.expected_signature()].into_iter().flatten() {
            if let Some((template, true)) = signature.key_template()
                && template.first_fact() == Some(fact)
            {
                // The one who signs holds the private half, the one who is called back the public one.
                let is_ours = step.signature().is_some_and(|own| std::ptr::eq(own, signature));
                return Some(if is_ours { random::rsa_pair(false).private.clone() } else { random::rsa_pair(false).public.clone() });
            }
        }
        if let Some(TokenKeys::Text(template)) = step.signed().map(|signed| &signed.keys)
            && template.first_fact() == Some(fact)
            && !provider.needed.iter().any(|needed| needed.fact == fact && needed.secret)
        {
            return Some(random::rsa_pair(false).public.clone());
        }
    }
    None
}

/// A fresh pair for an algorithm.
pub(crate) fn key_pair(algorithm: Algorithm, stranger: bool) -> PemKeyPair {
    match algorithm.family() {
        KeyFamily::Curve => random::ec_pair(algorithm == Algorithm::Es384),
        KeyFamily::Edwards => random::ed25519_pair(),
        KeyFamily::Rsa | KeyFamily::Secret => random::rsa_pair(stranger).clone(),
    }
}

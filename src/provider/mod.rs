//! The language of provider files. One file describes one provider; it is read, checked and compiled here.
//!
//! A compiled provider has no mistakes left in it. Nothing in this folder reads a clock, a variable, a file or a socket.
//! Most words have a file of their own, with their documentation for operators, their parsing, their behaviour and
//! their tests.

pub(crate) mod address; //         an address with holes
pub mod answer; //                 the formats of an answer
pub(crate) mod assertion; //       a token that the client signs
pub(crate) mod authorization; //   the words of the first step
pub(crate) mod call; //            the words of a call
pub mod callback; //               how the browser comes back
pub(crate) mod client_token; //    the token that the client gets for itself
pub(crate) mod choice; //          an entry that is chosen from a list
pub mod compile; //                from a file to a provider
pub(crate) mod compiled_file; //   the parts of a file, for its checks
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice, reason = "it reads a file, and is fuzzed")]
pub(crate) mod condition; //       a condition
pub(crate) mod credentials; //     where client id and secret are sent
pub(crate) mod declared_values; // settings and secrets that a file declares
pub(crate) mod discovery; //       the word `discovery`
pub mod document_fault; //         why a document of an issuer is not there
pub mod document_cache; //         discovery documents and keys, kept
pub mod passkey; //                the sign-in by a passkey, which is no provider either
pub mod email_code; //             the sign-in by a code, which is no provider
pub(crate) mod exchange; //        tokens that programs hand in
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice, reason = "it reads a file, and is fuzzed")]
pub(crate) mod entry_check; //     check: a claim comes from the entry of its address
pub(crate) mod fact_expression; // how a fact is read
pub(crate) mod fact_flow_check; // check: each fact is known before it is used
pub mod fact_origin; //            the answer that a fact came from
pub mod facts; //                  the facts of one login
pub mod fingerprint; //            where a file points, to which linked identities are pinned
pub(crate) mod file_name; //       the name of a file
pub(crate) mod functions; //       the functions in a hole
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice, reason = "it reads a file, and is fuzzed")]
pub(crate) mod hole; //            a hole in a text
pub(crate) mod hosts; //           the word `hosts`
pub mod identity; //               the identity that a login gives
pub(crate) mod implied_userinfo; // the userinfo call that `discovery` implies
pub(crate) mod inputs; //          what the shopper is asked for
pub(crate) mod issuer; //          the word `issuer`
pub(crate) mod json; //            bounded JSON
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice, reason = "it reads a file, and is fuzzed")]
pub mod json_path; //              paths into an answer
pub mod keys; //                   keys and signature algorithms
pub(crate) mod listing; //         the word `catalogue`
pub(crate) mod logo; //            the word `logo`
pub(crate) mod moment; //          dates and durations
pub(crate) mod parameters; //      the contents of a request
pub mod pkce; //                   PKCE
pub(crate) mod endpoint_hosts; //  the hosts to which discovery documents lead
pub(crate) mod token_keeping; //   the words `keepTokens` and `refresh`
pub mod token_fault; //            why a signed token is not accepted
pub(crate) mod token_type; //      the type of an access token
pub mod placeholder; //            the address of a person who has none
pub(crate) mod proof_check; //     check: what counts as proof is proof
pub mod provider_spec; //          the words at the top of a file
pub(crate) mod refusal; //         `refused` and `accepted`
pub(crate) mod request_reach; //   where the requests of a file lead
pub(crate) mod sent_secret; //     where its calls send secrets, and in which form
pub(crate) mod request_payload; // the payload of a call
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice, reason = "it reads a file, and is fuzzed")]
pub(crate) mod sense_check; //     check: what a file says can happen
pub mod rollout; //                the share of logins of the next version of a file
pub(crate) mod reauthentication; // the word `reauthenticate`
pub(crate) mod redirect_address; // the word `redirectUri`
pub(crate) mod session_swap; //    the word `sessionSwap`
pub(crate) mod signature; //       a signature over parameters
pub(crate) mod signed_token; //    a signed token in an answer
pub(crate) mod standard; //        the standard requests and places
pub(crate) mod status; //          a status, a class of them, or a list
pub mod step; //                   one step, compiled
pub(crate) mod step_context; //    what a step is compiled with
pub(crate) mod step_error; //      why a step failed
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice, reason = "it reads a file, and is fuzzed")]
pub(crate) mod template; //        a text with holes
pub mod trust; //                  the proof of an e-mail address
pub(crate) mod value_reference; // where a value is kept
pub(crate) mod xml; //                        an XML answer

pub use crate::provider::compile::{compile, compile_node};

use crate::provider::address::Address;
use crate::provider::callback::{CallbackMethod, StateLocation};
use crate::provider::condition::{Condition, Conditions};
use crate::provider::declared_values::RequiredSetting;
use crate::provider::discovery::Discovery;
use crate::provider::exchange::ExchangeRules;
use crate::provider::fact_expression::FactExpression;
use crate::provider::facts::{Facts, WellKnownFacts};
use crate::provider::identity::IdentityMapping;
use crate::provider::inputs::Input;
use crate::provider::issuer::Issuer;
use crate::provider::listing::Listing;
use crate::provider::logo::ProviderLogo;
use crate::provider::pkce::Pkce;
use crate::provider::redirect_address::RedirectAddress;
use crate::provider::rollout::Rollout;
use crate::provider::step::{Step, StepKind};
use crate::provider::token_keeping::TokenKeeping;
use crate::vocabulary::names::{FactNames, Slot};
use crate::vocabulary::place::{Place, Source};
use crate::vocabulary::text::Text;
use std::sync::Arc;

/// The edition of the language. It rises when a line that stays legal comes to mean something else, and `portaria check --upgrade` finds
/// those lines.
pub(crate) const LANGUAGE_EDITION: u32 = 2;

/// What the compiler needs to know about the installation.
#[derive(Clone, Copy, Debug)]
pub struct InstallationContext {
    /// Whether the installation's own address is on loopback.
    pub loopback: bool,
}

/// A provider, checked and compiled.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "most of them are words of the file")]
pub struct Provider {
    /// The file.
    pub source: Source,
    /// The provider's name, which is the name of its file.
    pub name: Box<str>,
    /// The key under which its identities are kept.
    pub key: Box<str>,
    /// The place of `key`, if the file has it.
    pub(crate) key_place: Option<Place>,
    /// The name on the login button.
    pub title: Box<str>,
    /// The first step.
    pub authorization: Step,
    /// The calls, in order: those before the redirect, those after the callback, then the one for the client's own token.
    pub calls: Vec<Step>,
    /// How many of the calls are made before the redirect.
    pub(crate) prepared: usize,
    pub(crate) callback: CallbackMethod,
    /// The redirect address.
    pub(crate) redirect_address: RedirectAddress,
    pub(crate) state_in: StateLocation,
    /// Whether a callback is tied to the login that it answers, so that it cannot be another person's.
    pub(crate) is_callback_tied: bool,
    /// How the state is read from a callback.
    pub(crate) state: FactExpression,
    /// The PKCE method.
    pub pkce: Pkce,
    pub(crate) scope: Option<Box<str>>,
    pub(crate) discovery: Option<Discovery>,
    /// The issuer of a provider without `discovery`.
    pub(crate) issuer: Option<Issuer>,
    /// The values that the shopper is asked for.
    pub(crate) inputs: Vec<Input>,
    /// The settings and secrets that must be set.
    pub needed: Vec<RequiredSetting>,
    literals: Vec<(Slot, Box<str>)>,
    /// How the identity is composed.
    pub identity: IdentityMapping,
    /// The place of `missingEmail: ask`, if the file has it.
    pub(crate) asks_for_email: Option<Place>,
    /// The conditions on who may sign in.
    pub(crate) require: Option<Conditions>,
    /// The file name of the picture on the login button.
    pub(crate) logo: Option<ProviderLogo>,
    /// The position of the login button.
    pub(crate) order: i32,
    pub(crate) hidden: bool,
    /// Whether it refuses sign-ins in the browsers of apps.
    pub(crate) refuses_embedded_browsers: bool,
    pub(crate) enabled: bool,
    /// What can be handed in without a login.
    pub(crate) exchange: Box<ExchangeRules>,
    /// The address that ends the session at the provider.
    pub(crate) logout: Option<Address>,
    /// How its own tokens are kept; `None` if they are not.
    pub(crate) keeping: Option<Box<TokenKeeping>>,
    /// How much the file takes part, if it is the next version of another.
    pub(crate) rollout: Rollout,
    /// What the catalogue says about the provider.
    pub(crate) listing: Option<Box<Listing>>,
    /// The names of the facts.
    pub names: FactNames,
    /// The same names, as `Facts` holds them.
    pub(crate) labels: Arc<[Arc<str>]>,
    /// The facts that the program itself uses.
    pub known: WellKnownFacts,
}

impl Provider {
    /// The address to register at the provider. Where the state stands in its path, `…` stands for the state.
    pub(crate) fn address_to_register(&self, public_url: &str) -> String {
        let state = if self.state_in == StateLocation::Path { "/…" } else { "" };
        format!("{}{state}", self.redirect_address.of(public_url, &self.name))
    }

    /// The same provider, in which what names no person composes neither an id nor an address.
    #[must_use]
    pub(crate) fn held_to_persons(mut self) -> Self {
        let facts = self.facts_behind("id").into_iter().chain(self.facts_behind("email")).collect();
        self.calls.iter_mut().chain([&mut self.authorization]).for_each(|step| step.hold_to_persons(&facts));
        self.identity.hold_to_persons(&facts);
        self.exchange.hold_to_persons(&facts);
        self
    }

    /// No facts yet, with room for all facts of this provider.
    pub fn empty_facts(&self) -> Facts {
        Facts::with_labels(Arc::clone(&self.labels))
    }

    /// The settings whose values are written in the file itself.
    pub fn literals(&self) -> impl Iterator<Item = (Slot, Text)> {
        self.literals.iter().map(|(fact, text)| (*fact, Text::plain(&**text)))
    }

    /// Whether the address that ends the session at the provider names the ID token of the login.
    pub(crate) fn logout_uses_id_token(&self) -> bool {
        let id_token = self.names.find("idToken");
        self.logout.as_ref().is_some_and(|logout| logout.uses().any(|used| Some(used.fact) == id_token))
    }

    /// All steps, in order. The call for the client's own token is made where it is needed, and comes first here.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        let client_token = self.client_token_call().map(|(_, step)| step);
        let after = self.calls_after_callback().map(|(_, step)| step);
        client_token.into_iter().chain(self.calls_before_redirect()).chain([&self.authorization]).chain(after)
    }

    /// Whether the file says how the provider is asked for a login anew.
    pub(crate) fn can_reauthenticate(&self) -> bool {
        self.steps().any(|step| !step.reauthenticate.is_empty())
    }

    /// Whether the provider returns no state. Then a login begins only by a form of our own page, because a callback would answer a login
    /// that another site has begun.
    pub(crate) fn begins_by_form(&self) -> bool {
        self.state_in == StateLocation::Cookie
    }

    /// The place that reads or composes a fact, if there is one such place.
    pub(crate) fn place_of_fact(&self, fact: Slot) -> Option<Place> {
        let composed = self.identity.composition(fact).map(FactExpression::place);
        let read = self.steps().flat_map(Step::learned_facts).filter(|(learned, _, written)| *learned == fact && *written);
        let mut places = read.map(|(_, place, _)| place);
        composed.or(places.next().filter(|_| places.next().is_none()))
    }

    /// A call by its position. Behind all calls of a login come `ask`, which asks to whom an access token was issued, and `refresh`.
    pub(crate) fn call(&self, at: usize) -> Option<&Step> {
        let ask = || self.exchange.words.as_ref().and_then(|words| words.ask.as_ref()).filter(|_| at == self.calls.len());
        let refresh = || self.keeping.as_ref().and_then(|keeping| keeping.step()).filter(|_| at == self.refresh_position());
        self.calls.get(at).or_else(ask).or_else(refresh)
    }

    /// The position of the call that refreshes kept tokens, whether or not the file has it.
    pub(crate) fn refresh_position(&self) -> usize {
        self.calls.len().saturating_add(1)
    }

    /// The calls before the redirect.
    pub(crate) fn calls_before_redirect(&self) -> &[Step] {
        self.calls.get(..self.prepared).unwrap_or(&self.calls)
    }

    /// The calls after the callback, each with its position.
    pub(crate) fn calls_after_callback(&self) -> impl Iterator<Item = (usize, &Step)> {
        self.calls.iter().enumerate().skip(self.prepared).filter(|(_, step)| step.kind != StepKind::GetClientToken)
    }

    /// The facts that a request, a condition or the identity uses.
    pub(crate) fn used_facts(&self) -> Vec<Slot> {
        let lifetime = self.client_token_call().map(|_| self.known.client_token_expires_in);
        self.facts_used_in(self.steps()).into_iter().chain(lifetime).collect()
    }

    /// The facts that the redirect, a later step or the identity uses.
    pub(crate) fn facts_used_after_preparation(&self) -> Vec<Slot> {
        self.facts_used_in(std::iter::once(&self.authorization).chain(self.calls_after_callback().map(|(_, step)| step)))
    }

    /// The facts that the callback, a call after it or the identity uses.
    pub(crate) fn facts_used_after_redirect(&self) -> Vec<Slot> {
        let in_callback = self.authorization.uses_in_answer().into_iter().map(|used| used.fact);
        in_callback.chain(self.facts_used_in(self.calls_after_callback().map(|(_, step)| step))).collect()
    }

    fn facts_used_in<'s>(&self, steps: impl Iterator<Item = &'s Step>) -> Vec<Slot> {
        let in_steps = steps.flat_map(|step| step.uses_in_request().into_iter().chain(step.uses_in_answer()).chain(step.uses_in_when()));
        let in_require = self.require.iter().flat_map(|require| &require.0).flat_map(Condition::uses);
        let used = in_steps.chain(in_require).chain(self.identity.uses()).map(|used| used.fact);
        used.chain(self.identity.facts()).collect()
    }
}

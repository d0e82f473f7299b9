//! The compiled parts of a file, for the checks of the whole file.

use crate::provider::address::Address;
use crate::provider::authorization::Authorization;
use crate::provider::condition::Conditions;
use crate::provider::declared_values::DeclaredValues;
use crate::provider::discovery::Discovery;
use crate::provider::exchange::ExchangeWords;
use crate::provider::facts::{FROM_DISCOVERY, FROM_THE_START, WellKnownFacts};
use crate::provider::identity::IdentityMapping;
use crate::provider::inputs::Input;
use crate::provider::issuer::Issuer;
use crate::provider::pkce::Pkce;
use crate::provider::step::Step;
use crate::provider::token_keeping::TokenKeeping;
use crate::provider::trust::{EmailTrustPolicy, MissingEmailPolicy};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::Reader;

pub(crate) struct CompiledFile<'a> {
    /// The call for the client's own token.
    pub(crate) client_token: Option<&'a Step>,
    /// The calls before the redirect.
    pub(crate) prepare: &'a [Step],
    pub(crate) authorization: &'a Authorization,
    /// The calls after the callback.
    pub(crate) calls: &'a [Step],
    pub(crate) installed: &'a DeclaredValues,
    pub(crate) inputs: &'a [Input],
    pub(crate) identity: &'a IdentityMapping,
    pub(crate) trust: Option<&'a Located<EmailTrustPolicy>>,
    pub(crate) missing: Option<&'a Located<MissingEmailPolicy>>,
    pub(crate) require: Option<&'a Conditions>,
    pub(crate) discovery: Option<&'a Discovery>,
    pub(crate) issuer: Option<&'a Issuer>,
    pub(crate) has_discovery: bool,
    pub(crate) exchange: Option<&'a ExchangeWords>,
    pub(crate) logout: Option<&'a Address>,
    pub(crate) keeping: Option<&'a TokenKeeping>,
    pub(crate) pkce: Pkce,
    pub(crate) known: WellKnownFacts,
    /// The beginning of the file: the place of complaints about what the file lacks.
    pub(crate) top: Place,
}

impl CompiledFile<'_> {
    /// All steps, in order. The call for the client's own token is made where it is needed, and comes first here.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.client_token.into_iter().chain(self.prepare).chain([&self.authorization.step]).chain(self.calls)
    }

    /// The facts that the shopper types, or writes into the address of the login.
    pub(crate) fn typed_facts(&self, reader: &mut Reader) -> Vec<Slot> {
        let inputs = self.inputs.iter().map(|input| reader.names.intern(&input.name));
        inputs.chain([self.known.login_hint, self.known.ui_locales]).collect()
    }

    /// The settings, the facts of a discovery document, and what else is known without a login.
    pub(crate) fn facts_without_login(&self, reader: &mut Reader) -> Vec<Slot> {
        let own = self.known;
        let of_login = [own.redirect_uri, own.state, own.nonce, own.code_challenge, own.code_verifier, own.login_hint, own.ui_locales];
        let mut known: Vec<Slot> = FROM_THE_START.iter().map(|(name, _)| reader.names.intern(name)).collect();
        known.retain(|fact| !of_login.contains(fact));
        known.extend(self.installed.needed.iter().map(|needed| needed.fact));
        known.extend(self.installed.literals.iter().map(|(fact, ..)| *fact));
        if self.has_discovery {
            known.extend(FROM_DISCOVERY.iter().map(|(name, _)| reader.names.intern(name)));
        }
        known.extend(self.issuer.map(|_| own.issuer));
        known.extend(self.client_token.map(|_| own.client_token));
        known
    }

    /// Whether an address counts as proven when a claim says so.
    pub(crate) fn trusts_claim(&self) -> bool {
        self.trust.is_none_or(|trust| matches!(trust.value, EmailTrustPolicy::Claim))
    }
}

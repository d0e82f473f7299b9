//! A signed token as a file describes it: which token it is, its issuer, its audience and its keys.

mod compilation;
mod token_parts;
mod verification;

pub(crate) use crate::provider::signed_token::token_parts::{decode_json_part, half_hashes, unverified_claims};
pub(crate) use crate::provider::signed_token::verification::{ComparedFacts, LOGOUT_EVENT, last_use, moment_of};

use crate::provider::address::{Address, AddressContext};
use crate::provider::choice::EntryChoiceSpec;
use crate::provider::condition::{Condition, Conditions, Contradiction, find_claim_contradiction};
use crate::provider::fact_expression::FactExpression;
use crate::provider::facts::Facts;
use crate::provider::keys::Algorithm;
use crate::provider::moment::TimeSpan;
use crate::provider::step::StepKind;
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::{NamedValues, OneOrMany};
use crate::{choice, words};

choice! {
    /// Whether a token has to repeat the login's nonce.
    pub(crate) enum NonceRequirement {
        /// It has to.
        Required = "required",
        /// It is not looked at.
        None = "none",
    }
}

choice! {
    /// Whether a token has to say when it expires.
    pub(crate) enum ExpiryRequirement {
        /// It has to.
        Required = "required",
        /// It may leave that out.
        Optional = "optional",
    }
}

words! {
    /// A signed token (JWT): one inside an answer, or an answer that is one. No fact is read from it before its
    /// signature, issuer, audience, times and `require` are verified. `at_hash` and `c_hash` are compared when the
    /// token has them. An ID token that comes in the callback must have `c_hash` if a code comes beside it, and `at_hash`
    /// if the callback also gives the access token and verifies the ID token; one that is verified in getAccessCode
    /// needs only `c_hash`. When getAccessCode or the callback has verified an ID token, an answer in getUserInfo that
    /// has a `sub` must have the same one, and an answer whose `sub` is read by default must have it; otherwise the
    /// login is refused. A `sub` that is no text is another one, and a second ID token must have the `sub` of the first.
    pub(crate) struct SignedTokenSpec ("signed token") {
        /// The token: a fact in `${…}` that this step or an earlier one reads, or `answer` when the whole answer is
        /// the token.
        /// Default: in getAccessCode and in the callback `${idToken}`; in getUserInfo required
        /// Example: `token: ${accessToken}`
        token: Option<Template> = "token",
        /// The required issuer: the token's `iss` must equal one of these texts. A path in a hole reads the token's
        /// own claims.
        /// Default: with `discovery` the document's issuer; otherwise required
        /// Example: `issuer: [ "https://idp.example", idp.example ]`
        issuer: Option<OneOrMany<Template>> = "issuer",
        /// The required audience: the token must have been issued for one of these. Where it names others as well, its
        /// `azp` must be one of these; a token that comes directly in the answer of this very call may leave out `azp`.
        /// Write `any` for a provider that leaves the audience out.
        /// Default: `${clientId}`
        /// Example: `audience: any`
        audience: Option<OneOrMany<Template>> = "audience",
        /// The keys that verify the token: the address of a JWKS, a public key (PEM) from `settings` or written
        /// here, or `${clientSecret}` for `HS256`, `HS384` and `HS512`.
        /// Default: with `discovery` the document's keys; otherwise required
        /// Example: `keys: https://idp.example/jwks.json`
        keys: Option<Template> = "keys",
        /// The algorithms that are accepted.
        /// Default: for an address or a public key all algorithms of RSA, P-256, P-384 and Ed25519; for a secret
        /// `HS256`, `HS384`, `HS512`
        /// Example: `algorithms: [ RS256 ]`
        algorithms: Option<OneOrMany<Algorithm>> = "algorithms",
        /// Whether the token must repeat the nonce of the login.
        /// Default: `required` in getAccessCode when the authorization request sends `${nonce}`, except for the access
        /// token; otherwise `none`
        /// Example: `nonce: required`
        nonce: Option<NonceRequirement> = "nonce",
        /// Whether the token must have an `exp`. A token that has one must not have expired. `optional` needs
        /// `maxAge`, unless the token comes directly in the answer of this very call.
        /// Default: `required`
        /// Example: `exp: optional`
        exp: Option<ExpiryRequirement> = "exp",
        /// How old the token may be by its `iat`, which is then required.
        /// Default: not checked
        /// Example: `maxAge: 5m`
        max_age: Option<Located<TimeSpan>> = "maxAge",
        /// Conditions on the token's claims, all of which must hold. Otherwise the step is refused, and the error names
        /// the claim. Who may sign in belongs into `require` at the top of the file, with the claim under `read`.
        /// Default: none
        /// Example: `require: { at: $.acr, is: [ gold, silver ] }`
        require: Option<Conditions> = "require",
        /// The facts that are read from the token's claims, in place of those that `discovery` would read.
        /// Default: none; with `discovery` OpenID's `sub`, `email`, `email_verified`, `name`, `picture`, `locale`,
        /// unless the file reads them elsewhere
        /// Example: `read: { id: $.sub, email: $.email }`
        read: Option<NamedValues<FactExpression>> = "read",
        /// An entry that is chosen from a list in the token's claims, and the facts that are read from it, as in a call.
        /// It stands beside `read`, or in its place.
        /// Default: none
        /// Example: `choose: { from: $.emails, where: { at: $.primary, is: true }, read: { email: $.value, emailVerified: $.verified } }`
        choose: Option<OneOrMany<EntryChoiceSpec>> = "choose",
    }
}

/// A compiled `signed`.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says one independent thing of the token")]
pub(crate) struct SignedToken {
    pub(crate) place: Place,
    /// The token, or `None` when the answer is the token.
    pub(crate) token: Option<Template>,
    /// The accepted issuers.
    pub(crate) issuers: Vec<Template>,
    /// The accepted audiences; `None` accepts every audience.
    pub(crate) audience: Option<Vec<Template>>,
    pub(crate) keys: TokenKeys,
    /// The algorithms that the file names.
    pub(crate) algorithms: Option<Vec<Algorithm>>,
    /// Whether the token must repeat the nonce of the login.
    pub(crate) requires_nonce: bool,
    expiry: TokenExpiry,
    /// The conditions on its claims.
    pub(crate) require: Vec<Condition>,
    /// Whether it is the ID token of `OpenID` Connect.
    pub(crate) is_id_token: bool,
    /// Whether it is the ID token of an issuer with `discovery`, which says when it was issued and whom it is about (OpenID Connect Core 2).
    is_standard: bool,
    /// Whether it comes in the answer of the call that reads it, and not through the browser or from an earlier step.
    is_direct: bool,
    /// Whether it is an ID token of the callback. It has to say to which code beside it it belongs (OpenID Connect Core 3.3.2.11), because
    /// each could be replaced by another.
    pub(crate) requires_code_hash: bool,
    /// Whether the callback also gives the access token and verifies this ID token, which has to say that the two belong together
    /// (OpenID Connect Core 3.2.2.10). An access token of a later answer needs no such proof.
    pub(crate) requires_token_hash: bool,
}

/// How old a token may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenExpiry {
    /// Whether it may leave out `exp`.
    pub(crate) is_optional: bool,
    /// How old it may be by its `iat`, in seconds.
    pub(crate) max_age: Option<i64>,
}

/// The source of the keys.
#[derive(Clone, Debug)]
pub(crate) enum TokenKeys {
    /// A JWKS at an address.
    Address(Address),
    /// A PEM or a shared secret.
    Text(Template),
}

/// What a `signed` is compiled with.
pub(crate) struct SignedTokenContext<'a> {
    /// How addresses are compiled.
    pub(crate) addresses: &'a AddressContext<'a>,
    /// Whether the file has `discovery`.
    pub(crate) discovery: bool,
    /// The client id, where the file itself says it.
    pub(crate) client_id: Option<&'a str>,
    /// Whether the authorization request sends the nonce.
    pub(crate) nonce_is_sent: bool,
    /// The facts that the callback gives.
    pub(crate) callback_facts: &'a [Slot],
    /// The step that reads the token.
    pub(crate) kind: StepKind,
    /// The facts that the step itself reads from its answer.
    pub(crate) own_facts: Vec<Slot>,
}

impl SignedToken {
    /// The same token where a program hands it in: it may be issued for these clients as well, and it must have the nonce, or the hash of
    /// the access token, if the program gives one.
    pub(crate) fn handed_in(&self, clients: &[Template], has_nonce: bool, requires_token_hash: bool) -> Self {
        let audience = self.audience.as_ref().map(|own| own.iter().chain(clients).cloned().collect());
        let expiry = TokenExpiry { is_optional: self.expiry.is_optional && self.expiry.max_age.is_some(), ..self.expiry };
        Self {
            audience,
            expiry,
            requires_nonce: has_nonce,
            requires_code_hash: false,
            requires_token_hash,
            is_direct: false,
            ..self.clone()
        }
    }

    /// The keys, unless they are fetched from an address.
    pub(crate) fn key_text(&self) -> Option<&Template> {
        if let TokenKeys::Text(template) = &self.keys { Some(template) } else { None }
    }

    /// Whether it must say when it was issued (`iat`).
    pub(crate) fn requires_issue_time(&self) -> bool {
        self.is_standard || self.expiry.max_age.is_some()
    }

    /// A condition on its claims that goes against what the other words demand.
    pub(crate) fn contradicted_requirement(&self) -> Option<Contradiction> {
        let issuers: Option<Vec<String>> = self.issuers.iter().map(Template::as_literal).collect();
        let demanded = [
            ("iss", issuers.as_deref(), true),
            ("exp", None, !self.expiry.is_optional),
            ("iat", None, self.requires_issue_time()),
            ("sub", None, self.is_standard),
            ("nonce", None, self.requires_nonce),
            ("aud", None, self.audience.is_some()),
        ];
        let mut demanded = demanded.into_iter().filter(|(.., is_demanded)| *is_demanded);
        demanded.find_map(|(claim, texts, _)| find_claim_contradiction(&self.require, claim, texts))
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        let keys: Vec<FactUse> = match &self.keys {
            TokenKeys::Address(address) => address.uses().collect(),
            TokenKeys::Text(template) => template.uses().map(|used| FactUse { whole: false, ..used }).collect(),
        };
        let texts = self.token.iter().chain(&self.issuers).chain(self.audience.iter().flatten());
        let required = self.require.iter().flat_map(Condition::uses);
        texts.flat_map(Template::uses).chain(required).map(|used| FactUse { whole: false, ..used }).chain(keys).collect()
    }

    /// The address of the keys, filled.
    pub(crate) fn keys_address(&self, facts: &Facts) -> Option<String> {
        let TokenKeys::Address(address) = &self.keys else { return None };
        address.fill(facts).ok().map(|filled| filled.document_address())
    }
}

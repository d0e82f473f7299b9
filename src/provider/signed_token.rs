//! A signed token as a file describes it: which token it is, its issuer, its audience and its keys.

mod verification;

pub(crate) use crate::provider::signed_token::verification::{ComparedFacts, unverified_claims};

use crate::choice;
use crate::provider::address::{Address, AddressContext};
use crate::provider::choice::EntryChoiceSpec;
use crate::provider::fact_expression::FactExpression;
use crate::provider::facts::Facts;
use crate::provider::keys::{Algorithm, KeyFamily, looks_like_pem};
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::place::Place;
use crate::vocabulary::words::{NamedValues, OneOrMany, Reader};
use crate::words;

choice! {
    /// Whether a token has to repeat the login's nonce.
    pub(crate) enum NonceRequirement {
        /// It has to.
        Required = "required",
        /// It is not looked at.
        None = "none",
    }
}

words! {
    /// A signed token (JWT): one inside an answer, or an answer that is one. No fact is read from it before its
    /// signature, issuer, audience and times are verified. `exp` is required. `at_hash` and `c_hash` are compared
    /// when the token has them.
    pub(crate) struct SignedTokenSpec ("signed token") {
        /// The token: a fact in `${…}` that this step or an earlier one reads, or `answer` when the whole answer is
        /// the token.
        /// Default: `${idToken}`
        /// Example: `token: ${accessToken}`
        token: Option<Template> = "token",
        /// The required issuer: the token's `iss` must equal one of these texts. A path in a hole reads the token's
        /// own claims.
        /// Default: with `discovery` the document's issuer; otherwise required
        /// Example: `issuer: [ "https://idp.example", idp.example ]`
        issuer: Option<OneOrMany<Template>> = "issuer",
        /// The required audience: the token must have been issued for one of these. Write `any` for a provider that
        /// leaves the audience out.
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
        /// Default: `required` when the authorization request sends `${nonce}`, otherwise `none`
        /// Example: `nonce: required`
        nonce: Option<NonceRequirement> = "nonce",
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
pub(crate) struct SignedToken {
    pub(crate) place: Place,
    /// The token, or `None` when the answer is the token.
    pub(crate) token: Option<Template>,
    issuers: Vec<Template>,
    /// The accepted audiences; `None` accepts every audience.
    audience: Option<Vec<Template>>,
    pub(crate) keys: TokenKeys,
    algorithms: Option<Vec<Algorithm>>,
    nonce: bool,
    is_id_token: bool,
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
    /// Whether the authorization request sends the nonce.
    pub(crate) nonce_is_sent: bool,
    /// Whether the token is about the login itself, as an ID token is.
    pub(crate) about_the_login: bool,
}

impl SignedToken {
    /// Compiles the words of the file, or complains.
    pub(crate) fn compile(spec: &SignedTokenSpec, context: &SignedTokenContext<'_>, reader: &mut Reader) -> Option<Self> {
        let place = spec.place;
        let token = compile_token(spec, reader);
        let issuers = compile_issuers(spec, context, reader)?;
        let audience = match &spec.audience {
            None => Some(vec![Template::from_fact("clientId", place, reader)]),
            Some(list) if list.0.iter().any(|one| one.as_literal().as_deref() == Some("any")) => None,
            Some(list) => Some(list.0.clone()),
        };
        let keys = compile_keys(spec, context, reader)?;
        let algorithms = spec.algorithms.as_ref().map(|list| list.0.clone());
        check_algorithms(&keys, algorithms.as_deref(), place, reader);
        let nonce = compile_nonce(spec, context, reader);
        let is_id_token = context.about_the_login && token.as_ref().is_some_and(|token| &*token.source != "${accessToken}");
        Some(Self { place, token, issuers, audience, keys, algorithms, nonce, is_id_token })
    }

    /// The accepted issuers.
    pub(crate) fn issuers(&self) -> &[Template] {
        &self.issuers
    }

    /// The accepted audiences; `None` accepts every audience.
    pub(crate) fn audience(&self) -> Option<&[Template]> {
        self.audience.as_deref()
    }

    /// The algorithms that the file names.
    pub(crate) fn accepted_algorithms(&self) -> Option<&[Algorithm]> {
        self.algorithms.as_deref()
    }

    /// Whether the token must repeat the nonce of the login.
    pub(crate) fn requires_nonce(&self) -> bool {
        self.nonce
    }

    /// Whether it is the ID token of OpenID Connect.
    pub(crate) fn is_id_token(&self) -> bool {
        self.is_id_token
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        let keys: Vec<FactUse> = match &self.keys {
            TokenKeys::Address(address) => address.uses().collect(),
            TokenKeys::Text(template) => template.uses().map(|used| FactUse { whole: false, ..used }).collect(),
        };
        let texts = self.token.iter().chain(&self.issuers).chain(self.audience.iter().flatten());
        texts.flat_map(Template::uses).map(|used| FactUse { whole: false, ..used }).chain(keys).collect()
    }

    /// The address of the keys, filled.
    pub(crate) fn keys_address(&self, facts: &Facts) -> Option<String> {
        let TokenKeys::Address(address) = &self.keys else { return None };
        address.fill(facts).ok().map(|filled| filled.document_address())
    }
}

/// The token, or `None` when the answer is the token.
fn compile_token(spec: &SignedTokenSpec, reader: &mut Reader) -> Option<Template> {
    let written = spec.token.clone().unwrap_or_else(|| Template::from_fact("idToken", spec.place, reader));
    let token = if written.as_literal().as_deref() == Some("answer") { None } else { Some(written) };
    if let Some(template) = token.as_ref().filter(|template| template.has_path()) {
        reader.complain(template.place, "a path cannot stand here", "read the token as a fact in `read`, and write `token: ${fact}`");
    }
    if let Some(template) = token.as_ref().filter(|template| template.is_literal()) {
        reader.complain(
            template.place,
            format!("`{}` is no token", template.source),
            "write `${idToken}` or another fact, or `answer` when the whole answer is the token",
        );
    }
    token
}

fn compile_issuers(spec: &SignedTokenSpec, context: &SignedTokenContext<'_>, reader: &mut Reader) -> Option<Vec<Template>> {
    let place = spec.place;
    let issuers = match &spec.issuer {
        Some(issuers) => issuers.0.clone(),
        None if context.discovery => vec![Template::from_fact("issuer", place, reader)],
        None if reader.is_unusable_word(place, "issuer") || reader.has_unknown_words(place) => return None,
        None => {
            reader.complain(place, "this signed token may come from any issuer", "add `issuer: …`, exactly as the token's `iss` says it");
            return None;
        }
    };
    for template in issuers.iter().filter(|template| template.has_path()) {
        let host_is_literal =
            template.source.strip_prefix("https://").is_some_and(|rest| rest.find('/').is_some_and(|slash| !rest[..slash].contains("${")));
        if !host_is_literal {
            reader.complain(
                template.place,
                "the token would name its own issuer",
                "write the issuer; only a part of its path may come from the token: `https://idp.example/${$.tid}`",
            );
        }
    }
    Some(issuers)
}

fn compile_keys(spec: &SignedTokenSpec, context: &SignedTokenContext<'_>, reader: &mut Reader) -> Option<TokenKeys> {
    let place = spec.place;
    match &spec.keys {
        Some(template) => compile_key_source(template.clone(), context.addresses, reader),
        None if context.discovery => compile_key_source(Template::from_fact("jwksUri", place, reader), context.addresses, reader),
        None if reader.is_unusable_word(place, "keys") || reader.has_unknown_words(place) => None,
        None => {
            reader.complain(
                place,
                "this signed token could be signed by anyone",
                "add `keys: https://…` (the provider's JWKS), a public key, or `keys: ${clientSecret}`",
            );
            None
        }
    }
}

fn compile_key_source(template: Template, context: &AddressContext<'_>, reader: &mut Reader) -> Option<TokenKeys> {
    let from_document = template.sole_fact().is_some_and(|fact| context.documents.contains(&fact));
    if from_document || template.source.starts_with("http:") || template.source.starts_with("https:") {
        return Address::compile(template, context, reader).map(TokenKeys::Address);
    }
    match template.as_literal() {
        Some(text) if !looks_like_pem(text.as_bytes()) => {
            reader.complain(
                template.place,
                "these are neither keys nor where keys are",
                "write the address of the provider's JWKS (`https://…`), a public key (PEM), or `${clientSecret}`",
            );
            None
        }
        Some(text) if text.contains("PRIVATE KEY") => {
            reader.complain(
                template.place,
                "a private key may not stand in the file",
                "a token is checked by the provider's public key; write that, or the address of its JWKS",
            );
            None
        }
        _ => Some(TokenKeys::Text(template)),
    }
}

/// Complains about algorithms that do not go with the keys.
fn check_algorithms(keys: &TokenKeys, algorithms: Option<&[Algorithm]>, place: Place, reader: &mut Reader) {
    let takes_secret = |list: &[Algorithm]| list.iter().any(|algorithm| algorithm.family() == KeyFamily::Secret);
    match (keys, algorithms) {
        (TokenKeys::Address(_), Some(list)) if takes_secret(list) => {
            reader.complain(
                place,
                "a shared secret (`HS256`) cannot be fetched from an address",
                "write `keys: ${clientSecret}` for `HS…`, or leave `algorithms` to RSA and curves",
            );
        }
        (TokenKeys::Text(template), Some(list))
            if template.source.contains("clientSecret") && list.iter().any(|algorithm| algorithm.family() != KeyFamily::Secret) =>
        {
            reader.complain(
                place,
                "the client secret is no public key",
                "with `keys: ${clientSecret}` the algorithms are `HS256`, `HS384` and `HS512`",
            );
        }
        _ => {}
    }
}

/// Whether the token must repeat the nonce of the login.
fn compile_nonce(spec: &SignedTokenSpec, context: &SignedTokenContext<'_>, reader: &mut Reader) -> bool {
    let is_required = spec.nonce.map_or(context.nonce_is_sent, |nonce| nonce == NonceRequirement::Required);
    if context.discovery && !context.nonce_is_sent && spec.nonce.is_none() {
        let help = "add `nonce: \"${nonce}\"` to the request, or write `signed: { nonce: none }` for a provider that does not know it";
        reader.complain(spec.place, "nothing ties this token to the login: the request does not send the nonce", help);
    }
    if is_required && !context.nonce_is_sent {
        reader.complain(
            spec.place,
            "the token has to repeat a nonce that is never sent",
            "add `extra: { nonce: \"${nonce}\" }` to getAuthorizationCode",
        );
    }
    is_required
}

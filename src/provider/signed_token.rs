//! A signed token as a file describes it: which token it is, its issuer, its audience and its keys.

mod verification;

pub(crate) use crate::provider::signed_token::verification::{ComparedFacts, unverified_claims};

use crate::choice;
use crate::provider::address::{Address, AddressContext};
use crate::provider::choice::EntryChoiceSpec;
use crate::provider::condition::{Condition, Conditions, Contradiction, find_claim_contradiction};
use crate::provider::fact_expression::FactExpression;
use crate::provider::facts::Facts;
use crate::provider::keys::{Algorithm, KeyFamily, looks_like_pem};
use crate::provider::moment::TimeSpan;
use crate::provider::step::StepKind;
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
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
    /// token has them. When getAccessCode or the callback has verified an ID token, an answer in getUserInfo that has a
    /// `sub` must have the same one, and an answer whose `sub` is read by default must have it; otherwise the login is
    /// refused.
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
        /// Whether the token must say until when it is good (`exp`). A token that says it must not have expired.
        /// `optional` needs `maxAge`, unless the token comes directly in the answer of this very call.
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
    expiry: TokenExpiry,
    require: Vec<Condition>,
    is_id_token: bool,
    /// Whether it comes in the answer of the call that reads it, and not through the browser or from an earlier step.
    is_direct: bool,
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
    /// The step that reads the token.
    pub(crate) kind: StepKind,
    /// The facts that the step itself reads from its answer.
    pub(crate) own_facts: Vec<Slot>,
}

impl SignedToken {
    /// Compiles the words of the file, or complains.
    pub(crate) fn compile(spec: &SignedTokenSpec, context: &SignedTokenContext<'_>, reader: &mut Reader) -> Option<Self> {
        let place = spec.place;
        let token = compile_token(spec, context, reader);
        let issuers = compile_issuers(spec, context, reader)?;
        let audience = match &spec.audience {
            None => Some(vec![Template::from_fact("clientId", place, reader)]),
            Some(list) if is_any(&list.0) => None,
            Some(list) => Some(checked_audience(&list.0, context, token.as_ref(), reader)),
        };
        let keys = compile_keys(spec, context, reader)?;
        let algorithms = spec.algorithms.as_ref().map(|list| list.0.clone());
        check_algorithms(&keys, algorithms.as_deref(), place, reader);
        let is_the_access_token = token.as_ref().is_some_and(|token| &*token.source == "${accessToken}");
        let nonce = compile_nonce(spec, context, is_the_access_token, reader);
        let is_own = token.as_ref().is_none_or(|token| token.sole_fact().is_some_and(|fact| context.own_facts.contains(&fact)));
        let is_direct = context.kind != StepKind::GetAuthorizationCode && is_own;
        let expiry = compile_expiry(spec, is_direct, reader);
        let about_the_login = context.kind != StepKind::GetUserInfo;
        let is_id_token = about_the_login && token.is_some() && !is_the_access_token;
        let require = spec.require.as_ref().map_or_else(Vec::new, |require| require.0.clone());
        for condition in &require {
            check_claim_condition(condition, place, reader);
        }
        Some(Self { place, token, issuers, audience, keys, algorithms, nonce, expiry, require, is_id_token, is_direct })
    }

    /// The keys, unless they are fetched from an address.
    pub(crate) fn key_text(&self) -> Option<&Template> {
        if let TokenKeys::Text(template) = &self.keys { Some(template) } else { None }
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

    /// How old the token may be.
    pub(crate) fn expiry(&self) -> TokenExpiry {
        self.expiry
    }

    /// The conditions on its claims.
    pub(crate) fn required_claims(&self) -> &[Condition] {
        &self.require
    }

    /// A condition on its claims that goes against what the other words demand.
    pub(crate) fn contradicted_requirement(&self) -> Option<Contradiction> {
        let issuers: Option<Vec<String>> = self.issuers.iter().map(Template::as_literal).collect();
        let demanded = [
            ("iss", issuers.as_deref(), true),
            ("exp", None, !self.expiry.is_optional),
            ("iat", None, self.expiry.max_age.is_some()),
            ("nonce", None, self.nonce),
            ("aud", None, self.audience.is_some()),
        ];
        let mut demanded = demanded.into_iter().filter(|(.., is_demanded)| *is_demanded);
        demanded.find_map(|(claim, texts, _)| find_claim_contradiction(&self.require, claim, texts))
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
        let required = self.require.iter().flat_map(Condition::uses);
        texts.flat_map(Template::uses).chain(required).map(|used| FactUse { whole: false, ..used }).chain(keys).collect()
    }

    /// The address of the keys, filled.
    pub(crate) fn keys_address(&self, facts: &Facts) -> Option<String> {
        let TokenKeys::Address(address) = &self.keys else { return None };
        address.fill(facts).ok().map(|filled| filled.document_address())
    }
}

/// The token, or `None` when the answer is the token.
fn compile_token(spec: &SignedTokenSpec, context: &SignedTokenContext<'_>, reader: &mut Reader) -> Option<Template> {
    let id_token = reader.names.intern("idToken");
    if spec.token.is_none() && context.kind != StepKind::GetAuthorizationCode && !context.own_facts.contains(&id_token) {
        let help = "write `token: answer` when the whole answer is the token, or `token: ${fact}` for one that `read` finds in it";
        let message = match context.kind {
            StepKind::GetUserInfo => "this `signed` does not say which token it checks: the ID token came with an earlier answer",
            StepKind::GetAccessCode | StepKind::GetAuthorizationCode => {
                "this `signed` does not say which token it checks: a text has no place for an ID token"
            }
        };
        reader.complain(spec.place, message, help);
        return None;
    }
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
    for template in &issuers {
        check_issuer_can_match(template, reader);
    }
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

/// Complains about an issuer that no token names.
fn check_issuer_can_match(template: &Template, reader: &mut Reader) {
    let Some(issuer) = template.as_literal() else { return };
    if issuer.trim().is_empty() || matches!(&*issuer, "any" | "*") {
        let help = "write the issuer exactly as the token's `iss` says it; several are a list";
        reader.complain(template.place, format!("no token names `{}` as its issuer", issuer.trim()), help);
    } else if issuer.contains("/.well-known/") {
        let help = "write the issuer that the document names, such as `https://idp.example`";
        reader.complain(template.place, "this is the address of a document, and no token names it as its issuer", help);
    }
}

/// Whether every audience is accepted.
fn is_any(audience: &[Template]) -> bool {
    matches!(audience, [one] if one.as_literal().as_deref() == Some("any"))
}

/// The accepted audiences, or complaints about one that no token names.
fn checked_audience(
    audience: &[Template],
    context: &SignedTokenContext<'_>,
    token: Option<&Template>,
    reader: &mut Reader,
) -> Vec<Template> {
    for template in audience {
        let Some(text) = template.as_literal() else { continue };
        if text == "any" {
            let help = "write `audience: any` alone to accept every audience, or take it out of the list";
            reader.complain(template.place, "`any` beside other audiences", help);
        } else if text.trim().is_empty() {
            reader.complain(
                template.place,
                "no token is issued for an empty audience",
                "write `${clientId}`, or the audience that the token names",
            );
        }
    }
    let is_id_token =
        context.discovery && context.kind == StepKind::GetAccessCode && token.is_some_and(|token| &*token.source == "${idToken}");
    let client = context.client_id.filter(|_| is_id_token);
    if let (Some(client), Some(first)) = (client, audience.first())
        && audience.iter().all(|template| template.as_literal().is_some_and(|text| text != client))
    {
        let help = "an ID token names the client that it was issued to: leave `audience` out, or add `${clientId}`";
        reader.complain(first.place, format!("the ID token is issued for `{client}`, which is not among these"), help);
    }
    audience.to_vec()
}

/// How old the token may be.
fn compile_expiry(spec: &SignedTokenSpec, is_direct: bool, reader: &mut Reader) -> TokenExpiry {
    let is_optional = spec.exp == Some(ExpiryRequirement::Optional);
    let max_age = spec.max_age.as_ref().map(|age| i64::try_from(age.value.0.as_secs()).unwrap_or(i64::MAX));
    if is_optional && max_age.is_none() && !is_direct {
        let help = "add `maxAge: 5m`, so that the token's `iat` says how old it may be";
        reader.complain(spec.place, "a token that was issued long ago would be accepted: it does not come directly from this call", help);
    }
    TokenExpiry { is_optional, max_age }
}

/// Complains about a condition that looks at no claim.
fn check_claim_condition(condition: &Condition, place: Place, reader: &mut Reader) {
    if condition.paths().is_empty() {
        let help = "write the claim as a path into the token: `at: $.acr`; conditions on facts stand in `require` at the top of the file";
        reader.complain(place, "`require` of a signed token looks at its claims", help);
    }
}

/// Whether the token must repeat the nonce of the login. A token of the token answer proves the login only with it; a person's data
/// elsewhere are bound to the login by the access token, and most providers do not repeat it there.
fn compile_nonce(spec: &SignedTokenSpec, context: &SignedTokenContext<'_>, is_the_access_token: bool, reader: &mut Reader) -> bool {
    let by_default = context.nonce_is_sent && context.kind == StepKind::GetAccessCode && !is_the_access_token;
    let is_required = spec.nonce.map_or(by_default, |nonce| nonce == NonceRequirement::Required);
    let is_id_token = context.kind == StepKind::GetAccessCode && !is_the_access_token;
    if context.discovery && is_id_token && !context.nonce_is_sent && spec.nonce.is_none() {
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

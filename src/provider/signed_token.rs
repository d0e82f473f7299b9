//! A signed token: who signed it, for whom, until when; and what is read from it once that is certain.
//!
//! It stays one file because a token is judged in one go, and leaving one judgement elsewhere is how such code fails.

use crate::choice;
use crate::provider::address::{Address, AddressContext};
use crate::provider::document_cache::DocumentCache;
use crate::provider::fact_expression::FactExpression;
use crate::provider::facts::Facts;
use crate::provider::json;
use crate::provider::keys::{Algorithm, JwsVerifyingKey, KeyError, KeyFamily, looks_like_pem};
use crate::provider::step_error::StepError;
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use crate::vocabulary::words::{NamedValues, OneOrMany, Reader};
use crate::words;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The longest token that is read.
const LONGEST: usize = 16 * 1024;
/// How far clocks may be apart, in seconds.
const SKEW: i64 = 60;

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
    /// A signed token (JWT) inside an answer, or an answer that is one. Nothing is read from it before its signature, issuer, audience and times are right.
    /// `exp` must be there; `at_hash` and `c_hash` are compared where they are.
    pub(crate) struct SignedTokenSpec ("signed token") {
        /// The token: a fact in `${…}`, which `read` of this step or an earlier one gives, or `answer` when the whole answer is the token.
        /// Default: `${idToken}`
        /// Example: `token: ${accessToken}`
        token: Option<Template> = "token",
        /// Who must have issued it: exactly one of these texts. Paths in holes look at the token's own claims.
        /// Default: with `discovery` the document's issuer; otherwise required
        /// Example: `issuer: [ "https://idp.example", idp.example ]`
        issuer: Option<OneOrMany<Template>> = "issuer",
        /// For whom it must have been issued: one of these, or `any` where the provider leaves the audience out.
        /// Default: `${clientId}`
        /// Example: `audience: any`
        audience: Option<OneOrMany<Template>> = "audience",
        /// The keys: the address of a JWKS, a public key (PEM) from `settings` or written here, or `${clientSecret}` for `HS256` and its like.
        /// Default: with `discovery` the document's keys; otherwise required
        /// Example: `keys: https://idp.example/jwks.json`
        keys: Option<Template> = "keys",
        /// Which algorithms are accepted.
        /// Default: for addresses and public keys all of RSA, P-256, P-384 and Ed25519; for a secret `HS256`, `HS384`, `HS512`
        /// Example: `algorithms: [ RS256 ]`
        algorithms: Option<OneOrMany<Algorithm>> = "algorithms",
        /// Whether it has to repeat the login's nonce.
        /// Default: `required` when the authorization request sends `${nonce}`, else `none`
        /// Example: `nonce: required`
        nonce: Option<NonceRequirement> = "nonce",
        /// Facts from its claims, in place of those that `discovery` would read.
        /// Default: none; with `discovery` OpenID's `sub`, `email`, `email_verified`, `name`, `picture`, `locale`, unless the file reads them elsewhere
        /// Example: `read: { id: $.sub, email: $.email }`
        read: Option<NamedValues<FactExpression>> = "read",
    }
}

/// A compiled `signed`.
#[derive(Clone, Debug)]
pub(crate) struct SignedToken {
    /// Where it was written.
    pub(crate) place: Place,
    /// The token, or `None` when the answer is the token.
    pub(crate) token: Option<Template>,
    issuers: Vec<Template>,
    /// `None` when any audience will do.
    audience: Option<Vec<Template>>,
    pub(crate) keys: TokenKeys,
    algorithms: Option<Vec<Algorithm>>,
    nonce: bool,
    is_id_token: bool,
}

/// Where keys come from.
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
    /// Whether a token here speaks about the login, as an ID token does.
    pub(crate) about_the_login: bool,
}

/// Numbers of the facts that a token is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ComparedFacts {
    /// `nonce`.
    pub(crate) nonce: crate::vocabulary::names::Slot,
    /// `accessToken`.
    pub(crate) access_token: crate::vocabulary::names::Slot,
    /// `code`.
    pub(crate) code: crate::vocabulary::names::Slot,
}

impl SignedToken {
    /// Compiles it, or complains.
    pub(crate) fn compile(spec: &SignedTokenSpec, around: &SignedTokenContext<'_>, desk: &mut Reader) -> Option<Self> {
        let place = spec.place;
        let written = spec.token.clone().unwrap_or_else(|| Template::from_fact("idToken", place, desk));
        let token = if written.as_literal().as_deref() == Some("answer") { None } else { Some(written) };
        if let Some(template) = token.as_ref().filter(|template| template.has_path()) {
            desk.complain(template.place, "a path cannot stand here", "read the token as a fact in `read`, and write `token: ${fact}`");
        }
        if let Some(template) = token.as_ref().filter(|template| template.is_literal()) {
            desk.complain(
                template.place,
                format!("`{}` is no token", template.source),
                "write `${idToken}` or another fact, or `answer` when the whole answer is the token",
            );
        }
        let issuers = match &spec.issuer {
            Some(issuers) => issuers.0.clone(),
            None if around.discovery => vec![Template::from_fact("issuer", place, desk)],
            None if desk.is_unusable_word(place, "issuer") || desk.has_unknown_words(place) => return None,
            None => {
                desk.complain(place, "this signed token may come from any issuer", "add `issuer: …`, exactly as the token's `iss` says it");
                return None;
            }
        };
        for template in issuers.iter().filter(|template| template.has_path()) {
            let host_is_literal = template
                .source
                .strip_prefix("https://")
                .is_some_and(|rest| rest.find('/').is_some_and(|slash| !rest[..slash].contains("${")));
            if !host_is_literal {
                desk.complain(
                    template.place,
                    "the token would name its own issuer",
                    "write the issuer; only a part of its path may come from the token: `https://idp.example/${$.tid}`",
                );
            }
        }
        let audience = match &spec.audience {
            None => Some(vec![Template::from_fact("clientId", place, desk)]),
            Some(list) if list.0.iter().any(|one| one.as_literal().as_deref() == Some("any")) => None,
            Some(list) => Some(list.0.clone()),
        };
        let keys = match &spec.keys {
            Some(template) => compile_keys(template.clone(), around.addresses, desk)?,
            None if around.discovery => compile_keys(Template::from_fact("jwksUri", place, desk), around.addresses, desk)?,
            None if desk.is_unusable_word(place, "keys") || desk.has_unknown_words(place) => return None,
            None => {
                desk.complain(
                    place,
                    "this signed token could be signed by anybody",
                    "add `keys: https://…` (the provider's JWKS), a public key, or `keys: ${clientSecret}`",
                );
                return None;
            }
        };
        let algorithms = spec.algorithms.as_ref().map(|list| list.0.clone());
        let takes_secret = |list: &[Algorithm]| list.iter().any(|algorithm| algorithm.family() == KeyFamily::Secret);
        match (&keys, &algorithms) {
            (TokenKeys::Address(_), Some(list)) if takes_secret(list) => {
                desk.complain(
                    place,
                    "a shared secret (`HS256`) cannot be fetched from an address",
                    "write `keys: ${clientSecret}` for `HS…`, or leave `algorithms` to RSA and curves",
                );
            }
            (TokenKeys::Text(template), Some(list))
                if template.source.contains("clientSecret") && list.iter().any(|algorithm| algorithm.family() != KeyFamily::Secret) =>
            {
                desk.complain(
                    place,
                    "the client secret is no public key",
                    "with `keys: ${clientSecret}` the algorithms are `HS256`, `HS384` and `HS512`",
                );
            }
            _ => {}
        }
        let nonce = spec.nonce.map_or(around.nonce_is_sent, |nonce| nonce == NonceRequirement::Required);
        if around.discovery && !around.nonce_is_sent && spec.nonce.is_none() {
            let help = "add `nonce: \"${nonce}\"` to the request, or write `signed: { nonce: none }` for a provider that does not know it";
            desk.complain(place, "nothing ties this token to the login: the request does not send the nonce", help);
        }
        if nonce && !around.nonce_is_sent {
            desk.complain(
                place,
                "the token has to repeat a nonce that is never sent",
                "add `extra: { nonce: \"${nonce}\" }` to getAuthorizationCode",
            );
        }
        let is_id_token = around.about_the_login && token.as_ref().is_some_and(|token| &*token.source != "${accessToken}");
        Some(Self { place, token, issuers, audience, keys, algorithms, nonce, is_id_token })
    }

    /// The algorithms that the file names.
    pub(crate) fn accepted_algorithms(&self) -> Option<&[Algorithm]> {
        self.algorithms.as_deref()
    }

    /// Whether it has to repeat the login's nonce.
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

    /// Whether the keys known so far lack the one that this token names.
    pub(crate) fn lacks_key(&self, token: &str, facts: &Facts, documents: &DocumentCache, now: i64) -> bool {
        let Some(jwks) = self.keys_address(facts).and_then(|address| documents.get(&address, now)) else { return true };
        let Some(header) = token.split('.').next().and_then(decode_json_part) else { return false };
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::named);
        algorithm
            .is_some_and(|algorithm| JwsVerifyingKey::from_jwks(&jwks, algorithm, header.get("kid").and_then(Value::as_str)).is_empty())
    }

    /// The claims of a token, once everything about it is right.
    pub(crate) fn verified_claims(
        &self,
        token: &str,
        facts: &Facts,
        documents: &DocumentCache,
        compared: ComparedFacts,
        now: i64,
    ) -> Result<Value, StepError> {
        let bad = |why: &str| StepError::BadToken { why: why.to_owned(), place: self.place };
        if token.len() > LONGEST {
            return Err(bad("it is longer than any token"));
        }
        let parts: Vec<&str> = token.split('.').collect();
        let [head, body, signature] = parts[..] else { return Err(bad("it is not a signed token of three parts")) };
        let header = decode_json_part(head).ok_or_else(|| bad("its header is not JSON"))?;
        let algorithm = self.algorithm(&header).map_err(bad)?;
        self.check_type(&header).map_err(bad)?;
        let message = &token[..head.len() + 1 + body.len()];
        let kid = header.get("kid").and_then(Value::as_str);
        if !self.has_valid_signature(message, signature, algorithm, kid, facts, documents, now)? {
            return Err(bad("its signature is not right"));
        }
        let claims = decode_json_part(body).filter(Value::is_object).ok_or_else(|| bad("its claims are not a JSON object"))?;
        check_times(&claims, now).map_err(bad)?;
        self.check_parties(&claims, facts).map_err(bad)?;
        if self.nonce {
            let found = claims.get("nonce").and_then(Value::as_str).unwrap_or_default();
            if !facts.get(compared.nonce).is_some_and(|expected| !expected.is_empty() && expected.equals(found)) {
                return Err(bad("it does not repeat the nonce of this login"));
            }
        }
        if self.is_id_token {
            for (claim, fact) in [("at_hash", compared.access_token), ("c_hash", compared.code)] {
                if let (Some(hash), Some(text)) = (claims.get(claim), facts.get(fact))
                    && hash.as_str() != Some(&half_hash(algorithm, text.expose()))
                {
                    return Err(bad("it belongs to another answer (`at_hash` or `c_hash`)"));
                }
            }
        }
        Ok(claims)
    }

    fn algorithm(&self, header: &Value) -> Result<Algorithm, &'static str> {
        let named = header
            .get("alg")
            .and_then(Value::as_str)
            .and_then(Algorithm::named)
            .ok_or("it is not signed by an algorithm that is accepted")?;
        let accepted = match (&self.algorithms, &self.keys) {
            (Some(list), _) => list.contains(&named),
            (None, TokenKeys::Address(_)) => named.family() != KeyFamily::Secret,
            (None, TokenKeys::Text(_)) => true,
        };
        if accepted { Ok(named) } else { Err("it is not signed by an algorithm that is accepted") }
    }

    fn check_type(&self, header: &Value) -> Result<(), &'static str> {
        if ["crit", "b64", "zip", "enc"].iter().any(|word| header.get(word).is_some()) {
            return Err("its header asks for what is not done here");
        }
        let kind = header.get("typ").and_then(Value::as_str).unwrap_or("JWT").to_ascii_lowercase();
        let kind = kind.strip_prefix("application/").unwrap_or(&kind);
        if kind == "logout+jwt" || (kind == "at+jwt" && self.is_id_token) {
            return Err("it is a token for another purpose (`typ`)");
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a signature is judged by exactly these")]
    fn has_valid_signature(
        &self,
        message: &str,
        signature: &str,
        algorithm: Algorithm,
        kid: Option<&str>,
        facts: &Facts,
        documents: &DocumentCache,
        now: i64,
    ) -> Result<bool, StepError> {
        match &self.keys {
            TokenKeys::Address(_) => {
                let jwks = self.keys_address(facts).and_then(|address| documents.get(&address, now));
                let Some(jwks) = jwks else {
                    return Err(StepError::BadToken { why: "its keys could not be fetched".to_owned(), place: self.place });
                };
                Ok(JwsVerifyingKey::from_jwks(&jwks, algorithm, kid)
                    .iter()
                    .any(|key| key.verifies(message.as_bytes(), signature, algorithm)))
            }
            TokenKeys::Text(template) => {
                let text = template.fill_bytes(facts).map_err(StepError::missing_fact)?;
                // What everybody may see signs nothing.
                let is_public = template.fill(facts).is_ok_and(|text| !text.is_secret());
                if is_public && !looks_like_pem(&text) {
                    return Err(StepError::Key { why: "a key that is no secret has to be a public key (PEM)", place: template.place });
                }
                // The key decides the kind of algorithm, never the token: a public key is no secret and a secret no public key.
                if looks_like_pem(&text) == (algorithm.family() == KeyFamily::Secret) {
                    return Ok(false);
                }
                let key = JwsVerifyingKey::read(&text, algorithm).map_err(|KeyError(why)| StepError::Key { why, place: template.place })?;
                Ok(key.verifies(message.as_bytes(), signature, algorithm))
            }
        }
    }

    fn check_parties(&self, claims: &Value, facts: &Facts) -> Result<(), &'static str> {
        let issuer = claims.get("iss").and_then(Value::as_str).ok_or("it names no issuer (`iss`)")?;
        let known = |template: &Template| template.fill_from(facts, Some(claims)).is_ok_and(|text| text.equals(issuer));
        if !self.issuers.iter().any(known) {
            return Err("it comes from another issuer (`iss`)");
        }
        if claims.get("events").is_some() && self.is_id_token {
            return Err("it is a token for another purpose (`events`)");
        }
        let Some(expected) = &self.audience else { return Ok(()) };
        let expected: Vec<Text> = expected.iter().filter_map(|template| template.fill(facts).ok()).collect();
        let ours = |text: &str| expected.iter().any(|one| one.equals(text));
        let audience: Vec<&str> = match claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => return Err("it names no audience (`aud`); where the provider leaves it out, write `audience: any`"),
        };
        if !audience.iter().any(|one| ours(one)) {
            return Err("it was issued for somebody else (`aud`)");
        }
        match claims.get("azp") {
            Some(party) if !party.as_str().is_some_and(ours) => Err("it was issued to somebody else (`azp`)"),
            None if audience.iter().any(|one| !ours(one)) => {
                Err("it was issued for others as well (`aud`) and does not say to whom (`azp`)")
            }
            _ => Ok(()),
        }
    }
}

fn compile_keys(template: Template, around: &AddressContext<'_>, desk: &mut Reader) -> Option<TokenKeys> {
    let from_document = template.sole_fact().is_some_and(|fact| around.documents.contains(&fact));
    if from_document || template.source.starts_with("http:") || template.source.starts_with("https:") {
        return Address::compile(template, around, desk).map(TokenKeys::Address);
    }
    match template.as_literal() {
        Some(text) if !looks_like_pem(text.as_bytes()) => {
            desk.complain(
                template.place,
                "these are neither keys nor where keys are",
                "write the address of the provider's JWKS (`https://…`), a public key (PEM), or `${clientSecret}`",
            );
            None
        }
        Some(text) if text.contains("PRIVATE KEY") => {
            desk.complain(
                template.place,
                "a private key may not stand in the file",
                "a token is checked by the provider's public key; write that, or the address of its JWKS",
            );
            None
        }
        _ => Some(TokenKeys::Text(template)),
    }
}

/// What a token claims, whoever signed it: only for seeing where something stands in it. Nothing of it is to be believed.
pub(crate) fn unverified_claims(token: &str) -> Option<Value> {
    token.split('.').nth(1).and_then(decode_json_part).filter(Value::is_object)
}

fn decode_json_part(part: &str) -> Option<Value> {
    json::parse(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn numeric_date(value: &Value) -> Option<i64> {
    let number = value.as_number()?;
    #[expect(clippy::cast_possible_truncation, reason = "moments beyond the range of whole seconds are refused just before")]
    let rounded = || number.as_f64().filter(|seconds| seconds.abs() < 1e12).map(|seconds| seconds as i64);
    number.as_i64().or_else(rounded).filter(|seconds| (0..10_i64.pow(12)).contains(seconds))
}

fn check_times(claims: &Value, now: i64) -> Result<(), &'static str> {
    let until = claims.get("exp").and_then(numeric_date).ok_or("it does not say until when it is good (`exp`)")?;
    if until + SKEW <= now {
        return Err("it is no longer good (`exp`)");
    }
    for claim in ["nbf", "iat"] {
        match claims.get(claim).map(numeric_date) {
            None => {}
            Some(Some(from)) if from <= now + SKEW => {}
            Some(_) => return Err("it is not good yet (`nbf` or `iat`)"),
        }
    }
    Ok(())
}

/// The left half of the hash that belongs to an algorithm, as `OpenID` Connect writes it.
fn half_hash(algorithm: Algorithm, text: &str) -> String {
    let kind = match algorithm {
        Algorithm::Rs384 | Algorithm::Ps384 | Algorithm::Es384 | Algorithm::Hs384 => &digest::SHA384,
        Algorithm::Rs512 | Algorithm::Ps512 | Algorithm::EdDsa | Algorithm::Hs512 => &digest::SHA512,
        Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256 | Algorithm::Hs256 => &digest::SHA256,
    };
    let hash = digest::digest(kind, text.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}

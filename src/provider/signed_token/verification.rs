//! Verifies a signed token: its signature, issuer, audience and times. Its claims are read only after that.
//!
//! All checks are in this one file, so that none of them can be left out.

use crate::provider::condition::Condition;
use crate::provider::document_cache::DocumentCache;
use crate::provider::document_fault::DocumentFault;
use crate::provider::facts::Facts;
use crate::provider::json_path::scalar_text;
use crate::provider::keys::{Algorithm, JwsVerifyingKey, KeyError, KeyFamily, looks_like_pem, misuse_of_key};
use crate::provider::signed_token::token_parts::{TokenParts, claims_of, half_hashes};
use crate::provider::signed_token::{SignedToken, TokenExpiry, TokenKeys};
use crate::provider::step_error::StepError;
use crate::provider::template::Template;
use crate::provider::token_fault::TokenFault;
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use serde_json::Value;

/// How far clocks may be apart, in seconds.
const SKEW: i64 = 60;
/// How old a logout token may be, in seconds.
const OLDEST_LOGOUT: i64 = 120;
/// The event of a logout token (OpenID Connect Back-Channel Logout 2.4).
pub(crate) const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What a token is presented for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TokenPurpose {
    Login,
    /// The provider says that its session has ended.
    Logout,
}

/// The facts that a token is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ComparedFacts {
    /// `nonce`.
    pub(crate) nonce: Slot,
    /// `accessToken`.
    pub(crate) access_token: Slot,
    /// `code`.
    pub(crate) code: Slot,
}

impl SignedToken {
    /// Verifies a token, and returns its claims.
    pub(crate) fn verified_claims(
        &self,
        token: &str,
        facts: &Facts,
        documents: &DocumentCache,
        compared: ComparedFacts,
        now: i64,
    ) -> Result<Value, StepError> {
        let bad = |why: &str| StepError::BadToken { why: why.into(), place: self.place };
        let (claims, algorithm) = self.claims_for(TokenPurpose::Login, token, facts, documents, now)?;
        if claims.get("events").is_some() && self.is_id_token {
            return Err(bad("it is a token for another purpose (`events`)"));
        }
        if self.requires_nonce {
            let found = claims.get("nonce").and_then(Value::as_str).unwrap_or_default();
            if !facts.get(compared.nonce).is_some_and(|expected| !expected.is_empty() && expected.equals(found)) {
                let why = if found.is_empty() { TokenFault::NoNonce } else { TokenFault::OtherNonce };
                return Err(StepError::BadToken { why, place: self.place });
            }
        }
        let missed: Vec<&Condition> = self.require.iter().filter(|condition| !condition.holds(Some(&claims), facts)).collect();
        if let Some(first) = missed.first() {
            return Err(StepError::BadToken { why: unmet_requirements(&missed).into(), place: first.place });
        }
        if self.is_id_token {
            let of_token = "it does not say to which access token it belongs (`at_hash`)";
            let of_code = "it does not say to which code it belongs (`c_hash`)";
            for (claim, fact, is_required, missing) in [
                ("at_hash", compared.access_token, self.requires_token_hash, of_token),
                ("c_hash", compared.code, self.requires_code_hash, of_code),
            ] {
                let Some(text) = facts.get(fact) else { continue };
                match claims.get(claim) {
                    Some(hash)
                        if hash.as_str().is_some_and(|hash| half_hashes(algorithm, text.expose()).iter().any(|half| half == hash)) => {}
                    Some(_) => return Err(bad("it belongs to another answer (`at_hash` or `c_hash`)")),
                    None if is_required => return Err(bad(missing)),
                    None => {}
                }
            }
        }
        Ok(claims)
    }

    /// Verifies a logout token by the rules of the ID token, and returns its claims (OpenID Connect Back-Channel Logout 2.6).
    pub(crate) fn verified_logout_claims(
        &self,
        token: &str,
        facts: &Facts,
        documents: &DocumentCache,
        now: i64,
    ) -> Result<Value, StepError> {
        let bad = |why: &str| StepError::BadToken { why: why.into(), place: self.place };
        let (claims, _) = self.claims_for(TokenPurpose::Logout, token, facts, documents, now)?;
        if !claims.get("events").and_then(|events| events.get(LOGOUT_EVENT)).is_some_and(Value::is_object) {
            return Err(bad("it does not say that a session has ended (`events`)"));
        }
        if claims.get("nonce").is_some() {
            return Err(bad("it has a `nonce`, so it may be an ID token"));
        }
        Ok(claims)
    }

    /// The claims of a token, and its algorithm: what holds for every token, whatever it is for.
    fn claims_for(
        &self,
        purpose: TokenPurpose,
        token: &str,
        facts: &Facts,
        documents: &DocumentCache,
        now: i64,
    ) -> Result<(Value, Algorithm), StepError> {
        let bad = |why: TokenFault| StepError::BadToken { why, place: self.place };
        let parts = TokenParts::parse(token).map_err(|why| bad(why.into()))?;
        let algorithm = self.algorithm(&parts.header).map_err(bad)?;
        self.check_type(purpose, &parts.header).map_err(|why| bad(why.into()))?;
        if !self.has_valid_signature(&parts, algorithm, facts, documents, now)? {
            return Err(bad(self.signature_fault(&parts, algorithm, facts, documents, now)));
        }
        let claims = claims_of(parts.claims).map_err(|why| bad(why.into()))?;
        self.check_times(purpose, &claims, now).map_err(bad)?;
        self.check_parties(&claims, facts).map_err(bad)?;
        Ok((claims, algorithm))
    }

    /// The moment after which a verified token is not accepted any more.
    pub(crate) fn last_moment(&self, claims: &Value, now: i64) -> i64 {
        let of_age = || now.saturating_add(self.expiry.max_age.unwrap_or_default()).saturating_add(2 * SKEW);
        last_use(claims).unwrap_or_else(of_age)
    }

    /// Whether the keys known so far verify the signature of a token. A text that is no such token needs no other keys.
    pub(crate) fn is_verified_by_known_keys(&self, token: &str, facts: &Facts, documents: &DocumentCache, now: i64) -> bool {
        let Ok(parts) = TokenParts::parse(token) else { return true };
        let Ok(algorithm) = self.algorithm(&parts.header) else { return true };
        self.has_valid_signature(&parts, algorithm, facts, documents, now).unwrap_or(false)
    }

    fn algorithm(&self, header: &Value) -> Result<Algorithm, TokenFault> {
        let named = header.get("alg").and_then(Value::as_str).and_then(Algorithm::named);
        let is_accepted = |named: &Algorithm| match (&self.algorithms, &self.keys) {
            (Some(list), _) => list.contains(named),
            (None, TokenKeys::Address(_)) => named.family() != KeyFamily::Secret,
            (None, TokenKeys::Text(_)) => true,
        };
        let accepted = || self.algorithms.iter().flatten().map(|algorithm| algorithm.word()).collect();
        named.filter(is_accepted).ok_or_else(|| TokenFault::Algorithm { found: named.map(Algorithm::word), accepted: accepted() })
    }

    fn check_type(&self, purpose: TokenPurpose, header: &Value) -> Result<(), &'static str> {
        if ["crit", "b64", "zip", "enc"].iter().any(|word| header.get(word).is_some()) {
            return Err("its header asks for what is not done here");
        }
        let kind = header.get("typ").and_then(Value::as_str).unwrap_or("JWT").to_ascii_lowercase();
        let kind = kind.strip_prefix("application/").unwrap_or(&kind);
        let fits = match purpose {
            TokenPurpose::Login => kind != "logout+jwt" && (kind != "at+jwt" || !self.is_id_token),
            TokenPurpose::Logout => matches!(kind, "logout+jwt" | "jwt"),
        };
        if fits { Ok(()) } else { Err("it is a token for another purpose (`typ`)") }
    }

    fn has_valid_signature(
        &self,
        parts: &TokenParts<'_>,
        algorithm: Algorithm,
        facts: &Facts,
        documents: &DocumentCache,
        now: i64,
    ) -> Result<bool, StepError> {
        let (signed, signature) = (parts.signed.as_bytes(), parts.signature);
        match &self.keys {
            TokenKeys::Address(_) => {
                let address = self.keys_address(facts);
                let Some(jwks) = address.as_ref().and_then(|address| documents.get(address, now)) else {
                    let fault = address.map_or(DocumentFault::NotFetched, |address| documents.fault(&address));
                    return Err(StepError::BadToken { why: TokenFault::NoKeys(fault), place: self.place });
                };
                let kid = parts.header.get("kid").and_then(Value::as_str);
                Ok(JwsVerifyingKey::from_jwks(&jwks, algorithm, kid).iter().any(|key| key.verifies(signed, signature, algorithm)))
            }
            TokenKeys::Text(template) => {
                let text = template.fill_bytes(facts).map_err(StepError::missing_fact)?;
                // A signature with a key that is no secret proves nothing.
                let is_public = template.fill(facts).is_ok_and(|text| !text.is_secret());
                if is_public && !looks_like_pem(&text) {
                    return Err(StepError::Key { why: "a key that is no secret has to be a public key (PEM)", place: template.place });
                }
                // The key decides the kind of algorithm, never the token: a public key is no secret and a secret no public key.
                if looks_like_pem(&text) == (algorithm.family() == KeyFamily::Secret) {
                    return Ok(false);
                }
                let key = JwsVerifyingKey::read(&text, algorithm).map_err(|KeyError(why)| StepError::Key { why, place: template.place })?;
                Ok(key.verifies(signed, signature, algorithm))
            }
        }
    }

    /// Why no key verifies a token: the key set has none of its id, or one that is for something else, or the signature is wrong.
    fn signature_fault(
        &self,
        parts: &TokenParts<'_>,
        algorithm: Algorithm,
        facts: &Facts,
        documents: &DocumentCache,
        now: i64,
    ) -> TokenFault {
        let kid = parts.header.get("kid").and_then(Value::as_str);
        let jwks = self.keys_address(facts).and_then(|address| documents.get(&address, now));
        let (Some(kid), Some(jwks)) = (kid, jwks) else { return TokenFault::Signature };
        let keys = jwks.get("keys").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut named = keys.iter().filter(|key| key.get("kid").and_then(Value::as_str) == Some(kid)).peekable();
        if named.peek().is_none() {
            return TokenFault::UnknownKey { keys: keys.len() };
        }
        let has_fitting = !JwsVerifyingKey::from_jwks(&jwks, algorithm, Some(kid)).is_empty();
        let misuse = named.find_map(|key| misuse_of_key(key, algorithm)).filter(|_| !has_fitting);
        misuse.map_or(TokenFault::Signature, TokenFault::UnfitKey)
    }

    fn check_times(&self, purpose: TokenPurpose, claims: &Value, now: i64) -> Result<(), TokenFault> {
        let TokenExpiry { is_optional, max_age } = match purpose {
            TokenPurpose::Login => self.expiry,
            // Drafts of the specification had no `exp`; it is used once, and only soon after it was issued.
            TokenPurpose::Logout => TokenExpiry { is_optional: true, max_age: Some(OLDEST_LOGOUT) },
        };
        match claims.get("exp").map(numeric_date) {
            Some(Some(until)) if until.saturating_add(SKEW) <= now => return Err(TokenFault::Expired(now.saturating_sub(until))),
            Some(None) => return Err("it does not say until when it is good (`exp`)".into()),
            None if !is_optional => return Err("it does not say until when it is good (`exp`)".into()),
            Some(Some(_)) | None => {}
        }
        for claim in ["nbf", "iat"] {
            match claims.get(claim).map(numeric_date) {
                None => {}
                Some(Some(from)) if from <= now.saturating_add(SKEW) => {}
                Some(from) => return Err(TokenFault::NotYetValid { claim, seconds: from.map(|from| from.saturating_sub(now)) }),
            }
        }
        match (max_age, claims.get("iat").and_then(numeric_date)) {
            (_, None) if self.is_standard || max_age.is_some() => Err("it does not say when it was issued (`iat`)".into()),
            (Some(age), Some(issued)) if issued.saturating_add(age).saturating_add(SKEW) <= now => {
                Err("it is older than `maxAge` (`iat`)".into())
            }
            (Some(_) | None, _) => Ok(()),
        }
    }

    fn check_parties(&self, claims: &Value, facts: &Facts) -> Result<(), TokenFault> {
        let issuer = claims.get("iss").and_then(Value::as_str).ok_or(TokenFault::NoIssuer)?;
        let known = |template: &Template| template.fill_from(facts, Some(claims)).is_ok_and(|text| text.equals(issuer));
        if !self.issuers.iter().any(known) {
            return Err(TokenFault::issuer(issuer, written_texts(&self.issuers)));
        }
        if self.is_standard && claims.get("sub").and_then(scalar_text).is_none_or(|subject| subject.is_empty()) {
            return Err("it does not say whom it is about (`sub`)".into());
        }
        let Some(audiences) = &self.audience else { return Ok(()) };
        let expected: Vec<Text> = audiences.iter().filter_map(|template| template.fill(facts).ok()).collect();
        let ours = |text: &str| expected.iter().any(|one| one.equals(text));
        let audience: Vec<&str> = match claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => return Err("it names no audience (`aud`); where the provider leaves it out, write `audience: any`".into()),
        };
        if !audience.iter().any(|one| ours(one)) {
            return Err(TokenFault::Audience { audiences: audience.len(), expected: written_texts(audiences) });
        }
        match claims.get("azp") {
            Some(party) if !party.as_str().is_some_and(ours) => Err("it was issued to another client (`azp`)".into()),
            // OpenID Connect Core 3.1.3.7 only recommends `azp`; who hands over the token through a browser is not known.
            None if !self.is_direct && audience.iter().any(|one| !ours(one)) => {
                Err("it was issued for others as well (`aud`) and does not say to whom (`azp`)".into())
            }
            _ => Ok(()),
        }
    }
}

/// The texts that the file itself writes, without any value of an installation or an answer.
fn written_texts(templates: &[Template]) -> Vec<Box<str>> {
    templates.iter().filter_map(Template::as_literal).map(Into::into).collect()
}

/// Which claims are not as `require` says: all of them, so that different failures read differently.
fn unmet_requirements(missed: &[&Condition]) -> String {
    let named = missed.iter().map(|condition| {
        let claims: Vec<String> = condition.paths().iter().map(|path| format!("`{}`", path.source)).collect();
        claims.join(" or ")
    });
    let named: Vec<String> = named.collect();
    format!("{} is not as `require` says", named.join(", and "))
}

/// The moment after which a token with these claims has expired for everyone, if it names one.
pub(crate) fn last_use(claims: &Value) -> Option<i64> {
    moment_of(claims, "exp").map(|until| until.saturating_add(2 * SKEW))
}

/// The moment that a claim names.
pub(crate) fn moment_of(claims: &Value, claim: &str) -> Option<i64> {
    claims.get(claim).and_then(numeric_date)
}

fn numeric_date(value: &Value) -> Option<i64> {
    let number = value.as_number()?;
    #[expect(clippy::cast_possible_truncation, reason = "moments beyond the range of whole seconds are refused just before")]
    let rounded = || number.as_f64().filter(|seconds| seconds.abs() < 1e12).map(|seconds| seconds as i64);
    number.as_i64().or_else(rounded).filter(|seconds| (0..10_i64.pow(12)).contains(seconds))
}

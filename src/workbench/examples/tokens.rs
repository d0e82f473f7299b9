//! The signed tokens of a story, which are made with fresh keys when it is played.

use crate::provider::Provider;
use crate::provider::document_cache::DocumentCache;
use crate::provider::facts::Facts;
use crate::provider::json;
use crate::provider::keys::{Algorithm, JwsSigningKey, KeyFamily, looks_like_pem};
use crate::provider::signed_token::{SignedToken, TokenKeys, half_hashes};
use crate::provider::template::Template;
use crate::workbench::examples::difference::Difference;
use crate::workbench::examples::example::{ExampleSpec, ExampleTokenSpec};
use crate::workbench::examples::stand_ins::{self, ExampleStart};
use crate::world::random::{PemKeyPair, rsa_pair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use jsonwebtoken::jwk::Jwk;
use serde_json::{Map, Value, json};

/// The tokens of a story, and their public keys with the address of each.
pub(crate) struct ExampleTokens {
    texts: Vec<(String, String)>,
    keys: Vec<(String, Value)>,
}

impl ExampleTokens {
    /// Makes the tokens of a story, and publishes their keys.
    pub(crate) fn make(
        provider: &Provider,
        story: &ExampleSpec,
        start: &ExampleStart,
        facts: &Facts,
        documents: &DocumentCache,
        differences: &mut Vec<Difference>,
    ) -> Self {
        let mut tokens = Self::signed_with(&stand_ins::key_pair, provider, story, (start.now, facts), differences);
        let mut merged: Vec<(String, Vec<Value>)> = Vec::new();
        for (address, key) in tokens.keys.drain(..) {
            match merged.iter_mut().find(|(known, _)| *known == address) {
                Some((_, keys)) => keys.push(key),
                None => merged.push((address, vec![key])),
            }
        }
        for (address, keys) in merged {
            documents.insert(&address, json!({ "keys": keys }), start.now);
        }
        tokens
    }

    /// Makes the tokens of a story at this time. `key_pairs` gives the pair of an algorithm: the provider's, or a foreign one.
    pub(crate) fn signed_with(
        key_pairs: &dyn Fn(Algorithm, bool) -> PemKeyPair,
        provider: &Provider,
        story: &ExampleSpec,
        (now, facts): (i64, &Facts),
        differences: &mut Vec<Difference>,
    ) -> Self {
        let mut tokens = Self { texts: Vec::new(), keys: Vec::new() };
        for (name, spec) in story.tokens.iter().flat_map(|tokens| &tokens.0) {
            let all: Vec<&SignedToken> = provider.steps().filter_map(|step| step.signed.as_ref()).collect();
            let named = all.iter().find(|signed| {
                signed.token.as_ref().and_then(Template::sole_fact).is_some_and(|fact| **provider.names.name(fact) == *name.value)
            });
            let handed = story.handed_in.as_ref().and_then(|handed| handed.signed_token(&name.value, provider));
            // A name that is no fact is that of an answer which is itself a token.
            let whole = || all.iter().find(|signed| signed.token.is_none());
            let Some(signed) = handed.or_else(|| named.or_else(whole).or(all.first()).copied()) else {
                differences.push(Difference::new(
                    format!("token {}", name.value),
                    "a `signed` in the file".to_owned(),
                    "there is none".to_owned(),
                ));
                continue;
            };
            match tokens.sign_token(&name.value, (story, spec), signed, key_pairs, (now, facts)) {
                Ok((address, expected)) => {
                    if let (Some(expected), Some(address)) = (expected, &address)
                        && expected != *address
                    {
                        differences.push(Difference::new("the address of the keys".to_owned(), expected, address.clone()));
                    }
                }
                Err(why) => differences.push(Difference::new(format!("token {}", name.value), "a token".to_owned(), why)),
            }
        }
        tokens
    }

    /// Makes one token that a program hands in, as `signed` verifies it.
    pub(crate) fn handed_in(
        name: &str,
        of: (&ExampleSpec, &ExampleTokenSpec),
        signed: &SignedToken,
        key_pairs: &dyn Fn(Algorithm, bool) -> PemKeyPair,
        at: (i64, &Facts),
    ) -> Result<Self, String> {
        let mut tokens = Self { texts: Vec::new(), keys: Vec::new() };
        tokens.sign_token(name, of, signed, key_pairs, at)?;
        Ok(tokens)
    }

    fn sign_token(
        &mut self,
        name: &str,
        (story, spec): (&ExampleSpec, &ExampleTokenSpec),
        signed: &SignedToken,
        key_pairs: &dyn Fn(Algorithm, bool) -> PemKeyPair,
        (now, facts): (i64, &Facts),
    ) -> Result<(Option<String>, Option<String>), String> {
        let is_foreign = spec.signed_by.as_ref().is_some_and(|by| by.value == "stranger");
        let algorithm = spec.algorithm.or_else(|| signed.algorithms.as_ref().and_then(|list| list.first().copied()));
        let kid = format!("key-{name}");
        let (algorithm, key) = match &signed.keys {
            TokenKeys::Text(template) => {
                let text = template.fill_bytes(facts).map_err(|_| "its key is not known".to_owned())?;
                if looks_like_pem(&text) {
                    (algorithm.unwrap_or(Algorithm::Rs256), rsa_pair(is_foreign).private.clone().into_bytes())
                } else {
                    (algorithm.unwrap_or(Algorithm::Hs256), if is_foreign { b"the secret of another client, long".to_vec() } else { text })
                }
            }
            TokenKeys::Address(_) => {
                let algorithm = algorithm.unwrap_or(Algorithm::Es256);
                let pair = key_pairs(algorithm, is_foreign);
                if let Some(address) = signed.keys_address(facts) {
                    let published = if is_foreign { key_pairs(algorithm, false) } else { pair.clone() };
                    self.keys.push((address, jwk(&published.private, algorithm, &kid)?));
                }
                (algorithm, pair.private.into_bytes())
            }
        };
        let mut claims = spec.claims.0.as_object().cloned().unwrap_or_default();
        claims.entry("iat").or_insert_with(|| json!(now));
        claims.entry("exp").or_insert_with(|| json!(now + 3600));
        let hashes = [("c_hash", "code", signed.requires_code_hash), ("at_hash", "access_token", signed.requires_token_hash)];
        for (claim, beside, _) in hashes.into_iter().filter(|(.., is_required)| *is_required) {
            let beside = story.callback.iter().flat_map(|callback| &callback.0).find(|(name, _)| *name.value == *beside);
            if let Some((_, text)) = beside {
                claims.entry(claim).or_insert_with(|| json!(half_hashes(algorithm, &text.value).first()));
            }
        }
        // `null` leaves the claim out.
        for claim in ["iat", "exp", "c_hash", "at_hash"] {
            if claims.get(claim).is_some_and(Value::is_null) {
                claims.remove(claim);
            }
        }
        let header = format!("{{\"alg\":\"{}\",\"typ\":\"JWT\",\"kid\":\"{kid}\"}}", algorithm.word());
        let token = JwsSigningKey::read(&key, algorithm)
            .and_then(|key| key.sign_token(&header, &Value::Object(claims).to_string()))
            .map_err(|bad| bad.0.to_owned())?;
        self.texts.push((stand_ins::stand_in(name), token));
        Ok((signed.keys_address(facts), spec.keys.as_ref().map(|keys| keys.value.clone())))
    }

    /// The public keys, each with the address at which it is published.
    pub(crate) fn keys(&self) -> &[(String, Value)] {
        &self.keys
    }

    /// A text with the tokens in place of their stand-ins.
    pub(crate) fn replace(&self, text: &str) -> String {
        self.texts.iter().fold(text.to_owned(), |text, (name, token)| text.replace(name, token))
    }

    /// A JSON value with the tokens in place of their stand-ins.
    pub(crate) fn replace_in(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.replace(text)),
            Value::Array(list) => Value::Array(list.iter().map(|value| self.replace_in(value)).collect()),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(key, value)| (key.clone(), self.replace_in(value))).collect::<Map<_, _>>())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
}

/// The header and the claims of a token.
pub(crate) fn token_parts(token: &str) -> Option<(Value, Map<String, Value>)> {
    let mut parts = token.split('.').map(|part| json::parse(&URL_SAFE_NO_PAD.decode(part).ok()?).ok());
    let (header, claims) = (parts.next()??, parts.next()??);
    Some((header, claims.as_object()?.clone()))
}

/// A token with the same claims and a new signature, whose key is published for `signed`. The hash of a code is left out
/// when the code is not known.
pub(crate) fn sign_again(
    signed: &SignedToken,
    token: &str,
    keeps_code_hash: bool,
    facts: &Facts,
    documents: &DocumentCache,
    now: i64,
) -> Option<String> {
    let (header, mut claims) = token_parts(token)?;
    if !keeps_code_hash {
        claims.remove("c_hash");
    }
    let algorithm = Algorithm::named(header.get("alg")?.as_str()?)?;
    let key = match &signed.keys {
        TokenKeys::Address(_) => {
            let private = stand_ins::key_pair(algorithm, false).private;
            let address = signed.keys_address(facts)?;
            let published = jwk(&private, algorithm, "pasted").ok()?;
            let mut keys = documents.get(&address, now).and_then(|known| known.get("keys")?.as_array().cloned()).unwrap_or_default();
            keys.push(published);
            documents.insert(&address, json!({ "keys": keys }), now);
            private.into_bytes()
        }
        TokenKeys::Text(template) => {
            let key = template.fill_bytes(facts).ok()?;
            if looks_like_pem(&key) { rsa_pair(false).private.clone().into_bytes() } else { key }
        }
    };
    let header = json!({ "alg": algorithm.word(), "typ": "JWT", "kid": "pasted" });
    JwsSigningKey::read(&key, algorithm).and_then(|key| key.sign_token(&header.to_string(), &Value::Object(claims).to_string())).ok()
}

fn jwk(private: &str, algorithm: Algorithm, kid: &str) -> Result<Value, String> {
    let key = match algorithm.family() {
        KeyFamily::Rsa => EncodingKey::from_rsa_pem(private.as_bytes()),
        KeyFamily::Curve => EncodingKey::from_ec_pem(private.as_bytes()),
        KeyFamily::Edwards => EncodingKey::from_ed_pem(private.as_bytes()),
        KeyFamily::Secret => return Err("a shared secret has no address".to_owned()),
    };
    let jose = algorithm.word().parse().map_err(|_| "an algorithm without a key".to_owned())?;
    let mut jwk = key.and_then(|key| Jwk::from_encoding_key(&key, jose)).map_err(|_| "its public key cannot be written".to_owned())?;
    jwk.common.key_id = Some(kid.to_owned());
    serde_json::to_value(jwk).map_err(|_| "its public key cannot be written".to_owned())
}

//! `private_key_jwt`: an app proves who it is with a token that it signs (OpenID Connect Core 1.0, 9; RFC 7523).

use crate::apps::client_app::{APP_ALGORITHMS, AppAuthentication, AppKeys, ClientApp};
use crate::directory::attempts::ConsumeAttempt;
use crate::provider::json;
use crate::provider::keys::{Algorithm, JwsVerifyingKey};
use crate::vocabulary::hash::{hex, sha256};
use crate::web::apps::authentication::find_app;
use crate::web::apps::oauth_error::OAuthError;
use crate::web::request_context::RequestContext;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::sync::Arc;

/// The algorithms by name, as discovery lists them.
pub(crate) const ALGORITHMS: [&str; 9] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// The longest token that is read.
const LONGEST: usize = 8 * 1024;
/// How long a token may be valid at most, in seconds: its id is kept for so long.
const LONGEST_VALIDITY: i64 = 3600;
/// How far the clocks of app and broker may be apart, in seconds.
const CLOCKS_DIFFER: i64 = 60;

/// A token, taken apart; nothing in it is verified.
struct ClientAssertion<'a> {
    algorithm: Algorithm,
    kid: Option<String>,
    claims: Value,
    signed: &'a str,
    signature: &'a str,
}

impl<'a> ClientAssertion<'a> {
    fn parse(token: &'a str) -> Option<Self> {
        if token.len() > LONGEST {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let part = |text: &str| json::parse(&URL_SAFE_NO_PAD.decode(text).ok()?).ok().filter(Value::is_object);
        let (header, claims) = (part(header)?, part(claims)?);
        let algorithm =
            header.get("alg").and_then(Value::as_str).and_then(Algorithm::named).filter(|named| APP_ALGORITHMS.contains(named))?;
        let kid = header.get("kid").and_then(Value::as_str).map(str::to_owned);
        let asks_for_more = ["crit", "b64", "zip", "enc"].iter().any(|word| header.get(word).is_some());
        (!asks_for_more).then_some(Self { algorithm, kid, claims, signed, signature })
    }

    fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    fn is_verified_by(&self, keys: &Value) -> bool {
        let keys = JwsVerifyingKey::from_jwks(keys, self.algorithm, self.kid.as_deref());
        keys.iter().any(|key| key.verifies(self.signed.as_bytes(), self.signature, self.algorithm))
    }

    /// Whether it is for this issuer and valid now; the answer is until when.
    fn valid_until(&self, issuer: &str, now: i64) -> Option<i64> {
        let names = [issuer.to_owned(), format!("{issuer}/token"), format!("{issuer}/introspect"), format!("{issuer}/revoke")];
        let is_ours = |name: &Value| name.as_str().is_some_and(|name| names.iter().any(|ours| ours == name));
        let is_for_us = match self.claims.get("aud")? {
            // One that another issuer could use as well proves nothing here.
            Value::Array(list) => list.len() == 1 && list.iter().all(is_ours),
            one => is_ours(one),
        };
        let number = |claim: &str| self.claims.get(claim).map(Value::as_i64);
        let expires = number("exp")??;
        let is_from_the_future = ["nbf", "iat"].iter().any(|claim| match number(claim) {
            Some(Some(from)) => from > now.saturating_add(CLOCKS_DIFFER),
            Some(None) => true,
            None => false,
        });
        let is_timely = expires > now.saturating_sub(CLOCKS_DIFFER) && expires <= now.saturating_add(LONGEST_VALIDITY);
        (is_for_us && is_timely && !is_from_the_future).then_some(expires)
    }
}

/// The app that has signed a token; `None` if the token does not prove it. Each token is accepted once.
pub(crate) async fn verified_app(
    context: &RequestContext,
    token: &str,
    client_id: Option<&str>,
) -> Result<Option<Arc<ClientApp>>, OAuthError> {
    let Some(assertion) = ClientAssertion::parse(token) else { return Ok(None) };
    let (Some(name), Some(id)) = (assertion.text("sub"), assertion.text("jti")) else { return Ok(None) };
    let is_of_app = assertion.text("iss") == Some(name) && client_id.is_none_or(|client_id| client_id == name);
    let Some(app) = find_app(context, name).filter(|_| is_of_app) else { return Ok(None) };
    let AppAuthentication::Keys(keys) = &app.authentication else { return Ok(None) };
    if !is_signed_with(context, &assertion, keys).await {
        return Ok(None);
    }
    let Some(until) = assertion.valid_until(&context.live_store().store.public_url, context.now()) else { return Ok(None) };
    let store = &context.live_store().store.name;
    let attempt = hex(&sha256::<16>(format!("assertion\n{store}\n{name}\n{id}").as_bytes())).into();
    let is_first = context.app().directory.write(ConsumeAttempt { attempt, until: until.saturating_add(CLOCKS_DIFFER) }).await?;
    Ok(is_first.then_some(app))
}

/// Whether one of the app's keys verifies the token. Keys behind an address are fetched again if none of them does.
async fn is_signed_with(context: &RequestContext, assertion: &ClientAssertion<'_>, keys: &AppKeys) -> bool {
    match keys {
        AppKeys::Known(keys) => assertion.is_verified_by(keys),
        AppKeys::Address(address) => {
            let holds_key = |keys: &Value| assertion.is_verified_by(keys);
            context.app().key_set(address, &holds_key, context.now()).await.is_some_and(|keys| holds_key(&keys))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_of_an_app_is_listed() {
        assert_eq!(APP_ALGORITHMS.map(Algorithm::word), ALGORITHMS);
    }

    #[test]
    fn a_token_is_for_this_issuer_and_valid_for_an_hour_at_most() {
        let token = |claims: &str| {
            let text = format!("{}.{}.x", URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256"}"#), URL_SAFE_NO_PAD.encode(claims));
            ClientAssertion::parse(&text).expect("a token").valid_until("https://login.loja.example", 1000)
        };
        for (claims, expected) in [
            (r#"{"aud":"https://login.loja.example","exp":1100}"#, Some(1100)),
            (r#"{"aud":["https://login.loja.example/token"],"exp":1100,"iat":1059,"nbf":1}"#, Some(1100)),
            (r#"{"aud":["x","https://login.loja.example/token"],"exp":1100}"#, None),
            (r#"{"aud":"https://login.loja.example","exp":941}"#, Some(941)),
            (r#"{"aud":"https://login.loja.example","exp":940}"#, None),
            (r#"{"aud":"https://login.loja.example","exp":4601}"#, None),
            (r#"{"aud":"https://login.loja.example"}"#, None),
            (r#"{"aud":"https://login.loja.example","exp":"1100"}"#, None),
            (r#"{"aud":"https://login.loja.example","exp":1100,"iat":1061}"#, None),
            (r#"{"aud":"https://login.loja.example.evil.example","exp":1100}"#, None),
            (r#"{"aud":[],"exp":1100}"#, None),
            (r#"{"exp":1100}"#, None),
        ] {
            assert_eq!(token(claims), expected, "{claims}");
        }
    }

    #[test]
    fn a_token_without_a_signature_of_the_app_is_not_read() {
        for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS256"}"#, r#"{"alg":"ES256","crit":["x"]}"#, "{}", "x"] {
            let text = format!("{}.{}.", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode("{}"));
            assert!(ClientAssertion::parse(&text).is_none(), "{header}");
        }
    }
}

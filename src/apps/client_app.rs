//! A client app as the settings of its store describe it: who it is, where it may send people, and what it may ask for.

use crate::choice;
use crate::provider::json;
use crate::provider::keys::{Algorithm, JwsVerifyingKey};
use crate::session::token_algorithm::TokenAlgorithm;
use crate::vocabulary::hash::{hex, sha256};
use aws_lc_rs::constant_time;
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;

choice! {
    /// What an app may redeem at `/token`.
    pub enum AppGrantKind {
        /// A person signs in.
        AuthorizationCode = "authorizationCode",
        /// Access is renewed without the person.
        RefreshToken = "refreshToken",
        /// The app acts on its own behalf.
        ClientCredentials = "clientCredentials",
        /// The app has a token of the provider.
        TokenExchange = "tokenExchange",
    }
}

/// The grants of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppGrantKinds(pub Vec<AppGrantKind>);

impl AppGrantKinds {
    /// Whether the app has a grant.
    pub fn contains(&self, kind: AppGrantKind) -> bool {
        self.0.contains(&kind)
    }
}

/// A program that signs people in through a store, or that gets access tokens on its own behalf.
#[derive(Clone, Debug)]
pub struct ClientApp {
    /// The `client_id`: the key under `apps`.
    pub name: Box<str>,
    /// The name that people read.
    pub title: Option<Box<str>>,
    /// How it proves who it is.
    pub authentication: AppAuthentication,
    /// The addresses to which a person may be sent after signing in.
    pub redirect_uris: Vec<Box<str>>,
    /// The addresses to which a person may be sent after signing out.
    pub after_logout: Vec<Box<str>>,
    /// The address that learns of ended sessions.
    pub back_channel_logout: Option<Box<str>>,
    /// What it may redeem.
    pub grants: AppGrantKinds,
    /// The scopes for which it may ask.
    pub scopes: Vec<Box<str>>,
    /// The audiences of its access tokens, never empty; the first is the default.
    pub audiences: Vec<Box<str>>,
    /// The audiences that the app itself is, as a service that takes access tokens of other apps.
    pub serves: Vec<Box<str>>,
    /// The names of the provider files through which people may sign in; `None` for all.
    pub providers: Option<Vec<Box<str>>>,
    /// How its ID tokens and its access tokens for services are signed.
    pub signing: TokenAlgorithm,
    /// Whether an authorization request without a PKCE challenge is refused.
    pub requires_pkce: bool,
    /// Whether the person is asked before the app gets access.
    pub asks_consent: bool,
    /// The names of the provider files whose own tokens it may fetch.
    pub token_providers: Vec<Box<str>>,
}

impl ClientApp {
    /// Whether this is a redirect address of the app.
    pub fn redirect_uri(&self, asked: &str) -> bool {
        self.is_among(&self.redirect_uris, asked)
    }

    /// Whether a person may be sent to this address after signing out.
    pub fn after_logout_uri(&self, asked: &str) -> bool {
        self.is_among(&self.after_logout, asked)
    }

    /// Compares letter by letter. Only a public client on the person's own machine has a port that varies, because it takes one that
    /// is free (RFC 8252, 7.3).
    fn is_among(&self, registered: &[Box<str>], asked: &str) -> bool {
        registered.iter().any(|registered| **registered == *asked || self.is_public() && is_same_on_loopback(registered, asked))
    }

    /// Whether people may sign in to the app through the provider of this file name.
    pub fn allows(&self, provider: &str) -> bool {
        self.providers.as_ref().is_none_or(|providers| providers.iter().any(|allowed| **allowed == *provider))
    }

    /// Whether the app may fetch the own tokens of the provider of this file name.
    pub fn may_fetch_tokens_of(&self, provider: &str) -> bool {
        self.token_providers.iter().any(|allowed| **allowed == *provider)
    }

    /// Whether the app can keep no secret, as a program on the person's own machine.
    pub fn is_public(&self) -> bool {
        match self.authentication {
            AppAuthentication::Public => true,
            AppAuthentication::Secret(_) | AppAuthentication::Keys(_) | AppAuthentication::Missing => false,
        }
    }

    /// What people read as its name.
    pub fn shown_name(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }
}

/// Whether two addresses on a loopback literal differ at most in the port. `localhost` is a name, which may lead elsewhere.
fn is_same_on_loopback(registered: &str, asked: &str) -> bool {
    ["http://127.0.0.1", "http://[::1]"].iter().any(|host| {
        let without_port = |address| after_port(str::strip_prefix(address, host)?);
        without_port(registered).is_some_and(|rest| Some(rest) == without_port(asked))
    })
}

/// What stands behind an optional port; `None` if the port is none.
fn after_port(rest: &str) -> Option<&str> {
    let Some(port_and_rest) = rest.strip_prefix(':') else { return Some(rest) };
    let digits = port_and_rest.bytes().take_while(u8::is_ascii_digit).count();
    let (port, rest) = port_and_rest.split_at_checked(digits)?;
    (port.parse::<u16>().is_ok_and(|port| port > 0) && !port.starts_with('0')).then_some(rest)
}

/// How an app proves who it is.
#[derive(Clone, Debug)]
pub enum AppAuthentication {
    /// It cannot: a public client.
    Public,
    /// By a secret, of which only the hash is known.
    Secret(SecretDigest),
    /// By a token that it signs (`private_key_jwt`).
    Keys(AppKeys),
    /// The secret or the file with the keys is not there: every authentication fails.
    Missing,
}

/// The SHA-256 of a secret.
#[derive(Clone, Copy)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    /// The hash of a secret.
    pub fn of(secret: &str) -> Self {
        Self(sha256(secret.as_bytes()))
    }

    /// Reads the 64 hexadecimal digits behind `sha256:`. No app can have the hash of an empty secret.
    pub fn parse(digits: &str) -> Option<Self> {
        let digits = digits.to_ascii_lowercase();
        let value = |at: usize| u8::from_str_radix(digits.get(at..at.checked_add(2)?)?, 16).ok();
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let bytes: Vec<u8> = (0..64).step_by(2).map_while(value).collect();
        let digest = Self(bytes.try_into().ok()?);
        (!digest.is_same_as(&Self::of(""))).then_some(digest)
    }

    /// The value of the setting `secret` for it.
    pub fn setting(&self) -> String {
        format!("sha256:{}", hex(&self.0))
    }

    /// Whether a presented secret is the right one. The comparison takes the same time for all that are wrong.
    pub fn matches(&self, presented: &str) -> bool {
        self.is_same_as(&Self::of(presented)) && !presented.is_empty()
    }

    fn is_same_as(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest(…)")
    }
}

/// The public keys with which the tokens of an app are verified.
#[derive(Clone, Debug)]
pub enum AppKeys {
    /// The address of a JWKS, which is fetched when it is needed.
    Address(Box<str>),
    /// A JWKS that was read of a file.
    Known(Arc<Value>),
}

/// The algorithms with which an app may sign.
pub const APP_ALGORITHMS: [Algorithm; 9] = [
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::EdDsa,
];

impl AppKeys {
    /// Reads the text of a file: a JWKS, or one JWK. The error says what is wrong with it.
    pub fn read(text: &[u8]) -> Result<Self, &'static str> {
        let Ok(value) = json::parse(text) else { return Err("it is not JSON") };
        let set = if value.get("kty").is_some() { json!({ "keys": [value] }) } else { value };
        let keys = set.get("keys").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if keys.iter().any(|key| ["d", "k"].iter().any(|secret| key.get(secret).is_some())) {
            return Err("it holds a secret or private key, and only the app itself may have that");
        }
        if !APP_ALGORITHMS.iter().any(|algorithm| !JwsVerifyingKey::from_jwks(&set, *algorithm, None).is_empty()) {
            return Err("it holds no public key for signatures (RSA, P-256, P-384 or Ed25519)");
        }
        Ok(Self::Known(Arc::new(set)))
    }
}

/// An app without a secret, for tests.
#[cfg(test)]
pub(crate) fn public_app() -> ClientApp {
    ClientApp {
        name: "painel".into(),
        title: None,
        authentication: AppAuthentication::Public,
        redirect_uris: Vec::new(),
        after_logout: Vec::new(),
        back_channel_logout: None,
        grants: AppGrantKinds(vec![AppGrantKind::AuthorizationCode]),
        scopes: vec!["openid".into()],
        audiences: vec!["painel".into()],
        serves: Vec::new(),
        providers: None,
        signing: TokenAlgorithm::Rs256,
        requires_pkce: false,
        asks_consent: false,
        token_providers: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(authentication: AppAuthentication, redirect_uris: &[&str]) -> ClientApp {
        let redirect_uris = redirect_uris.iter().map(|uri| (*uri).into()).collect();
        ClientApp { authentication, redirect_uris, ..public_app() }
    }

    /// Attack V-01
    #[test]
    fn a_redirect_address_is_compared_letter_by_letter() {
        let registered = "https://painel.loja.example/callback?a=1";
        for authentication in [AppAuthentication::Public, AppAuthentication::Secret(SecretDigest::of("x")), AppAuthentication::Missing] {
            let app = app(authentication, &[registered, "http://localhost:3000/cb"]);
            assert!(app.redirect_uri(registered) && app.redirect_uri("http://localhost:3000/cb"));
            for other in [
                "",
                "https://painel.loja.example/callback",
                "https://painel.loja.example/callback?a=1&b=2",
                "https://painel.loja.example/callback?a=1#",
                "https://painel.loja.example/callback?a=1#x",
                "https://painel.loja.example/callback/?a=1",
                "https://painel.loja.example/Callback?a=1",
                "https://painel.loja.example/x/../callback?a=1",
                "https://painel.loja.example/%63allback?a=1",
                "https://painel.loja.example:443/callback?a=1",
                "https://painel.loja.example.evil.example/callback?a=1",
                "https://painel.loja.example@evil.example/callback?a=1",
                "http://painel.loja.example/callback?a=1",
                " https://painel.loja.example/callback?a=1",
                "http://localhost:3001/cb",
                "http://localhost/cb",
                "http://localhost.evil.example:3000/cb",
                "http://127.0.0.1:3000/cb",
            ] {
                assert!(!app.redirect_uri(other), "{other}");
            }
        }
    }

    /// Attack V-01
    #[test]
    fn only_the_port_of_a_loopback_literal_of_a_public_client_varies() {
        let registered = ["http://127.0.0.1/callback", "http://[::1]:4000/callback?a=1"];
        let public = app(AppAuthentication::Public, &registered);
        for same in [
            "http://127.0.0.1/callback",
            "http://127.0.0.1:1/callback",
            "http://127.0.0.1:65535/callback",
            "http://[::1]:4000/callback?a=1",
            "http://[::1]:51004/callback?a=1",
            "http://[::1]/callback?a=1",
        ] {
            assert!(public.redirect_uri(same), "{same}");
        }
        for other in [
            "http://127.0.0.1:65536/callback",
            "http://127.0.0.1:0/callback",
            "http://127.0.0.1:080/callback",
            "http://127.0.0.1:/callback",
            "http://127.0.0.1:+80/callback",
            "http://127.0.0.1:80@evil.example/callback",
            "http://127.0.0.1:80.evil.example/callback",
            "http://127.0.0.1.evil.example/callback",
            "http://127.0.0.1@evil.example/callback",
            "http://127.0.0.1:80/callback/x",
            "http://127.0.0.1:80/callback?a=1",
            "http://127.0.0.1:80/callback#",
            "http://127.0.0.2:80/callback",
            "http://localhost:80/callback",
            "https://127.0.0.1:80/callback",
            "http://[::1]:80/callback",
            "http://[::2]:80/callback?a=1",
        ] {
            assert!(!public.redirect_uri(other), "{other}");
        }
        let confidential = app(AppAuthentication::Secret(SecretDigest::of("x")), &registered);
        assert!(confidential.redirect_uri("http://127.0.0.1/callback") && !confidential.redirect_uri("http://127.0.0.1:1/callback"));
    }

    #[test]
    fn a_port_does_not_make_other_addresses_of_a_public_client_vary() {
        let public = app(AppAuthentication::Public, &["http://localhost:3000/cb", "com.example.app:/cb"]);

        assert!(public.redirect_uri("com.example.app:/cb"));
        for other in ["http://localhost:3001/cb", "com.example.app:/cb/x", "com.example.app://cb", "com.example.other:/cb"] {
            assert!(!public.redirect_uri(other), "{other}");
        }
    }

    /// Attack V-04
    #[test]
    fn a_secret_is_compared_by_its_hash_and_shown_nowhere() {
        let digest = SecretDigest::of("hush");
        let read = SecretDigest::parse(digest.setting().strip_prefix("sha256:").unwrap()).unwrap();

        assert!(digest.matches("hush") && read.matches("hush"));
        assert!(!digest.matches("hush ") && !digest.matches("") && !digest.matches(&digest.setting()));
        assert_eq!(format!("{digest:?}"), "SecretDigest(…)");
    }

    #[test]
    fn a_hash_is_64_hexadecimal_digits_and_not_that_of_nothing() {
        let digits = hex(&sha256::<32>(b"hush"));
        let of_nothing = hex(&sha256::<32>(b""));

        assert!(SecretDigest::parse(&digits).is_some() && SecretDigest::parse(&digits.to_uppercase()).is_some());
        for wrong in
            ["", &digits[1..], &format!("{digits}0"), &digits.replace(&digits[..1], "g"), &"+1".repeat(32), &"é".repeat(32), &of_nothing]
        {
            assert!(SecretDigest::parse(wrong).is_none(), "{wrong}");
        }
        assert!(!SecretDigest::of("").matches(""));
    }

    #[test]
    fn an_app_without_a_list_of_providers_has_all_and_fetches_tokens_of_none() {
        let all = app(AppAuthentication::Public, &[]);
        let some = ClientApp { providers: Some(vec!["acme".into()]), token_providers: vec!["beta".into()], ..all.clone() };

        assert!(all.allows("acme") && all.allows("x") && some.allows("acme") && !some.allows("acme-b2b") && !some.allows("Acme"));
        assert!(!all.may_fetch_tokens_of("acme") && some.may_fetch_tokens_of("beta") && !some.may_fetch_tokens_of("acme"));
    }

    #[test]
    fn the_keys_of_an_app_are_public_ones() {
        let public = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;
        let one = format!("{public}}}");
        let set = format!("{{\"keys\":[{one}]}}");

        for text in [&one, &set] {
            let Ok(AppKeys::Known(keys)) = AppKeys::read(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(keys["keys"].as_array().map(Vec::len), Some(1));
        }
        for (text, expected) in [
            ("not JSON", "it is not JSON"),
            ("{}", "it holds no public key"),
            (r#"{"keys":[]}"#, "it holds no public key"),
            (r#"{"keys":[{"kty":"oct","k":"aHVzaA"}]}"#, "it holds a secret"),
            (&format!("{public},\"d\":\"x\"}}"), "it holds a secret"),
            (&format!("{public},\"use\":\"enc\"}}"), "it holds no public key"),
        ] {
            assert!(AppKeys::read(text.as_bytes()).is_err_and(|why| why.starts_with(expected)), "{text}");
        }
    }
}

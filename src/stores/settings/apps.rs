//! The block of an app: a program that signs people in through a store.

use crate::apps::client_app::{AppGrantKind, SecretDigest};
use crate::choice;
use crate::provider::value_reference::{SecretReference, ValueReference};
use crate::session::token_algorithm::TokenAlgorithm;
use crate::stores::settings::values::{NullableText, PossiblyEmptyList};
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::{OneOrMany, Reader, ValueShape, WordValue, complain_not_among, read_scalar};
use crate::vocabulary::yaml::YamlNode;
use crate::words;
use std::path::PathBuf;

words! {
    /// A program that signs people in through a store by OpenID Connect, or that gets access tokens on its own behalf. The key under
    /// `apps` is its `client_id`.
    pub(crate) struct AppSpec ("app block", elsewhere = misplaced_app_word_hint) {
        /// The name that people read, on the login page and where they are asked for their consent.
        /// Default: the `client_id`
        /// Example: `name: Painel da loja`
        name: Option<Located<String>> = "name",
        /// How the app proves who it is: `env:` or `file:` and where its secret is kept, or `sha256:` and the hash of a random secret, as
        /// `portaria apps secret` prints it. `none` is for a program on the person's own machine, such as a mobile app or a page without
        /// a server, which can keep no secret: it is a public client, and PKCE is required of it.
        /// Default: none; an app has either `secret` or `keys`
        /// Example: `secret: env:PAINEL_SECRET`
        secret: Option<AppSecretSpec> = "secret",
        /// The public keys of an app that proves who it is by a token that it signs (`private_key_jwt`), in place of a secret: the https
        /// address of its JWKS, or `file:` and the path of a file that holds a JWKS. An address inside your own network needs an
        /// entry in `privateHosts`.
        /// Default: none
        /// Example: `keys: https://painel.loja.example/jwks.json`
        keys: Option<NullableText> = "keys",
        /// The addresses to which a person may be sent after signing in. They are compared letter by letter. Only the port of
        /// `http://127.0.0.1` and `http://[::1]` may vary, and only for a public client (RFC 8252). An address is https, except on
        /// loopback; a public client may also have one with a scheme of its own: `com.example.app:/callback`.
        /// Default: none; the grant `authorizationCode` needs one
        /// Example: `redirectUris: [ https://painel.loja.example/callback ]`
        redirect_uris: Option<OneOrMany<Located<String>>> = "redirectUris",
        /// The addresses to which a person may be sent after signing out (`post_logout_redirect_uri`). The same rules hold as for
        /// `redirectUris`.
        /// Default: none; the person stays at the store
        /// Example: `afterLogout: [ https://painel.loja.example/ ]`
        after_logout: Option<PossiblyEmptyList> = "afterLogout",
        /// The https address of the app that learns when a session has ended (OpenID Connect Back-Channel Logout).
        /// Default: none
        /// Example: `backChannelLogout: https://painel.loja.example/backchannel`
        back_channel_logout: Option<Located<String>> = "backChannelLogout",
        /// What the app may redeem at `/token`: `authorizationCode` when a person signs in, `refreshToken` to renew the access
        /// without the person (needs the scope `offline_access`), `clientCredentials` on its own behalf (needs a secret or keys),
        /// `tokenExchange` for a token of the provider, from which people sign in without a browser of the store (RFC 8693): an ID token that
        /// the provider issued to its client here, or an access token where the provider file has `exchange: { ask: … }` or
        /// `exchange: { signed: … }`. With `secret: none` only an ID token counts that was made for the app, as `docs/apps.md` says.
        /// Default: `authorizationCode`
        /// Example: `grants: [ authorizationCode, refreshToken ]`
        grants: Option<OneOrMany<Located<AppGrantKind>>> = "grants",
        /// The scopes for which the app may ask. Besides `openid`, `email`, `profile` and `offline_access` there may be scopes of your own,
        /// which the access token carries.
        /// Default: `[ openid, email, profile ]`
        /// Example: `scopes: [ openid, email, profile, offline_access, "orders:read" ]`
        scopes: Option<OneOrMany<Located<String>>> = "scopes",
        /// For which services its access tokens are meant (`aud`): one or a list, of which the first is the default. The app chooses
        /// another one by the parameter `resource` (RFC 8707).
        /// Default: the `client_id`
        /// Example: `audience: https://api.loja.example`
        audience: Option<OneOrMany<Located<String>>> = "audience",
        /// The audiences that this app itself is: a service that takes access tokens of other apps may look up those that are meant for
        /// it, at `/introspect`. Every app may look up its own tokens, and those that are meant for its `client_id`. A public client looks up
        /// none.
        /// Default: none
        /// Example: `serves: https://api.loja.example`
        serves: Option<OneOrMany<Located<String>>> = "serves",
        /// The names of the provider files through which people may sign in to this app, and `email` and `passkey` (`ways`).
        /// Default: all of the store
        /// Example: `providers: [ clube-acme ]`
        providers: Option<OneOrMany<Located<String>>> = "providers",
        /// How its ID tokens, and its access tokens for services (`audience`), are signed: `RS256` or `ES256`. Most programs expect
        /// `RS256`. An access token whose audience is the app itself is `ES256` in any case, because a signature of `RS256` costs this
        /// store more than ten times as much. Such a token is for `/userinfo`; the published keys hold those of both algorithms.
        /// Default: `RS256`
        /// Example: `signing: ES256`
        signing: Option<Located<TokenAlgorithm>> = "signing",
        /// Whether PKCE is `required` of the app. It is always accepted, and always required of a public client.
        /// Default: `optional`
        /// Example: `pkce: required`
        pkce: Option<Located<PkceRule>> = "pkce",
        /// Whether people are asked (`ask`) before the app gets access for the first time. An app of your own needs no consent.
        /// Default: `none`
        /// Example: `consent: ask`
        consent: Option<Located<ConsentRule>> = "consent",
        /// The names of the provider files whose own access tokens the app may fetch for a person, at `/apps/tokens/NAME`, with the access
        /// token that it has for that person. Such a file says `keepTokens: true`.
        /// Default: none
        /// Example: `tokens: [ clube-acme ]`
        tokens: Option<PossiblyEmptyList> = "tokens",
    }
}

fn misplaced_app_word_hint(word: &str) -> Option<&'static str> {
    match word {
        "clientId" | "client_id" | "id" => Some("the `client_id` is the key under `apps`: take this line out"),
        "clientSecret" | "client_secret" | "secretHash" | "password" => Some("write `secret: env:NAME`"),
        "public" | "isPublic" => Some("a public client has `secret: none`"),
        "token_endpoint_auth_method" | "tokenEndpointAuthMethod" | "authentication" => {
            Some("`secret` or `keys` says how the app proves who it is: take this line out")
        }
        "redirectUri"
        | "redirect_uri"
        | "redirect_uris"
        | "redirectURIs"
        | "redirects"
        | "callback"
        | "callbacks"
        | "callbackUrl"
        | "callbackUrls"
        | "callback_urls"
        | "allowedCallbackUrls" => Some("write `redirectUris: [ https://… ]`"),
        "postLogoutRedirectUris" | "post_logout_redirect_uris" | "postLogoutRedirectUri" | "logoutUrls" | "allowedLogoutUrls" => {
            Some("write `afterLogout: [ https://… ]`")
        }
        "backchannelLogoutUri" | "backchannel_logout_uri" | "backChannelLogoutUri" | "backchannel" => {
            Some("write `backChannelLogout: https://…`")
        }
        "grantTypes" | "grant_types" | "grant" | "flows" | "responseTypes" | "response_types" => {
            Some("write `grants: [ authorizationCode ]`")
        }
        "scope" | "allowedScopes" => Some("write `scopes: [ openid, email ]`"),
        "jwks" | "jwksUri" | "jwks_uri" | "publicKey" | "publicKeys" => Some("write `keys: https://…` or `keys: file:PATH`"),
        "title" | "client_name" | "clientName" | "displayName" => Some("write `name:`"),
        "aud" | "audiences" | "resource" | "resources" => Some("write `audience:`"),
        "introspects" | "introspection" | "api" | "service" => Some("write `serves: https://…`, the audience that this app itself is"),
        "id_token_signed_response_alg" | "idTokenSignedResponseAlg" | "alg" | "algorithm" => {
            Some("write `signing: RS256` or `signing: ES256`")
        }
        "requirePkce" | "require_pkce" | "pkceRequired" => Some("write `pkce: required`"),
        "keepTokens" => Some("this word belongs into the provider file; here `tokens` lists the providers"),
        "enabled" | "disabled" => Some("an app that is not to sign anyone in is left out of the file"),
        _ => None,
    }
}

choice! {
    /// Whether PKCE is required.
    pub(crate) enum PkceRule {
        /// It is accepted.
        Optional = "optional",
        /// A request without it is refused.
        Required = "required",
    }
}

choice! {
    /// Whether people are asked before an app gets access.
    pub(crate) enum ConsentRule {
        /// They are not asked.
        None = "none",
        /// They are asked.
        Ask = "ask",
    }
}

/// How an app proves who it is.
#[derive(Clone, Debug)]
pub(crate) enum AppSecretSpec {
    /// By a secret that is kept elsewhere.
    Kept(SecretReference),
    /// By a secret with this hash.
    Hash(SecretDigest),
    /// Not at all.
    Public,
}

impl WordValue for AppSecretSpec {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        if text.value == "none" {
            return Some(Self::Public);
        }
        if let Some(digits) = text.strip_prefix("sha256:") {
            let digest = SecretDigest::parse(digits);
            if digest.is_none() {
                let help = "`portaria apps secret NAME` makes a secret and prints this line";
                reader.complain(text.place, "what stands behind `sha256:` is not the hash of a secret: 64 hexadecimal digits", help);
            }
            return digest.map(Self::Hash);
        }
        let is_reference = ["env:", "env.", "file:", "ENV:", "$ENV", "${env", "{{"].iter().any(|beginning| text.starts_with(beginning));
        if is_reference {
            return SecretReference::read(node, reader).map(Self::Kept);
        }
        let help = "`portaria apps secret NAME` makes a secret and prints the line with its hash; or keep it in a variable or a file, \
                    and write where: `env:NAME` or `file:PATH`";
        reader.complain(text.place, "the secret of an app may not stand in the file", help);
        None
    }
    fn shape() -> ValueShape {
        ValueShape::Text("`env:NAME`, `file:PATH`, `sha256:…` or `none`")
    }
}

impl WordValue for Located<TokenAlgorithm> {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        let found = TokenAlgorithm::from_name(&text);
        if found.is_none() {
            complain_not_among(&text, &SIGNING_WORDS, reader);
        }
        found.map(|algorithm| Self::new(algorithm, text.place))
    }
    fn shape() -> ValueShape {
        ValueShape::Choice(&SIGNING_WORDS)
    }
}

const SIGNING_WORDS: [&str; 2] = ["RS256", "ES256"];

/// Where an app's keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AppKeysPlace<'s> {
    Address(&'s str),
    File(PathBuf),
}

impl AppSpec {
    /// Where its secret is kept, if it is kept elsewhere.
    pub(crate) fn secret_reference(&self) -> Option<&SecretReference> {
        match &self.secret {
            Some(AppSecretSpec::Kept(reference)) => Some(reference),
            Some(AppSecretSpec::Hash(_) | AppSecretSpec::Public) | None => None,
        }
    }

    /// Whether it can keep no secret.
    pub(crate) fn is_public(&self) -> bool {
        matches!(self.secret, Some(AppSecretSpec::Public))
    }

    /// The setting `keys`, as written.
    pub(crate) fn written_keys(&self) -> Option<&Located<String>> {
        self.keys.as_ref().and_then(|keys| keys.0.as_ref())
    }

    /// Where its keys are, if it has any.
    pub(crate) fn keys_place(&self) -> Option<AppKeysPlace<'_>> {
        let written = self.written_keys()?;
        Some(match written.strip_prefix("file:") {
            Some(path) => AppKeysPlace::File(PathBuf::from(path.trim())),
            None => AppKeysPlace::Address(&written.value),
        })
    }

    /// The file that holds its secret or its keys.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        let of_keys = || match self.keys_place()? {
            AppKeysPlace::File(path) => Some(path),
            AppKeysPlace::Address(_) => None,
        };
        self.secret_reference().and_then(|reference| reference.0.file()).or_else(of_keys)
    }

    /// The file or variable of its secret or keys, for sentences.
    pub(crate) fn kept_at(&self) -> Option<(String, Place)> {
        let of_keys = || self.written_keys().map(|written| (written.value.clone(), written.place));
        self.secret_reference().map(|reference| (reference.0.location(), reference.1)).or_else(of_keys)
    }

    /// Whether another version of the block reads its secret or its keys from the same place.
    pub(crate) fn reads_from_same_place(&self, other: &Self) -> bool {
        let secret = |spec: &Self| -> Option<ValueReference> { spec.secret_reference().map(|reference| reference.0.clone()) };
        secret(self) == secret(other) && self.keys_place() == other.keys_place()
    }

    /// What the app may redeem.
    pub(crate) fn grant_kinds(&self) -> Vec<AppGrantKind> {
        let written = self.grants.as_ref().map(|grants| grants.0.iter().map(|grant| grant.value).collect());
        written.unwrap_or_else(|| vec![AppGrantKind::AuthorizationCode])
    }
}

//! What an app asks for when it exchanges a token of a provider at `/token` (RFC 8693): its parameters, read and judged.

use crate::apps::authorization_request::{AuthorizationError, is_granted};
use crate::apps::client_app::ClientApp;
use crate::apps::scope::{self, OFFLINE_ACCESS, OPENID};
use crate::vocabulary::hash::{hex, sha256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The name of the grant.
pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:";
/// A shorter text could be guessed from its hash.
const SHORTEST_NONCE: usize = 32;

/// The kind of the token that the app hands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubjectToken {
    Id,
    Access,
}

/// The kind of the token that the app wants first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestedToken {
    Access,
    Refresh,
    Id,
}

impl RequestedToken {
    /// Its name in the specification.
    pub(crate) fn token_type(self) -> String {
        let name = match self {
            Self::Access => "access_token",
            Self::Refresh => "refresh_token",
            Self::Id => "id_token",
        };
        format!("{TOKEN_TYPE}{name}")
    }
}

/// A request that the app may make, as far as its parameters go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExchangeRequest<'a> {
    pub(crate) token: &'a str,
    pub(crate) kind: SubjectToken,
    pub(crate) nonce: Option<&'a str>,
    /// The name of the provider's file, if the app names it.
    pub(crate) provider: Option<&'a str>,
    pub(crate) requested: RequestedToken,
    /// The granted scopes, separated by blanks.
    pub(crate) scope: Box<str>,
}

impl ExchangeRequest<'_> {
    /// Whether the access is to be renewed without the person.
    pub(crate) fn is_offline(&self) -> bool {
        scope::has(&self.scope, OFFLINE_ACCESS)
    }
}

const fn error(code: &'static str, description: &'static str) -> AuthorizationError {
    AuthorizationError { code, description }
}

/// Reads a request. `value` finds a parameter; an empty one counts as left out.
pub(crate) fn read_exchange_request<'a>(
    app: &ClientApp,
    value: impl Fn(&str) -> Option<&'a str>,
) -> Result<ExchangeRequest<'a>, AuthorizationError> {
    if value("actor_token").is_some() || value("actor_token_type").is_some() {
        return Err(error("invalid_request", "`actor_token` is not supported: no app acts for another"));
    }
    let token = value("subject_token").ok_or(error("invalid_request", "`subject_token` is missing"))?;
    let kind = value("subject_token_type").ok_or(error("invalid_request", "`subject_token_type` is missing"))?;
    let kind = match kind.strip_prefix(TOKEN_TYPE) {
        Some("id_token") => SubjectToken::Id,
        Some("access_token") => SubjectToken::Access,
        Some(_) | None => return Err(error("invalid_request", "the subject token is an ID token or an access token of a provider")),
    };
    let requested = match value("requested_token_type").map(|kind| kind.strip_prefix(TOKEN_TYPE)) {
        None | Some(Some("access_token")) => RequestedToken::Access,
        Some(Some("refresh_token")) => RequestedToken::Refresh,
        Some(Some("id_token")) => RequestedToken::Id,
        Some(_) => return Err(error("invalid_request", "the requested token is an access token, a refresh token or an ID token")),
    };
    let nonce = value("nonce");
    if app.is_public() && (kind == SubjectToken::Access || nonce.is_none_or(|nonce| nonce.len() < SHORTEST_NONCE)) {
        let why = "an app without a secret hands in an ID token whose nonce is the SHA-256 of its `nonce`, a random text of 32 characters or more";
        return Err(error("invalid_request", why));
    }
    let scope = read_scope(app, value("scope"), requested)?;
    Ok(ExchangeRequest { token, kind, nonce, provider: value("provider"), requested, scope })
}

/// The granted scopes. Access that outlives a sign-out is never granted unasked.
fn read_scope(app: &ClientApp, asked: Option<&str>, requested: RequestedToken) -> Result<Box<str>, AuthorizationError> {
    let scope = match asked {
        Some(asked) => scope::granted(asked, |word| is_granted(app, word)),
        None => scope::granted(&app.scopes.join(" "), |word| word != OFFLINE_ACCESS),
    };
    let needed = match requested {
        RequestedToken::Access => None,
        RequestedToken::Refresh => Some(OFFLINE_ACCESS),
        RequestedToken::Id => Some(OPENID),
    };
    if asked.is_some() && scope.is_empty() {
        return Err(error("invalid_scope", "none of the requested scopes is among the `scopes` of this app"));
    }
    if needed.is_some_and(|needed| !scope::has(&scope, needed)) {
        return Err(error("invalid_scope", "a refresh token needs the scope `offline_access`, and an ID token `openid`"));
    }
    Ok(scope)
}

/// The nonce that an ID token has if the app which hands it in has asked for it: the hash of a text that never leaves the app before. A
/// thief reads the nonce in a stolen token, but not that text. `claimed` is the nonce in the token, which says how the hash is written.
pub(crate) fn hashed_nonce(text: &str, claimed: Option<&str>) -> String {
    let hash = sha256::<32>(text.as_bytes());
    let in_digits = hex(&hash);
    if claimed == Some(&*in_digits) { in_digits } else { URL_SAFE_NO_PAD.encode(hash) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::client_app::{AppAuthentication, AppGrantKind, AppGrantKinds, SecretDigest, public_app};

    const ID_TOKEN: &str = "subject_token=t&subject_token_type=urn:ietf:params:oauth:token-type:id_token";

    fn backend() -> ClientApp {
        ClientApp {
            authentication: AppAuthentication::Secret(SecretDigest::of("hush")),
            grants: AppGrantKinds(vec![AppGrantKind::TokenExchange, AppGrantKind::RefreshToken]),
            scopes: ["openid", "email", "offline_access", "orders:read"].map(Into::into).to_vec(),
            ..public_app()
        }
    }

    fn read(app: &ClientApp, query: &str) -> Result<(RequestedToken, String), &'static str> {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let value = |name: &str| pairs.iter().find(|(other, value)| other == name && !value.is_empty()).map(|(_, value)| value.as_str());
        read_exchange_request(app, value).map(|request| (request.requested, request.scope.into())).map_err(|error| error.code)
    }

    /// RFC 8693, 2.1, 2.2.2
    #[test]
    fn a_request_that_cannot_be_met_gets_the_error_of_the_specification() {
        let kind = "urn:ietf:params:oauth:token-type:";
        for (query, expected) in [
            ("", "invalid_request"),
            ("subject_token=t", "invalid_request"),
            (&*format!("subject_token_type={kind}id_token"), "invalid_request"),
            (&format!("subject_token=t&subject_token_type={kind}jwt"), "invalid_request"),
            (&format!("subject_token=t&subject_token_type={kind}refresh_token"), "invalid_request"),
            (&format!("subject_token=t&subject_token_type={kind}saml2"), "invalid_request"),
            ("subject_token=t&subject_token_type=id_token", "invalid_request"),
            (&format!("{ID_TOKEN}&actor_token=a&actor_token_type={kind}id_token"), "invalid_request"),
            (&format!("{ID_TOKEN}&requested_token_type={kind}jwt"), "invalid_request"),
            (&format!("{ID_TOKEN}&requested_token_type=access_token"), "invalid_request"),
            (&format!("{ID_TOKEN}&requested_token_type={kind}refresh_token&scope=openid"), "invalid_scope"),
            (&format!("{ID_TOKEN}&requested_token_type={kind}refresh_token"), "invalid_scope"),
            (&format!("{ID_TOKEN}&requested_token_type={kind}id_token&scope=email"), "invalid_scope"),
            (&format!("{ID_TOKEN}&scope=admin"), "invalid_scope"),
        ] {
            assert_eq!(read(&backend(), query).err(), Some(expected), "{query}");
        }
    }

    /// Attack V-08
    #[test]
    fn scopes_are_those_of_the_settings_and_lasting_access_is_asked_for() {
        let scopes = |app: &ClientApp, more: &str| read(app, &format!("{ID_TOKEN}{more}")).expect("it is fine").1;
        let online = ClientApp { grants: AppGrantKinds(vec![AppGrantKind::TokenExchange]), ..backend() };

        assert_eq!(scopes(&backend(), ""), "openid email orders:read");
        assert_eq!(scopes(&backend(), "&scope=openid+admin+offline_access"), "openid offline_access");
        assert_eq!(scopes(&online, "&scope=openid+offline_access"), "openid");
        let refresh = format!("{ID_TOKEN}&requested_token_type=urn:ietf:params:oauth:token-type:refresh_token&scope=offline_access");
        assert_eq!(read(&backend(), &refresh), Ok((RequestedToken::Refresh, "offline_access".to_owned())));
    }

    #[test]
    fn an_app_without_a_secret_shows_that_the_id_token_was_made_for_it() {
        let nonce = "n".repeat(32);
        let access_token = ID_TOKEN.replace(":id_token", ":access_token");

        assert!(read(&public_app(), &format!("{ID_TOKEN}&nonce={nonce}")).is_ok());
        for query in [ID_TOKEN.to_owned(), format!("{ID_TOKEN}&nonce={}", &nonce[1..]), format!("{access_token}&nonce={nonce}")] {
            assert_eq!(read(&public_app(), &query).err(), Some("invalid_request"), "{query}");
        }
        assert!(read(&backend(), ID_TOKEN).is_ok() && read(&backend(), &access_token).is_ok());
    }

    #[test]
    fn the_hash_of_a_nonce_is_written_as_the_token_has_it() {
        let digits = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

        assert_eq!(hashed_nonce("abc", Some(digits)), digits);
        for claimed in [None, Some("abc"), Some("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0")] {
            assert_eq!(hashed_nonce("abc", claimed), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
        }
    }
}

//! What a token that a request presents claims to be, by its type and its issuer. Nothing of it is verified here.

use crate::session::compact_token::PresentedToken;
use crate::session::token_claims::SESSION_TOKEN;
use serde_json::Value;

/// The type of access tokens for apps (RFC 9068).
pub(crate) const ACCESS_TOKEN: &str = "at+jwt";

/// The longest text that is taken apart.
const LONGEST: usize = 8 * 1024;

/// What a presented token claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// The token of a session of this issuer, or another token of it that has the same type.
    Session,
    /// An access token of this issuer for an app.
    AppAccess,
    /// Anything else. It is for another program, such as the API of the shop, and says nothing here.
    Foreign,
}

impl TokenKind {
    /// Classifies a token for this issuer. What claims to be ours has to be verified, and is refused otherwise.
    pub(crate) fn of(token: &str, issuer: &str) -> Self {
        let Some(parsed) = PresentedToken::parse(token, LONGEST) else { return Self::Foreign };
        let is_ours = parsed.claims().is_some_and(|claims| claims.get("iss").and_then(Value::as_str) == Some(issuer));
        if !is_ours {
            Self::Foreign
        } else if parsed.is_of_type(ACCESS_TOKEN) {
            Self::AppAccess
        } else if parsed.is_of_type(SESSION_TOKEN) {
            Self::Session
        } else {
            Self::Foreign
        }
    }
}

/// The token of an `Authorization` header with the scheme `Bearer`.
pub(crate) fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn token(header: &str, claims: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_is_ours_by_its_issuer_and_of_a_kind_by_its_type() {
        let header = |typ: &str| format!("{{\"typ\":\"{typ}\",\"alg\":\"ES256\",\"kid\":\"k\"}}");
        let ours = "{\"iss\":\"https://login.loja.example\"}";
        for (token, expected) in [
            (token(&header("JWT"), ours), TokenKind::Session),
            (token(&header("application/jwt"), ours), TokenKind::Session),
            (token(&header("at+jwt"), ours), TokenKind::AppAccess),
            (token(&header("application/AT+JWT"), ours), TokenKind::AppAccess),
            (token(&header("logout+jwt"), ours), TokenKind::Foreign),
            (token(&header("JWT"), "{\"iss\":\"https://login.outra.example\"}"), TokenKind::Foreign),
            (token(&header("JWT"), "{\"iss\":[\"https://login.loja.example\"]}"), TokenKind::Foreign),
            (token(&header("JWT"), "{}"), TokenKind::Foreign),
            (token("{\"alg\":\"none\"}", ours), TokenKind::Foreign),
            ("opaque".to_owned(), TokenKind::Foreign),
            (String::new(), TokenKind::Foreign),
            (format!("{}{}", token(&header("JWT"), ours), "a".repeat(LONGEST)), TokenKind::Foreign),
        ] {
            assert_eq!(TokenKind::of(&token, "https://login.loja.example"), expected, "{token}");
        }
    }

    #[test]
    fn only_the_scheme_bearer_carries_a_token() {
        for (header, expected) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Basic abc", None),
            ("Bearer", None),
            ("Bearerabc", None),
            ("", None),
        ] {
            assert_eq!(bearer_token(header), expected, "{header}");
        }
    }
}

//! The block `auth` of the settings: what `/auth` accepts besides the session cookie.

use crate::vocabulary::place::Located;
use crate::vocabulary::words::OneOrMany;
use crate::words;

words! {
    /// What `/auth` accepts besides the session cookie.
    pub(crate) struct AuthSpec ("auth block", elsewhere = misplaced_auth_word_hint) {
        /// The audiences for which access tokens of the store's apps are accepted at `/auth`, in `Authorization: Bearer`. The headers are
        /// then those of the person, with the app in `X-Auth-App` and its scopes in `X-Auth-Scope`; a token that an app got on its own
        /// behalf sets these two alone. Where this key is set, a request with such a header is judged by it alone and not by its
        /// cookie: a token that is not valid is answered with 401. Tokens that were issued before the key was set are not accepted;
        /// they expire within 15 minutes.
        /// Default: none; the header is not looked at
        /// Example: `bearer: https://api.loja.example`
        bearer: Option<OneOrMany<Located<String>>> = "bearer",
    }
}

fn misplaced_auth_word_hint(word: &str) -> Option<&'static str> {
    match word {
        "audience" | "audiences" | "accept" | "token" | "tokens" => Some("write `bearer: https://api.loja.example`"),
        "headers" | "claims" | "cookie" => Some("this key belongs into `session:`"),
        _ => None,
    }
}

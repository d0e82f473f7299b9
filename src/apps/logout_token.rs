//! The logout token: an app learns that a session has ended (OpenID Connect Back-Channel Logout 1.0, 2.4).

use crate::provider::signed_token::LOGOUT_EVENT;
use serde_json::{Value, json};

/// The type in its header.
pub(crate) const LOGOUT_TOKEN: &str = "logout+jwt";
/// How long it is valid, in seconds.
const GOOD_FOR: i64 = 120;

/// The ended session as the app was given it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndedAppSession<'a> {
    pub(crate) app: &'a str,
    pub(crate) uid: &'a str,
    pub(crate) sid: &'a str,
}

/// The claims of a logout token; `id` is its own.
pub(crate) fn logout_claims(issuer: &str, ended: EndedAppSession<'_>, id: &str, now: i64) -> Value {
    let EndedAppSession { app, uid, sid } = ended;
    json!({
        "iss": issuer,
        "sub": uid,
        "aud": app,
        "iat": now,
        "exp": now.saturating_add(GOOD_FOR),
        "jti": id,
        "sid": sid,
        "events": { LOGOUT_EVENT: {} },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logout_token_has_what_the_specification_demands_and_no_nonce() {
        let ended = EndedAppSession { app: "painel", uid: "u1", sid: "s1" };

        let claims = logout_claims("https://login.loja.example", ended, "j1", 100);

        let expected = json!({
            "iss": "https://login.loja.example", "sub": "u1", "aud": "painel", "iat": 100, "exp": 220, "jti": "j1", "sid": "s1",
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        assert_eq!(claims, expected);
    }
}

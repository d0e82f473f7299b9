//! The codes with which providers say that the person did not go through with the login, so that the page speaks of a cancellation.

/// Codes of a callback, in small letters. A code that is not listed is a refusal.
pub(crate) const CANCELLED: &[&str] = &[
    // RFC 6749, OpenID Connect Core 3.1.2.6 and its relatives: the person declined, or would have had to do something and did not.
    "access_denied",
    "account_selection_required",
    "consent_required",
    "interaction_required",
    "login_required",
    // What providers write in their place.
    "accessdenied",
    "access-denied",
    "authorization_denied",
    "authorization_cancelled",
    "authorization_canceled",
    "cancel",
    "canceled",
    "cancelled",
    "consent_denied",
    "denied",
    "deny",
    "oauth_access_denied",
    "permission_denied",
    "user_cancel",
    "user_canceled",
    "user_cancelled",
    "user_cancelled_authorize",
    "user_cancelled_login",
    "user_denied",
    "usercancel",
    "usercancelled",
    "userdenied",
];

/// Whether the code of a callback says that the person cancelled.
pub(crate) fn is_cancellation(code: &str) -> bool {
    let code = code.to_ascii_lowercase();
    CANCELLED.contains(&&*code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_code_of_the_table_is_a_cancellation() {
        for code in ["access_denied", "ACCESS_DENIED", "consent_required", "login_required", "user_cancelled_login", "cancel"] {
            assert!(is_cancellation(code), "{code}");
        }
        for code in ["invalid_scope", "subscription_cancelled_by_provider", "denied_by_policy_of_the_server", "server_error", ""] {
            assert!(!is_cancellation(code), "{code}");
        }
    }
}

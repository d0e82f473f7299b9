//! What names of parameters say, and how they become names of facts and variables.

use crate::vocabulary::secret_names::names_secret;
use crate::workbench::answers::keys::normalize_key;

/// Whether a value is distinctive enough to be followed from an answer to a later request.
pub(crate) fn is_followable(text: &str) -> bool {
    let long = text.len() >= 6 && text.len() <= 16 * 1024;
    let mixed = text.bytes().any(|byte| byte.is_ascii_digit()) || text.len() >= 16;
    long && !text.contains([' ', '\n']) && (mixed || text.contains("://"))
}

/// Whether a name says that its value is secret. More names do than [`names_secret`] knows, since no secret of a recording may
/// reach the file.
pub(crate) fn names_a_secret(name: &str) -> bool {
    let name = normalize_key(name);
    let parts = ["passwd", "senha", "credential", "appkey", "accesskey", "subscriptionkey"];
    let endings = ["token", "key", "sign", "signature", "pwd", "pin"];
    names_secret(&name)
        || parts.iter().any(|word| name.contains(word))
        || endings.iter().any(|word| name.ends_with(word)) && name != "responsetypetoken"
        || matches!(name.as_str(), "authorization" | "cookie" | "auth" | "pass")
}

/// Whether a value is a word of OAuth 2 itself.
pub(crate) fn is_oauth_word(text: &str) -> bool {
    matches!(
        text,
        "code"
            | "authorization_code"
            | "S256"
            | "plain"
            | "token"
            | "form_post"
            | "query"
            | "fragment"
            | "consent"
            | "login"
            | "none"
            | "online"
            | "offline"
    ) || text.starts_with("urn:")
}

/// A name in the spelling of facts: `client_ref` becomes `clientRef`.
pub(crate) fn to_camel_case(name: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for letter in name.chars() {
        if !letter.is_ascii_alphanumeric() {
            upper = !out.is_empty();
        } else if out.is_empty() {
            if letter.is_ascii_alphabetic() {
                out.push(letter.to_ascii_lowercase());
            }
        } else {
            out.push(if upper { letter.to_ascii_uppercase() } else { letter });
            upper = false;
        }
        if out.len() >= 40 {
            break;
        }
    }
    if out.is_empty() { "value".to_owned() } else { out }
}

/// A name in the spelling of variables: `clientRef` becomes `CLIENT_REF`.
pub(crate) fn to_variable_name(name: &str) -> String {
    let mut out = String::new();
    let mut last = '_';
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && (last.is_ascii_lowercase() || last.is_ascii_digit()) {
            out.push('_');
        }
        out.push(if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' });
        last = letter;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_turned_into_names() {
        assert_eq!(
            (to_camel_case("x-api_key").as_str(), to_variable_name("xApiKey").as_str(), to_variable_name("my-shop").as_str()),
            ("xApiKey", "X_API_KEY", "MY_SHOP")
        );
        assert_eq!((to_camel_case("9"), to_camel_case("open_id")), ("value".to_owned(), "openId".to_owned()));
    }
}

//! Which names suggest that their value is a secret. Upper case, signs and spaces do not count: `client_secret` and
//! `Client-Secret` are the same name.

use crate::vocabulary::data_file::read_data_file;
use serde::Deserialize;
use std::sync::LazyLock;

/// Parts of names. The file says what each list is for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretWords {
    secrets: Vec<String>,
    often_secrets: Vec<String>,
    passwords: Vec<String>,
}

static WORDS: LazyLock<SecretWords> = LazyLock::new(|| read_data_file(include_str!("secret_names.yaml")));

/// Whether a name or a label asks for a password.
pub(crate) fn names_password(name: &str) -> bool {
    let (plain, lower) = (normalized_name(name), name.to_lowercase());
    WORDS.passwords.iter().any(|word| if word.is_ascii() { plain.contains(word) } else { lower.contains(word) })
}

/// Whether a name suggests a secret, wherever it stands.
pub(crate) fn names_secret(name: &str) -> bool {
    let name = normalized_name(name);
    WORDS.secrets.iter().any(|word| name.contains(word))
}

/// Whether the name of a setting suggests a secret.
pub(crate) fn is_secret_setting(name: &str) -> bool {
    let name = normalized_name(name);
    WORDS.secrets.iter().chain(&WORDS.often_secrets).any(|word| name.contains(word))
}

/// Whether a name in a provider file ends in a word that often names a secret there.
pub(crate) fn often_names_secret(name: &str) -> bool {
    let name = normalized_name(name);
    WORDS.often_secrets.iter().any(|word| name.ends_with(word))
}

/// Whether a text ends in the name of a secret, so that what follows may be the secret.
pub(crate) fn announces_secret(text: &str) -> bool {
    let text = normalized_name(text);
    WORDS.secrets.iter().any(|word| text.ends_with(word))
}

fn normalized_name(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_in_every_spelling() {
        assert!(
            names_secret("clientSecret") && names_secret("X-Api-Key") && names_secret("private_key_id") && !names_secret("accessToken")
        );
        assert!(is_secret_setting("tokenOfLoja") && is_secret_setting("api key") && !is_secret_setting("shop"));
        assert!(often_names_secret("access_token") && !often_names_secret("tokenType") && !often_names_secret("clientSecret"));
        assert!(names_password("Ваш Пароль") && names_password("パスワード") && names_password("登入密碼"));
        assert!(names_password("Sua senha") && names_password("Contraseña") && !names_password("Secretaria"));
        assert!(announces_secret("# the client-secret:") && !announces_secret("# a secret of the shop:"));
    }
}

//! What values and keys look like: random or chosen by a person, an address, a URL; a name that a programmer chose, or personal
//! data. [`crate::vocabulary::privacy`] judges names and single words, for stories too; this module judges values.

use crate::vocabulary::privacy;

/// Whether a value looks drawn at random: long, of letters and digits, and not a sentence, an address or a date. It asks less
/// than [`privacy::looks_random`], which must not take a name for such a value.
pub(crate) fn looks_random(text: &str) -> bool {
    let is_token = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.=+/~|!*".contains(&byte));
    if text.len() < 16 || !is_token {
        return false;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    // A word with a year or a version in it was chosen.
    let longest_word = text.split(|letter: char| !letter.is_ascii_alphabetic()).map(str::len).max().unwrap_or(0);
    let case_changes = text.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_uppercase() != pair[1].is_ascii_uppercase()).count();
    let is_number = digits == text.len();
    let is_mixed = digits >= 2 && letters >= 2 && (longest_word * 2 < text.len() || case_changes * 4 > text.len());
    is_number || is_mixed || digits < 2 && case_changes * 3 > text.len() || privacy::looks_random(text)
}

/// Whether a short text looks generated: letters and digits mixed, or a number that no person would choose, as in `x7Gk2p` but not in
/// `oauth2` or `3600`.
pub(crate) fn looks_generated(text: &str) -> bool {
    text.len() <= 200 && !looks_like_url(text) && text.split(|letter: char| !letter.is_ascii_alphanumeric()).any(is_generated_word)
}

fn is_generated_word(word: &str) -> bool {
    let bytes = word.as_bytes();
    let turns = |fits: fn(&u8) -> bool| bytes.windows(2).filter(|pair| fits(&pair[0]) != fits(&pair[1])).count();
    if bytes.iter().all(u8::is_ascii_digit) {
        let is_date = bytes.len() == 8 && (word.starts_with("19") || word.starts_with("20"));
        return bytes.len() >= 5 && !is_date && !word.ends_with("00");
    }
    // `sha256`, `v2`, `2fa`: letters and digits meet once.
    bytes.len() >= 4 && turns(u8::is_ascii_digit) >= 2 || bytes.len() >= 6 && turns(u8::is_ascii_uppercase) * 2 > bytes.len()
}

/// Whether a text looks like an e-mail address.
pub(crate) fn looks_like_email(text: &str) -> bool {
    text.len() <= 254
        && !text.contains([' ', '/', ':'])
        && text.split_once('@').is_some_and(|(local, host)| !local.is_empty() && host.contains('.') && !host.contains('@'))
}

pub(crate) fn looks_like_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// Whether a key may be part of a proposed path: a name that a programmer chose, and no address, long number or opaque text.
pub(crate) fn is_name_for_path(key: &str) -> bool {
    let digits = key.chars().filter(char::is_ascii_digit).count();
    let is_written_as_name = key.chars().all(|letter| letter.is_alphanumeric() || "_-.:/~".contains(letter));
    let is_opaque = key.len() > 15 && digits > 2 && !key.contains(['_', '-', '.', '/', ':']);
    let is_name = key.len() <= 60 && key.chars().any(char::is_alphabetic) && is_written_as_name && !is_opaque;
    is_name && !is_language_tag(key) && !privacy::is_personal_key(key)
}

/// Whether a key is a language and a country, as `en_US`, which differs from person to person.
fn is_language_tag(key: &str) -> bool {
    let is_tag = |(language, country): (&str, &str)| {
        language.len() == 2
            && country.len() == 2
            && language.bytes().all(|byte| byte.is_ascii_lowercase())
            && country.bytes().all(|byte| byte.is_ascii_uppercase())
    };
    key.split_once(['_', '-']).is_some_and(is_tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_values_are_told_from_chosen_ones() {
        for text in [
            "9f86d081884c7d659a2feaa0c55ad015",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r",
            "550e8400-e29b-41d4-a716-446655440000",
            "104417220399817265001",
        ] {
            assert!(looks_random(text), "{text}");
        }
        for text in [
            "application/json",
            "2026-01-02 03:04:05",
            "id,name,first_name,last_name",
            "users.getCurrentUser",
            "authorization_code",
            "web:broker:1.0",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "wallet:user:read,wallet:user:email",
            "acme_business_basic",
            "openid profile email",
            "5.199",
            "2022-01-06",
            "id,username,account_type,media_count",
            "creator_properties_v2",
        ] {
            assert!(!looks_random(text), "{text}");
        }
    }

    #[test]
    fn odd_values_are_told_from_words_with_numbers() {
        for text in ["x7Gk2p", "s3cr3t", "48151623", "loja-7f3a9", "aBcDeFgH"] {
            assert!(looks_generated(text), "{text}");
        }
        for text in [
            "oauth2",
            "sha256",
            "v2",
            "3600",
            "86400",
            "2022-01-06",
            "20240101",
            "publicData",
            "acme.user.info.share",
            "RSA2",
            "1.0",
            "zh_CN",
        ] {
            assert!(!looks_generated(text), "{text}");
        }
    }

    #[test]
    fn a_path_is_proposed_only_with_names() {
        for key in ["id", "e-mail", "handle~", "http://schemas.acme.example/claims/emailaddress"] {
            assert!(is_name_for_path(key), "{key}");
        }
        for key in ["", "17", "ana@loja.example", "first name", "5511998877", "a1b2c3d4e5f6a7b8c9"] {
            assert!(!is_name_for_path(key), "{key}");
        }
    }
}

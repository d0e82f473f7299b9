//! How values look, and what their names say: only enough to tell what is made by chance from what somebody wrote.

/// A name in small letters without marks: `client_id`, `clientId` and `Client-Id` are one, and so are `código` and `codigo`.
pub(crate) fn normalize_name(name: &str) -> String {
    let letters = name.chars().flat_map(char::to_lowercase).map(|letter| match letter {
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' | 'ą' => 'a',
        'é' | 'è' | 'ê' | 'ë' | 'ę' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'ø' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ç' | 'ć' => 'c',
        'ñ' | 'ń' => 'n',
        'ł' => 'l',
        'ś' | 'š' => 's',
        'ż' | 'ź' | 'ž' => 'z',
        other => other,
    });
    letters.filter(char::is_ascii_alphanumeric).collect()
}

/// Whether a text looks as if it was made by chance: long, of letters and digits, and not a sentence, an address or a date.
pub(crate) fn looks_random(text: &str) -> bool {
    let fits = text.len() >= 16
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'=' | b'+' | b'/' | b'~' | b'|' | b'!' | b'*')
        });
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    // A word with a year or a version in it is no chance.
    let longest_word = text.split(|letter: char| !letter.is_ascii_alphabetic()).map(str::len).max().unwrap_or(0);
    let capitals_inside = text.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_uppercase() != pair[1].is_ascii_uppercase()).count();
    fits && (letters == 0 && text.bytes().all(|byte| byte.is_ascii_digit())
        || digits >= 2 && letters >= 2 && (longest_word * 2 < text.len() || capitals_inside * 4 > text.len())
        || digits < 2 && capitals_inside * 3 > text.len())
}

/// Whether a value may be followed from an answer to a later request.
pub(crate) fn is_followable(text: &str) -> bool {
    let long = text.len() >= 6 && text.len() <= 16 * 1024;
    let mixed = text.bytes().any(|byte| byte.is_ascii_digit()) || text.len() >= 16;
    long && !text.contains([' ', '\n']) && (mixed || text.contains("://"))
}

/// Whether a short text is odd: letters and digits mixed, or a number that nobody would choose, as in `x7Gk2p` but not in `oauth2` or `3600`.
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

/// Whether a name says that its value is nobody's business.
pub(crate) fn names_a_secret(name: &str) -> bool {
    let name = normalize_name(name);
    let inside = [
        "secret",
        "password",
        "passwd",
        "passphrase",
        "senha",
        "credential",
        "privatekey",
        "apikey",
        "appkey",
        "accesskey",
        "subscriptionkey",
    ];
    let at_the_end = ["token", "key", "sign", "signature", "pwd", "pin"];
    inside.iter().any(|word| name.contains(word))
        || at_the_end.iter().any(|word| name.ends_with(word)) && name != "responsetypetoken"
        || matches!(name.as_str(), "authorization" | "cookie" | "auth" | "pass")
}

/// Whether a value is one of the words that OAuth 2 itself knows.
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

/// A name as facts have it: `client_ref` becomes `clientRef`.
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

/// A name in capitals, as variables have it.
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

/// Whether a text looks like an e-mail address.
pub(crate) fn looks_like_email(text: &str) -> bool {
    text.len() <= 254
        && !text.contains([' ', '/', ':'])
        && text.split_once('@').is_some_and(|(local, host)| !local.is_empty() && host.contains('.') && !host.contains('@'))
}

/// Whether a text is an address of the web.
pub(crate) fn looks_like_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_told_from_what_somebody_wrote() {
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
    fn what_is_odd_is_told_from_words_with_numbers() {
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
    fn names_are_turned_into_names() {
        assert_eq!(
            (to_camel_case("x-api_key").as_str(), to_variable_name("xApiKey").as_str(), to_variable_name("my-shop").as_str()),
            ("xApiKey", "X_API_KEY", "MY_SHOP")
        );
        assert_eq!((to_camel_case("9"), to_camel_case("open_id")), ("value".to_owned(), "openId".to_owned()));
    }
}

//! How values look, and what their names say: only enough to tell what is made by chance from what somebody wrote.

/// A name in small letters without marks: `client_id`, `clientId` and `Client-Id` are one.
pub fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Whether a text looks as if it was made by chance: long, of letters and digits, and not a sentence, an address or a date.
pub fn is_random(text: &str) -> bool {
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
        || digits == 0 && capitals_inside * 3 > text.len())
}

/// Whether a value may be followed from an answer to a later request.
pub fn is_followable(text: &str) -> bool {
    let long = text.len() >= 6 && text.len() <= 16 * 1024;
    let mixed = text.bytes().any(|byte| byte.is_ascii_digit()) || text.len() >= 16;
    long && !text.contains([' ', '\n']) && (mixed || text.contains("://"))
}

/// Whether a name says that its value is nobody's business.
pub fn says_secret(name: &str) -> bool {
    let name = plain(name);
    ["secret", "password", "passwd", "privatekey", "apikey", "appkey", "accesskey", "subscriptionkey"]
        .iter()
        .any(|word| name.contains(word))
        || name.ends_with("token") && name != "responsetypetoken"
        || matches!(name.as_str(), "key" | "authorization" | "cookie")
}

/// Whether a value is one of the words that OAuth 2 itself knows.
pub fn is_standard_word(text: &str) -> bool {
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
pub fn camel(name: &str) -> String {
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
pub fn variable(name: &str) -> String {
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
pub fn is_email(text: &str) -> bool {
    text.len() <= 254
        && !text.contains([' ', '/', ':'])
        && text.split_once('@').is_some_and(|(local, host)| !local.is_empty() && host.contains('.') && !host.contains('@'))
}

/// Whether a text is an address of the web.
pub fn is_address(text: &str) -> bool {
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
            assert!(is_random(text), "{text}");
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
            "instagram_business_basic",
            "openid profile email",
            "5.199",
            "2022-01-06",
            "id,username,account_type,media_count",
            "creator_properties_v2",
        ] {
            assert!(!is_random(text), "{text}");
        }
    }

    #[test]
    fn names_are_turned_into_names() {
        assert_eq!(
            (camel("x-api_key").as_str(), variable("xApiKey").as_str(), variable("my-shop").as_str()),
            ("xApiKey", "X_API_KEY", "MY_SHOP")
        );
        assert_eq!((camel("9"), camel("open_id")), ("value".to_owned(), "openId".to_owned()));
    }
}

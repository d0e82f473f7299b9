//! Whether a value that is written in a provider file is a secret itself, rather than the name of a place that holds one.

use crate::vocabulary::secret_names::{names_secret, often_names_secret};

/// Whether the value under this name is a secret that is written out.
pub(crate) fn is_written_secret(name: &str, value: &str) -> bool {
    (names_secret(name) || often_names_secret(name)) && !refers_to_secret(value.trim())
}

/// The values in a query that are secrets written out, each with its name: the bytes.
pub(crate) fn secrets_in_query(query: &str) -> Vec<(&str, std::ops::Range<usize>)> {
    let mut found = Vec::new();
    let mut start: usize = 0;
    for pair in query.split('&') {
        let name = pair.split('=').next().unwrap_or_default();
        let (from, end) = (start.saturating_add(name.len()).saturating_add(1), start.saturating_add(pair.len()));
        let name = name.trim_start_matches('?');
        if let Some(value) = query.get(from..end)
            && !value.is_empty()
            && is_written_secret(name, value)
        {
            found.push((name, from..end));
        }
        start = end.saturating_add(1);
    }
    found
}

/// Whether a value says where a secret is kept, or that there is none, rather than being one.
pub(crate) fn refers_to_secret(value: &str) -> bool {
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match value {
        // `token: answer` says that the whole answer is the token.
        "" | "none" | "null" | "~" | "|" | ">" | "|-" | ">-" | "-" | "answer" => true,
        _ if value.starts_with("$.") || value.starts_with("$[") || is_parameter_name(value) => true,
        _ => {
            value.strip_prefix("env:").is_some_and(|name| is_name(name.trim()))
                || value.strip_prefix("file:").is_some_and(|path| !path.trim().contains(' '))
                || is_only_holes(value)
                || value.split_once(' ').is_some_and(|(scheme, rest)| is_scheme(scheme) && rest.contains("${") && is_only_holes(rest))
        }
    }
}

/// Whether it is what a provider calls a parameter, as in `rename`.
fn is_parameter_name(value: &str) -> bool {
    let usual = ["secret", "clientSecret", "appSecret", "key", "password", "token"];
    let of_a_client = ["client_", "app_", "api_"].iter().any(|first| value.starts_with(first));
    usual.contains(&value) || of_a_client && value.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Whether a text consists of holes.
fn is_only_holes(text: &str) -> bool {
    without_placeholders(text).is_some_and(|rest| rest.trim().is_empty())
}

/// Whether a word before a hole is the scheme of an `Authorization` header (RFC 7235 2.1), such as `Bearer` or `OAuth2`. A longer word, or
/// one with digits in its midst, may be a secret.
fn is_scheme(word: &str) -> bool {
    const LONGEST: usize = 20;
    let is_of_token = |byte: u8| byte.is_ascii_alphabetic() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let letters = word.trim_end_matches(|letter: char| letter.is_ascii_digit());
    word.len() <= LONGEST && letters.starts_with(|first: char| first.is_ascii_alphabetic()) && letters.bytes().all(is_of_token)
}

/// What is left of a text without its holes, if they are all closed.
fn without_placeholders(text: &str) -> Option<String> {
    let mut left = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        left.push_str(before);
        rest = after.split_once('}')?.1;
    }
    left.push_str(rest);
    Some(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_before_nothing_is_no_scheme() {
        assert!(!refers_to_secret("hunter ") && !refers_to_secret("hunter two"));
    }

    #[test]
    fn a_value_under_the_name_of_a_secret_is_one_unless_it_says_where_the_secret_is() {
        for (name, value, expected) in [
            ("access_token", "hunter2", true),
            ("Authorization", "Bearer hunter2", true),
            ("Authorization", "Bearer ${accessToken}", false),
            ("Authorization", "Zoho-oauthtoken ${accessToken}", false),
            ("Authorization", "OAuth2  ${accessToken}", false),
            ("Authorization", "Bearer hunter2 ${accessToken}", true),
            ("Authorization", "Bearer ${accessToken} hunter2", true),
            ("Authorization", "Bearer hunter2${accessToken}", true),
            ("Authorization", "h4nter ${accessToken}", true),
            ("Authorization", "abcdefghijklmnopqrstu ${accessToken}", true),
            ("Authorization", "1234567 ${accessToken}", true),
            ("Authorization", "hunter", true),
            ("token", "${a}hunter2", true),
            ("client_secret", "env:ACME_SECRET", false),
            ("scope", "hunter2", false),
            ("token_type", "bearer", false),
        ] {
            assert_eq!(is_written_secret(name, value), expected, "{name}: {value}");
        }
    }

    #[test]
    fn secrets_are_found_in_a_query() {
        let found = |query: &'static str| -> Vec<(&str, &str)> {
            secrets_in_query(query).into_iter().map(|(name, bytes)| (name, &query[bytes])).collect()
        };

        assert_eq!(found("?v=2&api_key=hunter2&x"), [("api_key", "hunter2")]);
        assert_eq!(found("token=a=b&access_token=c"), [("token", "a=b"), ("access_token", "c")]);
        assert!(found("").is_empty() && found("token").is_empty() && found("token=").is_empty() && found("&&=").is_empty());
    }
}

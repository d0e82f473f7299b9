//! What providers call the parameters of requests, and which of them a text names.

use crate::vocabulary::data_file::read_data_file;
use crate::workbench::answers::keys::normalize_key;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ParameterNames {
    names: Vec<String>,
    words: Vec<String>,
}

static PARAMETERS: LazyLock<BTreeMap<String, ParameterNames>> = LazyLock::new(|| read_data_file(include_str!("parameters.yaml")));

/// The standard parameters with the facts that fill them; literals are written as they are sent.
const VALUES: &[(&str, &str)] = &[
    ("client_id", "${clientId}"),
    ("client_secret", "${clientSecret}"),
    ("code", "${code}"),
    ("redirect_uri", "${redirectUri}"),
    ("access_token", "${accessToken}"),
    ("grant_type", "authorization_code"),
    ("response_type", "code"),
    ("code_verifier", "${codeVerifier}"),
    ("code_challenge", "${codeChallenge}"),
    ("nonce", "${nonce}"),
    ("state", "${state}"),
];

/// At most this many letters of a text are looked through.
const LONGEST: usize = 4_000;
/// At most this many names are found in a text.
const MOST: usize = 12;

/// Words that say that something is missing, in front of a name or behind it.
const MISSING: &[&str] = &[
    "missing",
    "required",
    "absent",
    "empty",
    "no",
    "need",
    "needs",
    "needed",
    "expected",
    "provide",
    "provided",
    "given",
    "parameter",
    "param",
    "field",
    "header",
    "without",
    "include",
    "set",
    "ausente",
    "falta",
    "faltando",
    "obrigatorio",
    "obligatorio",
    "parametro",
];

/// The standard name of a parameter that a provider calls so.
pub(crate) fn standard_name(name: &str) -> Option<&'static str> {
    let plain = normalize_key(name);
    let known = VALUES.iter().map(|(standard, _)| *standard).chain(["scope"]);
    known.into_iter().find(|standard| {
        *standard == name
            || PARAMETERS
                .get(*standard)
                .is_some_and(|other| normalize_key(standard) == plain || other.names.contains(&plain) || other.words.contains(&plain))
    })
}

/// What a standard parameter is filled with, as a file writes it.
pub(crate) fn standard_value(name: &str) -> Option<&'static str> {
    VALUES.iter().find(|(standard, _)| *standard == name).map(|(_, value)| *value)
}

/// A name of a parameter or header that a text mentions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MentionedName {
    pub(crate) name: String,
    /// Whether the text calls it one, as in `parameter: app` and `field 'app'`.
    pub(crate) is_explicit: bool,
}

/// Words behind which a name follows.
const KINDS: &[&str] = &["parameter", "param", "field", "header", "parametro", "campo"];

/// Whether a name is an ordinary word that stands for a standard parameter as well.
pub(crate) fn is_listed_word(name: &str) -> bool {
    let plain = normalize_key(name);
    PARAMETERS.values().any(|parameter| parameter.words.contains(&plain))
}

/// Whether a name is an ordinary word.
fn is_word(name: &str) -> bool {
    is_listed_word(name)
        || name.chars().enumerate().all(|(at, letter)| letter.is_ascii_lowercase() || at == 0 && letter.is_ascii_uppercase())
}

/// The names of parameters and headers that a text mentions, the likeliest first. `known` are the names of the file itself.
pub(crate) fn names_in_text(text: &str, known: &[String]) -> Vec<MentionedName> {
    let text: String = text.chars().take(LONGEST).collect();
    let is_media_type =
        |piece: &&str| ["application/", "text/", "multipart/"].iter().any(|start| piece.trim_start_matches('\'').starts_with(start));
    let pieces: Vec<&str> = text
        .split_whitespace()
        .filter(|piece| !is_media_type(piece))
        .flat_map(|piece| piece.split(['=', '/', '(', ')', ',', ';', '<', '>', '{', '}', '[', ']']))
        .collect();
    let bare = |piece: &str| piece.trim_matches(|letter: char| !letter.is_ascii_alphanumeric()).to_owned();
    let says_missing = |piece: Option<&&str>| piece.is_some_and(|piece| MISSING.contains(&normalize_key(piece).as_str()));
    let mut found: Vec<(u8, MentionedName)> = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let name = bare(piece);
        if !can_be_name(&name) || is_code_of_error(&name) {
            continue;
        }
        let is_quoted = piece.contains(['\'', '"', '`', '«', '“']);
        let is_asked = says_missing(at.checked_sub(1).and_then(|before| pieces.get(before))) || says_missing(pieces.get(at + 1)) || {
            // `app_id is missing`, `app_id must not be empty`
            let is_judged =
                pieces.get(at + 2).is_some_and(|next| ["invalid", "expired", "incorrect", "wrong", "used"].contains(&bare(next).as_str()));
            !is_judged && pieces.get(at + 1).is_some_and(|next| matches!(*next, "is" | "was" | "must" | "not" | "cannot" | "fehlt"))
        };
        let before = at.checked_sub(1).and_then(|before| pieces.get(before));
        let is_explicit =
            before.is_some_and(|before| KINDS.contains(&normalize_key(before).as_str()) && (is_quoted || before.ends_with(':')));
        let is_known = known.iter().any(|known| known.eq_ignore_ascii_case(&name));
        let has_parts = name.contains(['_', '-']) || name.chars().skip(1).any(char::is_uppercase) && name.chars().any(char::is_lowercase);
        let is_listed = standard_name(&name).is_some();
        let weight = match (is_word(&name), is_quoted || is_asked) {
            (false, true) => 4,
            (true, _) if is_explicit && is_asked => 3,
            // A word counts only where the sentence asks for it.
            (is_word, is_asked) if (is_known || is_listed) && (is_asked || !is_word) => 3,
            (false, false) if has_parts => 1,
            (true | false, _) => 0,
        };
        if weight > 0 && found.len() < MOST && found.iter().all(|(_, other)| other.name != name) {
            found.push((weight, MentionedName { name, is_explicit }));
        }
    }
    found.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    found.into_iter().map(|(_, name)| name).collect()
}

/// Whether a word can be the name of a parameter or header. A text may also hold values, such as a phone number or a key, which no
/// proposal shows: they hold digits in the middle, or letters that are written as no name is.
pub(crate) fn can_be_name(word: &str) -> bool {
    let mut parts = word.split(['_', '-', '.', ':']).filter(|part| !part.is_empty());
    (2..=40).contains(&word.len()) && word.starts_with(|letter: char| letter.is_ascii_alphabetic()) && parts.all(can_be_part)
}

/// Whether a part of a word is written as names are: `app`, `App`, `APP`, `appId`, `AppId`, `appID`, `oauth2`.
fn can_be_part(part: &str) -> bool {
    let letters = part.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let lower = letters.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
    let capitals_in_front = letters.len().saturating_sub(lower.len());
    let capitals_behind = lower.chars().filter(char::is_ascii_uppercase).count();
    let is_vowel = |letter: char| "aeiouyAEIOUY".contains(letter);
    let is_written_so = match (capitals_in_front, capitals_behind) {
        (0 | 1, 0 | 1) => true,
        (0, 2) => lower.ends_with("ID"),
        (2..=8, 0) => lower.is_empty(),
        _ => false,
    };
    is_written_so
        && part.len().saturating_sub(letters.len()) <= 2
        && letters.chars().all(|letter| letter.is_ascii_alphabetic())
        && (letters.len() < 5 || letters.contains(is_vowel))
}

/// Whether a word is the code of an error and no name of a parameter.
fn is_code_of_error(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "invalid_",
        "unsupported_",
        "missing_",
        "unauthorized_",
        "access_denied",
        "server_error",
        "insufficient_",
        "not_found",
        "error_",
        "temporarily_",
    ]
    .iter()
    .any(|start| name.starts_with(start))
        || ["invalid_request", "www-authenticate", "content-type", "json", "form-urlencoded", "x-www-form-urlencoded"]
            .contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_known_by_its_other_names() {
        for (name, standard) in
            [("app_id", "client_id"), ("appSecret", "client_secret"), ("authCode", "code"), ("return_to", "redirect_uri")]
        {
            assert_eq!(standard_name(name), Some(standard));
        }
        assert_eq!(standard_name("fields"), None);
        assert_eq!(standard_value("code"), Some("${code}"));
    }

    #[test]
    fn what_a_sentence_names_is_found_and_what_it_only_says_is_not() {
        let known = ["fields".to_owned(), "Acme-Version".to_owned()];
        for (text, name) in [
            ("Missing required parameter: app_id", "app_id"),
            ("no code given", "code"),
            ("field 'fields' must not be empty", "fields"),
            ("header acme-version absent", "acme-version"),
            ("缺少参数 appKey", "appKey"),
            ("session_key missing", "session_key"),
            ("Missing required parameter: ReturnUrl", "ReturnUrl"),
            ("Missing required parameter: lang", "lang"),
            ("field 'lang' must not be empty", "lang"),
        ] {
            assert_eq!(names_in_text(text, &known).first().map(|found| found.name.as_str()), Some(name), "{text}");
        }
        for text in [
            "invalid_client Client authentication failed",
            "please sign in",
            "bad app credentials",
            "17",
            "code 17",
            "'97546-9548' is missing",
            "the token 'a8B7c6D5e4' expired",
            "user 'ana' is missing",
            "Unsupported content type, expected application/json",
        ] {
            assert!(names_in_text(text, &known).is_empty(), "{text}: {:?}", names_in_text(text, &known));
        }
    }
}

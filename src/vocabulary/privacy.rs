//! Guesses whether a word is personal data or a name that a programmer chose. A doubtful word counts as personal data.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// What is shown in place of personal data.
pub(crate) const HIDDEN: &str = "‹…›";
/// What is shown in place of a key that may be a value.
pub(crate) const HIDDEN_KEY: &str = "‹key›";

/// Shorter words are not taken for encoded texts.
const SHORTEST_CODED: usize = 12;
/// Words of field names and of providers' sentences that are no names of people.
const WORDS: &[&str] = &[
    "access",
    "account",
    "address",
    "app",
    "application",
    "auth",
    "authorization",
    "bad",
    "birth",
    "client",
    "code",
    "contact",
    "country",
    "date",
    "display",
    "email",
    "error",
    "family",
    "first",
    "forbidden",
    "full",
    "given",
    "grant",
    "internal",
    "invalid",
    "last",
    "login",
    "mail",
    "message",
    "method",
    "missing",
    "mobile",
    "name",
    "not",
    "number",
    "phone",
    "redirect",
    "request",
    "required",
    "response",
    "scope",
    "secret",
    "server",
    "service",
    "session",
    "state",
    "status",
    "the",
    "this",
    "token",
    "type",
    "unauthorized",
    "uri",
    "url",
    "user",
    "you",
    "your",
];
/// Words of a sentence after which the name of a person may follow.
const INTRODUCING: &[&str] = &["user", "member", "customer", "named", "name", "usuário", "usuario", "cliente", "conta"];

/// Whether a word is an encoding of a text: base64 of something that can be read.
pub(crate) fn is_base64_text(word: &str) -> bool {
    let word = word.trim_end_matches(['=', '_']);
    if word.len() < SHORTEST_CODED {
        return false;
    }
    let lenient =
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent);
    [&URL_SAFE, &STANDARD].into_iter().any(|alphabet| {
        let decoded = GeneralPurpose::new(alphabet, lenient).decode(word).ok();
        let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        text.is_some_and(|text| text.chars().all(|letter| letter.is_alphanumeric() || " @.,:;_+-/{}\"'".contains(letter)))
    })
}

/// Whether a word looks random: its letters and digits change their kind all the time.
pub(crate) fn looks_random(word: &str) -> bool {
    if word.len() < SHORTEST_CODED {
        return false;
    }
    let kinds: Vec<char> = word
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|byte| {
            if byte.is_ascii_digit() {
                '0'
            } else if byte.is_ascii_uppercase() {
                'A'
            } else {
                'a'
            }
        })
        .collect();
    let changes = kinds.iter().zip(kinds.iter().skip(1)).filter(|(one, next)| one != next).count();
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    // A name that a programmer chose does not mix all three at this length.
    let is_mixed =
        kinds.len() >= 16 && ['0', 'A', 'a'].iter().all(|of| kinds.iter().filter(|kind| *kind == of).count() >= 2) && changes >= 5;
    changes.saturating_mul(100) > kinds.len().saturating_mul(42) && digits > 0 || changes > kinds.len() / 2 || is_mixed
}

/// Whether a word contains an e-mail address, plain or percent-encoded.
pub(crate) fn contains_email_address(word: &str) -> bool {
    word.contains('@') || (word.contains('%') && percent_encoding::percent_decode_str(word).decode_utf8_lossy().contains('@'))
}

/// Whether a key is more likely personal data than a name that a programmer chose.
pub(crate) fn is_personal_key(key: &str) -> bool {
    let words: Vec<&str> = key.split(' ').collect();
    let is_full_name = words.len() > 1 && words.iter().all(|word| looks_like_person_name(word));
    key.bytes().filter(u8::is_ascii_digit).count() >= 4
        || key.len() > 64
        || (contains_email_address(key) && key.contains('.'))
        || is_base64_text(key)
        || looks_random(key)
        || is_full_name
}

/// Whether a key is a field name, and not a value such as a person's address.
pub(crate) fn is_field_name(key: &str) -> bool {
    key.chars().all(|c| c.is_alphanumeric() || "_-.:/$#@ ".contains(c)) && !is_personal_key(key)
}

/// The key, or a mask if it looks like a value.
pub(crate) fn masked_key(key: &str) -> String {
    if is_field_name(key) { key.to_owned() } else { HIDDEN_KEY.to_owned() }
}

/// Whether a word is written like a person's name: a capital, then small letters.
fn looks_like_person_name(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_uppercase)
        && word.chars().count() > 2
        && letters.all(char::is_lowercase)
        && !WORDS.contains(&word.to_lowercase().as_str())
}

/// A text without personal data: addresses, long numbers, encoded and opaque words and names are replaced, and the
/// query of a URL is left out.
pub(crate) fn without_personal_data(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let bare = |word: &str| word.trim_matches(|letter: char| !letter.is_alphanumeric()).to_owned();
    let before = |at: usize| at.checked_sub(1);
    let named = |at: usize| words.get(at).is_some_and(|word| looks_like_person_name(&bare(word)));
    let numbers = long_number_words(&words);
    let one = |(at, word): (usize, &&str)| {
        let introduction = before(at).and_then(|before| words.get(before));
        let introduced = introduction.is_some_and(|word| INTRODUCING.contains(&bare(word).to_lowercase().as_str()));
        let in_a_name = named(at) && (introduced || named(at.saturating_add(1)) || before(at).is_some_and(named));
        if in_a_name || numbers.get(at).is_some_and(|number| *number) { HIDDEN.to_owned() } else { masked_word(word).to_owned() }
    };
    words.iter().enumerate().map(one).collect::<Vec<_>>().join(" ")
}

/// A provider's error code, with a mask for each address, name and encoded word; numbers stay, since they are codes too.
pub(crate) fn code_without_personal_data(code: &str) -> String {
    let words: Vec<&str> = code.split_whitespace().collect();
    let named = |at: usize| words.get(at).is_some_and(|word| looks_like_person_name(word));
    let is_kept = |at: usize, word: &str| {
        let in_a_name = named(at) && (named(at.saturating_add(1)) || at.checked_sub(1).is_some_and(named));
        !in_a_name && !contains_email_address(word) && !is_base64_text(word) && !looks_random(word)
    };
    let mut shown = String::with_capacity(code.len());
    let mut rest = code;
    for (at, word) in words.iter().enumerate() {
        let (blank, behind) = rest.split_at(rest.find(word).unwrap_or_default());
        shown.push_str(blank);
        shown.push_str(if is_kept(at, word) { word } else { HIDDEN });
        rest = behind.strip_prefix(word).unwrap_or(behind);
    }
    shown.push_str(rest);
    shown
}

/// For each word, whether it is part of a long number that is written in groups.
fn long_number_words(words: &[&str]) -> Vec<bool> {
    let is_group = |word: &&str| {
        word.bytes().any(|byte| byte.is_ascii_digit()) && word.chars().all(|letter| letter.is_ascii_digit() || "+-.,;:()/".contains(letter))
    };
    let mut list = Vec::with_capacity(words.len());
    for group in words.chunk_by(|one, other| is_group(one) && is_group(other)) {
        let digits: usize = group.iter().map(|word| word.bytes().filter(u8::is_ascii_digit).count()).sum();
        list.extend(group.iter().map(|word| is_group(word) && digits >= 7));
    }
    list
}

fn masked_word(word: &str) -> &str {
    let is_on_the_web = word.starts_with("https://") || word.starts_with("http://");
    let shown = if is_on_the_web { word.split(['?', '#']).next().unwrap_or_default() } else { word };
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "+-_=".contains(letter);
    let is_personal = contains_email_address(shown)
        || shown.bytes().filter(u8::is_ascii_digit).count() >= 4
        || (!is_on_the_web && shown.len() > 40)
        || shown.split(|letter| !is_part(letter)).any(|part| is_base64_text(part) || looks_random(part));
    if is_personal { HIDDEN } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_personal_key_is_told_from_a_name() {
        for key in [
            "ana@loja.example",
            "5511998877665",
            "Ana Silva",
            "YW5hQGxvamEuZXhhbXBsZQ",
            "YW5hQGxvamEuZXhhbXBsZQ==",
            "kJ3xQd9ZbT0wLmVrPq2a",
            "ana%40loja.example",
        ] {
            assert!(is_personal_key(key), "{key}");
        }
        for key in [
            "id",
            "emailVerified",
            "email_verified",
            "oauth2AccessToken",
            "preferred_username",
            "isEmailVerifiedByUs",
            "First Name",
            "Display Name",
            "x-request-id",
            "http://schemas.acme.example/claims/emailaddress",
            "urn:oasis:names:tc",
            "profilePictureURLHttps",
            "administrators",
            "subscriptionStatus",
        ] {
            assert!(!is_personal_key(key), "{key}");
        }
    }

    #[test]
    fn a_sentence_is_shown_without_personal_data() {
        for (said, expected) in [
            ("not today", "not today"),
            ("no ana%40loja.example here", "no ‹…› here"),
            ("no YW5hQGxvamEuZXhhbXBsZQ== here", "no ‹…› here"),
            ("for=YW5hQGxvamEuZXhhbXBsZQ", "‹…›"),
            ("call +55 11 98-76 54 now", "call ‹…› ‹…› ‹…› ‹…› now"),
            ("the user Ana is blocked", "the user ‹…› is blocked"),
            ("Ana Silva, may not", "‹…› ‹…› may not"),
            ("Invalid Redirect Uri for this App", "Invalid Redirect Uri for this App"),
            ("error 403 in api v2", "error 403 in api v2"),
            ("see https://acme.example/users/YW5hQGxvamEuZXhhbXBsZQ", "see ‹…›"),
            ("see https://docs.acme.example/errors#invalid_grant", "see https://docs.acme.example/errors"),
            ("the content-type is application/x-www-form-urlencoded", "the content-type is application/x-www-form-urlencoded"),
            ("`emailVerified` was not found in the answer of getUserInfo", "`emailVerified` was not found in the answer of getUserInfo"),
        ] {
            assert_eq!(without_personal_data(said), expected);
        }
    }
}

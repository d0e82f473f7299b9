//! Keys in one spelling: `avatarUrl`, `avatar_url` and `Avatar-URL` are the same key, and so are `código` and `codigo`.

/// At most this many letters of a key are looked at.
const LONGEST: usize = 200;

/// The words of a key, in small letters and without accents.
pub(crate) fn key_words(key: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for letter in key.chars().take(LONGEST) {
        if letter.is_alphanumeric() {
            let begins = !before.is_alphanumeric()
                || (letter.is_uppercase() && !before.is_uppercase())
                || (letter.is_numeric() != before.is_numeric());
            if begins {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(letter.to_lowercase().map(without_accent));
            }
        }
        before = letter;
    }
    words
}

/// A key in small letters, without accents and without anything between its words.
pub(crate) fn normalize_key(key: &str) -> String {
    key_words(key).concat()
}

/// The letter without its accent.
pub(crate) fn without_accent(letter: char) -> char {
    match letter {
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
    }
}

/// How alike two keys are written, from 0 to 1.
pub(crate) fn spelling_similarity(one: &str, other: &str) -> f32 {
    if one == other {
        return 1.0;
    }
    let (first, second) = (normalize_key(one), normalize_key(other));
    if first.is_empty() || second.is_empty() {
        return 0.0;
    }
    if first == second {
        return 0.97;
    }
    let (ours, theirs) = (key_words(one), key_words(other));
    let same_end = if (ours.len() == 1 || theirs.len() == 1) && ours.last() == theirs.last() { 0.6 } else { 0.0 };
    let (shorter, longer) = if first.len() < second.len() { (&first, &second) } else { (&second, &first) };
    #[expect(clippy::cast_precision_loss, reason = "keys are short")]
    let share = shorter.len() as f32 / longer.len() as f32;
    let inside = if shorter.len() > 2 && longer.contains(shorter.as_str()) { 0.55 + 0.35 * share } else { 0.0 };
    #[expect(clippy::cast_possible_truncation, reason = "a share needs no more digits")]
    let letters = strsim::normalized_damerau_levenshtein(&first, &second) as f32;
    let slip = if is_transposition(&first, &second) { 0.85 } else { 0.0 };
    inside.max(same_end).max(slip).max(if letters > 0.6 { 0.9 * letters } else { 0.0 })
}

/// Whether two keys differ by their case or their separators, by two letters that changed places, or by one that is doubled.
pub(crate) fn differs_by_slip(one: &str, other: &str) -> bool {
    let (first, second) = (normalize_key(one), normalize_key(other));
    let (shorter, longer) = if first.len() < second.len() { (&first, &second) } else { (&second, &first) };
    let is_doubled = || {
        let mut pairs = longer.char_indices().zip(longer.chars().skip(1)).filter(|((_, letter), next)| letter == next);
        pairs.any(|((at, letter), _)| format!("{}{}", &longer[..at], &longer[at + letter.len_utf8()..]) == *shorter)
    };
    one != other && (first == second || is_transposition(&first, &second) || is_doubled())
}

/// Whether two neighbouring letters only changed places, which is a typing error in short keys too.
fn is_transposition(one: &str, other: &str) -> bool {
    let differ: Vec<(char, char)> = one.chars().zip(other.chars()).filter(|(ours, theirs)| ours != theirs).collect();
    let [(first, second), (third, fourth)] = differ[..] else { return false };
    let at = one.chars().zip(other.chars()).position(|(ours, theirs)| ours != theirs).unwrap_or_default();
    let beside = one.chars().zip(other.chars()).nth(at + 1).is_some_and(|(ours, theirs)| ours != theirs);
    one.chars().count() == other.chars().count() && beside && first == fourth && second == third
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_compared_by_their_words() {
        assert_eq!(key_words("avatarUrl"), ["avatar", "url"]);
        assert_eq!(key_words("AVATAR_URL"), ["avatar", "url"]);
        assert_eq!(normalize_key("Nome-Do-Usuário"), "nomedousuario");
        assert_eq!(normalize_key("ÉTAT"), "etat");
        assert!(spelling_similarity("di", "id") > 0.8 && spelling_similarity("ko", "ok") > 0.8 && spelling_similarity("ab", "cd") < 0.1);
    }
}

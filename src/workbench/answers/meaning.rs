//! What a key means: which fact it may hold, by the words of `vocabulary.yaml`, and how alike two keys are.

use crate::workbench::answers::keys::{key_words, normalize_key, spelling_similarity};
use crate::workbench::answers::vocabulary::{MeaningWords, VOCABULARY};
use serde::Deserialize;

/// What a fact is about, judged by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum FactMeaning {
    Id,
    Email,
    Verified,
    Name,
    First,
    Last,
    Picture,
    Locale,
    Access,
    Identity,
    Refresh,
    Seconds,
    Code,
    Other,
}

/// What a fact or a key is about.
pub(crate) fn meaning_of_key(name: &str) -> FactMeaning {
    let name = normalize_key(name);
    let meanings = || VOCABULARY.meanings.iter();
    let sure = meanings().find(|(_, words)| words.sure().any(|word| *word == name));
    sure.or_else(|| meanings().find(|(_, words)| words.all().any(|word| *word == name))).map_or(FactMeaning::Other, |(meaning, _)| *meaning)
}

/// How clearly a key expresses a meaning, from 0 to 1.
pub(crate) fn meaning_score(meaning: FactMeaning, key: &str) -> f32 {
    let Some(words) = VOCABULARY.meanings.get(&meaning) else { return 0.0 };
    let whole = normalize_key(key);
    if let Some(at) = words.all().position(|word| *word == whole) {
        #[expect(clippy::cast_precision_loss, reason = "a list of some thirty words")]
        return 0.9 - 0.3 * at as f32 / words.all().count() as f32;
    }
    let parts = key_words(key);
    let is_part = |word: &String| word.len() > 1 && (parts.contains(word) || (word.len() > 3 && whole.contains(word.as_str())));
    if MeaningWords::sure(words).any(is_part) { 0.5 } else { 0.0 }
}

/// How alike two keys are, from 0 to 1: by their letters, or because they mean the same.
pub(crate) fn key_similarity(one: &str, other: &str) -> f32 {
    let about = meaning_of_key(one);
    let same_meaning = if about == FactMeaning::Other { 0.0 } else { meaning_score(about, other) };
    same_meaning.max(spelling_similarity(one, other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_in_another_case_are_nearly_the_same_key() {
        assert!(key_similarity("avatarUrl", "avatar_url") > 0.95);
        assert!(key_similarity("e-mail", "email") > 0.95);
        assert!(key_similarity("correo_electrónico", "correoElectronico") > 0.95);
    }

    #[test]
    fn synonyms_are_more_alike_than_strangers() {
        for (one, other) in
            [("email", "mail"), ("id", "sub"), ("id", "uid"), ("name", "nome"), ("access_token", "token"), ("picture", "avatar")]
        {
            assert!(key_similarity(one, other) > 0.6, "{one} {other}: {}", key_similarity(one, other));
        }
        for (one, other) in [("email", "phone"), ("id", "created"), ("name", "plan"), ("picture", "score")] {
            assert!(key_similarity(one, other) < 0.5, "{one} {other}: {}", key_similarity(one, other));
        }
    }
}

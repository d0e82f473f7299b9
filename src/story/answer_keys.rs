//! Which keys of an answer are shown: those that the provider's file writes, and those that a programmer chose. Some answers are keyed by
//! people, by their addresses, ids or names, as in `{ "ana": { "id": 7 } }`, and such a key is masked like a value.

use crate::story::shape::{long_texts, texts_of};
use crate::vocabulary::data_file::read_data_file;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::privacy::{HIDDEN_KEY, masked_key};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

/// The longest text whose words are looked at.
const LONGEST_TEXT: usize = 200;
/// The shortest word that may be a name.
const SHORTEST_WORD: usize = 3;

static GROUPS: LazyLock<BTreeSet<String>> = LazyLock::new(|| read_data_file(include_str!("group_words.yaml")));

/// What is known of a document whose keys are judged.
pub(crate) struct AnswerKeys<'d> {
    long_texts: HashSet<&'d str>,
    /// The words of its texts, in small letters.
    words: HashSet<String>,
    /// The keys that the provider's file writes in its paths.
    written: &'d BTreeSet<Box<str>>,
}

impl<'d> AnswerKeys<'d> {
    pub(crate) fn of(document: &'d Value, written: &'d BTreeSet<Box<str>>) -> Self {
        Self { long_texts: long_texts(document), words: words_of_texts(document), written }
    }

    /// The key of a member of an object, or a mask.
    pub(crate) fn shown(&self, key: &str, members: &Map<String, Value>) -> String {
        // It is no value of the answer, whatever the texts of this person are.
        if self.written.contains(key) {
            return printable(key);
        }
        // A key that is a value elsewhere in the same document is no field name.
        if self.long_texts.contains(key) || is_number(key) || self.is_keyed_by_people(key, members) {
            return HIDDEN_KEY.to_owned();
        }
        masked_key(key)
    }

    /// Whether what stands under a key is about a person or a thing that the key names.
    fn is_keyed_by_people(&self, key: &str, members: &Map<String, Value>) -> bool {
        let Some(value) = members.get(key).filter(|value| matches!(value, Value::Object(_) | Value::Array(_))) else { return false };
        let words = words_of(key);
        if words.iter().any(|word| GROUPS.contains(word)) {
            return false;
        }
        let is_in_a_text = words.iter().any(|word| word.len() >= SHORTEST_WORD && self.words.contains(word));
        is_in_a_text || are_all_alike(members) || is_written_as_name(key, value, members)
    }
}

fn is_number(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether all members are objects with the same keys: entries of a list that is written as an object.
fn are_all_alike(members: &Map<String, Value>) -> bool {
    let keys = |value: &Value| value.as_object().map(|object| object.keys().cloned().collect::<Vec<_>>()).filter(|keys| !keys.is_empty());
    let mut all = members.values().map(keys);
    members.len() > 1 && all.next().flatten().is_some_and(|first| all.all(|other| other.as_ref() == Some(&first)))
}

/// Whether a key begins with a capital, and neither those beside it nor those below it do.
fn is_written_as_name(key: &str, value: &Value, members: &Map<String, Value>) -> bool {
    let is_capital = |key: &str| key.starts_with(char::is_uppercase);
    let below = value.as_object().into_iter().flat_map(Map::keys);
    let mut others = members.keys().filter(|other| *other != key).chain(below).peekable();
    let is_word = key.chars().skip(1).all(char::is_lowercase) && key.chars().count() > 2;
    is_capital(key) && is_word && others.peek().is_some() && !others.any(|other| is_capital(other))
}

/// The words of a key or a text, in small letters: `userInfo` and `user_info` have two.
fn words_of(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in text.chars() {
        if !letter.is_alphanumeric() || letter.is_uppercase() && was_lower {
            words.push(String::new());
        }
        was_lower = letter.is_lowercase();
        if letter.is_alphanumeric()
            && let Some(last) = words.last_mut()
        {
            last.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn words_of_texts(document: &Value) -> HashSet<String> {
    let mut found = HashSet::new();
    for text in texts_of(document).into_iter().filter(|text| text.len() <= LONGEST_TEXT) {
        found.extend(words_of(text).into_iter().filter(|word| word.len() >= SHORTEST_WORD));
        // `mariasilva` of `Maria Silva`.
        found.insert(text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The keys of an object as they are shown.
    fn shown(document: &Value, path: &str) -> Vec<String> {
        let members = document.pointer(path).and_then(Value::as_object).expect("an object");
        let written = BTreeSet::new();
        let keys = AnswerKeys::of(document, &written);
        members.keys().map(|key| keys.shown(key, members)).collect()
    }

    #[test]
    fn a_key_that_names_a_person_is_masked() {
        for (document, path) in [
            (json!({ "people": { "ana@loja.example": { "id": 7 } } }), "/people"),
            (json!({ "people": { "7": { "id": "x" } } }), "/people"),
            (json!({ "people": { "12": 1, "13": 2 } }), "/people"),
            (json!({ "people": { "ana": { "email": "ana@loja.example" } } }), "/people"),
            (json!({ "people": { "AnaProva": { "name": "Ana Prova" } } }), "/people"),
            (json!({ "people": { "anaprova": { "name": "Ana Prova" } } }), "/people"),
            (json!({ "name": "Ana", "people": { "ana-prova": [ { "id": 7 } ] } }), "/people"),
            (json!({ "people": { "bo": { "id": 7 }, "zoe": { "id": 8 } } }), "/people"),
            (json!({ "people": { "Zoe": { "id": 7 } } }), "/people"),
        ] {
            assert!(shown(&document, path).iter().all(|key| key == HIDDEN_KEY), "{document}");
        }
    }

    #[test]
    fn a_key_that_a_programmer_chose_is_shown() {
        for (document, path) in [
            (json!({ "data": { "id": 7, "name": "data" } }), ""),
            (json!({ "scope": "openid email profile", "profile": { "email": "x" } }), ""),
            (json!({ "emails": { "work": { "value": "a" }, "home": { "value": "b" } } }), "/emails"),
            (json!({ "Data": { "Id": 7, "Person": { "Name": "x" } } }), ""),
            (json!({ "userInfo": { "id": 7 }, "codigo": 3 }), ""),
            (json!({ "ana": "x", "bo": 1 }), ""),
            (json!({ "perfil": { "id": 7 }, "papel": "perfil completo" }), ""),
            (json!({ "datosPersonales": { "id": 7 }, "rol": "datos" }), ""),
            (json!({ "endereço": { "rua": "x" }, "nota": "Endereço antigo" }), ""),
        ] {
            let members = document.pointer(path).and_then(Value::as_object).expect("an object");
            assert_eq!(shown(&document, path), members.keys().cloned().collect::<Vec<_>>(), "{document}");
        }
    }

    #[test]
    fn a_key_that_the_file_writes_is_shown_whatever_the_texts_of_a_person_are() {
        let document = json!({ "cadeira": { "7": { "id": 7 } }, "ana": { "id": 8 }, "papel": "cadeira 7", "name": "Ana" });
        let shown = |written: &[&str]| {
            let written = written.iter().copied().map(Box::from).collect();
            let keys = AnswerKeys::of(&document, &written);
            let names = |members: &Map<String, Value>| members.keys().map(|key| keys.shown(key, members)).collect::<Vec<_>>();
            let below = document.pointer("/cadeira").and_then(Value::as_object).map(names);
            (document.as_object().map(names).expect("an object"), below.expect("an object"))
        };

        let (unwritten, written) = (shown(&[]), shown(&["cadeira", "7"]));

        let hidden = || HIDDEN_KEY.to_owned();
        assert_eq!(unwritten, (vec![hidden(), hidden(), "papel".to_owned(), "name".to_owned()], vec![hidden()]));
        assert_eq!(written.0, ["cadeira", HIDDEN_KEY, "papel", "name"]);
        assert_eq!(written.1, ["7"]);
    }
}

//! The words of `vocabulary.yaml`, and what they say about a key. `answers::meaning` holds the meanings.
//!
//! A key that is called `plain` has to come from `normalize_key`.

use crate::vocabulary::data_file::read_data_file;
use crate::workbench::answers::keys::{key_words, normalize_key};
use crate::workbench::answers::meaning::{FactMeaning, meaning_of_key};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Vocabulary {
    pub(crate) meanings: BTreeMap<FactMeaning, MeaningWords>,
    email_parts: Vec<String>,
    proof: ProofWords,
    yes: Vec<String>,
    people: PeopleWords,
    not_ids: Vec<String>,
    wrappers: Vec<String>,
    others: Vec<String>,
    things: Vec<String>,
    records: Vec<String>,
    passing: Vec<String>,
    outcomes: Vec<String>,
    not_personal: Vec<String>,
}

/// The words for one meaning.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MeaningWords {
    sure: Vec<String>,
    #[serde(default)]
    whole: Vec<String>,
    #[serde(default)]
    chosen: Vec<String>,
    #[serde(default)]
    also: Vec<String>,
}

impl MeaningWords {
    /// The words that mean this before anything else.
    pub(crate) fn sure(&self) -> impl Iterator<Item = &String> {
        self.sure.iter().chain(&self.whole).chain(&self.chosen)
    }

    /// All words, the surest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &String> {
        self.sure().chain(&self.also)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofWords {
    parts: Vec<String>,
    endings: Vec<String>,
    denials: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PeopleWords {
    kinds: Vec<String>,
    numbers: Vec<String>,
    qualifiers: Vec<String>,
}

pub(crate) static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| read_data_file(include_str!("vocabulary.yaml")));

/// Words that say that something is an id.
const ID_WORDS: [&str; 7] = ["id", "uid", "uuid", "guid", "sub", "identifier", "pk"];

fn contains_word(list: &[String], word: &str) -> bool {
    list.iter().any(|known| known == word)
}

fn contains_part(list: &[String], plain: &str) -> bool {
    list.iter().any(|part| plain.contains(part.as_str()))
}

/// The words for a meaning; `Other` has none.
fn words_for(meaning: FactMeaning) -> impl Iterator<Item = &'static MeaningWords> {
    VOCABULARY.meanings.get(&meaning).into_iter()
}

/// Whether this is the key of a whole name.
pub(crate) fn is_whole_name(plain: &str) -> bool {
    words_for(FactMeaning::Name).any(|words| contains_word(&words.whole, plain))
}

/// Whether this is the key of a given name; `beside_family` says that the key of a family name is beside it.
pub(crate) fn is_given_name(plain: &str, beside_family: bool) -> bool {
    words_for(FactMeaning::First).any(|words| contains_word(&words.sure, plain) || beside_family && contains_word(&words.also, plain))
}

/// Whether this is the key of a family name.
pub(crate) fn is_family_name(plain: &str) -> bool {
    words_for(FactMeaning::Last).flat_map(MeaningWords::all).any(|word| word == plain)
}

/// Whether a key is about an e-mail address.
pub(crate) fn mentions_email(key: &str) -> bool {
    contains_part(&VOCABULARY.email_parts, &normalize_key(key))
}

/// Whether a key is about a proof of any kind, even a missing one.
pub(crate) fn mentions_proof(key: &str) -> bool {
    contains_part(&VOCABULARY.proof.parts, &normalize_key(key))
}

/// Whether a key says that something was proven.
pub(crate) fn means_proven(key: &str) -> bool {
    mentions_proof(key) && !contains_part(&VOCABULARY.proof.denials, &normalize_key(key))
}

/// Whether a key says of an address that it is proven: it names the address and the proof, or nothing but the proof. Proofs of a phone, an
/// age or an account do not count, nor does a proof that is required or was sent for.
pub(crate) fn is_email_proof_key(key: &str) -> bool {
    is_proof_key_of("", key)
}

/// Whether a key says that the value with the key `own` is proven, as `contact_verified` says of `contact`, or that an address is.
pub(crate) fn is_proof_key_of(own: &str, key: &str) -> bool {
    const FILLERS: [&str; 12] = ["e", "address", "user", "primary", "main", "default", "been", "flag", "status", "state", "date", "time"];
    let (plain, own) = (normalize_key(key), key_words(own));
    let names_it =
        mentions_email(key) && !plain.contains("mailing") || !own.is_empty() && own.iter().all(|word| plain.contains(word.as_str()));
    let is_known = |word: &String| {
        let rest = without_address(word);
        matches!(rest, "is" | "has" | "at")
            || is_proof_word(rest)
            || names_it && (rest.is_empty() || FILLERS.contains(&rest) || own.contains(word))
    };
    let words = key_words(key);
    means_proven(key)
        && !plain.contains("mailing")
        && words.iter().any(|word| is_proof_word(without_address(word)))
        && words.iter().all(is_known)
}

/// Whether a key is that of an object or a list which holds a person's addresses.
pub(crate) fn holds_addresses(key: &str) -> bool {
    const WORDS: [&str; 6] = ["contact", "address", "addresse", "login", "communication", "metadata"];
    let is_known = |word: &String| WORDS.contains(&word.strip_suffix('s').unwrap_or(word)) || WORDS.contains(&&**word);
    mentions_email(key) && words_of_which_address(key).is_empty() || key_words(key).iter().all(is_known)
}

/// What is left of a word without the address that it names: `verified` of `emailverified`, nothing of `email`.
fn without_address(word: &str) -> &str {
    let bare = word.strip_prefix("is").or_else(|| word.strip_prefix("has")).unwrap_or(word);
    let parts = || ["emailaddress", "mailaddress", "email"].into_iter().chain(VOCABULARY.email_parts.iter().map(String::as_str));
    parts().find_map(|part| bare.strip_prefix(part).or_else(|| bare.strip_suffix(part))).unwrap_or(word)
}

/// The words of an address's key that say which address it is: `recovery` of `recoveryEmail`, none of `primary_email`.
pub(crate) fn words_of_which_address(key: &str) -> Vec<String> {
    const USUAL: [&str; 10] = ["", "e", "address", "user", "account", "primary", "main", "default", "preferred", "s"];
    let words = key_words(key);
    words.iter().map(|word| without_address(word).to_owned()).filter(|rest| !USUAL.contains(&rest.as_str())).collect()
}

/// Whether a key is that of an address which is another person's, or not to be relied upon.
pub(crate) fn is_address_of_others(key: &str) -> bool {
    words_of_which_address(key).iter().any(|word| contains_singular(&VOCABULARY.others, word))
}

/// Whether a word says that something was proven, and nothing else.
fn is_proof_word(word: &str) -> bool {
    let bare = word.strip_prefix("is").or_else(|| word.strip_prefix("has")).unwrap_or(word);
    let ProofWords { parts, endings, .. } = &VOCABULARY.proof;
    // Without an ending, these two ask for something.
    let is_state = !matches!(bare, "verif" | "confirm");
    is_state && parts.iter().filter_map(|part| bare.strip_prefix(part.as_str())).any(|ending| contains_word(endings, ending))
}

/// Whether a value says yes, other than by `true` and `1`.
pub(crate) fn means_yes(text: &str) -> bool {
    contains_word(&VOCABULARY.yes, &text.to_lowercase())
}

/// Whether this is the key of an id, and by its word that of a person.
pub(crate) fn is_person_id(plain: &str) -> bool {
    plain.ends_with("id")
        && VOCABULARY.people.kinds.iter().any(|word| plain.starts_with(word.as_str()))
        && !plain.starts_with("client")
        && !plain.starts_with("account")
}

/// Whether a key names a number, a code or a key by which a provider identifies a person.
pub(crate) fn is_person_number(plain: &str) -> bool {
    let PeopleWords { kinds, numbers, .. } = &VOCABULARY.people;
    contains_word(numbers, plain) || contains_part(numbers, plain) && contains_part(kinds, plain)
}

/// Whether a word is in the list, also in the plural.
fn contains_singular(list: &[String], word: &str) -> bool {
    contains_word(list, word) || word.strip_suffix('s').is_some_and(|one| one.len() > 2 && contains_word(list, one))
}

/// Whether a key says that the values below it are those of another person, or unreliable.
pub(crate) fn is_about_others(key: &str) -> bool {
    key_words(key).iter().any(|word| {
        let is_known = |word: &str| contains_word(&VOCABULARY.others, word);
        is_known(word) || word.strip_suffix('s').is_some_and(|one| one.len() > 3 && is_known(one))
    })
}

/// Whether a key is about another person or a thing that has an id and a name, and so not about the person who logs in.
pub(crate) fn is_about_something_else(plain: &str) -> bool {
    contains_singular(&VOCABULARY.others, plain) || contains_singular(&VOCABULARY.things, plain)
}

/// Whether a key is about a thing that comes and goes, such as a session.
pub(crate) fn is_about_passing(plain: &str) -> bool {
    contains_singular(&VOCABULARY.passing, plain)
}

/// Whether a key names another person, a thing, or something that comes and goes.
pub(crate) fn names_no_person(key: &str) -> bool {
    let Vocabulary { others, things, passing, .. } = &*VOCABULARY;
    key_words(key).iter().any(|word| [others, things, passing].iter().any(|list| contains_singular(list, word)))
}

/// Whether this is the key of an id that is no person's: of a bot, a workspace or a request.
pub(crate) fn is_id_of_something_else(key: &str) -> bool {
    let Vocabulary { others, things, passing, .. } = &*VOCABULARY;
    let words = key_words(key);
    let is_id = words.last().is_some_and(|word| matches!(word.as_str(), "id" | "uid" | "uuid" | "guid"));
    is_id
        && meaning_of_key(key) != FactMeaning::Id
        && words.iter().any(|word| [others, things, passing].iter().any(|list| contains_singular(list, word)))
}

/// Whether a key belongs to what no person is known by: a time, a place, a count, a state, a name, a record, or what stands above a person.
pub(crate) fn is_not_personal(key: &str) -> bool {
    let plain = normalize_key(key);
    let stem = ["uuid", "guid", "uid", "id"].iter().find_map(|end| plain.strip_suffix(end)).unwrap_or(&plain);
    let is_listed = |word: &str| contains_singular(&VOCABULARY.not_personal, word);
    is_listed(stem) || key_words(key).iter().any(|word| is_listed(word))
}

/// Whether a key is that of a person's id.
pub(crate) fn is_key_of_person_id(key: &str) -> bool {
    let plain = normalize_key(key);
    let ends_so = key_words(key).last().is_some_and(|word| ID_WORDS.contains(&&**word));
    let says_id = ends_so
        || plain.strip_suffix("id").is_some_and(|stem| stem.len() > 3)
        || is_person_id(&plain)
        || is_person_number(&plain)
        || meaning_of_key(key) == FactMeaning::Id;
    says_id && !is_not_personal(key) && !is_outcome_key(key) && (meaning_of_key(key) == FactMeaning::Id || names_only_a_person(key))
}

/// Whether the words of an id are those of a person alone: a word that is not known may name another thing.
fn names_only_a_person(key: &str) -> bool {
    let PeopleWords { kinds, numbers, qualifiers } = &VOCABULARY.people;
    // The id of a reference or of a key is that of another thing.
    let is_number = |word: &String| contains_word(numbers, word) && !is_key_of_id(key);
    let is_known = |word: &String| contains_word(qualifiers, word) || is_number(word) || kinds.iter().any(|kind| is_form_of(word, kind));
    words_beside_id(key).iter().all(is_known)
}

/// Whether a word is another one with an ending of at most two letters.
fn is_form_of(word: &str, other: &str) -> bool {
    word.strip_prefix(other).is_some_and(|ending| ending.len() <= 2)
}

/// The words of a key beside those that say that it is an id: `permanent` of `permanent_id`, `open` of `openid`.
fn words_beside_id(key: &str) -> Vec<String> {
    let is_id = |word: &str| ID_WORDS.contains(&word);
    let PeopleWords { kinds, qualifiers, .. } = &VOCABULARY.people;
    let is_known = |stem: &str| contains_word(qualifiers, stem) || kinds.iter().any(|kind| is_form_of(stem, kind));
    let bare = |word: String| {
        let stems = ["uuid", "guid", "uid", "id"].into_iter().flat_map(|id| [word.strip_suffix(id), word.strip_prefix(id)]);
        let known = stems.flatten().find(|stem| is_known(stem)).map(str::to_owned);
        known.unwrap_or(word)
    };
    key_words(key).into_iter().filter(|word| !is_id(word)).map(bare).collect()
}

/// Whether a key ends as that of an id, of whatever it is.
pub(crate) fn is_key_of_id(key: &str) -> bool {
    let Some(last) = key_words(key).pop().filter(|last| !contains_word(&VOCABULARY.not_ids, last)) else { return false };
    ID_WORDS.contains(&&*last) || normalize_key(key).strip_suffix("id").is_some_and(|stem| stem.len() > 2)
}

/// The words by which the key of an id says which id it is: `open` of `openId`, `permanent` of `permanent_id`, none of `user_id`.
pub(crate) fn words_of_which_id(key: &str) -> Vec<String> {
    let kinds = &VOCABULARY.people.kinds;
    let is_person = |word: &String| word != "account" && word != "client" && kinds.iter().any(|kind| is_form_of(word, kind));
    words_beside_id(key).into_iter().filter(|word| !is_person(word)).collect()
}

/// Whether the key of an object names nothing but the answer or the person who logs in.
pub(crate) fn is_wrapper(key: &str) -> bool {
    let PeopleWords { kinds, .. } = &VOCABULARY.people;
    let is_known = |word: &String| {
        word.bytes().all(|byte| byte.is_ascii_digit())
            || contains_singular(&VOCABULARY.wrappers, word)
            || kinds.iter().any(|kind| is_form_of(word, kind))
    };
    key_words(key).iter().all(is_known)
}

/// Whether a key says how a request went.
pub(crate) fn is_outcome_key(key: &str) -> bool {
    contains_word(&VOCABULARY.outcomes, &normalize_key(key))
}

/// Whether a key is about the form of a token or a record, or about an error, and so not about a person.
pub(crate) fn is_about_token_or_error(key: &str) -> bool {
    key_words(key).last().is_some_and(|word| contains_word(&VOCABULARY.records, word)) || normalize_key(key).starts_with("err")
}

#[cfg(test)]
mod tests;

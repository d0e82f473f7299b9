//! Makes sure that no change reads an id that is none of a person: a wrong id would give several people one account, or a person a new
//! account with each login.

use crate::provider::fact_expression::FactExpression;
use crate::provider::json_path::{JsonPath, scalar_text};
use crate::provider::step::{ReadRule, Step};
use crate::provider::{Provider, json};
use crate::vocabulary::email::Email;
use crate::workbench::answers::keys::{normalize_key, spelling_similarity};
use crate::workbench::answers::looks::looks_like_url;
use crate::workbench::answers::path::{PathSegment, last_key, parent_path, parse_path, resolve};
use crate::workbench::answers::vocabulary::{
    is_about_others, is_about_something_else, is_key_of_id, is_key_of_person_id, is_not_personal, is_outcome_key, is_wrapper,
    mentions_email, words_of_which_id,
};
use crate::workbench::repair::reread::RereadLogin;
use crate::workbench::repair::unresolved_path::nested_paths;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// How alike two spellings of one key are.
const SAME_KEY: f32 = 0.8;

/// Whether every place at which a change newly reads the id looks like the place of a person's id.
pub(crate) fn reads_only_ids_of_persons(old: &Provider, (new, after): (&Provider, &RereadLogin<'_>)) -> bool {
    let IdPlaces { known, mut of_person } = IdPlaces::of_file(old);
    let of_old_person = of_person.clone();
    // What moved together with the id is still beside it.
    of_person.extend(IdPlaces::of_file(new).of_person);
    let known_inside = paths_inside(old.steps().flat_map(Step::all_reads).filter(|read| read.fact == old.known.id));
    let is_safe = |reads: &[ReadRule], value: &Value| {
        let of_id = || reads.iter().filter(|read| read.fact == new.known.id);
        let texts: Vec<&JsonPath> = of_id().flat_map(|read| nested_paths(&read.reading)).map(|(text, _)| text).collect();
        let is_text = |path: &JsonPath| texts.iter().any(|text| text.source == path.source);
        let paths = of_id().flat_map(|read| read.reading.paths()).filter(|path| !is_text(path));
        let new_ones = paths.filter_map(|path| Some((path, parse_path(&path.source)?))).filter(|(_, path)| !known.contains(path));
        let is_safe_outside = new_ones.into_iter().all(|(path, segments)| {
            let is_safe = |found| {
                is_of_person(&segments, found, (&known, &of_person))
                    && !takes_entry_of_list(&segments, value, &known)
                    && !leaves_the_person(&segments, value, &known, &of_old_person)
            };
            path.first(value).is_none_or(is_safe)
        });
        is_safe_outside && of_id().all(|read| reads_only_ids_inside(read, value, &known_inside))
    };
    let headers = |step: &Step| -> Vec<String> {
        step.header_reads.iter().filter(|(fact, _)| *fact == new.known.id).map(|(_, name)| name.value.clone()).collect()
    };
    let known_headers: Vec<String> = old.steps().flat_map(headers).collect();
    after.documents.iter().all(|document| {
        let parts = [(&document.step.reads, &document.value), (&document.step.signed_reads, &document.claims)];
        let entries = document.entries.iter().filter(|entry| entry.is_chosen).map(|entry| (&entry.choice.reads, &entry.value));
        parts.into_iter().chain(entries).all(|(reads, value)| value.as_ref().is_none_or(|value| is_safe(reads, value)))
            && headers(document.step).iter().all(|name| known_headers.contains(name) || is_key_of_person_id(name.trim_start_matches("X-")))
    })
}

/// Whether each id that is composed of several values is still composed of as many: persons would be alike who differ only in the part that is lost.
pub(crate) fn keeps_parts_of_ids(old: &Provider, new: &Provider) -> bool {
    let parts = |provider: &Provider| -> Vec<usize> {
        let reads = provider.steps().flat_map(Step::all_reads).filter(|read| read.fact == provider.known.id);
        let alternatives = reads.flat_map(|read| match &read.reading {
            FactExpression::FirstOf(all, _) => all.iter().collect(),
            one => vec![one],
        });
        let distinct = |one: &FactExpression| one.paths().iter().map(|path| &*path.source).collect::<BTreeSet<_>>().len();
        alternatives.map(distinct).collect()
    };
    let (old, new) = (parts(old), parts(new));
    old.iter().all(|count| *count < 2) || old.len() == new.len() && old.iter().zip(&new).all(|(old, new)| new >= old)
}

/// The paths by which these readings look into texts that are JSON themselves.
fn paths_inside<'r>(reads: impl Iterator<Item = &'r ReadRule>) -> Vec<Vec<PathSegment>> {
    reads.flat_map(|read| nested_paths(&read.reading)).filter_map(|(_, path)| parse_path(&path.source)).collect()
}

/// Whether what a reading newly finds within a text that is JSON itself looks like a person's id.
fn reads_only_ids_inside(read: &ReadRule, value: &Value, known: &[Vec<PathSegment>]) -> bool {
    nested_paths(&read.reading).into_iter().all(|(text, path)| {
        let Some(segments) = parse_path(&path.source).filter(|segments| !known.contains(segments)) else { return true };
        let inside = text.first(value).and_then(Value::as_str).and_then(|text| json::parse(text.as_bytes()).ok());
        inside.as_ref().and_then(|inside| path.first(inside)).is_none_or(|found| is_of_person(&segments, found, (known, &[])))
    })
}

/// Where a file reads the id, and where the other facts of the person.
pub(crate) struct IdPlaces {
    known: Vec<Vec<PathSegment>>,
    of_person: Vec<Vec<PathSegment>>,
}

impl IdPlaces {
    pub(crate) fn of_file(provider: &Provider) -> Self {
        let of_person = paths_of(provider, &["email", "emailVerified", "name", "picture"]);
        Self { known: paths_of(provider, &["id"]), of_person }
    }

    /// Whether a value at this path may be the id of a person.
    pub(crate) fn allow(&self, path: &[PathSegment], value: &Value) -> bool {
        // A text that is JSON holds the id and is none.
        let is_document = value.as_str().is_some_and(|text| text.trim_start().starts_with('{'));
        is_document || is_of_person(path, value, (&self.known, &self.of_person))
    }
}

/// The paths by which a file reads these facts.
pub(crate) fn paths_of(provider: &Provider, facts: &[&str]) -> Vec<Vec<PathSegment>> {
    let is_wanted = |read: &&ReadRule| facts.contains(&&**provider.names.name(read.fact));
    let reads = provider.steps().flat_map(Step::all_reads).filter(is_wanted);
    reads.flat_map(|read| read.reading.paths()).filter_map(|path| parse_path(&path.source)).collect()
}

/// Whether a value at this path may be the id of a person, where the file reads the id at the known paths, and other facts of the person at
/// those of `of_person`.
fn is_of_person(path: &[PathSegment], value: &Value, (known, of_person): (&[Vec<PathSegment>], &[Vec<PathSegment>])) -> bool {
    let Some(text) = scalar_text(value).filter(|_| !value.is_boolean()) else { return true };
    let key = last_key(path).unwrap_or_default();
    let filters = |path: &[PathSegment]| -> Vec<PathSegment> { path.iter().filter(|hop| hop.is_filter()).cloned().collect() };
    // Another entry of a list is another thing.
    if known.iter().any(|known| !filters(known).is_empty()) && !known.iter().any(|known| filters(known) == filters(path)) {
        return false;
    }
    if parent_path(path).iter().filter_map(PathSegment::key).any(|key| is_strange_container(key, known, of_person)) {
        return false;
    }
    let is_spelling_of = |known: &str| spelling_similarity(known, key) >= SAME_KEY && is_key_of_id(known) == is_key_of_id(key);
    let is_same_key = known.iter().filter_map(|known| last_key(known)).any(is_spelling_of) && text.parse::<IpAddr>().is_err();
    let is_address = text.contains('@') && Email::parse(&text).is_ok() && !(is_same_key && mentions_email(key));
    let reads_id = || known.iter().filter_map(|known| last_key(known)).any(is_key_of_id);
    let is_count = path.len() == 1 && text.len() < 2 && !reads_id();
    if is_address || !is_same_key && (looks_like_url(&text) || is_moment(&text) || is_count) {
        return false;
    }
    // The file went on behind the value.
    let is_shorter = !is_outcome_key(key) && known.iter().any(|known| known.starts_with(path) && known.len() == path.len() + 1);
    let goes_on = |known: &Vec<PathSegment>| path.starts_with(known) && path.len() == known.len() + 1;
    let holds_value = matches!(&*normalize_key(key), "value" | "text" | "content" | "oid") || is_key_of_person_id(key);
    let is_longer = holds_value && known.iter().any(|known| goes_on(known) && last_key(known).is_some_and(is_key_of_id));
    // A person's code is one only within what is about the person.
    let parent = parent_path(path).iter().filter_map(PathSegment::key).next_back();
    let is_code = is_outcome_key(key) && !is_not_personal(key) && parent.is_some_and(is_person);
    is_same_key || is_shorter || is_longer || is_code || is_key_of_person_id(key) && is_same_of_several_ids(key, known)
}

/// Whether a key names the same one of a person's ids as a key by which the file reads. Providers have several ids of one person: an answer that
/// holds `id` and no `permanent_id`, or `unionId` and no `id`, lost the one and always had the other.
fn is_same_of_several_ids(key: &str, known: &[Vec<PathSegment>]) -> bool {
    let words: BTreeSet<String> = words_of_which_id(key).into_iter().collect();
    let mut of_file = known.iter().filter_map(|known| last_key(known)).filter(|known| is_key_of_id(known)).peekable();
    of_file.peek().is_none() || of_file.any(|known| words_of_which_id(known).into_iter().collect::<BTreeSet<_>>() == words)
}

/// Whether what is below a key is another's, or stands above the person, and the file reads nothing of the person there.
pub(crate) fn is_strange_container(key: &str, known: &[Vec<PathSegment>], of_person: &[Vec<PathSegment>]) -> bool {
    let has_key = |paths: &[Vec<PathSegment>]| {
        paths
            .iter()
            .flat_map(|path| parent_path(path))
            .filter_map(PathSegment::key)
            .any(|known| spelling_similarity(known, key) >= SAME_KEY)
    };
    let plain = normalize_key(key);
    let is_anothers = (is_about_something_else(&plain) || is_about_others(key)) && !has_key(of_person);
    // Answers are wrapped in some of these words.
    let names_the_answer = is_outcome_key(key) || matches!(plain.as_str(), "object" | "page" | "kind" | "type" | "version");
    // An object that only this answer names may be anything: a linked account, a membership, a device.
    let goes_on = |known: &Vec<PathSegment>| last_key(known).is_some_and(|known| spelling_similarity(known, key) >= SAME_KEY);
    let is_unknown = !is_wrapper(key) && !names_the_answer && !has_key(of_person) && !known.iter().any(goes_on);
    (is_anothers || is_unknown || is_not_personal(key) && !names_the_answer) && !has_key(known)
}

/// Whether a path takes an entry of a list, where the file did not: the next login may have another one in front. An object that became a list
/// of one entry is still the object of the file.
fn takes_entry_of_list(path: &[PathSegment], document: &Value, known: &[Vec<PathSegment>]) -> bool {
    let lists = path.iter().enumerate().filter(|(_, hop)| matches!(hop, PathSegment::Index(_)));
    lists.into_iter().any(|(at, hop)| {
        let length = path.get(..at).and_then(|list| resolve(document, list)).and_then(Value::as_array).map_or(0, Vec::len);
        let list = at.checked_sub(1).and_then(|above| path.get(above));
        let was_object = list.is_none_or(|list| known.iter().any(|known| parent_path(known).contains(list)));
        (length > 1 || !was_object) && !known.iter().any(|known| known.contains(hop))
    })
}

/// Whether a path leads out of the object in which the file reads the id, while that object is there and still says who the person is: then
/// the id elsewhere is that of another, and the one beside it may be that of the request.
fn leaves_the_person(path: &[PathSegment], document: &Value, known: &[Vec<PathSegment>], of_person: &[Vec<PathSegment>]) -> bool {
    known.iter().filter(|known| known.len() > 1).any(|known| {
        let object = parent_path(known);
        if is_moved_up(path, known) {
            return false;
        }
        let says_who = |fact: &&Vec<PathSegment>| fact.starts_with(object) && resolve(document, fact).is_some_and(|value| !value.is_null());
        !path.starts_with(object) && of_person.iter().any(|fact| says_who(&fact))
    })
}

/// Whether a path is a known one without its last object. An answer that stands in such an object has an id beside it that counts requests.
fn is_moved_up(path: &[PathSegment], known: &[PathSegment]) -> bool {
    const ANSWERS: [&str; 5] = ["result", "response", "reply", "answer", "payload"];
    let (Some((last, above)), Some((own, around))) = (known.split_last(), path.split_last()) else { return false };
    let object = above.last().and_then(PathSegment::key).map(normalize_key).unwrap_or_default();
    let counts = ANSWERS.contains(&&*object) && own.key().is_some_and(|key| normalize_key(key) == "id");
    last == own && above.split_last().is_some_and(|(_, above)| above == around) && !counts
}

/// Whether what is below a key is about the person.
fn is_person(key: &str) -> bool {
    matches!(normalize_key(key).as_str(), "user" | "customer" | "member" | "person" | "profile" | "me" | "viewer" | "usuario" | "cliente")
}

/// Whether a text is a date.
fn is_moment(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10
        && bytes.iter().take(10).enumerate().all(|(at, byte)| if matches!(at, 4 | 7) { *byte == b'-' } else { byte.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_looks_like_a_persons_id_is_one() {
        let path = |text: &str| parse_path(text).unwrap();
        let known = [path("$.user.id")];
        let holds = |text: &str, value: Value| is_of_person(&path(text), &value, (&known, &[]));

        for (text, value) in [
            ("$.data.user.id", json!(7)),
            ("$.user.uid", json!("a7")),
            ("$.user.id.value", json!("a7")),
            ("$.userId", json!("a7")),
            ("$.user", json!("a7")),
            ("$.user.code", json!("q-31")),
        ] {
            assert!(holds(text, value.clone()), "{text} {value}");
        }
        for (text, value) in [
            ("$.country", json!("BR")),
            ("$.result", json!(0)),
            ("$.iat", json!(1_767_323_045)),
            ("$.account_id", json!("acc-1")),
            ("$.tenant.id", json!("t-1")),
            ("$.user.picture", json!("https://img.example/a.png")),
            ("$.code", json!("ok")),
            ("$.user.email", json!("ana@loja.example")),
            ("$.user.since_id", json!("2020-01-02T03:04:05Z")),
            ("$.session.id", json!("s-1")),
        ] {
            assert!(!holds(text, value.clone()), "{text} {value}");
        }
    }
}

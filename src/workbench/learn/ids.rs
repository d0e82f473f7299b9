//! Finds the value that identifies a person.

use crate::workbench::answers::keys::{key_words, normalize_key};
use crate::workbench::answers::looks::{looks_like_email, looks_like_url};
use crate::workbench::answers::path::{PathSegment, resolve, write_path};
use crate::workbench::answers::vocabulary::{
    is_about_token_or_error, is_family_name, is_key_of_id, is_key_of_person_id, is_outcome_key, is_person_id, is_person_number,
    is_whole_name, names_no_person,
};
use crate::workbench::learn::document::{DocumentLeaf, leaves_of};
use crate::workbench::learn::email_verified::is_of_this_person;
use crate::workbench::learn::people::People;
use crate::workbench::learn::person::{FactCandidate, PersonSource, depth_penalty, is_about_others, list_penalty, transferable_path};
use serde_json::Value;

/// The comment on a value that is read as the id although its name does not say so.
pub(crate) const UNSURE_ID: &str = "decide whether it identifies a person and never changes: nothing is called an id";

/// Whether this key only says that the value is a number, a code or a key.
pub(crate) fn is_weak_id_key(name: &str) -> bool {
    is_person_number(&normalize_key(name)) && !is_key_of_id(name)
}

/// How well a value fits as an id.
pub(crate) fn id_score(leaf: &DocumentLeaf, value: &Value) -> Option<i32> {
    if leaf.text.len() > 255 || matches!(leaf.text.as_str(), "true" | "false") || is_id_of_request(leaf, value) {
        return None;
    }
    if is_first_of_several(leaf, value) {
        return None;
    }
    let name = normalize_key(leaf.name());
    let points = match name.as_str() {
        "sub" => 100,
        "id" => 95,
        "uid" => 92,
        "userid" => 90,
        "unionid" => 89,
        "accountid" => 88,
        "permanentid" => 97,
        "uuid" | "guid" => 91,
        "urn" => 84,
        "openid" => 85,
        "loginid" | "memberid" | "personid" | "customerid" | "idcliente" => 80,
        name if name.ends_with("userid") && is_key_of_person_id(leaf.name()) => 88,
        name if is_person_id(name) => 86,
        "number" => 40,
        _ if is_key_of_id(leaf.name()) && names_no_person(leaf.name()) => LEAST_ID,
        name if is_key_of_id(leaf.name()) && !name.contains("client") && !name.contains("app") && !name.contains("session") => 30,
        name if is_person_number(name) && has_name_beside(leaf, value) => LEAST_ID,
        _ => return None,
    };
    let others = if is_about_others(leaf) { 65 } else { 0 };
    // A URL names a place, not a person.
    let address = if looks_like_url(&leaf.text) && name != "sub" { 20 } else { 0 };
    Some(points - depth_penalty(leaf) - others - address - list_penalty(leaf))
}

/// Whether the value stands beside the member that holds the answer, as in JSON-RPC: it says which request is answered, and not who the person is.
fn is_id_of_request(leaf: &DocumentLeaf, value: &Value) -> bool {
    const ANSWERS: [&str; 5] = ["result", "response", "reply", "answer", "payload"];
    if leaf.keys.len() == 1 && value.get("jsonrpc").is_some() {
        return true;
    }
    let above = &leaf.keys[..leaf.keys.len().saturating_sub(1)];
    let in_answer = |other: &DocumentLeaf| {
        let key = other.keys.get(above.len()).and_then(PathSegment::key);
        other.keys.starts_with(above)
            && other.keys.len() > above.len() + 1
            && key.is_some_and(|key| ANSWERS.contains(&&*normalize_key(key)))
    };
    leaves_of(value).into_iter().any(|other| looks_like_email(&other.text) && in_answer(&other))
}

/// Whether the value is in a list of several entries, of which the next login may have another one in front.
fn is_first_of_several(leaf: &DocumentLeaf, value: &Value) -> bool {
    let indexes = (0..leaf.keys.len()).filter(|at| matches!(leaf.keys[*at], PathSegment::Index(_)));
    indexes.into_iter().any(|at| resolve(value, &leaf.keys[..at]).and_then(Value::as_array).is_some_and(|list| list.len() > 1))
}

/// The score of a value that is only named a number, a code or a key.
const LEAST_ID: i32 = 10;

/// Whether a person's name or e-mail address is beside this value.
fn has_name_beside(leaf: &DocumentLeaf, value: &Value) -> bool {
    let above = &leaf.keys[..leaf.keys.len().saturating_sub(1)];
    let beside = leaves_of(value).into_iter().filter(|other| other.keys.len() > above.len() && other.keys.starts_with(above));
    beside.into_iter().any(|other| {
        let name = normalize_key(other.name());
        looks_like_email(&other.text) || is_whole_name(&name) || is_family_name(&name) || name.ends_with("name")
    })
}

/// Values without a telling name that may be ids: those by which the people of the recording differ, or whose key at least
/// names a number.
pub(crate) fn unnamed_ids(sources: &[PersonSource], people: &People) -> Vec<FactCandidate> {
    let mut all = Vec::new();
    for (source, place) in sources.iter().enumerate() {
        for (login, value) in place.documents.iter().enumerate() {
            let Some(value) = value else { continue };
            for leaf in leaves_of(value) {
                let Some(points) = unnamed_id_score(&leaf, value, people.distinguishes(&leaf, place)) else { continue };
                let Some(keys) = transferable_path(&leaf, value) else { continue };
                all.push(FactCandidate { source, login, score: points + place.weight, reading: write_path(&keys), keys });
            }
        }
    }
    all
}

fn unnamed_id_score(leaf: &DocumentLeaf, value: &Value, distinguishes: bool) -> Option<i32> {
    const LAST_WORDS: [&str; 16] = [
        "no", "nr", "num", "number", "code", "key", "ref", "pk", "kod", "kennung", "login", "username", "user", "handle", "account",
        "konto",
    ];
    let text = &leaf.text;
    let is_text = text.len() <= 255 && !matches!(text.as_str(), "true" | "false") && !text.contains(char::is_whitespace);
    if !is_text
        || is_id_of_request(leaf, value)
        || is_first_of_several(leaf, value)
        || looks_like_email(text)
        || looks_like_url(text)
        || is_about_others(leaf)
        || names_no_person(leaf.name())
    {
        return None;
    }
    let words = key_words(leaf.name());
    let is_secret =
        words.iter().any(|word| matches!(word.as_str(), "token" | "secret" | "session" | "refresh" | "access" | "expires" | "exp" | "iat"));
    if is_secret || is_about_token_or_error(leaf.name()) || is_outcome_key(leaf.name()) {
        return None;
    }
    let is_number = is_person_number(&normalize_key(leaf.name()))
        || words.iter().any(|word| LAST_WORDS.contains(&word.as_str()))
        || words.last().is_some_and(|word| word.ends_with("nr"))
        || is_key_of_id(leaf.name());
    if !distinguishes && !is_number {
        return None;
    }
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let points = if distinguishes { 20 } else { 8 } + if is_number { 15 } else { 0 } + if has_digit { 10 } else { 0 };
    let beside = if has_name_beside(leaf, value) { 10 } else { 0 };
    Some(points + beside - depth_penalty(leaf) - list_penalty(leaf))
}

/// Whether another answer of the same login has the same value under the same key.
fn is_repeated_in_other_answer(id: &FactCandidate, sources: &[PersonSource]) -> bool {
    let leaves = |source: &PersonSource| source.documents[id.login].as_ref().map_or_else(Vec::new, leaves_of);
    let Some(own) = leaves(&sources[id.source]).into_iter().find(|leaf| write_path(&leaf.keys) == id.reading) else { return false };
    let others = sources.iter().enumerate().filter(|(at, _)| *at != id.source);
    others.flat_map(|(_, other)| leaves(other)).any(|leaf| leaf.text == own.text && normalize_key(leaf.name()) == normalize_key(own.name()))
}

/// Raises ids that are beside a name or an e-mail address, also one further inside, or that other answers repeat.
pub(crate) fn raise_corroborated_ids(ids: &mut [FactCandidate], sources: &[PersonSource]) {
    for id in ids {
        let above = id.keys.split_last().map_or(&[][..], |(_, above)| above);
        // A shop has an address and a name, too.
        if !is_of_this_person(above) {
            continue;
        }
        let Some(value) = sources[id.source].documents[id.login].as_ref() else { continue };
        let around: Vec<DocumentLeaf> =
            leaves_of(value).into_iter().filter(|leaf| leaf.keys.len() > above.len() && leaf.keys.starts_with(above)).collect();
        let mails = around.iter().filter(|leaf| looks_like_email(&leaf.text)).map(|leaf| leaf.keys.len() - above.len() - 1);
        // Everything is inside the whole answer, so that says nothing.
        if let Some(levels) = mails.min().filter(|levels| *levels == 0 || !above.is_empty()) {
            id.score += (15 - 5 * i32::try_from(levels).unwrap_or(3)).max(0);
        }
        if around.iter().any(|leaf| leaf.keys.len() == above.len() + 1 && normalize_key(leaf.name()).ends_with("name")) {
            id.score += 5;
        }
        if is_repeated_in_other_answer(id, sources) {
            id.score += 6;
        }
    }
}

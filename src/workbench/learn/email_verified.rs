//! Finds how an answer says whether the e-mail address is verified.

use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::keys::{key_words, normalize_key};
use crate::workbench::answers::looks::looks_like_email;
use crate::workbench::answers::path::{PathSegment, resolve, write_path};
use crate::workbench::answers::vocabulary::{
    holds_addresses, is_email_proof_key, is_proof_key_of, is_wrapper, means_proven, means_yes, mentions_email, words_of_which_address,
};
use crate::workbench::learn::document::{DocumentLeaf, leaves_of};
use crate::workbench::learn::person::{ChosenFact, FactCandidate, PersonSource, is_state_key, transferable_path};
use serde_json::Value;

/// The key beside an e-mail address that says whether the address is verified.
pub(crate) fn verified_flag_beside(leaf: &DocumentLeaf, value: &Value) -> Option<String> {
    let (_, above) = leaf.keys.split_last()?;
    let members = resolve(value, above)?.as_object()?;
    let own = normalize_key(leaf.name());
    let is_in_list = above.iter().any(|key| matches!(key, PathSegment::Index(_)));
    let rank = |name: &str, value: &Value| match normalize_key(name).as_str() {
        "emailverified" | "verifiedemail" | "isemailverified" | "emailisverified" | "mailverified" => Some(0),
        plain if is_about(plain, &own) && is_proof_key_of(leaf.name(), name) => Some(1),
        plain if is_about(plain, &own) && says_state(name, value) => Some(2),
        "verified" | "isverified" | "confirmed" | "isconfirmed" | "checked" | "verifiedat" | "confirmedat" => Some(3),
        _ if is_email_proof_key(name) => Some(4),
        _ if is_in_list && is_state_key(name) && value.as_str().is_some_and(means_proven) => Some(5),
        // Whatever it says of the address, it is yes; the operator decides.
        plain if own.len() >= 4 && plain.starts_with(&own) && plain != own && value == &Value::Bool(true) => Some(6),
        _ => None,
    };
    let is_flag = |value: &Value| !value.is_object() && !value.is_array() && !value.as_str().is_some_and(looks_like_email);
    let mut flags: Vec<(u8, &String)> =
        members.iter().filter(|(_, value)| is_flag(value)).filter_map(|(name, value)| Some((rank(name, value)?, name))).collect();
    flags.sort_unstable();
    flags.first().map(|(_, name)| (*name).clone())
}

/// Whether no key of a path names another person or a thing that is not known.
pub(crate) fn is_of_this_person(above: &[PathSegment]) -> bool {
    above.iter().filter_map(PathSegment::key).all(|key| is_wrapper(key) || holds_addresses(key))
}

/// Whether a claim is that of the address with the key `own`, and not of another address beside it.
fn is_of_address(claim: &str, own: &str) -> bool {
    let claim_words = normalize_key(claim);
    // An address that is valid may still be the one of another person, and one of several is not known to be the person's.
    !key_words(claim).iter().any(|word| word == "valid")
        && words_of_which_address(own).iter().all(|word| !mentions_email(own) && claim_words.contains(word.as_str()))
}

/// Whether a key is about the address whose key is `own`.
fn is_about(plain: &str, own: &str) -> bool {
    plain != own && (mentions_email(plain) || own.len() >= 4 && plain.contains(own))
}

/// Whether this key of something about the address holds its state: `mail_ok: true`, `email_status: confirmed`.
fn says_state(name: &str, value: &Value) -> bool {
    let last = key_words(name);
    let says = |words: &[&str]| last.iter().any(|word| words.contains(&word.as_str()));
    match value {
        Value::Bool(_) => says(&["ok", "valid", "state", "status"]),
        Value::String(text) => {
            means_proven(text) && (says(&["status", "state", "stato", "estado", "stan", "etat", "statut", "ok"]) || last.len() <= 2)
        }
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// The attribute of an XML element with an address that says whether the address is proven.
fn verified_attribute(leaf: &DocumentLeaf, value: &Value) -> Option<String> {
    let attributes = resolve(value, &leaf.keys)?.as_object()?;
    attributes.keys().find(|name| name.starts_with('@') && is_email_proof_key(name.trim_start_matches('@'))).cloned()
}

/// The line that reads whether the address is verified.
pub(crate) fn email_verified_fact(mail: &FactCandidate, sources: &[PersonSource]) -> Option<ChosenFact> {
    let (_, above) = mail.keys.split_last()?;
    let mut found: Option<(String, Vec<String>)> = None;
    for value in sources[mail.source].documents.iter().flatten() {
        for leaf in leaves_of(value) {
            let same_place = transferable_path(&leaf, value).is_some_and(|keys| write_path(&keys) == mail.reading);
            let attribute = verified_attribute(&leaf, value);
            if let Some(name) = attribute.clone().or_else(|| verified_flag_beside(&leaf, value)).filter(|_| same_place) {
                let mut flag = leaf.keys.clone();
                if attribute.is_none() {
                    flag.pop();
                }
                flag.push(PathSegment::Key(name.clone()));
                let text = leaves_of(value).into_iter().find(|other| other.keys == flag).map_or_else(String::new, |leaf| leaf.text);
                found.get_or_insert_with(|| (name, Vec::new())).1.push(text);
            }
        }
    }
    let (name, values) = found?;
    let yes = values.iter().find(|text| means_yes(text));
    let is_attribute = name.starts_with('@');
    let mut keys = if is_attribute { mail.keys.clone() } else { above.to_vec() };
    keys.push(PathSegment::Key(name.clone()));
    let in_list = above.iter().any(|key| matches!(key, PathSegment::Query(_)));
    let own = mail.keys.last().and_then(PathSegment::key).unwrap_or_default();
    // `email_optin: yes` says yes to something else.
    let is_proof = is_proof_key_of(own, &name) || yes.is_some_and(|word| means_proven(word));
    let is_proven_address = is_about(&normalize_key(&name), &normalize_key(own)) && is_proof && is_of_address(&name, own);
    // A list of addresses and telephones is that of one person, whatever it is called.
    let is_by_kind = above.iter().any(|key| matches!(key, PathSegment::Query(filter) if mentions_email(filter)));
    let is_proven_entry = in_list && is_proof && !key_words(&name).iter().any(|word| word == "valid");
    let is_doubtful = !is_by_kind && !is_of_this_person(above) || !(is_proven_entry || is_attribute || is_proven_address);
    let value = match yes {
        Some(word) => YamlValue::Block(vec![
            YamlLine::new("at", YamlValue::Text(write_path(&keys))),
            YamlLine::new("is", YamlValue::text(word.clone())),
        ]),
        None => YamlValue::Text(write_path(&keys)),
    };
    let entry = YamlLine::with_comment("emailVerified", value, "says whether the address is proven");
    Some(ChosenFact { source: mail.source, entry, is_doubtful })
}

//! Finds how an answer says whether the e-mail address is verified.

use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::looks_like_email;
use crate::workbench::answers::path::{PathSegment, resolve, write_path};
use crate::workbench::answers::vocabulary::{means_proven, means_yes, mentions_email};
use crate::workbench::learn::document::{DocumentLeaf, leaves_of};
use crate::workbench::learn::person::{ChosenFact, FactCandidate, PersonSource, transferable_path};
use serde_json::Value;

/// The key beside an e-mail address that says whether the address is verified.
pub(crate) fn verified_flag_beside(leaf: &DocumentLeaf, value: &Value) -> Option<String> {
    let (_, above) = leaf.keys.split_last()?;
    let members = resolve(value, above)?.as_object()?;
    let rank = |name: &str| match normalize_key(name).as_str() {
        "emailverified" | "verifiedemail" | "isemailverified" | "emailisverified" | "mailverified" => Some(0),
        name if mentions_email(name) && means_proven(name) => Some(1),
        "verified" | "isverified" | "confirmed" | "isconfirmed" | "checked" | "verifiedat" | "confirmedat" => Some(2),
        _ => None,
    };
    let is_flag = |value: &Value| !value.is_object() && !value.is_array() && !value.as_str().is_some_and(looks_like_email);
    let mut flags: Vec<(u8, &String)> =
        members.iter().filter(|(_, value)| is_flag(value)).filter_map(|(name, _)| Some((rank(name)?, name))).collect();
    flags.sort_unstable();
    flags.first().map(|(_, name)| (*name).clone())
}

/// The line that reads whether the address is verified.
pub(crate) fn email_verified_fact(mail: &FactCandidate, sources: &[PersonSource]) -> Option<ChosenFact> {
    let (_, above) = mail.keys.split_last()?;
    let mut found: Option<(String, Vec<String>)> = None;
    for value in sources[mail.source].documents.iter().flatten() {
        for leaf in leaves_of(value) {
            let same_place = transferable_path(&leaf, value).is_some_and(|keys| write_path(&keys) == mail.reading);
            if let Some(name) = verified_flag_beside(&leaf, value).filter(|_| same_place) {
                let mut flag = leaf.keys.clone();
                flag.pop();
                flag.push(PathSegment::Key(name.clone()));
                let text = leaves_of(value).into_iter().find(|other| other.keys == flag).map_or_else(String::new, |leaf| leaf.text);
                found.get_or_insert_with(|| (name, Vec::new())).1.push(text);
            }
        }
    }
    let (name, values) = found?;
    let mut keys = above.to_vec();
    keys.push(PathSegment::Key(name.clone()));
    let in_list = above.iter().any(|key| matches!(key, PathSegment::Query(_)));
    let is_doubtful = !mentions_email(&normalize_key(&name)) && !in_list;
    let yes = values.iter().find(|text| means_yes(text));
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

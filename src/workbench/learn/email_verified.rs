//! How an answer says whether an address is proven.

use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::looks_like_email;
use crate::workbench::answers::path::{PathSegment, write_path};
use crate::workbench::answers::vocabulary::{means_proven, means_yes, mentions_email};
use crate::workbench::draft::{DraftEntry, DraftValue};
use crate::workbench::learn::document::{DocumentLeaf, leaves_of};
use crate::workbench::learn::person::{ChosenFact, FactCandidate, PersonSource, transferable_path};
use serde_json::Value;

/// The name of what stands beside an address and says whether it is proven.
pub(crate) fn verified_flag_beside(leaf: &DocumentLeaf, value: &Value) -> Option<String> {
    let (_, above) = leaf.keys.split_last()?;
    let mut here = value;
    for key in above {
        here = match key {
            PathSegment::Key(name) => here.get(name)?,
            PathSegment::Index(at) => here.get(*at)?,
            PathSegment::Query(_) => return None,
        };
    }
    let members = here.as_object()?;
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

/// How it is read whether the address is proven.
pub(crate) fn email_verified_fact(mail: &FactCandidate, sources: &[PersonSource]) -> Option<ChosenFact> {
    let (_, above) = mail.keys.split_last()?;
    let mut found: Option<(String, Vec<String>)> = None;
    for value in sources[mail.source].said.iter().flatten() {
        for leaf in leaves_of(value) {
            let same_place = transferable_path(&leaf, value).is_some_and(|keys| write_path(&keys) == mail.how);
            if let Some(name) = verified_flag_beside(&leaf, value).filter(|_| same_place) {
                let mut flag = leaf.keys.clone();
                flag.pop();
                flag.push(PathSegment::Key(name.clone()));
                let text = leaves_of(value).into_iter().find(|other| other.keys == flag).map_or_else(String::new, |leaf| leaf.text);
                found.get_or_insert_with(|| (name, Vec::new())).1.push(text);
            }
        }
    }
    let (name, said) = found?;
    let mut keys = above.to_vec();
    keys.push(PathSegment::Key(name.clone()));
    let in_list = above.iter().any(|key| matches!(key, PathSegment::Query(_)));
    let is_doubtful = !mentions_email(&normalize_key(&name)) && !in_list;
    let yes = said.iter().find(|text| means_yes(text));
    let value = match yes {
        Some(word) => DraftValue::Block(vec![
            DraftEntry::new("at", DraftValue::Text(write_path(&keys))),
            DraftEntry::new("is", DraftValue::text(word.clone())),
        ]),
        None => DraftValue::Text(write_path(&keys)),
    };
    let because = if is_doubtful {
        "it stands beside the address; decide whether it is about the address"
    } else {
        "says whether the address is proven"
    };
    Some(ChosenFact { source: mail.source, entry: DraftEntry::with_reason("emailVerified", value, because), is_doubtful })
}

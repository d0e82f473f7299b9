//! How an answer says whether an address is proven.

use crate::workbench::draft::{Entry, Piece};
use crate::workbench::learn::document::{Key, Leaf, leaves_of, path};
use crate::workbench::learn::look::{is_email, plain};
use crate::workbench::learn::person::{Candidate, Chosen, Source, through_lists};
use crate::workbench::learn::vocabulary::{is_about_mail, says_proven, says_yes};
use serde_json::Value;

/// The name of what stands beside an address and says whether it is proven.
pub fn beside(leaf: &Leaf, value: &Value) -> Option<String> {
    let (_, above) = leaf.keys.split_last()?;
    let mut here = value;
    for key in above {
        here = match key {
            Key::Name(name) => here.get(name)?,
            Key::At(at) => here.get(*at)?,
            Key::Where(_) => return None,
        };
    }
    let members = here.as_object()?;
    let rank = |name: &str| match plain(name).as_str() {
        "emailverified" | "verifiedemail" | "isemailverified" | "emailisverified" | "mailverified" => Some(0),
        name if is_about_mail(name) && says_proven(name) => Some(1),
        "verified" | "isverified" | "confirmed" | "isconfirmed" | "checked" | "verifiedat" | "confirmedat" => Some(2),
        _ => None,
    };
    let is_flag = |value: &Value| !value.is_object() && !value.is_array() && !value.as_str().is_some_and(is_email);
    let mut flags: Vec<(u8, &String)> =
        members.iter().filter(|(_, value)| is_flag(value)).filter_map(|(name, _)| Some((rank(name)?, name))).collect();
    flags.sort_unstable();
    flags.first().map(|(_, name)| (*name).clone())
}

/// How it is read whether the address is proven.
pub fn proof(mail: &Candidate, sources: &[Source]) -> Option<Chosen> {
    let (_, above) = mail.keys.split_last()?;
    let mut found: Option<(String, Vec<String>)> = None;
    for value in sources[mail.source].said.iter().flatten() {
        for leaf in leaves_of(value) {
            let same_place = through_lists(&leaf, value).is_some_and(|keys| path(&keys) == mail.how);
            if let Some(name) = beside(&leaf, value).filter(|_| same_place) {
                let mut flag = leaf.keys.clone();
                flag.pop();
                flag.push(Key::Name(name.clone()));
                let text = leaves_of(value).into_iter().find(|other| other.keys == flag).map_or_else(String::new, |leaf| leaf.text);
                found.get_or_insert_with(|| (name, Vec::new())).1.push(text);
            }
        }
    }
    let (name, said) = found?;
    let mut keys = above.to_vec();
    keys.push(Key::Name(name.clone()));
    let in_list = above.iter().any(|key| matches!(key, Key::Where(_)));
    let is_doubtful = !is_about_mail(&plain(&name)) && !in_list;
    let yes = said.iter().find(|text| says_yes(text));
    let value = match yes {
        Some(word) => Piece::Block(vec![Entry::new("at", Piece::Text(path(&keys))), Entry::new("is", Piece::text(word.clone()))]),
        None => Piece::Text(path(&keys)),
    };
    let because = if is_doubtful {
        "it stands beside the address; decide whether it is about the address"
    } else {
        "says whether the address is proven"
    };
    Some(Chosen { source: mail.source, entry: Entry::because("emailVerified", value, because), is_doubtful })
}

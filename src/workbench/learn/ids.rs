//! Which value tells people apart.

use crate::workbench::learn::document::{Key, Leaf, leaves_of, path};
use crate::workbench::learn::look::{is_address, is_email, plain};
use crate::workbench::learn::person::{Candidate, Source, depth, in_list, is_about_others};
use crate::workbench::learn::vocabulary::{is_family_name, is_id_of_somebody, is_number_of_somebody, is_whole_name};
use serde_json::Value;

/// Why something is read as an id that is not called so.
pub const UNSURE_ID: &str = "decide whether it tells people apart and never changes: nothing is called an id";

/// Whether this is only called a number, a code or a key.
pub fn is_only_a_number(key: &Key) -> bool {
    matches!(key, Key::Name(name) if is_number_of_somebody(&plain(name)) && !plain(name).ends_with("id"))
}

/// How well a value fits as an id.
pub fn id_score(leaf: &Leaf, value: &Value) -> Option<i32> {
    if leaf.text.len() > 255 || matches!(leaf.text.as_str(), "true" | "false") {
        return None;
    }
    let name = plain(leaf.name());
    let points = match name.as_str() {
        "sub" => 100,
        "id" => 95,
        "uid" => 92,
        "userid" => 90,
        "unionid" => 89,
        "accountid" => 88,
        "uuid" => 91,
        "openid" => 85,
        "loginid" | "memberid" | "personid" | "customerid" | "idcliente" => 80,
        name if is_id_of_somebody(name) => 86,
        "number" => 40,
        name if name.ends_with("id") && !name.contains("client") && !name.contains("app") && !name.contains("session") => 30,
        name if is_number_of_somebody(name) && is_beside_a_name(leaf, value) => LEAST_ID,
        _ => return None,
    };
    let others = if is_about_others(leaf) { 50 } else { 0 };
    // An address is where something lies, not who somebody is.
    let address = if is_address(&leaf.text) && name != "sub" { 20 } else { 0 };
    Some(points - depth(leaf) - others - address - in_list(leaf))
}

/// What an id is worth that only a number, a code or a key may be.
const LEAST_ID: i32 = 10;

/// Whether a name or an address stands beside this.
fn is_beside_a_name(leaf: &Leaf, value: &Value) -> bool {
    let above = &leaf.keys[..leaf.keys.len().saturating_sub(1)];
    let beside = leaves_of(value).into_iter().filter(|other| other.keys.len() > above.len() && other.keys.starts_with(above));
    beside.into_iter().any(|other| {
        let name = plain(other.name());
        is_email(&other.text) || is_whole_name(&name) || is_family_name(&name) || name.ends_with("name")
    })
}

/// Whether another answer of the same login names the same person by the same word.
fn is_said_twice(id: &Candidate, sources: &[Source]) -> bool {
    let said = |source: &Source| source.said[id.login].as_ref().map_or_else(Vec::new, leaves_of);
    let Some(own) = said(&sources[id.source]).into_iter().find(|leaf| path(&leaf.keys) == id.how) else { return false };
    let others = sources.iter().enumerate().filter(|(at, _)| *at != id.source);
    others.flat_map(|(_, other)| said(other)).any(|leaf| leaf.text == own.text && plain(leaf.name()) == plain(own.name()))
}

/// An id stands beside a name or an address, and other answers know it, too.
pub fn prefer_company(ids: &mut [Candidate], sources: &[Source]) {
    for id in ids {
        let above = id.keys.split_last().map_or(&[][..], |(_, above)| above);
        let Some(value) = sources[id.source].said[id.login].as_ref() else { continue };
        let beside = leaves_of(value)
            .into_iter()
            .filter(|leaf| leaf.keys.len() == above.len() + 1 && path(&leaf.keys[..above.len()]) == path(above));
        let beside: Vec<Leaf> = beside.collect();
        if beside.iter().any(|leaf| is_email(&leaf.text)) {
            id.score += 15;
        }
        if beside.iter().any(|leaf| plain(leaf.name()).ends_with("name")) {
            id.score += 5;
        }
        if is_said_twice(id, sources) {
            id.score += 6;
        }
    }
}

//! The address of somebody's picture.

use crate::workbench::draft::Piece;
use crate::workbench::learn::document::{Key, Leaf, leaves_of};
use crate::workbench::learn::look::{is_address, plain};
use crate::workbench::learn::person::{Chosen, Source, candidates, depth, is_about_others, pick};
use serde_json::Value;

/// A picture; what is escaped for HTML behind a question mark is better left away.
pub fn pictures(sources: &[Source]) -> Option<Chosen> {
    let mut found = pick("picture", candidates(sources, picture_score), "an address of a picture, by its name")?;
    let said = sources[found.source].said.iter().flatten().flat_map(leaves_of);
    if let Piece::Text(how) = &found.entry.value {
        let is_escaped = said.into_iter().any(|leaf| leaf.path() == *how && leaf.text.contains("&amp;"));
        if is_escaped {
            let ways = [format!("${{{how} | before \"?\"}}"), how.clone()];
            found.entry.value = Piece::List(ways.into_iter().map(Piece::Text).collect());
        }
    }
    Some(found)
}

fn picture_score(leaf: &Leaf, _: &Value) -> Option<i32> {
    if !is_address(&leaf.text) {
        return None;
    }
    let rank = |name: &str| {
        let words = [
            ("picture", 100),
            ("avatar", 95),
            ("photo", 90),
            ("image", 85),
            ("headimg", 85),
            ("icon", 60),
            ("figure", 60),
            ("thumb", 50),
            ("img", 70),
            ("pic", 70),
        ];
        words
            .into_iter()
            .find(|(word, _)| name.contains(word))
            .map(|(_, points)| points)
            .or((name == "profile" || name.starts_with("profilemedium")).then_some(55))
    };
    let own = rank(&plain(leaf.name()));
    let above = leaf.keys.iter().rev().skip(1).find_map(|key| if let Key::Name(name) = key { rank(&plain(name)) } else { None });
    let points = own.or(above.map(|points| points - 2))?;
    let others = if is_about_others(leaf) { 50 } else { 0 };
    // Of several sizes the largest.
    let size =
        leaf.name().split(|letter: char| !letter.is_ascii_digit()).filter_map(|digits| digits.parse::<i32>().ok()).max().unwrap_or(0);
    let called = match plain(leaf.name()).as_str() {
        "original" | "full" | "large" | "big" => 3,
        "medium" | "middle" | "normal" => 2,
        "small" | "thumb" | "thumbnail" | "mini" => 0,
        _ => 1,
    };
    Some(points - depth(leaf) - others + size.min(400) / 100 + called)
}

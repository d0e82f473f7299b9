//! Finds the address of the person's picture.

use crate::vocabulary::yaml::writer::YamlValue;
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::looks_like_url;
use crate::workbench::answers::path::PathSegment;
use crate::workbench::learn::document::{DocumentLeaf, leaves_of};
use crate::workbench::learn::person::{
    ChosenFact, FactCandidate, PersonSource, depth_penalty, find_candidates, is_about_others, pick_best,
};
use serde_json::Value;

/// The picture. A query that is escaped for HTML is cut off.
pub(crate) fn picture_fact(sources: &[PersonSource], judge: impl Fn(&mut [FactCandidate])) -> Option<ChosenFact> {
    let mut pictures = find_candidates(sources, picture_score);
    judge(&mut pictures);
    let mut found = pick_best("picture", pictures, "an address of a picture, by its name", |_, _| true)?;
    let leaves = sources[found.source].documents.iter().flatten().flat_map(leaves_of);
    if let YamlValue::Text(path) = &found.entry.value {
        let is_escaped = leaves.into_iter().any(|leaf| leaf.path() == *path && leaf.text.contains("&amp;"));
        if is_escaped {
            let readings = [format!("${{{path} | before \"?\"}}"), path.clone()];
            found.entry.value = YamlValue::List(readings.into_iter().map(YamlValue::Text).collect());
        }
    }
    Some(found)
}

fn picture_score(leaf: &DocumentLeaf, _: &Value) -> Option<i32> {
    if !looks_like_url(&leaf.text) {
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
            .or(name.starts_with("profilemedium").then_some(55))
    };
    let own = rank(&normalize_key(leaf.name()));
    let above =
        leaf.keys.iter().rev().skip(1).find_map(|key| if let PathSegment::Key(name) = key { rank(&normalize_key(name)) } else { None });
    let by_ending = is_image(&leaf.text).then_some(40);
    let points = own.or(above.map(|points| points - 2)).or(by_ending)?;
    // Our pages show no picture that comes without encryption.
    let plain = if leaf.text.starts_with("http://") { 10 } else { 0 };
    let others = if is_about_others(leaf) { 50 } else { 0 };
    // The largest of several sizes is preferred.
    let size =
        leaf.name().split(|letter: char| !letter.is_ascii_digit()).filter_map(|digits| digits.parse::<i32>().ok()).max().unwrap_or(0);
    let size_by_name = match normalize_key(leaf.name()).as_str() {
        "original" | "full" | "large" | "big" => 3,
        "medium" | "middle" | "normal" => 2,
        "small" | "thumb" | "thumbnail" | "mini" => 0,
        _ => 1,
    };
    Some(points - depth_penalty(leaf) - others - plain + size.min(400) / 100 + size_by_name).filter(|score| *score > 0)
}

/// Whether an address ends as those of pictures do.
fn is_image(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    [".jpg", ".jpeg", ".png", ".gif", ".webp"].iter().any(|ending| path.ends_with(ending))
}

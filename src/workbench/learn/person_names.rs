//! Finds the person's name: whole names, names in two parts, names by language.

use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::{looks_like_email, looks_like_url};
use crate::workbench::answers::path::{PathSegment, resolve, write_path};
use crate::workbench::answers::vocabulary::{is_family_name, is_given_name, is_whole_name, names_no_person};
use crate::workbench::learn::document::{DocumentLeaf, leaves_of};
use crate::workbench::learn::people::People;
use crate::workbench::learn::person::{
    FactCandidate, PersonSource, depth_penalty, find_candidates, is_about_others, list_penalty, transferable_path,
};
use serde_json::Value;

fn name_rank(name: &str) -> Option<i32> {
    Some(match name {
        "name" => 100,
        "globalname" => 99,
        name if is_whole_name(name) => 98,
        "displayname" | "publicname" | "rufname" => 97,
        "screenname" => 70,
        "nickname" | "nick" => 72,
        "battletag" | "gamertag" | "loginname" => 65,
        "username" | "login" | "vanity" | "handle" | "preferredusername" | "uniquename" => 60,
        name if name.ends_with("fullname") => 98,
        name if name.ends_with("ownername") || name.ends_with("displayname") => 90,
        name if name.ends_with("businessname") => 75,
        _ => return None,
    })
}

fn name_score(leaf: &DocumentLeaf, _: &Value) -> Option<i32> {
    if looks_like_url(&leaf.text) || leaf.text.starts_with("urn:") || leaf.text.len() > 200 {
        return None;
    }
    let own = normalize_key(leaf.name());
    // An e-mail address is a name only where there is no other.
    let email_penalty = match (looks_like_email(&leaf.text), own.as_str()) {
        (true, "name") => 60,
        (true, _) => return None,
        (false, _) => 0,
    };
    // A user name is one word.
    let words = if leaf.text.trim().contains(' ') { 14 } else { 0 };
    let points = name_rank(&own)? + words;
    let others = if is_about_others(leaf) { 60 } else { 0 };
    Some(points - depth_penalty(leaf) - others - list_penalty(leaf) - email_penalty)
}

pub(crate) fn name_candidates(sources: &[PersonSource]) -> Vec<FactCandidate> {
    let mut all = find_candidates(sources, name_score);
    let given = find_candidates(sources, |leaf, value| {
        let above = &leaf.keys[..leaf.keys.len().saturating_sub(1)];
        let leaves = if is_given_name(&normalize_key(leaf.name()), true) { leaves_of(value) } else { Vec::new() };
        let beside = |fits: &dyn Fn(&str) -> bool| {
            leaves
                .iter()
                .any(|other| other.keys.len() == leaf.keys.len() && other.keys.starts_with(above) && fits(&normalize_key(other.name())))
        };
        let name = normalize_key(leaf.name());
        let is_first_of_two = beside(&is_family_name) && !beside(&|name| is_given_name(name, false));
        let is_given = is_given_name(&name, false) || is_given_name(&name, true) && is_first_of_two;
        is_given.then(|| if is_given_name(&name, false) { -depth_penalty(leaf) } else { 20 - depth_penalty(leaf) })
    });
    for first in given {
        let (Some((_, above)), Some(value)) = (first.keys.split_last(), sources[first.source].documents[first.login].as_ref()) else {
            continue;
        };
        let base = write_path(above);
        let family = leaves_of(value).into_iter().find(|leaf| {
            let near = leaf.keys.split_last().is_some_and(|(_, other)| write_path(other) == base);
            near && is_family_name(&normalize_key(leaf.name()))
        });
        let family = family.map(|leaf| leaf.path());
        let reading = family.map_or_else(|| first.reading.clone(), |last| format!("${{{}?}} ${{{last}?}}", first.reading));
        all.push(FactCandidate { score: 88 + first.score, reading, ..first });
    }
    all.extend(localized_name_candidates(sources));
    // What is an e-mail address in one login is a poor name in another, too.
    let scores: Vec<(usize, String, i32)> =
        all.iter().map(|candidate| (candidate.source, candidate.reading.clone(), candidate.score)).collect();
    for candidate in &mut all {
        let same = scores.iter().filter(|(source, reading, _)| *source == candidate.source && *reading == candidate.reading);
        let worst = same.map(|(.., score)| *score).min();
        candidate.score = worst.unwrap_or(candidate.score);
    }
    all
}

/// Values without a telling name that look like the names of people, and differ between the people of the recording.
pub(crate) fn unnamed_names(sources: &[PersonSource], people: &People) -> Vec<FactCandidate> {
    let mut all = Vec::new();
    for (source, place) in sources.iter().enumerate() {
        for (login, value) in place.documents.iter().enumerate() {
            let Some(value) = value else { continue };
            for leaf in leaves_of(value) {
                let key = normalize_key(leaf.name());
                let is_called_so = ["name", "nam", "nom", "display", "label", "title"].iter().any(|part| key.contains(part));
                let is_likely = looks_like_a_name(&leaf.text) && (people.distinguishes(&leaf, place) || is_called_so);
                if !is_likely || is_about_others(&leaf) || names_no_person(leaf.name()) {
                    continue;
                }
                let Some(keys) = transferable_path(&leaf, value) else { continue };
                let words = if leaf.text.contains(' ') { 10 } else { 0 } + if is_called_so { 15 } else { 0 };
                let score = 12 + words - depth_penalty(&leaf) + place.weight;
                all.push(FactCandidate { source, login, score, reading: write_path(&keys), keys });
            }
        }
    }
    all
}

/// Whether a text is one to four words of letters, each with a capital letter where its script has them.
fn looks_like_a_name(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    (1..=4).contains(&words.len())
        && text.len() <= 80
        && text.chars().count() >= 2
        && words.iter().all(|word| {
            word.chars().all(|letter| letter.is_alphabetic() || matches!(letter, '-' | '\'' | '.' | '’'))
                && !word.starts_with(char::is_lowercase)
        })
        && !words.iter().all(|word| word.chars().count() > 1 && word.chars().all(|letter| letter.is_ascii_uppercase()))
}

/// The path of a name whose members are languages, such as `name: { pt: …, es: … }`.
fn name_by_language(value: Option<&Value>, leaves: &[DocumentLeaf]) -> Option<Vec<PathSegment>> {
    let is_language = |key: &str| {
        let (language, country) = key.split_once(['_', '-']).unwrap_or((key, "XX"));
        language.len() == 2 && country.len() == 2 && language.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    let above = leaves.iter().find_map(|leaf| {
        let (own, above) = leaf.keys.split_last()?;
        let is_name =
            above.last().and_then(PathSegment::key).is_some_and(|key| normalize_key(key) == "name" || is_whole_name(&normalize_key(key)));
        (is_name && own.key().is_some_and(is_language)).then_some(above)
    })?;
    let members = resolve(value?, above)?.as_object()?;
    members.keys().all(|key| is_language(key)).then(|| above.iter().cloned().chain([PathSegment::Query(".*".to_owned())]).collect())
}

/// Names that an answer holds once for each language. One language is enough.
fn localized_name_candidates(sources: &[PersonSource]) -> Vec<FactCandidate> {
    let mut all = Vec::new();
    for (source, place) in sources.iter().enumerate() {
        for (login, value) in place.documents.iter().enumerate() {
            let leaves = value.as_ref().map_or_else(Vec::new, leaves_of);
            let find = |words: [&str; 2]| {
                let found = leaves.iter().find(|leaf| {
                    let is_language = leaf.text.len() < 200 && leaf.name().len() == 5 && leaf.name().as_bytes()[2] == b'_';
                    is_language
                        && leaf
                            .keys
                            .iter()
                            .any(|key| matches!(key, PathSegment::Key(name) if words.contains(&normalize_key(name).as_str())))
                });
                found.map(|leaf| {
                    let mut keys = leaf.keys.clone();
                    keys.pop();
                    keys.push(PathSegment::Query(".*".to_owned()));
                    keys
                })
            };
            all.extend(name_by_language(value.as_ref(), &leaves).map(|keys| FactCandidate {
                source,
                login,
                score: 80 + place.weight,
                reading: write_path(&keys),
                keys,
            }));
            if let Some(first) = find(["firstname", "givenname"]) {
                let family = find(["lastname", "familyname"]).map_or_else(String::new, |last| format!(" ${{{}?}}", write_path(&last)));
                let reading = format!("${{{}}}{family}", write_path(&first));
                all.push(FactCandidate { source, login, score: 80 + place.weight, reading, keys: first });
            }
        }
    }
    all
}

//! The paths of an answer at which a value that was not found may stand, the likeliest first.

use crate::provider::standard::PERSON;
use crate::workbench::answers::keys::spelling_similarity;
use crate::workbench::answers::leaves::AnswerNode;
use crate::workbench::answers::looks::is_name_for_path;
use crate::workbench::answers::meaning::{FactMeaning, key_similarity, meaning_of_key, meaning_score};
use crate::workbench::answers::path::{PathSegment, compile_path, last_key, parent_path};
use crate::workbench::answers::value_fit::{is_recognizable_by_look, value_fit};
use crate::workbench::answers::vocabulary::{is_about_others, is_about_token_or_error, is_email_proof_key, is_id_of_something_else};
use crate::workbench::repair::answer_index::AnswerIndex;
use crate::workbench::repair::unresolved_path::{LookupPart, UnresolvedPath};
use serde_json::Value;

/// At most this many candidates are given for one path.
const MOST: usize = 4;
/// At most this many paths with a filter are tried for one path.
const VARIANTS: usize = 240;
/// How much less likely a path is at which something else is read.
const TAKEN: f32 = 16.0;
/// At most this many containers are tried for a path with a filter.
const CONTAINERS: usize = 40;

/// A path that may be meant.
#[derive(Clone, Debug)]
pub(crate) struct RepairCandidate {
    pub(crate) path: Vec<PathSegment>,
    /// How likely it is, from 0 to about 100.
    pub(crate) score: f32,
    /// Whether its key has the same words as that of the file.
    pub(crate) same_words: bool,
    /// Whether it differs very little: by a typing mistake, or by one segment.
    pub(crate) close: bool,
    /// The evidence for it.
    pub(crate) support: CandidateSupport,
}

/// The evidence for a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CandidateSupport {
    Word,
    /// Only its value fits.
    Look,
    /// Its key fits, but another fact is read there already.
    Taken,
}

/// A path that finds something in the same answer.
#[derive(Clone, Debug)]
pub(crate) struct NeighbouringFact {
    /// The fact that is read by it.
    pub(crate) fact: String,
    pub(crate) path: Vec<PathSegment>,
    /// Whether the fact is the value itself, and not made of it.
    pub(crate) plain: bool,
}

/// The candidates for an unresolved path. `neighbours` are the paths by which other facts are found in the same answer.
pub(crate) fn find_candidates(wanted: &UnresolvedPath, index: &AnswerIndex<'_>, neighbours: &[NeighbouringFact]) -> Vec<RepairCandidate> {
    let mut list = match wanted.segments.iter().position(|hop| matches!(hop, PathSegment::Query(_))) {
        Some(at) => filter_candidates(wanted, at, index, neighbours),
        None => Vec::new(),
    };
    list.extend(index.leaves.iter().filter_map(|leaf| leaf_candidate(wanted, leaf, neighbours)));
    list.extend(candidates_beside_filters(wanted, index, neighbours));
    // The path from which the fact is read already is no candidate.
    let own = |path: &Vec<PathSegment>| {
        !wanted.any_value && neighbours.iter().any(|near| near.fact == wanted.fact && near.plain && near.path == *path)
    };
    list.retain(|candidate| {
        candidate.path != wanted.segments && !own(&candidate.path) && !drops_filter(wanted, candidate, index, neighbours)
    });
    // What another hole of the same text reads is hardly meant twice.
    let is_read_beside = |path: &[PathSegment]| neighbours.iter().any(|near| near.fact == wanted.fact && near.path == path);
    for candidate in list.iter_mut().filter(|candidate| wanted.any_value && is_read_beside(&candidate.path)) {
        candidate.score -= TAKEN;
    }
    list.sort_by(|one, other| other.score.total_cmp(&one.score));
    let mut seen: Vec<Vec<PathSegment>> = Vec::new();
    list.retain(|candidate| {
        let is_new = !seen.contains(&candidate.path);
        seen.extend(is_new.then(|| candidate.path.clone()));
        is_new && seen.len() <= MOST
    });
    list
}

/// Candidates next to the values that other facts find behind a filter.
fn candidates_beside_filters(wanted: &UnresolvedPath, index: &AnswerIndex<'_>, neighbours: &[NeighbouringFact]) -> Vec<RepairCandidate> {
    let Some(root) = index.containers.first().map(|container| container.value) else { return Vec::new() };
    let mut list = Vec::new();
    for known in neighbours
        .iter()
        .map(|near| &near.path)
        .filter(|known| parent_path(known).iter().any(|hop| matches!(hop, PathSegment::Query(_))))
        .take(6)
    {
        let container = compile_path(parent_path(known)).and_then(|selector| selector.first(root));
        for (key, value) in container.and_then(Value::as_object).into_iter().flatten().take(40) {
            if is_name_for_path(key) {
                let path = [parent_path(known), &[PathSegment::Key(key.clone())]].concat();
                list.extend(
                    leaf_candidate(wanted, &AnswerNode { path, value }, neighbours)
                        .map(|found| RepairCandidate { score: found.score + 14.0, ..found }),
                );
            }
        }
    }
    list
}

/// Whether a candidate takes the first of several elements where the file chose one by a filter.
fn drops_filter(wanted: &UnresolvedPath, candidate: &RepairCandidate, index: &AnswerIndex<'_>, neighbours: &[NeighbouringFact]) -> bool {
    let chooses = |path: &[PathSegment]| path.iter().any(PathSegment::is_filter);
    let is_about_address = wanted.meaning == FactMeaning::Email || wanted.meaning == FactMeaning::Verified;
    let chosen = chooses(&wanted.segments) || (is_about_address && neighbours.iter().any(|near| chooses(&near.path)));
    chosen && !chooses(&candidate.path) && takes_first_of_several(&candidate.path, index)
}

/// Whether a path takes the first of several elements.
pub(crate) fn takes_first_of_several(path: &[PathSegment], index: &AnswerIndex<'_>) -> bool {
    let lists = path.iter().enumerate().filter(|(_, hop)| matches!(hop, PathSegment::Index(_))).map(|(at, _)| &path[..at]);
    let mut lengths =
        lists.filter_map(|list| index.containers.iter().find(|container| container.path == list)?.value.as_array().map(Vec::len));
    lengths.any(|length| length > 1)
}

/// How well a value fits; `None` if the path cannot be meant.
fn plausibility(wanted: &UnresolvedPath, path: &[PathSegment], value: &Value, neighbours: &[NeighbouringFact]) -> Option<f32> {
    let fits = match value_fit(wanted.meaning, value) {
        Some(fits) => fits,
        None if wanted.any_value && wanted.meaning != FactMeaning::Verified && is_scalar(value) => 0.2,
        None => return None,
    };
    let last = last_key(path).unwrap_or_default();
    let proof = is_email_proof_key(last);
    let speaks_of_proof = wanted.meaning == FactMeaning::Verified || wanted.fact == "emailVerified";
    if speaks_of_proof && !proof && last_key(&wanted.segments) != Some(last) {
        return None;
    }
    let is_guarded = |meaning: FactMeaning| matches!(meaning, FactMeaning::Id | FactMeaning::Email | FactMeaning::Verified);
    let guarded = is_guarded(wanted.meaning) || is_guarded(wanted.about);
    let is_other_id = is_id_of_something_else(last) && last_key(&wanted.segments) != Some(last);
    (!guarded || !(is_other_id || is_of_somebody_else(wanted, path, neighbours))).then_some(fits)
}

/// Whether a path leads to another person's values: below a key that says so, and below which neither this path nor those of the
/// person's other facts were read.
fn is_of_somebody_else(wanted: &UnresolvedPath, path: &[PathSegment], neighbours: &[NeighbouringFact]) -> bool {
    let keys_about_others = |path: &[PathSegment]| -> Vec<String> {
        path.iter().filter_map(PathSegment::key).filter(|key| is_about_others(key)).map(str::to_owned).collect()
    };
    if !keys_about_others(&wanted.segments).is_empty() {
        return false;
    }
    let of_person = neighbours.iter().filter(|near| near.plain && PERSON.iter().any(|(fact, _)| *fact == near.fact));
    let known: Vec<String> = of_person.flat_map(|near| keys_about_others(&near.path)).collect();
    keys_about_others(path).iter().any(|key| !known.contains(key))
}

fn is_scalar(value: &Value) -> bool {
    crate::provider::json_path::scalar_text(value).is_some()
}

fn leaf_candidate(wanted: &UnresolvedPath, leaf: &AnswerNode<'_>, neighbours: &[NeighbouringFact]) -> Option<RepairCandidate> {
    let fits = plausibility(wanted, &leaf.path, leaf.value, neighbours)?;
    let key = leaf.key();
    let old = last_key(&wanted.segments).unwrap_or_default();
    let is_condition = wanted.part == LookupPart::Condition;
    let means = meaning_of_key(key);
    let stranger = means != wanted.meaning && means != FactMeaning::Other && wanted.meaning != FactMeaning::Other && !wanted.any_value;
    let alike = key_similarity(old, key);
    let alike = if stranger && alike < 0.97 { (alike - 0.35).max(0.0) } else { alike };
    let is_hint = wanted.hints.contains(&leaf.path);
    let about = if is_condition { 0.0 } else { meaning_score(wanted.meaning, key).max(0.9 * key_similarity(&wanted.fact, key)) };
    // The key of a part may speak of the whole fact.
    let about = if wanted.any_value { about.max(0.8 * meaning_score(wanted.about, key)) } else { about };
    let (was, is) = (parent_path(&wanted.segments), parent_path(&leaf.path));
    let around = path_similarity(was, is);
    let deeper = leaf.path.starts_with(&wanted.segments);
    let shallower = wanted.segments.starts_with(&leaf.path);
    let beside = neighbours.iter().any(|near| parent_path(&near.path) == is);
    let is_taken = !is_condition && !is_hint && alike < 0.8 && neighbours.iter().any(|near| near.path == leaf.path);
    let same_container = was == is;
    #[expect(clippy::cast_precision_loss, reason = "paths are short")]
    let way = was.len().abs_diff(is.len()) as f32;
    // A segment may have been dropped or added at the end: then the last key of one path is a parent in the other.
    let inner =
        is.last().and_then(PathSegment::key).map_or(0.0, |parent| if deeper { 1.0 } else { 0.8 * spelling_similarity(old, parent) });
    let outer =
        was.last().and_then(PathSegment::key).map_or(0.0, |parent| if shallower { 1.0 } else { 0.8 * spelling_similarity(parent, key) });
    // A value where the path goes on by one segment is what it was to find.
    let is_end = shallower && wanted.segments.len() == leaf.path.len() + 1;
    let name = if is_end { 1.0 } else { alike.max(0.8 * inner.max(outer)) };
    let mut score = 42.0 * name + 22.0 * about + 14.0 * around + 12.0 * fits - 1.5 * way;
    score += if beside { 7.0 } else { 0.0 }
        + if !same_container {
            0.0
        } else if was.is_empty() {
            4.0
        } else {
            8.0
        }
        + if shallower || deeper { 8.0 } else { 0.0 };
    score += if key == old {
        28.0
    } else if alike >= 0.97 || is_end {
        20.0
    } else {
        0.0
    } + if !is_condition && wanted.fact == key { 8.0 } else { 0.0 };
    // Only its value speaks for it.
    let nothing = name.max(about) < 0.45 && !is_hint;
    let only_one = wanted.meaning == FactMeaning::Email;
    let says_yes = leaf.value.is_boolean() && matches!(key, "ok" | "success" | "successful" | "succeeded" | "accepted");
    let is_still_asked = alike >= 0.6 || deeper || shallower || (same_container && says_yes);
    if nothing && !(only_one || same_container || beside || deeper) || (is_condition && !is_still_asked && !is_hint) {
        return None;
    }
    score += if is_hint { 40.0 } else { 0.0 } - if is_taken { TAKEN } else { 0.0 };
    score += if is_condition && same_container && says_yes { 16.0 } else { 0.0 };
    // A key with another known meaning is not proposed for its value alone.
    let is_name = |meaning: FactMeaning| matches!(meaning, FactMeaning::Name | FactMeaning::First | FactMeaning::Last);
    let stranger = stranger && !(is_name(means) && is_name(wanted.meaning));
    let no_look = !is_recognizable_by_look(wanted.meaning, leaf.value) || is_about_token_or_error(key);
    if nothing && (is_taken || stranger || no_look) && !is_condition {
        return None;
    }
    if nothing {
        score -= 12.0;
    }
    Some(RepairCandidate {
        path: leaf.path.clone(),
        score,
        same_words: alike >= 0.97,
        close: alike >= 0.6
            || wanted.fact == key
            || is_hint
            || ((deeper || shallower) && way < 1.5)
            || (about >= 0.75 && same_container && !is_taken),
        support: match () {
            () if is_taken => CandidateSupport::Taken,
            () if nothing => CandidateSupport::Look,
            () => CandidateSupport::Word,
        },
    })
}

/// How alike two paths are, from 0 to 1: the share of segments that they have in common, in order.
fn path_similarity(was: &[PathSegment], is: &[PathSegment]) -> f32 {
    if was.is_empty() && is.is_empty() {
        return 1.0;
    }
    let mut row = vec![0.0_f32; is.len() + 1];
    for one in was {
        let mut corner = 0.0;
        for (at, other) in is.iter().enumerate() {
            let same = match (one, other) {
                (one, other) if one == other => 1.0,
                (PathSegment::Key(one), PathSegment::Key(other)) => key_similarity(one, other),
                _ => 0.0,
            };
            let next = if same > 0.6 { corner + same } else { row[at + 1].max(row[at]) };
            corner = row[at + 1];
            row[at + 1] = next;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "paths are short")]
    let share = row[is.len()] / was.len().max(is.len()) as f32;
    share
}

/// Candidates for a path with a filter or a star: the same path in another container, or with another key in it.
fn filter_candidates(wanted: &UnresolvedPath, at: usize, index: &AnswerIndex<'_>, neighbours: &[NeighbouringFact]) -> Vec<RepairCandidate> {
    let (head, middle, tail) = (&wanted.segments[..at], &wanted.segments[at], &wanted.segments[at + 1..]);
    let PathSegment::Query(middle) = middle else { return Vec::new() };
    let root = index.containers.first().map(|container| container.value);
    let mut list = Vec::new();
    let mut containers: Vec<(&AnswerNode<'_>, f32)> =
        index.containers.iter().map(|container| (container, path_similarity(head, &container.path))).collect();
    containers.sort_by(|one, other| other.1.total_cmp(&one.1));
    for (container, around) in containers.into_iter().take(CONTAINERS) {
        if list.len() >= VARIANTS {
            break;
        }
        // The element that the filter chooses shows best what stands behind it.
        let chosen = [container.path.as_slice(), &wanted.segments[at..=at]].concat();
        let chosen = compile_path(&chosen).and_then(|selector| root.and_then(|root| selector.first(root)));
        let element = chosen.or(match container.value {
            Value::Array(list) => list.first(),
            Value::Object(members) => members.values().find(|value| value.is_object()),
            _ => None,
        });
        let mut variants: Vec<(Vec<PathSegment>, f32)> = Vec::new();
        for (filter, kept) in filter_variants(middle, element) {
            for (tail, like) in tail_variants(wanted, tail, element) {
                variants
                    .push(([container.path.as_slice(), &[PathSegment::Query(filter.clone())], &tail].concat(), 0.5 * kept + 0.5 * like));
            }
        }
        if let Value::Object(_) = container.value {
            // The list has become one object.
            variants.extend(
                tail_variants(wanted, tail, Some(container.value))
                    .into_iter()
                    .map(|(tail, like)| ([container.path.as_slice(), &tail].concat(), 0.8 * like - 0.1)),
            );
        }
        for (path, like) in variants.into_iter().take(VARIANTS) {
            let found = compile_path(&path).and_then(|selector| root.and_then(|root| selector.first(root)));
            if let Some(fits) = found.and_then(|value| plausibility(wanted, &path, value, neighbours)) {
                list.push(RepairCandidate {
                    score: 50.0 * like + 25.0 * around + 15.0 * fits,
                    path,
                    same_words: like >= 0.97,
                    close: like >= 0.75,
                    support: CandidateSupport::Word,
                });
            }
        }
    }
    list
}

/// The filter as it is, and with other keys that an element has.
fn filter_variants(filter: &str, element: Option<&Value>) -> Vec<(String, f32)> {
    let mut list = vec![(filter.to_owned(), 1.0)];
    let Some((before, rest)) = filter.split_once("@.") else { return list };
    let end = rest.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(rest.len());
    let (key, after) = rest.split_at(end);
    for other in element.and_then(Value::as_object).into_iter().flat_map(|members| members.keys()).take(40) {
        let plain = other.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        let like = key_similarity(key, other);
        if plain && other != key && like > 0.5 && is_name_for_path(other) {
            list.push((format!("{before}@.{other}{after}"), like));
        }
    }
    list
}

/// The rest of the path behind a filter as it is, and with another last key.
fn tail_variants(wanted: &UnresolvedPath, tail: &[PathSegment], element: Option<&Value>) -> Vec<(Vec<PathSegment>, f32)> {
    let mut list = vec![(tail.to_vec(), 1.0)];
    if !tail.is_empty() {
        list.push((tail[..tail.len() - 1].to_vec(), 0.9));
    }
    let Some(Value::Object(members)) = element else { return list };
    let old = tail.last().and_then(PathSegment::key);
    for (key, value) in members.iter().filter(|(key, _)| Some(key.as_str()) != old && is_name_for_path(key)).take(40) {
        let said = meaning_score(wanted.meaning, key);
        let by_word = old.map_or_else(|| said.max(key_similarity(&wanted.fact, key)), |old| key_similarity(old, key).max(0.9 * said));
        // An e-mail address or a picture is recognized by its value as well.
        let looks = matches!(wanted.meaning, FactMeaning::Email | FactMeaning::Picture) && value_fit(wanted.meaning, value).is_some();
        let like = if looks { by_word.max(0.6) } else { by_word };
        if like > 0.5 {
            let kept = if old.is_some() { &tail[..tail.len() - 1] } else { tail };
            list.push(([kept, &[PathSegment::Key(key.clone())]].concat(), like));
        }
    }
    list
}

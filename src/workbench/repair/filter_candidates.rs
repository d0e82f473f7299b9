//! Where a value may stand that was read behind a filter or a star: in another container, under another key of the entry, or in the
//! one object that the list has become.

use crate::workbench::answers::leaves::AnswerNode;
use crate::workbench::answers::looks::is_name_for_path;
use crate::workbench::answers::meaning::{FactMeaning, key_similarity, meaning_score};
use crate::workbench::answers::path::{PathSegment, compile_path};
use crate::workbench::answers::value_fit::value_fit;
use crate::workbench::repair::answer_index::AnswerIndex;
use crate::workbench::repair::candidates::{CandidateSupport, NeighbouringFact, RepairCandidate, path_similarity, plausibility};
use crate::workbench::repair::unresolved_path::UnresolvedPath;
use serde_json::Value;

/// At most this many paths with a filter are tried for one path.
const VARIANTS: usize = 240;
/// At most this many containers are tried for a path with a filter.
const CONTAINERS: usize = 40;

/// Candidates for a path with a filter or a star: the same path in another container, or with another key in it.
pub(crate) fn filter_candidates(
    wanted: &UnresolvedPath,
    at: usize,
    index: &AnswerIndex<'_>,
    neighbours: &[NeighbouringFact],
) -> Vec<RepairCandidate> {
    let (head, middle, tail) = (&wanted.segments[..at], &wanted.segments[at], &wanted.segments[at + 1..]);
    let PathSegment::Query(middle) = middle else { return Vec::new() };
    let root = index.containers.first().map(|container| container.value);
    let mut list = Vec::new();
    let mut containers: Vec<(&AnswerNode<'_>, f32)> =
        index.containers.iter().map(|container| (container, path_similarity(head, &container.path))).collect();
    containers.sort_by(|one, other| other.1.total_cmp(&one.1));
    // A star takes whatever stands first, so it stays where the path led.
    let is_star = middle.contains('*');
    for (container, around) in containers.into_iter().take(CONTAINERS).filter(|(_, around)| !is_star || head.is_empty() || *around > 0.0) {
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

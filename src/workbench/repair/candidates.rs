//! The paths of an answer at which a value that was not found may stand, the likeliest first.

use crate::provider::json_path::scalar_text;
use crate::provider::standard::PERSON;
use crate::workbench::answers::keys::{differs_by_slip, normalize_key, spelling_similarity};
use crate::workbench::answers::leaves::AnswerNode;
use crate::workbench::answers::looks::is_name_for_path;
use crate::workbench::answers::meaning::{FactMeaning, key_similarity, meaning_of_key, meaning_score};
use crate::workbench::answers::path::{PathSegment, compile_path, last_key, parent_path};
use crate::workbench::answers::value_fit::{is_recognizable_by_look, value_fit};
use crate::workbench::answers::vocabulary::{is_about_others, is_about_token_or_error, is_email_proof_key, is_id_of_something_else};
use crate::workbench::repair::answer_index::AnswerIndex;
use crate::workbench::repair::filter_candidates::filter_candidates;
use crate::workbench::repair::unresolved_path::{LookupPart, UnresolvedPath};
use serde_json::Value;

/// At most this many candidates are given for one path.
const MOST: usize = 4;
/// Candidates whose scores differ by less are as likely as one another.
const TIE: f32 = 6.0;
/// How much less likely a path is at which something else is read.
const TAKEN: f32 = 16.0;

/// How alike two spellings of one key are.
const SAME_KEY: f32 = 0.8;

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
    /// Its key means the same, and nothing more speaks for it.
    Meaning,
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

/// The candidates for an unresolved path. `neighbours` are the paths by which other facts are found in the same answer; `is_no_id` says
/// what is no person's id.
pub(crate) fn find_candidates(
    wanted: &UnresolvedPath,
    index: &AnswerIndex<'_>,
    neighbours: &[NeighbouringFact],
    is_no_id: &dyn Fn(&[PathSegment], &Value) -> bool,
) -> Vec<RepairCandidate> {
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
    // What another hole of the same text reads is not meant twice.
    let root = index.containers.first().map(|container| container.value);
    let found_at = |path: &[PathSegment]| compile_path(path).and_then(|path| path.first(root?));
    if wanted.fact == "id" {
        list.retain(|found| found_at(&found.path).is_none_or(|value| !is_no_id(&found.path, value)));
        // The parts of a composed id are ids of different things, so a part is only where its own key is.
        list.retain(|found| wanted.parts < 2 || is_same_part(&wanted.segments, &found.path));
    }
    let value_at = |path: &[PathSegment]| found_at(path).map(std::ptr::from_ref);
    let read_beside: Vec<*const Value> =
        neighbours.iter().filter(|near| wanted.any_value && near.fact == wanted.fact).filter_map(|near| value_at(&near.path)).collect();
    list.retain(|found| {
        let is_hint = wanted.hints.contains(&found.path);
        is_hint || read_beside.is_empty() || value_at(&found.path).is_none_or(|value| !read_beside.contains(&value))
    });
    drop_guesses(wanted, &mut list);
    list.sort_by(|one, other| other.score.total_cmp(&one.score));
    let mut seen: Vec<Vec<PathSegment>> = Vec::new();
    list.retain(|candidate| {
        let is_new = !seen.contains(&candidate.path);
        seen.extend(is_new.then(|| candidate.path.clone()));
        is_new && seen.len() <= MOST
    });
    list
}

/// Whether a path leads to the same part of a composed id: its key is the same but for its spelling, or one path goes on where the other ends.
fn is_same_part(was: &[PathSegment], is: &[PathSegment]) -> bool {
    let is_spelled_alike =
        last_key(was).zip(last_key(is)).is_some_and(|(was, is)| spelling_similarity(was, is) >= SAME_KEY || differs_by_slip(was, is));
    is_spelled_alike || was.len().abs_diff(is.len()) == 1 && (was.starts_with(is) || is.starts_with(was))
}

/// Drops candidates that differ by chance only: of several ids the wrong one would make every user another, and of several values of
/// no known meaning any could be meant.
fn drop_guesses(wanted: &UnresolvedPath, list: &mut Vec<RepairCandidate>) {
    let guess = match wanted.meaning {
        FactMeaning::Id => CandidateSupport::Meaning,
        FactMeaning::Other if !wanted.any_value => CandidateSupport::Look,
        _ => return,
    };
    let best = list.iter().filter(|found| found.support == guess).map(|found| found.score).fold(0.0, f32::max);
    let mut equals = list.iter().filter(|found| found.support == guess && best - found.score < TIE).map(|found| &found.path);
    let first = equals.next();
    if equals.any(|path| Some(path) != first) {
        list.retain(|found| found.support == CandidateSupport::Word);
    }
}

/// Candidates next to the values that other facts find behind a filter.
fn candidates_beside_filters(wanted: &UnresolvedPath, index: &AnswerIndex<'_>, neighbours: &[NeighbouringFact]) -> Vec<RepairCandidate> {
    let Some(root) = index.containers.first().map(|container| container.value) else { return Vec::new() };
    // A path with a filter of its own chooses another entry than they do.
    let filters = |path: &[PathSegment]| -> Vec<PathSegment> { path.iter().filter(|hop| hop.is_filter()).cloned().collect() };
    let own = filters(&wanted.segments);
    let mut list = Vec::new();
    for known in neighbours
        .iter()
        .map(|near| &near.path)
        .filter(|known| parent_path(known).iter().any(|hop| matches!(hop, PathSegment::Query(_))))
        .filter(|known| own.is_empty() || filters(known) == own)
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
pub(crate) fn plausibility(wanted: &UnresolvedPath, path: &[PathSegment], value: &Value, neighbours: &[NeighbouringFact]) -> Option<f32> {
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
    // A token that only refreshes, or only says who the person is, opens no door; and a form's token is none at all.
    let is_other_token = matches!(meaning_of_key(last), FactMeaning::Refresh | FactMeaning::Identity) || mentions_other_token(last);
    if wanted.about == FactMeaning::Access && is_other_token && last_key(&wanted.segments) != Some(last) {
        return None;
    }
    let is_no_name =
        matches!(meaning_of_key(last), FactMeaning::Locale | FactMeaning::Verified | FactMeaning::Picture | FactMeaning::Seconds);
    if is_name(wanted.about) && is_no_name && last_key(&wanted.segments) != Some(last) {
        return None;
    }
    let is_guarded = |meaning: FactMeaning| matches!(meaning, FactMeaning::Id | FactMeaning::Email | FactMeaning::Verified);
    let guarded = is_guarded(wanted.meaning) || is_guarded(wanted.about);
    let is_other_id =
        is_id_of_something_else(last) && last_key(&wanted.segments).is_none_or(|old| spelling_similarity(old, last) < SAME_KEY);
    (!guarded || !(is_other_id || is_of_another_person(wanted, path, neighbours))).then_some(fits)
}

/// Whether a path leads to another person's values: below a key that says so, and below which neither this path nor those of the
/// person's other facts were read.
fn is_of_another_person(wanted: &UnresolvedPath, path: &[PathSegment], neighbours: &[NeighbouringFact]) -> bool {
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

/// Whether a key is that of a token with which nothing can be asked for the person.
fn mentions_other_token(key: &str) -> bool {
    let plain = normalize_key(key);
    ["refresh", "csrf", "xsrf", "idtoken", "nonce", "device"].iter().any(|part| plain.contains(part))
}

fn is_name(meaning: FactMeaning) -> bool {
    matches!(meaning, FactMeaning::Name | FactMeaning::First | FactMeaning::Last)
}

fn is_scalar(value: &Value) -> bool {
    scalar_text(value).is_some()
}

fn leaf_candidate(wanted: &UnresolvedPath, leaf: &AnswerNode<'_>, neighbours: &[NeighbouringFact]) -> Option<RepairCandidate> {
    let fits = plausibility(wanted, &leaf.path, leaf.value, neighbours)?;
    let key = leaf.key();
    let old = last_key(&wanted.segments).unwrap_or_default();
    let is_condition = wanted.part == LookupPart::Condition;
    let means = meaning_of_key(key);
    let stranger = means != wanted.meaning && means != FactMeaning::Other && wanted.meaning != FactMeaning::Other && !wanted.any_value;
    // An alternative that means the same is there for other answers, and is no mistake.
    let is_spelled_alike = spelling_similarity(old, key) >= 0.8;
    let is_for_others = wanted.alternatives > 1 && !is_spelled_alike && meaning_score(wanted.meaning, old) >= 0.5;
    let alike = match wanted.alternatives > 1 {
        true if is_for_others => 0.0,
        true => spelling_similarity(old, key),
        false => key_similarity(old, key),
    };
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
    let inner = if deeper && leaf.path.len() == wanted.segments.len() + 1 {
        1.0
    } else {
        is.last().and_then(PathSegment::key).map_or(0.0, |parent| 0.8 * spelling_similarity(old, parent))
    };
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
    score += if is_hint { 40.0 } else { 0.0 } - if is_taken || is_for_others { TAKEN } else { 0.0 };
    score += if is_condition && same_container && says_yes { 16.0 } else { 0.0 };
    // A key with another known meaning is not proposed for its value alone.
    let stranger = stranger && !(is_name(means) && is_name(wanted.meaning));
    let no_look = !is_recognizable_by_look(wanted.meaning, leaf.value) || is_about_token_or_error(key);
    if nothing && (is_taken || stranger || no_look) && !is_condition {
        return None;
    }
    if nothing {
        score -= 12.0;
    }
    let is_only_an_id = means == FactMeaning::Id && wanted.meaning == means && alike < 0.6 && !shallower && wanted.fact != key && !is_hint;
    Some(RepairCandidate {
        path: leaf.path.clone(),
        score,
        same_words: alike >= 0.97 || same_container && !is_condition && differs_by_slip(old, key),
        close: alike >= 0.6
            || wanted.fact == key
            || is_hint
            || ((deeper || shallower) && way < 1.5)
            || (about >= 0.75 && same_container && !is_taken),
        support: match () {
            () if is_taken => CandidateSupport::Taken,
            () if nothing => CandidateSupport::Look,
            () if is_only_an_id => CandidateSupport::Meaning,
            () => CandidateSupport::Word,
        },
    })
}

/// How alike two paths are, from 0 to 1: the share of segments that they have in common, in order.
pub(crate) fn path_similarity(was: &[PathSegment], is: &[PathSegment]) -> f32 {
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

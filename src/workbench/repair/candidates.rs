//! Where in an answer that which is looked for may stand, the likeliest place first.

use crate::place::Place;
use crate::provider::selector::Selector;
use crate::words::Desk;
use crate::workbench::repair::kind::fit;
use crate::workbench::repair::likeness::{Meaning, is_about_proof, is_not_theirs, likeness, speaks_of};
use crate::workbench::repair::path::{Hop, last_key, written};
use crate::workbench::repair::survey::{Spot, Survey};
use crate::workbench::repair::wanted::{Part, Wanted};
use serde_json::Value;

/// As many rooms are tried for a path with a filter.
const ROOMS: usize = 40;

/// A place that may be meant.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The path.
    pub path: Vec<Hop>,
    /// How likely it is, from 0 to about 100.
    pub score: f32,
    /// Whether the key says the same words as the file's.
    pub same_words: bool,
}

/// A path, compiled; nothing where it is not one.
pub fn selector(hops: &[Hop]) -> Option<Selector> {
    Selector::parse(&written(hops, '\''), Place::default(), &mut Desk::default())
}

/// The places for what is wanted. `neighbours` are the paths by which other facts are found in the same answer.
pub fn candidates(wanted: &Wanted, survey: &Survey<'_>, neighbours: &[Vec<Hop>]) -> Vec<Candidate> {
    let mut list = match wanted.hops.iter().position(|hop| matches!(hop, Hop::Other(_))) {
        Some(at) => with_filter(wanted, at, survey),
        None => Vec::new(),
    };
    if list.is_empty() || wanted.hops.iter().all(|hop| !matches!(hop, Hop::Other(_))) {
        list.extend(survey.leaves.iter().filter_map(|leaf| of_leaf(wanted, leaf, neighbours)));
    }
    list.retain(|candidate| candidate.path != wanted.hops);
    list.sort_by(|one, other| other.score.total_cmp(&one.score));
    list.dedup_by(|later, earlier| later.path == earlier.path);
    list.truncate(4);
    list
}

/// Whether a value at a path may be meant at all.
fn may_be_meant(wanted: &Wanted, path: &[Hop], value: &Value) -> Option<f32> {
    let fits = match fit(wanted.meaning, value) {
        Some(fits) => fits,
        None if wanted.any_value && wanted.meaning != Meaning::Verified && value_says_something(value) => 0.2,
        None => return None,
    };
    let last = last_key(path).unwrap_or_default();
    let proof = is_about_proof(last);
    let speaks_of_proof = wanted.meaning == Meaning::Verified || wanted.fact == "emailVerified";
    if speaks_of_proof && !proof && last_key(&wanted.hops) != Some(last) {
        return None;
    }
    let strange = wanted.meaning == Meaning::Email && path.iter().filter_map(Hop::key).any(is_not_theirs);
    if strange && !wanted.hops.iter().filter_map(Hop::key).any(is_not_theirs) {
        return None;
    }
    Some(fits)
}

fn value_says_something(value: &Value) -> bool {
    crate::provider::selector::scalar_text(value).is_some()
}

fn of_leaf(wanted: &Wanted, leaf: &Spot<'_>, neighbours: &[Vec<Hop>]) -> Option<Candidate> {
    let fits = may_be_meant(wanted, &leaf.path, leaf.value)?;
    let key = last_key(&leaf.path).unwrap_or_default();
    let old = last_key(&wanted.hops).unwrap_or_default();
    let is_condition = wanted.part == Part::Condition;
    let alike = likeness(old, key);
    let about = if is_condition { 0.0 } else { speaks_of(wanted.meaning, key).max(0.9 * likeness(&wanted.fact, key)) };
    let (was, is) = (parents(&wanted.hops), parents(&leaf.path));
    let around = context(was, is);
    let deeper = leaf.path.starts_with(&wanted.hops);
    let shallower = wanted.hops.starts_with(&leaf.path);
    let beside = !neighbours.is_empty() && neighbours.iter().any(|path| parents(path) == is);
    let same_room = was == is;
    #[expect(clippy::cast_precision_loss, reason = "paths are short")]
    let way = was.len().abs_diff(is.len()) as f32;
    // A segment may have been dropped or added at the end as well: then the last key is a parent of the other.
    let inner = is.last().and_then(Hop::key).map_or(0.0, |parent| if deeper { 1.0 } else { 0.8 * likeness(old, parent) });
    let outer = was.last().and_then(Hop::key).map_or(0.0, |parent| if shallower { 1.0 } else { 0.8 * likeness(parent, key) });
    let name = alike.max(0.8 * inner.max(outer));
    let mut score = 42.0 * name + 22.0 * about + 14.0 * around + 12.0 * fits - 1.5 * way;
    score += if beside { 7.0 } else { 0.0 } + if same_room { 4.0 } else { 0.0 } + if shallower || deeper { 8.0 } else { 0.0 };
    // Nothing speaks for it but its look.
    let nothing = name.max(about) < 0.45;
    let only_one = wanted.meaning == Meaning::Email;
    if nothing && !(only_one || same_room || beside) || (is_condition && alike < 0.9) {
        return None;
    }
    if nothing {
        score -= 12.0;
    }
    Some(Candidate { path: leaf.path.clone(), score, same_words: alike >= 0.97 })
}

fn parents(path: &[Hop]) -> &[Hop] {
    path.split_last().map_or(path, |(_, parents)| parents)
}

/// How alike two ways are, from 0 to 1: how much of both stands in both, in order.
fn context(was: &[Hop], is: &[Hop]) -> f32 {
    if was.is_empty() && is.is_empty() {
        return 1.0;
    }
    let mut row = vec![0_usize; is.len() + 1];
    for one in was {
        let mut corner = 0;
        for (at, other) in is.iter().enumerate() {
            let same = one == other || matches!((one, other), (Hop::Key(one), Hop::Key(other)) if likeness(one, other) >= 0.8);
            let next = if same { corner + 1 } else { row[at + 1].max(row[at]) };
            corner = row[at + 1];
            row[at + 1] = next;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "paths are short")]
    let share = row[is.len()] as f32 / was.len().max(is.len()) as f32;
    share
}

/// Places for a path that holds a filter or a star: the same in another room, or with another key in it.
fn with_filter(wanted: &Wanted, at: usize, survey: &Survey<'_>) -> Vec<Candidate> {
    let (head, middle, tail) = (&wanted.hops[..at], &wanted.hops[at], &wanted.hops[at + 1..]);
    let Hop::Other(middle) = middle else { return Vec::new() };
    let root = survey.rooms.first().map(|room| room.value);
    let mut list = Vec::new();
    let mut rooms: Vec<(&Spot<'_>, f32)> = survey.rooms.iter().map(|room| (room, context(head, &room.path))).collect();
    rooms.sort_by(|one, other| other.1.total_cmp(&one.1));
    for (room, around) in rooms.into_iter().take(ROOMS) {
        let element = match room.value {
            Value::Array(list) => list.first(),
            Value::Object(members) => members.values().find(|value| value.is_object()),
            _ => None,
        };
        let mut variants: Vec<(Vec<Hop>, f32)> = Vec::new();
        for (filter, kept) in filters(middle, element) {
            for (tail, like) in tails(wanted, tail, element) {
                variants.push(([room.path.as_slice(), &[Hop::Other(filter.clone())], &tail].concat(), 0.5 * kept + 0.5 * like));
            }
        }
        if let Value::Object(_) = room.value {
            // What was a list is one object.
            variants.extend(
                tails(wanted, tail, Some(room.value))
                    .into_iter()
                    .map(|(tail, like)| ([room.path.as_slice(), &tail].concat(), 0.8 * like - 0.1)),
            );
        }
        for (path, like) in variants {
            let found = selector(&path).and_then(|selector| root.and_then(|root| selector.first(root)));
            if let Some(fits) = found.and_then(|value| may_be_meant(wanted, &path, value)) {
                list.push(Candidate { score: 50.0 * like + 25.0 * around + 15.0 * fits, path, same_words: like >= 0.97 });
            }
        }
    }
    list
}

/// A filter as it is, and with the key that an element has instead.
fn filters(filter: &str, element: Option<&Value>) -> Vec<(String, f32)> {
    let mut list = vec![(filter.to_owned(), 1.0)];
    let Some((before, rest)) = filter.split_once("@.") else { return list };
    let end = rest.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(rest.len());
    let (key, after) = rest.split_at(end);
    for other in element.and_then(Value::as_object).into_iter().flat_map(|members| members.keys()).take(40) {
        let plain = other.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        let like = likeness(key, other);
        if plain && other != key && like > 0.5 {
            list.push((format!("{before}@.{other}{after}"), like));
        }
    }
    list
}

/// What follows a filter, as it is, and with another last key.
fn tails(wanted: &Wanted, tail: &[Hop], element: Option<&Value>) -> Vec<(Vec<Hop>, f32)> {
    let mut list = vec![(tail.to_vec(), 1.0)];
    let Some(Hop::Key(old)) = tail.last() else { return list };
    let Some(Value::Object(members)) = element else { return list };
    for key in members.keys().filter(|key| *key != old).take(40) {
        let like = likeness(old, key).max(0.9 * speaks_of(wanted.meaning, key));
        if like > 0.5 && !crate::workbench::repair::survey::is_personal(key) {
            let mut other = tail[..tail.len() - 1].to_vec();
            other.push(Hop::Key(key.clone()));
            list.push((other, like));
        }
    }
    list
}

//! What moved together: several paths that find nothing, and would all find something below another place.

use crate::workbench::repair::candidates::{first_of_several, selector};
use crate::workbench::repair::kind::fit;
use crate::workbench::repair::likeness::{Meaning, is_not_theirs};
use crate::workbench::repair::path::Hop;
use crate::workbench::repair::survey::Survey;
use crate::workbench::repair::wanted::{Part, Wanted};
use serde_json::Value;
use std::collections::HashMap;

/// As many rooms are looked into.
const ROOMS: usize = 120;

/// A move: what began one way begins another.
#[derive(Clone, Debug)]
pub struct Move {
    /// How the paths began.
    pub from: Vec<Hop>,
    /// How they begin now.
    pub to: Vec<Hop>,
    /// Which of the wanted paths it mends, and how.
    pub mended: Vec<(usize, Vec<Hop>)>,
}

/// How paths began, and the number of the room in which they would begin.
type Way = (Vec<Hop>, usize);
/// The number of a wanted path, and its new place.
type Path = (usize, Vec<Hop>);

/// The moves that explain two paths or more, the best first.
pub fn moves(list: &[Wanted], survey: &Survey<'_>) -> Vec<Move> {
    let mut known: HashMap<Way, Vec<Path>> = HashMap::new();
    for (at, wanted) in list.iter().enumerate() {
        for kept in 0..wanted.hops.len().min(6) {
            let (from, rest) = wanted.hops.split_at(kept);
            for (number, room) in survey.rooms.iter().take(ROOMS).enumerate() {
                if room.path == from || !begins(room.value, &rest[0]) {
                    continue;
                }
                if finds(wanted, room.value, rest) {
                    let path = [room.path.as_slice(), rest].concat();
                    known.entry((from.to_vec(), number)).or_default().push((at, path));
                }
            }
        }
    }
    let mut moves: Vec<Move> = known
        .into_iter()
        .filter(|(_, mended)| mended.len() > 1)
        .map(|((from, room), mended)| Move { from, to: survey.rooms[room].path.clone(), mended })
        .collect();
    // More paths first; then the move that says least about them.
    moves.sort_by_key(|one| {
        (std::cmp::Reverse(one.mended.len()), one.from.len() + one.to.len(), crate::workbench::repair::path::written(&one.to, '\''))
    });
    let chooses = |path: &[Hop]| path.iter().any(|hop| matches!(hop, Hop::Other(text) if text.contains('?')));
    moves.retain(|one| !(chooses(&one.from) && !chooses(&one.to) && first_of_several(&one.to, survey)));
    // A room of somebody else looks the same, and is not where the person went.
    let is_strange = |path: &[Hop]| path.iter().filter_map(Hop::key).any(is_not_theirs);
    moves.retain(|one| is_strange(&one.from) || !is_strange(&one.to));
    moves.truncate(3);
    moves
}

fn begins(value: &Value, hop: &Hop) -> bool {
    match hop {
        Hop::Key(key) => value.get(key).is_some(),
        Hop::Index(index) => value.get(index).is_some(),
        Hop::Other(_) => true,
    }
}

fn finds(wanted: &Wanted, room: &Value, rest: &[Hop]) -> bool {
    let plain = rest.iter().all(|hop| !matches!(hop, Hop::Other(_)));
    let found = if plain {
        rest.iter().try_fold(room, |value, hop| match hop {
            Hop::Key(key) => value.get(key),
            Hop::Index(index) => value.get(index),
            Hop::Other(_) => None,
        })
    } else {
        selector(rest).and_then(|selector| selector.first(room))
    };
    let asks_little = wanted.any_value || wanted.part == Part::Condition;
    found.is_some_and(|value| fit(wanted.meaning, value).is_some() || (asks_little && fit(Meaning::Other, value).is_some()))
}

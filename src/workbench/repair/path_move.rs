//! What moved together: several paths that find nothing, and would all find something below another place.

use crate::workbench::answers::meaning::FactMeaning;
use crate::workbench::answers::path::{PathSegment, compile_path, resolve, write_path};
use crate::workbench::answers::value_fit::value_fit;
use crate::workbench::answers::vocabulary::is_about_others;
use crate::workbench::repair::answer_index::AnswerIndex;
use crate::workbench::repair::candidates::takes_first_of_several;
use crate::workbench::repair::unresolved_path::{LookupPart, UnresolvedPath};
use serde_json::Value;
use std::collections::HashMap;

/// As many rooms are looked into.
const ROOMS: usize = 120;

/// A move: what began one way begins another.
#[derive(Clone, Debug)]
pub(crate) struct PathMove {
    /// How the paths began.
    pub(crate) from: Vec<PathSegment>,
    /// How they begin now.
    pub(crate) to: Vec<PathSegment>,
    /// Which of the wanted paths it mends, and how.
    pub(crate) mended: Vec<(usize, Vec<PathSegment>)>,
}

/// How paths began, and the number of the room in which they would begin.
type MoveStart = (Vec<PathSegment>, usize);
/// The number of a wanted path, and its new place.
type MovedPath = (usize, Vec<PathSegment>);

/// The moves that explain two paths or more, the best first.
pub(crate) fn find_moves(list: &[UnresolvedPath], survey: &AnswerIndex<'_>) -> Vec<PathMove> {
    let mut known: HashMap<MoveStart, Vec<MovedPath>> = HashMap::new();
    for (at, wanted) in list.iter().enumerate() {
        for kept in 0..wanted.hops.len().min(6) {
            let (from, rest) = wanted.hops.split_at(kept);
            for (number, room) in survey.rooms.iter().take(ROOMS).enumerate() {
                if room.path == from || !holds_segment(room.value, &rest[0]) {
                    continue;
                }
                if finds_plausible_value(wanted, room.value, rest) {
                    let path = [room.path.as_slice(), rest].concat();
                    known.entry((from.to_vec(), number)).or_default().push((at, path));
                }
            }
        }
    }
    let mut moves: Vec<PathMove> = known
        .into_iter()
        .filter(|(_, mended)| mended.len() > 1)
        .map(|((from, room), mended)| PathMove { from, to: survey.rooms[room].path.clone(), mended })
        .collect();
    // More paths first; then the move that says least about them.
    moves.sort_by_key(|one| (std::cmp::Reverse(one.mended.len()), one.from.len() + one.to.len(), write_path(&one.to)));
    let chooses = |path: &[PathSegment]| path.iter().any(PathSegment::is_filter);
    moves.retain(|one| !(chooses(&one.from) && !chooses(&one.to) && takes_first_of_several(&one.to, survey)));
    // A room of somebody else looks the same, and is not where the person went.
    let is_strange = |path: &[PathSegment]| path.iter().filter_map(PathSegment::key).any(is_about_others);
    moves.retain(|one| is_strange(&one.from) || !is_strange(&one.to));
    moves.truncate(3);
    moves
}

fn holds_segment(value: &Value, hop: &PathSegment) -> bool {
    match hop {
        PathSegment::Key(key) => value.get(key).is_some(),
        PathSegment::Index(index) => value.get(index).is_some(),
        PathSegment::Query(_) => true,
    }
}

fn finds_plausible_value(wanted: &UnresolvedPath, room: &Value, rest: &[PathSegment]) -> bool {
    let plain = rest.iter().all(|hop| !matches!(hop, PathSegment::Query(_)));
    let found = if plain { resolve(room, rest) } else { compile_path(rest).and_then(|selector| selector.first(room)) };
    let asks_little = wanted.any_value || wanted.part == LookupPart::Condition;
    found.is_some_and(|value| value_fit(wanted.meaning, value).is_some() || (asks_little && value_fit(FactMeaning::Other, value).is_some()))
}

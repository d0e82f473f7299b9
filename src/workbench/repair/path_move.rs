//! Parts of an answer that moved: several paths that find nothing, and would all find something below another container.

use crate::workbench::answers::meaning::FactMeaning;
use crate::workbench::answers::path::{PathSegment, compile_path, resolve, write_path};
use crate::workbench::answers::value_fit::value_fit;
use crate::workbench::answers::vocabulary::is_about_others;
use crate::workbench::repair::answer_index::AnswerIndex;
use crate::workbench::repair::candidates::takes_first_of_several;
use crate::workbench::repair::unresolved_path::{LookupPart, UnresolvedPath};
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::HashMap;

/// At most this many containers are searched.
const CONTAINERS: usize = 120;

/// A move: paths that began with `from` begin with `to` now.
#[derive(Clone, Debug)]
pub(crate) struct PathMove {
    pub(crate) from: Vec<PathSegment>,
    pub(crate) to: Vec<PathSegment>,
    /// The unresolved paths that it mends, each with its new path.
    pub(crate) mended: Vec<(usize, Vec<PathSegment>)>,
}

/// The old beginning of paths, and the number of the container in which they would begin.
type MoveStart = (Vec<PathSegment>, usize);
/// The number of an unresolved path, and its new path.
type MovedPath = (usize, Vec<PathSegment>);

/// The moves that explain two or more paths, the best first.
pub(crate) fn find_moves(list: &[UnresolvedPath], index: &AnswerIndex<'_>) -> Vec<PathMove> {
    let mut known: HashMap<MoveStart, Vec<MovedPath>> = HashMap::new();
    for (at, wanted) in list.iter().enumerate() {
        for kept in 0..wanted.segments.len().min(6) {
            let (from, rest) = wanted.segments.split_at(kept);
            for (number, container) in index.containers.iter().take(CONTAINERS).enumerate() {
                if container.path == from || !holds_segment(container.value, &rest[0]) {
                    continue;
                }
                if finds_plausible_value(wanted, container.value, rest) {
                    let path = [container.path.as_slice(), rest].concat();
                    known.entry((from.to_vec(), number)).or_default().push((at, path));
                }
            }
        }
    }
    let mut moves: Vec<PathMove> = known
        .into_iter()
        .filter(|(_, mended)| mended.len() > 1)
        .map(|((from, container), mended)| PathMove { from, to: index.containers[container].path.clone(), mended })
        .collect();
    // The move of the most paths comes first, then the shortest one.
    moves.sort_by_key(|one| (Reverse(one.mended.len()), one.from.len() + one.to.len(), write_path(&one.to)));
    let chooses = |path: &[PathSegment]| path.iter().any(PathSegment::is_filter);
    moves.retain(|one| !(chooses(&one.from) && !chooses(&one.to) && takes_first_of_several(&one.to, index)));
    // A container of another person looks the same, and is not where the person's data moved.
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

pub(crate) fn finds_plausible_value(wanted: &UnresolvedPath, container: &Value, rest: &[PathSegment]) -> bool {
    let plain = rest.iter().all(|hop| !matches!(hop, PathSegment::Query(_)));
    let found = if plain { resolve(container, rest) } else { compile_path(rest).and_then(|selector| selector.first(container)) };
    if wanted.is_list {
        return found.is_some_and(|value| value.is_array() || value.is_object());
    }
    let asks_little = wanted.any_value || wanted.part == LookupPart::Condition;
    found.is_some_and(|value| value_fit(wanted.meaning, value).is_some() || (asks_little && value_fit(FactMeaning::Other, value).is_some()))
}

//! How much the examples would notice: every word of a provider file is dropped and changed in turn, and some story
//! has to come out otherwise, or the file has to be complained about.

use crate::examples::replay::play;
use crate::examples::story::StorySpec;
use crate::place::Source;
use crate::provider::{Ground, compile_node};
use crate::words::Desk;
use crate::yaml::{self, Kind, Node};

/// Words that no login can tell: how a provider is shown, and where this installation keeps its values.
const NOT_PART_OF_A_LOGIN: &[&str] = &["name", "logo", "order", "hidden", "enabled", "logout", "label"];

/// The score of one provider.
#[derive(Clone, Debug, Default)]
pub struct Score {
    /// How many changes were tried.
    pub tried: usize,
    /// Those that nothing noticed.
    pub unnoticed: Vec<String>,
}

impl Score {
    /// The changes that were noticed.
    pub fn noticed(&self) -> usize {
        self.tried - self.unnoticed.len()
    }
}

/// Tries every change.
pub fn mutate(source: &Source, stories: &[StorySpec], ground: Ground) -> Score {
    let Ok((node, _)) = yaml::parse(source) else { return Score::default() };
    let mut changes = Vec::new();
    collect(&node, &mut Vec::new(), &mut changes);
    let mut score = Score::default();
    for (path, change, what) in changes {
        let mut changed = node.clone();
        apply(&mut changed, &path, change);
        score.tried += 1;
        let (provider, _) = compile_node(source, &changed, ground, Desk::default());
        let noticed = provider.is_none_or(|provider| stories.iter().any(|story| !play(&provider, story).differences.is_empty()));
        if !noticed {
            score.unnoticed.push(what);
        }
    }
    score
}

/// What is done to one word.
#[derive(Clone, Copy, Debug)]
enum Change {
    Drop,
    Rename,
    Alter,
}

type Path = Vec<usize>;

fn collect(node: &Node, path: &mut Path, changes: &mut Vec<(Path, Change, String)>) {
    match &node.kind {
        Kind::Map(entries) => {
            for (at, entry) in entries.iter().enumerate() {
                if path.is_empty() && NOT_PART_OF_A_LOGIN.contains(&entry.key.as_str())
                    || entry.key.value == "label"
                    || is_reference(&entry.value)
                {
                    continue;
                }
                path.push(at);
                for change in [Change::Drop, Change::Rename] {
                    changes.push((
                        path.clone(),
                        change,
                        format!(
                            "line {}: {} `{}`",
                            entry.key.place.line,
                            if matches!(change, Change::Drop) { "drop" } else { "rename" },
                            entry.key.value
                        ),
                    ));
                }
                collect(&entry.value, path, changes);
                path.pop();
            }
        }
        Kind::List(nodes) => {
            for (at, item) in nodes.iter().enumerate() {
                path.push(at);
                changes.push((path.clone(), Change::Drop, format!("line {}: drop item {}", item.place.line, at + 1)));
                collect(item, path, changes);
                path.pop();
            }
        }
        Kind::Scalar { text, .. } => changes.push((path.clone(), Change::Alter, format!("line {}: change `{text}`", node.place.line))),
    }
}

/// Where an installation keeps a value is its own business.
fn is_reference(node: &Node) -> bool {
    matches!(&node.kind, Kind::Scalar { text, .. } if text.starts_with("env:") || text.starts_with("file:"))
}

fn apply(node: &mut Node, path: &[usize], change: Change) {
    match (&mut node.kind, path) {
        (Kind::Map(entries), [at]) => match change {
            Change::Drop => drop(entries.remove(*at)),
            Change::Rename => entries[*at].key.value.push('x'),
            Change::Alter => alter(&mut entries[*at].value),
        },
        (Kind::List(nodes), [at]) => match change {
            Change::Drop => drop(nodes.remove(*at)),
            Change::Rename | Change::Alter => alter(&mut nodes[*at]),
        },
        (Kind::Map(entries), [at, rest @ ..]) => apply(&mut entries[*at].value, rest, change),
        (Kind::List(nodes), [at, rest @ ..]) => apply(&mut nodes[*at], rest, change),
        (Kind::Scalar { .. }, _) | (_, []) => alter(node),
    }
}

fn alter(node: &mut Node) {
    if let Kind::Scalar { text, .. } = &mut node.kind {
        *text = match text.as_str() {
            "true" => "false".to_owned(),
            "false" => "true".to_owned(),
            "off" => "S256".to_owned(),
            "get" => "post".to_owned(),
            "post" => "get".to_owned(),
            "never" | "claim" => "always".to_owned(),
            "always" => "never".to_owned(),
            "ask" => "refuse".to_owned(),
            "none" | "basic" => "form".to_owned(),
            // A change inside of the last hole is a change of what fills it.
            other => match other.rfind("${").and_then(|open| other[open..].find(['|', '?', '}']).map(|at| open + at)) {
                Some(end) => {
                    let name = other[..end].trim_end().len();
                    format!("{}x{}", &other[..name], &other[name..])
                }
                None => format!("{other}x"),
            },
        };
    }
}

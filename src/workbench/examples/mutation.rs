//! Measures how much the examples notice: every word of a provider file is dropped and changed in turn, and then a story
//! has to differ, or the file has to be refused.

use crate::provider::{InstallationContext, compile_node};
use crate::vocabulary::place::Source;
use crate::vocabulary::words::Reader;
use crate::vocabulary::yaml::{self, YamlKind, YamlNode};
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::examples::replay::replay;

/// Words that change no login of a story: they say how a provider is shown, or what happens after a login.
const NOT_PART_OF_A_STORY: &[&str] =
    &["name", "logo", "order", "hidden", "enabled", "logout", "label", "catalogue", "refusesEmbeddedBrowsers"];

/// The score of one provider.
#[derive(Clone, Debug, Default)]
pub struct MutationScore {
    /// How many changes were tried.
    pub tried: usize,
    /// The changes that no story noticed.
    pub(crate) unnoticed: Vec<String>,
}

impl MutationScore {
    /// How many changes were noticed.
    pub fn noticed(&self) -> usize {
        self.tried - self.unnoticed.len()
    }
}

/// Changes the file in every way, and counts which changes its stories notice.
pub fn mutate(source: &Source, stories: &[ExampleSpec], context: InstallationContext) -> MutationScore {
    let Ok((node, _)) = yaml::parse(source) else { return MutationScore::default() };
    let mut changes = Vec::new();
    collect_mutations(&node, &mut Vec::new(), &mut changes);
    let mut score = MutationScore::default();
    for (path, change, what) in changes {
        let mut changed = node.clone();
        apply_mutation(&mut changed, &path, change);
        score.tried += 1;
        let (provider, _) = compile_node(source, &changed, context, Reader::default());
        let noticed = provider.is_none_or(|provider| stories.iter().any(|story| !replay(&provider, story).differences.is_empty()));
        if !noticed {
            score.unnoticed.push(what);
        }
    }
    score
}

/// A change of one word.
#[derive(Clone, Copy, Debug)]
enum Mutation {
    Drop,
    Rename,
    Alter,
}

type NodePath = Vec<usize>;

fn collect_mutations(node: &YamlNode, path: &mut NodePath, changes: &mut Vec<(NodePath, Mutation, String)>) {
    match &node.kind {
        YamlKind::Map(entries) => {
            for (at, entry) in entries.iter().enumerate() {
                if path.is_empty() && NOT_PART_OF_A_STORY.contains(&entry.key.as_str())
                    || entry.key.value == "label"
                    || is_reference(&entry.value)
                {
                    continue;
                }
                path.push(at);
                for change in [Mutation::Drop, Mutation::Rename] {
                    changes.push((
                        path.clone(),
                        change,
                        format!(
                            "line {}: {} `{}`",
                            entry.key.place.line,
                            if matches!(change, Mutation::Drop) { "drop" } else { "rename" },
                            entry.key.value
                        ),
                    ));
                }
                collect_mutations(&entry.value, path, changes);
                path.pop();
            }
        }
        YamlKind::List(nodes) => {
            for (at, item) in nodes.iter().enumerate() {
                path.push(at);
                changes.push((path.clone(), Mutation::Drop, format!("line {}: drop item {}", item.place.line, at + 1)));
                collect_mutations(item, path, changes);
                path.pop();
            }
        }
        YamlKind::Scalar { text, .. } => {
            changes.push((path.clone(), Mutation::Alter, format!("line {}: change `{text}`", node.place.line)));
        }
    }
}

/// Where an installation keeps a value does not concern the stories.
fn is_reference(node: &YamlNode) -> bool {
    matches!(&node.kind, YamlKind::Scalar { text, .. } if text.starts_with("env:") || text.starts_with("file:"))
}

fn apply_mutation(node: &mut YamlNode, path: &[usize], change: Mutation) {
    match (&mut node.kind, path) {
        (YamlKind::Map(entries), [at]) => match change {
            Mutation::Drop => drop(entries.remove(*at)),
            Mutation::Rename => entries[*at].key.value.push('x'),
            Mutation::Alter => alter_scalar(&mut entries[*at].value),
        },
        (YamlKind::List(nodes), [at]) => match change {
            Mutation::Drop => drop(nodes.remove(*at)),
            Mutation::Rename | Mutation::Alter => alter_scalar(&mut nodes[*at]),
        },
        (YamlKind::Map(entries), [at, rest @ ..]) => apply_mutation(&mut entries[*at].value, rest, change),
        (YamlKind::List(nodes), [at, rest @ ..]) => apply_mutation(&mut nodes[*at], rest, change),
        (YamlKind::Scalar { .. }, _) | (_, []) => alter_scalar(node),
    }
}

fn alter_scalar(node: &mut YamlNode) {
    if let YamlKind::Scalar { text, .. } = &mut node.kind {
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
            // The name in the last hole is changed, so that the hole has another value.
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

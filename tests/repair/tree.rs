//! A provider file as a tree that can be damaged, and written again in the style of the catalogue.

use portaria::vocabulary::place::Source;
use portaria::vocabulary::yaml::{YamlKind, YamlNode, parse};
use std::fmt::Write as _;

#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// A text, and whether it needs no quotes.
    Text(String, bool),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

impl Tree {
    pub fn read(text: &str) -> Self {
        let (root, _) = parse(&Source::new("x.yaml", text)).expect("the file is YAML");
        Self::from_node(&root)
    }

    fn from_node(node: &YamlNode) -> Self {
        match &node.kind {
            YamlKind::Scalar { text, plain, .. } => Self::Text(text.clone(), *plain),
            YamlKind::List(nodes) => Self::List(nodes.iter().map(Self::from_node).collect()),
            YamlKind::Map(entries) => {
                Self::Map(entries.iter().map(|entry| (entry.key.value.clone(), Self::from_node(&entry.value))).collect())
            }
        }
    }

    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned(), !text.contains(['$', ':', '{', ',', '"', '#', '[']) && text.parse::<f64>().is_err())
    }

    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    pub fn entries(&self) -> &[(String, Self)] {
        if let Self::Map(entries) = self { entries } else { &[] }
    }

    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text, _) = self { Some(text) } else { None }
    }

    /// The tree with this value at a way of keys and numbers; `None` takes it away.
    pub fn with(&self, way: &[&str], value: Option<Self>) -> Self {
        let mut changed = self.clone();
        changed.set(way, value);
        changed
    }

    fn set(&mut self, way: &[&str], value: Option<Self>) {
        let Some((key, rest)) = way.split_first() else {
            *self = value.expect("a value");
            return;
        };
        match self {
            Self::Map(entries) => {
                let at = entries.iter().position(|(known, _)| known == key);
                match (at, rest.is_empty(), value) {
                    (Some(at), true, None) => drop(entries.remove(at)),
                    (Some(at), _, value) => entries[at].1.set(rest, value),
                    (None, _, Some(value)) => {
                        let mut inner = if rest.is_empty() { value.clone() } else { Self::Map(Vec::new()) };
                        if !rest.is_empty() {
                            inner.set(rest, Some(value));
                        }
                        entries.push(((*key).to_owned(), inner));
                    }
                    (None, _, None) => {}
                }
                entries.retain(|(key, value)| *value != Self::Map(Vec::new()) || key.starts_with("get"));
            }
            Self::List(items) => items[key.parse::<usize>().expect("a number")].set(rest, value),
            Self::Text(..) => panic!("nothing is below a text"),
        }
    }

    /// The tree in which a key has another name.
    pub fn renamed(&self, way: &[&str], old: &str, new: &str) -> Self {
        let mut changed = self.clone();
        let mut at = &mut changed;
        for key in way {
            at = match at {
                Self::Map(entries) => &mut entries.iter_mut().find(|(known, _)| known == key).expect("a key").1,
                Self::List(items) => &mut items[key.parse::<usize>().expect("a number")],
                Self::Text(..) => panic!("nothing is below a text"),
            };
        }
        if let Self::Map(entries) = at {
            entries.iter_mut().filter(|(known, _)| known == old).for_each(|(known, _)| new.clone_into(known));
        }
        changed
    }

    pub fn at(&self, way: &[&str]) -> Option<&Self> {
        way.iter().try_fold(self, |at, key| match at {
            Self::List(items) => items.get(key.parse::<usize>().ok()?),
            other => other.get(key),
        })
    }

    /// The file.
    pub fn write(&self) -> String {
        let mut out = String::new();
        for (key, value) in self.entries() {
            match value {
                Self::Map(entries) if key.starts_with("get") => {
                    let _ = writeln!(out, "{key}:");
                    entries.iter().for_each(|(key, value)| _ = writeln!(out, "  {key}: {}", value.flow(false)));
                }
                Self::List(items) if key.starts_with("get") => {
                    let _ = writeln!(out, "{key}:");
                    for item in items {
                        for (at, (key, value)) in item.entries().iter().enumerate() {
                            let _ = writeln!(out, "  {} {key}: {}", if at == 0 { "-" } else { " " }, value.flow(false));
                        }
                    }
                }
                value => _ = writeln!(out, "{key}: {}", value.flow(false)),
            }
        }
        out
    }

    fn flow(&self, inside: bool) -> String {
        match self {
            Self::Text(text, true) if !inside || !text.contains([',', '[', ']', '{', '}', ':', '?', '"', '\'']) => text.clone(),
            Self::Text(text, _) if text.contains('"') || text.contains('\\') => format!("'{}'", text.replace('\'', "''")),
            Self::Text(text, _) => format!("\"{text}\""),
            Self::List(items) => format!("[ {} ]", items.iter().map(|item| item.flow(true)).collect::<Vec<_>>().join(", ")),
            Self::Map(entries) => {
                let key = |key: &str| if key.contains([' ', ':', ',', '{']) { format!("\"{key}\"") } else { key.to_owned() };
                format!(
                    "{{ {} }}",
                    entries.iter().map(|(name, value)| format!("{}: {}", key(name), value.flow(true))).collect::<Vec<_>>().join(", ")
                )
            }
        }
    }
}

//! Changes of a file's text that leave quotes, brackets and comments as they are.

mod entries;

use crate::story::proposal::FileChange;
use crate::vocabulary::place::{Place, Source};
use crate::vocabulary::yaml::writer::quoted;
use crate::vocabulary::yaml::{YamlKind, YamlNode, parse};
use crate::workbench::answers::path::{PathSegment, write_path, write_path_with};
use std::cmp::Reverse;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FileEdit {
    /// Replaces a path.
    Path { place: Place, old: String, new: Vec<PathSegment> },
    /// Replaces a text within a value.
    Within { place: Place, old: String, new: String },
    /// Reads facts in a step, under `read`, or under `read` of `signed`.
    Read { step: Place, word: &'static str, signed: bool, facts: Vec<(String, Vec<PathSegment>)> },
    /// Sets a word of a step. The value is written as YAML.
    Word { step: Place, word: &'static str, key: &'static str, value: String },
    /// Sets a word at the top of the file. A new one is written behind the first of the words `behind` that the file has.
    Top { key: &'static str, value: String, behind: &'static [&'static str] },
    /// Renames a word of a step.
    Rename { step: Place, from: &'static str, to: &'static str },
    /// Takes a word out of a step.
    Drop { step: Place, key: String },
    /// Changes an entry of a block within a step, such as one of `rename`.
    Entry { step: Place, word: &'static str, change: EntryChange },
}

/// A change of one entry of a block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum EntryChange {
    /// The entry gets this value, as YAML writes it within brackets. A block that is not there is written.
    Set {
        key: String,
        value: String,
    },
    Rename {
        from: String,
        to: String,
    },
    /// A block that has no other entry goes with it.
    Drop {
        key: String,
    },
}

/// A file that is being changed.
pub(crate) struct EditableFile<'a> {
    pub(super) text: &'a str,
    root: YamlNode,
}

/// A stretch of bytes that becomes another text.
pub(super) type TextReplacement = (usize, usize, String);

impl<'a> EditableFile<'a> {
    pub(crate) fn open(source: &'a Source) -> Option<Self> {
        let (root, _) = parse(source).ok()?;
        Some(Self { text: &source.text, root })
    }

    /// The text of a word at the top of the file.
    pub(crate) fn top_text(&self, key: &str) -> Option<&str> {
        match &self.root.get(key)?.kind {
            YamlKind::Scalar { text, .. } => Some(text),
            YamlKind::List(_) | YamlKind::Map(_) => None,
        }
    }

    /// The text with all edits, or `None` if one of them cannot be made.
    pub(crate) fn apply(&self, edits: &[FileEdit]) -> Option<String> {
        let mut stretches: Vec<TextReplacement> = Vec::new();
        let mut scalars: Vec<(usize, usize, String, bool)> = Vec::new();
        let mut ordered: Vec<&FileEdit> = edits.iter().collect();
        // Several edits of one value are made from its end, so that the places before them stay valid.
        ordered.sort_by_key(|edit| {
            Reverse(if let FileEdit::Path { place, .. } | FileEdit::Within { place, .. } = edit { place.start } else { 0 })
        });
        for edit in ordered {
            match edit {
                FileEdit::Path { place, .. } | FileEdit::Within { place, .. } => {
                    let (node, flow) = scalar_at(&self.root, place.start as usize, self.text, false)?;
                    let (start, end) = (node.place.start as usize, node.place.end as usize);
                    let known = scalars.iter().position(|(from, ..)| *from == start);
                    let at = known.unwrap_or_else(|| {
                        scalars.push((start, end, self.text.get(start..end).unwrap_or_default().to_owned(), flow));
                        scalars.len() - 1
                    });
                    let raw = &mut scalars.get_mut(at)?.2;
                    replace_in_scalar(raw, (place.start as usize).saturating_sub(start), edit)?;
                }
                other => stretches.push(self.replacement_for(other)?),
            }
        }
        for (start, end, raw, flow) in scalars {
            stretches.push((start, end, quoted_if_needed(raw, flow)));
        }
        stretches.sort_by_key(|(start, ..)| Reverse(*start));
        let mut text = self.text.to_owned();
        let mut border = text.len() + 1;
        for (start, end, new) in stretches {
            if start > end || end > border || !text.is_char_boundary(start) || !text.is_char_boundary(end) {
                return None;
            }
            text.replace_range(start..end, &new);
            border = start;
        }
        Some(text)
    }

    fn replacement_for(&self, edit: &FileEdit) -> Option<TextReplacement> {
        match edit {
            FileEdit::Read { step, word, signed, facts } => {
                let Some(node) = self.step_node(*step) else { return self.replacement_for_new_step(word, *signed, facts) };
                let (node, inner) = match (signed, node.get("signed")) {
                    (true, Some(inner)) if matches!(inner.kind, YamlKind::Map(_)) => (inner, false),
                    (true, _) => (node, true),
                    (false, _) => (node, false),
                };
                if !inner && let Some(read) = node.get("read").filter(|read| matches!(read.kind, YamlKind::Map(_))) {
                    return self.add_entries(read, &read_entries(facts));
                }
                let map = read_flow_map(facts);
                let (key, value) = if inner { ("signed", format!("{{ read: {map} }}")) } else { ("read", map) };
                self.add_entries(node, &[format!("{key}: {value}")])
            }
            FileEdit::Word { step, word, key, value } => {
                let Some(node) = self.step_node(*step) else {
                    let (at, start) = self.end_of_file();
                    return Some((at, at, format!("{start}{word}:\n  {key}: {value}\n")));
                };
                match node.get(key) {
                    Some(old) => Some((old.place.start as usize, self.end_of_node(old)?, value.clone())),
                    None => self.add_entries(node, &[format!("{key}: {value}")]),
                }
            }
            FileEdit::Top { key, value, behind } => {
                if let Some(old) = self.root.get(key) {
                    return Some((old.place.start as usize, self.end_of_node(old)?, value.clone()));
                }
                let YamlKind::Map(entries) = &self.root.kind else { return None };
                let entry = behind.iter().find_map(|word| entries.iter().find(|entry| entry.key.value == *word));
                let entry = entry.or(entries.first())?;
                let end = self.end_of_line(self.end_of_node(&entry.value)?.max(entry.key.place.end as usize))?;
                Some((end, end, format!("\n{key}: {value}")))
            }
            FileEdit::Rename { step, from, to } => {
                let YamlKind::Map(entries) = &self.step_node(*step)?.kind else { return None };
                let key = &entries.iter().find(|entry| entry.key.value == *from)?.key;
                Some((key.place.start as usize, key.place.end as usize, (*to).to_owned()))
            }
            FileEdit::Drop { step, key } => self.without_entry(self.step_node(*step)?, key),
            FileEdit::Entry { step, word, change } => self.replacement_for_entry(self.step_node(*step)?, word, change),
            FileEdit::Path { .. } | FileEdit::Within { .. } => None,
        }
    }

    fn replacement_for_new_step(&self, word: &str, signed: bool, facts: &[(String, Vec<PathSegment>)]) -> Option<TextReplacement> {
        if self.root.get(word).is_some_and(|node| !node.is_null()) {
            return None;
        }
        let map = read_flow_map(facts);
        let line = if signed { format!("  signed: {{ read: {map} }}") } else { format!("  read: {map}") };
        if self.root.get(word).is_some() {
            let YamlKind::Map(entries) = &self.root.kind else { return None };
            let end = self.end_of_line(entries.iter().find(|entry| entry.key.value == word)?.key.place.end as usize)?;
            return Some((end, end, format!("\n{line}")));
        }
        let (at, start) = self.end_of_file();
        Some((at, at, format!("{start}{word}:\n{line}\n")))
    }

    /// The mapping of the step at a place.
    pub(crate) fn step_node(&self, place: Place) -> Option<&YamlNode> {
        if place.start == self.root.place.start {
            return None;
        }
        map_at(&self.root, place.start)
    }

    /// Adds entries to a mapping, in its own style.
    pub(super) fn add_entries(&self, map: &YamlNode, entries: &[String]) -> Option<TextReplacement> {
        let start = map.place.start as usize;
        if self.text.get(start..)?.starts_with('{') {
            let close = self.end_of_node(map)?.checked_sub(1)?;
            let before = self.text.get(..close)?.trim_end();
            // An entry behind a comment would become part of the comment.
            let gap = self.text.get(before.len()..close)?;
            if gap.contains('\n') && before.lines().next_back().is_some_and(|line| line.contains('#')) {
                return None;
            }
            let comma = if before.ends_with(['{', ',']) { " " } else { ", " };
            return Some((before.len(), close, format!("{comma}{} ", entries.join(", "))));
        }
        let end = self.end_of_line(self.end_of_node(map)?)?;
        let indent = " ".repeat((map.place.column as usize).saturating_sub(1));
        Some((end, end, entries.iter().map(|entry| format!("\n{indent}{entry}")).collect()))
    }

    fn end_of_file(&self) -> (usize, &'static str) {
        (self.text.len(), if self.text.ends_with('\n') { "" } else { "\n" })
    }

    pub(super) fn end_of_line(&self, at: usize) -> Option<usize> {
        let line = self.text.get(at..)?.split('\n').next()?;
        Some(at + line.strip_suffix('\r').unwrap_or(line).len())
    }

    /// The byte behind a node.
    pub(super) fn end_of_node(&self, node: &YamlNode) -> Option<usize> {
        let start = node.place.start as usize;
        match &node.kind {
            YamlKind::Scalar { .. } => Some(node.place.end as usize),
            YamlKind::List(_) | YamlKind::Map(_) if self.text.get(start..)?.starts_with(['{', '[']) => closing_bracket(self.text, start),
            YamlKind::List(nodes) => nodes.iter().try_fold(start, |end, node| Some(end.max(self.end_of_node(node)?))),
            YamlKind::Map(entries) => entries
                .iter()
                .try_fold(start, |end, entry| Some(end.max(self.end_of_node(&entry.value)?).max(entry.key.place.end as usize))),
        }
    }
}

/// The byte behind the bracket that closes the one at a place.
fn closing_bracket(text: &str, start: usize) -> Option<usize> {
    let (mut quote, mut depth, mut before) = (None, 0_usize, ' ');
    let mut letters = text.get(start..)?.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let follows = letters.peek().map(|(_, next)| *next);
        match (quote, letter) {
            // An escaped letter and a doubled quote do not end the text.
            (Some('"'), '\\') => drop(letters.next()),
            (Some('\''), '\'') if follows == Some('\'') => drop(letters.next()),
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') if before.is_whitespace() || matches!(before, '[' | '{' | ',' | ':') => quote = Some(letter),
            (None, '#') if before.is_whitespace() => drop(letters.by_ref().find(|(_, letter)| *letter == '\n')),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') if depth == 1 => return Some(start + at + 1),
            (None, '}' | ']') => depth = depth.checked_sub(1)?,
            _ => {}
        }
        before = if quote.is_none() && letter == '#' && before.is_whitespace() { '\n' } else { letter };
    }
    None
}

fn map_at(node: &YamlNode, start: u32) -> Option<&YamlNode> {
    match &node.kind {
        YamlKind::Map(_) if node.place.start == start => Some(node),
        YamlKind::Map(entries) => entries.iter().find_map(|entry| map_at(&entry.value, start)),
        YamlKind::List(nodes) => nodes.iter().find_map(|node| map_at(node, start)),
        YamlKind::Scalar { .. } => None,
    }
}

/// The scalar around a byte, and whether it is within brackets.
fn scalar_at<'n>(node: &'n YamlNode, at: usize, text: &str, flow: bool) -> Option<(&'n YamlNode, bool)> {
    let flow = flow
        || (!matches!(node.kind, YamlKind::Scalar { .. })
            && text.get(node.place.start as usize..).unwrap_or_default().starts_with(['{', '[']));
    match &node.kind {
        YamlKind::Scalar { .. } => {
            ((node.place.start as usize..node.place.end as usize).contains(&at) && !node.is_null()).then_some((node, flow))
        }
        YamlKind::List(nodes) => nodes.iter().find_map(|node| scalar_at(node, at, text, flow)),
        YamlKind::Map(entries) => entries.iter().find_map(|entry| scalar_at(&entry.value, at, text, flow)),
    }
}

/// Replaces an old text by a new one within a value as the file writes it.
fn replace_in_scalar(raw: &mut String, from: usize, edit: &FileEdit) -> Option<()> {
    let single = raw.starts_with('\'');
    let (old, new) = match edit {
        FileEdit::Path { old, new, .. } => (old.clone(), write_path_with(new, if single { '"' } else { '\'' })),
        FileEdit::Within { old, new, .. } => (old.clone(), new.clone()),
        _ => return None,
    };
    let new = if single { new.replace('\'', "''") } else { new };
    if raw.starts_with('"') && new.contains(['"', '\\']) {
        return None;
    }
    let old = if single && !raw.contains(&old) { old.replace('\'', "''") } else { old };
    let ends = |at: usize| {
        !raw.get(at + old.len()..).unwrap_or_default().starts_with(|next: char| next.is_alphanumeric() || matches!(next, '_' | '.' | '['))
    };
    let at = raw.match_indices(&old).map(|(at, _)| at).find(|at| *at >= from && ends(*at))?;
    raw.replace_range(at..at + old.len(), &new);
    Some(())
}

/// A value with the quotes that YAML needs around it; `flow` within brackets.
fn quoted_if_needed(raw: String, flow: bool) -> String {
    if raw.starts_with(['"', '\'', '|', '>']) {
        return raw;
    }
    let needs = raw.contains(": ")
        || raw.contains(" #")
        || (flow && raw.contains(['[', ']', '{', '}', ',']))
        || raw.starts_with(['[', '{', '*', '&', '!', '%', '@', '`']);
    if needs { quoted(&raw) } else { raw }
}

fn read_entries(facts: &[(String, Vec<PathSegment>)]) -> Vec<String> {
    facts.iter().map(|(fact, path)| format!("{fact}: {}", quoted_if_needed(write_path(path), true))).collect()
}

fn read_flow_map(facts: &[(String, Vec<PathSegment>)]) -> String {
    format!("{{ {} }}", read_entries(facts).join(", "))
}

/// The lines that differ between two texts.
pub(crate) fn changed_lines(before: &str, after: &str) -> Option<FileChange> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - same;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
    let own = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let change = FileChange { line: same + 1, removed: own(&old[same..old.len() - tail]), added: own(&new[same..new.len() - tail]) };
    (old != new).then_some(change)
}

#[cfg(test)]
mod tests;

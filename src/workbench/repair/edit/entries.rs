//! Changes of one entry of a block, in the style of the block.

use crate::vocabulary::yaml::writer::flow_scalar;
use crate::vocabulary::yaml::{YamlKind, YamlNode};
use crate::workbench::repair::edit::{EditableFile, EntryChange, TextReplacement};

impl EditableFile<'_> {
    pub(super) fn replacement_for_entry(&self, step: &YamlNode, word: &str, change: &EntryChange) -> Option<TextReplacement> {
        let block = step.get(word).filter(|block| matches!(block.kind, YamlKind::Map(_)));
        match (block, change) {
            (Some(block), EntryChange::Set { key, value }) => match block.get(key) {
                Some(old) => Some((old.place.start as usize, self.end_of_node(old)?, value.clone())),
                None => self.add_entries(block, &[format!("{}: {value}", flow_scalar(key))]),
            },
            (None, EntryChange::Set { key, value }) => self.add_entries(step, &[format!("{word}: {{ {}: {value} }}", flow_scalar(key))]),
            (Some(block), EntryChange::Rename { from, to }) => {
                let place = block.entry(from)?.key.place;
                Some((place.start as usize, place.end as usize, flow_scalar(to)))
            }
            (Some(block), EntryChange::Drop { key }) => match &block.kind {
                YamlKind::Map(entries) if entries.len() < 2 => self.without_entry(step, word),
                _ => self.without_entry(block, key),
            },
            (None, EntryChange::Rename { .. } | EntryChange::Drop { .. }) => None,
        }
    }

    /// Takes an entry out of a block that keeps others.
    pub(super) fn without_entry(&self, block: &YamlNode, key: &str) -> Option<TextReplacement> {
        let YamlKind::Map(entries) = &block.kind else { return None };
        let at = entries.iter().position(|entry| entry.key.value == key).filter(|_| entries.len() > 1)?;
        let entry = entries.get(at)?;
        let start = entry.key.place.start as usize;
        let end = self.end_of_node(&entry.value)?.max(entry.key.place.end as usize);
        if self.text.get(block.place.start as usize..)?.starts_with('{') {
            let next = entries.get(at + 1).map(|next| next.key.place.start as usize);
            let before = at.checked_sub(1).and_then(|before| entries.get(before));
            return match (next, before) {
                (Some(next), _) => Some((start, next, String::new())),
                (None, Some(before)) => Some((self.end_of_node(&before.value)?.max(before.key.place.end as usize), end, String::new())),
                (None, None) => None,
            };
        }
        let line = self.text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
        // The first entry of an item of a list stands behind the dash, which stays.
        if let (true, Some(next)) = (self.text.get(line..start)?.contains('-'), entries.get(at + 1)) {
            return Some((start, next.key.place.start as usize, String::new()));
        }
        let after = self.end_of_line(end)?;
        Some((line, (after + 1).min(self.text.len()), String::new()))
    }
}

//! The rows of what a file writes. They follow the declared words and the file's own lines, so that every word has its
//! row as soon as the language has the word.

use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::words::{ValueShape, WordBlock};
use crate::vocabulary::yaml::{YamlEntry, YamlKind, YamlNode};
use crate::workbench::explain::description::DescriptionRow;

/// Longer values, such as keys, are shown by their beginning.
const LONGEST: usize = 400;

/// The words of a condition, which together make one sentence. Every other word of its block has a row of its own.
const CONDITION: [&str; 10] = ["at", "is", "isNot", "matches", "contains", "present", "within", "status", "all", "any"];

/// Adds the rows of a value. `block_rows` gives those of a block, which may hold more than the file writes.
pub(crate) fn value_rows(
    node: &YamlNode,
    line: u32,
    shape: &ValueShape,
    word: &str,
    block_rows: &dyn Fn(&YamlNode, &'static WordBlock, &str) -> Vec<DescriptionRow>,
    rows: &mut Vec<DescriptionRow>,
) {
    let row = |value: String| DescriptionRow { word: word.to_owned(), value, line: Some(line) };
    match (&node.kind, block_of(shape)) {
        (YamlKind::Map(entries), Some(block)) if is_condition(block) => {
            // What `accepted` says of the status allows more, and is no condition.
            let only_allows = |part: &str| part == "status" && word.rsplit('.').next() == Some("accepted");
            let asked: Vec<YamlEntry> = entries.iter().filter(|entry| !only_allows(&entry.key)).cloned().collect();
            let sentence = condition_sentence(&asked);
            if !sentence.is_empty() {
                rows.push(row([introduction(word), &sentence].concat()));
            }
            let mut others = block_rows(node, block, &format!("{word}."));
            others.retain(|other| !CONDITION.iter().any(|part| !only_allows(part) && other.word == format!("{word}.{part}")));
            rows.extend(others);
        }
        (YamlKind::Map(_), Some(block)) => {
            let own = block_rows(node, block, &format!("{word}."));
            if own.iter().all(|row| row.line.is_none()) {
                rows.push(row("{}".to_owned()));
            }
            rows.extend(own);
        }
        (YamlKind::Map(entries), None) => match map_of(shape) {
            Some(inner) if !entries.is_empty() => {
                for entry in entries {
                    let name = format!("{word}.{}", printable(&entry.key));
                    value_rows(&entry.value, entry.key.place.line, inner, &name, block_rows, rows);
                }
            }
            _ => rows.push(row(on_one_line(node))),
        },
        (YamlKind::List(items), block) if items.iter().all(|item| matches!(item.kind, YamlKind::Map(_))) && !items.is_empty() => {
            let several = items.len() > 1 && !block.is_some_and(is_condition);
            for (at, item) in items.iter().enumerate() {
                let name = if several { format!("{word}[{}]", at + 1) } else { word.to_owned() };
                value_rows(item, item.place.line, item_shape(shape), &name, block_rows, rows);
            }
        }
        (YamlKind::List(_) | YamlKind::Scalar { .. }, _) => rows.push(row(on_one_line(node))),
    }
}

/// The block that a value of this shape may be, if it may be one.
fn block_of(shape: &ValueShape) -> Option<&'static WordBlock> {
    match shape {
        ValueShape::Block(block) => Some(block()),
        ValueShape::Either(shapes) => shapes.iter().find_map(block_of),
        ValueShape::List(item) => block_of(item),
        ValueShape::Text(_)
        | ValueShape::Flag
        | ValueShape::Number
        | ValueShape::Choice(_)
        | ValueShape::Map(_)
        | ValueShape::Json
        | ValueShape::Nothing => None,
    }
}

/// The shape of the values under names that the file chooses, which JSON has at any depth.
fn map_of(shape: &ValueShape) -> Option<&ValueShape> {
    match shape {
        ValueShape::Map(inner) => Some(inner),
        ValueShape::Json => Some(shape),
        ValueShape::Either(shapes) => shapes.iter().find_map(map_of),
        ValueShape::Text(_)
        | ValueShape::Flag
        | ValueShape::Number
        | ValueShape::Choice(_)
        | ValueShape::List(_)
        | ValueShape::Nothing
        | ValueShape::Block(_) => None,
    }
}

fn item_shape(shape: &ValueShape) -> &ValueShape {
    match shape {
        ValueShape::List(item) => item,
        ValueShape::Either(shapes) => shapes
            .iter()
            .find_map(|shape| match shape {
                ValueShape::List(item) => Some(&**item),
                _ => None,
            })
            .unwrap_or(shape),
        other => other,
    }
}

/// Whether a block is a condition, perhaps with more words.
fn is_condition(block: &WordBlock) -> bool {
    ["at", "is", "isNot"].iter().all(|word| block.words.iter().any(|known| known.name == *word))
}

/// How the sentence of a condition begins, by the word that it belongs to.
fn introduction(word: &str) -> &'static str {
    match word.rsplit('.').next().unwrap_or(word) {
        "refused" => "if ",
        "accepted" | "require" | "when" | "where" => "only if ",
        "prefer" => "the one where ",
        _ => "whether ",
    }
}

/// A condition as a sentence in the file's own words.
fn condition_sentence(entries: &[YamlEntry]) -> String {
    let get = |word: &str| entries.iter().find(|entry| entry.key.value == word).map(|entry| &entry.value);
    let subject = get("at").map(on_one_line).unwrap_or_default();
    let mut parts = Vec::new();
    if let Some(status) = get("status") {
        let text = alternatives(status, " or ");
        parts.push(if text == "any" { "the status is any".to_owned() } else { format!("the status is {text}") });
    }
    let mut about = Vec::new();
    for (word, phrase) in [("is", "is"), ("matches", "matches"), ("contains", "contains"), ("within", "is not older than")] {
        about.extend(get(word).map(|value| format!("{phrase} {}", alternatives(value, " or "))));
    }
    about.extend(get("isNot").map(|value| match &value.kind {
        YamlKind::List(items) if items.len() > 1 => format!("is neither {}", alternatives(value, " nor ")),
        YamlKind::List(_) | YamlKind::Map(_) | YamlKind::Scalar { .. } => format!("is not {}", alternatives(value, " nor ")),
    }));
    about.extend(get("present").map(|value| if on_one_line(value) == "false" { "is missing" } else { "is present" }.to_owned()));
    if !subject.is_empty() || !about.is_empty() {
        parts.push(format!("{subject} {}", about.join(" and ")).trim().to_owned());
    }
    for (word, between) in [("all", " and "), ("any", " or ")] {
        if let Some(node) = get(word) {
            let inner = inner_sentences(node);
            parts.push(if inner.len() == 1 { inner.concat() } else { format!("({})", inner.join(between)) });
        }
    }
    parts.join(" and ")
}

fn inner_sentences(node: &YamlNode) -> Vec<String> {
    match &node.kind {
        YamlKind::List(items) => items.iter().flat_map(inner_sentences).collect(),
        YamlKind::Map(entries) => vec![condition_sentence(entries)],
        YamlKind::Scalar { .. } => vec![on_one_line(node)],
    }
}

/// A value, or several with a word between them.
fn alternatives(node: &YamlNode, between: &str) -> String {
    match &node.kind {
        YamlKind::List(items) => items.iter().map(on_one_line).collect::<Vec<_>>().join(between),
        YamlKind::Map(_) | YamlKind::Scalar { .. } => on_one_line(node),
    }
}

/// A value as the file could write it on one line.
pub(crate) fn on_one_line(node: &YamlNode) -> String {
    let text = match &node.kind {
        YamlKind::Scalar { .. } if node.is_null() => "null".to_owned(),
        YamlKind::Scalar { text, .. } if text.trim().is_empty() => format!("{text:?}"),
        YamlKind::Scalar { text, .. } => text.lines().collect::<Vec<_>>().join(" "),
        YamlKind::List(items) => {
            let items: Vec<String> = items.iter().map(on_one_line).collect();
            if items.is_empty() { "[]".to_owned() } else { format!("[ {} ]", items.join(", ")) }
        }
        YamlKind::Map(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|entry| format!("{}: {}", printable(&entry.key), on_one_line(&entry.value))).collect();
            if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
        }
    };
    let text = printable(&text);
    if text.chars().count() > LONGEST { text.chars().take(60).chain("…".chars()).collect() } else { text }
}

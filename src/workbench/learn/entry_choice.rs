//! Values that were found in one entry of a list are read with `choose`, so that the claim always comes from the entry of
//! the address.

use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::path::{PathSegment, parse_path, write_path};

/// Takes the lines that read from the same filtered list as the address out of `read`, and writes them as a `choose`.
pub(crate) fn split_choice(read: Vec<YamlLine>) -> (Vec<YamlLine>, Option<YamlLine>) {
    let path_of = |fact: &str| read.iter().find(|line| line.key == fact).and_then(|line| path_in(&line.value));
    let (Some(address), Some(claim)) = (path_of("email"), path_of("emailVerified")) else { return (read, None) };
    let Some(at) = address.iter().rposition(PathSegment::is_filter).filter(|at| claim.starts_with(&address[..=*at])) else {
        return (read, None);
    };
    let (entry, list) = (&address[..=at], &address[..at]);
    let PathSegment::Query(filter) = &address[at] else { return (read, None) };
    let Some((member, value)) = filter.strip_prefix("[?@.").and_then(|rest| rest.strip_suffix(']')?.split_once(" == ")) else {
        return (read, None);
    };
    let is_inside = |line: &YamlLine| path_in(&line.value).is_some_and(|path| path.starts_with(entry));
    let (inside, outside): (Vec<YamlLine>, Vec<YamlLine>) = read.iter().cloned().partition(is_inside);
    let inside = inside.into_iter().map(|line| YamlLine { value: below(line.value, entry.len()), ..line }).collect();
    let value = match value.trim_matches('"') {
        "true" => YamlValue::Bare("true".to_owned()),
        text => YamlValue::text(text),
    };
    let condition = vec![YamlLine::new("at", YamlValue::Text(format!("$.{member}"))), YamlLine::new("is", value)];
    let choice = vec![
        YamlLine::new("from", YamlValue::Text(write_path(list))),
        YamlLine::new("where", YamlValue::Flow(condition)),
        YamlLine::new("read", YamlValue::Block(inside)),
    ];
    (outside, Some(YamlLine::with_comment("choose", YamlValue::Block(choice), "the address and its claim stand in one entry of a list")))
}

/// The path by which a line reads, if it reads by one.
fn path_in(value: &YamlValue) -> Option<Vec<PathSegment>> {
    match value {
        YamlValue::Text(path) => parse_path(path),
        YamlValue::Block(lines) | YamlValue::Flow(lines) => {
            lines.iter().find(|line| line.key == "at").and_then(|line| path_in(&line.value))
        }
        YamlValue::Bare(_) | YamlValue::List(_) | YamlValue::Items(_) => None,
    }
}

/// The same value with its path as it is inside the entry.
fn below(value: YamlValue, depth: usize) -> YamlValue {
    let inside = |lines: Vec<YamlLine>| {
        let line = |line: YamlLine| if line.key == "at" { YamlLine { value: below(line.value, depth), ..line } } else { line };
        lines.into_iter().map(line).collect()
    };
    match value {
        YamlValue::Text(path) => YamlValue::Text(parse_path(&path).and_then(|path| path.get(depth..).map(write_path)).unwrap_or(path)),
        YamlValue::Block(lines) => YamlValue::Block(inside(lines)),
        YamlValue::Flow(lines) => YamlValue::Flow(inside(lines)),
        YamlValue::Bare(_) | YamlValue::List(_) | YamlValue::Items(_) => value,
    }
}

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
    let Some(conditions) = conditions_of(filter) else { return (read, None) };
    let is_inside = |line: &YamlLine| path_in(&line.value).is_some_and(|path| path.starts_with(entry));
    let (inside, outside): (Vec<YamlLine>, Vec<YamlLine>) = read.iter().cloned().partition(is_inside);
    let inside = inside.into_iter().map(|line| YamlLine { value: below(line.value, entry.len()), ..line }).collect();
    let choice = vec![
        YamlLine::new("from", YamlValue::Text(write_path(list))),
        YamlLine::new("where", conditions),
        YamlLine::new("read", YamlValue::Block(inside)),
    ];
    (outside, Some(YamlLine::with_comment("choose", YamlValue::Block(choice), "the address and its claim stand in one entry of a list")))
}

/// The conditions of a filter such as `[?@.primary == true && @.kind == 'home']`; `None` for a filter of another form.
fn conditions_of(filter: &str) -> Option<YamlValue> {
    let inside = filter.strip_prefix("[?")?.strip_suffix(']')?;
    let mut conditions: Vec<YamlValue> = inside.split("&&").map(|part| condition_of(part.trim())).collect::<Option<_>>()?;
    Some(if conditions.len() == 1 { conditions.remove(0) } else { YamlValue::List(conditions) })
}

/// The condition of a comparison such as `@.kind == 'home'`.
fn condition_of(comparison: &str) -> Option<YamlValue> {
    let (member, value) = comparison.split_once("==")?;
    let (member, value) = (member.trim().strip_prefix("@.")?, value.trim());
    let is_plain = |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.'));
    let unquoted = ['\'', '"'].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    let value = match (value, unquoted) {
        ("true" | "false", _) => YamlValue::Bare(value.to_owned()),
        (_, Some(text)) if !text.contains(['\'', '"', '\\', '$']) => YamlValue::text(text),
        (number, None) if number.parse::<i64>().is_ok() => YamlValue::text(number),
        _ => return None,
    };
    is_plain(member).then(|| YamlValue::Flow(vec![YamlLine::new("at", YamlValue::Text(format!("$.{member}"))), YamlLine::new("is", value)]))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_readings_of_one_entry_become_a_choice_and_others_stay() {
        let read = |email: &str, claim: &str| {
            let (left, choice) = split_choice(vec![
                YamlLine::new("id", YamlValue::text("$.id")),
                YamlLine::new("email", YamlValue::text(email)),
                YamlLine::new("emailVerified", YamlValue::text(claim)),
            ]);
            (left.len(), choice.map(|choice| choice.value.on_one_line()))
        };
        for (email, claim, expected) in [
            (
                "$[?@.primary == true].email",
                "$[?@.primary == true].verified",
                "{ from: $, where: { at: $.primary, is: true }, read: { email: $.email, emailVerified: $.verified } }",
            ),
            (
                "$.m[?@.kind=='home' && @.n == 1].a",
                "$.m[?@.kind=='home' && @.n == 1].b",
                "{ from: $.m, where: [ { at: $.kind, is: home }, { at: $.n, is: \"1\" } ], read: { email: $.a, emailVerified: $.b } }",
            ),
        ] {
            assert_eq!(read(email, claim), (1, Some(expected.to_owned())), "{email}");
        }
        for (email, claim) in [
            ("$[?@.primary == true].email", "$[?@.verified == true].verified"),
            ("$[?@.n > 1].email", "$[?@.n > 1].verified"),
            ("$[?@.a == true || @.b == true].email", "$[?@.a == true || @.b == true].verified"),
            ("$[?@.a == 'it\\'s'].email", "$[?@.a == 'it\\'s'].verified"),
            ("$.email", "$.verified"),
        ] {
            assert_eq!(read(email, claim), (3, None), "{email}");
        }
    }
}

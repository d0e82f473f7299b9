//! A path of a file, hop by hop, so that it can be led elsewhere and written again.

/// One hop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathSegment {
    /// The value under a key.
    Key(String),
    /// A place of a list, from 0.
    Index(usize),
    /// Whatever else a path may hold, as written: a filter, `.*`.
    Other(String),
}

impl PathSegment {
    /// The key, if it is one.
    pub fn key(&self) -> Option<&str> {
        if let Self::Key(key) = self { Some(key) } else { None }
    }
}

/// The hops of a path as written; nothing where it is no path.
pub fn parse_path(text: &str) -> Option<Vec<PathSegment>> {
    let mut rest = text.trim().strip_prefix('$')?;
    let mut list = Vec::new();
    while !rest.is_empty() {
        let (hop, after) = parse_segment(rest)?;
        list.push(hop);
        rest = after;
    }
    Some(list)
}

fn parse_segment(rest: &str) -> Option<(PathSegment, &str)> {
    if let Some(after) = rest.strip_prefix('.') {
        let extra = usize::from(after.starts_with('.')) + usize::from(after.starts_with('*') || after.starts_with(".*"));
        let end = after[extra..].find(['.', '[']).map_or(after.len(), |at| at + extra);
        return match &after[..end] {
            "" => None,
            name if extra == 0 => Some((PathSegment::Key(name.to_owned()), &after[end..])),
            _ => Some((PathSegment::Other(rest[..=end].to_owned()), &after[end..])),
        };
    }
    let inside = rest.strip_prefix('[')?;
    let length = bracket_length(inside)?;
    let (text, after) = (&inside[..length], &inside[length + 1..]);
    let quoted = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    if let Some(key) = quoted('\'').or_else(|| quoted('"')).filter(|key| !key.contains(['\\', '\'', '"'])) {
        return Some((PathSegment::Key(key.to_owned()), after));
    }
    match text.parse() {
        Ok(index) => Some((PathSegment::Index(index), after)),
        Err(_) => Some((PathSegment::Other(rest[..length + 2].to_owned()), after)),
    }
}

/// How long the inside of a bracket is.
fn bracket_length(inside: &str) -> Option<usize> {
    let (mut quote, mut depth) = (None, 0_usize);
    for (at, letter) in inside.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Whether a key stands behind a dot as it is.
fn is_plain_key(key: &str) -> bool {
    key.chars()
        .enumerate()
        .all(|(at, letter)| letter == '_' || letter.is_ascii_alphabetic() || !letter.is_ascii() || (at > 0 && letter.is_ascii_digit()))
        && !key.is_empty()
}

/// The path, written; keys that need quotes get this one.
pub fn write_path(hops: &[PathSegment], quote: char) -> String {
    hops.iter().fold("$".to_owned(), |path, hop| match hop {
        PathSegment::Key(key) if is_plain_key(key) => format!("{path}.{key}"),
        PathSegment::Key(key) => format!("{path}[{quote}{key}{quote}]"),
        PathSegment::Index(index) => format!("{path}[{index}]"),
        PathSegment::Other(text) => path + text,
    })
}

/// The last key of a path.
pub(crate) fn last_key(hops: &[PathSegment]) -> Option<&str> {
    hops.iter().rev().find_map(PathSegment::key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_hop_by_hop_and_written_as_it_was() {
        for path in [
            "$",
            "$.data.user.id",
            "$.list[0].id",
            "$['e-mail']",
            "$[?@.primary == true].email",
            "$.elements[0]['handle~'].emailAddress",
            "$.firstName.localized.*",
            "$.a[?@.kind == 'x.y[0]'].value",
            "$..email",
        ] {
            assert_eq!(write_path(&parse_path(path).unwrap(), '\''), path);
        }
        assert_eq!(parse_path("$.a[").map(|hops| hops.len()), None);
        assert_eq!(parse_path("a.b"), None);
    }

    #[test]
    fn the_last_key_is_that_of_the_value() {
        assert_eq!(last_key(&parse_path("$.emails[0]").unwrap()), Some("emails"));
        assert_eq!(last_key(&parse_path("$").unwrap()), None);
    }
}

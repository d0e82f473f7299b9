//! A path of a file, hop by hop, so that it can be led elsewhere and written again.

/// One hop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Hop {
    /// The value under a key.
    Key(String),
    /// A place of a list, from 0.
    Index(usize),
    /// Whatever else a path may hold, as written: a filter, `.*`.
    Other(String),
}

impl Hop {
    /// The key, if it is one.
    pub fn key(&self) -> Option<&str> {
        if let Self::Key(key) = self { Some(key) } else { None }
    }
}

/// The hops of a path as written; nothing where it is no path.
pub fn hops(text: &str) -> Option<Vec<Hop>> {
    let mut rest = text.trim().strip_prefix('$')?;
    let mut list = Vec::new();
    while !rest.is_empty() {
        let (hop, after) = one(rest)?;
        list.push(hop);
        rest = after;
    }
    Some(list)
}

fn one(rest: &str) -> Option<(Hop, &str)> {
    if let Some(after) = rest.strip_prefix('.') {
        let extra = usize::from(after.starts_with('.')) + usize::from(after.starts_with('*') || after.starts_with(".*"));
        let end = after[extra..].find(['.', '[']).map_or(after.len(), |at| at + extra);
        return match &after[..end] {
            "" => None,
            name if extra == 0 => Some((Hop::Key(name.to_owned()), &after[end..])),
            _ => Some((Hop::Other(rest[..=end].to_owned()), &after[end..])),
        };
    }
    let inside = rest.strip_prefix('[')?;
    let length = closing(inside)?;
    let (text, after) = (&inside[..length], &inside[length + 1..]);
    let quoted = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    if let Some(key) = quoted('\'').or_else(|| quoted('"')).filter(|key| !key.contains(['\\', '\'', '"'])) {
        return Some((Hop::Key(key.to_owned()), after));
    }
    match text.parse() {
        Ok(index) => Some((Hop::Index(index), after)),
        Err(_) => Some((Hop::Other(rest[..length + 2].to_owned()), after)),
    }
}

/// How long the inside of a bracket is.
fn closing(inside: &str) -> Option<usize> {
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
fn is_name(key: &str) -> bool {
    key.chars()
        .enumerate()
        .all(|(at, letter)| letter == '_' || letter.is_ascii_alphabetic() || !letter.is_ascii() || (at > 0 && letter.is_ascii_digit()))
        && !key.is_empty()
}

/// The path, written; keys that need quotes get this one.
pub fn written(hops: &[Hop], quote: char) -> String {
    hops.iter().fold("$".to_owned(), |path, hop| match hop {
        Hop::Key(key) if is_name(key) => format!("{path}.{key}"),
        Hop::Key(key) => format!("{path}[{quote}{key}{quote}]"),
        Hop::Index(index) => format!("{path}[{index}]"),
        Hop::Other(text) => path + text,
    })
}

/// The last key of a path.
pub fn last_key(hops: &[Hop]) -> Option<&str> {
    hops.iter().rev().find_map(Hop::key)
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
            assert_eq!(written(&hops(path).unwrap(), '\''), path);
        }
        assert_eq!(hops("$.a[").map(|hops| hops.len()), None);
        assert_eq!(hops("a.b"), None);
    }

    #[test]
    fn the_last_key_is_that_of_the_value() {
        assert_eq!(last_key(&hops("$.emails[0]").unwrap()), Some("emails"));
        assert_eq!(last_key(&hops("$").unwrap()), None);
    }
}

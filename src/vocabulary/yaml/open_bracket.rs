//! A brace or bracket that is opened and never closed. A YAML reader notices it lines later; it is found here.

/// A bracket that is open, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenBracket {
    pub(crate) letter: char,
    /// Counted from 0.
    pub(crate) line: usize,
    /// In bytes.
    pub(crate) at: usize,
    /// The indentation of its line.
    indent: usize,
}

impl OpenBracket {
    pub(crate) fn closing(self) -> char {
        if self.letter == '{' { '}' } else { ']' }
    }
}

/// The last bracket that is not closed before a line that begins a `key:` beside or above its own, or before the end.
pub(crate) fn open_bracket(text: &str) -> Option<OpenBracket> {
    let mut open: Vec<OpenBracket> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        if open.first().is_some_and(|first| indent <= first.indent && begins_a_key(line.trim_start())) {
            break;
        }
        if let Some(crossed) = read_line(line, number, indent, &mut open) {
            return Some(crossed);
        }
    }
    open.pop()
}

fn begins_a_key(line: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    let rest = line.trim_start_matches(is_letter);
    rest.len() < line.len() && rest.strip_prefix(':').is_some_and(|behind| behind.is_empty() || behind.starts_with(' '))
}

/// Follows the brackets of a line, up to one that is closed by the other letter. Brackets in quotes and comments are text, and so are
/// those in a text that stands outside of brackets.
fn read_line(line: &str, number: usize, indent: usize, open: &mut Vec<OpenBracket>) -> Option<OpenBracket> {
    let (mut quote, mut before) = (None, ' ');
    let mut in_plain_text = false;
    for (at, letter) in line.char_indices() {
        let begins = matches!(before, ' ' | ',' | '[' | '{') && !in_plain_text;
        match (quote, letter) {
            (Some(opened), _) if letter == opened => quote = None,
            (None, '"' | '\'') if begins => quote = Some(letter),
            (None, '#') if before == ' ' => return None,
            (None, '{' | '[') if begins || !open.is_empty() => open.push(OpenBracket { letter, line: number, at, indent }),
            (None, '}' | ']') if !open.is_empty() => {
                let last = open.pop();
                if last.is_some_and(|last| last.closing() != letter) {
                    return last;
                }
            }
            (None, ' ') if matches!(before, ':' | '-') => in_plain_text = false,
            (Some(_), _) | (None, ' ' | ':' | '-') => {}
            (None, _) => in_plain_text = open.is_empty(),
        }
        before = letter;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<(char, usize, usize)> {
        open_bracket(text).map(|open| (open.letter, open.line + 1, open.at + 1))
    }

    #[test]
    fn the_bracket_that_is_never_closed_is_found_at_its_own_line() {
        for (text, expected) in [
            ("a: { b: c\nd: e\n", ('{', 1, 4)),
            ("a: { b: [ c, d }\ne: f\n", ('[', 1, 9)),
            ("a:\n  b: { c: { d: e }\n  f: g\n", ('{', 2, 6)),
            ("a: { b: { c: d }\n", ('{', 1, 4)),
            ("a: [ b, c\n", ('[', 1, 4)),
            ("a: { b: \"}\" # }\nc: d\n", ('{', 1, 4)),
            ("a: {\n  b: c,\n  d: [ e,\n}\nf: g\n", ('[', 3, 6)),
        ] {
            assert_eq!(found(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_closed_and_what_is_text_is_no_open_bracket() {
        for text in [
            "a: { b: [ c ] }\nd: e\n",
            "a: https://x.example/${id\nb: c\n",
            "a: 'it{s'\n",
            "# {\na: b\n",
            "a: {\n  b: c\n}\n",
            "a: b [c\n",
            "- { a: b }\n- c\n",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}

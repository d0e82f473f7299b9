//! The people of invented answers, and values for facts that describe no person.

use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};

/// A person at a simulated provider of which nothing was recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct InventedPerson {
    pub(super) id: &'static str,
    pub(super) email: &'static str,
    pub(super) name: &'static str,
    pub(super) locale: &'static str,
}

pub(super) const PEOPLE: [InventedPerson; 2] = [
    InventedPerson { id: "731055842", email: "ana@loja.example", name: "Ana Prova", locale: "pt-BR" },
    InventedPerson { id: "731055907", email: "rui@cliente.example", name: "Rui Teste", locale: "en" },
];

/// A text that fits a pattern; the suggestions come first, then each with what the pattern asks for behind it.
pub(super) fn fitting_text(pattern: &Regex, suggestions: &[&str]) -> Option<String> {
    let sample = regex_syntax::parse(pattern.as_str()).ok().map(|parsed| sample_of(&parsed))?;
    let plain = suggestions.iter().map(|text| (*text).to_owned());
    let joined = suggestions.iter().map(|text| format!("{}{sample}", text.split('@').next().unwrap_or_default()));
    let known: Vec<String> = plain.chain(sample.starts_with(['@', '.', ':']).then_some(joined).into_iter().flatten()).collect();
    known.into_iter().chain([sample.clone()]).find(|text| pattern.is_match(text))
}

/// A short text that fits.
fn sample_of(hir: &Hir) -> String {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => String::new(),
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).into_owned(),
        HirKind::Class(class) => letter_of(class).to_string(),
        HirKind::Repetition(repetition) => {
            let times = repetition.min.max(u32::from(repetition.max != Some(0))).min(64) as usize;
            sample_of(&repetition.sub).repeat(times)
        }
        HirKind::Capture(capture) => sample_of(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(sample_of).collect(),
        HirKind::Alternation(parts) => parts.first().map(sample_of).unwrap_or_default(),
    }
}

/// A letter or digit of a class where it has one.
fn letter_of(class: &Class) -> char {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.ranges().iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => class.ranges().iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect(),
    };
    let has = |letter: &char| ranges.iter().any(|(start, end)| (start..=end).contains(&letter));
    ['a', 'A', '1', '0', '-'].into_iter().find(has).or(ranges.first().map(|(start, _)| *start)).unwrap_or('a')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_fits_the_pattern_that_it_is_made_for() {
        for (pattern, expected) in [
            ("@loja\\.example$", "ana@loja.example"),
            ("@acme\\.example$", "ana@acme.example"),
            ("^[a-z0-9-]{1,60}$", "a"),
            ("^(gold|silver)$", "gold"),
            ("^E\\d+", "E1"),
        ] {
            assert_eq!(fitting_text(&Regex::new(pattern).unwrap(), &["ana@loja.example"]).as_deref(), Some(expected), "{pattern}");
        }
    }
}

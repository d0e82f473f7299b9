//! A text with holes, and how the holes are filled.
//!
//! When a hole finds nothing, the whole text is not found, so that no id is ever composed from missing parts.

use crate::provider::facts::Facts;
use crate::provider::functions::Function;
use crate::provider::hole::{Hole, hole_length};
use crate::provider::json_path::{JsonPath, ValueKind};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::text::Text;
use crate::vocabulary::words::{Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::written_secret::is_written_secret;
use crate::vocabulary::yaml::{YamlKind, YamlNode};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// The greatest number of pieces in a text.
const MOST_PIECES: usize = 400;

/// A text with holes, as written and ready to be filled.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    /// As it was written.
    pub(crate) source: Box<str>,
    pub(crate) place: Place,
    pieces: Vec<TemplatePiece>,
    /// The name that masks show in place of its literal text, where that is a secret: such a text is never shown.
    secret: Option<Arc<str>>,
}

/// A piece of literal text, or a hole.
#[derive(Clone, Debug)]
pub(crate) enum TemplatePiece {
    /// Literal text.
    Literal(Box<str>),
    Hole(Hole),
}

/// A hole found nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnfilledHole {
    /// The fact that is not known; `None` for a path.
    pub(crate) fact: Option<Slot>,
    pub(crate) place: Place,
    /// The kind of what was found and cannot be read.
    pub(crate) unreadable: Option<ValueKind>,
}

/// One use of a fact in a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FactUse {
    pub(crate) fact: Slot,
    /// Where it is used.
    pub(crate) place: Place,
    /// Whether the fact can be found again from the result.
    pub(crate) whole: bool,
    /// Whether the text is found although the fact is not known.
    pub(crate) optional: bool,
}

impl Template {
    /// A text without holes.
    pub(crate) fn literal(text: &str, place: Place) -> Self {
        Self { source: text.into(), place, pieces: vec![TemplatePiece::Literal(text.into())], secret: None }
    }

    /// A text that is one fact.
    pub(crate) fn from_fact(name: &str, place: Place, reader: &mut Reader) -> Self {
        let hole = Hole::from_fact(name, place, reader);
        Self { source: format!("${{{name}}}").into(), place, pieces: vec![TemplatePiece::Hole(hole)], secret: None }
    }

    /// A text that is one fact, which may be unknown.
    pub(crate) fn from_optional_fact(name: &str, place: Place, reader: &mut Reader) -> Self {
        let hole = Hole::from_fact(name, place, reader).made_optional();
        Self { source: format!("${{{name}?}}").into(), place, pieces: vec![TemplatePiece::Hole(hole)], secret: None }
    }

    /// The same as the value of a parameter, a header or a member with this name. An operator may have written a secret there.
    #[must_use]
    pub(crate) fn named(self, name: &str) -> Self {
        let secret = is_written_secret(name, &self.source).then(|| Arc::from(name));
        Self { secret, ..self }
    }

    /// The literal texts in it that are secrets.
    pub(crate) fn written_secrets(&self) -> Vec<Text> {
        let Some(label) = &self.secret else { return Vec::new() };
        let literals = self.pieces.iter().filter_map(|piece| match piece {
            TemplatePiece::Literal(text) => Some(&**text),
            TemplatePiece::Hole(_) => None,
        });
        // A provider may repeat it without the scheme of a header.
        let parts = literals.flat_map(|text| std::iter::once(text).chain(text.split_once(' ').map(|(_, behind)| behind)));
        parts.filter(|text| !text.is_empty()).map(|text| Text::secret(text, label)).collect()
    }

    /// The pieces in order.
    pub(crate) fn pieces(&self) -> &[TemplatePiece] {
        &self.pieces
    }

    /// Whether it has no hole.
    pub(crate) fn is_literal(&self) -> bool {
        self.pieces.iter().all(|piece| matches!(piece, TemplatePiece::Literal(_)))
    }

    /// The text, if it has no hole.
    pub(crate) fn as_literal(&self) -> Option<String> {
        self.pieces.iter().map(|piece| if let TemplatePiece::Literal(text) = piece { Some(&**text) } else { None }).collect()
    }

    /// The fact that it consists of, if it is one hole without functions.
    pub(crate) fn sole_fact(&self) -> Option<Slot> {
        match self.pieces.as_slice() {
            [TemplatePiece::Hole(hole)] => hole.bare_fact(),
            _ => None,
        }
    }

    /// Whether a JSON body contains the filled text as it is, without quotes.
    pub(crate) fn is_json_literal(&self) -> bool {
        match self.pieces.as_slice() {
            [TemplatePiece::Hole(hole)] => hole.functions().last().is_some_and(Function::writes_json_literal),
            _ => false,
        }
    }

    /// The first fact that fills a hole of its own, whatever functions follow.
    pub(crate) fn first_fact(&self) -> Option<Slot> {
        self.holes().find_map(Hole::fact)
    }

    /// Whether a hole is a path.
    pub(crate) fn has_path(&self) -> bool {
        self.paths().next().is_some()
    }

    /// The paths in its holes.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &JsonPath> {
        self.holes().filter_map(Hole::path)
    }

    /// The paths into JSON texts, each after the path of its text.
    pub(crate) fn inner_paths(&self) -> impl Iterator<Item = (&JsonPath, &JsonPath)> {
        self.holes().filter_map(|hole| Some((hole.path()?, hole.functions().first()?.inner_path()?)))
    }

    pub(crate) fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.pieces.iter().filter_map(|piece| if let TemplatePiece::Hole(hole) = piece { Some(hole) } else { None })
    }

    /// Whether a value in it is one of several different ones.
    pub(crate) fn finds_several(&self, answer: Option<&Value>, facts: &Facts) -> bool {
        self.uses().any(|used| facts.is_of_several(used.fact))
            || answer.is_some_and(|answer| self.paths().any(|path| path.finds_several(answer)))
    }

    /// Holds the values in its holes to the rule for ids.
    pub(crate) fn hold_to_persons(&mut self) {
        for piece in &mut self.pieces {
            if let TemplatePiece::Hole(hole) = piece {
                hole.names_person = true;
            }
        }
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> impl Iterator<Item = FactUse> {
        self.holes().flat_map(Hole::uses)
    }

    /// Fills the holes from the facts.
    pub(crate) fn fill(&self, facts: &Facts) -> Result<Text, UnfilledHole> {
        self.fill_from(facts, None)
    }

    /// Fills the holes without a copy when the text is just one fact.
    pub(crate) fn fill_or_borrow<'f>(&self, facts: &'f Facts) -> Result<Cow<'f, Text>, UnfilledHole> {
        match self.pieces.as_slice() {
            [TemplatePiece::Hole(hole)] if !hole.is_optional() => hole.fill(facts, None).map(Option::unwrap_or_default),
            _ => self.fill(facts).map(Cow::Owned),
        }
    }

    /// Fills the holes from the facts and an answer.
    pub(crate) fn fill_from(&self, facts: &Facts, answer: Option<&Value>) -> Result<Text, UnfilledHole> {
        let mut filled = Text::default();
        let mut optional = false;
        for piece in &self.pieces {
            match piece {
                TemplatePiece::Literal(text) => match &self.secret {
                    Some(label) => filled.push(&Text::secret(&**text, label)),
                    None => filled.push_str(text),
                },
                TemplatePiece::Hole(hole) => {
                    optional |= hole.is_optional();
                    if let Some(text) = hole.fill(facts, answer)? {
                        filled.push(&text);
                    }
                    if filled.len() > Facts::LONGEST {
                        return Err(hole.unfilled(Some(ValueKind::UnreadableText)));
                    }
                }
            }
        }
        Ok(if optional { filled.trimmed() } else { filled })
    }

    /// The text when no hole finds anything, if there is one then.
    pub(crate) fn text_without_values(&self) -> Option<String> {
        self.fill(&Facts::default()).ok().map(|text| text.expose().to_owned())
    }

    /// Whether it has an optional hole, so that the text may be empty.
    pub(crate) fn has_optional_hole(&self) -> bool {
        self.holes().any(Hole::is_optional)
    }

    /// Fills a text whose result may be bytes, such as a key.
    pub(crate) fn fill_bytes(&self, facts: &Facts) -> Result<Vec<u8>, UnfilledHole> {
        if let [TemplatePiece::Hole(hole)] = self.pieces.as_slice()
            && hole.functions().last().is_some_and(Function::is_one_way)
        {
            let found = hole.evaluate(facts, None).0.map_err(|kind| hole.unfilled(Some(kind)))?;
            return found.map(|flow| flow.bytes().to_vec()).ok_or_else(|| hole.unfilled(None));
        }
        self.fill(facts).map(|text| text.expose().as_bytes().to_vec())
    }

    /// Parses a text, or complains. Only the value of a key may be bytes.
    pub(crate) fn parse(text: &str, node: &YamlNode, may_end_in_bytes: bool, reader: &mut Reader) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let (mut rest, mut at) = (text, 0);
        let mut fine = true;
        while let Some(found) = rest.find('$') {
            literal.push_str(&rest[..found]);
            let tail = &rest[found..];
            let here = at + found;
            let taken = if tail.starts_with("$${") {
                literal.push_str("${");
                3
            } else if let Some(inside) = tail.strip_prefix("${") {
                let Some(length) = hole_length(inside) else {
                    reader.complain(
                        place_of_part(node, text, here, text.len()),
                        "a hole (`${`) that is never closed",
                        "close it with `}`; a literal `${` is written `$${`",
                    );
                    return None;
                };
                if pieces.len() > MOST_PIECES {
                    reader.complain(
                        node.place,
                        "this text has more holes than any text needs",
                        "split it, or compose a part of it as a fact",
                    );
                    return None;
                }
                let place = place_of_part(node, text, here, here + length + 3);
                match Hole::parse(&inside[..length], place, may_end_in_bytes, reader) {
                    Some(hole) => {
                        if !literal.is_empty() {
                            pieces.push(TemplatePiece::Literal(std::mem::take(&mut literal).into()));
                        }
                        pieces.push(TemplatePiece::Hole(hole));
                    }
                    None => fine = false,
                }
                length + 3
            } else {
                literal.push('$');
                1
            };
            rest = &tail[taken..];
            at = here + taken;
        }
        literal.push_str(rest);
        if !literal.is_empty() || pieces.is_empty() {
            pieces.push(TemplatePiece::Literal(literal.into()));
        }
        fine.then(|| Self { source: text.into(), place: node.place, pieces, secret: None })
    }
}

/// The place of a part of a scalar: the exact place when the file has the text unescaped, otherwise that of the whole scalar.
fn place_of_part(node: &YamlNode, text: &str, from: usize, to: usize) -> Place {
    match &node.kind {
        YamlKind::Scalar { verbatim: true, plain, .. } => {
            let quote = u32::from(!plain);
            let inner = Place { start: node.place.start + quote, column: node.place.column + quote, ..node.place };
            inner.part(text, from, to)
        }
        _ => node.place,
    }
}

impl WordValue for Template {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        Self::parse(&text.value, node, false, reader)
    }
    fn shape() -> ValueShape {
        ValueShape::Text("a text with holes")
    }
}

/// A text whose single hole may give bytes: the key of a signature.
#[derive(Clone, Debug)]
pub(crate) struct KeyTemplate(pub(crate) Template);

impl WordValue for KeyTemplate {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text: Located<String> = read_scalar(node, reader)?;
        Template::parse(&text.value, node, true, reader).map(Self)
    }
    fn shape() -> ValueShape {
        ValueShape::Text("a key: a text with holes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::Arc;

    fn parse(text: &str, reader: &mut Reader) -> Option<Template> {
        let place = Place { start: 0, end: u32::try_from(text.len()).unwrap(), line: 1, column: 1 };
        Template::parse(
            text,
            &YamlNode { place, kind: YamlKind::Scalar { text: text.to_owned(), plain: true, verbatim: true } },
            false,
            reader,
        )
    }

    #[test]
    fn holes_are_filled_and_what_a_secret_touches_is_masked() {
        let mut reader = Reader::default();
        let answer = json!({"sub": "CHARACTER:EVE:42", "a}b": 7});
        for (text, shown, sent) in [
            ("Bearer ${token}", Some("Bearer ‹token›"), "Bearer t-1"),
            ("${id}:${token}", Some("c1:‹token›"), "c1:t-1"),
            (
                "${token | hmacSha256 id | hex}",
                Some("‹token | hmacSha256 id | hex›"),
                "c26fe6eb3f01bd0c7ba40fbb0e0d6ea5c4d4d9ad1ebb0d6ae4d9c0f36e9b5b2c",
            ),
            ("${$.sub | after \"CHARACTER:EVE:\"}", Some("‹$.sub | after \"CHARACTER:EVE:\"›"), "42"),
            ("${$['a}b']}", Some("‹$['a}b']›"), "7"),
            ("${id} ${unknown?}", Some("c1"), "c1"),
            ("${unknown}", None, ""),
            ("x ${$.nothing}", None, ""),
            ("$${id}", Some("${id}"), "${id}"),
            ("costs $5", Some("costs $5"), "costs $5"),
            ("${unknown | default \"d\"}", Some("d"), "d"),
        ] {
            let template = parse(text, &mut reader).unwrap();
            let mut facts = Facts::empty(&reader.names);
            facts.set(reader.names.intern("id"), Text::plain("c1"));
            facts.set(reader.names.intern("token"), Text::secret("t-1", &Arc::from("token")));

            let filled = template.fill_from(&facts, Some(&answer)).ok();

            assert_eq!(filled.as_ref().map(Text::masked).as_deref(), shown, "{text}");
            if let Some(filled) = filled.filter(|_| !text.contains("hmac")) {
                assert_eq!(filled.expose(), sent, "{text}");
            }
        }
        assert!(reader.complaints.is_empty());
    }

    #[test]
    fn a_complaint_points_at_the_hole() {
        for (text, column, part) in [
            ("a ${b", 3, "never closed"),
            ("é ${a b}", 3, "not the name"),
            ("${}", 1, "not the name"),
            ("ab ${x | bse64}", 4, "not a function"),
            ("${x | md5}", 1, "gives bytes"),
            ("${x | md5 | upper}", 1, "takes a text"),
            ("${x | append}", 1, "argument"),
            ("${x | }", 1, "without a function"),
            ("${$.a b}", 1, "brackets"),
        ] {
            let mut reader = Reader::default();
            parse(text, &mut reader);

            assert_eq!(reader.complaints.len(), 1, "{text}");
            assert_eq!(reader.complaints[0].place.unwrap().column, column, "{text}");
            assert!(reader.complaints[0].message.contains(part), "{text}: {}", reader.complaints[0].message);
        }
    }
}

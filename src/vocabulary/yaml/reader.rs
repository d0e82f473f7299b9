//! Reads a YAML file as a tree of nodes, every one with its place and every scalar as it was written.
//!
//! It reads the parser's events and does not go through serde: serde stops at the first mistake, turns `00` into a
//! number, and keeps the last of two equal keys. Anchors, aliases, tags, duplicate keys and a second document are
//! refused; size and depth are bounded.

use crate::vocabulary::place::{Located, Place, Source};
use crate::vocabulary::yaml::open_bracket::{OpenBracket, open_bracket};
use crate::vocabulary::yaml::{DEEPEST, LARGEST, YamlEntry, YamlKind, YamlNode};
use serde_yaml::granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, options};
use std::collections::HashSet;

/// A mistake in the YAML of a file, found before any word of it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    pub(crate) place: Option<Place>,
    pub(crate) message: String,
    pub(crate) help: String,
    /// Whether the file is empty.
    pub(crate) is_empty: bool,
}

/// Reads a source. On success there may still be complaints about duplicate keys.
pub fn parse(source: &Source) -> Result<(YamlNode, Vec<YamlError>), YamlError> {
    let text = &*source.text;
    if text.len() > LARGEST {
        return Err(YamlError {
            place: None,
            message: format!("the file is longer than {} KiB", LARGEST / 1024),
            help: "one file describes one provider; put the others into files of their own".to_owned(),
            is_empty: false,
        });
    }
    // A nesting beyond `DEEPEST` gets our own sentence; the parser's limit is only a second bound.
    let options = options! { emit_comments: false, flow_nesting_limit: 64, block_nesting_limit: 64 };
    let mut reader = YamlParser { parser: Parser::new_from_str_with_options(text, options), text, duplicate_keys: Vec::new() };
    let node = reader.read_document()?;
    Ok((node, reader.duplicate_keys))
}

struct YamlParser<'a> {
    parser: Parser<'a, StrInput<'a>>,
    text: &'a str,
    duplicate_keys: Vec<YamlError>,
}

impl<'a> YamlParser<'a> {
    fn read_document(&mut self) -> Result<YamlNode, YamlError> {
        loop {
            let (event, place) = self.next_event()?;
            match event {
                Event::StreamStart | Event::DocumentStart(..) => {}
                Event::StreamEnd | Event::DocumentEnd => {
                    return Err(YamlError { place: None, message: "the file is empty".to_owned(), help: String::new(), is_empty: true });
                }
                event => {
                    let node = self.read_node(event, place, 0)?;
                    return self.expect_end().map(|()| node);
                }
            }
        }
    }

    fn expect_end(&mut self) -> Result<(), YamlError> {
        loop {
            let (event, place) = self.next_event()?;
            match event {
                Event::StreamEnd => return Ok(()),
                Event::DocumentStart(..) => {
                    return Err(error_at(
                        place,
                        "a second document begins here",
                        "one file holds one document; put the other into a file of its own",
                    ));
                }
                _ => {}
            }
        }
    }

    fn read_node(&mut self, event: Event<'a>, place: Place, depth: usize) -> Result<YamlNode, YamlError> {
        if depth > DEEPEST {
            return Err(nested_too_deep(place));
        }
        if event.tag().is_some() {
            return Err(error_at(
                place,
                "tags (`!…`) are not part of the language",
                "write the value without the tag, in quotes where it begins with `!`",
            ));
        }
        if event.anchor_id().is_some() {
            return Err(error_at(
                place,
                "anchors (`&…`) are not part of the language",
                "write the value out; in quotes where it begins with `&`",
            ));
        }
        match event {
            Event::Scalar(text, style, ..) => {
                let raw = self.text.get(place.start as usize..place.end as usize).unwrap_or("");
                let inside = if style == ScalarStyle::Plain { raw } else { raw.get(1..raw.len().saturating_sub(1)).unwrap_or("") };
                let verbatim = inside == text;
                Ok(YamlNode { place, kind: YamlKind::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain, verbatim } })
            }
            Event::SequenceStart(..) => self.read_list(place, depth),
            Event::MappingStart(..) => self.read_map(place, depth),
            Event::Alias(_) => Err(error_at(
                place,
                "aliases (`*…`) are not part of the language",
                "write the value out; in quotes where it begins with `*`",
            )),
            _ => Err(error_at(place, "nothing can be read here", "check the indentation and the brackets")),
        }
    }

    fn read_list(&mut self, place: Place, depth: usize) -> Result<YamlNode, YamlError> {
        let mut nodes = Vec::new();
        loop {
            let (event, at) = self.next_event()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(YamlNode { place, kind: YamlKind::List(nodes) });
            }
            nodes.push(self.read_node(event, at, depth + 1)?);
        }
    }

    fn read_map(&mut self, place: Place, depth: usize) -> Result<YamlNode, YamlError> {
        let mut entries: Vec<YamlEntry> = Vec::new();
        let mut seen = HashSet::new();
        loop {
            let (event, at) = self.next_event()?;
            if matches!(event, Event::MappingEnd) {
                return Ok(YamlNode { place, kind: YamlKind::Map(entries) });
            }
            let key = self.read_node(event, at, depth + 1)?;
            let YamlKind::Scalar { text, .. } = key.kind else {
                return Err(error_at(
                    key.place,
                    format!("{} stands where a key is expected", key.description()),
                    "write `key: value`; a text with `{` or `[` in front needs quotes",
                ));
            };
            let (event, at) = self.next_event()?;
            let mut value = self.read_node(event, at, depth + 1)?;
            if value.is_null() {
                // An absent value gets the place of its key.
                value.place = key.place;
            }
            if seen.insert(text.clone()) {
                entries.push(YamlEntry { key: Located::new(text, key.place), value });
            } else {
                self.duplicate_keys.push(error_at(key.place, format!("`{text}` stands here twice"), "keep one of the two lines"));
            }
        }
    }

    fn next_event(&mut self) -> Result<(Event<'a>, Place), YamlError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                let whole = matches!(event, Event::Scalar(..) | Event::Alias(_));
                Ok((event, self.place_of_span(span, whole)))
            }
            Some(Err(error)) => {
                let marker = *error.marker();
                let place = self.place_of_span(Span::new(marker, marker), false);
                let message = error.info().clone();
                if message.contains("recursion limit") {
                    return Err(nested_too_deep(place));
                }
                Err(self.explain_parse_error(place, &message))
            }
            None => Err(error_at(Place::default(), "the file ends too early", "check that every bracket and quote is closed")),
        }
    }

    /// Explains an error of the parser by the mistake that most likely caused it.
    fn explain_parse_error(&self, place: Place, message: &str) -> YamlError {
        let lines: Vec<&str> = self.text.lines().collect();
        let last = (place.line as usize).clamp(1, lines.len().max(1));
        let on = |line: usize, part: &str| self.place_in_line(line, lines[line].find(part).unwrap_or(0), part.len());
        let near = || (last.saturating_sub(2)..(last + 1).min(lines.len())).rev();
        if let Some(line) = near().find(|line| lines[*line].trim_start_matches(' ').starts_with('\t')) {
            return error_at(on(line, "\t"), "this line begins with a tab", "YAML is indented with blanks; replace the tab by two blanks");
        }
        if let Some((line, quote)) =
            near().find_map(|line| ['“', '”', '‘', '’'].into_iter().find(|quote| lines[line].contains(*quote)).map(|quote| (line, quote)))
        {
            return error_at(on(line, &quote.to_string()), format!("`{quote}` is not a quote of YAML"), "write `\"` or `'`");
        }
        let in_brackets = message.contains("flow") || message.contains("',' or");
        // The bracket may stand some lines before the place at which the parser stops.
        let unquoted = (0..last.min(lines.len())).rev().take(12).find_map(|line| unquoted_bracket(lines[line]).map(|at| (line, at)));
        if let (true, Some((line, at))) = (in_brackets || message.contains("did not find expected"), unquoted) {
            let help = "put the value in quotes: `code: \"${code}\"`, `id: \"$.list[0].id\"`; in single quotes where it holds double ones";
            return error_at(self.place_in_line(line, at, 2), "inside `{ }` and `[ ]` a value with `{`, `[` or `]` needs quotes", help);
        }
        if message.contains("unknown anchor") {
            return error_at(
                place,
                "a text that begins with `*` needs quotes",
                "write `\"*.shops.example\"`; aliases are not part of the language",
            );
        }
        let next = self.text.get(place.start as usize..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
        if matches!(next, '@' | '`' | '%') {
            return error_at(place, format!("a text that begins with `{next}` needs quotes"), "put the whole text in quotes");
        }
        if let Some(error) = self.missing_blank(&lines, last) {
            return error;
        }
        if let Some(error) = self.open_quote(&lines, last).filter(|_| message.contains("quoted scalar")) {
            return error;
        }
        if let Some(open) = open_bracket(self.text) {
            return self.bracket_never_closed(open);
        }
        if message.contains("mapping values are not allowed") {
            let help = "a text with `: ` in it needs quotes; otherwise this line is indented differently from its neighbours";
            return error_at(place, "a `key: value` stands where none can stand", help);
        }
        if message.contains("simple key") {
            return error_at(
                place,
                "this line is neither `key: value` nor `- item`",
                "write a blank behind the colon, and the same indentation as the lines around it",
            );
        }
        let mut message = message.to_owned();
        if let Some(first) = message.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        error_at(place, format!("this is not YAML: {message}"), "check the indentation, the quotes and the brackets just before this place")
    }

    /// A colon without a blank behind it, on the last line before this one that is not empty.
    fn missing_blank(&self, lines: &[&str], last: usize) -> Option<YamlError> {
        let line = (0..last.saturating_sub(1)).rev().find(|line| !lines[*line].trim().is_empty())?;
        let text = lines[line].trim_start();
        let is_word_before = |at: &usize| !text[..*at].contains([' ', '"', '/', '#']);
        let at = text.find(':').filter(|_| !text.contains(": ") && !text.ends_with(':')).filter(is_word_before)?;
        let indent = lines[line].len() - text.len();
        Some(error_at(
            self.place_in_line(line, indent + at, 1),
            "there is no blank behind this colon",
            "write `key: value`, with a blank behind the colon",
        ))
    }

    /// A quote that is opened on a line up to this one, and not closed there.
    fn open_quote(&self, lines: &[&str], last: usize) -> Option<YamlError> {
        let is_odd = |line: usize, quote: char| lines[line].matches(quote).count() % 2 == 1;
        let line = (0..last.min(lines.len())).rev().find(|line| is_odd(*line, '"') || is_odd(*line, '\''))?;
        let at = lines[line].rfind(['"', '\'']).unwrap_or(0);
        Some(error_at(self.place_in_line(line, at, 1), "a quote that is opened here is never closed", "close it on the same line"))
    }

    fn bracket_never_closed(&self, open: OpenBracket) -> YamlError {
        let message = format!("a `{}` that is opened here is never closed", open.letter);
        error_at(self.place_in_line(open.line, open.at, 1), message, format!("close it: `{}`", open.closing()))
    }

    /// The place of a part of a line; lines are counted from 0.
    fn place_in_line(&self, line: usize, from: usize, length: usize) -> Place {
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let text = self.text.lines().nth(line).unwrap_or("");
        let start = text.as_ptr() as usize - self.text.as_ptr() as usize + from;
        let column = text.get(..from).unwrap_or("").chars().count() + 1;
        Place { start: small(start), end: small(start + length), line: small(line + 1), column: small(column) }
    }

    fn place_of_span(&self, span: Span, whole: bool) -> Place {
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let start = span.start.byte_offset().unwrap_or(0).min(self.text.len());
        let end =
            if whole { span.end.byte_offset().unwrap_or(start).clamp(start, self.text.len()) } else { (start + 1).min(self.text.len()) };
        let written = self.text.get(start..end).unwrap_or("").trim_end();
        Place {
            start: small(start),
            end: small(start + written.len()),
            line: small(span.start.line()),
            column: small(span.start.col() + 1),
        }
    }
}

/// The position of a hole or an index without quotes inside of brackets.
fn unquoted_bracket(line: &str) -> Option<usize> {
    let (mut quote, mut depth, mut before) = (None, 0_usize, ' ');
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '#') if before == ' ' => return None,
            (None, '"' | '\'') if matches!(before, ' ' | '[' | '{' | ',' | ':') => quote = Some(letter),
            (None, '{' | '[') if depth > 0 && !matches!(before, ' ' | '[' | '{' | ',') => return Some(at.saturating_sub(1)),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = letter;
    }
    None
}

fn nested_too_deep(place: Place) -> YamlError {
    error_at(
        place,
        format!("this is nested more than {DEEPEST} levels deep"),
        "no word of the language needs that; check the brackets and the indentation",
    )
}

fn error_at(place: Place, message: impl Into<String>, help: impl Into<String>) -> YamlError {
    YamlError { place: Some(place), message: message.into(), help: help.into(), is_empty: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(YamlNode, Vec<YamlError>), YamlError> {
        parse(&Source::new("x.yaml", text))
    }

    #[test]
    fn scalars_stay_as_they_were_written() {
        let (node, _) = read("a: 00\nb: 1.10\nc: off\nd: \"q\"\ne: 9007199254740993000\nf:\n").unwrap();

        for (key, text) in [("a", "00"), ("b", "1.10"), ("c", "off"), ("d", "q"), ("e", "9007199254740993000")] {
            assert!(matches!(&node.get(key).unwrap().kind, YamlKind::Scalar { text: found, .. } if found == text), "{key}");
        }
        assert!(node.get("f").unwrap().is_null());
    }

    #[test]
    fn places_count_characters_and_survive_in_flow_maps() {
        let (node, _) = read("ação: { é: [x, 'yy'] }\n").unwrap();

        let YamlKind::List(list) = &node.get("ação").unwrap().get("é").unwrap().kind else { panic!("a list") };
        assert_eq!((list[1].place.line, list[1].place.column), (1, 16));
    }

    /// Lesson 155
    /// Attack Y-01
    #[test]
    fn bombs_and_oddities_are_refused_with_a_sentence() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let wide = "x".repeat(LARGEST + 1);

        for (text, part) in [
            ("a: &x 1\nb: *x\n", "anchors"),
            ("b: *x\n", "needs quotes"),
            ("a: !!int 1\n", "tags"),
            (deep.as_str(), "deep"),
            ("a: 1\n---\nb: 2\n", "second document"),
            ("", "empty"),
            (wide.as_str(), "KiB"),
            ("a: [1,\n", "never closed"),
            ("a: { b: c\nd: e\n", "a `{` that is opened here is never closed"),
            ("a: { b: ${c} }\n", "needs quotes"),
            ("a: [ $.b[0].c, $.d ]\n", "needs quotes"),
            ("a:\n\tb: 1\n", "tab"),
            ("a: “b: c”\n", "quote of YAML"),
            ("a: b: c\n", "key: value"),
            ("? [a]\n: b\n", "key is expected"),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.message.contains(part), "{part}: {}", refused.message);
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_reported_and_the_first_is_kept() {
        let (node, twice) = read("a: 1\nb: 2\na: 3\n").unwrap();

        assert_eq!(twice.len(), 1);
        assert_eq!(twice[0].place.unwrap().line, 3);
        assert!(matches!(&node.get("a").unwrap().kind, YamlKind::Scalar { text, .. } if text == "1"));
    }
}

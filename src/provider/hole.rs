//! A hole in a text: `${fact}` or `${$.path}`, each with functions behind bars, `?` for one that may stay empty.

use crate::provider::facts::Facts;
use crate::provider::functions::change::TextChange;
use crate::provider::functions::compilation::check_text_and_bytes;
use crate::provider::functions::{FoundValue, Function, FunctionArgument, TextOrBytes};
use crate::provider::identity::names_no_person;
use crate::provider::json_path::{JsonPath, ValueKind};
use crate::provider::template::{FactUse, UnfilledHole};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use crate::vocabulary::words::Reader;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// A hole, and what fills it.
#[derive(Clone, Debug)]
pub(crate) struct Hole {
    pub(crate) place: Place,
    source: HoleSource,
    optional: bool,
    /// Whether a preview leaves it out too, because it stands in every standard request and is seldom known.
    is_seldom_known: bool,
    /// Whether an id or an address is composed from it: what names no person alone names none as a part either.
    pub(crate) names_person: bool,
    functions: Vec<Function>,
    label: Arc<str>,
}

#[derive(Clone, Debug)]
enum HoleSource {
    Fact(Slot),
    Path(Box<JsonPath>),
}

/// A word or a quoted text inside a hole.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum HoleToken {
    /// A bare word: a function's or a fact's name.
    Word(String),
    /// A text in quotes.
    Quoted(String),
}

impl HoleToken {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Word(text) | Self::Quoted(text) => text,
        }
    }
}

impl Hole {
    /// A hole for a fact, as if it were written at `place`.
    pub(crate) fn from_fact(name: &str, place: Place, reader: &mut Reader) -> Self {
        let source = HoleSource::Fact(reader.names.intern(name));
        Self { place, source, optional: false, is_seldom_known: false, names_person: false, functions: Vec::new(), label: Arc::from(name) }
    }

    /// The same hole, which may stay empty and mostly does.
    #[must_use]
    pub(crate) fn made_optional(self) -> Self {
        Self { optional: true, is_seldom_known: true, ..self }
    }

    /// Parses the text between `${` and `}`, or complains.
    pub(crate) fn parse(inside: &str, place: Place, may_end_in_bytes: bool, reader: &mut Reader) -> Option<Self> {
        let parts = split_at_bars(inside);
        let (head, tail) = parts.split_first()?;
        let head = head.trim();
        let (head, optional) = head.strip_suffix('?').map_or((head, false), |head| (head.trim_end(), true));
        let source = if head.starts_with('$') {
            HoleSource::Path(Box::new(JsonPath::parse(head, place, reader)?))
        } else if is_fact_name(head) {
            HoleSource::Fact(reader.names.intern(head))
        } else {
            let help = if head.is_empty() {
                "write a fact's name: `${accessToken}`"
            } else {
                "a hole holds a fact's name (`${accessToken}`) or a path (`${$.data.id}`)"
            };
            reader.complain(place, format!("`{head}` is not the name of a fact"), help);
            return None;
        };
        let functions = tail.iter().map(|part| Function::parse(&tokenize(part), place, reader)).collect::<Option<Vec<_>>>()?;
        check_text_and_bytes(&functions, may_end_in_bytes, place, reader);
        let is_first_behind_path = |at: usize| at == 0 && matches!(source, HoleSource::Path(_));
        if functions.iter().enumerate().any(|(at, function)| function.joins() && !is_first_behind_path(at)) {
            let help = "write it first behind the path of the list: `${$.names | join \" \"}`";
            reader.complain(place, "`join` takes a list, and what stands before it here is one text", help);
        }
        let label = if functions.is_empty() { head } else { inside.trim() };
        Some(Self { place, source, optional, is_seldom_known: false, names_person: false, functions, label: Arc::from(label) })
    }

    /// The fact that fills it, if it is not a path.
    pub(crate) fn fact(&self) -> Option<Slot> {
        if let HoleSource::Fact(fact) = self.source { Some(fact) } else { None }
    }

    /// The fact that fills it when no function follows, so that the fact can be read back from the result.
    pub(crate) fn bare_fact(&self) -> Option<Slot> {
        self.fact().filter(|_| self.functions.is_empty())
    }

    /// The path that fills it, if it is not a fact.
    pub(crate) fn path(&self) -> Option<&JsonPath> {
        if let HoleSource::Path(path) = &self.source { Some(path) } else { None }
    }

    /// The fact that fills it where nothing was found, if no constant text ever does.
    pub(crate) fn default_fact(&self) -> Option<Slot> {
        let mut defaults = self.functions.iter().filter(|function| function.gives_default()).filter_map(Function::argument);
        match (defaults.next(), defaults.next()) {
            (Some(FunctionArgument::Fact(fact, _)), None) => Some(*fact),
            (Some(FunctionArgument::Literal(_)) | None, None) | (_, Some(_)) => None,
        }
    }

    /// Whether the hole may stay empty, so that the text around it is found even when the hole finds nothing.
    pub(crate) fn is_optional(&self) -> bool {
        self.optional
    }

    /// Whether the text around it is found although nothing fills the hole, or only a default does.
    pub(crate) fn may_lack_value(&self) -> bool {
        self.optional || self.functions.iter().any(Function::gives_default)
    }

    /// What stands in it, as masks show it.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// Its functions, in order.
    pub(crate) fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// Whether both take a part of one text, and surely not the same.
    pub(crate) fn takes_another_part_than(&self, other: &Self) -> bool {
        let mut parts = self.functions.iter().zip(&other.functions);
        parts.find(|(own, other)| !own.is_same_as(other)).is_some_and(|(own, other)| own.takes_another_part_than(other))
    }

    /// Fills the hole; `Ok(None)` means that it stays empty, which it may. What was found and cannot be read fills no hole.
    pub(crate) fn fill<'f>(&self, facts: &'f Facts, answer: Option<&Value>) -> Result<Option<Cow<'f, Text>>, UnfilledHole> {
        if self.functions.is_empty()
            && let HoleSource::Fact(fact) = self.source
        {
            return match facts.get(fact) {
                Some(text) if self.names_person && text.judged(names_no_person) => self.left_empty(Some(ValueKind::NoPerson)),
                Some(text) => Ok(Some(Cow::Borrowed(text))),
                None if facts.is_preview() && !self.is_seldom_known => Ok(Some(Cow::Owned(self.mask()))),
                None => self.left_empty(facts.unreadable(fact)),
            };
        }
        let (flow, secret) = self.evaluate(facts, answer);
        match flow {
            Ok(Some(TextOrBytes::Text(text))) if !text.is_empty() => {
                Ok(Some(Cow::Owned(if secret { Text::secret(text, &self.label) } else { Text::plain(text) })))
            }
            _ if facts.is_preview() => Ok(Some(Cow::Owned(self.mask()))),
            found => self.left_empty(found.err()),
        }
    }

    /// Leaves the hole empty if it may be; `unreadable` is the kind of what was found.
    fn left_empty<'f>(&self, unreadable: Option<ValueKind>) -> Result<Option<Cow<'f, Text>>, UnfilledHole> {
        if self.optional && unreadable.is_none() { Ok(None) } else { Err(self.unfilled(unreadable)) }
    }

    /// The mask of a value that is not known yet.
    fn mask(&self) -> Text {
        Text::secret("x", &self.label)
    }

    /// The value that the hole finds, and whether it is secret.
    pub(crate) fn evaluate(&self, facts: &Facts, answer: Option<&Value>) -> (FoundValue, bool) {
        let (start, mut secret) = match &self.source {
            HoleSource::Fact(fact) => {
                let text = facts.get(*fact);
                let found = text.map(|text| TextOrBytes::Text(text.expose().to_owned()));
                (facts.unreadable(*fact).map_or(Ok(found), Err), text.is_some_and(Text::is_secret))
            }
            HoleSource::Path(path) => {
                let found = answer.map_or(Ok(None), |answer| {
                    let joined = self.functions.first().and_then(|first| first.join(path, answer, facts));
                    let text = || path.text_in_list(answer).map(|found| found.map(|text| TextOrBytes::Text(text.into_owned())));
                    joined.unwrap_or_else(text)
                });
                (found, true)
            }
        };
        let mut flow = self.checked(start);
        for function in &self.functions {
            if let Some(FunctionArgument::Fact(fact, _)) = function.argument() {
                let more = facts.get(*fact);
                secret |= more.is_some_and(Text::is_secret);
                let is_added = matches!(function.change(), TextChange::AddsBefore(_) | TextChange::AddsBehind(_));
                if self.names_person && is_added && more.is_some_and(|more| more.judged(names_no_person)) {
                    flow = Err(ValueKind::NoPerson);
                }
            }
            flow = self.checked(function.apply(flow, facts));
        }
        (flow, secret)
    }

    /// A value that was found, unless it is too long, or names no person where it has to.
    fn checked(&self, flow: FoundValue) -> FoundValue {
        match flow {
            Ok(Some(long)) if long.bytes().len() > Facts::LONGEST => Err(ValueKind::UnreadableText),
            Ok(Some(TextOrBytes::Text(text))) if self.names_person && names_no_person(&text) => Err(ValueKind::NoPerson),
            flow => flow,
        }
    }

    pub(crate) fn unfilled(&self, unreadable: Option<ValueKind>) -> UnfilledHole {
        UnfilledHole { fact: self.fact(), place: self.place, unreadable }
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> impl Iterator<Item = FactUse> {
        let optional = self.may_lack_value();
        let whole = !self.functions.iter().any(Function::is_one_way);
        let own = self.fact().map(|fact| FactUse { fact, place: self.place, whole, optional });
        let arguments = self.functions.iter().enumerate().filter_map(|(at, function)| {
            let FunctionArgument::Fact(fact, place) = function.argument()? else { return None };
            // The key of an HMAC cannot be found again from the result, nor can the input of a later hash.
            let whole = !self.functions.iter().skip(at).any(Function::is_one_way);
            Some(FactUse { fact: *fact, place: *place, whole, optional: function.gives_default() })
        });
        own.into_iter().chain(arguments)
    }
}

/// Whether this can be the name of a fact.
pub(crate) fn is_fact_name(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-'))
        && name.len() <= 64
}

/// The length of the inside of a hole: up to the first `}` outside quotes.
pub(crate) fn hole_length(inside: &str) -> Option<usize> {
    let mut quote = None;
    for (at, letter) in inside.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '}') => return Some(at),
            _ => {}
        }
    }
    None
}

fn split_at_bars(inside: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut quote, mut depth, mut from) = (None, 0_i32, 0);
    for (at, letter) in inside.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth -= 1,
            (None, '|') if depth == 0 => {
                parts.push(&inside[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inside[from..]);
    parts
}

fn tokenize(part: &str) -> Vec<HoleToken> {
    let mut found = Vec::new();
    let mut rest = part.trim();
    while let Some(first) = rest.chars().next() {
        if matches!(first, '"' | '\'') {
            let end = rest[1..].find(first).map_or(rest.len(), |at| at + 1);
            found.push(HoleToken::Quoted(rest[1..end].to_owned()));
            rest = rest.get(end + 1..).unwrap_or("");
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            found.push(HoleToken::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    found
}

//! The text that a signature signs: the parameters, sorted by name, with text around them; or a text of the file's own.

use crate::provider::facts::Facts;
use crate::provider::hole::Hole;
use crate::provider::json_path::{JsonPath, RouteStep};
use crate::provider::parameters::{ParameterPairs, check_no_paths};
use crate::provider::signature::ParameterSignatureSpec;
use crate::provider::template::{Template, TemplatePiece, UnfilledHole};
use crate::vocabulary::place::Located;
use crate::vocabulary::text::Text;
use crate::vocabulary::words::Reader;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The text that is signed.
#[derive(Clone, Debug)]
pub(crate) enum SignedText {
    Parameters(SortedParameters),
    /// As the file writes it; its paths find the parameters of a callback.
    Written(Template),
}

/// Parameters sorted by name, with raw values and without the empty ones.
#[derive(Clone, Debug)]
pub(crate) struct SortedParameters {
    pub(crate) except: Vec<Box<str>>,
    pub(crate) pair: Box<str>,
    pub(crate) join: Box<str>,
    pub(crate) before: Option<Template>,
    pub(crate) after: Option<Template>,
}

impl SignedText {
    /// Compiles the words of the file; complains about those that cannot stand beside each other.
    pub(super) fn compile(spec: &mut ParameterSignatureSpec, reader: &mut Reader) -> Self {
        let (pair, join) = (spec.pair.take(), spec.join.take());
        let except = spec.except.take().map_or_else(Vec::new, |names| names.0);
        let parts = [&pair, &join].into_iter().flatten().chain(&except).map(|word| word.place);
        let place_of_part = parts.chain(spec.before.iter().chain(&spec.after).map(|template| template.place)).next();
        if let Some(text) = spec.text.take() {
            if let Some(place) = place_of_part {
                reader.complain(place, "`text` is the whole text that is signed", "put all of it into `text`, or take `text` out");
            }
            return Self::Written(text);
        }
        check_no_paths(spec.before.iter().chain(&spec.after), reader);
        let text = |text: Option<Located<String>>, default: &str| text.map_or_else(|| default.into(), |text| text.value.into());
        Self::Parameters(SortedParameters {
            except: except.into_iter().map(|name| name.value.into()).collect(),
            pair: text(pair, "="),
            join: text(join, "&"),
            before: spec.before.take(),
            after: spec.after.take(),
        })
    }

    /// The text; `is_signature` names the parameter that holds the signature.
    pub(crate) fn fill(
        &self,
        pairs: &ParameterPairs<'_>,
        is_signature: impl Fn(&str) -> bool,
        facts: &Facts,
    ) -> Result<Text, UnfilledHole> {
        match self {
            Self::Parameters(sorted) => sorted.fill(pairs, is_signature, facts),
            Self::Written(text) => text.fill_from(facts, Some(&document(pairs))),
        }
    }

    /// Whether the text can come from these parameters only. A separator inside a value could move text into another parameter;
    /// it is enough that no value has the first letter of one.
    pub(crate) fn splits_in_one_way(&self, pairs: &ParameterPairs<'_>) -> bool {
        let lacks_first = |text: &str, mark: &str| mark.chars().next().is_some_and(|first| !text.contains(first));
        match self {
            Self::Parameters(SortedParameters { pair, join, .. }) => {
                pairs.iter().all(|(name, value)| lacks_first(name, join) && lacks_first(name, pair) && lacks_first(value.expose(), join))
            }
            Self::Written(text) => {
                let is_signed = |name: &str| text.paths().any(|path| path.is_key(name));
                let signed = || pairs.iter().filter(|(name, _)| is_signed(name));
                marks_between_paths(text).into_iter().flatten().all(|mark| signed().all(|(_, value)| lacks_first(value.expose(), &mark)))
            }
        }
    }

    /// Whether marks stand between all parameters, so that the text can be split in one way only.
    pub(crate) fn is_unambiguous(&self) -> bool {
        match self {
            Self::Parameters(SortedParameters { pair, join, .. }) => !join.is_empty() && !pair.is_empty(),
            Self::Written(text) => marks_between_paths(text).iter().all(Option::is_some),
        }
    }

    /// Whether the text has in it all that this path can find.
    pub(crate) fn covers(&self, path: &JsonPath) -> bool {
        let name = match path.route().into_iter().next() {
            Some(RouteStep::Key(name)) => Some(name),
            Some(RouteStep::Index(_) | RouteStep::Several(_) | RouteStep::Descent(_) | RouteStep::Text | RouteStep::Entry) | None => None,
        };
        match (self, name) {
            (Self::Parameters(sorted), Some(name)) => !sorted.except.contains(&name),
            (Self::Parameters(sorted), None) => sorted.except.is_empty(),
            (Self::Written(text), Some(name)) => text.paths().any(|signed| signed.is_key(&name)),
            (Self::Written(_), None) => false,
        }
    }

    /// The text as a pattern; `own` is the name of the parameter that holds the signature.
    pub(crate) fn pattern(&self, own: &str) -> String {
        let Self::Parameters(SortedParameters { except, pair, join, before, after }) = self else {
            return self.templates().iter().map(|template| &*template.source).collect();
        };
        let around = |template: &Option<Template>| template.as_ref().map_or_else(String::new, |template| template.source.to_string());
        let except = except.iter().map(|name| format!(" and `{name}`")).collect::<String>();
        let pair = format!("name{pair}value");
        let pairs = format!("{pair}{join}{pair}{join}…").replace('\n', "\\n");
        format!("{}{pairs}{} of every parameter but `{own}`{except}, sorted by name", around(before), around(after))
    }

    /// The texts of the file in it.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Parameters(sorted) => sorted.before.iter().chain(&sorted.after).collect(),
            Self::Written(text) => vec![text],
        }
    }
}

impl SortedParameters {
    fn fill(&self, pairs: &ParameterPairs<'_>, is_signature: impl Fn(&str) -> bool, facts: &Facts) -> Result<Text, UnfilledHole> {
        let fill = |template: &Option<Template>| template.as_ref().map_or(Ok(Text::default()), |template| template.fill(facts));
        let is_signed = |name: &str| !is_signature(name) && !self.except.iter().any(|except| **except == *name);
        let mut sorted: Vec<&(Cow<'_, str>, Cow<'_, Text>)> =
            pairs.iter().filter(|(name, value)| !value.is_empty() && is_signed(name)).collect();
        sorted.sort_by(|a, b| (&a.0, a.1.expose()).cmp(&(&b.0, b.1.expose())));
        let mut text = fill(&self.before)?;
        for (at, (name, value)) in sorted.into_iter().enumerate() {
            if at > 0 {
                text.push_str(&self.join);
            }
            text.push_str(name);
            text.push_str(&self.pair);
            text.push(value);
        }
        text.push(&fill(&self.after)?);
        Ok(text)
    }
}

/// The parameters as a document in which paths find them.
fn document(pairs: &ParameterPairs<'_>) -> Value {
    Value::Object(pairs.iter().map(|(name, value)| (name.to_string(), value.expose().into())).collect::<Map<_, _>>())
}

/// For each two paths that follow one another: the text of the file that stands between them, if some does.
fn marks_between_paths(text: &Template) -> Vec<Option<Box<str>>> {
    let (mut marks, mut mark, mut is_first) = (Vec::new(), None, true);
    for piece in text.pieces() {
        match piece {
            TemplatePiece::Literal(literal) => mark = mark.or_else(|| Some(literal.clone())),
            TemplatePiece::Hole(hole) if Hole::path(hole).is_some() => {
                if !std::mem::take(&mut is_first) {
                    marks.push(mark.take());
                }
                mark = None;
            }
            TemplatePiece::Hole(_) => {}
        }
    }
    marks
}

//! The contents of a request: named parameters of a query or a form, a JSON body with holes anywhere, or a text.

use crate::provider::facts::Facts;
use crate::provider::functions::table::is_json_number;
use crate::provider::template::{FactUse, Template, UnfilledHole};
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::text::{Text, json_escape};
use crate::vocabulary::words::{Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::{YamlKind, YamlNode};
use std::borrow::Cow;

/// One parameter: its name and its values.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: Box<str>,
    /// The values; several repeat the name.
    pub(crate) values: Vec<Template>,
}

impl Parameter {
    /// A parameter with one value.
    pub(crate) fn new(name: &str, value: Template) -> Self {
        Self::with_values(name, vec![value])
    }

    /// A parameter with several values.
    pub(crate) fn with_values(name: &str, values: Vec<Template>) -> Self {
        Self { name: name.into(), values: values.into_iter().map(|value| value.named(name)).collect() }
    }
}

/// Parameters with their values, ready to be encoded.
pub(crate) type ParameterPairs<'a> = Vec<(Cow<'a, str>, Cow<'a, Text>)>;

/// Fills parameters; one whose text is empty only because of optional holes is left out.
pub(crate) fn fill<'a>(parameters: &'a [Parameter], facts: &'a Facts) -> Result<ParameterPairs<'a>, UnfilledHole> {
    let mut pairs = Vec::with_capacity(parameters.len().saturating_add(2));
    for parameter in parameters {
        for value in &parameter.values {
            let text = value.fill_or_borrow(facts)?;
            if !(text.is_empty() && value.has_optional_hole()) {
                pairs.push((Cow::Borrowed(&*parameter.name), text));
            }
        }
    }
    Ok(pairs)
}

/// Writes pairs as `a=1&b=2`; `follows` says whether other pairs come before them.
pub(crate) fn write(pairs: &ParameterPairs<'_>, encode: fn(&str, &mut String), follows: bool, into: &mut Text) {
    into.reserve(pairs.iter().map(|(name, value)| name.len().saturating_add(value.len()).saturating_add(16)).sum());
    for (at, (name, value)) in pairs.iter().enumerate() {
        if at > 0 || follows {
            into.push_str("&");
        }
        into.push_plain_encoded(name, encode);
        into.push_str("=");
        into.push_encoded(value, encode);
    }
}

/// The value of a parameter as written: a text, a list of texts, or nothing.
#[derive(Clone, Debug)]
pub(crate) struct ParameterValues {
    /// The texts; `None` when `null` was written.
    pub(crate) texts: Option<Vec<Template>>,
    pub(crate) place: Place,
}

impl WordValue for ParameterValues {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let texts = match &node.kind {
            _ if node.is_null() => None,
            YamlKind::List(nodes) => {
                let texts: Vec<Template> = nodes.iter().filter_map(|node| Template::read(node, reader)).collect();
                (texts.len() == nodes.len()).then_some(Some(texts))?
            }
            YamlKind::Scalar { .. } => Some(vec![Template::read(node, reader)?]),
            YamlKind::Map(_) => {
                reader.complain(
                    node.place,
                    "a block stands where the value of a parameter is expected",
                    "a parameter is a text or a list of texts; nested values need a `json` body",
                );
                return None;
            }
        };
        Some(Self { texts, place: node.place })
    }
    fn shape() -> ValueShape {
        ValueShape::Either(vec![ValueShape::Text("a text with holes"), ValueShape::List(Box::new(ValueShape::Text("a text with holes")))])
    }
}

/// Compiles written parameters, or complains.
pub(crate) fn compile(named: &[(Located<String>, ParameterValues)], reader: &mut Reader) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for (name, values) in named {
        check_parameter(name, values, reader);
        match &values.texts {
            Some(texts) => parameters.push(Parameter::with_values(&name.value, texts.clone())),
            None => reader.complain(
                values.place,
                format!("the parameter `{}` has no value", name.value),
                "write a value, `\"\"` for an empty one, or leave the line out",
            ),
        }
    }
    parameters
}

/// Complains about a parameter that no request may have, written or added to a standard request.
pub(crate) fn check_parameter(name: &Located<String>, values: &ParameterValues, reader: &mut Reader) {
    if name.value.is_empty() {
        reader.complain(name.place, "this parameter has no name", "write its name, or take the line out");
    }
    check_no_paths(values.texts.iter().flatten(), reader);
    for text in values.texts.iter().flatten() {
        check_no_literal_secret(name, text, reader);
        let literal = text.as_literal().unwrap_or_default();
        if is_hole_of_another_language(&literal) {
            reader.warn(text.place, format!("`{literal}` is sent as it stands"), "a hole is written `${fact}`");
        }
    }
}

/// Complains about a secret that is written in the file itself.
pub(crate) fn check_no_literal_secret(name: &str, text: &Template, reader: &mut Reader) {
    let name = name.to_lowercase();
    let sounds_secret = ["secret", "api-key", "api_key", "apikey", "password"].iter().any(|word| name.contains(word));
    if sounds_secret && text.as_literal().is_some_and(|literal| !literal.is_empty()) {
        reader.complain(
            text.place,
            "a secret may not stand in the file",
            "write `${clientSecret}`, or keep it in `secrets` and write `${name}`",
        );
    }
}

/// Whether a text looks like a hole of another language: `{state}`, `{{state}}`, `$state`, `<STATE>`, `%state%`.
fn is_hole_of_another_language(text: &str) -> bool {
    let frames = [("{{", "}}"), ("{", "}"), ("<", ">"), ("%", "%"), ("$(", ")"), ("$", "")];
    frames.iter().any(|(open, close)| {
        let inside = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).map(str::trim);
        inside.is_some_and(|inside| {
            inside.len() > 1
                && inside.starts_with(|first: char| first.is_ascii_alphabetic())
                && inside.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
    })
}

/// Complains about paths in a request, because there is no answer yet.
pub(crate) fn check_no_paths<'a>(templates: impl IntoIterator<Item = &'a Template>, reader: &mut Reader) {
    for template in templates {
        if template.has_path() {
            reader.complain(
                template.place,
                "a path stands in a request, where there is no answer yet",
                "read it as a fact in an earlier step, and write `${fact}` here",
            );
        }
    }
}

/// A JSON body, with holes anywhere.
#[derive(Clone, Debug)]
pub(crate) enum JsonTemplate {
    Text(Template),
    /// A number, `true`, `false` or `null`, as it was written.
    Raw(Box<str>),
    List(Vec<JsonTemplate>),
    /// An object, in order.
    Object(Vec<(Template, JsonTemplate)>),
}

impl WordValue for JsonTemplate {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        Some(match &node.kind {
            YamlKind::Scalar { plain: true, .. } if node.is_null() => Self::Raw("null".into()),
            YamlKind::Scalar { plain: true, text, .. } if matches!(text.as_str(), "true" | "false") || is_json_number(text) => {
                Self::Raw(text.as_str().into())
            }
            YamlKind::Scalar { .. } => Self::Text(Template::parse(&read_scalar(node, reader)?.value, node, false, reader)?),
            YamlKind::List(nodes) => {
                let items: Vec<Self> = nodes.iter().filter_map(|node| Self::read(node, reader)).collect();
                (items.len() == nodes.len()).then_some(Self::List(items))?
            }
            YamlKind::Map(entries) => {
                let mut members = Vec::new();
                for entry in entries {
                    let key = YamlNode {
                        place: entry.key.place,
                        kind: YamlKind::Scalar { text: entry.key.value.clone(), plain: true, verbatim: true },
                    };
                    members.push((
                        Template::parse(&entry.key.value, &key, false, reader)?,
                        Self::read(&entry.value, reader)?.named(&entry.key.value),
                    ));
                }
                Self::Object(members)
            }
        })
    }
    fn shape() -> ValueShape {
        ValueShape::Json
    }
}

impl JsonTemplate {
    /// Writes the body with its holes filled. A member whose text is empty only because of optional holes is left out.
    pub(crate) fn fill(&self, facts: &Facts, into: &mut Text) -> Result<(), UnfilledHole> {
        match self {
            Self::Raw(raw) => into.push_str(raw),
            Self::Text(template) if template.is_json_literal() => into.push_json_literal(&template.fill(facts)?),
            Self::Text(template) => write_json_text(&template.fill(facts)?, into),
            Self::List(items) => {
                into.push_str("[");
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        into.push_str(",");
                    }
                    item.fill(facts, into)?;
                }
                into.push_str("]");
            }
            Self::Object(members) => {
                into.push_str("{");
                let mut first = true;
                for (key, value) in members {
                    if let Self::Text(template) = value
                        && template.has_optional_hole()
                        && template.fill(facts)?.is_empty()
                    {
                        continue;
                    }
                    if !first {
                        into.push_str(",");
                    }
                    first = false;
                    write_json_text(&key.fill(facts)?, into);
                    into.push_str(":");
                    value.fill(facts, into)?;
                }
                into.push_str("}");
            }
        }
        Ok(())
    }

    /// The same as the value of a member with this name.
    fn named(self, name: &str) -> Self {
        match self {
            Self::Text(text) => Self::Text(text.named(name)),
            Self::List(items) => Self::List(items.into_iter().map(|item| item.named(name)).collect()),
            Self::Raw(_) | Self::Object(_) => self,
        }
    }

    /// The texts with holes in it.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Raw(_) => Vec::new(),
            Self::Text(template) => vec![template],
            Self::List(items) => items.iter().flat_map(Self::templates).collect(),
            Self::Object(members) => members.iter().flat_map(|(key, value)| std::iter::once(key).chain(value.templates())).collect(),
        }
    }

    /// The texts with holes in it, each with the keys that lead to it.
    pub(crate) fn placed_templates(&self) -> Vec<(String, &Template)> {
        match self {
            Self::Raw(_) => Vec::new(),
            Self::Text(template) => vec![(String::new(), template)],
            Self::List(items) => items.iter().flat_map(|item| item.templates_below("[]")).collect(),
            Self::Object(members) => {
                let key = |key| ("a key".to_owned(), key);
                members.iter().flat_map(|(name, value)| std::iter::once(key(name)).chain(value.templates_below(&name.source))).collect()
            }
        }
    }

    fn templates_below(&self, key: &str) -> Vec<(String, &Template)> {
        self.placed_templates().into_iter().map(|(keys, text)| (format!("{key}/{keys}"), text)).collect()
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        self.templates().into_iter().flat_map(Template::uses).collect()
    }
}

fn write_json_text(text: &Text, into: &mut Text) {
    into.push_str("\"");
    into.push_encoded(text, json_escape);
    into.push_str("\"");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::place::Source;
    use crate::vocabulary::yaml;
    use std::sync::Arc;

    #[test]
    fn a_json_body_keeps_its_order_its_types_and_its_digits() {
        let mut reader = Reader::default();
        let node = yaml::parse(&Source::new(
            "b.yaml",
            "z: 1.10\na: [ true, null, \"1\", 00, '${t}' ]\n'${k}': { o: \"x${gone?}\", left: \"${gone?}\" }\nn: \"${n | number}\"\nf: \"${n | boolean}\"\ns: \"n=${n | number}\"\nl: \"${gone? | number}\"\n",
        ))
        .unwrap()
        .0;
        let body = JsonTemplate::read(&node, &mut reader).unwrap();
        let mut facts = Facts::empty(&reader.names);
        facts.set(reader.names.intern("t"), Text::secret("q\"\n", &Arc::from("t")));
        facts.set(reader.names.intern("k"), Text::plain("key"));
        facts.set(reader.names.intern("n"), Text::secret("1", &Arc::from("n")));
        let mut text = Text::default();

        body.fill(&facts, &mut text).unwrap();

        assert_eq!(
            text.expose(),
            "{\"z\":1.10,\"a\":[true,null,\"1\",\"00\",\"q\\\"\\n\"],\"key\":{\"o\":\"x\"},\"n\":1,\"f\":true,\"s\":\"n=1\"}"
        );
        assert_eq!(
            text.masked(),
            "{\"z\":1.10,\"a\":[true,null,\"1\",\"00\",\"‹t›\"],\"key\":{\"o\":\"x\"},\"n\":\"‹n | number›\",\"f\":\"‹n | boolean›\",\"s\":\"n=‹n | number›\"}"
        );
    }
}

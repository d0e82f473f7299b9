//! What a request carries: named parameters of a query or a form, a JSON body with holes anywhere, or a text.

use crate::place::{At, Place};
use crate::provider::facts::Facts;
use crate::provider::template::{Missing, Template, Use};
use crate::text::{Text, json_escape};
use crate::words::{Desk, Shape, Word, scalar};
use crate::yaml::{Kind, Node};
use std::borrow::Cow;

/// One parameter: its name and its values.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// The name.
    pub name: Box<str>,
    /// The values; several repeat the name.
    pub values: Vec<Template>,
}

impl Parameter {
    /// A parameter with one value.
    pub fn new(name: &str, value: Template) -> Self {
        Self { name: name.into(), values: vec![value] }
    }
}

/// Parameters with their values, ready to be encoded.
pub type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, Text>)>;

/// Fills parameters; one whose text is empty only because of optional holes is left out.
pub fn fill<'a>(parameters: &'a [Parameter], facts: &'a Facts) -> Result<Pairs<'a>, Missing> {
    let mut pairs = Vec::with_capacity(parameters.len() + 2);
    for parameter in parameters {
        for value in &parameter.values {
            let text = value.fill_or_borrow(facts)?;
            if !(text.is_empty() && value.may_stay_empty()) {
                pairs.push((Cow::Borrowed(&*parameter.name), text));
            }
        }
    }
    Ok(pairs)
}

/// Writes pairs as `a=1&b=2`; `follows` says whether pairs stand there already.
pub fn write(pairs: &Pairs<'_>, encode: fn(&str, &mut String), follows: bool, into: &mut Text) {
    into.reserve(pairs.iter().map(|(name, value)| name.len() + value.len() + 16).sum());
    for (at, (name, value)) in pairs.iter().enumerate() {
        if at > 0 || follows {
            into.push_str("&");
        }
        into.push_plain(name, encode);
        into.push_str("=");
        into.push_encoded(value, encode);
    }
}

/// The value of a parameter as written: a text, a list of texts, or nothing.
#[derive(Clone, Debug)]
pub struct Values {
    /// The texts; `None` where `null` was written.
    pub texts: Option<Vec<Template>>,
    /// Where.
    pub place: Place,
}

impl Word for Values {
    fn read(node: &Node, desk: &mut Desk) -> Option<Self> {
        let texts = match &node.kind {
            _ if node.is_null() => None,
            Kind::List(nodes) => {
                let texts: Vec<Template> = nodes.iter().filter_map(|node| Template::read(node, desk)).collect();
                (texts.len() == nodes.len()).then_some(Some(texts))?
            }
            Kind::Scalar { .. } => Some(vec![Template::read(node, desk)?]),
            Kind::Map(_) => {
                desk.complain(
                    node.place,
                    "a block stands where the value of a parameter is expected",
                    "a parameter is a text or a list of texts; nested values need a `json` body",
                );
                return None;
            }
        };
        Some(Self { texts, place: node.place })
    }
    fn shape() -> Shape {
        Shape::Either(vec![Shape::Text("a text with holes"), Shape::List(Box::new(Shape::Text("a text with holes")))])
    }
}

/// Compiles written parameters, or complains.
pub fn compile(named: &[(At<String>, Values)], desk: &mut Desk) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for (name, values) in named {
        look_over(name, values, desk);
        match &values.texts {
            Some(texts) => parameters.push(Parameter { name: name.value.as_str().into(), values: texts.clone() }),
            None => desk.complain(
                values.place,
                format!("the parameter `{}` has no value", name.value),
                "write a value, `\"\"` for an empty one, or leave the line out",
            ),
        }
    }
    parameters
}

/// Complains about what no parameter may be, whether it is written out or added to a standard request.
pub fn look_over(name: &At<String>, values: &Values, desk: &mut Desk) {
    if name.value.is_empty() {
        desk.complain(name.place, "this parameter has no name", "write its name, or take the line out");
    }
    no_paths(values.texts.iter().flatten(), desk);
    for text in values.texts.iter().flatten() {
        look_for_secret(name, text, desk);
        let literal = text.as_literal().unwrap_or_default();
        if is_placeholder(&literal) {
            desk.warn(text.place, format!("`{literal}` is sent as it stands"), "a hole is written `${fact}`");
        }
    }
}

/// Complains about a secret that stands in the file itself.
pub fn look_for_secret(name: &str, text: &Template, desk: &mut Desk) {
    let name = name.to_lowercase();
    let sounds_secret = ["secret", "api-key", "api_key", "apikey", "password"].iter().any(|word| name.contains(word));
    if sounds_secret && text.as_literal().is_some_and(|literal| !literal.is_empty()) {
        desk.complain(
            text.place,
            "a secret may not stand in the file",
            "write `${clientSecret}`, or keep it in `secrets` and write `${name}`",
        );
    }
}

/// Whether a text looks like a hole in another language: `{state}`, `{{state}}`, `$state`, `<STATE>`, `%state%`.
fn is_placeholder(text: &str) -> bool {
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

/// Complains about paths in what is sent: there is no answer yet.
pub fn no_paths<'a>(templates: impl IntoIterator<Item = &'a Template>, desk: &mut Desk) {
    for template in templates {
        if template.has_path() {
            desk.complain(
                template.place,
                "a path stands in a request, where there is no answer yet",
                "read it as a fact in an earlier step, and write `${fact}` here",
            );
        }
    }
}

/// A JSON body, with holes anywhere.
#[derive(Clone, Debug)]
pub enum Json {
    /// A text.
    Text(Template),
    /// A number, `true`, `false` or `null`, as it was written.
    Raw(Box<str>),
    /// A list.
    List(Vec<Json>),
    /// An object, in order.
    Object(Vec<(Template, Json)>),
}

impl Word for Json {
    fn read(node: &Node, desk: &mut Desk) -> Option<Self> {
        Some(match &node.kind {
            Kind::Scalar { plain: true, .. } if node.is_null() => Self::Raw("null".into()),
            Kind::Scalar { plain: true, text, .. } if matches!(text.as_str(), "true" | "false") || is_number(text) => {
                Self::Raw(text.as_str().into())
            }
            Kind::Scalar { .. } => Self::Text(Template::parse(&scalar(node, desk)?.value, node, false, desk)?),
            Kind::List(nodes) => {
                let items: Vec<Self> = nodes.iter().filter_map(|node| Self::read(node, desk)).collect();
                (items.len() == nodes.len()).then_some(Self::List(items))?
            }
            Kind::Map(entries) => {
                let mut members = Vec::new();
                for entry in entries {
                    let key =
                        Node { place: entry.key.place, kind: Kind::Scalar { text: entry.key.value.clone(), plain: true, verbatim: true } };
                    members.push((Template::parse(&entry.key.value, &key, false, desk)?, Self::read(&entry.value, desk)?));
                }
                Self::Object(members)
            }
        })
    }
    fn shape() -> Shape {
        Shape::Json
    }
}

fn is_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) && text.len() < 200 && text.parse::<serde_json::Number>().is_ok()
}

impl Json {
    /// Writes it with its holes filled; a member whose text is empty only because of optional holes is left out.
    pub fn fill(&self, facts: &Facts, into: &mut Text) -> Result<(), Missing> {
        match self {
            Self::Raw(raw) => into.push_str(raw),
            Self::Text(template) => write_text(&template.fill(facts)?, into),
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
                        && template.may_stay_empty()
                        && template.fill(facts)?.is_empty()
                    {
                        continue;
                    }
                    if !first {
                        into.push_str(",");
                    }
                    first = false;
                    write_text(&key.fill(facts)?, into);
                    into.push_str(":");
                    value.fill(facts, into)?;
                }
                into.push_str("}");
            }
        }
        Ok(())
    }

    /// The texts with holes in it.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Raw(_) => Vec::new(),
            Self::Text(template) => vec![template],
            Self::List(items) => items.iter().flat_map(Self::templates).collect(),
            Self::Object(members) => members.iter().flat_map(|(key, value)| std::iter::once(key).chain(value.templates())).collect(),
        }
    }

    /// Every use of a fact in it.
    pub fn uses(&self) -> Vec<Use> {
        self.templates().into_iter().flat_map(Template::uses).collect()
    }
}

fn write_text(text: &Text, into: &mut Text) {
    into.push_str("\"");
    into.push_encoded(text, json_escape);
    into.push_str("\"");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Source;
    use crate::yaml;
    use std::sync::Arc;

    #[test]
    fn a_json_body_keeps_its_order_its_types_and_its_digits() {
        let mut desk = Desk::default();
        let node = yaml::parse(&Source::new(
            "b.yaml",
            "z: 1.10\na: [ true, null, \"1\", 00, '${t}' ]\n'${k}': { o: \"x${gone?}\", left: \"${gone?}\" }\n",
        ))
        .unwrap()
        .0;
        let body = Json::read(&node, &mut desk).unwrap();
        let mut facts = Facts::none(&desk.names);
        facts.set(desk.names.slot("t"), Text::secret("q\"\n", &Arc::from("t")));
        facts.set(desk.names.slot("k"), Text::plain("key"));
        let mut text = Text::default();

        body.fill(&facts, &mut text).unwrap();

        assert_eq!(text.expose(), "{\"z\":1.10,\"a\":[true,null,\"1\",\"00\",\"q\\\"\\n\"],\"key\":{\"o\":\"x\"}}");
        assert_eq!(text.masked(), "{\"z\":1.10,\"a\":[true,null,\"1\",\"00\",\"‹t›\"],\"key\":{\"o\":\"x\"}}");
    }
}

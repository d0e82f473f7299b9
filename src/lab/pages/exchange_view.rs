//! Masked texts, requests, answers and facts as pages draw them.

use crate::lab::pages::words::texts::LabWords;
use crate::story::shape::StoryMember;
use crate::story::{StoryFact, StoryRequest};
use crate::vocabulary::diagnostic::printable;

/// A part of a masked text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MaskedPart {
    Plain(String),
    /// A value that is not shown, by the name of its fact.
    Hidden(String),
}

/// The parts of a text with masks like `‹code›`.
pub(crate) fn masked_parts(masked: &str) -> Vec<MaskedPart> {
    let mut parts = Vec::new();
    let mut rest = masked;
    while let Some((before, name, after)) =
        rest.split_once('‹').and_then(|(before, after)| after.split_once('›').map(|(name, after)| (before, name, after)))
    {
        if !before.is_empty() {
            parts.push(MaskedPart::Plain(printable(before)));
        }
        parts.push(MaskedPart::Hidden(printable(name)));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(MaskedPart::Plain(printable(rest)));
    }
    parts
}

/// A name and a value.
pub(crate) type NamedMaskedValue = (String, Vec<MaskedPart>);

/// A request as it is drawn.
#[derive(Clone, Debug)]
pub(crate) struct RequestView {
    pub(crate) method: String,
    /// The address without its parameters.
    pub(crate) address: Vec<MaskedPart>,
    /// Method and address in short.
    pub(crate) summary: String,
    pub(crate) parameters: Vec<NamedMaskedValue>,
    pub(crate) headers: Vec<NamedMaskedValue>,
    /// The body as names and values.
    pub(crate) form: Vec<NamedMaskedValue>,
    /// The body as indented JSON.
    pub(crate) json: Option<Vec<MaskedPart>>,
    pub(crate) body: Option<Vec<MaskedPart>>,
}

impl RequestView {
    pub(crate) fn from_request(request: &StoryRequest) -> Self {
        let (address, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
        let is_form = request
            .headers
            .iter()
            .any(|(name, value)| name.eq_ignore_ascii_case("content-type") && value.starts_with("application/x-www-form-urlencoded"));
        let (mut form, mut json, mut body) = (Vec::new(), None, None);
        match &request.body {
            Some(text) if is_form => form = parse_named_values(text),
            Some(text) => match serde_json::from_str::<serde_json::Value>(text) {
                Ok(value) => json = serde_json::to_string_pretty(&value).ok().map(|text| masked_lines(&text)),
                Err(_) => body = Some(masked_lines(text)),
            },
            None => {}
        }
        let short_address = address.split_once("://").map_or(address, |(_, rest)| rest);
        Self {
            method: request.method.clone(),
            address: masked_parts(address),
            summary: format!("{} {}", request.method, printable(short_address)),
            parameters: parse_named_values(query),
            headers: request.headers.iter().map(|(name, value)| (printable(name), masked_parts(value))).collect(),
            form,
            json,
            body,
        }
    }
}

/// The parts of a text of several lines.
fn masked_lines(text: &str) -> Vec<MaskedPart> {
    let mut all = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if at > 0 {
            all.push(MaskedPart::Plain("\n".to_owned()));
        }
        all.extend(masked_parts(line));
    }
    all
}

fn parse_named_values(text: &str) -> Vec<NamedMaskedValue> {
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    let decode = |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (printable(&decode(name)), masked_parts(&decode(value)))
    };
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(pair);
    pairs.chain((!fragment.is_empty()).then(|| ("#".to_owned(), masked_parts(fragment)))).collect()
}

/// An event in a tree of members, in the order in which the tree is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AnswerTreeNode {
    Member {
        key: String,
        /// What its value looks like.
        looks: String,
        /// Whether its members follow, up to its `Close`.
        opens: bool,
    },
    Close,
}

/// The tree of an answer's keys, without values.
pub(crate) fn answer_tree(members: &[StoryMember], words: &LabWords) -> Vec<AnswerTreeNode> {
    let mut nodes = Vec::new();
    append_members(members, words, &mut nodes);
    nodes
}

fn append_members(members: &[StoryMember], words: &LabWords, nodes: &mut Vec<AnswerTreeNode>) {
    for member in members {
        let looks = member.looks.as_deref().map(|word| words.describe_looks(word, member.many)).unwrap_or_default();
        let opens = !member.below.is_empty();
        nodes.push(AnswerTreeNode::Member { key: printable(&member.key), looks, opens });
        if opens {
            append_members(&member.below, words, nodes);
            nodes.push(AnswerTreeNode::Close);
        }
    }
}

/// A fact as pages draw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FactView {
    pub(crate) name: String,
    /// What its value looks like; `None` if nothing was found.
    pub(crate) looks: Option<String>,
    /// What was found in its place.
    pub(crate) instead: Option<String>,
    /// The line that reads it.
    pub(crate) line: Option<u32>,
}

pub(crate) fn fact_views(facts: &[StoryFact], words: &LabWords) -> Vec<FactView> {
    let known = |fact: &StoryFact| FactView {
        name: printable(&fact.name),
        looks: fact.looks.as_deref().map(|word| words.describe_looks(word, fact.many)),
        instead: fact.instead.as_deref().map(|kind| words.found.get(kind).cloned().unwrap_or_else(|| printable(kind))),
        line: fact.line,
    };
    facts.iter().filter(|fact| !fact.unread).map(known).collect()
}

/// Where a path leaves an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathDeparture {
    /// The path as far as the answer has it.
    pub(crate) found: String,
    /// The member that is missing there.
    pub(crate) missing: String,
    /// The members that are there.
    pub(crate) present: Vec<String>,
}

/// Where a path of plain names leaves an answer of this shape.
pub(crate) fn path_departure(shape: &[StoryMember], path: &str) -> Option<PathDeparture> {
    let names = path.strip_prefix("$.")?;
    let (mut members, mut found) = (shape, "$".to_owned());
    for name in names.split('.') {
        let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if !is_plain || members.first().is_none_or(|first| first.key.is_empty() || first.key == "[]") {
            return None;
        }
        let Some(member) = members.iter().find(|member| member.key == name) else {
            let present = members.iter().map(|member| printable(&member.key)).collect();
            return Some(PathDeparture { found, missing: name.to_owned(), present });
        };
        found = format!("{found}.{name}");
        members = &member.below;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::pages::words::LabLanguage;
    use crate::story::shape::document_shape;
    use serde_json::json;

    #[test]
    fn a_masked_text_is_drawn_in_pieces() {
        assert_eq!(masked_parts("Bearer ‹accessToken›"), [MaskedPart::Plain("Bearer ".into()), MaskedPart::Hidden("accessToken".into())]);
        assert_eq!(masked_parts("a‹b"), [MaskedPart::Plain("a‹b".into())]);
        assert_eq!(masked_parts(""), []);
        assert_eq!(masked_parts("x\u{7}"), [MaskedPart::Plain("x\\u{7}".into())]);
    }

    #[test]
    fn a_request_is_drawn_by_its_parts() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut request = StoryRequest {
            method: "POST".into(),
            url: "https://sso.acme.example/t?a=b%20c&s=‹state›#f".into(),
            headers: vec![header("Content-Type", "application/x-www-form-urlencoded")],
            body: Some("code=‹code›&x=y+z".into()),
        };
        let drawn = RequestView::from_request(&request);
        assert_eq!(drawn.summary, "POST sso.acme.example/t");
        assert_eq!(drawn.parameters[0], ("a".into(), vec![MaskedPart::Plain("b c".into())]));
        assert_eq!(drawn.parameters.len(), 3);
        assert_eq!(
            drawn.form,
            [("code".into(), vec![MaskedPart::Hidden("code".into())]), ("x".into(), vec![MaskedPart::Plain("y z".into())])]
        );

        request.headers.clear();
        request.body = Some("{\"code\":\"‹code›\"}".into());
        assert!(RequestView::from_request(&request).json.is_some_and(|json| json.contains(&MaskedPart::Hidden("code".into()))));
        request.body = Some("just a text".into());
        assert_eq!(RequestView::from_request(&request).body, Some(vec![MaskedPart::Plain("just a text".into())]));
    }

    #[test]
    fn a_tree_is_drawn_in_order_and_says_where_a_path_leaves_it() {
        let shape = document_shape(&json!({ "data": { "id": 12, "contact": { "mail": "ana@loja.example" } }, "list": [ { "a": 1 } ] }));
        let words = &LabLanguage::for_code("en").words;

        let tree = answer_tree(&shape, words);
        let opens = tree.iter().filter(|node| matches!(node, AnswerTreeNode::Member { opens: true, .. })).count();
        assert_eq!(opens, tree.iter().filter(|node| **node == AnswerTreeNode::Close).count());
        assert!(tree.contains(&AnswerTreeNode::Member { key: "id".into(), looks: "2 digits".into(), opens: false }));
        let departure = PathDeparture { found: "$.data".into(), missing: "email".into(), present: vec!["id".into(), "contact".into()] };
        assert_eq!(path_departure(&shape, "$.data.email"), Some(departure));
        assert_eq!(path_departure(&shape, "$.data.id"), None);
        assert_eq!(path_departure(&shape, "$.list.a"), None);
        assert_eq!(path_departure(&shape, "$..x[0]"), None);
    }
}

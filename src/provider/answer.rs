//! The formats of an answer: JSON, a form, JSONP, XML or plain text. Each is read into the same kind of document, in
//! which paths find values.

use crate::choice;
use crate::provider::{json, xml};
use crate::vocabulary::place::Located;
use crate::vocabulary::wire::Response;
use crate::vocabulary::words::OneOrMany;
use serde_json::{Map, Value};
use std::borrow::Cow;

choice! {
    /// A format of an answer.
    pub enum AnswerFormat {
        /// JSON whatever the content type says, else a form.
        Auto = "auto",
        /// JSON.
        Json = "json",
        /// `a=1&b=2`.
        Form = "form",
        /// JSON in a call: `callback({…});`.
        Jsonp = "jsonp",
        /// XML; the root element is the first key, attributes are `@name`, repeated elements a list.
        Xml = "xml",
        /// The whole answer is one text, found at `$`.
        Text = "text",
    }
}

/// The formats of a step's answers.
#[derive(Clone, Debug, Default)]
pub struct AnswerParser {
    /// The formats, which are tried in turn; `None` means `auto`.
    pub formats: Option<OneOrMany<AnswerFormat>>,
    /// The text before the answer that is not part of it.
    pub skip_prefix: Option<Located<String>>,
}

/// Why an answer could not be read. It describes the shape of the answer and never its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableAnswer(pub String);

impl AnswerParser {
    /// Reads the document in an answer.
    pub fn read(&self, response: &Response) -> Result<Value, UnreadableAnswer> {
        let text = std::str::from_utf8(&response.body).map_err(|_| UnreadableAnswer("the answer is not UTF-8".to_owned()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let text = match &self.skip_prefix {
            Some(prefix) => text.strip_prefix(prefix.value.as_str()).unwrap_or(text),
            None => text,
        };
        let formats = self.formats.as_ref().map_or(&[AnswerFormat::Auto][..], |formats| &formats.0);
        let mut why_not: Option<UnreadableAnswer> = None;
        for format in formats {
            match parse_as(*format, text) {
                Ok(value) => return Ok(value),
                // A form or a call in which something is wrong is reported as such, whatever else it might have been.
                Err(why) if *format == AnswerFormat::Form && looks_like_form(text.trim()) => why_not = Some(why),
                Err(why) if *format == AnswerFormat::Jsonp && inside_of_call(text.trim()).is_some() => why_not = Some(why),
                Err(why) => why_not = why_not.or(Some(why)),
            }
        }
        Err(why_not.unwrap_or_else(|| UnreadableAnswer("no format is named".to_owned())))
    }
}

fn parse_as(format: AnswerFormat, text: &str) -> Result<Value, UnreadableAnswer> {
    let trimmed = text.trim();
    match format {
        AnswerFormat::Text => Ok(Value::String(trimmed.to_owned())),
        AnswerFormat::Xml => xml::parse(trimmed).map_err(|why| unreadable("XML", &why, trimmed)),
        // An empty answer is no error in itself; a fact that is needed from it is reported as missing.
        _ if trimmed.is_empty() => Ok(Value::Object(Map::new())),
        AnswerFormat::Json => json::parse(trimmed.as_bytes()).map_err(|why| unreadable("JSON", &why, trimmed)),
        AnswerFormat::Form => parse_form(trimmed).map_err(|why| unreadable("a form", &why, trimmed)),
        AnswerFormat::Jsonp => parse_jsonp(trimmed),
        AnswerFormat::Auto if looks_like_json(trimmed) => json::parse(trimmed.as_bytes()).map_err(|why| unreadable("JSON", &why, trimmed)),
        AnswerFormat::Auto if looks_like_form(trimmed) => parse_form(trimmed).map_err(|why| unreadable("a form", &why, trimmed)),
        AnswerFormat::Auto => Err(unreadable("JSON", "it does not begin like JSON, nor is it a form", trimmed)),
    }
}

fn looks_like_json(text: &str) -> bool {
    text.starts_with(['{', '[', '"', '-'])
        || text.starts_with(|first: char| first.is_ascii_digit())
        || matches!(text, "null" | "true" | "false")
}

fn looks_like_form(text: &str) -> bool {
    text.contains('=') && !text.contains(['<', '{', '\n', ' '])
}

fn unreadable(format: &str, why: &str, text: &str) -> UnreadableAnswer {
    let seen = if is_web_page(text.as_bytes()) {
        "; it is a web page (HTML)"
    } else if is_signed_token(text) {
        "; it is a signed token, which is read by `signed: { token: answer }`"
    } else if text.starts_with('<') && format != "XML" {
        "; it looks like XML (`answer: xml`)"
    } else if text.ends_with([')', ';']) && text.contains('(') && format != "JSONP" {
        "; it looks like JSONP (`answer: jsonp`)"
    } else {
        ""
    };
    UnreadableAnswer(format!("the answer cannot be read as {format}: {why}{seen}"))
}

/// Whether an answer is a web page.
pub(crate) fn is_web_page(answer: &[u8]) -> bool {
    let begins = |tag: &[u8]| answer.trim_ascii_start().get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    begins(b"<!doctype html") || begins(b"<html")
}

/// Whether a text has the three parts of a signed token.
pub(crate) fn is_signed_token(text: &str) -> bool {
    let parts: Vec<&str> = text.trim().split('.').collect();
    text.trim().starts_with("ey")
        && parts.len() == 3
        && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')))
}

/// Parses the pairs of a form; a repeated key is refused.
fn parse_form(text: &str) -> Result<Value, String> {
    if !looks_like_form(text) {
        return Err("it has no `key=value` pairs".to_owned());
    }
    let mut values = Map::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = form_decode(key).zip(form_decode(value)).ok_or("its percent-encoding is not UTF-8")?;
        if values.insert(decoded.0, Value::String(decoded.1)).is_some() {
            return Err("a key stands in it twice".to_owned());
        }
        if values.len() > 500 {
            return Err("it holds more than 500 pairs".to_owned());
        }
    }
    Ok(Value::Object(values))
}

fn form_decode(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    percent_encoding::percent_decode_str(&text).decode_utf8().ok().map(Cow::into_owned)
}

/// What stands in the brackets of JSONP.
fn inside_of_call(text: &str) -> Option<&str> {
    // Some servers put an empty comment first, as a defence against an attack through old browser plug-ins.
    let text = text.strip_prefix("/**/").unwrap_or(text).trim_start();
    let (name, rest) = text.split_once('(')?;
    let name_is_fine = name.trim().chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '$'));
    rest.trim_end().trim_end_matches(';').trim_end().strip_suffix(')').filter(|_| name_is_fine).map(str::trim)
}

fn parse_jsonp(text: &str) -> Result<Value, UnreadableAnswer> {
    match inside_of_call(text) {
        Some("") => Ok(Value::Null),
        Some(inside) => json::parse(inside.as_bytes()).map_err(|why| unreadable("JSONP", &why, text)),
        None => Err(unreadable("JSONP", "it is not wrapped in a call", text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::place::Place;
    use serde_json::json;

    fn read(formats: &[AnswerFormat], prefix: Option<&str>, body: &str) -> Result<Value, UnreadableAnswer> {
        let answers = AnswerParser {
            formats: (!formats.is_empty()).then(|| OneOrMany(formats.to_vec())),
            skip_prefix: prefix.map(|prefix| Located::new(prefix.to_owned(), Place::default())),
        };
        answers.read(&Response { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() })
    }

    #[test]
    fn every_format_becomes_one_kind_of_document() {
        use AnswerFormat::{Auto, Form, Json, Jsonp, Text, Xml};
        for (formats, prefix, body, expected) in [
            (&[][..], None, "{\"a\":1}", json!({"a": 1})),
            (&[Auto], None, "access_token=q%201&b=x+y", json!({"access_token": "q 1", "b": "x y"})),
            (&[Auto], None, "", json!({})),
            (&[Auto], None, "null", json!(null)),
            (&[Form], None, "a=&b", json!({"a": "", "b": ""})),
            (&[Jsonp], None, "callback( {\"a\":1} );\n", json!({"a": 1})),
            (&[Jsonp], None, "cb()", json!(null)),
            (&[Jsonp], None, "/**/ cb({\"a\":1});", json!({"a": 1})),
            (&[Json, Jsonp], None, "cb([1]);", json!([1])),
            (&[Text], None, " is_valid:true\n", json!("is_valid:true")),
            (&[Json], Some("for(;;);"), "for(;;);{\"a\":1}", json!({"a": 1})),
            (&[Json], Some("for(;;);"), "{\"a\":1}", json!({"a": 1})),
            (&[Xml], None, "<r><a>1</a></r>", json!({"r": {"a": "1"}})),
        ] {
            assert_eq!(read(formats, prefix, body), Ok(expected), "{body}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_what_it_looks_like_and_tells_no_value() {
        for (formats, body, part) in [
            (&[][..], "<!DOCTYPE html><p>hush", "web page"),
            (&[][..], "<a>hush</a>", "XML"),
            (&[][..], "cb({\"hush\":1});", "JSONP"),
            (&[][..], "eyJh.eyJo.c2ln", "signed token"),
            (&[][..], "a=hush&a=2", "a key stands in it twice"),
            (&[AnswerFormat::Json, AnswerFormat::Form], "a=hush&a=2", "a key stands in it twice"),
            (&[][..], "hush", "nor is it a form"),
            (&[AnswerFormat::Json], "{\"hush\"", "JSON"),
            (&[AnswerFormat::Jsonp], "{\"hush\":1}", "wrapped"),
            (&[AnswerFormat::Jsonp], "cb({\"hush\":1,\"hush\":2});", "the answer cannot be read as JSONP: a key stands in it twice"),
            (
                &[AnswerFormat::Json, AnswerFormat::Jsonp],
                "cb({\"hush\":1,\"hush\":2});",
                "the answer cannot be read as JSONP: a key stands in it twice",
            ),
            (&[AnswerFormat::Xml], "<a>hush</b>", "the answer cannot be read as XML: it breaks off"),
        ] {
            let UnreadableAnswer(why) = read(formats, None, body).unwrap_err();
            assert!(why.contains(part) && !why.contains("hush"), "{body}: {why}");
            assert!(!why.contains("; it looks") || !part.starts_with("the answer"), "{body}: {why}");
        }
    }
}

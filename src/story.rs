//! What happened in a login that went wrong, as support reads it: requests with their secrets masked, of answers only keys
//! and kinds, and the line of the file. Never a value that came from outside.

use crate::login::error::LoginError;
use crate::login::trace::{Exchange, Trace};
use crate::provider::Provider;
use crate::wire::{Request, Response};
use serde_json::{Map, Value, json};

/// How much of a document's shape is told.
const MOST_KEYS: usize = 200;

/// The story of a login, as JSON.
pub fn tell(provider: &Provider, error: &LoginError, trace: &Trace) -> Value {
    let learned: Vec<Value> =
        trace.learned.iter().map(|(fact, step)| json!({ "fact": &**provider.names.name(*fact), "step": step.word() })).collect();
    json!({
        "provider": provider.name,
        "file": &*provider.source.name,
        "step": error.step.map(crate::provider::step::StepKind::word),
        "code": short(&error.code),
        "message": short(&error.message),
        "byProvider": error.by_provider,
        "line": error.place.map(|place| place.line),
        "column": error.place.map(|place| place.column),
        "exchanges": trace.exchanges.iter().map(exchange).collect::<Vec<_>>(),
        "learned": learned,
    })
}

/// What a provider says is told, but not at length, without what controls a terminal, and without what may be somebody's:
/// words with an `@`, and words that are mostly a number.
pub fn short(text: &str) -> String {
    let is_somebodys = |word: &str| word.contains('@') || word.bytes().filter(u8::is_ascii_digit).count() >= 4;
    let words: Vec<&str> = text.split_whitespace().map(|word| if is_somebodys(word) { "‹…›" } else { word }).collect();
    crate::diagnostic::printable(&words.join(" ").chars().take(200).collect::<String>())
}

fn exchange(exchange: &Exchange) -> Value {
    let mut told = json!({ "step": exchange.step.word(), "request": request(&exchange.request), "forgiven": exchange.forgiven });
    match &exchange.answer {
        Ok(answer) => told["answer"] = response(answer),
        Err(why) => told["noAnswer"] = Value::String(why.to_string()),
    }
    told
}

fn request(request: &Request) -> Value {
    let headers: Vec<Value> = request.headers.iter().map(|(name, value)| json!([name, value.masked()])).collect();
    json!({
        "method": request.method.to_string(),
        "url": request.address.masked(),
        "headers": headers,
        "body": request.body.as_ref().map(crate::text::Text::masked),
    })
}

fn response(answer: &Response) -> Value {
    let kind = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type")).map(|(_, value)| short(value));
    let shape = serde_json::from_slice::<Value>(&answer.body).ok().map(|document| {
        let mut left = MOST_KEYS;
        shape(&document, &mut left)
    });
    json!({ "status": answer.status, "contentType": kind, "bytes": answer.body.len(), "shape": shape })
}

/// Keys and kinds, never values; of a list its first element.
fn shape(value: &Value, left: &mut usize) -> Value {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "yes or no".into(),
        Value::Number(_) => "number".into(),
        Value::String(text) if text.is_empty() => "empty text".into(),
        Value::String(_) => "text".into(),
        Value::Array(list) => list.first().map_or_else(|| json!([]), |first| json!([shape(first, left)])),
        Value::Object(members) => {
            let mut told = Map::new();
            for (key, value) in members {
                if *left == 0 {
                    told.insert("…".to_owned(), "more".into());
                    break;
                }
                *left -= 1;
                // A key that looks like a value, such as a person's address, is one.
                let numbers = key.bytes().filter(u8::is_ascii_digit).count();
                let plain = numbers < 4
                    && key.len() <= 64
                    && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:/$#@".contains(c))
                    && !(key.contains('@') && key.contains('.'));
                told.insert(if plain { key.clone() } else { "‹key›".to_owned() }, shape(value, left));
            }
            Value::Object(told)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_tells_keys_and_kinds_and_no_values() {
        let mut left = MOST_KEYS;
        let document = json!({ "data": { "mail": "ana@loja.example", "id": 7, "ok": true, "none": null, "list": [ { "a": "b" }, 2 ] }, "ana@loja.example": 1 });

        assert_eq!(
            shape(&document, &mut left),
            json!({ "data": { "mail": "text", "id": "number", "ok": "yes or no", "none": "null", "list": [ { "a": "text" } ] }, "‹key›": "number" })
        );
    }

    #[test]
    fn what_a_provider_says_is_told_without_what_may_be_somebodys() {
        for (said, told) in [
            ("not today", "not today"),
            ("user ana@loja.example CPF 123.456.789-00 not allowed", "user ‹…› CPF ‹…› not allowed"),
            ("error 403 in api v2", "error 403 in api v2"),
        ] {
            assert_eq!(short(said), told);
        }
    }

    #[test]
    fn a_large_document_is_told_in_part() {
        let document: Map<String, Value> = (0..1000).map(|at| (format!("k{at}"), json!(1))).collect();
        let mut left = MOST_KEYS;

        assert_eq!(shape(&Value::Object(document), &mut left).as_object().map(Map::len), Some(MOST_KEYS + 1));
    }
}

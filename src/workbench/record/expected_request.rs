//! Writes a request as a story expects it, with masks in place of secrets.

use crate::provider::json;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Method, Request, USER_AGENT};
use crate::workbench::recorded_exchange::parse_pairs;
use serde_json::{Map, Value, json};

pub(crate) fn expected_request(request: &Request) -> Value {
    let mut members = Map::new();
    let masked = request.address.masked();
    let (address, fragment) = masked.find('#').map_or((masked.as_str(), ""), |at| masked.split_at(at));
    let (base, query) = address.split_once('?').unwrap_or((address, ""));
    let method = match request.method {
        Method::Get => "get",
        Method::Post => "post",
    };
    members.insert(method.to_owned(), json!(format!("{base}{fragment}")));
    if !query.is_empty() {
        members.insert("query".to_owned(), parameters(query));
    }
    let header = |wanted: &str| request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.masked());
    let mut usual = "application/x-www-form-urlencoded";
    if let Some(body) = request.body.as_ref().map(Text::masked) {
        let kind = header("content-type").unwrap_or_default();
        if kind.contains("json")
            && let Ok(document) = json::parse(body.as_bytes())
        {
            members.insert("json".to_owned(), document);
            usual = "application/json";
        } else if kind.contains("form") {
            members.insert("form".to_owned(), parameters(&body));
        } else {
            members.insert("text".to_owned(), json!(body));
            usual = "text/plain; charset=utf-8";
        }
    }
    let is_usual = |name: &str, value: &str| {
        name.eq_ignore_ascii_case("accept") && value == "application/json"
            || name.eq_ignore_ascii_case("user-agent") && value == USER_AGENT
            || name.eq_ignore_ascii_case("content-type") && request.body.is_some() && value == usual
    };
    let headers = request.headers.iter().map(|(name, value)| (name.to_string(), value.masked()));
    let headers: Map<String, Value> =
        headers.filter(|(name, value)| !is_usual(name, value)).map(|(name, value)| (name, json!(value))).collect();
    if !headers.is_empty() {
        members.insert("headers".to_owned(), Value::Object(headers));
    }
    Value::Object(members)
}

/// Parameters; one that is sent more than once has a list of values.
fn parameters(text: &str) -> Value {
    let mut members: Map<String, Value> = Map::new();
    for (name, value) in parse_pairs(text) {
        let value = json!(value);
        match members.get_mut(&name) {
            None => _ = members.insert(name, value),
            Some(Value::Array(values)) => values.push(value),
            Some(one) => *one = json!([one.clone(), value]),
        }
    }
    Value::Object(members)
}

//! A request as it arrived, at the provider's own address.

use crate::provider::json;
use crate::simulated::request::SimulatedRequest;
use crate::vocabulary::wire::Request;
use crate::workbench::recorded_exchange::parse_pairs;
use serde_json::Value;

#[derive(Clone, Debug)]
pub(super) struct ReceivedRequest {
    pub(crate) method: String,
    pub(crate) address: String,
    /// The address without query.
    pub(crate) base: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl ReceivedRequest {
    /// A request that arrived by HTTP, and the provider's address that it stands for.
    pub(crate) fn new(request: &SimulatedRequest<'_>, address: String) -> Self {
        let headers = request.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::from_parts(request.method.to_owned(), address, headers, request.body.to_vec())
    }

    /// A request that the broker makes in the same process.
    pub(crate) fn from_request(request: &Request) -> Self {
        let sent = request.as_sent();
        // A fragment stays in the browser.
        let address = sent.address.split('#').next().unwrap_or_default().to_owned();
        let headers = sent.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::from_parts(request.method.to_string(), address, headers, sent.body.as_bytes().to_vec())
    }

    pub(crate) fn empty() -> Self {
        Self::from_parts("GET".to_owned(), String::new(), Vec::new(), Vec::new())
    }

    fn from_parts(method: String, address: String, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        let (base, query) = address.split_once('?').unwrap_or((&address, ""));
        Self { method, base: base.to_owned(), query: parse_pairs(query), address, headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }

    pub(crate) fn form(&self) -> Vec<(String, String)> {
        parse_pairs(self.text())
    }

    pub(crate) fn json(&self) -> Option<Value> {
        json::parse(&self.body).ok()
    }

    /// Every value that it carries in parameters, headers and the body.
    pub(crate) fn values(&self) -> Vec<String> {
        let mut values: Vec<String> = self.query.iter().chain(&self.headers).map(|(_, value)| value.clone()).collect();
        match self.json() {
            Some(json) => collect_texts(&json, &mut values),
            None => values.extend(self.form().into_iter().map(|(_, value)| value)),
        }
        values.push(self.text().to_owned());
        values
    }
}

fn collect_texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|value| collect_texts(value, into)),
        Value::Object(members) => members.values().for_each(|value| collect_texts(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

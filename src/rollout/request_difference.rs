//! How the request of one version differs from that of another, in names alone: a value is never shown.

use crate::rollout::replay::is_same_request;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Method, Request};
use std::collections::BTreeMap;

/// How two requests differ: the parts that differ, such as `address` or `parameter scope`. Empty if they are the same.
pub(crate) fn request_differences(present: &Request, next: &Request) -> Vec<String> {
    if is_same_request(present, next) {
        return Vec::new();
    }
    let mut differences = Vec::new();
    if present.method != next.method {
        differences.push(format!("method {}", if next.method == Method::Get { "GET" } else { "POST" }));
    }
    let (present_parts, next_parts) = (RequestParts::of(present), RequestParts::of(next));
    if present_parts.address != next_parts.address {
        differences.push("address".to_owned());
    }
    differences.extend(differing_names(&present_parts.parameters, &next_parts.parameters).map(|name| format!("parameter {name}")));
    differences.extend(differing_names(&present_parts.headers, &next_parts.headers).map(|name| format!("header {name}")));
    if present_parts.body != next_parts.body {
        differences.push("body".to_owned());
    }
    if differences.is_empty() {
        // They look alike where secrets are masked, so a secret value is another one.
        differences.push("value".to_owned());
    }
    differences
}

/// The request that comes nearest: with the same method and address, otherwise with the same host and path, otherwise none.
pub(crate) fn nearest<'r>(requests: impl Iterator<Item = &'r Request> + Clone, next: &Request) -> Option<&'r Request> {
    let wanted = RequestParts::of(next).address;
    requests.clone().find(|request| request.method == next.method && RequestParts::of(request).address == wanted).or_else(|| {
        let mut all = requests;
        all.find(|request| RequestParts::of(request).address == wanted)
    })
}

/// The parts of a request by their names, with masked values.
struct RequestParts {
    /// The address without its query.
    address: String,
    parameters: BTreeMap<String, Vec<String>>,
    headers: BTreeMap<String, Vec<String>>,
    /// A body that is no form.
    body: Option<String>,
}

impl RequestParts {
    fn of(request: &Request) -> Self {
        let address = request.address.masked();
        let (address, query) = address.split_once('?').map_or((&*address, ""), |(address, query)| (address, query));
        let body = request.body.as_ref().map(Text::masked).unwrap_or_default();
        let is_form = request.headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("content-type") && value.masked().starts_with("application/x-www-form-urlencoded")
        });
        let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for pair in query.split('&').chain(body.split('&').filter(|_| is_form)).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.entry(name.to_owned()).or_default().push(value.to_owned());
        }
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in &request.headers {
            headers.entry(name.to_ascii_lowercase()).or_default().push(value.masked());
        }
        Self { address: address.to_owned(), parameters, headers, body: (!is_form && !body.is_empty()).then_some(body) }
    }
}

fn differing_names<'p>(
    present: &'p BTreeMap<String, Vec<String>>,
    next: &'p BTreeMap<String, Vec<String>>,
) -> impl Iterator<Item = &'p String> {
    let changed = present.iter().filter(|(name, values)| next.get(*name) != Some(*values)).map(|(name, _)| name);
    changed.chain(next.keys().filter(|name| !present.contains_key(*name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn get(address: &str, token: &str) -> Request {
        let mut request = Request::for_document(address);
        let mut bearer = Text::plain("Bearer ");
        bearer.push(&Text::secret(token, &Arc::from("accessToken")));
        request.headers.push(("Authorization".into(), bearer));
        request
    }

    #[test]
    fn a_difference_names_parts_and_shows_no_value() {
        let present = get("https://a.example/me?fields=id&v=1", "token-1");
        for (next, expected) in [
            (get("https://a.example/me?fields=id&v=1", "token-1"), ""),
            (get("https://a.example/me?fields=id&v=1", "token-2"), "value"),
            (get("https://a.example/v2/me?fields=id&v=1", "token-1"), "address"),
            (get("https://a.example/me?fields=mail&lang=pt", "token-1"), "parameter fields, parameter v, parameter lang"),
            (Request { method: Method::Post, body: Some(Text::plain("{}")), ..present.clone() }, "method POST, body"),
            (Request { headers: Vec::new(), ..present.clone() }, "header accept, header authorization, header user-agent"),
        ] {
            let found = request_differences(&present, &next).join(", ");

            assert_eq!(found, expected);
            assert!(!found.contains("token-") && !found.contains("mail"));
        }
    }

    #[test]
    fn a_signature_that_is_another_one_each_time_is_no_difference() {
        let signed = |signature: &str| {
            let mut body = Text::plain("grant_type=authorization_code&client_assertion=");
            body.push(&Text::secret(signature, &Arc::from("clientAssertion")));
            Request { method: Method::Post, body: Some(body), ..Request::for_document("https://a.example/token") }
        };

        assert!(request_differences(&signed("one"), &signed("other")).is_empty());
    }
}

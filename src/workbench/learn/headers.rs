//! Writes the headers of a call, without those that are sent by default, and the words for the credentials and the token.

use crate::provider::credentials::ClientAuthMethod;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::learn::client::decode_basic_credentials;
use crate::workbench::learn::login_learner::LoginLearner;
use crate::workbench::learn::recorded_login::{RecordedCall, is_browser_header};
use crate::workbench::recorded_exchange::decode_form_text;

/// The word of `credentials`, where they are sent in the `Authorization` header.
pub(crate) fn basic_credentials(learner: &LoginLearner<'_>, call: &RecordedCall<'_>) -> Option<ClientAuthMethod> {
    let header = call.exchange.header("authorization")?.strip_prefix("Basic ")?;
    let text = decode_basic_credentials(header)?;
    let name = text.split_once(':')?.0;
    let id = learner.client.id.as_deref()?;
    (name == id || decode_form_text(name) == id).then_some(learner.client.basic.unwrap_or(ClientAuthMethod::Basic))
}

/// Adds the headers that are not sent by default, and the `bearer` where it is not the usual one.
pub(crate) fn push_header_entries(learner: &mut LoginLearner<'_>, call: &RecordedCall<'_>, sends_token: bool, words: &mut Vec<YamlLine>) {
    let mut own = Vec::new();
    let mut is_authorized = false;
    let mut bearer = None;
    for (name, value) in &call.exchange.headers {
        if is_browser_header(name) || is_default_header(name, value, call) || is_proxy_header(name) {
            continue;
        }
        if name.eq_ignore_ascii_case("authorization") {
            is_authorized = true;
            if value.starts_with("Basic ") && basic_credentials(learner, call).is_some() {
                continue;
            }
            let (written, _) = learner.write_value(name, value, call.exchange.at, false);
            match written.strip_prefix("Bearer ") {
                Some(token) if token.starts_with("${") && token.ends_with('}') => bearer = Some(token.to_owned()),
                _ => own.push(YamlLine::new(name, YamlValue::Text(written))),
            }
            continue;
        }
        let (written, comment) = learner.write_value(name, value, call.exchange.at, false);
        own.push(YamlLine { key: name.clone(), value: YamlValue::Text(written), comment });
    }
    let is_placed = places_access_token(words) || places_access_token(&own);
    let is_usual = sends_token && !is_placed;
    match bearer {
        Some(token) if is_usual && token == "${accessToken}" => {}
        Some(token) => words.push(YamlLine::with_comment("bearer", YamlValue::Text(token), "a value of an earlier answer is sent here")),
        None if is_usual && !is_authorized && learner.known.value("accessToken").is_some() => {
            words.push(YamlLine::with_comment("bearer", YamlValue::text("none"), "no token is sent here"));
        }
        None => {}
    }
    if !own.is_empty() {
        words.push(YamlLine::new("headers", YamlValue::Block(own)));
    }
}

/// Whether these words place the access token, whole or in part: then no bearer header is sent by default.
fn places_access_token(words: &[YamlLine]) -> bool {
    words.iter().any(|entry| contains_access_token(&entry.value))
}

fn contains_access_token(value: &YamlValue) -> bool {
    match value {
        YamlValue::Text(text) => {
            text.contains("${") && text.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| word == "accessToken")
        }
        YamlValue::Bare(_) => false,
        YamlValue::List(list) | YamlValue::Items(list) => list.iter().any(contains_access_token),
        YamlValue::Block(words) | YamlValue::Flow(words) => places_access_token(words),
    }
}

/// Headers that a proxy or a cache adds.
fn is_proxy_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("x-forwarded") || name.starts_with("if-")
}

/// Whether a header has a value that is sent by default.
fn is_default_header(name: &str, value: &str, call: &RecordedCall<'_>) -> bool {
    let low = value.to_ascii_lowercase();
    match name.to_ascii_lowercase().as_str() {
        "accept" => low.starts_with("application/json") || low.starts_with("*/*") || low.starts_with("text/html") || low.is_empty(),
        "user-agent" => [
            "mozilla/",
            "curl/",
            "portaria/",
            "python",
            "axios/",
            "node",
            "okhttp",
            "go-http-client",
            "java/",
            "postman",
            "undici",
            "apache-httpclient",
            "reqwest",
            "insomnia",
            "wget/",
        ]
        .iter()
        .any(|usual| low.starts_with(usual)),
        "content-type" => {
            let form = call.exchange.form().is_some() && low.starts_with("application/x-www-form-urlencoded");
            let json = low.starts_with("application/json")
                && call.exchange.body.as_ref().is_some_and(|body| body.trim_start().starts_with(['{', '[']));
            form || json || low.starts_with("text/plain") || call.exchange.body.as_ref().is_none_or(String::is_empty)
        }
        _ => false,
    }
}

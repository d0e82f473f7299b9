//! Writes the headers of a call, without those that are sent by default, and the words for the credentials and the token.

use crate::provider::credentials::ClientAuthMethod;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::learn::client::decode_basic_credentials;
use crate::workbench::learn::linking::RequestOf;
use crate::workbench::learn::login_learner::LoginLearner;
use crate::workbench::learn::recorded_login::{RecordedCall, is_browser_header};
use crate::workbench::learn::request_places::RequestPlace;
use crate::workbench::recorded_exchange::{RecordedExchange, decode_form_text};

/// The word of `credentials`, where they are sent in the `Authorization` header.
pub(crate) fn basic_credentials(learner: &LoginLearner<'_>, call: &RecordedCall<'_>) -> Option<ClientAuthMethod> {
    let header = call.exchange.header("authorization")?.strip_prefix("Basic ")?;
    let text = decode_basic_credentials(header)?;
    let name = text.split_once(':')?.0;
    let id = learner.client.id.as_deref()?;
    (name == id || decode_form_text(name) == id).then_some(learner.client.basic.unwrap_or(ClientAuthMethod::Basic))
}

/// Adds the headers that are not sent by default, and the `bearer` where it is not the usual one.
pub(crate) fn push_header_entries(
    learner: &mut LoginLearner<'_>,
    (of, call): (RequestOf, &RecordedCall<'_>),
    (sends_token, signed_header): (bool, Option<&str>),
    words: &mut Vec<YamlLine>,
) {
    let mut own = Vec::new();
    let mut is_authorized = false;
    let mut bearer = None;
    for (name, value) in &call.exchange.headers {
        if !is_sent_on_purpose(name, value, call.exchange) || Some(name.as_str()) == signed_header {
            continue;
        }
        if name.eq_ignore_ascii_case("authorization") {
            is_authorized = true;
            if value.starts_with("Basic ") && basic_credentials(learner, call).is_some() {
                continue;
            }
            let sent = learner.sent(of, RequestPlace::Header(name), name, value);
            let (written, _) = learner.write_value(&sent, call.exchange.at, false);
            match written.strip_prefix("Bearer ") {
                Some(token) if token.starts_with("${") && token.ends_with('}') => bearer = Some(token.to_owned()),
                _ => own.push(YamlLine::new(name, YamlValue::Text(written))),
            }
            continue;
        }
        let sent = learner.sent(of, RequestPlace::Header(name), name, value);
        let (written, comment) = learner.write_value(&sent, call.exchange.at, false);
        own.push(YamlLine { key: name.clone(), value: YamlValue::Text(written), comment });
    }
    let is_placed = places_token(words) || places_token(&own);
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

/// Whether these words place the access token or the client's own, whole or in part: then no bearer header is sent by default.
fn places_token(words: &[YamlLine]) -> bool {
    words.iter().any(|entry| contains_token(&entry.value))
}

fn contains_token(value: &YamlValue) -> bool {
    match value {
        YamlValue::Text(text) => {
            text.contains("${")
                && text.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| matches!(word, "accessToken" | "clientToken"))
        }
        YamlValue::Bare(_) => false,
        YamlValue::List(list) | YamlValue::Items(list) => list.iter().any(contains_token),
        YamlValue::Block(words) | YamlValue::Flow(words) => places_token(words),
    }
}

/// Whether a file has to write this header: no browser, proxy or program adds it by itself.
pub(crate) fn is_sent_on_purpose(name: &str, value: &str, exchange: &RecordedExchange) -> bool {
    !(is_browser_header(name) || is_default_header(name, value, exchange) || is_proxy_header(name))
}

/// Headers that a proxy or a cache adds.
fn is_proxy_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("x-forwarded") || name.starts_with("if-")
}

/// Whether a header has a value that is sent by default.
fn is_default_header(name: &str, value: &str, exchange: &RecordedExchange) -> bool {
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
            let form = exchange.form().is_some() && low.starts_with("application/x-www-form-urlencoded");
            let json =
                low.starts_with("application/json") && exchange.body.as_ref().is_some_and(|body| body.trim_start().starts_with(['{', '[']));
            form || json || low.starts_with("text/plain") || exchange.body.as_ref().is_none_or(String::is_empty)
        }
        _ => false,
    }
}

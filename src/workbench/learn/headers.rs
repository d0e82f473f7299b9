//! The headers of a call: what is said anyway is left out, and how the client and its token are shown gets its word.

use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::learn::login_learner::LoginLearner;
use crate::workbench::learn::recorded_login::{RecordedCall, is_browser_header};

/// The word for credentials in the header, if that is where they are.
pub(crate) fn basic_credentials_word(thread: &LoginLearner<'_>, call: &RecordedCall<'_>) -> Option<&'static str> {
    let header = call.sent.header("authorization")?.strip_prefix("Basic ")?;
    let text = crate::workbench::learn::client::decode_basic_credentials(header)?;
    let name = text.split_once(':')?.0;
    let id = thread.client.id.as_deref()?;
    (name == id || crate::workbench::recorded_exchange::decode_form_text(name) == id).then_some(thread.client.basic.unwrap_or("basic"))
}

/// Headers besides the usual ones, and the token that is shown as Bearer.
pub(crate) fn push_header_entries(thread: &mut LoginLearner<'_>, call: &RecordedCall<'_>, shows_token: bool, words: &mut Vec<YamlLine>) {
    let mut own = Vec::new();
    let mut is_authorized = false;
    for (name, value) in &call.sent.headers {
        if is_browser_header(name) || is_default_header(name, value, call) || is_own_header(name) {
            continue;
        }
        if name.eq_ignore_ascii_case("authorization") {
            is_authorized = true;
            if value.starts_with("Basic ") && basic_credentials_word(thread, call).is_some() {
                continue;
            }
            let (written, _) = thread.write_value(name, value, call.sent.at, false);
            match written.strip_prefix("Bearer ") {
                Some("${accessToken}") if shows_token => {}
                Some(token) if token.starts_with("${") && token.ends_with('}') => {
                    words.push(YamlLine::with_comment("bearer", YamlValue::text(token), "what an answer gave is shown here"));
                }
                _ => own.push(YamlLine::new(name, YamlValue::Text(written))),
            }
            continue;
        }
        let (written, because) = thread.write_value(name, value, call.sent.at, false);
        own.push(YamlLine { key: name.clone(), value: YamlValue::Text(written), comment: because });
    }
    if shows_token
        && !is_authorized
        && thread.known.value("accessToken").is_some()
        && !contain_access_token(words)
        && !contain_access_token(&own)
    {
        words.push(YamlLine::with_comment("bearer", YamlValue::text("none"), "no token is shown here"));
    }
    if !own.is_empty() {
        words.push(YamlLine::new("headers", YamlValue::Block(own)));
    }
}

/// Whether the whole access token stands somewhere in these words.
fn contain_access_token(words: &[YamlLine]) -> bool {
    words.iter().any(|entry| piece_holds_access_token(&entry.value))
}

fn piece_holds_access_token(piece: &YamlValue) -> bool {
    match piece {
        YamlValue::Text(text) => text.contains("${accessToken}"),
        YamlValue::Bare(_) => false,
        YamlValue::List(list) | YamlValue::Items(list) => list.iter().any(piece_holds_access_token),
        YamlValue::Block(words) | YamlValue::Flow(words) => contain_access_token(words),
    }
}

/// Headers that are portaria's own.
fn is_own_header(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with("x-forwarded") || name.to_ascii_lowercase().starts_with("if-")
}

/// Whether a header says only what is said anyway.
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
            let form = call.sent.form().is_some() && low.starts_with("application/x-www-form-urlencoded");
            let json = low.starts_with("application/json")
                && call.sent.body.as_ref().is_some_and(|body| body.trim_start().starts_with(['{', '[']));
            form || json || low.starts_with("text/plain") || call.sent.body.as_ref().is_none_or(String::is_empty)
        }
        _ => false,
    }
}

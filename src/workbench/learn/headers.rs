//! The headers of a call: what is said anyway is left out, and how the client and its token are shown gets its word.

use crate::workbench::draft::{Entry, Piece};
use crate::workbench::learn::journey::{Call, is_ambient};
use crate::workbench::learn::thread::Thread;

/// The word for credentials in the header, if that is where they are.
pub fn basic(thread: &Thread<'_>, call: &Call<'_>) -> Option<&'static str> {
    let header = call.sent.header("authorization")?.strip_prefix("Basic ")?;
    let text = crate::workbench::learn::client::unpacked(header)?;
    let name = text.split_once(':')?.0;
    let id = thread.client.id.as_deref()?;
    (name == id || crate::workbench::recorded::decode(name) == id).then_some(thread.client.basic.unwrap_or("basic"))
}

/// Headers besides the usual ones, and the token that is shown as Bearer.
pub fn headers(thread: &mut Thread<'_>, call: &Call<'_>, shows_token: bool, words: &mut Vec<Entry>) {
    let mut own = Vec::new();
    let mut is_authorized = false;
    for (name, value) in &call.sent.headers {
        if is_ambient(name) || is_usual(name, value, call) || is_unsent(name) {
            continue;
        }
        if name.eq_ignore_ascii_case("authorization") {
            is_authorized = true;
            if value.starts_with("Basic ") && basic(thread, call).is_some() {
                continue;
            }
            let (written, _) = thread.write(name, value, call.sent.at, false);
            match written.strip_prefix("Bearer ") {
                Some("${accessToken}") if shows_token => {}
                Some(token) if token.starts_with("${") && token.ends_with('}') => {
                    words.push(Entry::because("bearer", Piece::text(token), "what an answer gave is shown here"));
                }
                _ => own.push(Entry::new(name, Piece::Text(written))),
            }
            continue;
        }
        let (written, because) = thread.write(name, value, call.sent.at, false);
        own.push(Entry { key: name.clone(), value: Piece::Text(written), because });
    }
    if shows_token && !is_authorized && thread.known.value("accessToken").is_some() && !places_token(words) && !places_token(&own) {
        words.push(Entry::because("bearer", Piece::text("none"), "no token is shown here"));
    }
    if !own.is_empty() {
        words.push(Entry::new("headers", Piece::Block(own)));
    }
}

/// Whether the whole access token stands somewhere in these words.
fn places_token(words: &[Entry]) -> bool {
    words.iter().any(|entry| in_piece(&entry.value))
}

fn in_piece(piece: &Piece) -> bool {
    match piece {
        Piece::Text(text) => text.contains("${accessToken}"),
        Piece::Bare(_) => false,
        Piece::List(list) => list.iter().any(in_piece),
        Piece::Block(words) => places_token(words),
        Piece::Blocks(list) => list.iter().any(|words| places_token(words)),
    }
}

/// Headers that are portaria's own.
fn is_unsent(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with("x-forwarded") || name.to_ascii_lowercase().starts_with("if-")
}

/// Whether a header says only what is said anyway.
fn is_usual(name: &str, value: &str, call: &Call<'_>) -> bool {
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

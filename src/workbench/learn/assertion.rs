//! A token that the client signed about itself: the words that make such a one again.

use crate::workbench::draft::{Entry, Piece};
use crate::workbench::learn::thread::Thread;
use crate::workbench::learn::token::Jwt;
use serde_json::Value;

/// The words that make such a token again; its key is not in it.
pub fn words(thread: &mut Thread<'_>, token: &Jwt) -> Entry {
    let algorithm = token.head("alg").unwrap_or("RS256").to_owned();
    if !thread.kept.iter().any(|(name, ..)| name == "signingKey") {
        thread.kept.push(("signingKey".to_owned(), true, String::new(), "signs the client's tokens; no recording holds it".to_owned()));
    }
    let member = |thread: &mut Thread<'_>, name: &str, value: &Value| {
        let called = match name {
            "kid" => "keyId",
            "iss" => "clientOwner",
            other => other,
        };
        let endpoint = thread.issuer.as_ref().and_then(|(_, document)| document.get("token_endpoint")?.as_str().map(str::to_owned));
        let piece = match value.as_str() {
            Some(text) if endpoint.as_deref() == Some(text) => Piece::text("${tokenEndpoint}"),
            Some(text) if thread.known.exactly(text).is_some() => Piece::Text(thread.known.write(text).unwrap_or_default()),
            Some(text) if crate::workbench::learn::look::is_address(text) => Piece::Text(text.replace("${", "$${")),
            Some(text) => {
                let fact = thread.keep(called, false, text, "stands in the client's token");
                Piece::Text(format!("${{{fact}}}"))
            }
            None => Piece::Bare(value.to_string()),
        };
        Entry::new(name, piece)
    };
    let list = |value: &Value| -> Vec<(String, Value)> {
        value.as_object().map_or_else(Vec::new, |members| members.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    let header: Vec<Entry> = list(&token.header)
        .iter()
        .filter(|(name, value)| name != "alg" && !(name == "typ" && value == "JWT"))
        .map(|(name, value)| member(thread, name, value))
        .collect();
    let claims: Vec<Entry> = list(&token.claims)
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "iat" | "exp" | "jti" | "nbf"))
        .map(|(name, value)| member(thread, name, value))
        .collect();
    let mut words = vec![Entry::new("algorithm", Piece::Text(algorithm)), Entry::new("key", Piece::text("${signingKey}"))];
    if !header.is_empty() {
        words.push(Entry::new("header", Piece::Block(header)));
    }
    words.push(Entry::new("claims", Piece::Block(claims)));
    let number = |name: &str| token.claims.get(name).and_then(Value::as_i64);
    if let (Some(from), Some(to)) = (number("iat"), number("exp"))
        && let Some(lifetime) = to.checked_sub(from).filter(|lifetime| *lifetime > 0 && *lifetime != 300)
    {
        words.push(Entry::new("lifetime", Piece::Text(format!("{lifetime}s"))));
    }
    Entry::because("assertion", Piece::Block(words), "the client signed a token; these are its claims")
}

//! A token that the client signed about itself: the words that make such a one again.

use crate::workbench::draft::{DraftEntry, DraftValue};
use crate::workbench::learn::jwt::RecordedJwt;
use crate::workbench::learn::login_learner::LoginLearner;
use serde_json::Value;

/// The words that make such a token again; its key is not in it.
pub(crate) fn assertion_entry(thread: &mut LoginLearner<'_>, token: &RecordedJwt) -> DraftEntry {
    let algorithm = token.header_text("alg").unwrap_or("RS256").to_owned();
    if !thread.kept.iter().any(|(name, ..)| name == "signingKey") {
        thread.kept.push(("signingKey".to_owned(), true, String::new(), "signs the client's tokens; no recording holds it".to_owned()));
    }
    let member = |thread: &mut LoginLearner<'_>, name: &str, value: &Value| {
        let called = match name {
            "kid" => "keyId",
            "iss" => "clientOwner",
            other => other,
        };
        let endpoint = thread.issuer.as_ref().and_then(|(_, document)| document.get("token_endpoint")?.as_str().map(str::to_owned));
        let piece = match value.as_str() {
            Some(text) if endpoint.as_deref() == Some(text) => DraftValue::text("${tokenEndpoint}"),
            Some(text) if thread.known.expression_for(text).is_some() => {
                DraftValue::Text(thread.known.template_for(text).unwrap_or_default())
            }
            Some(text) if crate::workbench::answers::looks::looks_like_url(text) => DraftValue::Text(text.replace("${", "$${")),
            Some(text) => {
                let fact = thread.keep_in_installation(called, false, text, "stands in the client's token");
                DraftValue::Text(format!("${{{fact}}}"))
            }
            None => DraftValue::Bare(value.to_string()),
        };
        DraftEntry::new(name, piece)
    };
    let list = |value: &Value| -> Vec<(String, Value)> {
        value.as_object().map_or_else(Vec::new, |members| members.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    let header: Vec<DraftEntry> = list(&token.header)
        .iter()
        .filter(|(name, value)| name != "alg" && !(name == "typ" && value == "JWT"))
        .map(|(name, value)| member(thread, name, value))
        .collect();
    let claims: Vec<DraftEntry> = list(&token.claims)
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "iat" | "exp" | "jti" | "nbf"))
        .map(|(name, value)| member(thread, name, value))
        .collect();
    let mut words =
        vec![DraftEntry::new("algorithm", DraftValue::Text(algorithm)), DraftEntry::new("key", DraftValue::text("${signingKey}"))];
    if !header.is_empty() {
        words.push(DraftEntry::new("header", DraftValue::Block(header)));
    }
    words.push(DraftEntry::new("claims", DraftValue::Block(claims)));
    let number = |name: &str| token.claims.get(name).and_then(Value::as_i64);
    if let (Some(from), Some(to)) = (number("iat"), number("exp"))
        && let Some(lifetime) = to.checked_sub(from).filter(|lifetime| *lifetime > 0 && *lifetime != 300)
    {
        words.push(DraftEntry::new("lifetime", DraftValue::Text(format!("{lifetime}s"))));
    }
    DraftEntry::with_reason("assertion", DraftValue::Block(words), "the client signed a token; these are its claims")
}

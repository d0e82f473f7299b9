//! Writes the `assertion` for a token that the client signed about itself.

use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::looks::looks_like_url;
use crate::workbench::learn::jwt::RecordedJwt;
use crate::workbench::learn::login_learner::LoginLearner;
use serde_json::Value;

/// The `assertion` that makes this token again; it refers to the key, which no recording holds.
pub(crate) fn assertion_entry(learner: &mut LoginLearner<'_>, token: &RecordedJwt) -> YamlLine {
    learner.refer_to_missing_key("signingKey", "signs the client's tokens; no recording holds it");
    let is_made_by_default = |name: &str, value: &Value| name == "alg" || name == "typ" && value == "JWT";
    let header = member_entries(learner, &token.header, is_made_by_default);
    let claims = member_entries(learner, &token.claims, |name, _| matches!(name, "iat" | "exp" | "jti" | "nbf"));
    let algorithm = token.header_text("alg").unwrap_or("RS256");
    let mut words = vec![YamlLine::new("algorithm", YamlValue::text(algorithm)), YamlLine::new("key", YamlValue::text("${signingKey}"))];
    if !header.is_empty() {
        words.push(YamlLine::new("header", YamlValue::Block(header)));
    }
    words.push(YamlLine::new("claims", YamlValue::Block(claims)));
    let number = |name: &str| token.claims.get(name).and_then(Value::as_i64);
    if let (Some(from), Some(to)) = (number("iat"), number("exp"))
        && let Some(lifetime) = to.checked_sub(from).filter(|lifetime| *lifetime > 0 && *lifetime != 300)
    {
        words.push(YamlLine::new("lifetime", YamlValue::Text(format!("{lifetime}s"))));
    }
    YamlLine::with_comment("assertion", YamlValue::Block(words), "the client signed a token; these are its claims")
}

fn member_entries(learner: &mut LoginLearner<'_>, object: &Value, is_omitted: impl Fn(&str, &Value) -> bool) -> Vec<YamlLine> {
    let members = object.as_object().into_iter().flatten().filter(|(name, value)| !is_omitted(name, value));
    members.map(|(name, value)| YamlLine::new(name, member_value(learner, name, value))).collect()
}

fn member_value(learner: &mut LoginLearner<'_>, name: &str, value: &Value) -> YamlValue {
    let Some(text) = value.as_str() else { return YamlValue::Bare(value.to_string()) };
    let token_endpoint = learner.issuer.as_ref().and_then(|(_, document)| document.get("token_endpoint")?.as_str());
    if token_endpoint == Some(text) {
        return YamlValue::text("${tokenEndpoint}");
    }
    if learner.known.expression_for(text).is_some() {
        return YamlValue::Text(learner.known.template_for(text).unwrap_or_default());
    }
    if looks_like_url(text) {
        return YamlValue::Text(text.replace("${", "$${"));
    }
    let fact_name = match name {
        "kid" => "keyId",
        "iss" => "clientOwner",
        other => other,
    };
    YamlValue::Text(format!("${{{}}}", learner.refer_to(fact_name, false, text, "stands in the client's token")))
}

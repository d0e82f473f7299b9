//! Replaces texts in the callback and the answers of a story.

use crate::workbench::examples::example::{ExampleAnswerSpec, ExampleSpec};
use serde_json::Value;

/// Replaces every text of the callback, the tokens, the issuer's document and the answers.
pub(crate) fn rewrite_answers(story: &mut ExampleSpec, replace: &dyn Fn(&str) -> String) {
    for (_, value) in story.callback.iter_mut().flat_map(|pairs| &mut pairs.0) {
        value.value = replace(&value.value);
    }
    for (_, token) in story.tokens.iter_mut().flat_map(|tokens| &mut tokens.0) {
        rewrite_json(&mut token.claims.0, replace);
    }
    if let Some(document) = &mut story.discovery {
        rewrite_json(&mut document.0, replace);
    }
    for exchange in story.prepare.iter_mut().chain(&mut story.exchanges).flat_map(|exchanges| &mut exchanges.0) {
        let ExampleAnswerSpec { json, form, text, headers, .. } = &mut exchange.answer;
        if let Some(json) = json {
            rewrite_json(&mut json.0, replace);
        }
        let pairs = form.iter_mut().chain(headers.iter_mut()).flat_map(|pairs| &mut pairs.0);
        for (_, value) in pairs {
            value.value = replace(&value.value);
        }
        if let Some(text) = text {
            text.value = replace(&text.value);
        }
    }
}

fn rewrite_json(value: &mut Value, replace: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = replace(text),
        Value::Array(list) => list.iter_mut().for_each(|value| rewrite_json(value, replace)),
        Value::Object(members) => members.values_mut().for_each(|value| rewrite_json(value, replace)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

//! What goes wrong with a story: no address, another shape, another state.

use crate::vocabulary::email::Email;
use crate::vocabulary::words::NamedValues;
use crate::workbench::examples::example::{ExampleSpec, RawJson};
use serde_json::{Map, Value, json};

/// A story in which nothing tells the address any more; nothing where there was none.
pub(super) fn without_email(story: &ExampleSpec) -> Option<ExampleSpec> {
    let email = Email::parse(story.identity.as_ref()?.0.get("email")?.as_str()?).ok()?;
    let is_it = |text: &str| Email::parse(text).is_ok_and(|other| other.key() == email.key());
    let mut story = story.clone();
    for (_, token) in story.tokens.iter_mut().flat_map(|tokens| &mut tokens.0) {
        token.claims = RawJson(without_matching(&token.claims.0, &is_it));
    }
    for (_, value) in story.callback.iter_mut().flat_map(|callback| &mut callback.0) {
        if value.value.to_lowercase().contains(email.key()) {
            value.value = without_address(&value.value, email.key());
        }
    }
    for exchange in story.exchanges.iter_mut().flat_map(|exchanges| &mut exchanges.0) {
        let answer = &mut exchange.answer;
        answer.json = answer.json.take().map(|json| RawJson(without_matching(&json.0, &is_it)));
        answer.form = answer.form.take().map(|form| NamedValues(form.0.into_iter().filter(|(_, value)| !is_it(&value.value)).collect()));
        if let Some(text) = &mut answer.text {
            text.value = without_address(&text.value, email.key());
        }
    }
    Some(story)
}

/// What is left of a value when the members that are the address are taken out.
fn without_matching(value: &Value, is_it: &dyn Fn(&str) -> bool) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !value.as_str().is_some_and(is_it));
            kept.map(|(name, value)| (name.clone(), without_matching(value, is_it))).collect::<Map<_, _>>().into()
        }
        Value::Array(list) => {
            list.iter().filter(|value| !value.as_str().is_some_and(is_it)).map(|value| without_matching(value, is_it)).collect()
        }
        other => other.clone(),
    }
}

/// A text without an address, however it is written.
fn without_address(text: &str, email: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let (mut kept, mut at) = (String::new(), 0);
    while let Some(found) = lower[at..].find(email).filter(|_| lower.len() == text.len() && !email.is_empty()) {
        kept.push_str(&text[at..at + found]);
        at += found + email.len();
    }
    kept.push_str(&text[at..]);
    kept
}

/// A story in which an answer has lost its envelope, or has got one.
pub(super) fn with_changed_envelope(story: &ExampleSpec, at: usize) -> Option<ExampleSpec> {
    let mut story = story.clone();
    let answer = &mut story.exchanges.as_mut()?.0.get_mut(at)?.answer;
    let json = &answer.json.as_ref()?.0;
    let envelope = json.as_object().filter(|members| members.len() == 1).and_then(|members| members.values().next());
    let other = envelope.filter(|inside| inside.is_object() || inside.is_array()).cloned();
    answer.json = Some(RawJson(other.unwrap_or_else(|| json!({ "envelope": json }))));
    Some(story)
}

/// A story in which the browser comes back with the state of somebody else.
pub(super) fn with_wrong_state(story: &ExampleSpec) -> ExampleSpec {
    let mut story = story.clone();
    let place = story.place;
    let callback = story.callback.get_or_insert_with(|| {
        let pair = |name: &str, value: &str| {
            (
                crate::vocabulary::place::Located::new(name.to_owned(), place),
                crate::vocabulary::place::Located::new(value.to_owned(), place),
            )
        };
        NamedValues(vec![pair("code", "c-1"), pair("state", "‹state›")])
    });
    for (_, value) in &mut callback.0 {
        value.value = value.value.replace("‹state›", "somebody-elses");
    }
    story
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_goes_however_it_is_written() {
        assert_eq!(without_address("{\"email\":\"Ana@Loja.example\"}", "ana@loja.example"), "{\"email\":\"\"}");
        let is_it = |text: &str| text == "ana@loja.example";
        let told = json!({ "a": "ana@loja.example", "b": [ { "value": "ana@loja.example", "primary": true }, "ana@loja.example" ] });
        assert_eq!(without_matching(&told, &is_it), json!({ "b": [ { "primary": true } ] }));
    }
}

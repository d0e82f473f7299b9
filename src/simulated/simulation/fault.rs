//! Examples in which something goes wrong: no e-mail address, another shape of an answer, another state.

use crate::choice;
use crate::vocabulary::email::Email;
use crate::vocabulary::place::Located;
use crate::vocabulary::words::NamedValues;
use crate::workbench::examples::example::{ExampleSpec, RawJson};
use serde_json::{Map, Value, json};

choice! {
    /// What goes wrong in a login, by the word that chooses it in an address.
    pub(super) enum SimulatedFault {
        ErrorIn200 = "error-in-200",
        WebPage = "html",
        UsedCode = "spent-code",
        NoEmail = "no-email",
        OtherShape = "other-shape",
        WrongState = "wrong-state",
        Slow = "slow",
    }
}

/// The example without its e-mail address; `None` if it has none.
pub(super) fn without_email(example: &ExampleSpec) -> Option<ExampleSpec> {
    let email = Email::parse(example.identity.as_ref()?.0.get("email")?.as_str()?).ok()?;
    let is_address = |text: &str| Email::parse(text).is_ok_and(|other| other.key() == email.key());
    let mut example = example.clone();
    for (_, token) in example.tokens.iter_mut().flat_map(|tokens| &mut tokens.0) {
        token.claims = RawJson(without_matching(&token.claims.0, &is_address));
    }
    for (_, value) in example.callback.iter_mut().flat_map(|callback| &mut callback.0) {
        if value.value.to_lowercase().contains(email.key()) {
            value.value = without_address(&value.value, email.key());
        }
    }
    for exchange in example.exchanges.iter_mut().flat_map(|exchanges| &mut exchanges.0) {
        let answer = &mut exchange.answer;
        answer.json = answer.json.take().map(|json| RawJson(without_matching(&json.0, &is_address)));
        answer.form =
            answer.form.take().map(|form| NamedValues(form.0.into_iter().filter(|(_, value)| !is_address(&value.value)).collect()));
        if let Some(text) = &mut answer.text {
            text.value = without_address(&text.value, email.key());
        }
    }
    Some(example)
}

/// A value without the members and items that are the address.
fn without_matching(value: &Value, is_address: &dyn Fn(&str) -> bool) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !value.as_str().is_some_and(is_address));
            kept.map(|(name, value)| (name.clone(), without_matching(value, is_address))).collect::<Map<_, _>>().into()
        }
        Value::Array(list) => {
            list.iter().filter(|value| !value.as_str().is_some_and(is_address)).map(|value| without_matching(value, is_address)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// A text without an address, in capitals or not.
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

/// The example with an answer that has lost its envelope, or has got one.
pub(super) fn with_changed_envelope(example: &ExampleSpec, at: usize) -> Option<ExampleSpec> {
    let mut example = example.clone();
    let answer = &mut example.exchanges.as_mut()?.0.get_mut(at)?.answer;
    let json = &answer.json.as_ref()?.0;
    let envelope = json.as_object().filter(|members| members.len() == 1).and_then(|members| members.values().next());
    let other = envelope.filter(|inside| inside.is_object() || inside.is_array()).cloned();
    answer.json = Some(RawJson(other.unwrap_or_else(|| json!({ "envelope": json }))));
    Some(example)
}

/// The example with another state in its callback.
pub(super) fn with_wrong_state(example: &ExampleSpec) -> ExampleSpec {
    let mut example = example.clone();
    let place = example.place;
    let callback = example.callback.get_or_insert_with(|| {
        let pair = |name: &str, value: &str| (Located::new(name.to_owned(), place), Located::new(value.to_owned(), place));
        NamedValues(vec![pair("code", "c-1"), pair("state", "‹state›")])
    });
    for (_, value) in &mut callback.0 {
        value.value = value.value.replace("‹state›", "somebody-elses");
    }
    example
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_removed_in_capitals_and_in_small_letters() {
        assert_eq!(without_address("{\"email\":\"Ana@Loja.example\"}", "ana@loja.example"), "{\"email\":\"\"}");
        let is_address = |text: &str| text == "ana@loja.example";
        let answer = json!({ "a": "ana@loja.example", "b": [ { "value": "ana@loja.example", "primary": true }, "ana@loja.example" ] });
        assert_eq!(without_matching(&answer, &is_address), json!({ "b": [ { "primary": true } ] }));
    }
}

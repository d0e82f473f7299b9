//! A recorded example with the values of a real login in place of its stand-ins, with a fresh authorization code, and with times
//! counted from now.

use crate::provider::Provider;
use crate::provider::callback::CallbackParameters;
use crate::provider::facts::Facts;
use crate::provider::functions::table::decode_base64;
use crate::provider::moment;
use crate::vocabulary::place::Located;
use crate::vocabulary::text::Text;
use crate::vocabulary::words::NamedValues;
use crate::workbench::examples::example::{ExampleAnswerSpec, ExampleSpec, RawJson};
use crate::workbench::examples::stand_ins::{NOW, stand_in};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// The claims that are times.
const TIME_CLAIMS: &[&str] = &["exp", "iat", "nbf", "auth_time"];

/// The replacements in an example.
pub(super) struct ExampleReplacements {
    /// Stand-ins and their values.
    stand_ins: Vec<(String, String)>,
    /// Values of the example and those of this login, which replace whole words only.
    words: Vec<(String, String)>,
    /// The seconds between the time of the example and now.
    elapsed: i64,
}

impl ExampleReplacements {
    pub(crate) fn for_login(provider: &Provider, example: &ExampleSpec, facts: &Facts, now: i64) -> Self {
        let stand_ins = facts.iter().map(|(slot, value)| (stand_in(provider.names.name(slot)), value.expose().to_owned())).collect();
        let given = example.facts.iter().chain(&example.inputs).flat_map(|named| &named.0);
        let mut words = Vec::new();
        let mut then = NOW;
        for (name, value) in given {
            if name.value == "now" {
                then = moment::parse_moment(&value.value).map_or(NOW, |moment| moment.timestamp());
                continue;
            }
            if let Some(own) = provider.names.find(&name.value).and_then(|slot| facts.get(slot))
                && own.expose() != value.value
                && value.value.len() > 2
            {
                words.push((value.value.clone(), own.expose().to_owned()));
            }
        }
        // An answer may say what time it is.
        if now != then {
            words.push((then.to_string(), now.to_string()));
        }
        Self { stand_ins, words, elapsed: now - then }
    }

    /// The example of this login, and its authorization code, to which `unique` is appended.
    pub(crate) fn replace_in_example(
        &self,
        provider: &Provider,
        example: &ExampleSpec,
        facts: &Facts,
        unique: &str,
    ) -> (ExampleSpec, Option<String>) {
        let mut example = example.clone();
        for (_, token) in example.tokens.iter_mut().flat_map(|tokens| &mut tokens.0) {
            token.claims = RawJson(self.replace_in_claims(&token.claims.0));
        }
        let place = example.place;
        let callback = example.callback.get_or_insert_with(|| {
            let pair = |name: &str, value: &str| (Located::new(name.to_owned(), place), Located::new(value.to_owned(), place));
            let state = (!provider.begins_by_form()).then(|| pair("state", "‹state›"));
            NamedValues(std::iter::once(pair("code", "c-1")).chain(state).collect())
        });
        for (_, value) in &mut callback.0 {
            value.value = self.replace_in_payload(&value.value);
        }
        let document = CallbackParameters::new(callback.0.iter().map(|(name, value)| (&name.value, value.value.clone()))).document();
        let read = provider.authorization.reads.iter().find(|read| read.fact == provider.known.code);
        let recorded = read.and_then(|read| read.reading.evaluate(Some(&document), facts).ok()).map(|code| code.expose().to_owned());
        let mut code = None;
        if let Some(recorded) = recorded.filter(|recorded| !recorded.is_empty()) {
            let own = format!("{recorded}-{unique}");
            for (_, value) in callback.0.iter_mut().filter(|(_, value)| value.value == recorded) {
                value.value.clone_from(&own);
                code = Some(own.clone());
            }
        }
        for exchange in example.prepare.iter_mut().chain(&mut example.exchanges).flat_map(|exchanges| &mut exchanges.0) {
            self.replace_in_answer(&mut exchange.answer);
        }
        (example, code)
    }

    pub(crate) fn replace_in_answer(&self, answer: &mut ExampleAnswerSpec) {
        answer.json = answer.json.take().map(|json| RawJson(self.replace_in_json(&json.0)));
        if let Some(text) = &mut answer.text {
            text.value = self.replace_in_text(&text.value);
        }
        for (_, value) in answer.form.iter_mut().chain(&mut answer.headers).flat_map(|named| &mut named.0) {
            value.value = self.replace_in_text(&value.value);
        }
    }

    /// Replaces in a parameter of the callback, which may be a text in base64.
    fn replace_in_payload(&self, text: &str) -> String {
        match decode_base64(text).filter(|inside| inside.contains('‹')) {
            Some(inside) => STANDARD.encode(self.replace_in_text(&inside)),
            None => self.replace_in_text(text),
        }
    }

    pub(crate) fn replace_in_text(&self, text: &str) -> String {
        let replaced = self.words.iter().fold(text.to_owned(), |text, (old, new)| replace_word(&text, old, new));
        self.stand_ins.iter().fold(replaced, |text, (name, value)| text.replace(name, value))
    }

    pub(crate) fn replace_in_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.replace_in_text(text)),
            Value::Array(list) => Value::Array(list.iter().map(|value| self.replace_in_json(value)).collect()),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.replace_in_json(value))).collect::<Map<_, _>>().into()
            }
            Value::Number(number) => {
                let text = number.to_string();
                let replaced = self.words.iter().find(|(old, _)| *old == text).and_then(|(_, new)| new.parse().ok());
                replaced.map_or_else(|| value.clone(), Value::Number)
            }
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }

    fn replace_in_claims(&self, claims: &Value) -> Value {
        let mut replaced = self.replace_in_json(claims);
        for (name, value) in replaced.as_object_mut().into_iter().flatten() {
            // The elapsed time is added to the recorded moment; `replace_in_json` may have replaced it already.
            if TIME_CLAIMS.contains(&name.as_str())
                && let Some(moment) = claims.get(name).and_then(Value::as_i64)
            {
                *value = Value::from(moment.saturating_add(self.elapsed));
            }
        }
        replaced
    }
}

/// Replaces a value where it is a whole word.
pub(super) fn replace_text(text: &str, old: &Text, new: &Text) -> String {
    replace_word(text, old.expose(), new.expose())
}

/// Replaces `old` where it is a whole word.
fn replace_word(text: &str, old: &str, new: &str) -> String {
    let is_part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let (mut written, mut rest, mut before) = (String::new(), text, None);
    while let Some(at) = rest.find(old).filter(|_| !old.is_empty()) {
        let (head, tail) = rest.split_at(at);
        let tail = &tail[old.len()..];
        let is_inside = is_part(head.chars().next_back().or(before)) || is_part(tail.chars().next());
        written.push_str(head);
        written.push_str(if is_inside { old } else { new });
        before = old.chars().next_back();
        rest = tail;
    }
    written.push_str(rest);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_are_replaced() {
        for (text, expected) in [
            ("https://acme.idp.example/acme", "https://loja.idp.example/loja"),
            ("acmes macme acme_1", "acmes macme acme_1"),
            ("acme", "loja"),
            ("acmeacme", "acmeacme"),
            ("", ""),
        ] {
            assert_eq!(replace_word(text, "acme", "loja"), expected);
        }
        assert_eq!(replace_word("a", "", "x"), "a");
    }
}

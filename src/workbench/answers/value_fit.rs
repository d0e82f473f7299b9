//! How well a value fits the meaning of what is looked for.

use crate::provider::json_path::scalar_text;
use crate::vocabulary::email::Email;
use crate::workbench::answers::looks::looks_like_url;
use crate::workbench::answers::meaning::FactMeaning;
use serde_json::Value;

/// How well a value fits, from 0 to 1; `None` if it cannot be meant.
pub(crate) fn value_fit(meaning: FactMeaning, value: &Value) -> Option<f32> {
    let text = scalar_text(value)?;
    let is_address = || text.contains('@') && Email::parse(&text).is_ok();
    let is_web = looks_like_url(&text);
    let flag = matches!(value, Value::Bool(_));
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let one_word = !text.chars().any(char::is_whitespace);
    match meaning {
        FactMeaning::Email => is_address().then_some(1.0),
        FactMeaning::Verified if flag => Some(1.0),
        FactMeaning::Verified => matches!(&*text, "true" | "false" | "1" | "0" | "yes" | "no").then_some(0.7),
        FactMeaning::Id if flag || !one_word || text.len() > 255 => None,
        FactMeaning::Id => Some(if is_web {
            0.2
        } else if is_address() {
            0.4
        } else {
            1.0
        }),
        FactMeaning::Name | FactMeaning::First | FactMeaning::Last if flag || is_web || matches!(value, Value::Number(_)) => None,
        FactMeaning::Name | FactMeaning::First | FactMeaning::Last => Some(if is_address() || digits { 0.3 } else { 1.0 }),
        FactMeaning::Picture => text.starts_with("https://").then_some(1.0),
        FactMeaning::Locale if flag || !one_word || text.len() > 35 => None,
        FactMeaning::Locale => {
            Some(if (2..=6).contains(&text.len()) && text.starts_with(|letter: char| letter.is_ascii_lowercase()) { 1.0 } else { 0.4 })
        }
        FactMeaning::Access | FactMeaning::Identity | FactMeaning::Refresh | FactMeaning::Code
            if flag || is_web || !looks_like_token(&text) || matches!(value, Value::Number(_)) =>
        {
            None
        }
        FactMeaning::Identity => text.starts_with("ey").then_some(1.0),
        FactMeaning::Access | FactMeaning::Refresh | FactMeaning::Code => Some(if text.len() >= 16 { 1.0 } else { 0.7 }),
        FactMeaning::Seconds => digits.then_some(1.0),
        FactMeaning::Other => Some(0.6),
    }
}

/// Whether a text has only visible ASCII characters, as codes and tokens have.
fn looks_like_token(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether a value alone shows that it is the one that is looked for, without the help of its key.
pub(crate) fn is_recognizable_by_look(meaning: FactMeaning, value: &Value) -> bool {
    let Some(text) = scalar_text(value) else { return false };
    match meaning {
        // A word in lower case is as often a kind or a state.
        FactMeaning::Name | FactMeaning::First | FactMeaning::Last => !text.starts_with(|letter: char| letter.is_ascii_lowercase()),
        FactMeaning::Locale => {
            let (language, country) = text.split_once(['-', '_']).unwrap_or((&text, ""));
            let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
            language.len() == 2 && letters(language) && country.len() <= 4 && letters(country)
        }
        // Every word could be an id.
        FactMeaning::Id => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_an_address_is_taken_for_an_address_and_only_a_flag_for_a_proof() {
        assert_eq!(value_fit(FactMeaning::Email, &json!("ana@loja.example")), Some(1.0));
        assert_eq!(value_fit(FactMeaning::Email, &json!("ana")), None);
        assert_eq!(value_fit(FactMeaning::Verified, &json!(true)), Some(1.0));
        assert_eq!(value_fit(FactMeaning::Verified, &json!("ana")), None);
        assert_eq!(value_fit(FactMeaning::Picture, &json!("http://img.example/a.png")), None);
        assert_eq!(value_fit(FactMeaning::Id, &json!(true)), None);
        assert_eq!(value_fit(FactMeaning::Id, &json!({ "a": 1 })), None);
        assert_eq!(value_fit(FactMeaning::Access, &json!("a sentence")), None);
    }

    #[test]
    fn a_name_and_a_language_are_known_by_their_look() {
        assert!(
            is_recognizable_by_look(FactMeaning::Name, &json!("Ana Prova")) && is_recognizable_by_look(FactMeaning::Name, &json!("诺拉"))
        );
        assert!(!is_recognizable_by_look(FactMeaning::Name, &json!("active")));
        assert!(
            is_recognizable_by_look(FactMeaning::Locale, &json!("pt-BR"))
                && !is_recognizable_by_look(FactMeaning::Locale, &json!("active"))
        );
    }
}

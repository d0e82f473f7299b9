//! What a value looks like for what is looked for.

use crate::email::Email;
use crate::provider::selector::scalar_text;
use crate::workbench::repair::likeness::Meaning;
use serde_json::Value;

/// How well a value fits, from 0 to 1; nothing where it cannot be meant.
pub fn fit(meaning: Meaning, value: &Value) -> Option<f32> {
    let text = scalar_text(value)?;
    let is_address = || text.contains('@') && Email::parse(&text).is_ok();
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    let flag = matches!(value, Value::Bool(_));
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let one_word = !text.chars().any(char::is_whitespace);
    match meaning {
        Meaning::Email => is_address().then_some(1.0),
        Meaning::Verified if flag => Some(1.0),
        Meaning::Verified => matches!(&*text, "true" | "false" | "1" | "0" | "yes" | "no").then_some(0.7),
        Meaning::Id if flag || !one_word || text.len() > 255 => None,
        Meaning::Id => Some(if is_web {
            0.2
        } else if is_address() {
            0.4
        } else {
            1.0
        }),
        Meaning::Name | Meaning::First | Meaning::Last if flag || is_web || matches!(value, Value::Number(_)) => None,
        Meaning::Name | Meaning::First | Meaning::Last => Some(if is_address() || digits { 0.3 } else { 1.0 }),
        Meaning::Picture => text.starts_with("https://").then_some(1.0),
        Meaning::Locale if flag || !one_word || text.len() > 35 => None,
        Meaning::Locale => {
            Some(if (2..=6).contains(&text.len()) && text.starts_with(|letter: char| letter.is_ascii_lowercase()) { 1.0 } else { 0.4 })
        }
        Meaning::Access | Meaning::Identity | Meaning::Refresh | Meaning::Code
            if flag || is_web || !one_word || matches!(value, Value::Number(_)) =>
        {
            None
        }
        Meaning::Identity => text.starts_with("ey").then_some(1.0),
        Meaning::Access | Meaning::Refresh | Meaning::Code => Some(if text.len() >= 16 { 1.0 } else { 0.7 }),
        Meaning::Seconds => digits.then_some(1.0),
        Meaning::Other => Some(0.6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_an_address_is_taken_for_an_address_and_only_a_flag_for_a_proof() {
        assert_eq!(fit(Meaning::Email, &json!("ana@loja.example")), Some(1.0));
        assert_eq!(fit(Meaning::Email, &json!("ana")), None);
        assert_eq!(fit(Meaning::Verified, &json!(true)), Some(1.0));
        assert_eq!(fit(Meaning::Verified, &json!("ana")), None);
        assert_eq!(fit(Meaning::Picture, &json!("http://img.example/a.png")), None);
        assert_eq!(fit(Meaning::Id, &json!(true)), None);
        assert_eq!(fit(Meaning::Id, &json!({ "a": 1 })), None);
    }
}

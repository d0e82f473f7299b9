//! What a value looks like, for readers who must not see the value.

use crate::vocabulary::email::Email;
use crate::vocabulary::lookalikes::is_imitation;
use crate::vocabulary::text::Text;
use serde_json::Value;
use std::fmt;

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looks {
    /// `null` or an empty text.
    Empty,
    /// `true` or `false`.
    YesOrNo,
    /// A whole number, with the number of its digits.
    Digits(usize),
    Number,
    /// An e-mail address.
    Address,
    /// An e-mail address, or a text that imitates one, that mixes scripts or is written with letters that look like others.
    Imitation,
    /// A web address.
    Web,
    /// A text, with the number of its characters.
    Text(usize),
}

impl Looks {
    pub(crate) fn from_text(text: &str) -> Self {
        let is_whole = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text {
            "" => Self::Empty,
            "true" | "false" => Self::YesOrNo,
            _ if is_whole(text) => Self::Digits(text.len()),
            _ if is_imitation(text) => Self::Imitation,
            _ if Email::parse(text).is_ok() => Self::Address,
            _ if text.starts_with("https://") || text.starts_with("http://") => Self::Web,
            _ => Self::Text(text.chars().count()),
        }
    }

    pub(crate) fn from_fact(text: &Text) -> Self {
        text.judged(Self::from_text)
    }

    /// What a scalar of an answer looks like; `None` for lists and objects.
    pub(crate) fn from_value(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Empty,
            Value::Bool(_) => Self::YesOrNo,
            Value::Number(number) => match Self::from_text(&number.to_string()) {
                Self::Digits(digits) => Self::Digits(digits),
                _ => Self::Number,
            },
            Value::String(text) => match Self::from_text(text) {
                // A text of digits is a text, and not a number.
                Self::Digits(_) | Self::YesOrNo => Self::Text(text.chars().count()),
                looks => looks,
            },
            Value::Array(_) | Value::Object(_) => return None,
        })
    }

    /// The word and the number that stories store. The pages translate the word.
    pub(crate) fn word(self) -> (&'static str, Option<usize>) {
        match self {
            Self::Empty => ("empty", None),
            Self::YesOrNo => ("yesOrNo", None),
            Self::Digits(many) => ("digits", Some(many)),
            Self::Number => ("number", None),
            Self::Address => ("address", None),
            Self::Imitation => ("imitation", None),
            Self::Web => ("web", None),
            Self::Text(many) => ("text", Some(many)),
        }
    }

    /// Reads what [`Self::word`] wrote.
    pub(crate) fn from_word(word: &str, many: Option<usize>) -> Option<Self> {
        Some(match (word, many) {
            ("empty", _) => Self::Empty,
            ("yesOrNo", _) => Self::YesOrNo,
            ("digits", Some(many)) => Self::Digits(many),
            ("number", _) => Self::Number,
            ("address", _) => Self::Address,
            ("imitation", _) => Self::Imitation,
            ("web", _) => Self::Web,
            ("text", Some(many)) => Self::Text(many),
            _ => return None,
        })
    }
}

impl fmt::Display for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty"),
            Self::YesOrNo => f.write_str("yes or no"),
            Self::Digits(1) => f.write_str("one digit"),
            Self::Digits(many) => write!(f, "{many} digits"),
            Self::Number => f.write_str("number"),
            Self::Address => f.write_str("e-mail address"),
            Self::Imitation => f.write_str("e-mail address that mixes scripts or imitates letters"),
            Self::Web => f.write_str("web address"),
            Self::Text(many) => write!(f, "text, {many}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_has_looks_and_a_word_for_them() {
        for (value, english) in [
            (json!(null), "empty"),
            (json!(""), "empty"),
            (json!(true), "yes or no"),
            (json!(123), "3 digits"),
            (json!(1.5), "number"),
            (json!("123"), "text, 3"),
            (json!("ana@loja.example"), "e-mail address"),
            (json!("ana@l\u{43e}ja.example"), "e-mail address that mixes scripts or imitates letters"),
            (json!("v\u{131}ctim@loja.example"), "e-mail address that mixes scripts or imitates letters"),
            (json!("https://loja.example/ana.png"), "web address"),
            (json!("José"), "text, 4"),
        ] {
            let looks = Looks::from_value(&value).unwrap();
            let (word, many) = looks.word();

            assert_eq!(looks.to_string(), english);
            assert_eq!(Looks::from_word(word, many), Some(looks));
        }
        assert_eq!(Looks::from_value(&json!([])), None);
    }
}

//! Parses JSON from outside: within bounds, with all digits of its numbers, and without repeated keys.

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::fmt;

/// The deepest nesting that is read.
const DEEPEST: usize = 32;
/// The most values that are read.
const MOST: usize = 10_000;
/// The longest text that is read.
const LONGEST: usize = 64 * 1024;
/// The key under which `serde_json` passes a number with all its digits.
const NUMBER: &str = "$serde_json::private::Number";

/// Parses one document. The error contains none of its values.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, String> {
    let count = Cell::new(0);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = BoundedJsonSeed { count: &count, depth: 0 }.deserialize(&mut reader).map_err(|error| describe_error(&error))?;
    reader.end().map_err(|_| "something follows after its end".to_owned())?;
    Ok(value)
}

fn describe_error(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => {
            let text = error.to_string();
            text.split(" at line").next().unwrap_or_default().to_owned()
        }
        serde_json::error::Category::Eof => "it ends too early".to_owned(),
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
            format!("it breaks off at line {}, column {}", error.line(), error.column())
        }
    }
}

#[derive(Clone, Copy)]
struct BoundedJsonSeed<'a> {
    count: &'a Cell<usize>,
    depth: usize,
}

impl BoundedJsonSeed<'_> {
    fn nested(self) -> Self {
        Self { depth: self.depth.saturating_add(1), ..self }
    }
}

impl<'de> DeserializeSeed<'de> for BoundedJsonSeed<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.count.set(self.count.get().saturating_add(1));
        if self.count.get() > MOST {
            return Err(D::Error::custom(format_args!("it holds more than {MOST} values")));
        }
        if self.depth > DEEPEST {
            return Err(D::Error::custom(format_args!("it is nested more than {DEEPEST} levels deep")));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for BoundedJsonSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    // Numbers arrive as a map with their digits; whole numbers that fit may arrive as integers.
    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Value, E> {
        if text.len() > LONGEST {
            return Err(E::custom(format_args!("it holds a text of more than {LONGEST} bytes")));
        }
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self.nested())? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == NUMBER && values.is_empty() {
                let digits: String = map.next_value()?;
                return digits.parse::<Number>().map(Value::Number).map_err(|_| A::Error::custom("a number is not a number"));
            }
            let value = map.next_value_seed(self.nested())?;
            if values.insert(key, value).is_some() {
                return Err(A::Error::custom("a key stands in it twice"));
            }
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_is_kept() {
        let value = parse(br#"{"id":17841400771200455123456789,"x":1.0,"e":1e3}"#).unwrap();

        assert_eq!(value["id"].to_string(), "17841400771200455123456789");
        assert_eq!(value["x"].to_string(), "1.0");
    }

    /// Attacks T-05, T-06, T-07
    #[test]
    fn what_is_out_of_bounds_is_refused_without_its_values() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let wide = format!("[{}1]", "1,".repeat(MOST));
        let long = format!("\"{}\"", "hush".repeat(LONGEST));
        for text in
            [deep.as_str(), &wide, &long, r#"{"a":"hush","a":2}"#, "{\"hush\":", "{} {}", "", "\u{feff}{}", "nul", "\"\\ud800\"", "01"]
        {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(!error.contains("hush"), "{error}");
        }
        assert!(parse(b"\"\xff\"").is_err());
    }
}

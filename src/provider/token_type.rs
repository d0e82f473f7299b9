//! The type of an access token: a token that is not to be shown as a bearer token would be used wrongly (RFC 6749, section 7.1).

use crate::choice;
use crate::provider::json_path::JsonPath;
use serde_json::Value;

choice! {
    /// Which types of access token an answer may name.
    pub(crate) enum AcceptedTokenType {
        /// `Bearer`, in any case, or none.
        Bearer = "bearer",
        /// Any.
        Any = "any",
    }
}

impl AcceptedTokenType {
    /// Whether the type that an answer names at one of these places is accepted.
    pub(crate) fn accepts<'p>(self, places: impl IntoIterator<Item = &'p JsonPath>, document: &Value) -> bool {
        let mut named = places.into_iter().filter_map(|path| path.first(document));
        match self {
            Self::Any => true,
            Self::Bearer => named.all(|named| match named {
                Value::Null => true,
                Value::String(name) => name.trim().is_empty() || name.trim().eq_ignore_ascii_case("bearer"),
                Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
            }),
        }
    }
}

//! How the browser comes back: with which HTTP method, and how it brings the state.

use crate::choice;
use crate::provider::parameters::ParameterPairs;
use crate::vocabulary::text::Text;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;

choice! {
    /// By which method the browser comes back.
    pub(crate) enum CallbackMethod {
        /// By an address.
        Get = "get",
        /// By a form that the provider lets the browser send.
        Post = "post",
        /// By one or the other.
        Either = "either",
    }
}

choice! {
    /// How the state comes back.
    pub(crate) enum StateLocation {
        /// As a parameter.
        Query = "query",
        /// As the last part of the redirect address, for providers that drop parameters.
        Path = "path",
        /// As a parameter of the redirect address, for providers that drop the parameter `state` but keep the query of the redirect address.
        RedirectQuery = "redirectQuery",
        /// Only in the browser's cookie, for providers that give nothing back.
        Cookie = "cookie",
    }
}

impl StateLocation {
    /// Whether the state comes back as a parameter.
    pub(crate) fn is_parameter(self) -> bool {
        match self {
            Self::Query | Self::RedirectQuery => true,
            Self::Path | Self::Cookie => false,
        }
    }

    /// What stands in the redirect address between the registered address and the state, if the state stands there.
    pub(crate) fn separator_before_state(self) -> Option<&'static str> {
        match self {
            Self::Path => Some("/"),
            Self::RedirectQuery => Some("?state="),
            Self::Query | Self::Cookie => None,
        }
    }

    /// The redirect address of a login whose state this is.
    pub(crate) fn address_with(self, registered: String, state: &str) -> String {
        match self.separator_before_state() {
            Some(separator) => format!("{registered}{separator}{state}"),
            None => registered,
        }
    }
}

/// The parameters of a callback, in order.
#[derive(Clone, Debug, Default)]
pub struct CallbackParameters {
    /// Names and values.
    pub pairs: Vec<(Box<str>, Text)>,
}

impl CallbackParameters {
    /// A callback from its parameters. Every value is secret until it is known to be harmless.
    pub fn new<N: AsRef<str>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.as_ref().into(), Text::secret(value, &Arc::from(name.as_ref()))));
        Self { pairs: pairs.collect() }
    }

    /// The parameters, for a signature over them.
    pub(crate) fn as_pairs(&self) -> ParameterPairs<'_> {
        self.pairs.iter().map(|(name, value)| (Cow::Borrowed(&**name), Cow::Borrowed(value))).collect()
    }

    /// The name of a parameter that occurs more than once, if there is one.
    pub(crate) fn repeated_name(&self) -> Option<&str> {
        self.pairs
            .iter()
            .enumerate()
            .find(|(at, (name, _))| self.pairs.iter().take(*at).any(|(earlier, _)| earlier == name))
            .map(|(_, (name, _))| &**name)
    }

    /// The parameters as a document in which paths find things.
    pub fn document(&self) -> Value {
        let members: Map<String, Value> = self.as_sent().into_iter().map(|(name, value)| (name, Value::String(value))).collect();
        Value::Object(members)
    }

    /// The parameters in plain values, as the browser sends them.
    pub(crate) fn as_sent(&self) -> Vec<(String, String)> {
        self.pairs.iter().map(|(name, value)| (name.to_string(), value.expose().to_owned())).collect()
    }
}

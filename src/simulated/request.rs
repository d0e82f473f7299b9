//! A request to a simulated provider, as plain values.

use std::borrow::Cow;

/// A request below the address of a simulated provider.
#[derive(Clone, Copy, Debug)]
pub struct SimulatedRequest<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path below `base`, such as `/enter` or `/https/idp.example/token`; empty for `base` itself.
    pub path: &'a str,
    /// The query without `?`.
    pub query: &'a str,
    /// Names and values; names are compared without regard to case.
    pub headers: &'a [(&'a str, &'a str)],
    /// The bytes as they were received; empty where there is no body.
    pub body: &'a [u8],
    /// The broker's own address: the only place to which browsers are sent.
    pub public_url: &'a str,
    /// The address of the simulated provider, or its path.
    pub base: &'a str,
}

impl<'a> SimulatedRequest<'a> {
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// The fields of a submitted form, otherwise the parameters of the query.
    pub(crate) fn fields(&self) -> FormFields<'a> {
        FormFields::parse(if self.method == "POST" { self.body } else { self.query.as_bytes() })
    }
}

/// Names and values of a form or a query.
#[derive(Clone, Debug, Default)]
pub(crate) struct FormFields<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> FormFields<'a> {
    pub(crate) fn parse(text: &'a [u8]) -> Self {
        Self(url::form_urlencoded::parse(text).collect())
    }

    /// The value of a field; `None` if the field occurs twice or is empty.
    pub(crate) fn unique(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| &**value);
        values.next().filter(|value| values.next().is_none() && !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_counts_if_it_occurs_once_and_is_not_empty() {
        let request = SimulatedRequest {
            method: "GET",
            path: "",
            query: "a=1&b=2&b=3&c=&d=%C3%A9+x",
            headers: &[],
            body: b"a=9",
            public_url: "",
            base: "",
        };

        let fields = request.fields();

        for (name, expected) in [("a", Some("1")), ("b", None), ("c", None), ("d", Some("é x")), ("e", None)] {
            assert_eq!(fields.unique(name), expected, "{name}");
        }
        assert_eq!(SimulatedRequest { method: "POST", ..request }.fields().unique("a"), Some("9"));
    }
}

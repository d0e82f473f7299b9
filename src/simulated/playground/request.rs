//! What is asked: a request below `/playground`, as plain values.

use std::borrow::Cow;

/// A request below `/playground`.
#[derive(Clone, Copy, Debug)]
pub struct PlaygroundRequest<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path behind `/playground`, such as `/enter`; nothing for `/playground` itself.
    pub path: &'a str,
    /// The query without `?`.
    pub query: &'a str,
    /// The headers; `Accept-Language` chooses the language of the pages.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
    /// The broker's own address: the only place to which browsers are sent.
    pub public_url: &'a str,
}

impl<'a> PlaygroundRequest<'a> {
    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// What the browser brought: the fields of a form that was sent, otherwise the parameters of the address.
    pub(super) fn fields(&self) -> PlaygroundFields<'a> {
        let text = if self.method == "POST" { self.body } else { self.query.as_bytes() };
        PlaygroundFields(url::form_urlencoded::parse(text).collect())
    }
}

/// Names and values that a browser brought.
#[derive(Clone, Debug, Default)]
pub(super) struct PlaygroundFields<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl PlaygroundFields<'_> {
    /// The value of a field; nothing when it stands there twice, or is empty.
    pub(super) fn unique(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| &**value);
        values.next().filter(|value| values.next().is_none() && !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_counts_once_and_only_if_it_says_something() {
        let asked =
            PlaygroundRequest { method: "GET", path: "", query: "a=1&b=2&b=3&c=&d=%C3%A9+x", headers: &[], body: b"a=9", public_url: "" };

        let fields = asked.fields();

        for (name, expected) in [("a", Some("1")), ("b", None), ("c", None), ("d", Some("é x")), ("e", None)] {
            assert_eq!(fields.unique(name), expected, "{name}");
        }
        assert_eq!(PlaygroundRequest { method: "POST", ..asked }.fields().unique("a"), Some("9"));
    }
}

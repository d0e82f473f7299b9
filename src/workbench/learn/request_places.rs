//! The places of a request that hold values: what one login sent at a place is compared with what the others sent there.

use crate::provider::json;
use crate::workbench::answers::path::PathSegment;
use crate::workbench::learn::document::leaves_of;
use crate::workbench::recorded_exchange::{RecordedExchange, decode_form_text, host_of};
use percent_encoding::percent_decode_str;

/// A place of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestPlace<'p> {
    /// The host with its port.
    Host,
    /// A label of the host, from 0.
    Label(usize),
    /// A segment of the path, from 0.
    Segment(usize),
    /// A parameter of the address, and how many of the same name precede it.
    Parameter(&'p str, usize),
    /// A parameter of the form, and how many of the same name precede it.
    Field(&'p str, usize),
    Header(&'p str),
    /// A value of a JSON body.
    Member(&'p [PathSegment]),
    /// The body as it is.
    Body,
}

impl RequestPlace<'_> {
    /// What a request has at this place.
    pub(crate) fn value_in(self, exchange: &RecordedExchange) -> Option<String> {
        let nth = |pairs: Vec<(String, String)>, name: &str, at: usize| {
            pairs.into_iter().filter(|(known, _)| known == name).nth(at).map(|(_, value)| value)
        };
        match self {
            Self::Host => Some(host_of(exchange.base()).to_owned()),
            Self::Label(at) => host_of(exchange.base()).split('.').nth(at).map(str::to_owned),
            Self::Segment(at) => path_segments(exchange.base()).nth(at).map(decode_segment),
            Self::Parameter(name, at) => nth(exchange.query(), name, at),
            Self::Field(name, at) => nth(exchange.form().unwrap_or_default(), name, at),
            Self::Header(name) => exchange.header(name).map(str::to_owned),
            Self::Member(keys) => {
                let document = json::parse(exchange.body.as_ref()?.as_bytes()).ok()?;
                leaves_of(&document).into_iter().find(|leaf| leaf.keys == keys).map(|leaf| leaf.text)
            }
            Self::Body => exchange.body.clone(),
        }
    }
}

/// The segments of the path of an address, as they were sent.
pub(crate) fn path_segments(base: &str) -> impl Iterator<Item = &str> {
    base.split('/').skip(3)
}

/// A segment of a path, decoded. A plus sign is one there.
pub(crate) fn decode_segment(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8().map_or_else(|_| decode_form_text(segment), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_gives_its_value() {
        let exchange = RecordedExchange {
            method: "POST".to_owned(),
            address: "https://nord.idp.example/users/a%3A8812/me?v=1&v=2".to_owned(),
            headers: vec![("X-Key".to_owned(), "k".to_owned())],
            body: Some("{\"a\":{\"b\":[7]}}".to_owned()),
            ..RecordedExchange::default()
        };
        let keys = [PathSegment::Key("a".to_owned()), PathSegment::Key("b".to_owned()), PathSegment::Index(0)];

        for (place, value) in [
            (RequestPlace::Label(0), "nord"),
            (RequestPlace::Segment(1), "a:8812"),
            (RequestPlace::Parameter("v", 1), "2"),
            (RequestPlace::Header("x-key"), "k"),
            (RequestPlace::Member(&keys), "7"),
        ] {
            assert_eq!(place.value_in(&exchange).as_deref(), Some(value), "{place:?}");
        }
        assert_eq!(RequestPlace::Field("a", 0).value_in(&exchange), None);
    }
}

//! The word `status` of `refused` and `accepted`: which HTTP statuses are meant.

use crate::vocabulary::place::Place;
use crate::vocabulary::words::{Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::YamlNode;
use std::fmt;

/// One status, a class of statuses, or every status.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatusPattern {
    pub(crate) place: Place,
    kind: StatusKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StatusKind {
    Any,
    /// `4xx`, by its first digit.
    Class(u16),
    One(u16),
}

impl StatusPattern {
    pub(crate) fn includes(self, status: u16) -> bool {
        match self.kind {
            StatusKind::Any => true,
            StatusKind::Class(class) => status / 100 == class,
            StatusKind::One(one) => status == one,
        }
    }

    pub(crate) fn is_any(self) -> bool {
        self.kind == StatusKind::Any
    }

    /// Whether it is a status of success or the class of them.
    pub(crate) fn is_success(self) -> bool {
        match self.kind {
            StatusKind::Any => false,
            StatusKind::Class(class) => class == 2,
            StatusKind::One(one) => is_success(one),
        }
    }
}

/// The statuses that an answer can have; those below are only announcements.
pub(crate) const STATUSES: std::ops::RangeInclusive<u16> = 200..=599;

/// Whether a status says yes: 200 to 299.
pub(crate) fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

impl fmt::Display for StatusPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            StatusKind::Any => f.write_str("any"),
            StatusKind::Class(class) => write!(f, "{class}xx"),
            StatusKind::One(one) => write!(f, "{one}"),
        }
    }
}

impl WordValue for StatusPattern {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        let kind = match text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
            Some(class) => class.parse().ok().filter(|class| (2..=5).contains(class)).map(StatusKind::Class),
            None if *text == "any" => Some(StatusKind::Any),
            None => text.parse().ok().filter(|one| STATUSES.contains(one)).map(StatusKind::One),
        };
        if kind.is_none() {
            let help = "write a status such as `404`, a class such as `4xx`, a list of them, or `any`";
            reader.complain(text.place, format!("`{}` is no HTTP status", text.value), help);
        }
        kind.map(|kind| Self { place: text.place, kind })
    }
    fn shape() -> ValueShape {
        ValueShape::Text("a status (`404`), a class (`4xx`) or `any`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::place::Source;
    use crate::vocabulary::yaml;

    #[test]
    fn a_status_a_class_and_any_are_read_and_nothing_else() {
        for (text, inside, outside) in [("404", 404, 405), ("4xx", 499, 500), ("2XX", 204, 302)] {
            let node = yaml::parse(&Source::new("s.yaml", text)).unwrap().0;
            let pattern = StatusPattern::read(&node, &mut Reader::default()).unwrap();

            assert!(pattern.includes(inside) && !pattern.includes(outside), "{text}");
        }
        for text in ["any", "4x", "1xx", "6xx", "99", "100", "199", "600", "999", "ok", "-1", "\"4xx \"", "[]"] {
            let node = yaml::parse(&Source::new("s.yaml", text)).unwrap().0;

            assert_eq!(StatusPattern::read(&node, &mut Reader::default()).is_some(), text == "any", "{text}");
        }
    }
}

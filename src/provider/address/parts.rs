//! The parts of an address: which of them a hole stands in decides what it may hold.

use crate::provider::template::{Template, TemplatePiece};

/// A part of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressPart {
    /// The address begins with a hole: scheme and host come with it.
    Base,
    Host,
    Path,
    Query,
    Fragment,
}

pub(crate) fn split_into_parts(template: &Template) -> Vec<(AddressPart, TemplatePiece)> {
    let mut parts = Vec::new();
    let mut zone = if matches!(template.pieces().first(), Some(TemplatePiece::Hole(_))) { AddressPart::Base } else { AddressPart::Host };
    let mut scheme_seen = zone == AddressPart::Base;
    for piece in template.pieces() {
        let TemplatePiece::Literal(text) = piece else {
            parts.push((zone, piece.clone()));
            if zone == AddressPart::Base {
                zone = AddressPart::Path;
            }
            continue;
        };
        let mut rest = &**text;
        if !scheme_seen {
            scheme_seen = true;
            let end = rest.find("://").map_or(0, |at| at + 3);
            parts.push((AddressPart::Host, TemplatePiece::Literal(rest[..end].into())));
            rest = &rest[end..];
        }
        while !rest.is_empty() {
            let next = match zone {
                AddressPart::Base | AddressPart::Host => rest.find(['/', '?', '#']),
                AddressPart::Path => rest.find(['?', '#']),
                AddressPart::Query => rest.find('#'),
                AddressPart::Fragment => None,
            };
            let end = next.unwrap_or(rest.len());
            if end > 0 {
                parts.push((zone, TemplatePiece::Literal(rest[..end].into())));
            }
            let Some(mark) = rest[end..].chars().next() else { break };
            zone = match mark {
                '/' => AddressPart::Path,
                '?' => AddressPart::Query,
                _ => AddressPart::Fragment,
            };
            if mark == '/' {
                parts.push((AddressPart::Path, TemplatePiece::Literal("/".into())));
            } else {
                parts.push((zone, TemplatePiece::Literal("".into())));
            }
            rest = &rest[end + 1..];
        }
    }
    parts
}

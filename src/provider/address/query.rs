//! The literal query of an address. A secret that is written out in it is never shown.

use crate::provider::address::Address;
use crate::provider::address::parts::AddressPart;
use crate::provider::template::TemplatePiece;
use crate::vocabulary::text::Text;
use crate::vocabulary::written_secret::secrets_in_query;
use std::sync::Arc;

impl Address {
    /// The secrets that are written out in its query.
    pub(crate) fn written_secrets(&self) -> Vec<Text> {
        let literals = self.parts.iter().filter_map(|(zone, piece)| match piece {
            TemplatePiece::Literal(text) if *zone == AddressPart::Query => Some(text),
            TemplatePiece::Literal(_) | TemplatePiece::Hole(_) => None,
        });
        literals
            .flat_map(|text| secrets_in_query(text).into_iter().map(move |(name, bytes)| secret(name, text, bytes.start, bytes.end)))
            .collect()
    }
}

fn secret(name: &str, query: &str, start: usize, end: usize) -> Text {
    Text::secret(query.get(start..end).unwrap_or_default(), &Arc::from(name))
}

/// Adds a literal part of a query.
pub(super) fn push_query(text: &str, into: &mut Text) {
    let mut at = 0;
    for (name, bytes) in secrets_in_query(text) {
        into.push_str(text.get(at..bytes.start).unwrap_or_default());
        into.push(&secret(name, text, bytes.start, bytes.end));
        at = bytes.end;
    }
    into.push_str(text.get(at..).unwrap_or_default());
}

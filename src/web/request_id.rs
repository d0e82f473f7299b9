//! The id of a request: in each of its lines of the log, and in the header `X-Request-Id` of its answer. A trusted proxy may give it, so that its
//! own log names the same request.

use crate::web::app::App;
use crate::world::random;
use crate::world::traces::TraceSpan;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Data;
use std::ops::RangeInclusive;
use tracing::Span;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// How many hexadecimal digits an id has that is taken from a proxy.
const DIGITS: RangeInclusive<usize> = 16..=64;
/// The parts of a UUID.
const UUID_PARTS: [usize; 5] = [8, 4, 4, 4, 12];

/// An id, which is no secret and says nothing of a person.
pub(crate) struct RequestId(Box<str>);

impl RequestId {
    /// That which a trusted proxy gives the request, or a new one.
    pub(crate) fn of(request: &ServiceRequest) -> Self {
        Self::given(request).unwrap_or_else(|| Self(random::id()))
    }

    fn given(request: &ServiceRequest) -> Option<Self> {
        let given = request.headers().get(HEADER)?.to_str().ok().filter(|given| is_id(given))?;
        is_from_trusted_proxy(request).then(|| Self(given.into()))
    }

    /// The span of the lines of the log.
    pub(crate) fn span(&self, traced: &TraceSpan) -> Span {
        traced.text("portaria.request.id", &self.0);
        tracing::error_span!("request", id = &*self.0, trace_id = traced.trace_id())
    }

    /// The header of the answer.
    pub(crate) fn header(&self) -> (HeaderName, HeaderValue) {
        (HEADER, HeaderValue::from_str(&self.0).unwrap_or(HeaderValue::from_static("")))
    }
}

/// Whether a proxy sends the request that `trustedProxies` names.
pub(crate) fn is_from_trusted_proxy(request: &ServiceRequest) -> bool {
    let (Some(app), Some(peer)) = (request.app_data::<Data<App>>(), request.peer_addr()) else { return false };
    let (live_config, request) = (app.live_config(), request.request());
    let live_store = live_config.store_of_question(request).or_else(|| live_config.store_of_internal_request(request));
    live_store.is_some_and(|live_store| live_store.store.is_proxy(peer.ip()))
}

/// Whether a text can be an id in a line of the log: a UUID, or hexadecimal digits. Many proxies hand on what a client sends, so a name, or a
/// number by which persons, cards or invoices are known, is none.
fn is_id(text: &str) -> bool {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_letter = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    let is_uuid = || text.split('-').map(str::len).eq(UUID_PARTS) && text.split('-').all(is_hex);
    has_letter && ((DIGITS.contains(&text.len()) && is_hex(text)) || is_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_or_hexadecimal_digits_and_no_name_or_number() {
        for (text, expected) in [
            ("4bf92f3577b34da6a3ce929d0e0e4736", true),
            ("4BF92F3577B34DA6", true),
            ("5c6b1f0e-8d1a-4c55-9a0e-3f0f4c1d2b3a", true),
            ("5c6b1f0e-8d1a-4c55-9a0e-3f0f4c1d2b3", false),
            ("5c6b1f0e-8d1a-4c55-9a0e-3f0f4c1d2b3z", false),
            ("5c6b1f0e8d1a-4c55-9a0e-3f0f4c1d2b3a", false),
            ("-5c6b1f0e8d1a4c55", false),
            ("", false),
            ("ana@loja.example", false),
            ("ana.souza.de.oliveira", false),
            ("4bf92f3577b34da6 ", false),
            ("a\u{1b}[2J", false),
            // A CPF, a card, an invoice.
            ("52998224725", false),
            ("5299822472500000", false),
            (&*"5".repeat(44), false),
            (&*"a".repeat(64), true),
            (&*"a".repeat(65), false),
        ] {
            assert_eq!(is_id(text), expected, "{text}");
        }
    }
}

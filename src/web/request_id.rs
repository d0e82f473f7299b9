//! The id of a request: in each of its lines of the log, and in the header `X-Request-Id` of its answer. A trusted proxy may give it, so that its
//! own log names the same request.

use crate::web::app::App;
use crate::world::random;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Data;
use tracing::Span;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken from a proxy.
const LONGEST: usize = 64;

/// An id, which is no secret and says nothing of a person.
pub(crate) struct RequestId(Box<str>);

impl RequestId {
    /// That which a trusted proxy gives the request, or a new one.
    pub(crate) fn of(request: &ServiceRequest) -> Self {
        Self::given(request).unwrap_or_else(|| Self(random::id()))
    }

    fn given(request: &ServiceRequest) -> Option<Self> {
        let given = request.headers().get(HEADER)?.to_str().ok().filter(|given| is_id(given))?;
        let (live_config, peer) = (request.app_data::<Data<App>>()?.live_config(), request.peer_addr()?.ip());
        let live_store = live_config.store_of_request(request.request())?;
        live_store.store.is_proxy(peer).then(|| Self(given.into()))
    }

    /// The span of the lines of the log.
    pub(crate) fn span(&self) -> Span {
        tracing::error_span!("request", id = &*self.0)
    }

    /// The header of the answer.
    pub(crate) fn header(&self) -> (HeaderName, HeaderValue) {
        (HEADER, HeaderValue::from_str(&self.0).unwrap_or(HeaderValue::from_static("")))
    }
}

/// Whether a text can be an id in a line of the log.
fn is_id(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_short_word_of_letters_digits_and_few_signs() {
        for (text, expected) in [
            ("4bf92f3577b34da6a3ce929d0e0e4736", true),
            ("7f3c-11.a_b", true),
            ("", false),
            ("ana@loja.example", false),
            ("a b", false),
            ("a\u{1b}[2J", false),
            (&*"a".repeat(65), false),
        ] {
            assert_eq!(is_id(text), expected, "{text}");
        }
    }
}

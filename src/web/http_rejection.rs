//! Answers to requests that reach no handler: too large, too slow, or for an unknown host.

use crate::web::headers;
use crate::web::live_config::LiveConfig;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

fn plain_text(status: StatusCode, text: &str) -> HttpResponse {
    let mut response = HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(format!("{text}\n"));
    headers::add_security_headers(response.headers_mut(), None);
    response
}

/// The host belongs to no store. On loopback, where only the operator sees it, the page names the right address.
pub(crate) fn wrong_host(live_config: &LiveConfig) -> HttpResponse {
    let main = live_config.stores().main();
    if main.loopback {
        return plain_text(StatusCode::MISDIRECTED_REQUEST, &format!("nothing is served under this host; go to {}/login", main.public_url));
    }
    plain_text(StatusCode::MISDIRECTED_REQUEST, "nothing is served under this host")
}

pub(crate) fn address_too_long() -> HttpResponse {
    plain_text(StatusCode::URI_TOO_LONG, "the address is too long")
}

pub(crate) fn headers_too_large() -> HttpResponse {
    plain_text(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too large")
}

pub(crate) fn unsupported_coding() -> HttpResponse {
    plain_text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body has to come as it is, without a coding")
}

pub(crate) fn body_timeout() -> HttpResponse {
    plain_text(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")
}

/// The body is too large, or ended early.
pub(crate) fn unreadable_body(error: &actix_web::Error) -> HttpResponse {
    if error.as_response_error().status_code() == StatusCode::PAYLOAD_TOO_LARGE {
        return plain_text(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
    }
    plain_text(StatusCode::BAD_REQUEST, "the body broke off")
}

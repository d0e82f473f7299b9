//! The headers that every answer carries, written in one place.

use crate::stores::Store;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// What a page may do: nothing but its own style and pictures.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// Adds what is not there yet; an answer that has reasons of its own has set its own.
pub(crate) fn add_security_headers(headers: &mut HeaderMap, store: Option<&Store>) {
    let mut usual = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    usual(CACHE_CONTROL, "no-store");
    usual(REFERRER_POLICY, "no-referrer");
    usual(X_CONTENT_TYPE_OPTIONS, "nosniff");
    usual(X_FRAME_OPTIONS, "DENY");
    usual(CONTENT_SECURITY_POLICY, POLICY);
    usual(OPENER, "same-origin");
    usual(RESOURCE, "same-origin");
    usual(PERMISSIONS, "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()");
    if store.is_some_and(|store| store.secure) {
        usual(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

/// The policy of a page whose forms lead on to these places as well: browsers hold a form's redirects to it too.
pub(crate) fn policy_with_forms(places: &[String]) -> HeaderValue {
    let policy = POLICY.replace("form-action 'self'", &format!("form-action 'self' {}", places.join(" ")));
    HeaderValue::from_str(policy.trim_end()).unwrap_or(HeaderValue::from_static(POLICY))
}

/// The policy of the lab: its own script may fetch what is copied, and its forms lead to providers.
pub(crate) fn lab_policy(loopback: bool) -> HeaderValue {
    let near = if loopback { " http://localhost:* http://127.0.0.1:*" } else { "" };
    let policy = POLICY.replace("form-action 'self'", &format!("script-src 'self'; connect-src 'self'; form-action 'self' https:{near}"));
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(POLICY))
}

/// Lets pages of other origins load this.
pub(crate) fn cross_origin_allowed() -> (HeaderName, HeaderValue) {
    (RESOURCE, HeaderValue::from_static("cross-origin"))
}

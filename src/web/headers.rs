//! The headers that every response carries.

use crate::pages::FORM_POST_SCRIPT;
use crate::stores::Store;
use crate::vocabulary::hash::sha256;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A page may load its own style and pictures, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The path of the script for passkeys.
pub(crate) const PASSKEY_SCRIPT_PATH: &str = "/passkey.js";

const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// The mark of a request whose answer keeps the tie between its window and the page that opened it.
pub(crate) struct KeepsOpener;

/// Keeps that tie.
pub(crate) fn keep_opener(headers: &mut HeaderMap) {
    headers.insert(OPENER, HeaderValue::from_static("unsafe-none"));
}

/// Adds the headers that the answer has not set itself.
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

/// Where a form may lead whose redirects go to a provider; on loopback, to a port of this machine as well.
pub(crate) fn provider_destinations(loopback: bool) -> &'static str {
    if loopback { "https: http://localhost:* http://127.0.0.1:*" } else { "https:" }
}

/// The policy of a page whose forms lead to these origins as well: browsers apply it to the redirects of a form too.
pub(crate) fn policy_with_forms<'a>(destinations: impl IntoIterator<Item = &'a str>) -> HeaderValue {
    let destinations: Vec<&str> = destinations.into_iter().collect();
    let policy = POLICY.replace("form-action 'self'", &format!("form-action 'self' {}", destinations.join(" ")));
    HeaderValue::from_str(policy.trim_end()).unwrap_or(HeaderValue::from_static(POLICY))
}

/// The policy of a page that loads a script of ours.
pub(crate) fn policy_with_own_script() -> HeaderValue {
    HeaderValue::from_str(&POLICY.replace("form-action", "script-src 'self'; form-action")).unwrap_or(HeaderValue::from_static(POLICY))
}

/// The same for a page with the script for passkeys, and no other; `public_url` is the origin of the store.
pub(crate) fn policy_with_passkeys<'a>(public_url: &str, destinations: impl IntoIterator<Item = &'a str>) -> HeaderValue {
    let destinations: Vec<&str> = destinations.into_iter().collect();
    let (script, forms) = (format!("{public_url}{PASSKEY_SCRIPT_PATH}"), destinations.join(" "));
    let policy = POLICY.replace("form-action 'self'", &format!("script-src {script}; connect-src 'self'; form-action 'self' {forms}"));
    HeaderValue::from_str(policy.replace(" ; ", "; ").trim_end()).unwrap_or(HeaderValue::from_static(POLICY))
}

/// The policy of the page whose form posts itself to an app. The app may send the browser on to another of its hosts, and browsers apply
/// the policy to that redirect too.
pub(crate) fn form_post_policy(origin: &str) -> HeaderValue {
    let script = STANDARD.encode(sha256::<32>(FORM_POST_SCRIPT.as_bytes()));
    let destinations = app_destinations(origin);
    let policy = POLICY.replace("form-action 'self'", &format!("script-src 'sha256-{script}'; form-action {destinations}"));
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(POLICY))
}

/// Where a form may lead whose redirects go to an app with this origin, and on from there.
pub(crate) fn app_destinations(origin: &str) -> String {
    format!("{origin} {}", provider_destinations(origin.starts_with("http://")))
}

/// The policy of the lab: its script may fetch from the broker, and its forms lead to providers.
pub(crate) fn lab_policy(loopback: bool) -> HeaderValue {
    let forms = provider_destinations(loopback);
    let policy = POLICY.replace("form-action 'self'", &format!("script-src 'self'; connect-src 'self'; form-action 'self' {forms}"));
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(POLICY))
}

/// Lets pages of other origins load the answer.
pub(crate) fn cross_origin_allowed() -> (HeaderName, HeaderValue) {
    (RESOURCE, HeaderValue::from_static("cross-origin"))
}

//! The answers of `/auth`: who sends a request, in headers for the proxy, or a status alone.

use crate::vocabulary::text::percent_encode;
use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};

const EMAIL: HeaderName = HeaderName::from_static("x-auth-email");
const NAME: HeaderName = HeaderName::from_static("x-auth-name");
const UID: HeaderName = HeaderName::from_static("x-auth-uid");
const PROVIDER: HeaderName = HeaderName::from_static("x-auth-provider");
const STORE: HeaderName = HeaderName::from_static("x-auth-store");
const APP: HeaderName = HeaderName::from_static("x-auth-app");
const SCOPE: HeaderName = HeaderName::from_static("x-auth-scope");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Who sends a request. What is empty is not known, or does not exist.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IdentityOfCheck<'a> {
    pub(crate) email: &'a str,
    pub(crate) name: Option<&'a str>,
    pub(crate) uid: &'a str,
    pub(crate) provider: &'a str,
    pub(crate) store: &'a str,
    /// The `client_id` of the app with whose access token the request comes.
    pub(crate) app: &'a str,
    pub(crate) scope: &'a str,
}

/// All headers are always set: the client could send a missing one itself. `further` are the headers of the settings with their facts.
pub(crate) fn identity_headers<'p>(
    identity: &IdentityOfCheck<'_>,
    further: &[(Box<str>, Box<str>)],
    fact_of: impl Fn(&str) -> Option<&'p str>,
) -> Box<[(HeaderName, HeaderValue)]> {
    let encoded = |text: &str| {
        let mut encoded = String::new();
        percent_encode(text, &mut encoded);
        HeaderValue::from_str(&encoded).expect("what is percent-encoded is plain")
    };
    let plain = |text: &str| HeaderValue::from_str(text).unwrap_or_else(|_| encoded(text));
    let further = further
        .iter()
        .filter_map(|(name, fact)| Some((HeaderName::from_bytes(name.as_bytes()).ok()?, encoded(fact_of(fact).unwrap_or_default()))));
    let IdentityOfCheck { email, name, uid, provider, store, app, scope } = *identity;
    let own = [
        (EMAIL, plain(email)),
        (NAME, encoded(name.unwrap_or_default())),
        (UID, plain(uid)),
        (PROVIDER, plain(provider)),
        (STORE, plain(store)),
        (APP, plain(app)),
        (SCOPE, plain(scope)),
    ];
    own.into_iter().chain(further).collect()
}

/// The answer for a request whose sender is known.
pub(crate) fn signed_in(identity: &[(HeaderName, HeaderValue)]) -> HttpResponse {
    let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(()));
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, NO_STORE);
    for (name, value) in identity {
        headers.insert(name.clone(), value.clone());
    }
    response
}

/// A status without a body, and with one header at most.
pub(crate) fn empty_response(status: StatusCode, header: Option<(HeaderName, HeaderValue)>) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, BoxBody::new(()));
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, value);
    }
    response
}

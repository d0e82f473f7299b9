//! `/auth` for programs: an access token of an app in the header `Authorization`, where the settings name its audience
//! (`auth: { bearer: … }`). Nothing here waits: what a token says of the person is sealed in it, and ended grants are in memory.
//!
//! A request with such a header is judged by the token alone. Its cookie is not looked at, in whatever state the token is: so no request is
//! taken for a person whom its sender did not mean.

use crate::session::token_kind::ACCESS_TOKEN;
use crate::web::app::App;
use crate::web::apps::app_token::{LONGEST, VerifiedAccessToken, read_access_token};
use crate::web::apps::token_identity::{CLAIM, TokenIdentity};
use crate::web::check_answer::{IdentityOfCheck, empty_response, identity_headers, signed_in};
use crate::web::live_config::LiveStore;
use crate::web::token_cache::VerifiedTokens;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use serde_json::Value;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// What is known of an access token that `/auth` accepts.
pub(crate) struct VerifiedBearer {
    live_store: Arc<LiveStore>,
    /// The generation of the keys that verified it.
    keys: u64,
    /// The generation of the list of ended sessions and grants that did not contain it.
    generation: Cell<u64>,
    grant: Option<Box<str>>,
    issued: i64,
    expires: i64,
    headers: Box<[(HeaderName, HeaderValue)]>,
}

/// A header that presents a token, or is meant to.
pub(crate) enum PresentedBearer<'r> {
    Token(&'r str),
    /// There are several headers, or it cannot be read.
    Unclear,
}

/// The token of a request; `None` if it has no header for one. Other schemes are the affair of the service behind the proxy.
pub(crate) fn presented(headers: &HeaderMap) -> Option<PresentedBearer<'_>> {
    let is_bearer = |value: &&HeaderValue| value.as_bytes().get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"));
    let first = headers.get_all(AUTHORIZATION).find(is_bearer)?;
    let token = first.to_str().ok().and_then(|text| text.split_once(' ')).map(|(_, token)| token.trim());
    let is_alone = headers.get_all(AUTHORIZATION).count() == 1;
    Some(token.filter(|token| is_alone && !token.is_empty()).map_or(PresentedBearer::Unclear, PresentedBearer::Token))
}

/// Answers whether the token of a request is accepted.
pub(crate) fn check(
    presented: &PresentedBearer<'_>,
    live_store: &Arc<LiveStore>,
    app: &App,
    cache: &VerifiedTokens<VerifiedBearer>,
    now: i64,
) -> HttpResponse {
    let known = match presented {
        PresentedBearer::Token(token) => verify(token, live_store, app, cache, now),
        PresentedBearer::Unclear => None,
    };
    app.metrics.checks.counts.count(known.is_some());
    match known {
        Some(known) => signed_in(&known.headers),
        None => {
            empty_response(StatusCode::UNAUTHORIZED, Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""))))
        }
    }
}

/// An accepted token, from memory if it was verified before.
fn verify(
    token: &str,
    live_store: &Arc<LiveStore>,
    app: &App,
    cache: &VerifiedTokens<VerifiedBearer>,
    now: i64,
) -> Option<Rc<VerifiedBearer>> {
    let keys = app.signing.version();
    let remembered = cache.find(token).filter(|known| Arc::ptr_eq(&known.live_store, live_store) && known.keys == keys);
    let known = if let Some(known) = remembered {
        known
    } else {
        let claims = app.signing.keys(&live_store.store.name)?.verify_claims(token, ACCESS_TOKEN, LONGEST)?;
        let verified = read_access_token(claims, live_store, now)?;
        let headers = headers_of(&verified, live_store, app)?;
        let VerifiedAccessToken { grant, issued, expires, .. } = verified;
        let (live_store, generation) = (Arc::clone(live_store), Cell::new(u64::MAX));
        let known = Rc::new(VerifiedBearer { live_store, keys, generation, grant, issued, expires, headers });
        cache.remember(token, &known);
        known
    };
    if !VerifiedAccessToken::is_timely(known.issued, known.expires, now) {
        return None;
    }
    let generation = app.revocations.generation();
    if known.generation.get() != generation {
        if known.grant.as_deref().is_some_and(|grant| app.revocations.is_ended(grant)) {
            return None;
        }
        known.generation.set(generation);
    }
    Some(known)
}

/// The headers for a token that is meant for a service behind `/auth`: those of the person, or of an app on its own behalf. A token that says
/// neither clearly is not accepted.
fn headers_of(token: &VerifiedAccessToken, live_store: &LiveStore, app: &App) -> Option<Box<[(HeaderName, HeaderValue)]>> {
    let store = &live_store.store;
    if !store.bearer_audiences.iter().any(|audience| token.is_for(audience)) {
        return None;
    }
    let of_app = IdentityOfCheck { app: &token.app, scope: &token.scopes, ..IdentityOfCheck::default() };
    let further = &store.further.headers;
    let sealed = token.claims.get(CLAIM).and_then(Value::as_str);
    match (&token.grant, sealed) {
        (Some(grant), Some(sealed)) => {
            let person = TokenIdentity::open(&app.for_apps.persons, &store.public_url, grant, sealed)?;
            let TokenIdentity { email, name, provider, .. } = &person;
            let of_person = IdentityOfCheck { email, name: name.as_deref(), uid: &token.subject, provider, store: &store.name, ..of_app };
            Some(identity_headers(&of_person, further, |fact| person.fact(fact)))
        }
        (None, None) if *token.subject == *token.app => Some(identity_headers(&of_app, further, |_| None)),
        (Some(_), None) | (None, Some(_) | None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_of_this_scheme_alone_presents_a_token() {
        let shown = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            values.iter().for_each(|value| headers.append(AUTHORIZATION, HeaderValue::from_static(value)));
            presented(&headers).map(|presented| match presented {
                PresentedBearer::Token(token) => token.to_owned(),
                PresentedBearer::Unclear => "unclear".to_owned(),
            })
        };
        for (values, expected) in [
            (&[][..], None),
            (&["Basic eDp5"], None),
            (&["Token abc"], None),
            (&["Bearer abc"], Some("abc")),
            (&["bearer  abc"], Some("abc")),
            (&["Bearer"], Some("unclear")),
            (&["Bearer "], Some("unclear")),
            (&["Bearer\tabc"], Some("unclear")),
            (&["Bearer abc", "Bearer abc"], Some("unclear")),
            (&["Basic eDp5", "Bearer abc"], Some("unclear")),
        ] {
            assert_eq!(shown(values).as_deref(), expected, "{values:?}");
        }
    }
}

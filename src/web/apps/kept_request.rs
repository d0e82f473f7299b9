//! A request of an app that waits for the person: sealed in a cookie of its own, so that two tabs do not disturb each other and a request
//! is answered only in the browser in which it began. The login page returns to `/authorize/` and the id of the request.

use crate::apps::authorization_request::AuthorizationRequest;
use crate::vocabulary::hash::{hex, sha256};
use crate::web::cookies;
use crate::web::request_context::RequestContext;
use crate::world::random;
use actix_web::http::header::HeaderValue;
use serde::{Deserialize, Serialize};

/// How long a person may take, in seconds.
const GOOD_FOR: i64 = 3600;
/// The largest value of a cookie. All requests that a browser keeps have to fit into one header, together with attempts and a session.
const LARGEST: usize = 2800;
/// How long the values of all kept requests are together at most.
const LARGEST_SUM: usize = 4000;

/// A request that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptRequest {
    pub(crate) request: AuthorizationRequest,
    /// When it came.
    pub(crate) began: i64,
    /// The session of the sign-in that was begun for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signed_in: Option<Box<str>>,
}

/// The path of the page to which the person returns.
pub(crate) fn path(id: &str) -> String {
    format!("/authorize/{id}")
}

/// The id of a request in the address to which a login returns, if it is one of ours.
pub(crate) fn id_in_return_address<'a>(return_to: &'a str, public_url: &str) -> Option<&'a str> {
    let path = return_to.strip_prefix(public_url)?.split(['?', '#']).next()?;
    let id = path.strip_prefix("/authorize/")?;
    is_id(id).then_some(id)
}

fn is_id(id: &str) -> bool {
    id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Keeps a request: its id and the cookies to set; `None` if it is too long for a cookie.
pub(crate) fn keep(context: &RequestContext, kept: &KeptRequest) -> Option<(String, Vec<HeaderValue>)> {
    let store = &context.live_store().store;
    let id = hex(&sha256::<4>(&random::bytes::<16>()));
    let name = cookies::app_request_name(&id, store);
    let sealed = seal(context, &name, kept);
    if sealed.len() > LARGEST {
        return None;
    }
    let mut headers = vec![cookies::set_for(&name, &sealed, GOOD_FOR, store)];
    // The oldest make room, and what cannot be opened goes as well.
    let others = context.cookies().app_requests(store).into_iter();
    let mut others: Vec<(&str, usize, Option<i64>)> =
        others.map(|(name, value)| (name, value.len(), open(context, name, value).map(|kept| kept.began))).collect();
    others.sort_by_key(|(_, _, began)| std::cmp::Reverse(*began));
    let mut sum = sealed.len();
    for (name, length, began) in others {
        sum = sum.saturating_add(length);
        if began.is_none() || sum > LARGEST_SUM {
            headers.push(cookies::clear(name, store));
        }
    }
    Some((id, headers))
}

/// The request that a browser keeps under an id.
pub(crate) fn find(context: &RequestContext, id: &str) -> Option<KeptRequest> {
    let store = &context.live_store().store;
    let name = cookies::app_request_name(id, store);
    open(context, &name, context.cookies().unique(&name).filter(|_| is_id(id))?)
}

/// Notes at the request to which a login returns that this session was opened for it: the cookie to set.
pub(crate) fn note_sign_in(context: &RequestContext, return_to: &str, sid: &str) -> Option<HeaderValue> {
    let store = &context.live_store().store;
    let id = id_in_return_address(return_to, &store.public_url)?;
    let kept = KeptRequest { signed_in: Some(sid.into()), ..find(context, id)? };
    let name = cookies::app_request_name(id, store);
    Some(cookies::set_for(&name, &seal(context, &name, &kept), GOOD_FOR, store))
}

/// From here on, the pages prefer the languages of the request to which a login returns.
pub(crate) fn prefer_its_languages(context: &RequestContext, return_to: Option<&str>) {
    let id = return_to.and_then(|return_to| id_in_return_address(return_to, &context.live_store().store.public_url));
    context.prefer_languages(id.and_then(|id| find(context, id)).and_then(|kept| kept.request.ui_locales).as_deref());
}

/// Removes a request that is answered.
pub(crate) fn clear(context: &RequestContext, id: &str) -> HeaderValue {
    let store = &context.live_store().store;
    cookies::clear(&cookies::app_request_name(id, store), store)
}

fn seal(context: &RequestContext, name: &str, kept: &KeptRequest) -> String {
    let text = serde_json::to_vec(kept).expect("texts and numbers can be written");
    context.app().for_apps.requests.seal(&[&context.live_store().store.public_url, name], &text, random::bytes())
}

fn open(context: &RequestContext, name: &str, sealed: &str) -> Option<KeptRequest> {
    let text = context.app().for_apps.requests.open(&[&context.live_store().store.public_url, name], sealed)?;
    let kept: KeptRequest = serde_json::from_slice(&text).ok()?;
    // A browser may keep a cookie longer than its `Max-Age`.
    (0..GOOD_FOR).contains(&context.now().saturating_sub(kept.began)).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_recognized_however_its_address_goes_on() {
        let id = |address: &str| id_in_return_address(address, "https://login.loja.example").map(str::to_owned);

        for same in ["", "?", "?x=1", "#", "#x"] {
            assert_eq!(id(&format!("https://login.loja.example/authorize/0123abcd{same}")).as_deref(), Some("0123abcd"), "{same}");
        }
        for other in [
            "https://login.loja.example/authorize/0123abcd/",
            "https://login.loja.example/authorize/0123abc",
            "https://login.loja.example/authorize/?0123abcd",
            "https://login.loja.example/login",
            "https://www.loja.example/authorize/0123abcd",
        ] {
            assert_eq!(id(other), None, "{other}");
        }
    }
}

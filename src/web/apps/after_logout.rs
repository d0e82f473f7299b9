//! The way back to an app whose person is signed out at the provider first: the browser keeps the registered address, sealed, for a few
//! minutes. A provider sends the browser back to the login page, as its file says, and from there it goes on to the app.

use crate::web::cookies;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::redirect_to;
use crate::world::random;
use actix_web::HttpResponse;
use actix_web::http::header::{HeaderValue, SET_COOKIE};

/// How long the provider may take, in seconds.
const GOOD_FOR: i64 = 300;
/// The largest value of a cookie that browsers keep, with room for its name and attributes.
const LARGEST: usize = 3800;

/// Keeps an address; `None` if it is too long for a cookie.
pub(crate) fn keep(context: &RequestContext, address: &str) -> Option<HeaderValue> {
    let store = &context.live_store().store;
    let name = cookies::after_logout_name(store);
    let text = format!("{} {address}", context.now().saturating_add(GOOD_FOR));
    let sealed = context.app().for_apps.requests.seal(&[&store.public_url, &name], text.as_bytes(), random::bytes());
    (sealed.len() <= LARGEST).then(|| cookies::set_for(&name, &sealed, GOOD_FOR, store))
}

/// Sends a browser on that comes back from the provider.
pub(crate) fn resume(context: &RequestContext) -> Option<HttpResponse> {
    let store = &context.live_store().store;
    let name = cookies::after_logout_name(store);
    let text = context.app().for_apps.requests.open(&[&store.public_url, &name], context.cookies().unique(&name)?)?;
    let (until, address) = std::str::from_utf8(&text).ok()?.split_once(' ')?;
    // A browser may keep a cookie longer than its `Max-Age`.
    if until.parse::<i64>().is_ok_and(|until| context.now() > until) {
        return None;
    }
    let mut response = redirect_to(address);
    response.headers_mut().append(SET_COOKIE, cookies::clear(&name, store));
    Some(response)
}

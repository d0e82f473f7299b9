//! The authentication token: it says that a browser has begun to sign in, and to which page it returns.
//!
//! It opens only beside the cookie of the browser for which it was made, and within ten minutes. So a link with the token of another
//! browser begins nothing, and a return address cannot be put into it.

use crate::web::cookies;
use crate::web::request_context::RequestContext;
use crate::world::random;
use actix_web::http::header::HeaderValue;

/// How long a token is good, in seconds.
pub(crate) const GOOD_FOR: i64 = 600;
const PURPOSE: &str = "authentication token";

/// What an authentication token says.
pub(crate) struct BegunAuthentication {
    /// The address to which the shopper returns.
    pub(crate) return_to: Option<String>,
}

/// A new token for this browser, and the cookie beside which it opens. The tokens of several tabs share the cookie.
pub(crate) fn issue(context: &RequestContext, return_to: Option<&str>) -> (String, HeaderValue) {
    let store = &context.live_store().store;
    let browser = context.cookies().start(store).map_or_else(|| random::id().to_string(), str::to_owned);
    let until = context.now().saturating_add(GOOD_FOR).to_string();
    let bound = [&*store.public_url, PURPOSE, &browser, &until];
    let sealed = context.app().callbacks.seal(&bound, return_to.unwrap_or_default().as_bytes(), random::bytes());
    (format!("{until}.{sealed}"), cookies::set_start(&browser, GOOD_FOR, store))
}

/// Opens a token of this browser. The return address is checked again, because the settings may have changed.
pub(crate) fn open(context: &RequestContext, token: &str) -> Option<BegunAuthentication> {
    let store = &context.live_store().store;
    let (until, sealed) = token.split_once('.')?;
    if until.parse::<i64>().ok()? < context.now() {
        return None;
    }
    let browser = context.cookies().start(store)?;
    let text = context.app().callbacks.open(&[&*store.public_url, PURPOSE, browser, until], sealed)?;
    let return_to = String::from_utf8(text.to_vec()).ok().filter(|address| !address.is_empty());
    Some(BegunAuthentication { return_to: context.allowed_return_to(return_to).ok().flatten() })
}

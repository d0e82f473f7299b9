//! Forms of our own pages, accepted only from a page that was served to the same browser.

use crate::pages::ErrorCause;
use crate::web::cookies;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::world::random;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use zeroize::Zeroizing;

/// How long a page may be open before its forms expire, in seconds.
const GOOD_FOR: i64 = 3600;
/// The field with the token of the form.
const FIELD: &str = "form";

pub(crate) struct SubmittedForm(Vec<(String, String)>);

impl SubmittedForm {
    pub(crate) fn from_request(context: &RequestContext) -> Result<Self, UserFacingError> {
        let kind = context.header(CONTENT_TYPE).and_then(|kind| kind.split(';').next()).unwrap_or_default();
        if kind != "application/x-www-form-urlencoded" {
            return Err(ErrorCause::Malformed.into());
        }
        Ok(Self(url::form_urlencoded::parse(context.body()).into_owned().collect()))
    }

    /// A field that may occur once.
    pub(crate) fn field(&self, name: &str) -> Result<Option<&str>, UserFacingError> {
        let mut found = self.0.iter().filter(|(other, _)| other == name).map(|(_, value)| &**value);
        let value = found.next();
        if found.next().is_some() { Err(ErrorCause::Malformed.into()) } else { Ok(value) }
    }
}

/// The token that a page writes into its forms; `bound` is the session or the proof to which it belongs.
pub(crate) fn csrf_token(context: &RequestContext, bound: &str) -> String {
    sealing_token(context, bound, b"", GOOD_FOR)
}

/// The same for a form that is good for so many seconds, with what the broker wants to know when the form comes back.
pub(crate) fn sealing_token(context: &RequestContext, bound: &str, content: &[u8], good_for: i64) -> String {
    let until = context.now().saturating_add(good_for).to_string();
    let sealed = context.app().forms.seal(&[&context.live_store().store.public_url, bound, &until], content, random::bytes());
    format!("{until}.{sealed}")
}

/// The token of a form that needs no session: it belongs to the browser, by a cookie that the page sets.
pub(crate) fn browser_token(context: &RequestContext) -> (String, HeaderValue) {
    let (key, cookie) = browser_key(context);
    (csrf_token(context, &bound_to_browser(&key)), cookie)
}

/// The key to which the tokens of forms belong in this browser, and the cookie that keeps it there.
pub(crate) fn browser_key(context: &RequestContext) -> (Box<str>, HeaderValue) {
    let store = &context.live_store().store;
    let key = context.cookies().form_key(store).map_or_else(random::id, Into::into);
    let cookie = cookies::set_form_key(&key, GOOD_FOR, store);
    (key, cookie)
}

/// The form of a page without a session, if its token belongs to this browser.
pub(crate) fn verified_form_of_browser(context: &RequestContext, page: &str) -> Result<SubmittedForm, UserFacingError> {
    let key = context.cookies().form_key(&context.live_store().store).unwrap_or_default();
    verified_form(context, &bound_to_browser(key), page)
}

fn bound_to_browser(key: &str) -> String {
    format!("browser {key}")
}

/// The form, if its token belongs to the same session or proof; otherwise it comes from another site. If the browser confirms our
/// origin, the token was only too old or belongs to an earlier session, and the browser is redirected to the current page.
pub(crate) fn verified_form(context: &RequestContext, bound: &str, page: &str) -> Result<SubmittedForm, UserFacingError> {
    verified_form_with_content(context, bound, page).map(|(form, _)| form)
}

/// The same with the content of its token.
pub(crate) fn verified_form_with_content(
    context: &RequestContext,
    bound: &str,
    page: &str,
) -> Result<(SubmittedForm, Zeroizing<Vec<u8>>), UserFacingError> {
    context.require_own_origin()?;
    let form = SubmittedForm::from_request(context)?;
    let content = form.field(FIELD)?.and_then(|token| token.split_once('.')).and_then(|(until, sealed)| {
        let content = context.app().forms.open(&[&context.live_store().store.public_url, bound, until], sealed)?;
        until.parse::<i64>().is_ok_and(|until| context.now() <= until).then_some(content)
    });
    if let Some(content) = content {
        return Ok((form, content));
    }
    let instead = context.browser_confirms_own_origin().then(|| page.to_owned());
    Err(UserFacingError { instead, ..ErrorCause::CrossSite.into() })
}

//! Forms of our own pages: read strictly, and only taken from a page that we gave to this very browser.

use crate::pages::ErrorCause;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::world::random;
use actix_web::http::header::CONTENT_TYPE;

/// How long a page may lie open before its forms are too old, in seconds.
const GOOD_FOR: i64 = 3600;
/// The field in which a form says where it comes from.
const FIELD: &str = "form";

/// A form that was sent.
pub(crate) struct SubmittedForm(Vec<(String, String)>);

impl SubmittedForm {
    /// The form of a request.
    pub(crate) fn from_request(asked: &RequestContext) -> Result<Self, UserFacingError> {
        let kind = asked.header(CONTENT_TYPE).and_then(|kind| kind.split(';').next()).unwrap_or_default();
        if kind != "application/x-www-form-urlencoded" {
            return Err(ErrorCause::Malformed.into());
        }
        Ok(Self(url::form_urlencoded::parse(asked.body()).into_owned().collect()))
    }

    /// A field that may stand once.
    pub(crate) fn field(&self, name: &str) -> Result<Option<&str>, UserFacingError> {
        let mut found = self.0.iter().filter(|(other, _)| other == name).map(|(_, value)| &**value);
        let value = found.next();
        if found.next().is_some() { Err(ErrorCause::Malformed.into()) } else { Ok(value) }
    }
}

/// What a page writes into its forms; `bound` is whose they are.
pub(crate) fn csrf_token(asked: &RequestContext, bound: &str) -> String {
    let until = (asked.now() + GOOD_FOR).to_string();
    let sealed = asked.app().forms.seal(&[&asked.live_store().store.public_url, bound, &until], b"", random::bytes());
    format!("{until}.{sealed}")
}

/// Takes a form that a page of ours has sent for the same; anything else comes from another site. What the browser says is from
/// here was only too old, or meant for what the browser was before: it is led to the page as it is now.
pub(crate) fn verified_form(asked: &RequestContext, bound: &str, page: &str) -> Result<SubmittedForm, UserFacingError> {
    asked.require_own_origin()?;
    let form = SubmittedForm::from_request(asked)?;
    let is_good = form.field(FIELD)?.and_then(|mark| mark.split_once('.')).is_some_and(|(until, sealed)| {
        let is_ours = asked.app().forms.open(&[&asked.live_store().store.public_url, bound, until], sealed).is_some();
        is_ours && until.parse::<i64>().is_ok_and(|until| asked.now() <= until)
    });
    if is_good {
        return Ok(form);
    }
    let instead = asked.browser_confirms_own_origin().then(|| page.to_owned());
    Err(UserFacingError { instead, ..ErrorCause::CrossSite.into() })
}

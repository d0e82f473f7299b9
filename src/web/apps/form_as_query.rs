//! A form of another site comes without our cookies, so the browser is redirected to the same request as a query.

use crate::pages::ErrorCause;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;

/// The longest query to which a form is turned.
const LONGEST_QUERY: usize = 7 * 1024;

/// Redirects to a page with the form of the request as its query.
pub(crate) fn redirect_to_page(context: &RequestContext, page: &str) -> Result<HttpResponse, UserFacingError> {
    let is_form = context.header(CONTENT_TYPE).is_some_and(|kind| kind.split(';').next() == Some("application/x-www-form-urlencoded"));
    let query = std::str::from_utf8(context.body()).ok().filter(|query| query.bytes().all(|byte| byte.is_ascii_graphic()));
    let Some(query) = query.filter(|_| is_form && context.request().query_string().is_empty()) else {
        return Err(ErrorCause::AppRequest.into());
    };
    if query.len() > LONGEST_QUERY {
        return Err(ErrorCause::TooLarge.into());
    }
    Ok(redirect_to(&format!("{page}?{query}")))
}

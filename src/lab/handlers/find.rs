//! `/lab/find`: the search of the lab. It is sent as a form, because what is typed may be personal data, which has no place in an address.

use crate::lab::handlers::{self, guard};
use crate::lab::pages::frame::LabTab;
use crate::lab::pages::incident::IncidentLookupPage;
use crate::pages::frame::address;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::incident_code::IncidentCode;
use crate::web::forms;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// The path of the search.
const PAGE: &str = "/lab/find";

/// `/lab/incidents`: the page by which a code was looked up before there was a search.
pub(crate) async fn by_code(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let typed = context.query_parameter("code")?;
    answer(&context, typed)
}

/// A search by a link.
pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let typed = context.query_parameter("q")?;
    answer(&context, typed)
}

/// The search of the bar was sent.
pub(crate) async fn search(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    guard::require_staff(&context)?;
    let form = forms::verified_form(&context, &guard::form_binding(&context), PAGE)?;
    let typed = form.field("q")?.map(str::to_owned);
    answer(&context, typed)
}

fn answer(context: &RequestContext, typed: Option<String>) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    guard::require_staff(context)?;
    let typed = typed.filter(|typed| !typed.trim().is_empty());
    if let Some(code) = typed.as_deref().and_then(IncidentCode::parse) {
        return Ok(redirect_to(&address(&["lab", "incidents", code.as_str()], &[])));
    }
    let shown: Option<String> = typed.map(|typed| printable(&typed.chars().take(64).collect::<String>()));
    let frame = handlers::lab_frame(context, LabTab::Overview, PAGE.to_owned());
    let page = IncidentLookupPage { frame, typed: shown.as_deref(), unknown: None };
    let status = if shown.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Ok(handlers::page_response(context, status, page.render()))
}

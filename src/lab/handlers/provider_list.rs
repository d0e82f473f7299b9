//! `/lab/providers`: all providers of the store, and what each of them lacks.

use crate::lab::handlers::{self, guard, home};
use crate::lab::pages::frame::{LabFrame, LabTab};
use crate::lab::pages::provider_list::ProviderListPage;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let staff = guard::require_staff(&context)?;
    let complaints = home::settings_complaints(&context);
    let folder = context.live_store().providers.folder().display().to_string();
    let groups = handlers::provider_groups(&context, &staff);
    let frame = LabFrame { groups, ..handlers::lab_frame(&context, LabTab::Providers, "/lab/providers".to_owned()) };
    let page = ProviderListPage { frame, folder: &folder, complaints: &complaints };
    Ok(handlers::page_response(&context, StatusCode::OK, page.render()))
}

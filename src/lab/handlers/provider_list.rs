//! `/lab/providers`: all providers of the store, and what each of them lacks.

use crate::lab::handlers::{self, guard};
use crate::lab::pages::frame::{LabFrame, LabTab};
use crate::lab::pages::masked_file::mask_text;
use crate::lab::pages::provider_list::ProviderListPage;
use crate::stores::MAIN;
use crate::vocabulary::diagnostic::printable;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let staff = guard::require_staff(&context)?;
    // The settings belong to all stores, so only the staff of the main store see complaints about them.
    let is_main = *context.live_store().store.name == *MAIN;
    let complaints = if is_main { context.app().complaints(context.now()) } else { Vec::new() };
    let complaints: Vec<String> = complaints.iter().map(|complaint| printable(&mask_text(complaint))).collect();
    let folder = context.live_store().providers.folder().display().to_string();
    let groups = handlers::provider_groups(&context, &staff);
    let frame = LabFrame { groups, ..handlers::lab_frame(&context, LabTab::Providers, "/lab/providers".to_owned()) };
    let page = ProviderListPage { frame, folder: &folder, complaints: &complaints };
    Ok(handlers::page_response(&context, StatusCode::OK, page.render()))
}

//! The style and the script of the lab.

use crate::lab::pages::{LAB_SCRIPT, LAB_STYLE};
use crate::web::assets::cache_lifetime;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;

pub(crate) async fn style(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    Ok(HttpResponse::Ok().content_type("text/css; charset=utf-8").insert_header((CACHE_CONTROL, cache_lifetime(&context))).body(LAB_STYLE))
}

pub(crate) async fn script(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    Ok(HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((CACHE_CONTROL, cache_lifetime(&context)))
        .body(LAB_SCRIPT))
}

//! `/account/data`: a shopper downloads their own data. `/account/erase`: where the settings allow it, a shopper erases the account.

use crate::directory::audit::AuditActor;
use crate::directory::export::{ExportReader, ExportUser};
use crate::directory::users::EraseUser;
use crate::pages::{ErasurePage, ErasureStage};
use crate::stores::account_deletion::AccountDeletion;
use crate::web::account::PAGE;
use crate::web::fresh_session::{is_fresh, require_fresh_session};
use crate::web::metrics::sessions::SessionEndReason;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::web::{cookies, forms};
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, VARY};

const ERASE_PAGE: &str = "/account/erase";

/// All stored data of the shopper as a file.
pub(crate) async fn download(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    // It reads much, and people need it seldom.
    context.check_rate_limit(RateLimitKind::Login)?;
    let (session, _) = require_fresh_session(&context, PAGE).await?;
    let export = ExportUser { uid: session.person.uid, by: AuditActor::Person, now: context.now() };
    let everything = context.app().directory.write(export).await?;
    // The user may have been erased since the token was signed.
    let Some(everything) = everything else { return Ok(redirect_to(PAGE)) };
    let data = everything.to_json(ExportReader::Person, context.now());
    let mut response = HttpResponse::Ok();
    response.content_type("application/json; charset=utf-8");
    response.insert_header((CONTENT_DISPOSITION, "attachment; filename=\"account.json\""));
    Ok(response.body(format!("{data:#}\n")))
}

/// The page that asks whether to erase the account.
pub(crate) async fn ask_to_erase(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    context.require_fresh_revocations()?;
    let session = context.session_under_new_keys().await?.filter(|session| is_fresh(&context, session));
    let Some(session) = session.filter(|_| may_erase(&context)) else { return Ok(redirect_to(PAGE)) };
    let offered = context.offered_languages();
    let form = forms::csrf_token(&context, &session.sid);
    let page = ErasurePage {
        frame: context.frame(&offered, ERASE_PAGE),
        stage: ErasureStage::Question { email: session.person.email.key(), form: &form },
    };
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8").insert_header((VARY, "Cookie, Accept-Language"));
    context.keep_language(&mut response);
    Ok(response.body(page.render()))
}

/// Erases the shopper with all sessions and all access of apps, which get their notices.
pub(crate) async fn erase(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Session)?;
    let (session, _) = require_fresh_session(&context, PAGE).await?;
    if !may_erase(&context) {
        return Ok(redirect_to(PAGE));
    }
    let (app, store, latest) = (context.app(), &context.live_store().store, session.latest_expiry());
    let erase = EraseUser { store: store.name.clone(), uid: session.person.uid, by: AuditActor::Person, now: context.now() };
    // A user who is erased already is what the shopper asked for.
    app.directory.write(erase).await?;
    app.revocations.record_end(&session.sid, latest);
    app.metrics.sessions.count_ended(&store.name, SessionEndReason::Erased, 1);
    // The erasure is stored, so what follows is no reason for an error page.
    let _ = app.read_from_storage(context.now()).await;
    let landing = context.live_store().default_landing();
    // The page is the answer to a form, so it cannot be read again in another language.
    let page = ErasurePage { frame: context.frame(&[], PAGE), stage: ErasureStage::Erased { continue_to: &landing } };
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8").insert_header((VARY, "Cookie, Accept-Language"));
    cookies::append_to(&mut response, cookies::clear_session(store, context.cookies()));
    Ok(response.body(page.render()))
}

fn may_erase(context: &RequestContext) -> bool {
    context.live_store().store.deletion == AccountDeletion::ByPerson
}

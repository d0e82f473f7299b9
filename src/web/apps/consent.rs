//! The person agrees, or does not, that an app gets access. Asked only where the settings of the app say so, or the app itself asks.

use crate::apps::authorization_request::{AuthorizationError, AuthorizationRequest};
use crate::apps::client_app::ClientApp;
use crate::directory::app_consents::RecordConsent;
use crate::pages::ConsentPage;
use crate::session::Session;
use crate::web::apps::kept_request;
use crate::web::apps::{authorization_reply, authorize};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::web::{forms, headers};
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, VARY};

/// The page that asks.
pub(crate) fn show(
    context: &RequestContext,
    app: &ClientApp,
    request: &AuthorizationRequest,
    session: &Session,
    id: &str,
) -> Result<HttpResponse, UserFacingError> {
    let offered = context.offered_languages();
    let form = forms::csrf_token(context, &bound(id, session));
    let here = kept_request::path(id);
    let page = ConsentPage {
        frame: context.frame(&offered),
        app: app.shown_name(),
        host: authorization_reply::host_of(&request.reply.redirect_uri),
        person: &session.person,
        scope: &request.scope,
        here: &here,
        form: &form,
    };
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8").insert_header((VARY, "Cookie, Accept-Language"));
    // Browsers apply the policy of the page to the redirect behind its form.
    let destination = authorization_reply::origin_of(&request.reply.redirect_uri);
    response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_forms([destination.as_str()])));
    context.keep_language(&mut response);
    Ok(response.body(page.render()))
}

/// The answer of the person.
pub(crate) async fn submit(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.require_fresh_revocations()?;
    let (id, app, kept) = authorize::waiting_request(&context)?;
    let page = kept_request::path(&id);
    let Some(session) = context.session_under_new_keys().await? else { return Err(UserFacingError::redirect(&page)) };
    let form = forms::verified_form(&context, &bound(&id, &session), &page)?;
    if form.field("answer")? != Some("yes") {
        let declined = AuthorizationError { code: "access_denied", description: "the person did not agree" };
        return authorize::send_error(&context, &kept.request, declined, Some(&id)).await;
    }
    let record = RecordConsent {
        store: context.live_store().store.name.clone(),
        uid: session.person.uid.clone(),
        app: app.name.clone(),
        scopes: kept.request.scope.clone(),
        now: context.now(),
    };
    context.app().directory.write(record).await?;
    authorize::proceed(&context, &app, &kept, Some(session), Some(&id), true).await
}

/// The form belongs to this request and this session.
fn bound(id: &str, session: &Session) -> String {
    format!("consent {id} {}", session.sid)
}

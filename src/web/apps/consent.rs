//! The person agrees, or does not, that an app gets access. Asked only where the settings of the app say so, or the app itself asks.

use crate::apps::authorization_request::{AuthorizationError, AuthorizationRequest};
use crate::apps::client_app::ClientApp;
use crate::directory::app_consents::RecordConsent;
use crate::pages::ConsentPage;
use crate::session::Session;
use crate::vocabulary::hash::{hex, sha256};
use crate::web::apps::kept_request;
use crate::web::apps::{authorization_reply, authorize};
use crate::web::forms::{self, SubmittedForm};
use crate::web::headers;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, VARY};
use std::collections::BTreeSet;
use std::iter;

/// What people agree to, as a hash: the app's name, where it is, and the providers whose own tokens it may fetch. Another app under the same
/// client id looks different, so it inherits no consent.
pub(crate) fn shown_to_person(app: &ClientApp) -> Box<str> {
    let origins: BTreeSet<String> = app.redirect_uris.iter().map(|uri| authorization_reply::origin_of(uri)).collect();
    let shown = iter::once(app.shown_name()).chain(origins.iter().map(String::as_str));
    let text = shown.chain(app.token_providers.iter().map(|provider| &**provider)).collect::<Vec<_>>().join("\n");
    hex(&sha256::<16>(text.as_bytes())).into()
}

/// How the page names a provider: as its buttons do, while its file is live.
fn title_of_provider(context: &RequestContext, name: &str) -> String {
    let snapshot = context.live_store().providers.snapshot();
    snapshot.provider(name).map_or_else(|| name.to_owned(), |live_provider| live_provider.provider.title.to_string())
}

/// The page that asks.
pub(crate) fn show(context: &RequestContext, app: &ClientApp, request: &AuthorizationRequest, session: &Session, id: &str) -> HttpResponse {
    let offered = context.offered_languages();
    let form = forms::csrf_token(context, &bound_to_consent(id, app, session));
    let here = kept_request::path(id);
    let further = &context.live_store().store.further.claims;
    let has_fact = |fact: &str| session.person.fact(fact).is_some();
    let page = ConsentPage {
        frame: context.frame(&offered, &here),
        app: app.shown_name(),
        host: authorization_reply::host_of(&request.reply.redirect_uri),
        person: &session.person,
        scope: &request.scope,
        further: further.iter().filter(|(_, fact)| has_fact(fact)).map(|(claim, _)| &**claim).collect(),
        token_providers: app.token_providers.iter().map(|name| title_of_provider(context, name)).collect(),
        switch: &authorize::login_page(context, id),
        form: &form,
    };
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8").insert_header((VARY, "Cookie, Accept-Language"));
    // Browsers apply the policy of the page to the redirects behind its form.
    let destinations = headers::app_destinations(&authorization_reply::origin_of(&request.reply.redirect_uri));
    response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_forms([destinations.as_str()])));
    context.keep_language(&mut response);
    response.body(page.render())
}

/// The answer of the person: `yes` or `no` to the app, or `back` on the page of a failed login, which needs no session.
pub(crate) async fn submit(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    context.require_fresh_revocations()?;
    let (id, app, kept) = authorize::waiting_request(&context)?;
    let page = kept_request::path(&id);
    let session = context.session_under_new_keys().await?;
    let goes_back = SubmittedForm::from_request(&context)?.field("answer")? == Some("back");
    let bound = match &session {
        Some(session) if !goes_back => bound_to_consent(&id, &app, session),
        _ => bound_to_request(&id),
    };
    let form = forms::verified_form(&context, &bound, &page)?;
    if form.field("answer")? != Some("yes") {
        let declined = AuthorizationError { code: "access_denied", description: "the person did not agree" };
        return authorize::send_error(&context, &kept.request, declined, Some(&id)).await;
    }
    let Some(session) = session else { return Err(UserFacingError::redirect(&page)) };
    let record = RecordConsent {
        store: context.live_store().store.name.clone(),
        uid: session.person.uid.clone(),
        app: app.name.clone(),
        shown: shown_to_person(&app),
        scopes: kept.request.scope.clone(),
        now: context.now(),
    };
    context.app().directory.write(record).await?;
    authorize::proceed(&context, &app, &kept, Some(session), Some(&id), true).await
}

/// The token of a form that leads back to the app, and that agrees to nothing.
pub(crate) fn token_to_go_back(context: &RequestContext, id: &str) -> String {
    forms::csrf_token(context, &bound_to_request(id))
}

fn bound_to_consent(id: &str, app: &ClientApp, session: &Session) -> String {
    format!("consent {id} {} {}", shown_to_person(app), session.sid)
}

fn bound_to_request(id: &str) -> String {
    format!("request {id}")
}

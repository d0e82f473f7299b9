//! `/logout`: ends the session on all machines of the broker and, if the provider has a logout address, at the provider.

use crate::directory::audit::{AuditEvent, AuditEventKind};
use crate::directory::sessions::EndSession;
use crate::login::discover;
use crate::login::logout::{self, EndedSessionFacts};
use crate::pages::ErrorCause;
use crate::session::{Session, TokenReach};
use crate::stores::live::LiveProvider;
use crate::web::metrics::sessions::SessionEndReason;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::web::{cookies, id_tokens};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use std::sync::Arc;
use std::time::Duration;

/// How long a logout waits for the issuer's discovery document.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

pub(crate) async fn logout(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Session)?;
    context.require_own_origin()?;
    let wanted = requested_return_to(&context)?;
    let provider_logout = match context.session_to_end().await? {
        Some(session) => end_session(&context, &session).await?,
        None => None,
    };
    Ok(redirect_signed_out(&context, &provider_logout.or(wanted).unwrap_or_else(|| landing_page(&context))))
}

/// Ends a session on all machines. Answers with the address at which it ends at the provider as well, if there is one.
pub(crate) async fn end_session(context: &RequestContext, session: &Session) -> Result<Option<String>, UserFacingError> {
    let store = &context.live_store().store;
    let latest = session.latest_expiry();
    let again = context.app().revocations.is_ended(&session.sid);
    let live_provider = provider_of(context, session);
    let provider = live_provider.as_ref().map_or(&session.person.provider, |live_provider| &live_provider.provider.name);
    let event = AuditEvent::new(context.now(), &store.name, AuditEventKind::Logout).for_user(&session.person.uid).via_provider(provider);
    // The address of the logout may hold an ID token, so a program that has only the store's token does not get it.
    let is_own = session.reach == TokenReach::Broker;
    let live_provider = live_provider.as_ref().filter(|live_provider| live_provider.provider.logout.is_some() && is_own && !again);
    // The token goes with the session, so it is read before.
    let id_token = match live_provider {
        Some(live_provider) if live_provider.provider.logout_uses_id_token() => id_tokens::find(context, session).await,
        _ => None,
    };
    // A session has ended only when storage knows it, for this machine and every other.
    let end = EndSession { sid: session.sid.clone(), uid: session.person.uid.clone(), latest, again, event };
    context.app().directory.write(end).await?;
    context.app().revocations.record_end(&session.sid, latest);
    context.app().metrics.sessions.count_ended(&store.name, SessionEndReason::Logout, u64::from(!again));
    // If the session was replaced meanwhile, its successor has ended as well.
    let _ = context.app().read_from_storage(context.now()).await;
    match live_provider {
        Some(live_provider) => Ok(provider_logout_address(context, live_provider, session, id_token.as_deref()).await),
        None => Ok(None),
    }
}

/// The page after a sign-out that names no other.
pub(crate) fn landing_page(context: &RequestContext) -> String {
    match context.live_store().default_landing() {
        page if page == "/login" => "/login?signed_out=1".to_owned(),
        storefront => storefront,
    }
}

/// Sends the browser on without its session.
pub(crate) fn redirect_signed_out(context: &RequestContext, landing: &str) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::SEE_OTHER);
    cookies::append_to(&mut response, cookies::clear_session(&context.live_store().store, context.cookies()));
    response.insert_header((LOCATION, landing)).finish()
}

/// The return address from the form or the query.
fn requested_return_to(context: &RequestContext) -> Result<Option<String>, UserFacingError> {
    let is_form = context.header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form && !context.body().is_empty() {
        return Err(ErrorCause::Malformed.into());
    }
    let mut typed =
        url::form_urlencoded::parse(context.body()).filter(|(name, _)| name == "return_to").map(|(_, value)| value.into_owned());
    let ((None, _, wanted) | (wanted, None, None)) = (typed.next(), typed.next(), context.query_parameter("return_to")?) else {
        return Err(ErrorCause::Malformed.into());
    };
    // A page of the broker may be named by its path.
    match wanted {
        Some(path) if path.starts_with("/login") => {
            context.allowed_return_to(Some(format!("{}{path}", context.live_store().store.public_url)))
        }
        other => context.allowed_return_to(other),
    }
}

/// The provider of a session. The session knows its key, and the file may have another name.
fn provider_of(context: &RequestContext, session: &Session) -> Option<Arc<LiveProvider>> {
    context.live_store().providers.snapshot().provider_by_key(&session.person.provider).cloned()
}

/// The provider of a session, if its file says how the session ends there.
pub(crate) fn provider_with_logout(context: &RequestContext, session: &Session) -> Option<Arc<LiveProvider>> {
    provider_of(context, session).filter(|live_provider| live_provider.provider.logout.is_some())
}

/// The address at which the session ends at the provider. A logout that cannot be written is skipped, and the log says so.
async fn provider_logout_address(
    context: &RequestContext,
    live_provider: &LiveProvider,
    session: &Session,
    id_token: Option<&str>,
) -> Option<String> {
    let (store, provider) = (&context.live_store().store, &live_provider.provider);
    let connection = context.app().connection_of(live_provider);
    let ended = EndedSessionFacts { id: &session.person.provider_id, id_token, now: context.now() };
    let facts = logout::logout_facts(provider, &live_provider.installation(&store.public_url), &ended);
    if logout::needs_document(provider) {
        let client = context.client_of(live_provider);
        let fetching = discover(provider, &facts, &client, connection.documents(), context.now());
        let _ = tokio::time::timeout(LONGEST_WAIT, fetching).await;
    }
    match logout::logout_address(provider, facts, connection.documents(), context.now())? {
        Ok(address) => Some(connection.redirect_address(store, &address)),
        Err(reason) => {
            tracing::warn!(store = &*store.name, provider = &*provider.name, %reason, "the logout at the provider was skipped");
            None
        }
    }
}

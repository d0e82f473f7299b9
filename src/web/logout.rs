//! `/logout`: ends the session on all machines of the broker and, if the provider has a logout address, at the provider.

use crate::directory::audit::{AuditEvent, AuditEventKind};
use crate::directory::sessions::EndSession;
use crate::pages::ErrorCause;
use crate::session::Session;
use crate::vocabulary::text::Text;
use crate::web::cookies;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};

pub(crate) async fn logout(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Session)?;
    context.require_own_origin()?;
    let wanted = requested_return_to(&context)?;
    let store = &context.live_store().store;
    let mut provider_logout = None;
    if let Some(session) = context.session_to_end() {
        let latest = session.latest_expiry();
        let event = AuditEvent::new(context.now(), &store.name, AuditEventKind::Logout)
            .for_user(&session.person.uid)
            .via_provider(&session.person.provider);
        // A session has ended only when storage knows it, for this machine and every other.
        context
            .app()
            .directory
            .write(EndSession { sid: session.sid.clone(), uid: session.person.uid.clone(), since: session.since, latest, event })
            .await?;
        context.app().revocations.record_end(&session.sid, latest);
        // If the session was replaced meanwhile, its successor has ended as well.
        let _ = context.app().sync_with_storage(context.now()).await;
        provider_logout = provider_logout_address(&context, &session);
    }
    let landing = provider_logout.or(wanted).unwrap_or_else(|| match context.live_store().default_landing() {
        page if page == "/login" => "/login?signed_out=1".to_owned(),
        storefront => storefront,
    });
    let mut response = HttpResponse::build(StatusCode::SEE_OTHER);
    cookies::append_to(&mut response, cookies::clear_session(store));
    Ok(response.insert_header((LOCATION, landing)).finish())
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

/// The provider's logout address, if it has one that needs no secret.
fn provider_logout_address(context: &RequestContext, session: &Session) -> Option<String> {
    let live_provider = context.live_store().providers.snapshot().provider_by_key(&session.person.provider).cloned()?;
    let address = live_provider.provider.logout.as_ref()?;
    let installation = live_provider.installation(&context.live_store().store.public_url);
    let mut facts = live_provider.provider.empty_facts();
    for (slot, value) in installation.values.iter().filter(|(_, value)| !value.is_secret()) {
        facts.set(*slot, value.clone());
    }
    facts.set(live_provider.provider.known.public_url, Text::plain(&*installation.public_url));
    facts.set(live_provider.provider.known.provider, Text::plain(&*live_provider.provider.name));
    let filled = address.fill(&facts).ok()?;
    let query = filled.query.map_or_else(String::new, |query| format!("?{}", query.masked()));
    // No fact is secret, so the masked texts are complete.
    let address = format!("{}{query}", filled.base.masked());
    Some(context.app().connection_of(&live_provider).redirect_address(&context.live_store().store, &address))
}

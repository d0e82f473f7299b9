//! `/logout`: ends this session here and, where the provider has an end of its own, there.

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

/// Ends the session of this browser.
pub(crate) async fn logout(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    asked.check_rate_limit(RateLimitKind::Session)?;
    asked.require_own_origin()?;
    let wanted = requested_return_to(&asked)?;
    let store = &asked.live_store().store;
    let mut there = None;
    if let Some(session) = asked.session_to_end() {
        let latest = session.latest_expiry();
        let event = AuditEvent::new(asked.now(), &store.name, AuditEventKind::Logout)
            .for_user(&session.person.uid)
            .via_provider(&session.person.provider);
        // Only what storage has heard of has ended, here and on every machine.
        asked
            .app()
            .directory
            .write(EndSession { sid: session.sid.clone(), uid: session.person.uid.clone(), since: session.since, latest, event })
            .await?;
        asked.app().revocations.record_end(&session.sid, latest);
        // Under the name that it may have got meanwhile it has ended as well.
        let _ = asked.app().sync_with_storage(asked.now()).await;
        there = provider_logout_address(&asked, &session);
    }
    let landing = there.or(wanted).unwrap_or_else(|| match asked.live_store().default_landing() {
        page if page == "/login" => "/login?signed_out=1".to_owned(),
        storefront => storefront,
    });
    let mut response = HttpResponse::build(StatusCode::SEE_OTHER);
    cookies::append_to(&mut response, cookies::clear_session(store));
    Ok(response.insert_header((LOCATION, landing)).finish())
}

/// Where the shopper wants to go, from the form or the address.
fn requested_return_to(asked: &RequestContext) -> Result<Option<String>, UserFacingError> {
    let is_form = asked.header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form && !asked.body().is_empty() {
        return Err(ErrorCause::Malformed.into());
    }
    let mut typed = url::form_urlencoded::parse(asked.body()).filter(|(name, _)| name == "return_to").map(|(_, value)| value.into_owned());
    let ((None, _, wanted) | (wanted, None, None)) = (typed.next(), typed.next(), asked.query_parameter("return_to")?) else {
        return Err(ErrorCause::Malformed.into());
    };
    // A page of ours may be named by its path.
    match wanted {
        Some(path) if path.starts_with("/login") => asked.allowed_return_to(Some(format!("{}{path}", asked.live_store().store.public_url))),
        other => asked.allowed_return_to(other),
    }
}

/// The address at which the provider ends its own session, if it has one that can be written now.
fn provider_logout_address(asked: &RequestContext, session: &Session) -> Option<String> {
    let offer = asked.live_store().roster.snapshot().provider(&session.person.provider).cloned()?;
    let address = offer.provider.logout.as_ref()?;
    let installation = offer.installation(&asked.live_store().store.public_url);
    let mut facts = offer.provider.empty_facts();
    for (slot, value) in installation.values.iter().filter(|(_, value)| !value.is_secret()) {
        facts.set(*slot, value.clone());
    }
    facts.set(offer.provider.known.public_url, Text::plain(&*installation.public_url));
    facts.set(offer.provider.known.provider, Text::plain(&*offer.provider.name));
    let filled = address.fill(&facts).ok()?;
    let query = filled.query.map_or_else(String::new, |query| format!("?{}", query.masked()));
    // Nothing secret is among the facts, so the masks show everything.
    let address = format!("{}{query}", filled.base.masked());
    Some(asked.app().connection_of(&offer).redirect_address(&asked.live_store().store, &address))
}

//! `/apps/tokens/{provider}`: the provider's own access token of a person, for an app that the settings name.

use crate::apps::client_app::ClientApp;
use crate::directory::audit::{AuditEvent, AuditEventKind, RecordAuditEvent};
use crate::stores::live::LiveProvider;
use crate::web::apps::app_token::{VerifiedAccessToken, verified_access_token};
use crate::web::apps::authentication::find_app;
use crate::web::apps::cross_origin;
use crate::web::apps::oauth_error::OAuthError;
use crate::web::apps::refusals;
use crate::web::apps::token_refresh::TokenOwner;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::start::provider_named;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::header::AUTHORIZATION;
use quick_cache::sync::Cache;
use std::sync::Arc;

/// How long a further fetch of the same app, person and provider is not recorded again, in seconds.
const RECORDED_FOR: i64 = 3600;

/// Which fetches were recorded lately, so that an app that fetches the token before each call does not fill the audit.
pub(crate) struct FetchThrottle(Cache<(Box<str>, Box<str>), i64>);

impl Default for FetchThrottle {
    fn default() -> Self {
        Self(Cache::new(10_000))
    }
}

impl FetchThrottle {
    /// Whether a fetch of a provider's token by a grant is to be recorded.
    fn admits(&self, grant: &str, provider: &str, now: i64) -> bool {
        self.0.get(&(grant.into(), provider.into())).is_none_or(|recorded| now.saturating_sub(recorded) >= RECORDED_FOR)
    }

    fn note_recorded(&self, grant: &str, provider: &str, now: i64) {
        self.0.insert((grant.into(), provider.into()), now);
    }
}

pub(crate) async fn hand_out(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let answered = match context.header(AUTHORIZATION) {
        Some(header) => answer(&context, header).await,
        None => Ok(OAuthError::no_token()),
    };
    let mut response = answered.unwrap_or_else(|error| error.to_response());
    cross_origin::allow_app_pages(&context, response.headers_mut());
    Ok(response)
}

async fn answer(context: &RequestContext, header: &str) -> Result<HttpResponse, OAuthError> {
    let (token, app) = authorized_app(context, header).await?;
    let grant = token.grant.clone().ok_or(OAuthError::invalid_token())?;
    let name = context.path_parameter("provider").unwrap_or_default();
    if !app.may_fetch_tokens_of(&name) {
        refusals::record(context, Some(&app.name), "insufficient_scope").await;
        return Err(OAuthError::tokens_not_allowed());
    }
    let live_provider = provider_named(context, &name).map_err(|_| OAuthError::no_tokens())?;
    if live_provider.provider.keeping.is_none() {
        return Err(OAuthError::no_tokens());
    }
    let owner = TokenOwner {
        context: context.clone(),
        live_provider: Arc::clone(&live_provider),
        grant: grant.clone(),
        app: app.name.clone(),
        uid: token.subject.clone(),
    };
    let kept = owner.current_tokens().await?;
    record(context, &live_provider, (&app.name, &grant, &token.subject)).await;
    Ok(HttpResponse::Ok().json(kept.for_app()))
}

/// The app of an access token, if its budget allows the request. An address from which too many tokens were wrong has to wait.
async fn authorized_app(context: &RequestContext, header: &str) -> Result<(VerifiedAccessToken, Arc<ClientApp>), OAuthError> {
    context.check_wrong_proofs()?;
    context.require_fresh_revocations()?;
    let token = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    let verified = match token {
        Some(token) => verified_access_token(context, token).await?,
        None => None,
    };
    let Some((token, app)) = verified.and_then(|token| find_app(context, &token.app).map(|app| (token, app))) else {
        context.check_rate_limit(RateLimitKind::WrongProof)?;
        return Err(OAuthError::invalid_token());
    };
    if app.is_public() {
        context.check_rate_limit(RateLimitKind::Session)?;
    } else {
        context.check_app_rate_limit(&app.name)?;
    }
    Ok((token, app))
}

async fn record(context: &RequestContext, live_provider: &LiveProvider, (app, grant, uid): (&str, &str, &str)) {
    let (throttle, key) = (&context.app().stories.of_tokens, &*live_provider.provider.key);
    if !throttle.admits(grant, key, context.now()) {
        return;
    }
    let event = AuditEvent::new(context.now(), &context.live_store().store.name, AuditEventKind::TokenFetched);
    let event = event.of_app(app).for_user(uid).via_provider(&live_provider.provider.name);
    // The token is handed out without its line rather than not at all; the log has a line of its own.
    if context.app().directory.write(RecordAuditEvent(event)).await.is_ok() {
        throttle.note_recorded(grant, key, context.now());
    } else {
        tracing::warn!(app, "the audit lacks the line that an app has fetched a token of a provider");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fetch_is_recorded_once_an_hour_for_a_grant_and_a_provider() {
        let throttle = FetchThrottle::default();

        assert!(throttle.admits("g1", "acme", 0) && throttle.admits("g1", "acme", 0), "nothing is recorded yet");
        throttle.note_recorded("g1", "acme", 0);

        assert!(!throttle.admits("g1", "acme", 3599) && throttle.admits("g1", "acme", 3600));
        assert!(throttle.admits("g2", "acme", 0) && throttle.admits("g1", "beta", 0));
    }
}

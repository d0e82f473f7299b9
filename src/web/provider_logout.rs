//! `/backchannel-logout/{provider}`: a provider says that its session has ended (OpenID Connect Back-Channel Logout 1.0), and the sessions of
//! that person that began with a sign-in there end here.

use crate::directory::provider_logout::{EndSessionsOfIdentity, ProviderLogoutOutcome};
use crate::login::provider_logout::{RefusedLogoutToken, takes_logout_tokens, verify_logout_token};
use crate::pages::ErrorCause;
use crate::stores::live::LiveProvider;
use crate::vocabulary::hash::{hex, sha256};
use crate::web::apps::oauth_error::OAuthError;
use crate::web::apps::oauth_form::OAuthForm;
use crate::web::metrics::sessions::SessionEndReason;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::start::requested_provider;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;

/// For how long a used token is remembered, in seconds. It is longer than any token is accepted.
const REMEMBERED: i64 = 600;

pub(crate) async fn receive(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Session)?;
    let live_provider = requested_provider(&context)?;
    if !takes_logout_tokens(&live_provider.provider) {
        return Err(ErrorCause::NoSuchPage.into());
    }
    Ok(match end_sessions(&context, &live_provider).await {
        Ok(()) => HttpResponse::Ok().finish(),
        Err(error) => error.to_response(),
    })
}

async fn end_sessions(context: &RequestContext, live_provider: &LiveProvider) -> Result<(), OAuthError> {
    let form = OAuthForm::of_request(context)?;
    let token = form.required("logout_token", "`logout_token` is missing")?;
    let (app, store, client) = (context.app(), &context.live_store().store, context.client_of(live_provider));
    let installation = live_provider.installation(&store.public_url);
    let verified = verify_logout_token(live_provider.parties(&client), &installation, token, context.now()).await;
    let logout = verified.map_err(|refused| {
        tracing::warn!(store = &*store.name, provider = &*live_provider.listed.name, %refused, "a logout token was refused");
        error_of(&refused)
    })?;
    let key = &live_provider.listed.key;
    let end = EndSessionsOfIdentity {
        token: hex(&sha256::<16>(format!("logout {} {key} {}", store.name, logout.token_id).as_bytes())).into(),
        until: context.now().saturating_add(REMEMBERED),
        store: store.name.clone(),
        provider: key.clone(),
        provider_id: logout.id,
        fingerprint: live_provider.fingerprint.pinned.clone(),
        file: live_provider.listed.name.clone(),
        now: context.now(),
    };
    match app.directory.write(end).await? {
        ProviderLogoutOutcome::Ended(ended) => {
            app.metrics.sessions.count_ended(&store.name, SessionEndReason::Provider, ended as u64);
            // If that cannot be read now, it is read within a second.
            let _ = app.read_from_storage(context.now()).await;
            Ok(())
        }
        ProviderLogoutOutcome::Repeated => Err(OAuthError::new("invalid_request", "the logout token was used before")),
    }
}

fn error_of(refused: &RefusedLogoutToken) -> OAuthError {
    match refused {
        RefusedLogoutToken::NoDocument(_) => OAuthError::unavailable(),
        RefusedLogoutToken::Bad(_) => OAuthError::new("invalid_request", "the logout token is not valid"),
        RefusedLogoutToken::NoTokenId => OAuthError::new("invalid_request", "the logout token has no `jti`"),
        RefusedLogoutToken::NoPerson => OAuthError::new("invalid_request", "the logout token does not name the person by a known `sub`"),
    }
}

//! The tokens of a grant, as `/token` hands them to the app.

use crate::apps::audiences::{GrantedAudiences, choose_audiences};
use crate::apps::client_app::ClientApp;
use crate::apps::refresh_token::RefreshToken;
use crate::apps::scope::{self, OPENID};
use crate::directory::app_grants::AppUser;
use crate::web::apps::app_token::{self, AccessTokenSubject, IdTokenSubject};
use crate::web::apps::authorize::provider_file;
use crate::web::apps::oauth_error::OAuthError;
use crate::web::request_context::RequestContext;
use serde_json::{Map, Value, json};

/// How long a refresh token that nothing uses stays valid, in seconds.
pub(crate) const REFRESH_IDLE: i64 = 30 * 86400;

/// A grant, as far as its tokens need it.
pub(crate) struct TokensOfGrant<'a> {
    pub(crate) id: &'a str,
    /// The session, as the app was first given it.
    pub(crate) sid: &'a str,
    /// The key of the provider.
    pub(crate) provider: &'a str,
    /// When the person signed in; 0 if that is not known.
    pub(crate) auth_time: i64,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) audiences: &'a [Box<str>],
    pub(crate) refresh: Option<RefreshToken>,
}

/// The answer with the tokens of a grant.
pub(crate) fn tokens_of_grant(
    context: &RequestContext,
    app: &ClientApp,
    user: &AppUser,
    scopes: &str,
    of: TokensOfGrant<'_>,
) -> Result<Map<String, Value>, OAuthError> {
    let TokensOfGrant { id, sid, provider, auth_time, nonce, audiences, refresh } = of;
    let (grant, person) = (Some((id, auth_time)), Some((user, provider)));
    let access = AccessTokenSubject { subject: &user.uid, scopes, audiences, grant, person };
    let access_token = app_token::access_token(context, app, &access)?;
    let mut tokens = Map::new();
    if scope::has(scopes, OPENID) {
        let file = provider_file(context, provider);
        let provider = file.as_deref().unwrap_or(provider);
        let about = IdTokenSubject { user, scopes, sid, provider, auth_time, nonce };
        tokens.insert("id_token".to_owned(), app_token::id_token(context, app, &about, &access_token)?.into());
    }
    if let Some(refresh) = refresh {
        let token = refresh.issue(&context.app().for_apps.refresh, &context.live_store().store.public_url);
        tokens.insert("refresh_token".to_owned(), token.into());
    }
    add_access_token(&mut tokens, access_token, scopes);
    Ok(tokens)
}

/// Adds an access token, and what is said about it.
pub(crate) fn add_access_token(tokens: &mut Map<String, Value>, access_token: String, scopes: &str) {
    tokens.insert("access_token".to_owned(), access_token.into());
    tokens.insert("token_type".to_owned(), "Bearer".into());
    tokens.insert("expires_in".to_owned(), json!(app_token::LIFETIME));
    tokens.insert("scope".to_owned(), scopes.into());
}

/// The audiences of an access token, of which the request names some.
pub(crate) fn chosen_audiences<'a>(
    app: &ClientApp,
    granted: GrantedAudiences<'_>,
    asked: impl Iterator<Item = &'a str>,
) -> Result<Vec<Box<str>>, OAuthError> {
    let refused = OAuthError::new("invalid_target", "`resource` is not among the audiences that this app may ask for here");
    choose_audiences(app, granted, asked).ok_or(refused)
}

/// The scopes that the settings allow the app now.
pub(crate) fn still_allowed(app: &ClientApp, scopes: &str) -> Box<str> {
    scope::granted(scopes, |word| app.scopes.iter().any(|allowed| **allowed == *word))
}

//! `/userinfo`: what an app may read of the person, with an access token (OpenID Connect Core 1.0, 5.3; RFC 6750).

use crate::apps::scope::OPENID;
use crate::directory::app_grants::{AppGrant, AppUser, FindAppGrant};
use crate::session::further_facts::FurtherFacts;
use crate::web::apps::app_token::verified_access_token;
use crate::web::apps::oauth_error::OAuthError;
use crate::web::apps::oauth_form::OAuthForm;
use crate::web::apps::token_claims::claims_of_person;
use crate::web::apps::{cross_origin, fresh_tokens};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Map, Value};

pub(crate) async fn userinfo(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let answered = match presented_token(&context) {
        Ok(Some(token)) => answer(&context, &token).await,
        Ok(None) => Ok(OAuthError::no_token()),
        Err(error) => Err(error),
    };
    let mut response = answered.unwrap_or_else(|error| error.to_response());
    cross_origin::allow_app_pages(&context, response.headers_mut());
    Ok(response)
}

async fn answer(context: &RequestContext, token: &str) -> Result<HttpResponse, OAuthError> {
    context.check_rate_limit(RateLimitKind::Session)?;
    if let Some(claims) = fresh_tokens::take_claims(context, token) {
        return Ok(HttpResponse::Ok().json(Value::Object(claims)));
    }
    let token = verified_access_token(context, token).await?.ok_or(OAuthError::invalid_token())?;
    if !token.has_scope(OPENID) {
        return Err(OAuthError::insufficient_scope());
    }
    let id = token.grant.clone().ok_or(OAuthError::invalid_token())?;
    let store = &context.live_store().store;
    let found = context.app().directory.read(FindAppGrant { store: store.name.clone(), id }).await?;
    let is_theirs = |(grant, _): &(_, _)| is_grant_of_token(grant, &token.subject, &token.app);
    let (_, user) = found.filter(is_theirs).ok_or(OAuthError::invalid_token())?;
    Ok(HttpResponse::Ok().json(Value::Object(userinfo_of(&user, &token.scopes, &store.further))))
}

/// What is said of a person, by the granted scopes.
pub(crate) fn userinfo_of(user: &AppUser, scopes: &str, further: &FurtherFacts) -> Map<String, Value> {
    let mut claims = claims_of_person(user, scopes, further);
    claims.insert("sub".to_owned(), Value::from(&*user.uid));
    claims
}

fn is_grant_of_token(grant: &AppGrant, subject: &str, app: &str) -> bool {
    *grant.uid == *subject && *grant.app == *app
}

/// The access token, in one of the three places of RFC 6750; `None` if there is none.
pub(crate) fn presented_token(context: &RequestContext) -> Result<Option<String>, OAuthError> {
    let in_header = match context.header(AUTHORIZATION) {
        Some(header) => {
            let token = header
                .split_once(' ')
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                .map(|(_, token)| token.trim().to_owned());
            Some(token.ok_or(OAuthError::invalid_token())?)
        }
        None => None,
    };
    let is_form = context.header(CONTENT_TYPE).is_some_and(|kind| kind.split(';').next() == Some("application/x-www-form-urlencoded"));
    let in_form = if is_form { OAuthForm::parse(context.body())?.value("access_token").map(str::to_owned) } else { None };
    let in_query = OAuthForm::parse(context.request().query_string().as_bytes())?.value("access_token").map(str::to_owned);
    let mut found = [in_header, in_form, in_query].into_iter().flatten();
    let token = found.next();
    if found.next().is_some() {
        return Err(OAuthError::new("invalid_request", "the access token stands in two places"));
    }
    Ok(token)
}

//! `/exchange/{provider}`: a program hands in a token of the provider for a token of a session here, in JSON and without any cookie.
//! A form of the provider's own button, which comes from a browser, signs that browser in as a callback does.

use crate::directory::attempts::ConsumeAttempt;
use crate::login::attempt::Entropy;
use crate::login::conversation::Conversation;
use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::exchange::{ExchangedIdentity, HandedNonce, HandedTokens};
use crate::login::options::LoginOptions;
use crate::login::trace::LoginTokens;
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::provider::exchange::ProviderButton;
use crate::session::Session;
use crate::stores::live::LiveProvider;
use crate::story::watch::LoginWatch;
use crate::vocabulary::incident_code::IncidentCode;
use crate::vocabulary::text::Text;
use crate::web::apps::login_for_app;
use crate::web::apps::oauth_error::OAuthError;
use crate::web::handed_in::{HandedIn, HandedInFields, HandedInShape};
use crate::web::login_failure::{self, BrokerFailure};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::session::{allow_posted_json, allow_storefront, rfc3339};
use crate::web::session_tokens::token_for_store;
use crate::web::user_facing_error::{UserFacingError, cause_of_login_error, redirect_to};
use crate::web::{attempt_cookies, sign_in, start};
use crate::world::{clock, random};
use actix_web::http::StatusCode;
use actix_web::http::header::{ORIGIN, RETRY_AFTER};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The shortest text that counts as the check of a button's form.
const SHORTEST_CHECK: usize = 8;

/// Why nothing was exchanged.
pub(crate) struct ExchangeRefusal {
    error: UserFacingError,
    /// What the conversation with the provider ended with.
    login: Option<LoginError>,
}

impl<E: Into<UserFacingError>> From<E> for ExchangeRefusal {
    fn from(error: E) -> Self {
        Self { error: error.into(), login: None }
    }
}

/// Tokens in JSON, in a form, or in the form of a button.
pub(crate) async fn hand_in(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    if let Some((live_provider, form)) = form_of_button(&context) {
        context.check_rate_limit(RateLimitKind::Callback)?;
        return sign_in_by_button(&context, &live_provider, &form).await;
    }
    let mut response = HttpResponse::Ok();
    allow_storefront(&context, &mut response, false);
    Ok(match exchange(&context).await {
        Ok(body) => response.json(body),
        Err(refusal) => refusal.into_response(response),
    })
}

/// What a browser asks before a page of a storefront may send JSON.
pub(crate) async fn preflight(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    Ok(allow_posted_json(&context))
}

async fn exchange(context: &RequestContext) -> Result<Value, ExchangeRefusal> {
    context.check_rate_limit(RateLimitKind::Callback)?;
    let handed = HandedIn::from_request(context)?;
    let live_provider = start::provider_named(context, &handed.provider)?;
    let exchanged = obtain_identity(context, &live_provider, &handed.tokens).await?;
    let mut lasting = context.live_store().store.lasting;
    if let Some(longest) = handed.longest {
        (lasting.lifetime, lasting.idle) = (lasting.lifetime.min(longest), lasting.idle.min(longest));
    }
    let session = match sign_in::sign_in(context, &exchanged.identity, &live_provider.version, None, lasting).await? {
        Ok((session, rule)) => {
            sign_in::announce(context, &live_provider, &session, rule);
            session
        }
        Err(refusal) => return Err(sign_in::refused(context, &live_provider, &exchanged.identity, None, refusal).await.into()),
    };
    Ok(token_answer(context, &session, handed.shape)?)
}

fn token_answer(context: &RequestContext, session: &Session, shape: HandedInShape) -> Result<Value, UserFacingError> {
    let token = token_for_store(context, session)?;
    let expires = rfc3339(session.until);
    Ok(match shape {
        HandedInShape::Own => json!({ "token": token, "expiresAt": expires }),
        HandedInShape::NamesProvider => json!({ "authToken": token, "expiresAt": expires }),
    })
}

/// Verifies what was handed in, and finds out who the person is.
pub(crate) async fn obtain_identity(
    context: &RequestContext,
    live_provider: &LiveProvider,
    tokens: &HandedTokens,
) -> Result<ExchangedIdentity, ExchangeRefusal> {
    let client = context.client_of(live_provider);
    let installation = live_provider.installation(&context.live_store().store.public_url);
    let (entropy, now) = (Entropy(random::bytes()), context.now());
    let conversation = Conversation::begin(live_provider.parties(&client), installation, &entropy, Vec::new(), now);
    conversation.refresh_document(now).await;
    let (began, mut watch) = (clock::instant(), LoginWatch::traced(&live_provider.provider));
    let Ok((trace, outcome)) = conversation.exchange(tokens, context.limited_network(), now, &mut watch).await else {
        let busy = BrokerFailure::TooManyLogins;
        return Err(login_failure::without_conversation(context, busy, live_provider, None).await.into());
    };
    let (logins, provider) = (&context.app().metrics.logins, &live_provider.provider);
    logins.observe_conversation(&provider.name, began.elapsed());
    watch.call_durations(provider).for_each(|(step, took)| logins.observe_step(&provider.name, step, took));
    let exchanged = match outcome {
        Ok(exchanged) => exchanged,
        Err(login) => {
            let error = login_failure::in_exchange(context, live_provider, &login, (&trace, &watch)).await;
            return Err(ExchangeRefusal { error, login: Some(login) });
        }
    };
    if let Some(used) = &exchanged.token.single_use {
        let (store, key) = (&context.live_store().store.name, &live_provider.provider.key);
        let id = attempt_cookies::hashed_id(&format!("exchange {store} {key} {}", used.nonce)).into();
        if !context.app().directory.write(ConsumeAttempt { attempt: id, until: used.until }).await? {
            return Err(login_failure::without_conversation(context, BrokerFailure::AlreadyUsed, live_provider, None).await.into());
        }
    }
    Ok(exchanged)
}

/// The status and the name of the error that a program gets when the conversation with the provider ended with an error.
pub(crate) fn answer_to(error: &LoginError) -> (StatusCode, &'static str) {
    status_and_name(error, cause_of_login_error(error, false))
}

fn status_and_name(error: &LoginError, cause: ErrorCause) -> (StatusCode, &'static str) {
    if matches!(error.cause, LoginErrorCause::BadToken(_)) {
        return (StatusCode::UNAUTHORIZED, "badToken");
    }
    if matches!(error.cause, LoginErrorCause::NotExchangeable(_)) {
        return (StatusCode::BAD_REQUEST, "notExchangeable");
    }
    let is_refused = error.refusal().is_some_and(|refusal| !refusal.code.is_server_error());
    (if is_refused { StatusCode::UNAUTHORIZED } else { cause.status() }, cause.name())
}

impl ExchangeRefusal {
    /// The status and the name of the refusal.
    fn status(&self) -> (StatusCode, &'static str) {
        let Self { error, login } = self;
        login.as_ref().map_or((error.cause.status(), error.cause.name()), |login| status_and_name(login, error.cause))
    }

    /// What the program is informed of. What a provider says is for support staff only.
    fn message(&self) -> Option<String> {
        self.login.as_ref().filter(|login| login.refusal().is_none()).map(ToString::to_string)
    }

    /// The same for an app, at `/token`.
    pub(crate) fn into_oauth_error(self) -> OAuthError {
        OAuthError::of_login(&self.error, self.status(), self.message().as_deref())
    }

    pub(crate) fn into_response(self, mut response: HttpResponseBuilder) -> HttpResponse {
        let ((status, name), message, error) = (self.status(), self.message(), self.error);
        let code = error.login.as_ref().and_then(|login| login.code.as_ref()).map(IncidentCode::as_str);
        let members = [("error", Some(name)), ("code", code), ("message", message.as_deref())];
        let body: Map<String, Value> = members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into()))).collect();
        if let Some(seconds) = error.cause.retry_after() {
            response.insert_header((RETRY_AFTER, seconds));
        }
        response.status(status).json(body)
    }
}

/// The form of the provider's button, if this request is one.
fn form_of_button(context: &RequestContext) -> Option<(Arc<LiveProvider>, HandedInFields)> {
    let live_provider = start::requested_provider(context).ok()?;
    let form = HandedIn::form_fields(context)?;
    let button = button_of(&live_provider)?;
    form.iter().any(|(name, _)| **name == *button.field).then_some((live_provider.clone(), form))
}

fn button_of(live_provider: &LiveProvider) -> Option<&ProviderButton> {
    live_provider.provider.exchange.words.as_ref()?.button.as_ref()
}

/// Signs in the browser that sends the form, unless another site makes it send the form (login CSRF).
async fn sign_in_by_button(
    context: &RequestContext,
    live_provider: &Arc<LiveProvider>,
    form: &[(String, String)],
) -> Result<HttpResponse, UserFacingError> {
    let button = button_of(live_provider).ok_or(ErrorCause::NoSuchProvider)?;
    let field = |wanted: &str| {
        let mut found = form.iter().filter(|(name, _)| name == wanted).map(|(_, value)| Text::plain(&**value));
        found.next().filter(|_| found.next().is_none())
    };
    let (cookie, check) = (context.cookies().unique(&button.check).map(Text::plain), field(&button.check));
    let is_same = cookie.zip(check).is_some_and(|(cookie, check)| check.len() >= SHORTEST_CHECK && cookie.is_same_as(&check));
    let is_of_provider = context.header(ORIGIN).is_some_and(|origin| button.from.iter().any(|listed| **listed == *origin));
    if !is_same || !(is_of_provider || context.browser_confirms_own_origin()) {
        return Err(ErrorCause::CrossSite.into());
    }
    let return_to = context.return_to()?;
    if let Some(for_app) = login_for_app::of_return_address(context, return_to.as_deref())? {
        if !for_app.accepts(context, live_provider) {
            return Err(ErrorCause::NoSuchProvider.into());
        }
        // A button says nothing about when the person signed in at the provider.
        if for_app.options(live_provider, LoginOptions::default()).reauthenticates {
            let login = address(&["login", &live_provider.provider.name], &[("return_to", return_to.as_deref())]);
            return Ok(redirect_to(&login));
        }
    }
    let id_token = field(&button.field).filter(|token| !token.is_empty()).ok_or(ErrorCause::Malformed)?;
    let kept = live_provider.provider.logout_uses_id_token().then(|| id_token.clone());
    let tokens = HandedTokens { id_token: Some(id_token), access_token: None, nonce: HandedNonce::Unknown };
    let ExchangedIdentity { identity, .. } = obtain_identity(context, live_provider, &tokens).await.map_err(|refusal| refusal.error)?;
    let kept = LoginTokens { id_token: kept, provider: None };
    let of_login = (&*live_provider.version, &kept);
    let opened = sign_in::open_session(context, live_provider, &identity, of_login, return_to).await;
    sign_in::append_cookies(opened, None)
}

//! `/session/one-tap`: a browser signs in with an account that it knows at a provider (FedCM), without leaving the page of the store. The page is
//! on the site of the broker, so that its requests carry our cookies.
//!
//! The nonce of the ID token is made of a key in a cookie that no page can read. So a token that was made in another browser, or at another
//! time, signs no one in here (login CSRF), and the origin of the page has to be one of the store.

use crate::login::attempt::{Entropy, GOOD_FOR};
use crate::login::conversation::Conversation;
use crate::login::exchange::{HandedNonce, HandedTokens};
use crate::login::trace::LoginTokens;
use crate::pages::ErrorCause;
use crate::stores::live::LiveProvider;
use crate::vocabulary::hash::sha256;
use crate::vocabulary::text::Text;
use crate::web::apps::kept_request;
use crate::web::email_proof::PAGE;
use crate::web::exchange::{ExchangeRefusal, obtain_identity};
use crate::web::handed_in::HandedIn;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::session::allow_storefront_origins;
use crate::web::sign_in::{self, SignInProgress};
use crate::web::user_facing_error::UserFacingError;
use crate::web::{cookies, start};
use crate::world::random;
use actix_web::HttpResponse;
use actix_web::http::header::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::sync::Arc;

/// What a page of the store passes to the browser. Nothing is offered to a page of another site, where our cookies do not come along, and to a
/// person who is signed in.
pub(crate) async fn offer(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Session)?;
    let store = &context.live_store().store;
    let mut response = HttpResponse::Ok();
    let is_offered = context.browser_confirms_own_origin() && context.session().is_none();
    let key = context.cookies().one_tap(store).map_or_else(random::id, Into::into);
    let providers = context.live_store().providers_with_button();
    let offered: Vec<Value> =
        providers.iter().filter(|_| is_offered).filter_map(|live_provider| offer_of(&context, live_provider, &key)).collect();
    if !offered.is_empty() {
        cookies::append_to(&mut response, [cookies::set_for(&cookies::one_tap_name(store), &key, GOOD_FOR, store)]);
    }
    Ok(allow_storefront_origins(&context, &mut response).json(json!({ "providers": offered })))
}

fn offer_of(context: &RequestContext, live_provider: &LiveProvider, key: &str) -> Option<Value> {
    let provider = &live_provider.provider;
    let fedcm = provider.exchange.words.as_ref()?.fedcm.as_ref()?;
    let client = context.client_of(live_provider);
    let installation = live_provider.installation(&context.live_store().store.public_url);
    let conversation =
        Conversation::begin(live_provider.parties(&client), installation.clone(), &Entropy(random::bytes()), Vec::new(), context.now());
    let facts = conversation.attempt.facts_without_discovery(provider, &installation);
    let client_id = facts.get(provider.known.client_id).filter(|client_id| !client_id.is_secret())?.masked();
    Some(json!({ "id": &*provider.name, "configUrl": &*fedcm.config, "clientId": client_id, "nonce": nonce(context, live_provider, key) }))
}

/// The nonce of this browser for a provider. It tells nothing of the key.
fn nonce(context: &RequestContext, live_provider: &LiveProvider, key: &str) -> String {
    let store = &context.live_store().store.public_url;
    URL_SAFE_NO_PAD.encode(sha256::<32>(format!("one tap {store} {} {key}", live_provider.provider.key).as_bytes()))
}

/// Signs in the browser that sends the token of a provider.
pub(crate) async fn accept(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let mut response = HttpResponse::Ok();
    allow_storefront_origins(&context, &mut response);
    let store = &context.live_store().store;
    // Another site could only make the browser forget its key.
    if context.browser_confirms_own_origin() {
        cookies::append_to(&mut response, [cookies::clear(&cookies::one_tap_name(store), store)]);
    }
    match sign_in(&context).await {
        Ok(OneTapOutcome { location, cookies }) => {
            cookies::append_to(&mut response, cookies);
            Ok(response.json(json!({ "location": location.map(|page| format!("{}{page}", store.public_url)) })))
        }
        Err(refusal) => Ok(refusal.into_response(response)),
    }
}

/// What becomes of a token that was accepted.
#[derive(Default)]
struct OneTapOutcome {
    /// The page of ours to which the person goes on, where an address has to be proven first.
    location: Option<&'static str>,
    cookies: Vec<HeaderValue>,
}

async fn sign_in(context: &RequestContext) -> Result<OneTapOutcome, ExchangeRefusal> {
    context.check_rate_limit(RateLimitKind::Callback)?;
    context.require_fresh_revocations()?;
    let store = &context.live_store().store;
    let key = context.cookies().one_tap(store).filter(|_| context.browser_confirms_own_origin()).ok_or(ErrorCause::CrossSite)?;
    // The person has signed in meanwhile, as in another tab. The browser may give a token without asking, and it may be of another person.
    if context.session_under_new_keys().await?.is_some() {
        return Ok(OneTapOutcome::default());
    }
    let form = HandedIn::form_fields(context).ok_or(ErrorCause::Malformed)?;
    let field = |wanted: &str| {
        let mut found = form.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value);
        found.next().filter(|value| !value.is_empty() && found.next().is_none())
    };
    let live_provider: Arc<LiveProvider> = start::provider_named(context, field("provider").ok_or(ErrorCause::Malformed)?)?;
    if live_provider.provider.exchange.words.as_ref().is_none_or(|words| words.fedcm.is_none()) {
        return Err(ErrorCause::NoSuchProvider.into());
    }
    let return_to = context.allowed_return_to(field("return_to").cloned())?;
    // A request of an app may ask for another provider, or for a person who has just signed in there.
    if return_to.as_deref().is_some_and(|return_to| kept_request::id_in_return_address(return_to, &store.public_url).is_some()) {
        return Err(ErrorCause::Malformed.into());
    }
    let token = Text::secret(field("token").ok_or(ErrorCause::Malformed)?.as_str(), &"idToken".into());
    let id_token = live_provider.provider.logout_uses_id_token().then(|| token.clone());
    let nonce = HandedNonce::OfBrowser(Text::plain(nonce(context, &live_provider, key)));
    let tokens = HandedTokens { id_token: Some(token), access_token: None, nonce };
    let exchanged = obtain_identity(context, &live_provider, &tokens).await?;
    if exchanged.token.single_use.is_none() {
        return Err(ErrorCause::CrossSite.into());
    }
    let kept = LoginTokens { id_token, provider: None };
    let of_login = (&*live_provider.version, &kept);
    match sign_in::begin_session(context, &live_provider, &exchanged.identity, of_login, return_to).await? {
        SignInProgress::SignedIn(session) => {
            let cookies = sign_in::cookies_of_sign_in(context, &session, &live_provider.provider.name)?;
            Ok(OneTapOutcome { location: None, cookies })
        }
        SignInProgress::ProvesAddress((_, cookies)) => Ok(OneTapOutcome { location: Some(PAGE), cookies }),
    }
}

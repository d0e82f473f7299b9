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
use crate::web::email_proof::PAGE;
use crate::web::exchange::{ExchangeRefusal, obtain_identity};
use crate::web::handed_in::HandedIn;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::session::allow_storefront_origins;
use crate::web::user_facing_error::{ResponseWithCookies, UserFacingError};
use crate::web::{cookies, sign_in, start};
use crate::world::random;
use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
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
    cookies::append_to(&mut response, [cookies::clear(&cookies::one_tap_name(store), store)]);
    match signed_in(&context).await {
        Ok((signed_in, session_cookies)) => {
            cookies::append_to(&mut response, session_cookies);
            // The address is not proven yet, and the person goes on at that page.
            let location =
                signed_in.headers().get(LOCATION).and_then(|location| location.to_str().ok()).filter(|location| *location == PAGE);
            Ok(response.json(json!({ "location": location.map(|page| format!("{}{page}", store.public_url)) })))
        }
        Err(refusal) => Ok(refusal.into_response(response)),
    }
}

async fn signed_in(context: &RequestContext) -> Result<ResponseWithCookies, ExchangeRefusal> {
    context.check_rate_limit(RateLimitKind::Callback)?;
    context.require_fresh_revocations()?;
    let key = context.cookies().one_tap(&context.live_store().store);
    let key = key.filter(|_| context.browser_confirms_own_origin()).ok_or(ErrorCause::CrossSite)?;
    let form = HandedIn::form_fields(context).ok_or(ErrorCause::Malformed)?;
    let field = |wanted: &str| {
        let mut found = form.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value);
        found.next().filter(|value| !value.is_empty() && found.next().is_none())
    };
    let live_provider: Arc<LiveProvider> = start::provider_named(context, field("provider").ok_or(ErrorCause::Malformed)?)?;
    if live_provider.provider.exchange.words.as_ref().is_none_or(|words| words.fedcm.is_none()) {
        return Err(ErrorCause::NoSuchProvider.into());
    }
    let token = Text::secret(field("token").ok_or(ErrorCause::Malformed)?.as_str(), &"idToken".into());
    let nonce = HandedNonce::Given(Text::plain(nonce(context, &live_provider, key)));
    let kept = live_provider.provider.logout_uses_id_token().then(|| token.clone());
    let tokens = HandedTokens { id_token: Some(token), access_token: None, nonce };
    let exchanged = obtain_identity(context, &live_provider, &tokens).await?;
    if exchanged.token.single_use.is_none() {
        return Err(ErrorCause::CrossSite.into());
    }
    let kept = LoginTokens { id_token: kept, provider: None };
    let return_to = context.allowed_return_to(field("return_to").cloned())?;
    Ok(sign_in::open_session(context, &live_provider, &exchanged.identity, (&live_provider.version, &kept), return_to).await?)
}

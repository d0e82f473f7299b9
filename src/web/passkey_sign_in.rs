//! `/login/passkey`: a person signs in by a passkey, which the authenticator itself finds. The page names no person, and learns of none before a
//! signature has been verified.

use crate::directory::audit::{AuditEvent, AuditEventKind, RecordAuditEvent};
use crate::directory::passkeys::{FindPasskey, Passkey, PasskeySignInRefusal, SignInByPasskey};
use crate::directory::sign_in::SignedIn;
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::passkeys::ceremony::{self, AssertionAnswer, KnownPasskey, PasskeyUse, RelyingParty};
use crate::passkeys::refusal::PasskeyRefusal;
use crate::provider::passkey::{PASSKEY, identity_by_passkey};
use crate::web::apps::{kept_request, login_for_app};
use crate::web::login_source::LoginSource;
use crate::web::passkey_form::{AnsweredChallenge, NewChallenge};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::sign_in::BegunSession;
use crate::web::user_facing_error::{ResponseWithCookies, UserFacingError};
use crate::web::{cookies, forms, login_counts, login_failure, login_page, sign_in};
use actix_web::HttpResponse;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

/// The page with the button, which is there for people who are signed in, too.
pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let return_to = context.return_to()?;
    kept_request::prefer_its_languages(&context, return_to.as_deref());
    require_offer(&context, return_to.as_deref())?;
    login_page::show_passkey(&context)
}

/// A challenge for the script.
pub(crate) async fn options(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    context.require_own_origin()?;
    let return_to = context.return_to()?;
    let store = require_offer(&context, return_to.as_deref())?;
    let (key, cookie) = forms::browser_key(&context);
    let NewChallenge { challenge, form } = NewChallenge::new(&context, &bound(&key, return_to.as_deref()));
    let mut response = HttpResponse::Ok();
    cookies::append_to(&mut response, [cookie]);
    Ok(response.json(json!({ "form": form, "challenge": challenge, "rpId": store.host })))
}

/// Signs in the person of a passkey.
pub(crate) async fn sign_in(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Callback)?;
    // Without fresh revocations no session could be opened.
    context.require_fresh_revocations()?;
    let return_to = context.return_to()?;
    kept_request::prefer_its_languages(&context, return_to.as_deref());
    let store = require_offer(&context, return_to.as_deref())?;
    let page = address(&["login"], &[("return_to", return_to.as_deref())]);
    let key = context.cookies().form_key(&context.live_store().store).unwrap_or_default();
    let answered = AnsweredChallenge::verified(&context, &bound(key, return_to.as_deref()), &page)?;
    let result = open_session(&context, store, &answered, return_to).await;
    sign_in::append_cookies(result, None)
}

/// To what the challenge belongs: the browser, and the place to which the sign-in leads. So a passkey that was used for one app signs in to no
/// other.
fn bound(key: &str, return_to: Option<&str>) -> String {
    format!("passkey of browser {key} to {}", return_to.unwrap_or_default())
}

/// The store, unless it or the app to which the sign-in leads does not offer passkeys.
fn require_offer<'a>(context: &'a RequestContext, return_to: Option<&str>) -> Result<RelyingParty<'a>, UserFacingError> {
    let for_app = login_for_app::of_return_address(context, return_to)?;
    let is_refused = for_app.is_some_and(|for_app| !for_app.offers_passkeys(context));
    context.live_store().relying_party().filter(|_| !is_refused).ok_or(ErrorCause::NoSuchProvider.into())
}

async fn open_session(
    context: &RequestContext,
    relying_party: RelyingParty<'_>,
    answered: &AnsweredChallenge,
    return_to: Option<String>,
) -> Result<ResponseWithCookies, UserFacingError> {
    let (app, store) = (context.app(), &context.live_store().store);
    let id = answered.bytes("credential")?;
    // Another length could stand for no credential, and is not looked up.
    let id = Some(id).filter(|id| ceremony::is_credential_id(id)).ok_or(ErrorCause::PasskeyRefused)?;
    let find = FindPasskey { store: store.name.clone(), id: URL_SAFE_NO_PAD.encode(id).into() };
    let Some((passkey, uid)) = app.directory.read(find).await? else { return Err(refused(context, "unknown")) };
    let PasskeyUse { counter, backed_up } = match verify(relying_party, answered, &passkey, &uid)? {
        Ok(used) => used,
        Err(why) => return Err(refused_known(context, &uid, why).await?),
    };
    let instead_of = context.session_under_new_keys().await?.map(|session| (session.sid.clone(), session.latest_expiry()));
    let identity = identity_by_passkey();
    let sign_in = sign_in::new_sign_in(context, &identity, "", instead_of, store.lasting);
    let begun = BegunSession { sid: sign_in.sid.clone(), instead_of: sign_in.instead_of.clone(), lasting: store.lasting };
    let challenge = answered.used(context);
    let found = (passkey, uid.clone());
    let by_passkey = SignInByPasskey { sign_in, challenge, found, counter: counter.into(), backed_up };
    let user = match app.directory.write(by_passkey).await? {
        Ok(SignedIn { user, .. }) => user,
        Err(PasskeySignInRefusal::AlreadyUsed) => return Err(ErrorCause::AlreadyUsed.into()),
        Err(PasskeySignInRefusal::Removed) => return Err(refused(context, "removed")),
        Err(PasskeySignInRefusal::CounterWentBack) => {
            return Err(refused_known(context, &uid, PasskeyRefusal::CounterWentBack).await?);
        }
        Err(PasskeySignInRefusal::User(refusal)) => {
            return Err(login_failure::sign_in_refused(context, LoginSource::PASSKEY, return_to.as_deref(), refusal).await);
        }
    };
    let provider_id = user.uid.clone();
    let session = begun.session_of(context, user, &identity, provider_id)?;
    sign_in::record_sign_in(context, LoginSource::PASSKEY, &session);
    sign_in::send_on(context, &session, PASSKEY, return_to).await
}

/// Judges the answer of the authenticator. The user handle has to be that of the user who has the passkey.
fn verify(
    relying_party: RelyingParty<'_>,
    answered: &AnsweredChallenge,
    passkey: &Passkey,
    uid: &str,
) -> Result<Result<PasskeyUse, PasskeyRefusal>, UserFacingError> {
    if answered.bytes("user")? != uid.as_bytes() {
        return Ok(Err(PasskeyRefusal::WrongCredential));
    }
    let Ok(key) = URL_SAFE_NO_PAD.decode(&*passkey.public_key) else { return Ok(Err(PasskeyRefusal::UnusableKey)) };
    let counter = u32::try_from(passkey.counter).unwrap_or(u32::MAX);
    let known = KnownPasskey { key: &key, counter, backup_eligible: passkey.backup_eligible };
    let (client_data, authenticator_data) = (answered.bytes("clientData")?, answered.bytes("authenticatorData")?);
    let signature = answered.bytes("signature")?;
    let answer = AssertionAnswer { client_data: &client_data, authenticator_data: &authenticator_data, signature: &signature };
    Ok(ceremony::assert(relying_party, answered.challenge(), known, answer))
}

/// The error of a passkey of which no user is known.
fn refused(context: &RequestContext, why: &'static str) -> UserFacingError {
    let store = &context.live_store().store.name;
    login_counts::count_failure(context, LoginSource::PASSKEY, ErrorCause::PasskeyRefused, (login_counts::IDENTITY, why));
    context.app().metrics.logins.count_failure(store, PASSKEY, (login_counts::IDENTITY, why));
    tracing::info!(store = &**store, why, "a passkey was refused");
    ErrorCause::PasskeyRefused.into()
}

/// The same for a passkey of this user. A counter that went back is recorded: its signature was right, so there may be a copy of the passkey.
async fn refused_known(context: &RequestContext, uid: &str, why: PasskeyRefusal) -> Result<UserFacingError, UserFacingError> {
    if why == PasskeyRefusal::CounterWentBack {
        let event = AuditEvent::new(context.now(), &context.live_store().store.name, AuditEventKind::PasskeyRefused);
        let event = event.for_user(uid).via_provider(PASSKEY).with_reason(why.word());
        context.app().directory.write(RecordAuditEvent(event)).await?;
    }
    Ok(refused(context, why.word()))
}

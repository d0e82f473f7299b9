//! A signed-in shopper adds a passkey, or removes one.

use crate::directory::audit::AuditActor;
use crate::directory::passkeys::{AddPasskey, AddPasskeyOutcome, ListPasskeys, Passkey, RemovePasskey};
use crate::pages::{Device, ErrorCause};
use crate::passkeys::ceremony::{self, RegisteredPasskey, RegistrationAnswer, RelyingParty};
use crate::passkeys::public_key::ALGORITHMS;
use crate::provider::identity::is_placeholder_domain;
use crate::session::Session;
use crate::web::account::PAGE;
use crate::web::fresh_session::{is_fresh, may_link, require_fresh_session};
use crate::web::passkey_form::{AnsweredChallenge, NewChallenge};
use crate::web::passkey_list::handle;
use crate::web::passkey_offer::next_address;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::sign_in;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use actix_web::HttpResponse;
use actix_web::http::header::USER_AGENT;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// What the script needs for a new passkey.
pub(crate) async fn options(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Login)?;
    context.require_own_origin()?;
    let (session, relying_party) = require_session_to_add(&context).await?;
    let NewChallenge { challenge, form } = NewChallenge::new(&context, &bound(&session));
    let passkeys = context.app().directory.read(ListPasskeys(session.person.uid.clone())).await?;
    let live_store = context.live_store();
    let store = &live_store.look.title;
    // An address that belongs to no mailbox means nothing to the person.
    let email = Some(session.person.email.key()).filter(|_| !is_placeholder_domain(session.person.email.domain()));
    let name = session.person.name.as_deref().or(email).unwrap_or(store);
    let algorithms: Vec<Value> = ALGORITHMS.iter().map(|number| json!({ "type": "public-key", "alg": number })).collect();
    Ok(HttpResponse::Ok().json(json!({
        "form": form,
        "challenge": challenge,
        "rp": { "id": relying_party.host, "name": store },
        "user": { "id": URL_SAFE_NO_PAD.encode(&*session.person.uid), "name": email.unwrap_or(name), "displayName": name },
        "pubKeyCredParams": algorithms,
        "excludeCredentials": passkeys.iter().map(|passkey| &passkey.id).collect::<Vec<_>>(),
    })))
}

/// Adds the passkey that the authenticator has made.
pub(crate) async fn add(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Login)?;
    let return_to = context.return_to()?;
    let (session, relying_party) = require_session_to_add(&context).await?;
    let answered = AnsweredChallenge::verified(&context, &bound(&session), PAGE)?;
    let (id, client_data, attestation) = (answered.bytes("credential")?, answered.bytes("clientData")?, answered.bytes("attestation")?);
    let answer = RegistrationAnswer { id: &id, client_data: &client_data, attestation: &attestation };
    let (live_store, uid) = (context.live_store(), session.person.uid.clone());
    let registered = ceremony::register(relying_party, answered.challenge(), answer).map_err(|why| {
        tracing::info!(store = &*live_store.store.name, uid = &*uid, why = why.word(), "a new passkey was refused");
        UserFacingError::from(ErrorCause::PasskeyRefused)
    })?;
    let (store, sid, challenge) = (live_store.store.name.clone(), session.sid, answered.used(&context));
    let add = AddPasskey { store, uid, sid, challenge, passkey: new_passkey(&context, &registered) };
    match context.app().directory.write(add).await? {
        AddPasskeyOutcome::Added if session.person.email_verified => {
            sign_in::mail_notice(&context, &context.language().phrases.passkey.name, &session.person.email);
        }
        AddPasskeyOutcome::Added => {}
        AddPasskeyOutcome::AlreadyUsed => return Err(ErrorCause::AlreadyUsed.into()),
        AddPasskeyOutcome::SignedOut => return Err(ErrorCause::NotFresh.into()),
        AddPasskeyOutcome::TooMany | AddPasskeyOutcome::Taken => return Err(ErrorCause::PasskeyRefused.into()),
    }
    Ok(redirect_to(&match return_to {
        Some(return_to) => next_address(&context, Some(&return_to)),
        None => format!("{PAGE}?done=passkey"),
    }))
}

pub(crate) async fn remove(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Session)?;
    let (session, form) = require_fresh_session(&context, PAGE).await?;
    let (app, uid) = (context.app(), session.person.uid);
    let passkeys = app.directory.read(ListPasskeys(uid.clone())).await?;
    let wanted = form.field("passkey")?;
    if let Some(passkey) = passkeys.into_iter().find(|passkey| wanted == Some(&*handle(passkey))) {
        let store = context.live_store().store.name.clone();
        let except = Some(session.sid);
        let remove = RemovePasskey { store, uid, id: passkey.id, except, by: AuditActor::Person, now: context.now() };
        app.directory.write(remove).await?;
        app.read_from_storage(context.now()).await?;
    }
    // A passkey that is not there any more is what the shopper asked for.
    Ok(redirect_to("/account?done=passkeyRemoved"))
}

/// The session, if the store offers passkeys and its user may add one now.
async fn require_session_to_add(context: &RequestContext) -> Result<(Session, RelyingParty<'_>), UserFacingError> {
    context.require_fresh_revocations()?;
    let relying_party = context.live_store().relying_party().ok_or(ErrorCause::NoSuchPage)?;
    let session = context.session_under_new_keys().await?.ok_or(ErrorCause::NotFresh)?;
    if is_fresh(context, &session) && may_link(context, &session) { Ok((session, relying_party)) } else { Err(ErrorCause::NotFresh.into()) }
}

/// To what the challenge of a new passkey belongs.
fn bound(session: &Session) -> String {
    format!("new passkey of {} in {}", session.person.uid, session.sid)
}

fn new_passkey(context: &RequestContext, registered: &RegisteredPasskey) -> Passkey {
    let RegisteredPasskey { id, key, counter, aaguid, backup_eligible, backed_up } = registered;
    Passkey {
        id: URL_SAFE_NO_PAD.encode(id).into(),
        public_key: URL_SAFE_NO_PAD.encode(key).into(),
        counter: (*counter).into(),
        aaguid: URL_SAFE_NO_PAD.encode(aaguid).into(),
        backup_eligible: *backup_eligible,
        backed_up: *backed_up,
        device: context.header(USER_AGENT).and_then(Device::of_user_agent).map(Device::to_stored),
        added: context.now(),
        used: None,
    }
}

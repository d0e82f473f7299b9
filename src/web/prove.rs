//! `/prove`: a shopper proves an e-mail address by a code that is sent there.

use crate::directory::proofs::GOOD_FOR;
use crate::login::trace::LoginTokens;
use crate::pages::frame::address;
use crate::pages::{AddressProofProblem, AddressProofReason, AddressProofStage, ErrorCause, ProvePage};
use crate::provider::identity::{Identity, IdentityEmail};
use crate::provider::trust::EmailEvidence;
use crate::stores::live::LiveProvider;
use crate::vocabulary::email::Email;
use crate::vocabulary::text::Text;
use crate::web::apps::login_for_app;
use crate::web::email_proof::{PAGE, UnprovenIdentity};
use crate::web::kept_tokens::KeptTokens;
use crate::web::login_source::LoginSource;
use crate::web::mailed_code::{PendingProof, proven_address};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{ResponseWithCookies, UserFacingError, redirect_to};
use crate::web::{cookies, forms, headers, mailed_code, sign_in};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, RETRY_AFTER};
use std::sync::Arc;

async fn pending_proof(context: &RequestContext) -> Result<PendingProof, UserFacingError> {
    mailed_code::find_pending_proof(context).await?.ok_or_else(|| no_pending_proof(context))
}

/// The browser has no pending proof. If its session is new, it has most likely finished the proof and goes on.
fn no_pending_proof(context: &RequestContext) -> UserFacingError {
    let lately = context.session().filter(|session| context.now().saturating_sub(session.since) <= GOOD_FOR);
    let instead = lately.map(|_| context.live_store().default_landing());
    UserFacingError { instead, ..ErrorCause::ProofOver.into() }
}

pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let pending = pending_proof(&context).await?;
    let change = context.query_parameter("change")?.is_some();
    Ok(proof_page(&context, &pending, change, None))
}

/// The address of a form was opened as a page.
pub(crate) async fn redirect_to_page(_: RequestContext) -> Result<HttpResponse, UserFacingError> {
    Ok(redirect_to(PAGE))
}

fn proof_page(context: &RequestContext, pending: &PendingProof, change: bool, wrong: Option<AddressProofProblem>) -> HttpResponse {
    let PendingProof { proof, identity, live_provider, handle } = pending;
    let live_store = context.live_store();
    let left = u32::try_from(proof.left).unwrap_or_default();
    let stage = match &identity.email {
        Some(address) if !change && let Some(code) = proof.awaited => {
            AddressProofStage::Code { address, digits: code.digits(), to_user_only: proof.is_to_user_only, wrong, left }
        }
        suggested => AddressProofStage::Address { suggested: suggested.as_deref(), wrong },
    };
    let offered = context.offered_languages();
    // A shopper who was asked for an address is asked for it again, even if a code has been sent.
    let asks_for_address = matches!(stage, AddressProofStage::Address { .. }).then_some("1");
    let here = address(&["prove"], &[("change", asks_for_address)]);
    let why = match &identity.known {
        None if live_provider.is_none() => Some(AddressProofReason::SignIn),
        None => Some(AddressProofReason::NotConfirmed),
        known => (*known == identity.email).then_some(AddressProofReason::Known),
    };
    let page = ProvePage {
        frame: context.frame(&offered, &here),
        provider: LoginSource::from(live_provider.as_ref()).title,
        why,
        stage,
        others: &address(&["login"], &[("return_to", identity.return_to.as_deref())]),
        form: &forms::csrf_token(context, handle),
        begins_at: None,
    };
    let mut response = HttpResponse::build(wrong.map_or(StatusCode::OK, AddressProofProblem::status));
    // The right code leads to the return address, or to the app that waits there, and browsers apply the page's policy to that redirect.
    let for_app = login_for_app::of_return_address(context, identity.return_to.as_deref()).ok().flatten();
    let app_destinations = for_app.map(|for_app| headers::app_destinations(&for_app.origin()));
    let origins = live_store.store.return_to.iter().map(|origin| &**origin).chain(app_destinations.as_deref());
    response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_forms(origins)));
    if let Some(AddressProofProblem::TooManyMails { seconds }) = wrong {
        response.insert_header((RETRY_AFTER, seconds));
    }
    context.keep_language(&mut response);
    response.content_type("text/html; charset=utf-8").body(page.render())
}

/// Sends a code to the address that was typed.
pub(crate) async fn submit_address(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Mail)?;
    let mut pending = pending_proof(&context).await?;
    let form = forms::verified_form(&context, &pending.handle, PAGE)?;
    let typed = form.field("email")?.unwrap_or_default().trim().to_owned();
    let Some(email) = mailed_code::address_with_mailbox(&typed) else {
        pending.identity.email = Some(typed);
        return Ok(proof_page(&context, &pending, true, Some(AddressProofProblem::NotAnAddress)));
    };
    send_code(&context, pending, &email, true).await
}

pub(crate) async fn resend_code(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Mail)?;
    let pending = pending_proof(&context).await?;
    forms::verified_form(&context, &pending.handle, PAGE)?;
    let email = pending.identity.email.as_deref().and_then(|email| Email::parse(email).ok());
    let Some(email) = email.filter(|_| pending.proof.awaited.is_some()) else { return Ok(redirect_to(PAGE)) };
    send_code(&context, pending, &email, false).await
}

/// Sends a code to the address, which was `typed` or is the same as before.
pub(crate) async fn send_code(
    context: &RequestContext,
    mut pending: PendingProof,
    email: &Email,
    typed: bool,
) -> Result<HttpResponse, UserFacingError> {
    let Err(problem) = mailed_code::send(context, &mut pending, email).await? else { return Ok(redirect_to(PAGE)) };
    let change = match problem {
        AddressProofProblem::Enough | AddressProofProblem::WrongCode => false,
        AddressProofProblem::TooManyMails { .. } => typed,
        AddressProofProblem::NotSent | AddressProofProblem::NotAnAddress => true,
    };
    Ok(proof_page(context, &pending, change, Some(problem)))
}

/// Compares the code that was typed and signs in.
pub(crate) async fn submit_code(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Callback)?;
    let mut pending = pending_proof(&context).await?;
    let form = forms::verified_form(&context, &pending.handle, PAGE)?;
    let Some(awaited) = pending.proof.awaited else { return Ok(redirect_to(PAGE)) };
    let typed = form.field("code")?.unwrap_or_default();
    let identity = match mailed_code::verify(&context, &mut pending, awaited, typed).await? {
        Ok(identity) => identity,
        Err(problem) => return Ok(proof_page(&context, &pending, false, Some(problem))),
    };
    let email = proven_address(&identity)?;
    let result = match &pending.live_provider {
        None => sign_in::open_session_by_code(&context, email, identity.return_to).await,
        Some(live_provider) => sign_in_with_proven_address(&context, live_provider, identity, email).await,
    };
    sign_in::append_cookies(result, Some(cookies::clear_proof(&context.live_store().store)))
}

/// Signs in the identity of a provider with the address that is proven now.
async fn sign_in_with_proven_address(
    context: &RequestContext,
    live_provider: &Arc<LiveProvider>,
    identity: UnprovenIdentity,
    email: Email,
) -> Result<ResponseWithCookies, UserFacingError> {
    let UnprovenIdentity { provider, file, fingerprint, version, id, name, picture, locale, more, return_to, id_token, tokens, .. } =
        identity;
    let id_token = id_token.map(|token| Text::secret(token, &Arc::from("idToken")));
    let tokens = LoginTokens { id_token, provider: tokens.map(|tokens| KeptTokens::from(tokens).tokens) };
    let address = IdentityEmail::Proven(email, EmailEvidence::Mail);
    let identity = Identity { provider, file, fingerprint, id, address, name, picture, locale, more };
    sign_in::open_session(context, live_provider, &identity, (&version, &tokens), return_to).await
}

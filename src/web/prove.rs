//! `/prove`: a shopper proves an e-mail address by a code that is sent there.

use crate::directory::audit::{AuditEvent, AuditEventKind};
use crate::directory::mail_codes::{LongCodes, hashed_code, keyed_hash};
use crate::directory::proofs::{
    CodeMailReservation, EmailProof, FindEmailProof, GOOD_FOR, ProofCode, ProofCodeOutcome, ReleaseCodeMail, ReserveCodeMail,
    VerifyProofCode,
};
use crate::login::trace::LoginTokens;
use crate::pages::frame::address;
use crate::pages::{AddressProofProblem, AddressProofReason, AddressProofStage, ErrorCause, ProvePage, code_mail};
use crate::provider::email_code::EMAIL_CODE;
use crate::provider::identity::{Identity, IdentityEmail, is_placeholder_domain};
use crate::provider::trust::EmailEvidence;
use crate::stores::live::LiveProvider;
use crate::vocabulary::email::Email;
use crate::vocabulary::text::Text;
use crate::web::apps::{kept_request, login_for_app};
use crate::web::attempt_cookies::hashed_id;
use crate::web::email_proof::{PAGE, UnprovenIdentity, open_identity, seal_identity};
use crate::web::kept_tokens::KeptTokens;
use crate::web::login_failure::{self, BrokerFailure};
use crate::web::login_source::LoginSource;
use crate::web::mail_limits;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{ResponseWithCookies, UserFacingError, redirect_to};
use crate::web::{cookies, forms, headers, sign_in};
use crate::world::random;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, RETRY_AFTER};
use std::sync::Arc;

/// How many digits of what was typed are read: more than any code has.
const MOST_DIGITS: usize = 32;

/// The pending proof of a browser.
pub(crate) struct PendingProof {
    pub(crate) handle: String,
    pub(crate) proof: EmailProof,
    pub(crate) identity: UnprovenIdentity,
    /// The provider that gave the identity; `None` where the code itself is the sign-in.
    pub(crate) live_provider: Option<Arc<LiveProvider>>,
}

async fn pending_proof(context: &RequestContext) -> Result<PendingProof, UserFacingError> {
    let handle = context.cookies().proof(&context.live_store().store).ok_or_else(|| no_pending_proof(context))?.to_owned();
    let id = hashed_id(&handle);
    let proof = context
        .app()
        .directory
        .read(FindEmailProof { id: id.clone().into(), now: context.now() })
        .await?
        .ok_or_else(|| no_pending_proof(context))?;
    let identity = open_identity(context, &id, &proof).ok_or_else(|| no_pending_proof(context))?;
    context.note_return_to(identity.return_to.as_deref());
    kept_request::prefer_its_languages(context, identity.return_to.as_deref());
    let live_provider = match &*identity.provider {
        EMAIL_CODE if context.live_store().offers_email_code() => None,
        key => Some(context.live_store().providers.snapshot().provider_by_key(key).cloned().ok_or(ErrorCause::NoSuchProvider)?),
    };
    Ok(PendingProof { handle, proof, identity, live_provider })
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
    Ok(proof_page(&context, &pending, change, None, StatusCode::OK))
}

/// The address of a form was opened as a page.
pub(crate) async fn redirect_to_page(_: RequestContext) -> Result<HttpResponse, UserFacingError> {
    Ok(redirect_to(PAGE))
}

fn proof_page(
    context: &RequestContext,
    pending: &PendingProof,
    change: bool,
    wrong: Option<AddressProofProblem>,
    status: StatusCode,
) -> HttpResponse {
    let PendingProof { proof, identity, live_provider, handle } = pending;
    let live_store = context.live_store();
    let left = u32::try_from(proof.left).unwrap_or_default();
    let stage = match &identity.email {
        Some(address) if !change && let Some(code) = proof.awaited => {
            AddressProofStage::Code { address, digits: code.digits(), wrong, left }
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
    let mut response = HttpResponse::build(status);
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
    // A placeholder belongs to no mailbox, so it cannot be proven.
    let Some(email) = Email::parse(&typed).ok().filter(|email| !is_placeholder_domain(email.domain())) else {
        pending.identity.email = Some(typed);
        return Ok(proof_page(&context, &pending, true, Some(AddressProofProblem::NotAnAddress), StatusCode::UNPROCESSABLE_ENTITY));
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
    let Some(mailer) = context.live_store().mailer.clone() else { return Err(ErrorCause::MissingEmail.into()) };
    let (app, id, now) = (context.app(), hashed_id(&pending.handle), context.now());
    let before = pending.identity.email.replace(email.key().to_owned());
    let sealed = seal_identity(context, &id, &pending.identity);
    let recipient = hashed_recipient(context, email);
    let (short, long_codes) = (random_code(), LongCodes::new(&app.proof_key, &recipient));
    let hash = hashed_code(&app.proof_key, &id, &short);
    let event = AuditEvent::new(now, &context.live_store().store.name, AuditEventKind::Unproven).via_provider(&pending.identity.file);
    let send = ReserveCodeMail {
        id: id.clone().into(),
        sealed,
        code: hash.clone(),
        long_codes: long_codes.clone(),
        recipient: recipient.clone(),
        budget: mail_limits::budget(context),
        event,
        now,
    };
    let (code, hash, at, seconds) = match app.directory.write(send).await? {
        CodeMailReservation::Short => (short, (ProofCode::Short, hash), now, GOOD_FOR),
        CodeMailReservation::Long { at, good_for } => {
            let code = long_codes.of_mail(at);
            let hash = hashed_code(&app.proof_key, &recipient, &code);
            (code, (ProofCode::Long, hash), at, good_for)
        }
        CodeMailReservation::BudgetReached(limit) => return Err(mail_limits::refuse(context, limit)),
        CodeMailReservation::AlreadySent => return Ok(redirect_to(PAGE)),
        CodeMailReservation::ProofEnded => return Err(proof_over(context, &pending).await),
        CodeMailReservation::LimitReached => {
            pending.identity.email = before;
            return Ok(proof_page(context, &pending, false, Some(AddressProofProblem::Enough), StatusCode::TOO_MANY_REQUESTS));
        }
        CodeMailReservation::Wait(seconds) => {
            let wrong = AddressProofProblem::TooManyMails { seconds: u64::try_from(seconds).unwrap_or(1) };
            return Ok(proof_page(context, &pending, typed, Some(wrong), StatusCode::TOO_MANY_REQUESTS));
        }
    };
    let minutes = u32::try_from(seconds / 60).unwrap_or_default();
    let mail = code_mail(context.language(), &context.live_store().look, &code, minutes);
    if let Err(reason) = mailer.send(email, &mail).await {
        tracing::error!(store = &*context.live_store().store.name, %reason, "a mail could not be sent");
        // If the mail may have been sent, it counts, and its code is valid.
        if reason.is_certain {
            app.directory.write(ReleaseCodeMail { id: id.into(), code: hash, recipient, at }).await?;
        }
        return Ok(proof_page(context, &pending, true, Some(AddressProofProblem::NotSent), StatusCode::SERVICE_UNAVAILABLE));
    }
    Ok(redirect_to(PAGE))
}

/// Compares the code that was typed and signs in.
pub(crate) async fn submit_code(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Callback)?;
    let mut pending = pending_proof(&context).await?;
    let form = forms::verified_form(&context, &pending.handle, PAGE)?;
    let Some(awaited) = pending.proof.awaited else { return Ok(redirect_to(PAGE)) };
    let typed: String = form.field("code")?.unwrap_or_default().chars().filter_map(ascii_digit).take(MOST_DIGITS).collect();
    let wrong = |pending: &PendingProof| {
        proof_page(&context, pending, false, Some(AddressProofProblem::WrongCode), StatusCode::UNPROCESSABLE_ENTITY)
    };
    // A text of another length is no attempt at the code.
    if typed.len() != awaited.digits() {
        return Ok(wrong(&pending));
    }
    let (app, id) = (context.app(), hashed_id(&pending.handle));
    let email = pending.identity.email.as_deref().and_then(|email| Email::parse(email).ok());
    let bound = match (awaited, email) {
        (ProofCode::Long, Some(email)) => hashed_recipient(&context, &email),
        (ProofCode::Short, _) | (ProofCode::Long, None) => id.clone().into(),
    };
    let code = (awaited, hashed_code(&app.proof_key, &bound, &typed));
    let event =
        AuditEvent::new(context.now(), &context.live_store().store.name, AuditEventKind::Unproven).via_provider(&pending.identity.file);
    let proof = match app.directory.write(VerifyProofCode { id: id.clone().into(), code, event, now: context.now() }).await? {
        ProofCodeOutcome::Right(proof) => proof,
        ProofCodeOutcome::Wrong(0) | ProofCodeOutcome::ProofEnded => return Err(proof_over(&context, &pending).await),
        ProofCodeOutcome::Wrong(left) => {
            pending.proof.left = left;
            return Ok(wrong(&pending));
        }
    };
    // The address to which the code was sent is proven, and no other.
    let identity = open_identity(&context, &id, &proof).ok_or(ErrorCause::ProofOver)?;
    let email = identity.email.as_deref().and_then(|email| Email::parse(email).ok()).ok_or(ErrorCause::ProofOver)?;
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

/// A digit, narrow or full-width, as an ASCII digit.
fn ascii_digit(letter: char) -> Option<char> {
    let narrow = match letter {
        '０'..='９' => ('０'..='９').zip('0'..='9').find_map(|(wide, narrow)| (wide == letter).then_some(narrow))?,
        _ => letter,
    };
    narrow.is_ascii_digit().then_some(narrow)
}

async fn proof_over(context: &RequestContext, pending: &PendingProof) -> UserFacingError {
    let mut error = login_failure::without_conversation(
        context,
        BrokerFailure::ProofOver,
        pending.live_provider.as_ref(),
        pending.identity.return_to.as_deref(),
    )
    .await;
    error.cookies.push(cookies::clear_proof(&context.live_store().store));
    error
}

fn hashed_recipient(context: &RequestContext, email: &Email) -> Box<str> {
    keyed_hash(&context.app().proof_key, &["recipient", &context.live_store().store.name, email.key()])
}

/// Six digits, all equally likely.
fn random_code() -> String {
    loop {
        let number = u32::from_be_bytes(random::bytes());
        // The remainder of the range would make some codes likelier.
        if number < u32::MAX - u32::MAX % 1_000_000 {
            return format!("{:06}", number % 1_000_000);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_six_digits_and_differ() {
        let codes: std::collections::BTreeSet<String> = (0..100).map(|_| random_code()).collect();
        assert!(codes.iter().all(|code| code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())));
        assert!(codes.len() > 90);
    }
}

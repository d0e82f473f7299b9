//! `/prove`: somebody has shown who they are, and an address is still to be proven: a code goes there by mail and comes back.

use crate::directory::audit::{AuditEvent, AuditEventKind};
use crate::directory::proofs::{
    BeginEmailProof, CodeMailReservation, EmailProof, FindEmailProof, GOOD_FOR, ProofCodeOutcome, ReleaseCodeMail, ReserveCodeMail,
    VerifyProofCode,
};
use crate::pages::frame::address;
use crate::pages::{AddressProofProblem, AddressProofReason, AddressProofStage, ErrorCause, Frame, ProvePage, code_mail};
use crate::provider::functions::hex;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::provider::trust::EmailEvidence;
use crate::stores::live::LiveProvider;
use crate::vocabulary::email::Email;
use crate::web::attempt_cookies::hashed_id;
use crate::web::callback::{self, ResponseWithCookies};
use crate::web::login_failure::{self, BrokerFailure};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::web::{cookies, forms, headers};
use crate::world::random;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, RETRY_AFTER};
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where the page is.
const PAGE: &str = "/prove";
/// How many digits a code has.
const DIGITS: usize = 6;

/// Who came, as it is kept sealed until the address is proven.
#[derive(Clone, Serialize, Deserialize)]
struct UnprovenIdentity {
    provider: Box<str>,
    version: Box<str>,
    id: Box<str>,
    name: Option<String>,
    picture: Option<String>,
    locale: Option<String>,
    more: Vec<(Box<str>, String)>,
    /// The address: first as the provider suggests it, then as it was typed.
    email: Option<String>,
    /// An address that the provider has proven, and that is somebody's already.
    #[serde(default)]
    known: Option<String>,
    return_to: Option<String>,
}

/// A proof that this browser is about to bring to its end.
struct PendingProof {
    handle: String,
    proof: EmailProof,
    kept: UnprovenIdentity,
    offer: Arc<LiveProvider>,
}

/// Begins a proof instead of a session.
pub(crate) async fn start_proof(
    asked: &RequestContext,
    identity: &Identity,
    version: &str,
    return_to: Option<String>,
) -> Result<ResponseWithCookies, UserFacingError> {
    let handle = random::id();
    let Identity { provider, id, address, name, picture, locale, more } = identity.clone();
    let (email, known) = match &address {
        IdentityEmail::Proven(email, _) => (Some(email.key().to_owned()), Some(email.key().to_owned())),
        IdentityEmail::Ask(Some(email)) => (Some(email.key().to_owned()), None),
        IdentityEmail::Placeholder(_) | IdentityEmail::Ask(None) => (None, None),
    };
    let kept = UnprovenIdentity { provider, version: version.into(), id, name, picture, locale, more, email, known, return_to };
    let (store, until) = (asked.live_store().store.name.clone(), asked.now() + GOOD_FOR);
    let id = hashed_id(&handle);
    let who = keyed_hash(&asked.app().proof_key, &["who", &store, &kept.provider, &kept.id]);
    asked.app().directory.write(BeginEmailProof { sealed: seal_identity(asked, &id, &kept), id: id.into(), store, who, until }).await?;
    let cookie = cookies::set_proof(&handle, GOOD_FOR, &asked.live_store().store);
    Ok((redirect_to(PAGE), vec![cookie]))
}

fn seal_identity(asked: &RequestContext, id: &str, kept: &UnprovenIdentity) -> String {
    let text = serde_json::to_vec(kept).expect("texts can be written");
    asked.app().proofs.seal(&[&asked.live_store().store.public_url, id], &text, random::bytes())
}

fn open_identity(asked: &RequestContext, id: &str, proof: &EmailProof) -> Option<UnprovenIdentity> {
    let text = asked.app().proofs.open(&[&asked.live_store().store.public_url, id], &proof.sealed)?;
    serde_json::from_slice(&text).ok()
}

/// The proof of this browser, if it is still one.
async fn pending_proof(asked: &RequestContext) -> Result<PendingProof, UserFacingError> {
    let handle = asked.cookies().proof(&asked.live_store().store).ok_or_else(|| no_pending_proof(asked))?.to_owned();
    let id = hashed_id(&handle);
    let proof = asked
        .app()
        .directory
        .read(FindEmailProof { id: id.clone().into(), now: asked.now() })
        .await?
        .ok_or_else(|| no_pending_proof(asked))?;
    let kept = open_identity(asked, &id, &proof).ok_or_else(|| no_pending_proof(asked))?;
    let offer = asked.live_store().roster.snapshot().provider(&kept.provider).cloned().ok_or(ErrorCause::NoSuchProvider)?;
    Ok(PendingProof { handle, proof, kept, offer })
}

/// There is nothing to prove. Who has come in a moment ago has most likely done so, and goes on.
fn no_pending_proof(asked: &RequestContext) -> UserFacingError {
    let lately = asked.session().filter(|session| asked.now() - session.since <= GOOD_FOR);
    let instead = lately.map(|_| callback::default_landing(asked));
    UserFacingError { instead, ..ErrorCause::ProofOver.into() }
}

pub(crate) async fn show(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    asked.check_rate_limit(RateLimitKind::Page)?;
    let underway = pending_proof(&asked).await?;
    let change = asked.query_parameter("change")?.is_some();
    Ok(proof_page(&asked, &underway, change, None, StatusCode::OK))
}

/// Where its forms are sent, opened as a page.
pub(crate) async fn redirect_to_page(_: RequestContext) -> Result<HttpResponse, UserFacingError> {
    Ok(redirect_to(PAGE))
}

fn proof_page(
    asked: &RequestContext,
    underway: &PendingProof,
    change: bool,
    wrong: Option<AddressProofProblem>,
    status: StatusCode,
) -> HttpResponse {
    let PendingProof { proof, kept, offer, handle } = underway;
    let front = asked.live_store();
    let left = u32::try_from(proof.left).unwrap_or_default();
    let stage = match &kept.email {
        Some(address) if proof.is_sent && !change => AddressProofStage::Code { address, wrong, left },
        suggested => AddressProofStage::Address { suggested: suggested.as_deref(), wrong },
    };
    let offered = front.languages.offered_languages(&front.store.languages);
    let offered = if status == StatusCode::OK { &*offered } else { &[] };
    let why = match &kept.known {
        None => Some(AddressProofReason::NotConfirmed),
        known => (*known == kept.email).then_some(AddressProofReason::Known),
    };
    let page = ProvePage {
        frame: Frame { look: &front.look, language: asked.language(), offered, version: &front.version },
        provider: &offer.provider.title,
        why,
        stage,
        others: &address(&["login"], &[("return_to", kept.return_to.as_deref())]),
        form: &forms::csrf_token(asked, handle),
    };
    let mut response = HttpResponse::build(status);
    // The right code leads to where the shopper wanted to go; browsers hold that to the page's policy.
    let places: Vec<String> = front.store.return_to.iter().map(ToString::to_string).collect();
    response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_forms(&places)));
    if let Some(AddressProofProblem::TooManyMails { seconds }) = wrong {
        response.insert_header((RETRY_AFTER, seconds));
    }
    if asked.requested_language().is_some() {
        cookies::append_to(&mut response, [cookies::set_language(&asked.language().code, &front.store)]);
    }
    response.content_type("text/html; charset=utf-8").body(page.render())
}

/// An address was typed: a code goes there.
pub(crate) async fn submit_address(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    asked.check_rate_limit(RateLimitKind::Mail)?;
    let mut underway = pending_proof(&asked).await?;
    let form = forms::verified_form(&asked, &underway.handle, PAGE)?;
    let typed = form.field("email")?.unwrap_or_default().trim().to_owned();
    // Placeholders are nobody's, so nothing can be proven of them.
    let Some(email) = Email::parse(&typed).ok().filter(|email| !email.domain().ends_with(".invalid")) else {
        underway.kept.email = Some(typed);
        return Ok(proof_page(&asked, &underway, true, Some(AddressProofProblem::NotAnAddress), StatusCode::UNPROCESSABLE_ENTITY));
    };
    send_code(&asked, underway, &email, true).await
}

/// Another code is wanted.
pub(crate) async fn resend_code(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    asked.check_rate_limit(RateLimitKind::Mail)?;
    let underway = pending_proof(&asked).await?;
    forms::verified_form(&asked, &underway.handle, PAGE)?;
    let email = underway.kept.email.as_deref().and_then(|email| Email::parse(email).ok());
    let Some(email) = email.filter(|_| underway.proof.is_sent) else { return Ok(redirect_to(PAGE)) };
    send_code(&asked, underway, &email, false).await
}

async fn send_code(
    asked: &RequestContext,
    mut underway: PendingProof,
    email: &Email,
    typed: bool,
) -> Result<HttpResponse, UserFacingError> {
    let Some(post) = asked.live_store().post.clone() else { return Err(ErrorCause::MissingEmail.into()) };
    let (app, id, code) = (asked.app(), hashed_id(&underway.handle), random_code());
    let before = underway.kept.email.replace(email.key().to_owned());
    let sealed = seal_identity(asked, &id, &underway.kept);
    let hash = keyed_hash(&app.proof_key, &["code", &id, &code]);
    let recipient = keyed_hash(&app.proof_key, &["recipient", &asked.live_store().store.name, email.key()]);
    let (id, now): (Box<str>, _) = (id.into(), asked.now());
    let event = AuditEvent::new(now, &asked.live_store().store.name, AuditEventKind::Unproven).via_provider(&underway.kept.provider);
    let send = ReserveCodeMail { id: id.clone(), sealed, code: hash.clone(), recipient: recipient.clone(), event, now };
    match app.directory.write(send).await? {
        CodeMailReservation::Reserved => {}
        CodeMailReservation::ProofEnded => return Err(proof_over(asked, &underway).await),
        CodeMailReservation::LimitReached => {
            underway.kept.email = before;
            return Ok(proof_page(asked, &underway, false, Some(AddressProofProblem::Enough), StatusCode::TOO_MANY_REQUESTS));
        }
        CodeMailReservation::Wait(seconds) => {
            let wrong = AddressProofProblem::TooManyMails { seconds: u64::try_from(seconds).unwrap_or(1) };
            return Ok(proof_page(asked, &underway, typed, Some(wrong), StatusCode::TOO_MANY_REQUESTS));
        }
    }
    let minutes = u32::try_from(GOOD_FOR / 60).unwrap_or_default();
    let letter = code_mail(asked.language(), &asked.live_store().look, &code, minutes);
    if let Err(reason) = post.send(email, &letter).await {
        tracing::error!(store = &*asked.live_store().store.name, %reason, "a mail could not be sent");
        // A letter that may have left counts, and so does its code.
        if reason.is_certain {
            app.directory.write(ReleaseCodeMail { id, code: hash, recipient, at: now }).await?;
        }
        return Ok(proof_page(asked, &underway, true, Some(AddressProofProblem::NotSent), StatusCode::SERVICE_UNAVAILABLE));
    }
    Ok(redirect_to(PAGE))
}

/// A code was typed.
pub(crate) async fn submit_code(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    asked.check_rate_limit(RateLimitKind::Callback)?;
    let mut underway = pending_proof(&asked).await?;
    let form = forms::verified_form(&asked, &underway.handle, PAGE)?;
    let typed: String = form.field("code")?.unwrap_or_default().chars().filter_map(ascii_digit).take(2 * DIGITS).collect();
    if !underway.proof.is_sent {
        return Ok(redirect_to(PAGE));
    }
    let wrong = |underway: &PendingProof| {
        proof_page(&asked, underway, false, Some(AddressProofProblem::WrongCode), StatusCode::UNPROCESSABLE_ENTITY)
    };
    // What no code looks like is a slip, and costs nothing.
    if typed.len() != DIGITS {
        return Ok(wrong(&underway));
    }
    let (app, id) = (asked.app(), hashed_id(&underway.handle));
    let code = keyed_hash(&app.proof_key, &["code", &id, &typed]);
    let event =
        AuditEvent::new(asked.now(), &asked.live_store().store.name, AuditEventKind::Unproven).via_provider(&underway.kept.provider);
    let proof = match app.directory.write(VerifyProofCode { id: id.clone().into(), code, event, now: asked.now() }).await? {
        ProofCodeOutcome::Right(proof) => proof,
        ProofCodeOutcome::Wrong(0) | ProofCodeOutcome::ProofEnded => return Err(proof_over(&asked, &underway).await),
        ProofCodeOutcome::Wrong(left) => {
            underway.proof.left = left;
            return Ok(wrong(&underway));
        }
    };
    // As it was when the code was sent: that address is proven, and no other.
    let kept = open_identity(&asked, &id, &proof).ok_or(ErrorCause::ProofOver)?;
    let email = kept.email.as_deref().and_then(|email| Email::parse(email).ok()).ok_or(ErrorCause::ProofOver)?;
    let UnprovenIdentity { provider, version, id, name, picture, locale, more, return_to, .. } = kept;
    let identity = Identity { provider, id, address: IdentityEmail::Proven(email, EmailEvidence::Mail), name, picture, locale, more };
    let whole = callback::open_session(&asked, &underway.offer, &identity, &version, return_to).await;
    callback::append_cookies(whole, Some(cookies::clear_proof(&asked.live_store().store)))
}

/// A digit, of either width.
fn ascii_digit(letter: char) -> Option<char> {
    let narrow = match letter {
        '０'..='９' => char::from_u32(u32::from(letter) - u32::from('０') + u32::from('0'))?,
        _ => letter,
    };
    narrow.is_ascii_digit().then_some(narrow)
}

async fn proof_over(asked: &RequestContext, underway: &PendingProof) -> UserFacingError {
    let mut refused =
        login_failure::without_conversation(asked, BrokerFailure::ProofOver, &underway.offer, underway.kept.return_to.as_deref()).await;
    refused.cookies.push(cookies::clear_proof(&asked.live_store().store));
    refused
}

/// Six digits, each as likely as any other.
fn random_code() -> String {
    loop {
        let number = u32::from_be_bytes(random::bytes());
        // What is left over would make some codes likelier.
        if number < u32::MAX - u32::MAX % 1_000_000 {
            return format!("{:06}", number % 1_000_000);
        }
    }
}

/// What stands in storage for a code or an address: without the key, nothing can be tried out on it.
fn keyed_hash(key: &hmac::Key, parts: &[&str]) -> Box<str> {
    hex(hmac::sign(key, parts.join("\n").as_bytes()).as_ref()).into()
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

//! The code of a proof is sent by mail, and compared when it comes back. The pages of `/prove` and the calls of `vtex_id` share it, so that
//! all limits hold for both; what a person sees of the outcome is theirs.

use crate::directory::audit::{AuditEvent, AuditEventKind};
use crate::directory::mail_budget::ReachedMailLimit;
use crate::directory::mail_codes::{LongCodes, hashed_code, keyed_hash};
use crate::directory::proofs::{
    CodeMailReservation, EmailProof, FindEmailProof, GOOD_FOR, ProofCode, ProofCodeOutcome, ReserveCodeMail, VerifyProofCode,
};
use crate::directory::sent_mails::ReleaseCodeMail;
use crate::pages::{AddressProofProblem, ErrorCause, code_mail};
use crate::provider::email_code::EMAIL_CODE;
use crate::provider::identity::is_placeholder_domain;
use crate::stores::live::LiveProvider;
use crate::vocabulary::email::Email;
use crate::web::apps::kept_request;
use crate::web::attempt_cookies::hashed_id;
use crate::web::email_proof::{UnprovenIdentity, open_identity, seal_identity};
use crate::web::login_failure::{self, BrokerFailure};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::web::{cookies, mail_limits};
use crate::world::mail::MailMessage;
use crate::world::random;
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

/// The pending proof of the browser, if it has one.
pub(crate) async fn find_pending_proof(context: &RequestContext) -> Result<Option<PendingProof>, UserFacingError> {
    let Some(handle) = context.cookies().proof(&context.live_store().store).map(str::to_owned) else { return Ok(None) };
    let id = hashed_id(&handle);
    let found = context.app().directory.read(FindEmailProof { id: id.clone().into(), now: context.now() }).await?;
    let Some((proof, identity)) = found.and_then(|proof| open_identity(context, &id, &proof).map(|identity| (proof, identity))) else {
        return Ok(None);
    };
    context.note_return_to(identity.return_to.as_deref());
    kept_request::prefer_its_languages(context, identity.return_to.as_deref());
    let live_provider = match &*identity.provider {
        EMAIL_CODE if context.live_store().offers_email_code() => None,
        key => Some(context.live_store().providers.snapshot().provider_by_key(key).cloned().ok_or(ErrorCause::NoSuchProvider)?),
    };
    Ok(Some(PendingProof { handle, proof, identity, live_provider }))
}

/// The address that was typed, if it may have a mailbox. A placeholder has none, so it cannot be proven.
pub(crate) fn address_with_mailbox(typed: &str) -> Option<Email> {
    Email::parse(typed.trim()).ok().filter(|email| !is_placeholder_domain(email.domain()))
}

/// Sends a code to the address, which is that of the proof from now on. The answer is the same whether or not a user has the address.
pub(crate) async fn send(
    context: &RequestContext,
    pending: &mut PendingProof,
    email: &Email,
) -> Result<Result<(), AddressProofProblem>, UserFacingError> {
    let Some(mailer) = context.live_store().mailer.clone() else { return Err(ErrorCause::MissingEmail.into()) };
    let (app, id, now) = (context.app(), hashed_id(&pending.handle), context.now());
    let before = pending.identity.email.replace(email.key().to_owned());
    let recipient = hashed_recipient(context, email);
    let (short, long_codes) = (random_code(), LongCodes::new(&app.proof_key, &recipient));
    let hash = hashed_code(&app.proof_key, &id, &short);
    let reserve = ReserveCodeMail {
        id: id.clone().into(),
        sealed: seal_identity(context, &id, &pending.identity),
        code: hash.clone(),
        long_codes: long_codes.clone(),
        recipient: recipient.clone(),
        budget: mail_limits::budget(context, email),
        event: unproven(context, pending),
        now,
    };
    let (code, hash, at, seconds) = match app.directory.write(reserve).await? {
        CodeMailReservation::Short => (short, (ProofCode::Short, hash), now, GOOD_FOR),
        CodeMailReservation::Long { at, good_for } => {
            let code = long_codes.of_mail(at);
            let hash = hashed_code(&app.proof_key, &recipient, &code);
            (code, (ProofCode::Long, hash), at, good_for)
        }
        CodeMailReservation::ToUserOnly { at, good_for, is_sent } => {
            send_to_user_only(context, email, &long_codes.of_mail(at), (good_for, is_sent));
            return Ok(Ok(()));
        }
        CodeMailReservation::BudgetReached(limit) => return Err(mail_limits::refuse(context, limit)),
        CodeMailReservation::AlreadySent => return Ok(Ok(())),
        CodeMailReservation::ProofEnded => return Err(proof_over(context, pending).await),
        CodeMailReservation::LimitReached => {
            pending.identity.email = before;
            return Ok(Err(AddressProofProblem::Enough));
        }
        CodeMailReservation::Wait(seconds) => {
            return Ok(Err(AddressProofProblem::TooManyMails { seconds: u64::try_from(seconds).unwrap_or(1) }));
        }
    };
    let mail = mail_with_code(context, &code, seconds);
    if let Err(reason) = app.metrics.mails.count_sending(&context.live_store().store.name, mailer.send(email, &mail)).await {
        tracing::error!(store = &*context.live_store().store.name, %reason, "a mail could not be sent");
        // If the mail may have been sent, it counts, and its code is valid.
        if reason.is_certain {
            app.directory.write(ReleaseCodeMail { id: id.into(), code: hash, recipient, at }).await?;
        }
        return Ok(Err(AddressProofProblem::NotSent));
    }
    Ok(Ok(()))
}

fn mail_with_code(context: &RequestContext, code: &str, seconds: i64) -> MailMessage {
    code_mail(context.language(), &context.live_store().look, code, u32::try_from(seconds / 60).unwrap_or_default())
}

/// Sends a code that is for users only, if the address is that of one. The answer does not wait for it, so that it takes as long where no
/// mail is sent, and a mail that could not be sent changes nothing of what the next answers are.
fn send_to_user_only(context: &RequestContext, email: &Email, code: &str, (seconds, is_sent): (i64, bool)) {
    let mail = mail_with_code(context, code, seconds);
    let Some(mailer) = context.live_store().mailer.clone().filter(|_| is_sent) else {
        mail_limits::count_unsent(context, ReachedMailLimit::Store);
        return;
    };
    let (email, store, mails) = (email.clone(), context.live_store().store.name.clone(), context.app().metrics.mails.clone());
    context.app().unfinished.spawn(async move {
        if let Err(reason) = mails.count_sending(&store, mailer.send(&email, &mail)).await {
            tracing::error!(store = &*store, %reason, "a mail could not be sent");
        }
    });
}

/// The identity of the proof, if this is its code. The proof ends with the right code, and with the last wrong one.
pub(crate) async fn verify(
    context: &RequestContext,
    pending: &mut PendingProof,
    awaited: ProofCode,
    typed: &str,
) -> Result<Result<UnprovenIdentity, AddressProofProblem>, UserFacingError> {
    let typed: String = typed.chars().filter_map(ascii_digit).take(MOST_DIGITS).collect();
    // A text of another length is no attempt at the code.
    if typed.len() != awaited.digits() {
        return Ok(Err(AddressProofProblem::WrongCode));
    }
    let (app, id) = (context.app(), hashed_id(&pending.handle));
    let email = pending.identity.email.as_deref().and_then(|email| Email::parse(email).ok());
    let bound = match (awaited, email) {
        (ProofCode::Long, Some(email)) => hashed_recipient(context, &email),
        (ProofCode::Short, _) | (ProofCode::Long, None) => id.clone().into(),
    };
    let code = (awaited, hashed_code(&app.proof_key, &bound, &typed));
    let verify = VerifyProofCode { id: id.clone().into(), code, event: unproven(context, pending), now: context.now() };
    match app.directory.write(verify).await? {
        // The address to which the code was sent is proven, and no other.
        ProofCodeOutcome::Right(proof) => Ok(Ok(open_identity(context, &id, &proof).ok_or(ErrorCause::ProofOver)?)),
        ProofCodeOutcome::Wrong(0) | ProofCodeOutcome::ProofEnded => Err(proof_over(context, pending).await),
        ProofCodeOutcome::Wrong(left) => {
            pending.proof.left = left;
            Ok(Err(AddressProofProblem::WrongCode))
        }
    }
}

/// The address of an identity whose code was right.
pub(crate) fn proven_address(identity: &UnprovenIdentity) -> Result<Email, UserFacingError> {
    identity.email.as_deref().and_then(|email| Email::parse(email).ok()).ok_or_else(|| ErrorCause::ProofOver.into())
}

fn unproven(context: &RequestContext, pending: &PendingProof) -> AuditEvent {
    AuditEvent::new(context.now(), &context.live_store().store.name, AuditEventKind::Unproven).via_provider(&pending.identity.file)
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

/// A digit, narrow or full-width, as an ASCII digit.
fn ascii_digit(letter: char) -> Option<char> {
    let narrow = match letter {
        '０'..='９' => ('０'..='９').zip('0'..='9').find_map(|(wide, narrow)| (wide == letter).then_some(narrow))?,
        _ => letter,
    };
    narrow.is_ascii_digit().then_some(narrow)
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

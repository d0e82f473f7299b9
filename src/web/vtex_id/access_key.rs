//! `POST …/accesskey/send` and `…/accesskey/validate`: the sign-in by a code that is sent by e-mail, on a page of the storefront.
//!
//! It is the sign-in of `/login/email`, with the same proofs, limits and codes. What the token of the form does there, the authentication
//! token does here: it belongs to the browser that has begun to sign in. The code counts in the browser that asked for it alone, by the
//! cookie of the proof.

use crate::directory::proofs::GOOD_FOR;
use crate::pages::{AddressProofProblem, ErrorCause};
use crate::provider::email_code::EMAIL_CODE;
use crate::session::Session;
use crate::vocabulary::email::Email;
use crate::web::exchange::ExchangeRefusal;
use crate::web::handed_in::{HandedInFields, field};
use crate::web::mailed_code::{self, address_with_mailbox, proven_address};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::session_tokens::session_cookies;
use crate::web::user_facing_error::UserFacingError;
use crate::web::vtex_id::authentication_token::{self, BegunAuthentication};
use crate::web::vtex_id::{call_fields, require_calls, token_in_address};
use crate::web::{cookies, email_code, sign_in};
use actix_web::http::header::{HeaderValue, RETRY_AFTER, SET_COOKIE};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde_json::json;

/// The fields of the calls, in the spellings that pages use.
const TOKEN: [&str; 2] = ["authenticationToken", "authenticationtoken"];
const CODE: [&str; 2] = ["accesskey", "accessKey"];
const ADDRESS: [&str; 2] = ["email", "email"];
const LOGIN: [&str; 2] = ["login", "login"];

/// How a call ends that opens no session, in VTEX's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AccessKeyStatus {
    /// What was typed is no address.
    InvalidEmail,
    /// This browser has not begun to sign in, or its code has ended: the page begins again.
    InvalidToken,
    /// It is not the code, or not the address to which it was sent.
    WrongCredentials,
}

impl AccessKeyStatus {
    fn name(self) -> &'static str {
        match self {
            Self::InvalidEmail => "InvalidEmail",
            Self::InvalidToken => "InvalidToken",
            Self::WrongCredentials => "WrongCredentials",
        }
    }

    fn into_response(self) -> HttpResponse {
        HttpResponse::Ok().json(json!({ "authStatus": self.name() }))
    }
}

/// Sends a code to the address. The answer says nothing of who has an account.
pub(crate) async fn send(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    require_calls(&context)?;
    context.check_rate_limit(RateLimitKind::Mail)?;
    // Without fresh revocations no session could be opened.
    context.require_fresh_revocations()?;
    require_offer(&context)?;
    if call_fields::has_secret_in_address(&context, &[TOKEN, CODE]) {
        return Ok(token_in_address());
    }
    let mut fields = call_fields::of_body(&context)?;
    // The address of the call names the person, as VTEX's documentation has it.
    fields.extend(context.query_parameters().filter(|(name, _)| ADDRESS.contains(&&**name)));
    let Some(begun) = begun_authentication(&context, &fields)? else { return Ok(AccessKeyStatus::InvalidToken.into_response()) };
    let Some(email) = field(&fields, ADDRESS)?.as_deref().and_then(address_with_mailbox) else {
        return Ok(AccessKeyStatus::InvalidEmail.into_response());
    };
    let mut pending = email_code::begin_proof(&context, &email, begun.return_to).await?;
    let sent = match mailed_code::send(&context, &mut pending, &email).await {
        Ok(sent) => sent,
        Err(error) => return Ok(refused(error)),
    };
    Ok(match sent {
        Ok(()) => {
            let mut response = HttpResponse::Ok();
            cookies::append_to(&mut response, [cookies::set_proof(&pending.handle, GOOD_FOR, &context.live_store().store)]);
            response.json(json!({}))
        }
        Err(problem) => not_sent(problem),
    })
}

/// Compares the code and signs the browser in.
pub(crate) async fn validate(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    require_calls(&context)?;
    context.check_rate_limit(RateLimitKind::Callback)?;
    context.require_fresh_revocations()?;
    require_offer(&context)?;
    if call_fields::has_secret_in_address(&context, &[TOKEN, CODE]) {
        return Ok(token_in_address());
    }
    let fields = call_fields::of_body(&context)?;
    if begun_authentication(&context, &fields)?.is_none() {
        return Ok(AccessKeyStatus::InvalidToken.into_response());
    }
    let Some(email) = field(&fields, LOGIN)?.as_deref().and_then(address_with_mailbox) else {
        return Ok(AccessKeyStatus::InvalidEmail.into_response());
    };
    Ok(match signed_in(&context, &email, field(&fields, CODE)?.as_deref().unwrap_or_default()).await {
        Ok(Ok(session)) => success(&context, &session)?,
        Ok(Err(status)) => status.into_response(),
        Err(error) => refused(error),
    })
}

fn require_offer(context: &RequestContext) -> Result<(), UserFacingError> {
    if context.live_store().offers_email_code() { Ok(()) } else { Err(ErrorCause::NoSuchProvider.into()) }
}

/// What this browser has begun. Where the page sends no token, as some that rely on a cookie of VTEX, the browser itself has to confirm
/// that a page of the store asks.
fn begun_authentication(context: &RequestContext, fields: &HandedInFields) -> Result<Option<BegunAuthentication>, UserFacingError> {
    context.require_own_origin()?;
    if let Some(token) = field(fields, TOKEN)? {
        return Ok(authentication_token::open(context, &token));
    }
    let is_begun = context.cookies().start(&context.live_store().store).is_some() && context.browser_confirms_own_origin();
    Ok(is_begun.then_some(BegunAuthentication { return_to: None }))
}

/// The session of the person to whose address the code was sent.
async fn signed_in(context: &RequestContext, email: &Email, code: &str) -> Result<Result<Session, AccessKeyStatus>, UserFacingError> {
    // A proof of an identity of a provider goes on at its own page.
    let pending = mailed_code::find_pending_proof(context).await?.filter(|pending| pending.live_provider.is_none());
    let Some((mut pending, awaited)) = pending.and_then(|pending| pending.proof.awaited.map(|awaited| (pending, awaited))) else {
        return Ok(Err(AccessKeyStatus::InvalidToken));
    };
    if pending.identity.email.as_deref() != Some(email.key()) {
        return Ok(Err(AccessKeyStatus::WrongCredentials));
    }
    match mailed_code::verify(context, &mut pending, awaited, code).await? {
        Ok(identity) => {
            let email = proven_address(&identity)?;
            Ok(Ok(sign_in::session_by_code(context, email, identity.return_to.as_deref()).await?))
        }
        Err(_) => Ok(Err(AccessKeyStatus::WrongCredentials)),
    }
}

/// The session stands in its cookies alone, which no script can read.
fn success(context: &RequestContext, session: &Session) -> Result<HttpResponse, UserFacingError> {
    let store = &context.live_store().store;
    let mut response = HttpResponse::Ok();
    cookies::append_to(&mut response, session_cookies(context, session)?);
    cookies::append_to(&mut response, [cookies::set_last_provider(EMAIL_CODE, store), cookies::clear_proof(store)]);
    Ok(response.json(json!({
        "authStatus": "Success",
        "promptMFA": false,
        "lastAttemptAvailable": null,
        "clientToken": null,
        "authCookie": null,
        "accountAuthCookie": null,
        "expiresIn": session.until.saturating_sub(context.now()),
        "userId": session.person.uid,
        "phoneNumber": null,
        "scope": null,
    })))
}

/// A mail was not sent for a reason that has nothing to do with who has an account.
fn not_sent(problem: AddressProofProblem) -> HttpResponse {
    let mut response = HttpResponseBuilder::new(problem.status());
    let name = match problem {
        AddressProofProblem::TooManyMails { seconds } => {
            response.insert_header((RETRY_AFTER, seconds));
            "tooMany"
        }
        AddressProofProblem::Enough => "tooMany",
        AddressProofProblem::NotSent => "notSent",
        AddressProofProblem::NotAnAddress | AddressProofProblem::WrongCode => return AccessKeyStatus::InvalidEmail.into_response(),
    };
    response.json(json!({ "error": name }))
}

/// The end of a sign-in, in JSON: error and incident code, as at `/exchange`.
fn refused(mut error: UserFacingError) -> HttpResponse {
    let ended: Vec<HeaderValue> = std::mem::take(&mut error.cookies);
    let mut response = if error.cause == ErrorCause::ProofOver {
        AccessKeyStatus::InvalidToken.into_response()
    } else {
        ExchangeRefusal::from(error).into_response(HttpResponse::Ok())
    };
    for cookie in ended {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

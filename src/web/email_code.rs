//! `/login/email`: a person signs in by a code that is sent to their e-mail address. `/prove` takes the code, by the rules of a proof.
//!
//! Until the code comes back no user is found by the address, and the answer is the same whether or not a user has it.

use crate::directory::mail_codes::keyed_hash;
use crate::directory::proofs::{BeginEmailProof, EmailProof, GOOD_FOR, TRIES};
use crate::directory::wrong_codes::of_network;
use crate::pages::frame::address;
use crate::pages::{AddressProofProblem, AddressProofReason, AddressProofStage, ErrorCause, ProvePage};
use crate::provider::email_code::EMAIL_CODE;
use crate::vocabulary::email::Email;
use crate::web::apps::{kept_request, login_for_app};
use crate::web::attempt_cookies::hashed_id;
use crate::web::email_proof::{UnprovenIdentity, seal_identity};
use crate::web::mailed_code::{PendingProof, address_with_mailbox};
use crate::web::rate_limits::{RateLimitKind, wide_network};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::web::{cookies, forms, prove};
use crate::world::random;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{SET_COOKIE, VARY};
use std::net::IpAddr;

/// The address of the page that begins such a sign-in, and of its form.
pub(crate) fn page_address(return_to: Option<&str>) -> String {
    address(&["login", EMAIL_CODE], &[("return_to", return_to)])
}

/// The page that asks for the address.
pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let return_to = context.return_to()?;
    kept_request::prefer_its_languages(&context, return_to.as_deref());
    require_offer(&context, return_to.as_deref())?;
    Ok(address_page(&context, return_to.as_deref(), None))
}

/// Sends a code to the address that was typed on a page of ours.
pub(crate) async fn start(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Mail)?;
    // Without fresh revocations no session could be opened.
    context.require_fresh_revocations()?;
    let return_to = context.return_to()?;
    kept_request::prefer_its_languages(&context, return_to.as_deref());
    require_offer(&context, return_to.as_deref())?;
    let form = forms::verified_form_of_browser(&context, &page_address(return_to.as_deref()))?;
    let typed = form.field("email")?.unwrap_or_default().trim();
    let Some(email) = address_with_mailbox(typed) else {
        return Ok(address_page(&context, return_to.as_deref(), Some(typed)));
    };
    let pending = begin_proof(&context, &email, return_to).await?;
    let cookie = cookies::set_proof(&pending.handle, GOOD_FOR, &context.live_store().store);
    let mut response = prove::send_code(&context, pending, &email, true).await?;
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}

/// Refuses where the store, or the app to which the sign-in leads, does not offer the code.
fn require_offer(context: &RequestContext, return_to: Option<&str>) -> Result<(), UserFacingError> {
    let is_offered = match login_for_app::of_return_address(context, return_to)? {
        Some(for_app) => for_app.offers_email_code(context),
        None => context.live_store().offers_email_code(),
    };
    if is_offered { Ok(()) } else { Err(ErrorCause::NoSuchProvider.into()) }
}

/// Begins a proof of this address, to which no code has been sent yet. Its handle is for a cookie of the browser.
pub(crate) async fn begin_proof(
    context: &RequestContext,
    email: &Email,
    return_to: Option<String>,
) -> Result<PendingProof, UserFacingError> {
    let (app, store, handle) = (context.app(), &context.live_store().store, random::id());
    let id = hashed_id(&handle);
    let identity = UnprovenIdentity {
        provider: EMAIL_CODE.into(),
        file: EMAIL_CODE.into(),
        fingerprint: EMAIL_CODE.into(),
        version: "".into(),
        id: "".into(),
        name: None,
        picture: None,
        locale: None,
        more: Vec::new(),
        email: Some(email.key().to_owned()),
        known: None,
        return_to,
        id_token: None,
        tokens: None,
    };
    let sealed = seal_identity(context, &id, &identity);
    let hashed = |kind: &str, network: IpAddr| keyed_hash(&app.proof_key, &[kind, &store.name, &network.to_string()]);
    let network = context.client_network();
    let who = of_network(&hashed("network", network), Some(&hashed("wide network", wide_network(network))));
    let until = context.now().saturating_add(GOOD_FOR);
    let begin = BeginEmailProof { id: id.into(), store: store.name.clone(), sealed: sealed.clone(), who, until };
    app.directory.write(begin).await?;
    let proof = EmailProof { store: store.name.clone(), sealed, awaited: None, is_to_user_only: false, left: TRIES };
    Ok(PendingProof { handle: handle.into(), proof, identity, live_provider: None })
}

/// The page that asks for the address, again if what was typed is none.
fn address_page(context: &RequestContext, return_to: Option<&str>, typed: Option<&str>) -> HttpResponse {
    let status = if typed.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (offered, here) = (context.offered_languages(), page_address(return_to));
    let (form, form_key) = forms::browser_token(context);
    let page = ProvePage {
        frame: context.frame(&offered, &here),
        provider: "",
        why: Some(AddressProofReason::SignIn),
        stage: AddressProofStage::Address { suggested: typed, wrong: typed.map(|_| AddressProofProblem::NotAnAddress) },
        others: &address(&["login"], &[("return_to", return_to)]),
        form: &form,
        begins_at: Some(&here),
    };
    let mut response = HttpResponse::build(status);
    response.content_type("text/html; charset=utf-8").insert_header((VARY, "Cookie, Accept-Language"));
    context.keep_language(&mut response);
    cookies::append_to(&mut response, [form_key]);
    response.body(page.render())
}

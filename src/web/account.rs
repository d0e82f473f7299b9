//! `/account`: a signed-in shopper sees and adds linked identities, and ends all sessions at once. `apps::app_access` has the apps on it.

pub(crate) mod removal; //   an identity is removed, and that is undone
pub(crate) mod sessions; //  the running sessions
pub(crate) mod own_data; //  the download, and the erasure

use crate::directory::audit::AuditActor;
use crate::directory::sessions::EndAllSessions;
use crate::directory::users::{FindUserById, IdentityLink, ListIdentityLinks};
use crate::login::options::LoginOptions;
use crate::pages::frame::address;
use crate::pages::{
    AccountDeletionOffer, AccountNotice, AccountPage, ErrorCause, LinkableProvider, LinkedIdentityRow, LoginChoice, ProviderIcon,
};
use crate::provider::email_code::EMAIL_CODE;
use crate::provider::passkey::PASSKEY;
use crate::session::Session;
use crate::stores::account_deletion::AccountDeletion;
use crate::stores::live::LiveProvider;
use crate::vocabulary::hash::{hex, sha256};
use crate::web::apps::app_access;
use crate::web::attempt_cookies::LoginPurpose;
use crate::web::forms;
use crate::web::fresh_session::{is_fresh, may_link, require_fresh_session};
use crate::web::metrics::sessions::SessionEndReason;
use crate::web::passkey_form::passkey_page_address;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::sign_in_offer::is_refused_here;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::web::{cookies, email_code, headers, login_page, logout, passkey_list, start};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION, VARY};
use std::sync::Arc;

pub(crate) const PAGE: &str = "/account";

pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    context.require_fresh_revocations()?;
    let here = format!("{}{PAGE}", context.live_store().store.public_url);
    let Some(session) = context.session_under_new_keys().await? else {
        return Ok(redirect_to(&address(&["login"], &[("return_to", Some(&here))])));
    };
    let app = context.app();
    let record = app.directory.read(FindUserById(session.person.uid.clone())).await?;
    let links = app.directory.read(ListIdentityLinks(session.person.uid.clone())).await?;
    // The user may have been removed since the token was signed.
    let Some(record) = record else { return Ok(redirect_to(&address(&["login"], &[]))) };
    let live_store = context.live_store();
    let offered = context.offered_languages();
    let (landing, form) = (context.live_store().default_landing(), forms::csrf_token(&context, &session.sid));
    let more = if may_link(&context, &session) { providers_to_add(&context, &links) } else { Vec::new() };
    let is_fresh = is_fresh(&context, &session);
    // The form of the sign-out leads to a provider where the session ends there, too.
    let leads_to_providers = is_fresh && !more.is_empty() || logout::provider_with_logout(&context, &session).is_some();
    let undo = removal::removal_to_undo(&context, &session)?;
    let page = AccountPage {
        frame: context.frame(&offered, PAGE),
        email: record.user.email.key(),
        name: record.user.name.as_deref(),
        identities: links.iter().map(|link| linked_identity_row(&context, &session, link, links.len() > 1)).collect(),
        more,
        passkeys: passkey_list::section(&context, &session).await?,
        apps: app_access::list(&context, &session).await?,
        sessions: sessions::list(&context, &session).await?,
        deletion: deletion_offer(&live_store.store.deletion),
        form: &form,
        fresh: is_fresh,
        again: &sign_in_again_address(&context, &session, &here),
        notice: notice(&context)?,
        undo: undo.as_deref(),
        continue_to: Some(&*landing).filter(|landing| *landing != "/login"),
    };
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8").insert_header((VARY, "Cookie, Accept-Language"));
    let destinations = leads_to_providers.then(|| headers::provider_destinations(live_store.store.loopback));
    if page.passkeys.is_some() {
        response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_passkeys(&live_store.store.public_url, destinations)));
    } else if destinations.is_some() {
        response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_forms(destinations)));
    }
    context.keep_language(&mut response);
    Ok(response.body(page.render()))
}

/// The address of a form was opened as a page.
pub(crate) async fn redirect_to_page(_: RequestContext) -> Result<HttpResponse, UserFacingError> {
    Ok(redirect_to(PAGE))
}

/// Sends a signed-in shopper to a provider whose identity is to be linked.
pub(crate) async fn link(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Login)?;
    let (session, form) = require_fresh_session(&context, PAGE).await?;
    let live_provider = start::requested_provider(&context)?;
    // Otherwise a callback of another person would link that person's identity.
    if !live_provider.provider.is_callback_tied || !may_link(&context, &session) {
        return Err(ErrorCause::NoSuchProvider.into());
    }
    let inputs = start::read_inputs(&live_provider, |name| Ok(form.field(name)?.map(str::to_owned)))?;
    let here = format!("{}{PAGE}", context.live_store().store.public_url);
    let purpose = LoginPurpose { return_to: Some(here), link: Some(session.sid), ..LoginPurpose::default() };
    start::redirect_to_provider(&context, &live_provider, (inputs, LoginOptions::default()), purpose).await
}

/// Ends all sessions of the user, this one included.
pub(crate) async fn sign_out(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Session)?;
    context.require_fresh_revocations()?;
    // Without a session nothing is ended, so the page does not say that anything was.
    let Some(session) = context.session_under_new_keys().await? else { return Ok(redirect_to(PAGE)) };
    forms::verified_form(&context, &session.sid, PAGE)?;
    let store = &context.live_store().store;
    let (uid, latest) = (session.person.uid.clone(), session.latest_expiry());
    let sign_out = EndAllSessions { store: store.name.clone(), uid, except: None, by: AuditActor::Person, now: context.now() };
    let ended = context.app().directory.write(sign_out).await?;
    context.app().metrics.sessions.count_ended(&store.name, SessionEndReason::Account, ended);
    context.app().revocations.record_end(&session.sid, latest);
    context.app().read_from_storage(context.now()).await?;
    let mut response = HttpResponse::build(StatusCode::SEE_OTHER);
    cookies::append_to(&mut response, cookies::clear_session(store, context.cookies()));
    Ok(response.insert_header((LOCATION, "/login?signed_out=1")).finish())
}

fn notice(context: &RequestContext) -> Result<Option<AccountNotice>, UserFacingError> {
    Ok(match context.query_parameter("done")?.as_deref() {
        Some("linked") => Some(AccountNotice::Linked),
        Some("unlinked") => Some(AccountNotice::Unlinked),
        Some("restored") => Some(AccountNotice::Restored),
        Some("late") => Some(AccountNotice::TooLate),
        Some("left") => Some(AccountNotice::SessionEnded),
        Some("ended") => Some(AccountNotice::AppEnded),
        Some("passkey") => Some(AccountNotice::PasskeyAdded),
        Some("passkeyRemoved") => Some(AccountNotice::PasskeyRemoved),
        _ => None,
    })
}

/// Names a linked identity in a form without showing the user's id at the provider.
pub(crate) fn identity_handle(link: &IdentityLink) -> String {
    hex(&sha256::<16>(format!("{}\n{}", link.provider, link.provider_id).as_bytes()))
}

fn linked_identity_row(context: &RequestContext, session: &Session, link: &IdentityLink, removable: bool) -> LinkedIdentityRow {
    let is_code = *link.provider == *EMAIL_CODE;
    let live_provider = context.live_store().providers.snapshot().provider_by_key(&link.provider).cloned();
    let title = provider_title(context, &link.provider);
    let name = live_provider.as_ref().map_or(&*link.provider, |live_provider| &*live_provider.provider.name);
    let icon = live_provider.as_deref().map_or_else(|| ProviderIcon::new(name, &title, None), login_page::provider_icon);
    let current = session.person.provider == link.provider && session.person.provider_id == link.provider_id;
    let phrases = &context.language().phrases;
    LinkedIdentityRow {
        title,
        icon,
        address: link.address.as_deref().map(str::to_owned),
        handle: identity_handle(link),
        current,
        // It follows from the address, so removing it would change nothing.
        removable: removable && !is_code,
        since: phrases.format_day(link.linked),
        used: link.used.and_then(|used| phrases.format_day(used)),
    }
}

/// The name of a provider, of the code by e-mail or of passkeys as shoppers read it, by its key.
pub(crate) fn provider_title(context: &RequestContext, key: &str) -> String {
    let phrases = &context.language().phrases;
    if *key == *EMAIL_CODE {
        return phrases.email_code.name.clone();
    }
    if *key == *PASSKEY {
        return phrases.passkey.name.clone();
    }
    let live_provider = context.live_store().providers.snapshot().provider_by_key(key).cloned();
    live_provider.map_or_else(|| key.to_owned(), |live_provider| live_provider.provider.title.to_string())
}

fn deletion_offer(deletion: &AccountDeletion) -> AccountDeletionOffer<'_> {
    match deletion {
        AccountDeletion::AtStore => AccountDeletionOffer::AskStore,
        AccountDeletion::At(place) => AccountDeletionOffer::AskAt(place),
        AccountDeletion::ByPerson => AccountDeletionOffer::ByPerson,
    }
}

/// The providers of which the user has no linked identity.
fn providers_to_add(context: &RequestContext, links: &[IdentityLink]) -> Vec<LinkableProvider> {
    let live_providers = context.live_store().providers_with_button();
    let is_new = |live_provider: &&Arc<LiveProvider>| links.iter().all(|link| link.provider != live_provider.provider.key);
    let can_be_used = |live_provider: &&Arc<LiveProvider>| !is_refused_here(context, live_provider);
    let new = live_providers.iter().filter(is_new).filter(can_be_used).filter(|live_provider| live_provider.provider.is_callback_tied);
    let more = new.map(|live_provider| {
        let LoginChoice { id, title, icon, inputs, .. } = login_page::provider_choice(live_provider, None, &context.language().code);
        LinkableProvider { id, title, icon, inputs }
    });
    more.collect()
}

/// Where the user signs in again: at the same provider, if it is still live.
fn sign_in_again_address(context: &RequestContext, session: &Session, here: &str) -> String {
    if *session.person.provider == *EMAIL_CODE && context.live_store().offers_email_code() {
        return email_code::page_address(Some(here));
    }
    if *session.person.provider == *PASSKEY && context.live_store().offers_passkeys() {
        return passkey_page_address(Some(here));
    }
    let live_provider = context.live_store().providers.snapshot().provider_by_key(&session.person.provider).cloned();
    let name = live_provider
        .filter(|live_provider| live_provider.provider.inputs.is_empty())
        .map(|live_provider| live_provider.provider.name.clone());
    match name.filter(|name| context.live_store().shows_provider(name)) {
        Some(name) => address(&["login", &name], &[("return_to", Some(here))]),
        None => address(&["login"], &[("return_to", Some(here))]),
    }
}

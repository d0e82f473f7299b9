//! `/account`: somebody who is signed in sees their ways in, adds some, removes some, and leaves everywhere at once.

use crate::directory::audit::AuditActor;
use crate::directory::identity_links::{UnlinkIdentity, UnlinkOutcome};
use crate::directory::sessions::EndAllSessions;
use crate::directory::users::{FindUserById, IdentityLink, ListIdentityLinks};
use crate::pages::frame::address;
use crate::pages::{AccountNotice, AccountPage, ErrorCause, Frame, LinkableProvider, LinkedIdentityRow, LoginChoice};
use crate::provider::functions::hex;
use crate::session::Session;
use crate::web::attempt_cookies::LoginPurpose;
use crate::web::forms::{self, SubmittedForm};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::web::{callback, cookies, headers, login_page, start};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION, VARY};
use aws_lc_rs::digest::{SHA256, digest};

/// Where the page is.
const PAGE: &str = "/account";
/// How long after a login somebody may change how they get in, in seconds.
const FRESH: i64 = 300;

pub(crate) async fn show(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    asked.check_rate_limit(RateLimitKind::Page)?;
    asked.require_fresh_revocations()?;
    let here = format!("{}{PAGE}", asked.live_store().store.public_url);
    let Some(session) = asked.session() else { return Ok(redirect_to(&address(&["login"], &[("return_to", Some(&here))]))) };
    let app = asked.app();
    let record = app.directory.read(FindUserById(session.person.uid.clone())).await?;
    let ways = app.directory.read(ListIdentityLinks(session.person.uid.clone())).await?;
    // Whoever was forgotten meanwhile is nobody.
    let Some(record) = record else { return Ok(redirect_to(&address(&["login"], &[]))) };
    let front = asked.live_store();
    let offered = front.languages.offered_languages(&front.store.languages);
    let (landing, form) = (callback::default_landing(&asked), forms::csrf_token(&asked, &session.sid));
    let more = providers_to_add(&asked, &ways);
    let is_fresh = is_fresh(&asked, &session);
    let places = form_destinations(&asked, is_fresh && !more.is_empty());
    let page = AccountPage {
        frame: Frame { look: &front.look, language: asked.language(), offered: &offered, version: &front.version },
        email: record.user.email.key(),
        name: record.user.name.as_deref(),
        ways: ways.iter().map(|way| linked_identity_row(&asked, &session, way, ways.len() > 1)).collect(),
        more,
        form: &form,
        fresh: is_fresh,
        again: &sign_in_again_address(&asked, &session, &here),
        notice: notice(&asked)?,
        continue_to: Some(&*landing).filter(|landing| *landing != "/login"),
    };
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8").insert_header((VARY, "Cookie, Accept-Language"));
    if !places.is_empty() {
        response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_forms(&places)));
    }
    if asked.requested_language().is_some() {
        cookies::append_to(&mut response, [cookies::set_language(&asked.language().code, &front.store)]);
    }
    Ok(response.body(page.render()))
}

/// Where its forms are sent, opened as a page.
pub(crate) async fn redirect_to_page(_: RequestContext) -> Result<HttpResponse, UserFacingError> {
    Ok(redirect_to(PAGE))
}

/// A way in is about to be added: somebody goes to the provider as one who is signed in here.
pub(crate) async fn link(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    asked.check_rate_limit(RateLimitKind::Login)?;
    let (session, form) = require_fresh_session(&asked)?;
    let offer = start::requested_provider(&asked)?;
    let inputs = start::read_inputs(&offer, |name| Ok(form.field(name)?.map(str::to_owned)))?;
    let here = format!("{}{PAGE}", asked.live_store().store.public_url);
    let purpose = LoginPurpose { return_to: Some(here), link: Some(session.sid), test: None };
    start::redirect_to_provider(&asked, &offer, inputs, purpose).await
}

/// A way in is removed.
pub(crate) async fn unlink(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    asked.check_rate_limit(RateLimitKind::Session)?;
    let (session, form) = require_fresh_session(&asked)?;
    let (app, uid) = (asked.app(), session.person.uid.clone());
    let ways = app.directory.read(ListIdentityLinks(uid.clone())).await?;
    let wanted = form.field("way")?;
    if let Some(way) = ways.into_iter().find(|way| wanted == Some(&*identity_handle(way))) {
        let unlink = UnlinkIdentity {
            store: asked.live_store().store.name.clone(),
            uid,
            provider: way.provider,
            provider_id: Some(way.provider_id),
            except: Some(session.sid),
            by: AuditActor::Person,
            even_last: false,
            now: asked.now(),
        };
        if app.directory.write(unlink).await? == UnlinkOutcome::LastIdentity {
            return Err(ErrorCause::LastWay.into());
        }
        app.sync_with_storage(asked.now()).await?;
    }
    // What is gone already is gone as it was wished.
    Ok(redirect_to("/account?done=unlinked"))
}

/// All sessions end, this one as well.
pub(crate) async fn sign_out(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    asked.check_rate_limit(RateLimitKind::Session)?;
    asked.require_fresh_revocations()?;
    let Some(session) = asked.session() else { return Ok(redirect_to("/login?signed_out=1")) };
    forms::verified_form(&asked, &session.sid, PAGE)?;
    let store = &asked.live_store().store;
    let (uid, latest) = (session.person.uid.clone(), session.latest_expiry());
    let sign_out = EndAllSessions { store: store.name.clone(), uid, except: None, by: AuditActor::Person, now: asked.now() };
    asked.app().directory.write(sign_out).await?;
    asked.app().revocations.record_end(&session.sid, latest);
    asked.app().sync_with_storage(asked.now()).await?;
    let mut response = HttpResponse::build(StatusCode::SEE_OTHER);
    cookies::append_to(&mut response, cookies::clear_session(store));
    Ok(response.insert_header((LOCATION, "/login?signed_out=1")).finish())
}

/// Who is signed in since a moment ago, and the form that they sent.
fn require_fresh_session(asked: &RequestContext) -> Result<(Session, SubmittedForm), UserFacingError> {
    asked.require_fresh_revocations()?;
    let session = asked.session().ok_or(ErrorCause::NotFresh)?;
    let form = forms::verified_form(asked, &session.sid, PAGE)?;
    if is_fresh(asked, &session) { Ok((session, form)) } else { Err(ErrorCause::NotFresh.into()) }
}

/// Whether somebody signed in a moment ago.
pub(crate) fn is_fresh(asked: &RequestContext, session: &Session) -> bool {
    (0..=FRESH).contains(&(asked.now() - session.since))
}

fn notice(asked: &RequestContext) -> Result<Option<AccountNotice>, UserFacingError> {
    Ok(match asked.query_parameter("done")?.as_deref() {
        Some("linked") => Some(AccountNotice::Linked),
        Some("unlinked") => Some(AccountNotice::Unlinked),
        _ => None,
    })
}

/// What names a way in a form, without saying which id somebody has where.
fn identity_handle(way: &IdentityLink) -> String {
    hex(&digest(&SHA256, format!("{}\n{}", way.provider, way.provider_id).as_bytes()).as_ref()[..16])
}

fn linked_identity_row(asked: &RequestContext, session: &Session, way: &IdentityLink, removable: bool) -> LinkedIdentityRow {
    let offer = asked.live_store().roster.snapshot().provider(&way.provider).cloned();
    let title = offer.as_ref().map_or(&*way.provider, |offer| &*offer.provider.title).to_owned();
    let has_logo = offer.is_some_and(|offer| offer.provider.logo.is_some());
    let mark = LoginChoice::new(&way.provider, &title, None, has_logo, Vec::new()).mark;
    let current = session.person.provider == way.provider && session.person.provider_id == way.provider_id;
    let since = asked.language().phrases.format_day(way.linked);
    LinkedIdentityRow { title, mark, handle: identity_handle(way), current, removable, since }
}

/// The providers that this person has no way in through.
fn providers_to_add(asked: &RequestContext, ways: &[IdentityLink]) -> Vec<LinkableProvider> {
    let offers = login_page::providers_with_button(asked.live_store());
    let new = offers.iter().filter(|offer| ways.iter().all(|way| way.provider != offer.provider.name));
    let more = new.map(|offer| {
        let LoginChoice { id, title, mark, inputs, .. } = login_page::provider_choice(offer, None);
        LinkableProvider { id, title, mark, inputs }
    });
    more.collect()
}

/// Where they sign in again: by the way that they used, if it is still there.
fn sign_in_again_address(asked: &RequestContext, session: &Session, here: &str) -> String {
    let name = &session.person.provider;
    let is_there = asked.live_store().has_provider(name)
        && asked.live_store().roster.snapshot().provider(name).is_some_and(|offer| offer.provider.inputs.is_empty());
    let path: &[&str] = if is_there { &["login", name] } else { &["login"] };
    address(path, &[("return_to", Some(here))])
}

/// Where the forms of the page lead in the end.
fn form_destinations(asked: &RequestContext, adds: bool) -> Vec<String> {
    match (adds, asked.live_store().store.loopback) {
        (false, _) => Vec::new(),
        (true, false) => vec!["https:".to_owned()],
        (true, true) => vec!["https:".to_owned(), "http://localhost:* http://127.0.0.1:*".to_owned()],
    }
}

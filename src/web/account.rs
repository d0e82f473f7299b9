//! `/account`: somebody who is signed in sees their ways in, adds some, removes some, and leaves everywhere at once.

use crate::directory::audit::By;
use crate::directory::people::{ById, Way as Known, WaysOf};
use crate::directory::sessions::SignOut;
use crate::directory::ways::{Unlink, Unlinked};
use crate::pages::frame::address;
use crate::pages::{AccountNotice, AccountPage, Cause, Choice, Frame, MoreWay, Way};
use crate::provider::functions::hex;
use crate::session::Session;
use crate::web::asked::Asked;
use crate::web::attempts::Purpose;
use crate::web::forms::{self, Form};
use crate::web::limits::Kind;
use crate::web::refused::{Refused, leads_to};
use crate::web::{callback, cookies, headers, login_page, start};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION, VARY};
use aws_lc_rs::digest::{SHA256, digest};

/// Where the page is.
const PAGE: &str = "/account";
/// How long after a login somebody may change how they get in, in seconds.
const FRESH: i64 = 300;

/// The page.
pub async fn show(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Page)?;
    asked.well_informed()?;
    let here = format!("{}{PAGE}", asked.front().store.public_url);
    let Some(session) = asked.session() else { return Ok(leads_to(&address(&["login"], &[("return_to", Some(&here))]))) };
    let app = asked.app();
    let record = app.directory.read(ById(session.person.uid.clone())).await?;
    let ways = app.directory.read(WaysOf(session.person.uid.clone())).await?;
    // Whoever was forgotten meanwhile is nobody.
    let Some(record) = record else { return Ok(leads_to(&address(&["login"], &[]))) };
    let front = asked.front();
    let offered = front.languages.offered(&front.store.languages);
    let (landing, form) = (callback::landing(&asked), forms::mark(&asked, &session.sid));
    let more = more(&asked, &ways);
    let is_fresh = is_fresh(&asked, &session);
    let places = places(&asked, is_fresh && !more.is_empty());
    let page = AccountPage {
        frame: Frame { look: &front.look, language: asked.language(), offered: &offered, version: &front.version },
        email: record.user.email.key(),
        name: record.user.name.as_deref(),
        ways: ways.iter().map(|way| shown(&asked, &session, way, ways.len() > 1)).collect(),
        more,
        form: &form,
        fresh: is_fresh,
        again: &again(&asked, &session, &here),
        notice: notice(&asked)?,
        continue_to: Some(&*landing).filter(|landing| *landing != "/login"),
    };
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8").insert_header((VARY, "Cookie, Accept-Language"));
    if !places.is_empty() {
        response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_forms(&places)));
    }
    if asked.wished_language().is_some() {
        cookies::send(&mut response, [cookies::set_language(&asked.language().code, &front.store)]);
    }
    Ok(response.body(page.render()))
}

/// Where its forms are sent, opened as a page.
pub async fn back(_: Asked) -> Result<HttpResponse, Refused> {
    Ok(leads_to(PAGE))
}

/// A way in is about to be added: somebody goes to the provider as one who is signed in here.
pub async fn link(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Login)?;
    let (session, form) = freshly_signed_in(&asked)?;
    let offer = start::offer(&asked)?;
    let inputs = start::inputs(&offer, |name| Ok(form.field(name)?.map(str::to_owned)))?;
    let here = format!("{}{PAGE}", asked.front().store.public_url);
    let purpose = Purpose { return_to: Some(here), link: Some(session.sid), test: None };
    start::begin(&asked, &offer, inputs, purpose).await
}

/// A way in is removed.
pub async fn unlink(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Session)?;
    let (session, form) = freshly_signed_in(&asked)?;
    let (app, uid) = (asked.app(), session.person.uid.clone());
    let ways = app.directory.read(WaysOf(uid.clone())).await?;
    let wanted = form.field("way")?;
    if let Some(way) = ways.into_iter().find(|way| wanted == Some(&*handle(way))) {
        let unlink = Unlink {
            store: asked.front().store.name.clone(),
            uid,
            provider: way.provider,
            provider_id: Some(way.provider_id),
            but: Some(session.sid),
            by: By::Person,
            even_last: false,
            now: asked.now(),
        };
        if app.directory.write(unlink).await? == Unlinked::Last {
            return Err(Cause::LastWay.into());
        }
        app.listen_to_storage(asked.now()).await?;
    }
    // What is gone already is gone as it was wished.
    Ok(leads_to("/account?done=unlinked"))
}

/// All sessions end, this one as well.
pub async fn sign_out(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Session)?;
    asked.well_informed()?;
    let Some(session) = asked.session() else { return Ok(leads_to("/login?signed_out=1")) };
    forms::ours(&asked, &session.sid, PAGE)?;
    let store = &asked.front().store;
    let (uid, latest) = (session.person.uid.clone(), session.latest());
    let sign_out = SignOut { store: store.name.clone(), uid, but: None, by: By::Person, now: asked.now() };
    asked.app().directory.write(sign_out).await?;
    asked.app().revocations.end(&session.sid, latest);
    asked.app().listen_to_storage(asked.now()).await?;
    let mut response = HttpResponse::build(StatusCode::SEE_OTHER);
    cookies::send(&mut response, cookies::clear_session(store));
    Ok(response.insert_header((LOCATION, "/login?signed_out=1")).finish())
}

/// Who is signed in since a moment ago, and the form that they sent.
fn freshly_signed_in(asked: &Asked) -> Result<(Session, Form), Refused> {
    asked.well_informed()?;
    let session = asked.session().ok_or(Cause::NotFresh)?;
    let form = forms::ours(asked, &session.sid, PAGE)?;
    if is_fresh(asked, &session) { Ok((session, form)) } else { Err(Cause::NotFresh.into()) }
}

/// Whether somebody signed in a moment ago.
pub fn is_fresh(asked: &Asked, session: &Session) -> bool {
    (0..=FRESH).contains(&(asked.now() - session.since))
}

fn notice(asked: &Asked) -> Result<Option<AccountNotice>, Refused> {
    Ok(match asked.parameter("done")?.as_deref() {
        Some("linked") => Some(AccountNotice::Linked),
        Some("unlinked") => Some(AccountNotice::Unlinked),
        _ => None,
    })
}

/// What names a way in a form, without saying which id somebody has where.
fn handle(way: &Known) -> String {
    hex(&digest(&SHA256, format!("{}\n{}", way.provider, way.provider_id).as_bytes()).as_ref()[..16])
}

fn shown(asked: &Asked, session: &Session, way: &Known, removable: bool) -> Way {
    let offer = asked.front().roster.now().offer(&way.provider).cloned();
    let title = offer.as_ref().map_or(&*way.provider, |offer| &*offer.provider.title).to_owned();
    let has_logo = offer.is_some_and(|offer| offer.provider.logo.is_some());
    let mark = Choice::new(&way.provider, &title, None, has_logo, Vec::new()).mark;
    let current = session.person.provider == way.provider && session.person.provider_id == way.provider_id;
    let since = asked.language().phrases.day(way.linked);
    Way { title, mark, handle: handle(way), current, removable, since }
}

/// The providers that this person has no way in through.
fn more(asked: &Asked, ways: &[Known]) -> Vec<MoreWay> {
    let offers = login_page::offers(asked.front());
    let new = offers.iter().filter(|offer| ways.iter().all(|way| way.provider != offer.provider.name));
    let more = new.map(|offer| {
        let Choice { id, title, mark, inputs, .. } = login_page::choice(offer, None);
        MoreWay { id, title, mark, inputs }
    });
    more.collect()
}

/// Where they sign in again: by the way that they used, if it is still there.
fn again(asked: &Asked, session: &Session, here: &str) -> String {
    let name = &session.person.provider;
    let is_there =
        asked.front().offers(name) && asked.front().roster.now().offer(name).is_some_and(|offer| offer.provider.inputs.is_empty());
    let path: &[&str] = if is_there { &["login", name] } else { &["login"] };
    address(path, &[("return_to", Some(here))])
}

/// Where the forms of the page lead in the end.
fn places(asked: &Asked, adds: bool) -> Vec<String> {
    match (adds, asked.front().store.loopback) {
        (false, _) => Vec::new(),
        (true, false) => vec!["https:".to_owned()],
        (true, true) => vec!["https:".to_owned(), "http://localhost:* http://127.0.0.1:*".to_owned()],
    }
}

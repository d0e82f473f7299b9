//! `/logout`: ends this session here and, where the provider has an end of its own, there.

use crate::directory::audit::{Event, What};
use crate::directory::sessions::EndSession;
use crate::pages::Cause;
use crate::session::Session;
use crate::text::Text;
use crate::web::asked::Asked;
use crate::web::limits::Kind;
use crate::web::refused::Refused;
use crate::web::simulation;
use crate::web::{callback, cookies};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};

/// Ends the session of this browser.
pub async fn logout(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Session)?;
    asked.from_here()?;
    let wanted = wanted(&asked)?;
    let store = &asked.front().store;
    let mut there = None;
    if let Some(session) = asked.session_to_end() {
        let latest = session.latest();
        let event = Event::new(asked.now(), &store.name, What::Logout).to(&session.person.uid).through(&session.person.provider);
        // Only what storage has heard of has ended, here and on every machine.
        asked
            .app()
            .directory
            .write(EndSession { sid: session.sid.clone(), uid: session.person.uid.clone(), since: session.since, latest, event })
            .await?;
        asked.app().revocations.end(&session.sid, latest);
        // Under the name that it may have got meanwhile it has ended as well.
        let _ = asked.app().listen_to_storage(asked.now()).await;
        there = at_the_provider(&asked, &session);
    }
    let landing = there.or(wanted).unwrap_or_else(|| match callback::landing(&asked) {
        page if page == "/login" => "/login?signed_out=1".to_owned(),
        storefront => storefront,
    });
    let mut response = HttpResponse::build(StatusCode::SEE_OTHER);
    cookies::send(&mut response, cookies::clear_session(store));
    Ok(response.insert_header((LOCATION, landing)).finish())
}

/// Where the shopper wants to go, from the form or the address.
fn wanted(asked: &Asked) -> Result<Option<String>, Refused> {
    let is_form = asked.header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form && !asked.body().is_empty() {
        return Err(Cause::Malformed.into());
    }
    let mut typed = url::form_urlencoded::parse(asked.body()).filter(|(name, _)| name == "return_to").map(|(_, value)| value.into_owned());
    let ((None, _, wanted) | (wanted, None, None)) = (typed.next(), typed.next(), asked.parameter("return_to")?) else {
        return Err(Cause::Malformed.into());
    };
    // A page of ours may be named by its path.
    match wanted {
        Some(path) if path.starts_with("/login") => asked.allowed(Some(format!("{}{path}", asked.front().store.public_url))),
        other => asked.allowed(other),
    }
}

/// The address at which the provider ends its own session, if it has one that can be written now.
fn at_the_provider(asked: &Asked, session: &Session) -> Option<String> {
    let offer = asked.front().roster.now().offer(&session.person.provider).cloned()?;
    let address = offer.provider.logout.as_ref()?;
    let installation = offer.installation(&asked.front().store.public_url);
    let mut facts = offer.provider.no_facts();
    for (slot, value) in installation.values.iter().filter(|(_, value)| !value.is_secret()) {
        facts.set(*slot, value.clone());
    }
    facts.set(offer.provider.known.public_url, Text::plain(&*installation.public_url));
    facts.set(offer.provider.known.provider, Text::plain(&*offer.provider.name));
    let filled = address.fill(&facts).ok()?;
    let query = filled.query.map_or_else(String::new, |query| format!("?{}", query.masked()));
    // Nothing secret is among the facts, so the masks show everything.
    let address = format!("{}{query}", filled.base.masked());
    Some(simulation::instead(&offer, &asked.front().store, &address))
}

//! `/login`: the ways in, and who is signed in already.

use crate::pages::{Choice, Field, Frame, LoginPage, Notice, Person};
use crate::provider::callback::CallbackBy;
use crate::roster::Offer;
use crate::session::Session;
use crate::web::asked::Asked;
use crate::web::limits::Kind;
use crate::web::refused::Refused;
use crate::web::serving::Front;
use crate::web::{callback, cookies, headers};
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, VARY};
use std::sync::Arc;

/// The page.
pub async fn show(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Page)?;
    let return_to = asked.return_to()?;
    let (front, session) = (asked.front(), asked.session());
    let offers = offers(front);
    let offered = front.languages.offered(&front.store.languages);
    let page = LoginPage {
        frame: Frame { look: &front.look, language: asked.language(), offered: &offered, version: &front.version },
        choices: offers.iter().map(|offer| choice(offer, return_to.as_deref())).collect(),
        return_to: return_to.as_deref(),
        last: asked.jar().last(&front.store),
        person: session.as_ref().map(|session| person(&asked, session, return_to.as_deref())),
        notice: asked.parameter("signed_out")?.is_some().then_some(Notice::SignedOut),
        operator: front.store.loopback,
    };
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8").insert_header((VARY, "Cookie, Accept-Language"));
    let places = places(&asked, &offers, session.as_ref());
    if !places.is_empty() {
        response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_forms(&places)));
    }
    if asked.wished_language().is_some() {
        cookies::send(&mut response, [cookies::set_language(&asked.language().code, &front.store)]);
    }
    // A cookie that opens nothing is taken away.
    if session.is_none() && asked.jar().one(&front.store.cookie).is_some() {
        cookies::send(&mut response, cookies::clear_session(&front.store));
    }
    Ok(response.body(page.render()))
}

/// The providers that have a button here.
pub fn offers(front: &Front) -> Vec<Arc<Offer>> {
    front.roster.now().buttons().iter().filter(|offer| front.offers(&offer.provider.name)).cloned().collect()
}

/// The button of a provider.
pub fn choice(offer: &Offer, return_to: Option<&str>) -> Choice {
    let provider = &offer.provider;
    let inputs = provider.inputs.iter().map(|input| Field {
        name: input.name.to_string(),
        label: input.label.to_string(),
        pattern: input.pattern_text().map(str::to_owned),
    });
    Choice::new(&provider.name, &provider.title, return_to, provider.logo.is_some(), inputs.collect())
}

fn person(asked: &Asked, session: &Session, return_to: Option<&str>) -> Person {
    let offer = asked.front().roster.now().offer(&session.person.provider).cloned();
    let goes_on = return_to.map(str::to_owned).or_else(|| Some(callback::landing(asked)).filter(|landing| landing != "/login"));
    Person {
        email: session.person.email.key().to_owned(),
        name: session.person.name.as_deref().map(str::to_owned),
        provider_title: offer.map(|offer| offer.provider.title.to_string()),
        when: None,
        continue_to: goes_on,
    }
}

/// Where the forms of the page lead in the end: browsers hold redirects after a form to the page's policy.
fn places(asked: &Asked, offers: &[Arc<Offer>], session: Option<&Session>) -> Vec<String> {
    let store = &asked.front().store;
    let mut places = Vec::new();
    if offers.iter().any(|offer| !offer.provider.inputs.is_empty() || offer.provider.callback != CallbackBy::Get) {
        places.push("https:".to_owned());
    }
    if let Some(session) = session {
        places.extend(store.return_to.iter().map(ToString::to_string));
        let leaves = offers.iter().any(|offer| *offer.provider.name == *session.person.provider && offer.provider.logout.is_some());
        if leaves && !places.contains(&"https:".to_owned()) {
            places.push("https:".to_owned());
        }
    }
    if store.loopback && !places.is_empty() {
        places.push("http://localhost:* http://127.0.0.1:*".to_owned());
    }
    places
}

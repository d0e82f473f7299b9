//! `/login`: the ways in, and who is signed in already.

use crate::pages::{Frame, LoginChoice, LoginInputField, LoginNotice, LoginPage, SignedInUser};
use crate::provider::callback::CallbackMethod;
use crate::session::Session;
use crate::stores::live::LiveProvider;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::web::{cookies, headers};
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, VARY};
use std::sync::Arc;

pub(crate) async fn show(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    asked.check_rate_limit(RateLimitKind::Page)?;
    let return_to = asked.return_to()?;
    let (front, session) = (asked.live_store(), asked.session());
    let offers = front.providers_with_button();
    let offered = front.languages.offered_languages(&front.store.languages);
    let page = LoginPage {
        frame: Frame { look: &front.look, language: asked.language(), offered: &offered, version: &front.version },
        choices: offers.iter().map(|offer| provider_choice(offer, return_to.as_deref())).collect(),
        return_to: return_to.as_deref(),
        last: asked.cookies().last_provider(&front.store),
        person: session.as_ref().map(|session| signed_in_person(&asked, session, return_to.as_deref())),
        notice: asked.query_parameter("signed_out")?.is_some().then_some(LoginNotice::SignedOut),
        operator: front.store.loopback,
    };
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8").insert_header((VARY, "Cookie, Accept-Language"));
    let places = form_destinations(&asked, &offers, session.as_ref());
    if !places.is_empty() {
        response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_forms(&places)));
    }
    if asked.requested_language().is_some() {
        cookies::append_to(&mut response, [cookies::set_language(&asked.language().code, &front.store)]);
    }
    // A cookie that opens nothing is taken away.
    if session.is_none() && asked.cookies().unique(&front.store.cookie).is_some() {
        cookies::append_to(&mut response, cookies::clear_session(&front.store));
    }
    Ok(response.body(page.render()))
}

/// The button of a provider.
pub(crate) fn provider_choice(offer: &LiveProvider, return_to: Option<&str>) -> LoginChoice {
    let provider = &offer.provider;
    let inputs = provider.inputs.iter().map(|input| LoginInputField {
        name: input.name.to_string(),
        label: input.label.to_string(),
        pattern: input.pattern_text().map(str::to_owned),
    });
    LoginChoice::new(&provider.name, &provider.title, return_to, provider.logo.is_some(), inputs.collect())
}

fn signed_in_person(asked: &RequestContext, session: &Session, return_to: Option<&str>) -> SignedInUser {
    let offer = asked.live_store().roster.snapshot().provider(&session.person.provider).cloned();
    let goes_on = return_to.map(str::to_owned).or_else(|| Some(asked.live_store().default_landing()).filter(|landing| landing != "/login"));
    SignedInUser {
        email: session.person.email.key().to_owned(),
        name: session.person.name.as_deref().map(str::to_owned),
        provider_title: offer.map(|offer| offer.provider.title.to_string()),
        when: None,
        continue_to: goes_on,
    }
}

/// Where the forms of the page lead in the end: browsers hold redirects after a form to the page's policy.
fn form_destinations(asked: &RequestContext, offers: &[Arc<LiveProvider>], session: Option<&Session>) -> Vec<String> {
    let store = &asked.live_store().store;
    let mut places = Vec::new();
    if offers.iter().any(|offer| !offer.provider.inputs.is_empty() || offer.provider.callback != CallbackMethod::Get) {
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

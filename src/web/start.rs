//! `/login/{provider}`: a login begins. Nothing is written but the browser's half of the attempt, and at most one story a
//! minute of why it cannot begin.

use crate::login::attempt::{Attempt, CannotBegin, Entropy, Inputs};
use crate::login::error::LoginError;
use crate::pages::Cause;
use crate::provider::step::StepKind;
use crate::roster::Offer;
use crate::web::asked::Asked;
use crate::web::attempts::{self, Purpose};
use crate::web::cookies;
use crate::web::failed;
use crate::web::limits::Kind;
use crate::web::outgoing::Outgoing;
use crate::web::refused::Refused;
use crate::web::simulation;
use crate::wire::Request;
use crate::world::dice;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use std::sync::Arc;

/// Sends the browser to the provider.
pub async fn start(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Login)?;
    asked.no_speculation()?;
    let offer = offer(&asked)?;
    // Who is sent to a provider now would come back to a broker that cannot let them in.
    asked.well_informed()?;
    let return_to = asked.return_to()?;
    let inputs = inputs(&offer, |name| asked.parameter(name))?;
    begin(&asked, &offer, inputs, Purpose { return_to, link: None, test: None }).await
}

/// Sends the browser to a provider for a purpose.
pub async fn begin(asked: &Asked, offer: &Offer, inputs: Inputs, purpose: Purpose) -> Result<HttpResponse, Refused> {
    match prepare(asked, offer, inputs).await {
        (attempt, Ok(request)) => send_off(asked, offer, &attempt, &request, purpose),
        (_, Err(why)) => Err(cannot_begin(asked, why, offer, purpose.return_to.as_deref()).await),
    }
}

/// An attempt, and the request that the browser carries to the provider.
pub async fn prepare(asked: &Asked, offer: &Offer, inputs: Inputs) -> (Attempt, Result<Request, CannotBegin>) {
    let (app, store) = (asked.app(), &asked.front().store);
    let installation = offer.installation(&store.public_url);
    let attempt = Attempt::new(&offer.provider, &installation, &Entropy(dice::bytes()), asked.now(), inputs);
    let outgoing = Outgoing::new(app, asked.front(), offer);
    let known = attempt.own_facts(&offer.provider, &installation);
    outgoing.see_to_document(&known, asked.now()).await;
    let request = attempt.redirect(&offer.provider, &installation, app.documents_of(offer));
    (attempt, request)
}

/// Sends the browser there, with its half of the attempt.
pub fn send_off(asked: &Asked, offer: &Offer, attempt: &Attempt, request: &Request, purpose: Purpose) -> Result<HttpResponse, Refused> {
    let (app, store) = (asked.app(), &asked.front().store);
    let kept = attempts::keep(&app.attempts, store, asked.jar(), attempt, offer, purpose, dice::bytes());
    let mut response = HttpResponse::build(StatusCode::SEE_OTHER);
    cookies::send(&mut response, kept.ok_or(Cause::BadInput)?);
    // The address is the browser's to carry: this is where its bytes leave.
    Ok(response.insert_header((LOCATION, simulation::instead(offer, store, request.address.expose()))).finish())
}

/// The provider that the path names, if it serves this store.
pub fn offer(asked: &Asked) -> Result<Arc<Offer>, Refused> {
    let name = asked.part("provider").ok_or(Cause::NoSuchProvider)?;
    let found = asked.front().roster.now().offer(&name).cloned();
    found.filter(|_| asked.front().offers(&name)).ok_or_else(|| Cause::NoSuchProvider.into())
}

/// What a provider asks for before it begins, as it was typed.
pub fn inputs(offer: &Offer, typed: impl Fn(&str) -> Result<Option<String>, Refused>) -> Result<Inputs, Refused> {
    let mut inputs = Inputs::new();
    for input in &offer.provider.inputs {
        let typed = typed(&input.name)?.unwrap_or_default();
        if !input.accepts(&typed) {
            return Err(Cause::BadInput.into());
        }
        inputs.push((input.name.clone(), typed.into()));
    }
    Ok(inputs)
}

async fn cannot_begin(asked: &Asked, why: CannotBegin, offer: &Offer, return_to: Option<&str>) -> Refused {
    match why_not(why, offer) {
        Some(error) => failed::at_the_start(asked, offer, return_to, &error).await,
        None => Cause::BadInput.into(),
    }
}

/// Why a login cannot begin, as a story tells it; nothing where only what was typed does not fit.
pub fn why_not(why: CannotBegin, offer: &Offer) -> Option<LoginError> {
    match why {
        CannotBegin::Input(_) => None,
        CannotBegin::NoDocument => Some(LoginError::bad_callback("noDocument", "the issuer's document could not be had")),
        CannotBegin::Request(error) => Some(LoginError::in_step(StepKind::GetAuthorizationCode, error, None, &offer.provider)),
    }
}

//! A login that support staff try out: as real as any, and nobody comes in. Its story is kept for whoever ran it.

use crate::directory::attempts::Spend;
use crate::directory::audit::{Event, What};
use crate::incident::Code;
use crate::login::attempt::{Attempt, GOOD_FOR};
use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::pages::Cause;
use crate::pages::frame::address;
use crate::provider::callback::Callback;
use crate::provider::identity::Identity;
use crate::roster::Offer;
use crate::story::watch::Watch;
use crate::story::{Happened, Story, tell};
use crate::web::asked::Asked;
use crate::web::attempts::{self, Brought, Purpose, Tester};
use crate::web::callback::{Finished, talk};
use crate::web::lab::guard::{bound, staff};
use crate::web::lab::tests::Last;
use crate::web::limits::Kind;
use crate::web::outgoing::Outgoing;
use crate::web::refused::{Refused, leads_to};
use crate::web::{failed, forms, start};
use crate::wire::Request;
use actix_web::HttpResponse;
use std::sync::Arc;

/// `POST /lab/{provider}/tests`: a test login begins.
pub async fn begin(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Login)?;
    asked.well_informed()?;
    let staff = staff(&asked)?;
    let offer = start::offer(&asked)?;
    let form = forms::ours(&asked, &bound(&asked), &address(&["lab", &offer.provider.name], &[]))?;
    let inputs = start::inputs(&offer, |name| Ok(form.field(name)?.map(str::to_owned)))?;
    let tester = Tester { by: staff.uid };
    let (app, store) = (asked.app(), &asked.front().store);
    let (attempt, request) = start::prepare(&asked, &offer, inputs).await;
    app.tests.begin(&store.name, &attempt.state, asked.now()).map_err(|seconds| Cause::TooManyTests { seconds })?;
    let error = match request {
        Ok(request) => {
            let purpose = Purpose { test: Some(tester), ..Purpose::default() };
            let begun = start::send_off(&asked, &offer, &attempt, &request, purpose);
            if begun.is_err() {
                app.tests.over(&store.name, &attempt.state);
            }
            return begun;
        }
        Err(why) => start::why_not(why, &offer),
    };
    app.tests.over(&store.name, &attempt.state);
    let error = error.ok_or(Cause::BadInput)?;
    let nothing = (Trace::default(), Watch::default());
    Ok(leads_to(&tell_of(&asked, &offer, &tester, None, (&nothing.0, &nothing.1), Err(&error)).await?))
}

/// The browser is back from a test login.
pub async fn finish(
    asked: &Asked,
    brought: &Brought,
    tester: &Tester,
    offer: &Arc<Offer>,
    callback: &Callback,
) -> Result<Finished, Refused> {
    let (app, store) = (asked.app(), &asked.front().store);
    app.tests.over(&store.name, &brought.kept.state);
    still_theirs(asked, tester)?;
    let installation = offer.installation(&store.public_url);
    let attempt = Attempt::resume(&offer.provider, &installation, brought.kept.clone());
    let outgoing = Outgoing::new(app, asked.front(), offer);
    outgoing.see_to_document(&attempt.own_facts(&offer.provider, &installation), asked.now()).await;
    let redirect = attempt.redirect(&offer.provider, &installation, app.documents_of(offer)).ok();
    let accepted =
        attempt.accept(&offer.provider, &installation, callback, asked.part("state").as_deref(), app.documents_of(offer), asked.now());
    let mut watch = Watch::default();
    let (trace, end) = match accepted {
        Err(error) => (Trace::default(), Err(error)),
        Ok(login) => {
            let spend = Spend { attempt: attempts::spent(&attempt.state).into(), until: attempt.started + GOOD_FOR };
            if !app.directory.write(spend).await? {
                // By a double click or the back button: what it came to has been told.
                let last = app.tests.last(&store.name, &offer.provider.name, tester.by.as_deref());
                let place =
                    last.map_or_else(|| address(&["lab", &offer.provider.name], &[]), |last| page(&offer.provider.name, &last.code));
                return Ok((leads_to(&place), Vec::new()));
            }
            match talk(asked, offer, login, &outgoing, &mut watch).await {
                None => {
                    let error =
                        LoginError { step: None, ..LoginError::bad_callback("tooSlow", "too many logins talk to the provider already") };
                    (Trace::default(), Err(error))
                }
                Some(ended) => ended,
            }
        }
    };
    let place = tell_of(asked, offer, tester, redirect.as_ref(), (&trace, &watch), end.as_ref()).await?;
    Ok((leads_to(&place), Vec::new()))
}

/// A callback that answers no login of this browser, which began a test.
pub async fn nobodys(asked: &Asked, offer: &Offer, tester: &Tester, state: &str, cause: Cause) -> Refused {
    asked.app().tests.over(&asked.front().store.name, state);
    if let Err(refused) = still_theirs(asked, tester) {
        return refused;
    }
    let error = match cause {
        Cause::Changed => LoginError::bad_callback("changed", "the provider's file changed while the browser was away; run the test again"),
        _ => LoginError::bad_callback("badState", "the state that came back belongs to no login that this browser began"),
    };
    match tell_of(asked, offer, tester, None, (&Trace::default(), &Watch::default()), Err(&error)).await {
        Ok(place) => Refused { instead: Some(place), ..cause.into() },
        Err(refused) => refused,
    }
}

/// Whether whoever began it may still use the workbench, and is still the same.
fn still_theirs(asked: &Asked, tester: &Tester) -> Result<(), Refused> {
    let staff = staff(asked).map_err(|refused| Refused { instead: None, ..refused })?;
    if staff.uid == tester.by { Ok(()) } else { Err(Cause::NotAllowed.into()) }
}

/// Keeps the story, writes one line down, and answers with the address of its page.
async fn tell_of(
    asked: &Asked,
    offer: &Offer,
    tester: &Tester,
    redirect: Option<&Request>,
    (trace, watch): (&Trace, &Watch),
    end: Result<&Identity, &LoginError>,
) -> Result<String, Refused> {
    let (store, provider) = (&asked.front().store.name, &offer.provider.name);
    let happened = Happened { provider: &offer.provider, redirect, trace, watch, end };
    let by = tester.by.as_deref();
    let story = Story { test: true, by: by.map(str::to_owned), ..tell(happened) };
    let event = Event::new(asked.now(), store, What::Tested).through(provider);
    let event =
        Event { uid: tester.by.clone(), because: story.code.as_deref().map(Into::into), version: Some(offer.version.clone()), ..event };
    let (failed, step) = (story.code.clone(), story.step.clone());
    let code = failed::keep(asked, &event, story).await?.ok_or(Cause::Away)?;
    tracing::info!(store = &**store, provider = &**provider, incident = code.as_str(), code = failed.as_deref(), "a test login ended");
    let place = page(provider, &code);
    asked.app().tests.ended(store, provider, by, Last { code, at: asked.now(), failed, step });
    Ok(place)
}

/// Where the story is told.
fn page(provider: &str, code: &Code) -> String {
    address(&["lab", provider, "tests", code.as_str()], &[])
}

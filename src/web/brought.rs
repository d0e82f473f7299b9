//! What the browser brought back: the parameters, and which of its attempts they answer.

use crate::login::attempt::Attempt;
use crate::login::error::LoginError;
use crate::pages::Cause;
use crate::provider::callback::{Callback, CallbackBy, StateIn};
use crate::roster::Offer;
use crate::web::asked::Asked;
use crate::web::attempts::{self, Brought, Tester};
use crate::web::cookies;
use crate::web::failed;
use crate::web::lab::test_login;
use crate::web::refused::Refused;
use std::sync::Arc;

/// The parameter in which a form travels on to ourselves.
pub const FORM: &str = "portaria-form";

/// Parameters that answer no attempt of this browser.
pub struct Unfit {
    cause: Cause,
    offer: Arc<Offer>,
    /// The newest of its attempts, if it has any: where that wanted to go.
    newest: Option<Newest>,
    /// Cookies of attempts that are none any more.
    dead: Vec<String>,
}

struct Newest {
    return_to: Option<String>,
    test: Option<Tester>,
    state: Box<str>,
    cookie: String,
}

impl Newest {
    fn of(brought: &Brought) -> Self {
        Self {
            return_to: brought.return_to.clone(),
            test: brought.test.clone(),
            state: brought.kept.state.clone(),
            cookie: brought.cookie.clone(),
        }
    }
}

impl Unfit {
    /// What is told of it.
    pub async fn told(self, asked: &Asked) -> Refused {
        let dead: Vec<_> = self.dead.iter().map(|name| cookies::clear(name, &asked.front().store)).collect();
        let refused = match self.newest {
            Some(Newest { test: Some(tester), state, cookie, .. }) if matches!(self.cause, Cause::Lost | Cause::Changed) => {
                let refused = test_login::nobodys(asked, &self.offer, &tester, &state, self.cause).await;
                return Refused { cookies: dead.into_iter().chain([cookies::clear(&cookie, &asked.front().store)]).collect(), ..refused };
            }
            Some(Newest { return_to, .. }) if self.cause == Cause::Lost => {
                Self::with_a_story(asked, &self.offer, return_to.as_deref()).await
            }
            newest => {
                let return_to = newest.and_then(|newest| newest.return_to);
                failed::without_a_conversation(asked, self.cause, &self.offer, return_to.as_deref()).await
            }
        };
        Refused { cookies: dead, ..refused }
    }

    async fn with_a_story(asked: &Asked, offer: &Offer, return_to: Option<&str>) -> Refused {
        let error = LoginError::bad_callback("badState", "the state that came back belongs to no login that this browser began");
        failed::early(asked, offer, return_to, &error).await
    }
}

/// What the provider lets the browser bring.
pub fn callback(asked: &Asked, name: &str) -> Result<Callback, Refused> {
    let Some(form) = asked.parameter(FORM)? else {
        return if asked.front().roster.now().offer(name).is_some_and(|offer| offer.provider.callback == CallbackBy::Post) {
            Err(Cause::Malformed.into())
        } else {
            Ok(Callback::new(asked.query()))
        };
    };
    let (until, sealed) = form.split_once('.').unwrap_or_default();
    let bound = [&*asked.front().store.public_url, asked.request().path(), until];
    let text = asked.app().callbacks.open(&bound, sealed).ok_or(Cause::Malformed)?;
    if until.parse::<i64>().map_or(true, |until| until < asked.now()) {
        return Err(Cause::Expired.into());
    }
    Ok(Callback::new(url::form_urlencoded::parse(&text).into_owned()))
}

/// The attempt of this browser that the callback answers, and the version of the provider with which it began.
pub fn attempt(asked: &Asked, name: &str, callback: &Callback) -> Result<Result<(Brought, Arc<Offer>), Unfit>, Refused> {
    let front = asked.front();
    let listing = front.roster.now();
    let mut all = attempts::all(&asked.app().attempts, &front.store, asked.jar(), asked.now());
    let dead = asked.jar().attempts(&front.store).into_iter().map(|(name, _)| name.to_owned());
    let dead = dead.filter(|name| all.iter().all(|brought| brought.cookie != *name)).take(20).collect();
    all.retain(|brought| *brought.provider == *name);
    // The one that began last, where no state comes back that would tell them apart.
    all.sort_by_key(|brought| std::cmp::Reverse(brought.kept.started));
    let newest = all.first().map(Newest::of);
    let (document, state) = (callback.document(), asked.part("state"));
    let fits = |offer: &Offer, brought: &Brought| {
        let attempt = Attempt::resume(&offer.provider, &offer.installation(&front.store.public_url), brought.kept.clone());
        attempt.is_answered_by(&offer.provider, &document, state.as_deref())
    };
    let today = listing.offer(name).ok_or(Cause::NoSuchProvider)?;
    for brought in all {
        match listing.version(name, &brought.version) {
            Some(offer) if fits(offer, &brought) => return Ok(Ok((brought, Arc::clone(offer)))),
            // A version that is gone cannot read the state; if today's can, it was this attempt.
            None if fits(today, &brought) => {
                asked.app().tests.over(&front.store.name, &brought.kept.state);
                let newest = Some(Newest::of(&brought));
                return Ok(Err(Unfit { cause: Cause::Changed, offer: Arc::clone(today), newest, dead }));
            }
            Some(_) | None => {}
        }
    }
    let nothing_came = callback.pairs.is_empty() && today.provider.state_in != StateIn::Path;
    let cause = if nothing_came { Cause::Malformed } else { Cause::Lost };
    Ok(Err(Unfit { cause, offer: Arc::clone(today), newest, dead }))
}

//! `/callback/{provider}`: the provider sends the browser back. Attempt, accept, spend, drive, welcome, open, redirect.

use crate::directory::attempts::Spend;
use crate::directory::audit::{Event, Note, What};
use crate::directory::linking::{NotWelcome, Rule};
use crate::directory::ways::Link;
use crate::directory::welcome::{TurnedAway, Welcome, Welcomed};
use crate::email::Email;
use crate::login::attempt::{Attempt, GOOD_FOR};
use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::login::{Login, drive_before};
use crate::pages::{Cause, new_way_letter};
use crate::provider::callback::{Callback, CallbackBy};
use crate::provider::identity::{Identity, Mailbox};
use crate::roster::Offer;
use crate::session::{Person, Session, short_name};
use crate::story::watch::Watch;
use crate::web::asked::Asked;
use crate::web::attempts::{self, Brought};
use crate::web::brought;
use crate::web::failed;
use crate::web::lab::test_login;
use crate::web::limits::Kind;
use crate::web::outgoing::Outgoing;
use crate::web::refused::{Refused, leads_to, wrong_method};
use crate::web::{cookies, prove, start};
use crate::world::dice;
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, SET_COOKIE};
use std::sync::Arc;
use std::time::Duration;

/// How long a login waits for its turn at a provider that is asked by many.
const TURN: Duration = Duration::from_secs(10);
/// How long the whole conversation with a provider may take.
const BUDGET: Duration = Duration::from_secs(25);
/// How long a form that was sent here may be on its way to ourselves.
const BOUNCE: i64 = 60;
/// The largest form that still fits into an address when it is sealed.
const LARGEST_FORM: usize = 5 * 1024;

/// The browser comes back by an address.
pub async fn by_address(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Callback)?;
    asked.no_speculation()?;
    let name = start::offer(&asked)?.provider.name.clone();
    let callback = brought::callback(&asked, &name)?;
    let (brought, offer) = match brought::attempt(&asked, &name, &callback)? {
        Ok(found) => found,
        Err(unfit) => return Err(unfit.told(&asked).await),
    };
    let whole = match &brought.test {
        Some(tester) => test_login::finish(&asked, &brought, tester, &offer, &callback).await,
        None => finish(&asked, &brought, &offer, &callback).await,
    };
    // Whatever came of it, this attempt is over; but where storage is away nobody knows, and it may be tried again.
    let done = cookies::clear(&brought.cookie, &asked.front().store);
    let is_over = !whole.as_ref().is_err_and(|refused| refused.cause == Cause::Away);
    answered(whole, is_over.then_some(done))
}

/// The answer with its cookies, and with one that is set whatever came of it.
pub fn answered(whole: Result<Finished, Refused>, done: Option<HeaderValue>) -> Result<HttpResponse, Refused> {
    match whole {
        Ok((mut response, cookies)) => {
            for cookie in cookies.into_iter().chain(done) {
                response.headers_mut().append(SET_COOKIE, cookie);
            }
            Ok(response)
        }
        Err(mut refused) => {
            refused.cookies.extend(done);
            Err(refused)
        }
    }
}

/// The browser comes back by a form: without its cookies, because another site sent it. It is sent on to the address, sealed.
pub async fn by_form(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Callback)?;
    let offer = start::offer(&asked)?;
    if offer.provider.callback == CallbackBy::Get {
        return Ok(wrong_method(&asked, "GET"));
    }
    let is_form = asked.header(CONTENT_TYPE).is_some_and(|kind| kind.split(';').next() == Some("application/x-www-form-urlencoded"));
    if !is_form {
        return Ok(HttpResponse::UnsupportedMediaType().finish());
    }
    // What stands in the address beside the form counts as well: twice is twice.
    let text = [asked.request().query_string().as_bytes(), asked.body()].join(&b'&');
    if text.len() > LARGEST_FORM {
        return Err(Cause::TooLarge.into());
    }
    let until = asked.now() + BOUNCE;
    let bound = [&*asked.front().store.public_url, asked.request().path(), &until.to_string()];
    let sealed = asked.app().callbacks.seal(&bound, &text, dice::bytes());
    let address = format!("{}?{}={until}.{sealed}", asked.request().path(), brought::FORM);
    Ok(leads_to(&address))
}

/// An answer, and the cookies that go with it.
pub type Finished = (HttpResponse, Vec<HeaderValue>);

async fn finish(asked: &Asked, brought: &Brought, offer: &Arc<Offer>, callback: &Callback) -> Result<Finished, Refused> {
    let (app, store) = (asked.app(), &asked.front().store);
    let installation = offer.installation(&store.public_url);
    let attempt = Attempt::resume(&offer.provider, &installation, brought.kept.clone());
    let outgoing = Outgoing::new(app, asked.front(), offer);
    outgoing.see_to_document(&attempt.own_facts(&offer.provider, &installation), asked.now()).await;
    let accepted =
        attempt.accept(&offer.provider, &installation, callback, asked.part("state").as_deref(), app.documents_of(offer), asked.now());
    let login = match accepted {
        Ok(login) => login,
        Err(error) => return Err(failed::early(asked, offer, brought.return_to.as_deref(), &error).await),
    };
    let spend = Spend { attempt: attempts::spent(&attempt.state).into(), until: attempt.started + GOOD_FOR };
    if !app.directory.write(spend).await? {
        return Err(failed::without_a_conversation(asked, Cause::AlreadyUsed, offer, brought.return_to.as_deref()).await);
    }
    let identity = converse(asked, offer, brought, login, &outgoing).await?;
    if let Some(sid) = &brought.link {
        return add(asked, offer, brought, &identity, sid).await;
    }
    open(asked, offer, &identity, &brought.version, brought.return_to.clone()).await
}

/// Lets somebody in, or has them prove their address first.
pub async fn open(
    asked: &Asked,
    offer: &Arc<Offer>,
    identity: &Identity,
    version: &str,
    return_to: Option<String>,
) -> Result<Finished, Refused> {
    let (app, store) = (asked.app(), &asked.front().store);
    let session = match welcome(asked, identity, version).await? {
        Ok((session, rule)) => {
            if rule == Rule::Linked {
                tell_of_new_way(asked, offer, &session.person.email);
            }
            session
        }
        // By a code that is sent there anybody can prove an address.
        Err(TurnedAway { why: NotWelcome::NoAddress | NotWelcome::AddressReassigned | NotWelcome::Detached, event })
            if asked.front().post.is_some() =>
        {
            app.directory.write(Note(event)).await?;
            return prove::begin(asked, identity, version, return_to).await;
        }
        Err(away) => {
            let mut refused = failed::not_let_in(asked, offer, return_to.as_deref(), away).await;
            if refused.cause == Cause::MissingEmail && matches!(identity.address, Mailbox::Ask(Some(_))) {
                // There is one, and nothing proves it.
                refused.cause = Cause::UnprovenEmail;
            }
            return Err(refused);
        }
    };
    app.metrics.login(&store.name, &offer.provider.name, "welcome");
    tracing::info!(store = &*store.name, provider = &*offer.provider.name, uid = &*session.person.uid, "somebody has come in");
    let mut cookies = signed_in(asked, &session);
    cookies.push(cookies::set_last(&offer.provider.name, store));
    // Looked at once more: the settings may have changed since.
    let wanted = asked.allowed(return_to).ok().flatten();
    let landing = wanted.unwrap_or_else(|| landing(asked));
    Ok((leads_to(&landing), cookies))
}

/// The cookies of somebody who is signed in.
fn signed_in(asked: &Asked, session: &Session) -> Vec<HeaderValue> {
    let (app, store) = (asked.app(), &asked.front().store);
    let token = app.signing.keys().sign(session, asked.front().parties());
    cookies::set_session(&token, session.until - asked.now(), store).collect()
}

/// Adds a way in to whoever is signed in, if that is who began it.
async fn add(asked: &Asked, offer: &Arc<Offer>, brought: &Brought, identity: &Identity, sid: &str) -> Result<Finished, Refused> {
    let (app, store) = (asked.app(), &asked.front().store);
    let Some(session) = asked.session().filter(|session| *session.sid == *sid) else {
        let event = Event::new(asked.now(), &store.name, What::Refused).through(&offer.provider.name);
        let away = TurnedAway::new(NotWelcome::SignedOut, Event { version: Some(brought.version.clone()), ..event });
        return Err(failed::not_let_in(asked, offer, brought.return_to.as_deref(), away).await);
    };
    let new_sid = dice::name();
    let link = Link {
        store: store.name.clone(),
        uid: session.person.uid.clone(),
        identity: identity.clone(),
        version: brought.version.clone(),
        sid: session.sid.clone(),
        new_sid: new_sid.clone(),
        now: asked.now(),
    };
    let (user, rule) = match app.directory.write(link).await? {
        Ok(linked) => linked,
        Err(away) => return Err(failed::not_let_in(asked, offer, brought.return_to.as_deref(), away).await),
    };
    app.revocations.end(&session.sid, session.latest());
    tracing::info!(store = &*store.name, provider = &*offer.provider.name, uid = &*user.uid, "a way in has been added");
    if rule == Rule::LinkedByThemselves {
        tell_of_new_way(asked, offer, &user.email);
    }
    let cookies = signed_in(asked, &Session { sid: new_sid, ..session });
    Ok((leads_to("/account?done=linked"), cookies))
}

/// Tells somebody by mail that a further way leads to them: it may not be they who came. Nobody waits for it, and without it the way
/// in is there all the same.
fn tell_of_new_way(asked: &Asked, offer: &Offer, email: &Email) {
    let Some(post) = asked.front().post.clone() else { return };
    let letter = new_way_letter(asked.language(), &asked.front().look, &offer.provider.title);
    let email = email.clone();
    actix_web::rt::spawn(async move {
        if let Err(reason) = post.send(&email, &letter).await {
            tracing::error!(%reason, "a mail could not be sent");
        }
    });
}

/// Where a shopper lands who did not say where to.
pub fn landing(asked: &Asked) -> String {
    asked.front().store.return_to.first().map_or_else(|| "/login".to_owned(), |origin| format!("{origin}/"))
}

async fn converse(
    asked: &Asked,
    offer: &Arc<Offer>,
    brought: &Brought,
    login: Login<'_>,
    outgoing: &Outgoing<'_>,
) -> Result<Identity, Refused> {
    let app = asked.app();
    let began = crate::world::clock::moment();
    let mut watch = Watch::default();
    let talked = talk(asked, offer, login, outgoing, &mut watch).await;
    let return_to = brought.return_to.as_deref();
    if let Some((trace, end)) = &talked {
        look_at(asked, offer, trace, &watch, end.as_ref());
        app.metrics.conversation(&offer.provider.name, began.elapsed());
    }
    match talked {
        None => Err(failed::without_a_conversation(asked, Cause::Slow, offer, return_to).await),
        Some((_, Ok(identity))) => Ok(identity),
        Some((trace, Err(error))) => Err(failed::login(asked, offer, return_to, &error, &trace, &watch).await),
    }
}

/// What became of a conversation with a provider; nothing when too many talk to it already.
pub type Talked = Option<(Trace, Result<Identity, LoginError>)>;

/// Talks to a provider, when it is this login's turn and for as long as anybody waits.
pub async fn talk(asked: &Asked, offer: &Offer, login: Login<'_>, outgoing: &Outgoing<'_>, watch: &mut Watch) -> Talked {
    let Ok(Ok(_turn)) = tokio::time::timeout(TURN, offer.gate.acquire()).await else { return None };
    let driven = tokio::time::timeout(BUDGET, drive_before(watch, login, outgoing, asked.app().documents_of(offer))).await;
    Some(driven.unwrap_or_else(|_| {
        let error = LoginError { step: None, ..LoginError::bad_callback("tooSlow", "the conversation took longer than 25 seconds") };
        (Trace::default(), Err(error))
    }))
}

/// Lets drift look at a login. One that began with an older version of the file tells nothing of the one that serves,
/// and a simulation nothing of the provider that it plays.
fn look_at(asked: &Asked, offer: &Offer, trace: &Trace, watch: &Watch, end: Result<&Identity, &LoginError>) {
    if offer.simulated.is_some() {
        return;
    }
    let listing = asked.front().roster.now();
    if listing.offer(&offer.provider.name).is_some_and(|current| current.version == offer.version) {
        asked.app().drift.observe(&asked.front().store.name, offer, trace, watch, end, asked.now());
    }
}

async fn welcome(asked: &Asked, identity: &Identity, version: &str) -> Result<Result<(Session, Rule), TurnedAway>, Refused> {
    let (app, store, now) = (asked.app(), &asked.front().store, asked.now());
    let (new_uid, sid) = (dice::name(), dice::name());
    let instead_of = asked.session().map(|session| (session.sid.clone(), session.latest()));
    let arrival = Welcome {
        store: store.name.clone(),
        identity: identity.clone(),
        version: version.into(),
        new_uid,
        sid: sid.clone(),
        now,
        latest: now + store.lasting.lifetime,
        instead_of: instead_of.clone(),
    };
    let (user, rule) = match app.directory.write(arrival).await? {
        Ok(Welcomed { user, rule }) => (user, rule),
        Err(away) => return Ok(Err(away)),
    };
    if let Some((sid, latest)) = &instead_of {
        app.revocations.end(sid, *latest);
    }
    let person = Person {
        uid: user.uid,
        email: user.email,
        email_verified: user.email_verified,
        name: user.name.as_deref().and_then(short_name),
        provider: identity.provider.clone(),
        provider_id: identity.id.clone(),
    };
    Ok(Ok((Session::open(person, &store.name, sid, store.lasting, now), rule)))
}

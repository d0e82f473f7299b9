//! `/callback/{provider}`: the provider sends the browser back. Attempt, accept, spend, drive, welcome, open, redirect.

use crate::directory::attempts::ConsumeAttempt;
use crate::directory::audit::{AuditEvent, AuditEventKind, RecordAuditEvent};
use crate::directory::identity_links::LinkIdentity;
use crate::directory::linking::{LinkingRule, SignInRefusalReason};
use crate::directory::sign_in::{SignIn, SignInRefusal, SignedIn};
use crate::lab::handlers::test_login;
use crate::login::attempt::{Attempt, GOOD_FOR};
use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::trace::Trace;
use crate::login::{Login, drive_observed};
use crate::pages::{ErrorCause, identity_linked_mail};
use crate::provider::callback::{CallbackMethod, CallbackParameters};
use crate::provider::identity::{Identity, IdentityEmail};
use crate::session::{Session, SessionUser, short_name};
use crate::stores::live::LiveProvider;
use crate::story::watch::LoginWatch;
use crate::vocabulary::email::Email;
use crate::web::attempt_cookies::{self, CallbackRequest};
use crate::web::callback_attempt;
use crate::web::login_failure::{self, BrokerFailure};
use crate::web::provider_client::ProviderClient;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, method_not_allowed, redirect_to};
use crate::web::{cookies, prove, start};
use crate::world::random;
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
pub(crate) async fn by_query(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    asked.check_rate_limit(RateLimitKind::Callback)?;
    asked.reject_speculative_load()?;
    let name = start::requested_provider(&asked)?.provider.name.clone();
    let callback = callback_attempt::read_callback(&asked, &name)?;
    let (brought, offer) = match callback_attempt::find_attempt(&asked, &name, &callback)? {
        Ok(found) => found,
        Err(unfit) => return Err(unfit.into_error(&asked).await),
    };
    let whole = match &brought.test {
        Some(tester) => test_login::finish(&asked, &brought, tester, &offer, &callback).await,
        None => finish_login(&asked, &brought, &offer, &callback).await,
    };
    // Whatever came of it, this attempt is over; but where storage is away nobody knows, and it may be tried again.
    let done = cookies::clear(&brought.cookie, &asked.live_store().store);
    let is_over = !whole.as_ref().is_err_and(|refused| refused.cause == ErrorCause::Away);
    append_cookies(whole, is_over.then_some(done))
}

/// The answer with its cookies, and with one that is set whatever came of it.
pub(crate) fn append_cookies(
    whole: Result<ResponseWithCookies, UserFacingError>,
    done: Option<HeaderValue>,
) -> Result<HttpResponse, UserFacingError> {
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
pub(crate) async fn by_form_post(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    asked.check_rate_limit(RateLimitKind::Callback)?;
    let offer = start::requested_provider(&asked)?;
    if offer.provider.callback == CallbackMethod::Get {
        return Ok(method_not_allowed(&asked, "GET"));
    }
    let is_form = asked.header(CONTENT_TYPE).is_some_and(|kind| kind.split(';').next() == Some("application/x-www-form-urlencoded"));
    if !is_form {
        return Ok(HttpResponse::UnsupportedMediaType().finish());
    }
    // What stands in the address beside the form counts as well: twice is twice.
    let text = [asked.request().query_string().as_bytes(), asked.body()].join(&b'&');
    if text.len() > LARGEST_FORM {
        return Err(ErrorCause::TooLarge.into());
    }
    let until = asked.now() + BOUNCE;
    let bound = [&*asked.live_store().store.public_url, asked.request().path(), &until.to_string()];
    let sealed = asked.app().callbacks.seal(&bound, &text, random::bytes());
    let address = format!("{}?{}={until}.{sealed}", asked.request().path(), callback_attempt::FORM);
    Ok(redirect_to(&address))
}

/// An answer, and the cookies that go with it.
pub(crate) type ResponseWithCookies = (HttpResponse, Vec<HeaderValue>);

async fn finish_login(
    asked: &RequestContext,
    brought: &CallbackRequest,
    offer: &Arc<LiveProvider>,
    callback: &CallbackParameters,
) -> Result<ResponseWithCookies, UserFacingError> {
    let (app, store) = (asked.app(), &asked.live_store().store);
    let installation = offer.installation(&store.public_url);
    let attempt = Attempt::resume(&offer.provider, &installation, brought.kept.clone());
    let outgoing = ProviderClient::new(app, asked.live_store(), offer);
    outgoing.refresh_document(&attempt.facts_without_discovery(&offer.provider, &installation), asked.now()).await;
    let accepted = attempt.accept(
        &offer.provider,
        &installation,
        callback,
        asked.path_parameter("state").as_deref(),
        app.documents_of(offer),
        asked.now(),
    );
    let login = match accepted {
        Ok(login) => login,
        Err(error) => return Err(login_failure::before_conversation(asked, offer, brought.return_to.as_deref(), &error).await),
    };
    let spend = ConsumeAttempt { attempt: attempt_cookies::hashed_id(&attempt.state).into(), until: attempt.started + GOOD_FOR };
    if !app.directory.write(spend).await? {
        return Err(login_failure::without_conversation(asked, BrokerFailure::AlreadyUsed, offer, brought.return_to.as_deref()).await);
    }
    let identity = obtain_identity(asked, offer, brought, login, &outgoing).await?;
    if let Some(sid) = &brought.link {
        return link_identity(asked, offer, brought, &identity, sid).await;
    }
    open_session(asked, offer, &identity, &brought.version, brought.return_to.clone()).await
}

/// Lets somebody in, or has them prove their address first.
pub(crate) async fn open_session(
    asked: &RequestContext,
    offer: &Arc<LiveProvider>,
    identity: &Identity,
    version: &str,
    return_to: Option<String>,
) -> Result<ResponseWithCookies, UserFacingError> {
    let (app, store) = (asked.app(), &asked.live_store().store);
    let session = match sign_in(asked, identity, version).await? {
        Ok((session, rule)) => {
            if rule == LinkingRule::Linked {
                mail_new_identity_notice(asked, offer, &session.person.email);
            }
            session
        }
        // By a code that is sent there anybody can prove an address.
        Err(SignInRefusal {
            why: SignInRefusalReason::NoAddress | SignInRefusalReason::AddressReassigned | SignInRefusalReason::Detached,
            event,
        }) if asked.live_store().post.is_some() => {
            app.directory.write(RecordAuditEvent(event)).await?;
            return prove::start_proof(asked, identity, version, return_to).await;
        }
        Err(away) => {
            let mut refused = login_failure::sign_in_refused(asked, offer, return_to.as_deref(), away).await;
            if refused.cause == ErrorCause::MissingEmail && matches!(identity.address, IdentityEmail::Ask(Some(_))) {
                // There is one, and nothing proves it.
                refused.cause = ErrorCause::UnprovenEmail;
            }
            return Err(refused);
        }
    };
    app.metrics.count_login(&store.name, &offer.provider.name, "welcome");
    tracing::info!(store = &*store.name, provider = &*offer.provider.name, uid = &*session.person.uid, "somebody has come in");
    let mut cookies = session_cookies(asked, &session);
    cookies.push(cookies::set_last_provider(&offer.provider.name, store));
    // Looked at once more: the settings may have changed since.
    let wanted = asked.allowed_return_to(return_to).ok().flatten();
    let landing = wanted.unwrap_or_else(|| default_landing(asked));
    Ok((redirect_to(&landing), cookies))
}

/// The cookies of somebody who is signed in.
fn session_cookies(asked: &RequestContext, session: &Session) -> Vec<HeaderValue> {
    let (app, store) = (asked.app(), &asked.live_store().store);
    let token = app.signing.keys().sign(session, asked.live_store().token_parties());
    cookies::set_session(&token, session.until - asked.now(), store).collect()
}

/// Adds a way in to whoever is signed in, if that is who began it.
async fn link_identity(
    asked: &RequestContext,
    offer: &Arc<LiveProvider>,
    brought: &CallbackRequest,
    identity: &Identity,
    sid: &str,
) -> Result<ResponseWithCookies, UserFacingError> {
    let (app, store) = (asked.app(), &asked.live_store().store);
    let Some(session) = asked.session().filter(|session| *session.sid == *sid) else {
        let event = AuditEvent::new(asked.now(), &store.name, AuditEventKind::Refused).via_provider(&offer.provider.name);
        let away = SignInRefusal::new(SignInRefusalReason::SignedOut, AuditEvent { version: Some(brought.version.clone()), ..event });
        return Err(login_failure::sign_in_refused(asked, offer, brought.return_to.as_deref(), away).await);
    };
    let new_sid = random::id();
    let link = LinkIdentity {
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
        Err(away) => return Err(login_failure::sign_in_refused(asked, offer, brought.return_to.as_deref(), away).await),
    };
    app.revocations.record_end(&session.sid, session.latest_expiry());
    tracing::info!(store = &*store.name, provider = &*offer.provider.name, uid = &*user.uid, "a way in has been added");
    if rule == LinkingRule::LinkedByThemselves {
        mail_new_identity_notice(asked, offer, &user.email);
    }
    let cookies = session_cookies(asked, &Session { sid: new_sid, ..session });
    Ok((redirect_to("/account?done=linked"), cookies))
}

/// Tells somebody by mail that a further way leads to them: it may not be they who came. Nobody waits for it, and without it the way
/// in is there all the same.
fn mail_new_identity_notice(asked: &RequestContext, offer: &LiveProvider, email: &Email) {
    let Some(post) = asked.live_store().post.clone() else { return };
    let letter = identity_linked_mail(asked.language(), &asked.live_store().look, &offer.provider.title);
    let email = email.clone();
    actix_web::rt::spawn(async move {
        if let Err(reason) = post.send(&email, &letter).await {
            tracing::error!(%reason, "a mail could not be sent");
        }
    });
}

/// Where a shopper lands who did not say where to.
pub(crate) fn default_landing(asked: &RequestContext) -> String {
    asked.live_store().store.return_to.first().map_or_else(|| "/login".to_owned(), |origin| format!("{origin}/"))
}

async fn obtain_identity(
    asked: &RequestContext,
    offer: &Arc<LiveProvider>,
    brought: &CallbackRequest,
    login: Login<'_>,
    outgoing: &ProviderClient<'_>,
) -> Result<Identity, UserFacingError> {
    let app = asked.app();
    let began = crate::world::clock::instant();
    let mut watch = LoginWatch::default();
    let talked = run_conversation(asked, offer, login, outgoing, &mut watch).await;
    let return_to = brought.return_to.as_deref();
    if let Some((trace, end)) = &talked {
        observe_drift(asked, offer, trace, &watch, end.as_ref());
        app.metrics.observe_conversation(&offer.provider.name, began.elapsed());
    }
    match talked {
        None => Err(login_failure::without_conversation(asked, BrokerFailure::TooManyLogins, offer, return_to).await),
        Some((_, Ok(identity))) => Ok(identity),
        Some((trace, Err(error))) => Err(login_failure::in_conversation(asked, offer, return_to, &error, &trace, &watch).await),
    }
}

/// What became of a conversation with a provider; nothing when too many talk to it already.
pub(crate) type ConversationResult = Option<(Trace, Result<Identity, LoginError>)>;

/// Talks to a provider, when it is this login's turn and for as long as anybody waits.
pub(crate) async fn run_conversation(
    asked: &RequestContext,
    offer: &LiveProvider,
    login: Login<'_>,
    outgoing: &ProviderClient<'_>,
    watch: &mut LoginWatch,
) -> ConversationResult {
    let Ok(Ok(_turn)) = tokio::time::timeout(TURN, offer.gate.acquire()).await else { return None };
    let driven = tokio::time::timeout(BUDGET, drive_observed(watch, login, outgoing, asked.app().documents_of(offer))).await;
    Some(driven.unwrap_or_else(|_| (Trace::default(), Err(LoginError::between_steps(LoginErrorCause::OutOfTime)))))
}

/// Lets drift look at a login. One that began with an older version of the file tells nothing of the one that serves,
/// and a simulation nothing of the provider that it plays.
fn observe_drift(asked: &RequestContext, offer: &LiveProvider, trace: &Trace, watch: &LoginWatch, end: Result<&Identity, &LoginError>) {
    if offer.simulated.is_some() {
        return;
    }
    let listing = asked.live_store().roster.snapshot();
    if listing.provider(&offer.provider.name).is_some_and(|current| current.version == offer.version) {
        asked.app().drift.observe(&asked.live_store().store.name, offer, trace, watch, end, asked.now());
    }
}

async fn sign_in(
    asked: &RequestContext,
    identity: &Identity,
    version: &str,
) -> Result<Result<(Session, LinkingRule), SignInRefusal>, UserFacingError> {
    let (app, store, now) = (asked.app(), &asked.live_store().store, asked.now());
    let (new_uid, sid) = (random::id(), random::id());
    let instead_of = asked.session().map(|session| (session.sid.clone(), session.latest_expiry()));
    let arrival = SignIn {
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
        Ok(SignedIn { user, rule }) => (user, rule),
        Err(away) => return Ok(Err(away)),
    };
    if let Some((sid, latest)) = &instead_of {
        app.revocations.record_end(sid, *latest);
    }
    let person = SessionUser {
        uid: user.uid,
        email: user.email,
        email_verified: user.email_verified,
        name: user.name.as_deref().and_then(short_name),
        provider: identity.provider.clone(),
        provider_id: identity.id.clone(),
    };
    Ok(Ok((Session::open(person, &store.name, sid, store.lasting, now), rule)))
}

//! From an identity to a session: what a callback and a proven e-mail address share.

use crate::counts::LoginCount;
use crate::directory::audit::RecordAuditEvent;
use crate::directory::code_sign_in::SignInByCode;
use crate::directory::linking::{LinkingRule, SignInRefusalReason};
use crate::directory::sign_in::{SignIn, SignInRefusal, SignedIn};
use crate::directory::users::User;
use crate::login::return_to::through_finish;
use crate::login::trace::LoginTokens;
use crate::pages::{Device, ErrorCause, identity_linked_mail};
use crate::provider::email_code::{EMAIL_CODE, identity_by_code};
use crate::provider::identity::{Identity, IdentityEmail};
use crate::session::{Session, SessionLifetime, SessionUser, short_name};
use crate::stores::live::LiveProvider;
use crate::vocabulary::email::Email;
use crate::web::apps::{kept_request, login_for_app};
use crate::web::login_source::LoginSource;
use crate::web::metrics::sessions::SessionEndReason;
use crate::web::request_context::RequestContext;
use crate::web::session_tokens::session_cookies;
use crate::web::user_facing_error::{ResponseWithCookies, UserFacingError, redirect_to};
use crate::web::{cookies, email_proof, hand_over, id_tokens, kept_tokens, login_counts, login_failure, passkey_offer};
use crate::world::random;
use actix_web::HttpResponse;
use actix_web::http::header::{HeaderValue, SET_COOKIE, USER_AGENT};
use std::sync::Arc;

/// How far a sign-in has come.
pub(crate) enum SignInProgress {
    /// The person is signed in, and not sent on yet.
    SignedIn(Session),
    /// An e-mail address has to be proven first, on the page to which this answer leads.
    ProvesAddress(ResponseWithCookies),
}

/// Signs the identity in and sends the browser on, or starts the proof of an e-mail address first.
pub(crate) async fn open_session(
    context: &RequestContext,
    live_provider: &Arc<LiveProvider>,
    identity: &Identity,
    of_login: (&str, &LoginTokens),
    return_to: Option<String>,
) -> Result<ResponseWithCookies, UserFacingError> {
    match begin_session(context, live_provider, identity, of_login, return_to.clone()).await? {
        SignInProgress::SignedIn(session) => send_on(context, &session, &live_provider.provider.name, return_to).await,
        SignInProgress::ProvesAddress(page) => Ok(page),
    }
}

/// The same without sending the browser on. `version` is that of the file; `tokens` are kept.
pub(crate) async fn begin_session(
    context: &RequestContext,
    live_provider: &Arc<LiveProvider>,
    identity: &Identity,
    (version, tokens): (&str, &LoginTokens),
    return_to: Option<String>,
) -> Result<SignInProgress, UserFacingError> {
    let (app, store) = (context.app(), &context.live_store().store);
    let instead_of = context.session_under_new_keys().await?.map(|session| (session.sid.clone(), session.latest_expiry()));
    let session = match sign_in(context, identity, version, instead_of, store.lasting).await? {
        Ok((session, rule)) => {
            announce(context, live_provider, &session, rule);
            session
        }
        // A code by mail can prove the address instead; not where the identity may be another person's, whom the proof would let into the
        // account of the person who gets the mail.
        Err(SignInRefusal { why, event })
            if live_provider.provider.is_callback_tied
                && can_prove_by_mail(why, &identity.address)
                && context.live_store().mailer.is_some() =>
        {
            app.directory.write(RecordAuditEvent(event)).await?;
            let page = email_proof::start_proof(context, live_provider, identity, version, return_to, tokens).await?;
            return Ok(SignInProgress::ProvesAddress(page));
        }
        Err(refusal) => return Err(refused(context, live_provider, identity, return_to.as_deref(), refusal).await),
    };
    if let Some(token) = &tokens.id_token {
        id_tokens::keep(context, &session, token).await;
    }
    if let Some(tokens) = &tokens.provider {
        kept_tokens::keep(context, live_provider, identity, (&session.person.uid, &session.sid), tokens).await;
    }
    Ok(SignInProgress::SignedIn(session))
}

/// Signs in the person who has typed the code that was sent to this address.
pub(crate) async fn open_session_by_code(
    context: &RequestContext,
    email: Email,
    return_to: Option<String>,
) -> Result<ResponseWithCookies, UserFacingError> {
    let session = session_by_code(context, email, return_to.as_deref()).await?;
    send_on(context, &session, EMAIL_CODE, return_to).await
}

/// The new session of the person who has the code that was sent to this address.
pub(crate) async fn session_by_code(context: &RequestContext, email: Email, return_to: Option<&str>) -> Result<Session, UserFacingError> {
    let instead_of = context.session_under_new_keys().await?.map(|session| (session.sid.clone(), session.latest_expiry()));
    let signed_in = sign_in(context, &identity_by_code(email), "", instead_of, context.live_store().store.lasting).await?;
    match signed_in {
        Ok((session, _)) => {
            // The mail with the code was notice enough.
            record_sign_in(context, LoginSource::EMAIL_CODE, &session);
            Ok(session)
        }
        Err(refusal) => Err(login_failure::sign_in_refused(context, LoginSource::EMAIL_CODE, return_to, refusal).await),
    }
}

/// Sends a browser on with its new session.
pub(crate) async fn send_on(
    context: &RequestContext,
    session: &Session,
    provider: &str,
    return_to: Option<String>,
) -> Result<ResponseWithCookies, UserFacingError> {
    let mut cookies = cookies_of_sign_in(context, session, provider)?;
    // Checked again, because the settings may have changed meanwhile.
    let wanted = context.allowed_return_to(return_to).ok().flatten();
    // Once for each browser, the person is offered a passkey first.
    if let Some((offer, offered)) = passkey_offer::page_before(context, session, wanted.as_deref()).await {
        cookies.extend(wanted.as_deref().and_then(|wanted| kept_request::note_sign_in(context, wanted, &session.sid)));
        cookies.push(offered);
        return Ok((redirect_to(&offer), cookies));
    }
    // An app that waits gets its answer at once, if it needs nothing more of the person.
    if let Some(answer) = login_for_app::answer_after_sign_in(context, wanted.as_deref(), session).await {
        return Ok((answer, cookies));
    }
    cookies.extend(wanted.as_deref().and_then(|wanted| kept_request::note_sign_in(context, wanted, &session.sid)));
    let finish = context.live_store().store.finish.as_deref();
    let landing = match wanted {
        // A code for a page of another site stays with that page.
        Some(wanted) if hand_over::is_handed_over(context, &wanted) => hand_over::landing(context, session, wanted)?,
        Some(wanted) => through_finish(finish, wanted),
        None => through_finish(finish, context.live_store().default_landing()),
    };
    Ok((redirect_to(&landing), cookies))
}

/// The cookies of a new session, and the one that remembers what was used last.
pub(crate) fn cookies_of_sign_in(context: &RequestContext, session: &Session, provider: &str) -> Result<Vec<HeaderValue>, UserFacingError> {
    let mut cookies = session_cookies(context, session)?;
    cookies.push(cookies::set_last_provider(provider, &context.live_store().store));
    Ok(cookies)
}

/// Counts and logs a sign-in, and informs the user of an identity that it has linked.
pub(crate) fn announce(context: &RequestContext, live_provider: &LiveProvider, session: &Session, rule: LinkingRule) {
    if rule == LinkingRule::Linked {
        mail_new_identity_notice(context, live_provider, &session.person.email);
    }
    record_sign_in(context, live_provider, session);
}

/// Counts and logs a sign-in.
pub(crate) fn record_sign_in<'a>(context: &RequestContext, source: impl Into<LoginSource<'a>>, session: &Session) {
    let (store, source) = (&context.live_store().store.name, source.into());
    let provider = source.name;
    login_counts::count(context, source, LoginCount::SignedIn);
    tracing::info!(store = &**store, provider, uid = &*session.person.uid, "a shopper has signed in");
}

/// The error of a sign-in that was refused.
pub(crate) async fn refused(
    context: &RequestContext,
    live_provider: &LiveProvider,
    identity: &Identity,
    return_to: Option<&str>,
    refusal: SignInRefusal,
) -> UserFacingError {
    let mut error = login_failure::sign_in_refused(context, live_provider, return_to, refusal).await;
    if error.cause == ErrorCause::MissingEmail && matches!(identity.address, IdentityEmail::Ask(Some(_))) {
        // There is an address, but nothing proves it.
        error.cause = ErrorCause::UnprovenEmail;
    }
    error
}

/// Whether a proof of the address by mail would let the identity sign in.
fn can_prove_by_mail(why: SignInRefusalReason, address: &IdentityEmail) -> bool {
    match why {
        SignInRefusalReason::NoAddress | SignInRefusalReason::AddressReassigned | SignInRefusalReason::Detached => true,
        // A file that asks for addresses asks here as well; a placeholder is not to be replaced.
        SignInRefusalReason::ProviderMoved => matches!(address, IdentityEmail::Ask(_)),
        SignInRefusalReason::Blocked
        | SignInRefusalReason::AddressTaken
        | SignInRefusalReason::LinkedElsewhere
        | SignInRefusalReason::SignedOut => false,
    }
}

/// Signs the identity in. The new session takes the place of that of `instead_of`, which names it and the latest moment of its tokens.
pub(crate) async fn sign_in(
    context: &RequestContext,
    identity: &Identity,
    version: &str,
    instead_of: Option<(Box<str>, i64)>,
    lasting: SessionLifetime,
) -> Result<Result<(Session, LinkingRule), SignInRefusal>, UserFacingError> {
    let app = context.app();
    let sign_in = new_sign_in(context, identity, version, instead_of, lasting);
    let begun = BegunSession { sid: sign_in.sid.clone(), instead_of: sign_in.instead_of.clone(), lasting };
    let is_by_code = *identity.provider == *EMAIL_CODE;
    let signed_in = if is_by_code { app.directory.write(SignInByCode(sign_in)).await? } else { app.directory.write(sign_in).await? };
    let (user, rule) = match signed_in {
        Ok(SignedIn { user, rule }) => (user, rule),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let provider_id = if is_by_code { user.uid.clone() } else { identity.id.clone() };
    Ok(Ok((begun.session_of(context, user, identity, provider_id)?, rule)))
}

/// A sign-in with this identity that is still to be written.
pub(crate) fn new_sign_in(
    context: &RequestContext,
    identity: &Identity,
    version: &str,
    instead_of: Option<(Box<str>, i64)>,
    lasting: SessionLifetime,
) -> SignIn {
    let (store, now) = (&context.live_store().store, context.now());
    SignIn {
        store: store.name.clone(),
        identity: store.further.only_named(identity),
        version: version.into(),
        new_uid: random::id(),
        sid: random::id(),
        now,
        latest: now.saturating_add(lasting.lifetime),
        instead_of,
        device: context.header(USER_AGENT).and_then(Device::of_user_agent).map(Device::to_stored),
    }
}

/// A session that storage knows, before its user is known here.
pub(crate) struct BegunSession {
    pub(crate) sid: Box<str>,
    /// The session that it replaces, and when the last token of that expires.
    pub(crate) instead_of: Option<(Box<str>, i64)>,
    pub(crate) lasting: SessionLifetime,
}

impl BegunSession {
    /// The session of the user who signed in with this identity.
    pub(crate) fn session_of(
        self,
        context: &RequestContext,
        user: User,
        identity: &Identity,
        provider_id: Box<str>,
    ) -> Result<Session, UserFacingError> {
        let (app, store) = (context.app(), &context.live_store().store);
        let keys = context.signing_keys().ok_or(ErrorCause::StorageUnavailable)?;
        if let Some((sid, latest)) = &self.instead_of {
            app.revocations.record_end(sid, *latest);
            app.metrics.sessions.count_ended(&store.name, SessionEndReason::Replaced, 1);
        }
        app.metrics.sessions.count_begun(&store.name);
        let person = SessionUser {
            uid: user.uid,
            email: user.email,
            email_verified: user.email_verified,
            name: user.name.as_deref().and_then(short_name),
            provider: identity.provider.clone(),
            provider_id,
            facts: store.further.select(identity),
        };
        let mut session = Session::open(person, &store.name, self.sid, self.lasting, context.now());
        for fact in keys.remove_what_does_not_fit(&mut session, context.live_store().token_parties()) {
            tracing::warn!(
                store = &*store.name,
                provider = &*identity.provider,
                fact = &*fact,
                "a fact is left out of the session token, which would be longer than 1 KiB"
            );
        }
        Ok(session)
    }
}

/// Informs the user by mail of a further linked identity, which another person may have linked. The login does not wait for the mail.
pub(crate) fn mail_new_identity_notice(context: &RequestContext, live_provider: &LiveProvider, email: &Email) {
    mail_notice(context, &live_provider.provider.title, email);
}

/// Informs the user by mail that they can sign in with something else now.
pub(crate) fn mail_notice(context: &RequestContext, title: &str, email: &Email) {
    let Some(mailer) = context.live_store().mailer.clone() else { return };
    let mail = identity_linked_mail(context.language(), &context.live_store().look, title);
    let (email, store, mails) = (email.clone(), context.live_store().store.name.clone(), context.app().metrics.mails.clone());
    context.app().unfinished.spawn(async move {
        if let Err(reason) = mails.count_sending(&store, mailer.send(&email, &mail)).await {
            tracing::error!(%reason, "a mail could not be sent");
        }
    });
}

/// The answer with its cookies, and with one that success and error set alike.
pub(crate) fn append_cookies(
    result: Result<ResponseWithCookies, UserFacingError>,
    always: Option<HeaderValue>,
) -> Result<HttpResponse, UserFacingError> {
    match result {
        Ok((mut response, cookies)) => {
            for cookie in cookies.into_iter().chain(always) {
                response.headers_mut().append(SET_COOKIE, cookie);
            }
            Ok(response)
        }
        Err(mut error) => {
            error.cookies.extend(always);
            Err(error)
        }
    }
}

//! From what went wrong to a status and a page: the one place that decides what a visitor gets to know.

use crate::directory::StorageUnavailable;
use crate::directory::linking::SignInRefusalReason;
use crate::login::error::{LoginError, LoginErrorCause};
use crate::pages::frame::address;
use crate::pages::{ErrorCause, ErrorPage, Frame};
use crate::provider::step::StepKind;
use crate::vocabulary::incident_code::IncidentCode;
use crate::vocabulary::wire::NoAnswer;
use crate::web::cookies;
use crate::web::login_page;
use crate::web::request_context::RequestContext;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ALLOW, HeaderValue, LOCATION, RETRY_AFTER};
use serde_json::json;

/// A request that does not get what it asked for.
#[derive(Debug)]
pub struct UserFacingError {
    pub(crate) cause: ErrorCause,
    /// What is told of the login that ended by it.
    pub(crate) login: Option<Box<FailedLoginSummary>>,
    /// Cookies that are set or taken away all the same.
    pub(crate) cookies: Vec<HeaderValue>,
    /// A page that helps more than being told.
    pub(crate) instead: Option<String>,
}

/// A login that ended badly, as its page tells of it.
#[derive(Debug, Default)]
pub(crate) struct FailedLoginSummary {
    pub(crate) title: String,
    /// The provider's file name.
    pub(crate) provider: String,
    /// Where the shopper wanted to go.
    pub(crate) return_to: Option<String>,
    /// The code under which support finds the story.
    pub(crate) code: Option<IncidentCode>,
}

impl From<ErrorCause> for UserFacingError {
    fn from(cause: ErrorCause) -> Self {
        Self { cause, login: None, cookies: Vec::new(), instead: None }
    }
}

impl From<StorageUnavailable> for UserFacingError {
    fn from(_: StorageUnavailable) -> Self {
        ErrorCause::Away.into()
    }
}

/// Why somebody is not let in, in the words of the page.
pub(crate) fn cause_of_refused_sign_in(why: SignInRefusalReason) -> ErrorCause {
    match why {
        SignInRefusalReason::Blocked => ErrorCause::Blocked,
        SignInRefusalReason::AddressTaken | SignInRefusalReason::Detached => ErrorCause::AddressTaken,
        SignInRefusalReason::AddressReassigned => ErrorCause::AddressReassigned,
        SignInRefusalReason::LinkedElsewhere => ErrorCause::LinkedElsewhere,
        SignInRefusalReason::SignedOut => ErrorCause::NotFresh,
        SignInRefusalReason::NoAddress => ErrorCause::MissingEmail,
    }
}

/// What a failed login is called on the page.
pub(crate) fn cause_of_login_error(error: &LoginError) -> ErrorCause {
    match &error.cause {
        LoginErrorCause::Refused(refusal) => {
            let code = refusal.code.as_str().to_ascii_lowercase();
            // The protocol's own word, and the words that providers have for it.
            let is_cancelled = ["denied", "cancel"].iter().any(|word| code.contains(word));
            if is_cancelled && error.step == Some(StepKind::GetAuthorizationCode) { ErrorCause::Cancelled } else { ErrorCause::Refused }
        }
        LoginErrorCause::Expired => ErrorCause::Expired,
        LoginErrorCause::OtherProvider | LoginErrorCause::StateMismatch | LoginErrorCause::UnknownState | LoginErrorCause::OtherIssuer => {
            ErrorCause::Lost
        }
        LoginErrorCause::TooManyParameters | LoginErrorCause::RepeatedParameter => ErrorCause::Malformed,
        LoginErrorCause::MissingEmail(_) => ErrorCause::MissingEmail,
        LoginErrorCause::UnprovenEmail(_) => ErrorCause::UnprovenEmail,
        LoginErrorCause::NotAllowed => ErrorCause::NotAllowed,
        LoginErrorCause::NoAnswer(NoAnswer::TooSlow) | LoginErrorCause::TooManyLogins | LoginErrorCause::OutOfTime => ErrorCause::Slow,
        LoginErrorCause::NoAnswer(NoAnswer::Unreachable | NoAnswer::Forbidden)
        | LoginErrorCause::RecordingWaits
        | LoginErrorCause::NoDocument => ErrorCause::Unreachable,
        LoginErrorCause::NoAnswer(NoAnswer::TooLarge)
        | LoginErrorCause::FileChanged
        | LoginErrorCause::BadInput(_)
        | LoginErrorCause::MissingFact { .. }
        | LoginErrorCause::BadAddress(_)
        | LoginErrorCause::BadHeader
        | LoginErrorCause::BadKey(_)
        | LoginErrorCause::Unreadable(_)
        | LoginErrorCause::BadToken(_)
        | LoginErrorCause::BadSignature
        | LoginErrorCause::MissingId(_) => ErrorCause::Odd,
    }
}

impl UserFacingError {
    /// The answer to whoever asked: a page for people, JSON for programs.
    pub(crate) fn into_response(self, asked: &RequestContext) -> HttpResponse {
        let mut response = HttpResponse::build(if self.instead.is_some() { StatusCode::SEE_OTHER } else { self.cause.status() });
        cookies::append_to(&mut response, self.cookies.iter().cloned());
        if let Some(place) = self.instead {
            return response.insert_header((LOCATION, place)).finish();
        }
        if let Some(seconds) = self.cause.retry_after() {
            response.insert_header((RETRY_AFTER, seconds));
        }
        let wants_a_page = asked.header(ACCEPT).is_some_and(|accept| accept.contains("text/html"));
        if self.login.is_none() && !wants_a_page {
            return response.json(json!({ "error": self.cause.name() }));
        }
        response.content_type("text/html; charset=utf-8").body(self.render_page(asked))
    }

    fn render_page(&self, asked: &RequestContext) -> String {
        let front = asked.live_store();
        let login = self.login.as_deref();
        let return_to = login.and_then(|login| login.return_to.as_deref());
        let again = login.filter(|login| !login.provider.is_empty());
        let again = again.map(|login| address(&["login", &login.provider], &[("return_to", return_to)]));
        let others = address(&["login"], &[("return_to", return_to)]);
        ErrorPage {
            frame: Frame { look: &front.look, language: asked.language(), offered: &[], version: &front.version },
            cause: self.cause,
            provider: login.map(|login| login.title.as_str()).filter(|title| !title.is_empty()),
            again: again.as_deref(),
            others: Some(&others),
            has_others: login_page::providers_with_button(front).len() > 1,
            home: front.look.home.as_deref(),
            code: login.and_then(|login| login.code.as_ref()).map(IncidentCode::as_str),
            until: None,
        }
        .render()
    }
}

/// The answer that leads elsewhere.
pub(crate) fn redirect_to(place: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::SEE_OTHER).insert_header((LOCATION, place)).finish()
}

/// The answer to a method that a page does not know.
pub(crate) fn method_not_allowed(asked: &RequestContext, allowed: &'static str) -> HttpResponse {
    let mut response = UserFacingError::from(ErrorCause::WrongMethod).into_response(asked);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

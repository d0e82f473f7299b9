//! What a visitor sees of an error. `error_page` renders it.

use crate::directory::StorageUnavailable;
use crate::directory::linking::SignInRefusalReason;
use crate::login::cancellation::is_cancellation;
use crate::login::error::{LoginError, LoginErrorCause};
use crate::pages::ErrorCause;
use crate::provider::step::StepKind;
use crate::vocabulary::incident_code::IncidentCode;
use crate::vocabulary::wire::NoAnswer;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use serde::{Deserialize, Serialize};

/// An error that the visitor sees.
#[derive(Debug)]
pub struct UserFacingError {
    pub(crate) cause: ErrorCause,
    /// The login that failed.
    pub(crate) login: Option<Box<FailedLoginSummary>>,
    /// Cookies that are set or cleared with the error.
    pub(crate) cookies: Vec<HeaderValue>,
    /// A page that helps more than the error page.
    pub(crate) instead: Option<String>,
}

/// What the error page says of a failed login.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct FailedLoginSummary {
    pub(crate) title: String,
    /// The name of the provider's file.
    pub(crate) provider: String,
    /// The address to which the shopper would have returned.
    pub(crate) return_to: Option<String>,
    /// Whether an identity was to be linked to the account of the shopper, who is signed in.
    #[serde(default)]
    pub(crate) links: bool,
    /// Whether logins fail alike for others now.
    #[serde(default)]
    pub(crate) fails_for_many: bool,
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
        ErrorCause::StorageUnavailable.into()
    }
}

impl UserFacingError {
    /// The browser is sent to a page that helps more than an error.
    pub(crate) fn redirect(page: &str) -> Self {
        Self { instead: Some(page.to_owned()), ..ErrorCause::CrossSite.into() }
    }
}

/// The cause of the page for a refused sign-in.
pub(crate) fn cause_of_refused_sign_in(why: SignInRefusalReason) -> ErrorCause {
    match why {
        SignInRefusalReason::Blocked => ErrorCause::Blocked,
        SignInRefusalReason::AddressTaken | SignInRefusalReason::Detached => ErrorCause::AddressTaken,
        SignInRefusalReason::AddressReassigned => ErrorCause::AddressReassigned,
        SignInRefusalReason::LinkedElsewhere => ErrorCause::LinkedElsewhere,
        SignInRefusalReason::SignedOut => ErrorCause::NotFresh,
        SignInRefusalReason::NoAddress => ErrorCause::MissingEmail,
        SignInRefusalReason::ProviderMoved => ErrorCause::ProviderMoved,
    }
}

/// The cause of the page for a failed login. Only a shopper who was at the provider, and came back, can have cancelled.
pub(crate) fn cause_of_login_error(error: &LoginError, came_back: bool) -> ErrorCause {
    match &error.cause {
        // The provider refuses the client and not the person.
        LoginErrorCause::Refused(_) if error.step == Some(StepKind::GetClientToken) => ErrorCause::UnexpectedAnswer,
        LoginErrorCause::Refused(refusal) => {
            let is_cancelled = came_back && is_cancellation(refusal.code.as_str());
            if is_cancelled && error.step == Some(StepKind::GetAuthorizationCode) { ErrorCause::Cancelled } else { ErrorCause::Refused }
        }
        LoginErrorCause::Expired => ErrorCause::Expired,
        LoginErrorCause::OtherProvider
        | LoginErrorCause::StateMismatch
        | LoginErrorCause::NoState { .. }
        | LoginErrorCause::UnknownState
        | LoginErrorCause::OtherIssuer
        | LoginErrorCause::NoIssuer => ErrorCause::UnknownAttempt,
        LoginErrorCause::TooManyParameters | LoginErrorCause::RepeatedParameter | LoginErrorCause::NotExchangeable(_) => {
            ErrorCause::Malformed
        }
        LoginErrorCause::NoCode { .. } => ErrorCause::NoCode,
        LoginErrorCause::MissingEmail(_) => ErrorCause::MissingEmail,
        LoginErrorCause::UnprovenEmail(_) => ErrorCause::UnprovenEmail,
        LoginErrorCause::NotAllowed(_) => ErrorCause::NotAllowed,
        // A redirect is a status outside of 2xx, as a refusal is.
        LoginErrorCause::Redirected(_) => ErrorCause::Refused,
        LoginErrorCause::NoAnswer(why) => cause_of_no_answer(why),
        LoginErrorCause::TooManyLogins | LoginErrorCause::OutOfTime(_) => ErrorCause::Slow,
        LoginErrorCause::RecordingWaits | LoginErrorCause::NoDocument(_) => ErrorCause::Unreachable,
        LoginErrorCause::FileChanged
        | LoginErrorCause::PreparedTooLong
        | LoginErrorCause::BadInput(_)
        | LoginErrorCause::MissingFact { .. }
        | LoginErrorCause::BadAddress(_)
        | LoginErrorCause::BadHeader
        | LoginErrorCause::BadKey(_)
        | LoginErrorCause::Unreadable(_)
        | LoginErrorCause::BadToken(_)
        | LoginErrorCause::OtherTokenType
        | LoginErrorCause::BadSignature(_)
        | LoginErrorCause::MissingId(_) => ErrorCause::UnexpectedAnswer,
    }
}

fn cause_of_no_answer(why: &NoAnswer) -> ErrorCause {
    match why {
        NoAnswer::TooSlow(_) => ErrorCause::Slow,
        NoAnswer::TooLarge(_) => ErrorCause::UnexpectedAnswer,
        NoAnswer::Unreachable
        | NoAnswer::HostUnknown
        | NoAnswer::ConnectionRefused
        | NoAnswer::ConnectionReset
        | NoAnswer::NoRoute
        | NoAnswer::Proxy
        | NoAnswer::Forbidden
        | NoAnswer::NotSendable
        | NoAnswer::Certificate(_)
        | NoAnswer::Tls(_)
        | NoAnswer::Closed
        | NoAnswer::CutOff(_)
        | NoAnswer::Packed
        | NoAnswer::NotHttp => ErrorCause::Unreachable,
    }
}

/// An answer, and the cookies that go with it.
pub(crate) type ResponseWithCookies = (HttpResponse, Vec<HeaderValue>);

pub(crate) fn redirect_to(place: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::SEE_OTHER).insert_header((LOCATION, place)).finish()
}

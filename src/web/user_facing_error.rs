//! From what went wrong to a status and a page: the one place that decides what a visitor gets to know.

use crate::directory::StorageUnavailable;
use crate::directory::linking::SignInRefusalReason;
use crate::login::error::{LoginError, LoginErrorCause};
use crate::pages::ErrorCause;
use crate::provider::step::StepKind;
use crate::vocabulary::incident_code::IncidentCode;
use crate::vocabulary::wire::NoAnswer;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};

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

/// An answer, and the cookies that go with it.
pub(crate) type ResponseWithCookies = (HttpResponse, Vec<HeaderValue>);

/// The answer that leads elsewhere.
pub(crate) fn redirect_to(place: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::SEE_OTHER).insert_header((LOCATION, place)).finish()
}

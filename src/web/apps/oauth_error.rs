//! Errors for programs, as RFC 6749 (5.2) and RFC 6750 (3) write them.

use crate::directory::StorageUnavailable;
use crate::pages::ErrorCause;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::json;
use std::borrow::Cow;

/// An error of an endpoint for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OAuthError {
    status: StatusCode,
    /// Its name in the specifications.
    pub(crate) code: &'static str,
    /// A sentence for the developer; it repeats nothing of the request.
    description: Cow<'static, str>,
    challenge: Option<OAuthChallenge>,
    retry_after: Option<u64>,
}

/// How the caller has to authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OAuthChallenge {
    Basic,
    Bearer,
}

impl OAuthError {
    /// The request cannot be met.
    pub(crate) const fn new(code: &'static str, description: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, description: Cow::Borrowed(description), challenge: None, retry_after: None }
    }

    /// The app did not prove who it is. The answer is the same for an unknown app and for a wrong secret.
    pub(crate) fn invalid_client() -> Self {
        let description = "the app is not known here, or did not prove who it is";
        Self { status: StatusCode::UNAUTHORIZED, challenge: Some(OAuthChallenge::Basic), ..Self::new("invalid_client", description) }
    }

    /// What was to be redeemed is not valid, or not any more. The answer does not say which.
    pub(crate) fn invalid_grant() -> Self {
        Self::new("invalid_grant", "it is not valid, was used before, or belongs to another app, address or verifier")
    }

    /// The access token is not valid.
    pub(crate) fn invalid_token() -> Self {
        let description = "the access token is not valid, or not any more";
        Self { status: StatusCode::UNAUTHORIZED, challenge: Some(OAuthChallenge::Bearer), ..Self::new("invalid_token", description) }
    }

    /// The access token was not issued for this.
    pub(crate) fn insufficient_scope() -> Self {
        let description = "the access token lacks the scope `openid`";
        Self { status: StatusCode::FORBIDDEN, challenge: Some(OAuthChallenge::Bearer), ..Self::new("insufficient_scope", description) }
    }

    /// The settings do not name the app for the tokens of this provider.
    pub(crate) fn tokens_not_allowed() -> Self {
        let description = "the settings of the store do not allow this app the tokens of this provider";
        Self { status: StatusCode::FORBIDDEN, challenge: Some(OAuthChallenge::Bearer), ..Self::new("insufficient_scope", description) }
    }

    /// No tokens of the provider are kept for the person, or not any more.
    pub(crate) fn no_tokens() -> Self {
        let description = "no tokens of this provider are kept for this person: they have to sign in through it again";
        Self { status: StatusCode::NOT_FOUND, ..Self::new("noTokens", description) }
    }

    /// The provider cannot refresh its tokens for a moment.
    pub(crate) fn provider_unavailable(seconds: i64) -> Self {
        let description = "the provider does not refresh the token at present";
        let retry_after = u64::try_from(seconds).unwrap_or(1).max(1);
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            retry_after: Some(retry_after),
            ..Self::new("temporarily_unavailable", description)
        }
    }

    /// No access token came with the request. RFC 6750 (3.1) wants no error named then.
    pub(crate) fn no_token() -> HttpResponse {
        HttpResponse::Unauthorized().insert_header((WWW_AUTHENTICATE, "Bearer")).json(json!({ "error": "invalid_token" }))
    }

    /// The token of a provider signs no person in: for what the provider, its file or the directory says. `message` explains it, and the
    /// incident code leads support to the story.
    pub(crate) fn of_login(error: &UserFacingError, (status, name): (StatusCode, &str), message: Option<&str>) -> Self {
        let (code, status, retry_after) = match error.cause {
            ErrorCause::TooMany { .. } | ErrorCause::StorageUnavailable => return Self::of_cause(error.cause),
            _ if status.is_server_error() => ("temporarily_unavailable", StatusCode::SERVICE_UNAVAILABLE, Some(5)),
            _ => ("invalid_request", StatusCode::BAD_REQUEST, None),
        };
        let incident = error.login.as_ref().and_then(|login| login.code.as_ref()).map(|code| format!(" (incident {code})"));
        let description = format!("{}: {}{}", name, message.unwrap_or("the token signs no person in"), incident.unwrap_or_default());
        Self { status, retry_after, description: Cow::Owned(description), ..Self::new(code, "") }
    }

    /// Storage, or a key, is not available for a moment.
    pub(crate) fn unavailable() -> Self {
        let description = "try again in a few seconds";
        Self { status: StatusCode::SERVICE_UNAVAILABLE, retry_after: Some(5), ..Self::new("temporarily_unavailable", description) }
    }

    pub(crate) fn to_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((PRAGMA, "no-cache"));
        match self.challenge {
            Some(OAuthChallenge::Basic) => {
                response.insert_header((WWW_AUTHENTICATE, "Basic realm=\"portaria\", charset=\"UTF-8\""));
            }
            Some(OAuthChallenge::Bearer) => {
                let challenge = format!("Bearer error=\"{}\", error_description=\"{}\"", self.code, self.description.replace('"', "'"));
                response.insert_header((WWW_AUTHENTICATE, challenge));
            }
            None => {}
        }
        if let Some(seconds) = self.retry_after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        response.json(json!({ "error": self.code, "error_description": self.description }))
    }
}

impl From<StorageUnavailable> for OAuthError {
    fn from(_: StorageUnavailable) -> Self {
        Self::unavailable()
    }
}

impl From<UserFacingError> for OAuthError {
    fn from(error: UserFacingError) -> Self {
        Self::of_cause(error.cause)
    }
}

impl OAuthError {
    fn of_cause(cause: ErrorCause) -> Self {
        match cause {
            ErrorCause::TooMany { seconds } => Self {
                status: StatusCode::TOO_MANY_REQUESTS,
                retry_after: Some(seconds),
                ..Self::new("temporarily_unavailable", "there were too many requests; wait before the next one")
            },
            ErrorCause::StorageUnavailable => Self::unavailable(),
            _ => Self::new("invalid_request", "the request cannot be understood"),
        }
    }
}

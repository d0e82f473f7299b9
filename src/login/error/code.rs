//! The codes of failed logins: the words that stories and examples keep, one for causes that are alike.

use crate::choice;
use crate::login::error::{LoginErrorCause, OwnOrProviderCode};

choice! {
    /// The words that stories, the audit and examples keep for the causes that are our own. A provider's code is a
    /// [`ProviderErrorCode`].
    pub(crate) enum LoginErrorCode {
        BadInput = "badInput",
        NoDocument = "noDocument",
        TooLong = "tooLong",
        BadState = "badState",
        Expired = "expired",
        BadCallback = "badCallback",
        NoCode = "noCode",
        BadIssuer = "badIssuer",
        BadSignature = "badSignature",
        MissingFact = "missingFact",
        BadAddress = "badAddress",
        BadHeader = "badHeader",
        BadKey = "badKey",
        NoAnswer = "noAnswer",
        Unreadable = "unreadable",
        BadToken = "badToken",
        MissingId = "missingId",
        MissingEmail = "missingEmail",
        UnprovenEmail = "unprovenEmail",
        NotAllowed = "notAllowed",
        Changed = "changed",
        TooSlow = "tooSlow",
        NotExchangeable = "notExchangeable",
        Redirected = "redirected",
    }
}

impl LoginErrorCode {
    /// Whether the request of the step was not sent.
    pub(crate) fn is_before_sending(self) -> bool {
        matches!(self, Self::MissingFact | Self::BadAddress | Self::BadHeader | Self::BadKey)
    }
}

impl LoginErrorCause {
    pub(crate) fn code(&self) -> OwnOrProviderCode<'_> {
        OwnOrProviderCode::Own(match self {
            Self::OtherProvider | Self::StateMismatch | Self::NoState { .. } | Self::UnknownState => LoginErrorCode::BadState,
            Self::Expired => LoginErrorCode::Expired,
            Self::TooManyParameters | Self::RepeatedParameter => LoginErrorCode::BadCallback,
            Self::NoCode { .. } => LoginErrorCode::NoCode,
            Self::OtherIssuer | Self::NoIssuer => LoginErrorCode::BadIssuer,
            Self::NoDocument(_) => LoginErrorCode::NoDocument,
            Self::PreparedTooLong => LoginErrorCode::TooLong,
            Self::FileChanged => LoginErrorCode::Changed,
            Self::BadInput(_) => LoginErrorCode::BadInput,
            Self::TooManyLogins | Self::OutOfTime(_) => LoginErrorCode::TooSlow,
            Self::NotAllowed(_) => LoginErrorCode::NotAllowed,
            Self::MissingFact { .. } => LoginErrorCode::MissingFact,
            Self::BadAddress(_) => LoginErrorCode::BadAddress,
            Self::BadHeader => LoginErrorCode::BadHeader,
            Self::BadKey(_) => LoginErrorCode::BadKey,
            Self::Unreadable(_) => LoginErrorCode::Unreadable,
            Self::BadToken(_) | Self::OtherTokenType => LoginErrorCode::BadToken,
            Self::BadSignature(_) => LoginErrorCode::BadSignature,
            Self::NoAnswer(_) | Self::RecordingWaits => LoginErrorCode::NoAnswer,
            Self::Redirected(_) => LoginErrorCode::Redirected,
            Self::MissingId(_) => LoginErrorCode::MissingId,
            Self::MissingEmail(_) => LoginErrorCode::MissingEmail,
            Self::UnprovenEmail(_) => LoginErrorCode::UnprovenEmail,
            Self::NotExchangeable(_) => LoginErrorCode::NotExchangeable,
            Self::Refused(refusal) => return OwnOrProviderCode::Provider(&refusal.code),
        })
    }
}

//! Why a page is an error page. One row holds all that belongs to a cause: a cause without its row does not compile, and
//! a language without its phrases is not read.

use actix_web::http::StatusCode;

/// What a person can do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecoveryStep {
    /// A code by e-mail, where the store offers it.
    EmailCode,
    Again,
    Others,
    Account,
    /// Whom the store names for help.
    Help,
    Home,
}

/// How the incident code of a login is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodePlace {
    /// As a block: support can do something.
    Block,
    /// As a line: the person can go on alone.
    Line,
    /// There is nothing to do for support.
    Nowhere,
}

/// What a cause means for a login that was under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LoginEffect {
    /// It ended the login, so there is an incident code.
    Ended {
        /// Whether it is certain, and worth saying, that nothing was written. A callback that comes twice may have
        /// succeeded the first time.
        changed_nothing: bool,
        /// Whether to try the other providers next, rather than to begin again.
        suggests_others: bool,
        code: CodePlace,
    },
    /// No login ended by it.
    None,
}

/// The person ended the login.
const CANCELLED: LoginEffect = LoginEffect::Ended { changed_nothing: false, suggests_others: true, code: CodePlace::Nowhere };
/// The login failed, and another provider may work.
const FAILED: LoginEffect = LoginEffect::Ended { changed_nothing: true, suggests_others: true, code: CodePlace::Block };
/// The login failed, and the person can do something about it.
const UNFINISHED: LoginEffect = LoginEffect::Ended { changed_nothing: true, suggests_others: true, code: CodePlace::Line };
/// The login failed, and the same provider may work in a new attempt.
const INTERRUPTED: LoginEffect = LoginEffect::Ended { changed_nothing: true, suggests_others: false, code: CodePlace::Line };
/// The login ended, and something may have been written.
const ENDED: LoginEffect = LoginEffect::Ended { changed_nothing: false, suggests_others: false, code: CodePlace::Line };
/// The login ended, and only the store can say why.
const BLOCKED: LoginEffect = LoginEffect::Ended { changed_nothing: false, suggests_others: false, code: CodePlace::Block };

/// Everything that a page needs of a cause.
struct ErrorCauseRow {
    /// Its name for programs, in metrics, and in the files of the languages.
    name: &'static str,
    status: StatusCode,
    login: LoginEffect,
    /// What helps, the likeliest first.
    steps: &'static [RecoveryStep],
    /// After how many seconds a new request may succeed.
    retry_after: Option<u64>,
}

/// Declares the causes, the list of them, and their rows.
macro_rules! error_causes {
    ($(
        $(#[doc = $doc:literal])*
        $cause:ident $({ $field:ident = $example:literal })? =
            ($name:literal, $status:ident, $login:expr, [$($step:ident),*] $(, retry after $retry_after:expr)?);
    )*) => {
        /// Why a person sees an error page.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum ErrorCause {
            $( $(#[doc = $doc])* $cause $({
                /// After how many seconds the next request may succeed.
                $field: u64,
            })? ),*
        }

        impl ErrorCause {
            pub(crate) const ALL: &'static [Self] = &[ $( Self::$cause $({ $field: $example })? ),* ];

            /// The cause of a name; `seconds` are those after which the next request may succeed, where a cause has them.
            pub(crate) fn named(name: &str, seconds: u64) -> Option<Self> {
                match name {
                    $( $name => Some(Self::$cause $({ $field: seconds })?), )*
                    _ => None,
                }
            }

            fn row(self) -> ErrorCauseRow {
                match self {
                    $( Self::$cause $({ $field })? => ErrorCauseRow {
                        name: $name,
                        status: StatusCode::$status,
                        login: $login,
                        steps: &[$(RecoveryStep::$step),*],
                        retry_after: None $(.or(Some($retry_after)))?,
                    } ),*
                }
            }
        }
    };
}

error_causes! {
    /// The shopper declined at the provider. Nothing went wrong.
    Cancelled = ("cancelled", OK, CANCELLED, [Others, Again, Home]);
    /// The provider refused the login.
    Refused = ("refused", BAD_GATEWAY, FAILED, [EmailCode, Others, Again, Home]);
    /// The provider took too long.
    Slow = ("slow", GATEWAY_TIMEOUT, FAILED, [EmailCode, Again, Others, Home]);
    /// The provider cannot be reached.
    Unreachable = ("unreachable", BAD_GATEWAY, FAILED, [EmailCode, Others, Again, Home]);
    /// The provider's answer was not understood.
    UnexpectedAnswer = ("odd", BAD_GATEWAY, FAILED, [EmailCode, Others, Again, Home]);
    /// The provider sent the browser back with neither a code nor an error. Some do so after a cancel.
    NoCode = ("noCode", BAD_GATEWAY, FAILED, [Again, EmailCode, Others, Home]);
    /// The provider gave no e-mail address.
    MissingEmail = ("missingEmail", FORBIDDEN, UNFINISHED, [EmailCode, Others, Again, Home]);
    /// The provider does not say that the address is theirs.
    UnprovenEmail = ("unprovenEmail", FORBIDDEN, UNFINISHED, [EmailCode, Others, Again, Home]);
    /// The address belongs to a user who signs in by another provider.
    AddressTaken = ("addressTaken", FORBIDDEN, UNFINISHED, [EmailCode, Others, Again, Home]);
    /// The address belongs to a user who signs in by another account at the same provider.
    AddressReassigned = ("addressReassigned", FORBIDDEN, INTERRUPTED, [EmailCode, Again, Others, Home]);
    /// The store's file of the provider points elsewhere than when the account was made.
    ProviderMoved = ("providerMoved", FORBIDDEN, FAILED, [EmailCode, Others, Home]);
    /// The identity that was to be linked belongs to another user of the store.
    LinkedElsewhere = ("linkedElsewhere", CONFLICT, INTERRUPTED, [Account, Others, Home]);
    /// The address was not proven: too many tries, or too much time.
    ProofOver = ("proofOver", BAD_REQUEST, ENDED, [Again, Others, Home]);
    /// A passkey that the store does not have, or whose answer cannot be accepted.
    PasskeyRefused = ("passkeyRefused", FORBIDDEN, LoginEffect::None, [EmailCode, Others, Account, Home]);
    /// The store's rule does not let this person sign in.
    NotAllowed = ("notAllowed", FORBIDDEN, FAILED, [Others, Again, Home]);
    /// The store has blocked this person.
    Blocked = ("blocked", FORBIDDEN, BLOCKED, [Help, Home, Others]);
    /// The login took longer than ten minutes.
    Expired = ("expired", BAD_REQUEST, INTERRUPTED, [Again, Others, Home]);
    /// This callback was used before. The login page says so to a person who is signed in already.
    AlreadyUsed = ("alreadyUsed", BAD_REQUEST, ENDED, [Others, Home]);
    /// The callback belongs to no login that this browser began.
    UnknownAttempt = ("lost", BAD_REQUEST, INTERRUPTED, [Again, Others, Home]);
    /// The provider's file changed while the login was under way.
    Changed = ("changed", BAD_REQUEST, INTERRUPTED, [Again, Others, Home]);
    /// The page is for the store's staff, and this person is not one of them.
    NotStaff = ("notStaff", FORBIDDEN, LoginEffect::None, [Home, Others]);
    /// The person signed in too long ago for this change.
    NotFresh = ("notFresh", FORBIDDEN, LoginEffect::None, [Account, Others, Home]);
    /// The last linked identity was to be removed.
    LastIdentity = ("lastWay", CONFLICT, LoginEffect::None, [Account, Others, Home]);
    /// The typed value does not match its pattern.
    BadInput = ("badInput", BAD_REQUEST, LoginEffect::None, [Others, Home]);
    /// The provider's file does not say how the provider is asked for a new login.
    NoNewLogin = ("noNewLogin", BAD_REQUEST, LoginEffect::None, [Others, Home]);
    NoSuchProvider = ("noSuchProvider", NOT_FOUND, LoginEffect::None, [Others, Home]);
    /// The request of an app names no app of the store, or an address that is not the app's.
    AppRequest = ("appRequest", BAD_REQUEST, LoginEffect::None, [Home, Others]);
    /// The browser does not have the request with which the sign-in for an app began, or not any more.
    AppRequestLost = ("appRequestLost", BAD_REQUEST, LoginEffect::None, [Home, Others]);
    NoSuchPage = ("noSuchPage", NOT_FOUND, LoginEffect::None, [Home, Others]);
    /// There were too many requests.
    TooMany { seconds = 60 } = ("tooMany", TOO_MANY_REQUESTS, LoginEffect::None, [Again, Others, Home], retry after seconds);
    /// There were too many test logins.
    TooManyTests { seconds = 60 } = ("tooManyTests", TOO_MANY_REQUESTS, LoginEffect::None, [Others, Home], retry after seconds);
    /// The storage is not available for a moment.
    StorageUnavailable = ("away", SERVICE_UNAVAILABLE, LoginEffect::None, [Again, Others, Home], retry after 5);
    /// The request came from another site.
    CrossSite = ("crossSite", FORBIDDEN, LoginEffect::None, [Others, Home]);
    /// The request cannot be understood. A callback that cannot be understood ends its login.
    Malformed = ("malformed", BAD_REQUEST, INTERRUPTED, [Again, Others, Home]);
    TooLarge = ("tooLarge", PAYLOAD_TOO_LARGE, LoginEffect::None, [Others, Home]);
    /// The page does not accept the method.
    WrongMethod = ("wrongMethod", METHOD_NOT_ALLOWED, LoginEffect::None, [Others, Home]);
}

impl ErrorCause {
    /// Its name for programs, in metrics, and in the files of the languages.
    pub(crate) fn name(self) -> &'static str {
        self.row().name
    }

    pub(crate) fn status(self) -> StatusCode {
        self.row().status
    }

    /// After how many seconds a new request may succeed.
    pub(crate) fn retry_after(self) -> Option<u64> {
        self.row().retry_after
    }

    /// Whether it ended a login that had begun, so that there is a story and an incident code.
    pub(crate) fn ends_a_login(self) -> bool {
        self.row().login != LoginEffect::None
    }

    /// How the incident code is shown.
    pub(crate) fn code_place(self) -> CodePlace {
        match self.row().login {
            LoginEffect::Ended { code, .. } => code,
            LoginEffect::None => CodePlace::Nowhere,
        }
    }

    /// Whether the page says that nothing was written.
    pub(crate) fn changed_nothing(self) -> bool {
        matches!(self.row().login, LoginEffect::Ended { changed_nothing: true, .. })
    }

    /// Whether the page suggests the other providers, rather than the login page from which to begin again.
    pub(crate) fn suggests_other_providers(self) -> bool {
        matches!(self.row().login, LoginEffect::Ended { suggests_others: true, .. })
    }

    /// What helps, the likeliest first.
    pub(crate) fn steps(self) -> &'static [RecoveryStep] {
        self.row().steps
    }
}

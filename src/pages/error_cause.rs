//! Why a page is an error page: its name for programs, and what most likely helps.

/// Why a person sees an error page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorCause {
    /// The shopper said no at the provider.
    Cancelled,
    /// The provider said no.
    Refused,
    /// The provider took too long.
    Slow,
    /// The provider cannot be reached.
    Unreachable,
    /// The provider's answer was not understood.
    Odd,
    /// The provider named no e-mail address.
    MissingEmail,
    /// The provider does not say that the address is theirs.
    UnprovenEmail,
    /// The address belongs to somebody who comes in another way.
    AddressTaken,
    /// The address belongs to somebody who comes in by another account at the same provider.
    AddressReassigned,
    /// The way in that was to be added belongs to another account of the store.
    LinkedElsewhere,
    /// The address was not proven: too many tries, or too much time.
    ProofOver,
    /// The store's rule does not let this person in.
    NotAllowed,
    /// The store has blocked this person.
    Blocked,
    /// The login took longer than ten minutes.
    Expired,
    /// This answer has been used before.
    AlreadyUsed,
    /// No login that this browser began fits.
    Lost,
    /// The provider's file changed while the login was under way.
    Changed,
    /// The page is for the store's staff, and this person is not of them.
    NotStaff,
    /// They signed in too long ago for what they want to change.
    NotFresh,
    /// The only way in that is left was to be removed.
    LastWay,
    /// What was typed does not fit.
    BadInput,
    /// There is no such provider.
    NoSuchProvider,
    /// There is no such page.
    NoSuchPage,
    TooMany {
        /// When the next one is welcome.
        seconds: u64,
    },
    /// Too many test logins.
    TooManyTests {
        /// When the next one may begin.
        seconds: u64,
    },
    /// The storage is away for a moment.
    Away,
    /// The request came from another site.
    CrossSite,
    /// The request makes no sense.
    Malformed,
    /// The request is too large.
    TooLarge,
    /// The page is not asked for in this way.
    WrongMethod,
}

/// What a person can do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecoveryStep {
    Again,
    Others,
    Account,
    Home,
}

impl ErrorCause {
    pub(crate) const ALL: [Self; 30] = [
        Self::Cancelled,
        Self::Refused,
        Self::Slow,
        Self::Unreachable,
        Self::Odd,
        Self::MissingEmail,
        Self::UnprovenEmail,
        Self::AddressTaken,
        Self::AddressReassigned,
        Self::LinkedElsewhere,
        Self::ProofOver,
        Self::NotAllowed,
        Self::Blocked,
        Self::Expired,
        Self::AlreadyUsed,
        Self::Lost,
        Self::Changed,
        Self::NotStaff,
        Self::NotFresh,
        Self::LastWay,
        Self::BadInput,
        Self::NoSuchProvider,
        Self::NoSuchPage,
        Self::TooMany { seconds: 60 },
        Self::TooManyTests { seconds: 60 },
        Self::Away,
        Self::CrossSite,
        Self::Malformed,
        Self::TooLarge,
        Self::WrongMethod,
    ];

    /// Its name for programs, and in the files of the languages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::Slow => "slow",
            Self::Unreachable => "unreachable",
            Self::Odd => "odd",
            Self::MissingEmail => "missingEmail",
            Self::UnprovenEmail => "unprovenEmail",
            Self::AddressTaken => "addressTaken",
            Self::AddressReassigned => "addressReassigned",
            Self::LinkedElsewhere => "linkedElsewhere",
            Self::ProofOver => "proofOver",
            Self::NotAllowed => "notAllowed",
            Self::Blocked => "blocked",
            Self::Expired => "expired",
            Self::AlreadyUsed => "alreadyUsed",
            Self::Lost => "lost",
            Self::Changed => "changed",
            Self::NotStaff => "notStaff",
            Self::NotFresh => "notFresh",
            Self::LastWay => "lastWay",
            Self::BadInput => "badInput",
            Self::NoSuchProvider => "noSuchProvider",
            Self::NoSuchPage => "noSuchPage",
            Self::TooMany { .. } => "tooMany",
            Self::TooManyTests { .. } => "tooManyTests",
            Self::Away => "away",
            Self::CrossSite => "crossSite",
            Self::Malformed => "malformed",
            Self::TooLarge => "tooLarge",
            Self::WrongMethod => "wrongMethod",
        }
    }

    /// Whether it ended a login that had begun, so that there is a story to tell and a code for it.
    pub(crate) fn ends_a_login(self) -> bool {
        match self {
            Self::Cancelled
            | Self::Refused
            | Self::Slow
            | Self::Unreachable
            | Self::Odd
            | Self::MissingEmail
            | Self::UnprovenEmail
            | Self::AddressTaken
            | Self::AddressReassigned
            | Self::LinkedElsewhere
            | Self::ProofOver
            | Self::NotAllowed
            | Self::Blocked
            | Self::Expired
            | Self::AlreadyUsed
            | Self::Lost
            | Self::Changed => true,
            Self::NotStaff
            | Self::NotFresh
            | Self::LastWay
            | Self::BadInput
            | Self::NoSuchProvider
            | Self::NoSuchPage
            | Self::TooMany { .. }
            | Self::TooManyTests { .. }
            | Self::Away
            | Self::CrossSite
            | Self::Malformed
            | Self::TooLarge
            | Self::WrongMethod => false,
        }
    }

    /// Whether it is sure, and worth saying, that nothing was written. What comes twice may have been fine the first time.
    pub(crate) fn changed_nothing(self) -> bool {
        self.ends_a_login() && !matches!(self, Self::AlreadyUsed | Self::ProofOver | Self::Blocked)
    }

    /// Whether the other ways in are what is still to be tried, rather than the page where everything begins.
    pub(crate) fn suggests_other_providers(self) -> bool {
        let begins_anew = matches!(self, Self::AlreadyUsed | Self::ProofOver | Self::Expired | Self::Lost | Self::Changed);
        self.ends_a_login() && !begins_anew && !matches!(self, Self::AddressReassigned | Self::LinkedElsewhere | Self::Blocked)
    }

    /// What helps, the likeliest first.
    pub(crate) fn steps(self) -> &'static [RecoveryStep] {
        match self {
            // It would most likely be the same again.
            Self::Cancelled
            | Self::Refused
            | Self::Unreachable
            | Self::Odd
            | Self::MissingEmail
            | Self::UnprovenEmail
            | Self::AddressTaken
            | Self::NotAllowed => &[RecoveryStep::Others, RecoveryStep::Again, RecoveryStep::Home],
            // Once more from the beginning is most likely fine, or with another account there.
            Self::Slow
            | Self::AddressReassigned
            | Self::ProofOver
            | Self::Expired
            | Self::Lost
            | Self::Changed
            | Self::TooMany { .. }
            | Self::Away => &[RecoveryStep::Again, RecoveryStep::Others, RecoveryStep::Home],
            // They began on the page of their account.
            Self::LinkedElsewhere | Self::NotFresh | Self::LastWay => &[RecoveryStep::Account, RecoveryStep::Others, RecoveryStep::Home],
            // Whoever is signed in already is told so on the login page.
            Self::AlreadyUsed
            | Self::BadInput
            | Self::NoSuchProvider
            | Self::TooManyTests { .. }
            | Self::CrossSite
            | Self::Malformed
            | Self::TooLarge
            | Self::WrongMethod => &[RecoveryStep::Others, RecoveryStep::Home],
            Self::Blocked | Self::NotStaff | Self::NoSuchPage => &[RecoveryStep::Home, RecoveryStep::Others],
        }
    }
}

//! Why a passkey is refused.

use std::fmt;

/// Why what a browser and its authenticator sent makes or proves no passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyRefusal {
    /// The client data is not JSON of the expected shape.
    UnreadableClientData,
    /// The client data is of another ceremony.
    WrongCeremony,
    /// The challenge is not the one that was given out.
    WrongChallenge,
    /// The page is not one of the store.
    WrongOrigin,
    /// The page was inside of one of another origin.
    CrossOrigin,
    /// The attestation object does not have the expected shape.
    UnreadableAttestation,
    /// The authenticator data does not have the expected shape.
    UnreadableAuthenticatorData,
    /// The passkey belongs to another host.
    WrongHost,
    /// The person did not touch the authenticator.
    NotPresent,
    /// The authenticator did not verify the person.
    NotVerified,
    /// The flags say that the passkey is backed up and that it cannot be, or otherwise than at its registration.
    WrongBackupState,
    /// The public key does not have the expected shape, or is not one.
    UnusableKey,
    /// The credential id is empty or longer than 1023 bytes, or the parts of the answer name different ones.
    WrongCredential,
    /// The signature was not made with the key.
    WrongSignature,
    /// The counter went back, so there may be a copy of the authenticator.
    CounterWentBack,
}

impl PasskeyRefusal {
    /// The stable word, as logs and the audit have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::UnreadableClientData => "unreadableClientData",
            Self::WrongCeremony => "wrongCeremony",
            Self::WrongChallenge => "wrongChallenge",
            Self::WrongOrigin => "wrongOrigin",
            Self::CrossOrigin => "crossOrigin",
            Self::UnreadableAttestation => "unreadableAttestation",
            Self::UnreadableAuthenticatorData => "unreadableAuthenticatorData",
            Self::WrongHost => "wrongHost",
            Self::NotPresent => "notPresent",
            Self::NotVerified => "notVerified",
            Self::WrongBackupState => "wrongBackupState",
            Self::UnusableKey => "unusableKey",
            Self::WrongCredential => "wrongCredential",
            Self::WrongSignature => "wrongSignature",
            Self::CounterWentBack => "counterWentBack",
        }
    }
}

impl fmt::Display for PasskeyRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnreadableClientData => "the client data cannot be read",
            Self::WrongCeremony => "the client data is of another ceremony",
            Self::WrongChallenge => "the challenge is not the one that was given out",
            Self::WrongOrigin => "the page is not one of the store",
            Self::CrossOrigin => "the page was inside of one of another origin",
            Self::UnreadableAttestation => "the attestation object cannot be read",
            Self::UnreadableAuthenticatorData => "the authenticator data cannot be read",
            Self::WrongHost => "the passkey belongs to another host",
            Self::NotPresent => "the person did not touch the authenticator",
            Self::NotVerified => "the authenticator did not verify the person",
            Self::WrongBackupState => "the flags of the backup contradict each other or the registration",
            Self::UnusableKey => "the public key cannot be used",
            Self::WrongCredential => "the credential id is too long, or not the same everywhere",
            Self::WrongSignature => "the signature was not made with the key of the passkey",
            Self::CounterWentBack => "the counter of the authenticator went back, so there may be a copy of it",
        })
    }
}

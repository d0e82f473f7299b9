//! The authenticator data: what the authenticator itself signs (WebAuthn, 6.1).

use crate::passkeys::cbor::CborReader;
use crate::passkeys::public_key::PasskeyPublicKey;
use crate::passkeys::refusal::PasskeyRefusal;
use crate::vocabulary::hash::sha256;

/// The longest credential id.
pub(crate) const LONGEST_ID: usize = 1023;

const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

pub(crate) struct AuthenticatorData<'a> {
    pub(crate) counter: u32,
    /// Whether the passkey may be synchronized between devices.
    pub(crate) backup_eligible: bool,
    /// Whether it is.
    pub(crate) backed_up: bool,
    pub(crate) credential: Option<AttestedCredential<'a>>,
}

/// The new credential, at a registration.
pub(crate) struct AttestedCredential<'a> {
    /// The model of the authenticator, or zeros.
    pub(crate) aaguid: [u8; 16],
    pub(crate) id: &'a [u8],
    /// The public key, as the authenticator wrote it.
    pub(crate) key: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    /// Reads and checks what both ceremonies demand: the host, the person's presence and verification, and a backup state that can be.
    pub(crate) fn read(bytes: &'a [u8], host: &str) -> Result<Self, PasskeyRefusal> {
        let unreadable = PasskeyRefusal::UnreadableAuthenticatorData;
        let (hash, rest) = bytes.split_first_chunk::<32>().ok_or(unreadable)?;
        let ([flags], rest) = rest.split_first_chunk::<1>().ok_or(unreadable)?;
        let (counter, rest) = rest.split_first_chunk::<4>().ok_or(unreadable)?;
        let (credential, rest) = if flags & HAS_CREDENTIAL == 0 {
            (None, rest)
        } else {
            let (credential, rest) = AttestedCredential::read(rest)?;
            (Some(credential), rest)
        };
        let mut rest = CborReader::new(rest);
        if flags & HAS_EXTENSIONS != 0 {
            rest.skip_map().ok_or(unreadable)?;
        }
        if !rest.rest().is_empty() {
            return Err(unreadable);
        }
        if *hash != sha256::<32>(host.as_bytes()) {
            return Err(PasskeyRefusal::WrongHost);
        }
        if flags & PRESENT == 0 {
            return Err(PasskeyRefusal::NotPresent);
        }
        if flags & VERIFIED == 0 {
            return Err(PasskeyRefusal::NotVerified);
        }
        let (backup_eligible, backed_up) = (flags & BACKUP_ELIGIBLE != 0, flags & BACKED_UP != 0);
        if backed_up && !backup_eligible {
            return Err(PasskeyRefusal::WrongBackupState);
        }
        Ok(Self { counter: u32::from_be_bytes(*counter), backup_eligible, backed_up, credential })
    }
}

impl<'a> AttestedCredential<'a> {
    fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), PasskeyRefusal> {
        let unreadable = PasskeyRefusal::UnreadableAuthenticatorData;
        let (aaguid, rest) = bytes.split_first_chunk::<16>().ok_or(unreadable)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(unreadable)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || length > LONGEST_ID {
            return Err(PasskeyRefusal::WrongCredential);
        }
        let (id, written) = rest.split_at_checked(length).ok_or(unreadable)?;
        let mut reader = CborReader::new(written);
        PasskeyPublicKey::read(&mut reader).ok_or(PasskeyRefusal::UnusableKey)?;
        let rest = reader.rest();
        let key = written.len().checked_sub(rest.len()).and_then(|length| written.get(..length)).ok_or(unreadable)?;
        Ok((Self { aaguid: *aaguid, id, key }, rest))
    }
}

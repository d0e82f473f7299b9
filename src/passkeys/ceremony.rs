//! The two ceremonies: a passkey is registered, and a passkey proves who uses it.

use crate::passkeys::authenticator_data::{AuthenticatorData, LONGEST_ID};
use crate::passkeys::cbor::CborReader;
use crate::passkeys::client_data::{PasskeyCeremony, check_client_data};
use crate::passkeys::public_key::PasskeyPublicKey;
use crate::passkeys::refusal::PasskeyRefusal;
use crate::vocabulary::hash::sha256;

/// The store for which passkeys are made.
#[derive(Clone, Copy, Debug)]
pub struct RelyingParty<'a> {
    /// The host of the store, to which its passkeys belong.
    pub host: &'a str,
    /// The origin of its pages.
    pub origin: &'a str,
}

/// What a browser sends of a new passkey.
#[derive(Clone, Copy, Debug)]
pub struct RegistrationAnswer<'a> {
    /// The credential id, as the browser names it.
    pub id: &'a [u8],
    /// The client data, as the authenticator saw its hash.
    pub client_data: &'a [u8],
    /// The attestation object.
    pub attestation: &'a [u8],
}

/// A passkey that was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredPasskey {
    /// The credential id.
    pub id: Box<[u8]>,
    /// The public key in the form of COSE.
    pub key: Box<[u8]>,
    /// The counter of its signatures; 0 for an authenticator that counts none.
    pub counter: u32,
    /// The model of the authenticator, or zeros. Nothing proves it.
    pub aaguid: [u8; 16],
    /// Whether it may be synchronized between devices.
    pub backup_eligible: bool,
    /// Whether it is.
    pub backed_up: bool,
}

/// What is known of a passkey that is used.
#[derive(Clone, Copy, Debug)]
pub struct KnownPasskey<'a> {
    /// The public key in the form of COSE.
    pub key: &'a [u8],
    /// The counter of its last use.
    pub counter: u32,
    /// What was said at its registration.
    pub backup_eligible: bool,
}

/// What a browser sends of a passkey that is used.
#[derive(Clone, Copy, Debug)]
pub struct AssertionAnswer<'a> {
    /// The client data, as the authenticator saw its hash.
    pub client_data: &'a [u8],
    /// The authenticator data.
    pub authenticator_data: &'a [u8],
    /// The signature of both.
    pub signature: &'a [u8],
}

/// What a use changes of a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasskeyUse {
    /// The counter of this use.
    pub counter: u32,
    /// Whether the passkey is synchronized between devices now.
    pub backed_up: bool,
}

/// Judges a new passkey. Its attestation proves nothing here, so a statement of any format is passed over.
pub fn register(store: RelyingParty<'_>, challenge: &[u8], answer: RegistrationAnswer<'_>) -> Result<RegisteredPasskey, PasskeyRefusal> {
    check_client_data(answer.client_data, PasskeyCeremony::Registration, challenge, store.origin)?;
    let written = authenticator_data_of(answer.attestation).ok_or(PasskeyRefusal::UnreadableAttestation)?;
    let AuthenticatorData { counter, backup_eligible, backed_up, credential } = AuthenticatorData::read(written, store.host)?;
    let credential = credential.ok_or(PasskeyRefusal::UnreadableAuthenticatorData)?;
    if credential.id != answer.id {
        return Err(PasskeyRefusal::WrongCredential);
    }
    let (id, key) = (credential.id.into(), credential.key.into());
    Ok(RegisteredPasskey { id, key, counter, aaguid: credential.aaguid, backup_eligible, backed_up })
}

/// Judges the use of a passkey.
pub fn assert(
    store: RelyingParty<'_>,
    challenge: &[u8],
    known: KnownPasskey<'_>,
    answer: AssertionAnswer<'_>,
) -> Result<PasskeyUse, PasskeyRefusal> {
    check_client_data(answer.client_data, PasskeyCeremony::Assertion, challenge, store.origin)?;
    let said = AuthenticatorData::read(answer.authenticator_data, store.host)?;
    if said.credential.is_some() {
        return Err(PasskeyRefusal::UnreadableAuthenticatorData);
    }
    if said.backup_eligible != known.backup_eligible {
        return Err(PasskeyRefusal::WrongBackupState);
    }
    let mut reader = CborReader::new(known.key);
    let key = PasskeyPublicKey::read(&mut reader).filter(|_| reader.rest().is_empty()).ok_or(PasskeyRefusal::UnusableKey)?;
    let signed = [answer.authenticator_data, &sha256::<32>(answer.client_data)].concat();
    if !key.has_signed(&signed, answer.signature) {
        return Err(PasskeyRefusal::WrongSignature);
    }
    if known.counter > 0 && said.counter <= known.counter {
        return Err(PasskeyRefusal::CounterWentBack);
    }
    Ok(PasskeyUse { counter: said.counter, backed_up: said.backed_up })
}

/// Whether these bytes can be a credential id.
pub fn is_credential_id(id: &[u8]) -> bool {
    (1..=LONGEST_ID).contains(&id.len())
}

/// The authenticator data in an attestation object, whose three members may come in any order.
fn authenticator_data_of(attestation: &[u8]) -> Option<&[u8]> {
    let mut reader = CborReader::new(attestation);
    if reader.map()? != 3 {
        return None;
    }
    let (mut format, mut statement, mut data) = (None, None, None);
    for _ in 0..3 {
        let is_new = match reader.text()? {
            "fmt" => format.replace(reader.text()?).is_none(),
            "attStmt" => statement.replace(reader.skip_map()?).is_none(),
            "authData" => data.replace(reader.bytes()?).is_none(),
            _ => false,
        };
        if !is_new {
            return None;
        }
    }
    data.filter(|_| reader.rest().is_empty())
}

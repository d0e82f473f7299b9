//! An authenticator in software: it makes passkeys and signs with them, and does anything wrong that a test wants.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria::world::random;
use serde_json::json;
use sha2_of::sha256;

/// The flags of authenticator data.
pub const PRESENT: u8 = 1;
pub const VERIFIED: u8 = 4;
pub const BACKUP_ELIGIBLE: u8 = 8;
pub const BACKED_UP: u8 = 16;
pub const HAS_CREDENTIAL: u8 = 64;
pub const HAS_EXTENSIONS: u8 = 128;

/// The algorithms of authenticators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    Es256,
    EdDsa,
    Rs256,
}

enum AuthenticatorKey {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(RsaKeyPair),
}

/// One passkey with its private key.
pub struct SoftwareAuthenticator {
    key: AuthenticatorKey,
    /// The credential id.
    pub id: Vec<u8>,
    /// The user handle, once the passkey was made for a user.
    pub user: Vec<u8>,
    pub counter: u32,
    /// The flags of all that it signs.
    pub flags: u8,
    /// The host and the origin of which it believes to be asked.
    pub host: String,
    pub origin: String,
}

impl SoftwareAuthenticator {
    /// A new passkey for a store.
    pub fn new(kind: KeyKind, origin: &str) -> Self {
        let key = match kind {
            KeyKind::Es256 => AuthenticatorKey::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key")),
            KeyKind::EdDsa => AuthenticatorKey::EdDsa(Ed25519KeyPair::generate().expect("a key")),
            KeyKind::Rs256 => AuthenticatorKey::Rs256(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key")),
        };
        let host = url::Url::parse(origin).expect("an origin").host_str().expect("a host").to_owned();
        let id = random::bytes::<32>().to_vec();
        let flags = PRESENT | VERIFIED | BACKUP_ELIGIBLE | BACKED_UP;
        Self { key, id, user: Vec::new(), counter: 0, flags, host, origin: origin.to_owned() }
    }

    /// What the browser would say of a ceremony: `webauthn.create` or `webauthn.get`.
    pub fn client_data(&self, ceremony: &str, challenge: &str) -> Vec<u8> {
        json!({ "type": ceremony, "challenge": challenge, "origin": self.origin, "crossOrigin": false }).to_string().into_bytes()
    }

    /// The public key in the form of COSE.
    pub fn public_key(&self) -> Vec<u8> {
        match &self.key {
            AuthenticatorKey::Es256(pair) => {
                let point = pair.public_key().as_ref();
                map(&[
                    (int(1), int(2)),
                    (int(3), int(-7)),
                    (int(-1), int(1)),
                    (int(-2), bytes(&point[1..33])),
                    (int(-3), bytes(&point[33..])),
                ])
            }
            AuthenticatorKey::EdDsa(pair) => {
                map(&[(int(1), int(1)), (int(3), int(-8)), (int(-1), int(6)), (int(-2), bytes(pair.public_key().as_ref()))])
            }
            AuthenticatorKey::Rs256(pair) => {
                let public = pair.public_key();
                let (n, e) = (public.modulus().big_endian_without_leading_zero(), public.exponent().big_endian_without_leading_zero());
                map(&[(int(1), int(3)), (int(3), int(-257)), (int(-1), bytes(n)), (int(-2), bytes(e))])
            }
        }
    }

    /// The authenticator data of a use, or of a new passkey with its public key.
    pub fn authenticator_data(&self, new: Option<&[u8]>) -> Vec<u8> {
        let flags = self.flags | if new.is_some() { HAS_CREDENTIAL } else { 0 };
        let mut data = [&sha256(self.host.as_bytes())[..], &[flags], &self.counter.to_be_bytes()].concat();
        if let Some(key) = new {
            let length = u16::try_from(self.id.len()).expect("it is short").to_be_bytes();
            data.extend([&[7; 16][..], &length, &self.id, key].concat());
        }
        data
    }

    /// The attestation object of a new passkey, without a statement.
    pub fn attestation(&self) -> Vec<u8> {
        attestation_with(&self.authenticator_data(Some(&self.public_key())))
    }

    /// The signature of a use.
    pub fn sign(&self, authenticator_data: &[u8], client_data: &[u8]) -> Vec<u8> {
        let message = [authenticator_data, &sha256(client_data)].concat();
        let chance = SystemRandom::new();
        match &self.key {
            AuthenticatorKey::Es256(pair) => pair.sign(&chance, &message).expect("it signs").as_ref().to_vec(),
            AuthenticatorKey::EdDsa(pair) => pair.sign(&message).as_ref().to_vec(),
            AuthenticatorKey::Rs256(pair) => {
                let (mut signature, encoding): (_, &dyn RsaEncoding) = (vec![0; pair.public_modulus_len()], &RSA_PKCS1_SHA256);
                pair.sign(encoding, &chance, &message, &mut signature).expect("it signs");
                signature
            }
        }
    }

    /// The fields of the form that adds the passkey.
    pub fn registration(&self, challenge: &str) -> Vec<(&'static str, String)> {
        let client_data = self.client_data("webauthn.create", challenge);
        [("credential", self.id.clone()), ("clientData", client_data), ("attestation", self.attestation())].map(encoded).into()
    }

    /// The fields of the form that signs in.
    pub fn assertion(&mut self, challenge: &str) -> Vec<(&'static str, String)> {
        let (client_data, data) = (self.client_data("webauthn.get", challenge), self.authenticator_data(None));
        let signature = self.sign(&data, &client_data);
        let fields = [
            ("credential", self.id.clone()),
            ("clientData", client_data),
            ("authenticatorData", data),
            ("signature", signature),
            ("user", self.user.clone()),
        ];
        fields.map(encoded).into()
    }
}

fn encoded((name, value): (&'static str, Vec<u8>)) -> (&'static str, String) {
    (name, URL_SAFE_NO_PAD.encode(value))
}

/// An attestation object around authenticator data.
pub fn attestation_with(data: &[u8]) -> Vec<u8> {
    map(&[(text("fmt"), text("none")), (text("attStmt"), map(&[])), (text("authData"), bytes(data))])
}

/// A head of CBOR: the kind, and a number or a length in its shortest form.
pub fn head(kind: u8, number: u64) -> Vec<u8> {
    let kind = kind << 5;
    match number {
        0..24 => vec![kind | u8::try_from(number).expect("it is small")],
        24..0x100 => vec![kind | 0x18, u8::try_from(number).expect("it is small")],
        0x100..0x1_0000 => [&[kind | 0x19][..], &u16::try_from(number).expect("it is small").to_be_bytes()].concat(),
        _ => [&[kind | 0x1a][..], &u32::try_from(number).expect("it is small").to_be_bytes()].concat(),
    }
}

pub fn int(number: i64) -> Vec<u8> {
    if number < 0 { head(1, number.unsigned_abs() - 1) } else { head(0, number.unsigned_abs()) }
}

pub fn bytes(bytes: &[u8]) -> Vec<u8> {
    [head(2, bytes.len() as u64), bytes.to_vec()].concat()
}

pub fn text(text: &str) -> Vec<u8> {
    [head(3, text.len() as u64), text.as_bytes().to_vec()].concat()
}

pub fn map(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let entries_of_map = entries.iter().flat_map(|(key, value)| [key.clone(), value.clone()].concat());
    head(5, entries.len() as u64).into_iter().chain(entries_of_map).collect()
}

/// SHA-256.
mod sha2_of {
    use aws_lc_rs::digest::{SHA256, digest};

    pub(crate) fn sha256(text: &[u8]) -> [u8; 32] {
        digest(&SHA256, text).as_ref().try_into().expect("it is 32 bytes long")
    }
}

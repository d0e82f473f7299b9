//! The public key of a passkey, in the form of COSE (RFC 9053) that WebAuthn prescribes.

use crate::passkeys::cbor::CborReader;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};

/// The parameters of a key, by their labels.
const KIND: i64 = 1;
const ALGORITHM: i64 = 3;
const CURVE: i64 = -1;

/// The algorithms by their numbers, the one that is wanted most first, as a request for a new passkey lists them.
pub(crate) const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];
const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

/// The exponent of every RSA key that an authenticator makes.
const RSA_EXPONENT: [u8; 3] = [1, 0, 1];

pub(crate) enum PasskeyPublicKey<'a> {
    Parsed(ParsedPublicKey),
    Rsa { modulus: &'a [u8] },
}

/// The parameters of a key that have been read.
#[derive(Default)]
struct CoseParameters<'a> {
    kind: Option<i64>,
    algorithm: Option<i64>,
    curve: Option<i64>,
    /// Of an RSA key, the modulus.
    modulus: Option<&'a [u8]>,
    /// What the labels -2 and -3 hold: the coordinates of a point, or the exponent of an RSA key.
    second: Option<&'a [u8]>,
    third: Option<&'a [u8]>,
}

impl<'a> PasskeyPublicKey<'a> {
    /// Reads a key, which ends where the reader then stands. It holds all parameters of its algorithm and no others.
    pub(crate) fn read(reader: &mut CborReader<'a>) -> Option<Self> {
        let parameters = CoseParameters::read(reader)?;
        match parameters {
            CoseParameters { kind: Some(2), algorithm: Some(ES256), curve: Some(1), modulus: None, second: Some(x), third: Some(y) } => {
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                // The uncompressed form: 4, then both coordinates.
                let point = [&[4][..], x, y].concat();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).ok().map(Self::Parsed)
            }
            CoseParameters { kind: Some(1), algorithm: Some(EDDSA), curve: Some(6), modulus: None, second: Some(x), third: None } => {
                if x.len() != 32 {
                    return None;
                }
                ParsedPublicKey::new(&ED25519, x).ok().map(Self::Parsed)
            }
            CoseParameters { kind: Some(3), algorithm: Some(RS256), curve: None, modulus: Some(modulus), second: Some(e), third: None } => {
                let is_usable = (256..=1024).contains(&modulus.len()) && modulus.first() != Some(&0) && *e == RSA_EXPONENT;
                is_usable.then_some(Self::Rsa { modulus })
            }
            CoseParameters { .. } => None,
        }
    }

    /// Whether the signature of the message was made with the key.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Parsed(key) => key.verify_sig(message, signature).is_ok(),
            Self::Rsa { modulus } => {
                let key = PublicKeyComponents { n: *modulus, e: RSA_EXPONENT.as_slice() };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
        }
    }
}

impl<'a> CoseParameters<'a> {
    fn read(reader: &mut CborReader<'a>) -> Option<Self> {
        let mut found = Self::default();
        for _ in 0..reader.map()? {
            let label = reader.integer()?;
            let is_new = match label {
                KIND => found.kind.replace(reader.integer()?).is_none(),
                ALGORITHM => found.algorithm.replace(reader.integer()?).is_none(),
                // The kind comes first, and says what the label -1 is.
                CURVE if found.kind == Some(3) => found.modulus.replace(reader.bytes()?).is_none(),
                CURVE => found.curve.replace(reader.integer()?).is_none(),
                -2 => found.second.replace(reader.bytes()?).is_none(),
                -3 => found.third.replace(reader.bytes()?).is_none(),
                _ => false,
            };
            if !is_new {
                return None;
            }
        }
        Some(found)
    }
}

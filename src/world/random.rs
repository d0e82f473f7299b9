//! Random bytes, and key pairs for one run of the program, for tests and trials.

use crate::session::token_algorithm::TokenAlgorithm;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::sync::OnceLock;

/// Random bytes. If the system has none, the request panics, because nothing is safe without them.
pub fn bytes<const MANY: usize>() -> [u8; MANY] {
    let mut bytes = [0; MANY];
    aws_lc_rs::rand::fill(&mut bytes).expect("the machine's source of chance works");
    bytes
}

/// A random id of 128 bits, for sessions and users.
pub fn id() -> Box<str> {
    URL_SAFE_NO_PAD.encode(bytes::<16>()).into()
}

/// A fresh signing key, as PKCS#8. A key of RSA takes a part of a second, so no request and no async worker may wait for it.
pub(crate) fn signing_key(algorithm: TokenAlgorithm) -> Vec<u8> {
    match algorithm {
        TokenAlgorithm::Es256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("the machine's source of chance works");
            pair.to_pkcs8v1().expect("a fresh key can be written").as_ref().to_vec()
        }
        TokenAlgorithm::Rs256 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("the machine's source of chance works");
            AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).expect("a fresh key can be written").as_ref().to_vec()
        }
    }
}

/// A key pair as PEM.
#[derive(Clone, Debug)]
pub struct PemKeyPair {
    /// The private key in PKCS#8.
    pub(crate) private: String,
    /// The public half; empty where only a JWK of it is needed.
    pub public: String,
}

/// One of two RSA pairs. They stay the same throughout a run, because generating them takes a while.
pub fn rsa_pair(stranger: bool) -> &'static PemKeyPair {
    static OWN: OnceLock<PemKeyPair> = OnceLock::new();
    static STRANGERS: OnceLock<PemKeyPair> = OnceLock::new();
    let pair = if stranger { &STRANGERS } else { &OWN };
    pair.get_or_init(|| {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("the machine's source of chance works");
        let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).expect("a fresh key can be written");
        let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).expect("a fresh key can be written");
        PemKeyPair { private: pem("PRIVATE KEY", private.as_ref()), public: pem("PUBLIC KEY", public.as_ref()) }
    })
}

/// A pair on P-256, or P-384.
pub(crate) fn ec_pair(wide: bool) -> PemKeyPair {
    let algorithm = if wide { &ECDSA_P384_SHA384_FIXED_SIGNING } else { &ECDSA_P256_SHA256_FIXED_SIGNING };
    let pair = EcdsaKeyPair::generate(algorithm).expect("the machine's source of chance works");
    let private = pair.to_pkcs8v1().expect("a fresh key can be written");
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).expect("a fresh key can be written");
    PemKeyPair { private: pem("PRIVATE KEY", private.as_ref()), public: pem("PUBLIC KEY", public.as_ref()) }
}

/// A pair of Ed25519.
pub(crate) fn ed25519_pair() -> PemKeyPair {
    let pair = Ed25519KeyPair::generate().expect("the machine's source of chance works");
    let private = pair.to_pkcs8v1().expect("a fresh key can be written");
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).expect("a fresh key can be written");
    PemKeyPair { private: pem("PRIVATE KEY", private.as_ref()), public: pem("PUBLIC KEY", public.as_ref()) }
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<&str> = base64.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

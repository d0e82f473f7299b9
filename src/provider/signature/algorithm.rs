//! The algorithms of a signature over parameters, and how a signature is written.

use crate::choice;
use crate::vocabulary::hash::hex;
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use md5::{Digest as _, Md5};

choice! {
    /// How parameters are signed.
    pub(crate) enum SignatureAlgorithm {
        /// MD5.
        Md5 = "md5",
        /// SHA-1.
        Sha1 = "sha1",
        /// SHA-256.
        Sha256 = "sha256",
        /// HMAC with SHA-1.
        HmacSha1 = "hmacSha1",
        /// HMAC with SHA-256.
        HmacSha256 = "hmacSha256",
        /// HMAC with SHA-512.
        HmacSha512 = "hmacSha512",
        /// RSA (PKCS#1) with SHA-256.
        RsaSha256 = "rsaSha256",
    }
}

choice! {
    /// How the signature is written.
    pub(crate) enum SignatureEncoding {
        /// Hexadecimal, small letters.
        Hex = "hex",
        /// Hexadecimal, capital letters.
        HexUpper = "hexUpper",
        /// Base64.
        Base64 = "base64",
        /// Base64 for addresses.
        Base64Url = "base64url",
    }
}

/// How the bytes of a signature are made.
pub(crate) enum SignatureKind {
    /// With a pair of RSA keys.
    Rsa,
    /// From the text alone.
    Digest(fn(&[u8]) -> Vec<u8>),
    /// From the text and a secret.
    Hmac(hmac::Algorithm),
}

impl SignatureAlgorithm {
    pub(crate) fn kind(self) -> SignatureKind {
        match self {
            Self::Md5 => SignatureKind::Digest(|text| Md5::digest(text).to_vec()),
            Self::Sha1 => SignatureKind::Digest(|text| digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text).as_ref().to_vec()),
            Self::Sha256 => SignatureKind::Digest(|text| digest::digest(&digest::SHA256, text).as_ref().to_vec()),
            Self::HmacSha1 => SignatureKind::Hmac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            Self::HmacSha256 => SignatureKind::Hmac(hmac::HMAC_SHA256),
            Self::HmacSha512 => SignatureKind::Hmac(hmac::HMAC_SHA512),
            Self::RsaSha256 => SignatureKind::Rsa,
        }
    }
}

impl SignatureEncoding {
    pub(crate) fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => hex(bytes),
            Self::HexUpper => hex(bytes).to_uppercase(),
            Self::Base64 => STANDARD.encode(bytes),
            Self::Base64Url => URL_SAFE_NO_PAD.encode(bytes),
        }
    }

    pub(crate) fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex | Self::HexUpper => (text.is_ascii() && text.len().is_multiple_of(2))
                .then(|| (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..)?.get(..2)?, 16).ok()).collect())?,
            Self::Base64 => STANDARD.decode(text).ok(),
            Self::Base64Url => URL_SAFE_NO_PAD.decode(text).ok(),
        }
    }
}

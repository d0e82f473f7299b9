//! TLS for requests to providers: which authorities are trusted, and why a certificate is not.

use crate::vocabulary::no_answer::{CertificateFault, NoAnswer, TlsFault};
use chrono::NaiveDateTime;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;
use std::fmt;
use std::sync::Arc;

/// At most so many hosts of a certificate are named.
const MOST_HOSTS: usize = 2;

/// TLS for all clients, so that the certificate authorities of the machine are read once. `further` are authorities that are trusted
/// beside them. The second value is why the machine has none.
pub(crate) fn tls_config(further: &TrustedAuthorities) -> (ClientConfig, Option<String>) {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&[&TLS13, &TLS12]);
    let builder = builder.expect("it has both versions");
    // Without the further ones, which would hide that the machine has none.
    let missing = Verifier::new(Arc::clone(&provider)).err().map(|error| error.to_string());
    let machine = Verifier::new_with_extra_roots(further.0.iter().cloned(), provider).ok();
    let verifier = Arc::new(ExplainingVerifier { machine, has_own_authorities: missing.is_none() });
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (config, missing)
}

/// Certificate authorities that are trusted beside those of the machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedAuthorities(Vec<CertificateDer<'static>>);

impl TrustedAuthorities {
    /// Adds the certificates of a PEM file, or none of them.
    pub(crate) fn add(&mut self, pem: &[u8]) -> Result<(), AuthorityFault> {
        if count(pem, b"-----BEGIN ") != count(pem, b"-----END ") {
            return Err(AuthorityFault::CutOff);
        }
        let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(|_| AuthorityFault::NoCertificate)?;
        let is_readable = |certificate: &CertificateDer<'static>| RootCertStore::empty().add(certificate.clone()).is_ok();
        if certificates.is_empty() || !certificates.iter().all(is_readable) {
            return Err(AuthorityFault::NoCertificate);
        }
        self.0.extend(certificates);
        Ok(())
    }
}

/// Why a PEM file names no authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthorityFault {
    /// It holds no certificate, or something that is none.
    NoCertificate,
    /// A certificate begins in it and does not end.
    CutOff,
}

/// How often a text begins a line of another one.
fn count(text: &[u8], wanted: &[u8]) -> usize {
    text.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| line.trim_ascii_start().starts_with(wanted)).count()
}

/// The verifier of the machine, which also says whether a certificate that no authority signed is signed by itself, and whether the machine has
/// authorities at all. It accepts nothing that the machine does not accept.
#[derive(Debug)]
struct ExplainingVerifier {
    /// `None` where there are no authorities at all, of the machine or of the settings: every certificate is refused.
    machine: Option<Verifier>,
    /// Whether the machine has authorities besides those that the settings name.
    has_own_authorities: bool,
}

impl ExplainingVerifier {
    fn machine(&self) -> Result<&Verifier, rustls::Error> {
        self.machine.as_ref().ok_or(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))
    }
}

impl ServerCertVerifier for ExplainingVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.machine().and_then(|machine| machine.verify_server_cert(certificate, others, host, ocsp, now));
        verified.map_err(|error| match error {
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::Other(_))
                if is_signed_by_itself(certificate) =>
            {
                rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(NoAuthority::SignedByItself))))
            }
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)
                if !self.has_own_authorities =>
            {
                rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(NoAuthority::NoneHere))))
            }
            other => other,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.machine().and_then(|machine| machine.verify_tls12_signature(message, certificate, signed))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.machine().and_then(|machine| machine.verify_tls13_signature(message, certificate, signed))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Why a certificate has no authority that is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoAuthority {
    /// Its issuer is its subject.
    SignedByItself,
    /// This machine has no authorities.
    NoneHere,
}

impl fmt::Display for NoAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignedByItself => "the certificate is signed by itself",
            Self::NoneHere => "this machine has no certificate authorities",
        })
    }
}

impl std::error::Error for NoAuthority {}

/// Parts of a certificate (RFC 5280 4.1).
struct CertificateParts<'c> {
    issuer: &'c [u8],
    validity: &'c [u8],
    subject: &'c [u8],
}

fn parts_of(certificate: &[u8]) -> Option<CertificateParts<'_>> {
    let (signed, _) = der_value(certificate)?;
    let (mut fields, _) = der_value(signed)?;
    // The version is tagged and may be missing.
    if fields.first() == Some(&0xa0) {
        fields = der_value(fields)?.1;
    }
    let (_serial, fields) = der_value(fields)?;
    let (_algorithm, fields) = der_value(fields)?;
    let (issuer, fields) = der_value(fields)?;
    let (validity, fields) = der_value(fields)?;
    let (subject, _) = der_value(fields)?;
    Some(CertificateParts { issuer, validity, subject })
}

/// Whether the issuer of a certificate is its subject.
fn is_signed_by_itself(certificate: &[u8]) -> bool {
    parts_of(certificate).is_some_and(|parts| parts.issuer == parts.subject)
}

/// Until when a certificate is valid, in seconds since 1970.
pub(crate) fn end_of_validity(certificate: &[u8]) -> Option<i64> {
    /// The tag of a time whose year has four digits.
    const LONG_TIME: u8 = 0x18;
    let (_begin, end) = der_value(parts_of(certificate)?.validity)?;
    let text = std::str::from_utf8(der_value(end)?.0).ok()?;
    // A year of two digits is one from 1950 to 2049.
    let text = match end.first() {
        Some(&LONG_TIME) => text.to_owned(),
        _ if text.starts_with(['0', '1', '2', '3', '4']) => format!("20{text}"),
        _ => format!("19{text}"),
    };
    NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%SZ").ok().map(|time| time.and_utc().timestamp())
}

/// The value of the first element of a DER text, and what follows it.
fn der_value(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_tag, rest) = text.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let length = digits.iter().try_fold(0_usize, |length, digit| length.checked_mul(256)?.checked_add(usize::from(*digit)))?;
        (length, rest)
    };
    rest.split_at_checked(length)
}

/// Why no secure connection came about.
pub(crate) fn classify_tls_error(error: &rustls::Error) -> NoAnswer {
    match error {
        rustls::Error::InvalidCertificate(fault) => NoAnswer::Certificate(classify_certificate_error(fault)),
        rustls::Error::InvalidMessage(_)
        | rustls::Error::InappropriateMessage { .. }
        | rustls::Error::InappropriateHandshakeMessage { .. } => NoAnswer::Tls(TlsFault::NotSpoken),
        rustls::Error::PeerIncompatible(_) | rustls::Error::AlertReceived(_) | rustls::Error::PeerMisbehaved(_) => {
            NoAnswer::Tls(TlsFault::NothingInCommon)
        }
        _ => NoAnswer::Unreachable,
    }
}

fn classify_certificate_error(error: &CertificateError) -> CertificateFault {
    match error {
        // An authority of this name is trusted, with another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => CertificateFault::UnknownAuthority,
        CertificateError::Expired => CertificateFault::Expired(None),
        CertificateError::ExpiredContext { time, not_after } => CertificateFault::Expired(time.as_secs().checked_sub(not_after.as_secs())),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => CertificateFault::NotYetValid,
        CertificateError::NotValidForName => CertificateFault::OtherHost(Vec::new()),
        CertificateError::NotValidForNameContext { presented, .. } => {
            CertificateFault::OtherHost(presented.iter().filter_map(|name| host_in(name)).take(MOST_HOSTS).collect())
        }
        CertificateError::Other(OtherError(why)) => match why.downcast_ref::<NoAuthority>() {
            Some(NoAuthority::SignedByItself) => CertificateFault::SelfSigned,
            Some(NoAuthority::NoneHere) => CertificateFault::NoAuthorities,
            None => CertificateFault::Unusable,
        },
        _ => CertificateFault::Unusable,
    }
}

/// The name of a host in a name of a certificate, such as `DnsName("acme.example")`.
fn host_in(presented: &str) -> Option<Box<str>> {
    let name = presented.split('"').nth(1).unwrap_or(presented);
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'*');
    ((1..=100).contains(&name.len()) && name.contains('.') && name.bytes().all(is_host)).then(|| name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_no_certificate_is_signed_by_no_one() {
        for text in [&b""[..], b"\x30", b"\x30\x05\x30\x80", b"\x30\x84\xff\xff\xff\xff\x30", &[0x30; 64]] {
            assert!(!is_signed_by_itself(text), "{text:?}");
        }
    }

    #[test]
    fn a_file_that_holds_something_else_has_no_authorities() {
        for text in ["", "ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert_eq!(TrustedAuthorities::default().add(text.as_bytes()), Err(AuthorityFault::NoCertificate), "{text}");
        }
    }

    #[test]
    fn a_file_whose_end_is_missing_is_cut_off() {
        let whole = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in [
            &format!("{whole}-----BEGIN CERTIFICATE-----\nAAAA\n"),
            "-----BEGIN CERTIFICATE-----\nAAAA",
            "-----BEGIN CERTIFICATE-----\r\nAAAA\r\n-----END",
        ] {
            assert_eq!(TrustedAuthorities::default().add(text.as_bytes()), Err(AuthorityFault::CutOff), "{text}");
        }
    }

    #[test]
    fn only_names_of_hosts_are_shown_of_a_certificate() {
        for (presented, shown) in [
            ("DnsName(\"outra.example\")", Some("outra.example")),
            ("*.acme.example", Some("*.acme.example")),
            ("DnsName(\"ana silva@x\")", None),
            ("IpAddress([127, 0, 0, 1])", None),
        ] {
            assert_eq!(host_in(presented).as_deref(), shown, "{presented}");
        }
    }
}

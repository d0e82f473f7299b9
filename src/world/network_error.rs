//! From an error of the client to the reason that there is no answer. Nothing of an address is kept.

use crate::vocabulary::no_answer::{NoAnswer, Slowness, WaitingFor};
use crate::world::tls::classify_tls_error;
use std::error::Error;
use std::time::Duration;
use std::{fmt, io};

/// How far an answer had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerProgress {
    /// Nothing of it had come.
    None,
    /// Its head had come, and so many bytes of its body.
    Begun(usize),
}

/// How long a connection, and how long the whole answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeLimits {
    pub(crate) connect: Duration,
    pub(crate) answer: Duration,
}

/// None of the addresses of the host may be reached.
#[derive(Debug)]
pub(crate) struct ForbiddenAddress;

impl fmt::Display for ForbiddenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the address may not be reached from here")
    }
}

impl Error for ForbiddenAddress {}

/// The name of the host has no address.
#[derive(Debug)]
pub(crate) struct UnknownHost;

impl fmt::Display for UnknownHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of the host was not found")
    }
}

impl Error for UnknownHost {}

/// What the client says of an error, and the errors behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientError<'e> {
    pub(crate) is_timeout: bool,
    pub(crate) is_connecting: bool,
    pub(crate) is_decoding: bool,
    pub(crate) source: Option<&'e (dyn Error + 'static)>,
}

pub(crate) fn classify_error(error: ClientError<'_>, progress: AnswerProgress, limits: TimeLimits) -> NoAnswer {
    if error.is_timeout {
        return NoAnswer::TooSlow(slowness(error.is_connecting, progress, limits));
    }
    let mut cause = error.source;
    while let Some(inner) = cause {
        if let Some(found) = classify_cause(inner, progress) {
            return found;
        }
        cause = inner.source();
    }
    if error.is_decoding { NoAnswer::Packed } else { NoAnswer::Unreachable }
}

fn slowness(is_connecting: bool, progress: AnswerProgress, limits: TimeLimits) -> Slowness {
    let TimeLimits { connect, answer } = limits;
    match progress {
        AnswerProgress::Begun(_) => Slowness { waited: answer, phase: WaitingFor::Rest },
        AnswerProgress::None if is_connecting => Slowness { waited: connect.min(answer), phase: WaitingFor::Connection },
        // A connection that takes longer than it may is given up before.
        AnswerProgress::None if connect < answer => Slowness { waited: answer, phase: WaitingFor::Answer },
        AnswerProgress::None => Slowness { waited: answer, phase: WaitingFor::Anything },
    }
}

/// What one error of a chain says, if it says anything.
fn classify_cause(error: &(dyn Error + 'static), progress: AnswerProgress) -> Option<NoAnswer> {
    let ended = || match progress {
        AnswerProgress::None => NoAnswer::Closed,
        AnswerProgress::Begun(came) => NoAnswer::CutOff(came),
    };
    if error.is::<ForbiddenAddress>() {
        return Some(NoAnswer::Forbidden);
    }
    if error.is::<UnknownHost>() {
        return Some(NoAnswer::HostUnknown);
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(classify_tls_error(error));
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return if error.is_incomplete_message() { Some(ended()) } else { error.is_parse().then_some(NoAnswer::NotHttp) };
    }
    let error = error.downcast_ref::<io::Error>()?;
    // An error that another one carries is not among its sources.
    if let Some(found) = error.get_ref().and_then(|inner| classify_cause(inner, progress)) {
        return Some(found);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some(NoAnswer::ConnectionRefused),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => Some(NoAnswer::ConnectionReset),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => Some(NoAnswer::NoRoute),
        io::ErrorKind::UnexpectedEof => Some(ended()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_waited_for_follows_from_how_far_the_answer_came() {
        let limits = TimeLimits { connect: Duration::from_secs(3), answer: Duration::from_secs(10) };
        let short = TimeLimits { answer: Duration::from_secs(2), ..limits };
        for (is_connecting, progress, limits, waited, phase) in [
            (true, AnswerProgress::None, limits, 3, WaitingFor::Connection),
            (true, AnswerProgress::None, short, 2, WaitingFor::Connection),
            (false, AnswerProgress::None, limits, 10, WaitingFor::Answer),
            (false, AnswerProgress::None, short, 2, WaitingFor::Anything),
            (false, AnswerProgress::Begun(7), limits, 10, WaitingFor::Rest),
        ] {
            assert_eq!(slowness(is_connecting, progress, limits), Slowness { waited: Duration::from_secs(waited), phase });
        }
    }

    #[test]
    fn a_name_without_an_address_is_an_unknown_host() {
        let outer = io::Error::other(UnknownHost);

        assert_eq!(classify_cause(&outer, AnswerProgress::None), Some(NoAnswer::HostUnknown));
    }

    #[test]
    fn an_error_within_an_error_is_found() {
        let within = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::InvalidCertificate(rustls::CertificateError::Expired));
        let outer = io::Error::other(within);

        let found = classify_cause(&outer, AnswerProgress::None);

        assert!(matches!(found, Some(NoAnswer::Certificate(_))), "{found:?}");
    }
}

//! Why a request to a provider has no answer. Nothing here holds an address, because an address may contain secrets.

use std::fmt;
use std::time::Duration;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// There was no connection, or it broke, and no more is known.
    Unreachable,
    /// The name of the host was not found.
    HostUnknown,
    /// No program listens at the port.
    ConnectionRefused,
    /// The connection was broken by the other side.
    ConnectionReset,
    /// No route leads to the address.
    NoRoute,
    /// The proxy of the settings opened no connection, or could not be reached itself.
    Proxy,
    /// This installation may not call the address.
    Forbidden,
    /// The request cannot be written as one of HTTP.
    NotSendable,
    /// The certificate of the server is not accepted.
    Certificate(CertificateFault),
    /// No secure connection was agreed on.
    Tls(TlsFault),
    /// No answer arrived in time.
    TooSlow(Slowness),
    /// The answer is longer than what is read.
    TooLarge(Oversize),
    /// The connection ended before an answer began.
    Closed,
    /// The answer ended before it was whole; how many bytes of its body had come.
    CutOff(usize),
    /// The body is packed in a way that cannot be undone.
    Packed,
    /// What came is no answer of HTTP.
    NotHttp,
}

/// What is wrong with the certificate of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// An authority signed it that this machine does not trust.
    UnknownAuthority,
    /// The same, and this machine has no authorities but those that the settings name.
    NoAuthorities,
    /// The connection went through the proxy of the settings, and no authority signed it that this machine trusts.
    ThroughProxy,
    /// It is signed by itself.
    SelfSigned,
    /// It has expired; for how many seconds, if that is known.
    Expired(Option<u64>),
    /// It is not valid yet, by the clock of this machine.
    NotYetValid,
    /// It is for other hosts: their names, as far as they are names.
    OtherHost(Vec<Box<str>>),
    /// Something else is wrong with it.
    Unusable,
}

/// Why no secure connection was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// The server does not speak TLS.
    NotSpoken,
    /// The server and this program have no version or cipher in common.
    NothingInCommon,
}

/// How long was waited, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slowness {
    /// The limit that was reached.
    pub waited: Duration,
    /// What had not come.
    pub phase: WaitingFor,
}

/// What an answer was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingFor {
    /// The connection.
    Connection,
    /// The beginning of the answer.
    Answer,
    /// The rest of the answer.
    Rest,
    /// Either the connection or the answer.
    Anything,
}

/// How large an answer is, and how large it may be, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oversize {
    /// How much is read at most.
    pub limit: usize,
    /// How much there is, if the server announced it.
    pub size: Option<u64>,
}

impl NoAnswer {
    /// A timeout of an answer that did not begin.
    pub fn too_slow(waited: Duration) -> Self {
        Self::TooSlow(Slowness { waited, phase: WaitingFor::Answer })
    }

    /// An answer of this size.
    pub fn too_large(limit: usize, size: usize) -> Self {
        Self::TooLarge(Oversize { limit, size: u64::try_from(size).ok() })
    }
}

impl NoAnswer {
    /// The sentence about another server than a provider's.
    pub(crate) fn sentence_about(&self, server: &str) -> String {
        self.to_string().replace("the provider", server)
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("the provider could not be reached"),
            Self::HostUnknown => f.write_str("the provider could not be reached: the name of its host was not found (DNS)"),
            Self::ConnectionRefused => {
                f.write_str("the provider could not be reached: no program listens at the port of its address (connection refused)")
            }
            Self::ConnectionReset => f.write_str("the provider broke the connection before its answer was whole (connection reset)"),
            Self::NoRoute => f.write_str("the provider could not be reached: this machine has no route to its address"),
            Self::Proxy => f.write_str(
                "the proxy (`outgoingProxy`) opened no connection to the provider: it does not answer, does not allow the host, or wants a user and a password",
            ),
            Self::Forbidden => f.write_str(
                "the address may not be reached from here: it lies in a private network, and `privateHosts` does not list its host",
            ),
            Self::NotSendable => f.write_str("the request holds characters that cannot be sent by HTTP"),
            Self::Certificate(fault) => write!(f, "the provider's certificate is not accepted: {fault}"),
            Self::Tls(TlsFault::NotSpoken) => f.write_str("the server does not speak TLS at the port of the address, which is `https`"),
            Self::Tls(TlsFault::NothingInCommon) => {
                f.write_str("no secure connection came about: the server takes no version of TLS from 1.2 on, or refused it")
            }
            Self::TooSlow(slowness) => write!(f, "the provider did not answer in time: {slowness}"),
            Self::TooLarge(oversize) => write!(f, "the provider's answer is larger than what is read: {oversize}"),
            Self::Closed => f.write_str("the provider closed the connection without an answer"),
            Self::CutOff(came) => write!(f, "the provider's answer ended early, after {} of its body", size_in_words(*came)),
            Self::Packed => f.write_str("the body of the provider's answer cannot be unpacked (`Content-Encoding`)"),
            Self::NotHttp => f.write_str("what the server sent is no answer of HTTP"),
        }
    }
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAuthority => f.write_str("an authority signed it that this machine does not trust"),
            Self::NoAuthorities => f.write_str(
                "an authority signed it that this machine does not trust, and the machine has no authorities of its own (install `ca-certificates`)",
            ),
            Self::ThroughProxy => f.write_str(
                "no authority signed it that this machine trusts, and it came through the proxy (`outgoingProxy`): one that opens TLS has an authority of its own",
            ),
            Self::SelfSigned => f.write_str("it is signed by itself, and this machine does not trust it"),
            Self::Expired(Some(seconds)) => write!(f, "it expired {} ago", in_words(*seconds)),
            Self::Expired(None) => f.write_str("it has expired"),
            Self::NotYetValid => f.write_str("it is not valid yet, by the clock of this machine"),
            Self::OtherHost(names) if names.is_empty() => f.write_str("it is for another host"),
            Self::OtherHost(names) => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                write!(f, "it is for {}, and not for the host of the address", names.join(" and "))
            }
            Self::Unusable => f.write_str("it, or the one of its authority, is not made as certificates of servers have to be"),
        }
    }
}

impl fmt::Display for Slowness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waited = self.waited.as_secs_f64();
        match self.phase {
            WaitingFor::Connection => write!(f, "there was no connection within {waited} s"),
            WaitingFor::Answer => write!(f, "it accepted the connection, and sent nothing within {waited} s"),
            WaitingFor::Rest => write!(f, "its answer began, and was not whole within {waited} s"),
            WaitingFor::Anything => write!(f, "nothing came within {waited} s"),
        }
    }
}

impl fmt::Display for Oversize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.size {
            Some(size) => write!(
                f,
                "it has {}, and {} are read",
                size_in_words(usize::try_from(size).unwrap_or(usize::MAX)),
                size_in_words(self.limit)
            ),
            None => write!(f, "it has more than the {} that are read", size_in_words(self.limit)),
        }
    }
}

/// A number of bytes in its largest unit.
fn size_in_words(bytes: usize) -> String {
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

/// A span of time in its largest unit.
pub(crate) fn in_words(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_waited_for_and_how_large_an_answer_is_stand_in_the_sentence() {
        let slow = |phase| NoAnswer::TooSlow(Slowness { waited: Duration::from_millis(1500), phase }).to_string();

        assert!(slow(WaitingFor::Connection).ends_with("there was no connection within 1.5 s"));
        assert!(slow(WaitingFor::Rest).ends_with("its answer began, and was not whole within 1.5 s"));
        assert!(NoAnswer::too_large(10, 12).to_string().ends_with("it has 12 bytes, and 10 bytes are read"));
    }

    #[test]
    fn a_span_of_time_has_one_unit() {
        for (seconds, expected) in
            [(1, "1 second"), (119, "119 seconds"), (150, "2 minutes"), (7_200, "2 hours"), (172_800, "2 days"), (8_640_000, "100 days")]
        {
            assert_eq!(in_words(seconds), expected);
        }
    }
}

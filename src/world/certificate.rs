//! Whether a server takes a connection, and until when its certificate is valid. Nothing but the beginning of a connection is sent.

use crate::vocabulary::no_answer::{NoAnswer, Slowness, WaitingFor};
use crate::world::tls::{TrustedAuthorities, classify_tls_error, end_of_validity, tls_config};
use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

/// How long a connection, and each answer of the server, may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The end of the validity of a server's certificate, in seconds since 1970. A certificate that is not accepted is a reason as for any request.
pub(crate) fn expiry(host: &str, port: u16, authorities: &TrustedAuthorities) -> Result<i64, NoAnswer> {
    let mut stream = connect(host, port)?;
    let patience = stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
    patience.map_err(|error| reason(&error))?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| NoAnswer::NotSendable)?;
    let begun = ClientConnection::new(Arc::new(tls_config(authorities).0), name);
    let mut connection = begun.map_err(|error| classify_tls_error(&error))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).map_err(|error| reason(&error))?;
    }
    let certificate = connection.peer_certificates().and_then(|chain| chain.first()).ok_or(NoAnswer::Closed)?;
    end_of_validity(certificate).ok_or(NoAnswer::NotHttp)
}

/// A connection to one of the addresses of a host.
pub(crate) fn connect(host: &str, port: u16) -> Result<TcpStream, NoAnswer> {
    let mut fault = NoAnswer::HostUnknown;
    for address in (host, port).to_socket_addrs().map_err(|_| NoAnswer::HostUnknown)? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => fault = reason(&error),
        }
    }
    Err(fault)
}

fn reason(error: &io::Error) -> NoAnswer {
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return classify_tls_error(error);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => NoAnswer::ConnectionRefused,
        io::ErrorKind::ConnectionReset => NoAnswer::ConnectionReset,
        io::ErrorKind::UnexpectedEof => NoAnswer::Closed,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            NoAnswer::TooSlow(Slowness { waited: PATIENCE, phase: WaitingFor::Connection })
        }
        _ => NoAnswer::Unreachable,
    }
}

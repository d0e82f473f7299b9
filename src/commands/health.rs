//! `portaria health`: asks the broker on this machine whether it can work, for the health check of a container.

use crate::commands::GlobalOptions;
use crate::commands::outcome::{CommandFailure, CommandOutcome, print_line};
use crate::commands::serve::{address, listen_address};
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Fetch as _, LARGEST_ANSWER, Method, Request, Response};
use crate::world::addresses::NetworkPolicy;
use crate::world::network::Network;
use crate::world::tls::TrustedAuthorities;
use clap::Args;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// How long the answer may take. Health checks of containers wait longer.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Ask the broker on this machine whether it can work.
#[derive(Debug, Args)]
pub(crate) struct HealthCommand {
    /// The address and port at which the broker listens [default: as `serve` finds it]
    #[arg(long, env = "PORTARIA_LISTEN", value_name = "ADDRESS", value_parser = address)]
    listen: Option<SocketAddr>,
}

impl HealthCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let address = on_this_machine(listen_address(self.listen, &global.settings()?)?);
        let request = Request {
            method: Method::Get,
            address: Text::plain(format!("http://{address}/health/ready")),
            headers: Vec::new(),
            body: None,
            largest: LARGEST_ANSWER,
            timeout: TIMEOUT,
        };
        let (network, _) =
            Network::new(NetworkPolicy { everything: true, ..NetworkPolicy::default() }, &TrustedAuthorities::default(), None);
        let answer = actix_web::rt::System::new().block_on(async { network.send(&request).await });
        let Response { status, body, .. } =
            answer.map_err(|fault| CommandFailure::No(format!("{address}: {}", fault.sentence_about("the broker"))))?;
        print_line(&format!("{} {}", if status == 200 { "ready" } else { "not ready" }, String::from_utf8_lossy(&body).trim()));
        Ok(if status == 200 { CommandOutcome::Fine } else { CommandOutcome::No })
    }
}

/// Where a program on the same machine reaches a listener: one that listens everywhere is asked on loopback.
pub(crate) fn on_this_machine(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listener.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_for_the_network_is_asked_on_loopback() {
        for (listener, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("10.77.0.11:8081", "10.77.0.11:8081"),
            ("127.0.0.1:80", "127.0.0.1:80"),
        ] {
            assert_eq!(on_this_machine(listener.parse().expect("an address")).to_string(), asked);
        }
    }
}

//! Hosts: which texts are hosts, which hosts are this machine, and the patterns of `hosts` for addresses with holes.

use crate::provider::template::Template;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::names::Slot;
use crate::vocabulary::words::Reader;

/// Checks the patterns of `hosts`.
pub(crate) fn check_host_patterns(hosts: &[Template], settings: &[Slot], loopback: bool, reader: &mut Reader) {
    for pattern in hosts {
        if let Some(used) = pattern.uses().find(|used| !settings.contains(&used.fact)) {
            reader.complain(
                used.place,
                "only a setting or `publicUrl` may stand in a pattern of `hosts`",
                "what comes from outside must not choose where secrets are sent; write the pattern out, or take the value from `settings`",
            );
        }
        let text = pattern.as_literal().unwrap_or_else(|| "x.example".to_owned());
        if text.contains("://") || text.contains('/') {
            reader.complain(
                pattern.place,
                format!("`{text}` is an address, not a host"),
                "write only the host: `*.shops.example` or `sso.acme.example:8443`",
            );
        } else if text.split('.').any(|label| label.is_empty() || (label.contains('*') && label != "*")) {
            reader.complain(
                pattern.place,
                format!("`{text}` is not a pattern of a host"),
                "write `*` for exactly one whole label: `*.shops.example`",
            );
        } else if is_loopback(&text) && !loopback {
            reader.complain(pattern.place, format!("`{text}` is this machine itself"), "name the provider's hosts");
        } else if !is_host(&text.replace('*', "x")) {
            reader.complain(
                pattern.place,
                format!("`{}` is not a pattern of a host", printable(&text)),
                "write letters, digits, `-`, dots and `*`: `*.shops.example`",
            );
        } else if text.rsplit('.').take(2).filter(|label| *label != "*").count() < 2 && !is_loopback(&text) {
            reader.complain(
                pattern.place,
                format!("`{text}` would allow any host"),
                "name at least the last two labels: `*.shops.example`",
            );
        }
    }
}

/// Whether a host matches a pattern in which `*` stands for one label; a port must be written in the pattern to be allowed.
pub(crate) fn host_matches(pattern: &str, host: &str) -> bool {
    let labels = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (pattern, host) = (labels(pattern), labels(host));
    pattern.len() == host.len()
        && pattern.iter().zip(&host).all(|(pattern, label)| {
            (pattern == "*" && !label.is_empty() && !label.contains(':')) || (pattern == label && !label.is_empty())
        })
}

/// Whether a text can be a host, with or without a port.
pub(crate) fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => ("v6.example", port),
            _ => return false,
        },
        None => host.find(':').map_or((host, ""), |at| host.split_at(at)),
    };
    let port_is_fine = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let label_is_fine =
        |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    port_is_fine && name.len() <= 253 && name.split('.').all(label_is_fine)
}

/// Whether a host (with or without a port) is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => {
            let address = rest.split(']').next().and_then(|address| address.parse::<std::net::Ipv6Addr>().ok());
            let is_local = |address: std::net::Ipv6Addr| {
                let inner = address.to_ipv4_mapped();
                address.is_loopback()
                    || address.is_unspecified()
                    || inner.is_some_and(|inner| inner.is_loopback() || inner.is_unspecified())
            };
            return address.is_some_and(is_local);
        }
        None => host.split(':').next().unwrap_or(host),
    };
    let name = name.trim_end_matches('.');
    let is_local = |address: std::net::Ipv4Addr| address.is_loopback() || address.is_unspecified();
    name == "localhost" || name.ends_with(".localhost") || name.parse().is_ok_and(is_local)
}

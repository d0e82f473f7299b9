//! A host under which services inside the network reach what is meant for programs, as `internalHosts` names it.

use crate::provider::hosts::is_host;
use crate::stores::settings::{SettingsSpec, browser_host};
use crate::vocabulary::place::Located;
use crate::vocabulary::words::Reader;
use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};

/// A name or an address, without a port, in the form in which hosts are compared.
pub(crate) fn parse_internal_host(text: &str) -> Option<Box<str>> {
    let in_brackets = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = in_brackets {
        return address.parse::<Ipv6Addr>().ok().map(|address| address.to_string().into());
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_string().into());
    }
    (is_host(text) && !text.contains(':')).then(|| text.to_ascii_lowercase().into())
}

/// The same of the host of a request, which may have a port.
pub(crate) fn host_without_port(host: &str) -> Option<Box<str>> {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') => (name, Some(port)),
        Some(_) | None => (host, None),
    };
    // An address of IPv6 stands in brackets here.
    if name.contains(':') && !name.starts_with('[') || port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return None;
    }
    parse_internal_host(name)
}

/// Complains about hosts that are none, and about those that do not choose one store.
pub(crate) fn check_internal_hosts(spec: &SettingsSpec, reader: &mut Reader) {
    let stores = || std::iter::once(spec).chain(spec.stores.iter().flat_map(|stores| &stores.0).map(|(_, store)| &**store));
    let public: Vec<Box<str>> = stores().filter_map(|store| host_without_port(&browser_host(&store.public_url.as_ref()?.value)?)).collect();
    // A proxy on such a host asks about the store that sends people back there.
    let returns = stores().filter_map(|store| store.return_to.as_ref()).flat_map(|list| &list.0);
    let shops: Vec<Box<str>> = returns.filter_map(|origin| host_without_port(&browser_host(&origin.value)?)).collect();
    let mut seen: HashSet<Box<str>> = HashSet::new();
    for host in stores().filter_map(|store| store.internal_hosts.as_ref()).flat_map(|list| &list.0) {
        let Some(known) = parse_internal_host(&host.value) else {
            complain_of(
                host,
                "is not a host",
                "write a name or an address without scheme, port and path: `portaria.loja.svc.cluster.local`",
                reader,
            );
            continue;
        };
        if public.contains(&known) {
            let help = "leave it out: services reach everything under the address of the store";
            complain_of(host, "is the host of a `publicUrl`", help, reader);
        } else if shops.contains(&known) {
            let help = "give services a host of their own: under this one `/auth` answers for the store that has it in `returnTo`";
            complain_of(host, "is a host of `returnTo`", help, reader);
        } else if !seen.insert(known) {
            complain_of(host, "is named twice", "give each store hosts of its own, because the host chooses the store", reader);
        }
    }
}

fn complain_of(host: &Located<String>, what: &str, help: &str, reader: &mut Reader) {
    reader.complain(host.place, format!("`{}` {what}", host.value), help);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_compared_without_its_port_and_an_address_in_one_form() {
        for (host, known) in [
            ("portaria.svc:8080", Some("portaria.svc")),
            ("Portaria.SVC", Some("portaria.svc")),
            ("10.0.0.5:8080", Some("10.0.0.5")),
            ("[FD00:0::5]:8080", Some("fd00::5")),
            ("[fd00::5]", Some("fd00::5")),
            ("fd00::5", None),
            ("portaria.svc:", None),
            ("portaria.svc:80800", None),
            ("user@portaria.svc", None),
            ("portaria.svc,evil.example", None),
            ("portaria.svc/x", None),
            ("[portaria.svc]", None),
            ("", None),
            (":8080", None),
        ] {
            assert_eq!(host_without_port(host).as_deref(), known, "{host}");
        }
    }
}

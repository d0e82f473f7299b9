//! Which network addresses may be reached: the public ones, and those that the operator lists.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address belongs to the public network. Everything that IANA lists for special use does not.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match (a, b, c) {
        // This network, private ones, loopback, link-local, carriers' own, multicast and what is reserved.
        (0 | 10 | 127 | 224.., ..) | (169, 254, _) | (192, 168, _) | (100, 64..=127, _) | (172, 16..=31, _) |
        // Protocol assignments, documentation, relays of 6to4, benchmarks, AS112.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18..=19, _) | (198, 51, 100) | (203, 0, 113) |
        (192, 31, 196) | (192, 52, 193) | (192, 175, 48) => true,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let parts = address.segments();
    // Only 2000::/3 is handed out; of it, Teredo, benchmarks, ORCHID, documentation and 6to4 lead elsewhere. Translated
    // addresses (64:ff9b::) lie outside of it.
    let handed_out = parts[0] & 0xe000 == 0x2000;
    let special = match parts[0] {
        0x2001 => parts[1] < 0x0200 || parts[1] == 0x0db8,
        0x2002 => true,
        0x3fff => parts[1] < 0x1000,
        _ => false,
    };
    handed_out && !special
}

/// Which addresses may be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NetworkPolicy {
    /// Every address, because the installation itself is on loopback.
    pub(crate) everything: bool,
    /// Hosts whose addresses may be private.
    pub(crate) private_hosts: Vec<Box<str>>,
}

impl NetworkPolicy {
    pub(crate) fn allows(&self, host: &str, address: IpAddr) -> bool {
        self.everything || is_public(address) || self.private_hosts.iter().any(|listed| listed.eq_ignore_ascii_case(host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack P-02
    #[test]
    fn special_addresses_are_not_public_in_any_spelling() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "::7f00:1",
        ] {
            assert!(!is_public(address.parse().expect("an address")), "{address}");
        }
        for address in
            ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111", "2001:4860:4860::8888", "::ffff:8.8.8.8"]
        {
            assert!(is_public(address.parse().expect("an address")), "{address}");
        }
    }
}

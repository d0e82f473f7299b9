//! A network address or a block of them, as `trustedProxies` names it.

use crate::vocabulary::place::Located;
use crate::vocabulary::words::OneOrMany;
use std::net::IpAddr;

/// A block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IpNetwork {
    address: IpAddr,
    width: u8,
}

impl IpNetwork {
    /// Parses an address, or a network such as `10.0.0.0/8`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, width) = text.split_once('/').map_or((text, None), |(address, width)| (address, Some(width)));
        let address: IpAddr = address.parse().ok()?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let width = width.map_or(Some(widest), |width| width.parse().ok().filter(|width| *width <= widest))?;
        Some(Self { address, width })
    }

    /// Whether every address belongs to it.
    pub(crate) fn is_everything(self) -> bool {
        self.width == 0
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        fn bits(address: IpAddr) -> (u128, u8) {
            match address {
                IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
                IpAddr::V6(address) => (u128::from(address), 128),
            }
        }
        let ((own, all), (other, of)) = (bits(self.address), bits(address.to_canonical()));
        let beyond = u32::from(all.saturating_sub(self.width));
        all == of && own.checked_shr(beyond).unwrap_or(0) == other.checked_shr(beyond).unwrap_or(0)
    }
}

/// The proxies of a store. On loopback its own addresses are trusted as well; `None` if the settings had to name them and do not.
pub(crate) fn trusted_networks(written: Option<&OneOrMany<Located<String>>>, loopback: bool) -> Option<Vec<IpNetwork>> {
    let on_loopback: &[&str] = if loopback { &["127.0.0.0/8", "::1"] } else { &[] };
    let listed = written.into_iter().flat_map(|list| &list.0).map(|text| text.value.as_str());
    // The word `none` is no network.
    let proxies = listed.chain(on_loopback.iter().copied()).filter_map(IpNetwork::parse).collect();
    (loopback || written.is_some()).then_some(proxies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_its_own_and_no_neighbours() {
        for (block, address, held) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.7", "10.0.0.7", true),
            ("10.0.0.7", "10.0.0.8", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "10.0.0.1", false),
            ("::1", "::2", false),
        ] {
            assert_eq!(IpNetwork::parse(block).map(|block| block.contains(address.parse().unwrap())), Some(held), "{block} {address}");
        }
        assert_eq!(IpNetwork::parse("10.0.0.0/33"), None);
    }
}

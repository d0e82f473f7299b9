//! Rate limits, with one number for each client address and kind of request, in a table of fixed size.
//!
//! The number is the moment at which the budget will be full again (the generic cell rate algorithm), so nothing is counted
//! down. An IPv6 address counts as its /64 network.

use crate::vocabulary::hash::sha256;
use quick_cache::sync::Cache;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The size of the table.
const MOST: usize = 50_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RateLimitKind {
    Page,
    /// Checks of a text that staff are editing.
    Editor,
    Login,
    Callback,
    /// Codes sent by mail.
    Mail,
    Session,
    /// Checks by proxies that are not trusted.
    Auth,
    /// Requests of an app that proved who it is.
    App,
    /// Apps that did not prove who they are.
    WrongProof,
}

impl RateLimitKind {
    pub(crate) const ALL: [Self; 9] =
        [Self::Page, Self::Editor, Self::Login, Self::Callback, Self::Mail, Self::Session, Self::Auth, Self::App, Self::WrongProof];

    /// Its word in metrics.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Editor => "editor",
            Self::Login => "login",
            Self::Callback => "callback",
            Self::Mail => "mail",
            Self::Session => "session",
            Self::Auth => "auth",
            Self::App => "app",
            Self::WrongProof => "wrong_proof",
        }
    }
}

pub(crate) struct RateLimits {
    full: Cache<(RateLimitKind, u32, IpAddr), Arc<AtomicI64>>,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { full: Cache::new(MOST) }
    }
}

impl RateLimits {
    /// Takes one request from the budget of an address at a store. The error is the number of seconds until the next is allowed.
    /// The budget holds twice the rate of a minute.
    pub(crate) fn take(&self, kind: RateLimitKind, store: u32, address: IpAddr, per_minute: u32, now_ms: i64) -> Result<(), u64> {
        // In microseconds, so that the rate is kept where a millisecond allows several requests.
        let (now, rate) = (now_ms.saturating_mul(1000), i64::from(per_minute.max(1)));
        let step = 60_000_000_i64.checked_div(rate).unwrap_or(1).max(1);
        let room = step.saturating_mul(rate).saturating_mul(2);
        let latest = now.saturating_add(room);
        let cell = self.full.get_or_insert_with::<_, Infallible>(&(kind, store, address_bucket(address)), || Ok(Arc::default()));
        let cell = cell.unwrap_or_default();
        let taken = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full| {
            // After the clock was set back, no budget is in the far future.
            let full = full.clamp(now, latest).saturating_add(step);
            (full <= latest).then_some(full)
        });
        taken.map(|_| ()).map_err(|full| {
            let wait = full.clamp(now, latest).saturating_add(step).saturating_sub(latest);
            u64::try_from(wait).unwrap_or_default().div_ceil(1_000_000).max(1)
        })
    }
}

impl RateLimits {
    /// The number of seconds until a budget allows the next request, if it is used up. It takes nothing.
    pub(crate) fn wait(&self, kind: RateLimitKind, store: u32, address: IpAddr, per_minute: u32, now_ms: i64) -> Option<u64> {
        let cell = self.full.get(&(kind, store, address_bucket(address)))?;
        let (now, rate) = (now_ms.saturating_mul(1000), i64::from(per_minute.max(1)));
        let step = 60_000_000_i64.checked_div(rate).unwrap_or(1).max(1);
        let latest = now.saturating_add(step.saturating_mul(rate).saturating_mul(2));
        let late = cell.load(Ordering::Relaxed).clamp(now, latest).saturating_add(step).saturating_sub(latest);
        (late > 0).then(|| u64::try_from(late).unwrap_or_default().div_ceil(1_000_000).max(1))
    }
}

/// The budget of an app: an address that no client has stands for its name.
pub(crate) fn app_bucket(name: &str) -> IpAddr {
    // Addresses that begin with eight ones are multicast, and nothing comes from them.
    let network = u64::from_be_bytes(sha256(name.as_bytes())) | 0xff00_0000_0000_0000;
    Ipv6Addr::from(u128::from(network) << 64).into()
}

/// The network that counts as one visitor.
pub(crate) fn address_bucket(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)).into(),
    }
}

/// The network around one: the /48 of IPv6, which a provider assigns to one customer, who has many networks in it, or the /24 of IPv4, the
/// smallest that is routed by itself. People who have nothing to do with each other may share a /24.
pub(crate) fn wide_network(network: IpAddr) -> IpAddr {
    match network.to_canonical() {
        IpAddr::V4(address) => Ipv4Addr::from(u32::from(address) & !(u32::MAX >> 24)).into(),
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & !(u128::MAX >> 48)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_networks_lie_in_a_wide_one() {
        for (network, wide) in [
            ("2001:db8:7:1234::1", "2001:db8:7::"),
            ("2001:db8:8::", "2001:db8:8::"),
            ("192.0.2.1", "192.0.2.0"),
            ("::ffff:192.0.2.255", "192.0.2.0"),
            ("192.0.3.0", "192.0.3.0"),
        ] {
            assert_eq!(wide_network(address(network)).to_string(), wide, "{network}");
        }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_budget_holds_two_minutes_and_fills_again() {
        let limits = RateLimits::default();
        let take = |now| limits.take(RateLimitKind::Login, 0, address("192.0.2.1"), 10, now);

        assert!((0..20).all(|_| take(0).is_ok()));
        assert_eq!(take(0), Err(6));
        assert_eq!(take(5_000), Err(1));
        assert!(take(6_000).is_ok());
        assert_eq!(take(6_000), Err(6));
        assert!((0..20).all(|_| take(600_000).is_ok()), "it is full again, and no fuller");
        assert!(take(600_000).is_err());
    }

    #[test]
    fn addresses_kinds_and_stores_have_budgets_of_their_own_and_a_64_has_one() {
        let limits = RateLimits::default();
        let take = |kind, store, from: &str| limits.take(kind, store, address(from), 1, 0).is_ok();

        assert!(take(RateLimitKind::Login, 0, "2001:db8::1") && take(RateLimitKind::Login, 0, "2001:db8::2"));
        assert!(!take(RateLimitKind::Login, 0, "2001:db8::ffff"), "the same /64");
        assert!(take(RateLimitKind::Login, 0, "2001:db8:0:1::1"));
        assert!(take(RateLimitKind::Callback, 0, "2001:db8::1") && take(RateLimitKind::Login, 1, "2001:db8::1"));
        assert!(take(RateLimitKind::Login, 0, "192.0.2.1") && take(RateLimitKind::Login, 0, "::ffff:192.0.2.1"));
        assert!(!take(RateLimitKind::Login, 0, "192.0.2.1"));
    }

    #[test]
    fn a_rate_of_several_requests_in_a_millisecond_is_a_limit_too() {
        for rate in [7_000, 70_000] {
            let limits = RateLimits::default();
            let allowed = (0..200_000).filter(|_| limits.take(RateLimitKind::Page, 0, address("192.0.2.1"), rate, 0).is_ok()).count();
            assert_eq!(allowed, rate as usize * 2);
        }
    }

    #[test]
    fn a_budget_that_is_used_up_can_be_seen_without_taking_from_it() {
        let limits = RateLimits::default();
        let wait = |now| limits.wait(RateLimitKind::WrongProof, 0, address("192.0.2.1"), 1, now);
        let take = || limits.take(RateLimitKind::WrongProof, 0, address("192.0.2.1"), 1, 0);

        assert_eq!((wait(0), take(), wait(0), take()), (None, Ok(()), None, Ok(())));
        assert_eq!((wait(0), wait(0), wait(59_000), wait(60_000)), (Some(60), Some(60), Some(1), None));
    }

    #[test]
    fn an_app_has_a_budget_of_its_own() {
        let limits = RateLimits::default();
        let take = |bucket| limits.take(RateLimitKind::App, 0, bucket, 1, 0).is_ok();

        assert!(take(app_bucket("painel")) && take(app_bucket("other")) && take(app_bucket("painel")));
        assert!(!take(app_bucket("painel")));
    }

    /// Attack R-02
    #[test]
    fn a_million_addresses_do_not_make_the_table_grow() {
        let limits = RateLimits::default();

        for at in 0..1_000_000_u32 {
            let _ = limits.take(RateLimitKind::Page, 0, Ipv4Addr::from(at).into(), 10, 0);
        }

        assert!(limits.full.len() <= MOST);
    }
}

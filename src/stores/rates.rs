//! How many requests and connections an address may have, from the settings.

use crate::stores::settings::limits::{LimitsSpec, RatesSpec};
use crate::vocabulary::place::Located;
use std::num::NonZeroU32;

/// How many connections an address may have where the settings do not say.
const MOST_CONNECTIONS: u32 = 200;

/// Rates per minute for each address, and the mails of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rates {
    pub(crate) login: u32,
    pub(crate) callback: u32,
    pub(crate) mail: u32,
    pub(crate) session: u32,
    /// Checks by proxies that are not trusted.
    pub(crate) auth: u32,
    /// Mails with codes that the store sends in a day.
    pub(crate) mails_per_day: u32,
}

impl Rates {
    /// The rates that apply where the settings name none.
    pub(crate) const USUAL: Self = Self { login: 10, callback: 30, mail: 10, session: 600, auth: 60, mails_per_day: 5000 };
}

/// The rates of a store; `None` for no limits.
pub(crate) fn compile_rates(limits: Option<&LimitsSpec>) -> Option<Rates> {
    if matches!(limits, Some(LimitsSpec::Off(_))) {
        return None;
    }
    let rates = limits.and_then(LimitsSpec::rates);
    let rate = |pick: fn(&RatesSpec) -> Option<&Located<NonZeroU32>>, usual| rates.and_then(pick).map_or(usual, |rate| rate.value.get());
    let Rates { login, callback, mail, session, auth, mails_per_day } = Rates::USUAL;
    Some(Rates {
        login: rate(|rates| rates.login.as_ref(), login),
        callback: rate(|rates| rates.callback.as_ref(), callback),
        mail: rate(|rates| rates.mail.as_ref(), mail),
        session: rate(|rates| rates.session.as_ref(), session),
        auth: rate(|rates| rates.auth.as_ref(), auth),
        mails_per_day: rate(|rates| rates.mails_per_day.as_ref(), mails_per_day),
    })
}

/// How many connections an address may have; `None` for any number.
pub(crate) fn most_connections(limits: Option<&LimitsSpec>) -> Option<u32> {
    if matches!(limits, Some(LimitsSpec::Off(_))) {
        return None;
    }
    let connections = limits.and_then(LimitsSpec::rates).and_then(|rates| rates.connections.as_ref());
    Some(connections.map_or(MOST_CONNECTIONS, |most| most.value.get()))
}

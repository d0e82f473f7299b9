//! The block `limits` of the settings: how many requests an address may make, or `off`.

use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::{Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::{YamlKind, YamlNode};
use crate::words;
use std::num::NonZeroU32;

words! {
    /// How many requests a minute each address may make at a store, and how many connections it may have open. An IPv6 address counts
    /// as its /64 network.
    pub(crate) struct RatesSpec ("limits block") {
        /// Starts of a login. Pages cost less, so of them there may be twelve times as many.
        /// Default: `10`
        /// Example: `login: 5`
        login: Option<Located<NonZeroU32>> = "login",
        /// Callbacks from providers, and codes that are typed.
        /// Default: `30`
        /// Example: `callback: 10`
        callback: Option<Located<NonZeroU32>> = "callback",
        /// Codes that are sent by mail.
        /// Default: `10`
        /// Example: `mail: 5`
        mail: Option<Located<NonZeroU32>> = "mail",
        /// Codes that the store sends by mail in a day, to all people together. A tenth of them, at most, goes to requests of one address of
        /// the network, a fifth to those of a /24 of IPv4, and a tenth to those of a /48 of IPv6; 20 go to one e-mail address. A quarter is
        /// kept for the addresses of people who have signed in before: when the rest is used up, a page says so, and only they get codes,
        /// three a day each. No answer says which addresses these are. The log has a line, and the metric `portaria_unsent_mails` counts
        /// what is not sent. A store with many sign-ins by mail needs more.
        /// Default: `5000`
        /// Example: `mailsPerDay: 20000`
        mails_per_day: Option<Located<NonZeroU32>> = "mailsPerDay",
        /// Requests to `/session` and its relatives. An app that proves who it is at `/token`, `/introspect` or `/revoke` has a budget of its
        /// own, twenty times as large.
        /// Default: `600`
        /// Example: `session: 1200`
        session: Option<Located<NonZeroU32>> = "session",
        /// Requests to `/auth` from peers that are no trusted proxy.
        /// Default: `60`
        /// Example: `auth: 120`
        auth: Option<Located<NonZeroU32>> = "auth",
        /// Connections that are open at once, at all stores together. Trusted proxies may have any number. A store cannot set it.
        /// Default: `200`
        /// Example: `connections: 100`
        connections: Option<Located<NonZeroU32>> = "connections",
    }
}

impl WordValue for Located<NonZeroU32> {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        let number: Option<i128> = text.parse().ok();
        let allowed = number.and_then(|number| u32::try_from(number).ok()).and_then(NonZeroU32::new);
        match (allowed, number) {
            (Some(allowed), _) => return Some(Self::new(allowed, text.place)),
            (None, Some(number)) if number < 1 => {
                reader.complain(text.place, format!("a limit of {number} allows no request"), "write 1 or more");
            }
            (None, Some(number)) => {
                let help = "write `limits: off` where nothing is to be limited, or a smaller number";
                reader.complain(text.place, format!("{number} is more than the highest limit, {}", u32::MAX), help);
            }
            (None, None) => {
                reader.complain(text.place, format!("`{}` is not a whole number", text.value), "write digits only, such as `10`");
            }
        }
        None
    }
    fn shape() -> ValueShape {
        ValueShape::Number
    }
}

/// The value of `limits`.
#[derive(Clone, Debug)]
pub(crate) enum LimitsSpec {
    /// No limits, with the place where that is written.
    Off(Place),
    Rates(RatesSpec),
}

impl LimitsSpec {
    /// The block, unless there are no limits.
    pub(crate) fn rates(&self) -> Option<&RatesSpec> {
        match self {
            Self::Off(_) => None,
            Self::Rates(rates) => Some(rates),
        }
    }
}

impl WordValue for LimitsSpec {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        match &node.kind {
            YamlKind::Scalar { text, .. } if text == "off" => Some(Self::Off(node.place)),
            YamlKind::Scalar { text, .. } => {
                let message = format!("`{text}` is neither `off` nor a block of rates");
                reader.complain(node.place, message, "write `limits: off`, or `limits: { login: 10 }`");
                None
            }
            YamlKind::List(_) | YamlKind::Map(_) => RatesSpec::read(node, reader).map(Self::Rates),
        }
    }
    fn shape() -> ValueShape {
        ValueShape::Either(vec![ValueShape::Choice(&["off"]), RatesSpec::shape()])
    }
}

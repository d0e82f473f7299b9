//! A session: its user, its times and its provider. A signed token in a cookie carries it. This module is pure.

pub(crate) mod compact_token;
pub(crate) mod further_facts;
pub(crate) mod hand_over;
pub(crate) mod keys;
pub(crate) mod revocation;
pub mod rotation;
pub mod seal;
pub(crate) mod signing_key;
pub mod token_algorithm;
pub(crate) mod token_claims;
pub(crate) mod token_kind;

use crate::vocabulary::email::Email;

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLifetime {
    /// The longest lifetime, in seconds.
    pub lifetime: i64,
    /// The longest idle time, in seconds.
    pub idle: i64,
}

/// By how many seconds the clocks of two machines may differ.
const CLOCKS_DIFFER: i64 = 60;

/// The user as a session carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionUser {
    /// The stable random id.
    pub uid: Box<str>,
    /// The address at the time of the login; it may be a placeholder.
    pub email: Email,
    /// Whether the address is proven; a placeholder is not.
    pub email_verified: bool,
    /// The name, at most 64 characters.
    pub name: Option<Box<str>>,
    /// The name of the provider's file.
    pub provider: Box<str>,
    /// The id at the provider.
    pub provider_id: Box<str>,
    /// Further facts of the login, by name: those that the settings of the store name.
    pub facts: Vec<(Box<str>, Box<str>)>,
}

impl SessionUser {
    /// A further fact.
    pub(crate) fn fact(&self, name: &str) -> Option<&str> {
        self.facts.iter().find(|(fact, _)| **fact == *name).map(|(_, value)| &**value)
    }
}

/// Where a token of a session counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenReach {
    /// Everywhere, the broker's own pages included.
    Broker,
    /// At the store alone, and at `/auth`, `/session`, `/session/validate` and `/logout`. A token that leaves the broker's own host is
    /// of this kind: a program that reads it cannot act for the person on the broker's own pages.
    Store,
}

/// A session of a user at a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The user who signed in, as of the login.
    pub person: SessionUser,
    /// The store for which it is valid.
    pub(crate) store: Box<str>,
    /// The session's own random id.
    pub sid: Box<str>,
    /// When the login took place.
    pub since: i64,
    /// When this token was signed.
    pub issued: i64,
    /// When it expires unless it is used until then.
    pub until: i64,
    /// When it expires even while it is used. This is fixed at the login, so that storage knows how long to remember its end.
    pub(crate) end: i64,
    /// Where its token counts.
    pub reach: TokenReach,
}

impl Session {
    /// A new session that begins now.
    pub fn open(person: SessionUser, store: &str, sid: Box<str>, lasting: SessionLifetime, now: i64) -> Self {
        let until = now.saturating_add(lasting.idle.min(lasting.lifetime));
        let end = now.saturating_add(lasting.lifetime);
        Self { person, store: store.into(), sid, since: now, issued: now, until, end, reach: TokenReach::Broker }
    }

    /// The same session, for a token that leaves the broker's own host.
    pub(crate) fn for_store(&self) -> Self {
        Self { reach: TokenReach::Store, ..self.clone() }
    }

    /// Whether it has expired. A session from the future counts as expired: the clock was set back by an unknown time.
    pub(crate) fn is_over(&self, now: i64) -> bool {
        now >= self.until || now < self.issued.saturating_sub(CLOCKS_DIFFER)
    }

    /// The latest moment at which a token of this session can be valid.
    pub fn latest_expiry(&self) -> i64 {
        self.end.max(self.until)
    }

    /// The session with a new idle time, once half of the old one has passed and if that extends it.
    pub(crate) fn renewed(&self, lasting: SessionLifetime, now: i64) -> Option<Self> {
        // A longer lifetime in the settings holds for later logins only.
        let until = now.saturating_add(lasting.idle).min(self.since.saturating_add(lasting.lifetime)).min(self.end);
        let is_due = now.saturating_sub(self.issued) >= lasting.idle / 2 && until > self.until && now < self.until;
        is_due.then(|| Self { issued: now, until, ..self.clone() })
    }
}

/// A name as sessions carry it: at most 64 characters, without control characters.
pub(crate) fn short_name(name: &str) -> Option<Box<str>> {
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(64).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.into())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn session(now: i64) -> Session {
        let person = SessionUser {
            uid: "u1".into(),
            email: Email::parse("ana@loja.example").expect("an address"),
            email_verified: true,
            name: Some("Ana".into()),
            provider: "acme".into(),
            provider_id: "42".into(),
            facts: Vec::new(),
        };
        Session::open(person, "main", "s1".into(), SessionLifetime { lifetime: 1000, idle: 100 }, now)
    }

    /// Attack X-06
    #[test]
    fn a_session_slides_while_it_is_used_and_ends_for_good() {
        let lasting = SessionLifetime { lifetime: 130, idle: 100 };
        let session = Session { since: 0, issued: 0, until: 100, end: 130, ..session(0) };

        assert!(!session.is_over(99) && session.is_over(100));
        assert!(!session.is_over(-60) && session.is_over(-61), "the clock was put back");
        assert!(session.renewed(lasting, 49).is_none(), "half of the idle time has not passed");
        let renewed = session.renewed(lasting, 50).expect("it is time");
        assert_eq!((renewed.until, renewed.issued, renewed.since), (130, 50, 0), "the absolute end stays");
        assert_eq!((session.latest_expiry(), renewed.latest_expiry()), (130, 130), "so long its end is remembered");
        assert!(renewed.renewed(lasting, 110).is_none(), "nothing to be gained");
        assert!(session.renewed(lasting, 100).is_none(), "what is over stays over");
        let raised = SessionLifetime { lifetime: 10_000, idle: 100 };
        assert_eq!(session.renewed(raised, 50).map(|session| session.until), Some(130), "a lifetime that was raised is for later logins");
        let lowered = SessionLifetime { lifetime: 110, idle: 100 };
        assert_eq!(session.renewed(lowered, 50).map(|session| session.until), Some(110), "one that was lowered is for all");
    }

    #[test]
    fn a_session_that_is_shorter_than_its_idle_time_ends_at_its_end() {
        let short = Session::open(session(0).person, "main", "s".into(), SessionLifetime { lifetime: 60, idle: 100 }, 1000);
        assert_eq!(short.until, 1060);
    }

    #[test]
    fn a_name_is_cut_at_64_characters() {
        assert_eq!(short_name(&"é".repeat(80)).map(|name| name.chars().count()), Some(64));
        assert_eq!(short_name(" \n\u{7} "), None);
    }
}

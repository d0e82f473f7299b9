//! The fingerprints of a few recent logins of each provider, in memory and for a short time, with which a proposed id is compared.

use crate::login::trace::Trace;
use crate::provider::Provider;
use crate::story::login_fingerprint::{FingerprintKey, LoginFingerprint, SamePerson};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// At most this many logins of one provider are kept.
const MOST_LOGINS: usize = 8;
/// Of these at most this many of one person.
const MOST_OF_PERSON: usize = 2;
/// At most this many providers have logins that are kept.
const MOST_PROVIDERS: usize = 256;
/// How many seconds a login is kept.
const KEPT: i64 = 3600;
/// Where enough logins are kept, a further one is noted after this many seconds.
const PAUSE: i64 = 20;

/// The logins with which one is compared.
#[derive(Clone, Default)]
pub struct LoginsAtHand {
    /// What all fingerprints were made with; `None` where there is no other login.
    pub(crate) key: Option<Arc<FingerprintKey>>,
    pub(crate) logins: Vec<LoginFingerprint>,
}

impl fmt::Debug for LoginsAtHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} logins", self.logins.len())
    }
}

impl LoginsAtHand {
    /// None yet, for logins whose fingerprints are made with this key.
    #[must_use]
    pub fn with_key(key: &[u8; 32]) -> Self {
        Self { key: Some(Arc::new(FingerprintKey::new(key))), logins: Vec::new() }
    }

    /// Whether a real login with this provider succeeded.
    pub(crate) fn has_success(&self) -> bool {
        self.logins.iter().any(|login| login.id.is_some() && !login.is_invented)
    }

    /// Adds a login, with the id that it found.
    pub fn add(&mut self, provider: &Provider, id: Option<&str>, trace: &Trace) {
        let login = self.key.as_ref().and_then(|key| key.of_login(provider, id, trace));
        self.logins.extend(login);
    }

    /// Adds a recorded example, whose person is invented.
    pub fn add_example(&mut self, provider: &Provider, id: Option<&str>, trace: &Trace) {
        let before = self.logins.len();
        self.add(provider, id, trace);
        self.logins.iter_mut().skip(before).for_each(|login| login.is_invented = true);
    }
}

type LoginsByProvider = BTreeMap<(Box<str>, Box<str>), Vec<(i64, LoginFingerprint)>>;

/// The recent logins of all providers of all stores.
pub struct RecentLogins {
    key: Arc<FingerprintKey>,
    logins: Mutex<LoginsByProvider>,
}

impl RecentLogins {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self { key: Arc::new(FingerprintKey::new(key)), logins: Mutex::default() }
    }

    /// A poisoned lock is used as it is: a login is added whole or not at all.
    fn lock(&self) -> MutexGuard<'_, LoginsByProvider> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a login that has ended, with the id that it found.
    pub(crate) fn note(&self, store: &str, provider: &Provider, id: Option<&str>, trace: &Trace, now: i64) {
        let name = (Box::from(store), provider.name.clone());
        let is_due = |list: &Vec<(i64, LoginFingerprint)>| {
            list.len() < MOST_LOGINS || list.last().is_none_or(|(at, _)| now.saturating_sub(*at) >= PAUSE)
        };
        if !self.lock().get(&name).is_none_or(is_due) {
            return;
        }
        let Some(login) = self.key.of_login(provider, id, trace) else { return };
        let mut all = self.lock();
        for list in all.values_mut() {
            list.retain(|(at, _)| now.saturating_sub(*at) < KEPT);
        }
        all.retain(|_, list| !list.is_empty());
        if all.len() >= MOST_PROVIDERS && !all.contains_key(&name) {
            return;
        }
        let list = all.entry(name).or_default();
        let of_person: Vec<usize> =
            list.iter().enumerate().filter(|(_, (_, known))| known.same_person(&login) == SamePerson::Yes).map(|(at, _)| at).collect();
        let dropped = if of_person.len() >= MOST_OF_PERSON { of_person.first().copied() } else { (list.len() >= MOST_LOGINS).then_some(0) };
        if let Some(at) = dropped {
            list.remove(at);
        }
        list.push((now, login));
    }

    /// The recent logins of a provider.
    pub(crate) fn at_hand(&self, store: &str, provider: &str, now: i64) -> LoginsAtHand {
        let all = self.lock();
        let list = all.get(&(Box::from(store), Box::from(provider)));
        let recent = list.into_iter().flatten().filter(|(at, _)| now.saturating_sub(*at) < KEPT);
        LoginsAtHand { key: Some(Arc::clone(&self.key)), logins: recent.map(|(_, login)| login.clone()).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::trace::{ClientTokenUse, Exchange};
    use crate::provider::step::StepKind;
    use crate::provider::{InstallationContext, compile};
    use crate::vocabulary::place::Source;
    use crate::vocabulary::wire::{Request, Response};

    fn acme() -> Provider {
        let text = "name: Acme\ntrustEmail: always\ngetAuthorizationCode: { get: https://idp.example/a }\ngetAccessCode: { post: https://idp.example/t }\n\
                    getUserInfo: { get: https://idp.example/me, read: { id: $.id, email: $.mail } }\n";
        compile(&Source::new("acme.yaml", text), InstallationContext { loopback: false }).0.expect("it compiles")
    }

    fn login(person: usize, status: u16) -> Trace {
        let body = format!("{{\"id\":\"{person}\",\"mail\":\"p{person}@loja.example\"}}").into_bytes();
        let answer = Ok(Response { status, headers: Vec::new(), body });
        let (request, client_token) = (Request::for_document(""), ClientTokenUse::None);
        let exchange =
            Exchange { step: StepKind::GetUserInfo, call: 1, request, answer, forgiven: false, unanswered_repeat: None, client_token };
        Trace { exchanges: vec![exchange], ..Trace::default() }
    }

    #[test]
    fn a_few_logins_are_kept_for_an_hour() {
        let (recent, acme) = (RecentLogins::new(&crate::world::random::bytes()), acme());
        for person in 0..30 {
            recent.note("main", &acme, Some(&person.to_string()), &login(person, 200), 1000);
        }

        assert_eq!(recent.at_hand("main", "acme", 1000).logins.len(), MOST_LOGINS);
        assert_eq!(recent.at_hand("main", "acme", 1000 + KEPT).logins.len(), 0);
        assert_eq!(recent.at_hand("other", "acme", 1000).logins.len(), 0);
    }

    #[test]
    fn one_person_takes_two_places_and_a_refusal_is_not_kept() {
        let (recent, acme) = (RecentLogins::new(&crate::world::random::bytes()), acme());
        recent.note("main", &acme, Some("1"), &login(1, 200), 1000);
        for second in 0..30 {
            recent.note("main", &acme, Some("2"), &login(2, 200), 1000 + second);
        }
        recent.note("main", &acme, None, &login(3, 401), 1060);

        assert_eq!(recent.at_hand("main", "acme", 1060).logins.len(), 1 + MOST_OF_PERSON);
    }
}

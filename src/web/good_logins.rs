//! The last login that worked with each provider: remembered with each login, and written to storage with the counts of drift.

use crate::directory::good_logins::SaveGoodLogin;
use crate::directory::{Directory, StorageUnavailable};
use crate::login::trace::Trace;
use crate::stores::live::LiveProvider;
use crate::story::good_login::GoodLogin;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many logins with a version of a file are looked at closely.
const FIRST_LOGINS: u32 = 20;
/// After that, the answers of one login in so many seconds are.
const LOOK_AGAIN: i64 = 10;
/// The time of a login that shows nothing new is written when the stored one is so many seconds older.
const WRITE_AGAIN: i64 = 300;

/// Logins by store and provider.
type RememberedLogins = HashMap<(Box<str>, Box<str>), RememberedLogin>;

/// The last logins that worked, as this broker has seen them.
#[derive(Default)]
pub struct GoodLogins {
    by_provider: Mutex<RememberedLogins>,
}

struct RememberedLogin {
    login: GoodLogin,
    /// How many logins with this version were looked at, and when the last one was.
    looked_at: (u32, i64),
    /// The time of the login that storage has, if it has the version and all shapes.
    written: Option<i64>,
}

impl RememberedLogin {
    fn is_due(&self) -> bool {
        self.written.is_none_or(|written| self.login.at.saturating_sub(written) >= WRITE_AGAIN)
    }
}

impl GoodLogins {
    fn lock(&self) -> MutexGuard<'_, RememberedLogins> {
        self.by_provider.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a login that worked. `mask` makes the text of the file that may be stored.
    pub(crate) fn remember(&self, store: &str, live_provider: &LiveProvider, trace: &Trace, now: i64, mask: impl FnOnce() -> String) {
        let key = (Box::from(store), live_provider.listed.name.clone());
        let mut is_first = true;
        if let Some(known) = self.lock().get_mut(&key).filter(|known| *known.login.version == *live_provider.version) {
            known.login.at = known.login.at.max(now);
            let (count, at) = known.looked_at;
            if count >= FIRST_LOGINS && now.saturating_sub(at) < LOOK_AGAIN {
                return;
            }
            known.looked_at = (count.saturating_add(1), now);
            is_first = false;
        }
        // Answers and file are read without the lock, so that other logins do not wait.
        let login = GoodLogin::from_trace(&live_provider.provider, trace, &live_provider.version, now);
        let login = if is_first { login.with_file(mask()) } else { login };
        let mut logins = self.lock();
        match logins.get_mut(&key).filter(|known| known.login.version == login.version) {
            Some(known) => {
                let before = known.login.clone();
                known.login.merge(login);
                if !known.login.equals(&before) {
                    known.written = None;
                }
            }
            None => drop(logins.insert(key, RememberedLogin { login, looked_at: (1, now), written: None })),
        }
    }

    /// Writes what is new, and the times that are older than some minutes in storage.
    pub async fn synchronize(&self, directory: &Directory) -> Result<(), StorageUnavailable> {
        let due: Vec<SaveGoodLogin> = self
            .lock()
            .iter()
            .filter(|(_, known)| known.is_due())
            .map(|((store, provider), known)| SaveGoodLogin {
                store: store.clone(),
                provider: provider.clone(),
                login: known.login.clone(),
            })
            .collect();
        for save in due {
            directory.write(save.clone()).await?;
            let SaveGoodLogin { store, provider, login } = save;
            if let Some(known) = self.lock().get_mut(&(store, provider)).filter(|known| known.login.equals(&login)) {
                known.written = Some(login.at);
            }
        }
        Ok(())
    }

    /// The last one with a provider that this broker has seen.
    pub(crate) fn find(&self, store: &str, provider: &str) -> Option<GoodLogin> {
        self.lock().get(&(Box::from(store), Box::from(provider))).map(|known| known.login.clone())
    }
}

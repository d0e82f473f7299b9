//! Who has come in: people and their ways in, sessions that ended, attempts that were spent, incidents, keys.
//!
//! It speaks the words of the domain. Each is a [`Verb`]: what it takes, what it answers, and how, in one SQL for every engine.
//! Every verb is atomic; what it has answered is kept. An engine carries out any verb and knows none.

pub mod attempts; //     spent once
pub mod audit; //        what happened
pub mod incidents; //    stories behind codes
pub mod keys; //         the signing keys, sealed
pub mod linking; //      who somebody is: the decision
pub mod migrations; //   the tables
pub mod users; //       found, shown, blocked, exported, erased
pub(crate) mod postgres; //     one engine
pub(crate) mod probe; //        whether what is written is kept, and what time it is there
pub mod proofs; //       addresses that are being proven
pub mod reasons; //      decisions in words
pub mod sessions; //     those that ended before their time
pub(crate) mod sql; //          what a verb needs of an engine
pub(crate) mod sqlite; //       the other
pub mod tallies; //      what providers' answers are like
pub mod tidy; //         what is over goes
pub mod identity_links; //         linked and unlinked by somebody who is signed in, or by support
pub mod sign_in; //      somebody comes in

use crate::directory::postgres::Postgres;
use crate::directory::probe::ProbeStorage;
use crate::directory::sessions::ReadGenerations;
use crate::directory::sql::{StorageFault, Verb};
use crate::directory::sqlite::Sqlite;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use url::Url;

/// The storage cannot be reached, or could not do it. The reason has been logged; nobody else is to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageUnavailable;

impl fmt::Display for StorageUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the storage is away")
    }
}

impl From<StorageFault> for StorageUnavailable {
    fn from(_: StorageFault) -> Self {
        Self
    }
}

/// Where the directory is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum StorageLocation {
    /// In a file of this machine.
    File(PathBuf),
    /// At a server: its address, with or without a password.
    Server(String),
}

impl fmt::Debug for StorageLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// As it may be shown: an address without who knocks there and with which password. Of what it asks for, it is the place.
impl fmt::Display for StorageLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Server(address) => {
                // What is no address may hold a password anywhere.
                let Ok(url) = Url::parse(address) else { return f.write_str("postgres://…") };
                write!(f, "postgres://{}", url.host_str().unwrap_or_default())?;
                url.port().map_or(Ok(()), |port| write!(f, ":{port}"))?;
                f.write_str(url.path())?;
                let query = url.query().unwrap_or_default().split('&');
                let place = query.filter(|part| part.starts_with("host=") || part.starts_with("port="));
                place.enumerate().try_for_each(|(at, part)| write!(f, "{}{part}", if at == 0 { '?' } else { '&' }))
            }
        }
    }
}

impl StorageLocation {
    /// The file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        if let Self::File(file) = self { Some(file) } else { None }
    }
}

/// The directory.
#[derive(Debug)]
pub struct Directory {
    engine: DirectoryEngine,
    failed: AtomicBool,
}

#[derive(Debug)]
enum DirectoryEngine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Directory {
    /// Opens it, makes it if need be, and brings its tables up to date.
    pub async fn open(storage: &StorageLocation) -> Result<Self, sqlx::Error> {
        let engine = match storage {
            StorageLocation::File(file) => DirectoryEngine::Sqlite(Sqlite::open(file).await?),
            StorageLocation::Server(address) => DirectoryEngine::Postgres(Postgres::open(address).await?),
        };
        Ok(Self { engine, failed: AtomicBool::new(false) })
    }

    /// Does something, as a whole or not at all; the answer means that it is kept.
    pub async fn write<V: Verb>(&self, verb: V) -> Result<V::Answer, StorageUnavailable> {
        let done = match &self.engine {
            DirectoryEngine::Sqlite(engine) => engine.write(Arc::new(verb)).await,
            DirectoryEngine::Postgres(engine) => engine.write(Arc::new(verb)).await,
        };
        self.failed.store(done.is_err(), Ordering::Relaxed);
        done
    }

    /// Whether it can do its work. Whether it takes anything in is tried where it did not the last time: a disk may be full, a
    /// server may be there for reading only.
    pub(crate) async fn is_healthy(&self) -> bool {
        if self.failed.load(Ordering::Relaxed) { self.write(ProbeStorage).await.is_ok() } else { self.read(ReadGenerations).await.is_ok() }
    }

    /// Asks something that changes nothing.
    pub async fn read<V: Verb>(&self, verb: V) -> Result<V::Answer, StorageUnavailable> {
        match &self.engine {
            DirectoryEngine::Sqlite(engine) => engine.read(Arc::new(verb)).await,
            DirectoryEngine::Postgres(engine) => engine.read(Arc::new(verb)).await,
        }
    }

    /// Waits until there is news from other machines. A file is of one machine: there never is any, but another process of it
    /// may have written, so whoever waits asks from time to time as well.
    pub async fn wait_for_news(&self) {
        match &self.engine {
            DirectoryEngine::Sqlite(_) => std::future::pending().await,
            DirectoryEngine::Postgres(engine) => engine.wait_for_news().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_shown_by_its_place_and_never_with_a_password() {
        for (address, shown) in [
            ("postgres://db.loja.example", "postgres://db.loja.example"),
            ("postgres://ana:geheim@db.loja.example:5433/portaria", "postgres://db.loja.example:5433/portaria"),
            ("postgresql://ana@[2001:db8::7]/portaria#geheim", "postgres://[2001:db8::7]/portaria"),
            ("postgres://localhost/portaria?host=/run/x", "postgres://localhost/portaria?host=/run/x"),
            (
                "postgres://localhost/portaria?password=geheim&host=db.loja.example&user=ana&port=5433",
                "postgres://localhost/portaria?host=db.loja.example&port=5433",
            ),
            ("postgres:///portaria?host=/run/x&sslpassword=geheim", "postgres:///portaria?host=/run/x"),
            ("postgres://ana:ge?heim@localhost/portaria", "postgres://…"),
            ("postgres://ana:geheim@", "postgres://…"),
        ] {
            assert_eq!(StorageLocation::Server(address.to_owned()).to_string(), shown, "{address}");
        }
    }
}

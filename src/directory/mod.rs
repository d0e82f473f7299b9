//! The directory: users and their linked identities, sessions that ended, the access of apps, consumed attempts, incidents, signing keys.
//!
//! Each operation is a [`Verb`]: its input, its answer and its SQL, which is the same for both engines. Every verb is atomic, and
//! its changes are stored when it has answered. An engine runs any verb and knows none.

pub mod users; //            users: found, listed, blocked, erased
pub mod export; //           all stored data of a user
pub(crate) mod user_import; // people from another system
pub mod linking; //          the decision to which user an identity belongs
pub mod sign_in; //          a user signs in
pub mod code_sign_in; //     the same by a code that was sent to the address
pub mod passkeys; //         the passkeys of users: added, used, removed
pub mod endpoint_hosts; //  the hosts to which the documents of issuers lead
pub mod fingerprints; //     where the identities of a provider belong, and their move
pub mod identity_links; //   an identity is linked or removed
pub mod sessions; //         sessions that ended before they expired
pub mod app_grants; //       the access of apps to users
pub mod ended_grants; //     how that access ends
pub mod logout_notices; //   the notices of ended sessions that apps are still to get
pub mod store_events; //     what a store is sent about its people
pub mod store_event_delivery; // how that is taken out of the outbox
pub mod app_consents; //     the scopes that users have allowed apps
pub mod wrong_codes; //      how many wrong codes count against a proof
pub mod mail_budget; //      how many mails with codes are sent in a day
pub mod mail_codes; //       the codes of mails
pub mod sent_mails; //       the mails that an address has got lately
pub mod kept_tokens; //      the own tokens of providers, sealed
pub mod attempts; //         login attempts, used once
pub mod app_sessions; //    the session to which the grant of an app belongs
pub mod provider_logout; // a provider ends the sessions of a person
pub mod proofs; //           proofs of e-mail addresses under way
pub mod keys; //             the signing keys of the stores, sealed
pub mod served_stores; //    which broker serves which store
pub mod audit; //            the events of the audit
pub mod reasons; //          decisions as sentences
pub mod incidents; //        the stories behind incident codes
pub mod tallies; //          the counts of drift
pub mod login_counts; //     the counts of logins
pub mod good_logins; //      the last login that worked with each provider
pub mod next_versions; //    what was counted of the next versions of provider files
pub mod tidy; //             expired rows are removed
pub(crate) mod probe; //     whether the storage accepts writes, and its clock
pub mod migrations; //       the tables
pub(crate) mod backup; //    a consistent copy of everything
pub(crate) mod recovery; //  the storage goes on after its master key was lost
pub(crate) mod measurements; // how long transactions take
pub(crate) mod sql; //       what a verb needs of an engine
pub mod sqlite; //           the engine for one machine
pub(crate) mod postgres; //  the engine for many machines

use crate::directory::measurements::{StorageLoad, StorageMeasurements, TransactionAccess};
use crate::directory::migrations::NewerSchema;
use crate::directory::postgres::Postgres;
use crate::directory::postgres::address::{may_show_password, several_hosts};
use crate::directory::probe::ProbeStorage;
use crate::directory::sessions::ReadGenerations;
use crate::directory::sql::{StorageFault, Verb};
use crate::directory::sqlite::{OpenFileError, Sqlite};
use crate::directory::store_events::{StoreEventOutbox, WantedStoreEvents};
use crate::world::files;
use sqlx::migrate::MigrateError;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use url::Url;

/// The storage cannot be reached, or could not carry out a verb. The reason is only in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageUnavailable;

impl fmt::Display for StorageUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the storage is unavailable")
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
    /// A file of this machine.
    File(PathBuf),
    /// The address of a server, with or without a password.
    Server(String),
}

impl fmt::Debug for StorageLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The location without user and password. Of the parameters of an address, only host and port are shown.
impl fmt::Display for StorageLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Server(address) => {
                if may_show_password(address) {
                    return f.write_str("postgres://…");
                }
                // A text that is no address may hold a password anywhere.
                let Ok(url) = Url::parse(address) else {
                    let Some((hosts, path)) = several_hosts(address) else { return f.write_str("postgres://…") };
                    return write!(f, "postgres://{hosts}{path}");
                };
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
    /// The path of the SQLite file; `None` for a server.
    pub fn file(&self) -> Option<&Path> {
        if let Self::File(file) = self { Some(file) } else { None }
    }
}

/// Why the directory could not be opened.
#[derive(Debug)]
pub enum OpenDirectoryError {
    /// The file.
    File(OpenFileError),
    /// The server.
    Server(sqlx::Error),
    /// The tables are those of a later version of the program.
    Newer(NewerSchema),
}

impl From<OpenFileError> for OpenDirectoryError {
    fn from(error: OpenFileError) -> Self {
        match error {
            OpenFileError::Newer(migration) => Self::Newer(NewerSchema(migrations::schema_of_sqlite(migration))),
            OpenFileError::File(_) | OpenFileError::Database(_) | OpenFileError::Migration(..) => Self::File(error),
        }
    }
}

impl From<sqlx::Error> for OpenDirectoryError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Migrate(migration) => match **migration {
                MigrateError::VersionMissing(schema) => Self::Newer(NewerSchema(schema)),
                _ => Self::Server(error),
            },
            _ => Self::Server(error),
        }
    }
}

/// The reason without the address, which may hold a password.
impl fmt::Display for OpenDirectoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Newer(newer) => newer.fmt(f),
            Self::Server(sqlx::Error::Database(error)) => f.write_str(error.message()),
            Self::Server(sqlx::Error::Configuration(_)) => f.write_str("this is not the address of a database"),
            Self::Server(other) => other.fmt(f),
        }
    }
}

/// The directory, on one of its engines.
#[derive(Debug)]
pub struct Directory {
    engine: DirectoryEngine,
    outbox: Arc<StoreEventOutbox>,
    has_write_failed: AtomicBool,
    measurements: StorageMeasurements,
    /// The file of the storage, if it is one.
    file: Option<PathBuf>,
}

#[derive(Debug)]
enum DirectoryEngine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl DirectoryEngine {
    /// Its name in traces.
    fn word(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgresql",
        }
    }
}

impl Directory {
    /// Opens the directory, creates it if it does not exist, and migrates it.
    pub async fn open(storage: &StorageLocation) -> Result<Self, OpenDirectoryError> {
        let outbox = Arc::new(StoreEventOutbox::default());
        let engine = match storage {
            StorageLocation::File(file) => DirectoryEngine::Sqlite(Sqlite::open(file, &outbox).await?),
            StorageLocation::Server(address) => DirectoryEngine::Postgres(Postgres::open(address, &outbox).await?),
        };
        let file = storage.file().map(Path::to_owned);
        Ok(Self { engine, outbox, has_write_failed: AtomicBool::new(false), measurements: StorageMeasurements::default(), file })
    }

    /// Runs a verb in one transaction. An answer means that its changes are stored.
    pub async fn write<V: Verb>(&self, verb: V) -> Result<V::Answer, StorageUnavailable> {
        let measured = self.measurements.begin::<V>(TransactionAccess::Write, self.engine.word());
        let done = match &self.engine {
            DirectoryEngine::Sqlite(engine) => engine.write(verb).await,
            DirectoryEngine::Postgres(engine) => engine.write(Arc::new(verb)).await,
        };
        measured.finish(done.is_ok());
        self.has_write_failed.store(done.is_err(), Ordering::Relaxed);
        self.outbox.transaction_ended();
        done
    }

    /// Sets which events the stores want to be sent.
    pub fn set_wanted_store_events(&self, wanted: WantedStoreEvents) {
        self.outbox.set_wanted(wanted);
    }

    /// Waits until this process has written an event that is to be sent to a store.
    pub(crate) async fn store_event_written(&self) {
        self.outbox.written().await;
    }

    /// Whether the storage works. After a failed write another write is tried, because a disk may be full or a server read-only.
    pub(crate) async fn is_healthy(&self) -> bool {
        if self.has_write_failed.load(Ordering::Relaxed) {
            self.write(ProbeStorage).await.is_ok()
        } else {
            self.read(ReadGenerations).await.is_ok()
        }
    }

    /// Runs a verb that changes nothing.
    pub async fn read<V: Verb>(&self, verb: V) -> Result<V::Answer, StorageUnavailable> {
        let measured = self.measurements.begin::<V>(TransactionAccess::Read, self.engine.word());
        let read = match &self.engine {
            DirectoryEngine::Sqlite(engine) => engine.read(verb).await,
            DirectoryEngine::Postgres(engine) => engine.read(Arc::new(verb)).await,
        };
        measured.finish(read.is_ok());
        read
    }

    /// How long transactions take.
    pub(crate) fn measurements(&self) -> &StorageMeasurements {
        &self.measurements
    }

    /// How much the storage has to do at this moment.
    pub(crate) fn load(&self) -> StorageLoad {
        let [reading, writing] = [TransactionAccess::Read, TransactionAccess::Write].map(|access| self.measurements.under_way(access));
        let (in_use, most) = match &self.engine {
            DirectoryEngine::Sqlite(_) => Sqlite::connections(reading, writing),
            DirectoryEngine::Postgres(engine) => engine.connections(),
        };
        StorageLoad { under_way: reading.saturating_add(writing), in_use, most }
    }

    /// How many bytes the file and its journal take; 0 where the storage is a server.
    pub(crate) fn file_size(&self) -> u64 {
        let Some(file) = &self.file else { return 0 };
        let mut journal = file.clone().into_os_string();
        journal.push("-wal");
        files::size(file).saturating_add(files::size(Path::new(&journal)))
    }

    /// Waits for a notification of another machine. A file gives no notifications, and another process may have written to it, so
    /// callers read the generations from time to time as well.
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
            ("postgres://ana:/geheim@db.loja.example/portaria", "postgres://…"),
            ("postgres://ana:12#geheim@db.loja.example/portaria", "postgres://…"),
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
            ("postgres://ana:geheim@a.example:5432,b.example:5433/portaria?x=geheim", "postgres://a.example:5432,b.example:5433/portaria"),
            ("postgres://ana:12,34?geheim@a.example:5432/portaria", "postgres://…"),
            ("postgres://ana:geheim@", "postgres://…"),
        ] {
            assert_eq!(StorageLocation::Server(address.to_owned()).to_string(), shown, "{address}");
        }
    }
}

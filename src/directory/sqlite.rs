//! The directory in a SQLite file: one thread writes, and a few threads read. A verb runs on such a thread from its beginning to
//! its end, because a message between threads costs more than most statements.

pub(crate) mod backup_source;
pub(crate) mod backup_target;
mod file;
mod migration;
mod readers;
pub(crate) mod row;
mod transaction;
mod writer;

use crate::directory::StorageUnavailable;
use crate::directory::sql::Verb;
use crate::directory::sqlite::file::{SqliteFile, is_busy};
use crate::directory::sqlite::readers::{AT_ONCE as READERS, SqliteReaders};
use crate::directory::sqlite::writer::SqliteWriter;
use crate::directory::store_events::StoreEventOutbox;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use crate::directory::sqlite::migration::{OpenFileError, migrate};

/// How often opening the file is repeated while another process migrates it.
const TRIES: u32 = 20;
/// How long a caller waits for its answer: a little longer than a statement waits for another process.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(6);

/// The directory in a SQLite file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    writer: SqliteWriter,
    readers: SqliteReaders,
}

impl Sqlite {
    /// Opens the file, creates it if it does not exist, and migrates it. If several processes start at once, one migrates and the
    /// others wait.
    pub(crate) async fn open(path: &Path, outbox: &Arc<StoreEventOutbox>) -> Result<Self, OpenFileError> {
        let file = Arc::new(SqliteFile::create(path)?);
        let mut tried = 0;
        let connection = loop {
            match file.migrated() {
                Ok(connection) => break connection,
                // While another process changes the journal mode, the file is locked.
                Err(OpenFileError::Database(error)) if tried < TRIES && is_busy(&error) => tried = tried.saturating_add(1),
                Err(error) => return Err(error),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let writer = SqliteWriter::start(Arc::clone(&file), connection, outbox)?;
        Ok(Self { writer, readers: SqliteReaders::start(&file, outbox)? })
    }

    /// How many connections are in use while so many verbs read and write, and how many there may be.
    pub(crate) fn connections(reading: usize, writing: usize) -> (usize, usize) {
        (reading.min(READERS).saturating_add(writing.min(1)), READERS.saturating_add(1))
    }

    pub(crate) async fn write<V: Verb>(&self, verb: V) -> Result<V::Answer, StorageUnavailable> {
        tokio::time::timeout(ANSWER_TIMEOUT, self.writer.submit(verb)).await.map_err(|_| StorageUnavailable)?
    }

    pub(crate) async fn read<V: Verb>(&self, verb: V) -> Result<V::Answer, StorageUnavailable> {
        tokio::time::timeout(ANSWER_TIMEOUT, self.readers.execute(verb)).await.map_err(|_| StorageUnavailable)?
    }
}

//! The directory in a SQLite file: one connection writes, and a few connections read.

mod writer;
mod transaction;

use crate::directory::sql::{StorageFault, Verb};
use crate::directory::sqlite::transaction::Transaction;
use crate::directory::sqlite::writer::SqliteWriter;
use crate::directory::{StorageUnavailable, migrations};
use crate::world::files;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a statement waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often opening the file is repeated while another process migrates it.
const TRIES: u32 = 20;

/// The directory in a SQLite file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    writer: SqliteWriter,
    readers: SqlitePool,
    file: PathBuf,
    /// Device and inode of the file that was opened.
    file_id: Option<(u64, u64)>,
    is_loss_logged: AtomicBool,
}

impl Sqlite {
    /// Opens the file, creates it if it does not exist, and migrates it. If several processes start at once, one migrates and the
    /// others wait.
    pub(crate) async fn open(file: &Path) -> Result<Self, sqlx::Error> {
        // The journal files beside it inherit these permissions.
        files::make_private(file)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            // A write that was answered survives a power failure.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .disable_statement_logging();
        let mut tried = 0;
        let writer = loop {
            match prepare(&options).await {
                Ok(writer) => break writer,
                // While another process changes the journal mode, the file is locked.
                Err(error) if tried < TRIES && is_busy(&error) => tried = tried.saturating_add(1),
                Err(error) => return Err(error),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let readers = SqlitePoolOptions::new().max_connections(2).acquire_timeout(PATIENCE).test_before_acquire(false);
        let readers = readers.connect_with(options.clone()).await?;
        let writer = SqliteWriter::open(options, writer);
        let (file_id, is_loss_logged) = (files::file_id(file).ok(), AtomicBool::new(false));
        Ok(Self { writer, readers, file: file.to_owned(), file_id, is_loss_logged })
    }

    pub(crate) async fn write<V: Verb>(&self, verb: Arc<V>) -> Result<V::Answer, StorageUnavailable> {
        self.check_file()?;
        self.writer.submit(verb).await
    }

    pub(crate) async fn read<V: Verb>(&self, verb: Arc<V>) -> Result<V::Answer, StorageUnavailable> {
        self.check_file()?;
        let mut reader = self.readers.acquire().await.map_err(StorageFault::from)?;
        Ok(verb.execute(&mut Transaction::new(&mut reader)).await?)
    }

    /// Refuses if the file was removed or replaced: what is written to the open file would be lost at the end of the process.
    fn check_file(&self) -> Result<(), StorageUnavailable> {
        if files::file_id(&self.file).ok() == self.file_id {
            self.is_loss_logged.store(false, Ordering::Relaxed);
            return Ok(());
        }
        if !self.is_loss_logged.swap(true, Ordering::Relaxed) {
            tracing::error!(file = %self.file.display(), "this is no longer the file that was opened; put it back, or start again");
        }
        Err(StorageUnavailable)
    }
}

async fn prepare(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let mut writer = options.clone().create_if_missing(true).connect().await?;
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    migrations::sqlite().run(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(writer)
}

fn is_busy(error: &sqlx::Error) -> bool {
    let message = if let sqlx::Error::Migrate(error) = error { error.to_string() } else { error.to_string() };
    ["locked", "busy"].iter().any(|word| message.contains(word))
}

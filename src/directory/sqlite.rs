//! The directory in one file, an embedded database: one connection that writes and a few that read.

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
/// How often the file is opened anew at the start while another process is about to make it what it has to be.
const TRIES: u32 = 20;

/// The directory in one file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    desk: SqliteWriter,
    readers: SqlitePool,
    file: PathBuf,
    number: Option<(u64, u64)>,
    missed: AtomicBool,
}

impl Sqlite {
    /// Opens the file, makes it if need be, and brings its tables up to date; of many who start at once, one does that and
    /// the others wait.
    pub(crate) async fn open(file: &Path) -> Result<Self, sqlx::Error> {
        // What is kept beside it takes over its rights.
        files::make_private(file)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            // What has been answered is kept, even if the power goes.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .disable_statement_logging();
        let mut tried = 0;
        let writer = loop {
            match prepare(&options).await {
                Ok(writer) => break writer,
                // While the journal is changed to the one that is used here, the file answers to nobody else.
                Err(error) if tried < TRIES && is_busy(&error) => tried += 1,
                Err(error) => return Err(error),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let readers = SqlitePoolOptions::new().max_connections(2).acquire_timeout(PATIENCE).test_before_acquire(false);
        let readers = readers.connect_with(options.clone()).await?;
        let desk = SqliteWriter::open(options, writer);
        Ok(Self { desk, readers, file: file.to_owned(), number: files::file_id(file), missed: AtomicBool::new(false) })
    }

    /// Does something, as a whole or not at all.
    pub(crate) async fn write<V: Verb>(&self, verb: Arc<V>) -> Result<V::Answer, StorageUnavailable> {
        self.check_file()?;
        self.desk.submit(verb).await
    }

    pub(crate) async fn read<V: Verb>(&self, verb: Arc<V>) -> Result<V::Answer, StorageUnavailable> {
        self.check_file()?;
        let mut reader = self.readers.acquire().await.map_err(StorageFault::from)?;
        Ok(verb.execute(&mut Transaction::new(&mut reader)).await?)
    }

    /// What is written into a file that was removed or replaced would be gone with this process.
    fn check_file(&self) -> Result<(), StorageUnavailable> {
        if files::file_id(&self.file) == self.number {
            self.missed.store(false, Ordering::Relaxed);
            return Ok(());
        }
        if !self.missed.swap(true, Ordering::Relaxed) {
            tracing::error!(file = %self.file.display(), "this is no longer the file that was opened; put it back, or start again");
        }
        Err(StorageUnavailable)
    }
}

async fn prepare(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let mut writer = options.clone().create_if_missing(true).connect().await?;
    let mut alone = writer.begin_with("BEGIN IMMEDIATE").await?;
    migrations::sqlite().run(&mut *alone).await?;
    alone.commit().await?;
    Ok(writer)
}

fn is_busy(error: &sqlx::Error) -> bool {
    let within = if let sqlx::Error::Migrate(error) = error { error.to_string() } else { error.to_string() };
    ["locked", "busy"].iter().any(|word| within.contains(word))
}

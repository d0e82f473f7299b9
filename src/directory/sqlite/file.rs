//! The file, and the connections to it.

use crate::directory::migrations;
use crate::directory::sql::{EngineFailure, StorageFault};
use crate::directory::sqlite::migration::{OpenFileError, migrate};
use crate::world::files;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a statement waits for another process that writes.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many statements a connection keeps prepared; there are fewer.
const PREPARED: usize = 256;

/// The file of the directory, as it was when it was opened.
#[derive(Debug)]
pub(crate) struct SqliteFile {
    path: PathBuf,
    /// Device and inode.
    id: Option<(u64, u64)>,
    is_loss_logged: AtomicBool,
}

impl SqliteFile {
    /// The file, which is created if it does not exist. The journal files beside it inherit its permissions.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        files::make_private(path)?;
        Ok(Self { path: path.to_owned(), id: files::file_id(path).ok(), is_loss_logged: AtomicBool::new(false) })
    }

    /// Removes a file and those that SQLite writes beside it.
    pub(crate) fn remove(path: &Path) {
        for ending in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            let _ = files::remove(Path::new(&name));
        }
    }

    /// A connection after all migrations.
    pub(crate) fn migrated(&self) -> Result<Connection, OpenFileError> {
        let mut connection = self.connect()?;
        migrate(&mut connection, &migrations::sqlite())?;
        Ok(connection)
    }

    /// A connection.
    pub(crate) fn connect(&self) -> rusqlite::Result<Connection> {
        // The thread that has a connection is the only one that uses it.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        // A write that was answered survives a power failure.
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")?;
        Ok(connection)
    }

    /// Whether the file was neither removed nor replaced: what is written to a removed file would be lost at the end of the process.
    pub(crate) fn is_in_place(&self) -> bool {
        if files::file_id(&self.path).ok() == self.id {
            self.is_loss_logged.store(false, Ordering::Relaxed);
            return true;
        }
        if !self.is_loss_logged.swap(true, Ordering::Relaxed) {
            tracing::error!(file = %self.path.display(), "this is no longer the file that was opened; put it back, or start again");
        }
        false
    }
}

/// Whether another process has locked the file.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

impl From<rusqlite::Error> for StorageFault {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(reported, message) = &error else { return Self::logged(&error.to_string()) };
        let code = reported.extended_code.to_string();
        EngineFailure { code: &code, constraint: None, message: message.as_deref().unwrap_or_default() }.into()
    }
}

//! The readers of SQLite: a few connections, used by the threads of the runtime that may wait.

use crate::directory::StorageUnavailable;
use crate::directory::sql::{StorageFault, Verb};
use crate::directory::sqlite::file::SqliteFile;
use crate::directory::sqlite::transaction::{self, run_statement};
use rusqlite::Connection;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// How many verbs read at once.
const AT_ONCE: usize = 2;

/// The connections that only read.
#[derive(Debug)]
pub(crate) struct SqliteReaders {
    places: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
    file: Arc<SqliteFile>,
}

impl SqliteReaders {
    pub(crate) fn new(file: Arc<SqliteFile>) -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)), idle: Arc::default(), file }
    }

    /// Runs a verb, whose statements all see the storage of one moment.
    pub(crate) async fn execute<V: Verb>(&self, verb: V) -> Result<V::Answer, StorageUnavailable> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| StorageUnavailable)?;
        let (idle, file) = (Arc::clone(&self.idle), Arc::clone(&self.file));
        let reading = spawn_blocking(move || {
            let _place = place;
            if !file.is_in_place() {
                return Err(StorageFault::Unavailable);
            }
            let connection = idle.lock().expect("no thread panics while it holds the lock").pop();
            let mut connection = connection.map_or_else(|| file.connect(), Ok)?;
            run_statement(&connection, "BEGIN")?;
            let answer = transaction::execute(&verb, &mut connection)?;
            run_statement(&connection, "COMMIT")?;
            idle.lock().expect("no thread panics while it holds the lock").push(connection);
            Ok(answer)
        });
        Ok(reading.await.map_err(|_| StorageUnavailable)??)
    }
}

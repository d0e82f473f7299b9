//! The readers of SQLite: a few threads, each with a connection. A disk that does not answer holds up none but them.

use crate::directory::StorageUnavailable;
use crate::directory::sql::{StorageFault, Verb};
use crate::directory::sqlite::file::SqliteFile;
use crate::directory::sqlite::transaction::{self, run_statement};
use crate::directory::store_events::StoreEventOutbox;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::{io, thread};
use tokio::sync::oneshot;

/// How many verbs read at once.
pub(crate) const AT_ONCE: usize = 2;
/// How many verbs wait at most.
const QUEUE_LENGTH: usize = 1024;

type Reading = Box<dyn FnOnce(&mut ReaderThread) + Send>;

/// The queue of the readers.
#[derive(Debug)]
pub(crate) struct SqliteReaders(SyncSender<Reading>);

impl SqliteReaders {
    /// Starts the threads.
    pub(crate) fn start(file: &Arc<SqliteFile>, outbox: &Arc<StoreEventOutbox>) -> io::Result<Self> {
        let (sender, waiting) = sync_channel::<Reading>(QUEUE_LENGTH);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..AT_ONCE {
            let (file, outbox, waiting) = (Arc::clone(file), Arc::clone(outbox), Arc::clone(&waiting));
            let mut reader = ReaderThread { file, outbox, connection: None };
            thread::Builder::new().name("reader".to_owned()).spawn(move || {
                while let Some(read) = next(&waiting) {
                    // After a panic the connection is gone, and the next reading opens another.
                    let _ = catch_unwind(AssertUnwindSafe(|| read(&mut reader)));
                }
            })?;
        }
        Ok(Self(sender))
    }

    /// Runs a verb, whose statements all see the storage of one moment.
    pub(crate) async fn execute<V: Verb>(&self, verb: V) -> Result<V::Answer, StorageUnavailable> {
        let (answer_sender, answer) = oneshot::channel();
        let read = Box::new(move |reader: &mut ReaderThread| {
            // A caller that gave up needs no answer.
            if !answer_sender.is_closed() {
                let _ = answer_sender.send(reader.execute(&verb));
            }
        });
        self.0.try_send(read).map_err(|_| StorageUnavailable)?;
        Ok(answer.await.map_err(|_| StorageUnavailable)??)
    }
}

fn next(waiting: &Mutex<Receiver<Reading>>) -> Option<Reading> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

struct ReaderThread {
    file: Arc<SqliteFile>,
    outbox: Arc<StoreEventOutbox>,
    connection: Option<Connection>,
}

impl ReaderThread {
    fn execute<V: Verb>(&mut self, verb: &V) -> Result<V::Answer, StorageFault> {
        if !self.file.is_in_place() {
            return Err(StorageFault::Unavailable);
        }
        let mut connection = self.connection.take().map_or_else(|| self.file.connect(), Ok)?;
        run_statement(&connection, "BEGIN")?;
        let answer = transaction::execute(verb, &mut connection, &self.outbox)?;
        run_statement(&connection, "COMMIT")?;
        self.connection = Some(connection);
        Ok(answer)
    }
}

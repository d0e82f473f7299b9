//! The writer of SQLite. One thread runs all writes: jobs that arrive together share one transaction, and their callers get the
//! answers after the commit. A caller that gives up leaves no transaction open.

use crate::directory::StorageUnavailable;
use crate::directory::sql::{StorageFault, Verb};
use crate::directory::sqlite::file::SqliteFile;
use crate::directory::sqlite::transaction::{self, run_statement};
use crate::directory::store_events::StoreEventOutbox;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::{io, thread};
use tokio::sync::{mpsc, oneshot};

/// How many jobs one transaction holds at most.
const LARGEST_BATCH: usize = 64;
/// How many jobs the queue holds at most; further callers wait for a place.
const QUEUE_LENGTH: usize = 1024;

/// The queue of the writer.
#[derive(Clone, Debug)]
pub(crate) struct SqliteWriter {
    queue: mpsc::Sender<Box<dyn WriteJob>>,
    outbox: Arc<StoreEventOutbox>,
}

impl SqliteWriter {
    /// Starts the thread; `connection` is the only one that writes.
    pub(crate) fn start(file: Arc<SqliteFile>, connection: Connection, outbox: &Arc<StoreEventOutbox>) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE_LENGTH);
        let thread = WriterThread { file, connection: Some(connection) };
        thread::Builder::new().name("directory".to_owned()).spawn(move || thread.run(jobs))?;
        Ok(Self { queue, outbox: Arc::clone(outbox) })
    }

    /// Queues a verb and waits until it is committed.
    pub(crate) async fn submit<V: Verb>(&self, verb: V) -> Result<V::Answer, StorageUnavailable> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(PendingWrite { verb, outbox: Arc::clone(&self.outbox), answer, outcome: None });
        self.queue.send(job).await.map_err(|_| StorageUnavailable)?;
        answered.await.map_err(|_| StorageUnavailable)?
    }
}

/// A verb, and the channel to its caller.
struct PendingWrite<V: Verb> {
    verb: V,
    outbox: Arc<StoreEventOutbox>,
    answer: oneshot::Sender<Result<V::Answer, StorageUnavailable>>,
    outcome: Option<V::Answer>,
}

trait WriteJob: Send {
    fn execute(&mut self, connection: &mut Connection) -> Result<(), StorageFault>;
    /// Sends the answer after the commit, or an error if there was none.
    fn respond(self: Box<Self>, is_committed: bool);
    /// Whether the caller has given up.
    fn is_abandoned(&self) -> bool;
}

impl<V: Verb> WriteJob for PendingWrite<V> {
    fn execute(&mut self, connection: &mut Connection) -> Result<(), StorageFault> {
        self.outcome = Some(transaction::execute(&self.verb, connection, &self.outbox)?);
        Ok(())
    }

    fn respond(self: Box<Self>, is_committed: bool) {
        let _ = self.answer.send(self.outcome.filter(|_| is_committed).ok_or(StorageUnavailable));
    }

    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }
}

struct WriterThread {
    file: Arc<SqliteFile>,
    connection: Option<Connection>,
}

impl WriterThread {
    fn run(mut self, mut jobs: mpsc::Receiver<Box<dyn WriteJob>>) {
        let mut batch = Vec::new();
        while jobs.blocking_recv_many(&mut batch, LARGEST_BATCH) > 0 {
            // Abandoned jobs are skipped, so that the queue of a storage that was stuck is soon short again.
            batch.retain(|job| !job.is_abandoned());
            match self.execute(&mut batch) {
                Ok(()) => batch.drain(..).for_each(|job| job.respond(true)),
                // One job failed, so each job gets its own transaction.
                Err(BatchFailure::Job) if batch.len() > 1 => {
                    for mut job in batch.drain(..).filter(|job| !job.is_abandoned()) {
                        let alone = self.execute(std::slice::from_mut(&mut job));
                        job.respond(alone.is_ok());
                    }
                }
                Err(_) => batch.drain(..).for_each(|job| job.respond(false)),
            }
        }
    }

    /// Runs jobs in one transaction. After a failure the connection is closed, which rolls back what is left, and opened again.
    fn execute(&mut self, jobs: &mut [Box<dyn WriteJob>]) -> Result<(), BatchFailure> {
        if jobs.is_empty() {
            return Ok(());
        }
        if !self.file.is_in_place() {
            return Err(BatchFailure::Connection);
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.file.connect().map_err(BatchFailure::of_connection)?,
        };
        run_statement(&connection, "BEGIN IMMEDIATE").map_err(BatchFailure::of_connection)?;
        for job in jobs {
            // A panic ends the job; the connection, which may be in the middle of anything, is dropped.
            let executed = catch_unwind(AssertUnwindSafe(|| job.execute(&mut connection)));
            executed.unwrap_or(Err(StorageFault::Unavailable)).map_err(|_| BatchFailure::Job)?;
        }
        run_statement(&connection, "COMMIT").map_err(BatchFailure::of_connection)?;
        self.connection = Some(connection);
        Ok(())
    }
}

enum BatchFailure {
    /// A job cannot be carried out.
    Job,
    /// The database does not answer.
    Connection,
}

impl BatchFailure {
    fn of_connection(error: rusqlite::Error) -> Self {
        let _ = StorageFault::from(error);
        Self::Connection
    }
}

#[cfg(test)]
mod tests {
    use crate::directory::StorageUnavailable;
    use crate::directory::probe::ProbeStorage;
    use crate::directory::sql::{SqlTransaction, StorageFault, Verb};
    use crate::directory::sqlite::Sqlite;
    use crate::world::random;
    use std::sync::Arc;

    struct Panics;

    impl Verb for Panics {
        type Answer = ();

        async fn execute<S: SqlTransaction>(&self, _: &mut S) -> Result<(), StorageFault> {
            panic!("on purpose")
        }
    }

    #[tokio::test]
    async fn a_panic_ends_one_operation_and_no_other() {
        let path = std::env::temp_dir().join(format!("portaria-writer-{}.db", random::id()));
        let storage = Sqlite::open(&path, &Arc::default()).await.expect("it opens");

        let (failed, beside) = tokio::join!(storage.write(Panics), storage.write(ProbeStorage));
        let (failed_read, read) = tokio::join!(storage.read(Panics), storage.write(ProbeStorage));

        assert_eq!((failed, failed_read), (Err(StorageUnavailable), Err(StorageUnavailable)));
        assert!(beside.is_ok() && read.is_ok() && storage.write(ProbeStorage).await.is_ok());
        assert!(storage.read(ProbeStorage).await.is_ok());
    }
}

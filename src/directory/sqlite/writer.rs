//! The writer of SQLite. One thread runs all writes: jobs that arrive together share one transaction, and their callers get the
//! answers after the commit. A caller that gives up leaves no transaction open.

use crate::directory::StorageUnavailable;
use crate::directory::sql::{StorageFault, Verb};
use crate::directory::sqlite::file::SqliteFile;
use crate::directory::sqlite::transaction::{self, run_statement};
use rusqlite::Connection;
use std::sync::Arc;
use std::{io, thread};
use tokio::sync::{mpsc, oneshot};

/// How many jobs one transaction holds at most.
const LARGEST_BATCH: usize = 64;
/// How many jobs the queue holds at most; further callers wait for a place.
const QUEUE_LENGTH: usize = 1024;

/// The queue of the writer.
#[derive(Clone, Debug)]
pub(crate) struct SqliteWriter(mpsc::Sender<Box<dyn WriteJob>>);

impl SqliteWriter {
    /// Starts the thread; `connection` is the only one that writes.
    pub(crate) fn start(file: Arc<SqliteFile>, connection: Connection) -> io::Result<Self> {
        let (sender, jobs) = mpsc::channel(QUEUE_LENGTH);
        let thread = WriterThread { file, connection: Some(connection), waits_for_disk: true };
        thread::Builder::new().name("directory".to_owned()).spawn(move || thread.run(jobs))?;
        Ok(Self(sender))
    }

    /// Queues a verb and waits until it is committed.
    pub(crate) async fn submit<V: Verb>(&self, verb: V) -> Result<V::Answer, StorageUnavailable> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(PendingWrite { verb, answer, outcome: None });
        self.0.send(job).await.map_err(|_| StorageUnavailable)?;
        answered.await.map_err(|_| StorageUnavailable)?
    }
}

/// A verb, and the channel to its caller.
struct PendingWrite<V: Verb> {
    verb: V,
    answer: oneshot::Sender<Result<V::Answer, StorageUnavailable>>,
    outcome: Option<V::Answer>,
}

trait WriteJob: Send {
    fn execute(&mut self, connection: &mut Connection) -> Result<(), StorageFault>;
    /// Sends the answer after the commit, or an error if there was none.
    fn respond(self: Box<Self>, is_committed: bool);
    /// Whether the caller has given up.
    fn is_abandoned(&self) -> bool;
    fn outlives_power_cut(&self) -> bool;
}

impl<V: Verb> WriteJob for PendingWrite<V> {
    fn execute(&mut self, connection: &mut Connection) -> Result<(), StorageFault> {
        self.outcome = Some(transaction::execute(&self.verb, connection)?);
        Ok(())
    }

    fn respond(self: Box<Self>, is_committed: bool) {
        let _ = self.answer.send(self.outcome.filter(|_| is_committed).ok_or(StorageUnavailable));
    }

    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn outlives_power_cut(&self) -> bool {
        V::OUTLIVES_POWER_CUT
    }
}

struct WriterThread {
    file: Arc<SqliteFile>,
    connection: Option<Connection>,
    /// Whether the connection waits for the disk at each commit; a new one does.
    waits_for_disk: bool,
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
            None => {
                self.waits_for_disk = true;
                self.file.connect().map_err(BatchFailure::of_connection)?
            }
        };
        self.wait_for_disk(&connection, jobs.iter().any(|job| job.outlives_power_cut())).map_err(BatchFailure::of_connection)?;
        run_statement(&connection, "BEGIN IMMEDIATE").map_err(BatchFailure::of_connection)?;
        for job in jobs {
            job.execute(&mut connection).map_err(|_| BatchFailure::Job)?;
        }
        run_statement(&connection, "COMMIT").map_err(BatchFailure::of_connection)?;
        self.connection = Some(connection);
        Ok(())
    }

    /// Every commit outlives the process. Whether it waits for the disk, to outlive the machine too, is set where it changes.
    fn wait_for_disk(&mut self, connection: &Connection, waits: bool) -> rusqlite::Result<()> {
        if self.waits_for_disk != waits {
            connection.pragma_update(None, "synchronous", if waits { "FULL" } else { "NORMAL" })?;
            self.waits_for_disk = waits;
        }
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
    use crate::directory::sql::{SqlTransaction, StorageFault, Verb};
    use crate::directory::sqlite::Sqlite;
    use crate::world::random;

    /// Reads how the transaction waits for the disk: 2 is FULL, 1 is NORMAL.
    struct ReadSynchronous<const OUTLIVES: bool>;

    impl<const OUTLIVES: bool> Verb for ReadSynchronous<OUTLIVES> {
        type Answer = i64;

        const OUTLIVES_POWER_CUT: bool = OUTLIVES;

        async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<i64, StorageFault> {
            sql.fetch("PRAGMA synchronous", &[]).await?.first().expect("a row").number(0)
        }
    }

    #[tokio::test]
    async fn only_what_may_be_lost_in_a_power_cut_does_not_wait_for_the_disk() {
        let path = std::env::temp_dir().join(format!("portaria-writer-{}.db", random::id()));
        let storage = Sqlite::open(&path).await.expect("it opens");

        assert_eq!(storage.write(ReadSynchronous::<true>).await, Ok(2));
        assert_eq!(storage.write(ReadSynchronous::<false>).await, Ok(1));
        assert_eq!(storage.write(ReadSynchronous::<true>).await, Ok(2));
    }
}

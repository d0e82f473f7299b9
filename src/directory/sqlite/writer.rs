//! The writer of SQLite. One task runs all writes: jobs that arrive together share one transaction, and their callers get the
//! answers after the commit. A caller that gives up leaves no transaction open.

use crate::directory::StorageUnavailable;
use crate::directory::sql::{SqlTransaction as _, StorageFault, Verb};
use crate::directory::sqlite::transaction::Transaction;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How many jobs one transaction holds at most.
const LARGEST_BATCH: usize = 64;
/// How long a caller waits for its answer.
const PATIENCE: Duration = Duration::from_secs(6);
/// How many jobs the queue holds at most; further callers wait for a place.
const QUEUE_LENGTH: usize = 1024;

/// The queue of the writer.
#[derive(Clone, Debug)]
pub(crate) struct SqliteWriter(mpsc::Sender<Box<dyn WriteJob>>);

impl SqliteWriter {
    /// Starts the task; `writer` is the only connection that writes.
    pub(crate) fn open(options: SqliteConnectOptions, writer: SqliteConnection) -> Self {
        let (sender, jobs) = mpsc::channel(QUEUE_LENGTH);
        tokio::spawn(WriterTask { options, connection: Some(writer) }.run(jobs));
        Self(sender)
    }

    /// Queues a verb and waits until it is committed.
    pub(crate) async fn submit<V: Verb>(&self, verb: Arc<V>) -> Result<V::Answer, StorageUnavailable> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(PendingWrite { verb, answer, outcome: None });
        let done = async {
            self.0.send(job).await.map_err(|_| StorageUnavailable)?;
            answered.await.map_err(|_| StorageUnavailable)?
        };
        tokio::time::timeout(PATIENCE, done).await.map_err(|_| StorageUnavailable)?
    }
}

/// A verb, and the channel to its caller.
struct PendingWrite<V: Verb> {
    verb: Arc<V>,
    answer: oneshot::Sender<Result<V::Answer, StorageUnavailable>>,
    outcome: Option<V::Answer>,
}

type WriteFuture<'j> = Pin<Box<dyn Future<Output = Result<(), StorageFault>> + Send + 'j>>;

trait WriteJob: Send {
    fn execute<'j>(&'j mut self, transaction: &'j mut Transaction<'_>) -> WriteFuture<'j>;
    /// Sends the answer after the commit, or an error if there was none.
    fn respond(self: Box<Self>, is_committed: bool);
    /// Whether the caller has given up.
    fn is_abandoned(&self) -> bool;
}

impl<V: Verb> WriteJob for PendingWrite<V> {
    fn execute<'j>(&'j mut self, transaction: &'j mut Transaction<'_>) -> WriteFuture<'j> {
        Box::pin(async move {
            self.outcome = Some(self.verb.execute(transaction).await?);
            Ok(())
        })
    }

    fn respond(self: Box<Self>, is_committed: bool) {
        let _ = self.answer.send(self.outcome.filter(|_| is_committed).ok_or(StorageUnavailable));
    }

    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }
}

struct WriterTask {
    options: SqliteConnectOptions,
    connection: Option<SqliteConnection>,
}

impl WriterTask {
    async fn run(mut self, mut jobs: mpsc::Receiver<Box<dyn WriteJob>>) {
        let mut batch = Vec::new();
        while jobs.recv_many(&mut batch, LARGEST_BATCH).await > 0 {
            // Abandoned jobs are skipped, so that the queue of a storage that was stuck is soon short again.
            batch.retain(|job| !job.is_abandoned());
            match self.execute(&mut batch).await {
                Ok(()) => batch.drain(..).for_each(|job| job.respond(true)),
                // One job failed, so each job gets its own transaction.
                Err(BatchFailure::Job) if batch.len() > 1 => {
                    for mut job in batch.drain(..).filter(|job| !job.is_abandoned()) {
                        let alone = self.execute(std::slice::from_mut(&mut job)).await;
                        job.respond(alone.is_ok());
                    }
                }
                Err(_) => batch.drain(..).for_each(|job| job.respond(false)),
            }
        }
    }

    /// Runs jobs in one transaction. After a failure the connection is closed, which rolls back what is left, and opened again.
    async fn execute(&mut self, jobs: &mut [Box<dyn WriteJob>]) -> Result<(), BatchFailure> {
        if jobs.is_empty() {
            return Ok(());
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(|error| {
                let _ = StorageFault::from(error);
                BatchFailure::Connection
            })?,
        };
        let mut transaction = Transaction::new(&mut connection);
        let done = execute_in_one_transaction(&mut transaction, jobs).await;
        let has_responded = transaction.has_responded();
        if done.is_ok() {
            self.connection = Some(connection);
            return Ok(());
        }
        let _ = connection.close_hard().await;
        Err(if has_responded { BatchFailure::Job } else { BatchFailure::Connection })
    }
}

enum BatchFailure {
    /// A job cannot be carried out.
    Job,
    /// The database does not answer.
    Connection,
}

async fn execute_in_one_transaction(transaction: &mut Transaction<'_>, jobs: &mut [Box<dyn WriteJob>]) -> Result<(), StorageFault> {
    transaction.queue("BEGIN IMMEDIATE", &[]).await?;
    for job in jobs {
        job.execute(transaction).await?;
    }
    transaction.queue("COMMIT", &[]).await?;
    transaction.flush().await
}

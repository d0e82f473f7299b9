//! The desk at which orders are given. One task carries them out: what arrives together goes into one transaction, and who asked
//! hears of it once that is kept. A request that is given up half-way leaves nothing open.

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

/// Orders that are carried out together at most.
const TOGETHER: usize = 64;
/// How long somebody waits to hear of an order.
const PATIENCE: Duration = Duration::from_secs(6);
/// Orders that wait at most; then those who ask wait.
const WAITING: usize = 1024;

/// The desk at which orders are given.
#[derive(Clone, Debug)]
pub(crate) struct SqliteWriter(mpsc::Sender<Box<dyn WriteJob>>);

impl SqliteWriter {
    /// Opens the desk; the connection is the only one that writes.
    pub(crate) fn open(options: SqliteConnectOptions, writer: SqliteConnection) -> Self {
        let (give, orders) = mpsc::channel(WAITING);
        tokio::spawn(WriterTask { options, connection: Some(writer) }.run(orders));
        Self(give)
    }

    /// Gives an order and waits until it is kept.
    pub(crate) async fn submit<V: Verb>(&self, verb: Arc<V>) -> Result<V::Answer, StorageUnavailable> {
        let (answer, heard) = oneshot::channel();
        let order = Box::new(PendingWrite { verb, answer, outcome: None });
        let given = async {
            self.0.send(order).await.map_err(|_| StorageUnavailable)?;
            heard.await.map_err(|_| StorageUnavailable)?
        };
        tokio::time::timeout(PATIENCE, given).await.map_err(|_| StorageUnavailable)?
    }
}

/// A verb, and who waits for it.
struct PendingWrite<V: Verb> {
    verb: Arc<V>,
    answer: oneshot::Sender<Result<V::Answer, StorageUnavailable>>,
    outcome: Option<V::Answer>,
}

type WriteFuture<'o> = Pin<Box<dyn Future<Output = Result<(), StorageFault>> + Send + 'o>>;

trait WriteJob: Send {
    fn execute<'o>(&'o mut self, talk: &'o mut Transaction<'_>) -> WriteFuture<'o>;
    /// Tells what came of it, now that it is kept; or that it is not.
    fn respond(self: Box<Self>, is_kept: bool);
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool;
}

impl<V: Verb> WriteJob for PendingWrite<V> {
    fn execute<'o>(&'o mut self, talk: &'o mut Transaction<'_>) -> WriteFuture<'o> {
        Box::pin(async move {
            self.outcome = Some(self.verb.execute(talk).await?);
            Ok(())
        })
    }

    fn respond(self: Box<Self>, is_kept: bool) {
        let _ = self.answer.send(self.outcome.filter(|_| is_kept).ok_or(StorageUnavailable));
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
    async fn run(mut self, mut orders: mpsc::Receiver<Box<dyn WriteJob>>) {
        let mut batch = Vec::new();
        while orders.recv_many(&mut batch, TOGETHER).await > 0 {
            // Who has stopped waiting is not served any more, so that a storage that was stuck is soon well again.
            batch.retain(|order| !order.is_abandoned());
            match self.execute(&mut batch).await {
                Ok(()) => batch.drain(..).for_each(|order| order.respond(true)),
                // One of them cannot be done: the others must not suffer for it.
                Err(BatchFailure::WithOne) if batch.len() > 1 => {
                    for mut order in batch.drain(..).filter(|order| !order.is_abandoned()) {
                        let alone = self.execute(std::slice::from_mut(&mut order)).await;
                        order.respond(alone.is_ok());
                    }
                }
                Err(_) => batch.drain(..).for_each(|order| order.respond(false)),
            }
        }
    }

    /// All of it or nothing. After any failure the connection is opened anew: what is left of the old one is undone with it.
    async fn execute(&mut self, orders: &mut [Box<dyn WriteJob>]) -> Result<(), BatchFailure> {
        if orders.is_empty() {
            return Ok(());
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(|error| {
                let _ = StorageFault::from(error);
                BatchFailure::WithAll
            })?,
        };
        let mut talk = Transaction::new(&mut connection);
        let done = execute_in_one_transaction(&mut talk, orders).await;
        let heard = talk.has_responded();
        if done.is_ok() {
            self.connection = Some(connection);
            return Ok(());
        }
        let _ = connection.close_hard().await;
        Err(if heard { BatchFailure::WithOne } else { BatchFailure::WithAll })
    }
}

enum BatchFailure {
    /// Something that was ordered cannot be done.
    WithOne,
    /// Nothing can be done.
    WithAll,
}

async fn execute_in_one_transaction(talk: &mut Transaction<'_>, orders: &mut [Box<dyn WriteJob>]) -> Result<(), StorageFault> {
    talk.queue("BEGIN IMMEDIATE", &[]).await?;
    for order in orders {
        order.execute(talk).await?;
    }
    talk.queue("COMMIT", &[]).await?;
    talk.flush().await
}

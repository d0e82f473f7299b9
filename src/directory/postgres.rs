//! The directory in PostgreSQL, which many machines share.
//!
//! A transaction runs on the thread of its request, and to its end even if the request gives up: `postgres/pool.rs`. It is sent with as
//! few messages as its results allow: `postgres/transaction.rs`. The address may name several servers: `postgres/hosts.rs`.

pub(crate) mod address;
pub(crate) mod backup_source;
pub(crate) mod backup_target;
mod hosts;
mod literals;
mod migration;
mod news;
mod pool;
mod session;
mod transaction;

use crate::directory::postgres::address::ServerAddress;
use crate::directory::postgres::hosts::DatabaseHosts;
use crate::directory::postgres::pool::ConnectionPools;
use crate::directory::postgres::transaction::{PgTransaction, TransactionKind};
use crate::directory::sql::{EngineFailure, StorageFault, Verb};
use crate::directory::store_events::StoreEventOutbox;
use crate::directory::{StorageUnavailable, migrations};
use sqlx::Connection as _;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::task::AbortHandle;

/// How long a caller waits for a connection, and for a whole transaction.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long undoing a transaction may take.
const ROLLBACK_PATIENCE: Duration = Duration::from_secs(1);
/// How often a transaction is run again after a conflict.
const TRIES: u32 = 12;

/// The directory in PostgreSQL.
pub(crate) struct Postgres {
    pools: Arc<ConnectionPools>,
    news: Arc<Notify>,
    outbox: Arc<StoreEventOutbox>,
    listener: AbortHandle,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Postgres {
    /// Connects and migrates the database. If several machines start at once, one migrates and the others wait.
    pub(crate) async fn open(address: &str, outbox: &Arc<StoreEventOutbox>) -> Result<Self, sqlx::Error> {
        let address = ServerAddress::parse(address).map_err(|fault| sqlx::Error::Configuration(fault.into()))?;
        let hosts = Arc::new(DatabaseHosts::new(address));
        let mut first = hosts.connect().await?;
        migration::migrate(&mut first.connection, &migrations::postgres()).await?;
        first.connection.close().await?;
        let news = Arc::new(Notify::new());
        let listener = tokio::spawn(news::listen(Arc::clone(&hosts), Arc::clone(&news))).abort_handle();
        Ok(Self { pools: Arc::new(ConnectionPools::new(hosts)), news, outbox: Arc::clone(outbox), listener })
    }

    /// Waits for the next notification, from this machine or another.
    pub(crate) async fn wait_for_news(&self) {
        self.news.notified().await;
    }

    pub(crate) async fn write<V: Verb>(&self, verb: Arc<V>) -> Result<V::Answer, StorageUnavailable> {
        self.execute(verb, TransactionKind::Writing).await
    }

    pub(crate) async fn read<V: Verb>(&self, verb: Arc<V>) -> Result<V::Answer, StorageUnavailable> {
        self.execute(verb, TransactionKind::Reading).await
    }

    /// How many connections are in use, and how many there may be.
    pub(crate) fn connections(&self) -> (usize, usize) {
        self.pools.in_use()
    }

    async fn execute<V: Verb>(&self, verb: Arc<V>, kind: TransactionKind) -> Result<V::Answer, StorageUnavailable> {
        let kind = if V::IS_ONE_STATEMENT && kind == TransactionKind::Writing { TransactionKind::OneStatement } else { kind };
        let (pools, outbox) = (Arc::clone(&self.pools), Arc::clone(&self.outbox));
        let trying = async move {
            let mut is_repeated = false;
            for attempt in 0..TRIES {
                match execute_once(&pools, &outbox, &*verb, kind).await {
                    Ok(answer) => return Ok(answer),
                    Err(ExecutionFault::Conflict) => tokio::time::sleep(Duration::from_millis(u64::from(attempt).pow(2))).await,
                    Err(ExecutionFault::StaleConnection) if !is_repeated => is_repeated = true,
                    Err(ExecutionFault::StaleConnection | ExecutionFault::Unavailable) => return Err(StorageUnavailable),
                }
            }
            tracing::error!("the storage was too busy with the same people at the same time");
            Err(StorageUnavailable)
        };
        let (answer_sender, answer) = oneshot::channel();
        // One type for the tasks of all verbs: the runtime's code for a task is compiled for each type.
        let task: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move { drop(answer_sender.send(trying.await)) });
        tokio::spawn(task);
        answer.await.map_err(|_| StorageUnavailable)?
    }
}

/// Why an execution gave no answer.
enum ExecutionFault {
    /// A concurrent transaction interfered.
    Conflict,
    /// The server of a connection that was used before is gone. Nothing was stored.
    StaleConnection,
    /// The storage could not do it.
    Unavailable,
}

async fn execute_once<V: Verb>(
    pools: &ConnectionPools,
    outbox: &StoreEventOutbox,
    verb: &V,
    kind: TransactionKind,
) -> Result<V::Answer, ExecutionFault> {
    let acquired = match tokio::time::timeout(PATIENCE, pools.acquire()).await {
        Ok(acquired) => acquired.map_err(StorageFault::from),
        Err(_) => Err(took_too_long()),
    };
    let mut in_use = acquired.map_err(|_| ExecutionFault::Unavailable)?;
    let mut transaction = PgTransaction::new(&mut in_use.server, outbox, kind);
    let execution = async {
        let answer = verb.execute(&mut transaction).await?;
        transaction.commit().await?;
        Ok(answer)
    };
    let fault = match tokio::time::timeout(PATIENCE, execution).await {
        Ok(Ok(answer)) => {
            in_use.release();
            return Ok(answer);
        }
        Ok(Err(fault)) => fault,
        Err(_) => took_too_long(),
    };
    if fault == StorageFault::Conflict {
        if let Ok(true) = tokio::time::timeout(ROLLBACK_PATIENCE, transaction.roll_back()).await {
            in_use.release();
        }
        return Err(ExecutionFault::Conflict);
    }
    if transaction.is_shared() {
        pools.mark_pooled();
        pools.discard_all(in_use.generation());
        return Err(ExecutionFault::Conflict);
    }
    // The state of the connection is unknown. Its server may be gone or have become read-only, so the others are not used again either.
    let is_lost = transaction.is_lost_unstored();
    pools.discard_all(in_use.generation());
    Err(if in_use.is_reused && is_lost { ExecutionFault::StaleConnection } else { ExecutionFault::Unavailable })
}

fn took_too_long() -> StorageFault {
    tracing::error!("the storage took too long");
    StorageFault::Unavailable
}

impl From<sqlx::Error> for StorageFault {
    fn from(error: sqlx::Error) -> Self {
        let Some(error) = error.as_database_error() else { return Self::logged(&error.to_string()) };
        let code = error.code().unwrap_or_default();
        EngineFailure { code: &code, constraint: error.constraint(), message: error.message() }.into()
    }
}

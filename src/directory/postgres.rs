//! The directory in PostgreSQL, which many machines share.
//!
//! All transactions run on the runtime on which the pool was opened, because a connection belongs to its runtime. The transaction
//! of a request that gives up runs to its end.

use crate::directory::sql::{EngineFailure, SqlRow, SqlTransaction, SqlValue, StorageFault, Verb};
use crate::directory::{StorageUnavailable, migrations};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgListener, PgPool, PgPoolOptions, Postgres as Engine};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqlSafeStr as _};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;

/// How many connections the pool opens at most.
const AT_ONCE: u32 = 10;
/// How long a caller waits for a connection, and for a whole transaction.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a transaction is run again after a conflict.
const TRIES: u32 = 12;
/// The channel on which the machines are notified.
const CHANNEL: &str = "portaria";
/// How long the listener waits before it connects again.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

/// The directory in PostgreSQL.
pub(crate) struct Postgres {
    pool: PgPool,
    runtime: Handle,
    news: Arc<Notify>,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}

impl Postgres {
    /// Connects and migrates the database. If several machines start at once, one migrates and the others wait.
    pub(crate) async fn open(address: &str) -> Result<Self, sqlx::Error> {
        let options: PgConnectOptions = address.parse()?;
        let options = options.application_name("portaria").options([
            // A statement must not block for longer than a caller waits.
            ("statement_timeout", "5000"),
            ("lock_timeout", "5000"),
            ("idle_in_transaction_session_timeout", "10000"),
        ]);
        let mut first = tokio::time::timeout(PATIENCE.saturating_mul(2), options.clone().disable_statement_logging().connect())
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)??;
        // Many machines may start at once, and the last of them waits for all others.
        sqlx::query("SET lock_timeout = 60000").execute(&mut first).await?;
        sqlx::query("SET statement_timeout = 60000").execute(&mut first).await?;
        migrations::postgres().run(&mut first).await?;
        first.close().await?;
        let pool = PgPoolOptions::new().max_connections(AT_ONCE).acquire_timeout(PATIENCE).max_lifetime(Duration::from_mins(30));
        let pool = pool.connect_lazy_with(options.disable_statement_logging());
        let news = Arc::new(Notify::new());
        tokio::spawn(listen(pool.clone(), Arc::clone(&news)));
        Ok(Self { pool, runtime: Handle::current(), news })
    }

    /// Waits for the next notification, from this machine or another.
    pub(crate) async fn wait_for_news(&self) {
        self.news.notified().await;
    }

    pub(crate) async fn write<V: Verb>(&self, verb: Arc<V>) -> Result<V::Answer, StorageUnavailable> {
        let pool = self.pool.clone();
        let done = self.runtime.spawn(async move {
            for attempt in 0..TRIES {
                match execute_once(&pool, &*verb).await {
                    Err(StorageFault::Conflict) => tokio::time::sleep(Duration::from_millis(u64::from(attempt).pow(2))).await,
                    Err(StorageFault::Unavailable) => return Err(StorageUnavailable),
                    Ok(answer) => return Ok(answer),
                }
            }
            tracing::error!("the storage was too busy with the same people at the same time");
            Err(StorageUnavailable)
        });
        done.await.map_err(|_| StorageUnavailable)?
    }

    pub(crate) async fn read<V: Verb>(&self, verb: Arc<V>) -> Result<V::Answer, StorageUnavailable> {
        self.write(verb).await
    }
}

async fn execute_once<V: Verb>(pool: &PgPool, verb: &V) -> Result<V::Answer, StorageFault> {
    let mut connection = pool.acquire().await?;
    let transaction = async {
        let mut transaction = connection.begin().await?;
        let answer = verb.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(answer)
    };
    match tokio::time::timeout(PATIENCE, transaction).await {
        Ok(Err(StorageFault::Unavailable)) => {}
        Ok(answer) => return answer,
        Err(_) => tracing::error!("the storage took too long"),
    }
    // The state of the connection is unknown. A connection to a server that has become read-only stays read-only, so the idle
    // connections are closed as well.
    drop(connection.detach());
    while let Some(idle) = pool.try_acquire() {
        drop(idle.detach());
    }
    Err(StorageFault::Unavailable)
}

/// Listens for as long as the process runs. While the channel is down, the callers read the generations from time to time.
async fn listen(pool: PgPool, news: Arc<Notify>) {
    loop {
        if let Ok(mut listener) = PgListener::connect_with(&pool).await
            && listener.listen(CHANNEL).await.is_ok()
        {
            while listener.recv().await.is_ok() {
                news.notify_one();
            }
        }
        if pool.is_closed() {
            return;
        }
        tokio::time::sleep(RECONNECT_AFTER).await;
    }
}

impl From<sqlx::Error> for StorageFault {
    fn from(error: sqlx::Error) -> Self {
        let Some(error) = error.as_database_error() else { return Self::logged(&error.to_string()) };
        let code = error.code().unwrap_or_default();
        EngineFailure { code: &code, constraint: error.constraint(), message: error.message() }.into()
    }
}

fn query<'q>(sql: &'static str, with: &'q [SqlValue<'_>]) -> Query<'q, Engine, PgArguments> {
    bind_values(sqlx::query(sql), with)
}

fn bind_values<'q>(query: Query<'q, Engine, PgArguments>, with: &'q [SqlValue<'_>]) -> Query<'q, Engine, PgArguments> {
    with.iter().fold(query, |query, value| match value {
        SqlValue::Text(text) => query.bind(*text),
        SqlValue::Number(number) => query.bind(*number),
    })
}

impl SqlTransaction for PgConnection {
    async fn run(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<u64, StorageFault> {
        Ok(query(sql, with).execute(self).await?.rows_affected())
    }

    async fn queue(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<(), StorageFault> {
        query(sql, with).execute(self).await?;
        Ok(())
    }

    async fn fetch(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<Vec<SqlRow>, StorageFault> {
        Ok(query(sql, with).fetch_all(self).await?.into_iter().map(SqlRow::Postgres).collect())
    }

    async fn fetch_for_update(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<Vec<SqlRow>, StorageFault> {
        let locking = sqlx::query(AssertSqlSafe(format!("{sql} FOR UPDATE")).into_sql_str());
        Ok(bind_values(locking, with).fetch_all(self).await?.into_iter().map(SqlRow::Postgres).collect())
    }

    async fn lock(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<(), StorageFault> {
        self.fetch_for_update(sql, with).await?;
        Ok(())
    }

    async fn clock(&mut self) -> Result<Option<i64>, StorageFault> {
        let now = sqlx::query("SELECT CAST(extract(epoch FROM clock_timestamp()) AS BIGINT)").fetch_one(self).await?;
        Ok(Some(SqlRow::Postgres(now).number(0)?))
    }

    async fn lock_name(&mut self, name: &str) -> Result<(), StorageFault> {
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").bind(name).execute(self).await?;
        Ok(())
    }

    async fn notify_machines(&mut self) -> Result<(), StorageFault> {
        sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(self).await?;
        Ok(())
    }
}

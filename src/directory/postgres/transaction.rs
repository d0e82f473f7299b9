//! A transaction of PostgreSQL. Each message to the server costs a journey, so statements whose results are not needed travel with
//! the next one, `BEGIN` with the first and `COMMIT` with the last.

use crate::directory::postgres::news::CHANNEL;
use crate::directory::postgres::session::{ServerConnection, append, append_beginning};
use crate::directory::sql::{SqlRow, SqlTransaction, SqlValue, StorageFault};
use crate::directory::store_events::StoreEventOutbox;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Either};
use std::future::poll_fn;

/// What an operation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransactionKind {
    /// Each statement stands alone, and nothing is changed.
    Reading,
    /// All statements take effect together.
    Writing,
    /// The operation consists of one statement, which takes effect by itself.
    OneStatement,
}

/// A transaction on one connection.
pub(crate) struct PgTransaction<'c> {
    server: &'c mut ServerConnection,
    outbox: &'c StoreEventOutbox,
    kind: TransactionKind,
    queued: String,
    has_begun: bool,
    has_prepared: bool,
    may_be_stored: bool,
    failure: Option<SessionFailure>,
}

/// What a failure says about the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SessionFailure {
    /// The server is gone or has become read-only.
    ServerGone,
    /// The session lacks what it has prepared, so it is shared.
    SessionShared,
}

/// The result of the last statement of a message.
struct LastResult {
    rows: Vec<PgRow>,
    affected: u64,
}

impl<'c> PgTransaction<'c> {
    pub(crate) fn new(server: &'c mut ServerConnection, outbox: &'c StoreEventOutbox, kind: TransactionKind) -> Self {
        let queued = String::new();
        Self { server, outbox, kind, queued, has_begun: false, has_prepared: false, may_be_stored: false, failure: None }
    }

    /// Whether the server of the connection is gone or has become read-only, and has certainly stored nothing.
    pub(crate) fn is_lost_unstored(&self) -> bool {
        self.failure == Some(SessionFailure::ServerGone) && !self.may_be_stored
    }

    /// Whether the session was found to be shared with others. Nothing is stored then.
    pub(crate) fn is_shared(&self) -> bool {
        self.failure == Some(SessionFailure::SessionShared)
    }

    /// Sends what is queued, and stores all changes.
    pub(crate) async fn commit(&mut self) -> Result<(), StorageFault> {
        if self.has_begun {
            self.separate();
            self.queued.push_str("COMMIT");
        }
        if !self.queued.is_empty() {
            self.send(true).await?;
        }
        Ok(())
    }

    /// Undoes all changes; false if the connection cannot be used again.
    pub(crate) async fn roll_back(&mut self) -> bool {
        // A statement of the message that failed may not have been prepared.
        if self.has_prepared {
            return false;
        }
        !self.has_begun || sqlx::raw_sql("ROLLBACK").execute(&mut self.server.connection).await.is_ok()
    }

    fn separate(&mut self) {
        if !self.queued.is_empty() {
            self.queued.push_str("; ");
        }
    }

    fn enqueue(&mut self, sql: &'static str, with: &[SqlValue<'_>], locks: bool) -> Result<(), StorageFault> {
        self.separate();
        self.has_prepared |= append(&mut self.server.prepared, sql, with, locks, &mut self.queued)?;
        Ok(())
    }

    /// Sends what is queued, of which the result of the last statement is needed.
    async fn send_queued(&mut self) -> Result<LastResult, StorageFault> {
        match self.kind {
            TransactionKind::Reading | TransactionKind::Writing => self.send(false).await,
            TransactionKind::OneStatement if self.may_be_stored => Err(StorageFault::Unavailable),
            TransactionKind::OneStatement => self.send(true).await,
        }
    }

    async fn send(&mut self, stores: bool) -> Result<LastResult, StorageFault> {
        let mut text = String::new();
        if !self.has_begun {
            // What is stored with its first message is a transaction by itself.
            self.has_begun = self.kind == TransactionKind::Writing && !stores;
            append_beginning(self.server.prepared.as_ref(), self.has_begun, &mut text);
        }
        text.push_str(&std::mem::take(&mut self.queued));
        self.may_be_stored |= stores;
        let received = self.receive(text).await;
        if let Err(error) = &received {
            self.failure = self.classify(error);
        }
        Ok(received?)
    }

    fn classify(&mut self, error: &sqlx::Error) -> Option<SessionFailure> {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        match code.as_deref() {
            // A server that has become read-only refuses a statement before it does anything.
            Some("25006") => {
                self.may_be_stored = false;
                Some(SessionFailure::ServerGone)
            }
            // Shut down: by an order, after a crash, not yet started; the session was idle for too long.
            Some("57P01" | "57P02" | "57P03" | "57P05") => Some(SessionFailure::ServerGone),
            // Poolers report a lost server as a failure of the connection.
            Some(code) if code.starts_with("08") => Some(SessionFailure::ServerGone),
            // No such prepared statement, and one of the same name.
            Some("26000" | "42P05") => Some(SessionFailure::SessionShared),
            Some(_) => None,
            None => matches!(error, sqlx::Error::Io(_)).then_some(SessionFailure::ServerGone),
        }
    }

    async fn receive(&mut self, text: String) -> Result<LastResult, sqlx::Error> {
        let mut results = sqlx::raw_sql(AssertSqlSafe(text)).fetch_many(&mut self.server.connection);
        let (mut rows, mut last) = (Vec::new(), LastResult { rows: Vec::new(), affected: 0 });
        while let Some(part) = poll_fn(|context| results.as_mut().poll_next(context)).await {
            match part? {
                Either::Right(row) => rows.push(row),
                Either::Left(done) => last = LastResult { rows: std::mem::take(&mut rows), affected: done.rows_affected() },
            }
        }
        Ok(last)
    }
}

impl SqlTransaction for PgTransaction<'_> {
    async fn run(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<u64, StorageFault> {
        self.enqueue(sql, with, false)?;
        Ok(self.send_queued().await?.affected)
    }

    async fn queue(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<(), StorageFault> {
        self.enqueue(sql, with, false)
    }

    async fn fetch(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<Vec<SqlRow>, StorageFault> {
        self.enqueue(sql, with, false)?;
        Ok(self.send_queued().await?.rows.into_iter().map(SqlRow::Postgres).collect())
    }

    async fn fetch_for_update(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<Vec<SqlRow>, StorageFault> {
        self.enqueue(sql, with, true)?;
        Ok(self.send_queued().await?.rows.into_iter().map(SqlRow::Postgres).collect())
    }

    async fn lock(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<(), StorageFault> {
        self.enqueue(sql, with, true)
    }

    async fn clock(&mut self) -> Result<Option<i64>, StorageFault> {
        let rows = self.fetch("SELECT CAST(extract(epoch FROM clock_timestamp()) AS BIGINT)", &[]).await?;
        rows.first().map(|row| row.number(0)).transpose()
    }

    async fn lock_name(&mut self, name: &str) -> Result<(), StorageFault> {
        self.enqueue("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", &[name.into()], false)
    }

    async fn notify_machines(&mut self) -> Result<(), StorageFault> {
        self.enqueue("SELECT pg_notify($1, '')", &[CHANNEL.into()], false)
    }

    /// By itself the server does it a minute after a table has grown.
    async fn analyze_user_tables(&mut self) -> Result<(), StorageFault> {
        self.separate();
        self.queued.push_str("ANALYZE users, identities");
        Ok(())
    }

    fn outbox(&self) -> &StoreEventOutbox {
        self.outbox
    }
}

//! A transaction of PostgreSQL. Each message to the server costs a journey, so statements whose results are not needed travel with
//! the next one, `BEGIN` with the first and `COMMIT` with the last.
//!
//! Nothing is kept in the session of the server: no prepared statement, no setting, no lock. A pooler may give each transaction to
//! another session.

use crate::directory::postgres::literals::append_statement;
use crate::directory::postgres::news::CHANNEL;
use crate::directory::sql::{SqlRow, SqlTransaction, SqlValue, StorageFault};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Either};
use std::future::poll_fn;

/// A statement must not block for longer than a caller waits, and a broker that stands still must not hold its locks.
const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = 5000; SET LOCAL idle_in_transaction_session_timeout = 10000; SET LOCAL client_min_messages = warning";
/// The same for statements that are sent with one message: the server makes one transaction of them.
const ALONE: &str = "SET LOCAL statement_timeout = 5000";

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
    connection: &'c mut PgConnection,
    kind: TransactionKind,
    queued: String,
    has_begun: bool,
    may_be_stored: bool,
    is_server_gone: bool,
}

/// The result of the last statement of a message.
struct LastResult {
    rows: Vec<PgRow>,
    affected: u64,
}

impl<'c> PgTransaction<'c> {
    pub(crate) fn new(connection: &'c mut PgConnection, kind: TransactionKind) -> Self {
        Self { connection, kind, queued: String::new(), has_begun: false, may_be_stored: false, is_server_gone: false }
    }

    /// Whether the server of the connection is gone or has become read-only, and has certainly stored nothing.
    pub(crate) fn is_lost_unstored(&self) -> bool {
        self.is_server_gone && !self.may_be_stored
    }

    /// Sends what is queued, and stores all changes.
    pub(crate) async fn commit(&mut self) -> Result<(), StorageFault> {
        if !self.has_begun && self.queued.is_empty() {
            return Ok(());
        }
        if self.has_begun {
            self.append(|queued| {
                queued.push_str("COMMIT");
                Ok(())
            })?;
        }
        self.send(true).await?;
        Ok(())
    }

    /// Undoes all changes, so that the connection can be used again.
    pub(crate) async fn roll_back(&mut self) -> Result<(), sqlx::Error> {
        if self.has_begun {
            sqlx::raw_sql("ROLLBACK").execute(&mut *self.connection).await?;
        }
        Ok(())
    }

    fn enqueue(&mut self, sql: &str, with: &[SqlValue<'_>]) -> Result<(), StorageFault> {
        self.append(|queued| append_statement(sql, with, queued))
    }

    fn append(&mut self, write: impl FnOnce(&mut String) -> Result<(), StorageFault>) -> Result<(), StorageFault> {
        if !self.queued.is_empty() {
            self.queued.push_str("; ");
        }
        write(&mut self.queued)
    }

    /// Sends what is queued, of which the result of the last statement is needed.
    async fn send_queued(&mut self) -> Result<LastResult, StorageFault> {
        match self.kind {
            TransactionKind::Reading => self.send(false).await,
            TransactionKind::Writing => {
                if !self.has_begun {
                    self.has_begun = true;
                    self.queued.insert_str(0, "; ");
                    self.queued.insert_str(0, BEGIN);
                }
                self.send(false).await
            }
            TransactionKind::OneStatement if self.may_be_stored => Err(StorageFault::Unavailable),
            TransactionKind::OneStatement => self.send(true).await,
        }
    }

    async fn send(&mut self, stores: bool) -> Result<LastResult, StorageFault> {
        let mut text = std::mem::take(&mut self.queued);
        if !self.has_begun {
            text.insert_str(0, "; ");
            text.insert_str(0, ALONE);
        }
        self.may_be_stored |= stores;
        let received = self.receive(text).await;
        if let Err(error) = &received {
            let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
            // Read-only, and shut down: by an order, after a crash, not yet started.
            let is_gone = ["25006", "57P01", "57P02", "57P03"].iter().any(|gone| code.as_deref() == Some(gone));
            self.is_server_gone = is_gone || matches!(error, sqlx::Error::Io(_));
            // A server that has become read-only refuses a statement before it does anything.
            self.may_be_stored &= code.as_deref() != Some("25006");
        }
        Ok(received?)
    }

    async fn receive(&mut self, text: String) -> Result<LastResult, sqlx::Error> {
        let mut results = sqlx::raw_sql(AssertSqlSafe(text)).fetch_many(&mut *self.connection);
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
        self.enqueue(sql, with)?;
        Ok(self.send_queued().await?.affected)
    }

    async fn queue(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<(), StorageFault> {
        self.enqueue(sql, with)
    }

    async fn fetch(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<Vec<SqlRow>, StorageFault> {
        self.enqueue(sql, with)?;
        Ok(self.send_queued().await?.rows.into_iter().map(SqlRow::Postgres).collect())
    }

    async fn fetch_for_update(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<Vec<SqlRow>, StorageFault> {
        self.enqueue(sql, with)?;
        self.queued.push_str(" FOR UPDATE");
        Ok(self.send_queued().await?.rows.into_iter().map(SqlRow::Postgres).collect())
    }

    async fn lock(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<(), StorageFault> {
        self.enqueue(sql, with)?;
        self.queued.push_str(" FOR UPDATE");
        Ok(())
    }

    async fn clock(&mut self) -> Result<Option<i64>, StorageFault> {
        let rows = self.fetch("SELECT CAST(extract(epoch FROM clock_timestamp()) AS BIGINT)", &[]).await?;
        rows.first().map(|row| row.number(0)).transpose()
    }

    async fn lock_name(&mut self, name: &str) -> Result<(), StorageFault> {
        self.enqueue("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", &[name.into()])
    }

    async fn notify_machines(&mut self) -> Result<(), StorageFault> {
        self.enqueue("SELECT pg_notify($1, '')", &[CHANNEL.into()])
    }
}

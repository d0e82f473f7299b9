//! A transaction of SQLite. Each statement is carried out before its future is first awaited, so a verb runs without a pause.

use crate::directory::sql::{SqlRow, SqlTransaction, SqlValue, StorageFault, Verb};
use crate::directory::sqlite::row::SqliteRow;
use crate::directory::store_events::StoreEventOutbox;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{CachedStatement, Connection, ToSql};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// A transaction on one connection.
pub(crate) struct Transaction<'c> {
    connection: &'c mut Connection,
    outbox: &'c StoreEventOutbox,
}

/// Runs a statement without values.
pub(crate) fn run_statement(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(drop)
}

/// Runs a verb on a connection that has begun a transaction.
pub(crate) fn execute<V: Verb>(verb: &V, connection: &mut Connection, outbox: &StoreEventOutbox) -> Result<V::Answer, StorageFault> {
    let mut transaction = Transaction { connection, outbox };
    match pin!(verb.execute(&mut transaction)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => Err(StorageFault::logged("an operation waits for something else than the storage")),
    }
}

impl Transaction<'_> {
    fn prepare(&self, sql: &str, with: &[SqlValue<'_>]) -> Result<CachedStatement<'_>, StorageFault> {
        let mut statement = self.connection.prepare_cached(sql)?;
        for index in 1..=statement.parameter_count() {
            // SQLite numbers `$1`, `$2` by where they first stand, not by their number.
            let number = statement.parameter_name(index).and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
            let value = number.and_then(|number| with.get(number.checked_sub(1)?));
            statement.raw_bind_parameter(index, value.ok_or_else(|| StorageFault::logged("a statement lacks a value"))?)?;
        }
        Ok(statement)
    }
}

impl ToSql for SqlValue<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Text(Some(text)) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Text(None) => ToSqlOutput::Owned(Value::Null),
            Self::Number(number) => ToSqlOutput::Owned(Value::Integer(*number)),
        })
    }
}

impl SqlTransaction for Transaction<'_> {
    async fn run(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<u64, StorageFault> {
        let changed = self.prepare(sql, with)?.raw_execute()?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    async fn queue(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<(), StorageFault> {
        self.prepare(sql, with)?.raw_execute()?;
        Ok(())
    }

    async fn fetch(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<Vec<SqlRow>, StorageFault> {
        let mut statement = self.prepare(sql, with)?;
        let columns = statement.column_count();
        let (mut rows, mut found) = (statement.raw_query(), Vec::new());
        while let Some(row) = rows.next()? {
            found.push(SqlRow::Sqlite(SqliteRow::copy(row, columns)?));
        }
        Ok(found)
    }

    /// There is only one writer, so no lock is needed.
    async fn fetch_for_update(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<Vec<SqlRow>, StorageFault> {
        self.fetch(sql, with).await
    }

    async fn lock(&mut self, _sql: &'static str, _with: &[SqlValue<'_>]) -> Result<(), StorageFault> {
        Ok(())
    }

    async fn clock(&mut self) -> Result<Option<i64>, StorageFault> {
        Ok(None)
    }

    async fn lock_name(&mut self, _name: &str) -> Result<(), StorageFault> {
        Ok(())
    }

    /// Another process with the same file reads the generations from time to time.
    async fn notify_machines(&mut self) -> Result<(), StorageFault> {
        Ok(())
    }

    /// Its plans do not depend on how many rows there are.
    async fn analyze_user_tables(&mut self) -> Result<(), StorageFault> {
        Ok(())
    }

    fn outbox(&self) -> &StoreEventOutbox {
        self.outbox
    }
}

//! A transaction of SQLite. Each message to the thread of the database costs more than most statements, so a statement whose
//! result is not needed is sent together with the next one.

use crate::directory::sql::{SqlRow, SqlTransaction, SqlValue, StorageFault};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection};
use sqlx::{AssertSqlSafe, SqlSafeStr as _};
use std::fmt::Write as _;

/// A transaction on one connection.
pub(crate) struct Transaction<'c> {
    connection: &'c mut SqliteConnection,
    queued: String,
    values: Vec<OwnedSqlValue>,
    has_response: bool,
}

/// A value of a queued statement.
enum OwnedSqlValue {
    Text(Option<String>),
    Number(i64),
}

impl<'c> Transaction<'c> {
    pub(crate) fn new(connection: &'c mut SqliteConnection) -> Self {
        Self { connection, queued: String::new(), values: Vec::new(), has_response: false }
    }

    /// Whether the database has answered a statement.
    pub(crate) fn has_responded(&self) -> bool {
        self.has_response
    }

    /// Sends the queued statements.
    pub(crate) async fn flush(&mut self) -> Result<(), StorageFault> {
        if !self.queued.is_empty() {
            self.send_queued().await?;
        }
        Ok(())
    }

    fn enqueue(&mut self, sql: &str, with: &[SqlValue<'_>]) {
        if !self.queued.is_empty() {
            self.queued.push_str("; ");
        }
        append_renumbered(sql, self.values.len(), &mut self.queued);
        self.values.extend(with.iter().map(|value| match value {
            SqlValue::Text(text) => OwnedSqlValue::Text(text.map(str::to_owned)),
            SqlValue::Number(number) => OwnedSqlValue::Number(*number),
        }));
    }

    async fn send_queued(&mut self) -> Result<Vec<SqlRow>, StorageFault> {
        let (sql, values) = (std::mem::take(&mut self.queued), std::mem::take(&mut self.values));
        let query: Query<'_, Sqlite, SqliteArguments> = sqlx::query(AssertSqlSafe(sql).into_sql_str());
        let query = values.into_iter().fold(query, |query, value| match value {
            OwnedSqlValue::Text(text) => query.bind(text),
            OwnedSqlValue::Number(number) => query.bind(number),
        });
        let rows = query.fetch_all(&mut *self.connection).await?;
        self.has_response = true;
        Ok(rows.into_iter().map(SqlRow::Sqlite).collect())
    }
}

impl SqlTransaction for Transaction<'_> {
    async fn run(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<u64, StorageFault> {
        self.flush().await?;
        let query = with.iter().fold(sqlx::query(sql), |query, value| match value {
            SqlValue::Text(text) => query.bind(text.map(str::to_owned)),
            SqlValue::Number(number) => query.bind(*number),
        });
        let done = query.execute(&mut *self.connection).await?;
        self.has_response = true;
        Ok(done.rows_affected())
    }

    async fn queue(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<(), StorageFault> {
        self.enqueue(sql, with);
        Ok(())
    }

    async fn fetch(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> Result<Vec<SqlRow>, StorageFault> {
        self.enqueue(sql, with);
        self.send_queued().await
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
}

/// Appends a statement whose values are numbered from `by` on.
fn append_renumbered(sql: &str, by: usize, into: &mut String) {
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('$') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = after.split_at(digits);
        let _ = write!(into, "{before}${}", number.parse::<usize>().unwrap_or_default().saturating_add(by));
        rest = behind;
    }
    into.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_on_across_statements() {
        let mut text = String::new();
        append_renumbered("SELECT $1, $12, $1 FROM a", 3, &mut text);
        assert_eq!(text, "SELECT $4, $15, $4 FROM a");
    }
}

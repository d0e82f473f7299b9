//! A conversation with the embedded database. Every journey to its thread costs more than most statements, so what nobody waits
//! for travels together with what is said next.

use crate::directory::sql::{Fault, Row, Sql, Value};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection};
use sqlx::{AssertSqlSafe, SqlSafeStr as _};
use std::fmt::Write as _;

/// A conversation on one connection.
pub struct Talk<'c> {
    connection: &'c mut SqliteConnection,
    unsaid: String,
    with: Vec<Kept>,
    heard: bool,
}

/// A value that waits for its journey.
enum Kept {
    Text(Option<String>),
    Number(i64),
}

impl<'c> Talk<'c> {
    /// Begins to talk.
    pub fn new(connection: &'c mut SqliteConnection) -> Self {
        Self { connection, unsaid: String::new(), with: Vec::new(), heard: false }
    }

    /// Whether anything has been answered yet.
    pub fn was_heard(&self) -> bool {
        self.heard
    }

    /// Says what has not been said yet.
    pub async fn flush(&mut self) -> Result<(), Fault> {
        if !self.unsaid.is_empty() {
            self.journey().await?;
        }
        Ok(())
    }

    fn add(&mut self, sql: &str, with: &[Value<'_>]) {
        if !self.unsaid.is_empty() {
            self.unsaid.push_str("; ");
        }
        shifted(sql, self.with.len(), &mut self.unsaid);
        self.with.extend(with.iter().map(|value| match value {
            Value::Text(text) => Kept::Text(text.map(str::to_owned)),
            Value::Number(number) => Kept::Number(*number),
        }));
    }

    async fn journey(&mut self) -> Result<Vec<Row>, Fault> {
        let (sql, with) = (std::mem::take(&mut self.unsaid), std::mem::take(&mut self.with));
        let query: Query<'_, Sqlite, SqliteArguments> = sqlx::query(AssertSqlSafe(sql).into_sql_str());
        let query = with.into_iter().fold(query, |query, value| match value {
            Kept::Text(text) => query.bind(text),
            Kept::Number(number) => query.bind(number),
        });
        let rows = query.fetch_all(&mut *self.connection).await?;
        self.heard = true;
        Ok(rows.into_iter().map(Row::Sqlite).collect())
    }
}

impl Sql for Talk<'_> {
    async fn run(&mut self, sql: &'static str, with: &[Value<'_>]) -> Result<u64, Fault> {
        self.flush().await?;
        let query = with.iter().fold(sqlx::query(sql), |query, value| match value {
            Value::Text(text) => query.bind(text.map(str::to_owned)),
            Value::Number(number) => query.bind(*number),
        });
        let done = query.execute(&mut *self.connection).await?;
        self.heard = true;
        Ok(done.rows_affected())
    }

    async fn then(&mut self, sql: &'static str, with: &[Value<'_>]) -> Result<(), Fault> {
        self.add(sql, with);
        Ok(())
    }

    async fn ask(&mut self, sql: &'static str, with: &[Value<'_>]) -> Result<Vec<Row>, Fault> {
        self.add(sql, with);
        self.journey().await
    }

    /// There is but one who writes, so nobody else can change anything.
    async fn hold(&mut self, sql: &'static str, with: &[Value<'_>]) -> Result<Vec<Row>, Fault> {
        self.ask(sql, with).await
    }

    async fn lock(&mut self, _sql: &'static str, _with: &[Value<'_>]) -> Result<(), Fault> {
        Ok(())
    }

    /// The file is on this machine.
    async fn clock(&mut self) -> Result<Option<i64>, Fault> {
        Ok(None)
    }

    /// There is but one who writes.
    async fn alone(&mut self, _name: &str) -> Result<(), Fault> {
        Ok(())
    }

    /// Who shares the file asks from time to time.
    async fn call_out(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

/// The statement with its values counted on from `by`.
fn shifted(sql: &str, by: usize, into: &mut String) {
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('$') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = after[..digits].parse().unwrap_or_default();
        let _ = write!(into, "{before}${}", number + by);
        rest = &after[digits..];
    }
    into.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_on_across_statements() {
        let mut text = String::new();
        shifted("SELECT $1, $12, $1 FROM a", 3, &mut text);
        assert_eq!(text, "SELECT $4, $15, $4 FROM a");
    }
}

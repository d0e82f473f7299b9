//! What a verb needs of an engine: a transaction that runs SQL.
//!
//! One SQL text serves both engines: values are `$1`, `$2`, …, and a value is a text or an integer.

use crate::directory::sqlite::row::SqliteRow;
use crate::directory::store_events::StoreEventOutbox;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use std::future::Future;

/// An operation of the directory: its input, its answer and its SQL. It runs on every engine.
pub trait Verb: Send + Sync + 'static {
    type Answer: Send + 'static;

    /// Whether the operation is a single statement, which an engine may run without a transaction around it.
    const IS_ONE_STATEMENT: bool = false;

    /// Runs the operation in a transaction. After an error nothing is stored, and the engine may run it again. There is one exception:
    /// if the storage is lost or takes too long while it commits, everything may be stored, and the operation is not run again.
    /// The operation awaits nothing but the transaction: an engine may answer at once, and then it runs the whole of it without a pause.
    fn execute<S: SqlTransaction>(&self, sql: &mut S) -> impl Future<Output = Result<Self::Answer, StorageFault>> + Send;
}

/// A transaction of the storage.
pub trait SqlTransaction: Send {
    /// Runs a statement; the answer is the number of affected rows.
    fn run(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> impl Future<Output = Result<u64, StorageFault>> + Send;

    /// Runs a statement whose result is not needed; an engine may send it together with the next one.
    fn queue(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> impl Future<Output = Result<(), StorageFault>> + Send;

    /// Runs a statement and reads its rows.
    fn fetch(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> impl Future<Output = Result<Vec<SqlRow>, StorageFault>> + Send;

    /// Reads rows and locks them until the end of the transaction.
    fn fetch_for_update(
        &mut self,
        sql: &'static str,
        with: &[SqlValue<'_>],
    ) -> impl Future<Output = Result<Vec<SqlRow>, StorageFault>> + Send;

    /// Locks rows without reading them. A later read sees them as they are under the lock.
    fn lock(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> impl Future<Output = Result<(), StorageFault>> + Send;

    /// The clock of the storage, if it is on another machine.
    fn clock(&mut self) -> impl Future<Output = Result<Option<i64>, StorageFault>> + Send;

    /// Locks a name until the end of the transaction.
    fn lock_name(&mut self, name: &str) -> impl Future<Output = Result<(), StorageFault>> + Send;

    /// Notifies all machines after the commit.
    fn notify_machines(&mut self) -> impl Future<Output = Result<(), StorageFault>> + Send;

    /// Refreshes the planner's statistics of the tables of users. They were empty when the statements were planned, which did not use their indexes.
    fn analyze_user_tables(&mut self) -> impl Future<Output = Result<(), StorageFault>> + Send;

    /// Which events the stores want to be sent.
    fn outbox(&self) -> &StoreEventOutbox;
}

/// A value of a statement.
#[derive(Clone, Copy, Debug)]
pub enum SqlValue<'a> {
    /// A text, or `NULL`.
    Text(Option<&'a str>),
    /// An integer; `true` is 1.
    Number(i64),
}

impl<'a> From<&'a str> for SqlValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<&'a Box<str>> for SqlValue<'a> {
    fn from(text: &'a Box<str>) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<&'a String> for SqlValue<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<Option<&'a str>> for SqlValue<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for SqlValue<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for SqlValue<'_> {
    fn from(flag: bool) -> Self {
        Self::Number(i64::from(flag))
    }
}

/// The values of a statement, in order.
macro_rules! with {
    ($($value:expr),* $(,)?) => { &[$($crate::directory::sql::SqlValue::from($value)),*] };
}
pub(crate) use with;

/// A row of a result.
#[derive(Debug)]
pub enum SqlRow {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl SqlRow {
    pub(crate) fn text(&self, column: usize) -> Result<&str, StorageFault> {
        self.optional_text(column)?.ok_or(StorageFault::Unavailable)
    }

    pub(crate) fn optional_text(&self, column: usize) -> Result<Option<&str>, StorageFault> {
        Ok(match self {
            Self::Sqlite(row) => row.text(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn number(&self, column: usize) -> Result<i64, StorageFault> {
        Ok(match self {
            Self::Sqlite(row) => row.number(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn flag(&self, column: usize) -> Result<bool, StorageFault> {
        Ok(self.number(column)? != 0)
    }
}

/// Why a statement was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageFault {
    /// A concurrent transaction interfered; the operation can be run again.
    Conflict,
    /// The storage could not do it. The reason is in the log.
    Unavailable,
}

/// What an engine said of a failure.
pub(crate) struct EngineFailure<'a> {
    /// The code of the engine: five characters in PostgreSQL, a number in SQLite.
    pub(crate) code: &'a str,
    pub(crate) constraint: Option<&'a str>,
    pub(crate) message: &'a str,
}

impl From<EngineFailure<'_>> for StorageFault {
    fn from(failure: EngineFailure<'_>) -> Self {
        // Unique key, foreign key, serialization failure, deadlock; then the codes of SQLite for the first two.
        if ["23505", "23503", "40001", "40P01", "1555", "2067", "787"].contains(&failure.code) {
            return Self::Conflict;
        }
        Self::logged(&failure.loggable())
    }
}

impl StorageFault {
    /// The storage could not do it, for a reason without personal data.
    pub(crate) fn logged(reason: &str) -> Self {
        tracing::error!(reason, "the storage did not do what it was asked");
        Self::Unavailable
    }
}

impl EngineFailure<'_> {
    /// The reason for the log, without personal data: the message of a database may repeat values, so the log gets the code and the
    /// name of a constraint. The message is added only where it is about the machine (a disk, a file, a server) or about tables and rights.
    pub(crate) fn loggable(&self) -> String {
        let constraint = self.constraint.map_or_else(String::new, |name| format!(", constraint {name}"));
        let sentence =
            if is_about_the_machine(self.code) || self.is_about_tables() { format!(": {}", self.message) } else { String::new() };
        format!("code {}{constraint}{sentence}", self.code)
    }

    /// Whether it is about tables, columns and rights, whose names are no data. A syntax error repeats what stands near it.
    pub(crate) fn is_about_tables(&self) -> bool {
        self.code.len() == 5 && self.code.starts_with("42") && self.code != "42601"
    }
}

/// A code of PostgreSQL has five characters; the first two are the class: read-only, out of resources, operator intervention,
/// system error. A code of SQLite is a number whose last eight bits are the kind.
fn is_about_the_machine(code: &str) -> bool {
    if code.len() == 5 {
        return ["25", "53", "57", "58"].iter().any(|class| code.starts_with(class));
    }
    // Busy, locked, read-only, input or output error, corrupt, full, cannot open, not a database.
    code.parse::<u32>().is_ok_and(|code| [5, 6, 8, 10, 11, 13, 14, 26].contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_repeats_what_is_said_of_the_machine_and_nothing_of_people() {
        let message = "value \"ana@loja.example\" is not wanted";
        for (code, constraint, expected) in [
            ("22P02", None, "code 22P02"),
            ("23514", Some("users_email_check"), "code 23514, constraint users_email_check"),
            ("275", None, "code 275"),
            ("1", None, "code 1"),
            ("13", None, "code 13: "),
            ("776", None, "code 776: "),
            ("53100", None, "code 53100: "),
            ("25006", None, "code 25006: "),
            ("42501", None, "code 42501: "),
            ("42601", None, "code 42601"),
        ] {
            let expected = if expected.ends_with(": ") { format!("{expected}{message}") } else { expected.to_owned() };
            assert_eq!(EngineFailure { code, constraint, message }.loggable(), expected);
        }
    }
}

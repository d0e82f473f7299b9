//! What a verb needs of an engine: a conversation in SQL that becomes true as a whole or not at all.
//!
//! One text serves every engine: values are `$1`, `$2`, …, and there are but two kinds of them, texts and whole numbers.

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use std::future::Future;

/// Something that is done to the directory: what it takes, what it answers, and how. It works on every engine.
pub trait Verb: Send + Sync + 'static {
    /// What comes of it.
    type Answer: Send + 'static;

    /// Does it. When it fails nothing has been done; it may be tried again from the beginning.
    fn execute<S: SqlTransaction>(&self, sql: &mut S) -> impl Future<Output = Result<Self::Answer, StorageFault>> + Send;
}

/// A conversation with the storage.
pub trait SqlTransaction: Send {
    /// Says something and hears how many rows it was about.
    fn run(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> impl Future<Output = Result<u64, StorageFault>> + Send;

    /// Says something whose outcome nobody looks at; it may travel together with what is said next.
    fn queue(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> impl Future<Output = Result<(), StorageFault>> + Send;

    /// Asks.
    fn fetch(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> impl Future<Output = Result<Vec<SqlRow>, StorageFault>> + Send;

    /// Asks for rows that are about to change: until this is over nobody else changes them.
    fn fetch_for_update(
        &mut self,
        sql: &'static str,
        with: &[SqlValue<'_>],
    ) -> impl Future<Output = Result<Vec<SqlRow>, StorageFault>> + Send;

    /// Holds rows without hearing of them. What is asked next sees them as they are then.
    fn lock(&mut self, sql: &'static str, with: &[SqlValue<'_>]) -> impl Future<Output = Result<(), StorageFault>> + Send;

    /// What time it is at the storage, where that is elsewhere.
    fn clock(&mut self) -> impl Future<Output = Result<Option<i64>, StorageFault>> + Send;

    /// Until this is over nobody else is alone with this name.
    fn lock_name(&mut self, name: &str) -> impl Future<Output = Result<(), StorageFault>> + Send;

    /// Once this is kept, every machine is told that there is news.
    fn notify_machines(&mut self) -> impl Future<Output = Result<(), StorageFault>> + Send;
}

/// A value on its way into the storage.
#[derive(Clone, Copy, Debug)]
pub enum SqlValue<'a> {
    /// A text, or none.
    Text(Option<&'a str>),
    /// A number; what is true is 1.
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
    fn from(truth: bool) -> Self {
        Self::Number(i64::from(truth))
    }
}

/// Values for a statement, in order.
macro_rules! with {
    ($($value:expr),* $(,)?) => { &[$($crate::directory::sql::SqlValue::from($value)),*] };
}
pub(crate) use with;

/// A row that came back.
#[derive(Debug)]
pub enum SqlRow {
    /// From the embedded database.
    Sqlite(SqliteRow),
    /// From PostgreSQL.
    Postgres(PgRow),
}

impl SqlRow {
    pub(crate) fn text(&self, column: usize) -> Result<&str, StorageFault> {
        self.optional_text(column)?.ok_or(StorageFault::Away)
    }

    /// A text, or none.
    pub(crate) fn optional_text(&self, column: usize) -> Result<Option<&str>, StorageFault> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn number(&self, column: usize) -> Result<i64, StorageFault> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    /// Whether it is so.
    pub(crate) fn flag(&self, column: usize) -> Result<bool, StorageFault> {
        Ok(self.number(column)? != 0)
    }
}

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageFault {
    /// Somebody else did the same at the same time: looked at again, it is another question.
    Clash,
    /// The storage could not do it. The reason has been logged.
    Away,
}

impl From<sqlx::Error> for StorageFault {
    fn from(error: sqlx::Error) -> Self {
        // A row is there already, a row that is referred to is gone; two transactions waited for one another.
        let clashes = ["23505", "23503", "40001", "40P01", "1555", "2067", "787"];
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        if code.is_some_and(|code| clashes.contains(&&*code)) {
            return Self::Clash;
        }
        tracing::error!(reason = %loggable_reason(&error), "the storage did not do what it was asked");
        Self::Away
    }
}

/// What went wrong, without the values of people: what a database says may repeat them, so the log gets the code and the name of
/// a constraint. Its sentence is told as well where it can only be about the machine: a disk, a file, a server.
fn loggable_reason(error: &sqlx::Error) -> String {
    let Some(said) = error.as_database_error() else { return error.to_string() };
    let code = said.code().unwrap_or_default();
    let constraint = said.constraint().map_or_else(String::new, |name| format!(", constraint {name}"));
    let sentence = if is_about_the_machine(&code) { format!(": {}", said.message()) } else { String::new() };
    format!("code {code}{constraint}{sentence}")
}

/// PostgreSQL has codes of five letters, whose first two are the class: nothing may be written, no room, somebody stepped in,
/// the system. Those of the embedded database are numbers, whose last eight bits are the kind.
fn is_about_the_machine(code: &str) -> bool {
    if code.len() == 5 {
        return ["25", "53", "57", "58"].iter().any(|class| code.starts_with(class));
    }
    // Busy, locked, read-only, not read or written, damaged, full, not opened, not a database.
    code.parse::<u32>().is_ok_and(|code| [5, 6, 8, 10, 11, 13, 14, 26].contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::error::{DatabaseError, ErrorKind};
    use std::borrow::Cow;
    use std::fmt;

    /// What a database might say.
    #[derive(Debug)]
    struct FakeDatabaseError(&'static str, Option<&'static str>);

    const SENTENCE: &str = "value \"ana@loja.example\" is not wanted";

    impl fmt::Display for FakeDatabaseError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(SENTENCE)
        }
    }

    impl std::error::Error for FakeDatabaseError {}

    impl DatabaseError for FakeDatabaseError {
        fn message(&self) -> &str {
            SENTENCE
        }
        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }
        fn constraint(&self) -> Option<&str> {
            self.1
        }
        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }
        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }
        fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
            self
        }
        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[test]
    fn a_log_repeats_what_is_said_of_the_machine_and_nothing_of_people() {
        for (code, constraint, expected) in [
            ("22P02", None, "code 22P02"),
            ("23514", Some("users_email_check"), "code 23514, constraint users_email_check"),
            ("275", None, "code 275"),
            ("1", None, "code 1"),
            ("13", None, "code 13: "),
            ("776", None, "code 776: "),
            ("53100", None, "code 53100: "),
            ("25006", None, "code 25006: "),
        ] {
            let told = loggable_reason(&sqlx::Error::Database(Box::new(FakeDatabaseError(code, constraint))));
            let expected = if expected.ends_with(": ") { format!("{expected}{SENTENCE}") } else { expected.to_owned() };
            assert_eq!(told, expected);
        }
    }
}

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
    fn carry_out<S: Sql>(&self, sql: &mut S) -> impl Future<Output = Result<Self::Answer, Fault>> + Send;
}

/// A conversation with the storage.
pub trait Sql: Send {
    /// Says something and hears how many rows it was about.
    fn run(&mut self, sql: &'static str, with: &[Value<'_>]) -> impl Future<Output = Result<u64, Fault>> + Send;

    /// Says something whose outcome nobody looks at; it may travel together with what is said next.
    fn then(&mut self, sql: &'static str, with: &[Value<'_>]) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Asks.
    fn ask(&mut self, sql: &'static str, with: &[Value<'_>]) -> impl Future<Output = Result<Vec<Row>, Fault>> + Send;

    /// Asks for rows that are about to change: until this is over nobody else changes them.
    fn hold(&mut self, sql: &'static str, with: &[Value<'_>]) -> impl Future<Output = Result<Vec<Row>, Fault>> + Send;

    /// What time it is at the storage, where that is elsewhere.
    fn clock(&mut self) -> impl Future<Output = Result<Option<i64>, Fault>> + Send;

    /// Until this is over nobody else is alone with this name.
    fn alone(&mut self, name: &str) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Once this is kept, every machine is told that there is news.
    fn call_out(&mut self) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// A value on its way into the storage.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// A text, or none.
    Text(Option<&'a str>),
    /// A number; what is true is 1.
    Number(i64),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<&'a Box<str>> for Value<'a> {
    fn from(text: &'a Box<str>) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(truth: bool) -> Self {
        Self::Number(i64::from(truth))
    }
}

/// Values for a statement, in order.
macro_rules! with {
    ($($value:expr),* $(,)?) => { &[$($crate::directory::sql::Value::from($value)),*] };
}
pub(crate) use with;

/// A row that came back.
#[derive(Debug)]
pub enum Row {
    /// From the embedded database.
    Sqlite(SqliteRow),
    /// From PostgreSQL.
    Postgres(PgRow),
}

impl Row {
    /// A text.
    pub fn text(&self, column: usize) -> Result<&str, Fault> {
        self.maybe(column)?.ok_or(Fault::Away)
    }

    /// A text, or none.
    pub fn maybe(&self, column: usize) -> Result<Option<&str>, Fault> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    /// A number.
    pub fn number(&self, column: usize) -> Result<i64, Fault> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    /// Whether it is so.
    pub fn flag(&self, column: usize) -> Result<bool, Fault> {
        Ok(self.number(column)? != 0)
    }
}

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Somebody else did the same at the same time: looked at again, it is another question.
    Clash,
    /// The storage could not do it. The reason has been logged.
    Away,
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        // A row is there already, a row that is referred to is gone; two transactions waited for one another.
        let clashes = ["23505", "23503", "40001", "40P01", "1555", "2067", "787"];
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        if code.is_some_and(|code| clashes.contains(&&*code)) {
            return Self::Clash;
        }
        // What the database says may repeat values; the log gets the kind alone.
        tracing::error!(reason = %reason(&error), "the storage did not do what it was asked");
        Self::Away
    }
}

/// What went wrong, without the values of people.
fn reason(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(said) => said.message().to_owned(),
        None => error.to_string(),
    }
}

//! A connection to the server, and what its session keeps.
//!
//! A session keeps time limits and prepared statements, so that the server plans a statement once. A pooler that gives each transaction
//! to another session keeps nothing: through one, each transaction brings its limits, and each statement is written out.

use crate::directory::postgres::literals::{append_plain_values, append_statement};
use crate::directory::sql::{SqlValue, StorageFault};
use crate::vocabulary::hash::{hex, sha256};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};
use std::collections::HashMap;
use std::fmt::Write as _;

/// A statement must not block for longer than a caller waits, and a broker that stands still must not hold its locks. The last setting
/// means nothing: a pooler refuses it or drops it, a server keeps it.
const OF_A_SESSION: [(&str, &str); 3] =
    [("statement_timeout", "5000"), ("idle_in_transaction_session_timeout", "10000"), ("portaria.session", "kept")];
/// Whether the session has kept that setting.
const IS_KEPT: &str = "SELECT current_setting('portaria.session', true) = 'kept'";
/// The same limits for one transaction.
const LIMITS: &str = "SET LOCAL statement_timeout = 5000; SET LOCAL idle_in_transaction_session_timeout = 10000";

/// A connection to the server, or to a pooler in front of it.
pub(crate) struct ServerConnection {
    pub(crate) connection: PgConnection,
    /// The statements that the session keeps; `None` behind a pooler.
    pub(crate) prepared: Option<PreparedStatements>,
}

impl ServerConnection {
    /// Connects, and finds out whether the session is kept.
    pub(crate) async fn open(options: &PgConnectOptions) -> Result<Self, sqlx::Error> {
        let mut connection = match options.clone().options(OF_A_SESSION).connect().await {
            Err(error) if is_refused_parameter(&error) => return Self::open_pooled(options).await,
            connected => connected?,
        };
        let kept: Option<bool> = sqlx::raw_sql(IS_KEPT).fetch_one(&mut connection).await?.try_get(0)?;
        let prepared = kept.unwrap_or(false).then(PreparedStatements::default);
        Ok(Self { connection, prepared })
    }

    /// Connects without a session.
    pub(crate) async fn open_pooled(options: &PgConnectOptions) -> Result<Self, sqlx::Error> {
        Ok(Self { connection: options.connect().await?, prepared: None })
    }

    pub(crate) async fn is_there(&mut self) -> bool {
        self.connection.ping().await.is_ok()
    }
}

/// Poolers call a parameter that they do not pass on a violation of the protocol, or a feature that they do not support.
fn is_refused_parameter(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("08P01" | "0A000"))
}

/// The names of the statements that a session has prepared, by where their text is, and whether they lock. A name is made of the whole
/// statement: if a pooler gives the session to others after all, they have the same statement under it or none.
#[derive(Debug, Default)]
pub(crate) struct PreparedStatements(HashMap<(usize, usize, bool), Box<str>>);

/// Begins a transaction, or a message that is one.
pub(crate) fn append_beginning(prepared: Option<&PreparedStatements>, is_transaction: bool, into: &mut String) {
    if is_transaction {
        // The servers' default may be another, under which a lock does not help what is read behind it.
        into.push_str("BEGIN ISOLATION LEVEL READ COMMITTED; ");
    }
    if prepared.is_none() {
        into.push_str(LIMITS);
        into.push_str("; ");
    }
}

/// Appends a statement, which the session prepares if it has not done so. Answers whether it is prepared with this message.
pub(crate) fn append(
    prepared: &mut Option<PreparedStatements>,
    sql: &'static str,
    with: &[SqlValue<'_>],
    locks: bool,
    into: &mut String,
) -> Result<bool, StorageFault> {
    let lock = if locks { " FOR UPDATE" } else { "" };
    let Some(PreparedStatements(known)) = prepared else {
        append_statement(sql, with, into)?;
        into.push_str(lock);
        return Ok(false);
    };
    let key = (sql.as_ptr().addr(), sql.len(), locks);
    let is_new = !known.contains_key(&key);
    let name = known.entry(key).or_insert_with(|| {
        let types: Vec<&str> = with.iter().map(SqlValue::sql_type).collect();
        let types = if types.is_empty() { String::new() } else { format!(" ({})", types.join(", ")) };
        let statement = format!("{types} AS {sql}{lock}");
        let name = format!("p{}", hex(&sha256::<12>(statement.as_bytes())));
        let _ = write!(into, "PREPARE {name}{statement}; ");
        name.into()
    });
    let _ = write!(into, "EXECUTE {name}");
    append_plain_values(with, into)?;
    Ok(is_new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::sql::with;

    #[test]
    fn a_session_prepares_a_statement_once() {
        let (find, count) = ("SELECT a FROM t WHERE b = $1 AND c = $2", "SELECT count(*) FROM t");
        let mut prepared = Some(PreparedStatements::default());
        let name = |statement: &str| format!("p{}", hex(&sha256::<12>(statement.as_bytes())));
        let [read, locked, counted] = [
            " (text, bigint) AS SELECT a FROM t WHERE b = $1 AND c = $2",
            " (text, bigint) AS SELECT a FROM t WHERE b = $1 AND c = $2 FOR UPDATE",
            " AS SELECT count(*) FROM t",
        ];
        let [p0, p1, p2] = [read, locked, counted].map(name);

        let cases: [(_, &[SqlValue<'_>], _, _); 4] = [
            (find, with!["x", 1_i64], false, format!("PREPARE {p0}{read}; EXECUTE {p0}('x', '1')")),
            (find, with!["y'", 2_i64], true, format!("PREPARE {p1}{locked}; EXECUTE {p1}('y''', '2')")),
            (find, with![None::<&str>, 3_i64], false, format!("EXECUTE {p0}(NULL, '3')")),
            (count, &[], false, format!("PREPARE {p2}{counted}; EXECUTE {p2}")),
        ];
        for (sql, values, locks, expected) in cases {
            let mut text = String::new();
            append(&mut prepared, sql, values, locks, &mut text).expect("it can be written");
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn behind_a_pooler_a_statement_is_written_out_and_a_transaction_brings_its_limits() {
        let mut text = String::new();
        append_beginning(None, true, &mut text);
        append(&mut None, "SELECT a FROM t WHERE b = $1", with!["x"], true, &mut text).expect("it can be written");

        assert_eq!(text, format!("BEGIN ISOLATION LEVEL READ COMMITTED; {LIMITS}; SELECT a FROM t WHERE b = 'x'::text FOR UPDATE"));
    }
}

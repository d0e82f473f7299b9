//! The migrations of a file, recorded in the table of sqlx, by which earlier versions applied them.

use crate::directory::migrations::{NewerSchema, schema_of_sqlite};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use sqlx::migrate::Migrator;
use std::collections::BTreeMap;
use std::{fmt, io};

/// Why a file could not be opened.
#[derive(Debug)]
pub enum OpenFileError {
    /// The file cannot be created.
    File(io::Error),
    /// The database could not do it.
    Database(rusqlite::Error),
    /// The tables are those of a later version of the program: the number of its last migration.
    Newer(i64),
    /// The tables are not those of this program: the number of a migration, and what is wrong with it.
    Migration(i64, &'static str),
}

impl From<io::Error> for OpenFileError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<rusqlite::Error> for OpenFileError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl fmt::Display for OpenFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Database(rusqlite::Error::SqliteFailure(_, Some(message))) => f.write_str(message),
            Self::Database(error) => error.fmt(f),
            Self::Newer(migration) => fmt::Display::fmt(&NewerSchema(schema_of_sqlite(*migration)), f),
            Self::Migration(version, reason) => write!(f, "migration {version} of the tables {reason}"),
        }
    }
}

/// Applies the migrations that were not applied yet, in one transaction.
pub fn migrate(connection: &mut Connection, migrations: &Migrator) -> Result<(), OpenFileError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    apply(&transaction, migrations)?;
    transaction.commit()?;
    Ok(())
}

/// The same as a part of a transaction.
pub(crate) fn apply(transaction: &Transaction<'_>, migrations: &Migrator) -> Result<(), OpenFileError> {
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
         installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL, \
         execution_time BIGINT NOT NULL)",
    )?;
    let applied: BTreeMap<i64, (bool, Vec<u8>)> = transaction
        .prepare("SELECT version, success, checksum FROM _sqlx_migrations")?
        .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
        .collect::<Result<_, _>>()?;
    if let Some(version) = applied.keys().rfind(|version| migrations.iter().all(|migration| migration.version != **version)) {
        return Err(OpenFileError::Newer(*version));
    }
    for migration in migrations.iter() {
        match applied.get(&migration.version) {
            Some((false, _)) => return Err(OpenFileError::Migration(migration.version, "was begun and not finished")),
            Some((true, checksum)) if **checksum == *migration.checksum => {}
            Some((true, _)) => return Err(OpenFileError::Migration(migration.version, "is not the one of this program")),
            None => {
                transaction.execute_batch(migration.sql.as_str())?;
                let insert =
                    "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (?1, ?2, TRUE, ?3, 0)";
                transaction.execute(insert, params![migration.version, migration.description, migration.checksum])?;
            }
        }
    }
    Ok(())
}

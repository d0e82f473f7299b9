//! The migrations of a database, in one transaction and under a lock that ends with it.

use crate::directory::postgres::literals::append_statement;
use crate::directory::sql::with;
use crate::vocabulary::hash::hex;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row as _};
use std::collections::BTreeMap;

/// Many machines may start at once, and the last of them waits for all others; an index of many millions of rows takes minutes.
pub(crate) const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = 600000; SET LOCAL client_min_messages = warning; \
     SELECT pg_advisory_xact_lock(hashtextextended('portaria migrations', 0))";
/// The table in which sqlx records migrations, as every version of this program has done.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
     installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL)";

/// Applies the migrations that were not applied yet.
pub(crate) async fn migrate(connection: &mut PgConnection, migrations: &Migrator) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(BEGIN).execute(&mut *connection).await?;
    apply(connection, migrations).await?;
    sqlx::raw_sql("COMMIT").execute(connection).await?;
    Ok(())
}

/// The same as a part of a transaction that has the lock.
pub(crate) async fn apply(connection: &mut PgConnection, migrations: &Migrator) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(TABLE).execute(&mut *connection).await?;
    let applied = "SELECT version, success, encode(checksum, 'hex') FROM _sqlx_migrations";
    let rows = sqlx::raw_sql(applied).fetch_all(&mut *connection).await?;
    let mut applied: BTreeMap<i64, (bool, String)> =
        rows.iter().map(|row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?)))).collect::<Result<_, sqlx::Error>>()?;
    if let Some(later) = applied.keys().rfind(|version| migrations.iter().all(|migration| migration.version != **version)) {
        return Err(MigrateError::VersionMissing(*later).into());
    }
    for migration in migrations.iter() {
        let checksum = hex(&migration.checksum);
        match applied.remove(&migration.version) {
            Some((false, _)) => return Err(MigrateError::Dirty(migration.version).into()),
            Some((true, known)) if known == checksum => {}
            Some((true, _)) => return Err(MigrateError::VersionMismatch(migration.version).into()),
            None => {
                sqlx::raw_sql(migration.sql.clone()).execute(&mut *connection).await?;
                let mut record = String::new();
                let insert = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES ($1, $2, TRUE, decode($3, 'hex'), 0)";
                append_statement(insert, with![migration.version, &*migration.description, &checksum], &mut record)
                    .map_err(|_| MigrateError::VersionNotPresent(migration.version))?;
                sqlx::raw_sql(AssertSqlSafe(record)).execute(&mut *connection).await?;
            }
        }
    }
    Ok(())
}

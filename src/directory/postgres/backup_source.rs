//! Reads all tables of a database for a copy, as they are at one moment. Brokers may go on writing meanwhile.

use crate::directory::backup::fault::BackupFault;
use crate::directory::backup::schema::{BackupTable, tables_of};
use crate::directory::backup::sealed_keys::{FoundKey, statement};
use crate::directory::backup::{BackupPart, BackupRow, BackupValue, RowBatch};
use crate::directory::migrations;
use crate::directory::postgres::address::ServerAddress;
use crate::directory::postgres::hosts::DatabaseHosts;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use std::future::poll_fn;
use tokio::sync::mpsc::Sender;

/// All statements see the database of one moment, for as long as it takes.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0; \
     SET LOCAL idle_in_transaction_session_timeout = 0";

/// Sends all tables.
pub(crate) async fn send(address: &str, parts: &Sender<BackupPart>) -> Result<(), BackupFault> {
    let mut connection = connect(address).await?;
    sqlx::raw_sql(BEGIN).execute(&mut connection).await?;
    let schema = schema_of(&mut connection).await?;
    parts.send(BackupPart::Schema(schema)).await?;
    for (at, table) in tables_of(schema)?.iter().enumerate() {
        parts.send(BackupPart::Table(at)).await?;
        let mut rows = sqlx::raw_sql(AssertSqlSafe(table.select())).fetch(&mut connection);
        let mut batch = RowBatch::default();
        while let Some(row) = poll_fn(|context| rows.as_mut().poll_next(context)).await {
            if let Some(part) = batch.add(read_row(&row?, table)?) {
                parts.send(part).await?;
            }
        }
        if let Some(part) = batch.take() {
            parts.send(part).await?;
        }
    }
    sqlx::raw_sql("COMMIT").execute(&mut connection).await?;
    parts.send(BackupPart::End).await?;
    // Everything was sent, however the connection ends.
    let _ = connection.close().await;
    Ok(())
}

/// The number of the schema, and the keys that sign.
pub(crate) async fn sealed_keys(address: &str) -> Result<(i64, Vec<FoundKey>), BackupFault> {
    let mut connection = connect(address).await?;
    sqlx::raw_sql(BEGIN).execute(&mut connection).await?;
    let schema = schema_of(&mut connection).await?;
    let select = statement(&tables_of(schema)?);
    let rows = sqlx::raw_sql(AssertSqlSafe(select)).fetch_all(&mut connection).await?;
    let keys = rows.iter().map(|row| Ok(FoundKey { id: row.try_get(0)?, sealed: row.try_get(1)? })).collect::<Result<_, sqlx::Error>>()?;
    connection.close().await?;
    Ok((schema, keys))
}

/// How many connections of this program there are to the database besides this one. Only a role that may see those of others counts all.
pub(crate) async fn other_connections(address: &str) -> Result<u64, BackupFault> {
    let mut connection = connect(address).await?;
    let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'portaria' AND pid <> pg_backend_pid()";
    let many: i64 = sqlx::raw_sql(count).fetch_one(&mut connection).await?.try_get(0)?;
    connection.close().await?;
    Ok(many.unsigned_abs())
}

/// Whether the user of the address may create tables.
pub(crate) async fn may_create_tables(address: &str) -> Result<bool, BackupFault> {
    let mut connection = connect(address).await?;
    let is_allowed = "SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)";
    let allowed = sqlx::raw_sql(is_allowed).fetch_one(&mut connection).await?.try_get(0)?;
    connection.close().await?;
    Ok(allowed)
}

/// A connection to the server that accepts writes.
pub(crate) async fn connect(address: &str) -> Result<PgConnection, BackupFault> {
    let address = ServerAddress::parse(address).map_err(|fault| sqlx::Error::Configuration(fault.into()))?;
    Ok(DatabaseHosts::new(address).connect().await?.connection)
}

/// The number of the last migration of a database; 0 if there is none.
pub(crate) async fn last_migration(connection: &mut PgConnection) -> Result<i64, BackupFault> {
    let is_there = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    if !sqlx::raw_sql(is_there).fetch_one(&mut *connection).await?.try_get::<bool, _>(0)? {
        return Ok(0);
    }
    let last = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations";
    Ok(sqlx::raw_sql(last).fetch_one(&mut *connection).await?.try_get(0)?)
}

async fn schema_of(connection: &mut PgConnection) -> Result<i64, BackupFault> {
    match last_migration(connection).await? {
        ..=0 => Err(BackupFault::NoTables),
        schema if schema > migrations::latest_schema() => Err(BackupFault::NewerStorage(schema)),
        schema => Ok(schema),
    }
}

fn read_row(row: &PgRow, table: &BackupTable) -> Result<BackupRow, BackupFault> {
    let value = |(at, is_number): (usize, bool)| -> Result<BackupValue, sqlx::Error> {
        Ok(if is_number {
            row.try_get::<Option<i64>, _>(at)?.map_or(BackupValue::Null, BackupValue::Number)
        } else {
            row.try_get::<Option<&str>, _>(at)?.map_or(BackupValue::Null, |text| BackupValue::Text(text.into()))
        })
    };
    Ok(table.columns.iter().map(|column| column.is_number).enumerate().map(value).collect::<Result<_, _>>()?)
}

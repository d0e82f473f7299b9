//! Reads all tables of a file for a copy, as they are at one moment. A broker may go on writing meanwhile.

use crate::directory::backup::fault::BackupFault;
use crate::directory::backup::schema::{BackupTable, tables_of};
use crate::directory::backup::sealed_keys::{FoundKey, statement};
use crate::directory::backup::{BackupPart, BackupRow, BackupValue, RowBatch};
use crate::directory::migrations;
use crate::directory::sqlite::file::{BUSY_TIMEOUT, is_busy};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, Transaction};
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// Sends all tables.
pub(crate) fn send(file: &Path, parts: &Sender<BackupPart>) -> Result<(), BackupFault> {
    let mut connection = connect(file)?;
    // It reads the file as it was at the first statement.
    let snapshot = connection.transaction()?;
    let schema = schema_of(&snapshot)?;
    parts.blocking_send(BackupPart::Schema(schema))?;
    for (at, table) in tables_of(schema)?.iter().enumerate() {
        parts.blocking_send(BackupPart::Table(at))?;
        let mut select = snapshot.prepare(&table.select())?;
        let (mut rows, mut batch) = (select.query([])?, RowBatch::default());
        while let Some(row) = rows.next()? {
            batch.add(read_row(row, table)?).map_or(Ok(()), |part| parts.blocking_send(part))?;
        }
        batch.take().map_or(Ok(()), |part| parts.blocking_send(part))?;
    }
    Ok(parts.blocking_send(BackupPart::End)?)
}

/// The number of the schema, and the keys that sign.
pub(crate) fn sealed_keys(file: &Path) -> Result<(i64, Vec<FoundKey>), BackupFault> {
    let mut connection = connect(file)?;
    let snapshot = connection.transaction()?;
    let schema = schema_of(&snapshot)?;
    let mut select = snapshot.prepare(&statement(&tables_of(schema)?))?;
    let keys = select.query_map([], |row| Ok(FoundKey { id: row.get(0)?, sealed: row.get(1)? }))?;
    Ok((schema, keys.collect::<Result<_, _>>()?))
}

/// Whether another process has the file open. Only a connection that is alone can leave the journal that all of them share.
pub(crate) fn is_open_elsewhere(file: &Path) -> Result<bool, BackupFault> {
    let connection = connect(file)?;
    connection.busy_timeout(Duration::ZERO)?;
    let change = |mode: &str| connection.query_row(&format!("PRAGMA journal_mode = {mode}"), [], |row| row.get::<_, String>(0));
    match change("DELETE") {
        Ok(mode) => {
            // What was WAL before becomes it again; every broker does the same when it opens the file.
            change("WAL")?;
            Ok(mode != "delete")
        }
        Err(error) if is_busy(&error) => Ok(true),
        // Where the file may not be written, that cannot be found out.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn connect(file: &Path) -> Result<Connection, BackupFault> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// The number of the last migration of a file; 0 if there is none.
pub(crate) fn last_migration(transaction: &Transaction<'_>) -> Result<i64, BackupFault> {
    let is_there = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations'";
    if transaction.query_row(is_there, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(0);
    }
    let last = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations";
    Ok(transaction.query_row(last, [], |row| row.get(0))?)
}

fn schema_of(snapshot: &Transaction<'_>) -> Result<i64, BackupFault> {
    let last = last_migration(snapshot)?;
    if last == 0 {
        return Err(BackupFault::NoTables);
    }
    match migrations::schema_of_sqlite(last) {
        ..=0 => Err(BackupFault::EarlyStorage),
        schema if schema > migrations::latest_schema() => Err(BackupFault::NewerStorage(schema)),
        schema => Ok(schema),
    }
}

fn read_row(row: &Row<'_>, table: &BackupTable) -> Result<BackupRow, BackupFault> {
    let value = |at| {
        Ok(match row.get_ref(at)? {
            ValueRef::Null => BackupValue::Null,
            ValueRef::Integer(number) => BackupValue::Number(number),
            ValueRef::Text(_) => BackupValue::Text(row.get_ref(at)?.as_str().map_err(rusqlite::Error::from)?.into()),
            ValueRef::Blob(_) | ValueRef::Real(_) => return Err(odd_value(table)),
        })
    };
    let values: BackupRow = (0..table.columns.len()).map(value).collect::<Result<_, BackupFault>>()?;
    if table.accepts(&values) { Ok(values) } else { Err(odd_value(table)) }
}

fn odd_value(table: &BackupTable) -> BackupFault {
    BackupFault::Storage(format!("a value in the table {} is neither a text nor a whole number", table.name))
}

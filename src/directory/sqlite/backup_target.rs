//! Takes a copy into a file, in one transaction: all of it, or nothing.

use crate::directory::backup::fault::BackupFault;
use crate::directory::backup::schema::{BackupTable, tables_of};
use crate::directory::backup::{BackupPart, BackupValue, CopiedTables, first_number};
use crate::directory::migrations;
use crate::directory::sqlite::backup_source::last_migration;
use crate::directory::sqlite::file::SqliteFile;
use crate::directory::sqlite::migration::apply;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{ToSql, Transaction, TransactionBehavior, params_from_iter};
use std::path::Path;
use tokio::sync::mpsc::Receiver;

/// Takes what comes. A file that did not exist before is removed again if the copy does not come to its end.
pub(crate) fn receive(path: &Path, may_replace: bool, now: i64, parts: Receiver<BackupPart>) -> Result<CopiedTables, BackupFault> {
    let is_new = !crate::world::files::is_file(path);
    let received = receive_into(path, may_replace, now, parts);
    if received.is_err() && is_new {
        SqliteFile::remove(path);
    }
    received
}

fn receive_into(path: &Path, may_replace: bool, now: i64, mut parts: Receiver<BackupPart>) -> Result<CopiedTables, BackupFault> {
    let Some(BackupPart::Schema(schema)) = parts.blocking_recv() else { return Err(BackupFault::Interrupted) };
    let tables = tables_of(schema)?;
    let mut connection = SqliteFile::create(path)?.connect()?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    make_room(&transaction, schema, &tables, may_replace)?;
    let copied = take_rows(&transaction, schema, &tables, &mut parts)?;
    apply(&transaction, &migrations::sqlite())?;
    number_events_on(&transaction, now)?;
    number_keys_on(&transaction, now)?;
    transaction.commit()?;
    Ok(copied)
}

/// Brings the file to the schema of the copy, without rows.
fn make_room(transaction: &Transaction<'_>, schema: i64, tables: &[BackupTable], may_replace: bool) -> Result<(), BackupFault> {
    let storage = match last_migration(transaction)? {
        0 => {
            apply(transaction, &migrations::sqlite_until(schema))?;
            schema
        }
        last => migrations::schema_of_sqlite(last),
    };
    if storage > migrations::latest_schema() {
        return Err(BackupFault::NewerStorage(storage));
    }
    let people = transaction.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?;
    if people > 0 && !may_replace {
        return Err(BackupFault::NotEmpty(people));
    }
    if storage != schema {
        return Err(BackupFault::OtherSchema { storage, copy: schema });
    }
    for table in tables.iter().rev() {
        transaction.execute(&format!("DELETE FROM {}", table.name), [])?;
    }
    Ok(())
}

fn take_rows(
    transaction: &Transaction<'_>,
    schema: i64,
    tables: &[BackupTable],
    parts: &mut Receiver<BackupPart>,
) -> Result<CopiedTables, BackupFault> {
    let (mut copied, mut insert, mut name) = (CopiedTables { schema, ..CopiedTables::default() }, None, "");
    while let Some(part) = parts.blocking_recv() {
        match part {
            BackupPart::Table(at) => {
                let table = tables.get(at).ok_or(BackupFault::Interrupted)?;
                let places = vec!["?"; table.columns.len()].join(", ");
                let sql = format!("INSERT INTO {} ({}) VALUES ({places})", table.name, table.column_list());
                (insert, name) = (Some(transaction.prepare(&sql)?), &table.name);
                copied.add(name, 0);
            }
            BackupPart::Rows(rows) => {
                let insert = insert.as_mut().ok_or(BackupFault::Interrupted)?;
                copied.add(name, rows.len());
                for row in rows {
                    insert.execute(params_from_iter(row.iter()))?;
                }
            }
            BackupPart::End => return Ok(copied),
            BackupPart::Schema(_) => return Err(BackupFault::Interrupted),
        }
    }
    Err(BackupFault::Interrupted)
}

/// Receivers drop an event whose number is not above the last one, and the numbers that were sent are gone with their events. So they go on at a
/// number that is above all of them.
fn number_events_on(transaction: &Transaction<'_>, now: i64) -> Result<(), BackupFault> {
    transaction.execute("DELETE FROM sqlite_sequence WHERE name = 'store_events'", [])?;
    let last = "INSERT INTO sqlite_sequence (name, seq) SELECT 'store_events', max(coalesce(max(number), 0), ?1) FROM store_events";
    transaction.execute(last, [first_number(now).saturating_sub(1)])?;
    Ok(())
}

/// A broker that still runs reads its keys when their number has changed, and that of the copy may be the one that it has read.
fn number_keys_on(transaction: &Transaction<'_>, now: i64) -> Result<(), BackupFault> {
    transaction.execute("UPDATE generations SET number = max(number + 1, ?1) WHERE name = 'keys'", [first_number(now)])?;
    Ok(())
}

impl ToSql for BackupValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Number(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

//! Takes a copy into a database, in one transaction: all of it, or nothing.

use crate::directory::backup::fault::BackupFault;
use crate::directory::backup::schema::{BackupTable, tables_of};
use crate::directory::backup::{BackupPart, BackupRow, BackupValue, CopiedTables, first_number};
use crate::directory::migrations;
use crate::directory::postgres::backup_source::{connect, last_migration};
use crate::directory::postgres::migration::{BEGIN, apply};
use sqlx::postgres::{PgConnection, PgCopyIn};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use tokio::sync::mpsc::Receiver;

/// Rows come from another storage or a file, and may take their time.
const WITHOUT_LIMITS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
/// The columns of this database that are numbered by it.
const NUMBERED: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns \
     WHERE table_schema = current_schema() AND (is_identity = 'YES' OR column_default LIKE 'nextval(%')";

/// Takes what comes.
pub(crate) async fn receive(
    address: &str,
    may_replace: bool,
    now: i64,
    parts: &mut Receiver<BackupPart>,
) -> Result<CopiedTables, BackupFault> {
    let Some(BackupPart::Schema(schema)) = parts.recv().await else { return Err(BackupFault::Interrupted) };
    let tables = tables_of(schema)?;
    let mut connection = connect(address).await?;
    sqlx::raw_sql(BEGIN).execute(&mut connection).await?;
    sqlx::raw_sql(WITHOUT_LIMITS).execute(&mut connection).await?;
    make_room(&mut connection, schema, &tables, may_replace).await?;
    let copied = take_rows(&mut connection, schema, &tables, parts).await?;
    number_on(&mut connection, &tables).await?;
    apply(&mut connection, &migrations::postgres()).await?;
    number_events_on(&mut connection, now).await?;
    number_keys_on(&mut connection, now).await?;
    sqlx::raw_sql("COMMIT").execute(&mut connection).await?;
    // Everything is there, however the connection ends.
    let _ = connection.close().await;
    Ok(copied)
}

/// Brings the database to the schema of the copy, without rows.
async fn make_room(connection: &mut PgConnection, schema: i64, tables: &[BackupTable], may_replace: bool) -> Result<(), BackupFault> {
    let storage = match last_migration(connection).await? {
        0 => {
            apply(connection, &migrations::postgres_until(schema)).await?;
            schema
        }
        last => last,
    };
    if storage > migrations::latest_schema() {
        return Err(BackupFault::NewerStorage(storage));
    }
    let people: i64 = sqlx::raw_sql("SELECT count(*) FROM users").fetch_one(&mut *connection).await?.try_get(0)?;
    if people > 0 && !may_replace {
        return Err(BackupFault::NotEmpty(people));
    }
    if storage != schema {
        return Err(BackupFault::OtherSchema { storage, copy: schema });
    }
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    sqlx::raw_sql(AssertSqlSafe(format!("TRUNCATE {}", names.join(", ")))).execute(connection).await?;
    Ok(())
}

async fn take_rows(
    connection: &mut PgConnection,
    schema: i64,
    tables: &[BackupTable],
    parts: &mut Receiver<BackupPart>,
) -> Result<CopiedTables, BackupFault> {
    let mut copied = CopiedTables { schema, ..CopiedTables::default() };
    let mut next = parts.recv().await;
    while let Some(BackupPart::Table(at)) = next {
        let table = tables.get(at).ok_or(BackupFault::Interrupted)?;
        copied.add(&table.name, 0);
        let statement = format!("COPY {} ({}) FROM STDIN", table.name, table.column_list());
        let mut copying = connection.copy_in_raw(&statement).await?;
        next = take_table(&mut copying, table, &mut copied, parts).await?;
        copying.finish().await?;
    }
    // Whatever else came, the copy is not whole.
    if matches!(next, Some(BackupPart::End)) { Ok(copied) } else { Err(BackupFault::Interrupted) }
}

/// Takes the rows of a table, and answers with the part behind them.
async fn take_table(
    copying: &mut PgCopyIn<&mut PgConnection>,
    table: &BackupTable,
    copied: &mut CopiedTables,
    parts: &mut Receiver<BackupPart>,
) -> Result<Option<BackupPart>, BackupFault> {
    let mut lines = Vec::new();
    loop {
        match parts.recv().await {
            Some(BackupPart::Rows(rows)) => {
                copied.add(&table.name, rows.len());
                lines.clear();
                rows.iter().try_for_each(|row| append_line(row, table, &mut lines))?;
                copying.send(lines.as_slice()).await?;
            }
            other @ (Some(BackupPart::Schema(_) | BackupPart::Table(_) | BackupPart::End) | None) => return Ok(other),
        }
    }
}

/// The server goes on behind the highest number of each column that it numbers.
async fn number_on(connection: &mut PgConnection, tables: &[BackupTable]) -> Result<(), BackupFault> {
    for row in sqlx::raw_sql(NUMBERED).fetch_all(&mut *connection).await? {
        let (name, column): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        if tables.iter().any(|table| table.name == name) {
            let sql = format!(
                "SELECT setval(pg_get_serial_sequence('{name}', '{column}'), coalesce(max(\"{column}\"), 0) + 1, false) FROM {name}"
            );
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// Receivers drop an event whose number is not above the last one, and the numbers that were sent are gone with their events. So they go on at a
/// number that is above all of them.
async fn number_events_on(connection: &mut PgConnection, now: i64) -> Result<(), BackupFault> {
    let sql = format!(
        "SELECT setval(pg_get_serial_sequence('store_events', 'number'), greatest(coalesce(max(number), 0) + 1, {}), false) FROM store_events",
        first_number(now)
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// A broker that still runs reads its keys when their number has changed, and that of the copy may be the one that it has read.
async fn number_keys_on(connection: &mut PgConnection, now: i64) -> Result<(), BackupFault> {
    let sql = format!("UPDATE generations SET number = greatest(number + 1, {}) WHERE name = 'keys'", first_number(now));
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// A row in the text format of `COPY`.
fn append_line(row: &BackupRow, table: &BackupTable, into: &mut Vec<u8>) -> Result<(), BackupFault> {
    let mut between = None;
    for (value, column) in row.iter().zip(&table.columns) {
        into.extend(between);
        match value {
            BackupValue::Null => into.extend_from_slice(b"\\N"),
            BackupValue::Number(number) => into.extend_from_slice(number.to_string().as_bytes()),
            BackupValue::Text(text) => {
                for byte in text.bytes() {
                    match byte {
                        0 => return Err(BackupFault::ZeroCharacter(format!("{}.{}", table.name, column.name))),
                        b'\\' => into.extend_from_slice(b"\\\\"),
                        b'\n' => into.extend_from_slice(b"\\n"),
                        b'\r' => into.extend_from_slice(b"\\r"),
                        b'\t' => into.extend_from_slice(b"\\t"),
                        other => into.push(other),
                    }
                }
            }
        }
        between = Some(b'\t');
    }
    into.push(b'\n');
    Ok(())
}

//! Writes a backup as lines of JSON: a head, a line for each table and each row, and a checksum at the end.

use crate::directory::backup::fault::BackupFault;
use crate::directory::backup::head::BackupHead;
use crate::directory::backup::schema::tables_of;
use crate::directory::backup::{BackupPart, BackupRow, BackupValue, CopiedTables};
use crate::vocabulary::hash::RunningHash;
use crate::world::whole_file::{FileAbandonment, WholeFile};
use serde_json::json;
use std::io::{BufWriter, Write};
use tokio::sync::mpsc::Receiver;

/// Where a backup is written.
pub(crate) enum BackupWriter {
    /// A file, which is put in its place when it is whole.
    File(WholeFile),
    /// The standard output.
    Output,
}

/// The lines that were written, and their checksum.
struct HashedLines<W> {
    out: W,
    hash: RunningHash,
    line: Vec<u8>,
}

impl<W: Write> HashedLines<W> {
    fn write(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> Result<(), BackupFault> {
        self.line.clear();
        fill(&mut self.line);
        self.line.push(b'\n');
        self.hash.add(&self.line);
        Ok(self.out.write_all(&self.line)?)
    }
}

impl BackupWriter {
    /// What gives the file up; `None` for the standard output.
    pub(crate) fn abandonment(&self) -> Option<FileAbandonment> {
        match self {
            Self::File(file) => Some(file.abandonment()),
            Self::Output => None,
        }
    }

    /// Writes what comes. Without the end of the copy no file is left.
    pub(crate) fn receive(self, head: &BackupHead, parts: Receiver<BackupPart>) -> Result<CopiedTables, BackupFault> {
        match self {
            Self::Output => write_parts(BufWriter::new(std::io::stdout().lock()), head, parts),
            Self::File(mut file) => {
                let copied = write_parts(BufWriter::new(&mut file), head, parts)?;
                file.place()?;
                Ok(copied)
            }
        }
    }
}

fn write_parts(out: impl Write, head: &BackupHead, mut parts: Receiver<BackupPart>) -> Result<CopiedTables, BackupFault> {
    let mut lines = HashedLines { out, hash: RunningHash::new(), line: Vec::new() };
    let (mut copied, mut tables, mut at) = (CopiedTables::default(), Vec::new(), 0);
    while let Some(part) = parts.blocking_recv() {
        match part {
            BackupPart::Schema(schema) => {
                (copied.schema, tables) = (schema, tables_of(schema)?);
                let line = BackupHead { schema, ..head.clone() }.line();
                lines.write(|into| into.extend_from_slice(line.as_bytes()))?;
            }
            BackupPart::Table(next) => {
                at = next;
                let Some(table) = tables.get(at) else { return Err(BackupFault::Interrupted) };
                let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
                let line = json!({ "table": table.name, "columns": columns }).to_string();
                lines.write(|into| into.extend_from_slice(line.as_bytes()))?;
                copied.add(&table.name, 0);
            }
            BackupPart::Rows(rows) => {
                let Some(table) = tables.get(at) else { return Err(BackupFault::Interrupted) };
                copied.add(&table.name, rows.len());
                rows.iter().try_for_each(|row| lines.write(|into| append_row(row, into)))?;
            }
            BackupPart::End => {
                let rows: u64 = copied.rows.values().sum();
                let line = json!({ "end": { "rows": rows, "sha256": lines.hash.hex() } }).to_string();
                lines.write(|into| into.extend_from_slice(line.as_bytes()))?;
                lines.out.flush()?;
                return Ok(copied);
            }
        }
    }
    Err(BackupFault::Interrupted)
}

fn append_row(row: &BackupRow, into: &mut Vec<u8>) {
    let mut between = b'[';
    for value in row {
        into.push(between);
        match value {
            BackupValue::Null => into.extend_from_slice(b"null"),
            BackupValue::Number(number) => into.extend_from_slice(number.to_string().as_bytes()),
            // A text can always be written into memory.
            BackupValue::Text(text) => drop(serde_json::to_writer(&mut *into, text)),
        }
        between = b',';
    }
    into.push(b']');
}

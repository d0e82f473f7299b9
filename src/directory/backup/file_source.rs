//! Reads a backup. What a file says is not believed before its checksum was right, and a target keeps nothing before that.

use crate::directory::backup::fault::BackupFault;
use crate::directory::backup::head::BackupHead;
use crate::directory::backup::schema::{BackupTable, tables_of};
use crate::directory::backup::sealed_keys::{self, KeyTrial};
use crate::directory::backup::{BackupPart, BackupRow, BackupValue, RowBatch};
use crate::vocabulary::hash::RunningHash;
use serde_json::Value;
use std::io::{BufRead, Read as _};
use tokio::sync::mpsc::Sender;

/// The longest line. The largest row is a story, which is far shorter.
const LONGEST_LINE: u64 = 64 * 1024 * 1024;

/// The access of apps. It is not restored: a backup does not know what was ended since, and holds numbers of refresh tokens that have been
/// used since, so that apps would end their own access.
const GRANTS: &str = "app_grants";

/// A backup whose head was read.
pub(crate) struct BackupReader {
    pub(crate) head: BackupHead,
    lines: FileLines,
    trial: Option<KeyTrial>,
}

/// The lines of a file, and their checksum.
struct FileLines {
    file: Box<dyn BufRead + Send>,
    hash: RunningHash,
    number: u64,
}

impl FileLines {
    /// Reads the next line without its end; false if there is none. The line counts when it is added.
    fn next(&mut self, line: &mut Vec<u8>) -> Result<bool, BackupFault> {
        line.clear();
        self.number = self.number.saturating_add(1);
        (&mut *self.file).take(LONGEST_LINE).read_until(b'\n', line)?;
        match line.pop() {
            None => Ok(false),
            Some(b'\n') => Ok(true),
            // The last line has an end as well.
            Some(_) => Err(if line.len() as u64 >= LONGEST_LINE.saturating_sub(1) { self.odd_line() } else { BackupFault::Cut }),
        }
    }

    fn add(&mut self, line: &[u8]) {
        self.hash.add(line);
        self.hash.add(b"\n");
    }

    fn odd_line(&self) -> BackupFault {
        BackupFault::Line(self.number)
    }
}

impl BackupReader {
    /// Reads the head.
    pub(crate) fn open(file: Box<dyn BufRead + Send>) -> Result<Self, BackupFault> {
        let (mut lines, mut line) = (FileLines { file, hash: RunningHash::new(), number: 0 }, Vec::new());
        match lines.next(&mut line) {
            Ok(true) => {}
            Ok(false) | Err(BackupFault::Cut | BackupFault::Line(_)) => return Err(BackupFault::NoBackup),
            Err(fault) => return Err(fault),
        }
        lines.add(&line);
        Ok(Self { head: BackupHead::read(&line)?, lines, trial: None })
    }

    /// Has every key that signs tried before the end of the file is sent, so that a target keeps nothing whose keys do not open.
    pub(crate) fn try_keys(&mut self, trial: KeyTrial) {
        self.trial = Some(trial);
    }

    /// Sends all parts. Where the target has given up, the rest is read nonetheless: a file that was changed is a better reason than what the
    /// target made of it.
    pub(crate) fn send(mut self, parts: &Sender<BackupPart>) -> Result<(), BackupFault> {
        let tables = tables_of(self.head.schema)?;
        let mut is_received = true;
        let mut send = |part: BackupPart| is_received = is_received && parts.blocking_send(part).is_ok();
        send(BackupPart::Schema(self.head.schema));
        let (mut line, mut rows, mut all_open) = (Vec::new(), 0_u64, true);
        let mut here = None;
        let mut batch = RowBatch::default();
        while self.lines.next(&mut line)? {
            if line.starts_with(b"[") {
                let table = here.and_then(|at: usize| tables.get(at));
                let row = table.and_then(|table| read_row(&line, table)).ok_or_else(|| self.lines.odd_line())?;
                rows = rows.saturating_add(1);
                all_open = all_open && self.is_opened(table, &row);
                if table.is_some_and(|table| table.name != GRANTS) {
                    batch.add(row).into_iter().for_each(&mut send);
                }
            } else {
                batch.take().into_iter().for_each(&mut send);
                let said: Value = serde_json::from_slice(&line).map_err(|_| self.lines.odd_line())?;
                if let Some(end) = said.get("end") {
                    self.check_end(end, rows, here.map_or(0, |at| at.saturating_add(1)) == tables.len())?;
                    if !all_open {
                        return Err(BackupFault::OtherKey);
                    }
                    send(BackupPart::End);
                    return if is_received { Ok(()) } else { Err(BackupFault::Interrupted) };
                }
                let next = here.map_or(0, |at| at.saturating_add(1));
                let is_next = tables.get(next).is_some_and(|table| is_head_of(&said, table));
                here = is_next.then_some(next);
                send(BackupPart::Table(here.ok_or_else(|| self.lines.odd_line())?));
            }
            self.lines.add(&line);
        }
        Err(BackupFault::Cut)
    }

    /// Whether a row holds no key that signs, or one that the master key opens.
    fn is_opened(&self, table: Option<&BackupTable>, row: &BackupRow) -> bool {
        let (Some(trial), Some(table)) = (&self.trial, table) else { return true };
        sealed_keys::in_row(table, row).is_none_or(|key| trial(&key))
    }

    fn check_end(&mut self, end: &Value, rows: u64, has_all_tables: bool) -> Result<(), BackupFault> {
        if end["sha256"].as_str() != Some(&self.lines.hash.hex()) || end["rows"].as_u64() != Some(rows) || !has_all_tables {
            return Err(BackupFault::Changed);
        }
        if self.lines.next(&mut Vec::new())? { Err(self.lines.odd_line()) } else { Ok(()) }
    }
}

/// Whether a line announces this table with its columns.
fn is_head_of(said: &Value, table: &BackupTable) -> bool {
    let names = said["columns"].as_array().into_iter().flatten().map(Value::as_str);
    said["table"] == *table.name && names.eq(table.columns.iter().map(|column| Some(column.name.as_str())))
}

fn read_row(line: &[u8], table: &BackupTable) -> Option<BackupRow> {
    let values: Vec<Value> = serde_json::from_slice(line).ok()?;
    let value = |value: Value| {
        Some(match value {
            Value::Null => BackupValue::Null,
            Value::Number(number) => BackupValue::Number(number.as_i64()?),
            Value::String(text) => BackupValue::Text(text.into()),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        })
    };
    let row: BackupRow = values.into_iter().map(value).collect::<Option<_>>()?;
    table.accepts(&row).then_some(row)
}

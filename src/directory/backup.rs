//! A consistent copy of the directory: from a storage or a file, into a storage or a file.
//!
//! A source sends the tables row by row and a target takes them, so that a copy of any size needs little memory, and a backup, its
//! restoration and a move between the engines are one thing. A target keeps nothing unless the end of the copy arrives.

pub(crate) mod fault; //       why a copy is not made
pub(crate) mod file_source; // out of a file
pub(crate) mod file_target; // into a file
pub(crate) mod head; //        what a file says of itself
pub(crate) mod schema; //      the tables and their columns
pub(crate) mod sealed_keys; // the sealed signing keys, without a look at anything else

use crate::directory::StorageLocation;
use crate::directory::backup::fault::BackupFault;
use crate::directory::backup::file_source::BackupReader;
use crate::directory::backup::file_target::BackupWriter;
use crate::directory::backup::head::BackupHead;
use crate::directory::{postgres, sqlite};
use std::collections::BTreeMap;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// How many parts wait for the target at most.
const WAITING_PARTS: usize = 8;
/// How many rows a part holds at most, and how many bytes of texts.
const LARGEST_PART: (usize, usize) = (500, 256 * 1024);

/// The first number of the events of a storage that was copied, and of the changes of its keys, if none of its own is higher. It grows by a
/// thousand in a second, so it is above what a storage has given out that was copied earlier.
pub(crate) fn first_number(now: i64) -> i64 {
    now.saturating_mul(1000)
}

/// A part of a copy, in the order in which they come.
#[derive(Debug)]
pub(crate) enum BackupPart {
    /// The number of the schema, which says which tables there are.
    Schema(i64),
    /// The rows that follow belong to the table at this place of the schema. Every table is named, also one without rows.
    Table(usize),
    Rows(Vec<BackupRow>),
    /// All is there.
    End,
}

/// The values of a row, in the order of the columns.
pub(crate) type BackupRow = Vec<BackupValue>;

/// A value of a row. The directory stores nothing else.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BackupValue {
    Null,
    Number(i64),
    Text(Box<str>),
}

/// Where a copy comes from.
pub(crate) enum BackupSource {
    Storage(StorageLocation),
    File(Box<BackupReader>),
}

/// Where a copy goes.
pub(crate) enum BackupTarget {
    /// A storage without people; or, if it may be replaced, any that this program can use. Its events and the changes of its keys are numbered on
    /// from this moment.
    Storage { place: StorageLocation, may_replace: bool, now: i64 },
    /// A file, and what it is to say of itself.
    File(BackupWriter, Box<BackupHead>),
}

/// What was copied.
#[derive(Debug, Default)]
pub(crate) struct CopiedTables {
    /// The number of the schema of the source.
    pub(crate) schema: i64,
    /// How many rows each table has.
    pub(crate) rows: BTreeMap<String, u64>,
}

impl CopiedTables {
    pub(crate) fn count(&self, table: &str) -> u64 {
        self.rows.get(table).copied().unwrap_or_default()
    }

    pub(crate) fn add(&mut self, table: &str, rows: usize) {
        let counted = self.rows.entry(table.to_owned()).or_default();
        *counted = counted.saturating_add(rows as u64);
    }
}

/// Copies everything.
pub(crate) async fn copy(from: BackupSource, to: BackupTarget) -> Result<CopiedTables, BackupFault> {
    let (sender, parts) = mpsc::channel(WAITING_PARTS);
    match tokio::join!(Box::pin(from.send(sender)), Box::pin(to.receive(parts))) {
        (Ok(()) | Err(BackupFault::Interrupted), received) => received,
        (Err(fault), _) => Err(fault),
    }
}

impl BackupSource {
    async fn send(self, parts: Sender<BackupPart>) -> Result<(), BackupFault> {
        match self {
            Self::Storage(StorageLocation::File(file)) => on_thread(move || sqlite::backup_source::send(&file, &parts)).await,
            Self::Storage(StorageLocation::Server(address)) => postgres::backup_source::send(&address, &parts).await,
            Self::File(reader) => on_thread(move || reader.send(&parts)).await,
        }
    }
}

impl StorageLocation {
    /// How many other processes have the storage open, as far as that can be seen from here.
    pub(crate) async fn other_users(&self) -> Result<u64, BackupFault> {
        match self.clone() {
            Self::File(file) => on_thread(move || sqlite::backup_source::is_open_elsewhere(&file).map(u64::from)).await,
            Self::Server(address) => postgres::backup_source::other_connections(&address).await,
        }
    }
}

impl StorageLocation {
    /// Whether tables can be created in the storage, as far as that can be seen before it is done.
    pub(crate) async fn may_create_tables(&self) -> Result<bool, BackupFault> {
        match self {
            Self::File(_) => Ok(true),
            Self::Server(address) => postgres::backup_source::may_create_tables(address).await,
        }
    }
}

impl BackupTarget {
    async fn receive(self, mut parts: Receiver<BackupPart>) -> Result<CopiedTables, BackupFault> {
        match self {
            Self::Storage { place: StorageLocation::File(file), may_replace, now } => {
                on_thread(move || sqlite::backup_target::receive(&file, may_replace, now, parts)).await
            }
            Self::Storage { place: StorageLocation::Server(address), may_replace, now } => {
                postgres::backup_target::receive(&address, may_replace, now, &mut parts).await
            }
            Self::File(writer, head) => on_thread(move || writer.receive(&head, parts)).await,
        }
    }
}

async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T, BackupFault> + Send + 'static) -> Result<T, BackupFault> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(BackupFault::Interrupted))
}

/// Rows that become a part.
#[derive(Debug, Default)]
pub(crate) struct RowBatch {
    rows: Vec<BackupRow>,
    bytes: usize,
}

impl RowBatch {
    /// Adds a row. The answer is a part if there is enough for one.
    pub(crate) fn add(&mut self, row: BackupRow) -> Option<BackupPart> {
        let texts = row.iter().map(|value| match value {
            BackupValue::Text(text) => text.len(),
            BackupValue::Null | BackupValue::Number(_) => 0,
        });
        self.bytes = self.bytes.saturating_add(texts.sum());
        self.rows.push(row);
        let (most_rows, most_bytes) = LARGEST_PART;
        if self.rows.len() < most_rows && self.bytes < most_bytes { None } else { self.take() }
    }

    /// The rows that are left.
    pub(crate) fn take(&mut self) -> Option<BackupPart> {
        let Self { rows, .. } = std::mem::take(self);
        (!rows.is_empty()).then_some(BackupPart::Rows(rows))
    }
}

impl From<mpsc::error::SendError<BackupPart>> for BackupFault {
    fn from(_: mpsc::error::SendError<BackupPart>) -> Self {
        Self::Interrupted
    }
}

//! The sealed signing keys of a storage, read without a change of it, so that their master key can be found out before anything else.

use crate::directory::StorageLocation;
use crate::directory::backup::fault::BackupFault;
use crate::directory::backup::schema::BackupTable;
use crate::directory::backup::{BackupRow, BackupValue, on_thread};
use crate::directory::{postgres, sqlite};

/// A sealed key that signs: its id, and its bytes under the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundKey {
    pub(crate) id: String,
    pub(crate) sealed: String,
}

/// The keys that sign at the stores of a storage. A storage without tables has none.
pub(crate) async fn read(place: &StorageLocation) -> Result<Vec<FoundKey>, BackupFault> {
    match read_with_schema(place).await {
        Ok((_, keys)) => Ok(keys),
        Err(BackupFault::NoTables | BackupFault::EarlyStorage) => Ok(Vec::new()),
        Err(fault) => Err(fault),
    }
}

/// The number of the schema of a storage, and the keys that sign.
pub(crate) async fn read_with_schema(place: &StorageLocation) -> Result<(i64, Vec<FoundKey>), BackupFault> {
    match place.clone() {
        StorageLocation::File(file) => on_thread(move || sqlite::backup_source::sealed_keys(&file)).await,
        StorageLocation::Server(address) => postgres::backup_source::sealed_keys(&address).await,
    }
}

/// Whether a master key opens a key that signs.
pub(crate) type KeyTrial = Box<dyn Fn(&FoundKey) -> bool + Send>;

/// The key in a row of a copy, if it is the row of a key that signs. What is no text there is a key that nothing opens.
pub(crate) fn in_row(table: &BackupTable, row: &BackupRow) -> Option<FoundKey> {
    let text = |name: &str| {
        let at = table.columns.iter().position(|column| column.name == name)?;
        match row.get(at)? {
            BackupValue::Text(text) => Some(&**text),
            BackupValue::Null | BackupValue::Number(_) => None,
        }
    };
    let is_key = TABLES.contains(&table.name.as_str()) && text("state") == Some("active");
    is_key.then(|| FoundKey { id: text("id").unwrap_or_default().to_owned(), sealed: text("sealed").unwrap_or_default().to_owned() })
}

/// The names that the table of the keys has had, the latest first.
const TABLES: [&str; 3] = ["signing_keys", "store_keys", "keys"];

/// The statement that reads them.
pub(crate) fn statement(tables: &[BackupTable]) -> String {
    let named = TABLES.into_iter().find(|name| tables.iter().any(|table| table.name == *name));
    format!("SELECT id, sealed FROM {} WHERE state = 'active'", named.unwrap_or_default())
}

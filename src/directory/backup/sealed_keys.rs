//! The sealed signing keys of a storage, read without a change of it, so that their master key can be found out before anything else.

use crate::directory::StorageLocation;
use crate::directory::backup::fault::BackupFault;
use crate::directory::backup::on_thread;
use crate::directory::backup::schema::BackupTable;
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

/// The statement that reads them. The table has had three names.
pub(crate) fn statement(tables: &[BackupTable]) -> &'static str {
    let has = |name: &str| tables.iter().any(|table| table.name == name);
    if has("signing_keys") {
        "SELECT id, sealed FROM signing_keys WHERE state = 'active'"
    } else if has("store_keys") {
        "SELECT id, sealed FROM store_keys WHERE state = 'active'"
    } else {
        "SELECT id, sealed FROM keys WHERE state = 'active'"
    }
}

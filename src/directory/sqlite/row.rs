//! A row of a result, taken out of the database.

use crate::directory::sql::StorageFault;
use rusqlite::Row;
use rusqlite::types::ValueRef;
use smallvec::SmallVec;

/// A row of a result.
#[derive(Debug)]
pub struct SqliteRow(SmallVec<[Cell; 8]>);

#[derive(Debug)]
enum Cell {
    Null,
    Number(i64),
    Text(Box<str>),
}

impl SqliteRow {
    /// Copies the current row of a statement.
    pub(crate) fn copy(row: &Row<'_>, columns: usize) -> rusqlite::Result<Self> {
        let cell = |at| {
            Ok(match row.get_ref(at)? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(number) => Cell::Number(number),
                text @ (ValueRef::Text(_) | ValueRef::Blob(_) | ValueRef::Real(_)) => Cell::Text(text.as_str()?.into()),
            })
        };
        (0..columns).map(cell).collect::<rusqlite::Result<_>>().map(Self)
    }

    pub(crate) fn text(&self, column: usize) -> Result<Option<&str>, StorageFault> {
        match self.0.get(column) {
            Some(Cell::Text(text)) => Ok(Some(text)),
            Some(Cell::Null) => Ok(None),
            Some(Cell::Number(_)) | None => Err(StorageFault::logged("a column is not a text")),
        }
    }

    pub(crate) fn number(&self, column: usize) -> Result<i64, StorageFault> {
        match self.0.get(column) {
            Some(Cell::Number(number)) => Ok(*number),
            Some(Cell::Text(_) | Cell::Null) | None => Err(StorageFault::logged("a column is not a number")),
        }
    }
}

//! The tables of a schema, as its migrations make them in memory. Both engines have the same tables with the same columns.
//!
//! The number of a schema is that of its last migration in PostgreSQL. SQLite has one migration more, from before there was PostgreSQL.

use crate::directory::backup::fault::BackupFault;
use crate::directory::backup::{BackupRow, BackupValue};
use crate::directory::migrations;
use crate::directory::sqlite::migrate;
use rusqlite::Connection;

/// A table.
#[derive(Clone, Debug)]
pub(crate) struct BackupTable {
    pub(crate) name: String,
    pub(crate) columns: Vec<BackupColumn>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub(crate) struct BackupColumn {
    pub(crate) name: String,
    /// A number, or a text.
    pub(crate) is_number: bool,
    /// Whether the value may be missing.
    pub(crate) is_optional: bool,
}

/// The tables of a schema. A table stands behind those to which its rows refer.
pub(crate) fn tables_of(schema: i64) -> Result<Vec<BackupTable>, BackupFault> {
    let mut connection = Connection::open_in_memory()?;
    migrate(&mut connection, &migrations::sqlite_until(schema))?;
    let list =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations' ORDER BY name";
    let mut names = connection.prepare(list)?;
    let names = names.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let mut waiting = Vec::new();
    for name in names {
        let mut parents = connection.prepare("SELECT \"table\" FROM pragma_foreign_key_list(?1)")?;
        let parents = parents.query_map([&name], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
        let columns = "SELECT name, type = 'TEXT', \"notnull\" = 0 AND pk = 0 FROM pragma_table_info(?1) ORDER BY cid";
        let mut columns = connection.prepare(columns)?;
        let column =
            |row: &rusqlite::Row<'_>| Ok(BackupColumn { name: row.get(0)?, is_number: !row.get::<_, bool>(1)?, is_optional: row.get(2)? });
        let columns = columns.query_map([&name], column)?.collect::<Result<_, _>>()?;
        waiting.push((BackupTable { name, columns }, parents));
    }
    Ok(behind_parents(waiting))
}

fn behind_parents(mut waiting: Vec<(BackupTable, Vec<String>)>) -> Vec<BackupTable> {
    let mut ordered: Vec<BackupTable> = Vec::new();
    while !waiting.is_empty() {
        let is_there = |parent: &String| ordered.iter().any(|table| table.name == *parent);
        let ready = waiting.iter().position(|(table, parents)| parents.iter().all(|parent| *parent == table.name || is_there(parent)));
        // Tables that refer to each other in a circle do not exist.
        let (table, _) = waiting.remove(ready.unwrap_or_default());
        ordered.push(table);
    }
    ordered
}

impl BackupTable {
    /// The columns with commas between them, as a statement names them.
    pub(crate) fn column_list(&self) -> String {
        let quoted: Vec<String> = self.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        quoted.join(", ")
    }

    pub(crate) fn select(&self) -> String {
        format!("SELECT {} FROM {}", self.column_list(), self.name)
    }

    /// Whether the values are those of a row of this table.
    pub(crate) fn accepts(&self, row: &BackupRow) -> bool {
        let fits = |(column, value): (&BackupColumn, &BackupValue)| match value {
            BackupValue::Null => column.is_optional,
            BackupValue::Number(_) => column.is_number,
            BackupValue::Text(_) => !column.is_number,
        };
        row.len() == self.columns.len() && self.columns.iter().zip(row).all(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_every_schema_are_found_and_stand_behind_those_they_refer_to() {
        for schema in 1..=migrations::latest_schema() {
            let tables = tables_of(schema).expect("they are made");

            let at = |name: &str| tables.iter().position(|table| table.name == name).expect("a table");
            assert!(at("users") < at("identities") && at("users") < at("sessions"), "schema {schema}");
            assert!(tables.iter().all(|table| !table.columns.is_empty() && table.name != "_sqlx_migrations"));
        }
        let users = tables_of(1).expect("they are made").into_iter().find(|table| table.name == "users").expect("a table");
        let row = |name: BackupValue| {
            let text = |text: &str| BackupValue::Text(text.into());
            let mut row = vec![text("u"), text("main"), text("ana@loja.example"), BackupValue::Number(1), name];
            row.extend([BackupValue::Null, BackupValue::Null]);
            row.extend([1, 1, 0].map(BackupValue::Number));
            row
        };
        assert!(users.accepts(&row(BackupValue::Null)) && users.accepts(&row(BackupValue::Text("Ana".into()))));
        assert!(!users.accepts(&row(BackupValue::Number(1))) && !users.accepts(&Vec::new()));
    }
}

//! The first line of a backup: what the file says of itself.

use crate::directory::backup::fault::{BackupFault, NewerPart};
use crate::directory::migrations;
use crate::vocabulary::utc_time::format_time;
use serde_json::{Value, json};

/// The number of the format. It changes when a program of the version before could not read the file.
const FORMAT: i64 = 1;

/// What a backup says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct BackupHead {
    /// The version of the program that wrote it.
    pub(crate) program: String,
    /// When it was made, in seconds since 1970.
    pub(crate) made: i64,
    /// Where it comes from.
    pub(crate) engine: String,
    /// The stores of the settings at that time.
    pub(crate) stores: Vec<String>,
    /// How many signing keys are sealed in it.
    pub(crate) sealed_keys: u64,
    /// The fingerprint of the master key that opens what is sealed; `None` if that key was not there.
    pub(crate) master_key: Option<String>,
    /// The number of the schema, once the source has said it.
    pub(crate) schema: i64,
}

impl BackupHead {
    /// The line, without its end.
    pub(crate) fn line(&self) -> String {
        json!({
            "portaria": "backup", "format": FORMAT, "schema": self.schema, "program": self.program, "made": format_time(self.made),
            "madeAt": self.made, "engine": self.engine, "stores": self.stores, "sealedKeys": self.sealed_keys, "masterKey": self.master_key,
        })
        .to_string()
    }

    /// Reads the line. What a later version has added is left aside, unless its format is another.
    pub(crate) fn read(line: &[u8]) -> Result<Self, BackupFault> {
        let head: Value = serde_json::from_slice(line).map_err(|_| BackupFault::NoBackup)?;
        let head = &head;
        let text = |name: &str| head[name].as_str().map(str::to_owned);
        let number = |name: &str| head[name].as_i64().ok_or(BackupFault::NoBackup);
        if head["portaria"] != "backup" {
            return Err(BackupFault::NoBackup);
        }
        let program = text("program").ok_or(BackupFault::NoBackup)?;
        let newer = |what| BackupFault::NewerFile { program: program.clone(), what };
        if number("format")? != FORMAT {
            return Err(newer(NewerPart::Format));
        }
        let schema = number("schema")?;
        if schema > migrations::latest_schema() {
            return Err(newer(NewerPart::Schema));
        }
        if schema < 1 {
            return Err(BackupFault::NoBackup);
        }
        let stores = head["stores"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        let sealed_keys = head["sealedKeys"].as_u64().ok_or(BackupFault::NoBackup)?;
        let engine = text("engine").unwrap_or_default();
        Ok(Self { program, made: number("madeAt")?, engine, stores, sealed_keys, master_key: text("masterKey"), schema })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_comes_back_and_one_of_a_later_version_is_refused_with_its_version() {
        let head =
            BackupHead { program: "0.1.0".to_owned(), made: 100, stores: vec!["main".to_owned()], schema: 2, ..BackupHead::default() };
        let line = head.line();

        let read = BackupHead::read(line.as_bytes()).expect("it is right");

        assert_eq!((read.line(), read.made, read.schema), (line.clone(), 100, 2));
        for (from, to, expected) in [
            ("\"format\":1", "\"format\":2", "it was written by portaria 0.1.0, in a later format"),
            ("\"schema\":2", "\"schema\":999", "it was written by portaria 0.1.0, whose tables this version does not know"),
            ("\"schema\":2", "\"schema\":0", "this is not a backup of this program"),
            ("\"backup\"", "\"back\"", "this is not a backup of this program"),
            ("{", "[", "this is not a backup of this program"),
        ] {
            let refused = BackupHead::read(line.replacen(from, to, 1).as_bytes()).expect_err("it is refused");
            assert_eq!(refused.to_string(), expected);
        }
    }
}

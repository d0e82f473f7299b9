//! Why a copy of the directory is not made, each with what to do.

use crate::directory::migrations::{NewerSchema, schema_of_sqlite};
use crate::directory::sql::EngineFailure;
use crate::directory::sqlite::OpenFileError;
use std::{fmt, io};

/// What to do where the tables are those of a later version.
pub(crate) const NEWER_HELP: &str = "use the version of portaria that has used it last, or a later one; to go back for good, restore the backup of before \
     the upgrade into a new storage: `portaria restore`";

/// Why a copy is not made. Nothing is kept then.
#[derive(Debug)]
pub(crate) enum BackupFault {
    /// The other side of the copy has ended; its fault says why.
    Interrupted,
    /// The storage could not do it, for a reason without personal data.
    Storage(String),
    /// The server refuses it for its tables or its rights.
    Tables(String),
    /// The file could not be read or written.
    File(io::Error),
    /// The storage has no tables of this program.
    NoTables,
    /// The storage has tables of a schema that this program does not know.
    NewerStorage(i64),
    /// The storage has tables of an early schema, which the other engine never had.
    EarlyStorage,
    /// The storage into which is copied has tables of another schema: its own, and that of the copy.
    OtherSchema { storage: i64, copy: i64 },
    /// The storage into which is copied has so many people.
    NotEmpty(i64),
    /// The file is no backup.
    NoBackup,
    /// The file was written by a later version: the version, and what it has that this one does not know.
    NewerFile { program: String, what: NewerPart },
    /// The file ends before its end.
    Cut,
    /// The line of this number is not what a backup has there.
    Line(u64),
    /// What the file holds is not what was written into it.
    Changed,
    /// The master key that was tried does not open the keys that the file holds.
    OtherKey,
    /// A text holds the character zero, which PostgreSQL cannot keep: the table and the column.
    ZeroCharacter(String),
}

/// What a file of a later version has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewerPart {
    Format,
    Schema,
}

impl fmt::Display for BackupFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interrupted => f.write_str("the copy was interrupted"),
            Self::Storage(reason) | Self::Tables(reason) => f.write_str(reason),
            Self::File(error) => error.fmt(f),
            Self::NoTables => f.write_str("there are no tables of this program in it"),
            Self::NewerStorage(schema) => NewerSchema(*schema).fmt(f),
            Self::EarlyStorage => f.write_str("its tables are those of a version before 0.1"),
            Self::OtherSchema { storage, copy } => {
                write!(f, "its tables have schema {storage}, and what is to be copied has schema {copy}")
            }
            Self::NotEmpty(people) => write!(f, "it is not empty: people in it: {people}"),
            Self::NoBackup => f.write_str("this is not a backup of this program"),
            Self::NewerFile { program, what: NewerPart::Format } => write!(f, "it was written by portaria {program}, in a later format"),
            Self::NewerFile { program, what: NewerPart::Schema } => {
                write!(f, "it was written by portaria {program}, whose tables this version does not know")
            }
            Self::Cut => f.write_str("it ends too early: a part of it is missing"),
            Self::Line(number) => write!(f, "line {number} is not what a backup has there"),
            Self::Changed => f.write_str("its checksum is wrong: it was changed or damaged after it was written"),
            Self::OtherKey => f.write_str("the master key that is here does not open its signing keys"),
            Self::ZeroCharacter(column) => write!(f, "a text in {column} holds the character zero, which PostgreSQL cannot keep"),
        }
    }
}

impl BackupFault {
    /// Whether it is about the file that is read.
    pub(crate) fn is_about_file(&self) -> bool {
        matches!(self, Self::File(_) | Self::NoBackup | Self::NewerFile { .. } | Self::Cut | Self::Line(_) | Self::Changed | Self::OtherKey)
    }

    /// Whether it is about the storage into which is copied.
    pub(crate) fn is_about_target(&self) -> bool {
        matches!(self, Self::OtherSchema { .. } | Self::NotEmpty(_))
    }

    /// What to do.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Interrupted => "try it again; nothing was kept",
            Self::Storage(_) => "check that the storage can be reached and written, and that the disk has room; nothing was kept",
            Self::Tables(_) => {
                "check that this user may create tables in it, and read and write those that are there, and that none of them is of another program; \
                 nothing was kept"
            }
            Self::File(_) => "check the path and its permissions",
            Self::NoTables => "name the storage that the broker has: `--storage`",
            Self::NewerStorage(_) => NEWER_HELP,
            Self::EarlyStorage => "start the broker once with this version, which brings the tables up to date",
            Self::OtherSchema { .. } => "name a storage that has no tables yet: a file that does not exist, or a new database",
            Self::NotEmpty(_) => {
                "name another storage, or replace everything in this one: `--replace`; make a backup of it before: `portaria backup`"
            }
            Self::NoBackup => "name a file that `portaria backup` has written",
            Self::NewerFile { .. } => "use that version of portaria, or a later one",
            Self::Cut | Self::Line(_) | Self::Changed => "use another backup; nothing was kept of this one",
            Self::OtherKey => "give the master key that the broker had; nothing was changed. If that key is lost: `--key-is-lost`",
            Self::ZeroCharacter(_) => "remove the character from that text, and copy again",
        }
    }
}

impl From<io::Error> for BackupFault {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<rusqlite::Error> for BackupFault {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(reported, message) = &error else { return Self::Storage(error.to_string()) };
        if reported.code == rusqlite::ErrorCode::NotADatabase {
            return Self::NoTables;
        }
        let code = reported.extended_code.to_string();
        let failure = EngineFailure { code: &code, constraint: None, message: message.as_deref().unwrap_or_default() };
        Self::Storage(failure.loggable())
    }
}

impl From<sqlx::Error> for BackupFault {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(error) => {
                let code = error.code().unwrap_or_default();
                let failure = EngineFailure { code: &code, constraint: error.constraint(), message: error.message() };
                if failure.is_about_tables() { Self::Tables(failure.loggable()) } else { Self::Storage(failure.loggable()) }
            }
            sqlx::Error::Configuration(_) => Self::Storage("this is not the address of a database".to_owned()),
            other => Self::Storage(other.to_string()),
        }
    }
}

impl From<OpenFileError> for BackupFault {
    fn from(error: OpenFileError) -> Self {
        match error {
            OpenFileError::File(error) => Self::File(error),
            OpenFileError::Database(error) => error.into(),
            OpenFileError::Newer(migration) => Self::NewerStorage(schema_of_sqlite(migration)),
            OpenFileError::Migration(..) => Self::Storage(error.to_string()),
        }
    }
}

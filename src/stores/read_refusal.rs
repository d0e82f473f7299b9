//! Why a provider file may not read a value of this machine, and what to do about it.

use crate::stores::other_files::is_listed;
use crate::stores::read_policy::{ReadableValues, has_parts, look_up};
use crate::stores::variable_pattern::{OWN_BEGINNING, is_own_variable};
use crate::vocabulary::diagnostic::{Complaint, Severity};
use crate::vocabulary::place::Place;
use crate::world::files;
use std::fmt;
use std::path::{Path, PathBuf};

/// A value that a provider file may not read.
pub(crate) struct ReadRefusal {
    pub(crate) kind: ReadRefusalKind,
    /// Where the file names it.
    pub(crate) place: Option<Place>,
    /// The reference as the file writes it.
    pub(crate) location: Box<str>,
    /// The name of the file in capitals.
    pub(crate) file: Box<str>,
    /// The name of a store that uses the file, in capitals.
    pub(crate) store: Box<str>,
    pub(crate) folder: Box<str>,
}

#[derive(Clone, Debug)]
pub(crate) enum ReadRefusalKind {
    /// The broker itself uses this variable.
    BrokersVariable,
    /// The settings do not list this variable.
    OtherVariable,
    /// The variable belongs to a file of another store, and the settings do not list it.
    OtherFilesVariable,
    /// The variable may belong to a file of another store, whose folder cannot be listed, and the settings do not list it.
    UnlistedFilesVariable(PathBuf),
    /// Programs of the machine show who they are by this variable, and the settings do not list it.
    MachineVariable,
    /// The broker itself uses this file.
    BrokersFile,
    /// The file is in none of the folders that the settings name.
    OtherFile,
    /// The file is in a folder of another store.
    AnothersFile,
    /// The path contains `..`.
    UpwardPath,
    /// The path leads out of the folder through a symbolic link.
    LinkOut,
    /// The file cannot be compared with a file of the broker or a folder of the settings, whose disk does not answer.
    UnansweredDisk(PathBuf),
    /// The same, because the look-up fails for this reason.
    FailedLookUp(Box<(PathBuf, String)>),
}

/// What has to be readable before a provider file can be judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AwaitedReading {
    /// The names of the files in a folder.
    List(PathBuf),
    /// What lies at a path.
    LookUp(PathBuf),
}

impl AwaitedReading {
    pub(crate) fn is_possible(&self) -> bool {
        match self {
            Self::List(folder) => is_listed(folder),
            Self::LookUp(path) => look_up(path, files::real_path).is_ok(),
        }
    }
}

impl ReadRefusal {
    pub(crate) fn complaint(&self) -> Complaint {
        Complaint::new(Severity::Error, self.place, self.to_string(), self.help())
    }

    /// What has to be readable before the value can be judged.
    pub(crate) fn awaited(&self) -> Option<AwaitedReading> {
        match &self.kind {
            ReadRefusalKind::UnlistedFilesVariable(folder) => Some(AwaitedReading::List(folder.clone())),
            ReadRefusalKind::UnansweredDisk(path) => Some(AwaitedReading::LookUp(path.clone())),
            ReadRefusalKind::FailedLookUp(failed) => Some(AwaitedReading::LookUp(failed.0.clone())),
            ReadRefusalKind::BrokersVariable
            | ReadRefusalKind::OtherVariable
            | ReadRefusalKind::OtherFilesVariable
            | ReadRefusalKind::MachineVariable
            | ReadRefusalKind::BrokersFile
            | ReadRefusalKind::OtherFile
            | ReadRefusalKind::AnothersFile
            | ReadRefusalKind::UpwardPath
            | ReadRefusalKind::LinkOut => None,
        }
    }

    fn help(&self) -> String {
        let Self { kind, location, file, store, folder, .. } = self;
        match kind {
            ReadRefusalKind::BrokersVariable if is_own_variable(file) => {
                format!("give the file another name: variables that begin with `{OWN_BEGINNING}` belong to the broker")
            }
            ReadRefusalKind::BrokersVariable => format!("keep the provider's value in a variable of its own, such as `env:{file}_SECRET`"),
            ReadRefusalKind::OtherVariable => {
                format!("choose a variable that begins with `{file}_`, or {}", self.allowed())
            }
            ReadRefusalKind::OtherFilesVariable => {
                let variable = location.trim_start_matches("env:");
                format!("put the name of this store before it, such as `env:{store}_{variable}`, or {}", self.allowed())
            }
            ReadRefusalKind::UnlistedFilesVariable(folder) => {
                let variable = location.trim_start_matches("env:");
                format!(
                    "check the disk and the rights of `{}`, or put the name of this store before it, such as `env:{store}_{variable}`",
                    folder.display()
                )
            }
            ReadRefusalKind::MachineVariable => {
                format!("keep the provider's value in a variable of its own; if this one is the provider's, {}", self.allowed())
            }
            ReadRefusalKind::BrokersFile => {
                format!("keep the provider's value in a file of its own, such as `file:{folder}/{}`", self.usual_file_name())
            }
            ReadRefusalKind::OtherFile => {
                let written = Path::new(location.trim_start_matches("file:"));
                let other = written.parent().filter(|folder| has_parts(folder) && *folder != Path::new("/"));
                let allow = other.map_or_else(String::new, |other| {
                    format!(
                        ", or allow its folder in the settings if it holds nothing else: `filesMayRead: {{ folder: [ {folder}, {} ] }}`",
                        other.display()
                    )
                });
                let name = written.file_name().map_or_else(|| self.usual_file_name(), |name| name.to_string_lossy().into_owned());
                format!("put it into the folder `{folder}` and write `file:{folder}/{name}`{allow}")
            }
            ReadRefusalKind::AnothersFile => {
                format!("put a copy into the folder `{folder}`, or let `filesMayRead: {{ folder: … }}` name the folder in which it is")
            }
            ReadRefusalKind::UpwardPath => {
                format!("write the path from the folder `{folder}` on: `file:{folder}/{}`", self.usual_file_name())
            }
            ReadRefusalKind::LinkOut => format!(
                "put the file itself into the folder `{folder}`, or let `filesMayRead: {{ folder: … }}` name the folder in which it is"
            ),
            ReadRefusalKind::UnansweredDisk(path) => {
                format!("check the disk of `{}`; this file is read again when that disk answers", path.display())
            }
            ReadRefusalKind::FailedLookUp(..) => "mend that path, or name another one in the settings".to_owned(),
        }
    }

    /// The setting that allows the variable.
    fn allowed(&self) -> String {
        let usual = ReadableValues::VARIABLES.map(|pattern| format!("\"{pattern}\"")).join(", ");
        let variable = self.location.trim_start_matches("env:");
        format!("allow this one in the settings: `filesMayRead: {{ env: [ {usual}, {variable} ] }}`")
    }

    fn usual_file_name(&self) -> String {
        self.file.to_ascii_lowercase()
    }
}

impl fmt::Display for ReadRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, location, folder, .. } = self;
        match kind {
            ReadRefusalKind::BrokersVariable => {
                write!(f, "`{location}` is a variable of the broker itself, which no provider file may read")
            }
            ReadRefusalKind::OtherVariable => write!(f, "this file may not read the variable `{location}`"),
            ReadRefusalKind::OtherFilesVariable => {
                write!(f, "`{location}` belongs to a provider file of another store, which the name of this file does not open")
            }
            ReadRefusalKind::UnlistedFilesVariable(_) => {
                write!(f, "`{location}` may belong to a provider file of another store, whose files cannot be listed")
            }
            ReadRefusalKind::MachineVariable => {
                write!(f, "`{location}` is a variable of other programs of this machine, which the name of a file does not open")
            }
            ReadRefusalKind::AnothersFile => write!(f, "`{location}` is in the folder of another store"),
            ReadRefusalKind::BrokersFile => write!(f, "`{location}` is a file of the broker itself, which no provider file may read"),
            ReadRefusalKind::OtherFile => write!(f, "this file may not read `{location}`, which is not in the folder `{folder}`"),
            ReadRefusalKind::UpwardPath => write!(f, "`{location}` leads upwards by `..`"),
            ReadRefusalKind::LinkOut => write!(f, "`{location}` is a link that leads out of the folder `{folder}`"),
            ReadRefusalKind::UnansweredDisk(path) => {
                write!(f, "`{location}` cannot be compared with `{}`, whose disk does not answer", path.display())
            }
            ReadRefusalKind::FailedLookUp(failed) => {
                let (path, why) = &**failed;
                write!(f, "`{location}` cannot be compared with `{}`, which cannot be looked up: {why}", path.display())
            }
        }
    }
}

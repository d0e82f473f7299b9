//! The storage of the directory, for every command that opens it.

use crate::commands::outcome::CommandFailure;
use crate::directory::backup::fault::{BackupFault, NEWER_HELP};
use crate::directory::backup::sealed_keys;
use crate::directory::migrations::latest_schema;
use crate::directory::postgres::address::{AddressFault, ServerAddress};
use crate::directory::{Directory, OpenDirectoryError, StorageLocation};
use crate::stores::settings::{DEFAULT_STORAGE, Settings};
use crate::vocabulary::diagnostic::printable;
use crate::world::files;
use std::future::Future;
use std::path::{Path, PathBuf};

pub(crate) const HELP: &str = "The storage: `sqlite:FILE` or `postgres://…` [default: that of the settings, or sqlite:data/portaria.db]";

/// The location of the storage: flag or variable, settings, default.
pub(crate) fn location(flag: Option<&str>, settings: &Settings) -> Result<StorageLocation, CommandFailure> {
    let written = settings.spec.as_ref().and_then(|spec| spec.storage.as_ref()).map(|storage| storage.value.as_str());
    let storage = flag.or(written).unwrap_or(DEFAULT_STORAGE);
    match storage.strip_prefix("sqlite:") {
        Some("") => {
            let help = "write the file behind it: `sqlite:data/portaria.db`";
            return Err(CommandFailure::Usage("`sqlite:` names no file".to_owned(), help.to_owned()));
        }
        Some(file) => return Ok(StorageLocation::File(PathBuf::from(file))),
        None => {}
    }
    match storage.split_once("://") {
        Some(("postgres" | "postgresql", _)) => match ServerAddress::parse(storage) {
            // What is no address at all is reported when it is opened.
            Ok(_) | Err(AddressFault::Unreadable) => Ok(StorageLocation::Server(storage.to_owned())),
            Err(fault) => Err(CommandFailure::Usage(fault.to_string(), fault.help().to_owned())),
        },
        Some((scheme, _)) => Err(CommandFailure::Usage(
            format!("there is no storage of the kind `{scheme}`"),
            "write `sqlite:data/portaria.db`, or `postgres://user@host/name`".to_owned(),
        )),
        None => Err(CommandFailure::Usage(
            format!("`{storage}` does not say which kind of storage it is"),
            format!("write `sqlite:` in front: `sqlite:{storage}`"),
        )),
    }
}

/// Creates the folder of a file, if it does not exist.
pub(crate) fn make_folder(storage: &StorageLocation) -> Result<(), CommandFailure> {
    let folder = storage.file().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), |folder| files::make_folder(folder).map_err(|error| CommandFailure::folder_not_created(folder, &error)))
}

/// Opens the storage, and creates it if it does not exist.
pub(crate) async fn open(storage: &StorageLocation) -> Result<Directory, CommandFailure> {
    make_folder(storage)?;
    Directory::open(storage).await.map_err(|error| {
        let help = match storage {
            _ if matches!(error, OpenDirectoryError::Newer(_)) => NEWER_HELP,
            StorageLocation::File(_) => "check that the folder can be written to, and that the file is a database of this program",
            StorageLocation::Server(_) => {
                "check that the server runs, that the database exists, and that this user may create tables in it"
            }
        };
        let reason = error.to_string();
        CommandFailure::Environment(format!("{storage}: {}", printable(reason.lines().next().unwrap_or_default())), help.to_owned())
    })
}

/// Opens the storage for a command that needs an existing one. The tables of an earlier version are left as they are: the earlier program could
/// not be started any more, and only a start of the broker is where that is expected.
pub(crate) async fn open_existing(storage: &StorageLocation) -> Result<Directory, CommandFailure> {
    check_exists(storage)?;
    check_current(storage).await?;
    open(storage).await
}

/// Refuses tables of an earlier version. What else may be wrong shows when the storage is opened.
async fn check_current(storage: &StorageLocation) -> Result<(), CommandFailure> {
    let read = sealed_keys::read_with_schema(storage).await;
    let is_early = matches!(read, Err(BackupFault::EarlyStorage));
    let older = read.ok().map(|(schema, _)| schema).filter(|schema| *schema < latest_schema());
    let is = match older {
        Some(schema) => format!("they have schema {schema}, and this version has {}", latest_schema()),
        None if is_early => "they are those of a version before 0.1".to_owned(),
        None => return Ok(()),
    };
    let help = "make a backup, `portaria backup FILE`, and then start the broker once with this version; that changes the tables, and the earlier \
                version cannot be started on them any more";
    Err(CommandFailure::Environment(format!("{storage}: its tables are those of an earlier version of the program: {is}"), help.to_owned()))
}

/// Refuses a file that does not exist, so that no command creates it by mistake.
pub(crate) fn check_exists(storage: &StorageLocation) -> Result<(), CommandFailure> {
    if storage.file().is_some_and(|file| !files::is_file(file)) {
        return Err(CommandFailure::Environment(
            format!("{storage}: there is no such storage"),
            "run it where the broker runs, or name the storage: `--storage`".to_owned(),
        ));
    }
    Ok(())
}

/// The storage was opened, and did not answer.
pub(crate) fn unavailable(storage: &StorageLocation) -> CommandFailure {
    CommandFailure::Environment(format!("{storage}: the storage did not answer"), "see the log above".to_owned())
}

/// Runs a future on a new runtime.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, CommandFailure>>) -> Result<T, CommandFailure> {
    actix_web::rt::System::new().block_on(work)
}

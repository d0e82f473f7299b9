//! Where the directory is kept, for every command that opens it.

use crate::commands::outcome::CommandFailure;
use crate::directory::{Directory, StorageLocation};
use crate::stores::settings::Settings;
use crate::world::files;
use std::future::Future;
use std::path::{Path, PathBuf};

const USUAL: &str = "sqlite:data/portaria.db";

/// What the flag is for.
pub(crate) const HELP: &str =
    "Where the directory is kept: `sqlite:FILE` or `postgres://…` [default: what the settings say, or sqlite:data/portaria.db]";

/// Where the directory is: flag or variable, settings, default.
pub(crate) fn location(flag: Option<&str>, settings: &Settings) -> Result<StorageLocation, CommandFailure> {
    let written = settings.spec.as_ref().and_then(|spec| spec.storage.as_ref()).map(|storage| storage.value.as_str());
    let storage = flag.or(written).unwrap_or(USUAL);
    match storage.strip_prefix("sqlite:") {
        Some("") => {
            let help = "write the file behind it: `sqlite:data/portaria.db`";
            return Err(CommandFailure::Usage("`sqlite:` names no file".to_owned(), help.to_owned()));
        }
        Some(file) => return Ok(StorageLocation::File(PathBuf::from(file))),
        None => {}
    }
    match storage.split_once("://") {
        Some(("postgres" | "postgresql", _)) => Ok(StorageLocation::Server(storage.to_owned())),
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

/// Opens it, and makes it if need be.
pub(crate) async fn open(storage: &StorageLocation) -> Result<Directory, CommandFailure> {
    if let Some(folder) = storage.file().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty()) {
        files::make_folder(folder).map_err(|error| CommandFailure::file_error(folder, &error))?;
    }
    Directory::open(storage).await.map_err(|error| {
        let help = match storage {
            StorageLocation::File(_) => "check that the folder can be written to, and that the file is ours",
            StorageLocation::Server(_) => "check that the server runs, that the database exists, and that this user may make tables in it",
        };
        CommandFailure::Environment(format!("{storage}: {}", one_line_reason(&error)), help.to_owned())
    })
}

/// Opens it for a command that has nothing to say where there is no storage yet.
pub(crate) async fn open_existing(storage: &StorageLocation) -> Result<Directory, CommandFailure> {
    if storage.file().is_some_and(|file| !files::is_file(file)) {
        return Err(CommandFailure::Environment(
            format!("{storage}: there is no such storage"),
            "run it where the broker runs, or name the storage: `--storage`".to_owned(),
        ));
    }
    open(storage).await
}

/// What is wrong, in one line and without what the address says.
fn one_line_reason(error: &sqlx::Error) -> String {
    let reason = match error {
        sqlx::Error::Database(said) => said.message().to_owned(),
        sqlx::Error::Configuration(_) => "this is not the address of a database".to_owned(),
        other => other.to_string(),
    };
    crate::vocabulary::diagnostic::printable(reason.lines().next().unwrap_or_default())
}

/// It could be opened, and did not answer.
pub(crate) fn unavailable(storage: &StorageLocation) -> CommandFailure {
    CommandFailure::Environment(format!("{storage}: the storage did not answer"), "see the log above".to_owned())
}

/// Runs a short conversation with it.
pub(crate) fn run<T>(conversation: impl Future<Output = Result<T, CommandFailure>>) -> Result<T, CommandFailure> {
    actix_web::rt::System::new().block_on(conversation)
}

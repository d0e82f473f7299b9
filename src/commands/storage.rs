//! Where the directory is kept, for every command that opens it.

use crate::commands::outcome::Failure;
use crate::directory::sqlite::Sqlite;
use crate::settings::Settings;
use crate::world::files;
use std::future::Future;
use std::path::{Path, PathBuf};

const USUAL: &str = "sqlite:data/portaria.db";

/// What the flag is for.
pub const HELP: &str = "Where the directory is kept [default: what the settings say, or sqlite:data/portaria.db]";

/// The file of the directory: flag or variable, settings, default.
pub fn file(flag: Option<&str>, settings: &Settings) -> Result<PathBuf, Failure> {
    let written = settings.spec.as_ref().and_then(|spec| spec.storage.as_ref()).map(|storage| storage.value.as_str());
    let storage = flag.or(written).unwrap_or(USUAL);
    storage.strip_prefix("sqlite:").filter(|file| !file.is_empty()).map(PathBuf::from).ok_or_else(|| {
        if !storage.contains("://") {
            return Failure::Usage(
                format!("`{storage}` does not say which kind of storage it is"),
                format!("write `sqlite:` in front: `sqlite:{}`", storage.trim_start_matches("sqlite:")),
            );
        }
        Failure::Usage(
            format!("the storage `{}` cannot be used yet", storage.split("://").next().unwrap_or_default()),
            "write `sqlite:` and a file: `sqlite:data/portaria.db`".to_owned(),
        )
    })
}

/// Opens it.
pub async fn open(file: &Path) -> Result<Sqlite, Failure> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        files::make_folder(folder).map_err(|error| Failure::file(folder, &error))?;
    }
    Sqlite::open(file).await.map_err(|error| {
        let help = "check that the folder can be written to, and that the file is ours".to_owned();
        Failure::Environment(format!("{}: {error}", file.display()), help)
    })
}

/// It could be opened, and did not answer.
pub fn away(file: &Path) -> Failure {
    Failure::Environment(format!("{}: the storage did not answer", file.display()), "see the log above".to_owned())
}

/// Runs a short conversation with it.
pub fn run<T>(conversation: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    actix_web::rt::System::new().block_on(conversation)
}

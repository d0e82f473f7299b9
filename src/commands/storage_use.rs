//! Whether a storage is in use, for the commands that replace what is in it.

use crate::commands::backup;
use crate::commands::outcome::CommandFailure;
use crate::directory::StorageLocation;
use crate::world::files;
use std::time::Duration;

/// The help of `--although-in-use`.
pub(crate) const HELP: &str =
    "Go on although the storage is in use, because what uses it is no broker, such as a pooler that holds connections open";
/// What to do where the command replaces or copies the storage.
pub(crate) const STOP_HELP: &str = "stop every broker that uses it, also those on other machines, and start them again afterwards; if what uses it is no broker: \
     `--although-in-use`";

/// How often it is checked whether the storage is in use, with which pauses: a connection of a process that has ended lasts for a moment.
const LOOKS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// Refuses while another process uses the storage, as far as that can be seen.
pub(crate) async fn check_unused(place: &StorageLocation, although_in_use: bool, help: &str) -> Result<(), CommandFailure> {
    // A file that does not exist yet has no users, and a look at it must not create it.
    if although_in_use || place.file().is_some_and(|file| !files::is_file(file)) {
        return Ok(());
    }
    for _ in 0..LOOKS {
        if place.other_users().await.map_err(|fault| backup::failure(&place.to_string(), &fault))? == 0 {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(CommandFailure::Environment(format!("another process uses {place}"), help.to_owned()))
}

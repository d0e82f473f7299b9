//! The first start in a folder with neither settings nor provider files: the playground's file is put there, so that a login can be completed at
//! once, as in a checkout.

use crate::commands::{GlobalOptions, new_provider_file};
use crate::stores::Stores;
use crate::stores::settings::Settings;
use crate::web::live_config::PLAYGROUND;
use crate::workbench::catalogue::catalogue_file;
use crate::world::files;
use std::path::Path;

/// Writes the playground's file where nothing is there yet. A store with real users never gets it.
pub(crate) fn offer_playground(global: &GlobalOptions, settings: &Settings) {
    let folder = Path::new(&settings.providers);
    let is_empty = global.settings_file().is_none() && global.providers.is_none() && !files::is_there(folder);
    let stores = Stores::new(settings);
    let has_playground = stores.main().loopback && stores.main().playground;
    let Some(file) = catalogue_file(PLAYGROUND).filter(|_| is_empty && has_playground) else { return };
    let path = folder.join(format!("{PLAYGROUND}.yaml"));
    if let Err(error) = files::write(&path, &new_provider_file::without_lost_schema(file.text, &path)) {
        tracing::warn!(path = %path.display(), error = %error, "the file of the playground could not be written");
    }
}

//! Where a new provider file goes, and what is to be done when it lies there.

use crate::commands::outcome::{CommandFailure, uses_colour};
use crate::stores::catalogue::{self, ProviderFileState};
use crate::stores::settings::Settings;
use crate::world::files;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A provider's name is part of addresses and variables.
pub(crate) fn check_name(name: &str) -> Result<(), CommandFailure> {
    let fits =
        !name.is_empty() && name.len() <= 60 && name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'));
    if name == "incidents" {
        return Err(CommandFailure::Usage(
            "`incidents` is a page of the lab, and cannot be a provider's name".to_owned(),
            "choose another name".to_owned(),
        ));
    }
    if fits {
        return Ok(());
    }
    Err(CommandFailure::Usage(
        format!("`{}` cannot be a provider's name", crate::vocabulary::diagnostic::printable(&name.chars().take(60).collect::<String>())),
        "use letters, digits, `-` and `_`, such as `clube-acme`".to_owned(),
    ))
}

/// Where the file of a provider goes.
pub(crate) fn provider_path(settings: &Settings, name: &str) -> PathBuf {
    Path::new(&settings.providers).join(format!("{name}.yaml"))
}

/// A file that is there already is not written over, unless that is meant.
pub(crate) fn check_is_free(path: &Path, force: bool) -> Result<(), CommandFailure> {
    if force || !files::is_file(path) {
        return Ok(());
    }
    Err(CommandFailure::Usage(
        format!("{} is there already", path.display()),
        "choose another name, or write over it with `--force`".to_owned(),
    ))
}

/// Checks the file that now lies there, and tells what to do next.
pub(crate) fn next_steps(path: &Path, settings: &Settings) -> Result<String, CommandFailure> {
    let entry = catalogue::load(path, settings.installation_context());
    let (provider, missing) = match &entry.state {
        ProviderFileState::Offered(provider) | ProviderFileState::Off(provider) => (provider, &[][..]),
        ProviderFileState::Dormant(provider, missing) => (provider, missing.as_slice()),
        ProviderFileState::Broken => return Err(CommandFailure::No(entry.report.draw(uses_colour()))),
    };
    let name = &provider.name;
    let mut text = String::from("What to do next:\n");
    if !missing.is_empty() {
        let _ = writeln!(text, "  set {}", missing.join(", "));
    }
    let below = if provider.state_in == crate::provider::callback::StateLocation::Path { "/…" } else { "" };
    let _ = writeln!(
        text,
        "  register {}/callback/{name}{below} at the provider, as the address that the browser comes back to",
        settings.public_url
    );
    let _ = writeln!(text, "  portaria explain {name}");
    let _ = writeln!(text, "  portaria try {name}");
    Ok(text)
}

//! The place of a new provider file, and the next steps once it is written.

use crate::commands::outcome::{CommandFailure, uses_colour};
use crate::provider::Provider;
use crate::provider::declared_values::variable_beginning;
use crate::provider::file_name::LAB_PAGES;
use crate::stores::catalogue::{self, ProviderFileState};
use crate::stores::read_policy::ReadPolicy;
use crate::stores::settings::Settings;
use crate::stores::variable_pattern::is_own_variable;
use crate::vocabulary::diagnostic::printable;
use crate::workbench::catalogue::sheet::needed_values;
use crate::world::files;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Checks that a name can be part of addresses and variables.
pub(crate) fn check_name(name: &str) -> Result<(), CommandFailure> {
    let fits =
        !name.is_empty() && name.len() <= 60 && name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'));
    if LAB_PAGES.contains(&name) {
        return Err(CommandFailure::Usage(
            format!("`{name}` is a page of the lab, and cannot be a provider's name"),
            "choose another name".to_owned(),
        ));
    }
    if fits && is_own_variable(&variable_beginning(name)) {
        return Err(CommandFailure::Usage(
            format!("`{name}` cannot be a provider's name: its variables would begin with `PORTARIA_`, and those belong to the broker"),
            "choose another name".to_owned(),
        ));
    }
    if fits {
        return Ok(());
    }
    Err(CommandFailure::Usage(
        format!("`{}` cannot be a provider's name", printable(&name.chars().take(60).collect::<String>())),
        "use letters, digits, `-` and `_`, such as `clube-acme`".to_owned(),
    ))
}

pub(crate) fn provider_path(settings: &Settings, name: &str) -> PathBuf {
    Path::new(&settings.providers).join(format!("{name}.yaml"))
}

/// What to do about a file that is there already.
pub(crate) const OTHER_NAME: &str = "choose another name, or overwrite it with `--force`";

/// Refuses to overwrite a file, unless `--force` was given.
pub(crate) fn check_are_free(paths: &[&Path], force: bool, remedy: &str) -> Result<(), CommandFailure> {
    let Some(taken) = paths.iter().find(|path| !force && files::is_file(path)) else { return Ok(()) };
    Err(CommandFailure::Usage(format!("{} is there already", taken.display()), remedy.to_owned()))
}

/// The text without the line that names a schema to editors, if no schema lies there: an installed program has no checkout. `portaria schema`
/// writes one.
pub(crate) fn without_lost_schema(text: &str, path: &Path) -> String {
    let named = text.split_once('\n').and_then(|(first, rest)| Some((first.strip_prefix("# yaml-language-server: $schema=")?, rest)));
    let folder = path.parent().unwrap_or(Path::new(""));
    match named {
        Some((schema, rest)) if !files::is_file(&beside(folder, schema.trim())) => rest.to_owned(),
        Some(_) | None => text.to_owned(),
    }
}

/// A path as it is written from a folder, which need not be there yet.
fn beside(folder: &Path, path: &str) -> PathBuf {
    match (path.strip_prefix("../"), folder.parent()) {
        (Some(rest), Some(above)) => beside(above, rest),
        (Some(_) | None, _) => folder.join(path),
    }
}

/// Checks the new file, and returns what to do next.
pub(crate) fn next_steps(path: &Path, settings: &Settings) -> Result<String, CommandFailure> {
    let entry = catalogue::load(path, settings.installation_context(), &ReadPolicy::for_file(settings, path));
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
    let _ = writeln!(text, "  register {} at the provider, as the redirect address", provider.address_to_register(&settings.public_url));
    let _ = writeln!(text, "  portaria explain {name}");
    let _ = writeln!(text, "  portaria try {name}");
    Ok(text)
}

/// What to do before the first login, for the head of the file. It holds for every installation.
pub(crate) fn head_lines(provider: &Provider) -> Vec<String> {
    let needed: Vec<String> = needed_values(provider).into_iter().map(|value| value.location).collect();
    let set = (!needed.is_empty()).then(|| format!("set {}, ", needed.join(", ")));
    let register = format!("register {} at the provider", provider.address_to_register("{publicUrl}"));
    vec![format!("What to do next: {}{register}, and run `portaria try {}`.", set.unwrap_or_default(), provider.name)]
}

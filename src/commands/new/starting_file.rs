//! `portaria new NAME --from OTHER`: begins with a file of the catalogue, which the program holds, or with one of the folder.

use crate::commands::outcome::CommandFailure;
use crate::provider::declared_values::variable_beginning;
use crate::vocabulary::diagnostic::{did_you_mean, printable};
use crate::vocabulary::place::Source;
use crate::vocabulary::yaml::writer::scalar;
use crate::workbench::catalogue::{CATALOGUE, catalogue_file, own_variables};
use crate::workbench::checklist::question::ChecklistAnswers;
use crate::workbench::repair::edit::{EditableFile, FileEdit};
use crate::world::files;
use std::path::Path;

/// The words at the top of a file that flags can set in a file that is there already, each with its flag.
const TOP_WORDS: &[(&str, &str)] = &[
    ("title", "name"),
    ("client-id", "clientId"),
    ("client-secret", "clientSecret"),
    ("key", "key"),
    ("logo", "logo"),
    ("discovery", "discovery"),
    ("issuer", "issuer"),
    ("redirect-uri", "redirectUri"),
    ("pkce", "pkce"),
    ("trust", "trustEmail"),
    ("missing-email", "missingEmail"),
    ("logout", "logout"),
];

/// The text of the new file: that of the other one, with the variables of the new name and the words that the flags give.
pub(crate) fn text_from(other: &str, name: &str, folder: &Path, flags: &ChecklistAnswers) -> Result<String, CommandFailure> {
    if let Some(flag) = flags.keys().find(|flag| !TOP_WORDS.iter().any(|(known, _)| known == *flag)) {
        return Err(CommandFailure::Usage(
            format!("`--{flag}` cannot stand beside `--from`: it would change one line of a request that is written already"),
            "leave it out, and change that line in the new file".to_owned(),
        ));
    }
    let text = own_variables(&file_text(other, folder)?, other, name);
    let source = Source::new(format!("{name}.yaml"), text.as_str());
    let edits = TOP_WORDS.iter().filter_map(|(flag, word)| {
        let value = flags.get(flag)?;
        let value = if *value == "env" { format!("env:{}_{}", variable_beginning(name), variable_beginning(flag)) } else { value.clone() };
        Some(FileEdit::Top { key: word, value: scalar(&value), behind: &["clientSecret", "clientId", "name"] })
    });
    let edits: Vec<FileEdit> = edits.collect();
    EditableFile::open(&source).and_then(|file| file.apply(&edits)).ok_or_else(|| {
        CommandFailure::No(format!(
            "error: `{}` cannot be changed by flags\n  help: copy the file, and change it by hand",
            printable(other)
        ))
    })
}

/// The file of the folder, or that of the catalogue.
fn file_text(other: &str, folder: &Path) -> Result<String, CommandFailure> {
    let path = folder.join(format!("{other}.yaml"));
    let is_name = other.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'));
    if is_name && files::is_file(&path) {
        return files::read_source(&path).map(|source| source.text.to_string()).map_err(|error| CommandFailure::file_error(&path, &error));
    }
    if let Some(file) = catalogue_file(other) {
        return Ok(file.text.to_owned());
    }
    let help = match did_you_mean(other, CATALOGUE.iter().map(|file| file.name)) {
        Some(near) => format!("write `--from {near}`; `portaria catalogue list` shows all {} files", CATALOGUE.len()),
        None => format!("`portaria catalogue list` shows all {} files", CATALOGUE.len()),
    };
    Err(CommandFailure::Usage(format!("no provider file is called `{}`", printable(other)), help))
}

//! The names of the provider files of other stores. What belongs to a file of one store is not read by a file of another.

use crate::provider::declared_values::{CLIENT_VARIABLES, variable_beginning};
use crate::stores::catalogue::is_provider_file;
use crate::stores::read_refusal::ReadRefusalKind;
use crate::stores::store_boundaries::beginnings;
use crate::world::files;
use crate::world::slow_disk::{NotRead, read_all_in_time, read_in_time};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The names in each folder, as variables begin with them, when it was last listed.
static LAST_LISTED: Mutex<BTreeMap<PathBuf, Vec<String>>> = Mutex::new(BTreeMap::new());

/// The files of the folders of all stores.
#[derive(Debug)]
pub(crate) struct ListedFiles {
    /// The names of the files as variables begin with them, each with the numbers of the folders that have it.
    folders_of: HashMap<String, Vec<usize>>,
    /// The folders that could not be listed since this process runs. The files in them may have any name.
    unlisted: Vec<(usize, PathBuf)>,
}

impl ListedFiles {
    /// Lists folders. A disk that does not answer is waited for only for a while, so that it holds up no other store; while a folder
    /// cannot be listed, the names count that were there before.
    pub(crate) fn list(folders: &Arc<[PathBuf]>) -> Self {
        let mut listed = Self { folders_of: HashMap::new(), unlisted: Vec::new() };
        let found = read_all_in_time(folders, files::yaml_files);
        for (number, (folder, found)) in folders.iter().zip(found).enumerate() {
            match names_in(folder, found) {
                Some(names) => names.into_iter().for_each(|name| listed.folders_of.entry(name).or_default().push(number)),
                None => listed.unlisted.push((number, folder.clone())),
            }
        }
        listed
    }

    /// Why a variable belongs to a file of another folder rather than to `file` of this one, if it does: it holds the client of a file of
    /// that name, or its name begins with a longer file name. Where two stores have files of one name, it is the main store's; without one
    /// there, no file may read it. While a folder cannot be listed, it may have a file of any name.
    pub(crate) fn claim_of_others(&self, folder: usize, file: &str, is_main: bool, variable: &str) -> Option<ReadRefusalKind> {
        let claim = |file: &str| {
            let rest = variable.strip_prefix(file)?.strip_prefix('_')?;
            Some((CLIENT_VARIABLES.contains(&rest), file.len()))
        };
        let own = claim(file);
        let is_stronger = |other: &&str| (!is_main || *other != file) && claim(other).is_some_and(|claim| Some(claim) >= own);
        let mut stronger = beginnings(variable).filter(is_stronger).peekable();
        stronger.peek()?;
        if stronger.any(|name| self.folders_of.get(name).is_some_and(|folders| folders.iter().any(|other| *other != folder))) {
            return Some(ReadRefusalKind::OtherFilesVariable);
        }
        let (_, unlisted) = self.unlisted.iter().find(|(other, _)| *other != folder)?;
        Some(ReadRefusalKind::UnlistedFilesVariable(unlisted.clone()))
    }
}

/// Whether it is known which files are in a folder.
pub(crate) fn is_listed(folder: &Path) -> bool {
    names_in(folder, read_in_time(folder, files::yaml_files)).is_some()
}

/// The names of the provider files in a folder, now or when it was last listed.
fn names_in(folder: &Path, found: Result<io::Result<Vec<PathBuf>>, NotRead>) -> Option<Vec<String>> {
    let listed = match found {
        Ok(Ok(files)) => {
            let named = files.iter().filter(|file| is_provider_file(file)).filter_map(|file| file.file_stem());
            Some(named.map(|stem| variable_beginning(&stem.to_string_lossy())).collect())
        }
        // Without a folder there are no providers.
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => Some(Vec::new()),
        Ok(Err(_)) | Err(_) => None,
    };
    let mut last_listed = LAST_LISTED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(names) = listed {
        last_listed.insert(folder.to_owned(), names);
    }
    last_listed.get(folder).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::read_policy::ReadPolicy;
    use crate::stores::settings::Settings;
    use crate::vocabulary::place::Source;
    use crate::world::slow_disk::tests::{StuckDisk, wait_until_answered};

    /// Attack Y-03
    #[test]
    fn while_the_files_of_another_store_cannot_be_listed_none_of_their_variables_is_read() {
        let folder = std::env::temp_dir().join(format!("portaria-unlisted-{}", crate::world::random::id()));
        let (main, outra) = (folder.join("providers.d"), folder.join("outra.d"));
        let settings = format!(
            "providers: {}\nstores: {{ outra: {{ publicUrl: 'https://b.example', providers: {}, filesMayRead: {{ env: [ '{{NAME}}_*', '{{STORE}}_*', ACME_NAMED ] }} }} }}\n",
            main.display(),
            outra.display()
        );
        let (settings, report) = Settings::read(&Source::new("portaria.yaml", settings));
        let settings = settings.unwrap_or_else(|| panic!("{}", report.draw(false)));
        let judged =
            |of: &Path, variable: &str| match ReadPolicy::for_folder(&settings, of).with_files_of_others().judge_variable("acme", variable)
            {
                Ok(()) => "read",
                Err(ReadRefusalKind::OtherFilesVariable) => "another's",
                Err(ReadRefusalKind::UnlistedFilesVariable(_)) => "unknown",
                Err(_) => "refused",
            };
        files::write(&main.join("acme.yaml"), "").unwrap();
        files::write(&outra.join("acme-shop.yaml"), "").unwrap();
        let disks = [&main, &outra].map(|disk| StuckDisk::below(disk));

        // Nothing is known yet.
        for (of, variable, expected) in [
            (&main, "ACME_CLIENT_SECRET", "read"),
            (&main, "ACME_KEY", "read"),
            (&main, "ACME_SHOP_KEY", "unknown"),
            (&main, "MAIN_ACME_KEY", "read"),
            (&outra, "ACME_CLIENT_SECRET", "unknown"),
            (&outra, "ACME_KEY", "unknown"),
            (&outra, "ACME_NAMED", "read"),
            (&outra, "OUTRA_ACME_CLIENT_SECRET", "read"),
        ] {
            assert_eq!(judged(of, variable), expected, "{} {variable}", of.display());
        }
        drop(disks);
        wait_until_answered([&*main, &*outra]);
        let known = [(&main, "ACME_SHOP_KEY", "another's"), (&main, "ACME_TOP_KEY", "read"), (&outra, "ACME_CLIENT_SECRET", "another's")];
        for (of, variable, expected) in known {
            assert_eq!(judged(of, variable), expected, "{} {variable}", of.display());
        }
        let _disks = [&main, &outra].map(|disk| StuckDisk::below(disk));
        for (of, variable, expected) in known {
            assert_eq!(judged(of, variable), expected, "what was there before counts: {} {variable}", of.display());
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

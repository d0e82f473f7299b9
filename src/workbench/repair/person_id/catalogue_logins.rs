//! The logins of the examples that the catalogue has for the provider of a file. They show which places of its answers hold something other than the
//! person's id, also where no other login is at hand. They never say where the id is.

use crate::provider::{InstallationContext, Provider, compile};
use crate::story::recent_logins::LoginsAtHand;
use crate::vocabulary::place::Source;
use crate::workbench::catalogue::{CatalogueFile, catalogue_file};
use crate::workbench::examples;
use crate::workbench::repair::catalogue_hints::{files_of_host, login_host};
use crate::workbench::repair::person_id::comparison::logins_of_examples;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// The logins of files of the catalogue, by the names of the files. The catalogue is a part of the program, so they never change.
static KNOWN: LazyLock<Mutex<BTreeMap<&'static str, Arc<LoginsAtHand>>>> = LazyLock::new(Mutex::default);

/// People of examples are invented, so the key of their fingerprints hides nothing.
const KEY: [u8; 32] = [0; 32];

/// The logins of the file of the catalogue that leads to the same host, or that has the same name where the host is a setting.
pub(crate) fn logins_of_catalogue(provider: &Provider) -> Arc<LoginsAtHand> {
    let file = match login_host(provider) {
        Some(host) => {
            let mut same = files_of_host(&host).filter(|(_, other)| login_host(other).as_ref() == Some(&host)).map(|(file, _)| file);
            let first = same.next();
            same.find(|file| file.name == &*provider.name).or(first)
        }
        None => catalogue_file(&provider.name),
    };
    file.map(logins_of_file).unwrap_or_default()
}

fn logins_of_file(file: &'static CatalogueFile) -> Arc<LoginsAtHand> {
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(logins) = known().get(file.name) {
        return Arc::clone(logins);
    }
    let provider = compile(&Source::new(format!("{}.yaml", file.name), file.text), InstallationContext { loopback: true }).0;
    let examples = examples::read(&Source::new(format!("{}.examples.yaml", file.name), file.examples)).ok();
    let logins = provider.zip(examples).map(|(provider, examples)| logins_of_examples(&provider, &examples, &KEY));
    let logins = Arc::new(logins.unwrap_or_default());
    known().insert(file.name, Arc::clone(&logins));
    logins
}

//! What provider files may read of this machine: which variables, and the files of which folder.
//!
//! A provider file decides where its values are sent. Without this rule it could send any variable and any readable file of the
//! machine to an address of its choice.

use crate::provider::Provider;
use crate::provider::declared_values::{CLIENT_VARIABLES, variable_beginning, written_references};
use crate::provider::value_reference::{FoundFile, ValueReference};
use crate::stores::catalogue::io_error_message;
use crate::stores::other_files::OtherFiles;
use crate::stores::read_refusal::{ReadRefusal, ReadRefusalKind};
use crate::stores::settings::{DEFAULT_STORAGE, FilesMayReadSpec, MailSpec, Settings};
use crate::stores::variable_pattern::{VariablePattern, is_machine_variable, is_own_variable};
use crate::stores::{MAIN, Store, Stores};
use crate::vocabulary::place::{Located, Place, Source};
use crate::world::files;
use crate::world::slow_disk::{NotRead, read_in_time};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// The variables from which the client of PostgreSQL takes what the address of the storage leaves out.
const STORAGE_VARIABLES: &[&str] = &[
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGUSER",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGDATABASE",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGAPPNAME",
    "PGOPTIONS",
    "DATABASE_URL",
];

/// What the files of a store may read, as its settings say.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ReadableValues {
    variables: Vec<VariablePattern>,
    /// The folders as written, relative to the settings file.
    folders: Vec<Box<str>>,
    /// Whether a store that does not share its provider files reads only what lies below a folder of its own name there.
    below_name: bool,
}

impl ReadableValues {
    /// The variables that may be read where the settings do not say otherwise.
    pub(crate) const VARIABLES: [&'static str; 2] = ["{NAME}_*", "{STORE}_*"];
    /// The folder whose files may be read where the settings do not say otherwise.
    pub(crate) const FOLDER: &'static str = "secrets";

    /// What the settings of a store and, where these say nothing, those of the main store allow. Folders that a further store does not
    /// name itself hold a folder for it.
    pub(crate) fn new(is_main: bool, own: Option<&FilesMayReadSpec>, main: Option<&FilesMayReadSpec>) -> Self {
        let names_folders = own.is_some_and(|own| own.folder.is_some());
        let variables = own.and_then(|own| own.env.as_ref()).or(main.and_then(|main| main.env.as_ref()));
        let folders = own.and_then(|own| own.folder.as_ref()).or(main.and_then(|main| main.folder.as_ref()));
        let usual = || Self::VARIABLES.iter().filter_map(|text| VariablePattern::parse(text)).collect();
        Self {
            variables: variables.map_or_else(usual, |list| list.0.iter().filter_map(|text| VariablePattern::parse(text)).collect()),
            folders: folders.map_or_else(
                || vec![Self::FOLDER.into()],
                |list| list.0.iter().map(|folder| folder.trim_end_matches('/').into()).collect(),
            ),
            below_name: !is_main && !names_folders,
        }
    }

    /// Whether two stores allow the same, so that they share a folder of provider files.
    fn is_as(&self, other: &Self) -> bool {
        self.variables == other.variables && self.folders == other.folders
    }

    /// The folders of a store of this name.
    fn folders_of<'a>(&'a self, store: &'a str) -> impl Iterator<Item = Box<str>> + 'a {
        self.folders.iter().map(move |folder| if self.below_name { format!("{folder}/{store}").into() } else { folder.clone() })
    }
}

/// What the provider files of one folder may read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReadPolicy {
    variables: Vec<VariablePattern>,
    /// The folders whose files may be read.
    folders: Vec<Box<str>>,
    /// The folders of the other stores.
    other_folders: Vec<Box<str>>,
    /// The names of the stores that use the provider files.
    stores: Vec<Box<str>>,
    /// The names of the other stores, whose variables these files may not read.
    others: Vec<Box<str>>,
    /// The folders of provider files of the other stores, whose variables these files may not read either.
    other_providers: Vec<PathBuf>,
    /// The names of the files in them, where they were looked up.
    other_files: OtherFiles,
    broker: Arc<BrokerValues>,
}

/// What the broker itself reads, and where relative paths begin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct BrokerValues {
    /// The folder of the settings file.
    folder: PathBuf,
    variables: Vec<Box<str>>,
    files: Vec<PathBuf>,
}

impl Default for ReadPolicy {
    fn default() -> Self {
        Self::for_folder(&Settings::default(), Path::new(""))
    }
}

impl ReadPolicy {
    /// The policy of a folder of provider files. A folder that no store uses is treated as one of the main store's.
    pub fn for_folder(settings: &Settings, folder: &Path) -> Self {
        let stores = Stores::new(settings);
        let same = |store: &Store| store.providers == folder || is_same_folder(&store.providers, folder);
        let store = stores.all().iter().find(|store| same(store)).unwrap_or(stores.main());
        Self::for_store(settings, &stores, store)
    }

    /// The policy of the folder of a file.
    pub(crate) fn for_file(settings: &Settings, file: &Path) -> Self {
        Self::for_folder(settings, file.parent().unwrap_or(Path::new("")))
    }

    /// The policy of a store's folder. Stores that use the same folder under the same settings share it: what one of them sends,
    /// the file could send from there anyway.
    pub(crate) fn for_store(settings: &Settings, stores: &Stores, store: &Store) -> Self {
        let shares = |other: &&Arc<Store>| other.providers == store.providers && other.readable.is_as(&store.readable);
        let (same, others): (Vec<_>, Vec<_>) = stores.all().iter().partition(shares);
        let folders = |stores: &[&Arc<Store>]| stores.iter().flat_map(|store| store.readable.folders_of(&store.name)).collect();
        let names = |stores: &[&Arc<Store>]| stores.iter().map(|store| store.name.clone()).collect();
        Self {
            variables: store.readable.variables.clone(),
            folders: folders(&same),
            other_folders: folders(&others),
            stores: names(&same),
            others: names(&others),
            other_providers: others.iter().map(|other| other.providers.clone()).filter(|folder| *folder != store.providers).collect(),
            other_files: OtherFiles::default(),
            broker: Arc::new(BrokerValues::of(settings)),
        }
    }

    /// The same policy once the provider files of the other stores are looked up.
    pub(crate) fn with_files_of_others(&self) -> Self {
        Self { other_files: OtherFiles::list(&self.other_providers), ..self.clone() }
    }

    /// Refuses every value of a provider that its file may not read, and gives files their paths on this machine.
    pub(crate) fn apply(&self, provider: &mut Provider) -> Vec<ReadRefusal> {
        let mut refusals = Vec::new();
        let name = provider.name.clone();
        for needed in &mut provider.needed {
            match self.judge(&name, &needed.reference, needed.reference_place) {
                Ok(reference) => needed.reference = reference,
                Err(refusal) => refusals.push(refusal),
            }
        }
        refusals
    }

    /// The same refusals for a file that has other mistakes, so that all of them are shown at once.
    pub(crate) fn refusals(&self, source: &Source) -> Vec<ReadRefusal> {
        let refused = |written: Located<ValueReference>| self.judge(source.stem(), &written.value, Some(written.place)).err();
        written_references(source).into_iter().filter_map(refused).collect()
    }

    /// Why the provider file of this name may not hold this text as a reference, if it is one.
    pub(crate) fn problem_with(&self, name: &str, written: &str) -> Option<String> {
        let text = format!("clientSecret: {}", serde_json::Value::from(written));
        let complaint = self.refusals(&Source::new(format!("{name}.yaml"), text)).pop()?.complaint();
        Some(format!("{}; {}", complaint.message, complaint.help))
    }

    /// The reference with its path on this machine, or why the file of this name may not read it.
    fn judge(&self, name: &str, reference: &ValueReference, place: Option<Place>) -> Result<ValueReference, ReadRefusal> {
        let kind = match reference {
            ValueReference::Literal(_) => return Ok(reference.clone()),
            ValueReference::Variable(variable) => self.judge_variable(name, variable).map(|()| reference.clone()),
            ValueReference::File(path) | ValueReference::JudgedFile { path, .. } => self.judge_file(path),
        };
        kind.map_err(|kind| ReadRefusal {
            kind,
            place,
            location: match reference {
                ValueReference::Variable(variable) => format!("env:{variable}").into(),
                ValueReference::File(_) | ValueReference::JudgedFile { .. } | ValueReference::Literal(_) => reference.location().into(),
            },
            file: variable_beginning(name).into(),
            store: self.stores.first().map_or_else(String::new, |store| variable_beginning(store)).into(),
            folder: self.folders.first().map_or(ReadableValues::FOLDER.into(), Clone::clone),
        })
    }

    pub(crate) fn judge_variable(&self, name: &str, variable: &str) -> Result<(), ReadRefusalKind> {
        if is_own_variable(variable) || self.broker.variables.iter().any(|own| **own == *variable) || STORAGE_VARIABLES.contains(&variable)
        {
            return Err(ReadRefusalKind::BrokersVariable);
        }
        let file = variable_beginning(name);
        let is_clients = CLIENT_VARIABLES.iter().any(|ending| variable == format!("{file}_{ending}"));
        // The author of a file chooses its name, so `{NAME}` must open neither what belongs to another store nor what programs of the
        // machine show to others.
        let is_machines = is_machine_variable(variable, is_clients);
        let stores: Vec<String> = self.stores.iter().map(|store| variable_beginning(store)).collect();
        let longest = |names: &mut dyn Iterator<Item = String>| {
            names.filter(|name| variable.strip_prefix(&**name).is_some_and(|rest| rest.starts_with('_'))).map(|name| name.len()).max()
        };
        let of_own_store = longest(&mut stores.iter().cloned());
        let is_other_stores = longest(&mut self.others.iter().map(|store| variable_beginning(store))) > of_own_store;
        let is_main = self.stores.iter().any(|store| **store == *MAIN);
        let by_file = if is_other_stores || of_own_store.is_some() { None } else { self.other_files.claim(&file, is_main, variable) };
        let is_anothers = is_other_stores || by_file.is_some();
        // A further store's list may close these too, because its file's name may be that of another store's file.
        if is_clients && !is_machines && !is_anothers && is_main {
            return Ok(());
        }
        let mut allowing = self.variables.iter().filter(|pattern| stores.iter().any(|store| pattern.matches(variable, &file, store)));
        let Some(first) = allowing.next() else { return Err(ReadRefusalKind::OtherVariable) };
        let is_named = first.names_variables() || allowing.any(VariablePattern::names_variables);
        match (by_file, is_other_stores, is_machines) {
            (Some(refusal), ..) if !is_named => Err(refusal),
            (None, true, _) if !is_named => Err(ReadRefusalKind::OtherVariable),
            (None, false, true) if !is_named => Err(ReadRefusalKind::MachineVariable),
            (Some(_) | None, ..) => Ok(()),
        }
    }

    fn judge_file(&self, written: &str) -> Result<ValueReference, ReadRefusalKind> {
        let path = Path::new(written);
        if path.components().any(|part| part == Component::ParentDir) {
            return Err(ReadRefusalKind::UpwardPath);
        }
        // The folder of another store may lie below a folder that may be read: the deeper one decides, here and behind links.
        let deepest = |folders: &[Box<str>], is_below: &dyn Fn(&Path) -> Result<Option<PathBuf>, ReadRefusalKind>| {
            let below: Result<Vec<_>, _> = folders.iter().map(|folder| is_below(Path::new(&**folder))).collect();
            Ok(below?.into_iter().flatten().max_by_key(|folder| folder.components().count()))
        };
        let is_deeper =
            |other: Option<PathBuf>, own: &Path| other.is_some_and(|other| other.components().count() > own.components().count());
        let written_below = |folder: &Path| {
            let folder = without_dots(folder);
            Ok(without_dots(path).strip_prefix(&folder).is_ok_and(has_parts).then_some(folder))
        };
        let folder = deepest(&self.folders, &written_below)?.ok_or(ReadRefusalKind::OtherFile)?;
        if is_deeper(deepest(&self.other_folders, &written_below)?, &folder) {
            return Err(ReadRefusalKind::AnothersFile);
        }
        let path = self.broker.folder.join(path);
        // A missing file cannot be judged by where it leads; it is judged again when it appears, because then its provider is read again.
        let real = files::real_path(&path).ok();
        let found = real.and_then(|real| Some(FoundFile { id: files::file_id(&real).ok()?, real: real.into() }));
        if let Some(FoundFile { real, .. }) = &found {
            let really_below = |folder: &Path| {
                let folder = look_up(&self.broker.folder.join(folder), files::real_path)?;
                Ok(folder.filter(|folder| real.starts_with(folder)))
            };
            let folder = really_below(&folder)?.ok_or(ReadRefusalKind::LinkOut)?;
            if is_deeper(deepest(&self.other_folders, &really_below)?, &folder) {
                return Err(ReadRefusalKind::AnothersFile);
            }
        }
        for own in &self.broker.files {
            let is_same = |found: &FoundFile| Ok(look_up(own, files::file_id)? == Some(found.id));
            if *own == path || found.as_ref().map_or(Ok(false), is_same)? {
                return Err(ReadRefusalKind::BrokersFile);
            }
        }
        Ok(ValueReference::JudgedFile { path: path.to_string_lossy().into_owned().into(), found })
    }
}

/// What is found of a file of the broker or of a folder; `None` if there is nothing that this process can read. Its disk is waited for
/// only for a while. What could not be looked up may be what it is compared with.
pub(crate) fn look_up<T: Send + 'static>(path: &Path, read: fn(&Path) -> io::Result<T>) -> Result<Option<T>, ReadRefusalKind> {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    match read_in_time(path, read) {
        Ok(Ok(found)) => Ok(Some(found)),
        Ok(Err(error)) if matches!(error.kind(), NotFound | NotADirectory | PermissionDenied) => Ok(None),
        Ok(Err(error)) => Err(ReadRefusalKind::FailedLookUp(path.to_owned(), io_error_message(&error))),
        Err(NotRead::NoAnswer) => Err(ReadRefusalKind::UnansweredDisk(path.to_owned())),
        Err(NotRead::Failed) => Err(ReadRefusalKind::FailedLookUp(
            path.to_owned(),
            "no thread could be started, or the program made a mistake, which the log shows".to_owned(),
        )),
    }
}

pub(crate) fn has_parts(path: &Path) -> bool {
    path.components().next().is_some()
}

/// The path without `.`, which changes nothing.
fn without_dots(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

fn is_same_folder(one: &Path, other: &Path) -> bool {
    let here = |path: &Path| if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.to_owned() };
    match (files::real_path(&here(one)), files::real_path(&here(other))) {
        (Ok(one), Ok(other)) => one == other,
        (Ok(_) | Err(_), _) => false,
    }
}

impl BrokerValues {
    /// What `masterKey`, `mail` and `storage` use, in all stores, and the settings file, in which the address of the storage may hold
    /// a password.
    fn of(settings: &Settings) -> Self {
        let mut own = Self { folder: settings.folder(), ..Self::default() };
        own.files.extend(settings.file.clone());
        let spec = settings.spec.as_ref();
        let stores = spec.into_iter().flat_map(|spec| spec.stores.iter()).flat_map(|stores| &stores.0).map(|(_, store)| &**store);
        for spec in spec.into_iter().chain(stores) {
            for reference in spec.master_key.iter().chain(spec.mail.iter().flat_map(MailSpec::secret_references)) {
                match &reference.0 {
                    ValueReference::Variable(variable) => own.variables.push(variable.clone()),
                    ValueReference::File(path) | ValueReference::JudgedFile { path, .. } => own.files.push(PathBuf::from(&**path)),
                    ValueReference::Literal(_) => {}
                }
            }
        }
        let written = spec.and_then(|spec| spec.storage.as_ref()).map(|storage| storage.value.as_str());
        let storage = settings.storage.as_deref().or(written).unwrap_or(DEFAULT_STORAGE);
        if let Some(file) = storage.strip_prefix("sqlite:") {
            own.files.push(PathBuf::from(file));
            own.files.extend(["-wal", "-shm", "-journal"].map(|ending| PathBuf::from(format!("{file}{ending}"))));
            own.files.push(Path::new(file).with_file_name("master.key"));
        }
        own
    }
}

#[cfg(test)]
mod tests;

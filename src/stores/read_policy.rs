//! What provider files may read of this machine: which variables, and the files of which folder.
//!
//! A provider file decides where its values are sent. Without this rule it could send any variable and any readable file of the
//! machine to an address of its choice.

use crate::provider::Provider;
use crate::provider::declared_values::{CLIENT_VARIABLES, variable_beginning, written_references};
use crate::provider::value_reference::{FoundFile, ValueReference};
use crate::stores::catalogue::io_error_message;
use crate::stores::read_refusal::{ReadRefusal, ReadRefusalKind};
use crate::stores::settings::outgoing_proxy::OutgoingProxySpec;
use crate::stores::settings::{DEFAULT_STORAGE, FilesMayReadSpec, MailSpec, Settings};
use crate::stores::store_boundaries::{LookedUpFiles, StoreBoundaries, StoreGroup};
use crate::stores::variable_pattern::{VariablePattern, is_machine_variable, is_own_variable};
use crate::stores::{Store, Stores};
use crate::vocabulary::place::{Located, Place, Source};
use crate::world::slow_disk::{NotRead, read_in_time};
use crate::world::{clock, files};
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

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

    /// What two stores have to share to share a folder of provider files.
    pub(crate) fn shared_settings(&self) -> (&[VariablePattern], &[Box<str>]) {
        (&self.variables, &self.folders)
    }

    pub(crate) fn variables(&self) -> &[VariablePattern] {
        &self.variables
    }

    /// The folders of a store of this name.
    pub(crate) fn folders_of<'a>(&'a self, store: &'a str) -> impl Iterator<Item = Box<str>> + 'a {
        self.folders.iter().map(move |folder| if self.below_name { format!("{folder}/{store}").into() } else { folder.clone() })
    }
}

/// What the provider files of one folder may read.
#[derive(Clone, Debug)]
pub struct ReadPolicy {
    boundaries: Arc<StoreBoundaries>,
    /// The number of the stores that use the provider files.
    group: usize,
    /// What was found on the disk, where it was looked up.
    looked_up: Option<Arc<LookedUpFiles>>,
}

/// Two policies are equal if the settings say the same.
impl PartialEq for ReadPolicy {
    fn eq(&self, other: &Self) -> bool {
        *self.own() == *other.own() && (Arc::ptr_eq(&self.boundaries, &other.boundaries) || self.boundaries == other.boundaries)
    }
}

impl Eq for ReadPolicy {}

impl Hash for ReadPolicy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.own().hash(state);
    }
}

/// What the broker itself reads, and where relative paths begin.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct BrokerValues {
    /// The folder of the settings file.
    pub(crate) folder: PathBuf,
    variables: Vec<Box<str>>,
    pub(crate) files: Vec<PathBuf>,
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

    /// The policy of a store's folder.
    pub(crate) fn for_store(settings: &Settings, stores: &Stores, store: &Store) -> Self {
        Self::within(&Arc::new(StoreBoundaries::new(settings, stores)), store)
    }

    /// The policy of the folder of a store among those of all stores.
    pub(crate) fn within(boundaries: &Arc<StoreBoundaries>, store: &Store) -> Self {
        Self { boundaries: Arc::clone(boundaries), group: boundaries.number_of_group(store), looked_up: None }
    }

    fn own(&self) -> &StoreGroup {
        self.boundaries.group(self.group)
    }

    /// The same policy once the provider files of the other stores are looked up.
    pub(crate) fn with_files_of_others(&self) -> Self {
        if self.looked_up.is_some() { self.clone() } else { self.looked_up_since(clock::instant()) }
    }

    /// The same, where one look at the disk since `asked` is enough.
    pub(crate) fn looked_up_since(&self, asked: Instant) -> Self {
        Self { looked_up: Some(self.boundaries.look_up(asked)), ..self.clone() }
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
            store: self.own().beginnings.first().map_or_else(String::new, Clone::clone).into(),
            folder: self.own().folders.first().map_or(ReadableValues::FOLDER.into(), Clone::clone),
        })
    }

    pub(crate) fn judge_variable(&self, name: &str, variable: &str) -> Result<(), ReadRefusalKind> {
        let (own, broker) = (self.own(), &self.boundaries.broker);
        if is_own_variable(variable) || broker.variables.iter().any(|own| **own == *variable) || STORAGE_VARIABLES.contains(&variable) {
            return Err(ReadRefusalKind::BrokersVariable);
        }
        let file = variable_beginning(name);
        let is_clients = CLIENT_VARIABLES.iter().any(|ending| variable == format!("{file}_{ending}"));
        // The author of a file chooses its name, so `{NAME}` must open neither what belongs to another store nor what programs of the
        // machine show to others.
        let is_machines = is_machine_variable(variable, is_clients);
        let (of_own_store, of_another) = self.boundaries.longest_names(self.group, variable);
        let is_other_stores = of_another > of_own_store;
        let is_main = own.is_main();
        let listed = self.looked_up.as_ref().filter(|_| !is_other_stores && of_own_store.is_none());
        let by_file = listed.and_then(|found| found.listed.claim_of_others(own.providers, &file, is_main, variable));
        let is_anothers = is_other_stores || by_file.is_some();
        // A further store's list may close these too, because its file's name may be that of another store's file.
        if is_clients && !is_machines && !is_anothers && is_main {
            return Ok(());
        }
        let mut allowing =
            own.variables.iter().filter(|pattern| own.beginnings.iter().any(|store| pattern.matches(variable, &file, store)));
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
        let is_deeper = |other: Option<&Path>, own: &Path| other.is_some_and(|other| other.components().count() > own.components().count());
        let (folder, of_others) = self.boundaries.deepest_folders(self.group, path);
        let folder = folder.ok_or(ReadRefusalKind::OtherFile)?;
        if is_deeper(of_others, folder) {
            return Err(ReadRefusalKind::AnothersFile);
        }
        let path = self.boundaries.broker.folder.join(path);
        // A missing file cannot be judged by where it leads; it is judged again when it appears, because then its provider is read again.
        let real = files::real_path(&path).ok();
        let found = real.and_then(|real| Some(FoundFile { id: files::file_id(&real).ok()?, real: real.into() }));
        let looked_up = self.looked_up.clone().unwrap_or_else(|| self.boundaries.look_up(clock::instant()));
        let places = looked_up.places(&self.boundaries);
        if let Some(FoundFile { real, .. }) = &found {
            let folder = places.real(folder)?.filter(|folder| real.starts_with(folder)).ok_or(ReadRefusalKind::LinkOut)?;
            if is_deeper(places.deepest_of_others(self.group, real)?, &folder) {
                return Err(ReadRefusalKind::AnothersFile);
            }
        }
        for (own, id) in self.boundaries.broker.files.iter().zip(&places.broker) {
            let is_same = |found: &FoundFile| Ok(id.clone()? == Some(found.id));
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
    judge_look_up(path, read_in_time(path, read))
}

/// The same of what was read.
pub(crate) fn judge_look_up<T>(path: &Path, read: Result<io::Result<T>, NotRead>) -> Result<Option<T>, ReadRefusalKind> {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    let failed = |why: String| ReadRefusalKind::FailedLookUp(Box::new((path.to_owned(), why)));
    match read {
        Ok(Ok(found)) => Ok(Some(found)),
        Ok(Err(error)) if matches!(error.kind(), NotFound | NotADirectory | PermissionDenied) => Ok(None),
        Ok(Err(error)) => Err(failed(io_error_message(&error))),
        Err(NotRead::NoAnswer) => Err(ReadRefusalKind::UnansweredDisk(path.to_owned())),
        Err(NotRead::Failed) => Err(failed("no thread could be started, or the program made a mistake, which the log shows".to_owned())),
    }
}

pub(crate) fn has_parts(path: &Path) -> bool {
    path.components().next().is_some()
}

/// The path without `.`, which changes nothing.
pub(crate) fn without_dots(path: &Path) -> PathBuf {
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
    /// What `masterKey`, `mail`, `outgoingProxy`, `apps`, `events` and `storage` use, in all stores, and the settings file, in which the address of the storage may hold
    /// a password.
    pub(crate) fn of(settings: &Settings) -> Self {
        let mut own = Self { folder: settings.folder(), ..Self::default() };
        own.files.extend(settings.file.clone());
        let spec = settings.spec.as_ref();
        let stores = spec.into_iter().flat_map(|spec| spec.stores.iter()).flat_map(|stores| &stores.0).map(|(_, store)| &**store);
        for spec in spec.into_iter().chain(stores) {
            let of_mail = spec.mail.iter().flat_map(MailSpec::secret_references);
            let of_apps = spec.apps.iter().flat_map(|apps| &apps.0).filter_map(|(_, app)| app.secret_reference());
            let of_events = spec.events.iter().flat_map(|events| &events.secret.0);
            let of_proxy = spec.outgoing_proxy.iter().flat_map(OutgoingProxySpec::secret_references);
            for reference in spec.master_key.iter().chain(of_mail).chain(of_proxy).chain(of_apps).chain(of_events) {
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

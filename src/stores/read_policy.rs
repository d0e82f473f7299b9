//! What provider files may read of this machine: which variables, and the files of which folder.
//!
//! A provider file decides where its values are sent. Without this rule it could send any variable and any readable file of the
//! machine to an address of its choice.

use crate::provider::Provider;
use crate::provider::declared_values::{CLIENT_VARIABLES, variable_beginning, written_references};
use crate::provider::value_reference::ValueReference;
use crate::stores::settings::{FilesMayReadSpec, MailSpec, Settings};
use crate::stores::variable_pattern::{OWN_BEGINNING, VariablePattern, is_own_variable};
use crate::stores::{Store, Stores};
use crate::vocabulary::diagnostic::{Complaint, Severity};
use crate::vocabulary::place::{Located, Place, Source};
use crate::world::files;
use std::fmt;
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
}

impl ReadableValues {
    /// The variables that may be read where the settings do not say otherwise.
    pub(crate) const VARIABLES: [&'static str; 2] = ["{NAME}_*", "{STORE}_*"];
    /// The folder whose files may be read where the settings do not say otherwise.
    pub(crate) const FOLDER: &'static str = "secrets";

    /// What the settings of a store and, where these say nothing, those of the main store allow.
    pub(crate) fn new(own: Option<&FilesMayReadSpec>, main: Option<&FilesMayReadSpec>) -> Self {
        let variables = own.and_then(|own| own.env.as_ref()).or(main.and_then(|main| main.env.as_ref()));
        let folders = own.and_then(|own| own.folder.as_ref()).or(main.and_then(|main| main.folder.as_ref()));
        let usual = || Self::VARIABLES.iter().filter_map(|text| VariablePattern::parse(text)).collect();
        Self {
            variables: variables.map_or_else(usual, |list| list.0.iter().filter_map(|text| VariablePattern::parse(text)).collect()),
            folders: folders.map_or_else(
                || vec![Self::FOLDER.into()],
                |list| list.0.iter().map(|folder| folder.trim_end_matches('/').into()).collect(),
            ),
        }
    }
}

/// What the provider files of one folder may read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReadPolicy {
    readable: ReadableValues,
    /// The names of the stores that use the folder.
    stores: Vec<Box<str>>,
    /// The names of the other stores, whose variables the files of this folder may not read.
    others: Vec<Box<str>>,
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
        let shares = |other: &&Arc<Store>| other.providers == store.providers && other.readable == store.readable;
        Self {
            readable: store.readable.clone(),
            stores: stores.all().iter().filter(shares).map(|store| store.name.clone()).collect(),
            others: stores.all().iter().filter(|other| !shares(other)).map(|store| store.name.clone()).collect(),
            broker: Arc::new(BrokerValues::of(settings)),
        }
    }

    /// Complains about every value of a provider that its file may not read, and gives files their paths on this machine.
    pub(crate) fn apply(&self, provider: &mut Provider) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        let name = provider.name.clone();
        for needed in &mut provider.needed {
            match self.judge(&name, &needed.reference) {
                Ok(reference) => needed.reference = reference,
                Err(refusal) => complaints.push(refusal.complaint(needed.reference_place)),
            }
        }
        complaints
    }

    /// The same complaints about a file that has other mistakes, so that all of them are shown at once.
    pub(crate) fn complaints(&self, source: &Source) -> Vec<Complaint> {
        let refused = |written: Located<ValueReference>| {
            self.judge(source.stem(), &written.value).err().map(|refusal| refusal.complaint(Some(written.place)))
        };
        written_references(source).into_iter().filter_map(refused).collect()
    }

    /// Why the provider file of this name may not hold this text as a reference, if it is one.
    pub(crate) fn problem_with(&self, name: &str, written: &str) -> Option<String> {
        let text = format!("clientSecret: {}", serde_json::Value::from(written));
        let complaint = self.complaints(&Source::new(format!("{name}.yaml"), text)).pop()?;
        Some(format!("{}; {}", complaint.message, complaint.help))
    }

    /// The reference with its path on this machine, or why the file of this name may not read it.
    fn judge(&self, name: &str, reference: &ValueReference) -> Result<ValueReference, ReadRefusal> {
        let kind = match reference {
            ValueReference::Literal(_) => return Ok(reference.clone()),
            ValueReference::Variable(variable) => self.judge_variable(name, variable).map(|()| reference.clone()),
            ValueReference::File(path) => {
                self.judge_file(path).map(|path| ValueReference::File(path.to_string_lossy().into_owned().into()))
            }
        };
        kind.map_err(|kind| ReadRefusal {
            kind,
            location: match reference {
                ValueReference::Variable(variable) => format!("env:{variable}"),
                ValueReference::File(_) | ValueReference::Literal(_) => reference.location(),
            },
            file: variable_beginning(name),
            folder: self.readable.folders.first().map_or(ReadableValues::FOLDER.into(), Clone::clone),
        })
    }

    fn judge_variable(&self, name: &str, variable: &str) -> Result<(), ReadRefusalKind> {
        if is_own_variable(variable) || self.broker.variables.iter().any(|own| **own == *variable) || STORAGE_VARIABLES.contains(&variable)
        {
            return Err(ReadRefusalKind::BrokersVariable);
        }
        let file = variable_beginning(name);
        if CLIENT_VARIABLES.iter().any(|ending| variable.strip_prefix(&*file).and_then(|rest| rest.strip_prefix('_')) == Some(ending)) {
            return Ok(());
        }
        let stores: Vec<String> = self.stores.iter().map(|store| variable_beginning(store)).collect();
        // The author of a file chooses its name, so `{NAME}` must not open what belongs to another store.
        let longest = |names: &mut dyn Iterator<Item = String>| {
            names.filter(|name| variable.strip_prefix(&**name).is_some_and(|rest| rest.starts_with('_'))).map(|name| name.len()).max()
        };
        let is_anothers = longest(&mut self.others.iter().map(|store| variable_beginning(store))) > longest(&mut stores.iter().cloned());
        let is_allowed = self.readable.variables.iter().any(|pattern| {
            (pattern.names_variables() || !is_anothers) && stores.iter().any(|store| pattern.matches(variable, &file, store))
        });
        if is_allowed { Ok(()) } else { Err(ReadRefusalKind::OtherVariable) }
    }

    fn judge_file(&self, written: &str) -> Result<PathBuf, ReadRefusalKind> {
        let path = Path::new(written);
        if path.components().any(|part| part == Component::ParentDir) {
            return Err(ReadRefusalKind::UpwardPath);
        }
        let is_below = |folder: &&str| without_dots(path).strip_prefix(without_dots(Path::new(folder))).is_ok_and(has_parts);
        let folder = self.readable.folders.iter().map(|folder| &**folder).find(is_below).ok_or(ReadRefusalKind::OtherFile)?;
        let (path, folder) = (self.broker.folder.join(path), self.broker.folder.join(folder));
        // A missing file cannot be judged by where it leads; it is judged again when it appears, because then its provider is read again.
        if let (Ok(path), Ok(folder)) = (files::real_path(&path), files::real_path(&folder))
            && !path.starts_with(&folder)
        {
            return Err(ReadRefusalKind::LinkOut);
        }
        let id = files::file_id(&path);
        if self.broker.files.iter().any(|own| *own == path || id.is_some() && files::file_id(own) == id) {
            return Err(ReadRefusalKind::BrokersFile);
        }
        Ok(path)
    }
}

fn has_parts(path: &Path) -> bool {
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
                    ValueReference::File(path) => own.files.push(PathBuf::from(&**path)),
                    ValueReference::Literal(_) => {}
                }
            }
        }
        let written = spec.and_then(|spec| spec.storage.as_ref()).map(|storage| storage.value.as_str());
        let storage = settings.storage.as_deref().or(written).unwrap_or(crate::stores::settings::DEFAULT_STORAGE);
        if let Some(file) = storage.strip_prefix("sqlite:") {
            own.files.push(PathBuf::from(file));
            own.files.extend(["-wal", "-shm", "-journal"].map(|ending| PathBuf::from(format!("{file}{ending}"))));
            own.files.push(Path::new(file).with_file_name("master.key"));
        }
        own
    }
}

/// A value that a provider file may not read.
struct ReadRefusal {
    kind: ReadRefusalKind,
    /// The reference as the file writes it.
    location: String,
    /// The name of the file in capitals.
    file: String,
    folder: Box<str>,
}

enum ReadRefusalKind {
    /// The broker itself uses this variable.
    BrokersVariable,
    /// The settings do not list this variable.
    OtherVariable,
    /// The broker itself uses this file.
    BrokersFile,
    /// The file is in none of the folders that the settings name.
    OtherFile,
    /// The path contains `..`.
    UpwardPath,
    /// The path leads out of the folder through a symbolic link.
    LinkOut,
}

impl ReadRefusal {
    fn complaint(&self, place: Option<Place>) -> Complaint {
        Complaint::new(Severity::Error, place, self.to_string(), self.help())
    }

    fn help(&self) -> String {
        let Self { kind, location, file, folder } = self;
        match kind {
            ReadRefusalKind::BrokersVariable if is_own_variable(file) => {
                format!("give the file another name: variables that begin with `{OWN_BEGINNING}` belong to the broker")
            }
            ReadRefusalKind::BrokersVariable => format!("keep the provider's value in a variable of its own, such as `env:{file}_SECRET`"),
            ReadRefusalKind::OtherVariable => {
                let usual = ReadableValues::VARIABLES.map(|pattern| format!("\"{pattern}\"")).join(", ");
                let variable = location.trim_start_matches("env:");
                format!(
                    "choose a variable that begins with `{file}_`, or allow this one in the settings: `filesMayRead: {{ env: [ {usual}, {variable} ] }}`"
                )
            }
            ReadRefusalKind::BrokersFile => {
                format!("keep the provider's value in a file of its own, such as `file:{folder}/{}`", self.usual_file_name())
            }
            ReadRefusalKind::OtherFile => {
                let written = Path::new(location.trim_start_matches("file:"));
                let other = written.parent().filter(|folder| has_parts(folder) && *folder != Path::new("/"));
                let allow = other.map_or_else(String::new, |other| {
                    format!(
                        ", or allow its folder in the settings if it holds nothing else: `filesMayRead: {{ folder: [ {folder}, {} ] }}`",
                        other.display()
                    )
                });
                let name = written.file_name().map_or_else(|| self.usual_file_name(), |name| name.to_string_lossy().into_owned());
                format!("put it into the folder `{folder}` and write `file:{folder}/{name}`{allow}")
            }
            ReadRefusalKind::UpwardPath => {
                format!("write the path from the folder `{folder}` on: `file:{folder}/{}`", self.usual_file_name())
            }
            ReadRefusalKind::LinkOut => format!(
                "put the file itself into the folder `{folder}`, or let `filesMayRead: {{ folder: … }}` name the folder in which it is"
            ),
        }
    }

    fn usual_file_name(&self) -> String {
        self.file.to_ascii_lowercase()
    }
}

impl fmt::Display for ReadRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, location, folder, .. } = self;
        match kind {
            ReadRefusalKind::BrokersVariable => {
                write!(f, "`{location}` is a variable of the broker itself, which no provider file may read")
            }
            ReadRefusalKind::OtherVariable => write!(f, "this file may not read the variable `{location}`"),
            ReadRefusalKind::BrokersFile => write!(f, "`{location}` is a file of the broker itself, which no provider file may read"),
            ReadRefusalKind::OtherFile => write!(f, "this file may not read `{location}`, which is not in the folder `{folder}`"),
            ReadRefusalKind::UpwardPath => write!(f, "`{location}` leads upwards by `..`"),
            ReadRefusalKind::LinkOut => write!(f, "`{location}` is a link that leads out of the folder `{folder}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(settings: &str) -> ReadPolicy {
        let (settings, report) = Settings::read(&Source::new("portaria.yaml", settings));
        ReadPolicy::for_folder(&settings.unwrap_or_else(|| panic!("{}", report.draw(false))), Path::new("providers.d"))
    }

    #[test]
    fn what_the_broker_itself_reads_is_never_read_for_a_provider() {
        let settings = "masterKey: env:VAULT_KEY\nmail: { smtp: 'smtp://localhost:25', from: a@loja.example, user: env:SMTP_USER, password: file:secrets/smtp }\n\
                        filesMayRead: { env: [ 'VAULT_*', 'SMTP_*', 'PORT*', 'PG*' ], folder: [ secrets, data ] }\n\
                        stores: { b: { publicUrl: 'https://b.example', mail: { smtp: 'smtp://localhost:25', from: b@loja.example, user: env:VAULT_MAIL, password: env:SMTP_B } } }\n";
        let policy = policy(settings);

        for variable in ["VAULT_KEY", "SMTP_USER", "SMTP_B", "VAULT_MAIL", "PORTARIA_MASTER_KEY", "PORTARIA", "PGPASSWORD"] {
            assert!(matches!(policy.judge_variable("acme", variable), Err(ReadRefusalKind::BrokersVariable)), "{variable}");
        }
        for variable in ["VAULT_OTHER", "PORTAL", "ACME_CLIENT_ID", "ACME_CLIENT_SECRET"] {
            assert!(policy.judge_variable("acme", variable).is_ok(), "{variable}");
        }
        assert!(matches!(policy.judge_variable("acme", "ACME_KEY"), Err(ReadRefusalKind::OtherVariable)), "the list replaces the default");
        for file in ["secrets/smtp", "secrets/./smtp", "data/portaria.db", "data/portaria.db-wal", "data/master.key"] {
            assert!(matches!(policy.judge_file(file), Err(ReadRefusalKind::BrokersFile)), "{file}");
        }
        assert!(policy.judge_file("secrets/acme").is_ok());
    }

    #[test]
    fn a_store_allows_its_own_name_where_it_uses_the_folder() {
        let settings = "stores: { atacado: { publicUrl: 'https://atacado.example', providers: atacado.d }, b2b: { publicUrl: 'https://b2b.example' } }\n";
        let main = policy(settings);

        assert!(main.judge_variable("acme", "MAIN_KEY").is_ok() && main.judge_variable("acme", "B2B_KEY").is_ok());
        assert!(main.judge_variable("acme", "ATACADO_KEY").is_err(), "that store has a folder of its own");
    }
}

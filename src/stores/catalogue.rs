//! The provider files of a folder, and the status of each.

use crate::provider::fingerprint::ProviderFingerprint;
use crate::provider::logo::ProviderLogo;
use crate::provider::value_reference::ValueReference;
use crate::provider::{InstallationContext, Provider, compile};
use crate::stores::compiled_on_demand::ListedProvider;
use crate::stores::next_version::{is_next_version, is_previous_version, present_path};
use crate::stores::read_policy::ReadPolicy;
use crate::stores::read_refusal::{AwaitedReading, ReadRefusal};
use crate::stores::setting_values::odd_hosts;
use crate::vocabulary::diagnostic::{Complaint, Report, Severity};
use crate::vocabulary::hash::sha256;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Source;
use crate::vocabulary::text::Text;
use crate::world::files::{self, FileStamp};
use crate::world::secrets;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A provider file that was loaded.
#[derive(Debug)]
pub struct CatalogueEntry {
    /// The complaints about it.
    pub report: Report,
    /// Whether the provider can be used, and the compiled provider if the file has no errors.
    pub state: ProviderFileState,
    /// What has to be readable before it can be judged whether the file may read its values.
    pub(crate) awaited: Option<AwaitedReading>,
}

/// The status of a provider file, with the provider where the file compiles.
#[derive(Debug)]
pub enum ProviderFileState {
    /// It can be used; its button is shown unless it is hidden.
    Offered(Box<Provider>),
    /// The file itself switches it off.
    Off(Box<Provider>),
    /// These variables and files are missing.
    Dormant(Box<Provider>, Vec<String>),
    /// It cannot be used.
    Broken,
}

impl ProviderFileState {
    pub(crate) fn status(&self) -> ProviderStatus {
        match self {
            Self::Offered(_) => ProviderStatus::Offered,
            Self::Off(_) => ProviderStatus::Off,
            Self::Dormant(..) => ProviderStatus::Dormant,
            Self::Broken => ProviderStatus::Broken,
        }
    }

    /// The provider, unless the file is broken.
    pub fn provider(&self) -> Option<&Provider> {
        match self {
            Self::Offered(provider) | Self::Off(provider) | Self::Dormant(provider, _) => Some(provider),
            Self::Broken => None,
        }
    }
}

/// The status of a file in the folder of the providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ProviderStatus {
    Broken,
    Offered,
    /// Values of the installation are missing.
    Dormant,
    /// The file itself switches it off.
    Off,
    /// The name shows that it is no provider file.
    Overlooked,
}

impl ProviderStatus {
    /// All of them, in the order in which the lab lists them: what needs attention comes first.
    pub(crate) const ALL: [Self; 5] = [Self::Broken, Self::Offered, Self::Dormant, Self::Off, Self::Overlooked];

    /// Its word in JSON, metrics and pages.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Offered => "offered",
            Self::Dormant => "dormant",
            Self::Off => "off",
            Self::Overlooked => "overlooked",
        }
    }
}

/// The status of one provider file.
#[derive(Clone, Debug)]
pub(crate) struct ProviderFileReport {
    /// The text of its button; `None` for a broken file.
    pub(crate) title: Option<Box<str>>,
    pub(crate) status: ProviderStatus,
    /// The variables and files that are missing.
    pub(crate) missing: Vec<String>,
    /// Whether an older version is live because the file is broken.
    pub(crate) stale: bool,
    pub(crate) report: Report,
}

/// Whether a path names an examples file rather than a provider.
pub(crate) fn is_examples_file(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(".examples.yaml"))
}

/// The path of the examples beside a provider file.
pub fn examples_path(path: &Path) -> PathBuf {
    path.with_extension("examples.yaml")
}

/// The names of the provider files of a folder; `None` if it cannot be listed.
pub(crate) fn provider_names(folder: &Path) -> Option<Vec<String>> {
    match provider_files(folder) {
        Ok(files) => Some(files.iter().filter_map(|file| Some(file.file_stem()?.to_string_lossy().into_owned())).collect()),
        // Without a folder there are no providers.
        Err(error) if error.kind() == ErrorKind::NotFound => Some(Vec::new()),
        Err(_) => None,
    }
}

/// The paths of the provider files of a folder, sorted.
pub fn provider_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    Ok(files::yaml_files(folder)?.into_iter().filter(|path| is_provider_file(path)).collect())
}

/// Whether a file with the right ending is read as a provider file or as the next version of one.
pub(crate) fn is_read(path: &Path) -> bool {
    !is_examples_file(path) && !is_previous_version(path)
}

/// Whether a file with the right ending is a provider file.
pub(crate) fn is_provider_file(path: &Path) -> bool {
    is_read(path) && !is_next_version(path)
}

/// The stamps of the files that a provider file of a folder names: its secrets and its logo. A secret that is another file than the one
/// that was judged has none, so that it counts as changed.
pub(crate) fn named_file_stamps(provider: &Provider, folder: &Path) -> impl Iterator<Item = (PathBuf, Option<FileStamp>)> {
    let is_as_judged = |reference: &ValueReference, path: &Path| match reference {
        ValueReference::JudgedFile { found, .. } => files::file_id(path).ok() == found.as_ref().map(|found| found.id),
        ValueReference::Variable(_) | ValueReference::File(_) | ValueReference::Literal(_) => true,
    };
    let secrets = provider.needed.iter().filter_map(move |needed| {
        let path = needed.reference.file()?;
        // The stamp is taken first: a file that is replaced between the two looks has the stamp of the old one, or none.
        let stamp = files::stamp(&path).filter(|_| is_as_judged(&needed.reference, &path));
        Some((path, stamp))
    });
    let logo = match &provider.logo {
        Some(ProviderLogo::File(name)) => Some(folder.join(&**name)),
        Some(ProviderLogo::Mark(_)) | None => None,
    };
    secrets.chain(logo.map(|path| (path.clone(), files::stamp(&path))))
}

/// Reads and compiles a provider file.
pub fn load(path: &Path, installation_context: InstallationContext, policy: &ReadPolicy) -> CatalogueEntry {
    load_under(path, installation_context, &policy.with_files_of_others())
}

fn load_under(path: &Path, installation_context: InstallationContext, policy: &ReadPolicy) -> CatalogueEntry {
    match files::read_source(path) {
        Ok(source) => compile_entry(&source, installation_context, policy),
        Err(error) => {
            let message = format!("the file cannot be read: {}", io_error_message(&error));
            let help = "check its name, its rights, and that it is saved as UTF-8";
            let complaint = Complaint::new(Severity::Error, None, message, help);
            CatalogueEntry {
                report: Report::new(Source::new(path.display().to_string(), ""), vec![complaint]),
                state: ProviderFileState::Broken,
                awaited: None,
            }
        }
    }
}

/// Loads many files on all processors.
pub fn load_all(paths: &[PathBuf], installation_context: InstallationContext, policy: &ReadPolicy) -> Vec<CatalogueEntry> {
    let policy = &policy.with_files_of_others();
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(paths.len().div_ceil(16)).max(1);
    if workers == 1 {
        return paths.iter().map(|path| load_under(path, installation_context, policy)).collect();
    }
    let chunks: Vec<&[PathBuf]> = paths.chunks(paths.len().div_ceil(workers)).collect();
    std::thread::scope(|scope| {
        let handles: Vec<_> = chunks
            .into_iter()
            .map(|chunk| scope.spawn(move || chunk.iter().map(|path| load_under(path, installation_context, policy)).collect::<Vec<_>>()))
            .collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// Compiles a provider file, and checks that it reads only what it may.
pub(crate) fn compile_allowed(
    source: &Source,
    installation_context: InstallationContext,
    policy: &ReadPolicy,
) -> (Option<Provider>, Report) {
    let (provider, report, _) = compile_under(source, installation_context, policy);
    (provider, report)
}

/// The same, and what has to be readable before it can be judged what the file may read.
fn compile_under(
    source: &Source,
    installation_context: InstallationContext,
    policy: &ReadPolicy,
) -> (Option<Provider>, Report, Option<AwaitedReading>) {
    let (mut provider, report) = compile(source, installation_context);
    let refused = provider.as_mut().map_or_else(|| policy.refusals(source), |provider| policy.apply(provider));
    if refused.is_empty() {
        return (provider, report, None);
    }
    let awaited = refused.iter().find_map(ReadRefusal::awaited);
    let complaints = refused.iter().map(ReadRefusal::complaint);
    (None, Report::new(report.source, report.complaints.into_iter().chain(complaints).collect()), awaited)
}

fn compile_entry(source: &Source, installation_context: InstallationContext, policy: &ReadPolicy) -> CatalogueEntry {
    let (provider, report, awaited) = compile_under(source, installation_context, policy);
    let odd = provider.iter().flat_map(|provider| open_secrets(provider).chain(odd_hosts(provider)));
    let report = Report::new(report.source, report.complaints.into_iter().chain(odd).collect());
    let state = match provider {
        None => ProviderFileState::Broken,
        Some(provider) if !provider.enabled => ProviderFileState::Off(Box::new(provider)),
        Some(provider) => {
            let missing = secrets::missing_values(&provider);
            if missing.is_empty() {
                ProviderFileState::Offered(Box::new(provider))
            } else {
                ProviderFileState::Dormant(Box::new(provider), missing)
            }
        }
    };
    CatalogueEntry { report, state, awaited }
}

/// Warnings about secrets in files that are open to everyone.
fn open_secrets(provider: &Provider) -> impl Iterator<Item = Complaint> {
    let open = provider.needed.iter().filter(|needed| needed.secret && secrets::is_open_to_everyone(&needed.reference));
    open.map(|needed| {
        let message = format!("every user of this machine may read or replace `{}`", needed.reference.location());
        Complaint::new(Severity::Warning, needed.reference_place, message, "`chmod 600` it, and give it to the user of the broker")
    })
}

/// The providers that cannot be live because another file of the store has the same key: the name of each, and the complaint. The file
/// that has the key as its name stays live, otherwise the first by name.
pub(crate) fn shared_keys<'a>(providers: impl Iterator<Item = &'a ListedProvider>) -> Vec<(Box<str>, Complaint)> {
    let mut by_key: BTreeMap<&str, Vec<&ListedProvider>> = BTreeMap::new();
    for provider in providers {
        by_key.entry(&provider.key).or_default().push(provider);
    }
    let mut complaints = Vec::new();
    for (key, mut providers) in by_key {
        providers.sort_by_key(|provider| (*provider.name != *key, &provider.name));
        let Some((first, others)) = providers.split_first() else { continue };
        let complaint = |provider: &ListedProvider| {
            let message = format!("`{}.yaml` has the key `{key}` as well, so both would sign in the same users", first.name);
            let help = "a key belongs to one file: give this file another `key`, or remove the other file or set `enabled: false` in it";
            Complaint::new(Severity::Error, provider.key_place, message, help)
        };
        complaints.extend(others.iter().map(|provider| (provider.name.clone(), complaint(provider))));
    }
    complaints
}

/// Reports on files of a folder that look like provider files and are not read; `read` are the files with the right ending,
/// sorted.
pub(crate) fn unread_file_reports(folder: &Path, read: &[PathBuf]) -> Vec<Report> {
    let orphan = |path: &&PathBuf| {
        let name = path.to_string_lossy();
        name.strip_suffix(".examples.yaml").is_some_and(|stem| read.binary_search(&PathBuf::from(format!("{stem}.yaml"))).is_err())
    };
    let orphans = read.iter().filter(orphan).map(|path| {
        (path.clone(), "there is no provider file beside these examples", "name them after the provider file: `NAME.examples.yaml`")
    });
    let alone = |path: &&PathBuf| is_next_version(path) && read.binary_search(&present_path(path)).is_err();
    let alone = read.iter().filter(alone).map(|path| {
        (
            path.clone(),
            "there is no provider file of which this is the next version",
            "name it after the provider file, or take `.next` out of its name",
        )
    });
    let misnamed = files::files_ending_in(folder, ".yml").unwrap_or_default().into_iter();
    let misnamed =
        misnamed.map(|path| (path, "this file is not read: its name ends in `.yml`", "rename it: provider files end in `.yaml`"));
    let report = |(path, message, help): (PathBuf, &str, &str)| {
        let complaint = Complaint::new(Severity::Warning, None, message, help);
        Report::new(Source::new(path.display().to_string(), ""), vec![complaint])
    };
    orphans.chain(alone).chain(misnamed).map(report).collect()
}

/// The version of a file, from its text.
pub(crate) fn version_from_text(text: &str) -> Box<str> {
    URL_SAFE_NO_PAD.encode(sha256::<12>(text.as_bytes())).into()
}

/// Where a file points with these values of the installation.
pub(crate) fn fingerprint_of(provider: &Provider, values: &[(Slot, Text)]) -> ProviderFingerprint {
    let mut facts = provider.empty_facts();
    for (slot, value) in values {
        facts.set(*slot, value.clone());
    }
    provider.fingerprint(&facts)
}

/// The message of an I/O error in lower case and without its number.
pub(crate) fn io_error_message(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        ErrorKind::InvalidData => "it is not UTF-8".to_owned(),
        ErrorKind::InvalidInput => "it is not an ordinary file".to_owned(),
        _ => error.to_string().to_lowercase(),
    }
}

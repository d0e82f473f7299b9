//! The live providers of a folder. Only files that change are read again; while a file is broken its last good version stays live,
//! and a login that is under way ends with the version with which it began.

use crate::login::attempt::{GOOD_FOR, InstallationValues};
use crate::login::conversation::{ConversationLimits, ConversationParties, LimitsByStore};
use crate::provider::fingerprint::ProviderFingerprint;
use crate::provider::{InstallationContext, Provider};
use crate::stores::catalogue::{
    self, CatalogueEntry, ProviderFileReport, ProviderFileState, ProviderStatus, fingerprint_of, version_from_text,
};
use crate::stores::compiled_on_demand::{CompiledOnDemand, ListedProvider};
use crate::stores::connection::{ConnectionReplacer, ProviderClient, ProviderConnection, ReplacedConnection};
use crate::stores::picture::Picture;
use crate::stores::read_policy::ReadPolicy;
use crate::stores::seen_files::SeenFiles;
use crate::vocabulary::diagnostic::Report;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Source;
use crate::vocabulary::text::Text;
use crate::world::file_watch::RepeatedReading;
use crate::world::files::{self, FileStamp, FileStamps};
use crate::world::{clock, secrets};
use arc_swap::{ArcSwap, Guard};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

/// How many files are read at once at most.
const READ_AT_ONCE: usize = 128;

/// A provider that is live.
pub struct LiveProvider {
    /// The provider of this version of its file.
    pub provider: CompiledOnDemand,
    pub(crate) listed: ListedProvider,
    /// The version of its file.
    pub(crate) version: Box<str>,
    /// Where the file points with the settings of this installation.
    pub(crate) fingerprint: ProviderFingerprint,
    /// Whether all its settings are set, so that identities can be pinned to its fingerprint.
    pub(crate) is_set_up: bool,
    limits: Arc<LimitsByStore>,
    /// The picture that its file names, if it can be read.
    pub(crate) logo: Option<Picture>,
    /// The connection that replaces the network's where the provider is simulated.
    pub(crate) replaced: Option<Box<dyn ProviderConnection>>,
    values: Vec<(Slot, Text)>,
}

impl fmt::Debug for LiveProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveProvider").field("provider", &self.listed.name).field("version", &self.version).finish_non_exhaustive()
    }
}

impl LiveProvider {
    /// The values of this installation for the provider.
    pub fn installation(&self, public_url: &str) -> InstallationValues {
        InstallationValues { public_url: public_url.into(), values: self.values.clone() }
    }

    /// How many logins of a store may talk to the provider at the same time.
    pub(crate) fn limits_at(&self, store: &str) -> Arc<ConversationLimits> {
        self.limits.of(store)
    }

    /// What a login needs to talk to this provider.
    pub(crate) fn parties<'a>(&'a self, client: &'a ProviderClient<'a>) -> ConversationParties<'a> {
        let documents = client.connection.documents();
        let fingerprint = Some(&self.fingerprint);
        ConversationParties { provider: &self.provider, fetch: client, documents, fingerprint, limits: client.limits.as_deref() }
    }
}

/// The live providers of a folder at one moment.
#[derive(Debug, Default)]
pub struct LiveProvidersSnapshot {
    /// The providers whose files can be used, by the name of the file.
    usable: HashMap<Box<str>, Arc<LiveProvider>>,
    /// Those of them that are live: of two files with one key only one is.
    by_name: HashMap<Box<str>, Arc<LiveProvider>>,
    buttons: Vec<Arc<LiveProvider>>,
    retired: Vec<(Arc<LiveProvider>, i64)>,
    /// The report on each file by itself.
    own_reports: BTreeMap<PathBuf, Arc<ProviderFileReport>>,
    /// The same, and which files have the key of another.
    file_reports: BTreeMap<PathBuf, Arc<ProviderFileReport>>,
    /// The files that look like provider files and are not read.
    pub(crate) unread: Vec<Report>,
}

impl LiveProvidersSnapshot {
    /// The provider of this file name.
    pub fn provider(&self, name: &str) -> Option<&Arc<LiveProvider>> {
        self.by_name.get(name)
    }

    /// The provider under whose key an identity is kept.
    pub(crate) fn provider_by_key(&self, key: &str) -> Option<&Arc<LiveProvider>> {
        // Most keys are the name of a file.
        let named = self.by_name.get(key).filter(|live_provider| *live_provider.listed.key == *key);
        named.or_else(|| self.by_name.values().find(|live_provider| *live_provider.listed.key == *key))
    }

    /// All live providers.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<LiveProvider>> {
        self.by_name.values()
    }

    /// The version of a provider with which a login began, while the provider is live.
    pub(crate) fn provider_version(&self, name: &str, version: &str) -> Option<&Arc<LiveProvider>> {
        let current = self.by_name.get(name)?;
        if *current.version == *version {
            return Some(current);
        }
        self.retired
            .iter()
            .map(|(live_provider, _)| live_provider)
            .find(|live_provider| *live_provider.listed.name == *name && *live_provider.version == *version)
    }

    /// The current version of a provider, then earlier versions with which logins may still be under way.
    pub(crate) fn provider_versions<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Arc<LiveProvider>> {
        let retired =
            self.retired.iter().map(|(live_provider, _)| live_provider).filter(move |live_provider| *live_provider.listed.name == *name);
        self.by_name.get(name).into_iter().chain(retired)
    }

    /// The providers with a button, in order.
    pub(crate) fn buttons(&self) -> &[Arc<LiveProvider>] {
        &self.buttons
    }

    pub(crate) fn file_reports(&self) -> &BTreeMap<PathBuf, Arc<ProviderFileReport>> {
        &self.file_reports
    }

    fn remove_file(&mut self, path: &Path) {
        self.own_reports.remove(path);
        if let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) {
            self.usable.remove(name);
        }
    }

    /// Makes the usable providers live, except those whose key another one has.
    fn settle_keys(&mut self) {
        self.by_name.clone_from(&self.usable);
        self.file_reports.clone_from(&self.own_reports);
        let providers = self.usable.values().map(|live_provider| &live_provider.listed);
        for (name, complaint) in catalogue::shared_keys(providers) {
            self.by_name.remove(&name);
            for (_, file_report) in self.file_reports.iter_mut().filter(|(path, _)| path.file_stem().is_some_and(|stem| stem == &*name)) {
                let mut own = ProviderFileReport::clone(file_report);
                own.report.complaints.push(complaint.clone());
                *file_report = Arc::new(ProviderFileReport {
                    status: ProviderStatus::Broken,
                    report: Report::new(own.report.source, own.report.complaints),
                    ..own
                });
            }
        }
    }

    fn collect_buttons(&mut self) {
        self.buttons = self.by_name.values().filter(|live_provider| !live_provider.listed.hidden).cloned().collect();
        self.buttons
            .sort_by(|a, b| (a.listed.order, &a.listed.title, &a.listed.name).cmp(&(b.listed.order, &b.listed.title, &b.listed.name)));
    }
}

/// A folder of provider files, whether its store is on loopback, and what its files may read.
pub(crate) type ProviderFolder = (PathBuf, bool, ReadPolicy);

/// The live providers of a folder, kept up to date.
#[derive(Debug)]
pub struct LiveProviders {
    folder: PathBuf,
    installation_context: InstallationContext,
    policy: ReadPolicy,
    simulated: Vec<Box<str>>,
    replace_connection: ConnectionReplacer,
    snapshot: ArcSwap<LiveProvidersSnapshot>,
    /// Locked while the folder is read.
    seen: Mutex<SeenFiles>,
    reading: RepeatedReading,
}

impl LiveProviders {
    /// Opens folders on all processors.
    pub(crate) fn open_all(
        folders: &[ProviderFolder],
        simulated: (&[Box<str>], ConnectionReplacer),
        asked: (Instant, i64),
    ) -> Vec<Arc<Self>> {
        let open = |(folder, loopback, policy): &ProviderFolder| {
            Self::open(folder, (InstallationContext { loopback: *loopback }, policy.clone()), simulated, asked)
        };
        let workers = thread::available_parallelism().map_or(1, usize::from).min(folders.len());
        if workers <= 1 {
            return folders.iter().map(open).collect();
        }
        thread::scope(|scope| {
            let parts = folders.chunks(folders.len().div_ceil(workers));
            let handles: Vec<_> = parts.map(|part| scope.spawn(move || part.iter().map(open).collect::<Vec<_>>())).collect();
            handles.into_iter().flat_map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        })
    }

    /// Reads a folder; the providers of these names are simulated. If the disk does not answer in time, the providers go live when it
    /// has answered.
    pub(crate) fn open(
        folder: &Path,
        (installation_context, policy): (InstallationContext, ReadPolicy),
        (simulated, replace_connection): (&[Box<str>], ConnectionReplacer),
        (asked, now): (Instant, i64),
    ) -> Arc<Self> {
        let (folder, simulated) = (folder.to_owned(), simulated.to_vec());
        let live_providers = Arc::new(Self {
            folder,
            installation_context,
            policy,
            simulated,
            replace_connection,
            snapshot: ArcSwap::default(),
            seen: Mutex::default(),
            reading: RepeatedReading::new(now),
        });
        live_providers.reload_apart(asked, |_, _| {});
        live_providers
    }

    /// Reads the files that have changed on a thread of its own, and waits for it only for a while. Each of them goes to `report`. What
    /// was found of other folders since `asked` is not looked up again.
    pub(crate) fn reload_apart(self: &Arc<Self>, asked: Instant, report: impl Fn(&LiveProvidersSnapshot, &Path) + Send + 'static) {
        let live_providers = Arc::clone(self);
        self.reading.run(move || {
            let Some(changed) = live_providers.reload_since(asked, clock::now()) else { return false };
            changed.iter().for_each(|file| report(&live_providers.snapshot(), file));
            true
        });
    }

    /// How many seconds ago the folder was last read to the end.
    pub(crate) fn age(&self, now: i64) -> i64 {
        self.reading.age(now)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn installation_context(&self) -> InstallationContext {
        self.installation_context
    }

    /// What the files may read of this machine.
    pub(crate) fn policy(&self) -> &ReadPolicy {
        &self.policy
    }

    /// Compiles a text as a file of this folder.
    pub(crate) fn compile(&self, source: &Source) -> Option<Provider> {
        catalogue::compile_allowed(source, self.installation_context, &self.policy.with_files_of_others()).0
    }

    /// The providers at this moment.
    pub fn snapshot(&self) -> Guard<Arc<LiveProvidersSnapshot>> {
        self.snapshot.load()
    }

    /// Reads the files that have changed, and returns them; `None` if the folder cannot be listed.
    pub fn reload(&self, now: i64) -> Option<Vec<PathBuf>> {
        self.reload_since(clock::instant(), now)
    }

    fn reload_since(&self, asked: Instant, now: i64) -> Option<Vec<PathBuf>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // If the folder cannot be listed for a moment, its providers stay live.
        let named = match files::yaml_files(&self.folder) {
            Ok(named) => named,
            // Without a folder there are no providers.
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(_) => return None,
        };
        let unread = catalogue::unread_file_reports(&self.folder, &named);
        let paths: Vec<PathBuf> = named.into_iter().filter(|path| !catalogue::is_examples_file(path)).collect();
        let before = self.snapshot.load();
        let judged_again = seen.judged_again();
        let has_changed = |path: &&PathBuf| seen.has_changed(path) || judged_again.contains(*path);
        let changed: Vec<PathBuf> = paths.iter().filter(has_changed).cloned().collect();
        let gone: Vec<PathBuf> = before.file_reports.keys().filter(|path| paths.binary_search(path).is_err()).cloned().collect();
        let is_same_unread = before.unread.iter().map(|report| &report.source.name).eq(unread.iter().map(|report| &report.source.name));
        if changed.is_empty() && gone.is_empty() && is_same_unread {
            return Some(changed);
        }
        // The stamps are taken before the files are read, so that a change in between is noticed later.
        let stamps: Vec<Option<FileStamp>> = changed.iter().map(|path| files::stamp(path)).collect();
        let mut next = LiveProvidersSnapshot {
            usable: before.usable.clone(),
            by_name: HashMap::new(),
            buttons: Vec::new(),
            retired: before.retired.iter().filter(|(_, until)| *until > now).cloned().collect(),
            own_reports: before.own_reports.clone(),
            file_reports: BTreeMap::new(),
            unread,
        };
        for path in &gone {
            seen.remove(path);
            next.remove_file(path);
        }
        // A part at a time, because what all of them compile to takes much memory.
        for (paths, stamps) in changed.chunks(READ_AT_ONCE).zip(stamps.chunks(READ_AT_ONCE)) {
            let entries = catalogue::load_all(paths, self.installation_context, &self.policy.looked_up_since(asked));
            for ((path, stamp), entry) in paths.iter().zip(stamps).zip(entries) {
                seen.note_awaited(path, entry.awaited.clone());
                seen.insert(path.clone(), self.file_stamps(path, *stamp, &entry));
                self.replace_file(&mut next, path, entry, now);
            }
        }
        next.settle_keys();
        next.collect_buttons();
        self.snapshot.store(Arc::new(next));
        Some(changed.into_iter().chain(gone).collect())
    }

    fn is_simulated(&self, name: &str) -> bool {
        self.simulated.iter().any(|simulated| **simulated == *name)
    }

    fn file_stamps(&self, path: &Path, stamp: Option<FileStamp>, entry: &CatalogueEntry) -> FileStamps {
        let mut stamps = vec![(path.to_owned(), stamp)];
        if self.is_simulated(entry.report.source.stem()) {
            let examples = catalogue::examples_path(path);
            stamps.push((examples.clone(), files::stamp(&examples)));
        }
        stamps.extend(entry.state.provider().into_iter().flat_map(|provider| catalogue::named_file_stamps(provider, &self.folder)));
        stamps
    }

    /// Replaces the earlier version of a file. A broken file leaves its last good version live.
    fn replace_file(&self, next: &mut LiveProvidersSnapshot, path: &Path, entry: CatalogueEntry, now: i64) {
        let name = entry.report.source.stem().to_owned();
        let is_simulated = self.is_simulated(&name);
        let (status, missing) = match &entry.state {
            ProviderFileState::Offered(_) | ProviderFileState::Dormant(..) if is_simulated => (ProviderStatus::Offered, Vec::new()),
            ProviderFileState::Dormant(_, missing) => (ProviderStatus::Dormant, missing.clone()),
            other => (other.status(), Vec::new()),
        };
        let title = entry.state.provider().map(|provider| provider.title.clone());
        let old = next.usable.get(name.as_str());
        let stale = matches!(entry.state, ProviderFileState::Broken) && old.is_some();
        let new = match entry.state {
            ProviderFileState::Offered(provider) | ProviderFileState::Dormant(provider, _) if is_simulated => {
                Some(self.simulated_live_provider(&provider, path, old))
            }
            ProviderFileState::Offered(provider) => Some(self.live_provider(&provider, old)),
            ProviderFileState::Off(_) | ProviderFileState::Dormant(..) => {
                drop(next.usable.remove(name.as_str()));
                None
            }
            ProviderFileState::Broken => None,
        };
        if let Some(old) = new.and_then(|new| next.usable.insert(name.into(), Arc::new(new))) {
            next.retired.push((old, now.saturating_add(GOOD_FOR)));
        }
        next.own_reports.insert(path.to_owned(), Arc::new(ProviderFileReport { title, status, missing, stale, report: entry.report }));
    }

    fn simulated_live_provider(&self, provider: &Provider, path: &Path, old: Option<&Arc<LiveProvider>>) -> LiveProvider {
        let mut live_provider = self.live_provider(provider, old);
        let set = std::mem::take(&mut live_provider.values);
        let ReplacedConnection { connection, values } = (self.replace_connection)(provider, path, set);
        // The simulation logs in with its own values, some of which may be invented.
        let fingerprint = fingerprint_of(provider, &values);
        LiveProvider { replaced: Some(connection), values, fingerprint, ..live_provider }
    }

    fn live_provider(&self, provider: &Provider, old: Option<&Arc<LiveProvider>>) -> LiveProvider {
        let values = secrets::installation_values(provider, "").values;
        let version = version_from_text(&provider.source.text);
        let limits = old.map_or_else(Arc::default, |old| Arc::clone(&old.limits));
        let logo = provider.logo.as_ref().and_then(|logo| Picture::of(logo, &self.folder));
        let fingerprint = fingerprint_of(provider, &values);
        let is_set_up = secrets::missing_values(provider).is_empty();
        let listed = ListedProvider::from(provider);
        let provider = CompiledOnDemand::new(provider, self.installation_context);
        LiveProvider { provider, listed, version, fingerprint, is_set_up, limits, logo, replaced: None, values }
    }
}

#[cfg(test)]
mod tests;

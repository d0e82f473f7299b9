//! The live providers of a folder. Only files that change are read again; while a file is broken its last good version stays live,
//! and a login that is under way ends with the version with which it began.

mod folder_fault;
mod snapshot;

pub(crate) use crate::stores::live::folder_fault::ProviderFolderFault;
pub use crate::stores::live::snapshot::LiveProvidersSnapshot;

use crate::login::attempt::{GOOD_FOR, InstallationValues};
use crate::login::conversation::{ConversationLimits, ConversationParties, LimitsByStore};
use crate::provider::document_cache::DocumentCache;
use crate::provider::fingerprint::ProviderFingerprint;
use crate::provider::{InstallationContext, Provider};
use crate::stores::catalogue::{
    self, CatalogueEntry, ProviderFileReport, ProviderFileState, ProviderStatus, fingerprint_of, version_from_text,
};
use crate::stores::compiled_on_demand::{CompiledOnDemand, ListedProvider};
use crate::stores::connection::{ConnectionReplacer, ProviderClient, ProviderConnection, ReplacedConnection};
use crate::stores::next_version::{NextVersion, is_next_version, version_without_rollout};
use crate::stores::picture::Picture;
use crate::stores::read_policy::ReadPolicy;
use crate::stores::seen_files::SeenFiles;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Source;
use crate::vocabulary::text::Text;
use crate::world::file_watch::RepeatedReading;
use crate::world::files::{self, FileStamp, FileStamps};
use crate::world::{clock, secrets};
use arc_swap::{ArcSwap, ArcSwapOption, Guard};
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
    /// The same without the block `rollout`, which says nothing about what a version reads.
    pub(crate) version_without_rollout: Box<str>,
    /// Where the file points with the settings of this installation.
    pub(crate) fingerprint: ProviderFingerprint,
    /// Whether all its settings are set, so that identities can be pinned to its fingerprint.
    pub(crate) is_set_up: bool,
    limits: Arc<LimitsByStore>,
    /// The picture that its file names, if it can be read.
    pub(crate) logo: Option<Picture>,
    /// The connection that replaces the network's where the provider is simulated.
    pub(crate) replaced: Option<Box<dyn ProviderConnection>>,
    /// The documents of a text that is only tried out, unless it is simulated.
    pub(crate) tried: Option<DocumentCache>,
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
        let documents = self.tried.as_ref().filter(|_| self.replaced.is_none()).unwrap_or(client.connection.documents());
        let fingerprint = Some(&self.fingerprint);
        ConversationParties { provider: &self.provider, fetch: client, documents, fingerprint, limits: client.limits.as_deref() }
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
    fault: ArcSwapOption<ProviderFolderFault>,
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
            fault: ArcSwapOption::empty(),
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
        let named = self.listed_files()?;
        let unread = catalogue::unread_file_reports(&self.folder, &named);
        let paths: Vec<PathBuf> = named.into_iter().filter(|path| catalogue::is_read(path)).collect();
        let before = self.snapshot.load();
        let judged_again = seen.judged_again();
        let has_changed = |path: &&PathBuf| seen.has_changed(path) || judged_again.contains(*path);
        let mut changed: Vec<PathBuf> = paths.iter().filter(has_changed).cloned().collect();
        // A next version is read after the present one, whose limits it shares.
        changed.sort_by_key(|path| is_next_version(path));
        let gone: Vec<PathBuf> = before.paths().filter(|path| paths.binary_search(path).is_err()).collect();
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
            next_versions: before.next_versions.clone(),
            unread,
        };
        for path in &gone {
            seen.remove(path);
            next.remove_file(path, now);
        }
        // A part at a time, because what all of them compile to takes much memory.
        for (paths, stamps) in changed.chunks(READ_AT_ONCE).zip(stamps.chunks(READ_AT_ONCE)) {
            let entries = catalogue::load_all(paths, self.installation_context, &self.policy.looked_up_since(asked));
            for ((path, stamp), entry) in paths.iter().zip(stamps).zip(entries) {
                seen.note_awaited(path, entry.awaited.clone());
                seen.insert(path.clone(), self.file_stamps(path, *stamp, &entry));
                if is_next_version(path) {
                    self.replace_next_version(&mut next, entry, now);
                } else {
                    self.replace_file(&mut next, path, entry, now);
                }
            }
        }
        next.settle_keys();
        next.compare_next_versions();
        next.collect_buttons();
        self.snapshot.store(Arc::new(next));
        Some(changed.into_iter().chain(gone).collect())
    }

    /// The files of the folder. While it cannot be listed its providers stay live, because a disk that is away is no wish to offer none.
    fn listed_files(&self) -> Option<Vec<PathBuf>> {
        let (named, fault) = match files::yaml_files(&self.folder) {
            Ok(named) => (Some(named), None),
            // A folder that is not there yet holds no providers.
            Err(error) if error.kind() == ErrorKind::NotFound && self.snapshot.load().paths().next().is_none() => (Some(Vec::new()), None),
            Err(error) if error.kind() == ErrorKind::NotFound => (None, Some(ProviderFolderFault::Gone)),
            Err(error) => (None, Some(ProviderFolderFault::Unlistable(catalogue::io_error_message(&error)))),
        };
        let fault = fault.map(Arc::new);
        let before = self.fault.swap(fault.clone());
        match fault {
            Some(fault) if before.as_ref() != Some(&fault) => tracing::error!(folder = %self.folder.display(), "{fault}"),
            None if before.is_some() => tracing::info!(folder = %self.folder.display(), "the folder of provider files can be listed again"),
            Some(_) | None => {}
        }
        named
    }

    /// Why the folder could not be listed when it was last looked at; `None` if it could.
    pub(crate) fn fault(&self) -> Option<Arc<ProviderFolderFault>> {
        self.fault.load_full()
    }

    pub(crate) fn is_simulated(&self, name: &str) -> bool {
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

    /// Replaces the next version of a file. One that cannot be used is kept for its report alone.
    fn replace_next_version(&self, next: &mut LiveProvidersSnapshot, entry: CatalogueEntry, now: i64) {
        let name: Box<str> = entry.report.source.stem().into();
        let old = next.next_versions.remove(&name).and_then(|old| old.live_provider);
        let title = entry.state.provider().map(|provider| provider.title.clone());
        let status = entry.state.status();
        let (missing, live_provider) = match entry.state {
            ProviderFileState::Offered(provider) => {
                let shares_with = next.usable.get(&name).or(old.as_ref());
                (Vec::new(), Some(Arc::new(self.live_provider(&provider, shares_with))))
            }
            ProviderFileState::Dormant(_, missing) => (missing, None),
            ProviderFileState::Off(_) | ProviderFileState::Broken => (Vec::new(), None),
        };
        next.retired.extend(old.map(|old| (old, now.saturating_add(GOOD_FOR))));
        let file_report = Arc::new(ProviderFileReport { title, status, missing, stale: false, report: entry.report });
        next.next_versions.insert(name, NextVersion { file_report, live_provider });
    }

    pub(crate) fn simulated_live_provider(&self, provider: &Provider, path: &Path, old: Option<&Arc<LiveProvider>>) -> LiveProvider {
        let mut live_provider = self.live_provider(provider, old);
        let set = std::mem::take(&mut live_provider.values);
        let ReplacedConnection { connection, values } = (self.replace_connection)(provider, path, set);
        // The simulation logs in with its own values, some of which may be invented.
        let fingerprint = fingerprint_of(provider, &values);
        LiveProvider { replaced: Some(connection), values, fingerprint, ..live_provider }
    }

    pub(crate) fn live_provider(&self, provider: &Provider, old: Option<&Arc<LiveProvider>>) -> LiveProvider {
        let values = secrets::installation_values(provider, "").values;
        let version = version_from_text(&provider.source.text);
        let version_without_rollout = version_without_rollout(&provider.source);
        let limits = old.map_or_else(Arc::default, |old| Arc::clone(&old.limits));
        let logo = provider.logo.as_ref().and_then(|logo| Picture::of(logo, &self.folder));
        let fingerprint = fingerprint_of(provider, &values);
        let is_set_up = secrets::missing_values(provider).is_empty();
        let listed = ListedProvider::from(provider);
        let provider = CompiledOnDemand::new(provider, self.installation_context);
        LiveProvider {
            provider,
            listed,
            version,
            version_without_rollout,
            fingerprint,
            is_set_up,
            limits,
            logo,
            replaced: None,
            tried: None,
            values,
        }
    }
}

#[cfg(test)]
mod tests;

//! What every request needs: the live configuration, the directory, the keys, and how providers are reached.

use crate::counts::LoginCounts;
use crate::directory::audit::{AuditEvent, AuditEventKind, RecordAuditEvent};
use crate::directory::fingerprints::{ListSettledPins, PinAllIdentities, PinIdentities};
use crate::directory::incidents::ShareIncident;
use crate::directory::served_stores::RecordServedStores;
use crate::directory::{Directory, StorageUnavailable};
use crate::drift::DriftMonitor;
use crate::login::documents::key_set;
use crate::provider::document_cache::DocumentCache;
use crate::rollout::monitor::RolloutMonitor;
use crate::session::revocation::Revocations;
use crate::session::seal::{MasterKey, Seal};
use crate::stores::MAIN;
use crate::stores::Stores;
use crate::stores::connection::{NetworkConnection, ProviderConnection};
use crate::stores::live::{LiveProvider, LiveProvidersSnapshot};
use crate::stores::settings::Settings;
use crate::stores::trusted_authorities::trusted_authorities;
use crate::story::recent_logins::RecentLogins;
use crate::web::apps::{app_seals::AppSeals, fresh_tokens::FreshAccessTokens};
use crate::web::ending::Ending;
use crate::web::endpoint_hosts;
use crate::web::event_receivers::EventReceivers;
use crate::web::good_logins::GoodLogins;
use crate::web::live_config::{LiveConfig, LiveStore};
use crate::web::metrics::Metrics;
use crate::web::network_reach::{missing_proxy_values, network_reach, outgoing_proxy};
use crate::web::rate_limits::RateLimits;
use crate::web::settings_complaint::SettingsComplaint;
use crate::web::signing_keys::SigningKeys;
use crate::web::storage_sync::StorageSync;
use crate::web::story_throttle::{StoryThrottle, UnkeptFailures};
use crate::web::unfinished_work::UnfinishedWork;
use crate::web::unnamed_proxies::UnnamedProxies;
use crate::web::workbench_hooks::WorkbenchHooks;
use crate::world::file_watch::RepeatedReading;
use crate::world::network::Network;
use crate::world::{clock, random};
use arc_swap::{ArcSwap, Guard};
use aws_lc_rs::hmac;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The state that all requests share.
pub struct App {
    live_config: ArcSwap<LiveConfig>,
    pub(crate) settings_complaint: SettingsComplaint,
    /// The repeated reading of the settings.
    pub(crate) settings_reading: RepeatedReading,
    /// Users, links, sessions and the audit.
    pub directory: Arc<Directory>,
    pub(crate) connection: NetworkConnection,
    pub(crate) event_receivers: EventReceivers,
    pub(crate) workbench: WorkbenchHooks,
    /// Sessions that were ended before their time.
    pub revocations: Revocations,
    pub(crate) storage_sync: StorageSync,
    pinned: Mutex<PinnedProviders>,
    /// The keys that sign the sessions of each store.
    pub signing: SigningKeys,
    served: Mutex<ServedStores>,
    /// Seals the browser's half of an attempt.
    pub attempts: Seal,
    /// Seals the callbacks that arrive as forms.
    pub(crate) callbacks: Seal,
    /// Seals the tokens that protect our own forms.
    pub forms: Seal,
    /// Seals the identity of a shopper who has to prove an address.
    pub(crate) proofs: Seal,
    /// Seals the ID tokens that are kept for the logout at the provider.
    pub(crate) id_tokens: Seal,
    /// Protects what apps are given.
    pub for_apps: AppSeals,
    pub(crate) fresh_tokens: FreshAccessTokens,
    /// The key with which codes and addresses are hashed.
    pub(crate) proof_key: hmac::Key,
    pub(crate) limits: RateLimits,
    pub(crate) metrics: Metrics,
    /// Counts logins for the lab.
    pub counts: LoginCounts,
    /// Counts what providers answer.
    pub drift: DriftMonitor,
    /// The last logins that worked.
    pub good_logins: GoodLogins,
    /// Fingerprints of recent logins, with which proposed ids are compared.
    pub(crate) recent_logins: RecentLogins,
    /// What is counted of the next versions of provider files.
    pub rollout: RolloutMonitor,
    /// Proxies that the settings do not name.
    pub(crate) unnamed_proxies: UnnamedProxies,
    /// What the end of the broker waits for besides requests.
    pub(crate) unfinished: UnfinishedWork,
    /// Whether the broker was asked to end.
    pub(crate) ending: Ending,
    /// The stories of failed logins that were kept in this minute.
    pub(crate) stories: StoryThrottle,
}

/// The further stores that this machine serves, as storage knows it.
struct ServedStores {
    /// The name of this machine.
    machine: Box<str>,
    /// Whether storage knows the stores of the settings.
    is_recorded: bool,
    /// Stores that left the settings since the last write to storage.
    dropped: BTreeSet<Box<str>>,
}

/// How many providers are pinned in one transaction at most.
const PINNED_AT_ONCE: usize = 100;

fn pinned_provider(pin: &PinIdentities) -> (Box<str>, Box<str>, Box<str>) {
    (pin.store.clone(), pin.key.clone(), pin.fingerprint.pinned.clone())
}

/// The providers whose identities were pinned, in storage or since the start.
#[derive(Default)]
struct PinnedProviders {
    /// Store, key and fingerprint.
    providers: HashSet<(Box<str>, Box<str>, Box<str>)>,
    /// The live providers of each store, all of which were pinned.
    snapshots: HashMap<Box<str>, Arc<LiveProvidersSnapshot>>,
}

/// The network as the settings allow it. Authorities that cannot be read, or that others may replace, are only reported: no login depends on
/// them without failing.
fn open_network(settings: &Settings, stores: &Stores) -> Network {
    let (authorities, unread) = trusted_authorities(settings);
    for complaint in unread {
        tracing::warn!(complaint = complaint.message, help = complaint.help, "a file of `trustedAuthorities` is not as it should be");
    }
    for missing in missing_proxy_values(settings) {
        tracing::warn!(missing, "the user or the password for `outgoingProxy` is not set, so the proxy gets neither");
    }
    let (network, no_certificates) = Network::new(network_reach(settings, stores), &authorities, outgoing_proxy(settings));
    if let Some(reason) = no_certificates {
        tracing::warn!(
            reason,
            "this machine has no certificate authorities of its own, so by https only a provider of `trustedAuthorities` is reached; install ca-certificates"
        );
    }
    network
}

impl App {
    /// `master` is the key from which all others are derived. `machine` tells this broker from others with the same storage, and is
    /// the same after a restart.
    pub async fn new(
        settings: &Settings,
        directory: Arc<Directory>,
        master: &MasterKey,
        workbench: WorkbenchHooks,
        machine: &str,
    ) -> Result<Self, StorageUnavailable> {
        let now = clock::now();
        let live_config = LiveConfig::new(settings, None, now, &workbench);
        let network = open_network(settings, live_config.stores());
        let playground = Some(Arc::clone(&workbench.playground));
        let connection = NetworkConnection { network, documents: DocumentCache::default(), playground };
        let app = Self {
            event_receivers: EventReceivers::open(machine, live_config.stores(), &directory, &connection.network),
            live_config: ArcSwap::from_pointee(live_config),
            settings_complaint: SettingsComplaint::default(),
            settings_reading: RepeatedReading::new(now),
            signing: SigningKeys::open(&directory, master).await?,
            served: Mutex::new(ServedStores { machine: machine.into(), is_recorded: false, dropped: BTreeSet::new() }),
            storage_sync: StorageSync::default(),
            pinned: Mutex::default(),
            connection,
            revocations: Revocations::default(),
            attempts: Seal::new(master, "attempts"),
            callbacks: Seal::new(master, "callbacks"),
            forms: Seal::new(master, "forms"),
            proofs: Seal::new(master, "proofs"),
            id_tokens: Seal::new(master, "ID tokens"),
            for_apps: AppSeals::new(master),
            fresh_tokens: FreshAccessTokens::default(),
            proof_key: hmac::Key::new(hmac::HMAC_SHA256, &*master.derive("codes and addresses")),
            limits: RateLimits::default(),
            metrics: Metrics::new(&directory, now),
            counts: LoginCounts::default(),
            drift: DriftMonitor::new(workbench.find_causes),
            good_logins: GoodLogins::default(),
            recent_logins: RecentLogins::new(&random::bytes()),
            rollout: RolloutMonitor::default(),
            unnamed_proxies: UnnamedProxies::default(),
            unfinished: UnfinishedWork::on_this_runtime(),
            ending: Ending::default(),
            stories: StoryThrottle::default(),
            directory,
            workbench,
        };
        app.drift.load(&app.directory, now).await?;
        app.share_next_versions().await?;
        app.sync_with_storage(now).await?;
        let settled = app.directory.read(ListSettledPins).await?;
        app.lock_pinned().providers.extend(settled);
        app.pin_identities().await?;
        endpoint_hosts::load(&app.directory, &app.connection.documents).await?;
        Ok(app)
    }

    /// Pins the identities of providers that are live with their present fingerprint for the first time, and says in the log which
    /// identities belong elsewhere.
    pub(crate) async fn pin_identities(&self) -> Result<(), StorageUnavailable> {
        let live_stores: Vec<Arc<LiveStore>> = self.live_config().live_stores().cloned().collect();
        for live_store in live_stores {
            let store = &live_store.store.name;
            let snapshot = Arc::clone(&live_store.providers.snapshot());
            if self.lock_pinned().snapshots.get(store).is_some_and(|before| Arc::ptr_eq(before, &snapshot)) {
                continue;
            }
            self.pin_identities_of(store, &snapshot).await?;
            self.lock_pinned().snapshots.insert(store.clone(), snapshot);
        }
        Ok(())
    }

    async fn pin_identities_of(&self, store: &str, snapshot: &LiveProvidersSnapshot) -> Result<(), StorageUnavailable> {
        let pin = |live_provider: &Arc<LiveProvider>| {
            let (key, fingerprint) = (live_provider.listed.key.clone(), live_provider.fingerprint.clone());
            PinIdentities { store: store.into(), key, fingerprint }
        };
        let mut unpinned: Vec<PinIdentities> = {
            let pinned = self.lock_pinned();
            let pins = snapshot.all().filter(|live_provider| live_provider.is_set_up).map(pin);
            pins.filter(|pin| !pinned.providers.contains(&pinned_provider(pin))).collect()
        };
        // All brokers use one order, so that two of them cannot deadlock.
        unpinned.sort_by(|one, other| one.key.cmp(&other.key));
        for part in unpinned.chunks(PINNED_AT_ONCE) {
            let elsewhere = self.directory.write(PinAllIdentities(part.to_vec())).await?;
            for (PinIdentities { key, .. }, identities) in part.iter().zip(elsewhere).filter(|(_, identities)| *identities > 0) {
                tracing::warn!(
                    store,
                    provider = &**key,
                    identities,
                    "the provider's file points elsewhere than when these identities were linked, so they sign in no user; if the provider itself has moved: portaria providers move {key}"
                );
            }
            self.lock_pinned().providers.extend(part.iter().map(pinned_provider));
        }
        Ok(())
    }

    fn lock_pinned(&self) -> MutexGuard<'_, PinnedProviders> {
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The configuration at this moment.
    pub fn live_config(&self) -> Guard<Arc<LiveConfig>> {
        self.live_config.load()
    }

    /// How a provider is reached: through the network, or by the connection that replaces it.
    pub(crate) fn connection_of<'a>(&'a self, live_provider: &'a LiveProvider) -> &'a dyn ProviderConnection {
        live_provider.replaced.as_deref().unwrap_or(&self.connection)
    }

    /// The JWKS at the address of an app, fetched again if the one that is known does not hold the key that is looked for.
    pub(crate) async fn key_set(&self, address: &str, holds_key: &dyn Fn(&Value) -> bool, now: i64) -> Option<Arc<Value>> {
        key_set(address, holds_key, (&self.connection.network, &self.connection.documents), now).await
    }

    /// Applies changed settings, phrases and brandings.
    pub fn apply_settings(&self, settings: &Settings, now: i64) {
        let before = self.live_config.load();
        let next = LiveConfig::new(settings, Some(&**before), now, &self.workbench);
        for complaint in &next.complaints {
            tracing::error!(complaint, "a part of the settings is not in use");
        }
        self.connection.network.set_policy(&network_reach(settings, next.stores()));
        self.event_receivers.apply(next.stores(), &self.directory, &self.connection.network);
        {
            let mut served = self.lock_served();
            let names = |live_config: &LiveConfig| live_config.live_stores().map(|live| live.store.name.clone()).collect::<BTreeSet<_>>();
            let (before, after) = (names(&before), names(&next));
            served.is_recorded &= before == after;
            served.dropped.extend(before.difference(&after).cloned());
            self.live_config.store(Arc::new(next));
        }
    }

    /// Reads from storage which sessions and keys other machines have changed, and brings the stores of the settings into storage.
    pub async fn sync_with_storage(&self, now: i64) -> Result<(), StorageUnavailable> {
        if !self.lock_served().is_recorded {
            self.record_served_stores(None, now).await?;
        }
        self.read_from_storage(now).await?;
        // A new store has no key yet, and neither has one whose first app needs another algorithm.
        let live_config = Arc::clone(&self.live_config.load());
        let lacking: Vec<Arc<LiveStore>> =
            live_config.live_stores().filter(|live_store| self.signing.lacks_key(live_store)).cloned().collect();
        if !lacking.is_empty() {
            self.signing.rotate(&self.directory, &lacking, now).await?;
            self.read_from_storage(now).await?;
        }
        Ok(())
    }

    /// Reads from storage which sessions and keys other machines have changed. No key is made, so a request may wait for it.
    pub(crate) async fn read_from_storage(&self, now: i64) -> Result<(), StorageUnavailable> {
        self.storage_sync.read(&self.directory, &self.revocations, &self.signing, now).await
    }

    /// Records in storage which stores this machine serves. Machines that recorded nothing since `silent_since` are forgotten.
    pub async fn record_served_stores(&self, silent_since: Option<i64>, now: i64) -> Result<(), StorageUnavailable> {
        let record = {
            let mut served = self.lock_served();
            // A change of the settings from here on is recorded the next time.
            served.is_recorded = true;
            let names = self.live_config.load().live_stores().map(|live_store| live_store.store.name.clone()).collect::<Vec<_>>();
            let stores = names.into_iter().filter(|name| **name != *MAIN).collect();
            let dropped = std::mem::take(&mut served.dropped).into_iter().collect();
            RecordServedStores { machine: served.machine.clone(), stores, dropped, silent_since, now }
        };
        let dropped = record.dropped.clone();
        let recorded = self.directory.write(record).await;
        if recorded.is_err() {
            let mut served = self.lock_served();
            served.is_recorded = false;
            served.dropped.extend(dropped);
        }
        for store in recorded? {
            tracing::warn!(store = &*store, "no broker serves this store any more: its signing keys were removed, and its sessions ended");
        }
        Ok(())
    }

    fn lock_served(&self) -> MutexGuard<'_, ServedStores> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes to storage to which hosts discovery documents lead, and reads which of them are accepted.
    pub async fn sync_endpoint_hosts(&self) -> Result<(), StorageUnavailable> {
        endpoint_hosts::synchronize(&self.directory, &self.connection.documents).await
    }

    /// Records the failed logins of past minutes that have no line of their own in the audit, with one line for each kind.
    pub async fn record_unkept_failures(&self, now: i64) {
        for UnkeptFailures { kind, minute, count, shared } in self.stories.take_unkept(now / 60) {
            if let Some((code, shared)) = &shared {
                // While storage is unavailable the story names fewer failures.
                let _ = self.directory.write(ShareIncident { code: code.as_str().into(), shared: *shared }).await;
            }
            if count == 0 {
                continue;
            }
            if shared.is_none() {
                self.metrics.logins.count_without_code(&kind.store, &kind.provider, count);
                let why =
                    "failed logins of this minute showed no incident code: too many different ones came from one address or at one place";
                tracing::warn!(store = &*kind.store, provider = &*kind.provider, cause = &*kind.cause, minute, count, "{why}");
            }
            let event = AuditEvent::new(minute.saturating_mul(60).saturating_add(59), &kind.store, AuditEventKind::Failed)
                .via_provider(&kind.provider);
            let event = event.with_reason(kind.code.as_ref().unwrap_or(&kind.cause));
            let incident = shared.map(|(code, _)| code.as_str().into());
            let event = AuditEvent { version: Some(kind.version), evidence: Some(count.to_string().into()), incident, ..event };
            if self.directory.write(RecordAuditEvent(event)).await.is_err() {
                tracing::warn!(store = &*kind.store, provider = &*kind.provider, count, "failed logins are missing in the audit");
            }
        }
    }

    /// Rotates the signing keys where that is due.
    pub(crate) async fn rotate_keys(&self, now: i64) -> Result<(), StorageUnavailable> {
        let live_stores: Vec<Arc<LiveStore>> = self.live_config.load().live_stores().cloned().collect();
        self.signing.rotate(&self.directory, &live_stores, now).await
    }
}

//! What requests need: the stores as they serve right now, and the doors they share.

use crate::directory::{Directory, StorageUnavailable};
use crate::drift::DriftMonitor;
use crate::provider::document_cache::DocumentCache;
use crate::session::revocation::Revocations;
use crate::session::seal::{MasterKey, Seal};
use crate::stores::Stores;
use crate::stores::connection::{NetworkConnection, ProviderConnection};
use crate::stores::live::LiveProvider;
use crate::stores::settings::Settings;
use crate::web::live_config::LiveConfig;
use crate::web::metrics::Metrics;
use crate::web::rate_limits::RateLimits;
use crate::web::signing_keys::SigningKeys;
use crate::web::storage_sync::StorageSync;
use crate::web::story_throttle::StoryThrottle;
use crate::web::workbench_hooks::WorkbenchHooks;
use crate::world::clock;
use crate::world::network::{Network, NetworkPolicy};
use arc_swap::{ArcSwap, Guard};
use aws_lc_rs::hmac;
use std::sync::{Arc, Mutex, PoisonError};

/// Everything that requests need.
pub struct App {
    serving: ArcSwap<LiveConfig>,
    complaint: Mutex<Option<String>>,
    /// Who has come in.
    pub directory: Arc<Directory>,
    connection: NetworkConnection,
    pub(crate) workbench: WorkbenchHooks,
    /// Sessions that ended early.
    pub revocations: Revocations,
    news: StorageSync,
    /// The signing keys.
    pub signing: SigningKeys,
    /// Seals attempts.
    pub attempts: Seal,
    /// Seals callbacks that came by a form.
    pub(crate) callbacks: Seal,
    /// Seals what our own forms say of where they come from.
    pub forms: Seal,
    /// Seals who proves an address.
    pub(crate) proofs: Seal,
    /// Hashes codes and addresses.
    pub(crate) proof_key: hmac::Key,
    /// Who may ask how often.
    pub(crate) limits: RateLimits,
    pub(crate) metrics: Metrics,
    /// Whether providers still answer as they did.
    pub drift: DriftMonitor,
    /// What was told in this minute of logins that could not begin.
    pub(crate) stories: StoryThrottle,
}

impl App {
    /// Puts everything together; `master` is the key from which all others come.
    pub async fn new(
        settings: &Settings,
        directory: Arc<Directory>,
        master: &MasterKey,
        workbench: WorkbenchHooks,
    ) -> Result<Self, StorageUnavailable> {
        let now = clock::now();
        let serving = LiveConfig::new(settings, None, now, &workbench);
        let plan = serving.key_rotation();
        let (network, no_certificates) = Network::new(network_reach(settings, serving.stores()));
        if let Some(reason) = no_certificates {
            tracing::warn!(
                reason,
                "this machine knows no certificate authorities, so no provider can be reached by https; install ca-certificates"
            );
        }
        let playground = Some(Arc::clone(&workbench.playground));
        let connection = NetworkConnection { network, documents: DocumentCache::default(), playground };
        let app = Self {
            serving: ArcSwap::from_pointee(serving),
            complaint: Mutex::default(),
            signing: SigningKeys::open(&directory, master, plan, now).await?,
            news: StorageSync::default(),
            directory,
            connection,
            revocations: Revocations::default(),
            attempts: Seal::new(master, "attempts"),
            callbacks: Seal::new(master, "callbacks"),
            forms: Seal::new(master, "forms"),
            proofs: Seal::new(master, "proofs"),
            proof_key: hmac::Key::new(hmac::HMAC_SHA256, &*master.derive("codes and addresses")),
            limits: RateLimits::default(),
            metrics: Metrics::default(),
            drift: DriftMonitor::new(workbench.find_causes),
            stories: StoryThrottle::default(),
            workbench,
        };
        app.drift.load(&app.directory, now).await?;
        app.sync_with_storage(now).await?;
        Ok(app)
    }

    /// The stores right now.
    pub fn live_config(&self) -> Guard<Arc<LiveConfig>> {
        self.serving.load()
    }

    /// How a provider is reached: through the network, or by the connection that replaces it.
    pub(crate) fn connection_of<'a>(&'a self, live_provider: &'a LiveProvider) -> &'a dyn ProviderConnection {
        live_provider.replaced.as_deref().unwrap_or(&self.connection)
    }

    /// Takes over changed settings, words and looks.
    pub fn apply_settings(&self, settings: &Settings, now: i64) {
        let next = LiveConfig::new(settings, Some(&**self.serving.load()), now, &self.workbench);
        for complaint in &next.complaints {
            tracing::error!(complaint, "a part of the settings is not in use");
        }
        self.connection.network.set_policy(network_reach(settings, next.stores()));
        self.serving.store(Arc::new(next));
        self.set_complaint(None);
    }

    /// What is wrong with the settings as they are on the disk now.
    pub(crate) fn set_complaint(&self, complaint: Option<String>) {
        *self.complaint.lock().unwrap_or_else(PoisonError::into_inner) = complaint;
    }

    /// Everything that is wrong with settings and words, while older ones serve.
    pub fn complaints(&self) -> Vec<String> {
        let complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner).clone();
        complaint.into_iter().chain(self.serving.load().complaints.iter().cloned()).collect()
    }

    /// Asks storage what other machines have done.
    pub async fn sync_with_storage(&self, now: i64) -> Result<(), StorageUnavailable> {
        self.news.read(&self.directory, &self.revocations, &self.signing, now).await
    }

    /// Turns the signing keys over where that is due.
    pub(crate) async fn rotate_keys(&self, now: i64) -> Result<(), StorageUnavailable> {
        let plan = self.live_config().key_rotation();
        self.signing.rotate(&self.directory, plan, now).await
    }
}

/// Which addresses providers may have.
pub(crate) fn network_reach(settings: &Settings, stores: &Stores) -> NetworkPolicy {
    let listed = settings.spec.iter().filter_map(|spec| spec.private_hosts.as_ref()).flat_map(|list| &list.0);
    NetworkPolicy {
        everything: stores.all().iter().all(|store| store.loopback),
        private_hosts: listed.map(|host| host.value.as_str().into()).collect(),
    }
}

//! The metrics. Each subject has a file of its own, which registers its series and holds what sets them. `docs/monitoring.md` lists all.

pub(crate) mod checks;
pub(crate) mod gauge_guard;
pub(crate) mod drift;
pub(crate) mod events;
pub(crate) mod limits;
pub(crate) mod logins;
pub(crate) mod logout_notices;
pub(crate) mod mails;
pub(crate) mod next_versions;
pub(crate) mod process;
pub(crate) mod provider_files;
pub(crate) mod reloads;
pub(crate) mod sessions;
pub(crate) mod storage;

use crate::directory::Directory;
use crate::provider::email_code::EMAIL_CODE;
use crate::provider::passkey::PASSKEY;
use crate::stores::live::LiveProvidersSnapshot;
use crate::web::live_config::{LiveConfig, LiveStore};
use crate::web::metrics::checks::CheckMetrics;
use crate::web::metrics::drift::DriftMetrics;
use crate::web::metrics::events::StoreEventMetrics;
use crate::web::metrics::limits::LimitMetrics;
use crate::web::metrics::logins::LoginMetrics;
use crate::web::metrics::logout_notices::LogoutNoticeMetrics;
use crate::web::metrics::mails::MailMetrics;
use crate::web::metrics::next_versions::NextVersionMetrics;
use crate::web::metrics::process::ProcessMetrics;
use crate::web::metrics::provider_files::ProviderFileMetrics;
use crate::web::metrics::reloads::ReloadMetrics;
use crate::web::metrics::sessions::SessionMetrics;
use crate::web::metrics::storage::StorageMetrics;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// For so many stores, and so many providers of a store, the series are made before anything happens. Those of further ones begin with the
/// first event, so that an installation with thousands of them is read no more slowly than it has to be.
const MOST_PREPARED: usize = 200;

pub(crate) struct Metrics {
    registry: Registry,
    prepared: Mutex<PreparedSeries>,
    pub(crate) logins: LoginMetrics,
    pub(crate) sessions: SessionMetrics,
    pub(crate) checks: CheckMetrics,
    pub(crate) limits: LimitMetrics,
    pub(crate) provider_files: ProviderFileMetrics,
    pub(crate) reloads: ReloadMetrics,
    pub(crate) drift: DriftMetrics,
    pub(crate) next_versions: NextVersionMetrics,
    pub(crate) logout_notices: LogoutNoticeMetrics,
    pub(crate) store_events: StoreEventMetrics,
    pub(crate) mails: MailMetrics,
    pub(crate) storage: StorageMetrics,
    pub(crate) process: ProcessMetrics,
}

/// The series that were made before anything happened.
#[derive(Default)]
struct PreparedSeries {
    /// The settings and the live providers of a store that were looked through last.
    stores: HashMap<Box<str>, (Weak<LiveStore>, Weak<LiveProvidersSnapshot>)>,
    /// Stores and providers.
    providers: HashSet<(Box<str>, Box<str>)>,
}

impl Metrics {
    pub(crate) fn new(directory: &Directory, now: i64) -> Self {
        let mut all = Registry::default();
        let process = ProcessMetrics::new(&mut all, now);
        let registry = all.sub_registry_with_prefix("portaria");
        Self {
            prepared: Mutex::default(),
            logins: LoginMetrics::new(registry),
            sessions: SessionMetrics::new(registry),
            checks: CheckMetrics::new(registry),
            limits: LimitMetrics::new(registry),
            provider_files: ProviderFileMetrics::new(registry),
            reloads: ReloadMetrics::new(registry),
            drift: DriftMetrics::new(registry),
            next_versions: NextVersionMetrics::new(registry),
            logout_notices: LogoutNoticeMetrics::new(registry),
            store_events: StoreEventMetrics::new(registry),
            mails: MailMetrics::new(registry),
            storage: StorageMetrics::new(registry, directory),
            process,
            registry: all,
        }
    }

    /// Makes the series of stores and providers that are new, so that what happens first is a change from 0.
    pub(crate) fn prepare(&self, live_config: &LiveConfig) {
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        for live_store in live_config.live_stores() {
            let (store, snapshot) = (&live_store.store.name, Arc::clone(&live_store.providers.snapshot()));
            let seen = (Arc::downgrade(live_store), Arc::downgrade(&snapshot));
            let known = prepared.stores.get(store);
            if known.is_some_and(|(of_store, of_providers)| of_store.ptr_eq(&seen.0) && of_providers.ptr_eq(&seen.1)) {
                continue;
            }
            if known.is_some() || prepared.stores.len() < MOST_PREPARED {
                prepared.stores.insert(store.clone(), seen);
                self.prepare_store(live_store);
            }
            let passkey = live_store.offers_passkeys().then_some(PASSKEY);
            let code = live_store.offers_email_code().then_some(EMAIL_CODE);
            let of_files = snapshot.all().map(|live_provider| &*live_provider.listed.name);
            for provider in of_files.filter(|name| live_store.shows_provider(name)).chain(passkey).chain(code) {
                if prepared.providers.len() < MOST_PREPARED && prepared.providers.insert((store.clone(), provider.into())) {
                    self.logins.prepare(store, provider);
                }
            }
        }
    }

    fn prepare_store(&self, live_store: &LiveStore) {
        let store = &live_store.store.name;
        self.sessions.prepare(store);
        self.mails.prepare(store);
        if live_store.store.events.is_some() {
            self.store_events.prepare(store);
        }
        for app in live_store.apps.iter().filter(|app| app.back_channel_logout.is_some()) {
            self.logout_notices.prepare(store, &app.name);
        }
    }

    /// All metrics in the format of OpenMetrics.
    pub(crate) fn open_metrics_text(&self) -> String {
        self.checks.collect();
        self.process.collect();
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to memory works");
        text
    }
}

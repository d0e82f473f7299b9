//! What requests need: the stores as they serve right now, and the doors they share.

use crate::directory::{Away, Directory};
use crate::drift::Drift;
use crate::playground::Playground;
use crate::provider::documents::Documents;
use crate::roster::Offer;
use crate::session::revocation::Revocations;
use crate::session::seal::{MasterKey, Seal};
use crate::settings::Settings;
use crate::stores::Stores;
use crate::web::failed::Stories;
use crate::web::lab::tests::Tests;
use crate::web::limits::Limits;
use crate::web::metrics::Metrics;
use crate::web::news::News;
use crate::web::serving::Serving;
use crate::web::signing::Signing;
use crate::world::clock;
use crate::world::network::{Network, Reach};
use arc_swap::{ArcSwap, Guard};
use aws_lc_rs::hmac;
use std::sync::{Arc, Mutex, PoisonError};

/// Everything that requests need.
pub struct App {
    serving: ArcSwap<Serving>,
    complaint: Mutex<Option<String>>,
    /// Who has come in.
    pub directory: Arc<Directory>,
    /// The way out.
    pub network: Network,
    /// What issuers publish.
    pub documents: Documents,
    /// Sessions that ended early.
    pub revocations: Revocations,
    news: News,
    /// The signing keys.
    pub signing: Signing,
    /// Seals attempts.
    pub attempts: Seal,
    /// Seals callbacks that came by a form.
    pub callbacks: Seal,
    /// Seals what our own forms say of where they come from.
    pub forms: Seal,
    /// Seals who proves an address.
    pub proofs: Seal,
    /// Hashes codes and addresses.
    pub proof_key: hmac::Key,
    /// The provider for trying things out.
    pub playground: Playground,
    /// Who may ask how often.
    pub limits: Limits,
    /// What is counted.
    pub metrics: Metrics,
    /// Whether providers still answer as they did.
    pub drift: Drift,
    /// What was told in this minute of logins that could not begin.
    pub stories: Stories,
    /// Test logins of the staff.
    pub tests: Tests,
}

impl App {
    /// Puts everything together; `master` is the key from which all others come.
    pub async fn new(settings: &Settings, directory: Arc<Directory>, master: &MasterKey) -> Result<Self, Away> {
        let now = clock::now();
        let serving = Serving::new(settings, None, now);
        let plan = serving.rotation();
        let (network, no_certificates) = Network::new(reach(settings, serving.stores()));
        if let Some(reason) = no_certificates {
            tracing::warn!(
                reason,
                "this machine knows no certificate authorities, so no provider can be reached by https; install ca-certificates"
            );
        }
        let app = Self {
            serving: ArcSwap::from_pointee(serving),
            complaint: Mutex::default(),
            signing: Signing::open(&directory, master, plan, now).await?,
            news: News::default(),
            directory,
            network,
            documents: Documents::default(),
            revocations: Revocations::default(),
            attempts: Seal::new(master, "attempts"),
            callbacks: Seal::new(master, "callbacks"),
            forms: Seal::new(master, "forms"),
            proofs: Seal::new(master, "proofs"),
            proof_key: hmac::Key::new(hmac::HMAC_SHA256, &*master.derive("codes and addresses")),
            playground: Playground::new(*master.derive("playground")),
            limits: Limits::default(),
            metrics: Metrics::default(),
            drift: Drift::default(),
            stories: Stories::default(),
            tests: Tests::default(),
        };
        app.drift.recall(&app.directory, now).await?;
        app.listen_to_storage(now).await?;
        Ok(app)
    }

    /// The stores right now.
    pub fn serving(&self) -> Guard<Arc<Serving>> {
        self.serving.load()
    }

    /// What the issuer of a provider publishes: the real one, or the one that is played here.
    pub fn documents_of<'a>(&'a self, offer: &'a Offer) -> &'a Documents {
        offer.simulated.as_ref().map_or(&self.documents, |simulated| &simulated.documents)
    }

    /// Takes over changed settings, words and looks.
    pub fn change(&self, settings: &Settings, now: i64) {
        let next = Serving::new(settings, Some(&**self.serving.load()), now);
        for complaint in &next.complaints {
            tracing::error!(complaint, "a part of the settings is not in use");
        }
        self.network.allow(reach(settings, next.stores()));
        self.serving.store(Arc::new(next));
        self.complain(None);
    }

    /// What is wrong with the settings as they are on the disk now.
    pub fn complain(&self, complaint: Option<String>) {
        *self.complaint.lock().unwrap_or_else(PoisonError::into_inner) = complaint;
    }

    /// Everything that is wrong with settings and words, while older ones serve.
    pub fn complaints(&self) -> Vec<String> {
        let complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner).clone();
        complaint.into_iter().chain(self.serving.load().complaints.iter().cloned()).collect()
    }

    /// Asks storage what other machines have done.
    pub async fn listen_to_storage(&self, now: i64) -> Result<(), Away> {
        self.news.read(&self.directory, &self.revocations, &self.signing, now).await
    }

    /// Turns the signing keys over where that is due.
    pub async fn turn_keys(&self, now: i64) -> Result<(), Away> {
        let plan = self.serving().rotation();
        self.signing.turn(&self.directory, plan, now).await
    }
}

/// Which addresses providers may have.
pub fn reach(settings: &Settings, stores: &Stores) -> Reach {
    let listed = settings.spec.iter().filter_map(|spec| spec.private_hosts.as_ref()).flat_map(|list| &list.0);
    Reach {
        everything: stores.all().iter().all(|store| store.loopback),
        private_hosts: listed.map(|host| host.value.as_str().into()).collect(),
    }
}

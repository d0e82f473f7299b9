//! What serves: the stores with their providers, looks and words as they are right now, and the doors they share.

use crate::directory::{Away, Directory, SealedKey};
use crate::pages::{Accent, Languages, Logo, Look};
use crate::playground::Playground;
use crate::provider::Ground;
use crate::provider::documents::Documents;
use crate::roster::Roster;
use crate::session::keys::{Key, Keys, Parties};
use crate::session::revocation::Revocations;
use crate::session::seal::{MasterKey, Seal};
use crate::settings::Settings;
use crate::stores::{Store, Stores};
use crate::web::failed::Stories;
use crate::web::limits::Limits;
use crate::web::metrics::Metrics;
use crate::world::network::{Network, Reach};
use crate::world::{clock, dice, files};
use arc_swap::{ArcSwap, Guard};
use aws_lc_rs::digest::{SHA256, digest};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The largest picture that is served.
const LARGEST_PICTURE: usize = 256 * 1024;

/// Everything that requests need.
pub struct App {
    serving: ArcSwap<Serving>,
    complaint: Mutex<Option<String>>,
    /// Who has come in.
    pub directory: Arc<dyn Directory>,
    /// The way out.
    pub network: Network,
    /// What issuers publish.
    pub documents: Documents,
    /// Sessions that ended early.
    pub revocations: Revocations,
    /// The signing keys.
    pub keys: Keys,
    /// Seals attempts.
    pub attempts: Seal,
    /// Seals callbacks that came by a form.
    pub callbacks: Seal,
    /// The provider for trying things out.
    pub playground: Playground,
    /// Who may ask how often.
    pub limits: Limits,
    /// What is counted.
    pub metrics: Metrics,
    /// What was told in this minute of logins that could not begin.
    pub stories: Stories,
}

/// The stores at one moment.
pub struct Serving {
    stores: Stores,
    fronts: HashMap<Box<str>, Arc<Front>>,
    /// What was complained about when the words of the pages were read.
    pub complaints: Vec<String>,
}

/// A store as it serves.
pub struct Front {
    /// The store.
    pub store: Arc<Store>,
    /// Its number among the stores, for the limits.
    pub number: u32,
    /// Its providers.
    pub roster: Arc<Roster>,
    /// How it looks.
    pub look: Look,
    /// Its logo.
    pub logo: Option<Picture>,
    /// What changes when its look does.
    pub version: String,
    /// The words of its pages.
    pub languages: Arc<Languages>,
}

/// A picture as it is served.
#[derive(Clone)]
pub struct Picture {
    /// What kind it is.
    pub kind: &'static str,
    /// Its bytes.
    pub bytes: actix_web::web::Bytes,
}

impl Front {
    /// Whom the tokens of this store are from and for.
    pub fn parties(&self) -> Parties<'_> {
        Parties { issuer: &self.store.public_url, audience: &self.store.audience, store: &self.store.name }
    }

    /// Whether a provider is there for this store.
    pub fn offers(&self, name: &str) -> bool {
        self.store.playground || name != PLAYGROUND
    }

    /// The origins to which a shopper may be sent: those of the settings, and our own.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.store.return_to.iter().map(|origin| &**origin).chain([&*self.store.public_url])
    }
}

/// The file of the playground's provider.
pub const PLAYGROUND: &str = "playground";

impl Serving {
    /// The store of a host.
    pub fn at(&self, host: &str) -> Option<&Arc<Front>> {
        self.fronts.get(&self.stores.at(host)?.name)
    }

    /// The stores.
    pub fn stores(&self) -> &Stores {
        &self.stores
    }

    /// All stores as they serve.
    pub fn fronts(&self) -> impl Iterator<Item = &Arc<Front>> {
        self.fronts.values()
    }

    /// Makes it from settings; what has not changed since `before` is taken over.
    pub fn new(settings: &Settings, before: Option<&Self>, now: i64) -> Self {
        let stores = Stores::new(settings);
        let mut complaints = Vec::new();
        let (mut rosters, mut words) = (HashMap::new(), HashMap::new());
        for front in before.iter().flat_map(|before| before.fronts()) {
            rosters.insert((front.roster.folder().to_owned(), front.roster.ground().loopback), Arc::clone(&front.roster));
        }
        let mut fronts = HashMap::new();
        for (number, store) in stores.all().iter().enumerate() {
            let ground = Ground { loopback: store.loopback };
            let roster = rosters.entry((store.providers.clone(), ground.loopback));
            let roster = roster.or_insert_with(|| Arc::new(Roster::open(&store.providers, ground, now)));
            let languages = words.entry(store.phrases.clone()).or_insert_with(|| {
                let kept = before.and_then(|before| before.fronts.get(&store.name)).map(|front| Arc::clone(&front.languages));
                languages(store.phrases.as_deref(), kept, &mut complaints)
            });
            let logo = store.logo.as_deref().and_then(picture);
            let look = look(store, logo.is_some());
            let version = version(&look, logo.as_ref());
            let front = Front {
                store: Arc::clone(store),
                number: u32::try_from(number).unwrap_or(u32::MAX),
                roster: Arc::clone(roster),
                languages: Arc::clone(languages),
                look,
                logo,
                version,
            };
            fronts.insert(store.name.clone(), Arc::new(front));
        }
        Self { stores, fronts, complaints }
    }
}

fn look(store: &Store, logo: bool) -> Look {
    Look {
        title: store.title.to_string(),
        home: store.return_to.first().map(|origin| format!("{origin}/")),
        logo: logo.then_some(Logo::Mark),
        accent: store.accent.as_deref().and_then(Accent::parse).unwrap_or_default(),
        help: store.help.as_deref().map(str::to_owned),
        privacy: store.privacy.as_deref().map(str::to_owned),
    }
}

fn version(look: &Look, logo: Option<&Picture>) -> String {
    let mut text = format!("{}{}", crate::pages::STYLE, crate::pages::store_css(look)).into_bytes();
    text.extend(logo.iter().flat_map(|logo| logo.bytes.iter()));
    digest(&SHA256, &text).as_ref()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A picture from the disk, if it is one.
pub fn picture(path: &Path) -> Option<Picture> {
    let kind = match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "ico" => "image/x-icon",
        _ => return None,
    };
    let bytes = files::bytes(path, LARGEST_PICTURE + 1).ok().filter(|bytes| bytes.len() <= LARGEST_PICTURE)?;
    Some(Picture { kind, bytes: bytes.into() })
}

/// The words of the pages; while an operator's are wrong, those that were good before.
fn languages(folder: Option<&Path>, before: Option<Arc<Languages>>, complaints: &mut Vec<String>) -> Arc<Languages> {
    let Some(folder) = folder else { return Arc::new(Languages::embedded()) };
    let named = |path: PathBuf| {
        let source = files::source(&path).ok()?;
        Some((path.file_stem()?.to_str()?.to_owned(), source.text.to_string()))
    };
    let texts: Vec<(String, String)> = files::yaml_files(folder).unwrap_or_default().into_iter().filter_map(named).collect();
    match Languages::with(&texts) {
        Ok(languages) => Arc::new(languages),
        Err(wrong) => {
            complaints.extend(wrong.iter().map(|(language, message)| format!("{}/{language}.yaml: {message}", folder.display())));
            before.unwrap_or_else(|| Arc::new(Languages::embedded()))
        }
    }
}

impl App {
    /// Puts everything together; `master` is the key from which all others come.
    pub async fn new(settings: &Settings, directory: Arc<dyn Directory>, master: &MasterKey) -> Result<Self, Away> {
        let now = clock::now();
        let serving = Serving::new(settings, None, now);
        let (network, no_certificates) = Network::new(reach(settings, &serving));
        if let Some(reason) = no_certificates {
            tracing::warn!(
                reason,
                "this machine knows no certificate authorities, so no provider can be reached by https; install ca-certificates"
            );
        }
        let app = Self {
            serving: ArcSwap::from_pointee(serving),
            complaint: Mutex::default(),
            keys: keys(&*directory, &Seal::new(master, "signing keys"), now).await?,
            directory,
            network,
            documents: Documents::default(),
            revocations: Revocations::default(),
            attempts: Seal::new(master, "attempts"),
            callbacks: Seal::new(master, "callbacks"),
            playground: Playground::new(*master.derive("playground")),
            limits: Limits::default(),
            metrics: Metrics::default(),
            stories: Stories::default(),
        };
        app.listen_to_storage(now).await?;
        Ok(app)
    }

    /// The stores right now.
    pub fn serving(&self) -> Guard<Arc<Serving>> {
        self.serving.load()
    }

    /// Takes over changed settings, words and looks.
    pub fn change(&self, settings: &Settings, now: i64) {
        let next = Serving::new(settings, Some(&**self.serving.load()), now);
        self.network.allow(reach(settings, &next));
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

    /// Asks storage which sessions have ended since it was last asked.
    pub async fn listen_to_storage(&self, now: i64) -> Result<(), Away> {
        loop {
            let (ends, last) = self.directory.ended_since(self.revocations.seen()).await?;
            let more = ends.len() >= 1000;
            self.revocations.learn(ends.into_iter().map(|(_, sid, latest)| (sid, latest)), last, now);
            if !more {
                return Ok(());
            }
        }
    }
}

fn reach(settings: &Settings, serving: &Serving) -> Reach {
    let listed = settings.spec.iter().filter_map(|spec| spec.private_hosts.as_ref()).flat_map(|list| &list.0);
    Reach {
        everything: serving.stores.all().iter().all(|store| store.loopback),
        private_hosts: listed.map(|host| host.value.as_str().into()).collect(),
    }
}

/// The signing keys, made when there are none.
async fn keys(directory: &dyn Directory, seal: &Seal, now: i64) -> Result<Keys, Away> {
    let mut sealed = directory.keys().await?;
    if sealed.is_empty() {
        let id = dice::name();
        let fresh = SealedKey { sealed: seal.seal(&[&id], &dice::signing_key(), dice::bytes()), id, made: now };
        sealed = directory.first_key(&fresh).await?;
    }
    let keys: Vec<Key> = sealed.iter().filter_map(|key| Key::new(&key.id, &seal.open(&[&key.id], &key.sealed)?)).collect();
    if keys.len() < sealed.len() {
        tracing::error!("{} signing keys cannot be opened: they were sealed with another master key", sealed.len() - keys.len());
    }
    Keys::new(keys).ok_or(Away)
}

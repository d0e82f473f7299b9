//! The live configuration: the stores with their current providers, brandings and phrases.

use crate::apps::client_app::AppAuthentication;
use crate::pages::{Accent, PASSKEY_SCRIPT, PageLanguages, StoreBranding, StoreLogo, store_css};
use crate::passkeys::ceremony::RelyingParty;
use crate::provider::value_reference::SecretReference;
use crate::session::keys::TokenParties;
use crate::stores::apps::{ClientApps, read_authentication, unknown_providers};
use crate::stores::events::{EventKey, StoreEvents, read_event_key};
use crate::stores::live::{LiveProvider, LiveProviders, ProviderFolder};
use crate::stores::picture::Picture;
use crate::stores::read_policy::ReadPolicy;
use crate::stores::settings::apps::AppSpec;
use crate::stores::settings::{MailSpec, Settings};
use crate::stores::store_boundaries::StoreBoundaries;
use crate::stores::{Store, Stores};
use crate::vocabulary::hash::{hex, sha256};
use crate::web::workbench_hooks::WorkbenchHooks;
use crate::world::mail::Mailer;
use crate::world::slow_disk::{NotRead, read_in_time};
use crate::world::{clock, files, secrets};
use actix_web::HttpRequest;
use actix_web::http::header::HOST;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// All stores at one moment.
pub struct LiveConfig {
    stores: Stores,
    live_stores: HashMap<Box<str>, Arc<LiveStore>>,
    /// Problems with phrases, logos, mail servers and the secrets of apps and events.
    pub(crate) complaints: Vec<String>,
    /// What could not be read, because its disk did not answer. What was read before stays in use.
    pub(crate) unanswered: Vec<PathBuf>,
}

/// A store with what its pages need.
pub struct LiveStore {
    /// The settings of the store as they were last read.
    pub store: Arc<Store>,
    /// Its number among the stores, by which limits are counted.
    pub(crate) number: u32,
    /// The providers of its folder, which change with its files without a restart.
    pub providers: Arc<LiveProviders>,
    pub(crate) look: StoreBranding,
    pub(crate) logo: Option<Picture>,
    /// A version that changes with everything that its pages load.
    pub(crate) version: String,
    pub(crate) languages: Arc<PageLanguages>,
    /// Sends its mail, if a server is set.
    pub mailer: Option<Arc<Mailer>>,
    /// Its client apps.
    pub apps: ClientApps,
    /// The keys with which its events are signed; none if they cannot be.
    pub(crate) event_keys: Vec<EventKey>,
}

impl LiveStore {
    /// The issuer and the audience of this store's tokens.
    pub fn token_parties(&self) -> TokenParties<'_> {
        self.store.token_parties()
    }

    /// Whether an app of the store has its tokens signed with RSA.
    pub fn needs_rsa(&self) -> bool {
        self.apps.needs_rsa()
    }

    /// What the apps of the store may name under `providers`; broken files are among it.
    pub(crate) fn names_for_apps(&self) -> Vec<String> {
        let snapshot = self.providers.snapshot();
        let stems = snapshot.file_reports().keys().filter_map(|path| path.file_stem());
        self.store.names_for_apps(stems.map(|stem| stem.to_string_lossy().into_owned()).collect())
    }

    /// The provider files that apps name and that the folder does not hold.
    pub(crate) fn app_complaints(&self) -> Vec<String> {
        let known = self.names_for_apps();
        let unknown = |(name, app): &(Box<str>, AppSpec)| -> Vec<String> {
            let complaint = |provider: &str| {
                format!("the app `{name}` of the store `{}` names the provider `{provider}`, which has no file there", self.store.name)
            };
            unknown_providers(app, &known).into_iter().map(|provider| complaint(provider)).collect()
        };
        self.store.apps.iter().flat_map(unknown).collect()
    }

    /// Whether a provider may be shown here: the playground only where the store has it.
    pub(crate) fn shows_provider(&self, name: &str) -> bool {
        self.store.playground || name != PLAYGROUND
    }

    /// Whether people may sign in here by a code that is sent to their e-mail address.
    pub(crate) fn offers_email_code(&self) -> bool {
        self.store.email_code && self.mailer.is_some()
    }

    /// Whether people may sign in here by a passkey.
    pub(crate) fn offers_passkeys(&self) -> bool {
        self.store.passkeys.is_some()
    }

    /// The store as passkeys belong to it, where it offers them.
    pub(crate) fn relying_party(&self) -> Option<RelyingParty<'_>> {
        self.store.passkeys.as_ref().map(|place| RelyingParty { host: &place.host, origin: &place.origin })
    }

    /// The providers that have a button at this store.
    pub(crate) fn providers_with_button(&self) -> Vec<Arc<LiveProvider>> {
        let snapshot = self.providers.snapshot();
        snapshot.buttons().iter().filter(|live_provider| self.shows_provider(&live_provider.listed.name)).cloned().collect()
    }

    /// The address to which a shopper returns if the login names none.
    pub(crate) fn default_landing(&self) -> String {
        self.store.first_storefront().map_or_else(|| "/login".to_owned(), |origin| format!("{origin}/"))
    }

    /// The origins to which a shopper may be sent: those of the settings, and the broker's own.
    pub fn allowed_origins(&self) -> impl Iterator<Item = &str> {
        self.store.return_to.iter().map(|origin| &**origin).chain([&*self.store.public_url])
    }
}

/// The name of the playground's provider file.
pub(crate) const PLAYGROUND: &str = "playground";

impl LiveConfig {
    /// The store of a host.
    pub fn store_for_host(&self, host: &str) -> Option<&Arc<LiveStore>> {
        self.live_stores.get(&self.stores.by_host(host)?.name)
    }

    /// The store of a request by its host; a host in the address itself has to be the same.
    pub(crate) fn store_of_request(&self, request: &HttpRequest) -> Option<&Arc<LiveStore>> {
        self.store_for_host(host_of_request(request)?)
    }

    /// The store that services inside the network reach under the host of the request.
    pub(crate) fn store_of_internal_request(&self, request: &HttpRequest) -> Option<&Arc<LiveStore>> {
        self.live_stores.get(&self.stores.by_internal_host(host_of_request(request)?)?.name)
    }

    /// The store that is asked about: that of the host, or for a proxy on a host of the shop the one store that has it in `returnTo`.
    pub(crate) fn store_of_question(&self, request: &HttpRequest) -> Option<&Arc<LiveStore>> {
        self.store_of_request(request).or_else(|| {
            let host = request.headers().get(HOST)?.to_str().ok()?;
            self.live_stores.get(&self.stores.by_storefront(host)?.name)
        })
    }

    pub(crate) fn stores(&self) -> &Stores {
        &self.stores
    }

    /// How many connections a client may have, unless it is a proxy of a store, through which many clients come.
    pub(crate) fn most_connections(&self, client: IpAddr) -> Option<u32> {
        let is_proxy = self.live_stores().any(|live_store| live_store.store.is_proxy(client));
        self.stores.most_connections().filter(|_| !is_proxy)
    }

    /// All stores that are served by this configuration.
    pub fn live_stores(&self) -> impl Iterator<Item = &Arc<LiveStore>> {
        self.live_stores.values()
    }

    /// Makes the configuration from settings and takes over from `before` what has not changed.
    pub(crate) fn new(settings: &Settings, before: Option<&Self>, now: i64, workbench: &WorkbenchHooks) -> Self {
        let stores = Stores::new(settings);
        let (mut complaints, mut unanswered) = (Vec::new(), Vec::new());
        let (mut all_live_providers, mut words) = (HashMap::new(), HashMap::new());
        for live_store in before.iter().flat_map(|before| before.live_stores()) {
            let providers = &live_store.providers;
            let key = (providers.folder().to_owned(), providers.installation_context().loopback, providers.policy().clone());
            all_live_providers.insert(key, Arc::clone(providers));
        }
        let simulated = (&*settings.simulated, workbench.replace_connection);
        let asked = clock::instant();
        let boundaries = Arc::new(StoreBoundaries::new(settings, &stores));
        let folder_of = |store: &Store| (store.providers.clone(), store.loopback, ReadPolicy::within(&boundaries, store));
        #[expect(clippy::mutable_key_type, reason = "what changes in a policy is neither hashed nor compared")]
        let folders: HashSet<ProviderFolder> = stores.all().iter().map(|store| folder_of(store)).collect();
        let new: Vec<ProviderFolder> = folders.into_iter().filter(|folder| !all_live_providers.contains_key(folder)).collect();
        let opened = LiveProviders::open_all(&new, simulated, (asked, now));
        all_live_providers.extend(new.into_iter().zip(opened));
        let assets = sha256::<32>(workbench.assets.concat().as_bytes());
        let mut live_stores = HashMap::new();
        for (number, store) in stores.all().iter().enumerate() {
            let providers = all_live_providers.get(&folder_of(store)).expect("the folder of each store is open");
            let earlier = before.and_then(|before| before.live_stores.get(&store.name));
            let languages = words.entry(store.phrases.clone()).or_insert_with(|| {
                let before = earlier.map(|live_store| Arc::clone(&live_store.languages));
                read_languages(store.phrases.as_deref(), before, (&mut complaints, &mut unanswered))
            });
            let logo = store.logo.as_deref().and_then(|path| {
                let read = read_or_note(path, Picture::read, (&mut complaints, &mut unanswered));
                read.unwrap_or_else(|| earlier.filter(|earlier| earlier.store.logo == store.logo)?.logo.clone())
            });
            let mailer = match &store.mail {
                Some(mail) => open_mail(mail, earlier.and_then(|live_store| live_store.mailer.clone()), (&mut complaints, &mut unanswered)),
                // No one has the invented addresses of a simulation, which runs on this machine alone.
                None => (!settings.simulated.is_empty()).then(|| Arc::new(Mailer::to_log())),
            };
            let apps = open_apps(store, earlier, (&mut complaints, &mut unanswered));
            let event_keys = open_event_keys(store, earlier, (&mut complaints, &mut unanswered));
            let look = store_look(store, logo.as_ref());
            let version = look_version(&look, logo.as_ref(), &assets);
            let live_store = LiveStore {
                store: Arc::clone(store),
                number: u32::try_from(number).unwrap_or(u32::MAX),
                providers: Arc::clone(providers),
                languages: Arc::clone(languages),
                mailer,
                apps,
                event_keys,
                look,
                logo,
                version,
            };
            live_stores.insert(store.name.clone(), Arc::new(live_store));
        }
        Self { stores, live_stores, complaints, unanswered }
    }
}

/// The host of a request; a host in the address itself has to be the same.
fn host_of_request(request: &HttpRequest) -> Option<&str> {
    let host = request.headers().get(HOST)?.to_str().ok()?;
    request.uri().authority().is_none_or(|authority| authority.as_str() == host).then_some(host)
}

/// What is read of a file or a folder; `None` if what was read of it before stays in use, and the reason is noted.
fn read_or_note<T: Send + 'static>(
    path: &Path,
    read: impl FnOnce(&Path) -> T + Send + 'static,
    (complaints, unanswered): (&mut Vec<String>, &mut Vec<PathBuf>),
) -> Option<T> {
    let note = |why: NotRead| match why {
        NotRead::NoAnswer => unanswered.push(path.to_owned()),
        NotRead::Failed => complaints.push(format!("`{}` could not be read: see the log, and restart the broker", path.display())),
    };
    read_in_time(path, read).map_err(note).ok()
}

/// The mailer of a store. If its settings cannot be used, that is a complaint, and the mailer before it stays in use.
fn open_mail(
    mail: &MailSpec,
    before: Option<Arc<Mailer>>,
    (complaints, unanswered): (&mut Vec<String>, &mut Vec<PathBuf>),
) -> Option<Arc<Mailer>> {
    let mut is_missing = false;
    let mut read = |reference: &Option<SecretReference>, label: &'static str| {
        let reference = reference.as_ref()?.0.clone();
        let (file, location) = (reference.file(), reference.location());
        let read = move |_: &Path| secrets::read_secret(&reference, label);
        let value = match &file {
            Some(file) => read_or_note(file, read, (&mut *complaints, &mut *unanswered)),
            None => Some(read(Path::new(""))),
        };
        if let Some(None) = &value {
            complaints.push(format!("`mail`: `{location}` is not set: set it, or leave `user` and `password` out"));
        }
        is_missing |= !matches!(value, Some(Some(_)));
        value.flatten()
    };
    let (user, password) = (read(&mail.user, "mail.user"), read(&mail.password, "mail.password"));
    if is_missing {
        return before;
    }
    let mailer = Mailer::new(&mail.smtp, user.as_ref(), password.as_ref(), &mail.from);
    match mailer {
        Ok(mailer) => Some(Arc::new(mailer)),
        Err(wrong) => {
            complaints.push(format!("`mail`: {wrong}"));
            before
        }
    }
}

/// The apps of a store. While the disk of a secret does not answer, the one that was read before stays in use.
fn open_apps(
    store: &Store,
    earlier: Option<&Arc<LiveStore>>,
    (complaints, unanswered): (&mut Vec<String>, &mut Vec<PathBuf>),
) -> ClientApps {
    let before = |name: &str, app: &AppSpec| {
        let earlier = earlier?;
        let (_, spec) = earlier.store.apps.iter().find(|(known, _)| **known == *name)?;
        let known = earlier.apps.find(name).filter(|_| spec.reads_from_same_place(app))?;
        Some(known.authentication.clone())
    };
    ClientApps::new(&store.apps, |name, app| {
        let of_app = app.clone();
        let read = move |_: &Path| read_authentication(&of_app);
        let found = match app.file() {
            Some(file) => read_or_note(&file, read, (&mut *complaints, &mut *unanswered)),
            None => Some(read(Path::new(""))),
        };
        match found {
            Some(Ok(authentication)) => authentication,
            Some(Err(unread)) => {
                complaints.push(format!("the app `{name}` of the store `{}` cannot sign anyone in: {unread}", store.name));
                AppAuthentication::Missing
            }
            None => before(name, app).unwrap_or(AppAuthentication::Missing),
        }
    })
}

/// The keys with which the events of a store are signed. While the disk of a secret does not answer, those that were read before stay in use.
fn open_event_keys(
    store: &Store,
    earlier: Option<&Arc<LiveStore>>,
    (complaints, unanswered): (&mut Vec<String>, &mut Vec<PathBuf>),
) -> Vec<EventKey> {
    let mut keys = Vec::new();
    for secret in store.events.iter().flat_map(|events| &events.secrets) {
        let reference = secret.0.clone();
        let file = reference.file();
        let read = move |_: &Path| read_event_key(&reference);
        let found = match file {
            Some(file) => read_or_note(&file, read, (&mut *complaints, &mut *unanswered)),
            None => Some(read(Path::new(""))),
        };
        match found {
            Some(Ok(key)) => keys.push(key),
            Some(Err(unread)) => {
                complaints.push(format!("an event of the store `{}` cannot be signed as the settings want it: {unread}", store.name));
            }
            None => {
                let places = |events: Option<&StoreEvents>| -> Vec<_> {
                    events.iter().flat_map(|events| &events.secrets).map(|secret| secret.0.clone()).collect()
                };
                let before = earlier.filter(|earlier| places(earlier.store.events.as_ref()) == places(store.events.as_ref()));
                return before.map(|before| before.event_keys.clone()).unwrap_or_default();
            }
        }
    }
    keys
}

fn store_look(store: &Store, logo: Option<&Picture>) -> StoreBranding {
    StoreBranding {
        title: store.title.to_string(),
        home: store.first_storefront().map(|origin| format!("{origin}/")),
        logo: logo.map(|logo| if logo.is_wide() { StoreLogo::Wide } else { StoreLogo::Square }),
        accent: store.accent.as_deref().and_then(Accent::parse).unwrap_or_default(),
        button: store.button.clone(),
        help: store.help.as_deref().map(str::to_owned),
        privacy: store.privacy.as_deref().map(str::to_owned),
    }
}

fn look_version(look: &StoreBranding, logo: Option<&Picture>, assets: &[u8]) -> String {
    let mut text = [assets, store_css(look).as_bytes(), PASSKEY_SCRIPT.as_bytes()].concat();
    text.extend(logo.iter().flat_map(|logo| logo.bytes.iter()));
    hex(&sha256::<6>(&text))
}

/// The phrases of the pages. While the operator's cannot be used, the ones before them stay in use.
fn read_languages(
    folder: Option<&Path>,
    before: Option<Arc<PageLanguages>>,
    (complaints, unanswered): (&mut Vec<String>, &mut Vec<PathBuf>),
) -> Arc<PageLanguages> {
    let Some(folder) = folder else { return Arc::new(PageLanguages::embedded()) };
    let named = |path: PathBuf| {
        let source = files::read_source(&path).ok()?;
        Some((path.file_stem()?.to_str()?.to_owned(), source.text.to_string()))
    };
    let read = move |folder: &Path| -> Vec<(String, String)> {
        files::yaml_files(folder).unwrap_or_default().into_iter().filter_map(named).collect()
    };
    let before = || before.unwrap_or_else(|| Arc::new(PageLanguages::embedded()));
    let Some(texts) = read_or_note(folder, read, (&mut *complaints, unanswered)) else { return before() };
    match PageLanguages::with_overrides(&texts) {
        Ok(languages) => Arc::new(languages),
        Err(wrong) => {
            complaints.extend(wrong.iter().map(|(language, message)| format!("{}/{language}.yaml: {message}", folder.display())));
            before()
        }
    }
}

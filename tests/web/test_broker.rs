//! The broker in this process, with its real routes, a directory in a temporary folder, and a provider beside it.

use crate::web::browser::Browser;
use crate::web::captured_log::CapturedLog;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_provider::TestProvider;
use actix_web::body::BoxBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{Data, PayloadConfig};
use portaria::commands::broker::Broker;
use portaria::directory::{Directory, StorageLocation};
use portaria::lab::handlers::LabState;
use portaria::session::seal::MasterKey;
use portaria::session::{Session, SessionUser};
use portaria::stores::settings::Settings;
use portaria::vocabulary::place::Source;
use portaria::web::app::App;
use portaria::web::forward_auth::TokenCache;
use portaria::web::live_config::LiveStore;
use portaria::world::{clock, random};
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

/// Where the shopper wants to go in the end.
pub const SHOP: &str = "http://localhost:9000";
/// The broker's own host.
pub const HOST: &str = "localhost:8080";
/// A store on the open net.
pub const OPEN: &str = "publicUrl: https://login.loja.example
returnTo: [ https://www.loja.example ]
limits: { login: 60000, callback: 60000, session: 60000, auth: 60000 }
";
/// A store on this machine.
pub const LOCAL: &str = "publicUrl: http://localhost:8080
returnTo: [ http://localhost:9000 ]
limits: off
";

/// A folder that is gone when no one needs it any more.
pub struct Folder(pub PathBuf);

impl Folder {
    /// A new one.
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("portaria-web-{}", random::id()));
        std::fs::create_dir_all(path.join("providers.d")).expect("a folder can be made");
        Self(path)
    }

    /// Writes a file in one go, as careful editors do.
    pub fn write(&self, name: &str, text: &str) {
        let aside = self.0.join(format!("{name}.aside"));
        std::fs::create_dir_all(aside.parent().expect("a file lies in a folder")).expect("a folder can be made");
        std::fs::write(&aside, text).expect("a file can be written");
        std::fs::rename(&aside, self.0.join(name)).expect("a file can be put in place");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

type Answering = Pin<Box<dyn Future<Output = ServiceResponse<BoxBody>>>>;
type Door = Box<dyn Fn(TestRequest) -> Answering>;

/// The broker and what stands around it.
#[derive(Clone)]
pub struct TestBroker(Rc<TestBrokerParts>);

pub struct TestBrokerParts {
    /// The broker itself.
    pub app: Data<App>,
    /// The state of the lab.
    pub lab: Arc<LabState>,
    /// The provider.
    pub upstream: Rc<TestProvider>,
    /// Its folder.
    pub folder: Rc<Folder>,
    /// The word that stands in every secret, code and token.
    pub mark: String,
    door: Door,
    log: CapturedLog,
    storage: StorageLocation,
    _logging: tracing::subscriber::DefaultGuard,
}

impl std::ops::Deref for TestBroker {
    type Target = TestBrokerParts;
    fn deref(&self) -> &TestBrokerParts {
        &self.0
    }
}

/// A broker that is still to be built.
pub struct TestBrokerBuilder {
    settings: String,
    files: Vec<(String, String)>,
    folder: Rc<Folder>,
    master: String,
    upstream: Option<(Rc<TestProvider>, String)>,
    storage: Option<StorageLocation>,
    machine: String,
}

impl TestBroker {
    /// A broker to be built with these settings; `FOLDER` in them is the broker's folder.
    pub fn builder(settings: &str) -> TestBrokerBuilder {
        TestBrokerBuilder::new(settings)
    }
}

impl TestBrokerBuilder {
    /// With these settings; `FOLDER` in them is the folder of the broker.
    fn new(settings: &str) -> Self {
        let (settings, folder) = (settings.to_owned(), Rc::new(Folder::new()));
        let (master, machine) = (format!("{}{}", random::id(), random::id()), random::id().into());
        Self { settings, files: Vec::new(), folder, master, upstream: None, storage: None, machine }
    }

    /// With a further provider; `UPSTREAM`, `SECRET` and `FOLDER` stand for what they are.
    pub fn with(mut self, name: &str, text: &str) -> Self {
        self.files.push((format!("providers.d/{name}.yaml"), text.to_owned()));
        self
    }

    /// With a file of this name in its folder.
    pub fn with_file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// With the standard provider under this name.
    pub fn with_standard(self, name: &str) -> Self {
        self.with(name, STANDARD)
    }

    /// Another machine beside a broker: the same storage, the same keys.
    pub fn beside(broker: &TestBroker, settings: &str, master: &str) -> Self {
        let upstream = Some((Rc::clone(&broker.upstream), broker.mark.clone()));
        let (settings, master, storage) = (settings.to_owned(), master.to_owned(), Some(broker.storage.clone()));
        let machine = random::id().into();
        Self { settings, files: Vec::new(), folder: Rc::clone(&broker.folder), master, upstream, storage, machine }
    }

    /// With this storage.
    pub fn at(self, storage: StorageLocation) -> Self {
        Self { storage: Some(storage), ..self }
    }

    /// The machine of this name, started again.
    pub fn machine(self, name: &str) -> Self {
        Self { machine: name.to_owned(), ..self }
    }

    /// The master key.
    pub fn master(&self) -> String {
        self.master.clone()
    }

    /// Builds it.
    pub async fn build(self) -> TestBroker {
        let log = CapturedLog::default();
        let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_max_level(tracing::Level::TRACE).with_ansi(false).finish();
        let logging = tracing::subscriber::set_default(subscriber);
        let (upstream, mark) = self.upstream.unwrap_or_else(|| {
            let mark = format!("Canario{}", &random::id()[..8].replace(['-', '_'], "x"));
            let secret = format!("{mark}-secret");
            self.folder.write("secrets/acme", &secret);
            (Rc::new(TestProvider::open(&secret, &mark)), mark)
        });
        let folder = self.folder.0.display().to_string();
        let meant = |text: &str| {
            let text = text.replace("UPSTREAM", &upstream.url()).replace("PORT", &upstream.port().to_string());
            text.replace("SECRET", &format!("file:{folder}/secrets/acme")).replace("FOLDER", &folder)
        };
        for (name, text) in &self.files {
            self.folder.write(name, &meant(text));
        }
        let text = meant(&self.settings);
        let text = if text.contains("providers:") { text } else { format!("{text}providers: {folder}/providers.d\n") };
        let text = with_readable_folder(&text, &folder);
        let (settings, report) = Settings::read(&Source::new("portaria.yaml", text));
        let settings = settings.unwrap_or_else(|| panic!("{}", report.draw(false)));
        let storage = self.storage.unwrap_or_else(|| StorageLocation::File(self.folder.0.join("portaria.db")));
        let directory = Arc::new(Directory::open(&storage).await.expect("a directory can be made"));
        let master = MasterKey::new(&self.master, false).expect("it is long enough");
        let broker = Broker::new(&master);
        let app = Data::new(App::new(&settings, directory, &master, broker.hooks(), &self.machine).await.expect("storage is there"));
        let routes = actix_web::App::new()
            .app_data(app.clone())
            .app_data(Data::new(TokenCache::default()))
            .app_data(PayloadConfig::new(16 * 1024))
            .configure(|config| broker.mount(config));
        let service = Rc::new(init_service(routes).await);
        let door: Door = Box::new(move |request| {
            let service = Rc::clone(&service);
            Box::pin(async move { service.call(request.to_request()).await.expect("refusals are answers").map_into_boxed_body() })
        });
        TestBroker(Rc::new(TestBrokerParts {
            app,
            lab: broker.lab,
            upstream,
            folder: self.folder,
            mark,
            door,
            log,
            storage,
            _logging: logging,
        }))
    }
}

/// A provider that follows the standard.
pub const STANDARD: &str = "name: Clube Acme
clientId: loja-42
clientSecret: SECRET
getAuthorizationCode: { get: \"UPSTREAM/entrar\", scope: perfil }
getAccessCode: { post: \"UPSTREAM/token\" }
getUserInfo:
  get: UPSTREAM/me
  read: { id: $.id, email: $.email, emailVerified: $.verified, name: $.name }
";

impl TestBroker {
    /// The usual one: on loopback, with two providers.
    pub async fn open() -> Self {
        TestBroker::builder(LOCAL).with_standard("acme").with_standard("beta").build().await
    }

    /// Asks.
    pub async fn ask(&self, ask: ClientRequest) -> Answer {
        let mut request = TestRequest::with_uri(&ask.address).method(ask.method).peer_addr(ask.peer);
        let has = |name: &str| ask.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        if !has("host") {
            request = request.append_header(("host", HOST));
        }
        for (name, value) in &ask.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("the name of a header");
            request = request.append_header((name, HeaderValue::from_bytes(value).expect("the value of a header")));
        }
        if let Some(body) = ask.body {
            request = request.set_payload(body);
        }
        Answer::read((self.door)(request).await).await
    }

    /// Many at the same time.
    pub async fn ask_at_once(&self, asks: impl IntoIterator<Item = ClientRequest>) -> Vec<Answer> {
        let asking = asks.into_iter().map(|ask| {
            let broker = self.clone();
            actix_web::rt::spawn(async move { broker.ask(ask).await })
        });
        let asking: Vec<_> = asking.collect();
        let mut answers = Vec::new();
        for one in asking {
            answers.push(one.await.expect("nothing panics"));
        }
        answers
    }

    /// A code that the honest provider takes for a person.
    pub fn code(&self, who: &str) -> String {
        format!("{}-code-{who}", self.mark)
    }

    /// What has been logged.
    pub fn logged(&self) -> String {
        self.log.text()
    }

    /// Takes the storage away, or gives it back.
    pub fn storage_is_away(&self, away: bool) {
        let file = self.storage.file().expect("it is a file");
        let aside = file.with_extension("away");
        let (from, to) = if away { (file, &*aside) } else { (&*aside, file) };
        std::fs::rename(from, to).expect("a file can be put elsewhere");
    }

    /// The store of a host.
    pub fn front(&self, host: &str) -> Arc<LiveStore> {
        Arc::clone(self.app.live_config().store_for_host(host).expect("there is such a store"))
    }

    /// A token of a store, as if a person had come in; `change` may make the session odd.
    pub fn token(&self, host: &str, change: impl FnOnce(&mut Session)) -> String {
        let front = self.front(host);
        let person = SessionUser {
            uid: random::id(),
            email: portaria::vocabulary::email::Email::parse("ana@clientes.example").expect("an address"),
            email_verified: true,
            name: Some("Ana da Silva".into()),
            provider: "acme".into(),
            provider_id: "id-ana".into(),
            facts: Vec::new(),
        };
        let mut session = Session::open(person, &front.store.name, random::id(), front.store.lasting, clock::now());
        change(&mut session);
        self.app.signing.keys(&front.store.name).expect("a store has keys").sign(&session, front.token_parties())
    }

    /// What must be so after every request that got nowhere.
    pub fn assert_clean(&self, answer: &Answer) {
        let said = format!("{answer:?}");
        assert!(answer.session().is_none(), "a session was opened: {said}");
        for (name, value) in [("cache-control", "no-store"), ("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")] {
            assert_eq!(answer.header(name), Some(value), "{said}");
        }
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{said}");
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{said}");
        assert!(answer.header("server").is_none() && answer.header("x-powered-by").is_none(), "{said}");
        assert!(answer.header("access-control-allow-origin").is_none(), "{said}");
        if let Some(location) = answer.location() {
            assert!(self.may_lead_to(location), "it leads to {location}");
        }
        self.assert_silent(answer);
    }

    /// No secret, code or token stands in an answer or in the log.
    pub fn assert_silent(&self, answer: &Answer) {
        let headers = answer.headers.iter().filter(|(name, _)| name != "location");
        for text in headers.map(|(_, value)| value).chain([&answer.body]) {
            assert!(!text.contains(&self.mark), "a secret stands in {answer:?}");
        }
        let log = self.logged();
        assert!(!log.contains(&self.mark), "a secret stands in the log: {log}");
        assert!(!log.contains("panicked"), "{log}");
    }

    /// Whether an address is one to which a shopper may be sent, as browsers read it.
    pub fn may_lead_to(&self, location: &str) -> bool {
        self.app.live_config().live_stores().any(|front| {
            let base = url::Url::parse(&front.store.public_url).expect("a public URL is one");
            let Ok(read) = base.join(location) else { return false };
            let listed = |origin: &str| url::Url::parse(origin).is_ok_and(|origin| origin.origin() == read.origin());
            let plain = location.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
            plain && read.username().is_empty() && (front.allowed_origins().any(listed))
        })
    }

    /// An honest login in a fresh browser goes well.
    pub async fn assert_still_works(&self) {
        self.upstream.is_honest();
        let answer = Browser::new(self).log_in("acme", "honesta").await;
        assert_eq!((answer.status, answer.location()), (303, Some(format!("{SHOP}/").as_str())), "{answer:?}");
        assert!(answer.session().is_some(), "{answer:?}");
    }

    /// The bytes of the storage.
    pub fn stored(&self) -> Vec<u8> {
        let file = |name: &str| portaria::world::files::read_bytes(&self.folder.0.join(name), 1 << 26).unwrap_or_default();
        [file("portaria.db"), file("portaria.db-wal")].concat()
    }

    /// Writes a provider file anew and lets it be noticed.
    pub fn rewrite(&self, name: &str, text: &str) {
        let secret = format!("file:{}/secrets/acme", self.folder.0.display());
        self.folder.write(&format!("providers.d/{name}.yaml"), &text.replace("UPSTREAM", &self.upstream.url()).replace("SECRET", &secret));
        self.look_again();
    }

    /// Takes over other settings.
    pub fn resettle(&self, settings: &str) {
        let folder = self.folder.0.display().to_string();
        let text = with_readable_folder(&format!("{settings}providers: {folder}/providers.d\n"), &folder);
        let (settings, report) = Settings::read(&Source::new("portaria.yaml", text));
        self.app.apply_settings(&settings.unwrap_or_else(|| panic!("{}", report.draw(false))), clock::now());
    }

    /// Lets changed files be noticed.
    pub fn look_again(&self) {
        for front in self.app.live_config().live_stores() {
            front.providers.reload(clock::now());
        }
    }
}

/// The settings, with the folder of the test's secrets unless they say what provider files may read.
fn with_readable_folder(settings: &str, folder: &str) -> String {
    if settings.contains("filesMayRead:") {
        settings.to_owned()
    } else {
        format!("{settings}filesMayRead: {{ folder: {folder}/secrets }}\n")
    }
}

/// Waits until something is so, with much patience.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..4_000 {
        if holds() {
            return;
        }
        actix_web::rt::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("it never came to be that {what}");
}

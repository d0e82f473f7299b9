//! What the benchmarks share: a folder, a runtime, a broker, and a person.

use actix_web::dev::{Service, ServiceResponse};
use actix_web::rt::Runtime;
use actix_web::test::init_service;
use actix_web::web::Data;
use actix_web::{App as Routes, Error};
use criterion::async_executor::AsyncExecutor;
use portaria::commands::broker::Broker;
use portaria::directory::{Directory, StorageLocation};
use portaria::session::seal::MasterKey;
use portaria::session::{Session, SessionLifetime, SessionUser};
use portaria::stores::catalogue;
use portaria::stores::settings::Settings;
use portaria::vocabulary::email::Email;
use portaria::vocabulary::place::Source;
use portaria::web::app::App;
use portaria::web::forward_auth::TokenCache;
use portaria::world::{clock, random};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The host of the store.
pub const HOST: &str = "localhost:8080";

/// A folder, removed at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    /// One with an empty folder of provider files.
    pub fn new() -> Self {
        let folder = Self(std::env::temp_dir().join(format!("portaria-bench-{}", random::id())));
        std::fs::create_dir_all(folder.providers()).expect("a folder can be made");
        folder
    }

    pub fn providers(&self) -> PathBuf {
        self.0.join("providers.d")
    }

    /// Makes this many provider files, copied from the catalogue.
    pub fn copy_catalogue(&self, many: usize) -> Vec<PathBuf> {
        let models = catalogue::provider_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("providers.d")).expect("the catalogue");
        let models: Vec<String> = models.iter().map(|path| std::fs::read_to_string(path).expect("a file")).collect();
        let copy = |at: usize| {
            let path = self.providers().join(format!("provider-{at}.yaml"));
            // A file may read variables that begin with its name.
            let text = models[at % models.len()].replace("env:", &format!("env:PROVIDER_{at}_"));
            std::fs::write(&path, text).expect("a file can be written");
            path
        };
        (0..many).map(copy).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The runtime on which requests are answered.
pub struct BenchRuntime(pub Runtime);

impl BenchRuntime {
    pub fn new() -> Self {
        Self(Runtime::new().expect("a runtime"))
    }
}

impl AsyncExecutor for &BenchRuntime {
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }
}

/// A key for trials.
pub fn master_key() -> MasterKey {
    MasterKey::new(&"0".repeat(64), true).expect("long enough")
}

/// A broker with the provider files of the folder and a new SQLite file in the folder.
pub async fn app(folder: &Folder) -> (Data<App>, Broker) {
    let master = master_key();
    let text = format!("limits: off\nproviders: {}\n", folder.providers().display());
    let (settings, report) = Settings::read(&Source::new("portaria.yaml", text));
    let settings = settings.unwrap_or_else(|| panic!("{}", report.draw(false)));
    let directory = Directory::open(&StorageLocation::File(folder.0.join("portaria.db"))).await.expect("a directory");
    let broker = Broker::new(&master);
    let app = App::new(&settings, Arc::new(directory), &master, broker.hooks(), "bench").await.expect("an app");
    (Data::new(app), broker)
}

/// All routes of a broker.
pub async fn service(
    app: &Data<App>,
    broker: &Broker,
) -> impl Service<actix_http::Request, Response = ServiceResponse, Error = Error> + use<> {
    let routes = Routes::new().app_data(app.clone()).app_data(Data::new(TokenCache::default()));
    init_service(routes.configure(|config| broker.mount(config))).await
}

/// A session that begins now.
pub fn session(sid: &str) -> Session {
    let user = SessionUser {
        uid: "u-1".into(),
        email: Email::parse("ana@loja.example").expect("an address"),
        email_verified: true,
        name: Some("Ana Lima".into()),
        provider: "acme".into(),
        provider_id: "80351110224678912".into(),
        facts: Vec::new(),
    };
    Session::open(user, "main", sid.into(), SessionLifetime { lifetime: 86400, idle: 43200 }, clock::now())
}

/// A token for the session with this id.
pub fn token(app: &App, sid: &str) -> String {
    let live_config = app.live_config();
    let live_store = live_config.store_for_host(HOST).expect("the default store");
    app.signing.keys("main").expect("keys").sign(&session(sid), live_store.token_parties())
}

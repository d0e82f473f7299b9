//! The cost of a request to `/auth` inside the program, through all routes: with a token that is in the cache, with one that is not, and
//! without a token; and for comparison the cost of the framework alone.

use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{COOKIE, HOST};
use actix_web::rt::Runtime;
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{self, Data};
use actix_web::{App as Routes, HttpResponse};
use criterion::async_executor::AsyncExecutor;
use criterion::{Criterion, criterion_group, criterion_main};
use portaria::commands::broker::Broker;
use portaria::directory::{Directory, StorageLocation};
use portaria::session::seal::MasterKey;
use portaria::session::{Session, SessionLifetime, SessionUser};
use portaria::stores::settings::Settings;
use portaria::vocabulary::email::Email;
use portaria::web::app::App;
use portaria::web::forward_auth::TokenCache;
use portaria::world::clock;
use std::future::Future;
use std::hint::black_box;
use std::sync::Arc;

struct BenchRuntime(Runtime);

impl AsyncExecutor for &BenchRuntime {
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }
}

fn token(app: &App, sid: &str) -> String {
    let live_config = app.live_config();
    let live_store = live_config.store_for_host("localhost:8080").expect("the default store");
    let user = SessionUser {
        uid: "u-1".into(),
        email: Email::parse("ana@loja.example").expect("an address"),
        email_verified: true,
        name: Some("Ana Lima".into()),
        provider: "acme".into(),
        provider_id: "80351110224678912".into(),
        facts: Vec::new(),
    };
    let session = Session::open(user, "main", sid.into(), SessionLifetime { lifetime: 86400, idle: 43200 }, clock::now());
    app.signing.keys("main").expect("keys").sign(&session, live_store.token_parties())
}

fn request(cookie: Option<&str>) -> actix_http::Request {
    let request = TestRequest::get().uri("/auth").insert_header((HOST, "localhost:8080")).peer_addr(([127, 0, 0, 1], 1).into());
    match cookie {
        Some(token) => request.insert_header((COOKIE, format!("portaria={token}"))).to_request(),
        None => request.to_request(),
    }
}

async fn send<S>(service: &S, cookie: Option<&str>) -> u16
where
    S: Service<actix_http::Request, Response = ServiceResponse, Error = actix_web::Error>,
{
    service.call(request(cookie)).await.expect("it answers").status().as_u16()
}

fn checks(criterion: &mut Criterion) {
    let runtime = BenchRuntime(Runtime::new().expect("a runtime"));
    let folder = std::env::temp_dir().join(format!("portaria-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut settings = Settings::default();
    settings.providers = folder.display().to_string();
    let master = MasterKey::new(&"0".repeat(64), true).expect("long enough");
    let broker = Broker::new(&master);
    let app = runtime.0.block_on(async {
        let directory = Directory::open(&StorageLocation::File(folder.join("portaria.db"))).await.expect("a directory");
        Data::new(App::new(&settings, Arc::new(directory), &master, broker.hooks(), "bench").await.expect("an app"))
    });
    let routes = Routes::new().app_data(app.clone()).app_data(Data::new(TokenCache::default())).configure(|config| broker.mount(config));
    let service = runtime.0.block_on(init_service(routes));
    let empty = Routes::new().route("/auth", web::to(|| async { HttpResponse::NoContent().finish() }));
    let empty = runtime.0.block_on(init_service(empty));
    let known = token(&app, "s-0");
    assert_eq!(runtime.0.block_on(send(&service, Some(&known))), 200);
    assert_eq!(runtime.0.block_on(send(&service, None)), 401);
    // There are more tokens than a worker caches, and they are sent in turn, so that each is verified again.
    let uncached: Vec<String> = (0..10_000).map(|number| token(&app, &format!("s-{number}"))).collect();
    let next = std::cell::Cell::new(0);

    criterion.bench_function("the framework alone", |bench| bench.to_async(&runtime).iter(|| send(&empty, black_box(Some(&known)))));
    criterion.bench_function("a cached token", |bench| bench.to_async(&runtime).iter(|| send(&service, black_box(Some(&known)))));
    criterion.bench_function("no token", |bench| bench.to_async(&runtime).iter(|| send(&service, None)));
    criterion.bench_function("a token that is not cached", |bench| {
        bench.to_async(&runtime).iter(|| {
            next.set((next.get() + 1) % uncached.len());
            send(&service, Some(&uncached[next.get()]))
        });
    });
    criterion.bench_function("signing a token", |bench| bench.iter(|| token(&app, black_box("s-1"))));
    let _ = std::fs::remove_dir_all(&folder);
}

criterion_group!(benches, checks);
criterion_main!(benches);

//! What a check costs inside the program: `/auth` through all of its routes, for a token that was judged before, for one that was
//! not, and for none; beside it the same framework answering nothing at all.

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

struct Here(Runtime);

impl AsyncExecutor for &Here {
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }
}

fn token(app: &App, sid: &str) -> String {
    let serving = app.live_config();
    let front = serving.store_for_host("localhost:8080").expect("the usual store");
    let person = SessionUser {
        uid: "u-1".into(),
        email: Email::parse("ana@loja.example").expect("an address"),
        email_verified: true,
        name: Some("Ana Lima".into()),
        provider: "acme".into(),
        provider_id: "80351110224678912".into(),
    };
    let session = Session::open(person, "main", sid.into(), SessionLifetime { lifetime: 86400, idle: 43200 }, clock::now());
    app.signing.keys().sign(&session, front.token_parties())
}

fn request(cookie: Option<&str>) -> actix_http::Request {
    let request = TestRequest::get().uri("/auth").insert_header((HOST, "localhost:8080")).peer_addr(([127, 0, 0, 1], 1).into());
    match cookie {
        Some(token) => request.insert_header((COOKIE, format!("portaria={token}"))).to_request(),
        None => request.to_request(),
    }
}

async fn ask<S>(service: &S, cookie: Option<&str>) -> u16
where
    S: Service<actix_http::Request, Response = ServiceResponse, Error = actix_web::Error>,
{
    service.call(request(cookie)).await.expect("it answers").status().as_u16()
}

fn checks(criterion: &mut Criterion) {
    let here = Here(Runtime::new().expect("a runtime"));
    let folder = std::env::temp_dir().join(format!("portaria-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut settings = Settings::default();
    settings.providers = folder.display().to_string();
    let master = MasterKey::new(&"0".repeat(64), true).expect("long enough");
    let broker = Broker::new(&master);
    let app = here.0.block_on(async {
        let directory = Directory::open(&StorageLocation::File(folder.join("portaria.db"))).await.expect("a directory");
        Data::new(App::new(&settings, Arc::new(directory), &master, broker.hooks()).await.expect("an app"))
    });
    let routes = Routes::new().app_data(app.clone()).app_data(Data::new(TokenCache::default())).configure(|config| broker.mount(config));
    let service = here.0.block_on(init_service(routes));
    let nothing = Routes::new().route("/auth", web::to(|| async { HttpResponse::NoContent().finish() }));
    let nothing = here.0.block_on(init_service(nothing));
    let known = token(&app, "s-0");
    assert_eq!(here.0.block_on(ask(&service, Some(&known))), 200);
    assert_eq!(here.0.block_on(ask(&service, None)), 401);
    // More tokens than a worker remembers, asked in turn, so that each is judged anew.
    let strangers: Vec<String> = (0..10_000).map(|at| token(&app, &format!("s-{at}"))).collect();
    let next = std::cell::Cell::new(0);

    criterion.bench_function("the framework alone", |bench| bench.to_async(&here).iter(|| ask(&nothing, black_box(Some(&known)))));
    criterion
        .bench_function("a token that was judged before", |bench| bench.to_async(&here).iter(|| ask(&service, black_box(Some(&known)))));
    criterion.bench_function("nobody", |bench| bench.to_async(&here).iter(|| ask(&service, None)));
    criterion.bench_function("a token that is new", |bench| {
        bench.to_async(&here).iter(|| {
            next.set((next.get() + 1) % strangers.len());
            ask(&service, Some(&strangers[next.get()]))
        });
    });
    criterion.bench_function("a token is signed", |bench| bench.iter(|| token(&app, black_box("s-1"))));
    let _ = std::fs::remove_dir_all(&folder);
}

criterion_group!(benches, checks);
criterion_main!(benches);

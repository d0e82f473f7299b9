//! A request to `/auth` inside the program, through all routes, and the framework alone.

use crate::setup::{BenchRuntime, Folder, HOST, app, service, token};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App as Routes, Error, HttpResponse, web};
use criterion::Criterion;
use std::cell::Cell;
use std::hint::black_box;

fn request(cookie: Option<&str>) -> actix_http::Request {
    let request = TestRequest::get().uri("/auth").insert_header((header::HOST, HOST)).peer_addr(([127, 0, 0, 1], 1).into());
    match cookie {
        Some(token) => request.insert_header((header::COOKIE, format!("portaria={token}"))).to_request(),
        None => request.to_request(),
    }
}

async fn send<S>(service: &S, cookie: Option<&str>) -> u16
where
    S: Service<actix_http::Request, Response = ServiceResponse, Error = Error>,
{
    service.call(request(cookie)).await.expect("it answers").status().as_u16()
}

/// A check of a session, with a token that is in the cache, with one that is not, and without one.
pub fn auth(criterion: &mut Criterion) {
    let (runtime, folder) = (BenchRuntime::new(), Folder::new());
    let (app, broker) = runtime.0.block_on(app(&folder));
    let service = runtime.0.block_on(service(&app, &broker));
    let empty = Routes::new().route("/auth", web::to(|| async { HttpResponse::NoContent().finish() }));
    let empty = runtime.0.block_on(init_service(empty));
    let known = token(&app, "s-0");
    assert_eq!(runtime.0.block_on(send(&service, Some(&known))), 200);
    assert_eq!(runtime.0.block_on(send(&service, None)), 401);
    // There are more tokens than a worker caches, and they are sent in turn, so that each is verified again.
    let uncached: Vec<String> = (0..10_000).map(|number| token(&app, &format!("s-{number}"))).collect();
    let next = Cell::new(0);

    let mut group = criterion.benchmark_group("auth");
    group.bench_function("the framework alone", |bench| bench.to_async(&runtime).iter(|| send(&empty, black_box(Some(&known)))));
    group.bench_function("a cached token", |bench| bench.to_async(&runtime).iter(|| send(&service, black_box(Some(&known)))));
    group.bench_function("no token", |bench| bench.to_async(&runtime).iter(|| send(&service, None)));
    group.bench_function("a token that is not cached", |bench| {
        bench.to_async(&runtime).iter(|| {
            next.set((next.get() + 1) % uncached.len());
            send(&service, Some(&uncached[next.get()]))
        });
    });
    group.finish();
}

//! The login page with the buttons of a whole catalogue, through all routes.

use crate::setup::{BenchRuntime, Folder, HOST, app, service};
use actix_web::Error;
use actix_web::body::to_bytes;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header;
use actix_web::test::TestRequest;
use criterion::Criterion;

async fn page<S>(service: &S, path: &str) -> usize
where
    S: Service<actix_http::Request, Response = ServiceResponse, Error = Error>,
{
    let request = TestRequest::get().uri(path).insert_header((header::HOST, HOST)).peer_addr(([127, 0, 0, 1], 1).into());
    let answer = service.call(request.to_request()).await.expect("it answers");
    assert_eq!(answer.status(), 200, "{path}");
    to_bytes(answer.into_body()).await.map_or(0, |body| body.len())
}

/// The login page, and the list of the providers as JSON.
pub fn pages(criterion: &mut Criterion) {
    let (runtime, folder) = (BenchRuntime::new(), Folder::new());
    for number in 0..50 {
        let text = format!(
            "name: Acme {number}\nclientId: loja\nclientSecret: none\ntrustEmail: claim\n\
             getAuthorizationCode: {{ get: https://sso.acme.example/in, scope: email }}\n\
             getAccessCode: {{ post: https://sso.acme.example/token }}\ngetUserInfo: {{ get: https://sso.acme.example/me }}\n"
        );
        std::fs::write(folder.providers().join(format!("acme{number}.yaml")), text).expect("a file can be written");
    }
    let (app, broker) = runtime.0.block_on(app(&folder));
    let service = runtime.0.block_on(service(&app, &broker));

    let mut group = criterion.benchmark_group("page");
    for path in ["/login", "/providers"] {
        group.bench_function(path, |bench| bench.to_async(&runtime).iter(|| page(&service, path)));
    }
    group.finish();
}

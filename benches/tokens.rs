//! The tokens of sessions: signed with ES256 at a login, checked on a request.

use crate::setup::{BenchRuntime, Folder, HOST, app, session};
use criterion::Criterion;
use portaria::world::clock;
use std::hint::black_box;

/// Signing and checking.
pub fn tokens(criterion: &mut Criterion) {
    let (runtime, folder) = (BenchRuntime::new(), Folder::new());
    let (app, _) = runtime.0.block_on(app(&folder));
    let live_config = app.live_config();
    let live_store = live_config.store_for_host(HOST).expect("the default store");
    let (keys, session) = (app.signing.keys("main").expect("keys"), session("s-1"));
    let token = keys.sign(&session, live_store.token_parties());
    assert!(keys.verify(&token, live_store.token_parties(), clock::now()).is_some());

    let mut group = criterion.benchmark_group("token");
    group.bench_function("signed", |bench| bench.iter(|| keys.sign(black_box(&session), live_store.token_parties())));
    group.bench_function("checked", |bench| bench.iter(|| keys.verify(black_box(&token), live_store.token_parties(), clock::now())));
    group.finish();
}

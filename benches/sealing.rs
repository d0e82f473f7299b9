//! The sealed texts of a login, such as the cookie of an attempt.

use crate::setup::master_key;
use criterion::Criterion;
use portaria::session::seal::Seal;
use std::hint::black_box;

/// Sealing and opening a text as long as that of an attempt.
pub fn sealing(criterion: &mut Criterion) {
    let seal = Seal::new(&master_key(), "bench");
    let (bound, text) = (["https://login.loja.example", "__Host-attempt-71f0c2aa"], [b'x'; 400]);
    let sealed = seal.seal(&bound, &text, [7; 12]);
    assert!(seal.open(&bound, &sealed).is_some());

    let mut group = criterion.benchmark_group("sealing");
    group.bench_function("sealed", |bench| bench.iter(|| seal.seal(&bound, black_box(&text), [7; 12])));
    group.bench_function("opened", |bench| bench.iter(|| seal.open(&bound, black_box(&sealed))));
    group.finish();
}

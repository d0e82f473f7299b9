//! Checking 10,000 provider files, one changed file among them, and files that are made to be expensive.

use crate::setup::{BenchRuntime, Folder, HOST, app};
use criterion::Criterion;
use portaria::provider::{InstallationContext, compile};
use portaria::stores::catalogue;
use portaria::stores::read_policy::ReadPolicy;
use portaria::vocabulary::place::Source;
use portaria::world::clock;
use std::hint::black_box;

const CONTEXT: InstallationContext = InstallationContext { loopback: false };

/// All files of a large folder, and one of them that has changed.
pub fn ten_thousand_files(criterion: &mut Criterion) {
    let (runtime, folder) = (BenchRuntime::new(), Folder::new());
    let paths = folder.copy_catalogue(10_000);
    let (app, _) = runtime.0.block_on(app(&folder));
    let live_config = app.live_config();
    let providers = &live_config.store_for_host(HOST).expect("the default store").providers;
    let text = std::fs::read_to_string(&paths[0]).expect("a file");
    let mut number = 0;
    let mut group = criterion.benchmark_group("files");
    group.sample_size(10);
    group.bench_function("10,000 checked", |bencher| {
        bencher.iter(|| {
            let entries = catalogue::load_all(&paths, CONTEXT, &ReadPolicy::default());
            assert!(entries.iter().all(|entry| entry.state.provider().is_some()), "every file of the catalogue is right");
            black_box(entries.len())
        });
    });
    group.bench_function("10,000 of which one has changed", |bencher| {
        bencher.iter(|| {
            number += 1;
            std::fs::write(&paths[0], format!("{text}\n# {number}\n")).expect("a file can be written");
            assert_eq!(providers.reload(clock::now()).map(|changed| changed.len()), Some(1));
        });
    });
    group.finish();
}

/// Files whose reading could be made to take long.
pub fn expensive_files(criterion: &mut Criterion) {
    let laughs: String = (0..9).map(|at| format!("a{at}: &a{at} [{}]\n", format!("*a{},", at - 1).repeat(9))).collect();
    let files = [
        ("nested aliases", laughs.replace("*a-1,", "x,")),
        ("10,000 deep", format!("a: {}{}", "[".repeat(10_000), "]".repeat(10_000))),
        ("20,000 unknown words", (0..20_000).map(|at| format!("w{at}: 1\n")).collect()),
        ("30,000 holes", format!("name: x\nlogout: \"https://a.example/{}\"\n", "${xy}".repeat(30_000))),
        ("a text of 256 KiB", format!("name: {}\n", "x".repeat(255 * 1024))),
    ];
    let mut group = criterion.benchmark_group("files");
    group.sample_size(10);
    for (name, text) in files {
        let source = Source::new("bomb.yaml", text);
        group.bench_function(format!("expensive: {name}"), |bencher| {
            bencher.iter(|| black_box(compile(&source, CONTEXT).1.complaints.len()));
        });
    }
    group.finish();
}

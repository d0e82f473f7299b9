//! The cost of checking 10,000 provider files, and of files that are made to be expensive.

use criterion::{Criterion, criterion_group, criterion_main};
use portaria::provider::{InstallationContext, compile};
use portaria::stores::catalogue;
use portaria::stores::read_policy::ReadPolicy;
use portaria::vocabulary::place::Source;
use std::hint::black_box;
use std::path::{Path, PathBuf};

const CONTEXT: InstallationContext = InstallationContext { loopback: false };

fn copy_ten_thousand(folder: &Path) -> Vec<PathBuf> {
    let models =
        catalogue::provider_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("providers.d")).expect("the catalogue is in the repository");
    std::fs::create_dir_all(folder).expect("a folder can be made");
    (0..10_000)
        .map(|at| {
            let path = folder.join(format!("provider-{at}.yaml"));
            std::fs::copy(&models[at % models.len()], &path).expect("a file can be copied");
            path
        })
        .collect()
}

fn check(criterion: &mut Criterion) {
    let folder = std::env::temp_dir().join(format!("portaria-bench-{}", std::process::id()));
    let paths = copy_ten_thousand(&folder);
    let mut group = criterion.benchmark_group("check");
    group.sample_size(10);
    group.bench_function("10,000 files", |bencher| {
        bencher.iter(|| {
            let entries = catalogue::load_all(&paths, CONTEXT, &ReadPolicy::default());
            assert!(entries.iter().all(|entry| entry.state.provider().is_some()), "every file of the catalogue is right");
            black_box(entries.len())
        });
    });
    for (name, text) in expensive_files() {
        let source = Source::new("bomb.yaml", text);
        group.bench_function(name, |bencher| bencher.iter(|| black_box(compile(&source, CONTEXT).1.complaints.len())));
    }
    group.finish();
    let _ = std::fs::remove_dir_all(folder);
}

fn expensive_files() -> Vec<(&'static str, String)> {
    let laughs: String = (0..9).map(|at| format!("a{at}: &a{at} [{}]\n", format!("*a{},", at - 1).repeat(9))).collect();
    vec![
        ("nested aliases", laughs.replace("*a-1,", "x,")),
        ("10,000 deep", format!("a: {}{}", "[".repeat(10_000), "]".repeat(10_000))),
        ("20,000 unknown words", (0..20_000).map(|at| format!("w{at}: 1\n")).collect()),
        ("30,000 holes", format!("name: x\nlogout: \"https://a.example/{}\"\n", "${xy}".repeat(30_000))),
        ("a text of 256 KiB", format!("name: {}\n", "x".repeat(255 * 1024))),
    ]
}

criterion_group!(benches, check);
criterion_main!(benches);

//! One sign-in of a known user, which is the write of a login, on each engine.

use crate::setup::{BenchRuntime, Folder};
use criterion::Criterion;
use portaria::directory::sign_in::SignIn;
use portaria::directory::{Directory, StorageLocation};
use portaria::provider::identity::{Identity, IdentityEmail};
use portaria::provider::trust::EmailEvidence;
use portaria::vocabulary::email::Email;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// The sign-in number `number`, always of the same user.
fn sign_in(number: u64) -> SignIn {
    let email = Email::parse("ana@loja.example").expect("an address");
    SignIn {
        store: "main".into(),
        identity: Identity {
            provider: "acme".into(),
            file: "acme".into(),
            fingerprint: "origins https://sso.acme.example".into(),
            id: "80351110224678912".into(),
            address: IdentityEmail::Proven(email, EmailEvidence::Claim),
            name: Some("Ana Lima".to_owned()),
            picture: None,
            locale: None,
            more: Vec::new(),
        },
        version: "v1".into(),
        new_uid: "u-1".into(),
        sid: format!("s-{number}").into(),
        now: 1_767_323_045,
        latest: 1_767_409_445,
        instead_of: None,
        device: Some("Chrome/Android".into()),
    }
}

fn sign_ins(criterion: &mut Criterion, engine: &str, location: &StorageLocation) {
    let runtime = BenchRuntime::new();
    let directory = runtime.0.block_on(Directory::open(location)).expect("a directory");
    let next = AtomicU64::new(0);
    let mut group = criterion.benchmark_group("sign-in");
    group.bench_function(engine, |bench| {
        bench.to_async(&runtime).iter(async || {
            let signed_in = directory.write(sign_in(next.fetch_add(1, Ordering::Relaxed))).await.expect("storage");
            signed_in.expect("it is not refused")
        });
    });
    group.finish();
}

/// A file, which is synchronized to the disk at each sign-in.
pub fn sqlite(criterion: &mut Criterion) {
    let folder = Folder::new();
    sign_ins(criterion, "SQLite", &StorageLocation::File(folder.0.join("portaria.db")));
}

/// A server of its own, which `tests/postgres` starts.
pub fn postgres(criterion: &mut Criterion) {
    let Some(server) = PostgresServer::start() else {
        return eprintln!("sign-in/PostgreSQL is left out: `tests/postgres` starts no server; install postgresql");
    };
    sign_ins(criterion, "PostgreSQL", &server.location);
}

/// It ends when its input is closed.
struct PostgresServer {
    location: StorageLocation,
    input: Option<ChildStdin>,
    process: Child,
}

impl PostgresServer {
    fn start() -> Option<Self> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres");
        let mut process = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let (input, mut folder) = (process.stdin.take(), String::new());
        BufReader::new(process.stdout.take()?).read_line(&mut folder).ok()?;
        let folder = folder.trim();
        let location = StorageLocation::Server(format!("postgres://portaria@localhost/postgres?host={folder}"));
        let server = Self { location, input, process };
        (!folder.is_empty()).then_some(server)
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

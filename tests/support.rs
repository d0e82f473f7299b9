//! What several tests need.

use portaria::provider::{InstallationContext, Provider, compile};
use portaria::vocabulary::diagnostic::Report;
use portaria::vocabulary::place::Source;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// An installation on the open net: the strictest ground.
pub const STRICT: InstallationContext = InstallationContext { loopback: false };

/// The root of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file.
#[expect(clippy::disallowed_methods, reason = "tests read files of the project")]
pub fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder with an ending, sorted.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder can be listed").path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    files.sort();
    files
}

/// The provider files of the catalogue.
pub fn catalogue() -> Vec<PathBuf> {
    portaria::stores::catalogue::provider_files(&root().join("providers.d")).expect("the catalogue is there")
}

/// What becomes of each item, in their order. They are shared among as many threads as there are cores.
pub fn on_threads<T: Send, R: Send>(items: Vec<T>, each: impl Fn(T) -> R + Sync) -> Vec<R> {
    let count = std::thread::available_parallelism().map_or(2, usize::from);
    let waiting = Mutex::new(items.into_iter().enumerate());
    let work = || {
        let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
        std::iter::from_fn(next).map(|(at, item)| (at, each(item))).collect::<Vec<_>>()
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What comes of a file, or how the test of it failed, so that the other files are tested as well.
pub fn problem_of<R>(path: &Path, test: impl FnOnce() -> R) -> Result<R, String> {
    std::panic::catch_unwind(AssertUnwindSafe(test)).map_err(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        format!("{}: {}", path.display(), words.unwrap_or("it panicked"))
    })
}

/// A provider from a text that has to be right.
pub fn provider(text: &str) -> Provider {
    let (provider, report) = compile(&Source::new("acme.yaml", text), STRICT);
    provider.unwrap_or_else(|| panic!("{}", report.draw(false)))
}

/// What is said about a text.
pub fn report(text: &str) -> Report {
    compile(&Source::new("acme.yaml", text), STRICT).1
}

/// What comes of a future in which nothing waits.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}

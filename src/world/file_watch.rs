//! Watches files that people change while the program runs. The operating system reports changes where it can; besides, the files
//! are looked at from time to time.

use notify::{RecursiveMode, Watcher as _};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A program that saves a file writes it in several steps; after the first, the watcher waits so long for the others.
const SETTLE: Duration = Duration::from_millis(20);

/// Calls `look` whenever one of the files, or something in the folders, changes, and once in every interval. `look` returns the
/// folders and files to watch from then on. A file is watched by itself, so that changes of its neighbours, such as a database,
/// do not count.
pub(crate) fn watch_paths(mut paths: Vec<PathBuf>, every: Duration, look: impl Fn() -> Vec<PathBuf> + Send + 'static) {
    let begun = thread::Builder::new().name("files".to_owned()).spawn(move || {
        let (change_sender, changes) = mpsc::channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading is no change.
            if event.is_ok_and(|event| !event.kind.is_access()) {
                let _ = change_sender.send(());
            }
        });
        let mut watcher =
            watcher.map_err(|error| tracing::warn!(%error, "changed files are not told of; they are looked at now and then")).ok();
        let mut watched: Vec<PathBuf> = Vec::new();
        loop {
            if let Some(watcher) = &mut watcher {
                // A file that was replaced is another one, so files are watched anew each time.
                for gone in watched.extract_if(.., |path| !paths.contains(path) || !path.is_dir()) {
                    let _ = watcher.unwatch(&gone);
                }
                for path in &paths {
                    if !watched.contains(path) && watcher.watch(path, RecursiveMode::NonRecursive).is_ok() {
                        watched.push(path.clone());
                    }
                }
            }
            match changes.recv_timeout(every) {
                Ok(()) => while changes.recv_timeout(SETTLE).is_ok() {},
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => thread::sleep(every),
            }
            paths = look();
        }
    });
    if let Err(error) = begun {
        tracing::error!(%error, "files that change will not be noticed");
    }
}

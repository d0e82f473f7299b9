//! Watches files that people change while the program runs. The operating system reports changes where it can; besides, the files
//! are looked at from time to time. A disk that does not answer holds up nothing but the reading of its own files.

use crate::world::clock;
use notify::{RecursiveMode, Watcher as _};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// A program that saves a file writes it in several steps; after the first, the watcher waits so long for the others.
const SETTLE: Duration = Duration::from_millis(20);
/// After so long the files are looked at even if they still change.
const LONGEST_SETTLING: Duration = Duration::from_secs(1);
/// How long a reading is waited for before the others go on without it.
const PATIENCE: Duration = if cfg!(test) { Duration::from_millis(50) } else { Duration::from_secs(10) };

/// Calls `look` when the system reports changes, with the absolute paths of what has changed, and once in every interval with `None`,
/// for everything. `look` returns the folders and files to watch from then on; `None` if they are the same. A file is watched by itself,
/// so that changes of its neighbours, such as a database, do not count.
pub(crate) fn watch_paths(
    paths: Vec<PathBuf>,
    every: Duration,
    look: impl Fn(Option<&BTreeSet<PathBuf>>) -> Option<Vec<PathBuf>> + Send + 'static,
) {
    let (change_sender, changes) = mpsc::channel();
    // To watch a path means to look it up on its disk, which may not answer.
    let (path_sender, wanted) = mpsc::sync_channel(1);
    let watching = thread::Builder::new().name("watching".to_owned()).spawn(move || report_changes(&wanted, change_sender));
    let looking = thread::Builder::new().name("files".to_owned()).spawn(move || {
        let mut paths = Some(paths);
        let mut looked_at_all = clock::instant();
        loop {
            if let Some(paths) = paths {
                let _ = path_sender.try_send(paths);
            }
            let left = every.saturating_sub(looked_at_all.elapsed());
            let changed = match changes.recv_timeout(left) {
                Ok(changed) => {
                    let mut changed = BTreeSet::from_iter(changed);
                    let began = clock::instant();
                    // In a folder that changes all the time nothing ever settles.
                    while began.elapsed() < LONGEST_SETTLING
                        && let Ok(more) = changes.recv_timeout(SETTLE)
                    {
                        changed.extend(more);
                    }
                    // A look at everything that is due is not put off by changes.
                    (!left.is_zero()).then_some(changed)
                }
                Err(mpsc::RecvTimeoutError::Timeout) => None,
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    thread::sleep(left);
                    None
                }
            };
            if changed.is_none() {
                looked_at_all = clock::instant();
            }
            paths = look(changed.as_ref());
        }
    });
    if let Err(error) = watching.and(looking) {
        tracing::error!(%error, "files that change will not be noticed");
    }
}

/// Reports changes of the paths that were last wanted.
fn report_changes(wanted: &mpsc::Receiver<Vec<PathBuf>>, change_sender: mpsc::Sender<Vec<PathBuf>>) {
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading is no change.
        if let Ok(event) = event
            && !event.kind.is_access()
        {
            // The system names no path when it lost count of the changes.
            let _ = change_sender.send(if event.paths.is_empty() { vec![PathBuf::new()] } else { event.paths });
        }
    });
    let mut watcher = match watcher {
        Ok(watcher) => watcher,
        Err(error) => {
            return tracing::warn!(%error, "changes of files are not reported by the system; the files are checked every few seconds");
        }
    };
    let mut watched: BTreeSet<PathBuf> = BTreeSet::new();
    while let Ok(paths) = wanted.recv() {
        let paths: BTreeSet<PathBuf> = paths.into_iter().collect();
        // A file that was replaced is another one, so files are watched anew each time.
        for gone in watched.extract_if(.., |path| !paths.contains(path) || !path.is_dir()) {
            let _ = watcher.unwatch(&gone);
        }
        for path in paths {
            if !watched.contains(&path) && watcher.watch(&path, RecursiveMode::NonRecursive).is_ok() {
                watched.insert(path);
            }
        }
    }
}

/// A reading that is repeated, such as that of a folder. Each runs on a thread of its own.
#[derive(Debug)]
pub(crate) struct RepeatedReading(Arc<ReadingState>);

#[derive(Debug)]
struct ReadingState {
    /// When the last reading that came to an end began.
    last: AtomicI64,
    is_running: AtomicBool,
    /// Whether the last reading took longer than it is waited for.
    is_slow: AtomicBool,
}

impl RepeatedReading {
    pub(crate) fn new(now: i64) -> Self {
        Self(Arc::new(ReadingState { last: AtomicI64::new(now), is_running: AtomicBool::new(false), is_slow: AtomicBool::new(false) }))
    }

    /// Reads, unless the reading before is still under way. It is waited for a while, and not at all if the one before was slow. `read`
    /// answers whether everything was read.
    pub(crate) fn run(&self, read: impl FnOnce() -> bool + Send + 'static) {
        let state = Arc::clone(&self.0);
        if state.is_running.swap(true, Ordering::AcqRel) {
            return;
        }
        let (end_sender, end) = mpsc::channel::<()>();
        let begun = thread::Builder::new().name("reading".to_owned()).spawn(move || {
            // A reading that panics is no reading, and the next one is tried. What is bound last is dropped first.
            let (_end_sender, running) = (end_sender, RunningReading(state));
            let (now, measured) = (clock::now(), clock::instant());
            if read() {
                running.0.last.store(now, Ordering::Release);
            }
            running.0.is_slow.store(measured.elapsed() > PATIENCE, Ordering::Release);
        });
        match begun {
            Ok(_) if self.0.is_slow.load(Ordering::Acquire) => {}
            Ok(_) => drop(end.recv_timeout(PATIENCE)),
            Err(error) => {
                tracing::error!(%error, "files are not read again, because no thread can be started");
                self.0.is_running.store(false, Ordering::Release);
            }
        }
    }

    /// How many seconds ago the last reading began that came to an end.
    pub(crate) fn age(&self, now: i64) -> i64 {
        now.saturating_sub(self.0.last.load(Ordering::Acquire))
    }
}

struct RunningReading(Arc<ReadingState>);

impl Drop for RunningReading {
    fn drop(&mut self) {
        self.0.is_running.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait_for_end(reading: &RepeatedReading) {
        while reading.0.is_running.load(Ordering::Acquire) {
            thread::yield_now();
        }
    }

    #[test]
    fn a_reading_that_does_not_end_holds_up_no_other_and_is_not_begun_twice() {
        let (stuck, other) = (RepeatedReading::new(0), RepeatedReading::new(0));
        let (answer, disk) = mpsc::channel::<()>();
        let (begun_sender, begun) = mpsc::channel();
        let second = begun_sender.clone();

        stuck.run(move || {
            let _ = begun_sender.send(());
            disk.recv().is_ok()
        });
        stuck.run(move || second.send(()).is_ok());
        other.run(|| true);

        assert_eq!((begun.recv(), begun.try_recv().is_ok()), (Ok(()), false));
        assert_eq!(stuck.age(100), 100, "nothing was read");
        assert!(other.age(clock::now()) < 60);
        answer.send(()).unwrap();
        wait_for_end(&stuck);
        assert!(stuck.age(clock::now()) < 60);
    }

    #[test]
    fn a_reading_that_fails_is_tried_again() {
        let reading = RepeatedReading::new(0);

        reading.run(|| false);
        reading.run(|| panic!("a mistake of the program"));
        wait_for_end(&reading);
        let after_failures = reading.age(clock::now());
        reading.run(|| true);

        assert!(after_failures > 60 && reading.age(clock::now()) < 60);
    }
}

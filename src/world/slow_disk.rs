//! Reads what lies on a disk that may not answer, such as a network share. The caller waits for a limited time.

use crate::world::clock;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

/// How long a disk is waited for.
const PATIENCE: Duration = if cfg!(test) { Duration::from_millis(500) } else { Duration::from_secs(2) };
/// How long it is waited for while another reading in the same folder is not answered.
const LITTLE_PATIENCE: Duration = Duration::from_millis(200);

/// The readings that are under way for longer than they were waited for, by their numbers.
static UNANSWERED: Mutex<BTreeMap<u64, UnansweredReading>> = Mutex::new(BTreeMap::new());

struct UnansweredReading {
    path: PathBuf,
    since: i64,
}

/// Why there is no result of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotRead {
    /// The disk does not answer. Its path is unanswered until the reading ends.
    NoAnswer,
    /// The reading panicked, or no thread could be started. To try again soon would most likely fail again.
    Failed,
}

fn lock() -> MutexGuard<'static, BTreeMap<u64, UnansweredReading>> {
    UNANSWERED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is read of a file or a folder, if its disk answers in time. While a reading that was given up is under way, the same path is not
/// read again.
pub(crate) fn read_in_time<T: Send + 'static>(path: &Path, read: impl FnOnce(&Path) -> T + Send + 'static) -> Result<T, NotRead> {
    static NUMBERS: AtomicU64 = AtomicU64::new(0);
    if is_unanswered(path) {
        return Err(NotRead::NoAnswer);
    }
    let patience = patience_with(path);
    let (answer_sender, answer) = mpsc::channel();
    let (since, number) = (clock::now(), NUMBERS.fetch_add(1, Ordering::Relaxed));
    let ended = EndedReading { number, path: path.to_owned() };
    let reading = move || {
        // What is bound last is dropped first, also in a panic: the caller learns that no answer comes before the reading counts as ended.
        let (ended, answer_sender) = (ended, answer_sender);
        #[cfg(test)]
        tests::wait_for_disk(&ended.path);
        let _ = answer_sender.send(read(&ended.path));
    };
    if thread::Builder::new().name("reading".to_owned()).spawn(reading).is_err() {
        return Err(NotRead::Failed);
    }
    match answer.recv_timeout(patience) {
        Ok(read) => Ok(read),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(NotRead::Failed),
        Err(mpsc::RecvTimeoutError::Timeout) => {
            // A reading that ends from here on takes itself out again.
            let mut unanswered = lock();
            match answer.try_recv() {
                Ok(read) => Ok(read),
                Err(mpsc::TryRecvError::Disconnected) => Err(NotRead::Failed),
                Err(mpsc::TryRecvError::Empty) => {
                    unanswered.insert(number, UnansweredReading { path: path.to_owned(), since });
                    Err(NotRead::NoAnswer)
                }
            }
        }
    }
}

/// The same of many files or folders, which one thread reads one after the other. Only from the first that does not answer on each gets a
/// thread of its own.
pub(crate) fn read_all_in_time<T: Send + 'static>(paths: &Arc<[PathBuf]>, read: fn(&Path) -> T) -> Vec<Result<T, NotRead>> {
    let (answer_sender, answers) = mpsc::channel();
    let wanted = Arc::clone(paths);
    let reading = move || {
        for path in &*wanted {
            #[cfg(test)]
            tests::wait_for_disk(path);
            // Without a receiver this reading was given up.
            if answer_sender.send(read(path)).is_err() {
                return;
            }
        }
    };
    let is_possible =
        !paths.iter().any(|path| is_unanswered(path)) && thread::Builder::new().name("reading".to_owned()).spawn(reading).is_ok();
    let mut all = Vec::with_capacity(paths.len());
    while is_possible && all.len() < paths.len() {
        let Ok(read) = answers.recv_timeout(PATIENCE) else { break };
        all.push(Ok(read));
    }
    drop(answers);
    let rest = paths.iter().skip(all.len()).map(|path| read_in_time(path, read)).collect::<Vec<_>>();
    all.extend(rest);
    all
}

/// How long the disk of a path is waited for. Paths in one folder, and paths of which one is below the other, probably lie on one disk.
fn patience_with(path: &Path) -> Duration {
    let is_near = |other: &Path| path.parent() == other.parent() || path.starts_with(other) || other.starts_with(path);
    if lock().values().any(|reading| is_near(&reading.path)) { LITTLE_PATIENCE } else { PATIENCE }
}

/// Whether a reading of this path was given up and is still under way.
pub(crate) fn is_unanswered(path: &Path) -> bool {
    lock().values().any(|reading| reading.path == path)
}

/// The files and folders whose disks do not answer.
pub(crate) fn complaints(now: i64) -> Vec<String> {
    let unanswered = lock();
    // Of two readings of one path the later one is left out.
    let since: BTreeMap<&PathBuf, i64> = unanswered.values().rev().map(|reading| (&reading.path, reading.since)).collect();
    let complaint = |(path, since): (&PathBuf, i64)| {
        let seconds = now.saturating_sub(since);
        format!(
            "the disk of `{}` has not answered for {seconds} s, so what was read of it before stays in use: check the disk",
            path.display()
        )
    };
    since.into_iter().map(complaint).collect()
}

/// A reading, which has ended when this is dropped.
struct EndedReading {
    number: u64,
    path: PathBuf,
}

impl Drop for EndedReading {
    fn drop(&mut self) {
        lock().remove(&self.number);
        #[cfg(test)]
        tests::wait_for_disk(&self.path.join(tests::AFTER_THE_END));
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Condvar;

    static STUCK: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    static FREED: Condvar = Condvar::new();

    /// Below a path: its readings are stuck when they have ended.
    pub(super) const AFTER_THE_END: &str = "after the end";

    fn stuck() -> MutexGuard<'static, BTreeSet<PathBuf>> {
        STUCK.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The disk of what lies below a folder does not answer before this is dropped.
    pub(crate) struct StuckDisk(PathBuf);

    impl StuckDisk {
        pub(crate) fn below(folder: &Path) -> Self {
            stuck().insert(folder.to_owned());
            Self(folder.to_owned())
        }
    }

    impl Drop for StuckDisk {
        fn drop(&mut self) {
            stuck().remove(&self.0);
            FREED.notify_all();
        }
    }

    /// Waits until the readings of these paths that were given up have ended.
    pub(crate) fn wait_until_answered<'p>(paths: impl IntoIterator<Item = &'p Path>) {
        let end = clock::instant() + Duration::from_secs(20);
        for path in paths {
            while is_unanswered(path) {
                assert!(clock::instant() < end, "the reading of {} ends", path.display());
                thread::yield_now();
            }
        }
    }

    pub(super) fn wait_for_disk(path: &Path) {
        let is_stuck = |stuck: &mut BTreeSet<PathBuf>| stuck.iter().any(|folder| path.starts_with(folder));
        drop(FREED.wait_while(stuck(), is_stuck).unwrap_or_else(PoisonError::into_inner));
    }

    #[test]
    fn a_disk_that_does_not_answer_is_given_up_and_not_asked_again_before_it_has_answered() {
        let path = Path::new("/a share/logo.png");
        let disk = StuckDisk::below(Path::new("/a share"));

        assert_eq!([read_in_time(path, |_| 1), read_in_time(path, |_| 2)], [Err(NotRead::NoAnswer); 2]);

        assert!(
            is_unanswered(path) && complaints(clock::now()).iter().any(|complaint| complaint.contains("the disk of `/a share/logo.png`"))
        );
        assert_eq!(read_in_time(Path::new("/another/logo.png"), |_| 3), Ok(3));
        drop(disk);
        wait_until_answered([path]);
        assert_eq!(read_in_time(path, |_| 4), Ok(4));
        assert_eq!(read_in_time(path, |_| -> i32 { panic!("a mistake of the program") }), Err(NotRead::Failed));
        assert!(!is_unanswered(path));
    }

    #[test]
    fn of_many_paths_those_whose_disk_answers_are_read() {
        let disk = StuckDisk::below(Path::new("/one stuck"));
        let paths: Arc<[PathBuf]> = ["/many/a", "/one stuck/b", "/many/c"].map(PathBuf::from).into();
        let name = |path: &Path| path.file_name().map(ToOwned::to_owned);

        let read = read_all_in_time(&paths, name);
        drop(disk);
        wait_until_answered([&*paths[1]]);

        assert_eq!(read, [Ok(Some("a".into())), Err(NotRead::NoAnswer), Ok(Some("c".into()))]);
        assert_eq!(read_all_in_time(&paths, name).len(), 3);
    }

    #[test]
    fn a_reading_that_panics_when_it_is_given_up_closes_its_path_for_no_longer() {
        let path = Path::new("/panics/logo.png");
        // The thread of the reading goes on after its end, so that the caller looks for an answer in between.
        let end = StuckDisk::below(&path.join(AFTER_THE_END));

        let read = read_in_time(path, |_| -> i32 { panic!("a mistake of the program") });
        drop(end);

        assert_eq!((read, is_unanswered(path)), (Err(NotRead::Failed), false));
    }

    #[test]
    fn only_what_lies_near_an_unanswered_file_is_waited_for_less() {
        let unanswered = Path::new("/slow share/a");
        let disk = StuckDisk::below(unanswered);
        assert_eq!(read_in_time(unanswered, |_| true), Err(NotRead::NoAnswer));

        let found = ["/slow share/b", "/slow share", "/slow share/a/b", "/a local disk/b", "/slow share/below/b"]
            .map(|path| patience_with(Path::new(path)) == LITTLE_PATIENCE);
        drop(disk);

        assert_eq!(found, [true, true, true, false, false]);
    }

    #[test]
    fn of_two_readings_of_one_path_the_end_of_one_is_not_the_end_of_the_other() {
        let path = Path::new("/two readings/logo.png");
        let disk = StuckDisk::below(path);
        assert_eq!(read_in_time(path, |_| true), Err(NotRead::NoAnswer));
        lock().insert(u64::MAX, UnansweredReading { path: path.to_owned(), since: 0 });

        drop(disk);
        let end = clock::instant() + Duration::from_secs(20);
        while lock().values().filter(|reading| reading.path == path).count() > 1 {
            assert!(clock::instant() < end, "the other reading ends");
            thread::yield_now();
        }
        let found = is_unanswered(path);
        lock().remove(&u64::MAX);

        assert!(found && !is_unanswered(path));
    }
}

//! Reads what lies on a disk that may not answer, such as a network share. The caller waits for a limited time.

use crate::world::clock;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

/// How long a disk is waited for.
const PATIENCE: Duration = if cfg!(test) { Duration::from_millis(500) } else { Duration::from_secs(2) };
/// How long it is waited for while another reading is not answered: many files may lie on one disk.
const LITTLE_PATIENCE: Duration = Duration::from_millis(200);

/// The files and folders whose last reading is under way for longer than it was waited for, and when it began.
static UNANSWERED: Mutex<BTreeMap<PathBuf, i64>> = Mutex::new(BTreeMap::new());

fn lock() -> MutexGuard<'static, BTreeMap<PathBuf, i64>> {
    UNANSWERED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is read of a file or a folder; `None` if its disk does not answer in time. While a reading that was given up is under way, the
/// same path is not read again.
pub(crate) fn read_in_time<T: Send + 'static>(path: &Path, read: impl FnOnce(&Path) -> T + Send + 'static) -> Option<T> {
    let patience = {
        let unanswered = lock();
        if unanswered.contains_key(path) {
            return None;
        }
        if unanswered.is_empty() { PATIENCE } else { LITTLE_PATIENCE }
    };
    let (answer_sender, answer) = mpsc::channel();
    let (began, ended) = (clock::now(), EndedReading(path.to_owned()));
    let reading = move || {
        let EndedReading(path) = &ended;
        #[cfg(test)]
        tests::wait_for_disk(path);
        let _ = answer_sender.send(read(path));
    };
    thread::Builder::new().name("reading".to_owned()).spawn(reading).ok()?;
    match answer.recv_timeout(patience) {
        Ok(read) => Some(read),
        Err(mpsc::RecvTimeoutError::Disconnected) => None,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            // A reading that ends from here on takes its path out again.
            let mut unanswered = lock();
            match answer.try_recv() {
                Err(mpsc::TryRecvError::Empty) => drop(unanswered.insert(path.to_owned(), began)),
                Ok(read) => return Some(read),
                Err(mpsc::TryRecvError::Disconnected) => {}
            }
            None
        }
    }
}

/// Whether a reading of this path was given up and is still under way.
pub(crate) fn is_unanswered(path: &Path) -> bool {
    lock().contains_key(path)
}

/// The files and folders whose disks do not answer.
pub(crate) fn complaints(now: i64) -> Vec<String> {
    let unanswered = lock();
    let complaint = |(path, since): (&PathBuf, &i64)| {
        let seconds = now.saturating_sub(*since);
        format!(
            "the disk of `{}` has not answered for {seconds} s, so what was read of it before stays in use: check the disk",
            path.display()
        )
    };
    unanswered.iter().map(complaint).collect()
}

/// The path of a reading; it is answered when this is dropped.
struct EndedReading(PathBuf);

impl Drop for EndedReading {
    fn drop(&mut self) {
        lock().remove(&self.0);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Condvar;

    static STUCK: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    static FREED: Condvar = Condvar::new();

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

    pub(super) fn wait_for_disk(path: &Path) {
        let is_stuck = |stuck: &mut BTreeSet<PathBuf>| stuck.iter().any(|folder| path.starts_with(folder));
        drop(FREED.wait_while(stuck(), is_stuck).unwrap_or_else(PoisonError::into_inner));
    }

    #[test]
    fn a_disk_that_does_not_answer_is_given_up_and_not_asked_again_before_it_has_answered() {
        let path = Path::new("/a share/logo.png");
        let disk = StuckDisk::below(Path::new("/a share"));

        assert_eq!((read_in_time(path, |_| 1), read_in_time(path, |_| 2)), (None, None));

        assert!(
            is_unanswered(path) && complaints(clock::now()).iter().any(|complaint| complaint.contains("the disk of `/a share/logo.png`"))
        );
        assert_eq!(read_in_time(Path::new("/another/logo.png"), |_| 3), Some(3));
        drop(disk);
        while is_unanswered(path) {
            thread::yield_now();
        }
        assert_eq!(read_in_time(path, |_| 4), Some(4));
        assert_eq!(read_in_time(path, |_| -> i32 { panic!("a mistake of the program") }), None);
        assert!(!is_unanswered(path));
    }
}

//! A file that is written beside its place and put there when it is whole. Only its owner may read it.

use crate::world::random;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A file that is not in its place yet. If it is dropped before, it is removed.
#[derive(Debug)]
pub(crate) struct WholeFile {
    file: File,
    aside: PathBuf,
    place: PathBuf,
    may_replace: bool,
    is_abandoned: Arc<AtomicBool>,
}

/// Gives a file up that another thread writes.
#[derive(Debug)]
pub(crate) struct FileAbandonment(Arc<AtomicBool>);

impl FileAbandonment {
    /// From now on the file takes nothing more and is never put in its place, so the thread that writes it ends, and it is removed.
    pub(crate) fn abandon(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl WholeFile {
    /// Begins a file. Another file in its place is an error, unless it may be replaced.
    pub(crate) fn begin(place: &Path, may_replace: bool) -> io::Result<Self> {
        if !may_replace && std::fs::symlink_metadata(place).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let name = place.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        let aside = place.with_file_name(format!(".{name}.{}", random::id()));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
        Ok(Self { file, aside, place: place.to_owned(), may_replace, is_abandoned: Arc::default() })
    }

    /// What gives this file up.
    pub(crate) fn abandonment(&self) -> FileAbandonment {
        FileAbandonment(Arc::clone(&self.is_abandoned))
    }

    fn check_wanted(&self) -> io::Result<()> {
        if self.is_abandoned.load(Ordering::Relaxed) { Err(io::Error::other("it was given up")) } else { Ok(()) }
    }

    /// Puts the file in its place, when all of it is on the disk.
    pub(crate) fn place(self) -> io::Result<()> {
        self.check_wanted()?;
        self.file.sync_all()?;
        if self.may_replace {
            return std::fs::rename(&self.aside, &self.place);
        }
        self.place_beside_none(|aside, place| std::fs::hard_link(aside, place))
    }

    /// Puts the file where none is. A second name, unlike a new name, never takes the place of a file that appeared meanwhile.
    fn place_beside_none(self, link: impl Fn(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
        match link(&self.aside, &self.place) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {}
            linked => return linked,
        }
        // Some file systems know no second names. There the name is taken by an empty file, which only one process can make, and the whole
        // file takes the place of that one.
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.place)?;
        std::fs::rename(&self.aside, &self.place).inspect_err(|_| drop(std::fs::remove_file(&self.place)))
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.check_wanted()?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.aside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_takes_its_place_whole_for_its_owner_alone_and_never_that_of_another() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("portaria-new-{}", crate::world::random::id()));
        std::fs::create_dir(&folder).unwrap();
        let place = folder.join("backup");
        let begin = |may_replace, text: &[u8]| {
            let mut file = WholeFile::begin(&place, may_replace)?;
            file.write_all(text)?;
            io::Result::Ok(file)
        };

        let read = || crate::world::files::read_bytes(&place, 100).unwrap();

        drop(begin(false, b"half").unwrap());
        assert!(!place.exists());
        let mut abandoned = begin(false, b"half").unwrap();
        abandoned.abandonment().abandon();
        assert!(abandoned.write_all(b"more").is_err() && abandoned.place().is_err() && !place.exists());
        begin(false, b"whole").unwrap().place().unwrap();
        let refused = begin(false, b"other").map(drop).unwrap_err().kind();
        assert_eq!((refused, read().as_slice()), (io::ErrorKind::AlreadyExists, &b"whole"[..]));
        let without_links = |text: &[u8]| {
            let file = begin(true, text).unwrap();
            file.place_beside_none(|_, _| Err(io::ErrorKind::Unsupported.into()))
        };
        assert_eq!(without_links(b"other").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(read(), b"whole");
        std::fs::remove_file(&place).unwrap();
        without_links(b"whole").unwrap();
        assert_eq!(read(), b"whole");
        begin(true, b"newer").unwrap().place().unwrap();
        assert_eq!(read(), b"newer");
        assert_eq!(std::fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

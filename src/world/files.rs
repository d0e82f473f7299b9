//! The disk: files that people wrote, and files that are generated.

use crate::provider::value_reference::{FileId, FoundFile};
use crate::vocabulary::place::Source;
use crate::vocabulary::yaml;
use std::io;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Reads a file that a person wrote. Only ordinary files are read, and only as much as can be used.
pub(crate) fn read_source(path: &Path) -> io::Result<Source> {
    let bytes = read_bytes(path, yaml::LARGEST + 1)?;
    if bytes.len() > yaml::LARGEST {
        // The YAML reader complains about the size. The bytes may end within a character, and that must not be complained about instead.
        return Ok(Source::new(path.display().to_string(), String::from_utf8_lossy(&bytes)));
    }
    let text = String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the file is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned);
    Ok(Source::new(path.display().to_string(), text))
}

/// Opens an ordinary file to read it in parts.
pub(crate) fn open_to_read(path: &Path) -> io::Result<std::fs::File> {
    open_ordinary(path, std::fs::OpenOptions::new().read(true))
}

/// Reads an ordinary file, but no more than a number of bytes.
pub fn read_bytes(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_ordinary(path, std::fs::OpenOptions::new().read(true))?.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same of a file that was found before. If another file or a link has taken its place, or the place of a folder on its path, nothing
/// is read.
pub(crate) fn read_found(found: &FoundFile, most: usize) -> io::Result<Vec<u8>> {
    let file = open_ordinary(&found.real, std::fs::OpenOptions::new().read(true))?;
    if id_of(&file.metadata()?) != found.id || path_of(&file, &found.real)? != *found.real {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "another file has taken the place of this one"));
    }
    let mut bytes = Vec::new();
    file.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The path of an opened file as the system knows it. Where it does not say that, the path is looked up again.
fn path_of(file: &std::fs::File, opened_at: &Path) -> io::Result<PathBuf> {
    use std::os::fd::AsRawFd as _;
    if let Ok(path) = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())) {
        return Ok(path);
    }
    let (opened, found) = (id_of(&file.metadata()?), file_id(opened_at)?);
    let path = real_path(opened_at)?;
    Ok(if found == opened { path } else { PathBuf::new() })
}

/// Opens a file without waiting, and only then looks at what it is: to open a named pipe takes until another program opens its other
/// end, and what a path leads to may change between two looks.
fn open_ordinary(path: &Path, options: &mut std::fs::OpenOptions) -> io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let not_ordinary = || io::Error::new(io::ErrorKind::InvalidInput, "this is not an ordinary file");
    let file = options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path).map_err(|error| match error.raw_os_error() {
        // A socket, a device without a driver, and a pipe that no program reads.
        Some(libc::ENXIO | libc::ENODEV) => not_ordinary(),
        _ => error,
    })?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_ordinary()) }
}

/// The files of a folder that end in `.yaml`, sorted by name.
pub(crate) fn yaml_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    files_ending_in(folder, ".yaml")
}

/// The files of a folder with an ending, sorted by name; hidden ones are left out.
pub(crate) fn files_ending_in(folder: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(ending) && !name.starts_with('.') {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Shows whether a file has changed: when it was written, its length, and which file it is.
pub(crate) type FileStamp = (std::time::SystemTime, u64, u64);

/// The stamps of files, each with its path; `None` for a file that is not there.
pub(crate) type FileStamps = Vec<(PathBuf, Option<FileStamp>)>;

/// The stamp of a file; `None` while there is none.
pub(crate) fn stamp(path: &Path) -> Option<FileStamp> {
    use std::os::unix::fs::MetadataExt as _;
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len(), about.ino()))
}

/// Whether every user of this machine may read or replace a file: by its own rights, and by those of all folders on the way to it. What
/// the runtime of a container mounts below `/run/secrets` has rights that the operator cannot always choose.
pub(crate) fn is_open_to_everyone(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(path) = path.canonicalize() else { return false };
    let allows = |path: &Path, rights: u32| std::fs::metadata(path).is_ok_and(|about| about.permissions().mode() & rights != 0);
    !path.starts_with("/run/secrets") && allows(&path, 0o006) && path.ancestors().skip(1).all(|folder| allows(folder, 0o001))
}

/// The owner and the rights of a path or, where they cannot be seen, of the next folder above it, as a sentence; and who reads.
pub(crate) fn describe_rights(path: &Path) -> String {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let path = absolute(path);
    let seen = path.ancestors().find_map(|at| std::fs::metadata(at).ok().map(|about| (at, about)));
    let Some((at, about)) = seen else { return String::new() };
    let reader = std::fs::metadata("/proc/self")
        .map_or_else(|_| String::new(), |about| format!(", and this process is one of user {}", about.uid()));
    let (what, owner, mode) = (at.display(), about.uid(), about.permissions().mode() & 0o7777);
    format!("{what} belongs to user {owner} with the rights {mode:04o}{reader}")
}

/// Whether others than its owner may write a file, or replace it in its folder.
pub(crate) fn others_may_write(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    /// In a folder with this bit, such as `/tmp`, only the owner of a file replaces it.
    const ONLY_OWNERS: u32 = 0o1000;
    let Ok(path) = path.canonicalize() else { return false };
    let mode = |path: &Path| std::fs::metadata(path).map_or(0, |about| about.permissions().mode());
    mode(&path) & 0o022 != 0 || path.parent().map(mode).is_some_and(|mode| mode & 0o002 != 0 && mode & ONLY_OWNERS == 0)
}

/// The outcome of writing a secret.
pub(crate) enum SecretFile {
    Written,
    /// Another process was faster; this is its text.
    Existed(String),
}

/// Writes a secret to a new file that only its owner may read.
pub(crate) fn write_secret_once(path: &Path, text: &str) -> io::Result<SecretFile> {
    use std::os::unix::fs::OpenOptionsExt as _;
    // It is written elsewhere and then put in place whole, so that no process reads half of it.
    let aside = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = open_ordinary(&aside, std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let placed = std::fs::hard_link(&aside, path);
    std::fs::remove_file(&aside)?;
    match placed {
        Ok(()) => Ok(SecretFile::Written),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let text = String::from_utf8(read_bytes(path, 4096)?);
            text.map(SecretFile::Existed).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the file is not UTF-8"))
        }
        Err(error) => Err(error),
    }
}

/// Creates a folder, and its missing parents, for the owner only.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Creates a file if it is missing, and lets only its owner read it.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let file = open_ordinary(path, std::fs::OpenOptions::new().append(true).create(true).mode(0o600))?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// What identifies a file independently of its name.
pub(crate) fn file_id(path: &Path) -> io::Result<FileId> {
    std::fs::metadata(path).map(|about| id_of(&about))
}

fn id_of(about: &std::fs::Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt as _;
    (about.dev(), about.ino())
}

/// The path without symbolic links and `..`.
pub(crate) fn real_path(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize()
}

/// Writes a generated file, and creates its folder if it is missing.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    open_ordinary(path, std::fs::OpenOptions::new().write(true).create(true).truncate(true))?.write_all(text.as_bytes())
}

/// Replaces a file in one step, so that no process reads half of it. The new one has the rights of the old one.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let aside = aside(path);
    let placed = (|| {
        let mut file = open_ordinary(&aside, std::fs::OpenOptions::new().write(true).create(true).truncate(true))?;
        file.write_all(text.as_bytes())?;
        if let Ok(old) = std::fs::metadata(path) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()?;
        std::fs::rename(&aside, path)
    })();
    if placed.is_err() {
        let _ = std::fs::remove_file(&aside);
    }
    placed
}

/// Removes a file.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)
}

/// Copies a file with its rights, and puts the copy in place in one step.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let aside = aside(to);
    let placed = std::fs::copy(from, &aside).and_then(|_| std::fs::rename(&aside, to));
    if placed.is_err() {
        let _ = std::fs::remove_file(&aside);
    }
    placed
}

/// Removes a file if it still has a text. The answer is whether it did; a file with another text stays or comes back.
pub(crate) fn remove_if_same(path: &Path, text: &str) -> io::Result<bool> {
    // Under its other name no one else writes into it, so what is compared is what is removed.
    let aside = aside(path);
    std::fs::rename(path, &aside)?;
    if read_source(&aside).is_ok_and(|source| *source.text == *text) {
        return std::fs::remove_file(&aside).map(|()| true);
    }
    // A file that was written meanwhile under the name is the newer one.
    match std::fs::hard_link(&aside, path) {
        Ok(()) => std::fs::remove_file(&aside)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => std::fs::remove_file(&aside)?,
        // Not every file system has such links.
        Err(_) => std::fs::rename(&aside, path)?,
    }
    Ok(false)
}

/// A name beside a file. It begins with a dot, so that a broker that watches the folder does not read it.
fn aside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

/// Adds a text to the end of a file. A missing file is created; an existing text stays as it is.
pub(crate) fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = open_ordinary(path, std::fs::OpenOptions::new().append(true).create(true))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// The path from the root on, without a look at the disk.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Whether there is anything of this name, even a link that leads nowhere.
pub(crate) fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Whether there is such a folder.
pub(crate) fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// How many bytes a file has; 0 if there is none.
pub(crate) fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

/// Whether there is such a file.
pub(crate) fn is_file(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::random;
    use std::os::unix::net::UnixListener;
    use std::process::Command;
    use std::sync::mpsc;
    use std::time::Duration;

    /// Attack Y-18
    #[test]
    fn a_file_is_open_to_everyone_if_its_rights_and_those_of_its_folders_are() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("portaria-open-{}", crate::world::random::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("secret");
        write(&file, "geheim").unwrap();
        let is_open = |of_folder: u32, of_file: u32| {
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(of_folder)).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(of_file)).unwrap();
            is_open_to_everyone(&file)
        };

        let found =
            [(0o755, 0o644), (0o755, 0o602), (0o755, 0o640), (0o755, 0o600), (0o700, 0o644)].map(|(one, other)| is_open(one, other));
        std::fs::remove_dir_all(&folder).unwrap();

        assert_eq!(found, [true, true, false, false, false]);
        assert!(!is_open_to_everyone(&folder.join("nothing")));
    }

    #[test]
    fn others_may_write_a_file_by_its_rights_or_by_those_of_its_folder() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("portaria-write-{}", random::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("ca.pem");
        write(&file, "x").unwrap();
        let may_write = |of_folder: u32, of_file: u32| {
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(of_folder)).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(of_file)).unwrap();
            others_may_write(&file)
        };

        let found = [(0o755, 0o644), (0o755, 0o664), (0o755, 0o646), (0o777, 0o644), (0o1777, 0o644), (0o700, 0o600)]
            .map(|(one, other)| may_write(one, other));
        std::fs::remove_dir_all(&folder).unwrap();

        assert_eq!(found, [false, true, true, true, false, false]);
        assert!(!others_may_write(&folder.join("nothing")));
    }

    #[test]
    fn a_file_is_removed_only_while_it_has_the_text() {
        let folder = std::env::temp_dir().join(format!("portaria-remove-{}", random::id()));
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("acme.next.yaml");
        std::fs::write(&path, "name: Acme\n").unwrap();

        assert!(!remove_if_same(&path, "name: Outra\n").unwrap());
        assert_eq!(&*read_source(&path).unwrap().text, "name: Acme\n");
        assert!(remove_if_same(&path, "name: Acme\n").unwrap());

        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    /// Attack Y-07
    #[test]
    fn what_is_no_ordinary_file_is_refused_at_once() {
        let folder = std::env::temp_dir().join(format!("portaria-files-{}", random::id()));
        std::fs::create_dir(&folder).unwrap();
        let (pipe, socket, link) = (folder.join("pipe"), folder.join("socket"), folder.join("link"));
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let _listener = UnixListener::bind(&socket).unwrap();
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        let odd = [pipe, socket, link, folder.clone(), PathBuf::from("/dev/zero"), PathBuf::from("/dev/tty")];

        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || {
            for path in odd {
                let read = read_bytes(&path, 100).map(|_| ());
                let written = append(&path, "text").and_then(|()| make_private(&path)).and_then(|()| write(&path, "text"));
                let _ = sender.send((path, read.map_err(|error| error.kind()), written.is_err()));
            }
        });
        for _ in 0..6 {
            let (path, read, refused) = answers.recv_timeout(Duration::from_secs(20)).expect("it never waits");
            // A process without a terminal has no /dev/tty at all.
            let expected = if path.ends_with("tty") { read } else { Err(io::ErrorKind::InvalidInput) };
            assert_eq!((read, refused), (expected, true), "{}", path.display());
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

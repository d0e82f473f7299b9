//! The disk: files that people wrote, and files that are generated.

use crate::vocabulary::place::Source;
use std::io;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Reads a file that a person wrote. Only ordinary files are read, and only as much as can be used.
pub(crate) fn read_source(path: &Path) -> io::Result<Source> {
    let bytes = read_bytes(path, crate::vocabulary::yaml::LARGEST + 1)?;
    if bytes.len() > crate::vocabulary::yaml::LARGEST {
        // The YAML reader complains about the size. The bytes may end within a character, and that must not be complained about instead.
        return Ok(Source::new(path.display().to_string(), String::from_utf8_lossy(&bytes)));
    }
    let text = String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the file is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned);
    Ok(Source::new(path.display().to_string(), text))
}

/// Reads an ordinary file, but no more than a number of bytes.
pub fn read_bytes(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is not an ordinary file"));
    }
    let mut bytes = Vec::new();
    file.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
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

/// The stamp of a file; `None` while there is none.
pub(crate) fn stamp(path: &Path) -> Option<FileStamp> {
    use std::os::unix::fs::MetadataExt as _;
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len(), about.ino()))
}

/// The outcome of writing a secret.
pub(crate) enum SecretFile {
    Written,
    /// Another process was faster; this is its text.
    Existed(String),
}

/// Writes a secret to a new file that only its owner may read.
pub(crate) fn write_secret_once(path: &Path, text: &str) -> io::Result<SecretFile> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    // It is written elsewhere and then put in place whole, so that no process reads half of it.
    let aside = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
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
    let file = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// A number that identifies the file independently of its name.
pub(crate) fn file_id(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|about| (about.dev(), about.ino()))
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
    std::fs::write(path, text)
}

/// Adds a text to the end of a file. A missing file is created; an existing text stays as it is.
pub(crate) fn append(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Whether there is such a folder.
pub(crate) fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// Whether there is such a file.
pub(crate) fn is_file(path: &Path) -> bool {
    path.is_file()
}

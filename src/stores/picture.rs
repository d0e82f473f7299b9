//! A picture that the broker serves. It is read with the settings or the provider file that name it, never for a request: the disk
//! of one store may not answer.

use crate::vocabulary::picture_type::picture_type;
use crate::world::files;
use std::path::Path;
use std::sync::Arc;

/// The largest picture that is served.
const LARGEST: usize = 256 * 1024;

#[derive(Clone)]
pub(crate) struct Picture {
    /// The media type.
    pub(crate) kind: &'static str,
    pub(crate) bytes: Arc<[u8]>,
}

impl Picture {
    /// Reads a picture, if the file is one.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let kind = picture_type(path.file_name()?.to_str()?)?;
        let bytes = files::read_bytes(path, LARGEST + 1).ok().filter(|bytes| bytes.len() <= LARGEST)?;
        Some(Self { kind, bytes: bytes.into() })
    }
}

//! The name of this machine.

use crate::world::files;
use std::path::Path;

/// The name of this machine, or nothing where the system does not have it in this file.
pub(crate) fn host_name() -> String {
    let name = files::read_bytes(Path::new("/proc/sys/kernel/hostname"), 256).unwrap_or_default();
    String::from_utf8_lossy(&name).trim().to_owned()
}

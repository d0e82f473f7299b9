//! Why a folder of provider files cannot be listed.

use std::fmt;

/// Why a folder of provider files cannot be listed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ProviderFolderFault {
    /// It held files when it was last read, and is not there any more.
    Gone,
    /// It is there, and the system does not list it.
    Unlistable(String),
}

impl fmt::Display for ProviderFolderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str(
                "the folder of provider files is gone; its providers stay live as they were read: put it back or mount it again, or leave it empty \
                 to offer none",
            ),
            Self::Unlistable(reason) => write!(
                f,
                "the folder of provider files cannot be listed ({reason}); what was read of it stays live: let the user of the broker list it and read \
                 its files"
            ),
        }
    }
}

//! What is wrong with the settings on the disk, while older ones are in use.

use std::sync::{Mutex, PoisonError};

#[derive(Debug, Default)]
pub(crate) struct SettingsComplaint(Mutex<Option<String>>);

impl SettingsComplaint {
    /// Sets the complaint, and answers whether it is new.
    pub(crate) fn set(&self, complaint: Option<String>) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = *known != complaint;
        *known = complaint;
        is_new
    }

    pub(crate) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

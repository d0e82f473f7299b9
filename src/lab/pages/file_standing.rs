//! How a provider's file in the store fares, as the pages say it.

use crate::lab::pages::words::texts::LabWords;
use crate::pages::phrases::fill;
use crate::stores::catalogue::{ProviderFileReport, ProviderStatus};

/// How a file fares.
#[derive(Clone, Debug)]
pub(crate) struct FileStanding {
    pub(crate) status: ProviderStatus,
    /// Whether an older version is in use because the file is broken.
    pub(crate) uses_older_version: bool,
    /// The variables and files that are not set.
    pub(crate) missing: Vec<String>,
}

impl FileStanding {
    pub(crate) fn of(file: &ProviderFileReport) -> Self {
        Self { status: file.status, uses_older_version: file.stale, missing: file.missing.clone() }
    }

    /// Whether a test login is possible.
    pub(crate) fn can_be_tested(&self) -> bool {
        self.status == ProviderStatus::Offered || self.uses_older_version
    }

    /// Why shoppers do not see the provider, or see an older version of it.
    pub(crate) fn obstacle(&self, words: &LabWords) -> Option<String> {
        let words = &words.provider;
        match self.status {
            ProviderStatus::Broken if self.uses_older_version => Some(words.stale.clone()),
            ProviderStatus::Broken => Some(words.broken.clone()),
            ProviderStatus::Dormant => Some(fill(&words.dormant, &[("names", &self.missing.join(", "))])),
            ProviderStatus::Off => Some(words.off.clone()),
            ProviderStatus::Offered | ProviderStatus::Overlooked => None,
        }
    }
}

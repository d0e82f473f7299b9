//! The metrics. Each subject has a file of its own, which registers its series and holds what sets them.

pub(crate) mod checks;
pub(crate) mod drift;
pub(crate) mod logins;
pub(crate) mod logout_notices;
pub(crate) mod mails;
pub(crate) mod next_versions;
pub(crate) mod provider_files;
pub(crate) mod storage;

use crate::web::metrics::checks::CheckMetrics;
use crate::web::metrics::drift::DriftMetrics;
use crate::web::metrics::logins::LoginMetrics;
use crate::web::metrics::logout_notices::LogoutNoticeMetrics;
use crate::web::metrics::mails::MailMetrics;
use crate::web::metrics::next_versions::NextVersionMetrics;
use crate::web::metrics::provider_files::ProviderFileMetrics;
use crate::web::metrics::storage::StorageMetrics;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) logins: LoginMetrics,
    pub(crate) checks: CheckMetrics,
    pub(crate) provider_files: ProviderFileMetrics,
    pub(crate) drift: DriftMetrics,
    pub(crate) next_versions: NextVersionMetrics,
    pub(crate) logout_notices: LogoutNoticeMetrics,
    pub(crate) mails: MailMetrics,
    pub(crate) storage: StorageMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("portaria");
        Self {
            logins: LoginMetrics::new(&mut registry),
            checks: CheckMetrics::new(&mut registry),
            provider_files: ProviderFileMetrics::new(&mut registry),
            drift: DriftMetrics::new(&mut registry),
            next_versions: NextVersionMetrics::new(&mut registry),
            logout_notices: LogoutNoticeMetrics::new(&mut registry),
            mails: MailMetrics::new(&mut registry),
            storage: StorageMetrics::new(&mut registry),
            registry,
        }
    }
}

impl Metrics {
    /// All metrics in the format of OpenMetrics.
    pub(crate) fn open_metrics_text(&self) -> String {
        self.checks.collect();
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to memory works");
        text
    }
}

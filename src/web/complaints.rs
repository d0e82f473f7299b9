//! What is wrong with the settings and files on the disk, and with what is around the broker.

use crate::web::app::App;
use crate::web::endpoint_hosts;
use crate::world::slow_disk;
use std::collections::BTreeMap;
use std::path::Path;

/// Files that could not be read again for so many seconds are complained about.
const LONGEST_UNREAD: i64 = 60;

impl App {
    /// The complaints about the settings and phrases on the disk, while older ones are in use, about files that were not read again,
    /// about proxies that the settings do not name, and about documents of issuers that wait for an operator.
    pub fn complaints(&self, now: i64) -> Vec<String> {
        let live_config = self.live_config();
        let unlisted: BTreeMap<&Path, String> = live_config
            .live_stores()
            .filter_map(|live_store| Some((live_store.providers.folder(), live_store.providers.fault()?.to_string())))
            .collect();
        let folders: BTreeMap<&Path, i64> =
            live_config.live_stores().map(|live_store| (live_store.providers.folder(), live_store.providers.age(now))).collect();
        let folders: BTreeMap<&Path, i64> = folders.into_iter().filter(|(folder, _)| !unlisted.contains_key(folder)).collect();
        let unlisted = unlisted.iter().map(|(folder, fault)| format!("`{}`: {fault}", folder.display()));
        let folders = folders.iter().map(|(folder, age)| (format!("the provider files in `{}`", folder.display()), *age));
        let unread = std::iter::once(("the settings".to_owned(), self.settings_reading.age(now))).chain(folders);
        let unread = unread.filter(|(_, age)| *age > LONGEST_UNREAD).map(|(files, age)| {
            format!("{files} could not be read again for {age} s, so changes since then are not in use: check the disk and the rights of the folder")
        });
        let unnamed = self.unnamed_proxies.complaints(&live_config);
        let hosts = endpoint_hosts::complaints(&self.connection.documents);
        let unread = unread.chain(slow_disk::complaints(now));
        let of_apps = live_config.live_stores().flat_map(|live_store| live_store.app_complaints());
        self.settings_complaint
            .get()
            .into_iter()
            .chain(live_config.complaints.iter().cloned())
            .chain(of_apps)
            .chain(unlisted)
            .chain(unread)
            .chain(unnamed)
            .chain(hosts)
            .collect()
    }

    /// Whether the settings on the disk are those in use, with all files that they name and the folders of provider files.
    pub(crate) fn uses_settings_on_disk(&self) -> bool {
        let live_config = self.live_config();
        let is_listed = live_config.live_stores().all(|live_store| live_store.providers.fault().is_none());
        is_listed && self.settings_complaint.get().is_none() && live_config.complaints.is_empty() && live_config.unanswered.is_empty()
    }
}

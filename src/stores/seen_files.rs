//! What was there when a folder of provider files was last read.

use crate::stores::read_policy::ReadPolicy;
use crate::world::files::{self, FileStamps};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The files of a folder as they were when they were last read.
#[derive(Debug, Default)]
pub(crate) struct SeenFiles {
    /// The stamps of each provider file and of the files that it depends on.
    stamps: HashMap<PathBuf, FileStamps>,
    /// Whether files were judged while it was not known which files the other stores have.
    awaits_others: bool,
}

impl SeenFiles {
    /// Whether a file, or one that it depends on, is another than when it was read.
    pub(crate) fn has_changed(&self, path: &Path) -> bool {
        let stamps = self.stamps.get(path);
        stamps.is_none_or(|stamps| stamps.iter().any(|(path, stamp)| files::stamp(path) != *stamp))
    }

    pub(crate) fn insert(&mut self, path: PathBuf, stamps: FileStamps) {
        self.stamps.insert(path, stamps);
    }

    pub(crate) fn remove(&mut self, path: &Path) {
        self.stamps.remove(path);
    }

    /// Notes under which policy files are judged.
    pub(crate) fn note_policy(&mut self, policy: &ReadPolicy) {
        self.awaits_others |= !policy.knows_other_files();
    }

    /// Whether it has become known which files the other stores have, after files were judged without knowing it.
    pub(crate) fn are_others_known_again(&mut self, policy: &ReadPolicy) -> bool {
        let is_known_again = self.awaits_others && policy.with_files_of_others().knows_other_files();
        self.awaits_others &= !is_known_again;
        is_known_again
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::InstallationContext;
    use crate::stores::catalogue::ProviderStatus;
    use crate::stores::live::{ConnectionReplacer, LiveProviders};
    use crate::stores::settings::Settings;
    use crate::vocabulary::place::Source;
    use crate::world::random;
    use crate::world::slow_disk::is_unanswered;
    use crate::world::slow_disk::tests::StuckDisk;

    #[test]
    fn a_file_that_was_refused_because_the_files_of_another_store_were_unknown_is_judged_again() {
        let folder = std::env::temp_dir().join(format!("portaria-judged-{}", random::id()));
        let (main, outra) = (folder.join("providers.d"), folder.join("outra.d"));
        let text = format!(
            "providers: {}\nstores: {{ outra: {{ publicUrl: 'https://b.example', providers: {} }} }}\n",
            main.display(),
            outra.display()
        );
        let (settings, report) = Settings::read(&Source::new("portaria.yaml", text));
        let policy = ReadPolicy::for_folder(&settings.unwrap_or_else(|| panic!("{}", report.draw(false))), &outra);
        let file = "name: Acme\nclientId: env:ACME_KEY\ngetAuthorizationCode: { get: \"https://a.example/a\" }\n\
                    getAccessCode: { post: \"https://a.example/t\" }\ngetUserInfo: { get: \"https://a.example/me\", read: { id: $.id, email: $.email, emailVerified: $.ok } }\n";
        files::write(&main.join("beta.yaml"), "").unwrap();
        files::write(&outra.join("acme.yaml"), file).unwrap();
        let status = |providers: &LiveProviders| {
            providers.reload(0).expect("the folder can be listed");
            providers.snapshot().file_reports().get(&outra.join("acme.yaml")).map(|found| (found.status, found.report.draw(false)))
        };
        let replace: ConnectionReplacer = |_, _, _| unreachable!("nothing is simulated");
        let disk = StuckDisk::below(&main);

        let providers = LiveProviders::open(&outra, (InstallationContext { loopback: false }, policy), (&[], replace), 0);
        let unknown = status(&providers).expect("it is there");
        let unknown_still = status(&providers).expect("it is there");
        drop(disk);
        while is_unanswered(&main) {
            std::thread::yield_now();
        }
        let known = status(&providers).expect("it is there");
        std::fs::remove_dir_all(&folder).unwrap();

        assert!(unknown.0 == ProviderStatus::Broken && unknown.1.contains("may belong to a provider file of another store"), "{unknown:?}");
        assert_eq!(unknown_still, unknown);
        assert_eq!(known.0, ProviderStatus::Dormant, "{}", known.1);
    }
}

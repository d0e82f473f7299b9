//! What was there when a folder of provider files was last read.

use crate::stores::read_refusal::AwaitedReading;
use crate::world::files::{self, FileStamps};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// The files of a folder as they were when they were last read.
#[derive(Debug, Default)]
pub(crate) struct SeenFiles {
    /// The stamps of each provider file and of the files that it depends on.
    stamps: HashMap<PathBuf, FileStamps>,
    /// The files that could not be judged, each with what could not be read then.
    awaited: HashMap<PathBuf, AwaitedReading>,
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
        self.awaited.remove(path);
    }

    /// Records what has to be readable before a file can be judged; `None` if it was judged.
    pub(crate) fn note_awaited(&mut self, path: &Path, awaited: Option<AwaitedReading>) {
        match awaited {
            Some(awaited) => drop(self.awaited.insert(path.to_owned(), awaited)),
            None => drop(self.awaited.remove(path)),
        }
    }

    /// The files that could not be judged, and can be now. What was allowed meanwhile stays allowed.
    pub(crate) fn judged_again(&self) -> BTreeSet<PathBuf> {
        let wanted: BTreeSet<&AwaitedReading> = self.awaited.values().collect();
        let possible: BTreeSet<&AwaitedReading> = wanted.into_iter().filter(|awaited| awaited.is_possible()).collect();
        self.awaited.iter().filter(|(_, awaited)| possible.contains(awaited)).map(|(path, _)| path.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::InstallationContext;
    use crate::stores::connection::ConnectionReplacer;
    use crate::stores::live::LiveProviders;
    use crate::stores::read_policy::ReadPolicy;
    use crate::stores::settings::Settings;
    use crate::vocabulary::place::Source;
    use crate::world::slow_disk::tests::{StuckDisk, wait_until_answered};
    use crate::world::{clock, random};

    #[test]
    fn a_file_that_was_refused_because_something_could_not_be_looked_up_is_judged_again() {
        let folder = std::env::temp_dir().join(format!("portaria-judged-{}", random::id()));
        let (main, outra, own, secrets) = (folder.join("main.d"), folder.join("outra.d"), folder.join("own"), folder.join("secrets"));
        let text = format!(
            "providers: {}\nmasterKey: file:{}/master\nfilesMayRead: {{ folder: {} }}\nstores: {{ outra: {{ publicUrl: 'https://b.example', providers: {} }} }}\n",
            main.display(),
            own.display(),
            secrets.display(),
            outra.display()
        );
        let (settings, report) = Settings::read(&Source::new("portaria.yaml", text));
        let policy = ReadPolicy::for_folder(&settings.unwrap_or_else(|| panic!("{}", report.draw(false))), &outra);
        let file = |client: &str| {
            format!(
                "name: Acme\n{client}\ngetAuthorizationCode: {{ get: \"https://a.example/a\" }}\n\
                 getAccessCode: {{ post: \"https://a.example/t\" }}\ngetUserInfo: {{ get: \"https://a.example/me\", read: {{ id: $.id, email: $.email, emailVerified: $.ok }} }}\n"
            )
        };
        let of_file = format!("clientId: loja\nclientSecret: file:{}/outra/beta", secrets.display());
        for (path, text) in [
            (main.join("gama.yaml"), ""),
            (own.join("master"), ""),
            (secrets.join("outra/beta"), "geheim"),
            (outra.join("acme.yaml"), &*file("clientId: env:ACME_KEY")),
            (outra.join("beta.yaml"), &*file(&of_file)),
        ] {
            files::write(&path, text).unwrap();
        }
        let statuses = |providers: &LiveProviders| {
            let changed = providers.reload(0).expect("the folder can be listed").len();
            let reports = providers.snapshot();
            let statuses: Vec<_> = reports.file_reports().values().map(|found| (found.status.word(), found.report.draw(false))).collect();
            (changed, statuses)
        };
        let answered = |path: &Path| wait_until_answered([path]);
        let replace: ConnectionReplacer = |_, _, _| unreachable!("nothing is simulated");
        let (disk_of_main, disk_of_own) = (StuckDisk::below(&main), StuckDisk::below(&own));

        let providers =
            LiveProviders::open(&outra, (InstallationContext { loopback: false }, policy), (&[], replace), (clock::instant(), 0));
        let (changed, unknown) = statuses(&providers);
        drop(disk_of_main);
        answered(&main);
        let (changed_then, known) = statuses(&providers);
        drop(disk_of_own);
        answered(&own.join("master"));
        let (changed_last, all_known) = statuses(&providers);
        std::fs::remove_dir_all(&folder).unwrap();

        let words = |statuses: &[(&'static str, String)]| statuses.iter().map(|(word, _)| *word).collect::<Vec<_>>();
        assert_eq!((changed, words(&unknown)), (0, vec!["broken", "broken"]), "{unknown:?}");
        assert!(unknown.iter().any(|(_, report)| report.contains("may belong to a provider file of another store")), "{unknown:?}");
        assert!(unknown.iter().any(|(_, report)| report.contains("master`, whose disk does not answer")), "{unknown:?}");
        assert_eq!((changed_then, words(&known)), (1, vec!["dormant", "broken"]), "{known:?}");
        assert_eq!((changed_last, words(&all_known)), (1, vec!["dormant", "offered"]), "{all_known:?}");
    }
}

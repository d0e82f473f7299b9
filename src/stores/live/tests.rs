//! Tests of what is read again, and what is kept, when one of many provider files changes.

use crate::provider::InstallationContext;
use crate::stores::connection::ConnectionReplacer;
use crate::stores::live::LiveProviders;
use crate::stores::read_policy::ReadPolicy;
use crate::stores::settings::Settings;
use crate::vocabulary::place::Source;
use crate::world::{clock, files, random};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

const MANY: usize = 300;

fn text(title: &str, secrets: &Path) -> String {
    format!(
        "name: {title}\nclientId: loja\nclientSecret: file:{}/acme\ntrustEmail: always\ngetAuthorizationCode: {{ get: \"https://a.example/a\" }}\n\
         getAccessCode: {{ post: \"https://a.example/t\" }}\ngetUserInfo: {{ get: \"https://a.example/me\" }}\n",
        secrets.display()
    )
}

/// Gives a file another text of the same length, without any sign that it has changed.
fn change_unseen(path: &Path, text: &str) {
    let written = std::fs::metadata(path).unwrap().modified().unwrap();
    files::write(path, text).unwrap();
    File::options().write(true).open(path).unwrap().set_modified(written).unwrap();
}

#[test]
fn when_one_of_many_files_changes_no_other_is_read_again_and_none_is_compiled_before_it_is_used() {
    let folder = std::env::temp_dir().join(format!("portaria-many-{}", random::id()));
    let (main, outra, secrets) = (folder.join("main.d"), folder.join("outra.d"), folder.join("secrets"));
    let settings = format!(
        "providers: {}\nfilesMayRead: {{ folder: {} }}\nstores: {{ outra: {{ publicUrl: 'https://b.example', providers: {} }} }}\n",
        main.display(),
        secrets.display(),
        outra.display()
    );
    let (settings, report) = Settings::read(&Source::new("portaria.yaml", settings));
    let policy = ReadPolicy::for_folder(&settings.unwrap_or_else(|| panic!("{}", report.draw(false))), &main);
    let path = |at: usize| main.join(format!("p{at:03}.yaml"));
    (0..MANY).for_each(|at| files::write(&path(at), &text("Acme", &secrets)).unwrap());
    files::write(&secrets.join("acme"), "geheim").unwrap();
    files::write(&outra.join("acme.yaml"), &text("Acme", &secrets)).unwrap();
    let replace: ConnectionReplacer = |_, _, _| unreachable!("nothing is simulated");
    let providers = LiveProviders::open(&main, (InstallationContext { loopback: false }, policy), (&[], replace), (clock::instant(), 0));
    providers.reload(0);
    let before = Arc::clone(&providers.snapshot());

    (0..MANY).for_each(|at| change_unseen(&path(at), &text("Else", &secrets)));
    files::write(&path(7), &text("Another", &secrets)).unwrap();
    let changed = providers.reload(0);

    let after = Arc::clone(&providers.snapshot());
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(changed, Some(vec![path(7)]));
    assert_eq!(after.all().count(), MANY);
    for at in 0..MANY {
        let name = format!("p{at:03}");
        let (old, new) = (before.provider(&name).expect("it is live"), after.provider(&name).expect("it is live"));
        assert_eq!(Arc::ptr_eq(old, new), at != 7, "{name}");
        assert!(!old.provider.is_compiled() && !new.provider.is_compiled(), "{name}");
    }
    assert_eq!(&*after.provider("p007").expect("it is live").provider.title, "Another");
    assert_eq!(after.all().filter(|live_provider| live_provider.provider.is_compiled()).count(), 1);
}

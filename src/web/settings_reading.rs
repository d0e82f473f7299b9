//! Reads the settings, and the files that they name, again: when one changes, from time to time, and when the operator wants it.

use crate::stores::catalogue::ProviderStatus;
use crate::stores::live::LiveProvidersSnapshot;
use crate::stores::settings::{MailSpec, Settings};
use crate::web::app::App;
use crate::web::live_config::{LiveConfig, LiveStore};
use crate::world::files::{self, FileStamp};
use crate::world::slow_disk::{is_unanswered, read_in_time};
use crate::world::{clock, file_watch};
use actix_web::web::Data;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often files are checked without a notification, because some disks send none.
const FILES_INTERVAL: Duration = Duration::from_secs(10);

/// Reads the settings again, and reports a change that takes effect after a restart only.
pub(crate) type ReadSettings = Box<dyn Fn() -> Result<(Settings, Option<String>), String> + Send + Sync>;

/// Reads the settings again when one of their files has changed.
struct SettingsReader {
    file: PathBuf,
    read: ReadSettings,
    seen: Mutex<SeenStamps>,
    /// Whether they could not be used when they were last read. Until a file changes they would be found to be the same.
    are_broken: AtomicBool,
}

/// Reads the settings and all provider files at once.
pub(crate) type ReadAllFiles = Box<dyn Fn() + Send + Sync>;

/// Watches the files from here on, and returns what reads all of them at once.
pub(crate) fn start(app: &Data<App>, settings_file: PathBuf, read: ReadSettings) -> ReadAllFiles {
    let begun = watched_paths(&app.live_config(), &settings_file);
    let seen = Mutex::new(file_stamps(&app.live_config(), &settings_file, &SeenStamps::new()));
    let settings_reader = Arc::new(SettingsReader { file: settings_file, read, seen, are_broken: AtomicBool::new(false) });
    let (watching_app, reader) = (app.clone(), Arc::clone(&settings_reader));
    file_watch::watch_paths(begun, FILES_INTERVAL, move |changed| {
        let (app, asked) = (&watching_app, clock::instant());
        if let Some(stores) = changed.and_then(|changed| stores_of_files(&app.live_config(), &reader.file, changed)) {
            stores.iter().for_each(|live_store| read_provider_files(app, live_store, asked));
            return None;
        }
        read_files(app, &reader, asked, false);
        Some(watched_paths(&app.live_config(), &reader.file))
    });
    let app = app.clone();
    Box::new(move || read_files(&app, &settings_reader, clock::instant(), true))
}

/// Reads the settings, if one of their files has changed or they are wanted anew, and the provider files that have changed.
fn read_files(app: &Data<App>, reader: &Arc<SettingsReader>, asked: Instant, is_wanted: bool) {
    let (of_reading, of_app) = (Arc::clone(reader), app.clone());
    app.settings_reading.run(move || {
        if of_reading.have_files_changed(&of_app.live_config()) || is_wanted {
            let is_read = reload_settings(&of_app, &of_reading.file, &of_reading.read);
            of_reading.are_broken.store(!is_read, Ordering::Relaxed);
        }
        true
    });
    app.live_config().live_stores().for_each(|live_store| read_provider_files(app, live_store, asked));
}

fn read_provider_files(app: &Data<App>, live_store: &LiveStore, asked: Instant) {
    let app = app.clone();
    live_store.providers.reload_apart(asked, move |snapshot, file| log_provider_file(&app, snapshot, file));
}

/// The stores in whose folders of provider files all of these files lie; `None` if something else has changed as well.
fn stores_of_files(live_config: &LiveConfig, settings_file: &Path, changed: &BTreeSet<PathBuf>) -> Option<Vec<Arc<LiveStore>>> {
    let folders: BTreeSet<&Path> = changed.iter().filter_map(|path| path.parent()).collect();
    let all = live_config.live_stores().map(|live_store| (files::absolute(live_store.providers.folder()), live_store));
    let (known, stores): (BTreeSet<PathBuf>, Vec<_>) =
        all.filter(|(folder, _)| folders.contains(&**folder)).map(|(folder, live_store)| (folder, Arc::clone(live_store))).unzip();
    // A folder below a folder, a logo and phrases may lie among provider files.
    let apart: BTreeSet<PathBuf> = watched_paths(live_config, settings_file).iter().map(|path| files::absolute(path)).collect();
    let phrases: BTreeSet<PathBuf> =
        live_config.live_stores().filter_map(|live_store| live_store.store.phrases.as_deref().map(files::absolute)).collect();
    let is_in_known_folder = |path: &Path| path.parent().is_some_and(|folder| known.contains(folder) && !phrases.contains(folder));
    let is_provider_file = |path: &PathBuf| is_in_known_folder(path) && !apart.contains(path);
    (!changed.is_empty() && changed.iter().all(is_provider_file)).then_some(stores)
}

impl SettingsReader {
    /// Whether a file has changed, or can be read now and could not before.
    fn have_files_changed(&self, live_config: &LiveConfig) -> bool {
        let mut before = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = file_stamps(live_config, &self.file, &before);
        let has_changed = *before != now;
        *before = now;
        let answers_again = live_config.unanswered.iter().any(|path| !is_unanswered(path));
        has_changed || answers_again && !self.are_broken.load(Ordering::Relaxed)
    }
}

/// The stamps of the files of settings, secrets of mail, apps and events, phrases and logos; `None` for a file that is not there.
type SeenStamps = BTreeMap<PathBuf, Option<FileStamp>>;

/// The stamps at this moment. What cannot be read keeps the stamp that it had before, if it had one.
fn file_stamps(live_config: &LiveConfig, settings_file: &Path, before: &SeenStamps) -> SeenStamps {
    let mut paths = vec![settings_file.to_owned()];
    for live_store in live_config.live_stores() {
        paths.extend(live_store.store.logo.clone());
        paths.extend(live_store.store.mail.iter().flat_map(MailSpec::secret_references).filter_map(|reference| reference.0.file()));
        paths.extend(live_store.store.apps.iter().filter_map(|(_, app)| app.file()));
        paths.extend(live_store.store.events.iter().flat_map(|events| &events.secrets).filter_map(|secret| secret.0.file()));
        paths.extend(live_store.store.phrases.clone());
        if let Some(folder) = &live_store.store.phrases {
            match read_in_time(folder, files::yaml_files) {
                Ok(phrases) => paths.extend(phrases.unwrap_or_default()),
                Err(_) => paths.extend(before.keys().filter(|path| path.parent() == Some(folder)).cloned()),
            }
        }
    }
    paths.sort();
    paths.dedup();
    let stamp = |path: PathBuf| {
        let stamp = read_in_time(&path, files::stamp).ok().or_else(|| before.get(&path).copied())?;
        Some((path, stamp))
    };
    paths.into_iter().filter_map(stamp).collect()
}

/// Reads the settings again, and answers whether they can be used.
fn reload_settings(app: &App, settings_file: &Path, read: &ReadSettings) -> bool {
    let file = settings_file.display().to_string();
    let (settings, waiting) = match read() {
        Ok(read) => read,
        Err(complaint) => {
            app.metrics.reloads.count(false, clock::now());
            app.settings_complaint.set(Some(format!("{file}: the settings are broken; the last good ones stay in use")));
            tracing::error!(file, complaint, "the settings are broken; the last good ones stay in use");
            return false;
        }
    };
    app.apply_settings(&settings, clock::now());
    app.metrics.reloads.count(true, clock::now());
    if app.settings_complaint.set(waiting.clone())
        && let Some(complaint) = waiting
    {
        tracing::warn!(file, complaint, "a part of the settings takes effect after a restart only");
    }
    tracing::info!(file, "settings, phrases and brandings were reloaded");
    true
}

fn log_provider_file(app: &App, snapshot: &LiveProvidersSnapshot, file: &Path) {
    let (name, report) = (file.display(), snapshot.report_on(file));
    app.metrics.reloads.count(report.is_none_or(|report| report.status != ProviderStatus::Broken), clock::now());
    match report {
        None => tracing::info!(file = %name, "a provider file was removed"),
        Some(file_report) if file_report.status == ProviderStatus::Broken => {
            let first = file_report.report.complaints.iter().find(|complaint| complaint.place.is_some());
            let line = first.and_then(|complaint| complaint.place).map(|place| place.line);
            let complaint = first.map(|complaint| complaint.message.as_str());
            tracing::error!(file = %name, line, complaint, "a provider file is broken; {}", if file_report.stale { "its last good version stays live" } else { "it is not live" });
        }
        Some(file_report) => tracing::info!(file = %name, state = file_report.status.word(), "a provider file was reloaded"),
    }
}

fn watched_paths(live_config: &LiveConfig, settings_file: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = live_config.live_stores().map(|live_store| live_store.providers.folder().to_owned()).collect();
    let phrases = live_config.live_stores().filter_map(|live_store| live_store.store.phrases.clone());
    let logos = live_config.live_stores().filter_map(|live_store| live_store.store.logo.clone());
    paths.extend(phrases.chain(logos));
    paths.push(settings_file.to_owned());
    paths.sort();
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::place::Source;
    use crate::world::random;
    use crate::world::slow_disk::tests::{StuckDisk, wait_until_answered};

    #[test]
    fn a_file_with_a_secret_of_mail_is_looked_at_before_it_is_there() {
        let folder = std::env::temp_dir().join(format!("portaria-seen-{}", random::id()));
        let file = folder.join("password");
        let mail =
            format!("smtp: smtps://mail.loja.example, from: conta@loja.example, user: env:SMTP_USER, password: file:{}", file.display());
        let text = format!("providers: {}\nmail: {{ {mail} }}\n", folder.join("providers.d").display());
        let (settings, report) = Settings::read(&Source::new("portaria.yaml", text));
        let master = crate::session::seal::MasterKey::new(&"0".repeat(64), true).unwrap();
        let workbench = crate::commands::broker::Broker::new(&master).hooks();
        let live_config = LiveConfig::new(&settings.unwrap_or_else(|| panic!("{}", report.draw(false))), None, 0, &workbench);

        let before = file_stamps(&live_config, Path::new("portaria.yaml"), &SeenStamps::new());
        files::write(&file, "geheim").unwrap();
        let after = file_stamps(&live_config, Path::new("portaria.yaml"), &before);
        std::fs::remove_dir_all(&folder).unwrap();

        assert_ne!(before, after);
        assert_eq!(before, file_stamps(&live_config, Path::new("portaria.yaml"), &after));
    }

    #[test]
    fn a_disk_that_does_not_answer_holds_up_only_what_lies_on_it() {
        let folder = std::env::temp_dir().join(format!("portaria-share-{}", random::id()));
        let (share, providers) = (folder.join("share"), folder.join("providers.d"));
        for (name, text) in [("logo.svg", "<svg/>"), ("user", "loja"), ("password", "geheim")] {
            files::write(&share.join(name), text).unwrap();
        }
        let text = |title: &str| {
            let (share, providers) = (share.display(), providers.display());
            let mail = format!(
                "smtp: smtps://mail.loja.example, from: conta@loja.example, user: file:{share}/user, password: file:{share}/password"
            );
            format!(
                "providers: {providers}\nstores: {{ b: {{ publicUrl: 'https://b.example', login: {{ title: {title}, logo: {share}/logo.svg, phrases: {share} }}, mail: {{ {mail} }} }} }}\n"
            )
        };
        let master = crate::session::seal::MasterKey::new(&"0".repeat(64), true).unwrap();
        let workbench = crate::commands::broker::Broker::new(&master).hooks();
        let live = |title: &str, before: Option<&LiveConfig>| {
            let (settings, report) = Settings::read(&Source::new("portaria.yaml", text(title)));
            LiveConfig::new(&settings.unwrap_or_else(|| panic!("{}", report.draw(false))), before, 0, &workbench)
        };
        let store = |live_config: &LiveConfig| live_config.live_stores().find(|live| *live.store.name == *"b").cloned().unwrap();
        let first = live("Antes", None);
        let stamps = file_stamps(&first, Path::new("portaria.yaml"), &SeenStamps::new());
        let reader = SettingsReader {
            file: PathBuf::from("portaria.yaml"),
            read: Box::new(|| unreachable!("nothing is reloaded here")),
            seen: Mutex::new(stamps.clone()),
            are_broken: AtomicBool::new(false),
        };
        let disk = StuckDisk::below(&share);

        let second = live("Depois", Some(&first));

        assert_eq!((&*store(&second).store.title, store(&second).logo.is_some(), store(&second).mailer.is_some()), ("Depois", true, true));
        let unanswered: Vec<_> = second.unanswered.iter().map(|path| path.strip_prefix(&folder).unwrap().to_str().unwrap()).collect();
        assert_eq!(unanswered, ["share", "share/logo.svg", "share/user", "share/password"]);
        assert!(first.unanswered.is_empty() && second.complaints.is_empty());
        let complaints = crate::world::slow_disk::complaints(clock::now());
        assert!(
            unanswered.iter().all(|name| complaints.iter().any(|complaint| complaint.contains(&*folder.join(name).to_string_lossy()))),
            "{complaints:?}"
        );
        assert!(!reader.have_files_changed(&second), "what lies on a disk that does not answer has not changed");
        assert_ne!(
            file_stamps(&second, Path::new("portaria.yaml"), &SeenStamps::new()),
            stamps,
            "what was never seen is read when its disk has answered"
        );
        let third = live("Depois", None);
        assert!(store(&third).logo.is_none() && store(&third).mailer.is_none(), "a start does not wait for it");
        drop(disk);
        wait_until_answered(second.unanswered.iter().map(|path| &**path));
        assert!(reader.have_files_changed(&second), "it is read again when the disk has answered");
        reader.are_broken.store(true, Ordering::Relaxed);
        assert!(!reader.have_files_changed(&second), "broken settings are not read again for that");
        assert_eq!(file_stamps(&second, Path::new("portaria.yaml"), &SeenStamps::new()), stamps);
        let fourth = live("Depois", Some(&third));
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(store(&fourth).logo.is_some() && store(&fourth).mailer.is_some() && fourth.unanswered.is_empty());
    }
}

//! Tasks beside the requests: they follow storage, tidy it, rotate keys, save drift, notify apps, and reload files that change.

use crate::directory::probe::ReadStorageClock;
use crate::directory::tidy::tidy as tidy_up;
use crate::stores::catalogue::ProviderStatus;
use crate::stores::live::LiveProvidersSnapshot;
use crate::stores::settings::{MailSpec, Settings};
use crate::web::app::App;
use crate::web::apps::logout_delivery;
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

/// How often storage is read for sessions that were ended.
const STORAGE_INTERVAL: Duration = Duration::from_millis(500);
/// How often expired rows are removed, and the stores of this machine recorded.
const TIDY_INTERVAL: Duration = Duration::from_mins(10);
/// How often the rotation of the signing keys is considered.
const ROTATION_INTERVAL: Duration = Duration::from_mins(1);
/// How often the statistics of drift, and the failures that are only counted, are written to storage.
const SAVE_INTERVAL: Duration = Duration::from_mins(1);
/// How often the counts of logins are summed.
const SUM_INTERVAL: Duration = Duration::from_secs(5);
/// How often they are summed before they are written to storage.
const SUMS_BEFORE_SAVE: usize = 10;
/// How often the counts of next versions are shared. One that fails is taken back on all machines within this time.
const NEXT_VERSIONS_INTERVAL: Duration = Duration::from_secs(10);
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

pub(crate) fn start_tasks(app: &Data<App>, settings_file: PathBuf, read: ReadSettings) {
    actix_web::rt::spawn(listen_to_storage(app.clone()));
    actix_web::rt::spawn(tidy(app.clone()));
    actix_web::rt::spawn(rotate_keys(app.clone()));
    actix_web::rt::spawn(save_drift(app.clone()));
    actix_web::rt::spawn(save_counts(app.clone()));
    actix_web::rt::spawn(share_next_versions(app.clone()));
    actix_web::rt::spawn(record_unkept_failures(app.clone()));
    actix_web::rt::spawn(logout_delivery::deliver_always(app.clone()));
    let app = app.clone();
    let begun = watched_paths(&app.live_config(), &settings_file);
    let seen = Mutex::new(file_stamps(&app.live_config(), &settings_file, &SeenStamps::new()));
    let settings_reader = Arc::new(SettingsReader { file: settings_file, read, seen, are_broken: AtomicBool::new(false) });
    file_watch::watch_paths(begun, FILES_INTERVAL, move |changed| {
        let asked = clock::instant();
        if let Some(stores) = changed.and_then(|changed| stores_of_files(&app.live_config(), &settings_reader.file, changed)) {
            stores.iter().for_each(|live_store| live_store.providers.reload_apart(asked, log_provider_file));
            return None;
        }
        let (reader, of_app) = (Arc::clone(&settings_reader), app.clone());
        app.settings_reading.run(move || {
            if reader.have_files_changed(&of_app.live_config()) {
                let is_read = reload_settings(&of_app, &reader.file, &reader.read);
                reader.are_broken.store(!is_read, Ordering::Relaxed);
            }
            true
        });
        for live_store in app.live_config().live_stores() {
            live_store.providers.reload_apart(asked, log_provider_file);
        }
        Some(watched_paths(&app.live_config(), &settings_reader.file))
    });
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

/// The stamps of the files of settings, secrets of mail and apps, phrases and logos; `None` for a file that is not there.
type SeenStamps = BTreeMap<PathBuf, Option<FileStamp>>;

/// The stamps at this moment. What cannot be read keeps the stamp that it had before, if it had one.
fn file_stamps(live_config: &LiveConfig, settings_file: &Path, before: &SeenStamps) -> SeenStamps {
    let mut paths = vec![settings_file.to_owned()];
    for live_store in live_config.live_stores() {
        paths.extend(live_store.store.logo.clone());
        paths.extend(live_store.store.mail.iter().flat_map(MailSpec::secret_references).filter_map(|reference| reference.0.file()));
        paths.extend(live_store.store.apps.iter().filter_map(|(_, app)| app.file()));
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
            app.set_complaint(Some(format!("{file}: the settings are broken; the last good ones stay in use")));
            tracing::error!(file, complaint, "the settings are broken; the last good ones stay in use");
            return false;
        }
    };
    app.apply_settings(&settings, clock::now());
    if app.set_complaint(waiting.clone())
        && let Some(complaint) = waiting
    {
        tracing::warn!(file, complaint, "a part of the settings takes effect after a restart only");
    }
    tracing::info!(file, "settings, phrases and brandings were reloaded");
    true
}

fn log_provider_file(snapshot: &LiveProvidersSnapshot, file: &Path) {
    let name = file.display();
    match snapshot.report_on(file) {
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

async fn rotate_keys(app: Data<App>) {
    loop {
        tokio::time::sleep(ROTATION_INTERVAL).await;
        if clock_agrees_with_storage(&app).await {
            let _ = app.rotate_keys(clock::now()).await;
        }
    }
}

/// Writes the statistics of drift and the last logins that worked, and reads the statistics of other machines.
async fn save_drift(app: Data<App>) {
    loop {
        tokio::time::sleep(SAVE_INTERVAL).await;
        // While storage is unavailable the statistics wait for the next turn.
        let _ = app.drift.synchronize(&app.directory, clock::now()).await;
        let _ = app.good_logins.synchronize(&app.directory).await;
    }
}

/// Sums the counts of logins, and writes the sums.
async fn save_counts(app: Data<App>) {
    loop {
        for _ in 0..SUMS_BEFORE_SAVE {
            tokio::time::sleep(SUM_INTERVAL).await;
            app.counts.sum_up().await;
        }
        // While storage is unavailable the counts wait for the next turn.
        let _ = app.counts.save(&app.directory, clock::now()).await;
    }
}

/// Shares with other machines what was counted of the next versions of provider files, while there is one.
async fn share_next_versions(app: Data<App>) {
    loop {
        tokio::time::sleep(NEXT_VERSIONS_INTERVAL).await;
        let is_any = app.live_config().live_stores().any(|live_store| live_store.providers.snapshot().all_next_versions().next().is_some());
        if is_any {
            // While storage is unavailable the counts wait for the next turn.
            let _ = app.rollout.synchronize(&app.directory).await;
        }
    }
}

/// Counts in the audit the failed logins that have no line of their own.
async fn record_unkept_failures(app: Data<App>) {
    loop {
        tokio::time::sleep(SAVE_INTERVAL).await;
        app.record_unkept_failures(clock::now()).await;
    }
}

async fn listen_to_storage(app: Data<App>) {
    loop {
        // A notification ends the wait early.
        let _ = tokio::time::timeout(STORAGE_INTERVAL, app.directory.wait_for_news()).await;
        // While storage is unavailable the list becomes stale, and then checks are refused.
        let _ = app.sync_with_storage(clock::now()).await;
        // A provider may have become live since.
        let _ = app.pin_identities().await;
        // While storage is unavailable the hosts stay as they are known here.
        let _ = app.sync_endpoint_hosts().await;
    }
}

/// Whether the clock of this machine agrees with that of the storage. While it does not, nothing is removed or rotated.
async fn clock_agrees_with_storage(app: &App) -> bool {
    let Ok(storage_clock) = app.directory.read(ReadStorageClock).await else { return false };
    let difference = storage_clock.map_or(0, |storage_clock| storage_clock.saturating_sub(clock::now()));
    if difference.abs() > LARGEST_JUMP {
        tracing::error!(seconds = difference, "the clock of this machine differs from the storage's; nothing is removed or rotated");
    }
    difference.abs() <= LARGEST_JUMP
}

/// A clock that jumps by more than this is not trusted for a while, in seconds.
const LARGEST_JUMP: i64 = 60;
/// A machine that has not recorded its stores for this time is gone.
const SILENT: Duration = Duration::from_hours(1);
/// How long nothing is removed after a jump of the clock.
const TIME_AFTER_JUMP: Duration = Duration::from_hours(24);

async fn tidy(app: Data<App>) {
    let (begun, mut before, mut measured, mut doubted) = (clock::instant(), clock::now(), clock::instant(), None);
    loop {
        tokio::time::sleep(TIDY_INTERVAL).await;
        let (now, passed) = (clock::now(), measured.elapsed());
        let jumped = now.saturating_sub(before).saturating_sub(i64::try_from(passed.as_secs()).unwrap_or_default());
        (before, measured) = (now, clock::instant());
        if jumped.abs() > LARGEST_JUMP {
            tracing::warn!(seconds = jumped, "the clock jumped; nothing is removed for a day");
            doubted = Some(clock::instant());
        }
        let is_doubted = doubted.is_some_and(|since: Instant| since.elapsed() < TIME_AFTER_JUMP);
        let is_right = clock_agrees_with_storage(&app).await && !is_doubted;
        // Other machines had time to come back after an outage.
        let silent_since = (is_right && begun.elapsed() >= SILENT).then(|| now.saturating_sub(SILENT.as_secs().cast_signed()));
        let _ = app.record_served_stores(silent_since, now).await;
        if !is_right {
            continue;
        }
        let audit_kept = app.live_config().stores().audit_kept();
        let _ = tidy_up(&app.directory, now, now.saturating_sub(audit_kept)).await;
        app.revocations.forget_expired(now);
    }
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

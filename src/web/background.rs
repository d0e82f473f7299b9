//! What goes on beside requests: storage is listened to and tidied, and files that change are read again.

use crate::directory::probe::Clock;
use crate::directory::tidy::tidy as tidy_up;
use crate::settings::{MailSpec, Settings};
use crate::web::app::App;
use crate::web::serving::Serving;
use crate::world::files::{self, Stamp};
use crate::world::{clock, watch};
use actix_web::web::Data;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// How often storage is asked which sessions have ended.
const LISTEN: Duration = Duration::from_millis(500);
/// How often what is over is removed.
const TIDY: Duration = Duration::from_mins(10);
/// How often it is looked whether signing keys are due to be turned over.
const TURN: Duration = Duration::from_mins(1);
/// How often it is written down what providers' answers are like.
const KEEP: Duration = Duration::from_mins(1);
/// How often files are looked at though nothing told of a change: secrets, and disks that tell nothing.
const LOOK: Duration = Duration::from_secs(10);

/// Where settings come from, so that they can be read again.
pub type ReadSettings = Box<dyn Fn() -> Result<Settings, String> + Send>;

/// Begins it all.
pub fn begin(app: &Data<App>, settings_file: Option<PathBuf>, read: ReadSettings, audit_kept: i64) {
    actix_web::rt::spawn(listen(app.clone()));
    actix_web::rt::spawn(tidy(app.clone(), audit_kept));
    actix_web::rt::spawn(turn_keys(app.clone()));
    actix_web::rt::spawn(keep_drift(app.clone()));
    let app = app.clone();
    let begun = watched(&app.serving(), settings_file.as_deref());
    let seen = Mutex::new(seen(&app.serving(), settings_file.as_deref()));
    watch::paths(begun, LOOK, move || {
        let now = seen_now(&app, settings_file.as_deref(), &seen);
        if now {
            change(&app, settings_file.as_deref(), &read);
        }
        for front in app.serving().fronts() {
            for file in front.roster.look_again(clock::now()) {
                tell_of(&front.roster.now(), &file);
            }
        }
        watched(&app.serving(), settings_file.as_deref())
    });
}

/// The files that make up settings, secrets of mail, words and looks, as they were last seen.
type Seen = Vec<(PathBuf, Option<Stamp>)>;

fn seen(serving: &Serving, settings_file: Option<&Path>) -> Seen {
    let mut paths: Vec<PathBuf> = settings_file.into_iter().map(Path::to_owned).collect();
    for front in serving.fronts() {
        paths.extend(front.store.logo.clone());
        paths.extend(front.store.mail.iter().flat_map(MailSpec::kept).filter_map(|kept| kept.0.file()));
        paths.extend(front.store.phrases.iter().flat_map(|folder| files::yaml_files(folder).unwrap_or_default()));
    }
    paths.sort();
    paths.dedup();
    paths.into_iter().map(|path| (path.clone(), files::stamp(&path))).collect()
}

fn seen_now(app: &App, settings_file: Option<&Path>, before: &Mutex<Seen>) -> bool {
    let now = seen(&app.serving(), settings_file);
    let mut before = before.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let has_changed = *before != now;
    *before = now;
    has_changed
}

fn change(app: &App, settings_file: Option<&Path>, read: &ReadSettings) {
    let file = settings_file.map_or_else(|| "the defaults".to_owned(), |file| file.display().to_string());
    let settings = match read() {
        Ok(settings) => settings,
        Err(complaint) => {
            app.complain(Some(format!("{file}: the settings are broken; the last good ones serve")));
            tracing::error!(file, complaint, "the settings are broken; the last good ones serve");
            return;
        }
    };
    app.change(&settings, clock::now());
    tracing::info!(file, "settings, words and looks have been read again");
}

fn tell_of(listing: &crate::roster::Listing, file: &Path) {
    let name = file.display();
    match listing.standings().get(file) {
        None => tracing::info!(file = %name, "a provider is gone"),
        Some(standing) if standing.state == "broken" => {
            let first = standing.report.complaints.iter().find(|complaint| complaint.place.is_some());
            let line = first.and_then(|complaint| complaint.place).map(|place| place.line);
            let complaint = first.map(|complaint| complaint.message.as_str());
            tracing::error!(file = %name, line, complaint, "a provider file is broken; {}", if standing.stale { "its last good version serves" } else { "it does not serve" });
        }
        Some(standing) => tracing::info!(file = %name, state = standing.state, "a provider file has been read again"),
    }
}

fn watched(serving: &Serving, settings_file: Option<&Path>) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = serving.fronts().map(|front| front.roster.folder().to_owned()).collect();
    let phrases = serving.fronts().filter_map(|front| front.store.phrases.clone());
    let logos = serving.fronts().filter_map(|front| front.store.logo.clone());
    paths.extend(phrases.chain(logos));
    paths.extend(settings_file.map(Path::to_owned));
    paths.sort();
    paths.dedup();
    paths
}

async fn turn_keys(app: Data<App>) {
    loop {
        tokio::time::sleep(TURN).await;
        if agrees_with_storage(&app).await {
            let _ = app.turn_keys(clock::now()).await;
        }
    }
}

/// What was counted of providers' answers is written down, and what others have counted is read.
async fn keep_drift(app: Data<App>) {
    loop {
        tokio::time::sleep(KEEP).await;
        // Where storage is away it is written the next time.
        let _ = app.drift.keep(&app.directory, clock::now()).await;
    }
}

async fn listen(app: Data<App>) {
    loop {
        // Told, or asking from time to time: whatever comes first.
        let _ = tokio::time::timeout(LISTEN, app.directory.news()).await;
        // While storage is away the list grows old by itself, and checks end with it.
        let _ = app.listen_to_storage(clock::now()).await;
    }
}

/// Whether the clock of this machine is right, as far as the storage of all machines can tell: what is due by a wrong one is not.
async fn agrees_with_storage(app: &App) -> bool {
    let Ok(there) = app.directory.read(Clock).await else { return false };
    let difference = there.map_or(0, |there| there - clock::now());
    if difference.abs() > JUMP {
        tracing::error!(seconds = difference, "the clock of this machine differs from the storage's; nothing that is due by it is done");
    }
    difference.abs() <= JUMP
}

/// A clock that was put on or back by more than this is not believed for a while, in seconds.
const JUMP: i64 = 60;
/// How long it is not believed: so long nothing is removed, because what is over by a wrong clock is not over.
const DOUBT: Duration = Duration::from_hours(24);

async fn tidy(app: Data<App>, audit_kept: i64) {
    let (mut before, mut measured, mut doubted) = (clock::now(), clock::moment(), None);
    loop {
        tokio::time::sleep(TIDY).await;
        let (now, passed) = (clock::now(), measured.elapsed());
        let jumped = now - before - i64::try_from(passed.as_secs()).unwrap_or_default();
        (before, measured) = (now, clock::moment());
        if jumped.abs() > JUMP {
            tracing::warn!(seconds = jumped, "the clock jumped; nothing that is over by it is removed for a day");
            doubted = Some(clock::moment());
        }
        if !agrees_with_storage(&app).await {
            continue;
        }
        if doubted.is_some_and(|since: std::time::Instant| since.elapsed() < DOUBT) {
            continue;
        }
        let _ = tidy_up(&app.directory, now, now.saturating_sub(audit_kept)).await;
        app.revocations.forget(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Source;
    use crate::world::dice;

    #[test]
    fn a_file_with_a_secret_of_mail_is_looked_at_before_it_is_there() {
        let folder = std::env::temp_dir().join(format!("portaria-seen-{}", dice::name()));
        let file = folder.join("password");
        let mail =
            format!("smtp: smtps://mail.loja.example, from: conta@loja.example, user: env:SMTP_USER, password: file:{}", file.display());
        let text = format!("providers: {}\nmail: {{ {mail} }}\n", folder.join("providers.d").display());
        let (settings, report) = Settings::read(&Source::new("portaria.yaml", text));
        let serving = Serving::new(&settings.unwrap_or_else(|| panic!("{}", report.draw(false))), None, 0);

        let before = seen(&serving, None);
        files::write(&file, "geheim").unwrap();
        let after = seen(&serving, None);
        std::fs::remove_dir_all(&folder).unwrap();

        assert_ne!(before, after);
        assert_eq!(before, seen(&serving, None));
    }
}

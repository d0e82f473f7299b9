//! Tasks beside the requests: they follow storage, tidy it, rotate keys, save drift, notify apps and stores, and reload files that change.

use crate::directory::probe::ReadStorageClock;
use crate::directory::tidy::tidy as tidy_up;
use crate::web::app::App;
use crate::web::apps::logout_delivery;
use crate::web::settings_reading::{self, ReadAllFiles, ReadSettings};
use crate::web::store_events;
use crate::world::clock;
use actix_web::web::Data;
use std::path::PathBuf;
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

/// Starts the tasks, and returns what reads the settings and all provider files at once.
pub(crate) fn start_tasks(app: &Data<App>, settings_file: PathBuf, read: ReadSettings) -> ReadAllFiles {
    actix_web::rt::spawn(listen_to_storage(app.clone()));
    actix_web::rt::spawn(tidy(app.clone()));
    actix_web::rt::spawn(rotate_keys(app.clone()));
    actix_web::rt::spawn(save_drift(app.clone()));
    actix_web::rt::spawn(save_counts(app.clone()));
    actix_web::rt::spawn(share_next_versions(app.clone()));
    actix_web::rt::spawn(record_unkept_failures(app.clone()));
    actix_web::rt::spawn(logout_delivery::deliver_always(app.clone()));
    actix_web::rt::spawn(store_events::deliver_always(app.clone()));
    settings_reading::start(app, settings_file, read)
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
            let _ = app.share_next_versions().await;
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
        store_events::give_up_old(&app, now).await;
        app.revocations.forget_expired(now);
    }
}

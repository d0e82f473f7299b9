//! How the broker ends without the loss of a login, and how it follows the signals until then.

use crate::web::app::App;
use crate::web::settings_reading::ReadAllFiles;
use crate::world::clock;
use crate::world::signals::{ProcessSignal, ProcessSignals};
use crate::world::traces;
use actix_web::dev::ServerHandle;
use std::sync::Arc;
use std::time::Duration;

/// How long what is only in memory may take to be written to storage.
const SAVING: Duration = Duration::from_secs(5);

/// Follows the signals until the process shall end: reads all files when that is wanted, and then stops the server. It returns when all
/// requests are finished, or when they have had their time.
pub(crate) async fn follow_signals(app: &App, server: &ServerHandle, mut signals: ProcessSignals, read_all: ReadAllFiles) {
    let read_all = Arc::new(read_all);
    while signals.next().await == ProcessSignal::Reload {
        tracing::info!("SIGHUP: all files are read again");
        let read_all = Arc::clone(&read_all);
        // A disk that does not answer holds up nothing else.
        drop(actix_web::rt::task::spawn_blocking(move || read_all()));
    }
    let times = app.live_config().stores().shutdown();
    app.ending.begin();
    let (delay, timeout) = (times.delay.as_secs(), times.timeout.as_secs());
    tracing::info!(delay, timeout, "the broker was asked to end; requests that are under way are finished");
    let _ = tokio::time::timeout(times.delay, wait_for_end(&mut signals)).await;
    let is_over = tokio::time::timeout(times.timeout, wait_for_end(&mut signals));
    let finishing = async {
        // Tokens that are being exchanged end with the thread of their request, so they are waited for before; requests may begin more of that all
        // the time, so not for all the time that there is. Visitors who come meanwhile are served: the system would take their connections also for
        // a server that accepts none, and they would get no answer.
        let _ = tokio::time::timeout(times.timeout.div_f32(2.0), app.unfinished.finished()).await;
        server.stop(true).await;
        app.unfinished.finished().await;
    };
    tokio::select! {
        () = finishing => {}
        _ = is_over => tracing::warn!("requests and mails that are still under way are cut off"),
    }
}

async fn wait_for_end(signals: &mut ProcessSignals) {
    while signals.next().await != ProcessSignal::End {}
}

/// Writes to storage what is only in memory. What was answered is in storage already.
pub(crate) async fn save_all(app: &App) {
    let saving = async {
        let now = clock::now();
        app.counts.sum_up().await;
        // While storage is unavailable these counts are lost.
        let _ = app.counts.save(&app.directory, now).await;
        let _ = app.drift.synchronize(&app.directory, now).await;
        let _ = app.good_logins.synchronize(&app.directory).await;
        let _ = app.share_next_versions().await;
        app.record_unkept_failures(now.saturating_add(60)).await;
    };
    // The last spans of traces are sent meanwhile, in less time.
    let (saved, ()) = tokio::join!(tokio::time::timeout(SAVING, saving), traces::flush());
    if saved.is_err() {
        tracing::warn!("storage did not take the counts of the last minute in time");
    }
    tracing::info!("the broker has ended");
}

//! `/health/live`, `/health/ready` and `/metrics`, for operators.

use crate::stores::catalogue::ProviderStatus;
use crate::web::app::App;
use crate::web::headers;
use crate::web::live_config::PLAYGROUND;
use crate::web::metrics::storage::StorageState;
use crate::web::unnamed_proxies::is_forwarded;
use crate::world::clock;
use actix_web::guard::{Any, Get, Head};
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Answers that the process runs.
pub(crate) async fn live() -> HttpResponse {
    with_security_headers(HttpResponse::Ok().json(json!({ "live": true })))
}

/// Whether the broker can work: storage answers and can be written to, and the broker was not asked to end. Broken files are named; their last good versions stay in use.
pub(crate) async fn ready(app: Data<App>, request: HttpRequest) -> HttpResponse {
    // Behind a proxy on this machine everyone comes from this machine, so where there is one, only the separate listener names files.
    let is_here = app.live_config().stores().all().iter().all(|store| store.loopback)
        && request.peer_addr().is_none_or(|peer| peer.ip().is_loopback())
        && !is_forwarded(&request);
    if is_here {
        return ready_with_details(app).await;
    }
    let is_ready = app.directory.is_healthy().await && !app.ending.has_begun();
    with_security_headers(HttpResponse::build(ready_status(is_ready)).json(json!({ "ready": is_ready })))
}

fn ready_status(is_ready: bool) -> StatusCode {
    if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

async fn ready_with_details(app: Data<App>) -> HttpResponse {
    let storage = app.directory.is_healthy().await;
    let is_ready = storage && !app.ending.has_begun();
    let (states, broken) = provider_states(&app);
    let complaints = app.complaints(clock::now());
    let body = json!({ "ready": is_ready, "storage": if storage { "fine" } else { "away" }, "providers": states, "broken": broken, "complaints": complaints });
    with_security_headers(HttpResponse::build(ready_status(is_ready)).json(body))
}

/// How many files have which status, and which files are broken.
fn provider_states(app: &App) -> (BTreeMap<&'static str, usize>, Vec<Value>) {
    let live_config = app.live_config();
    let mut states: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut broken = Vec::new();
    let mut folders = Vec::new();
    for live_store in live_config.live_stores() {
        if folders.contains(&live_store.providers.folder()) {
            continue;
        }
        folders.push(live_store.providers.folder());
        for (path, file_report) in live_store.providers.snapshot().file_reports() {
            if !live_store.store.playground && path.file_stem().is_some_and(|stem| stem == PLAYGROUND) {
                continue;
            }
            let count: &mut usize = states.entry(file_report.status.word()).or_default();
            *count = count.saturating_add(1);
            if file_report.status == ProviderStatus::Broken {
                let first = file_report.report.complaints.first();
                broken.push(json!({
                    "file": path.display().to_string(),
                    "line": first.and_then(|complaint| complaint.place).map(|place| place.line),
                    "message": first.map(|complaint| complaint.message.as_str()),
                    "lastGoodServes": file_report.stale,
                }));
            }
        }
    }
    (states, broken)
}

/// The metrics; on the main listener only if it is on loopback and the metrics have no separate listener.
pub(crate) async fn metrics(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let live_config = app.live_config();
    if !live_config.stores().main().loopback
        || live_config.stores().metrics_listen().is_some()
        || is_forwarded(&request)
        || live_config.store_of_request(&request).is_none()
    {
        return with_security_headers(HttpResponse::NotFound().finish());
    }
    drop(live_config);
    metrics_response(&app)
}

/// The routes of the separate listener, which only the operator reaches.
pub(crate) fn own_listener(config: &mut ServiceConfig) {
    config.route("/metrics", web::get().to(|app: Data<App>| async move { metrics_response(&app) }));
    config.route("/health/ready", web::route().guard(Any(Get()).or(Head())).to(ready_with_details));
}

fn metrics_response(app: &App) -> HttpResponse {
    let (states, broken) = provider_states(app);
    app.metrics.prepare(&app.live_config());
    app.metrics.reloads.set(app.uses_settings_on_disk() && broken.is_empty(), app.complaints(clock::now()).len());
    app.metrics.provider_files.set(&states);
    app.metrics.drift.set(app.drift.take_metrics());
    let live_config = app.live_config();
    let snapshots = live_config.live_stores().map(|live_store| (&*live_store.store.name, Arc::clone(&live_store.providers.snapshot())));
    app.metrics.next_versions.set(app.rollout.take_metrics(snapshots));
    let state = StorageState {
        is_up: app.storage_sync.is_up(),
        silence: clock::now().saturating_sub(app.revocations.last_refresh()),
        ended_sessions: app.revocations.len(),
    };
    app.metrics.storage.set(state, &app.directory);
    let text = app.metrics.open_metrics_text();
    with_security_headers(HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text))
}

fn with_security_headers(mut response: HttpResponse) -> HttpResponse {
    headers::add_security_headers(response.headers_mut(), None);
    response
}

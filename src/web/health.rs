//! `/health/live`, `/health/ready` and `/metrics`: for whoever operates this.

use crate::stores::catalogue::ProviderStatus;
use crate::web::app::App;
use crate::web::headers;
use crate::web::live_config::PLAYGROUND;
use crate::world::clock;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The process is there.
pub(crate) async fn live() -> HttpResponse {
    with_security_headers(HttpResponse::Ok().json(json!({ "live": true })))
}

/// It can do its work: storage answers, and keeps what is written. Files that are broken are named; their last good versions serve.
pub(crate) async fn ready(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let storage = app.directory.is_healthy().await;
    let (states, broken) = provider_states(&app);
    let complaints = app.complaints();
    let status = if storage { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    // Strangers hear yes or no; which files there are is for whoever is on this machine.
    let is_here = request.peer_addr().is_none_or(|peer| peer.ip().is_loopback()) && !request.headers().contains_key("x-forwarded-for");
    if !is_here {
        return with_security_headers(HttpResponse::build(status).json(json!({ "ready": storage })));
    }
    let told = json!({ "ready": storage, "storage": if storage { "fine" } else { "away" }, "providers": states, "broken": broken, "complaints": complaints });
    with_security_headers(HttpResponse::build(status).json(told))
}

/// How many files are in which state, and which are broken.
fn provider_states(app: &App) -> (BTreeMap<&'static str, usize>, Vec<Value>) {
    let serving = app.live_config();
    let mut states: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut broken = Vec::new();
    let mut folders = Vec::new();
    for front in serving.live_stores() {
        if folders.contains(&front.roster.folder()) {
            continue;
        }
        folders.push(front.roster.folder());
        for (path, standing) in front.roster.snapshot().standings() {
            if !front.store.playground && path.file_stem().is_some_and(|stem| stem == PLAYGROUND) {
                continue;
            }
            *states.entry(standing.status.word()).or_default() += 1;
            if standing.status == ProviderStatus::Broken {
                let first = standing.report.complaints.first();
                broken.push(json!({
                    "file": path.display().to_string(),
                    "line": first.and_then(|complaint| complaint.place).map(|place| place.line),
                    "message": first.map(|complaint| complaint.message.as_str()),
                    "lastGoodServes": standing.stale,
                }));
            }
        }
    }
    (states, broken)
}

/// What has been counted; on the main listener only where that is on loopback and has no listener of its own.
pub(crate) async fn metrics(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let serving = app.live_config();
    if !serving.stores().main().loopback || serving.stores().metrics_listen().is_some() || serving.store_of_request(&request).is_none() {
        return with_security_headers(HttpResponse::NotFound().finish());
    }
    drop(serving);
    metrics_response(&app)
}

/// The same on a listener of its own.
pub(crate) async fn metrics_on_own_listener(app: Data<App>) -> HttpResponse {
    metrics_response(&app)
}

fn metrics_response(app: &App) -> HttpResponse {
    let (states, _) = provider_states(app);
    app.metrics.set_drift(app.drift.take_metrics());
    let text = app.metrics.open_metrics_text(&states, app.revocations.len(), clock::now() - app.revocations.last_refresh());
    with_security_headers(HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text))
}

fn with_security_headers(mut response: HttpResponse) -> HttpResponse {
    headers::add_security_headers(response.headers_mut(), None);
    response
}

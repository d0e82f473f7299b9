//! `/health/live`, `/health/ready` and `/metrics`: for whoever operates this.

use crate::web::app::App;
use crate::web::headers;
use crate::web::serving::PLAYGROUND;
use crate::web::unserved::own_host;
use crate::world::clock;
use actix_web::http::StatusCode;
use actix_web::http::header::ALLOW;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The process is there.
pub async fn live() -> HttpResponse {
    guarded(HttpResponse::Ok().json(json!({ "live": true })))
}

/// It can do its work: storage answers, and keeps what is written. Files that are broken are named; their last good versions serve.
pub async fn ready(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let storage = app.directory.is_well().await;
    let (states, broken) = providers(&app);
    let complaints = app.complaints();
    let status = if storage { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    // Strangers hear yes or no; which files there are is for whoever is on this machine.
    let is_here = request.peer_addr().is_none_or(|peer| peer.ip().is_loopback()) && !request.headers().contains_key("x-forwarded-for");
    if !is_here {
        return guarded(HttpResponse::build(status).json(json!({ "ready": storage })));
    }
    let told = json!({ "ready": storage, "storage": if storage { "fine" } else { "away" }, "providers": states, "broken": broken, "complaints": complaints });
    guarded(HttpResponse::build(status).json(told))
}

/// The answer to any other method than those that look.
pub async fn only_looked_at() -> HttpResponse {
    guarded(HttpResponse::MethodNotAllowed().insert_header((ALLOW, "GET, HEAD")).finish())
}

/// How many files are in which state, and which are broken.
fn providers(app: &App) -> (BTreeMap<&'static str, usize>, Vec<Value>) {
    let serving = app.serving();
    let mut states: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut broken = Vec::new();
    let mut folders = Vec::new();
    for front in serving.fronts() {
        if folders.contains(&front.roster.folder()) {
            continue;
        }
        folders.push(front.roster.folder());
        for (path, standing) in front.roster.now().standings() {
            if !front.store.playground && path.file_stem().is_some_and(|stem| stem == PLAYGROUND) {
                continue;
            }
            *states.entry(standing.state).or_default() += 1;
            if standing.state == "broken" {
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
pub async fn metrics(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let serving = app.serving();
    if !serving.stores().main().loopback || serving.stores().metrics_listen().is_some() || !own_host(&request, &serving) {
        return guarded(HttpResponse::NotFound().finish());
    }
    drop(serving);
    exposition(&app)
}

/// The same on a listener of its own.
pub async fn metrics_apart(app: Data<App>) -> HttpResponse {
    exposition(&app)
}

fn exposition(app: &App) -> HttpResponse {
    let (states, _) = providers(app);
    app.metrics.drift(app.drift.told());
    let text = app.metrics.text(&states, app.revocations.len(), clock::now() - app.revocations.fresh());
    guarded(HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text))
}

fn guarded(mut response: HttpResponse) -> HttpResponse {
    headers::guard(response.headers_mut(), None);
    response
}

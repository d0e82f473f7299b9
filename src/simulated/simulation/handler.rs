//! `/simulation/{provider}/…`: a provider that is played here, as browsers see it; and the same by itself, for `portaria simulate`.

use crate::pages::ErrorCause;
use crate::simulated::simulation::connection::{simulation_base, simulation_of};
use crate::simulated::simulation::{self, LARGEST_BODY, SimulatedResponse, Simulation};
use crate::stores::live::LiveProvider;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::world::{clock, random};
use actix_web::http::StatusCode;
use actix_web::http::header::HOST;
use actix_web::web::{self, Bytes, Data, PayloadConfig};
use actix_web::{App as Routes, HttpRequest, HttpResponse, HttpServer};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Answers as the simulation of the provider does.
pub(crate) async fn answer(asked: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let name = asked.path_parameter("provider").ok_or(ErrorCause::NoSuchPage)?;
    let query = asked.request().query_string();
    let offer = simulated_provider(&asked, &name, query).ok_or(ErrorCause::NoSuchPage)?;
    let simulation = simulation_of(&offer).ok_or(ErrorCause::NoSuchPage)?;
    asked.check_rate_limit(RateLimitKind::Page)?;
    let store = &asked.live_store().store;
    let base = simulation_base(store, &name);
    let path = asked.request().uri().path();
    let path = path.strip_prefix("/simulation/").and_then(|rest| rest.find('/').map(|at| &rest[at..])).unwrap_or_default();
    let question = SimulationAddress { path, base: &base, public_url: &store.public_url };
    let answer = call_simulation(simulation, asked.request(), asked.body(), question, asked.now());
    if let Some(told) = &answer.told {
        tracing::info!(provider = &*name, "simulation: {told}");
    }
    tokio::time::sleep(answer.delay).await;
    // From its pages the browser is led to our callback, and from there to the store; the page's policy is held to that too.
    let stores = format!("form-action 'self' {}", store.return_to.join(" "));
    let policy = |value: &str| value.replace("form-action 'self'", stores.trim_end());
    Ok(http_response(answer, policy))
}

/// The version of the provider in which this browser is choosing, or the present one.
fn simulated_provider(asked: &RequestContext, name: &str, query: &str) -> Option<Arc<LiveProvider>> {
    if !asked.live_store().has_provider(name) {
        return None;
    }
    let listing = asked.live_store().providers.snapshot();
    let knows = |offer: &&Arc<LiveProvider>| simulation_of(offer).is_some_and(|simulation| simulation.has_visit(query));
    listing.provider_versions(name).find(knows).or_else(|| listing.provider(name)).cloned()
}

/// What is asked, and where.
#[derive(Clone, Copy)]
struct SimulationAddress<'a> {
    path: &'a str,
    base: &'a str,
    public_url: &'a str,
}

fn call_simulation(
    simulation: &Simulation,
    request: &HttpRequest,
    body: &[u8],
    question: SimulationAddress<'_>,
    now: i64,
) -> SimulatedResponse {
    let headers: Vec<(&str, &str)> =
        request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    let asked = simulation::SimulatedRequest {
        method: request.method().as_str(),
        path: question.path,
        query: request.query_string(),
        headers: &headers,
        body,
        public_url: question.public_url,
        base: question.base,
    };
    // Cookies are the broker's own and travel here only because one process plays both sides.
    let headers: Vec<(&str, &str)> = headers.iter().copied().filter(|(name, _)| !name.eq_ignore_ascii_case("cookie")).collect();
    simulation.answer_http(&simulation::SimulatedRequest { headers: &headers, ..asked }, now, random::bytes())
}

fn http_response(answer: SimulatedResponse, policy: impl Fn(&str) -> String) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in answer.headers {
        let value = if &*name == "Content-Security-Policy" { policy(&value) } else { value.into_string() };
        response.append_header((&*name, value));
    }
    response.body(answer.body)
}

/// A simulation by itself.
pub(crate) struct StandaloneSimulation {
    pub(crate) simulation: Simulation,
    /// The broker's own address.
    pub(crate) public_url: String,
    /// Is told of every request.
    pub(crate) told: Box<dyn Fn(&str) + Send + Sync>,
}

/// Serves a simulation by itself until it is told to stop; `ready` is called with its address once it listens.
pub(crate) async fn serve(
    alone: StandaloneSimulation,
    listen: SocketAddr,
    ready: impl FnOnce(&StandaloneSimulation, SocketAddr),
) -> io::Result<()> {
    let alone = Data::new(alone);
    let data = alone.clone();
    let server = HttpServer::new(move || {
        Routes::new().app_data(data.clone()).app_data(PayloadConfig::new(LARGEST_BODY + 1)).default_service(web::to(answer_standalone))
    });
    let server = server
        .workers(2)
        .client_request_timeout(Duration::from_secs(10))
        .client_disconnect_timeout(Duration::from_secs(5))
        .max_connections(500)
        .shutdown_timeout(1)
        .bind(listen)?;
    if let Some(address) = server.addrs().first() {
        ready(&alone, *address);
    }
    server.run().await
}

async fn answer_standalone(request: HttpRequest, alone: Data<StandaloneSimulation>, body: Result<Bytes, actix_web::Error>) -> HttpResponse {
    let address = request.app_config().local_addr();
    // The name under which it is asked, as long as that is this machine: another page must not lead a browser here.
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
    if !crate::provider::hosts::is_loopback(&host) {
        return HttpResponse::MisdirectedRequest().body(format!("this simulation is reached at http://{address}\n"));
    }
    let Ok(body) = body else {
        (alone.told)("refused   more than 64 KiB");
        return HttpResponse::PayloadTooLarge().body("a request is at most 64 KiB\n");
    };
    let question = SimulationAddress { path: request.uri().path(), base: &format!("http://{address}"), public_url: &alone.public_url };
    let answer = call_simulation(&alone.simulation, &request, &body, question, clock::now());
    if let Some(told) = &answer.told {
        (alone.told)(told);
    }
    tokio::time::sleep(answer.delay).await;
    let mut response = http_response(answer, str::to_owned);
    for (name, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"), ("x-frame-options", "DENY")] {
        let (name, value) =
            (actix_web::http::header::HeaderName::from_static(name), actix_web::http::header::HeaderValue::from_static(value));
        response.headers_mut().insert(name, value);
    }
    response
}

//! `/simulation/{provider}/…` of the broker, and the server of `portaria simulate`.

use crate::pages::ErrorCause;
use crate::provider::hosts::is_loopback;
use crate::simulated::http::{self, SimulatedAddress};
use crate::simulated::simulation::connection::{simulation_base, simulation_of};
use crate::simulated::simulation::{LARGEST_BODY, Simulation};
use crate::stores::live::LiveProvider;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::world::{clock, random};
use actix_web::http::header::{HOST, HeaderName, HeaderValue};
use actix_web::web::{self, Bytes, Data, PayloadConfig};
use actix_web::{App as Routes, HttpRequest, HttpResponse, HttpServer};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub(crate) async fn answer(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let name = context.path_parameter("provider").ok_or(ErrorCause::NoSuchPage)?;
    let live_provider = simulated_provider(&context, &name, context.request().query_string()).ok_or(ErrorCause::NoSuchPage)?;
    let simulation = simulation_of(&live_provider).ok_or(ErrorCause::NoSuchPage)?;
    context.check_rate_limit(RateLimitKind::Page)?;
    let store = &context.live_store().store;
    let base = simulation_base(store, &name);
    let path = context.request().uri().path();
    let path = path.strip_prefix("/simulation/").and_then(|rest| rest.find('/').map(|at| &rest[at..])).unwrap_or_default();
    let address = SimulatedAddress { path, base: &base, public_url: &store.public_url };
    let answer =
        http::answer(context.request(), context.body(), address, |request| simulation.answer_http(request, context.now(), random::bytes()));
    if let Some(line) = &answer.log_line {
        tracing::info!(provider = &*name, "simulation: {line}");
    }
    Ok(http::send(answer, &store.return_to.join(" ")).await)
}

/// The version of the provider in which this browser is choosing, or the present one.
fn simulated_provider(context: &RequestContext, name: &str, query: &str) -> Option<Arc<LiveProvider>> {
    if !context.live_store().shows_provider(name) {
        return None;
    }
    let listing = context.live_store().providers.snapshot();
    let has_visit = |version: &&Arc<LiveProvider>| simulation_of(version).is_some_and(|simulation| simulation.has_visit(query));
    listing.provider_versions(name).find(has_visit).or_else(|| listing.provider(name)).cloned()
}

/// A simulation without a broker in the same process.
pub(crate) struct StandaloneSimulation {
    pub(crate) simulation: Simulation,
    /// The broker's own address.
    pub(crate) public_url: String,
    /// Whether its logins are invented, because none was recorded.
    pub(crate) is_invented: bool,
    /// Prints one line about each request.
    pub(crate) log: Box<dyn Fn(&str) + Send + Sync>,
}

/// Serves a simulation until the process is stopped; `ready` is called with the address once the server listens.
pub(crate) async fn serve(
    standalone: StandaloneSimulation,
    listen: SocketAddr,
    ready: impl FnOnce(&StandaloneSimulation, SocketAddr),
) -> io::Result<()> {
    let standalone = Data::new(standalone);
    let data = standalone.clone();
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
        ready(&standalone, *address);
    }
    server.run().await
}

async fn answer_standalone(
    request: HttpRequest,
    standalone: Data<StandaloneSimulation>,
    body: Result<Bytes, actix_web::Error>,
) -> HttpResponse {
    let address = request.app_config().local_addr();
    // Another site must not lead a browser here by a host name of that site (DNS rebinding).
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !is_loopback(host) {
        return HttpResponse::MisdirectedRequest().body(format!("this simulation is reached at http://{address}\n"));
    }
    let Ok(body) = body else {
        (standalone.log)("refused   more than 64 KiB");
        return HttpResponse::PayloadTooLarge().body("a request is at most 64 KiB\n");
    };
    let base = format!("http://{address}");
    let at = SimulatedAddress { path: request.uri().path(), base: &base, public_url: &standalone.public_url };
    let answer = http::answer(&request, &body, at, |request| standalone.simulation.answer_http(request, clock::now(), random::bytes()));
    if let Some(line) = &answer.log_line {
        (standalone.log)(line);
    }
    let mut response = http::send(answer, "").await;
    for (name, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"), ("x-frame-options", "DENY")] {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

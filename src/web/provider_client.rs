//! How requests to providers leave: by the network, except for those to our own playground and to providers that are played here, which
//! are answered in the house.

use crate::login::discover;
use crate::provider::facts::Facts;
use crate::simulated::playground::{PLAYGROUND_BASE, Playground};
use crate::simulated::simulation::Simulation;
use crate::simulated::{SimulatedRequest, SimulatedResponse};
use crate::stores::live::LiveProvider;
use crate::vocabulary::wire::{Fetch, NoAnswer, Request, Response, ResponseFuture};
use crate::web::app::App;
use crate::web::live_config::LiveStore;
use crate::world::network::Network;
use crate::world::{clock, random};
use std::time::Duration;

/// A provider that takes longer has not answered.
const PATIENCE: Duration = Duration::from_secs(10);

/// The way out for one login of a store.
pub(crate) struct ProviderClient<'a> {
    app: &'a App,
    front: &'a LiveStore,
    offer: &'a LiveProvider,
}

impl<'a> ProviderClient<'a> {
    /// The way out for a login of a store, through this provider.
    pub(crate) fn new(app: &'a App, front: &'a LiveStore, offer: &'a LiveProvider) -> Self {
        Self { app, front, offer }
    }

    /// Sees to the issuer's document. Whoever comes while it is being asked for does not ask as well: what is known still serves, and
    /// where nothing is known, the answer is waited for.
    pub(crate) async fn refresh_document(&self, known: &Facts, now: i64) {
        let (offer, documents) = (self.offer, self.app.documents_of(self.offer));
        let Some((address, _)) = offer.provider.discovery.as_ref().and_then(|discovery| discovery.address(known)) else { return };
        if !documents.should_fetch(&address, now) {
            return;
        }
        let turn = match offer.asking.try_acquire() {
            Ok(turn) => Some(turn),
            Err(_) if documents.get(&address, now).is_some() => None,
            Err(_) => tokio::time::timeout(PATIENCE, offer.asking.acquire()).await.ok().and_then(Result::ok),
        };
        if turn.is_some() {
            discover(&offer.provider, known, self, documents, now).await;
        }
    }

    fn network_or_playground(&self) -> NetworkOrPlayground<'_> {
        let store = &self.front.store;
        NetworkOrPlayground {
            network: &self.app.network,
            playground: store.playground.then_some((&self.app.playground, &*store.public_url)),
        }
    }

    async fn call_simulation(&self, simulation: &Simulation, request: &Request) -> Result<Response, NoAnswer> {
        let answer = simulation.answer_in_process(request, &self.front.store.public_url, clock::now());
        if let Some(line) = &answer.log_line {
            tracing::info!(provider = &*simulation.provider().name, "simulation: {line}");
        }
        within_limits(answer, request).await
    }
}

/// An answer that was made in the house, held to what the network's are held to.
async fn within_limits(answer: SimulatedResponse, request: &Request) -> Result<Response, NoAnswer> {
    tokio::time::sleep(answer.delay.min(PATIENCE)).await;
    if answer.delay > PATIENCE {
        return Err(NoAnswer::TooSlow);
    }
    if answer.body.len() > request.largest { Err(NoAnswer::TooLarge) } else { Ok(answer.into_response()) }
}

impl Fetch for ProviderClient<'_> {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        // Whatever the address: what is played here goes nowhere else.
        if let Some(simulated) = &self.offer.simulated {
            return Box::pin(self.call_simulation(&simulated.simulation, request));
        }
        self.network_or_playground().route(request)
    }
}

/// Where requests leave: the network, but for what leads to a playground of our own.
#[derive(Clone, Copy)]
pub(crate) struct NetworkOrPlayground<'a> {
    pub(crate) network: &'a Network,
    /// The playground, and the address of which it is a part.
    pub(crate) playground: Option<(&'a Playground, &'a str)>,
}

impl<'a> NetworkOrPlayground<'a> {
    fn route(self, request: &'a Request) -> ResponseFuture<'a> {
        let below = |public_url: &str| request.browser_address().strip_prefix(public_url)?.strip_prefix("/playground/");
        if let Some((playground, public_url)) = self.playground
            && let Some(below) = below(public_url)
        {
            return Box::pin(call_playground(playground, public_url, below, request));
        }
        self.network.send(request)
    }
}

impl Fetch for NetworkOrPlayground<'_> {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        self.route(request)
    }
}

async fn call_playground(playground: &Playground, public_url: &str, below: &str, request: &Request) -> Result<Response, NoAnswer> {
    let (path, query) = below.split_once('?').unwrap_or((below, ""));
    let sent = request.as_sent();
    let asked = SimulatedRequest {
        method: &request.method.to_string(),
        path: &format!("/{path}"),
        query,
        headers: &sent.headers,
        body: sent.body.as_bytes(),
        public_url,
        base: PLAYGROUND_BASE,
    };
    let answer = playground.answer(&asked, clock::now(), random::bytes());
    within_limits(answer, request).await
}

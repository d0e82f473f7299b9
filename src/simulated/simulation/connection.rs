//! The connection to a simulated provider: requests are answered inside the program, and nothing is sent to the real provider.

use crate::provider::Provider;
use crate::provider::document_cache::DocumentCache;
use crate::simulated::simulation::{Simulation, addresses, installation_values, with_invented_logins};
use crate::stores::Store;
use crate::stores::catalogue;
use crate::stores::connection::ReplacedConnection;
use crate::stores::connection::{ProviderConnection, within_limits};
use crate::stores::live::LiveProvider;
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Request, ResponseFuture};
use crate::workbench::examples;
use crate::world::{clock, files};
use std::any::Any;
use std::path::Path;

struct SimulatedConnection {
    simulation: Simulation,
    /// What the simulation publishes, apart from the documents of real issuers.
    documents: DocumentCache,
}

impl ProviderConnection for SimulatedConnection {
    fn documents(&self) -> &DocumentCache {
        &self.documents
    }

    fn send<'a>(&'a self, store: &'a Store, request: &'a Request) -> ResponseFuture<'a> {
        Box::pin(async move {
            let answer = self.simulation.answer_in_process(request, &store.public_url, clock::now());
            if let Some(line) = &answer.log_line {
                tracing::info!(provider = &*self.simulation.provider().name, "simulation: {line}");
            }
            let delay = answer.delay;
            within_limits(answer.into_response(), delay, request).await
        })
    }

    fn redirect_address(&self, store: &Store, address: &str) -> String {
        addresses::simulated_address(&simulation_base(store, &self.simulation.provider().name), address)
    }
}

/// The address at which a simulated provider is served.
pub(crate) fn simulation_base(store: &Store, name: &str) -> String {
    format!("{}/simulation/{name}", store.public_url)
}

/// Replaces the network of a provider by a simulation with the examples beside its file; values that are not set are invented.
pub(crate) fn simulate(provider: &Provider, path: &Path, set: Vec<(Slot, Text)>) -> ReplacedConnection {
    let read = files::read_source(&catalogue::examples_path(path)).ok().map(|source| examples::read(&source));
    let (stories, problem) = match read {
        Some(Ok(stories)) => with_invented_logins(provider, stories),
        Some(Err(report)) => {
            tracing::warn!(provider = &*provider.name, "its examples cannot be read, so nothing can be chosen: {}", report.draw(false));
            (Vec::new(), None)
        }
        None => with_invented_logins(provider, Vec::new()),
    };
    if let Some(why) = problem {
        tracing::warn!(provider = &*provider.name, "no example holds a login, and none can be invented: {why}");
    }
    let (values, _) = installation_values(provider, &stories, set);
    let simulation = Simulation::new(provider.clone(), stories, values.clone());
    ReplacedConnection { connection: Box::new(SimulatedConnection { simulation, documents: DocumentCache::default() }), values }
}

/// The simulation of a live provider that is simulated.
pub(crate) fn simulation_of(live_provider: &LiveProvider) -> Option<&Simulation> {
    let connection: &dyn Any = live_provider.replaced.as_deref()?;
    connection.downcast_ref::<SimulatedConnection>().map(|connection| &connection.simulation)
}

//! How a live provider is reached: its network, its issuer's documents, and the address to which browsers are sent.

use crate::login::conversation::ConversationLimits;
use crate::provider::Provider;
use crate::provider::document_cache::DocumentCache;
use crate::stores::Store;
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Fetch, NoAnswer, Request, Response, ResponseFuture};
use crate::world::network::Network;
use std::any::Any;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A connection that replaces the network's, and the values of the installation that belong to it.
pub struct ReplacedConnection {
    pub(crate) connection: Box<dyn ProviderConnection>,
    pub(crate) values: Vec<(Slot, Text)>,
}

/// Makes the connection of a simulated provider from its file, the path of that and the values that are set.
pub type ConnectionReplacer = fn(&Provider, &Path, Vec<(Slot, Text)>) -> ReplacedConnection;

/// How a provider is reached. Only `serve --simulate` replaces the connection through the network.
pub trait ProviderConnection: Any + Send + Sync {
    /// The documents that its issuer publishes.
    fn documents(&self) -> &DocumentCache;
    /// Sends a request for a login at a store.
    fn send<'a>(&'a self, store: &'a Store, request: &'a Request) -> ResponseFuture<'a>;
    /// The address to which a browser is sent in place of one of the provider's own.
    fn redirect_address(&self, store: &Store, address: &str) -> String;
}

/// A provider that the broker itself serves below `/playground`. Its answers are made inside the program.
pub trait EmbeddedProvider: Send + Sync {
    /// Answers a request; `below` is its address below `/playground`.
    fn send<'a>(&'a self, public_url: &'a str, below: &'a str, request: &'a Request) -> ResponseFuture<'a>;
}

/// The connection of every provider that is not simulated.
pub(crate) struct NetworkConnection {
    pub(crate) network: Network,
    pub(crate) documents: DocumentCache,
    /// Answers requests to the playground of a store that has one.
    pub(crate) playground: Option<Arc<dyn EmbeddedProvider>>,
}

impl ProviderConnection for NetworkConnection {
    fn documents(&self) -> &DocumentCache {
        &self.documents
    }

    fn send<'a>(&'a self, store: &'a Store, request: &'a Request) -> ResponseFuture<'a> {
        let below = |public_url: &str| request.browser_address().strip_prefix(public_url)?.strip_prefix("/playground/");
        if let Some(playground) = self.playground.as_ref().filter(|_| store.playground)
            && let Some(below) = below(&store.public_url)
        {
            return playground.send(&store.public_url, below, request);
        }
        self.network.send(request)
    }

    fn redirect_address(&self, _: &Store, address: &str) -> String {
        address.to_owned()
    }
}

/// An answer that was made inside the program, held to the limits of the network.
pub(crate) async fn within_limits(answer: Response, delay: Duration, request: &Request) -> Result<Response, NoAnswer> {
    tokio::time::sleep(delay.min(request.timeout)).await;
    if delay > request.timeout {
        return Err(NoAnswer::too_slow(request.timeout));
    }
    if answer.body.len() > request.largest { Err(NoAnswer::too_large(request.largest, answer.body.len())) } else { Ok(answer) }
}

/// The requests of one login at a store.
pub(crate) struct ProviderClient<'a> {
    pub(crate) connection: &'a dyn ProviderConnection,
    pub(crate) store: &'a Store,
    /// A single login at a terminal has no limits.
    pub(crate) limits: Option<Arc<ConversationLimits>>,
}

impl Fetch for ProviderClient<'_> {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        self.connection.send(self.store, request)
    }
}

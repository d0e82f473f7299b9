//! A provider made from its file and its recorded examples: it accepts exactly what the file sends, and answers as was recorded.
//!
//! It runs the engine in reverse: it expects the requests that the compiled file would send, and knows nothing of any protocol itself.

pub mod addresses; //          where the provider's addresses lie at the simulation
mod assertion; //              tokens with which the client proves itself
mod authorization; //          the browser comes, a choice is made, and the browser goes back
mod calls; //                  the calls of the broker
mod choices; //                what can be chosen
mod client_token; //           the client's own token
mod compare; //                whether a request is the file's
mod difference; //             how it differs, in the language of the page
pub(crate) mod connection; //  the connection of a live provider that is simulated
mod expectation; //            which request has to arrive
mod handed_in; //              tokens that a program hands in
mod fault; //                  an example in which something goes wrong
pub(crate) mod handler; //     `/simulation/…` of the broker, and the server of `portaria simulate`
mod installation; //           the values of the installation that it expects
mod keyring; //                the provider's keys
mod preparation; //        the calls before the redirect
mod pages; //                  the pages
mod phrases; //                their words
mod received_request; //       a request at the provider's own address
mod refresh; //                the refresh of kept tokens
mod refusal; //                how it refuses a call
mod refusal_kind; //           for what it refuses a call
mod replacements; //           a recorded example with the values of a real login
mod state; //                  the logins under way

use crate::login::attempt::{Attempt, InstallationValues};
use crate::provider::Provider;
use crate::provider::document_cache::DocumentCache;
use crate::provider::exchange::ExchangeWords;
use crate::provider::facts::Facts;
use crate::provider::json;
use crate::simulated::request::SimulatedRequest;
use crate::simulated::response::SimulatedResponse;
use crate::simulated::simulation::choices::SimulatedChoice;
use crate::simulated::simulation::keyring::SimulatedKeyring;
use crate::simulated::simulation::phrases::SimulationLanguage;
use crate::simulated::simulation::received_request::ReceivedRequest;
use crate::simulated::simulation::replacements::ExampleReplacements;
use crate::simulated::simulation::state::SimulationState;
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::Request;
use crate::workbench::examples::example::{ExampleAnswerSpec, ExampleSpec};
use crate::workbench::examples::replay::discovery_document;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use crate::simulated::simulation::installation::with_invented_logins;
pub use crate::simulated::simulation::installation::{InventedValue, installation_values};

/// The largest body that is read, in bytes.
pub(crate) const LARGEST_BODY: usize = 64 * 1024;

/// A provider that is simulated from its file and its examples, with the logins under way at it.
pub struct Simulation {
    provider: Provider,
    examples: Vec<ExampleSpec>,
    choices: Vec<SimulatedChoice>,
    left_out: usize,
    /// The calls before the redirect to which the recorded answers of the first login belong, in order.
    prepared_calls: Vec<usize>,
    /// The recorded answer that gives the client its own token.
    client_token: Option<ExampleAnswerSpec>,
    values: Vec<(Slot, Text)>,
    keyring: SimulatedKeyring,
    documents: DocumentCache,
    state: Mutex<SimulationState>,
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation").field("provider", &self.provider.name).field("choices", &self.choices.len()).finish_non_exhaustive()
    }
}

/// Where and when a request arrives.
#[derive(Clone, Copy)]
struct SimulationContext<'a> {
    public_url: &'a str,
    base: &'a str,
    now: i64,
    /// The language of the pages.
    language: &'static SimulationLanguage,
}

impl Simulation {
    /// A simulation that answers with these examples and expects these values of the installation; see [`installation_values`].
    pub fn new(provider: Provider, mut examples: Vec<ExampleSpec>, values: Vec<(Slot, Text)>) -> Self {
        let (choices, left_out) = choices::all_choices(&provider, &examples);
        examples.retain(ExampleSpec::has_redirect);
        let prepared_calls = choices::first_login(&examples).map_or_else(Vec::new, |login| choices::prepared_calls(&provider, login));
        let client_token = choices::first_login(&examples).and_then(|login| choices::recorded_client_token(&provider, login));
        Self {
            prepared_calls,
            client_token,
            provider,
            examples,
            choices,
            left_out,
            values,
            keyring: SimulatedKeyring::default(),
            documents: DocumentCache::default(),
            state: Mutex::default(),
        }
    }

    pub(crate) fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The words and titles of what can be chosen; the recorded examples come first.
    pub(crate) fn choices(&self) -> impl Iterator<Item = (&str, &str)> {
        self.choices.iter().map(|choice| (&*choice.word, &*choice.title))
    }

    /// Whether the query names a visit whose choice is still open.
    pub(crate) fn has_visit(&self, query: &str) -> bool {
        let number = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "visit");
        number.is_some_and(|(_, number)| self.lock_state().visit(&number).is_some())
    }

    /// Answers a request that arrived by HTTP, at a time (seconds since 1970) and with fresh random bytes.
    pub fn answer_http(&self, request: &SimulatedRequest<'_>, now: i64, random: [u8; 16]) -> SimulatedResponse {
        let language = SimulationLanguage::preferred(request.header("accept-language").unwrap_or_default());
        let context = SimulationContext { public_url: request.public_url, base: request.base, now, language };
        if request.body.len() > LARGEST_BODY {
            return self.too_large_page(context).with_log_line("refused   more than 64 KiB".to_owned());
        }
        let unique = URL_SAFE_NO_PAD.encode(random).replace(['-', '_'], "x");
        let is_read = matches!(request.method, "GET" | "HEAD");
        match (request.path, addresses::original_address(request.path, request.query)) {
            ("" | "/", _) if is_read => self.overview_page(context),
            ("/style.css", _) if is_read => SimulatedResponse::style(),
            ("/choose", _) if request.method == "GET" => self.choose(request.query, context, &unique),
            ("/tokens", _) if request.method == "GET" => self.hand_out(request.query, context, &unique),
            (_, Some(address)) => self.answer_at_provider(&ReceivedRequest::new(request, address), context, unique),
            ("" | "/" | "/style.css" | "/choose" | "/tokens", None) => self.method_not_allowed_page(context),
            _ => self.not_found_page(context),
        }
    }

    /// Answers a request that the broker makes in the same process, at the provider's own address.
    pub fn answer_in_process(&self, request: &Request, public_url: &str, now: i64) -> SimulatedResponse {
        let context = SimulationContext { public_url, base: "", now, language: SimulationLanguage::preferred("") };
        let received = ReceivedRequest::from_request(request);
        if received.body.len() > LARGEST_BODY {
            return SimulatedResponse::oauth_error("invalid_request", "more than 64 KiB");
        }
        self.answer_call(&received, context)
    }

    fn answer_at_provider(&self, received: &ReceivedRequest, context: SimulationContext<'_>, unique: String) -> SimulatedResponse {
        let installation = self.installation(context);
        let attempt = self.with_discovery_document(context, &installation, |_| {
            expectation::attempt_from_request(&self.provider, &installation, &self.provider.authorization, received, context.now)
        });
        let facts = self.known_facts(&attempt, &installation, context);
        if received.method == "GET" && expectation::is_authorization(&self.provider, &facts, received) {
            return self.authorize(received, attempt, &facts, context, unique);
        }
        if received.method == "GET" && self.is_logout(&facts, received) {
            return self.signed_out_page(context).with_log_line("accepted  the browser, to end the provider's own session".to_owned());
        }
        self.answer_call(received, context)
    }

    fn is_logout(&self, facts: &Facts, received: &ReceivedRequest) -> bool {
        let filled = self.provider.logout.as_ref().map(|logout| logout.fill(&facts.clone().for_preview()));
        matches!(filled, Some(Ok(filled)) if filled.base.equals(&received.base))
    }

    /// The values of the installation that the simulation expects.
    fn installation(&self, context: SimulationContext<'_>) -> InstallationValues {
        InstallationValues { public_url: context.public_url.into(), values: self.values.clone() }
    }

    /// The address of the discovery document, and the document with the values of this installation.
    fn discovery_document(&self, installation: &InstallationValues, now: i64) -> Option<(String, Value)> {
        let recorded = choices::first_login(&self.examples).or(self.examples.first());
        let example = recorded.map_or_else(|| Cow::Owned(installation::empty_example()), Cow::Borrowed);
        let (address, document) = discovery_document(&self.provider, &example, installation)?;
        let mut facts = self.provider.empty_facts();
        for (slot, value) in &installation.values {
            facts.set(*slot, value.clone());
        }
        Some((address, ExampleReplacements::for_login(&self.provider, &example, &facts, now).replace_in_json(&document)))
    }

    /// Calls `act` with the cached documents, once the discovery document is among them.
    fn with_discovery_document<T>(
        &self,
        context: SimulationContext<'_>,
        installation: &InstallationValues,
        act: impl FnOnce(&DocumentCache) -> T,
    ) -> T {
        if let Some((address, document)) = self.discovery_document(installation, context.now) {
            self.documents.insert(&address, document, context.now);
        }
        act(&self.documents)
    }

    /// The facts that are known when an attempt begins.
    fn known_facts(&self, attempt: &Attempt, installation: &InstallationValues, context: SimulationContext<'_>) -> Facts {
        let mut facts = self.with_discovery_document(context, installation, |documents| {
            attempt
                .initial_facts(&self.provider, installation, documents)
                .unwrap_or_else(|_| attempt.facts_without_discovery(&self.provider, installation))
        });
        self.learn_client_token(&mut facts, context);
        facts
    }

    /// The published key set.
    fn key_set(&self, facts: &Facts, now: i64) -> Value {
        let mut keys = self.keyring.key_set(&self.provider, self.examples.iter(), now, facts);
        if let Some(list) = keys.get_mut("keys").and_then(Value::as_array_mut) {
            list.extend(self.handed_keys(facts, now).into_iter().map(|(_, key)| key));
        }
        keys
    }

    fn lock_state(&self) -> MutexGuard<'_, SimulationState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The provider's addresses, each with its address at the simulation.
    pub(crate) fn addresses(&self, public_url: &str, base: &str, now: i64) -> Vec<(String, String)> {
        let context = SimulationContext { public_url, base, now, language: SimulationLanguage::preferred("") };
        let installation = self.installation(context);
        let attempt =
            expectation::attempt_from_request(&self.provider, &installation, &self.provider.authorization, &ReceivedRequest::empty(), now);
        let facts = self.known_facts(&attempt, &installation, context).for_preview();
        let document =
            self.provider.discovery.as_ref().and_then(|_| self.discovery_document(&installation, now)).map(|(address, _)| address);
        let refresh = self.provider.call(self.provider.refresh_position());
        let steps =
            self.provider.steps().chain(refresh).filter_map(|step| step.address.fill(&facts).ok()).map(|filled| filled.base.masked());
        let exchange = self.provider.exchange.words.iter();
        let asks = exchange.clone().filter_map(|words| words.ask.as_ref()?.address.fill(&facts).ok()).map(|filled| filled.base.masked());
        let handed_in = exchange.flat_map(ExchangeWords::signed_tokens).filter_map(|signed| signed.keys_address(&facts));
        let keys = self.provider.steps().filter_map(|step| step.signed.as_ref()?.keys_address(&facts)).chain(asks).chain(handed_in);
        let mut addresses: Vec<(String, String)> = Vec::new();
        for address in document.into_iter().chain(steps).chain(keys) {
            let simulated = addresses::simulated_address(base, &address);
            if !addresses.iter().any(|(known, _)| *known == address) {
                addresses.push((address, simulated));
            }
        }
        addresses
    }
}

/// The JSON of an answer, if it is JSON.
fn read_json(body: &[u8]) -> Option<Value> {
    json::parse(body).ok()
}

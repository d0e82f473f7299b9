//! A provider made from its own file and its recorded examples: it accepts exactly what the file sends and answers as was recorded.
//!
//! It is the engine in the mirror: what has to arrive is what the compiled file would send, and no idea of any protocol stands here. It
//! opens no doors; the moment and the dice are arguments, and an answer that shall take long says so and lets its caller wait.

mod response; //      what is sent back, and what is told of it
mod request; //     what arrived, at the provider's own address
mod authorization; //     the browser comes, somebody chooses, and it goes back
mod calls; //       what the broker asks
pub(crate) mod connection; // the connection of a live provider that is simulated
pub mod addresses; // where the provider's addresses lie
mod compare; //     whether a request is the file's
mod fault; //       what goes wrong with a story
mod keyring; //     the provider's keys
mod choices; //        what may be chosen
mod expectation; //      what has to arrive
mod pages; //       the pages that people see
mod assertion; //       tokens with which the client proves itself
mod replacements; //        a recorded story with the values of a real login
mod refusal; //     how it says no
mod installation; //      the values of the installation that it expects
mod state; //       who is under way
pub(crate) mod handler;

use crate::login::attempt::InstallationValues;
use crate::provider::Provider;
use crate::provider::document_cache::DocumentCache;
use crate::provider::facts::Facts;
use crate::provider::json;
use crate::simulated::simulation::choices::SimulatedChoice;
use crate::simulated::simulation::keyring::SimulatedKeyring;
use crate::simulated::simulation::replacements::StoryReplacements;
use crate::simulated::simulation::request::ReceivedRequest;
use crate::simulated::simulation::state::SimulationState;
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::Request;
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::examples::replay::discovery_document;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use crate::simulated::simulation::installation::{InventedValue, installation_values};
pub use crate::simulated::simulation::request::SimulatedRequest;
pub use crate::simulated::simulation::response::SimulatedResponse;

/// The style of its pages.
const STYLE: &str = include_str!("style.css");

/// The most that is read of a body.
pub(crate) const LARGEST_BODY: usize = 64 * 1024;

/// A provider that is played.
pub struct Simulation {
    provider: Provider,
    stories: Vec<ExampleSpec>,
    choices: Vec<SimulatedChoice>,
    left_out: usize,
    values: Vec<(Slot, Text)>,
    keyring: SimulatedKeyring,
    documents: DocumentCache,
    under_way: Mutex<SimulationState>,
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation").field("provider", &self.provider.name).field("choices", &self.choices.len()).finish_non_exhaustive()
    }
}

/// Where and when something is asked.
#[derive(Clone, Copy)]
struct SimulationContext<'a> {
    public_url: &'a str,
    base: &'a str,
    now: i64,
}

impl Simulation {
    /// A simulation of a provider that tells these stories and expects these values of the installation; see [`values`].
    pub fn new(provider: Provider, stories: Vec<ExampleSpec>, values: Vec<(Slot, Text)>) -> Self {
        let (choices, left_out) = choices::all_choices(&provider, &stories);
        Self {
            provider,
            stories,
            choices,
            left_out,
            values,
            keyring: SimulatedKeyring::default(),
            documents: DocumentCache::default(),
            under_way: Mutex::default(),
        }
    }

    pub(crate) fn provider(&self) -> &Provider {
        &self.provider
    }

    /// What may be chosen: its word and what it is; the recorded stories first.
    pub(crate) fn choices(&self) -> impl Iterator<Item = (&str, &str)> {
        self.choices.iter().map(|choice| (&*choice.word, &*choice.title))
    }

    /// Whether a browser is choosing here.
    pub(crate) fn has_visit(&self, query: &str) -> bool {
        let number = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "visit");
        number.is_some_and(|(_, number)| self.lock_state().visit(&number).is_some())
    }

    /// Answers a request that came by HTTP, at a moment (seconds since 1970) and with fresh random bytes.
    pub fn answer_http(&self, asked: &SimulatedRequest<'_>, now: i64, chance: [u8; 16]) -> SimulatedResponse {
        let here = SimulationContext { public_url: asked.public_url, base: asked.base, now };
        if asked.body.len() > LARGEST_BODY {
            return pages::too_large(&self.provider, here).with_log_line("refused   more than 64 KiB".to_owned());
        }
        let unique = URL_SAFE_NO_PAD.encode(chance).replace(['-', '_'], "x");
        let is_looking = matches!(asked.method, "GET" | "HEAD");
        match (asked.path, addresses::original_address(asked.path, asked.query)) {
            ("" | "/", _) if is_looking => self.overview(here),
            ("/style.css", _) if is_looking => SimulatedResponse::style(STYLE),
            ("/choose", _) if asked.method == "GET" => self.choose(asked.query, here, &unique),
            (_, Some(address)) => self.answer_at_provider(&ReceivedRequest::new(asked, address), here, unique),
            ("" | "/" | "/style.css" | "/choose", None) => pages::method_not_allowed(&self.provider, here),
            _ => pages::not_found(&self.provider, here),
        }
    }

    /// Answers a request that the broker makes in the same process, at the provider's own address.
    pub fn answer_in_process(&self, request: &Request, public_url: &str, now: i64) -> SimulatedResponse {
        let here = SimulationContext { public_url, base: "", now };
        let found = ReceivedRequest::from_request(request);
        if found.body.len() > LARGEST_BODY {
            return SimulatedResponse::oauth_error("invalid_request", "more than 64 KiB");
        }
        self.answer_call(&found, here)
    }

    fn answer_at_provider(&self, found: &ReceivedRequest, here: SimulationContext<'_>, unique: String) -> SimulatedResponse {
        let installation = self.installation(here);
        let attempt = self.with_discovery_document(here, &installation, |_| {
            expectation::attempt_from_request(&self.provider, &installation, found, here.now)
        });
        let facts = self.known_facts(&attempt, &installation, here);
        if found.method == "GET" && expectation::is_authorization(&self.provider, &facts, found) {
            return self.authorize(found, attempt, &facts, here, unique);
        }
        if found.method == "GET" && self.is_logout(&facts, found) {
            return pages::signed_out(&self.provider, here)
                .with_log_line("accepted  the browser, to end the provider's own session".to_owned());
        }
        self.answer_call(found, here)
    }

    fn is_logout(&self, facts: &Facts, found: &ReceivedRequest) -> bool {
        let filled = self.provider.logout.as_ref().map(|logout| logout.fill(&facts.clone().for_preview()));
        matches!(filled, Some(Ok(filled)) if filled.base.equals(&found.base))
    }

    /// The installation as the simulation expects it.
    fn installation(&self, here: SimulationContext<'_>) -> InstallationValues {
        InstallationValues { public_url: here.public_url.into(), values: self.values.clone() }
    }

    /// The issuer's document and its address, with everything in place.
    fn discovery_document(&self, installation: &InstallationValues, now: i64) -> Option<(String, Value)> {
        let story = choices::base_story(&self.stories).or(self.stories.first());
        let nothing;
        let story = if let Some(story) = story {
            story
        } else {
            nothing = installation::empty_story();
            &nothing
        };
        let (address, document) = discovery_document(&self.provider, story, installation)?;
        let mut facts = self.provider.empty_facts();
        for (slot, value) in &installation.values {
            facts.set(*slot, value.clone());
        }
        Some((address, StoryReplacements::for_login(&self.provider, story, &facts, now).replace_in_json(&document)))
    }

    /// Does something once the issuer's document is at hand.
    fn with_discovery_document<T>(
        &self,
        here: SimulationContext<'_>,
        installation: &InstallationValues,
        act: impl FnOnce(&DocumentCache) -> T,
    ) -> T {
        if let Some((address, document)) = self.discovery_document(installation, here.now) {
            self.documents.insert(&address, document, here.now);
        }
        act(&self.documents)
    }

    /// What is known of an attempt.
    fn known_facts(
        &self,
        attempt: &crate::login::attempt::Attempt,
        installation: &InstallationValues,
        here: SimulationContext<'_>,
    ) -> Facts {
        self.with_discovery_document(here, installation, |documents| {
            attempt
                .initial_facts(&self.provider, installation, documents)
                .unwrap_or_else(|| attempt.facts_without_discovery(&self.provider, installation))
        })
    }

    /// What is published of the keys.
    fn key_set(&self, facts: &Facts, now: i64) -> Value {
        self.keyring.key_set(&self.provider, self.stories.iter(), now, facts)
    }

    fn lock_state(&self) -> MutexGuard<'_, SimulationState> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn overview(&self, here: SimulationContext<'_>) -> SimulatedResponse {
        let addresses = self.addresses(here.public_url, here.base, here.now);
        pages::overview(&self.provider, &self.choices, self.left_out, &addresses, here)
    }

    /// The provider's addresses and where each is reached at the simulation.
    pub(crate) fn addresses(&self, public_url: &str, base: &str, now: i64) -> Vec<(String, String)> {
        let here = SimulationContext { public_url, base, now };
        let installation = self.installation(here);
        let nobody = expectation::attempt_from_request(&self.provider, &installation, &ReceivedRequest::empty(), now);
        let facts = self.known_facts(&nobody, &installation, here).for_preview();
        let document =
            self.provider.discovery.as_ref().and_then(|_| self.discovery_document(&installation, now)).map(|(address, _)| address);
        let steps = self.provider.steps().filter_map(|step| step.address.fill(&facts).ok()).map(|filled| filled.base.masked());
        let keys = self.provider.steps().filter_map(|step| step.signed()?.keys_address(&facts));
        let mut addresses: Vec<(String, String)> = Vec::new();
        for address in document.into_iter().chain(steps).chain(keys) {
            let at = addresses::simulated_address(base, &address);
            if !addresses.iter().any(|(known, _)| *known == address) {
                addresses.push((address, at));
            }
        }
        addresses
    }
}

/// Whether an answer is JSON, and what it says.
fn read_json(body: &[u8]) -> Option<Value> {
    json::parse(body).ok()
}

//! A provider made from its own file and its recorded examples: it accepts exactly what the file sends and answers as was recorded.
//!
//! It is the engine in the mirror: what has to arrive is what the compiled file would send, and no idea of any protocol stands here. It
//! opens no doors; the moment and the dice are arguments, and an answer that shall take long says so and lets its caller wait.

mod answer; //      what is sent back, and what is told of it
mod arrived; //     what arrived, at the provider's own address
mod browser; //     the browser comes, somebody chooses, and it goes back
mod calls; //       what the broker asks
pub mod carried; // where the provider's addresses lie
mod compare; //     whether a request is the file's
mod fault; //       what goes wrong with a story
mod keyring; //     the provider's keys
mod menu; //        what may be chosen
mod mirror; //      what has to arrive
mod pages; //       the pages that people see
mod proof; //       tokens with which the client proves itself
mod real; //        a recorded story with the values of a real login
mod refusal; //     how it says no
mod values; //      the values of the installation that it expects
mod visit; //       who is under way

use crate::examples::replay::discovery;
use crate::examples::story::StorySpec;
use crate::login::attempt::Installation;
use crate::names::Slot;
use crate::provider::Provider;
use crate::provider::documents::Documents;
use crate::provider::facts::Facts;
use crate::provider::json;
use crate::text::Text;
use crate::wire::Request;
use crate::workbench::simulate::arrived::Arrived;
use crate::workbench::simulate::keyring::Keyring;
use crate::workbench::simulate::menu::Choice;
use crate::workbench::simulate::real::Real;
use crate::workbench::simulate::visit::UnderWay;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use crate::workbench::simulate::answer::Answer;
pub use crate::workbench::simulate::arrived::Asked;
pub use crate::workbench::simulate::values::{Made, values};

/// The style of its pages.
const STYLE: &str = include_str!("style.css");

/// The most that is read of a body.
pub const LARGEST_BODY: usize = 64 * 1024;

/// A provider that is played.
pub struct Simulation {
    provider: Provider,
    stories: Vec<StorySpec>,
    choices: Vec<Choice>,
    left_out: usize,
    values: Vec<(Slot, Text)>,
    keyring: Keyring,
    documents: Documents,
    under_way: Mutex<UnderWay>,
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation").field("provider", &self.provider.name).field("choices", &self.choices.len()).finish_non_exhaustive()
    }
}

/// Where and when something is asked.
#[derive(Clone, Copy)]
struct Here<'a> {
    public_url: &'a str,
    base: &'a str,
    now: i64,
}

impl Simulation {
    /// A simulation of a provider that tells these stories and expects these values of the installation; see [`values`].
    pub fn new(provider: Provider, stories: Vec<StorySpec>, values: Vec<(Slot, Text)>) -> Self {
        let (choices, left_out) = menu::choices(&provider, &stories);
        Self {
            provider,
            stories,
            choices,
            left_out,
            values,
            keyring: Keyring::default(),
            documents: Documents::default(),
            under_way: Mutex::default(),
        }
    }

    /// The provider.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// What may be chosen: its word and what it is; the recorded stories first.
    pub fn menu(&self) -> impl Iterator<Item = (&str, &str)> {
        self.choices.iter().map(|choice| (&*choice.word, &*choice.title))
    }

    /// Whether a browser is choosing here.
    pub fn knows(&self, query: &str) -> bool {
        let number = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "visit");
        number.is_some_and(|(_, number)| self.under_way().visit(&number).is_some())
    }

    /// Answers a request that came by HTTP, at a moment (seconds since 1970) and with fresh random bytes.
    pub fn answer(&self, asked: &Asked<'_>, now: i64, chance: [u8; 16]) -> Answer {
        let here = Here { public_url: asked.public_url, base: asked.base, now };
        if asked.body.len() > LARGEST_BODY {
            return pages::too_much(&self.provider, here).told("refused   more than 64 KiB".to_owned());
        }
        let unique = URL_SAFE_NO_PAD.encode(chance).replace(['-', '_'], "x");
        let is_looking = matches!(asked.method, "GET" | "HEAD");
        match (asked.path, carried::original(asked.path, asked.query)) {
            ("" | "/", _) if is_looking => self.welcome(here),
            ("/style.css", _) if is_looking => Answer::style(STYLE),
            ("/choose", _) if asked.method == "GET" => self.choose(asked.query, here, &unique),
            (_, Some(address)) => self.at_the_provider(&Arrived::new(asked, address), here, unique),
            ("" | "/" | "/style.css" | "/choose", None) => pages::wrong_method(&self.provider, here),
            _ => pages::nothing_here(&self.provider, here),
        }
    }

    /// Answers a request that the broker makes in the same process, at the provider's own address.
    pub fn call(&self, request: &Request, public_url: &str, now: i64) -> Answer {
        let here = Here { public_url, base: "", now };
        let found = Arrived::within(request);
        if found.body.len() > LARGEST_BODY {
            return Answer::refusal("invalid_request", "more than 64 KiB");
        }
        self.hear(&found, here)
    }

    fn at_the_provider(&self, found: &Arrived, here: Here<'_>, unique: String) -> Answer {
        let installation = self.installation(here);
        let attempt = self.with_document(here, &installation, |_| mirror::attempt(&self.provider, &installation, found, here.now));
        let facts = self.facts(&attempt, &installation, here);
        if found.method == "GET" && mirror::is_authorization(&self.provider, &facts, found) {
            return self.arrive(found, attempt, &facts, here, unique);
        }
        if found.method == "GET" && self.is_logout(&facts, found) {
            return pages::signed_out(&self.provider, here).told("accepted  the browser, to end the provider's own session".to_owned());
        }
        self.hear(found, here)
    }

    fn is_logout(&self, facts: &Facts, found: &Arrived) -> bool {
        let filled = self.provider.logout.as_ref().map(|logout| logout.fill(&facts.clone().for_showing()));
        matches!(filled, Some(Ok(filled)) if filled.base.expose() == found.base)
    }

    /// The installation as the simulation expects it.
    fn installation(&self, here: Here<'_>) -> Installation {
        Installation { public_url: here.public_url.into(), values: self.values.clone() }
    }

    /// The issuer's document and its address, with everything in place.
    fn document(&self, installation: &Installation, now: i64) -> Option<(String, Value)> {
        let story = menu::base(&self.stories).or(self.stories.first());
        let nothing;
        let story = if let Some(story) = story {
            story
        } else {
            nothing = values::no_story();
            &nothing
        };
        let (address, document) = discovery(&self.provider, story, installation)?;
        let mut facts = self.provider.no_facts();
        for (slot, value) in &installation.values {
            facts.set(*slot, value.clone());
        }
        Some((address, Real::of(&self.provider, story, &facts, now).value(&document)))
    }

    /// Does something once the issuer's document is at hand.
    fn with_document<T>(&self, here: Here<'_>, installation: &Installation, act: impl FnOnce(&Documents) -> T) -> T {
        if let Some((address, document)) = self.document(installation, here.now) {
            self.documents.put(&address, document, here.now);
        }
        act(&self.documents)
    }

    /// What is known of an attempt.
    fn facts(&self, attempt: &crate::login::attempt::Attempt, installation: &Installation, here: Here<'_>) -> Facts {
        self.with_document(here, installation, |documents| {
            attempt.facts(&self.provider, installation, documents).unwrap_or_else(|| attempt.own_facts(&self.provider, installation))
        })
    }

    /// What is published of the keys.
    fn keys(&self, facts: &Facts, now: i64) -> Value {
        self.keyring.published(&self.provider, self.stories.iter(), now, facts)
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn welcome(&self, here: Here<'_>) -> Answer {
        let addresses = self.addresses(here.public_url, here.base, here.now);
        pages::welcome(&self.provider, &self.choices, self.left_out, &addresses, here)
    }

    /// The provider's addresses and where each is reached at the simulation.
    pub fn addresses(&self, public_url: &str, base: &str, now: i64) -> Vec<(String, String)> {
        let here = Here { public_url, base, now };
        let installation = self.installation(here);
        let nobody = mirror::attempt(&self.provider, &installation, &Arrived::nothing(), now);
        let facts = self.facts(&nobody, &installation, here).for_showing();
        let document = self.provider.discovery.as_ref().and_then(|_| self.document(&installation, now)).map(|(address, _)| address);
        let steps = self.provider.steps().filter_map(|step| step.address.fill(&facts).ok()).map(|filled| filled.base.masked());
        let keys = self.provider.steps().filter_map(|step| step.signed()?.keys_address(&facts));
        let mut addresses: Vec<(String, String)> = Vec::new();
        for address in document.into_iter().chain(steps).chain(keys) {
            let at = carried::at(base, &address);
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

//! The requests that a login would send, and what is read from the answers. The engine itself writes the requests, with
//! masks for what is not known yet.

use crate::provider::Provider;
use crate::provider::callback::StateLocation;
use crate::provider::facts::{FROM_DISCOVERY, Facts};
use crate::provider::refusal::RefusalRule;
use crate::provider::step::{Step, StepKind};
use crate::provider::step_error::StepError;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Method, Request};
use crate::workbench::curl::shell_words::shell_quoted;
use crate::world::secrets;
use std::sync::Arc;

/// A step with its request and what is read from its answer.
#[derive(Clone, Debug)]
pub struct ExplainedStep {
    /// Which step it is.
    pub step: StepKind,
    /// The request as it would be sent, with masks for the values that only a login knows.
    pub request: Request,
    /// The rules by which an answer refuses the login.
    pub(crate) verdicts: Vec<ExplainedVerdict>,
    /// Which facts are read, from where, and the place in the file.
    pub(crate) reads: Vec<(Slot, String, Place)>,
    /// Whether the login continues when the call fails, or the call is conditional.
    pub(crate) remark: Option<&'static str>,
}

/// A rule of the file that refuses a login by an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExplainedVerdict {
    /// The file's word: `accepted` or `refused`.
    pub(crate) word: &'static str,
    /// The condition as the file writes it.
    pub(crate) condition: String,
    /// The path of the provider's code.
    pub(crate) code: Option<String>,
    /// The path of the provider's message.
    pub(crate) message: Option<String>,
    pub(crate) place: Place,
}

impl ExplainedVerdict {
    /// The rules of a step, in the order in which they are checked.
    fn for_step(step: &Step) -> Vec<Self> {
        let [accepted, refused] = step.accepted_and_refused();
        let all = refused.iter().map(|refusal| ("refused", refusal)).chain(accepted.iter().map(|refusal| ("accepted", refusal)));
        let verdict = |(word, refusal): (&'static str, &RefusalRule)| {
            let source = if word == "accepted" { refusal.accepting_source() } else { refusal.refusing_source() };
            let [code, message] = refusal.code_and_message().map(|reading| reading.map(|reading| printable(&reading.source())));
            Self { word, condition: printable(&source), code, message, place: refusal.place }
        };
        all.map(verdict).collect()
    }

    pub(crate) fn sentence(&self) -> String {
        let whether = if self.word == "accepted" { "unless" } else { "if" };
        let reasons = match (&self.code, &self.message) {
            (Some(code), Some(message)) => format!(", with code {code} and message {message}"),
            (Some(code), None) => format!(", with code {code}"),
            (None, Some(message)) => format!(", with message {message}"),
            (None, None) => String::new(),
        };
        format!("refused {whether} {}{reasons}", self.condition)
    }
}

/// Explains every step; facts that are not given are masks.
pub fn explain(provider: &Provider, given: &[(Slot, Text)]) -> Result<Vec<ExplainedStep>, StepError> {
    let mut facts = initial_facts(provider, given);
    let used = provider.used_facts();
    let mut list = Vec::new();
    for step in provider.steps() {
        let remark = match (step.is_optional(), step.uses_in_when().is_empty()) {
            (true, _) => Some("the login goes on when this call fails"),
            (false, false) => Some("made only when its condition holds"),
            (false, true) => None,
        };
        let (request, reads) = (step.request(&facts)?, step.read_sources(|fact| used.contains(&fact)));
        list.push(ExplainedStep { step: step.kind, request, verdicts: ExplainedVerdict::for_step(step), reads, remark });
        for (fact, ..) in step.learned_facts().collect::<Vec<_>>() {
            let label = facts.label(fact);
            if facts.get(fact).is_none() {
                facts.set(fact, Text::secret("x", &label));
            }
        }
    }
    Ok(list)
}

/// The facts of every login: the values of this installation, secrets masked, and the redirect address.
pub(crate) fn installation_facts(provider: &Provider, public_url: &str) -> Vec<(Slot, Text)> {
    let mut given = secrets::installation_values(provider, public_url).values;
    let mut redirect = Text::plain(format!("{public_url}/callback/{}", provider.name));
    if provider.state_in == StateLocation::Path {
        redirect.push_str("/");
        redirect.push(&Text::secret("x", &Arc::from("state")));
    }
    given.push((provider.known.redirect_uri, redirect));
    given.push((provider.known.public_url, Text::plain(public_url)));
    given
}

/// The facts with which a call would be written and its answer read: the given ones, and masks for those of the steps before.
pub(crate) fn facts_before_call(provider: &Provider, given: &[(Slot, Text)], call: usize) -> Facts {
    let mut facts = initial_facts(provider, given);
    let own: Vec<Slot> = provider.calls.get(call).into_iter().flat_map(Step::learned_facts).map(|(fact, ..)| fact).collect();
    let earlier = provider.steps().take(call + 1).flat_map(|step| step.learned_facts().map(|(fact, ..)| fact).collect::<Vec<_>>());
    for fact in earlier.filter(|fact| !own.contains(fact)) {
        if facts.get(fact).is_none() {
            let label = facts.label(fact);
            facts.set(fact, Text::secret("x", &label));
        }
    }
    facts
}

fn initial_facts(provider: &Provider, given: &[(Slot, Text)]) -> Facts {
    let mut facts = provider.empty_facts().for_preview();
    for (slot, text) in provider.literals().chain(given.iter().cloned()) {
        facts.set(slot, text);
    }
    let known = provider.known;
    if let Some(scope) = &provider.scope {
        facts.set(known.scope, Text::plain(&**scope));
    }
    facts.set(known.provider, Text::plain(&*provider.name));
    for (name, _) in FROM_DISCOVERY {
        if let (Some(_), Some(slot)) = (&provider.discovery, provider.names.find(name))
            && facts.get(slot).is_none()
        {
            let label = facts.label(slot);
            facts.set(slot, Text::secret("x", &label));
        }
    }
    facts
}

/// A request as a `curl` line, with its masks.
pub(crate) fn curl_command(request: &Request) -> String {
    let mut parts = vec!["curl".to_owned()];
    if request.method == Method::Post && request.body.is_none() {
        parts.push("-X POST".to_owned());
    }
    parts.push(shell_quoted(&request.address.masked()));
    for (name, value) in &request.headers {
        parts.push(format!("-H {}", shell_quoted(&format!("{name}: {}", value.masked()))));
    }
    if let Some(body) = &request.body {
        if request.method == Method::Get {
            parts.push("-X GET".to_owned());
        }
        parts.push(format!("--data-raw {}", shell_quoted(&body.masked())));
    }
    parts.join(" \\\n  ")
}

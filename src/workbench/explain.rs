//! The requests that a login would send, what is read from the answers, and what each word of the file says. The engine
//! itself writes the requests, with masks for what is not known yet.

pub mod description; //      what the file says, and what holds where it is silent
pub(crate) mod forecast; //  what would happen with given answers
pub(crate) mod defaults; //  what holds by default
pub(crate) mod written; //   what the file writes

use crate::provider::Provider;
use crate::provider::facts::{FROM_DISCOVERY, Facts};
use crate::provider::signature::SignedParameters;
use crate::provider::step::{Step, StepKind};
use crate::provider::step_error::StepError;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Method, Request};
use crate::workbench::curl::shell_words::shell_quoted;
use crate::workbench::explain::description::FileDescription;
use crate::workbench::explain::forecast::call_name;
use crate::workbench::recorded_exchange::parse_pairs;
use crate::world::secrets;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// A step with its request and what is read from its answer.
#[derive(Clone, Debug)]
pub struct ExplainedStep {
    /// Which step it is.
    pub step: StepKind,
    /// The name of the call, with its number where its step has several; the redirect has none.
    pub(crate) call: Option<String>,
    /// Whether the browser carries the request.
    pub(crate) is_redirect: bool,
    /// Whether it is no step of a login, but refreshes kept tokens.
    pub(crate) is_refresh: bool,
    /// The request as it would be sent, with masks for the values that only a login knows.
    pub request: Request,
    /// Which facts are read, from where, and the place in the file.
    pub(crate) reads: Vec<(Slot, String, Place)>,
    /// Whether the login continues when the call fails, or the call is conditional.
    pub(crate) remark: Option<&'static str>,
    /// The text that `sign` signs, with masks.
    signed_text: Option<String>,
}

impl ExplainedStep {
    /// The word of the file under which it stands.
    pub fn word(&self) -> &'static str {
        if self.is_refresh { "refresh" } else { self.step.word() }
    }
}

/// Explains every step; facts that are not given are masks.
pub fn explain(provider: &Provider, given: &[(Slot, Text)]) -> Result<Vec<ExplainedStep>, StepError> {
    let mut facts = initial_facts(provider, given);
    let used = provider.used_facts();
    let mut list = Vec::new();
    for step in provider.steps() {
        let is_before_redirect = step.kind == StepKind::GetAuthorizationCode && !step.is_redirect();
        let remark = match (step.optional, step.uses_in_when().is_empty()) {
            _ if step.kind == StepKind::GetClientToken => {
                Some("made when a request needs `${clientToken}`; the logins of a store share the token until it expires")
            }
            _ if is_before_redirect => Some("made before the redirect"),
            (true, _) => Some("the login goes on when this call fails"),
            (false, false) => Some("made only when its condition holds"),
            (false, true) if step.implied.is_some() => Some("made only when the ID token lacks the address, or whether it is verified"),
            (false, true) if step.negotiated.is_some() => {
                Some("sent once more with the credentials in the `Authorization` header when the provider answers `invalid_client`")
            }
            (false, true) => None,
        };
        let (request, reads) = (step.request(&facts)?, step.read_sources(|fact| used.contains(&fact)));
        let signed_text = signed_text(step, &request, &facts);
        list.push(ExplainedStep {
            step: step.kind,
            call: step.call.map(|call| call_name(provider, usize::from(call))),
            is_redirect: step.is_redirect(),
            is_refresh: false,
            request,
            reads,
            remark,
            signed_text,
        });
        mask_unknown(&mut facts, step.learned_facts().map(|(fact, ..)| fact));
    }
    list.extend(explain_refresh(provider, facts)?);
    Ok(list)
}

/// What a discovery document says for the steps, to be given to `explain`.
pub fn facts_of_document(provider: &Provider, document: &Value) -> Vec<(Slot, Text)> {
    let mut facts = provider.empty_facts();
    let Some(Ok(())) = provider.discovery.as_ref().map(|discovery| discovery.learn(document, None, &mut facts)) else { return Vec::new() };
    let names = FROM_DISCOVERY.iter().map(|(fact, _)| *fact).chain(["clientAuthentication"]);
    names.filter_map(|name| provider.names.find(name)).filter_map(|slot| Some((slot, facts.get(slot)?.clone()))).collect()
}

/// The call that refreshes kept tokens, which is no step of a login.
fn explain_refresh(provider: &Provider, mut facts: Facts) -> Result<Option<ExplainedStep>, StepError> {
    let Some(step) = provider.call(provider.refresh_position()) else { return Ok(None) };
    mask_unknown(&mut facts, step.uses_in_request().into_iter().map(|used| used.fact));
    let request = step.request(&facts)?;
    let is_kept = |fact: Slot| ["accessToken", "expiresIn", "refreshToken"].contains(&&**provider.names.name(fact));
    Ok(Some(ExplainedStep {
        step: step.kind,
        call: Some("refresh".to_owned()),
        is_redirect: false,
        is_refresh: true,
        signed_text: signed_text(step, &request, &facts),
        request,
        reads: step.read_sources(is_kept),
        remark: Some("made when an app fetches the kept access token and that has less than a minute left"),
    }))
}

/// What each word of the file says, and what holds where it is silent.
pub fn describe(provider: &Provider, steps: &[ExplainedStep]) -> FileDescription {
    let signed_texts: Vec<Option<String>> = steps.iter().map(|step| step.signed_text.clone()).collect();
    description::describe(provider, &signed_texts)
}

/// The text that a step signs, with masks in place of what only a login knows.
fn signed_text(step: &Step, request: &Request, facts: &Facts) -> Option<String> {
    let sign = step.sign.as_ref()?;
    let text = match sign.over {
        SignedParameters::Query => request.address.masked().split_once('?').map(|(_, query)| query.to_owned()),
        SignedParameters::Form => request.body.as_ref().map(Text::masked),
    };
    let pairs = parse_pairs(text.unwrap_or_default().split('#').next().unwrap_or_default());
    let pairs = pairs.into_iter().map(|(name, value)| (Cow::Owned(name), Cow::Owned(Text::plain(value)))).collect();
    sign.signing_input(&pairs, facts).ok().map(|text| printable(&text.masked()))
}

/// The facts of every login: the values of this installation, secrets masked, and the redirect address.
pub(crate) fn installation_facts(provider: &Provider, public_url: &str) -> Vec<(Slot, Text)> {
    let mut given = secrets::installation_values(provider, public_url).values;
    let mut redirect = Text::plain(provider.redirect_address.of(public_url, &provider.name));
    if let Some(mark) = provider.state_in.separator_before_state() {
        redirect.push_str(mark);
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
    let is_another = |step: &&Step| step.call.map(usize::from) != Some(call);
    let earlier = provider.steps().take_while(is_another).flat_map(Step::learned_facts).map(|(fact, ..)| fact);
    mask_unknown(&mut facts, earlier.filter(|fact| !own.contains(fact)));
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
    if let Some(issuer) = provider.issuer.as_ref().and_then(|issuer| issuer.value(&facts)) {
        facts.set(known.issuer, Text::plain(issuer));
    }
    if provider.discovery.is_some() {
        mask_unknown(&mut facts, FROM_DISCOVERY.iter().filter_map(|(name, _)| provider.names.find(name)));
    }
    facts
}

/// Sets a mask for each of these facts that is not known.
fn mask_unknown(facts: &mut Facts, slots: impl Iterator<Item = Slot>) {
    for slot in slots {
        if facts.get(slot).is_none() {
            let label = facts.label(slot);
            facts.set(slot, Text::secret("x", &label));
        }
    }
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

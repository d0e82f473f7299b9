//! The calls before the redirect: each is answered as in the first recorded login, with a value for the redirect that no other login
//! has.

use crate::login::attempt::Attempt;
use crate::login::options::LoginOptions;
use crate::provider::facts::Facts;
use crate::provider::step::Step;
use crate::simulated::response::SimulatedResponse;
use crate::simulated::simulation::authorization::address_for_log;
use crate::simulated::simulation::calls::with_unique_value;
use crate::simulated::simulation::choices::first_login;
use crate::simulated::simulation::difference::SimulatedDifference;
use crate::simulated::simulation::received_request::ReceivedRequest;
use crate::simulated::simulation::replacements::ExampleReplacements;
use crate::simulated::simulation::state::{SimulatedPreparation, SimulationState};
use crate::simulated::simulation::{Simulation, SimulationContext, expectation};
use crate::vocabulary::names::Slot;
use crate::vocabulary::wire::Response;
use crate::workbench::examples::replayed_answers::replayed_response;

/// How many preparations are compared with a request.
const LARGEST_CANDIDATES: usize = 20;
/// The largest age of a time in a request, in seconds.
const LARGEST_AGE: i64 = 120;

/// How a request matches the calls before the redirect.
pub(super) enum PreparationMatch {
    /// It is one of them, and this is its answer.
    Answer(Box<SimulatedResponse>),
    /// It goes to the address of this call, with these differences from it.
    Different(usize, Facts, Vec<SimulatedDifference>),
    None,
}

impl Simulation {
    /// Answers a call before the redirect.
    pub(super) fn match_preparation(&self, received: &ReceivedRequest, context: SimulationContext<'_>) -> PreparationMatch {
        let steps = self.provider.calls_before_redirect();
        if steps.is_empty() {
            return PreparationMatch::None;
        }
        let installation = self.installation(context);
        let mut state = self.lock_state();
        state.remove_expired(context.now);
        let under_way = (0..state.preparations.len()).rev().take(LARGEST_CANDIDATES);
        let mut different = None;
        for at in under_way.map(Some).chain([None]) {
            for (call, step) in steps.iter().enumerate() {
                let (attempt, facts) = match at.map(|at| &state.preparations[at]) {
                    Some(known) if call < known.position => continue,
                    Some(known) => (known.attempt.clone(), known.facts.clone()),
                    // A new login begins with the first call that is made.
                    None => {
                        let attempt = expectation::attempt_from_request(&self.provider, &installation, step, received, context.now);
                        let facts = self.known_facts(&attempt, &installation, context);
                        (attempt, facts)
                    }
                };
                if !step.should_call(&facts) {
                    continue;
                }
                match self.check_preparation(step, &facts, received, context) {
                    Ok(facts) => {
                        let (answer, facts) = self.answer_preparation(call, facts, context, &mut state);
                        let preparation = SimulatedPreparation { made: context.now, attempt, facts, position: call + 1 };
                        match at.and_then(|at| state.preparations.get_mut(at)) {
                            Some(known) => *known = preparation,
                            None => state.add_preparation(preparation),
                        }
                        let line = format!("accepted  {} {} (prepare)", received.method, address_for_log(received));
                        return PreparationMatch::Answer(Box::new(answer.with_log_line(line)));
                    }
                    Err(Some(differences)) => different = Some((call, facts, differences)),
                    Err(None) => {}
                }
                if !step.optional {
                    break;
                }
            }
        }
        different.map_or(PreparationMatch::None, |(call, facts, differences)| PreparationMatch::Different(call, facts, differences))
    }

    /// The facts that are known after a request, if it is the one that a call sends; otherwise the differences, if it goes to the same
    /// address.
    pub(super) fn check_preparation(
        &self,
        step: &Step,
        facts: &Facts,
        received: &ReceivedRequest,
        context: SimulationContext<'_>,
    ) -> Result<Facts, Option<Vec<SimulatedDifference>>> {
        let is_there = step.address.fill(&facts.clone().for_preview()).is_ok_and(|filled| filled.base.equals(&received.base));
        let moments = context.now - LARGEST_AGE..=context.now;
        let checked = expectation::check_request(&self.provider, step, facts, received, moments);
        checked.map_err(|differences| is_there.then_some(differences))
    }

    /// The recorded answer, which the simulation reads as the broker will, and the facts that are known then.
    fn answer_preparation(
        &self,
        call: usize,
        facts: Facts,
        context: SimulationContext<'_>,
        state: &mut SimulationState,
    ) -> (SimulatedResponse, Facts) {
        let step = &self.provider.calls[call];
        let recorded = self.prepared_calls.iter().position(|known| *known == call);
        let exchange = recorded.and_then(|at| Some((first_login(&self.examples)?, at)));
        let exchange = exchange.and_then(|(example, at)| Some((example, example.prepare.as_ref()?.0.get(at)?)));
        let Some((example, exchange)) = exchange else {
            return (SimulatedResponse::oauth_error("not_recorded", "no example holds an answer to this call"), facts);
        };
        let mut answer = exchange.answer.clone();
        ExampleReplacements::for_login(&self.provider, example, &facts, context.now).replace_in_answer(&mut answer);
        let tokens = self.keyring.tokens(&self.provider, example, context.now, &facts);
        let mut answer = replayed_response(&answer, &tokens);
        state.prepared += 1;
        let unique = format!("s{}", state.prepared);
        let read = |answer: &Response| {
            let mut facts = facts.clone();
            step.read(answer, &mut facts, &self.documents).ok().map(|()| facts)
        };
        let Some(mut known) = read(&answer) else { return (SimulatedResponse::from_recorded(answer), facts) };
        let in_redirect: Vec<Slot> = self.provider.authorization.uses_in_request().iter().map(|used| used.fact).collect();
        for (fact, ..) in step.learned_facts().filter(|(fact, ..)| in_redirect.contains(fact)) {
            (answer, known, _) = with_unique_value(answer, known, fact, &unique, &read);
        }
        (SimulatedResponse::from_recorded(answer), known)
    }

    /// The attempt and the facts of the login to which a redirect belongs, if calls were made for it; otherwise those of the newest one,
    /// from which the redirect differs.
    pub(super) fn prepared_visit(
        &self,
        redirect: &Attempt,
        received: &ReceivedRequest,
        context: SimulationContext<'_>,
    ) -> Option<(Attempt, Facts)> {
        let steps = self.provider.calls_before_redirect();
        let mut state = self.lock_state();
        state.remove_expired(context.now);
        let is_whole =
            |known: &&SimulatedPreparation| steps.iter().skip(known.position).all(|step| step.optional || !step.should_call(&known.facts));
        let mut newest = None;
        for known in state.preparations.iter().rev().filter(is_whole) {
            let attempt = merged(&known.attempt, redirect);
            let mut facts = self.known_facts(&attempt, &self.installation(context), context);
            for (fact, ..) in steps.iter().flat_map(Step::learned_facts) {
                if let Some(text) = known.facts.get(fact) {
                    facts.set(fact, text.clone());
                }
            }
            let moments = context.now - LARGEST_AGE..=context.now;
            if expectation::check_request(&self.provider, &self.provider.authorization, &facts, received, moments).is_ok() {
                return Some((attempt, facts));
            }
            newest.get_or_insert((attempt, facts));
        }
        newest
    }
}

/// The attempt as the calls before the redirect show it, and where they show nothing, as the redirect does.
fn merged(prepared: &Attempt, redirect: &Attempt) -> Attempt {
    let mut inputs = prepared.inputs.clone();
    inputs.extend(redirect.inputs.iter().filter(|(name, _)| prepared.inputs.iter().all(|(known, _)| known != name)).cloned());
    // Where the state is a part of the redirect address, one of the two shows both.
    let with_state = if prepared.state.is_empty() { redirect } else { prepared };
    let with_nonce = if prepared.nonce.is_empty() { redirect } else { prepared };
    Attempt {
        nonce: with_nonce.nonce.clone(),
        state: with_state.state.clone(),
        redirect_uri: with_state.redirect_uri.clone(),
        challenge: prepared.challenge.clone().or_else(|| redirect.challenge.clone()),
        inputs,
        options: if prepared.options == LoginOptions::default() { redirect.options.clone() } else { prepared.options.clone() },
        ..prepared.clone()
    }
}

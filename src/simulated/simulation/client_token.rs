//! The client's own token. It belongs to no login: it is answered as in the first recorded login, and is the same for all.

use crate::provider::facts::Facts;
use crate::simulated::response::SimulatedResponse;
use crate::simulated::simulation::authorization::address_for_log;
use crate::simulated::simulation::choices::first_login;
use crate::simulated::simulation::preparation::PreparationMatch;
use crate::simulated::simulation::received_request::ReceivedRequest;
use crate::simulated::simulation::replacements::ExampleReplacements;
use crate::simulated::simulation::{Simulation, SimulationContext, expectation};
use crate::vocabulary::wire::Response;
use crate::workbench::examples::replayed_answers::replayed_response;

impl Simulation {
    /// Answers the call for the client's own token.
    pub(super) fn match_client_token(&self, received: &ReceivedRequest, context: SimulationContext<'_>) -> PreparationMatch {
        let Some((call, step)) = self.provider.client_token_call() else { return PreparationMatch::None };
        let installation = self.installation(context);
        let attempt = expectation::attempt_from_request(&self.provider, &installation, step, received, context.now);
        let facts = self.known_facts(&attempt, &installation, context);
        match self.check_preparation(step, &facts, received, context) {
            Ok(facts) => {
                let answer = self.recorded_client_token(&facts, context).map(SimulatedResponse::from_recorded);
                let answer =
                    answer.unwrap_or_else(|| SimulatedResponse::oauth_error("not_recorded", "no example holds an answer to this call"));
                let line = format!("accepted  {} {} ({})", received.method, address_for_log(received), step.kind.word());
                PreparationMatch::Answer(Box::new(answer.with_log_line(line)))
            }
            Err(Some(differences)) => PreparationMatch::Different(call, facts, differences),
            Err(None) => PreparationMatch::None,
        }
    }

    /// Makes the token known that every login gets.
    pub(super) fn learn_client_token(&self, facts: &mut Facts, context: SimulationContext<'_>) {
        let Some((_, step)) = self.provider.client_token_call() else { return };
        let Some(answer) = self.recorded_client_token(facts, context) else { return };
        let mut own = facts.clone();
        if step.read(&answer, &mut own, &self.documents).is_ok()
            && let Some(token) = own.get(self.provider.known.client_token)
        {
            facts.set(self.provider.known.client_token, token.clone());
        }
    }

    fn recorded_client_token(&self, facts: &Facts, context: SimulationContext<'_>) -> Option<Response> {
        let (mut answer, example) = (self.client_token.clone()?, first_login(&self.examples)?);
        ExampleReplacements::for_login(&self.provider, example, facts, context.now).replace_in_answer(&mut answer);
        let tokens = self.keyring.tokens(&self.provider, example, context.now, facts);
        Some(replayed_response(&answer, &tokens))
    }
}

//! The refresh of kept tokens: it is compared with the one that the file sends, and answered as the token request of the first recorded
//! login was. It belongs to no login under way, because it comes long after one.

use crate::provider::facts::Facts;
use crate::provider::step::Step;
use crate::simulated::response::SimulatedResponse;
use crate::simulated::simulation::calls::{LARGEST_AGE, with_unique_value};
use crate::simulated::simulation::choices::SimulatedChoiceKind;
use crate::simulated::simulation::compare::secret_text;
use crate::simulated::simulation::difference::as_sentence;
use crate::simulated::simulation::received_request::ReceivedRequest;
use crate::simulated::simulation::replacements::ExampleReplacements;
use crate::simulated::simulation::{Simulation, SimulationContext, expectation};
use crate::vocabulary::names::Slot;
use crate::vocabulary::wire::Response;
use crate::workbench::examples::replayed_answers::replayed_response;
use serde_json::json;

impl Simulation {
    /// Answers a request that shows a refresh token where the file's refresh does; `None` if it is another request.
    pub(super) fn answer_refresh(
        &self,
        received: &ReceivedRequest,
        context: SimulationContext<'_>,
        what: &str,
    ) -> Option<SimulatedResponse> {
        let step = self.provider.call(self.provider.refresh_position())?;
        let fact = |name: &str| self.provider.names.find(name);
        let shown = |fact: Slot| expectation::captured_value(step, received, fact);
        let refresh_token = shown(fact("refreshToken")?)?;
        let installation = self.installation(context);
        let attempt = expectation::attempt_from_request(
            &self.provider,
            &installation,
            &self.provider.authorization,
            &ReceivedRequest::empty(),
            context.now,
        );
        let mut facts = self.known_facts(&attempt, &installation, context);
        for name in ["accessToken", "grantedScope"] {
            if let Some((fact, value)) = fact(name).and_then(|fact| Some((fact, shown(fact)?))) {
                facts.set(fact, secret_text(&value, name));
            }
        }
        facts.set(fact("refreshToken")?, secret_text(&refresh_token, "refreshToken"));
        let moments = context.now.saturating_sub(LARGEST_AGE)..=context.now;
        Some(match expectation::check_request(&self.provider, step, &facts, received, moments) {
            Ok(facts) => self.refreshed(step, &facts, context).with_log_line(format!("accepted  {what} (refresh)")),
            Err(differences) => {
                let reason = as_sentence(&differences);
                SimulatedResponse::oauth_error("invalid_request", &reason).with_log_line(format!("refused   {what} (refresh): {reason}"))
            }
        })
    }

    /// A new access token, in the form of the recorded one if the refresh reads that.
    fn refreshed(&self, step: &Step, facts: &Facts, context: SimulationContext<'_>) -> SimulatedResponse {
        let token = self.provider.known.access_token;
        let read = |answer: &Response| {
            let mut read = facts.clone();
            read.forget(token);
            step.read(answer, &mut read, &self.documents).ok().filter(|()| read.get(token).is_some()).map(|()| read)
        };
        let number = {
            let mut state = self.lock_state();
            state.refreshed = state.refreshed.saturating_add(1);
            state.refreshed
        };
        let unique = format!("r{number}");
        let recorded = self.choices.iter().filter(|choice| choice.kind == SimulatedChoiceKind::Login);
        let answers = recorded.flat_map(|choice| {
            let exchanges = choice.example.exchanges.iter().flat_map(|exchanges| &exchanges.0);
            exchanges.map(|exchange| (&choice.example, &exchange.answer))
        });
        for (example, answer) in answers {
            let mut answer = answer.clone();
            ExampleReplacements::for_login(&self.provider, example, facts, context.now).replace_in_answer(&mut answer);
            let answer = replayed_response(&answer, &self.keyring.tokens(&self.provider, example, context.now, facts));
            if let Some(read_facts) = read(&answer) {
                return SimulatedResponse::from_recorded(with_unique_value(answer, read_facts, token, &unique, &read).0);
            }
        }
        SimulatedResponse::json(&json!({ "access_token": unique, "token_type": "Bearer", "expires_in": 3600 }))
    }
}

//! The refusal of a call: in the provider's own words where an example shows them, otherwise an error of OAuth 2.0.

use crate::provider::facts::Facts;
use crate::simulated::response::SimulatedResponse;
use crate::simulated::simulation::choices::recorded_refusal;
use crate::simulated::simulation::refusal_kind::RefusalKind;
use crate::simulated::simulation::replacements::ExampleReplacements;
use crate::simulated::simulation::{Simulation, read_json};
use crate::workbench::examples::example::{ExampleAnswerSpec, ExampleSpec};
use crate::workbench::examples::replayed_answers::replayed_response;
use serde_json::{Map, Value};

impl Simulation {
    /// The refusal of a call, with the reason in place of the provider's sentence.
    pub(super) fn refusal_of_call(&self, call: usize, facts: &Facts, kind: RefusalKind, reason: &str, now: i64) -> SimulatedResponse {
        // What a provider says about a client or a token it says about nothing else.
        let is_about = |example: &ExampleSpec| match kind {
            RefusalKind::Client { .. } | RefusalKind::Token { .. } => {
                example.refused.as_ref().is_some_and(|refused| refused.code.value == kind.code())
            }
            RefusalKind::Grant | RefusalKind::Request => true,
        };
        let recorded = self.examples.iter().filter(|example| is_about(example)).filter_map(|example| {
            let (refused_call, answer) = recorded_refusal(&self.provider, example)?;
            (refused_call == call).then_some((example, answer))
        });
        let mut recorded: Vec<(&ExampleSpec, &ExampleAnswerSpec)> = recorded.collect();
        // Where the code is refused, examples about a code come first.
        recorded.sort_by_key(|(example, _)| kind != RefusalKind::Grant || !example.what.value.contains("code"));
        for (example, answer) in recorded {
            let mut answer = answer.clone();
            ExampleReplacements::for_login(&self.provider, example, facts, now).replace_in_answer(&mut answer);
            let tokens = self.keyring.tokens(&self.provider, example, now, facts);
            let mut response = replayed_response(&answer, &tokens);
            if let Some(message) = example.refused.as_ref().and_then(|refused| refused.message.as_ref())
                && let Some(body) = read_json(&response.body)
            {
                response.body = replace_text(&body, &message.value, reason).to_string().into_bytes();
            }
            let is_refusal = self.provider.calls[call].read(&response, &mut facts.clone(), &self.documents).is_err();
            if is_refusal {
                return SimulatedResponse::from_recorded(response);
            }
        }
        kind.response(reason)
    }
}

/// Replaces each text that equals `old`.
fn replace_text(value: &Value, old: &str, new: &str) -> Value {
    match value {
        Value::String(text) if text == old => Value::String(new.to_owned()),
        Value::Array(list) => list.iter().map(|value| replace_text(value, old, new)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), replace_text(value, old, new))).collect::<Map<_, _>>().into()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

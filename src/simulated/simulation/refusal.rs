//! How it says no: in the provider's own words where an example shows them, otherwise as the standard does.

use crate::provider::facts::Facts;
use crate::simulated::simulation::choices::recorded_refusal;
use crate::simulated::simulation::replacements::StoryReplacements;
use crate::simulated::simulation::response::SimulatedResponse;
use crate::simulated::simulation::{Simulation, read_json};
use crate::workbench::examples::example::{ExampleAnswerSpec, ExampleSpec};
use crate::workbench::examples::replay;
use serde_json::{Map, Value};

impl Simulation {
    /// The refusal of a call, with the reason in the place of the provider's sentence.
    pub(super) fn refusal_of_call(&self, call: usize, facts: &Facts, code: &str, why: &str, now: i64) -> SimulatedResponse {
        let recorded = self.stories.iter().filter_map(|story| {
            let (at, answer) = recorded_refusal(&self.provider, story)?;
            (at == call).then_some((story, answer))
        });
        let mut recorded: Vec<(&ExampleSpec, &ExampleAnswerSpec)> = recorded.collect();
        // Those that speak of the code go first where a code is the matter.
        recorded.sort_by_key(|(story, _)| code != "invalid_grant" || !story.what.value.contains("code"));
        for (story, answer) in recorded {
            let mut answer = answer.clone();
            StoryReplacements::for_login(&self.provider, story, facts, now).replace_in_answer(&mut answer);
            let tokens = self.keyring.tokens(&self.provider, story, now, facts);
            let mut response = replay::replayed_response(&answer, &tokens);
            if let Some(message) = story.refused.as_ref().and_then(|refused| refused.message.as_ref())
                && let Some(said) = read_json(&response.body)
            {
                response.body = replace_text(&said, &message.value, why).to_string().into_bytes();
            }
            let is_a_no = self.provider.calls[call].read(&response, &mut facts.clone(), &self.documents).is_err();
            if is_a_no {
                return SimulatedResponse::from_recorded(response);
            }
        }
        SimulatedResponse::oauth_error(code, why)
    }
}

/// A value in which one text stands for another.
fn replace_text(value: &Value, old: &str, new: &str) -> Value {
    match value {
        Value::String(text) if text == old => Value::String(new.to_owned()),
        Value::Array(list) => list.iter().map(|value| replace_text(value, old, new)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), replace_text(value, old, new))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

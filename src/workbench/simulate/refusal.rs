//! How it says no: in the provider's own words where an example shows them, otherwise as the standard does.

use crate::examples::replay;
use crate::examples::story::{AnswerSpec, StorySpec};
use crate::provider::facts::Facts;
use crate::workbench::simulate::answer::Answer;
use crate::workbench::simulate::menu::recorded_refusal;
use crate::workbench::simulate::real::Real;
use crate::workbench::simulate::{Simulation, read_json};
use serde_json::{Map, Value};

impl Simulation {
    /// The refusal of a call, with the reason in the place of the provider's sentence.
    pub(super) fn refusal(&self, call: usize, facts: &Facts, code: &str, why: &str, now: i64) -> Answer {
        let recorded = self.stories.iter().filter_map(|story| {
            let (at, answer) = recorded_refusal(&self.provider, story)?;
            (at == call).then_some((story, answer))
        });
        let mut recorded: Vec<(&StorySpec, &AnswerSpec)> = recorded.collect();
        // Those that speak of the code go first where a code is the matter.
        recorded.sort_by_key(|(story, _)| code != "invalid_grant" || !story.what.value.contains("code"));
        for (story, answer) in recorded {
            let mut answer = answer.clone();
            Real::of(&self.provider, story, facts, now).answer(&mut answer);
            let tokens = self.keyring.tokens(&self.provider, story, now, facts);
            let mut response = replay::answer(&answer, &tokens);
            if let Some(message) = story.refused.as_ref().and_then(|refused| refused.message.as_ref())
                && let Some(said) = read_json(&response.body)
            {
                response.body = in_place(&said, &message.value, why).to_string().into_bytes();
            }
            let is_a_no = self.provider.calls[call].read(&response, &mut facts.clone(), &self.documents).is_err();
            if is_a_no {
                return Answer::recorded(response);
            }
        }
        Answer::refusal(code, why)
    }
}

/// A value in which one text stands for another.
fn in_place(value: &Value, old: &str, new: &str) -> Value {
    match value {
        Value::String(text) if text == old => Value::String(new.to_owned()),
        Value::Array(list) => list.iter().map(|value| in_place(value, old, new)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), in_place(value, old, new))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

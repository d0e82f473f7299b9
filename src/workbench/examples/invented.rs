//! Stories of a file that has none: the answers hold what the file reads, and say yes where it asks for one. Each is proven by a replay,
//! in which the engine says which call comes next.

mod answer; //    the answer to one call, and the callback
mod document; //  an answer in the making
mod person; //    invented people, and texts that fit patterns
mod values; //    the values of facts, and of the installation
mod written; //   an answer as JSON, a form, XML or a text

use crate::provider::Provider;
use crate::provider::document_cache::DocumentCache;
use crate::provider::facts::Facts;
use crate::vocabulary::place::Source;
use crate::vocabulary::wire::NoAnswer;
use crate::workbench::examples;
use crate::workbench::examples::difference::identity_members;
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::examples::invented::person::{InventedPerson, PEOPLE};
use crate::workbench::examples::invented::values::FactValues;
use crate::workbench::examples::replay::{ReplayResult, discovery_document, replay};
use crate::workbench::examples::stand_ins::example_start;
use serde_json::{Map, Value, json};

/// The largest number of calls of one login.
const MOST_CALLS: usize = 40;

/// Stories of two people who sign in and of one who gives up. An error says in which answer something cannot be invented.
pub fn invent_stories(provider: &Provider) -> Result<Vec<ExampleSpec>, String> {
    let mut stories = Vec::new();
    for person in &PEOPLE {
        stories.push(StoryInventor::new(provider, person).invent()?);
    }
    let state = if provider.state_in.is_parameter() { json!("‹state›") } else { Value::Null };
    let mut callback = json!({ "error": "access_denied", "state": state });
    if state.is_null() {
        callback.as_object_mut().and_then(|callback| callback.remove("state"));
    }
    let given_up =
        json!({ "what": "access_denied", "callback": callback, "refused": { "step": "getAuthorizationCode", "code": "access_denied" } });
    let given_up = compiled(&given_up)?;
    // A file may take another parameter for the refusal.
    if replay(provider, &given_up).differences.is_empty() {
        stories.push(given_up);
    }
    Ok(stories)
}

/// One story in the making.
struct StoryInventor<'a> {
    provider: &'a Provider,
    values: FactValues<'a>,
    story: Map<String, Value>,
}

impl<'a> StoryInventor<'a> {
    fn new(provider: &'a Provider, person: &'a InventedPerson) -> Self {
        let mut values = FactValues::new(provider, person);
        let mut story = Map::new();
        story.insert("what".to_owned(), json!(person.name));
        let (facts, inputs) = values.of_installation();
        story.insert("facts".to_owned(), facts);
        if inputs.as_object().is_some_and(|inputs| !inputs.is_empty()) {
            story.insert("inputs".to_owned(), inputs);
        }
        story.insert("identity".to_owned(), json!({ "id": person.id }));
        Self { provider, values, story }
    }

    /// The whole story: as long as the replay waits for an answer, that answer is invented.
    fn invent(mut self) -> Result<ExampleSpec, String> {
        let facts = self.known_facts()?;
        self.values.begin_with(facts);
        let tokens = answer::callback(self.provider, &mut self.values);
        self.story.insert("callback".to_owned(), tokens.body);
        self.add_tokens(tokens.tokens);
        for _ in 0..MOST_CALLS {
            let story = compiled(&Value::Object(self.story.clone()))?;
            let result = replay(self.provider, &story);
            let Some((phase, call)) = awaited_call(&result) else {
                let identity = result.end.map_err(|error| error.to_string())?;
                self.story.insert("identity".to_owned(), Value::Object(identity_members(&identity)));
                return compiled(&Value::Object(self.story));
            };
            let step = self.provider.calls.get(call).ok_or("a call that is no part of a login")?;
            let answer = answer::to_call(self.provider, step, &mut self.values);
            let list = self.story.entry(phase).or_insert_with(|| json!([]));
            list.as_array_mut().ok_or("a list of calls")?.push(json!({ "answer": answer.body }));
            self.add_tokens(answer.tokens);
        }
        Err("the login has no end".to_owned())
    }

    fn add_tokens(&mut self, tokens: Vec<(String, Value)>) {
        for (name, claims) in tokens {
            let all = self.story.entry("tokens").or_insert_with(|| json!({}));
            if let Some(all) = all.as_object_mut() {
                all.insert(name, json!({ "claims": claims }));
            }
        }
    }

    /// What is known when the login begins.
    fn known_facts(&self) -> Result<Facts, String> {
        let story = compiled(&Value::Object(self.story.clone()))?;
        let start = example_start(self.provider, &story);
        let documents = DocumentCache::default();
        if let Some((address, document)) = discovery_document(self.provider, &story, &start.installation) {
            documents.insert(&address, document, start.now);
        }
        let known = start.attempt.initial_facts(self.provider, &start.installation, &documents);
        Ok(known.unwrap_or_else(|_| start.attempt.facts_without_discovery(self.provider, &start.installation)))
    }
}

/// The list of the story and the call whose answer the replay waits for.
fn awaited_call(result: &ReplayResult) -> Option<(&'static str, usize)> {
    let is_open = |answer: &Result<_, NoAnswer>| answer.is_err();
    let open = result.trace.exchanges.iter().find(|exchange| is_open(&exchange.answer))?;
    Some((if result.requests.is_empty() { "prepare" } else { "exchanges" }, open.call))
}

/// The story as the examples of a file have it.
fn compiled(story: &Value) -> Result<ExampleSpec, String> {
    let source = Source::new("invented", json!([story]).to_string());
    let stories = examples::read(&source).map_err(|report| report.draw(false))?;
    stories.into_iter().next().ok_or_else(|| "no story".to_owned())
}

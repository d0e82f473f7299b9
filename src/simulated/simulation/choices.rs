//! What somebody may choose: every recorded story, and what else may go wrong at a provider. Whatever is said to go wrong was played
//! beforehand, so that it surely does.

use crate::provider::Provider;
use crate::provider::callback::StateLocation;
use crate::simulated::simulation::fault;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::{NamedValues, OneOrMany};
use crate::workbench::examples::example::{ExampleAnswerSpec, ExampleExchangeSpec, ExampleSpec, ExpectedRefusalSpec, RawJson};
use crate::workbench::examples::replay::{ReplayResult, replay};
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct SimulatedChoice {
    /// Its word in an address.
    pub(crate) word: String,
    pub(crate) title: String,
    /// Whom the broker sees, or what it says.
    pub(crate) sight: String,
    /// What kind it is.
    pub(crate) kind: SimulatedChoiceKind,
    /// The story that is told.
    pub(crate) story: ExampleSpec,
    /// The provider's calls that its answers belong to, in order.
    pub(crate) calls: Vec<usize>,
    /// The call that is answered too late.
    pub(crate) late: Option<usize>,
    /// Whether the redirect address carries the state of somebody else.
    pub(crate) wrong_path: bool,
}

/// What kind a choice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SimulatedChoiceKind {
    Login,
    Refusal,
    /// Something else that goes wrong.
    Fault,
}

/// All that can be chosen, and how many stories cannot: they are about another document of the issuer, or never leave the broker.
pub(super) fn all_choices(provider: &Provider, stories: &[ExampleSpec]) -> (Vec<SimulatedChoice>, usize) {
    let mut choices = Vec::new();
    let document = base_story(stories).and_then(|story| story.discovery.as_ref());
    for (at, story) in stories.iter().enumerate() {
        let same = story.discovery.as_ref().is_none_or(|own| document.is_some_and(|document| document.0 == own.0));
        let played = replay(provider, story);
        if !same || played.requests.is_empty() {
            continue;
        }
        let kind = if story.identity.is_some() { SimulatedChoiceKind::Login } else { SimulatedChoiceKind::Refusal };
        choices.push(SimulatedChoice {
            word: format!("story-{}", at + 1),
            title: story.what.value.clone(),
            sight: summary(story),
            kind,
            story: story.clone(),
            calls: calls_made(&played),
            late: None,
            wrong_path: false,
        });
    }
    let left_out = stories.len() - choices.len();
    // Logins first, as they were written.
    choices.sort_by_key(|choice| choice.kind == SimulatedChoiceKind::Refusal);
    if let Some(base) = base_story(stories) {
        add_faults(provider, stories, base, &mut choices);
    }
    (choices, left_out)
}

/// The story that what goes wrong is made from: the first in which somebody comes in.
pub(super) fn base_story(stories: &[ExampleSpec]) -> Option<&ExampleSpec> {
    stories.iter().find(|story| story.identity.is_some())
}

/// The provider's calls that were made, in order.
fn calls_made(played: &ReplayResult) -> Vec<usize> {
    played.trace.exchanges.iter().map(|exchange| exchange.call).collect()
}

fn summary(story: &ExampleSpec) -> String {
    if let Some(ExpectedRefusalSpec { code, .. }) = &story.refused {
        return code.value.clone();
    }
    let text = |name: &str| story.identity.as_ref().and_then(|identity| identity.0.get(name)).and_then(Value::as_str);
    text("email").or(text("name")).or(text("id")).unwrap_or_default().to_owned()
}

fn add_faults(provider: &Provider, stories: &[ExampleSpec], base: &ExampleSpec, choices: &mut Vec<SimulatedChoice>) {
    let played = replay(provider, base);
    let made = calls_made(&played);
    // The first answer that no login can do without.
    let sure = made.iter().position(|call| !provider.calls[*call].is_optional());
    let mut add = |word: &str, title: &str, sight: &str, story: ExampleSpec| {
        let refused = replay(provider, &story);
        // Without a redirect nothing was shown; and somebody who comes in all the same was not refused.
        if refused.end.is_err() && !refused.requests.is_empty() {
            let kind = SimulatedChoiceKind::Fault;
            let (title, sight, word) = (title.to_owned(), sight.to_owned(), word.to_owned());
            choices.push(SimulatedChoice { word, title, sight, kind, story, calls: made.clone(), late: None, wrong_path: false });
        }
    };
    if let Some(at) = sure {
        let said = json!({ "error": "temporarily_unavailable", "error_description": "the simulation says no with HTTP 200" });
        let says_no = ExampleAnswerSpec { json: Some(RawJson(said)), ..empty_answer(base.place) };
        add("error-in-200", "An error with HTTP 200", "the answer says no, and its status says yes", with_answer(base, at, says_no));
        let page = "<!doctype html>\n<html lang=\"en\"><title>Back soon</title><p>This provider is being mended.</p></html>\n";
        let kind = (Located::new("Content-Type".to_owned(), base.place), Located::new("text/html; charset=utf-8".to_owned(), base.place));
        let html = ExampleAnswerSpec {
            text: Some(Located::new(page.to_owned(), base.place)),
            headers: Some(NamedValues(vec![kind])),
            ..empty_answer(base.place)
        };
        add("html", "A web page in place of data", "an answer with status 200 that is HTML", with_answer(base, at, html));
        let spent = used_code_answer(provider, stories).map_or_else(
            || ExampleAnswerSpec {
                status: Some(400),
                json: Some(RawJson(json!({ "error": "invalid_grant" }))),
                ..empty_answer(base.place)
            },
            Clone::clone,
        );
        add("spent-code", "A code that was used before", "the call is refused as for a code that is gone", with_answer(base, at, spent));
    }
    if let Some(story) = fault::without_email(base) {
        add("no-email", "No e-mail address", "everything is told but the address", story);
    }
    for at in (0..made.len()).rev() {
        if let Some(story) = fault::with_changed_envelope(base, at)
            && replay(provider, &story).end.is_err()
        {
            add("other-shape", "Another shape", "the answer is wrapped, or its wrapping is gone", story);
            break;
        }
    }
    match provider.state_in {
        StateLocation::Path => choices.push(SimulatedChoice {
            word: "wrong-state".to_owned(),
            title: "The state of somebody else".to_owned(),
            sight: "the browser comes back with another state".to_owned(),
            kind: SimulatedChoiceKind::Fault,
            story: base.clone(),
            calls: made.clone(),
            late: None,
            wrong_path: true,
        }),
        StateLocation::Query | StateLocation::Cookie => {
            let story = fault::with_wrong_state(base);
            add("wrong-state", "The state of somebody else", "the browser comes back with another state", story);
        }
    }
    if let Some(at) = sure {
        choices.push(SimulatedChoice {
            word: "slow".to_owned(),
            title: "An answer that takes too long".to_owned(),
            sight: "nothing comes within fifteen seconds".to_owned(),
            kind: SimulatedChoiceKind::Fault,
            story: base.clone(),
            calls: made.clone(),
            late: Some(made[at]),
            wrong_path: false,
        });
    }
}

/// A recorded answer that a code is gone.
fn used_code_answer<'s>(provider: &Provider, stories: &'s [ExampleSpec]) -> Option<&'s ExampleAnswerSpec> {
    let speaks_of_code = |story: &&ExampleSpec| {
        story.refused.as_ref().is_some_and(|refused| refused.code.value.contains("grant")) || story.what.value.contains("code")
    };
    stories
        .iter()
        .filter(speaks_of_code)
        .find_map(|story| recorded_refusal(provider, story))
        .filter(|(call, _)| *call == 0)
        .map(|(_, answer)| answer)
}

/// The call that is refused in a story, and the answer that refuses it in the provider's own words.
pub(super) fn recorded_refusal<'s>(provider: &Provider, story: &'s ExampleSpec) -> Option<(usize, &'s ExampleAnswerSpec)> {
    let refused = story.refused.as_ref()?;
    let exchanges = story.exchanges.as_ref()?;
    let last = exchanges.0.last()?;
    let played = replay(provider, story);
    let made = calls_made(&played);
    let body = [last.answer.json.as_ref().map(|json| json.0.to_string()), last.answer.text.as_ref().map(|text| text.value.clone())];
    let form = last.answer.form.iter().flat_map(|form| &form.0).any(|(_, value)| value.value == refused.code.value);
    let says_so = form || body.iter().flatten().any(|body| body.contains(&refused.code.value));
    let is_true = played.end.as_ref().is_err_and(|error| error.code() == refused.code.value) && made.len() == exchanges.0.len();
    (says_so && is_true).then(|| Some((*made.last()?, &last.answer)))?
}

/// A story in which one answer is another.
fn with_answer(story: &ExampleSpec, at: usize, answer: ExampleAnswerSpec) -> ExampleSpec {
    let mut story = story.clone();
    let exchanges = story.exchanges.get_or_insert_with(|| OneOrMany(Vec::new()));
    if let Some(exchange) = exchanges.0.get_mut(at) {
        *exchange = ExampleExchangeSpec { answer, ..exchange.clone() };
    }
    story
}

/// An answer that says nothing.
fn empty_answer(place: Place) -> ExampleAnswerSpec {
    ExampleAnswerSpec { status: None, headers: None, json: None, form: None, text: None, place }
}

//! `/me`: an entry shows who somebody is, in an answer that nests, with the address in a list of ways to reach them.

use crate::simulated::playground::Playground;
use crate::simulated::playground::answer::PlaygroundAnswer;
use crate::simulated::playground::fault::PlaygroundFault;
use crate::simulated::playground::person::PlaygroundPerson;
use crate::simulated::playground::request::PlaygroundRequest;
use crate::simulated::playground::ticket::PlaygroundEntry;
use crate::simulated::playground::token::refusal_json;
use serde::Deserialize;
use serde_json::{Value, json};

/// How much comes when far too much comes.
const FAR_TOO_MUCH: usize = 100 * 1024;

/// What the app wants to know.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaygroundUserinfoRequest {
    wanted: String,
}

impl Playground {
    /// Answers an app that shows an entry.
    pub(super) fn userinfo(&self, asked: &PlaygroundRequest<'_>, now: i64) -> PlaygroundAnswer {
        let wish = serde_json::from_slice(asked.body).ok().map(|PlaygroundUserinfoRequest { wanted }| wanted);
        let entry: Option<PlaygroundEntry> = asked.header("x-entry").and_then(|entry| self.seal.open(entry));
        let no = match (wish.as_deref(), &entry) {
            (Some("person"), Some(entry)) if entry.is_good(now) => None,
            (Some("person"), Some(_)) => Some(("entry_old", "this entry was good for five minutes, which are over")),
            (Some("person"), None) => Some(("entry_unknown", "the header X-Entry shows no entry that was made here")),
            (Some(_) | None, _) => Some(("unreadable", "only the person can be asked for: {\"wanted\":\"person\"}")),
        };
        match (no, entry) {
            (None, Some(entry)) => PlaygroundAnswer::json(&person_json(&entry.person, entry.fault())),
            (no, _) => PlaygroundAnswer::json(&refusal_json(no.unwrap_or(("entry_unknown", "there is no entry")))),
        }
    }
}

fn person_json(person: &PlaygroundPerson, fault: Option<PlaygroundFault>) -> Value {
    let mut reach = vec![json!({ "kind": "telephone", "value": "+55 11 5550-0100", "checked": "yes" })];
    if let Some(email) = person.email.as_ref().filter(|_| fault != Some(PlaygroundFault::NoEmail)) {
        reach.push(json!({ "kind": "mail", "value": email, "checked": if person.checked { "yes" } else { "not yet" } }));
    }
    let mut told = json!({ "number": person.number, "called": { "given": person.given, "family": person.family }, "reach": reach });
    if fault == Some(PlaygroundFault::NoId) {
        told["number"] = Value::Null;
    }
    if fault == Some(PlaygroundFault::Oversize) {
        told["remarks"] = Value::String("la ".repeat(FAR_TOO_MUCH / 3));
    }
    json!({ "outcome": { "ok": true }, "payload": { "person": told } })
}

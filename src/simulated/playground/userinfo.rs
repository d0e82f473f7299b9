//! `/me`: the person behind an entry, in a nested answer that holds the e-mail address in a list of contacts.

use crate::simulated::playground::Playground;
use crate::simulated::playground::fault::PlaygroundFault;
use crate::simulated::playground::person::PlaygroundPerson;
use crate::simulated::playground::ticket::PlaygroundEntry;
use crate::simulated::playground::token::refusal_json;
use crate::simulated::request::SimulatedRequest;
use crate::simulated::response::SimulatedResponse;
use serde::Deserialize;
use serde_json::{Value, json};

/// The length of the oversize answer, in bytes.
const OVERSIZE: usize = 100 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaygroundUserinfoRequest {
    wanted: String,
}

impl Playground {
    pub(super) fn userinfo(&self, request: &SimulatedRequest<'_>, now: i64) -> SimulatedResponse {
        let wanted = serde_json::from_slice(request.body).ok().map(|PlaygroundUserinfoRequest { wanted }| wanted);
        let entry: Option<PlaygroundEntry> = request.header("x-entry").and_then(|entry| self.seal.open(entry));
        let refusal = match (wanted.as_deref(), &entry) {
            (Some("person"), Some(entry)) if entry.is_valid(now) => None,
            (Some("person"), Some(_)) => Some(("entry_old", "this entry is older than five minutes")),
            (Some("person"), None) => Some(("entry_unknown", "the header X-Entry holds no entry of this playground")),
            (Some(_) | None, _) => Some(("unreadable", "only the person can be asked for: {\"wanted\":\"person\"}")),
        };
        match (refusal, entry) {
            (None, Some(entry)) => SimulatedResponse::json(&person_json(&entry.person, entry.fault())),
            (refusal, _) => SimulatedResponse::json(&refusal_json(refusal.unwrap_or(("entry_unknown", "there is no entry")))),
        }
    }
}

fn person_json(person: &PlaygroundPerson, fault: Option<PlaygroundFault>) -> Value {
    let mut contacts = vec![json!({ "kind": "telephone", "value": "+55 11 5550-0100", "checked": "yes" })];
    if let Some(email) = person.email.as_ref().filter(|_| fault != Some(PlaygroundFault::NoEmail)) {
        contacts.push(json!({ "kind": "mail", "value": email, "checked": if person.checked { "yes" } else { "not yet" } }));
    }
    let mut person_json =
        json!({ "number": person.number, "called": { "given": person.given, "family": person.family }, "reach": contacts });
    if fault == Some(PlaygroundFault::NoId) {
        person_json["number"] = Value::Null;
    }
    if fault == Some(PlaygroundFault::Oversize) {
        person_json["remarks"] = Value::String("la ".repeat(OVERSIZE / 3));
    }
    json!({ "outcome": { "ok": true }, "payload": { "person": person_json } })
}

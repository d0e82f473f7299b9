//! The request that carries an event to a store: its body, its signatures in the headers of Standard Webhooks, and what its answer means.

use crate::directory::audit::AuditEventKind;
use crate::directory::store_event_delivery::StoreEvent;
use crate::directory::store_events::StoreEventKind;
use crate::stores::events::EventKey;
use crate::vocabulary::no_answer::NoAnswer;
use crate::vocabulary::text::Text;
use crate::vocabulary::utc_time::format_time;
use crate::vocabulary::wire::{Fetch, LARGEST_ANSWER, Method, Request, USER_AGENT};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How long a receiver may take for its answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why an event was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EventRefusal {
    /// The receiver answers with this status. Where it names a pause, that is in seconds.
    Status(u16, Option<i64>),
    /// There was no answer.
    Unanswered(NoAnswer),
    /// The settings have changed since the event was taken up.
    NoReceiver,
}

impl EventRefusal {
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Status(status @ 300..=399, _) => format!("it answered with the redirect {status}, which is not followed"),
            Self::Status(status, _) => format!("it answered with the status {status}"),
            Self::NoReceiver => "the settings name no receiver any more".to_owned(),
            Self::Unanswered(why) => why.sentence_about("the receiver"),
        }
    }

    /// Whether the receiver cannot take any event at the moment, rather than this one.
    pub(crate) fn is_about_receiver(&self) -> bool {
        match self {
            Self::Status(status, _) => *status >= 500 || matches!(status, 401 | 403 | 404 | 408 | 410 | 429),
            Self::Unanswered(_) | Self::NoReceiver => true,
        }
    }
}

/// Sends the request, and finds out whether the event was accepted.
pub(crate) async fn post(network: &dyn Fetch, request: &Request) -> Result<(), EventRefusal> {
    match network.send(request).await {
        Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
        Ok(answer) => {
            let header = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
            Err(EventRefusal::Status(answer.status, header.and_then(|(_, value)| value.trim().parse().ok()).filter(|asked| *asked > 0)))
        }
        // The answer was one of success, and what is packed in it does not matter.
        Err(NoAnswer::Packed) => Ok(()),
        Err(why) => Err(EventRefusal::Unanswered(why)),
    }
}

/// The request for an event, with the headers of Standard Webhooks.
pub(crate) fn signed_request(to: &str, keys: &[EventKey], id: &str, body: &str, now: i64) -> Request {
    let signatures: Vec<String> = keys.iter().map(|key| key.signature(id, now, body)).collect();
    Request {
        method: Method::Post,
        address: Text::plain(to),
        headers: vec![
            ("Content-Type".into(), Text::plain("application/json")),
            ("User-Agent".into(), Text::plain(USER_AGENT)),
            ("webhook-id".into(), Text::plain(id)),
            ("webhook-timestamp".into(), Text::plain(now.to_string())),
            ("webhook-signature".into(), Text::plain(signatures.join(" "))),
        ],
        body: Some(Text::secret(body, &Arc::from("event"))),
        largest: LARGEST_ANSWER,
        timeout: TIMEOUT,
    }
}

/// The word of the type of an event.
pub(crate) fn type_word(what: AuditEventKind) -> &'static str {
    StoreEventKind::of(what).map_or("unknown", StoreEventKind::word)
}

/// The body of an event. What it does not have is not in it.
pub(crate) fn body(event: &StoreEvent, store: &str) -> Value {
    let mut body = Map::new();
    let mut add = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
    add("id", json!(event.id));
    add("type", json!(type_word(event.what)));
    add("time", json!(format_time(event.at)));
    add("store", json!(store));
    add("sequence", json!(event.number));
    if let Some(uid) = &event.uid {
        let mut person = json!({ "uid": uid });
        if let (Some((email, is_verified)), Some(person)) = (&event.email, person.as_object_mut()) {
            person.insert("email".to_owned(), json!(email));
            person.insert("emailVerified".to_owned(), json!(is_verified));
        }
        add("person", person);
    }
    for (name, value) in [("provider", &event.provider), ("identity", &event.identity), ("reason", &event.reason)] {
        if let Some(value) = value {
            add(name, json!(value));
        }
    }
    if event.left_out > 0 {
        add("leftOut", json!(event.left_out));
    }
    if type_word(event.what) == StoreEventKind::SignOut.word() {
        add("sessions", json!(if event.what == AuditEventKind::SignedOut { "all" } else { "one" }));
    }
    Value::Object(body)
}

/// The body of an event that reports nothing, for a receiver that is tried out.
pub(crate) fn test_body(id: &str, store: &str, now: i64) -> Value {
    json!({ "id": id, "type": "test", "time": format_time(now), "store": store, "sequence": 0 })
}

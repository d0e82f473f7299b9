//! People, ways in, sessions and what happened: in words, and in JSON with keys that stay.

use crate::commands::outcome::moment;
use crate::diagnostic::printable;
use crate::directory::audit::Event;
use crate::directory::people::{Record, Removed, Standing, Way};
use crate::directory::reasons;
use serde_json::{Value, json};

/// Whether an address is one that nobody can have: the file's placeholder, or what is left to whom it was taken from.
pub fn is_placeholder(record: &Record) -> bool {
    let domain = record.user.email.domain();
    domain == "invalid" || domain.ends_with(".invalid")
}

/// What is known of the address, in a word or two.
pub fn proof(record: &Record) -> &'static str {
    match (is_placeholder(record), record.user.email_verified) {
        (true, _) => "placeholder",
        (false, true) => "proven",
        (false, false) => "not proven",
    }
}

/// What the word about the address means for this person, where it needs saying.
pub fn about_address(record: &Record) -> Option<&'static str> {
    if record.user.email.domain() == "displaced.invalid" {
        return Some(
            "a placeholder: the address they had without proof went to somebody who proved that it is theirs; no mail can reach them",
        );
    }
    if is_placeholder(record) {
        return Some(
            "a placeholder: no provider has named an address that is proven, so the provider's file gave this one; no mail can reach it",
        );
    }
    (!record.user.email_verified).then_some("nothing proves that the address is theirs")
}

/// The name, for a terminal.
pub fn name(record: &Record) -> String {
    record.user.name.as_deref().map_or_else(|| "(no name)".to_owned(), printable)
}

/// A person in several lines.
pub fn person(record: &Record) -> String {
    let mut lines = vec![format!("{} ({})", record.user.email, proof(record))];
    lines.extend(about_address(record).map(|about| format!("  {about}")));
    let blocked = if record.blocked { "yes: they cannot come in" } else { "no" };
    let language = record.locale.as_deref().map_or_else(|| "not known".to_owned(), printable);
    for (what, is) in [
        ("name", name(record)),
        ("id", printable(&record.user.uid)),
        ("store", record.store.to_string()),
        ("language", language),
        ("first seen", moment(record.first_seen)),
        ("last seen", moment(record.last_seen)),
        ("blocked", blocked.to_owned()),
    ] {
        lines.push(format!("  {what:<10}  {is}"));
    }
    lines.join("\n")
}

/// A way in, in two lines.
pub fn way(way: &Way) -> String {
    let (provider, id, why) = (printable(&way.provider), printable(&way.provider_id), printable(&reasons::linked_because(way)));
    format!("  {provider}, there known as {id}, since {}\n    {why}", moment(way.linked))
}

/// A session, in one line.
pub fn session(session: &Standing) -> String {
    let through = session.provider.as_deref().map_or_else(String::new, |provider| format!(", through {}", printable(provider)));
    format!("  since {}, until {} at most{through}", moment(session.since), moment(session.latest))
}

/// Something that happened, in one line.
pub fn event(event: &Event) -> String {
    let incident = event.incident.as_deref().map_or_else(String::new, |code| format!(" [incident {}]", printable(code)));
    format!("{}  {}{incident}", moment(event.at), printable(&reasons::told(event)))
}

/// The same where it may have happened to anybody, at any store.
pub fn line(event: &Event) -> String {
    let person = event.uid.as_deref().map_or_else(String::new, |uid| format!(" [person {}]", printable(uid)));
    let incident = event.incident.as_deref().map_or_else(String::new, |code| format!(" [incident {}]", printable(code)));
    format!("{}  {}  {}{person}{incident}", moment(event.at), printable(&event.store), printable(&reasons::told(event)))
}

/// A person, for programs.
pub fn person_json(record: &Record) -> Value {
    let user = &record.user;
    json!({
        "store": record.store, "uid": user.uid, "email": user.email.key(), "emailVerified": user.email_verified,
        "placeholder": is_placeholder(record), "name": user.name, "picture": user.picture, "locale": record.locale,
        "firstSeen": moment(record.first_seen), "lastSeen": moment(record.last_seen), "blocked": record.blocked,
    })
}

/// Ways in, for programs.
pub fn ways_json(ways: &[Way]) -> Value {
    let way = |way: &Way| {
        json!({
            "provider": way.provider, "providerId": way.provider_id, "linked": moment(way.linked), "because": way.because,
            "evidence": way.evidence, "version": way.version, "address": way.address, "told": reasons::linked_because(way),
        })
    };
    ways.iter().map(way).collect()
}

/// Ways in that were removed, for programs.
pub fn removed_json(removed: &[Removed]) -> Value {
    removed.iter().map(|way| json!({ "provider": way.provider, "providerId": way.provider_id })).collect()
}

/// Sessions, for programs.
pub fn sessions_json(sessions: &[Standing]) -> Value {
    let session =
        |session: &Standing| json!({ "since": moment(session.since), "until": moment(session.latest), "provider": session.provider });
    sessions.iter().map(session).collect()
}

/// What happened, for programs.
pub fn history_json(history: &[Event]) -> Value {
    let event = |event: &Event| {
        json!({
            "at": moment(event.at), "what": event.what.word(), "provider": event.provider, "because": event.because,
            "evidence": event.evidence, "version": event.version, "incident": event.incident, "told": reasons::told(event),
        })
    };
    history.iter().map(event).collect()
}

/// The same where it may have happened to anybody, at any store.
pub fn lines_json(lines: &[Event]) -> Value {
    let line = |event: &Event| {
        json!({
            "at": moment(event.at), "store": event.store, "what": event.what.word(), "uid": event.uid, "provider": event.provider,
            "because": event.because, "evidence": event.evidence, "version": event.version, "incident": event.incident,
            "told": reasons::told(event),
        })
    };
    lines.iter().map(line).collect()
}

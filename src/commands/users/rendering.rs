//! Users, linked identities, sessions and events as text, and the events of all users as JSON. `directory::export` writes the rest as JSON.

use crate::directory::app_grants::UserApp;
use crate::directory::audit::AuditEvent;
use crate::directory::export::is_placeholder;
use crate::directory::passkeys::Passkey;
use crate::directory::reasons;
use crate::directory::users::{ActiveSession, IdentityLink, UserRecord};
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::utc_time::{format_day, format_time};
use serde_json::{Value, json};

pub(crate) fn address_proof(record: &UserRecord) -> &'static str {
    match (is_placeholder(record), record.user.email_verified) {
        (true, _) => "placeholder",
        (false, true) => "proven",
        (false, false) => "not proven",
    }
}

/// An explanation of the address, where one is needed.
pub(crate) fn address_note(record: &UserRecord) -> Option<&'static str> {
    if record.user.email.domain() == "displaced.invalid" {
        return Some(
            "a placeholder: the address that the user had without proof went to another user, who proved it; no mail can reach this one",
        );
    }
    if is_placeholder(record) {
        return Some(
            "a placeholder: no provider has named an address that is proven, so the provider's file gave this one; no mail can reach it",
        );
    }
    (!record.user.email_verified).then_some("nothing proves the address")
}

pub(crate) fn display_name(record: &UserRecord) -> String {
    record.user.name.as_deref().map_or_else(|| "(no name)".to_owned(), printable)
}

pub(crate) fn user_as_text(record: &UserRecord) -> String {
    let mut lines = vec![format!("{} ({})", record.user.email, address_proof(record))];
    lines.extend(address_note(record).map(|about| format!("  {about}")));
    let blocked = if record.blocked { "yes: the user cannot sign in" } else { "no" };
    let language = record.locale.as_deref().map_or_else(|| "not known".to_owned(), printable);
    for (what, is) in [
        ("name", display_name(record)),
        ("id", printable(&record.user.uid)),
        ("store", record.store.to_string()),
        ("language", language),
        ("first seen", format_time(record.first_seen)),
        ("last seen", format_time(record.last_seen)),
        ("blocked", blocked.to_owned()),
    ] {
        lines.push(format!("  {what:<10}  {is}"));
    }
    lines.join("\n")
}

pub(crate) fn link_as_text(way: &IdentityLink) -> String {
    let (provider, id, why) = (printable(&way.provider), printable(&way.provider_id), printable(&reasons::describe_link(way)));
    let facts = way.facts.iter().map(|(name, value)| format!("\n    {}: {}", printable(name), printable(value)));
    let used = way.used.map_or_else(String::new, |used| format!(", used last on {}", format_day(used)));
    format!("  {provider}, there known as {id}, since {}{used}\n    {why}{}", format_time(way.linked), facts.collect::<String>())
}

pub(crate) fn session_as_text(session: &ActiveSession) -> String {
    let through = session.provider.as_deref().map_or_else(String::new, |provider| format!(", through {}", printable(provider)));
    let device = session.device.as_deref().map_or_else(String::new, |device| format!(", in {}", printable(device)));
    format!("  since {}, until {} at most{through}{device}", format_time(session.since), format_time(session.latest))
}

pub(crate) fn app_as_text(app: &UserApp) -> String {
    let offline = if app.offline { ", also after a sign-out" } else { "" };
    let (name, scopes, since, used) = (printable(&app.app), printable(&app.scopes), format_time(app.first), format_time(app.last));
    format!("  {name}, since {since}, used last {used}{offline}\n    {scopes}")
}

pub(crate) fn kept_tokens_as_text(provider: &str, until: i64) -> String {
    format!("  {}, sealed, until {} at most", printable(provider), format_time(until))
}

pub(crate) fn passkey_as_text(passkey: &Passkey) -> String {
    let used = passkey.used.map_or_else(|| "never used".to_owned(), |used| format!("used last {}", format_time(used)));
    format!("  since {}, {used}", format_time(passkey.added))
}

pub(crate) fn event_as_text(event: &AuditEvent) -> String {
    let incident = event.incident.as_deref().map_or_else(String::new, |code| format!(" [incident {}]", printable(code)));
    format!("{}  {}{incident}", format_time(event.at), printable(&reasons::describe_event(event)))
}

/// An event of any user and any store.
pub(crate) fn audit_line_as_text(event: &AuditEvent) -> String {
    let person = event.uid.as_deref().map_or_else(String::new, |uid| format!(" [person {}]", printable(uid)));
    let incident = event.incident.as_deref().map_or_else(String::new, |code| format!(" [incident {}]", printable(code)));
    format!("{}  {}  {}{person}{incident}", format_time(event.at), printable(&event.store), printable(&reasons::describe_event(event)))
}

pub(crate) fn audit_lines_as_json(lines: &[AuditEvent]) -> Value {
    let line = |event: &AuditEvent| {
        json!({
            "at": format_time(event.at), "store": event.store, "what": event.what.word(), "uid": event.uid, "provider": event.provider,
            "because": event.because, "evidence": event.evidence, "version": event.version, "incident": event.incident,
            "told": reasons::describe_event(event),
        })
    };
    lines.iter().map(line).collect()
}

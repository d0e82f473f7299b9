//! The block `events` of the settings: to which address of its own a store is sent what happens to its people.

use crate::directory::store_events::StoreEventKind;
use crate::provider::value_reference::{SecretReference, ValueReference};
use crate::stores::settings::check_apps::https_problem;
use crate::vocabulary::place::Located;
use crate::vocabulary::words::{OneOrMany, Reader};
use crate::words;

words! {
    /// Signed events, which the broker sends to an address of the store: a person signed in, was linked, blocked, erased and so on. None is
    /// lost and some may come twice, with the same `id`; those of one person come in order. They are signed as Standard Webhooks wants it, so
    /// libraries for many languages verify them. `docs/events.md` shows each event and how to verify it.
    pub(crate) struct EventsSpec ("events block", elsewhere = misplaced_events_word_hint) {
        /// The address to which events are posted: https, except on loopback. It may lie inside your own network; where there is an
        /// `outgoingProxy`, list its host in `noProxy` then, or events go to the proxy. A redirect is never followed.
        /// Example: `to: https://www.loja.example/portaria-events`
        to: Located<String> = "to",
        /// Where the secret is kept with which events are signed, as `portaria events secret` makes it: `whsec_` and 24 to 64 bytes in
        /// base64. While it is replaced, there are two: events are signed with both, and the receiver may verify with either.
        /// Example: `secret: env:LOJA_EVENTS_SECRET`
        secret: OneOrMany<SecretReference> = "secret",
        /// The types of events that are sent: `signIn`, `refusal`, `link`, `unlink`, `emailChange`, `signOut`, `block`, `unblock`, `erase`.
        /// Default: all
        /// Example: `only: [ signIn, erase ]`
        only: Option<OneOrMany<Located<StoreEventKind>>> = "only",
    }
}

fn misplaced_events_word_hint(word: &str) -> Option<&'static str> {
    match word {
        "url" | "address" | "endpoint" | "target" | "webhook" => Some("write `to: https://…`"),
        "secrets" | "key" | "signingSecret" | "token" => Some("write `secret: env:NAME`"),
        "types" | "events" | "include" | "kinds" => Some("write `only: [ signIn ]`"),
        _ => None,
    }
}

pub(crate) fn check_events(events: &EventsSpec, reader: &mut Reader) {
    if let Some((message, help)) = https_problem(&events.to) {
        reader.complain(events.to.place, message, help);
    }
    if let Some(third) = events.secret.0.get(2) {
        let help = "keep the new secret and the one before it";
        reader.complain(third.1, "events are signed with two secrets at most", help);
    }
    for (at, secret) in events.secret.0.iter().enumerate() {
        if events.secret.0.iter().take(at).any(|earlier| earlier.0 == secret.0) {
            reader.complain(secret.1, format!("`{}` is named twice", secret.0.location()), "leave it out here");
        }
        if let ValueReference::Variable(variable) = &secret.0
            && variable.starts_with("PORTARIA_")
        {
            let help = "keep it in a variable of its own: `env:LOJA_EVENTS_SECRET`";
            reader.complain(secret.1, format!("`{variable}` is a variable of the broker itself"), help);
        }
    }
    let kinds: Vec<_> = events.only.iter().flat_map(|only| &only.0).collect();
    for (at, kind) in kinds.iter().enumerate() {
        if kinds.iter().take(at).any(|earlier| earlier.value == kind.value) {
            reader.complain(kind.place, format!("`{}` is listed twice", kind.value.word()), "leave it out here");
        }
    }
}

//! The events that a store is sent: its address, the types that it wants, and the secrets with which they are signed.

use crate::directory::store_events::{StoreEventKind, WantedStoreEvents};
use crate::provider::value_reference::{SecretReference, ValueReference};
use crate::stores::Stores;
use crate::stores::settings::events::EventsSpec;
use crate::vocabulary::diagnostic::{Complaint, Severity};
use crate::vocabulary::text::Text;
use crate::world::secrets;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// What stands in front of a secret.
pub(crate) const SECRET_BEGINS: &str = "whsec_";
/// How many bytes a secret has at least.
const SHORTEST_SECRET: usize = 24;
/// How many bytes a secret has at most.
const LONGEST_SECRET: usize = 64;

/// The events of a store, as its settings say.
#[derive(Clone, Debug)]
pub(crate) struct StoreEvents {
    /// The address to which they are posted.
    pub(crate) to: Box<str>,
    /// The types that the store wants.
    pub(crate) kinds: Vec<StoreEventKind>,
    /// Where the secrets are kept.
    pub(crate) secrets: Vec<SecretReference>,
}

impl StoreEvents {
    pub(crate) fn new(spec: &EventsSpec) -> Self {
        let kinds = spec.only.as_ref().map_or_else(|| StoreEventKind::ALL.to_vec(), |only| only.0.iter().map(|kind| kind.value).collect());
        Self { to: spec.to.as_str().into(), kinds, secrets: spec.secret.0.clone() }
    }
}

/// The types of events that each of the stores wants.
pub(crate) fn wanted_store_events(stores: &Stores) -> WantedStoreEvents {
    let all = stores.all().iter();
    all.filter_map(|store| store.events.as_ref().map(|events| (store.name.clone(), events.kinds.clone()))).collect()
}

/// A key with which events are signed.
#[derive(Clone)]
pub(crate) struct EventKey(hmac::Key);

impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventKey")
    }
}

impl EventKey {
    /// The signature of an event, as the header `webhook-signature` holds it.
    pub(crate) fn signature(&self, id: &str, timestamp: i64, body: &str) -> String {
        let mut signing = hmac::Context::with_key(&self.0);
        signing.update(format!("{id}.{timestamp}.").as_bytes());
        signing.update(body.as_bytes());
        format!("v1,{}", STANDARD.encode(signing.sign().as_ref()))
    }
}

/// Why events cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UnreadEventSecret {
    /// The variable or the file is not there, or empty.
    NotSet(String),
    /// It holds something else.
    NoSecret(String),
}

impl fmt::Display for UnreadEventSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet(location) => write!(f, "`{location}` is not set"),
            Self::NoSecret(location) => {
                write!(f, "`{location}` does not hold `whsec_` and {SHORTEST_SECRET} to {LONGEST_SECRET} bytes in base64")
            }
        }
    }
}

/// Reads a secret.
pub(crate) fn read_event_key(reference: &ValueReference) -> Result<EventKey, UnreadEventSecret> {
    let secret = secrets::read_secret(reference, "secret of events").ok_or_else(|| UnreadEventSecret::NotSet(reference.location()))?;
    event_key(&secret).ok_or_else(|| UnreadEventSecret::NoSecret(reference.location()))
}

fn event_key(secret: &Text) -> Option<EventKey> {
    let (bytes, length) = secret.judged(secret_bytes)?;
    bytes.get(..length).map(|bytes| EventKey(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
}

/// The bytes of a secret as it is written, and how many they are.
fn secret_bytes(written: &str) -> Option<([u8; LONGEST_SECRET], usize)> {
    let mut bytes = [0; LONGEST_SECRET];
    let length = STANDARD.decode_slice(written.strip_prefix(SECRET_BEGINS)?, &mut bytes).ok()?;
    (length >= SHORTEST_SECRET).then_some((bytes, length))
}

/// What is wrong with the secrets of a store's events on this machine.
pub(crate) fn event_complaints(events: &StoreEvents) -> Vec<Complaint> {
    let complaint = |reference: &SecretReference| {
        let unread = read_event_key(&reference.0).err()?;
        let severity = match unread {
            UnreadEventSecret::NotSet(_) => Severity::Warning,
            UnreadEventSecret::NoSecret(_) => Severity::Error,
        };
        let help = "`portaria events secret` makes one; set it on the machine of the broker, and at the receiver of the events";
        Some(Complaint::new(severity, Some(reference.1), format!("{unread}, so no event can be sent"), help))
    };
    events.secrets.iter().filter_map(complaint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_secret_has_the_form_of_standard_webhooks_or_is_none() {
        let is_secret = |text: &str| event_key(&Text::secret(text, &Arc::from("secret"))).is_some();
        let of_bytes = |many: usize| format!("whsec_{}", STANDARD.encode(vec![7; many]));

        assert!(is_secret(&of_bytes(24)) && is_secret(&of_bytes(32)) && is_secret(&of_bytes(64)));
        for wrong in [&*of_bytes(23), &of_bytes(65), &of_bytes(32).replace("whsec_", ""), "whsec_", "whsec_§", ""] {
            assert!(!is_secret(wrong), "{wrong}");
        }
    }

    /// The example of the specification of Standard Webhooks.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let secret = Text::secret(format!("{SECRET_BEGINS}MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), &Arc::from("secret"));
        let key = event_key(&secret).expect("a secret");

        let signature = key.signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");

        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(format!("{key:?}"), "EventKey");
    }
}

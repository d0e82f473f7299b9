//! Refused requests of apps, for support: each kind is recorded in the audit once a minute, and only so many of a store, because anyone
//! can send a request that is refused.

use crate::directory::audit::{AuditEvent, AuditEventKind, RecordAuditEvent};
use crate::stores::settings::client_id_problem;
use crate::web::request_context::RequestContext;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

/// The most refusals of a store that are recorded in a minute.
const MOST_OF_STORE: usize = 30;

/// What was recorded in this minute.
#[derive(Debug, Default)]
pub(crate) struct RefusalThrottle(Mutex<RefusalMinute>);

#[derive(Debug, Default)]
struct RefusalMinute {
    minute: i64,
    /// The apps and reasons that were recorded, by store.
    recorded: HashMap<Box<str>, HashSet<(Box<str>, &'static str)>>,
}

impl RefusalThrottle {
    /// Whether a refusal is to be recorded.
    fn admits(&self, store: &str, app: &str, reason: &'static str, now: i64) -> bool {
        let mut of_minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = now.div_euclid(60);
        if of_minute.minute != minute {
            *of_minute = RefusalMinute { minute, recorded: HashMap::new() };
        }
        let recorded = of_minute.recorded.entry(store.into()).or_default();
        recorded.len() < MOST_OF_STORE && recorded.insert((app.into(), reason))
    }
}

/// Records why a request was refused. `asked` is the client id as the request has it. What is refused in silence only (`prompt=none`)
/// happens all the time and is not recorded.
pub(crate) async fn record(context: &RequestContext, asked: Option<&str>, reason: &'static str) {
    if matches!(reason, "login_required" | "consent_required" | "temporarily_unavailable" | "server_error") {
        return;
    }
    let store = &context.live_store().store;
    // What cannot be a client id is not kept: it may be anything.
    let app = asked.filter(|asked| client_id_problem(asked).is_none());
    if !context.app().stories.of_apps.admits(&store.name, app.unwrap_or_default(), reason, context.now()) {
        return;
    }
    tracing::warn!(store = &*store.name, app, reason, "a request of an app was refused");
    let event = AuditEvent::new(context.now(), &store.name, AuditEventKind::AppRefused).with_reason(reason);
    let event = app.map_or(event.clone(), |app| event.of_app(app));
    // Without storage the line in the log has to do.
    let _ = context.app().directory.write(RecordAuditEvent(event)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_refusals_of_a_minute_are_recorded_once_and_of_a_store_only_so_many() {
        let throttle = RefusalThrottle::default();

        assert!(throttle.admits("main", "painel", "invalid_request", 120));
        assert!(!throttle.admits("main", "painel", "invalid_request", 179));
        assert!(throttle.admits("main", "painel", "invalid_scope", 179) && throttle.admits("main", "", "invalid_request", 179));
        let of_many = (0..100).filter(|number| throttle.admits("main", &number.to_string(), "unknown_client", 179)).count();
        assert_eq!(of_many, MOST_OF_STORE - 3);
        assert!(throttle.admits("atacado", "painel", "invalid_request", 179), "another store has its own");
        assert!(throttle.admits("main", "painel", "invalid_request", 180), "the next minute begins anew");
    }
}

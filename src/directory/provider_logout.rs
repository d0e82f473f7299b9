//! A provider has ended its session: the sessions of the person that began with a sign-in there end here.

use crate::directory::attempts::ConsumeAttempt;
use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::ended_grants::end_grants_of_sessions;
use crate::directory::sessions::{end_numbered_session, next_generation};
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};

/// Ends the sessions of a user that began with a sign-in by the provider of this identity. As with any sign-out, the access of apps ends that
/// does not outlive a session.
#[derive(Clone, Debug)]
pub struct EndSessionsOfIdentity {
    /// The hash of the id of the logout token, which counts once.
    pub token: Box<str>,
    /// The moment after which the token is too old in any case.
    pub until: i64,
    /// The name of the store.
    pub store: Box<str>,
    /// The key of the provider.
    pub provider: Box<str>,
    /// The id at the provider.
    pub provider_id: Box<str>,
    /// Where the provider's file points.
    pub fingerprint: Box<str>,
    /// The name of the provider's file, which the event names.
    pub file: Box<str>,
    /// The time of the request, in seconds since 1970, which the event bears.
    pub now: i64,
}

/// The outcome of a logout by a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderLogoutOutcome {
    /// So many sessions have ended; none if the person was not signed in.
    Ended(usize),
    /// The token was used before.
    Repeated,
}

impl Verb for EndSessionsOfIdentity {
    type Answer = ProviderLogoutOutcome;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<ProviderLogoutOutcome, StorageFault> {
        let Self { token, until, store, provider, provider_id, fingerprint, file, now } = self;
        if !(ConsumeAttempt { attempt: token.clone(), until: *until }).execute(sql).await? {
            return Ok(ProviderLogoutOutcome::Repeated);
        }
        let user = "SELECT uid FROM users WHERE uid = (SELECT i.uid FROM identities i \
             WHERE i.store = $1 AND i.provider = $2 AND i.provider_id = $3 AND i.fingerprint = $4)";
        let rows = sql.fetch_for_update(user, with![store, provider, provider_id, fingerprint]).await?;
        let Some(row) = rows.first() else { return Ok(ProviderLogoutOutcome::Ended(0)) };
        let uid = row.text(0)?;
        let sessions = sql.fetch("SELECT sid, latest FROM sessions WHERE uid = $1 AND provider = $2", with![uid, provider]).await?;
        if sessions.is_empty() {
            return Ok(ProviderLogoutOutcome::Ended(0));
        }
        let event = AuditEvent::new(*now, store, AuditEventKind::Logout).for_user(uid).via_provider(file);
        record_event(sql, &event.with_reason(AuditActor::Provider.word())).await?;
        next_generation(sql, "ends").await?;
        for session in &sessions {
            let (sid, latest) = (session.text(0)?, session.number(1)?);
            end_grants_of_sessions(sql, sid, "", *now).await?;
            end_numbered_session(sql, sid, latest).await?;
        }
        Ok(ProviderLogoutOutcome::Ended(sessions.len()))
    }
}

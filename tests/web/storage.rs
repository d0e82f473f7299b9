//! The directory as the broker uses it, with a switch that takes it away.

use async_trait::async_trait;
use portaria::directory::linking::NotWelcome;
use portaria::directory::sqlite::Sqlite;
use portaria::directory::{Arrival, Away, Directory, End, Event, Incident, SealedKey, User};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A directory that can be away.
pub struct Storage {
    within: Sqlite,
    away: Arc<AtomicBool>,
}

impl Storage {
    /// Around a real one.
    pub fn new(within: Sqlite, away: Arc<AtomicBool>) -> Self {
        Self { within, away }
    }

    fn there(&self) -> Result<&Sqlite, Away> {
        if self.away.load(Ordering::SeqCst) { Err(Away) } else { Ok(&self.within) }
    }
}

#[async_trait]
impl Directory for Storage {
    async fn spend(&self, attempt: &str, until: i64) -> Result<bool, Away> {
        self.there()?.spend(attempt, until).await
    }

    async fn welcome(&self, arrival: Arrival<'_>) -> Result<Result<User, NotWelcome>, Away> {
        self.there()?.welcome(arrival).await
    }

    async fn user(&self, uid: &str) -> Result<Option<User>, Away> {
        self.there()?.user(uid).await
    }

    async fn end_session(&self, sid: &str, latest: i64, event: Event<'_>) -> Result<i64, Away> {
        self.there()?.end_session(sid, latest, event).await
    }

    async fn ended_since(&self, number: i64) -> Result<(Vec<End>, i64), Away> {
        self.there()?.ended_since(number).await
    }

    async fn remember(&self, incident: &Incident, event: Event<'_>) -> Result<bool, Away> {
        self.there()?.remember(incident, event).await
    }

    async fn incident(&self, code: &str, now: i64) -> Result<Option<Incident>, Away> {
        self.there()?.incident(code, now).await
    }

    async fn keys(&self) -> Result<Vec<SealedKey>, Away> {
        self.there()?.keys().await
    }

    async fn first_key(&self, key: &SealedKey) -> Result<Vec<SealedKey>, Away> {
        self.there()?.first_key(key).await
    }

    async fn tidy(&self, now: i64, audit_since: i64) -> Result<(), Away> {
        self.there()?.tidy(now, audit_since).await
    }
}

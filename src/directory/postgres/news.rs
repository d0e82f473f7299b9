//! Notifications of other machines. While there are none, the callers read the generations from time to time.

use crate::directory::postgres::hosts::DatabaseHosts;
use sqlx::Row as _;
use sqlx::postgres::{PgListener, PgPoolOptions};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// The channel on which the machines are notified.
pub(crate) const CHANNEL: &str = "portaria";
/// How long the listener waits before it connects again.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);
/// How long the listener waits for an answer of the server.
const PATIENCE: Duration = Duration::from_secs(5);
/// After this time without a notification the server is asked whether it is still the one that is written to.
const CHECK_AFTER: Duration = Duration::from_secs(20);

/// Listens for as long as its task runs, unless a pooler stands in front of the server: it may give the session that listens to others.
pub(crate) async fn listen(hosts: Arc<DatabaseHosts>, news: Arc<Notify>) {
    while !hosts.is_pooled() {
        // Why it ended is reported by those who read and write.
        let _ = listen_once(&hosts, &news).await;
        tokio::time::sleep(RECONNECT_AFTER).await;
    }
}

/// Listens until the connection is gone, or until its server is no longer the one that is written to.
async fn listen_once(hosts: &DatabaseHosts, news: &Notify) -> Result<(), sqlx::Error> {
    let options = hosts.locate().await?;
    let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false).acquire_timeout(PATIENCE);
    let pool = pool.idle_timeout(None).max_lifetime(None).connect_lazy_with(options);
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    while !hosts.is_pooled() {
        match tokio::time::timeout(CHECK_AFTER, listener.try_recv()).await {
            Ok(Ok(Some(_))) => news.notify_one(),
            Ok(Ok(None) | Err(_)) => return Ok(()),
            Err(_) if is_standby(&mut listener).await? => return Ok(()),
            Err(_) => {}
        }
    }
    Ok(())
}

async fn is_standby(listener: &mut PgListener) -> Result<bool, sqlx::Error> {
    let asked = sqlx::raw_sql("SELECT pg_is_in_recovery()").fetch_one(listener);
    tokio::time::timeout(PATIENCE, asked).await.map_err(|_| sqlx::Error::PoolTimedOut)??.try_get(0)
}

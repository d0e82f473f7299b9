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
/// A parameter of the session that means nothing. A pooler refuses it or drops it, a server keeps it.
const OF_A_SERVER: (&str, &str) = ("portaria.listener", "yes");

/// How a connection to the channel has ended.
enum ListenEnd {
    /// The connection is gone, or its server is no longer the right one.
    Lost,
    /// A pooler stands in front of the server. It may give the session that listens to other callers.
    Pooled,
}

/// Listens for as long as its task runs, unless a pooler stands in front of the server.
pub(crate) async fn listen(hosts: Arc<DatabaseHosts>, news: Arc<Notify>) {
    loop {
        if let Ok(ListenEnd::Pooled) = listen_once(&hosts, &news).await {
            tracing::info!("a pooler stands in front of the storage: what other machines change is read every half second");
            return;
        }
        tokio::time::sleep(RECONNECT_AFTER).await;
    }
}

async fn listen_once(hosts: &DatabaseHosts, news: &Notify) -> Result<ListenEnd, sqlx::Error> {
    let options = hosts.locate().await?.options([OF_A_SERVER]);
    let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false).acquire_timeout(PATIENCE);
    let pool = pool.idle_timeout(None).max_lifetime(None).connect_lazy_with(options);
    let mut listener = match PgListener::connect_with(&pool).await {
        Err(error) if is_refused_parameter(&error) => return Ok(ListenEnd::Pooled),
        connected => connected?,
    };
    listener.eager_reconnect(false);
    let kept: Option<String> = ask(&mut listener, "SELECT current_setting('portaria.listener', true)").await?;
    if kept.as_deref() != Some(OF_A_SERVER.1) {
        return Ok(ListenEnd::Pooled);
    }
    listener.listen(CHANNEL).await?;
    loop {
        match tokio::time::timeout(CHECK_AFTER, listener.try_recv()).await {
            Ok(Ok(Some(_))) => news.notify_one(),
            Ok(Ok(None) | Err(_)) => return Ok(ListenEnd::Lost),
            Err(_) if ask::<bool>(&mut listener, "SELECT pg_is_in_recovery()").await? => return Ok(ListenEnd::Lost),
            Err(_) => {}
        }
    }
}

async fn ask<T>(listener: &mut PgListener, sql: &'static str) -> Result<T, sqlx::Error>
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let asked = sqlx::raw_sql(sql).fetch_one(listener);
    tokio::time::timeout(PATIENCE, asked).await.map_err(|_| sqlx::Error::PoolTimedOut)??.try_get(0)
}

/// Whether the connection was refused for a parameter: a protocol violation in the eyes of a pooler.
fn is_refused_parameter(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref() == Some("08P01")
}

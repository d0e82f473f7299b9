//! Which of the servers of an address is written to.
//!
//! A broker that is given several hosts takes the one that accepts writes, and stays with it until it fails. Then it asks all of them
//! at once. A promoted standby has a higher timeline than the server that it replaced, so a server that comes back after its standby
//! was promoted is not used, although it accepts writes. To fence it off before is the task of the cluster: a broker that is started
//! while it sees no other server cannot know better.

use crate::directory::postgres::address::ServerAddress;
use crate::directory::postgres::session::ServerConnection;
use sqlx::Row as _;
use sqlx::postgres::PgConnectOptions;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// How long the others are waited for when one has said that it accepts writes.
const GRACE: Duration = Duration::from_millis(500);

/// The servers, and the one that is written to.
pub(crate) struct DatabaseHosts {
    address: ServerAddress,
    chosen: Mutex<ChosenHost>,
    /// Whether a pooler stands in front of the server.
    is_pooled: AtomicBool,
}

#[derive(Clone, Copy, Default)]
struct ChosenHost {
    /// The host that accepted writes last; `None` before the first and after a failure.
    index: Option<usize>,
    /// The highest timeline that was seen.
    timeline: u32,
}

/// A connection to a server that accepts writes.
struct WritableConnection {
    connection: ServerConnection,
    /// 0 if the server does not name it.
    timeline: u32,
}

impl DatabaseHosts {
    pub(crate) fn new(address: ServerAddress) -> Self {
        Self { address, chosen: Mutex::default(), is_pooled: AtomicBool::new(false) }
    }

    /// Whether a pooler stands in front of the server, which is known after the first connection.
    pub(crate) fn is_pooled(&self) -> bool {
        self.is_pooled.load(Ordering::Relaxed)
    }

    /// A session was found to be shared.
    pub(crate) fn mark_pooled(&self) {
        if !self.is_pooled.swap(true, Ordering::Relaxed) {
            tracing::info!("a pooler stands in front of the storage: what other machines change is read every half second");
        }
    }

    /// A new connection to the server that is written to.
    pub(crate) async fn connect(&self) -> Result<ServerConnection, sqlx::Error> {
        let (_, connection) = self.connect_to_chosen().await?;
        if connection.prepared.is_none() {
            self.mark_pooled();
        }
        Ok(connection)
    }

    /// How the server that is written to is reached.
    pub(crate) async fn locate(&self) -> Result<PgConnectOptions, sqlx::Error> {
        let (index, _) = self.connect_to_chosen().await?;
        self.address.hosts.get(index).cloned().ok_or_else(no_host)
    }

    /// The next connection asks all hosts again.
    pub(crate) fn forget(&self) {
        self.with_chosen(|chosen| chosen.index = None);
    }

    async fn connect_to_chosen(&self) -> Result<(usize, ServerConnection), sqlx::Error> {
        let ServerAddress { hosts, must_accept_writes, connect_timeout } = &self.address;
        if !must_accept_writes {
            let only = hosts.first().ok_or_else(no_host)?;
            return Ok((0, in_time(*connect_timeout, open(only, self.is_pooled())).await?));
        }
        let ChosenHost { index, timeline } = self.with_chosen(|chosen| *chosen);
        if let Some(index) = index
            && let Some(options) = hosts.get(index)
            && let Ok(found) = in_time(*connect_timeout, open_writable(options, self.is_pooled())).await
            && found.timeline >= timeline
        {
            return Ok((index, found.connection));
        }
        self.ask_all().await
    }

    /// Asks all hosts at once, and takes the one with the highest timeline of those that accept writes.
    async fn ask_all(&self) -> Result<(usize, ServerConnection), sqlx::Error> {
        let mut asking = JoinSet::new();
        for (index, options) in self.address.hosts.iter().cloned().enumerate() {
            let (connect_timeout, is_pooled) = (self.address.connect_timeout, self.is_pooled());
            asking.spawn(async move { (index, in_time(connect_timeout, open_writable(&options, is_pooled)).await) });
        }
        let (mut best, mut failure): (Option<(usize, WritableConnection)>, _) = (None, None);
        let mut grace = Box::pin(tokio::time::sleep(self.address.connect_timeout));
        loop {
            let asked = tokio::select! {
                asked = asking.join_next() => asked,
                () = &mut grace, if best.is_some() => None,
            };
            let Some(asked) = asked else { break };
            if best.is_none() {
                grace = Box::pin(tokio::time::sleep(GRACE));
            }
            match asked {
                Ok((index, Ok(found))) => {
                    let is_better = best.as_ref().is_none_or(|(other, known)| (known.timeline, index) < (found.timeline, *other));
                    best = if is_better { Some((index, found)) } else { best };
                }
                Ok((_, Err(error))) => failure = Some(error),
                Err(_) => {}
            }
        }
        let Some((index, found)) = best else { return Err(failure.unwrap_or_else(no_host)) };
        self.choose(index, found.timeline)?;
        Ok((index, found.connection))
    }

    fn choose(&self, index: usize, timeline: u32) -> Result<(), sqlx::Error> {
        let known = self.with_chosen(|chosen| {
            let known = chosen.timeline;
            if timeline >= known {
                *chosen = ChosenHost { index: Some(index), timeline };
            }
            known
        });
        let host = self.address.hosts.get(index).map_or("", PgConnectOptions::get_host);
        if timeline < known {
            tracing::error!(
                host,
                timeline,
                known,
                "this server was replaced by another, and lacks what that one has stored; it is not used"
            );
            return Err(sqlx::Error::Io(io::Error::other("the only server that accepts writes was replaced by another")));
        }
        tracing::info!(host, timeline, "this server accepts writes");
        Ok(())
    }

    fn with_chosen<T>(&self, with: impl FnOnce(&mut ChosenHost) -> T) -> T {
        with(&mut self.chosen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn open(options: &PgConnectOptions, is_pooled: bool) -> Result<ServerConnection, sqlx::Error> {
    if is_pooled { ServerConnection::open_pooled(options).await } else { ServerConnection::open(options).await }
}

async fn in_time<T>(limit: Duration, connecting: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let timed_out = |_| sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the server took too long to accept a connection"));
    tokio::time::timeout(limit, connecting).await.map_err(timed_out)?
}

/// Opens a connection, and refuses a server that accepts no writes.
async fn open_writable(options: &PgConnectOptions, is_pooled: bool) -> Result<WritableConnection, sqlx::Error> {
    let mut connection = open(options, is_pooled).await?;
    let role = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'";
    if sqlx::raw_sql(role).fetch_one(&mut connection.connection).await?.try_get(0)? {
        return Err(sqlx::Error::Io(io::Error::other("the server accepts no writes")));
    }
    // The first eight digits of the name of a log file are the timeline. A server that may not be asked for it counts as the first.
    let timeline = "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";
    let named = sqlx::raw_sql(timeline).fetch_one(&mut connection.connection).await;
    let digits: Option<String> = named.ok().and_then(|row| row.try_get(0).ok());
    let timeline = digits.and_then(|digits| u32::from_str_radix(&digits, 16).ok()).unwrap_or(0);
    Ok(WritableConnection { connection, timeline })
}

fn no_host() -> sqlx::Error {
    sqlx::Error::Io(io::Error::other("no server accepts writes"))
}

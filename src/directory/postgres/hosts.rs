//! Which of the servers of an address is written to.
//!
//! A broker that is given several hosts takes the one that accepts writes, and stays with it until it fails. Then it asks all of them
//! at once. A promoted standby has a higher timeline than the server that it replaced, so a server that comes back after its standby
//! was promoted is not used, although it accepts writes. To fence it off before is the task of the cluster: a broker that is started
//! while it sees no other server cannot know better.

use crate::directory::postgres::address::ServerAddress;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Row as _};
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// The servers, and the one that is written to.
pub(crate) struct DatabaseHosts {
    address: ServerAddress,
    chosen: Mutex<ChosenHost>,
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
    connection: PgConnection,
    /// 0 if the server does not name it.
    timeline: u32,
}

impl DatabaseHosts {
    pub(crate) fn new(address: ServerAddress) -> Self {
        Self { address, chosen: Mutex::default() }
    }

    /// A new connection to the server that is written to.
    pub(crate) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        Ok(self.connect_to_chosen().await?.1)
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

    async fn connect_to_chosen(&self) -> Result<(usize, PgConnection), sqlx::Error> {
        let ServerAddress { hosts, must_accept_writes, connect_timeout } = &self.address;
        if !must_accept_writes {
            let only = hosts.first().ok_or_else(no_host)?;
            return Ok((0, open(only, *connect_timeout).await?));
        }
        let ChosenHost { index, timeline } = self.with_chosen(|chosen| *chosen);
        if let Some(index) = index
            && let Some(options) = hosts.get(index)
            && let Ok(found) = open_writable(options, *connect_timeout).await
            && found.timeline >= timeline
        {
            return Ok((index, found.connection));
        }
        self.ask_all().await
    }

    /// Asks all hosts at once, and takes the one with the highest timeline of those that accept writes.
    async fn ask_all(&self) -> Result<(usize, PgConnection), sqlx::Error> {
        let mut asking = JoinSet::new();
        for (index, options) in self.address.hosts.iter().cloned().enumerate() {
            let connect_timeout = self.address.connect_timeout;
            asking.spawn(async move { (index, open_writable(&options, connect_timeout).await) });
        }
        let (mut best, mut failure): (Option<(usize, WritableConnection)>, _) = (None, None);
        while let Some(asked) = asking.join_next().await {
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

async fn open(options: &PgConnectOptions, connect_timeout: Duration) -> Result<PgConnection, sqlx::Error> {
    let timed_out = |_| sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the server took too long to accept a connection"));
    tokio::time::timeout(connect_timeout, options.connect()).await.map_err(timed_out)?
}

/// Opens a connection, and refuses a server that accepts no writes.
async fn open_writable(options: &PgConnectOptions, connect_timeout: Duration) -> Result<WritableConnection, sqlx::Error> {
    let asked = async {
        let mut connection = options.connect().await?;
        let role = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'";
        if sqlx::raw_sql(role).fetch_one(&mut connection).await?.try_get(0)? {
            return Err(sqlx::Error::Io(io::Error::other("the server accepts no writes")));
        }
        // The first eight digits of the name of a log file are the timeline. A server that may not be asked for it counts as the first.
        let timeline = "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";
        let named = sqlx::raw_sql(timeline).fetch_one(&mut connection).await;
        let digits: Option<String> = named.ok().and_then(|row| row.try_get(0).ok());
        let timeline = digits.and_then(|digits| u32::from_str_radix(&digits, 16).ok()).unwrap_or(0);
        Ok(WritableConnection { connection, timeline })
    };
    let timed_out = |_| sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the server took too long to accept a connection"));
    tokio::time::timeout(connect_timeout, asked).await.map_err(timed_out)?
}

fn no_host() -> sqlx::Error {
    sqlx::Error::Io(io::Error::other("no server accepts writes"))
}

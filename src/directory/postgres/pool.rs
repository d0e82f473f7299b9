//! The connections of a process: each thread that serves requests has its own, so that no query travels to another thread.

use crate::directory::postgres::hosts::DatabaseHosts;
use crate::directory::postgres::session::ServerConnection;
use crate::world::clock;
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::runtime::{Handle, Id};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many connections a process opens, divided among its threads.
const IN_ALL: usize = 16;
/// How many connections a thread opens at least, and at most.
const OF_ONE_THREAD: (usize, usize) = (2, 8);
/// After this time a connection is closed, so that a server behind a name that changes is found.
const LONGEST_LIFE: Duration = Duration::from_mins(30);
/// After this time without use a connection is closed: firewalls forget a quiet connection without a word.
const LONGEST_REST: Duration = Duration::from_mins(2);
/// After this time without use a connection is asked whether it is still there. A server that went away is noticed sooner, by the reading
/// of the generations, whose failure counts for all connections.
const TRUSTED_FOR: Duration = Duration::from_secs(30);
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The connections of all threads.
pub(crate) struct ConnectionPools {
    hosts: Arc<DatabaseHosts>,
    threads: RwLock<Vec<(Id, Arc<ThreadConnections>)>>,
    /// Grows with each failure. Connections from before a failure are not used again.
    generation: AtomicU64,
}

struct ThreadConnections {
    permits: Arc<Semaphore>,
    /// The one that was used last stands last.
    resting: Mutex<VecDeque<RestingConnection>>,
}

struct RestingConnection {
    server: ServerConnection,
    opened: Instant,
    since: Instant,
    generation: u64,
}

/// A connection that is in use.
pub(crate) struct ConnectionInUse {
    pub(crate) server: ServerConnection,
    /// Whether it was used before, so that its server may have gone since.
    pub(crate) is_reused: bool,
    opened: Instant,
    generation: u64,
    thread: Arc<ThreadConnections>,
    _permit: OwnedSemaphorePermit,
}

impl ConnectionPools {
    pub(crate) fn new(hosts: Arc<DatabaseHosts>) -> Self {
        Self { hosts, threads: RwLock::default(), generation: AtomicU64::new(0) }
    }

    /// A connection of this thread. It waits if all are in use.
    pub(crate) async fn acquire(&self) -> Result<ConnectionInUse, sqlx::Error> {
        let thread = self.of_this_thread();
        let permit = Arc::clone(&thread.permits).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let generation = self.generation.load(Ordering::Acquire);
        if let Some(RestingConnection { mut server, opened, since, .. }) = thread.take(generation) {
            if since.elapsed() < TRUSTED_FOR || matches!(tokio::time::timeout(PATIENCE, server.is_there()).await, Ok(true)) {
                return Ok(ConnectionInUse { server, is_reused: true, opened, generation, thread, _permit: permit });
            }
            self.discard_all(generation);
        }
        // Read before the connection is opened, so that a failure meanwhile counts.
        let generation = self.generation.load(Ordering::Acquire);
        let server = self.hosts.connect().await?;
        Ok(ConnectionInUse { server, is_reused: false, opened: clock::instant(), generation, thread, _permit: permit })
    }

    /// A connection of this generation has failed: others of it are not used again, and the next connection looks for its server anew.
    pub(crate) fn discard_all(&self, generation: u64) {
        let next = generation.saturating_add(1);
        if self.generation.compare_exchange(generation, next, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.hosts.forget();
        }
    }

    /// A session was found to be shared, so that it keeps nothing.
    pub(crate) fn mark_pooled(&self) {
        self.hosts.mark_pooled();
    }

    /// How many connections of all threads are in use, and how many there may be.
    pub(crate) fn in_use(&self) -> (usize, usize) {
        let threads = self.threads.read().unwrap_or_else(PoisonError::into_inner);
        let most = threads.len().saturating_mul(permits_of_thread());
        let free: usize = threads.iter().map(|(_, connections)| connections.permits.available_permits()).sum();
        (most.saturating_sub(free), most)
    }

    fn of_this_thread(&self) -> Arc<ThreadConnections> {
        let id = Handle::current().id();
        let find = |threads: &[(Id, Arc<ThreadConnections>)]| {
            threads.iter().find(|(known, _)| *known == id).map(|(_, connections)| Arc::clone(connections))
        };
        if let Some(found) = find(&self.threads.read().unwrap_or_else(PoisonError::into_inner)) {
            return found;
        }
        let mut threads = self.threads.write().unwrap_or_else(PoisonError::into_inner);
        find(&threads).unwrap_or_else(|| {
            let connections = Arc::new(ThreadConnections::new());
            threads.push((id, Arc::clone(&connections)));
            connections
        })
    }
}

/// How many connections one thread may have.
fn permits_of_thread() -> usize {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let (least, most) = OF_ONE_THREAD;
    IN_ALL.checked_div(threads).unwrap_or(least).clamp(least, most)
}

impl ThreadConnections {
    fn new() -> Self {
        Self { permits: Arc::new(Semaphore::new(permits_of_thread())), resting: Mutex::default() }
    }

    /// The connection that was used last, of this generation. What has rested or lived for too long is closed.
    fn take(&self, generation: u64) -> Option<RestingConnection> {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        while resting.front().is_some_and(|oldest| !oldest.is_good(generation)) {
            resting.pop_front();
        }
        while let Some(newest) = resting.pop_back() {
            if newest.is_good(generation) {
                return Some(newest);
            }
        }
        None
    }
}

impl RestingConnection {
    fn is_good(&self, generation: u64) -> bool {
        self.generation == generation && self.opened.elapsed() < LONGEST_LIFE && self.since.elapsed() < LONGEST_REST
    }
}

impl ConnectionInUse {
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the connection after a transaction that has ended.
    pub(crate) fn release(self) {
        let Self { server, opened, generation, thread, .. } = self;
        let since = clock::instant();
        thread.resting.lock().unwrap_or_else(PoisonError::into_inner).push_back(RestingConnection { server, opened, since, generation });
    }
}

//! A connection of a listener. It counts among those of its client, and nothing that the client does slowly lasts for ever.
//!
//! actix gives a time to the head of the first request, and to nothing else: a body that is not read, the head of a second request
//! and an answer that the client does not take could hold a connection for good. Here every request has to arrive within a time, whether or not
//! its body is read, and every answer has to be taken within a time.

use crate::web::metrics::gauge_guard::GaugeGuard;
use crate::web::rate_limits::address_bucket;
use crate::web::request_framing::{RequestFraming, RequestPart};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// How long the head of a request may take. That of the first is answered with 408 a little earlier.
const HEAD: Duration = Duration::from_secs(12);
/// How long a body may take. A handler that waits for it answers with 408 a little earlier.
const BODY: Duration = Duration::from_secs(20);
/// How long the client may take to accept what is ready for it.
const ANSWER: Duration = Duration::from_secs(30);

/// How many connections each client has. An IPv6 address counts as its /64 network.
#[derive(Default)]
pub(crate) struct ConnectionCounts(Mutex<HashMap<IpAddr, u32>>);

impl ConnectionCounts {
    /// Counts a connection of this client, unless it has as many as it may.
    pub(crate) fn count(self: &Arc<Self>, client: IpAddr, most: u32) -> Option<CountedConnection> {
        let client = address_bucket(client);
        let mut counts = self.lock();
        let count = counts.entry(client).or_default();
        (*count < most).then(|| {
            *count = count.saturating_add(1);
            CountedConnection { counts: Arc::clone(self), client }
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the connections of a client, while it exists.
pub(crate) struct CountedConnection {
    counts: Arc<ConnectionCounts>,
    client: IpAddr,
}

impl Drop for CountedConnection {
    fn drop(&mut self) {
        let mut counts = self.counts.lock();
        if let Some(count) = counts.get_mut(&self.client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.client);
            }
        }
    }
}

/// A moment at which something ends, while it is set.
#[derive(Default)]
struct Deadline(Option<Pin<Box<Sleep>>>);

impl Deadline {
    fn has_passed(&mut self, task: &mut Context<'_>) -> bool {
        self.0.as_mut().is_some_and(|deadline| deadline.as_mut().poll(task).is_ready())
    }
}

/// A connection with its deadlines.
pub(crate) struct Connection {
    stream: TcpStream,
    framing: RequestFraming,
    request: Deadline,
    answer: Deadline,
    /// Whether nothing more is read, because the bytes could be understood in two ways.
    is_unreadable: bool,
    _counted: Option<CountedConnection>,
    _open: GaugeGuard,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, counted: Option<CountedConnection>, open: GaugeGuard) -> Self {
        let (request, answer) = (Deadline::default(), Deadline::default());
        Self { stream, framing: RequestFraming::default(), request, answer, is_unreadable: false, _counted: counted, _open: open }
    }

    /// Follows what was read, and sets the time for the part of a request that has begun.
    fn follow(&mut self, read: &mut ReadBuf<'_>, before: usize) {
        let begun = self.framing.begun();
        let fresh = read.filled_mut().get_mut(before..).unwrap_or_default();
        if let Err(readable) = self.framing.read(fresh) {
            read.set_filled(before.saturating_add(readable));
            self.is_unreadable = true;
        }
        let time = match self.framing.part() {
            RequestPart::None => None,
            RequestPart::Head => Some(HEAD),
            RequestPart::Body => Some(BODY),
        };
        if time.is_none() || self.framing.begun() != begun {
            self.request.0 = time.map(|time| Box::pin(sleep(time)));
        }
    }
}

impl AsyncRead for Connection {
    /// Once the time is over, the client counts as having said all that it will say.
    fn poll_read(mut self: Pin<&mut Self>, task: &mut Context<'_>, read: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = read.filled().len();
        if self.is_unreadable || self.request.has_passed(task) {
            return Poll::Ready(Ok(()));
        }
        let polled = Pin::new(&mut self.stream).poll_read(task, read);
        if matches!(polled, Poll::Ready(Ok(()))) {
            self.follow(read, before);
        }
        polled
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(task, bytes);
        if polled.is_pending() && self.answer.0.is_none() {
            self.answer.0 = Some(Box::pin(sleep(ANSWER)));
        }
        if self.answer.has_passed(task) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        polled
    }

    /// actix calls this once all that was ready is written.
    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.answer.0 = None;
        Pin::new(&mut self.stream).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(task)
    }
}

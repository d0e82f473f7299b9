//! The log of a server. A thread of its own writes it, so that a reader of the log who falls asleep holds up no request: lines wait
//! up to a bound, what does not fit is lost, and the log says how much that was.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tracing_subscriber::fmt::MakeWriter;

/// How many lines wait at most.
const LONGEST_QUEUE: usize = 4096;
/// Up to how many lines at once are a few.
const FEW: u64 = 32;
/// How many lines are written at once.
const MOST_AT_ONCE: usize = 256;
/// How long the thread sleeps after it has written a few lines, far less than it takes to fill the queue.
const PAUSE: Duration = Duration::from_millis(1);

static QUEUE: OnceLock<LogQueue> = OnceLock::new();

/// Takes lines of the log for a thread that writes them.
#[derive(Clone)]
pub(crate) struct LogQueue {
    waiting: Sender<Waiting>,
    lost: Arc<LostLines>,
}

/// The lines that are lost.
#[derive(Default)]
struct LostLines {
    /// Those of which the log has not said so yet.
    unreported: AtomicU64,
    /// All since the start.
    all: AtomicU64,
}

impl LostLines {
    fn count(&self, many: u64) {
        self.unreported.fetch_add(many, Ordering::Relaxed);
        self.all.fetch_add(many, Ordering::Relaxed);
    }
}

enum Waiting {
    Line(Box<[u8]>),
    /// Answered when everything before it is written.
    Mark(SyncSender<()>),
}

impl LogQueue {
    /// The queue in front of stderr. Where no thread can be had, there is none.
    pub(crate) fn to_stderr() -> io::Result<&'static Self> {
        if let Some(queue) = QUEUE.get() {
            return Ok(queue);
        }
        let queue = Self::to(io::stderr())?;
        Ok(QUEUE.get_or_init(|| queue))
    }

    fn to(output: impl Write + Send + 'static) -> io::Result<Self> {
        // This queue takes memory only for the lines that wait.
        let (sender, mut receiver) = channel(LONGEST_QUEUE);
        let queue = Self { waiting: sender, lost: Arc::default() };
        let lost = Arc::clone(&queue.lost);
        thread::Builder::new().name("log".to_owned()).spawn(move || write_lines(&mut receiver, output, &lost))?;
        Ok(queue)
    }

    /// How many lines are lost since the start.
    pub(crate) fn lost_lines() -> u64 {
        QUEUE.get().map_or(0, |queue| queue.lost.all.load(Ordering::Relaxed))
    }

    /// Waits until what is in the queue is written, but not for ever.
    pub(crate) fn flush() {
        let Some(queue) = QUEUE.get() else { return };
        let (done, written) = sync_channel(1);
        if queue.waiting.try_send(Waiting::Mark(done)).is_ok() {
            let _ = written.recv_timeout(Duration::from_secs(1));
        }
    }
}

fn write_lines(waiting: &mut Receiver<Waiting>, mut output: impl Write, lost: &LostLines) {
    let (mut taken, mut lines) = (Vec::new(), Vec::new());
    while waiting.blocking_recv_many(&mut taken, MOST_AT_ONCE) > 0 {
        let (mut marks, mut many) = (Vec::new(), 0_u64);
        for next in taken.drain(..) {
            match next {
                Waiting::Line(line) => {
                    lines.extend_from_slice(&line);
                    many = many.saturating_add(1);
                }
                Waiting::Mark(done) => marks.push(done),
            }
        }
        // An error of the log must not be logged; that lines are missing is said as soon as it can be.
        if output.write_all(&lines).is_err() {
            lost.count(many);
        }
        lines.clear();
        for done in marks {
            let _ = done.try_send(());
        }
        let lost = lost.unreported.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ = writeln!(output, "{lost} lines of the log are lost, because it was not read in time");
        }
        // While lines come often, the thread wakes once for several of them.
        if many < FEW {
            thread::sleep(PAUSE);
        }
    }
}

impl MakeWriter<'_> for &'static LogQueue {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        self
    }
}

impl Write for &LogQueue {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.waiting.try_send(Waiting::Line(bytes.into())).is_err() {
            self.lost.count(1);
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! Work that goes on after its request was answered, or without it, and that the end of the broker waits for: a mail on its way, tokens that
//! a provider has exchanged and that are not stored yet.

use crate::world::traces::in_current_span;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tracing::Instrument as _;

/// Counts the unfinished work, and starts it on a runtime that lasts.
#[derive(Clone, Debug)]
pub(crate) struct UnfinishedWork {
    count: Arc<WorkCount>,
    /// The runtime that runs until the process ends. Those of the threads that answer requests end with their last connection.
    lasting: Handle,
}

#[derive(Debug, Default)]
struct WorkCount {
    many: AtomicUsize,
    finished: Notify,
}

/// Work that is not finished until this is dropped.
#[derive(Debug)]
pub(crate) struct WorkMark(Arc<WorkCount>);

impl UnfinishedWork {
    /// Work that runs on the runtime of this thread.
    pub(crate) fn on_this_runtime() -> Self {
        Self { count: Arc::default(), lasting: Handle::current() }
    }

    /// Marks work that runs elsewhere.
    pub(crate) fn begin(&self) -> WorkMark {
        self.count.many.fetch_add(1, Ordering::SeqCst);
        WorkMark(Arc::clone(&self.count))
    }

    /// Does work beside all requests. Its lines of the log and its spans belong to the request that began it.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mark = self.begin();
        let marked = async move {
            work.await;
            drop(mark);
        };
        self.lasting.spawn(in_current_span(marked.in_current_span()));
    }

    /// Waits until none is left.
    pub(crate) async fn finished(&self) {
        loop {
            let finished = self.count.finished.notified();
            if self.count.many.load(Ordering::SeqCst) == 0 {
                return;
            }
            finished.await;
        }
    }
}

impl Drop for WorkMark {
    fn drop(&mut self) {
        if self.0.many.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.finished.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[actix_web::test]
    async fn the_end_waits_for_what_was_begun_and_for_nothing_else() {
        let work = UnfinishedWork::on_this_runtime();
        work.finished().await;
        let (done, wait) = oneshot::channel::<()>();
        work.spawn(async move { drop(wait.await) });
        let mark = work.begin();
        let waiting = actix_web::rt::spawn({
            let work = work.clone();
            async move { work.finished().await }
        });

        drop(mark);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(done);

        waiting.await.expect("it waits for nothing more");
    }
}

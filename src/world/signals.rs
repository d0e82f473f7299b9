//! The signals by which a service manager and an operator speak to the process.

use std::io;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What is asked of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProcessSignal {
    /// SIGTERM or SIGINT: it shall end.
    End,
    /// SIGHUP: it shall read its files again.
    Reload,
}

/// SIGHUP, which does not end the process from here on, and is kept until [`ProcessSignals`] take it up.
#[derive(Debug)]
pub struct HeldReload {
    #[cfg(unix)]
    hang_up: Signal,
}

impl HeldReload {
    /// Holds it for a process that was started by this word, before anything else of the command line is read. A process without the word ends
    /// by SIGHUP, as one does whose terminal was closed; one that has it as another argument goes on to its end.
    pub fn of_command(word: &str) -> Option<Self> {
        if std::env::args_os().skip(1).any(|given| given == word) { Self::new().ok() } else { None }
    }

    /// The handler stays when the runtime is gone by which it was made. The runtime that serves reads what came meanwhile.
    #[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, reason = "there is nothing to hold elsewhere"))]
    fn new() -> io::Result<Self> {
        #[cfg(unix)]
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        #[cfg(unix)]
        let _inside = runtime.enter();
        Ok(Self {
            #[cfg(unix)]
            hang_up: signal(SignalKind::hangup())?,
        })
    }
}

pub(crate) struct ProcessSignals {
    #[cfg(unix)]
    terminate: Signal,
    #[cfg(unix)]
    interrupt: Signal,
    #[cfg(unix)]
    hang_up: Signal,
}

impl ProcessSignals {
    /// From here on, the signals do not end the process by themselves. A reload that was held before is the first of them. It is called within a
    /// runtime.
    #[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, reason = "signals may fail elsewhere"))]
    pub(crate) fn new(held: Option<HeldReload>) -> io::Result<Self> {
        #[cfg(not(unix))]
        drop(held);
        Ok(Self {
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate())?,
            #[cfg(unix)]
            interrupt: signal(SignalKind::interrupt())?,
            #[cfg(unix)]
            hang_up: held.map_or_else(|| signal(SignalKind::hangup()), |held| Ok(held.hang_up))?,
        })
    }

    /// Waits for the next signal.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> ProcessSignal {
        tokio::select! {
            _ = self.terminate.recv() => ProcessSignal::End,
            _ = self.interrupt.recv() => ProcessSignal::End,
            _ = self.hang_up.recv() => ProcessSignal::Reload,
        }
    }

    /// Waits for the next signal.
    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) -> ProcessSignal {
        // Where no signal can be had, none comes.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        ProcessSignal::End
    }
}

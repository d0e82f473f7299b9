//! The block `shutdown` of the settings: how the broker ends when it is asked to (SIGTERM or SIGINT).

use crate::provider::moment::TimeSpan;
use crate::vocabulary::place::Located;
use crate::vocabulary::words::Reader;
use crate::words;
use std::time::Duration;

/// The longest of both times.
const LONGEST: Duration = Duration::from_mins(10);

words! {
    /// How the broker ends when it is asked to, by SIGTERM or SIGINT. Then `/health/ready` answers 503. After `delay` the broker
    /// finishes mails and exchanges of tokens that are under way, for at most half of `timeout`. Then it accepts no connections any more, and finishes
    /// the requests that are under way. A second signal cuts the wait short.
    pub(crate) struct ShutdownSpec ("shutdown block") {
        /// How long the broker serves on after it was asked to end, so that a load balancer that asks `/health/ready` sends it no visitors
        /// by then.
        /// Default: `0s`
        /// Example: `delay: 5s`
        delay: Option<Located<TimeSpan>> = "delay",
        /// How long requests that are under way may take from then on, such as a login that waits for its provider. What is not finished by
        /// then is cut off. Whatever stops the broker has to be as patient as both times together, and five seconds more.
        /// Default: `25s`
        /// Example: `timeout: 20s`
        timeout: Option<Located<TimeSpan>> = "timeout",
    }
}

pub(crate) fn check_shutdown(shutdown: &ShutdownSpec, reader: &mut Reader) {
    for span in shutdown.delay.iter().chain(&shutdown.timeout).filter(|span| span.value.0 > LONGEST) {
        reader.complain(span.place, format!("`{}` is longer than 10 minutes", span.value), "write a shorter time, such as `25s`");
    }
}

/// The times of a shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShutdownTimes {
    pub(crate) delay: Duration,
    pub(crate) timeout: Duration,
}

impl ShutdownTimes {
    pub(crate) fn new(shutdown: Option<&ShutdownSpec>) -> Self {
        let span = |pick: fn(&ShutdownSpec) -> Option<&Located<TimeSpan>>, usual| {
            shutdown.and_then(pick).map_or(Duration::from_secs(usual), |span| span.value.0)
        };
        Self { delay: span(|shutdown| shutdown.delay.as_ref(), 0), timeout: span(|shutdown| shutdown.timeout.as_ref(), 25) }
    }
}

//! The time of a runtime that is paused: it passes while everybody waits.

use std::time::Duration;

use headrace_io::Clock;
use tokio::time::Instant;

/// When every broker starts, in milliseconds since the epoch.
pub(crate) const START_MS: i64 = 1_800_000_000_000;

/// Monotonic and wall time of the runtime that it was made in.
#[derive(Debug)]
pub(crate) struct RuntimeClock {
    start: Instant,
}

impl RuntimeClock {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for RuntimeClock {
    fn mono(&self) -> Duration {
        self.start.elapsed()
    }

    fn wall_ms(&self) -> i64 {
        START_MS + self.mono().as_millis() as i64
    }
}

//! The window that is open, and its place in time.

use crate::{tally::Tally, time::Now};

#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) id: u64,
    pub(crate) started_at_ms: i64,
    /// When it is to close.
    pub(crate) ends_at_ms: i64,
    pub(crate) tally: Tally,
    /// For how long an earlier process ran in it.
    ran_before_ms: i64,
    /// Since when this process has run in it, on the monotonic clock.
    pub(crate) since_mono_ms: i64,
}

impl Open {
    pub(crate) fn new(id: u64, started_at_ms: i64, ends_at_ms: i64, since_mono_ms: i64) -> Self {
        let tally = Tally::default();
        Self { id, started_at_ms, ends_at_ms, tally, ran_before_ms: 0, since_mono_ms }
    }

    /// The window that an earlier process had open.
    pub(crate) fn with(self, tally: Tally, ran_before_ms: i64) -> Self {
        Self { tally, ran_before_ms, ..self }
    }

    /// For how long a broker ran in it, were it to end at `ended_at_ms`.
    pub(crate) fn running_ms(&self, now: Now, ended_at_ms: i64) -> i64 {
        let running = self.ran_before_ms.saturating_add(self.elapsed_ms(now));
        running.clamp(0, ended_at_ms - self.started_at_ms)
    }

    /// How long this process has had it open.
    pub(crate) fn elapsed_ms(&self, now: Now) -> i64 {
        now.mono_ms.saturating_sub(self.since_mono_ms).max(0)
    }

    /// Whether the clock has gone back to before the window began.
    pub(crate) fn is_ahead_of(&self, now: Now) -> bool {
        now.wall_ms < self.started_at_ms
    }
}

//! Going on after any kind of stop, from what is durable.

use crate::{
    checkpoint::Checkpoint,
    meter::{Meter, Snapshot},
    open::Open,
    stored::{ClosedWindow, StoredMeter},
    tally::Tally,
    time::{Now, WindowLength, hour_end_after},
};

/// Durable state that does not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("window {expected} is missing, window {found} is there")]
pub struct ResumeError {
    /// The id that was to follow.
    pub expected: u64,
    /// The id that was found.
    pub found: u64,
}

impl Meter {
    /// Goes on with the windows that were written since the meter was stored, oldest first, and the last checkpoint.
    ///
    /// Nothing is closed yet: what the logs hold beyond what was counted is told by [`Self::found`], and then
    /// [`Self::begin`] is called.
    pub fn resume(
        stored: StoredMeter,
        windows: Vec<ClosedWindow>,
        checkpoint: Option<Checkpoint>,
        length: WindowLength,
        now: Now,
    ) -> Result<Self, ResumeError> {
        let mut meter = Self::create(stored.meter_id, length, now);
        meter.cursors = stored.cursors;
        meter.acknowledged_through = stored.acknowledged_through;
        meter.stored_through = stored.through;
        meter.written_through = stored.through;
        meter.written_next_started_at_ms = stored.next_started_at_ms;
        meter.open = Open::new(stored.through + 1, stored.next_started_at_ms, 0, now.mono_ms);
        for closed in windows {
            meter.append(closed)?;
            meter.written();
        }
        if let Some(checkpoint) = checkpoint {
            meter.take_up(checkpoint, now)?;
        }
        if meter.open.ends_at_ms == 0 {
            meter.plan_end(meter.open.started_at_ms);
        }
        Ok(meter)
    }

    /// Begins to count. A window whose time is over while no broker ran is closed, and the next one begins now.
    pub fn begin(&mut self, now: Now, at_end: Snapshot) {
        if now.wall_ms >= self.open.ends_at_ms {
            let (ended_at_ms, mono_ms) = (self.open.ends_at_ms, now.mono_ms);
            self.end_window(now, at_end, ended_at_ms, now.wall_ms, mono_ms);
        }
    }

    /// By how much the clock is behind the beginning of the open window, in ms.
    #[must_use]
    pub fn ahead_ms(&self, now: Now) -> u64 {
        (self.open.started_at_ms - now.wall_ms).max(0).unsigned_abs()
    }

    /// Adds a closed window that must be the next one.
    fn append(&mut self, closed: ClosedWindow) -> Result<(), ResumeError> {
        let (expected, found) = (self.open.id, closed.window.id);
        if expected != found {
            return Err(ResumeError { expected, found });
        }
        for range in &closed.window.appended {
            self.cursors.insert(range.log(), range.next_offset);
        }
        self.open = Open::new(expected + 1, closed.next_started_at_ms, 0, self.open.since_mono_ms);
        self.pending.push_back(closed);
        Ok(())
    }

    /// Takes over from a checkpoint what no window file holds. One that is older than the last window has nothing to add.
    fn take_up(&mut self, checkpoint: Checkpoint, now: Now) -> Result<(), ResumeError> {
        if checkpoint.open.id <= self.written_through {
            return Ok(());
        }
        let written_through = self.written_through;
        for closed in checkpoint.pending.into_iter().filter(|closed| closed.window.id > written_through) {
            self.append(closed)?;
        }
        let open = checkpoint.open;
        if open.id != self.open.id {
            return Err(ResumeError { expected: self.open.id, found: open.id });
        }
        self.secured_through = open.id - 1;
        let ends_at_ms = open.ended_at_ms.min(hour_end_after(open.started_at_ms));
        let tally = Tally::from_window(&open);
        self.open =
            Open::new(open.id, open.started_at_ms, ends_at_ms, now.mono_ms).with(tally, open.running_ms);
        Ok(())
    }
}

//! The meter: numbers windows, opens and closes them, and knows what of them is durable.

use std::collections::{BTreeMap, VecDeque};

use headrace_types::{TopicId, TopicPartition};
use uuid::Uuid;

use crate::{
    checkpoint::Checkpoint,
    limits::{WINDOWS_PER_STORED_METER, WINDOWS_WAITING_MAX},
    open::Open,
    stored::{ClosedWindow, StoredMeter},
    tally::Append,
    time::{Now, WindowLength, hour_end_after},
    window::{Quantity, Window},
};

/// What a broker is like at the end of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Bytes of all segments.
    pub stored_bytes: u64,
    /// Number of partitions.
    pub partitions: u64,
    /// Number of connections.
    pub connections: u64,
}

/// A window that is not there to be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("window {through} is not closed: the last one that is has id {closed_through}")]
pub struct WindowUnknown {
    /// What was named.
    pub through: u64,
    /// The last window that may be.
    pub closed_through: u64,
}

/// Counts what clients use.
#[derive(Debug)]
pub struct Meter {
    pub(crate) id: Uuid,
    pub(crate) length: WindowLength,
    pub(crate) acknowledged_through: u64,
    /// The last window whose file is durable.
    pub(crate) written_through: u64,
    /// The last window that a checkpoint holds, if it is later than that.
    pub(crate) secured_through: u64,
    /// The window that the stored meter speaks of.
    pub(crate) stored_through: u64,
    /// When the window after the last one written began.
    pub(crate) written_next_started_at_ms: i64,
    /// By partition: the end of its last range in a closed window.
    pub(crate) cursors: BTreeMap<TopicPartition, i64>,
    /// Windows that are closed and not written, oldest first.
    pub(crate) pending: VecDeque<ClosedWindow>,
    pub(crate) open: Open,
    /// Whether windows can not be written at present.
    pub(crate) stuck: bool,
}

impl Meter {
    /// The meter of a data directory that had none.
    #[must_use]
    pub fn create(id: Uuid, length: WindowLength, now: Now) -> Self {
        let open = Open::new(1, now.wall_ms, length.end_after(now.wall_ms), now.mono_ms);
        Self {
            id,
            length,
            acknowledged_through: 0,
            written_through: 0,
            secured_through: 0,
            stored_through: 0,
            written_next_started_at_ms: now.wall_ms,
            cursors: BTreeMap::new(),
            pending: VecDeque::new(),
            open,
            stuck: false,
        }
    }

    /// Leaves out what a log holds before `offset`: it was appended before there was a meter.
    pub fn leave_out(&mut self, log: TopicPartition, offset: i64) {
        self.cursors.insert(log, offset);
    }

    /// Names the sequence of windows.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// How long windows are, unless too many wait.
    #[must_use]
    pub fn length(&self) -> WindowLength {
        self.length
    }

    /// The last window that is closed and durable.
    #[must_use]
    pub fn closed_through(&self) -> u64 {
        self.written_through
    }

    /// The last window that is acknowledged.
    #[must_use]
    pub fn acknowledged_through(&self) -> u64 {
        self.acknowledged_through
    }

    /// How many closed windows are not acknowledged.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.open.id - 1 - self.acknowledged_through
    }

    /// Counts a batch that was appended to a log which is durable up to `high_watermark`. An offset counts once: a log that
    /// has lost what was counted of it counts again from there on.
    pub fn appended(&mut self, log: TopicPartition, topic: &str, append: &Append<'_>, high_watermark: i64) {
        if append.next_offset <= self.counted(log) {
            return;
        }
        let from = self.cursors.get(&log).copied().unwrap_or(append.base_offset);
        self.open.tally.appended(log, topic, from, append);
        self.open.tally.settle(log, high_watermark);
    }

    /// Counts a produce request that appended to a topic.
    pub fn produced(&mut self, topic: TopicId, name: &str, principal: &str) {
        self.open.tally.produced(topic, name, principal);
    }

    /// Counts an answer to a fetch, with the bytes of batches that it holds of a topic.
    pub fn read(&mut self, topic: TopicId, name: &str, principal: &str, bytes: u64) {
        self.open.tally.read(topic, name, principal, bytes);
    }

    /// Up to where a log is counted, durable in it or not at all; 0 in a log that nothing was appended to.
    #[must_use]
    pub fn counted(&self, log: TopicPartition) -> i64 {
        self.open.tally.next_offset(log).or_else(|| self.cursors.get(&log).copied()).unwrap_or(0)
    }

    /// Counts what a log was found to hold from [`Self::counted`] up to `next_offset`, which is durable. Where nobody knows who
    /// appended it the principal is [`UNKNOWN`](crate::UNKNOWN).
    pub fn found(
        &mut self,
        log: TopicPartition,
        topic: &str,
        principal: &str,
        next_offset: i64,
        quantity: Quantity,
    ) {
        let base_offset = self.counted(log);
        let append = Append { principal, base_offset, next_offset, quantity };
        self.appended(log, topic, &append, next_offset);
    }

    /// Forgets the logs that are no more, but for what their windows count.
    pub fn keep(&mut self, exists: impl Fn(TopicPartition) -> bool) {
        for log in self.open.tally.logs().into_iter().filter(|log| !exists(*log)) {
            self.open.tally.left(log.topic);
        }
        self.cursors.retain(|log, _| exists(*log));
    }

    /// Up to where a log is counted durably: data before this may go.
    #[must_use]
    pub fn counted_durably(&self, log: TopicPartition) -> i64 {
        if let Some(secured) = self.open.tally.secured_offset(log) {
            return secured;
        }
        let mut unsecured = self.pending.iter().filter(|closed| closed.window.id > self.secured_through);
        let first = unsecured.find_map(|closed| closed.window.range_of(log));
        first.map_or_else(|| self.cursors.get(&log).copied().unwrap_or(0), |range| range.first_offset)
    }

    /// Takes note of a topic that is about to go: of its logs what is durable counts, the rest never was. Whether a
    /// checkpoint is needed first.
    pub fn leaving(&mut self, topic: TopicId, logs: impl Iterator<Item = (TopicPartition, i64)>) -> bool {
        for (log, high_watermark) in logs {
            self.open.tally.settle(log, high_watermark);
        }
        let pending = || {
            let mut unsecured = self.pending.iter().filter(|closed| closed.window.id > self.secured_through);
            unsecured.any(|closed| closed.window.names(topic))
        };
        self.open.tally.has_changed(topic) || pending()
    }

    /// Forgets a topic that is gone, but for what its windows count.
    pub fn left(&mut self, topic: TopicId) {
        self.open.tally.left(topic);
        self.cursors.retain(|log, _| log.topic != topic);
    }

    /// Everything that no window file holds; [`Self::secured`] says that it is durable.
    pub fn checkpoint(
        &mut self,
        now: Now,
        high_watermark: impl Fn(TopicPartition) -> Option<i64>,
    ) -> Checkpoint {
        self.settle(high_watermark);
        let (appended, traffic) = self.open.tally.list();
        let open = Window {
            id: self.open.id,
            started_at_ms: self.open.started_at_ms,
            ended_at_ms: self.open.ends_at_ms,
            running_ms: self.open.running_ms(now, self.open.ends_at_ms),
            stored_bytes: 0,
            partitions: 0,
            connections: 0,
            appended,
            traffic,
        };
        Checkpoint { pending: self.pending.iter().cloned().collect(), open }
    }

    /// Takes note that the checkpoint which was just taken is durable.
    pub fn secured(&mut self) {
        self.open.tally.secured();
        self.secured_through = self.open.id - 1;
    }

    /// Whether the open window has to close early.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.open.tally.is_full() && self.pending.is_empty()
    }

    /// Whether the open window is to close.
    #[must_use]
    pub fn is_due(&self, now: Now) -> bool {
        self.wait_ms(now) == 0
    }

    /// How long the open window has still to go, in ms.
    #[must_use]
    pub fn wait_ms(&self, now: Now) -> u64 {
        let left = if self.is_full() {
            0
        } else if self.open.is_ahead_of(now) {
            // Windows go on closing although the clock may take its time to reach them.
            let behind_ms = self.open.started_at_ms - now.wall_ms;
            behind_ms.min(self.length.ms() - self.open.elapsed_ms(now))
        } else {
            self.open.ends_at_ms - now.wall_ms
        };
        left.max(0).unsigned_abs()
    }

    /// Closes the open window and begins the next one. `high_watermark` tells how far a log is durable: what lies behind
    /// counts in the next window.
    ///
    /// A window that is late ends when it was to end. One that is closed early ends now, and no sooner than a millisecond after
    /// its beginning, which is also what becomes of it while the clock is behind that.
    ///
    /// # Panics
    /// If the window would end before it began: usage would then be charged twice.
    pub fn close(
        &mut self,
        now: Now,
        at_end: Snapshot,
        high_watermark: impl Fn(TopicPartition) -> Option<i64>,
    ) {
        self.settle(high_watermark);
        let ended_at_ms = now.wall_ms.clamp(self.open.started_at_ms + 1, self.open.ends_at_ms);
        let late_ms = now.wall_ms - ended_at_ms;
        // Later than a whole window: the clock has jumped, or the machine was asleep.
        let is_gap = late_ms >= self.length.ms();
        let next_started_at_ms = if is_gap { now.wall_ms } else { ended_at_ms };
        let since_mono_ms = if is_gap { now.mono_ms } else { now.mono_ms - late_ms.max(0) };
        self.end_window(now, at_end, ended_at_ms, next_started_at_ms, since_mono_ms);
    }

    pub(crate) fn end_window(
        &mut self,
        now: Now,
        at_end: Snapshot,
        ended_at_ms: i64,
        next_started_at_ms: i64,
        since_mono_ms: i64,
    ) {
        assert!(
            self.open.started_at_ms < ended_at_ms && ended_at_ms <= next_started_at_ms,
            "a window would last from {} to {ended_at_ms}, the next begin at {next_started_at_ms}",
            self.open.started_at_ms
        );
        let (appended, traffic) = self.open.tally.list();
        for range in appended.iter().filter(|range| !self.open.tally.has_left(range.topic_id)) {
            self.cursors.insert(range.log(), range.next_offset);
        }
        let window = Window {
            id: self.open.id,
            started_at_ms: self.open.started_at_ms,
            ended_at_ms,
            running_ms: self.open.running_ms(now, ended_at_ms),
            stored_bytes: at_end.stored_bytes,
            partitions: at_end.partitions,
            connections: at_end.connections,
            appended,
            traffic,
        };
        self.pending.push_back(ClosedWindow { window, next_started_at_ms });
        let next = Open::new(self.open.id + 1, next_started_at_ms, 0, since_mono_ms);
        let last = std::mem::replace(&mut self.open, next);
        self.open.tally = last.tally.rest();
        self.plan_end(next_started_at_ms);
    }

    /// The oldest window that is closed and not written.
    #[must_use]
    pub fn unwritten(&self) -> Option<&ClosedWindow> {
        self.pending.front()
    }

    /// Takes note that the window of [`Self::unwritten`] is durable.
    pub fn written(&mut self) {
        if let Some(closed) = self.pending.pop_front() {
            self.written_through = closed.window.id;
            self.written_next_started_at_ms = closed.next_started_at_ms;
        }
    }

    /// Takes note whether windows can be written: while they can not, the open one lasts to the end of its hour.
    pub fn set_stuck(&mut self, stuck: bool, now: Now) {
        let was_long = self.lasts_to_the_hour();
        self.stuck = stuck;
        self.plan_again(was_long, now);
    }

    /// What to store: acknowledged up to `acknowledged_through`, everything else as after the last window written.
    #[must_use]
    pub fn stored(&self, acknowledged_through: u64) -> StoredMeter {
        let mut cursors = self.cursors.clone();
        for range in self.pending.iter().rev().flat_map(|closed| &closed.window.appended) {
            cursors.insert(range.log(), range.first_offset);
        }
        StoredMeter {
            meter_id: self.id,
            acknowledged_through,
            through: self.written_through,
            next_started_at_ms: self.written_next_started_at_ms,
            cursors,
        }
    }

    /// Whether a start would have to read many windows.
    #[must_use]
    pub fn wants_storing(&self) -> bool {
        self.written_through - self.stored_through >= WINDOWS_PER_STORED_METER
    }

    /// Takes note that what [`Self::stored`] answered is durable.
    pub fn is_stored(&mut self, stored: &StoredMeter, now: Now) {
        let was_long = self.lasts_to_the_hour();
        self.stored_through = stored.through;
        self.acknowledged_through = self.acknowledged_through.max(stored.acknowledged_through);
        self.plan_again(was_long, now);
    }

    /// Checks that windows up to `through` may be acknowledged.
    pub fn check_known(&self, through: u64) -> Result<(), WindowUnknown> {
        let closed_through = self.written_through;
        if through > closed_through { Err(WindowUnknown { through, closed_through }) } else { Ok(()) }
    }

    fn settle(&mut self, high_watermark: impl Fn(TopicPartition) -> Option<i64>) {
        for log in self.open.tally.logs() {
            if let Some(high_watermark) = high_watermark(log) {
                self.open.tally.settle(log, high_watermark);
            }
        }
    }

    fn lasts_to_the_hour(&self) -> bool {
        self.stuck || self.waiting() >= WINDOWS_WAITING_MAX
    }

    fn plan_again(&mut self, was_long: bool, now: Now) {
        if self.lasts_to_the_hour() != was_long {
            self.plan_end(now.wall_ms.max(self.open.started_at_ms));
        }
    }

    /// Sets the end of the open window, `at_ms` having come.
    pub(crate) fn plan_end(&mut self, at_ms: i64) {
        let hour_end_ms = hour_end_after(self.open.started_at_ms);
        let end_ms = self.length.end_after(at_ms).min(hour_end_ms);
        self.open.ends_at_ms = if self.lasts_to_the_hour() { hour_end_ms } else { end_ms };
    }
}

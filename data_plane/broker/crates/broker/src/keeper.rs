//! A coordinator kept with its journal: what it decides is written down and told once it is durable, and its timers run.

use std::{
    cell::{Cell, RefCell},
    path::Path,
    sync::Arc,
    time::Duration,
};

use headrace_io::{Clock, Disk};
use headrace_log::SyncPlan;
use headrace_types::{ErrorCode, Record};
use tokio::sync::{Notify, watch};

use crate::{
    journal::{Journal, JournalError, JournalKind, Replay},
    limits::JOURNAL_RETRY_INTERVAL,
    storage_failure::end_process,
};

/// A coordinator of which everything that outlives the process is in a journal.
pub(crate) trait Coordinates: Replay {
    /// One moment, as the coordinator has it.
    type Now: Copy;

    /// The moment of these times: of a clock that never goes back, and since the epoch.
    fn at(monotonic_ms: u64, wall_ms: i64) -> Self::Now;

    /// Ends the replay.
    fn start(&mut self, now: Self::Now);

    /// Records that say all there is to say, for a journal that begins anew.
    fn snapshot(&self) -> Vec<Record>;

    /// When something is due next, on the clock that never goes back.
    fn next_deadline_ms(&self) -> u64;
}

/// A coordinator with its journal.
pub(crate) struct Keeper<C> {
    state: RefCell<State<C>>,
    clock: Arc<dyn Clock>,
    /// The offset of the journal up to which records are durable.
    durable: watch::Sender<i64>,
    /// Something was written that is not synced.
    written: Notify,
    /// The next timer has changed.
    timers: Notify,
    /// When the timer that is set is due, on the monotonic clock.
    armed_ms: Cell<u64>,
}

struct State<C> {
    coordinator: C,
    journal: Journal,
}

impl<C: Coordinates> Keeper<C> {
    /// Reads the journal back into a coordinator that knows nothing yet.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        kind: JournalKind,
        directory: &Path,
        mut coordinator: C,
    ) -> Result<Self, JournalError> {
        let journal = Journal::open(disk, kind, directory, clock.wall_ms(), &mut coordinator)?;
        coordinator.start(now::<C>(clock.as_ref()));
        let durable = watch::Sender::new(journal.durable());
        Ok(Self {
            state: RefCell::new(State { coordinator, journal }),
            clock,
            durable,
            written: Notify::new(),
            timers: Notify::new(),
            armed_ms: Cell::new(u64::MAX),
        })
    }

    /// Looks at the coordinator.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&C, C::Now) -> T) -> T {
        look(&self.state.borrow().coordinator, now::<C>(self.clock.as_ref()))
    }

    /// The offset after the last record.
    pub(crate) fn end(&self) -> i64 {
        self.state.borrow().journal.end()
    }

    /// The offset up to which records are durable.
    pub(crate) fn durable(&self) -> i64 {
        *self.durable.borrow()
    }

    /// Returns once the journal is durable up to an offset.
    pub(crate) async fn durable_to(&self, end: i64) {
        let mut durable = self.durable.subscribe();
        // The sender lives as long as `self`.
        let _ = durable.wait_for(|durable| *durable >= end).await;
    }

    /// Refuses while records wait for room on the disk: no more are made.
    pub(crate) fn check_room(&self) -> Result<(), ErrorCode> {
        if self.state.borrow().journal.is_stuck() { Err(ErrorCode::CoordinatorNotAvailable) } else { Ok(()) }
    }

    /// One turn of the coordinator, with the records that it made; answers with the offset that must be durable before anything is
    /// told of it.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut C, C::Now) -> (T, Vec<Record>)) -> (T, i64) {
        let mut state = self.state.borrow_mut();
        let (result, records) = act(&mut state.coordinator, now::<C>(self.clock.as_ref()));
        if !records.is_empty() {
            self.write(&mut state.journal, records);
        }
        if state.coordinator.next_deadline_ms() < self.armed_ms.get() {
            self.timers.notify_one();
        }
        (result, state.journal.end())
    }

    fn write(&self, journal: &mut Journal, records: Vec<Record>) {
        journal.append(records, self.clock.wall_ms()).unwrap_or_else(|error| end_process(&error));
        self.written.notify_one();
    }

    /// Syncs what is written, for ever, and tells each time up to where. Everything written while a sync runs shares the next one.
    pub(crate) async fn keep_durable(&self, tell: impl Fn(i64)) {
        loop {
            self.written.notified().await;
            loop {
                let plan = self.state.borrow_mut().journal.sync_plan();
                let Some(plan) = plan else { break };
                tell(self.sync_by(plan).await);
                self.compact_if_due();
            }
        }
    }

    /// Syncs for the last time; up to where, unless there was nothing to sync.
    pub(crate) async fn close(&self) -> Option<i64> {
        let plan = self.state.borrow_mut().journal.closing_plan()?;
        Some(self.sync_by(plan).await)
    }

    async fn sync_by(&self, plan: SyncPlan) -> i64 {
        let ran = tokio::task::spawn_blocking(move || plan.run()).await;
        let end = match ran {
            Ok(Ok(end)) => end,
            Ok(Err(error)) => end_process(&error),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        let mut state = self.state.borrow_mut();
        state.journal.synced(end, self.clock.wall_ms()).unwrap_or_else(|error| end_process(&error));
        let durable = state.journal.durable();
        self.durable.send_replace(durable);
        durable
    }

    fn compact_if_due(&self) {
        let mut state = self.state.borrow_mut();
        if state.journal.wants_compaction() {
            let snapshot = state.coordinator.snapshot();
            state.journal.compact(snapshot, self.clock.wall_ms()).unwrap_or_else(|error| end_process(&error));
        }
    }

    /// Calls `tick` when something is due, for ever.
    pub(crate) async fn keep_time(&self, tick: impl Fn()) {
        loop {
            let wait = self.arm();
            tokio::select! {
                () = tokio::time::sleep(wait) => tick(),
                () = self.timers.notified() => {}
            }
        }
    }

    /// How long to wait for the next timer; records that wait for room are tried again and again.
    fn arm(&self) -> Duration {
        let state = self.state.borrow();
        let due_ms = state.coordinator.next_deadline_ms();
        self.armed_ms.set(due_ms);
        let wait = Duration::from_millis(due_ms.saturating_sub(monotonic_ms(self.clock.as_ref())));
        if state.journal.is_stuck() { wait.min(JOURNAL_RETRY_INTERVAL) } else { wait }
    }

    /// Tries again to write what waits for room on the disk; part of a tick.
    pub(crate) fn try_again(&self) {
        let mut state = self.state.borrow_mut();
        if state.journal.is_stuck() {
            self.write(&mut state.journal, Vec::new());
        }
    }
}

fn now<C: Coordinates>(clock: &dyn Clock) -> C::Now {
    C::at(monotonic_ms(clock), clock.wall_ms())
}

fn monotonic_ms(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.mono().as_millis()).unwrap_or(u64::MAX)
}

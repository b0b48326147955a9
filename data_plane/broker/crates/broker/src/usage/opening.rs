//! Opening the meter after any kind of stop, and taking stock of the logs.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use headrace_io::{Clock, Disk, Rng};
use headrace_types::{Offset, TopicPartition};
use headrace_usage::{Meter, Now, Quantity, Snapshot, WindowLength};
use tokio::sync::{Mutex, Notify};
use uuid::Builder;

use super::{Usage, UsageError, UsageMetrics, store::Store};

impl Usage {
    /// Reads the meter of the data directory, which the process works in, or begins one.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        rng: &dyn Rng,
        length: WindowLength,
    ) -> Result<Rc<Self>, UsageError> {
        let store = Store::new(disk);
        let now = Now { wall_ms: clock.wall_ms(), mono_ms: clock.mono().as_millis() as i64 };
        let loaded = store.load()?;
        let is_made = loaded.is_some();
        let meter = if let Some(loaded) = loaded {
            Meter::resume(loaded.meter, loaded.windows, loaded.checkpoint, length, now)
                .map_err(|source| UsageError::Resume { path: store.directory().to_path_buf(), source })?
        } else {
            let mut entropy = [0; 16];
            rng.fill(&mut entropy);
            Meter::create(Builder::from_random_bytes(entropy).into_uuid(), length, now)
        };
        Ok(Rc::new(Self {
            meter: RefCell::new(meter),
            store,
            clock,
            is_made: Cell::new(is_made),
            files: Mutex::new(()),
            due: Notify::new(),
            metrics: UsageMetrics::default(),
        }))
    }

    /// Up to where a log is counted, or nothing where there was no meter before: what the log holds was then appended
    /// before anything was metered.
    pub(crate) fn counted(&self, log: TopicPartition) -> Option<Offset> {
        self.is_made.get().then(|| Offset::new(self.meter.borrow().counted(log)))
    }

    /// Counts what a log holds beyond what was counted, up to `end`, on a principal's account.
    pub(crate) fn found(
        &self,
        log: TopicPartition,
        topic: &str,
        principal: &str,
        end: Offset,
        quantity: Quantity,
    ) {
        self.meter.borrow_mut().found(log, topic, principal, end.get(), quantity);
    }

    /// Leaves out what a log holds before `offset`.
    pub(crate) fn leave_out(&self, log: TopicPartition, offset: Offset) {
        self.meter.borrow_mut().leave_out(log, offset.get());
    }

    /// Begins to count, all logs being known. A window whose time is over is closed, and its file written before anything
    /// is appended that belongs to a later one.
    pub(crate) fn begin(
        &self,
        snapshot: Snapshot,
        exists: impl Fn(TopicPartition) -> bool,
    ) -> Result<(), UsageError> {
        let now = self.now();
        {
            let mut meter = self.meter.borrow_mut();
            meter.keep(exists);
            meter.begin(now, snapshot);
            let ahead_ms = meter.ahead_ms(now);
            if ahead_ms > 0 {
                tracing::warn!(
                    ahead_ms,
                    "the clock is behind the last usage window: windows go on from there"
                );
            }
        }
        if snapshot.partitions > 0 {
            self.make()?;
        }
        let written = self.write_closed_here();
        self.observe();
        match written {
            Err(error) if error.is_full() => {
                tracing::warn!(%error, "the disk is full: usage is counted in memory only");
                Ok(())
            }
            written => written,
        }
    }

    /// Writes the closed windows while nothing else runs yet.
    fn write_closed_here(&self) -> Result<(), UsageError> {
        if !self.is_made.get() {
            return Ok(());
        }
        loop {
            let Some(closed) = self.meter.borrow().unwritten().cloned() else { return Ok(()) };
            self.store.write_window(&closed)?;
            self.meter.borrow_mut().written();
        }
    }
}

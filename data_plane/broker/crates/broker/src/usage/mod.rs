//! What clients use, counted for the control plane in windows: appends and reads by topic and principal.
//!
//! Counting happens in memory. A window that closes gets a file of its own; what is open survives a kill because the logs hold
//! it, and a checkpoint holds it before data goes.

mod acknowledging;
mod closing;
mod look;
mod metrics;
mod opening;
mod pages;
mod store;

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

use headrace_io::Clock;
use headrace_types::{Offset, TopicId, TopicPartition};
use headrace_usage::{Append, Meter, Now, UNKNOWN};
use tokio::sync::{Mutex, Notify};

use crate::storage_failure::end_process;
use store::Store;

pub(crate) use acknowledging::AcknowledgeError;
pub(crate) use closing::{close_now, keep_closing};
pub(crate) use look::{UsageFile, look};
pub(crate) use metrics::UsageMetrics;
pub(crate) use store::UsageError;

/// The control plane looks at its clusters on nobody's account.
const READS_FOR_NOBODY: &str = "User:control-plane";

/// The usage of a broker.
pub(crate) struct Usage {
    meter: RefCell<Meter>,
    store: Store,
    clock: Arc<dyn Clock>,
    /// Whether the meter has a file. It gets one with the first topic, before which nothing can be counted, or when it is
    /// asked for.
    is_made: Cell<bool>,
    /// Held by whoever writes windows or the meter's file, or reads windows.
    files: Mutex<()>,
    /// The open window is to close early.
    due: Notify,
    metrics: UsageMetrics,
}

impl Usage {
    /// Counts a batch that was appended to a log which is durable up to `high_watermark`.
    pub(crate) fn appended(
        &self,
        log: TopicPartition,
        topic: &str,
        append: &Append<'_>,
        high_watermark: Offset,
    ) {
        self.meter.borrow_mut().appended(log, topic, append, high_watermark.get());
        self.close_if_full();
    }

    /// Counts a produce request that appended to a topic.
    pub(crate) fn produced(&self, topic: TopicId, name: &str, principal: Option<&str>) {
        self.meter.borrow_mut().produced(topic, name, principal.unwrap_or(UNKNOWN));
        self.close_if_full();
    }

    /// Counts an answer to a fetch, with the bytes of batches that it holds of a topic.
    pub(crate) fn read(&self, topic: TopicId, name: &str, principal: Option<&str>, bytes: u64) {
        let principal = principal.unwrap_or(UNKNOWN);
        if principal != READS_FOR_NOBODY {
            self.meter.borrow_mut().read(topic, name, principal, bytes);
            self.close_if_full();
        }
    }

    fn close_if_full(&self) {
        if self.meter.borrow().is_full() {
            self.due.notify_one();
        }
    }

    /// Up to where a log is counted durably: data before this may go.
    pub(crate) fn counted_durably(&self, log: TopicPartition) -> Offset {
        Offset::new(self.meter.borrow().counted_durably(log))
    }

    /// Makes durable what of a topic only memory counts; it is about to go with its logs, which are durable up to the
    /// offsets given. On a full disk the topic goes all the same: what a kill then leaves uncounted is lost.
    pub(crate) fn secure_topic(
        &self,
        topic: TopicId,
        logs: &[(TopicPartition, Offset)],
        high_watermark: impl Fn(TopicPartition) -> Option<i64>,
    ) {
        let logs = logs.iter().map(|(log, offset)| (*log, offset.get()));
        if self.meter.borrow_mut().leaving(topic, logs) {
            self.secure(high_watermark);
        }
    }

    /// Takes note that a topic is gone.
    pub(crate) fn topic_gone(&self, topic: TopicId) {
        self.meter.borrow_mut().left(topic);
    }

    /// Makes everything durable that is counted; false if the disk is full.
    pub(crate) fn secure(&self, high_watermark: impl Fn(TopicPartition) -> Option<i64>) -> bool {
        match self.write_checkpoint(high_watermark) {
            Ok(()) => true,
            Err(error) if error.is_full() => {
                tracing::warn!(%error, "the disk is full: usage is counted in memory only");
                false
            }
            Err(error) => end_process(&error),
        }
    }

    fn write_checkpoint(
        &self,
        high_watermark: impl Fn(TopicPartition) -> Option<i64>,
    ) -> Result<(), UsageError> {
        self.make()?;
        let checkpoint = self.meter.borrow_mut().checkpoint(self.now(), high_watermark);
        self.store.write_checkpoint(&checkpoint)?;
        self.meter.borrow_mut().secured();
        self.metrics.checkpoints.inc();
        Ok(())
    }

    /// Gives the meter its file, unless it has one. Called on the event loop alone, so that nobody writes it meanwhile.
    pub(crate) fn make(&self) -> Result<(), UsageError> {
        if !self.is_made.get() {
            let stored = self.meter.borrow().stored(0);
            self.store.create_dir()?;
            self.store.write_meter(&stored)?;
            self.is_made.set(true);
        }
        Ok(())
    }

    /// What is counted of the meter, to be registered.
    pub(crate) fn metrics(&self) -> &UsageMetrics {
        &self.metrics
    }

    fn observe(&self) {
        self.metrics.waiting.set(self.meter.borrow().waiting() as i64);
    }

    fn now(&self) -> Now {
        Now { wall_ms: self.clock.wall_ms(), mono_ms: self.clock.mono().as_millis() as i64 }
    }
}

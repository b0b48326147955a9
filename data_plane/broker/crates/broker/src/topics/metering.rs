//! What the usage meter asks of the logs.

use headrace_commit::{CommitError, Replay};
use headrace_log::{LogError, Measured};
use headrace_types::{Offset, TopicId, TopicName, TopicPartition};
use headrace_usage::{Quantity, Snapshot, UNKNOWN};

use super::{Online, Slot, State, Topics};
use crate::usage::UsageError;

impl Topics {
    /// Tells the meter what the logs hold that it has not counted, and lets it begin.
    pub(crate) fn begin_metering(&self) -> Result<(), UsageError> {
        {
            let State { catalog, logs, .. } = &mut *self.state.borrow_mut();
            for (log, slot) in logs {
                let Slot::Online(online) = slot else { continue };
                let name = catalog.name_of(log.topic).map_or("", |name| name.as_str());
                self.take_stock(*log, name, online);
            }
        }
        self.usage.begin(self.snapshot(0), |log| self.exists(log))?;
        if self.replay.borrow().is_some() {
            self.with_high_watermarks(|high_watermark| self.usage.secure(high_watermark));
        }
        Ok(())
    }

    /// Removes the write-ahead log of the process before: what it held is in the segments, and what it told is metered.
    pub(crate) fn forget_replayed(&self) -> Result<(), CommitError> {
        self.replay.take().map_or(Ok(()), Replay::remove)
    }

    fn take_stock(&self, log: TopicPartition, topic: &str, online: &mut Online) {
        let end = online.log.log_end();
        let Some(counted) = self.usage.counted(log) else { return self.usage.leave_out(log, end) };
        if counted > end {
            tracing::error!(partition = %log, topic, %counted, %end, "usage_log_behind: a log ends before what was counted of it");
        }
        if counted >= end {
            return;
        }
        let start = online.log.log_start();
        if start > counted {
            tracing::error!(partition = %log, topic, %counted, %start, "usage_log_gone: data went before its usage was durable");
        }
        let mut from = counted;
        for share in self.accounts.of(log) {
            let (base, next) =
                (Offset::new(share.base_offset).max(from), Offset::new(share.next_offset).min(end));
            if base < next {
                self.find(log, topic, online, UNKNOWN, from, base);
                self.find(log, topic, online, &share.principal, base, next);
                from = next;
            }
        }
        self.find(log, topic, online, UNKNOWN, from, end);
    }

    /// Counts what a log holds between two offsets on a principal's account.
    fn find(
        &self,
        log: TopicPartition,
        topic: &str,
        online: &mut Online,
        principal: &str,
        from: Offset,
        to: Offset,
    ) {
        if from >= to {
            return;
        }
        let Measured { bytes, records } = online.log.measure(from, to).unwrap_or_else(|error: LogError| {
            tracing::error!(partition = %log, topic, %error, "usage_log_unreadable: what a log holds is not counted");
            Measured::default()
        });
        self.usage.found(log, topic, principal, to, Quantity { bytes, records });
    }

    /// What the broker is like now, with this many connections.
    pub(crate) fn snapshot(&self, connections: usize) -> Snapshot {
        Snapshot {
            stored_bytes: self.stored_bytes(),
            partitions: self.partitions_count() as u64,
            connections: connections as u64,
        }
    }

    /// How much the logs hold.
    pub(super) fn stored_bytes(&self) -> u64 {
        let state = self.state.borrow();
        let online = state.logs.values().filter_map(|slot| match slot {
            Slot::Online(online) => Some(online.log.size_bytes()),
            Slot::Offline => None,
        });
        online.sum()
    }

    /// Does something that asks how far logs are durable.
    pub(crate) fn with_high_watermarks<T>(
        &self,
        act: impl FnOnce(&dyn Fn(TopicPartition) -> Option<i64>) -> T,
    ) -> T {
        let state = self.state.borrow();
        act(&|log| state.high_watermark(log))
    }

    /// The name of the topic with this id.
    pub(crate) fn name_of(&self, topic: TopicId) -> Option<TopicName> {
        self.state.borrow().catalog.name_of(topic).cloned()
    }

    /// Makes the usage of a topic durable that is about to go.
    pub(super) fn secure_usage(&self, topic: TopicId, partitions: i32) {
        let state = self.state.borrow();
        let online = |log| Some((log, Offset::new(state.high_watermark(log)?)));
        let logs: Vec<_> = super::partitions_of(topic, 0..partitions).filter_map(online).collect();
        self.usage.secure_topic(topic, &logs, |log| state.high_watermark(log));
    }
}

impl State {
    fn high_watermark(&self, log: TopicPartition) -> Option<i64> {
        match self.logs.get(&log) {
            Some(Slot::Online(online)) => Some(online.log.durable_offset().get()),
            Some(Slot::Offline) | None => None,
        }
    }
}

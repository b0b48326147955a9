//! Compacting the logs of topics whose cleanup policy says so, one at a time, beside the requests.

use std::sync::{Arc, atomic::Ordering};

use headrace_log::{
    LogError, PartitionLog, Pass, PassPlan, Replacement,
    compaction::{Due, Step},
};
use headrace_types::{Offset, TopicPartition};
use tokio::{task::yield_now, time::timeout};

use super::{SharedTopics, Slot, Topics};
use crate::{limits::COMPACTION_INTERVAL, storage_failure::end_process, threads::on_thread};

/// How a pass ended.
enum End {
    /// Everything is in place.
    Whole,
    /// The log is gone, or has no longer what was written anew.
    Overtaken,
}

impl Topics {
    /// Compacts what is due, for ever. The disk is waited for on another thread, segment by segment.
    pub(crate) async fn keep_compacting(self: SharedTopics) {
        loop {
            // Either way it is time to look.
            let _ = timeout(COMPACTION_INTERVAL, self.compaction.notified()).await;
            for partition in self.compacted_partitions() {
                while self.compact(partition).await {}
                yield_now().await;
            }
        }
    }

    fn compacted_partitions(&self) -> Vec<TopicPartition> {
        let state = self.state.borrow();
        let is_compacted = |slot: &Slot| match slot {
            Slot::Online(online) => online.settings.log.compaction.is_some() && !online.is_uncompactable,
            Slot::Offline => false,
        };
        state.logs.iter().filter(|(_, slot)| is_compacted(slot)).map(|(partition, _)| *partition).collect()
    }

    /// Compacts one log if it is due; true if it may be due again at once.
    async fn compact(self: &SharedTopics, partition: TopicPartition) -> bool {
        let plan = match self.plan_compaction(partition) {
            Ok(Some(plan)) => plan,
            Ok(None) => return false,
            Err(error) => {
                self.compaction_failed(partition, &error);
                return false;
            }
        };
        let began = self.clock.mono();
        self.state.borrow_mut().compacting = Some(partition);
        let ended = self.run_pass(partition, plan).await;
        self.state.borrow_mut().compacting = None;
        let took = self.clock.mono().saturating_sub(began);
        self.metrics.compaction_ms.inc_by(took.as_millis() as u64);
        self.sync_soon(partition, |_| true);
        match ended {
            Ok(End::Whole) if self.stop_compacting.load(Ordering::Relaxed) => false,
            Ok(End::Whole) => {
                self.metrics.compactions.inc();
                tracing::info!(%partition, ms = took.as_millis() as u64, "a log was compacted");
                true
            }
            Ok(End::Overtaken) => false,
            Err(error) => {
                self.compaction_failed(partition, &error);
                false
            }
        }
    }

    /// What is to go must be counted durably before.
    fn plan_compaction(&self, partition: TopicPartition) -> Result<Option<Box<PassPlan>>, LogError> {
        let due = self.due(partition, self.usage.counted_durably(partition));
        let due = match due {
            Ok(Due::HeldBack) if self.with_high_watermarks(|offsets| self.usage.secure(offsets)) => {
                self.due(partition, self.usage.counted_durably(partition))
            }
            due => due,
        };
        // Looking may have closed a segment.
        self.sync_soon(partition, PartitionLog::wants_sync);
        Ok(match due? {
            Due::Now(plan) => Some(plan),
            Due::NotYet | Due::HeldBack => None,
        })
    }

    fn due(&self, partition: TopicPartition, counted: Offset) -> Result<Due, LogError> {
        let now_ms = self.now_ms();
        let due = self.with_log(partition, |log| log.plan_compaction(now_ms, counted));
        due.unwrap_or(Ok(Due::NotYet))
    }

    async fn run_pass(&self, partition: TopicPartition, plan: Box<PassPlan>) -> Result<End, LogError> {
        let stop = Arc::clone(&self.stop_compacting);
        let mut pass = on_thread(move || plan.begin(stop)).await?;
        loop {
            let (stepped, next): (_, Pass) = on_thread(move || (pass.step(), pass)).await;
            pass = next;
            match stepped? {
                Step::Same => {}
                Step::Over => return Ok(End::Whole),
                Step::Rewritten(replacement) => {
                    if !self.put_in_place(partition, replacement).await? {
                        return Ok(End::Overtaken);
                    }
                }
            }
        }
    }

    async fn put_in_place(
        &self,
        partition: TopicPartition,
        replacement: Replacement,
    ) -> Result<bool, LogError> {
        let place = || self.with_log(partition, |log| log.put_in_place(&replacement)).unwrap_or(Ok(false));
        if self.is_forking() || !place()? {
            on_thread(move || replacement.discard()).await?;
            return Ok(false);
        }
        self.metrics.compacted_bytes.inc_by(replacement.written_bytes());
        self.metrics.compaction_freed_bytes.inc_by(replacement.freed_bytes());
        on_thread(move || replacement.settle()).await?;
        Ok(true)
    }

    /// A segment that was closed is to be synced like an append, and a pass wants a checkpoint; a deleted topic's files may go.
    fn sync_soon(&self, partition: TopicPartition, is_wanted: impl Fn(&PartitionLog) -> bool) {
        let state = &mut *self.state.borrow_mut();
        if let Some(Slot::Online(online)) = state.logs.get_mut(&partition)
            && is_wanted(&online.log)
        {
            state.commit.sync(partition);
        }
        self.work.notify_one();
    }

    /// A full disk passes, damage is left alone. After any other failure nothing may be promised any more, unless it is that of
    /// a log that is gone, or of a segment that retention took.
    fn compaction_failed(&self, partition: TopicPartition, error: &LogError) {
        self.metrics.compactions_failed.inc();
        if !self.exists(partition) {
            return;
        }
        match error {
            error if error.is_full() => {
                tracing::warn!(%partition, %error, "compaction waits for room on the disk");
            }
            LogError::Io { source, .. } | LogError::Read { source, .. }
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                tracing::info!(%partition, %error, "retention was faster than compaction");
            }
            LogError::Io { .. } => end_process(error),
            LogError::Read { .. } | LogError::Corrupt { .. } | LogError::Format { .. } => {
                tracing::error!(%partition, %error, "a log that can not be read is not compacted");
                if let Some(Slot::Online(online)) = self.state.borrow_mut().logs.get_mut(&partition) {
                    online.is_uncompactable = true;
                }
            }
        }
    }
}

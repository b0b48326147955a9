//! Deleting records before an offset, as an administrator asks (KIP-107).

use headrace_types::{ErrorCode, Offset, TopicPartition};

use super::{Topics, storage_refusal};

/// Stands for the high watermark: everything that there is.
const EVERYTHING: i64 = -1;

impl Topics {
    /// Forgets the records of a partition before an offset, durably, and returns the log start; refused where the cleanup
    /// policy is compaction alone. Segments that hold nothing
    /// else are removed at once, but for the one that is appended to.
    pub(crate) async fn delete_records(
        &self,
        partition: TopicPartition,
        before: i64,
    ) -> Result<i64, ErrorCode> {
        if self.is_compacted_only(partition)? {
            return Err(ErrorCode::PolicyViolation);
        }
        let (start, high_watermark) =
            self.with_log(partition, |log| (log.log_start(), log.high_watermark()))?;
        let before = if before == EVERYTHING { high_watermark } else { Offset::new(before) };
        if before.get() < 0 || before > high_watermark {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        if before <= start {
            return Ok(start.get());
        }
        self.synced_before(partition, before).await?;
        self.count_before(partition, before);
        let moved = self.with_log(partition, |log| log.move_start(before))?;
        moved.map_err(|error| storage_refusal(&error))?;
        tracing::info!(%partition, before = before.get(), "records deleted");
        self.retain(partition);
        self.with_log(partition, |log| log.log_start().get())
    }

    /// Returns once the segments hold everything before an offset durably: the log start moves over nothing else.
    async fn synced_before(&self, partition: TopicPartition, before: Offset) -> Result<(), ErrorCode> {
        let mut rounds = self.rounds.subscribe();
        while self.with_log(partition, |log| log.synced_offset() < before)? {
            self.state.borrow_mut().commit.sync(partition);
            self.work.notify_one();
            // The sender lives as long as `self`.
            let _ = rounds.changed().await;
        }
        Ok(())
    }

    /// Of such a topic compaction alone decides what goes, as in Apache Kafka.
    fn is_compacted_only(&self, partition: TopicPartition) -> Result<bool, ErrorCode> {
        let mut state = self.state.borrow_mut();
        let settings = state.online(partition)?.settings;
        Ok(settings.log.compaction.is_some() && !settings.deletes)
    }

    /// What is to be forgotten must be counted durably before. On a full disk it goes all the same, for that makes room.
    fn count_before(&self, partition: TopicPartition, before: Offset) {
        if self.usage.counted_durably(partition) < before {
            self.with_high_watermarks(|high_watermark| self.usage.secure(high_watermark));
        }
    }
}

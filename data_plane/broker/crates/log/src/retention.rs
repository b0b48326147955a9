//! Removing what a topic's retention no longer keeps.

use headrace_types::Offset;

use crate::error::LogError;
use crate::lookup::ColdSegment;
use crate::partition::PartitionLog;
use crate::segment::{self, Closed};

/// What a round of retention came to.
#[derive(Debug, Default)]
pub struct Retained {
    /// Bytes of the segments that were removed.
    pub freed_bytes: u64,
    /// Whether a segment that was due stayed, because somebody still needs it.
    pub held_back: bool,
    /// A segment of which it is not known how old it is: once it is [kept open](PartitionLog::keep_open) retention can go on.
    pub cold: Option<ColdSegment>,
}

impl PartitionLog {
    /// Removes whole segments that are too old or too many and lie before `needed_from`, and forgets silent producers. Reads nothing.
    ///
    /// The log start is moved durably before a file goes.
    pub fn retain(&mut self, now_ms: i64, needed_from: Offset) -> Result<Retained, LogError> {
        self.producers.expire(now_ms);
        self.roll_expired(now_ms)?;
        let mut count = 0;
        let (mut held_back, mut cold) = (false, None);
        let mut excess = self.excess_bytes();
        while let Some(closed) = self.closed.get(count).copied() {
            let oversized = excess.is_some_and(|excess| excess >= closed.size);
            let surplus = oversized || closed.end_offset <= self.meta.log_start_offset;
            if closed.end_offset > self.synced.offset {
                break;
            }
            match if surplus { Some(true) } else { self.is_expired(closed, now_ms) } {
                Some(true) => {}
                Some(false) => break,
                None => {
                    cold = Some(ColdSegment(self.opening(closed)));
                    break;
                }
            }
            if closed.end_offset > needed_from.get() {
                held_back = true;
                break;
            }
            excess = excess.map(|excess| excess.saturating_sub(closed.size));
            count += 1;
        }
        let freed_bytes = self.remove_first(count)?;
        Ok(Retained { freed_bytes, held_back, cold })
    }

    /// An active segment whose records are all too old is closed, so that it can go as well.
    fn roll_expired(&mut self, now_ms: i64) -> Result<(), LogError> {
        let Some(active) = &self.active else { return Ok(()) };
        let has_batches = active.size > segment::HEADER_BYTES;
        if has_batches && self.is_older(active.max_timestamp, active.created_at_ms, now_ms) {
            self.roll(now_ms)?;
        }
        Ok(())
    }

    fn excess_bytes(&self) -> Option<u64> {
        let kept = u64::try_from(self.config.retention_bytes).ok()?;
        Some(self.size_bytes().saturating_sub(kept))
    }

    /// Whether a segment is too old; `None` if it is not known how old it is.
    fn is_expired(&self, closed: Closed, now_ms: i64) -> Option<bool> {
        if self.config.retention_ms < 0 {
            return Some(false);
        }
        let age = self.ages.of(closed)?;
        Some(self.is_older(age.max_timestamp, age.created_at_ms, now_ms))
    }

    /// Records without timestamps are as old as their segment.
    fn is_older(&self, max_timestamp: i64, created_at_ms: i64, now_ms: i64) -> bool {
        let newest = if max_timestamp >= 0 { max_timestamp } else { created_at_ms };
        self.config.retention_ms >= 0 && now_ms.saturating_sub(newest) > self.config.retention_ms
    }

    fn remove_first(&mut self, count: usize) -> Result<u64, LogError> {
        let Some(last) = self.closed[..count].last() else { return Ok(0) };
        if !self.keeps_producers(last.end_offset)? {
            return Ok(0);
        }
        if count == self.closed.len() {
            self.settle_active()?;
        }
        let removed: Vec<_> = self.closed.drain(..count).collect();
        for closed in &removed {
            self.aborted_hints.forget(closed.base_offset);
        }
        self.forget_indexes(&removed);
        let end_offset = removed.last().map_or(0, |last| last.end_offset);
        self.meta.log_start_offset = self.meta.log_start_offset.max(end_offset);
        self.meta.store(&*self.disk, &self.dir)?;
        self.loaded = None;
        self.ages.forget_before(end_offset);
        let mut freed = 0;
        for closed in removed {
            segment::remove(&*self.disk, &self.dir, closed.base_offset)?;
            freed += closed.size;
        }
        Ok(freed)
    }

    /// Makes the segment that alone remains durable, or a power cut would leave a log without any.
    fn settle_active(&self) -> Result<(), LogError> {
        let Some(active) =
            self.active.as_ref().filter(|active| self.synced.segment_base != active.base_offset)
        else {
            return Ok(());
        };
        active.file.sync_data().map_err(LogError::io(&active.path))?;
        self.disk.sync_dir(&self.dir).map_err(LogError::io(&self.dir))
    }

    /// An index that is still to be written would outlive its segment.
    fn forget_indexes(&mut self, removed: &[Closed]) {
        self.unwritten_indexes.retain(|(path, _)| {
            !removed.iter().any(|closed| path.ends_with(segment::index_name(closed.base_offset)))
        });
    }
}

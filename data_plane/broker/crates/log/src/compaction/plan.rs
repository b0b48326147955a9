//! When a log is compacted, which part of it, and the steps of a pass.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use headrace_io::Disk;
use headrace_types::{Offset, TopicPartition};

use super::offset_map::OffsetMap;
use super::place::{Replacement, remove_aside};
use super::rewrite;
use super::transactions::{Aborted, Remaining};
use crate::ages::Age;
use crate::epochs::Origin;
use crate::error::LogError;
use crate::partition::{CompactionConfig, PartitionLog};
use crate::segment::{self, Closed};

const MILLION: u128 = 1_000_000;

/// Whether a log is to be compacted.
#[derive(Debug)]
pub enum Due {
    /// Too little is dirty, or nothing that may be touched.
    NotYet,
    /// It is, and somebody still needs what may go.
    HeldBack,
    /// It is.
    Now(Box<PassPlan>),
}

/// What a pass needs to know of a log.
#[derive(Debug)]
pub struct PassPlan {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) dir: PathBuf,
    pub(super) identity: TopicPartition,
    pub(super) origins: Vec<Origin>,
    /// The segments from the oldest one to the end of the dirty part.
    pub(super) segments: Vec<Closed>,
    /// Where the dirty part begins.
    pub(super) dirty_from: i64,
    pub(super) log_start: i64,
    pub(super) log_end: i64,
    /// Last offsets of batches that tell of producers: these batches stay, if need be without records.
    pub(super) remembered: BTreeSet<i64>,
    pub(super) aborted: Aborted,
    pub(super) delete_retention_ms: i64,
    pub(super) now_ms: i64,
    segment_bytes: u64,
}

/// A pass that has begun.
#[derive(Debug)]
pub struct Pass {
    plan: PassPlan,
    stop: Arc<AtomicBool>,
    offsets: OffsetMap,
    /// How far the offsets of keys are known.
    known_to: i64,
    groups: VecDeque<Vec<Closed>>,
    remaining: Remaining,
}

/// What a step of a pass came to.
#[derive(Debug)]
pub enum Step {
    /// A segment has nothing that could go.
    Same,
    /// One or several segments were written anew and are to be put in place.
    Rewritten(Replacement),
    /// There are no more, or the pass was told to stop.
    Over,
}

impl PartitionLog {
    /// Decides whether the log is to be compacted. What lies at `needed_from` or beyond stays.
    ///
    /// With `max.compaction.lag.ms` this may close the active segment, which is then to be synced like an append.
    pub fn plan_compaction(&mut self, now_ms: i64, needed_from: Offset) -> Result<Due, LogError> {
        let Some(config) = self.config.compaction else { return Ok(Due::NotYet) };
        self.roll_lagging(config, now_ms)?;
        let dirty_from = self.cleaned_to();
        let count = self.cleanable_segments(config, dirty_from, now_ms)?;
        let Some(end) = self.closed[..count].last().map(|last| last.end_offset) else {
            return Ok(Due::NotYet);
        };
        if end <= dirty_from || !self.is_due(config, count, dirty_from, now_ms)? {
            return Ok(Due::NotYet);
        }
        if end > needed_from.get() {
            return Ok(Due::HeldBack);
        }
        let aborted = self.aborted_between(self.meta.log_start_offset, end)?;
        Ok(Due::Now(Box::new(PassPlan {
            aborted: Aborted::new(aborted),
            disk: Arc::clone(&self.disk),
            dir: self.dir.clone(),
            identity: self.identity,
            origins: self.meta.origins.clone(),
            segments: self.closed[..count].to_vec(),
            dirty_from,
            log_start: self.meta.log_start_offset,
            log_end: self.log_end,
            remembered: self.producers.last_offsets().collect(),
            delete_retention_ms: config.delete_retention_ms,
            now_ms,
            segment_bytes: self.config.segment_bytes,
        })))
    }

    /// Where the dirty part begins: up to there no key has two records.
    #[must_use]
    pub fn cleaned_to(&self) -> i64 {
        let mut cleaned_to = self.meta.log_start_offset;
        for closed in &self.closed {
            let Some(to) = closed.cleaned_to else { break };
            cleaned_to = cleaned_to.max(to);
            if to < closed.end_offset {
                break;
            }
        }
        cleaned_to
    }

    /// Records do not wait for a segment to fill longer than `max.compaction.lag.ms` (KIP-354).
    fn roll_lagging(&mut self, config: CompactionConfig, now_ms: i64) -> Result<(), LogError> {
        let Some(active) = &self.active else { return Ok(()) };
        let has_batches = active.size > segment::HEADER_BYTES;
        if has_batches && now_ms.saturating_sub(active.created_at_ms) > config.lag_max_ms {
            self.roll(now_ms)?;
        }
        Ok(())
    }

    /// How many segments, from the oldest on, may be touched: synced, with the one after them durable as well, with all of
    /// their transactions decided, and with nothing younger than `min.compaction.lag.ms` in their dirty part (KIP-58).
    fn cleanable_segments(
        &mut self,
        config: CompactionConfig,
        dirty_from: i64,
        now_ms: i64,
    ) -> Result<usize, LogError> {
        let decided = self.synced.segment_base.min(self.last_stable().get());
        let durable = self.closed.partition_point(|closed| closed.end_offset <= decided);
        let first_dirty = self.closed.partition_point(|closed| closed.end_offset <= dirty_from);
        for number in first_dirty..durable {
            if config.lag_min_ms > 0 && self.newest(number)? > now_ms.saturating_sub(config.lag_min_ms) {
                return Ok(number);
            }
        }
        Ok(durable)
    }

    /// The age of a closed segment. May wait for the medium, where the segment was never open.
    fn age(&mut self, number: usize) -> Result<Age, LogError> {
        let closed = self.closed[number];
        if let Some(age) = self.ages.of(closed) {
            return Ok(age);
        }
        let summary = &self.load(closed)?.summary;
        Ok(Age { max_timestamp: summary.max_timestamp, created_at_ms: summary.created_at_ms })
    }

    /// The largest timestamp of a closed segment, or when it was made if its records have none.
    fn newest(&mut self, number: usize) -> Result<i64, LogError> {
        let age = self.age(number)?;
        Ok(if age.max_timestamp >= 0 { age.max_timestamp } else { age.created_at_ms })
    }

    fn is_due(
        &mut self,
        config: CompactionConfig,
        count: usize,
        dirty_from: i64,
        now_ms: i64,
    ) -> Result<bool, LogError> {
        let first_dirty = self.closed.partition_point(|closed| closed.end_offset <= dirty_from);
        let bytes = |segments: &[Closed]| segments.iter().map(|closed| u128::from(closed.size)).sum::<u128>();
        let (dirty, all) = (bytes(&self.closed[first_dirty..count]), bytes(&self.closed[..count]));
        if dirty * MILLION > all * u128::from(config.dirty_millionths_min) {
            return Ok(true);
        }
        if config.lag_max_ms == i64::MAX {
            return Ok(false);
        }
        let created_at_ms = self.age(first_dirty)?.created_at_ms;
        Ok(now_ms.saturating_sub(created_at_ms) > config.lag_max_ms)
    }
}

impl PassPlan {
    /// Reads the dirty part. Once `stop` is set the pass ends at the next batch and leaves the rest as it is.
    pub fn begin(self, stop: Arc<AtomicBool>) -> Result<Pass, LogError> {
        let (offsets, known_to) = rewrite::read_dirty(&self, &stop)?;
        let groups = groups(&self.segments, known_to, self.segment_bytes);
        Ok(Pass { plan: self, stop, offsets, known_to, groups, remaining: Remaining::default() })
    }
}

impl Pass {
    /// Writes the next segment, or some small ones as one, aside.
    pub fn step(&mut self) -> Result<Step, LogError> {
        let Some(group) = self.groups.pop_front() else { return Ok(Step::Over) };
        let base_offset = group.first().map_or(0, |first| first.base_offset);
        let pass = rewrite::Basis { plan: &self.plan, offsets: &self.offsets, known_to: self.known_to };
        let stepped = rewrite::rewrite(pass, &mut self.remaining, group, &self.stop);
        if !matches!(stepped, Ok(Step::Rewritten(_))) {
            let removed = remove_aside(&*self.plan.disk, &self.plan.dir, base_offset);
            // Of two failures the first is the one to tell; what stays behind goes with the next start.
            return stepped.and_then(|step| removed.map(|()| step));
        }
        if self.stop.load(Ordering::Relaxed) {
            self.groups.clear();
        }
        stepped
    }
}

/// The segments that begin before `known_to`, in order; those become one that are not larger than a segment together.
fn groups(segments: &[Closed], known_to: i64, segment_bytes: u64) -> VecDeque<Vec<Closed>> {
    let mut groups: VecDeque<Vec<Closed>> = VecDeque::new();
    let mut bytes = 0;
    for closed in segments.iter().filter(|closed| closed.base_offset < known_to) {
        match groups.back_mut() {
            Some(group) if bytes + closed.size <= segment_bytes => {
                bytes += closed.size;
                group.push(*closed);
            }
            _ => {
                bytes = closed.size;
                groups.push_back(vec![*closed]);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_neighbours_become_one_segment() {
        let segment =
            |base_offset, size| Closed { base_offset, end_offset: base_offset + 10, size, cleaned_to: None };
        let segments = [segment(0, 60), segment(10, 40), segment(20, 90), segment(30, 5), segment(40, 1)];
        let bases = |known_to| -> Vec<Vec<i64>> {
            let groups = groups(&segments, known_to, 100);
            groups.iter().map(|group| group.iter().map(|closed| closed.base_offset).collect()).collect()
        };
        assert_eq!(bases(50), [vec![0, 10], vec![20, 30, 40]]);
        assert_eq!(bases(31), [vec![0, 10], vec![20, 30]]);
        assert_eq!(bases(0), Vec::<Vec<i64>>::new());
    }
}

//! The log of one partition: appending, and what is known of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use headrace_io::disk::replace_file;
use headrace_io::{Disk, DiskFile};
use headrace_records::header::HEADER_BYTES as BATCH_HEADER_BYTES;
use headrace_records::{BatchHeader, stamp};
use headrace_types::{LeaderEpoch, Offset, PartitionIndex, TopicId, TopicPartition};
use uuid::Uuid;

use crate::ages::Ages;
use crate::checkpoint::{self, Checkpoint};
use crate::epochs::PartitionMeta;
use crate::error::{AppendError, LogError};
use crate::index::Entry;
use crate::limits::CHECKPOINT_INTERVAL_BYTES;
use crate::lookup::LoadedSegment;
use crate::producers::{ProducerView, Producers, RememberedBatch, Verdict};
use crate::recovery::{Recovered, recover};
use crate::recovery_point::RecoveryPoint;
use crate::resume::Resumes;
use crate::segment::{self, Active, Closed, ClosedIndex, SegmentHeader};
use crate::sync::{SyncEnd, SyncPlan};
use crate::transactions::{AbortedHints, Readable, Undecided};

/// What a topic's configuration says about its logs. -1 means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `segment.bytes`.
    pub segment_bytes: u64,
    /// `segment.ms`.
    pub segment_ms: i64,
    /// `retention.ms`.
    pub retention_ms: i64,
    /// `retention.bytes`.
    pub retention_bytes: i64,
    /// Where `cleanup.policy` has `compact`.
    pub compaction: Option<CompactionConfig>,
}

/// What a topic's configuration says about compaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompactionConfig {
    /// `min.cleanable.dirty.ratio`, in millionths.
    pub dirty_millionths_min: u64,
    /// `min.compaction.lag.ms`.
    pub lag_min_ms: i64,
    /// `max.compaction.lag.ms`.
    pub lag_max_ms: i64,
    /// `delete.retention.ms`.
    pub delete_retention_ms: i64,
}

/// Where a batch lies, now or since an earlier attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of its first record.
    pub base_offset: i64,
    /// Offset of its last record.
    pub last_offset: i64,
    /// Its largest timestamp as appended.
    pub max_timestamp: i64,
    /// Whether it had been appended before.
    pub duplicate: bool,
}

/// The log of one partition.
#[derive(Debug)]
pub struct PartitionLog {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
    pub(crate) identity: TopicPartition,
    pub(crate) config: LogConfig,
    pub(crate) meta: PartitionMeta,
    pub(crate) closed: Vec<Closed>,
    pub(crate) active: Option<Active>,
    pub(crate) producers: Producers,
    pub(crate) log_end: i64,
    /// Up to where the segments are synced.
    pub(crate) synced: SyncEnd,
    /// Up to where the log is durable, in its segments or elsewhere.
    durable: i64,
    /// What may be read ends here.
    pub(crate) readable: SyncEnd,
    pub(crate) loaded: Option<Arc<LoadedSegment>>,
    pub(crate) ages: Ages,
    pub(crate) resumes: Resumes,
    pub(crate) undecided: Undecided,
    pub(crate) aborted_hints: AbortedHints,
    point: Option<RecoveryPoint>,
    /// Closed segments with bytes that were not synced yet.
    unsynced: Vec<(PathBuf, Arc<dyn DiskFile>)>,
    pub(crate) unwritten_indexes: Vec<(PathBuf, Vec<u8>)>,
    dir_changed: bool,
    appended_bytes: u64,
    pub(crate) bytes_since_checkpoint: u64,
    /// Up to where a durable checkpoint knows the producers, and where the one ends that a plan is about to write.
    checkpointed: i64,
    checkpoint_planned: Option<i64>,
    syncs: u64,
    truncated_bytes: u64,
}

/// Name of a partition's directory: never made of the topic's name.
#[must_use]
pub fn dir_name(identity: TopicPartition) -> String {
    identity.to_string()
}

/// The partition that a directory belongs to; `None` if its name is not one that [`dir_name`] makes.
#[must_use]
pub fn identity_of(dir_name: &str) -> Option<TopicPartition> {
    let (topic, partition) = dir_name.rsplit_once('-')?;
    let topic = TopicId::new(Uuid::parse_str(topic).ok()?);
    let partition = PartitionIndex::new(partition.parse().ok()?);
    let identity = TopicPartition { topic, partition };
    (self::dir_name(identity) == dir_name).then_some(identity)
}

impl PartitionLog {
    /// Opens the log in `dir`, which exists, after any kind of stop.
    pub fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        identity: TopicPartition,
        config: LogConfig,
        now_ms: i64,
    ) -> Result<Self, LogError> {
        let recovered = recover(&*disk, dir, identity, now_ms)?;
        Ok(Self::from_recovered(disk, dir, identity, config, recovered))
    }

    fn from_recovered(
        disk: Arc<dyn Disk>,
        dir: &Path,
        identity: TopicPartition,
        config: LogConfig,
        recovered: Recovered,
    ) -> Self {
        let synced = end_of(recovered.active.as_ref(), recovered.log_end, 0);
        if let Some(active) = &recovered.active {
            active.file.read_as_asked();
        }
        Self {
            disk,
            dir: dir.to_path_buf(),
            identity,
            config,
            meta: recovered.meta,
            closed: recovered.closed,
            active: recovered.active,
            undecided: Undecided::recovered(recovered.producers.open_transactions()),
            aborted_hints: recovered.aborted_hints,
            producers: recovered.producers,
            log_end: recovered.log_end,
            synced,
            durable: synced.offset,
            readable: synced,
            loaded: None,
            ages: Ages::default(),
            resumes: Resumes::default(),
            point: recovered.point,
            unsynced: Vec::new(),
            unwritten_indexes: Vec::new(),
            dir_changed: false,
            appended_bytes: 0,
            bytes_since_checkpoint: recovered.replayed_bytes,
            checkpointed: 0,
            checkpoint_planned: None,
            syncs: 1,
            truncated_bytes: recovered.truncated_bytes,
        }
    }

    /// Puts another configuration in force, for the next append and the next retention.
    pub fn configure(&mut self, config: LogConfig) {
        self.config = config;
    }

    /// First offset that is kept.
    #[must_use]
    pub fn log_start(&self) -> Offset {
        Offset::new(self.meta.log_start_offset)
    }

    /// Offset that the next batch gets.
    #[must_use]
    pub fn log_end(&self) -> Offset {
        Offset::new(self.log_end)
    }

    /// What consumers may read ends here: at the first offset that is not durable, unless the topic does not wait for that.
    #[must_use]
    pub fn high_watermark(&self) -> Offset {
        Offset::new(self.readable.offset)
    }

    /// First offset that is not durable; never above the high watermark.
    #[must_use]
    pub fn durable_offset(&self) -> Offset {
        Offset::new(self.durable)
    }

    /// First offset that the segments would lose with a power cut; never above the one that is not durable.
    #[must_use]
    pub fn synced_offset(&self) -> Offset {
        Offset::new(self.synced.offset)
    }

    /// Where the log ends now, for [`Self::made_durable`].
    #[must_use]
    pub fn end(&self) -> SyncEnd {
        end_of(self.active.as_ref(), self.log_end, self.appended_bytes)
    }

    /// The epoch that appends are stamped with.
    #[must_use]
    pub fn leader_epoch(&self) -> LeaderEpoch {
        LeaderEpoch::new(self.meta.current_epoch())
    }

    /// The largest known epoch that is not newer than `epoch`, and the offset after its last batch (KIP-279).
    #[must_use]
    pub fn epoch_end(&self, epoch: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        let (epoch, end) = self.meta.end_of(epoch.get(), self.readable.offset)?;
        Some((LeaderEpoch::new(epoch), Offset::new(end)))
    }

    /// Begins a leader epoch at the log end, durably.
    pub fn begin_epoch(&mut self, epoch: LeaderEpoch) -> Result<(), LogError> {
        self.meta.begin_epoch(epoch.get(), self.log_end);
        self.meta.store(&*self.disk, &self.dir)
    }

    /// Bytes of a torn tail that opening the log cut off.
    #[must_use]
    pub fn truncated_bytes(&self) -> u64 {
        self.truncated_bytes
    }

    /// Bytes of all segments.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        let closed: u64 = self.closed.iter().map(|closed| closed.size).sum();
        closed + self.active.as_ref().map_or(0, |active| active.size)
    }

    /// The producers that are remembered, by id.
    pub fn producers(&self) -> impl Iterator<Item = ProducerView> {
        self.producers.views()
    }

    /// Forgets producers that were silent for so long and have no transaction open.
    pub fn forget_producers(&mut self, silent_ms: i64, now_ms: i64) {
        self.producers.forget(silent_ms, now_ms);
    }

    /// Number of producers remembered.
    #[must_use]
    pub fn producers_count(&self) -> usize {
        self.producers.len()
    }

    /// Appends a validated batch: stamps offset and epoch, and the time if `append_time` says so, and writes it.
    ///
    /// The batch is not durable before a [`SyncPlan`] taken later has run.
    pub fn append(
        &mut self,
        batch: &[u8],
        header: &BatchHeader,
        append_time: bool,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        self.append_with(batch, header, append_time, now_ms, |_| ())
    }

    /// Like [`Self::append`]; `written` gets what was written, part by part, unless it was there before.
    pub fn append_with(
        &mut self,
        batch: &[u8],
        header: &BatchHeader,
        append_time: bool,
        now_ms: i64,
        written: impl FnOnce(&[&[u8]]),
    ) -> Result<Appended, AppendError> {
        if let Verdict::Duplicate(earlier) = self.producers.judge(header)? {
            return Ok(Appended::earlier(earlier));
        }
        self.write(batch, header, append_time.then_some(now_ms), now_ms, written)
    }

    /// Writes a batch that has been judged at the log end, with the broker's time if `stamp_ms` is given.
    pub(crate) fn write(
        &mut self,
        batch: &[u8],
        header: &BatchHeader,
        stamp_ms: Option<i64>,
        now_ms: i64,
        written: impl FnOnce(&[&[u8]]),
    ) -> Result<Appended, AppendError> {
        self.roll_if_due(batch.len() as u64, now_ms)?;
        let head = stamp(batch, Offset::new(self.log_end), self.leader_epoch(), stamp_ms);
        let parts = [&head[..], &batch[BATCH_HEADER_BYTES..]];
        let active = self.active_for_append(now_ms)?;
        if let Err(error) = active.file.write_at(active.size, &parts) {
            return Err(take_back(active, error));
        }
        written(&parts);
        let stamped = BatchHeader { max_timestamp: stamp_ms.unwrap_or(header.max_timestamp), ..*header };
        let stamped = BatchHeader { base_offset: Offset::new(self.log_end), ..stamped };
        Ok(self.note_appended(&stamped, batch.len() as u64, now_ms))
    }

    /// Writes a batch again that was durable outside of the segments when the broker stopped, as it was appended then. False if the
    /// segments hold it.
    ///
    /// Batches come in their order: one that leaves a gap means that something durable is missing.
    pub fn replay(&mut self, batch: &[u8], now_ms: i64) -> Result<bool, LogError> {
        let header = BatchHeader::parse(batch).filter(|header| header.batch_bytes() == Some(batch.len()));
        let header = header.ok_or_else(|| LogError::corrupt(&self.dir, "a batch to replay has no header"))?;
        let (base, next) = (header.base_offset.get(), header.next_offset().get());
        if next <= self.log_end {
            return Ok(false);
        }
        if base != self.log_end {
            let detail = format!("the log ends at {} and goes on at {base}", self.log_end);
            return Err(LogError::corrupt(&self.dir, detail));
        }
        self.roll_before(batch.len() as u64, now_ms)?;
        let active = match self.active.take() {
            Some(active) => active,
            None => self.create_segment(now_ms)?,
        };
        let active = self.active.insert(active);
        active.file.write_at(active.size, &[batch]).map_err(LogError::io(&active.path))?;
        self.note_appended(&header, batch.len() as u64, now_ms);
        if header.attributes.is_control() {
            self.note_replayed_marker(&header, batch, now_ms)?;
        }
        Ok(true)
    }

    fn note_appended(&mut self, stamped: &BatchHeader, bytes: u64, now_ms: i64) -> Appended {
        if let Some(active) = &mut self.active {
            active.index.add(Entry {
                offset: stamped.base_offset.get(),
                position: active.size,
                max_timestamp_before: active.max_timestamp,
            });
            active.size += bytes;
            active.max_timestamp = active.max_timestamp.max(stamped.max_timestamp);
        }
        if self.producers.appended(stamped, now_ms) {
            self.note_began(stamped.base_offset.get(), self.appended_bytes);
        }
        self.bytes_since_checkpoint += bytes;
        self.appended_bytes += bytes;
        self.log_end = stamped.next_offset().get();
        Appended {
            base_offset: stamped.base_offset.get(),
            last_offset: stamped.last_offset().get(),
            max_timestamp: stamped.max_timestamp,
            duplicate: false,
        }
    }

    fn active_for_append(&mut self, now_ms: i64) -> Result<&mut Active, AppendError> {
        let active = match self.active.take() {
            Some(active) => active,
            None => self.create_segment(now_ms).map_err(full_or_failed)?,
        };
        Ok(self.active.insert(active))
    }

    fn create_segment(&mut self, now_ms: i64) -> Result<Active, LogError> {
        if self.point.is_none() {
            self.point = Some(RecoveryPoint::create(&*self.disk, &self.dir)?);
        }
        let header = SegmentHeader {
            identity: self.identity,
            base_offset: self.log_end,
            created_at_ms: now_ms,
            compacted: None,
        };
        // Also where it fails: the name that was made and removed must not come back.
        self.dir_changed = true;
        Active::create(&*self.disk, &self.dir, header)
    }

    fn roll_if_due(&mut self, bytes: u64, now_ms: i64) -> Result<(), AppendError> {
        self.roll_before(bytes, now_ms).map_err(full_or_failed)
    }

    fn roll_before(&mut self, bytes: u64, now_ms: i64) -> Result<(), LogError> {
        let Some(active) = &self.active else { return Ok(()) };
        let is_empty = active.size == segment::HEADER_BYTES;
        let is_full = active.size + bytes > self.config.segment_bytes;
        let is_old = now_ms.saturating_sub(active.created_at_ms) >= self.config.segment_ms;
        if is_empty || !(is_full || is_old || self.has_many_aborted()) {
            return Ok(());
        }
        self.roll(now_ms)
    }

    /// Closes the active segment and goes on in a new one.
    pub(crate) fn roll(&mut self, now_ms: i64) -> Result<(), LogError> {
        let next = self.create_segment(now_ms)?;
        let Some(last) = self.active.replace(next) else { return Ok(()) };
        self.aborted_hints.note(last.base_offset, &last.aborted);
        let (base_offset, end_offset, size) = (last.base_offset, self.log_end, last.size);
        let closed = Closed { base_offset, end_offset, size, cleaned_to: None };
        self.ages.note_closed(closed, &last);
        self.closed.push(closed);
        let index = ClosedIndex {
            end_offset: self.log_end,
            size: last.size,
            max_timestamp: last.max_timestamp,
            created_at_ms: last.created_at_ms,
            index: last.index,
            aborted: last.aborted,
        };
        self.unwritten_indexes.push((self.dir.join(segment::index_name(last.base_offset)), index.encode()));
        self.unsynced.push((last.path, last.file));
        Ok(())
    }

    /// Whether something was written that no plan covers yet.
    #[must_use]
    pub fn needs_sync(&self) -> bool {
        self.end() != self.synced || self.dir_changed || !self.unsynced.is_empty()
    }

    /// Whether a closed segment or a checkpoint waits for a sync of the segments, though the log may be durable elsewhere.
    #[must_use]
    pub fn wants_sync(&self) -> bool {
        let checkpoint_due = self.bytes_since_checkpoint >= CHECKPOINT_INTERVAL_BYTES;
        !self.unsynced.is_empty() || checkpoint_due
    }

    /// What has to be synced now; `None` if everything is.
    pub fn sync_plan(&mut self) -> Option<SyncPlan> {
        let checkpoint_due = self.bytes_since_checkpoint >= CHECKPOINT_INTERVAL_BYTES;
        self.plan(checkpoint_due)
    }

    /// The last plan before a stop: like [`Self::sync_plan`], with a checkpoint, so that the next start is fast.
    pub fn closing_plan(&mut self) -> Option<SyncPlan> {
        self.plan(self.bytes_since_checkpoint > 0)
    }

    fn plan(&mut self, with_checkpoint: bool) -> Option<SyncPlan> {
        if !self.needs_sync() && !with_checkpoint {
            return None;
        }
        let end = self.end();
        let active = self.active.as_ref()?;
        let mut files = std::mem::take(&mut self.unsynced);
        files.push((active.path.clone(), Arc::clone(&active.file)));
        let checkpoint = with_checkpoint.then(|| self.checkpoint(active));
        if with_checkpoint {
            self.bytes_since_checkpoint = 0;
            self.checkpoint_planned = Some(self.log_end);
        }
        self.syncs += 1;
        Some(SyncPlan {
            disk: Arc::clone(&self.disk),
            dir: self.dir.clone(),
            dir_changed: std::mem::take(&mut self.dir_changed),
            files,
            point: self.point.clone().map(|point| (point, self.syncs)),
            indexes: std::mem::take(&mut self.unwritten_indexes),
            checkpoint,
            end,
        })
    }

    /// Whether what is known of producers outlives the segments before `offset`: it is kept now if the log is synced, else with the
    /// next sync, and they go after that. On a full disk they go all the same, for that makes room.
    pub(crate) fn keeps_producers(&mut self, offset: i64) -> Result<bool, LogError> {
        if self.producers.is_empty() || offset <= self.checkpointed {
            return Ok(true);
        }
        // A checkpoint may say only what is synced.
        let Some(active) = self.active.as_ref().filter(|_| !self.needs_sync()) else {
            self.want_checkpoint();
            return Ok(false);
        };
        let path = self.dir.join(checkpoint::FILE_NAME);
        match replace_file(&*self.disk, &path, &self.checkpoint(active)).map_err(LogError::io(&path)) {
            Err(error) if !error.is_full() => Err(error),
            Ok(()) | Err(_) => {
                self.checkpointed = self.log_end;
                Ok(true)
            }
        }
    }

    /// Has the next sync write a checkpoint, whatever was appended.
    pub(crate) fn want_checkpoint(&mut self) {
        self.bytes_since_checkpoint = CHECKPOINT_INTERVAL_BYTES;
    }

    pub(crate) fn checkpoint(&self, active: &Active) -> Vec<u8> {
        let checkpoint = Checkpoint {
            offset: self.log_end,
            segment_base: active.base_offset,
            position: active.size,
            max_timestamp: active.max_timestamp,
            index: active.index.clone(),
            producers: self.producers.clone(),
            aborted: active.aborted.clone(),
            aborted_hints: self.aborted_hints.clone(),
        };
        checkpoint::KIND.encode(&checkpoint.encode())
    }

    /// Takes note that a plan has run: the high watermark moves to its end. Returns what became readable.
    ///
    /// # Panics
    /// If the end is one that this log never had.
    pub fn synced(&mut self, end: SyncEnd) -> Readable {
        let readable = self.made_durable(end);
        if end.offset >= self.synced.offset {
            self.synced = end;
        }
        // On a full disk it was not written: segments go all the same then, for that makes room.
        if let Some(planned) = self.checkpoint_planned.take_if(|planned| *planned <= end.offset) {
            self.checkpointed = self.checkpointed.max(planned);
        }
        readable
    }

    /// Takes note that everything up to `end` is durable, though not in the segments: the high watermark moves there. Returns the bytes
    /// that became readable.
    ///
    /// # Panics
    /// If the end is one that this log never had.
    pub fn made_durable(&mut self, end: SyncEnd) -> Readable {
        let readable = self.made_readable(end);
        self.durable = self.durable.max(end.offset);
        readable
    }

    /// Lets everything up to `end` be read that need not be durable before. Returns the bytes that became readable.
    ///
    /// # Panics
    /// If the end is one that this log never had.
    pub fn made_readable(&mut self, end: SyncEnd) -> Readable {
        assert!(end.offset <= self.log_end, "readable up to {} of {}", end.offset, self.log_end);
        if end.offset < self.readable.offset {
            return Readable::default();
        }
        let bytes = end.appended_bytes - self.readable.appended_bytes;
        let stable_before = self.stable_bytes();
        self.readable = end;
        self.settle_stable(bytes, stable_before)
    }
}

impl Appended {
    fn earlier(batch: RememberedBatch) -> Self {
        Self {
            base_offset: batch.base_offset,
            last_offset: batch.last_offset,
            max_timestamp: batch.max_timestamp,
            duplicate: true,
        }
    }
}

fn end_of(active: Option<&Active>, log_end: i64, appended_bytes: u64) -> SyncEnd {
    SyncEnd {
        offset: log_end,
        segment_base: active.map_or(log_end, |active| active.base_offset),
        position: active.map_or(0, |active| active.size),
        appended_bytes,
    }
}

fn full_or_failed(error: LogError) -> AppendError {
    if error.is_full() { AppendError::Full } else { AppendError::Log(error) }
}

/// Gives the room of a half-written batch back; what could not be cut off is overwritten by the next append.
fn take_back(active: &Active, error: std::io::Error) -> AppendError {
    let error = LogError::io(&active.path)(error);
    if !error.is_full() {
        return AppendError::Log(error);
    }
    match active.file.truncate(active.size) {
        Ok(()) => AppendError::Full,
        Err(failed) => AppendError::Log(LogError::io(&active.path)(failed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_told_from_foreign_names() {
        let identity =
            TopicPartition { topic: TopicId::from_random([3; 16]), partition: PartitionIndex::new(12) };
        assert_eq!(identity_of(&dir_name(identity)), Some(identity));
        for name in ["lost+found", "orders-0", "-1", "", "00000000000000000000000000000000-1"] {
            assert_eq!(identity_of(name), None, "{name}");
        }
    }
}

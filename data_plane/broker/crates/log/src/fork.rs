//! Forking a log: another log, of another topic, that begins with the same records.
//!
//! Closed segments are shared and not copied. Neither log writes them: both only remove them, or put another file in their
//! place. What may still be cut off is what no checkpoint covers, so a checkpoint of the log is wanted before it is forked. The
//! segment that the cut lies in is copied up to there, and the fork appends to that copy or to a segment of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use headrace_io::{Disk, DiskFile, OpenMode};
use headrace_records::DecompressionLimits;
use headrace_types::TopicPartition;

use crate::checkpoint;
use crate::epochs::{Origin, PartitionMeta};
use crate::error::LogError;
use crate::limits::FORK_COPY_BYTES;
use crate::partition::PartitionLog;
use crate::recovery::load_checkpoint;
use crate::recovery_point::RecoveryPoint;
use crate::scan::Residence;
use crate::segment::{self, Active, Closed, Compacted, SegmentHeader};
use crate::timestamp_search::TimestampWanted;

/// Where a fork ends. A batch is never split: the one that the cut lies in is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForkCut {
    /// Behind everything that may be read.
    Now,
    /// Before this offset.
    Offset(i64),
    /// Before the first record with this timestamp or a later one.
    Timestamp(i64),
}

/// What a fork takes of a log. The log may go on meanwhile, but must not remove or compact segments.
#[derive(Debug)]
pub struct LogFork {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    source: TopicPartition,
    end: i64,
    meta: PartitionMeta,
    /// Up to here the segments are synced.
    synced: i64,
    shared: Vec<Closed>,
    boundary: Option<Boundary>,
    /// The bytes of a checkpoint, and whether it is one at the end.
    checkpoint: Option<(Vec<u8>, bool)>,
}

/// The segment that the cut lies in.
#[derive(Debug)]
struct Boundary {
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    base_offset: i64,
    created_at_ms: i64,
    compacted: Option<Compacted>,
    /// Position behind the last batch that is taken.
    end: u64,
}

/// What a fork of a log came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forked {
    /// Segments that both logs have.
    pub shared_segments: u64,
    /// Their bytes.
    pub shared_bytes: u64,
    /// Bytes that were copied.
    pub copied_bytes: u64,
}

impl std::ops::AddAssign for Forked {
    fn add_assign(&mut self, other: Self) {
        self.shared_segments += other.shared_segments;
        self.shared_bytes += other.shared_bytes;
        self.copied_bytes += other.copied_bytes;
    }
}

impl PartitionLog {
    /// Prepares a fork: the next sync writes a checkpoint, so that nothing that is shared is ever cut off. With `copied_bytes_max`
    /// an active segment that is larger is closed, so that it need not be copied. True if a sync is to be waited for.
    pub fn settle_for_fork(&mut self, copied_bytes_max: Option<u64>, now_ms: i64) -> Result<bool, LogError> {
        let Some(size) = self.active.as_ref().map(|active| active.size) else { return Ok(false) };
        if copied_bytes_max.is_some_and(|bytes_max| size > bytes_max) {
            self.roll(now_ms)?;
        }
        let is_due = self.needs_sync() || self.bytes_since_checkpoint > 0;
        if is_due {
            self.want_checkpoint();
        }
        Ok(is_due)
    }

    /// The offset at which a fork with this cut ends.
    pub fn fork_end(&mut self, cut: ForkCut) -> Result<i64, LogError> {
        let (start, end) = (self.meta.log_start_offset, self.readable.offset);
        let wanted = match cut {
            ForkCut::Now => end,
            ForkCut::Offset(offset) => offset,
            ForkCut::Timestamp(timestamp) => self
                .timestamp_search(TimestampWanted::AtLeast(timestamp), DecompressionLimits::default())
                .run()?
                .map_or(end, |found| found.offset),
        };
        if wanted <= start || wanted >= end {
            return Ok(wanted.min(end).max(start));
        }
        for number in self.segment_of(wanted)..self.segments_count() {
            let Some(view) = self.view(number, |index| index.by_offset(wanted))? else { continue };
            if let Some(found) =
                view.find(Residence::Anywhere, |found| found.header.next_offset().get() > wanted)?
            {
                return Ok(found.header.base_offset.get().min(wanted).max(start));
            }
        }
        Ok(wanted)
    }

    /// What a fork takes that ends at `end`, an offset that [`Self::fork_end`] has told since the last append.
    pub fn fork(&mut self, end: i64) -> Result<LogFork, LogError> {
        let is_empty = end <= self.meta.log_start_offset;
        let log_start = self.meta.log_start_offset;
        let is_shared = |closed: &&Closed| closed.end_offset <= end && closed.end_offset > log_start;
        let shared: Vec<Closed> =
            if is_empty { Vec::new() } else { self.closed.iter().filter(is_shared).copied().collect() };
        let boundary = if is_empty { None } else { self.boundary(end)? };
        let checkpoint =
            if is_empty { None } else { self.checkpoint_up_to(end, &shared, boundary.as_ref())? };
        Ok(LogFork {
            disk: Arc::clone(&self.disk),
            dir: self.dir.clone(),
            source: self.identity,
            end,
            synced: self.synced.offset,
            meta: self.meta_of_fork(end, shared.last().map(|last| last.end_offset)),
            shared,
            boundary,
            checkpoint,
        })
    }

    fn meta_of_fork(&self, end: i64, shared_to: Option<i64>) -> PartitionMeta {
        let mut meta = self.meta.clone();
        let later = meta.epochs.partition_point(|known| known.start_offset <= end).max(1);
        meta.epochs.truncate(later);
        let Some(shared_to) = shared_to else {
            meta.origins.clear();
            return meta;
        };
        for origin in &mut meta.origins {
            origin.below = origin.below.min(shared_to);
        }
        meta.origins.push(Origin { topic: self.identity.topic.to_string(), below: shared_to });
        meta
    }

    fn boundary(&mut self, end: i64) -> Result<Option<Boundary>, LogError> {
        let holds = |closed: &Closed| closed.base_offset < end && end < closed.end_offset;
        if let Some(number) = self.closed.iter().position(holds) {
            let closed = self.closed[number];
            let position = self.position_before(number, end)?.unwrap_or(closed.size);
            let has_aborted = self.aborted_hints.has_aborted(closed.base_offset);
            let compacted = closed.cleaned_to.map(|cleaned_to| Compacted {
                end_offset: end,
                cleaned_to: cleaned_to.min(end),
                has_aborted,
            });
            let loaded = self.load(closed)?;
            return Ok(Some(Boundary {
                path: loaded.path.clone(),
                file: Arc::clone(&loaded.file),
                base_offset: closed.base_offset,
                created_at_ms: loaded.summary.created_at_ms,
                compacted,
                end: position,
            }));
        }
        let Some(base_offset) =
            self.active.as_ref().map(|active| active.base_offset).filter(|base| *base < end)
        else {
            return Ok(None);
        };
        let readable = self.readable;
        let is_at_end = end == readable.offset && base_offset == readable.segment_base;
        let position = if is_at_end {
            readable.position
        } else {
            self.position_before(self.closed.len(), end)?.unwrap_or(readable.position)
        };
        Ok(self.active.as_ref().map(|active| Boundary {
            path: active.path.clone(),
            file: Arc::clone(&active.file),
            base_offset: active.base_offset,
            created_at_ms: active.created_at_ms,
            compacted: None,
            end: position,
        }))
    }

    /// Position of the first batch of a segment that ends behind `offset`.
    fn position_before(&mut self, number: usize, offset: i64) -> Result<Option<u64>, LogError> {
        let Some(view) = self.view(number, |index| index.by_offset(offset))? else { return Ok(None) };
        let found = view.find(Residence::Anywhere, |found| found.header.next_offset().get() > offset)?;
        Ok(found.map(|found| found.position))
    }

    /// A checkpoint that holds in the fork as well, all of which is synced: the present state if all of it is taken, else what the
    /// last checkpoint says if that lies before the end.
    fn checkpoint_up_to(
        &self,
        end: i64,
        shared: &[Closed],
        boundary: Option<&Boundary>,
    ) -> Result<Option<(Vec<u8>, bool)>, LogError> {
        if let Some(active) = self.active.as_ref().filter(|_| end == self.log_end) {
            return Ok(Some((self.checkpoint(active), true)));
        }
        let dense =
            shared.iter().filter(|closed| closed.cleaned_to.is_none()).map(|closed| closed.base_offset);
        let copied = boundary.filter(|boundary| boundary.compacted.is_none());
        let mut bases = dense.chain(copied.map(|boundary| boundary.base_offset));
        let usable = load_checkpoint(&*self.disk, &self.dir)?
            .filter(|known| known.offset <= end && bases.any(|base| base == known.segment_base));
        Ok(usable.map(|known| (checkpoint::KIND.encode(&known.encode()), false)))
    }
}

impl LogFork {
    /// The offset that the fork's next batch gets.
    #[must_use]
    pub fn end(&self) -> i64 {
        self.end
    }

    /// What the log of `identity` keeps beside its segments. The same log once more begins a leader epoch: what is appended there
    /// is not what was appended here, at the same offsets (KIP-320).
    fn meta_of(&self, identity: TopicPartition) -> PartitionMeta {
        let mut meta = self.meta.clone();
        if identity == self.source {
            let own = identity.topic.to_string();
            meta.origins.retain(|origin| origin.topic != own);
            meta.begin_epoch(meta.current_epoch().saturating_add(1), self.end);
        }
        meta
    }

    /// Makes the log of `identity` in `dir`, an empty directory, durably but for the directory's own name.
    pub fn write(&self, dir: &Path, identity: TopicPartition, now_ms: i64) -> Result<Forked, LogError> {
        let mut forked = Forked::default();
        for closed in &self.shared {
            self.settle(closed)?;
            self.share(dir, &segment::log_name(closed.base_offset), identity)?;
            self.share_index(dir, &segment::index_name(closed.base_offset), identity)?;
            forked.shared_segments += 1;
            forked.shared_bytes += closed.size;
        }
        if let Some(boundary) = &self.boundary {
            forked.copied_bytes = self.copy(boundary, dir, identity)?;
        }
        let goes_on = self.boundary.as_ref().is_some_and(|boundary| boundary.compacted.is_none());
        // A log that begins behind its first offset has a segment, though there is nothing in it.
        let has_segments = self.end > 0;
        if has_segments && !goes_on {
            let header =
                SegmentHeader { identity, base_offset: self.end, created_at_ms: now_ms, compacted: None };
            let active = Active::create(&*self.disk, dir, header)?;
            active.file.sync_data().map_err(LogError::io(&active.path))?;
        }
        self.meta_of(identity).store(&*self.disk, dir)?;
        if let Some((bytes, _)) = &self.checkpoint {
            let path = dir.join(checkpoint::FILE_NAME);
            headrace_io::disk::replace_file(&*self.disk, &path, bytes).map_err(LogError::io(&path))?;
        }
        if has_segments && !self.checkpoint.as_ref().is_some_and(|(_, is_at_end)| *is_at_end) {
            RecoveryPoint::create_at(&*self.disk, dir, self.end)?;
        }
        self.disk.sync_dir(dir).map_err(LogError::io(dir))?;
        Ok(forked)
    }

    /// What was closed since the last sync may be durable in the write-ahead log alone, which a fork has not.
    fn settle(&self, closed: &Closed) -> Result<(), LogError> {
        if closed.end_offset <= self.synced {
            return Ok(());
        }
        let path = self.dir.join(segment::log_name(closed.base_offset));
        let file = self.disk.open(&path, OpenMode::Read).map_err(LogError::io(&path))?;
        file.sync_data().map_err(LogError::io(&path))
    }

    fn share(&self, dir: &Path, name: &str, identity: TopicPartition) -> Result<(), LogError> {
        let (from, to) = (self.dir.join(name), dir.join(name));
        // Who copies the same log elsewhere must not read again what was copied before.
        let is_same = identity == self.source;
        let shared = if is_same { self.disk.link(&from, &to) } else { self.disk.share(&from, &to) };
        shared.map_err(LogError::io(&from))
    }

    /// An index that is missing is made again from its segment.
    fn share_index(&self, dir: &Path, name: &str, identity: TopicPartition) -> Result<(), LogError> {
        let from = self.dir.join(name);
        let exists = self.disk.exists(&from).map_err(LogError::io(&from))?;
        if exists { self.share(dir, name, identity) } else { Ok(()) }
    }

    fn copy(&self, boundary: &Boundary, dir: &Path, identity: TopicPartition) -> Result<u64, LogError> {
        let Boundary { base_offset, created_at_ms, compacted, .. } = *boundary;
        let path = dir.join(segment::log_name(base_offset));
        let target = self.disk.open(&path, OpenMode::CreateNew).map_err(LogError::io(&path))?;
        let header = SegmentHeader { identity, base_offset, created_at_ms, compacted };
        target.write_at(0, &[&header.encode()]).map_err(LogError::io(&path))?;
        let mut position = segment::HEADER_BYTES;
        let mut buffer = vec![0; FORK_COPY_BYTES];
        while position < boundary.end {
            let wanted = (boundary.end - position).min(buffer.len() as u64) as usize;
            let part = &mut buffer[..wanted];
            let read = boundary.file.read_at(position, part).map_err(LogError::io(&boundary.path))?;
            if read < wanted {
                let detail = format!("the file ends at {}", position + read as u64);
                return Err(LogError::corrupt(&boundary.path, detail));
            }
            target.write_at(position, &[part]).map_err(LogError::io(&path))?;
            position += wanted as u64;
        }
        target.sync_data().map_err(LogError::io(&path))?;
        Ok(position)
    }
}

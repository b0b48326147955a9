//! Finding records by timestamp, for `ListOffsets`. Needs no log, so that what waits for the medium can run on another thread.

use std::path::PathBuf;
use std::sync::Arc;

use headrace_io::DiskFile;
use headrace_records::{DecompressionLimits, RecordSet};
use headrace_types::LeaderEpoch;

use crate::error::LogError;
use crate::index::{Entry, SparseIndex};
use crate::limits::SCAN_CHUNK_BYTES;
use crate::lookup::{ClosedSegments, LOOKUP_CHUNK_BYTES, LoadedSegment, View, readable_end};
use crate::partition::PartitionLog;
use crate::scan::{Found, Residence};
use crate::segment::{Active, Closed};
use crate::sync::SyncEnd;

/// A record that a timestamp led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundOffset {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp.
    pub timestamp: i64,
    /// The leader epoch of its batch.
    pub leader_epoch: LeaderEpoch,
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampWanted {
    /// The first record whose timestamp is at least this.
    AtLeast(i64),
    /// The first record with the largest timestamp of all.
    Largest,
}

/// A search over the readable part of a log as it was when the search was made.
#[derive(Debug)]
pub struct TimestampSearch {
    wanted: TimestampWanted,
    limits: DecompressionLimits,
    log_start: i64,
    /// The number of the first segment that holds something behind the log start.
    first: usize,
    closed: ClosedSegments,
    active: Option<ActivePart>,
    readable: SyncEnd,
}

/// What is to be known of the active segment.
#[derive(Debug)]
struct ActivePart {
    base_offset: i64,
    size: u64,
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    index: SparseIndex,
    max_timestamp: i64,
}

impl ActivePart {
    fn of(active: &Active) -> Self {
        Self {
            base_offset: active.base_offset,
            size: active.size,
            file: Arc::clone(&active.file),
            path: active.path.clone(),
            index: active.index.clone(),
            max_timestamp: active.max_timestamp,
        }
    }

    fn view_from(&self, from: Entry, end: u64) -> Option<View> {
        let (file, path) = (Arc::clone(&self.file), self.path.clone());
        (from.position < end).then_some(View { file, path, from, end, has_gaps: false })
    }
}

/// A segment that is open.
enum Opened<'a> {
    Closed(LoadedSegment),
    Active(&'a ActivePart),
}

impl Opened<'_> {
    fn base_offset(&self) -> i64 {
        match self {
            Self::Closed(loaded) => loaded.closed.base_offset,
            Self::Active(active) => active.base_offset,
        }
    }

    /// Largest timestamp, unsynced batches included, or `i64::MIN`.
    fn max_timestamp(&self) -> i64 {
        match self {
            Self::Closed(loaded) => loaded.summary.max_timestamp,
            Self::Active(active) => active.max_timestamp,
        }
    }

    /// The readable part from the entry on that `pick` chooses.
    fn view(&self, readable: SyncEnd, pick: impl Fn(&SparseIndex) -> Option<Entry>) -> Option<View> {
        match self {
            Self::Closed(loaded) => {
                let end = readable_end(readable, loaded.closed.base_offset, loaded.closed.size);
                loaded.view_from(pick(&loaded.summary.index)?, end)
            }
            Self::Active(active) => {
                let end = readable_end(readable, active.base_offset, active.size);
                active.view_from(pick(&active.index)?, end)
            }
        }
    }
}

impl PartitionLog {
    /// A search by timestamp from the log start on, of what may be read now.
    #[must_use]
    pub fn timestamp_search(&self, wanted: TimestampWanted, limits: DecompressionLimits) -> TimestampSearch {
        TimestampSearch {
            wanted,
            limits,
            log_start: self.meta.log_start_offset,
            first: self.segment_of(self.meta.log_start_offset),
            closed: self.closed_segments(),
            active: self.active.as_ref().map(ActivePart::of),
            readable: self.readable,
        }
    }
}

impl TimestampSearch {
    /// The closed segments that it may read. What it finds holds only if the log still has all of them afterwards, and so does a failure.
    pub fn segments(&self) -> impl Iterator<Item = Closed> {
        self.closed.all[self.first.min(self.closed.all.len())..].iter().copied()
    }

    /// Searches, and waits for the medium.
    pub fn run(&self) -> Result<Option<FoundOffset>, LogError> {
        match self.wanted {
            TimestampWanted::AtLeast(timestamp) => self.find(timestamp),
            TimestampWanted::Largest => self.largest()?.map_or(Ok(None), |largest| self.find(largest)),
        }
    }

    fn count(&self) -> usize {
        self.closed.all.len() + usize::from(self.active.is_some())
    }

    fn open(&self, number: usize) -> Result<Option<Opened<'_>>, LogError> {
        match self.closed.opening(number) {
            Some(opening) => Ok(Some(Opened::Closed(opening.run()?))),
            None => Ok(self.active.as_ref().map(Opened::Active)),
        }
    }

    fn find(&self, timestamp: i64) -> Result<Option<FoundOffset>, LogError> {
        for number in self.first..self.count() {
            let Some(opened) = self.open(number)?.filter(|opened| opened.max_timestamp() >= timestamp) else {
                continue;
            };
            let Some(view) = opened.view(self.readable, |index| index.by_timestamp(timestamp)) else {
                continue;
            };
            if let Some(found) = self.search(&view, timestamp)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn search(&self, view: &View, timestamp: i64) -> Result<Option<FoundOffset>, LogError> {
        let mut scanner = view.scanner(SCAN_CHUNK_BYTES);
        while let Some(found) = view.next(&mut scanner)? {
            let is_before = found.header.next_offset().get() <= self.log_start;
            if found.header.max_timestamp < timestamp || is_before {
                continue;
            }
            let batch = view.read(Residence::Anywhere, found.position, found.bytes)?;
            if let Some((offset, timestamp)) = self.first_record(&batch, &found, timestamp) {
                return Ok(Some(FoundOffset { offset, timestamp, leader_epoch: found.header.leader_epoch }));
            }
        }
        Ok(None)
    }

    /// The first record of a batch from the log start on with at least `timestamp`. A batch that can not be read inside, or not within
    /// the limits, answers with its beginning: a consumer then starts early and misses nothing.
    fn first_record(&self, batch: &[u8], found: &Found, timestamp: i64) -> Option<(i64, i64)> {
        let beginning = (found.header.base_offset.get().max(self.log_start), found.header.max_timestamp);
        let Ok(records) = RecordSet::of_batch(batch, self.limits) else { return Some(beginning) };
        for record in records.iter() {
            let Ok(record) = record else { return Some(beginning) };
            if record.timestamp >= timestamp && record.offset >= self.log_start {
                return Some((record.offset, record.timestamp));
            }
        }
        None
    }

    /// The largest timestamp of the readable batches; `None` in an empty log.
    fn largest(&self) -> Result<Option<i64>, LogError> {
        let mut largest = None;
        for number in self.first..self.count() {
            if let Some(opened) = self.open(number)? {
                largest = largest.max(self.largest_of(&opened)?);
            }
        }
        Ok(largest)
    }

    fn largest_of(&self, opened: &Opened<'_>) -> Result<Option<i64>, LogError> {
        if opened.base_offset() < self.readable.segment_base {
            return Ok(Some(opened.max_timestamp()));
        }
        let position = self.readable.position;
        let Some(view) = opened.view(self.readable, |index| index.by_position(position)) else {
            return Ok(None);
        };
        let mut max_timestamp = view.from.max_timestamp_before;
        let mut scanner = view.scanner(LOOKUP_CHUNK_BYTES);
        while let Some(found) = view.next(&mut scanner)? {
            max_timestamp = max_timestamp.max(found.header.max_timestamp);
        }
        Ok(Some(max_timestamp))
    }
}

//! Segments that are opened, and batches that are found in them by their offset.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use headrace_io::{Disk, DiskFile, OpenMode};
use headrace_records::RecordsError;

use crate::error::LogError;
use crate::index::{self, Entry, SparseIndex};
use crate::limits::SCAN_CHUNK_BYTES;
use crate::partition::PartitionLog;
use crate::scan::{Found, Residence, Scanner, Step, control_of};
use crate::segment::{self, Closed, ClosedIndex};
use crate::segment_read::{ReadLimits, SegmentRead, Source};
use crate::sync::SyncEnd;
use crate::transactions::{AbortedHints, rebuild_aborted};

/// Bytes read at once where a batch is looked for near an index entry.
pub(crate) const LOOKUP_CHUNK_BYTES: usize = 16 * 1024;

/// The closed segment that was read last, kept open with its index.
#[derive(Debug)]
pub struct LoadedSegment {
    pub(crate) closed: Closed,
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) summary: ClosedIndex,
}

impl LoadedSegment {
    /// The segment from the batch on that holds `offset`, as far as the position `end`.
    pub(crate) fn view(&self, offset: i64, end: u64) -> Option<View> {
        self.view_from(self.summary.index.by_offset(offset)?, end)
    }

    pub(crate) fn view_from(&self, from: Entry, end: u64) -> Option<View> {
        let has_gaps = self.closed.cleaned_to.is_some();
        let view = View { file: Arc::clone(&self.file), path: self.path.clone(), from, end, has_gaps };
        (from.position < end).then_some(view)
    }
}

/// A closed segment that is to be opened with its index, which may wait for the medium.
#[derive(Debug)]
pub(crate) struct Opening {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    path: PathBuf,
    closed: Closed,
    /// The bytes of its index, where they are not written yet.
    unwritten_index: Option<Vec<u8>>,
    /// The segments that tell of the aborted transactions whose markers it holds: so many of these, oldest first.
    told_by: (Arc<[Closed]>, usize),
}

/// A closed segment that is to be opened where waiting for the medium harms nobody.
#[derive(Debug)]
pub struct ColdSegment(pub(crate) Opening);

impl ColdSegment {
    /// The segment.
    #[must_use]
    pub fn segment(&self) -> Closed {
        self.0.segment()
    }

    /// Opens it, for [`PartitionLog::keep_open`]. A failure means nothing if the log has not got the [segment](Self::segment) any more.
    pub fn run(self) -> Result<Arc<LoadedSegment>, LogError> {
        self.0.run().map(Arc::new)
    }
}

/// The closed segments of a log as they were at some moment.
#[derive(Debug)]
pub(crate) struct ClosedSegments {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    pub(crate) all: Arc<[Closed]>,
    unwritten_indexes: Vec<(PathBuf, Vec<u8>)>,
    aborted_hints: AbortedHints,
}

impl ClosedSegments {
    /// The opening of the segment of this number.
    pub(crate) fn opening(&self, number: usize) -> Option<Opening> {
        let closed = *self.all.get(number)?;
        let has_aborted = self.aborted_hints.has_aborted(closed.base_offset);
        let told_by = (Arc::clone(&self.all), if has_aborted { number + 1 } else { 0 });
        Some(Opening::new(&self.disk, &self.dir, closed, &self.unwritten_indexes, told_by))
    }
}

impl Opening {
    fn new(
        disk: &Arc<dyn Disk>,
        dir: &Path,
        closed: Closed,
        unwritten_indexes: &[(PathBuf, Vec<u8>)],
        told_by: (Arc<[Closed]>, usize),
    ) -> Self {
        let index_path = dir.join(segment::index_name(closed.base_offset));
        let unwritten = unwritten_indexes.iter().find(|(path, _)| *path == index_path);
        Self {
            disk: Arc::clone(disk),
            dir: dir.to_path_buf(),
            path: dir.join(segment::log_name(closed.base_offset)),
            closed,
            unwritten_index: unwritten.map(|(_, bytes)| bytes.clone()),
            told_by,
        }
    }

    pub(crate) fn segment(&self) -> Closed {
        self.closed
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn run(self) -> Result<LoadedSegment, LogError> {
        let Self { disk, dir, path, closed, unwritten_index, told_by: (all, told_by) } = self;
        let file = disk.open(&path, OpenMode::Read).map_err(LogError::read(&path))?;
        file.read_as_asked();
        let index_path = dir.join(segment::index_name(closed.base_offset));
        let (kind, content) = match unwritten_index {
            Some(bytes) => (index::KIND, index::KIND.decode(&bytes)),
            None => index::KIND.read_either(index::KIND_BEFORE, &*disk, &index_path)?,
        };
        let sound = content
            .rebuildable()
            .and_then(|payload| ClosedIndex::decode(&payload, kind))
            .filter(|summary| summary.size == closed.size && summary.end_offset == closed.end_offset);
        let summary = match sound {
            Some(summary) => summary,
            None => ClosedIndex {
                aborted: rebuild_aborted(&*disk, &dir, &all[..told_by])?,
                ..rebuild(&*file, &path, closed)?
            },
        };
        Ok(LoadedSegment { closed, path, file, summary })
    }
}

/// A segment as far as it may be read.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) path: PathBuf,
    /// Where to begin.
    pub(crate) from: Entry,
    /// Position after the last batch that is durable.
    pub(crate) end: u64,
    /// Whether compaction wrote the segment.
    pub(crate) has_gaps: bool,
}

impl View {
    pub(crate) fn scanner(&self, chunk_bytes: usize) -> Scanner<'_> {
        Scanner::new(&*self.file, self.from.position, self.from.offset, self.end, chunk_bytes)
            .with_gaps(self.has_gaps)
    }

    /// The next batch of a scan over durable data, which must be sound.
    pub(crate) fn next(&self, scanner: &mut Scanner<'_>) -> Result<Option<Found>, LogError> {
        match scanner.step().map_err(LogError::read(&self.path))? {
            Step::Batch(found) => Ok(Some(found)),
            Step::End => Ok(None),
            Step::Bad(detail) => {
                Err(LogError::corrupt(&self.path, format!("{detail} at offset {}", scanner.next_offset())))
            }
        }
    }

    /// The first batch that `wanted` accepts.
    pub(crate) fn find(
        &self,
        residence: Residence,
        wanted: impl Fn(&Found) -> bool,
    ) -> Result<Option<Found>, LogError> {
        let mut scanner = self.scanner(LOOKUP_CHUNK_BYTES).from(residence);
        while let Some(found) = self.next(&mut scanner)? {
            if wanted(&found) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Reads `bytes` from `position` on.
    pub(crate) fn read(
        &self,
        residence: Residence,
        position: u64,
        bytes: usize,
    ) -> Result<Vec<u8>, LogError> {
        let mut out = vec![0; bytes];
        let read = residence.read(&*self.file, position, &mut out).map_err(LogError::read(&self.path))?;
        if read < bytes {
            return Err(LogError::corrupt(
                &self.path,
                format!("the file ends at {}", position + read as u64),
            ));
        }
        Ok(out)
    }
}

impl PartitionLog {
    /// Number of segments, the active one included.
    pub(crate) fn segments_count(&self) -> usize {
        self.closed.len() + usize::from(self.active.is_some())
    }

    /// The number of the segment that `offset` lies in, or would lie in.
    pub(crate) fn segment_of(&self, offset: i64) -> usize {
        let closed = self.closed.partition_point(|closed| closed.end_offset <= offset);
        closed.min(self.segments_count().saturating_sub(1))
    }

    /// The readable part of a segment from the entry on that `pick` chooses; `None` if there is nothing to read.
    pub(crate) fn view(
        &mut self,
        number: usize,
        pick: impl Fn(&SparseIndex) -> Option<Entry>,
    ) -> Result<Option<View>, LogError> {
        let view = if let Some(closed) = self.closed.get(number).copied() {
            let end = self.readable_end(closed.base_offset, closed.size);
            let loaded = self.load(closed)?;
            pick(&loaded.summary.index).and_then(|from| loaded.view_from(from, end))
        } else if let Some(active) = &self.active {
            let end = self.readable_end(active.base_offset, active.size);
            let from = pick(&active.index);
            let (file, path) = (Arc::clone(&active.file), active.path.clone());
            from.map(|from| View { file, path, from, end, has_gaps: false })
        } else {
            None
        };
        Ok(view.filter(|view| view.from.position < view.end))
    }

    fn readable_end(&self, base_offset: i64, size: u64) -> u64 {
        readable_end(self.readable, base_offset, size)
    }

    /// Opens a closed segment and its index, unless it is the one that is open already.
    pub(crate) fn load(&mut self, closed: Closed) -> Result<&LoadedSegment, LogError> {
        let loaded = match self.loaded.take().filter(|loaded| loaded.closed == closed) {
            Some(loaded) => loaded,
            None => Arc::new(self.opening(closed).run()?),
        };
        self.ages.note(&loaded);
        Ok(self.loaded.insert(loaded))
    }

    pub(crate) fn opening(&self, closed: Closed) -> Opening {
        let told_by: Arc<[Closed]> = if self.aborted_hints.has_aborted(closed.base_offset) {
            let upto = self.closed.partition_point(|other| other.base_offset <= closed.base_offset);
            self.closed[..upto].into()
        } else {
            Arc::default()
        };
        let count = told_by.len();
        Opening::new(&self.disk, &self.dir, closed, &self.unwritten_indexes, (told_by, count))
    }

    /// The closed segments as they are now.
    pub(crate) fn closed_segments(&self) -> ClosedSegments {
        ClosedSegments {
            disk: Arc::clone(&self.disk),
            dir: self.dir.clone(),
            all: self.closed.as_slice().into(),
            unwritten_indexes: self.unwritten_indexes.clone(),
            aborted_hints: self.aborted_hints.clone(),
        }
    }

    /// A read of the segment that `offset` lies in, up to `end`; none of a log without segments.
    pub(crate) fn segment_read(&self, offset: i64, end: i64, limits: ReadLimits) -> Option<SegmentRead> {
        let closed = self.closed.get(self.segment_of(offset)).copied();
        let base_offset = match (closed, &self.active) {
            (Some(closed), _) => closed.base_offset,
            (None, active) => active.as_ref()?.base_offset,
        };
        let source = self.source(base_offset, closed, offset);
        Some(SegmentRead { source, base_offset, closed, offset, end, limits })
    }

    fn source(&self, base_offset: i64, closed: Option<Closed>, offset: i64) -> Source {
        let view = if let Some(closed) = closed {
            let end = self.readable_end(closed.base_offset, closed.size);
            let Some(loaded) = self.loaded.as_ref().filter(|loaded| loaded.closed == closed) else {
                return Source::Closed(self.opening(closed), end);
            };
            loaded.view(offset, end)
        } else {
            self.active.as_ref().and_then(|active| {
                let end = self.readable_end(active.base_offset, active.size);
                let (file, path) = (Arc::clone(&active.file), active.path.clone());
                let from = active.index.by_offset(offset).filter(|from| from.position < end)?;
                Some(View { file, path, from, end, has_gaps: false })
            })
        };
        let Some(mut view) = view else { return Source::Nothing };
        view.from = self.resumes.improve(base_offset, offset, view.from);
        if view.from.position < view.end { Source::Open(view) } else { Source::Nothing }
    }

    /// Keeps a closed segment open that was opened meanwhile.
    pub fn keep_open(&mut self, opened: Arc<LoadedSegment>) {
        if self.closed.contains(&opened.closed) {
            self.ages.note(&opened);
            self.loaded = Some(opened);
        }
    }
}

/// The position at which the readable part of a segment ends.
pub(crate) fn readable_end(readable: SyncEnd, base_offset: i64, size: u64) -> u64 {
    match base_offset.cmp(&readable.segment_base) {
        std::cmp::Ordering::Less => size,
        std::cmp::Ordering::Equal => readable.position,
        std::cmp::Ordering::Greater => 0,
    }
}

/// Rebuilds the index of a closed segment whose index file is missing or damaged.
fn rebuild(file: &dyn DiskFile, path: &std::path::Path, closed: Closed) -> Result<ClosedIndex, LogError> {
    let mut head = [0; segment::HEADER_BYTES as usize];
    let read = file.read_at(0, &mut head).map_err(LogError::read(path))?;
    let header = segment::SegmentHeader::decode(&head[..read])
        .ok_or_else(|| LogError::corrupt(path, "the segment header is damaged"))?;
    let from =
        Entry { offset: closed.base_offset, position: segment::HEADER_BYTES, max_timestamp_before: i64::MIN };
    let mut summary = ClosedIndex {
        end_offset: closed.end_offset,
        size: closed.size,
        max_timestamp: i64::MIN,
        created_at_ms: header.created_at_ms,
        index: SparseIndex::default(),
        aborted: Vec::new(),
    };
    let has_gaps = closed.cleaned_to.is_some();
    let mut scanner =
        Scanner::new(file, from.position, from.offset, closed.size, SCAN_CHUNK_BYTES).with_gaps(has_gaps);
    loop {
        match scanner.step().map_err(LogError::read(path))? {
            Step::Batch(found) => {
                summary.index.add(Entry {
                    offset: found.header.base_offset.get(),
                    position: found.position,
                    max_timestamp_before: summary.max_timestamp,
                });
                summary.max_timestamp = summary.max_timestamp.max(found.header.max_timestamp);
            }
            Step::End if has_gaps || scanner.next_offset() == closed.end_offset => return Ok(summary),
            Step::End => return Err(LogError::corrupt(path, "the segment ends before the next one begins")),
            Step::Bad(detail) => {
                let detail = format!("{detail} at offset {}", scanner.next_offset());
                return Err(LogError::corrupt(path, detail));
            }
        }
    }
}

/// Shows every batch of a closed segment, with the bytes of those that are control batches.
pub(crate) fn walk(
    disk: &dyn Disk,
    dir: &std::path::Path,
    closed: Closed,
    mut act: impl FnMut(&Found, &[u8]) -> Result<(), RecordsError>,
) -> Result<(), LogError> {
    let path = dir.join(segment::log_name(closed.base_offset));
    let file = disk.open(&path, OpenMode::Read).map_err(LogError::read(&path))?;
    let Closed { base_offset, size, cleaned_to, .. } = closed;
    let mut scanner = Scanner::new(&*file, segment::HEADER_BYTES, base_offset, size, SCAN_CHUNK_BYTES)
        .with_gaps(cleaned_to.is_some());
    loop {
        match scanner.step().map_err(LogError::read(&path))? {
            Step::Batch(found) => {
                let body = control_of(&mut scanner, &found).map_err(LogError::read(&path))?;
                let seen = act(&found, body);
                seen.map_err(|error| LogError::corrupt(&path, format!("a marker can not be read: {error}")))?;
            }
            Step::End => return Ok(()),
            Step::Bad(detail) => return Err(LogError::corrupt(&path, detail)),
        }
    }
}

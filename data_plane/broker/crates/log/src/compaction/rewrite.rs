//! Reading the dirty part of a log, and writing its segments without what was replaced.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use headrace_io::{DiskFile, OpenMode};
use headrace_records::header::crc_of;
use headrace_records::{
    BatchHeader, DecompressionLimits, Filtered, Record, RecordSet, emptied, filter, with_horizon,
};

use super::offset_map::OffsetMap;
use super::place::{Replacement, aside};
use super::plan::{PassPlan, Step};
use super::transactions::Remaining;
use crate::epochs::may_lie;
use crate::error::LogError;
use crate::gauge::reserve_bytes;
use crate::index::{Entry, SparseIndex};
use crate::limits::{COMPACTION_WRITE_BYTES, SCAN_CHUNK_BYTES};
use crate::scan::{self, Scanner};
use crate::segment::{self, Closed, ClosedIndex, Compacted, SegmentHeader};
use crate::transactions::AbortedTransaction;

/// A segment that is read.
struct Source {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    closed: Closed,
    header: SegmentHeader,
}

/// The last offset of each key of the dirty part, and how far there was room for them.
pub(super) fn read_dirty(plan: &PassPlan, stop: &AtomicBool) -> Result<(OffsetMap, i64), LogError> {
    let mut offsets = OffsetMap::default();
    let mut known_to = plan.dirty_from;
    for closed in plan.segments.iter().filter(|closed| closed.end_offset > plan.dirty_from) {
        let source = Source::open(plan, *closed)?;
        let mut scanner = source.scanner();
        while let Some((header, batch)) = source.next(&mut scanner)? {
            if stop.load(Ordering::Relaxed) {
                return Ok((OffsetMap::default(), i64::MIN));
            }
            let counts = !header.attributes.is_control() && !plan.aborted.has(&header);
            if header.next_offset().get() <= plan.dirty_from || !counts {
                continue;
            }
            if let Some(full_at) = note_batch(&mut offsets, &batch, plan.dirty_from) {
                return Ok((offsets, full_at));
            }
        }
        known_to = closed.end_offset;
    }
    Ok((offsets, known_to))
}

/// Notes the keys of a batch; the offset of the first record that there was no room for.
fn note_batch(offsets: &mut OffsetMap, batch: &[u8], dirty_from: i64) -> Option<i64> {
    let records = RecordSet::of_batch(batch, DecompressionLimits::default()).ok()?;
    let readable = records.iter().map_while(Result::ok);
    for record in readable.filter(|record| record.offset >= dirty_from) {
        if let Some(key) = record.key
            && !offsets.note(key, record.offset)
        {
            return Some(record.offset);
        }
    }
    None
}

/// What a pass goes by.
#[derive(Clone, Copy)]
pub(super) struct Basis<'a> {
    pub(super) plan: &'a PassPlan,
    pub(super) offsets: &'a OffsetMap,
    /// How far the offsets of keys are known.
    pub(super) known_to: i64,
}

/// Writes `group` aside as one segment. What the offsets of keys do not reach to is kept. Unless a segment was written whole the
/// caller removes what lies aside.
pub(super) fn rewrite(
    pass: Basis<'_>,
    remaining: &mut Remaining,
    group: Vec<Closed>,
    stop: &AtomicBool,
) -> Result<Step, LogError> {
    let Basis { plan, known_to, .. } = pass;
    check_room(plan, group.iter().map(|closed| closed.size).sum())?;
    let sources =
        group.into_iter().map(|closed| Source::open(plan, closed)).collect::<Result<Vec<_>, _>>()?;
    let (Some(first), Some(last)) = (sources.first(), sources.last()) else { return Ok(Step::Same) };
    let end_offset = last.closed.end_offset;
    let has_aborted = plan.aborted.has_marker_between(first.closed.base_offset, end_offset);
    let compacted = Compacted { end_offset, cleaned_to: known_to.min(end_offset), has_aborted };
    let header = SegmentHeader {
        created_at_ms: last.header.created_at_ms,
        compacted: Some(compacted),
        ..first.header
    };
    let mut writer = Writer::create(plan, header)?;
    let mut has_changed = sources.len() > 1 || first.header != header;
    for source in &sources {
        let mut scanner = source.scanner();
        while let Some((header, batch)) = source.next(&mut scanner)? {
            if stop.load(Ordering::Relaxed) {
                return Ok(Step::Over);
            }
            let left = if header.attributes.is_control() {
                let is_needed = remaining.marker(&header);
                left_of_marker(pass, &header, &batch, is_needed)
            } else {
                left_of(pass, &header, &batch)
            };
            match left {
                Left::Same => writer.add(&batch)?,
                Left::Other(batch) => {
                    has_changed = true;
                    writer.add(&batch)?;
                }
                Left::Nothing => {
                    has_changed = true;
                    continue;
                }
            }
            remaining.batch(&header);
            writer.aborted.extend(plan.aborted.of_marker(&header));
        }
    }
    if !has_changed {
        return Ok(Step::Same);
    }
    let (closed, aborted) = writer.finish(compacted)?;
    Ok(Step::Rewritten(Replacement {
        sources: sources.iter().map(|source| source.closed).collect(),
        closed,
        aborted,
        replaced: Arc::clone(&first.file),
        disk: Arc::clone(&plan.disk),
        dir: plan.dir.clone(),
    }))
}

/// What stays of a batch.
enum Left {
    Same,
    Other(Vec<u8>),
    Nothing,
}

/// What stays of a marker; it is needed as long as anything of its transaction is left.
fn left_of_marker(pass: Basis<'_>, header: &BatchHeader, batch: &[u8], is_needed: bool) -> Left {
    let Basis { plan, known_to, .. } = pass;
    let is_last = header.next_offset().get() >= plan.log_end;
    if header.base_offset.get() >= known_to || is_needed || is_last {
        return Left::Same;
    }
    let is_gone = header.next_offset().get() <= plan.log_start;
    match header.delete_horizon_ms() {
        _ if is_gone => Left::Nothing,
        Some(horizon_ms) if plan.now_ms >= horizon_ms => Left::Nothing,
        Some(_) => Left::Same,
        None => with_horizon(batch, plan.now_ms.saturating_add(plan.delete_retention_ms))
            .map_or(Left::Same, Left::Other),
    }
}

fn left_of(pass: Basis<'_>, header: &BatchHeader, batch: &[u8]) -> Left {
    let Basis { plan, offsets, known_to } = pass;
    if header.base_offset.get() >= known_to {
        return Left::Same;
    }
    let is_gone = header.next_offset().get() <= plan.log_start;
    let is_aborted = plan.aborted.has(header);
    // The last batch of the log stays in any case, so that a consumer gets to the end.
    let is_needed =
        header.next_offset().get() >= plan.log_end || plan.remembered.contains(&header.last_offset().get());
    let shows_tombstones = header.delete_horizon_ms().is_none_or(|horizon_ms| plan.now_ms < horizon_ms);
    let stays = |record: &Record<'_>| {
        record.offset >= known_to
            || (record.value.is_some() || shows_tombstones)
                && !is_gone
                && !is_aborted
                && record.key.is_some_and(|key| !offsets.replaces(key, record.offset))
    };
    let is_known = header.last_offset().get() < known_to;
    let horizon_ms = is_known.then(|| plan.now_ms.saturating_add(plan.delete_retention_ms));
    let filtered = RecordSet::of_batch(batch, DecompressionLimits::default())
        .and_then(|records| filter(batch, &records, horizon_ms, stays));
    match filtered {
        // A batch that can not be read inside stays as it is: what its keys are nobody knows.
        Ok(Filtered::Unchanged) | Err(_) => Left::Same,
        Ok(Filtered::Changed(batch)) => Left::Other(batch),
        Ok(Filtered::Nothing) if !is_needed => Left::Nothing,
        Ok(Filtered::Nothing) if header.records_count == 0 => Left::Same,
        Ok(Filtered::Nothing) => Left::Other(emptied(batch)),
    }
}

/// Compaction needs room before it makes some; the reserve is not for it.
fn check_room(plan: &PassPlan, bytes: u64) -> Result<(), LogError> {
    let space = plan.disk.space(&plan.dir).map_err(LogError::io(&plan.dir))?;
    if space.free_bytes.saturating_sub(reserve_bytes(space)) < bytes {
        return Err(LogError::io(&plan.dir)(std::io::ErrorKind::StorageFull.into()));
    }
    Ok(())
}

impl Source {
    fn open(plan: &PassPlan, closed: Closed) -> Result<Self, LogError> {
        let path = plan.dir.join(segment::log_name(closed.base_offset));
        let file = plan.disk.open(&path, OpenMode::Read).map_err(LogError::read(&path))?;
        let mut head = [0; segment::HEADER_BYTES as usize];
        let read = file.read_at(0, &mut head).map_err(LogError::read(&path))?;
        let header = SegmentHeader::decode(&head[..read])
            .filter(|header| {
                header.base_offset == closed.base_offset
                    && may_lie(header.identity, plan.identity, header.base_offset, &plan.origins)
            })
            .ok_or_else(|| LogError::corrupt(&path, "the segment header is damaged"))?;
        Ok(Self { file, path, closed, header })
    }

    fn scanner(&self) -> Scanner<'_> {
        let Closed { base_offset, size, cleaned_to, .. } = self.closed;
        Scanner::new(&*self.file, segment::HEADER_BYTES, base_offset, size, SCAN_CHUNK_BYTES)
            .with_gaps(cleaned_to.is_some())
    }

    /// The next batch, which must be sound: rot must not get a fresh checksum.
    fn next(&self, scanner: &mut Scanner<'_>) -> Result<Option<(BatchHeader, Vec<u8>)>, LogError> {
        let corrupt = |detail, offset| LogError::corrupt(&self.path, format!("{detail} at offset {offset}"));
        let found = match scanner.step().map_err(LogError::read(&self.path))? {
            scan::Step::Batch(found) => found,
            scan::Step::End => return Ok(None),
            scan::Step::Bad(detail) => return Err(corrupt(detail, scanner.next_offset())),
        };
        let mut batch = vec![0; found.bytes];
        let read = self.file.read_at(found.position, &mut batch).map_err(LogError::read(&self.path))?;
        if read < found.bytes || crc_of(&batch) != found.header.crc {
            return Err(corrupt("a batch's CRC does not match", found.header.base_offset.get()));
        }
        Ok(Some((found.header, batch)))
    }
}

/// A segment that is written aside.
struct Writer<'a> {
    plan: &'a PassPlan,
    header: SegmentHeader,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    pending: Vec<u8>,
    /// Bytes in the file, without those pending.
    written: u64,
    max_timestamp: i64,
    index: SparseIndex,
    aborted: Vec<AbortedTransaction>,
}

impl<'a> Writer<'a> {
    fn create(plan: &'a PassPlan, header: SegmentHeader) -> Result<Self, LogError> {
        let path = aside(&plan.dir, &segment::log_name(header.base_offset));
        let file = plan.disk.open(&path, OpenMode::Replace).map_err(LogError::io(&path))?;
        Ok(Self {
            plan,
            header,
            path,
            file,
            pending: header.encode().to_vec(),
            written: 0,
            max_timestamp: i64::MIN,
            index: SparseIndex::default(),
            aborted: Vec::new(),
        })
    }

    fn size(&self) -> u64 {
        self.written + self.pending.len() as u64
    }

    fn add(&mut self, batch: &[u8]) -> Result<(), LogError> {
        if let Some(header) = BatchHeader::parse(batch) {
            self.index.add(Entry {
                offset: header.base_offset.get(),
                position: self.size(),
                max_timestamp_before: self.max_timestamp,
            });
            self.max_timestamp = self.max_timestamp.max(header.max_timestamp);
        }
        self.pending.extend_from_slice(batch);
        if self.pending.len() >= COMPACTION_WRITE_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), LogError> {
        self.file.write_at(self.written, &[&self.pending]).map_err(LogError::io(&self.path))?;
        self.file.sync_data().map_err(LogError::io(&self.path))?;
        self.written = self.size();
        self.pending.clear();
        Ok(())
    }

    /// Syncs the segment and its index.
    fn finish(mut self, compacted: Compacted) -> Result<(Closed, Vec<AbortedTransaction>), LogError> {
        if !self.pending.is_empty() {
            self.flush()?;
        }
        let summary = ClosedIndex {
            end_offset: compacted.end_offset,
            size: self.written,
            max_timestamp: self.max_timestamp,
            created_at_ms: self.header.created_at_ms,
            index: self.index,
            aborted: self.aborted,
        };
        let path = aside(&self.plan.dir, &segment::index_name(self.header.base_offset));
        let file = self.plan.disk.open(&path, OpenMode::Replace).map_err(LogError::io(&path))?;
        file.write_at(0, &[&summary.encode()]).map_err(LogError::io(&path))?;
        file.sync_data().map_err(LogError::io(&path))?;
        let closed = Closed {
            base_offset: self.header.base_offset,
            end_offset: compacted.end_offset,
            size: self.written,
            cleaned_to: Some(compacted.cleaned_to),
        };
        Ok((closed, summary.aborted))
    }
}

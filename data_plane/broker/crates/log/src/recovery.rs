//! Opening a partition after any kind of stop.
//!
//! Behind the recovery point the first thing that is no sound batch is a torn tail and is cut off: it was never
//! synced, so never acknowledged. Before the recovery point it is damage: the partition stays offline, untouched.
//!
//! What lies behind the recovery point and is kept is written anew and synced before anyone reads it: the sync that ended the last
//! process may have failed, and the page cache would tell of data that the disk does not have.
//!
//! The log start is moved only over what its segments hold durably. Segments before it may be left over, any of them, from a removal
//! that was cut short; they are read only for the producers that no checkpoint knows, so what is damaged or missing there is passed over.
//!
//! Compaction puts a segment in the place of one or several only when it is synced and they were. So whatever a compacted
//! segment stands for was synced, and segments that begin inside it are left over from before.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use headrace_io::{Disk, DiskFile, OpenMode};
use headrace_records::RecordsError;
use headrace_types::TopicPartition;

use crate::checkpoint::{self, Checkpoint};
use crate::epochs::{PartitionMeta, may_lie};
use crate::error::LogError;
use crate::index::{Entry, SparseIndex};
use crate::limits::SCAN_CHUNK_BYTES;
use crate::museum::{Bug, is_out};
use crate::producers::Producers;
use crate::recovery_point::RecoveryPoint;
use crate::scan::{Found, Scanner, Step, control_of};
use crate::segment::{self, Active, Closed, Compacted, SegmentHeader};
use crate::transactions::AbortedHints;

/// What a partition's directory holds.
#[derive(Debug)]
pub struct Recovered {
    /// Log start and leader epochs.
    pub meta: PartitionMeta,
    /// Complete segments, oldest first.
    pub closed: Vec<Closed>,
    /// The segment to go on with; none in a partition that was never appended to.
    pub active: Option<Active>,
    /// The producers at the log end.
    pub producers: Producers,
    /// Which of the complete segments hold markers of aborted transactions.
    pub aborted_hints: AbortedHints,
    /// Offset that the next batch gets. Everything below is synced.
    pub log_end: i64,
    /// The open recovery point.
    pub point: Option<RecoveryPoint>,
    /// Bytes of a torn tail that were cut off.
    pub truncated_bytes: u64,
    /// Bytes that had to be read again because they lie behind the last checkpoint.
    pub replayed_bytes: u64,
}

struct Opened {
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    length: u64,
    header: SegmentHeader,
}

struct Recovery<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    now_ms: i64,
    log_start: i64,
    point_offset: i64,
    /// Up to where the checkpoint knows the producers.
    known_to: i64,
    truncated_bytes: u64,
    dir_changed: bool,
}

/// Where the scan begins, and what is known there.
struct Start {
    number: usize,
    checkpoint: Checkpoint,
}

/// How far a segment could be read.
enum Ended {
    Whole,
    /// Its tail was cut off: nothing comes after it.
    Torn,
    /// It lies before the log start and is damaged: nothing before the next one counts.
    PassedOver,
}

/// Opens the partition `identity` in `dir`.
pub fn recover(
    disk: &dyn Disk,
    dir: &Path,
    identity: TopicPartition,
    now_ms: i64,
) -> Result<Recovered, LogError> {
    let meta = PartitionMeta::load(disk, dir)?;
    let (point, point_offset) = RecoveryPoint::open(disk, dir)?.unzip();
    let checkpoint = load_checkpoint(disk, dir)?;
    // A checkpoint is written only after its offset was synced, and so is the log start: they are recovery points as well.
    let known_to = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.offset);
    let log_start = meta.log_start_offset;
    let point_offset = point_offset.unwrap_or(0).max(known_to).max(log_start);
    let mut recovery = Recovery {
        disk,
        dir,
        now_ms,
        log_start,
        point_offset,
        known_to,
        truncated_bytes: 0,
        dir_changed: false,
    };
    let segments = recovery.open_segments(identity, &meta)?;
    let mut recovered = recovery.replay(segments, checkpoint, meta)?;
    recovered.point = point;
    recovery.settle(&mut recovered)?;
    Ok(recovered)
}

/// The checkpoint of the log in `dir`, if there is one that can be read.
pub(crate) fn load_checkpoint(disk: &dyn Disk, dir: &Path) -> Result<Option<Checkpoint>, LogError> {
    let path = dir.join(checkpoint::FILE_NAME);
    let (kind, content) = checkpoint::KIND.read_either(checkpoint::KIND_BEFORE, disk, &path)?;
    Ok(content.rebuildable().and_then(|payload| Checkpoint::decode(&payload, kind)))
}

impl Recovery<'_> {
    /// Opens every segment that is still needed, in order; segments that were made and never synced are removed.
    fn open_segments(
        &mut self,
        identity: TopicPartition,
        meta: &PartitionMeta,
    ) -> Result<Vec<Opened>, LogError> {
        let bases = self.kept_segments()?;
        let mut opened: Vec<Opened> = Vec::new();
        let mut replaced_to = i64::MIN;
        for (number, base) in bases.iter().enumerate() {
            if *base < replaced_to {
                segment::remove(self.disk, self.dir, *base)?;
                self.dir_changed = true;
                continue;
            }
            match self.open_segment(*base, identity, meta)? {
                Some(segment) => {
                    if let Some(Compacted { end_offset, .. }) = segment.header.compacted {
                        replaced_to = end_offset;
                        self.point_offset = self.point_offset.max(end_offset);
                    }
                    opened.push(segment);
                }
                None if self.is_passed(bases.get(number + 1)) => {
                    let before: Vec<i64> =
                        opened.drain(..).map(|segment| segment.header.base_offset).collect();
                    self.forget_segments(before.into_iter().chain([*base]))?;
                    replaced_to = i64::MIN;
                }
                None if *base >= self.point_offset => {
                    self.drop_segments(&bases[number..])?;
                    break;
                }
                None => return Err(self.corrupt(*base, "the segment header is damaged")),
            }
        }
        if opened.is_empty() && self.point_offset > 0 {
            return Err(LogError::corrupt(self.dir, "data was synced here and there is no segment"));
        }
        Ok(opened)
    }

    /// Base offsets of the segments from the one on that holds the log start, and of those before it that no checkpoint stands for.
    /// The log start is stored before a segment goes, so a log that begins behind it has lost data.
    fn kept_segments(&mut self) -> Result<Vec<i64>, LogError> {
        let log_start = self.log_start;
        let names = self.disk.list(self.dir).map_err(LogError::io(self.dir))?;
        for name in names.iter().filter(|name| name.ends_with(segment::ASIDE)) {
            let path = self.dir.join(name);
            self.disk.remove(&path).map_err(LogError::io(&path))?;
            self.dir_changed = true;
        }
        let mut bases: Vec<i64> = names.iter().filter_map(|name| segment::base_offset_of(name)).collect();
        let mut before = bases.partition_point(|base| *base <= log_start).saturating_sub(1);
        while before > 0 && self.is_unwritten(bases[before])? {
            before -= 1;
        }
        let known = bases.windows(2).take(before).take_while(|pair| pair[1] <= self.known_to).count();
        self.forget_segments(bases.drain(..known))?;
        match bases.first() {
            Some(first) if *first > log_start => {
                Err(self
                    .corrupt(*first, &format!("the log starts at {log_start}: what lies before is missing")))
            }
            _ => Ok(bases),
        }
    }

    /// Whether a segment lies before the log start: the one after it begins there or before.
    fn is_passed(&self, next_base: Option<&i64>) -> bool {
        next_base.is_some_and(|next| *next <= self.log_start)
    }

    /// Removes segments that nobody needs any more.
    fn forget_segments(&mut self, bases: impl Iterator<Item = i64>) -> Result<(), LogError> {
        for base in bases {
            segment::remove(self.disk, self.dir, base)?;
            self.dir_changed = true;
        }
        Ok(())
    }

    /// Whether a segment was made and never synced: it does not stand for the one before.
    fn is_unwritten(&self, base: i64) -> Result<bool, LogError> {
        let path = self.dir.join(segment::log_name(base));
        let file = self.disk.open(&path, OpenMode::Read).map_err(LogError::io(&path))?;
        let mut head = [0; segment::HEADER_BYTES as usize];
        let read = file.read_at(0, &mut head).map_err(LogError::io(&path))?;
        Ok(base >= self.point_offset && SegmentHeader::decode(&head[..read]).is_none())
    }

    fn open_segment(
        &self,
        base: i64,
        identity: TopicPartition,
        meta: &PartitionMeta,
    ) -> Result<Option<Opened>, LogError> {
        let path = self.dir.join(segment::log_name(base));
        let file = self.disk.open(&path, OpenMode::ReadWrite).map_err(LogError::io(&path))?;
        let length = file.length().map_err(LogError::io(&path))?;
        let mut head = [0; segment::HEADER_BYTES as usize];
        let read = file.read_at(0, &mut head).map_err(LogError::io(&path))?;
        let Some(header) = SegmentHeader::decode(&head[..read]) else { return Ok(None) };
        if !may_lie(header.identity, identity, base, &meta.origins) || header.base_offset != base {
            return Err(self.corrupt(base, "the segment belongs to another partition or place"));
        }
        Ok(Some(Opened { path, file, length, header }))
    }

    /// Scans from the checkpoint, or from the first segment, to the log end.
    fn replay(
        &mut self,
        mut segments: Vec<Opened>,
        checkpoint: Option<Checkpoint>,
        meta: PartitionMeta,
    ) -> Result<Recovered, LogError> {
        let mut recovered = Recovered {
            log_end: meta.log_start_offset,
            meta,
            closed: Vec::new(),
            active: None,
            producers: Producers::default(),
            aborted_hints: AbortedHints::default(),
            point: None,
            truncated_bytes: 0,
            replayed_bytes: 0,
        };
        let Some(Start { number, checkpoint }) = start(&segments, checkpoint) else { return Ok(recovered) };
        recovered.producers = checkpoint.producers.clone();
        recovered.aborted_hints = checkpoint.aborted_hints.clone();
        recovered.closed = segments.windows(2).take(number).map(closed_between).collect();
        for segment in &segments[..number] {
            // The checkpoint may be older than what compaction put in place; the segment knows it for itself.
            let Some(compacted) = segment.header.compacted else { continue };
            recovered.aborted_hints.forget(segment.header.base_offset);
            if compacted.has_aborted {
                recovered.aborted_hints.note_some(segment.header.base_offset);
            }
        }
        let tail = segments.split_off(number);
        let bases: Vec<i64> = tail.iter().map(|segment| segment.header.base_offset).collect();
        let mut from = Some(checkpoint);
        let mut compacted = None;
        for (at, segment) in tail.into_iter().enumerate() {
            let base = segment.header.base_offset;
            if at > 0 && base != recovered.log_end && base <= self.log_start {
                self.forget_what_was_read(&mut recovered)?;
            } else if at > 0 && base != recovered.log_end {
                self.must_not_be_last(compacted)?;
                self.tail_must_be_unsynced(
                    recovered.log_end,
                    base,
                    "a segment does not follow the one before",
                )?;
                self.drop_segments(&bases[at..])?;
                break;
            }
            close_active(&mut recovered, compacted);
            compacted = segment.header.compacted;
            let is_passed = self.is_passed(bases.get(at + 1));
            match self.replay_segment(segment, from.take(), is_passed, &mut recovered)? {
                Ended::Whole => {}
                Ended::Torn => {
                    self.drop_segments(&bases[at + 1..])?;
                    break;
                }
                Ended::PassedOver => {
                    self.forget_what_was_read(&mut recovered)?;
                    recovered.log_end = bases[at + 1];
                }
            }
        }
        self.must_not_be_last(compacted)?;
        let bases = recovered.closed.iter().map(|closed| closed.base_offset).collect();
        recovered.aborted_hints.keep(&bases);
        Ok(recovered)
    }

    /// Between two segments before the log start something is missing: what came before it went when nothing was to be known of its
    /// producers, or with a full disk.
    fn forget_what_was_read(&mut self, recovered: &mut Recovered) -> Result<(), LogError> {
        let closed = recovered.closed.drain(..).map(|closed| closed.base_offset);
        self.forget_segments(closed.chain(recovered.active.take().map(|active| active.base_offset)))?;
        recovered.producers = Producers::default();
        recovered.aborted_hints = AbortedHints::default();
        Ok(())
    }

    /// Scans one segment and makes it the active one.
    fn replay_segment(
        &mut self,
        segment: Opened,
        from: Option<Checkpoint>,
        is_passed: bool,
        recovered: &mut Recovered,
    ) -> Result<Ended, LogError> {
        let base = segment.header.base_offset;
        let from = from.unwrap_or_else(|| beginning_of(base));
        let mut active = Active {
            file: segment.file,
            path: segment.path,
            base_offset: base,
            created_at_ms: segment.header.created_at_ms,
            size: from.position,
            max_timestamp: from.max_timestamp,
            index: from.index,
            aborted: from.aborted,
        };
        let compacted = segment.header.compacted;
        let untrusted_from = if base >= self.point_offset { Some(0) } else { None };
        let scanned = self.scan(&mut active, from.offset, segment.length, compacted.is_some(), recovered);
        if is_passed && matches!(scanned, Ok((Some(_), _)) | Err(LogError::Corrupt { .. })) {
            recovered.active = Some(active);
            return Ok(Ended::PassedOver);
        }
        let (bad, beyond_point) = scanned?;
        if let Some(detail) = bad {
            self.tail_must_be_unsynced(recovered.log_end, base, detail)?;
            self.truncated_bytes += segment.length - active.size;
            active.file.truncate(active.size).map_err(LogError::io(&active.path))?;
        }
        if let Some(from) = untrusted_from.or(beyond_point) {
            write_again(&active, from).map_err(LogError::io(&active.path))?;
        }
        // A segment that ends at the recovery point may still have what a full disk had taken back behind it.
        if recovered.log_end >= self.point_offset || bad.is_some() {
            active.file.sync_data().map_err(LogError::io(&active.path))?;
            self.dir_changed = true;
        }
        if let Some(Compacted { end_offset, .. }) = compacted {
            recovered.log_end = end_offset;
        }
        recovered.active = Some(active);
        Ok(if bad.is_some() { Ended::Torn } else { Ended::Whole })
    }

    /// Takes in the batches behind `active.size`. Says what ended the scan if it was not the end of the file, and where what lies
    /// behind the recovery point begins.
    fn scan(
        &self,
        active: &mut Active,
        from_offset: i64,
        length: u64,
        has_gaps: bool,
        recovered: &mut Recovered,
    ) -> Result<(Option<&'static str>, Option<u64>), LogError> {
        let mut beyond_point = None;
        let (file, from) = (Arc::clone(&active.file), active.size);
        let mut scanner = Scanner::new(&*file, from, from_offset, length, SCAN_CHUNK_BYTES)
            .checking_from(self.point_offset)
            .with_gaps(has_gaps);
        let bad = loop {
            match scanner.step().map_err(LogError::io(&active.path))? {
                Step::Batch(found) => {
                    if found.header.next_offset().get() > self.point_offset {
                        beyond_point = beyond_point.or(Some(found.position));
                    }
                    note(active, &found);
                    let body = control_of(&mut scanner, &found).map_err(LogError::io(&active.path))?;
                    let aborted = recovered.producers.replay(&found.header, body, self.now_ms);
                    active.aborted.extend(aborted.map_err(|error| unreadable(active, &found, &error))?);
                }
                Step::End => break None,
                Step::Bad(detail) => break Some(detail),
            }
        };
        active.size = scanner.position();
        recovered.replayed_bytes += active.size - from;
        recovered.log_end = scanner.next_offset();
        Ok((bad, beyond_point))
    }

    /// A segment is compacted only once the one after it is durable, so that one can not be missing.
    fn must_not_be_last(&self, compacted: Option<Compacted>) -> Result<(), LogError> {
        match compacted {
            Some(_) => Err(LogError::corrupt(self.dir, "the segment after a compacted one is missing")),
            None => Ok(()),
        }
    }

    fn tail_must_be_unsynced(&self, end: i64, base: i64, detail: &str) -> Result<(), LogError> {
        if end >= self.point_offset || is_out(Bug::TruncateOnRot) {
            return Ok(());
        }
        Err(self.corrupt(
            base,
            &format!("{detail} at offset {end}, and it was synced up to {}", self.point_offset),
        ))
    }

    fn drop_segments(&mut self, bases: &[i64]) -> Result<(), LogError> {
        for base in bases {
            let path = self.dir.join(segment::log_name(*base));
            let file = self.disk.open(&path, OpenMode::Read).map_err(LogError::io(&path))?;
            self.truncated_bytes += file.length().map_err(LogError::io(&path))?;
            self.disk.remove(&path).map_err(LogError::io(&path))?;
            self.dir_changed = true;
        }
        Ok(())
    }

    /// What is left must reach the recovery point, and is made durable before anyone reads it.
    fn settle(&mut self, recovered: &mut Recovered) -> Result<(), LogError> {
        let ends_early = recovered.log_end < self.point_offset && !is_out(Bug::TruncateOnRot);
        if recovered.active.is_some() && ends_early {
            return Err(LogError::corrupt(
                self.dir,
                format!("the log ends at {} and was synced up to {}", recovered.log_end, self.point_offset),
            ));
        }
        if self.dir_changed {
            self.disk.sync_dir(self.dir).map_err(LogError::io(self.dir))?;
        }
        if recovered.active.is_some() && recovered.point.is_none() {
            recovered.point = Some(RecoveryPoint::create(self.disk, self.dir)?);
        }
        if let Some(point) = &recovered.point {
            point.store(recovered.log_end, 0).map_err(LogError::io(self.dir))?;
        }
        recovered.truncated_bytes = self.truncated_bytes;
        Ok(())
    }

    fn corrupt(&self, base: i64, detail: &str) -> LogError {
        LogError::corrupt(&self.dir.join(segment::log_name(base)), detail)
    }
}

/// Writes what is kept anew before it is synced. After a sync that failed the kernel takes pages for written that are not: a second
/// sync would succeed and write nothing (Rebello et al., ATC 2020).
fn write_again(active: &Active, from: u64) -> std::io::Result<()> {
    let mut chunk = vec![0; SCAN_CHUNK_BYTES];
    let mut position = from;
    while position < active.size {
        let wanted = chunk.len().min((active.size - position) as usize);
        let read = active.file.read_at(position, &mut chunk[..wanted])?;
        if read < wanted {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        active.file.write_at(position, &[&chunk[..wanted]])?;
        position += wanted as u64;
    }
    Ok(())
}

fn close_active(recovered: &mut Recovered, compacted: Option<Compacted>) {
    if let Some(active) = recovered.active.take() {
        recovered.aborted_hints.note(active.base_offset, &active.aborted);
        recovered.closed.push(Closed {
            base_offset: active.base_offset,
            end_offset: recovered.log_end,
            size: active.size,
            cleaned_to: compacted.map(|compacted| compacted.cleaned_to),
        });
    }
}

fn beginning_of(base: i64) -> Checkpoint {
    Checkpoint {
        offset: base,
        segment_base: base,
        position: segment::HEADER_BYTES,
        max_timestamp: i64::MIN,
        index: SparseIndex::default(),
        producers: Producers::default(),
        aborted: Vec::new(),
        aborted_hints: AbortedHints::default(),
    }
}

/// The checkpoint if its segment is there, as it was, and reaches it, else the beginning of the first segment.
fn start(segments: &[Opened], checkpoint: Option<Checkpoint>) -> Option<Start> {
    let first = segments.first()?.header.base_offset;
    let from_nothing = Start { number: 0, checkpoint: beginning_of(first) };
    let Some(checkpoint) = checkpoint else { return Some(from_nothing) };
    let found = segments.iter().position(|segment| segment.header.base_offset == checkpoint.segment_base);
    let is_compacted = |segment: &Opened| segment.header.compacted.is_some();
    Some(match found {
        Some(number) if is_compacted(&segments[number]) => from_nothing,
        Some(number) if segments[number].length < checkpoint.position => from_nothing,
        Some(number) => Start { number, checkpoint },
        // Its segment ended there and has gone: what it tells of producers still holds. Compaction may have taken the end of a
        // transaction that was open then.
        None if first == checkpoint.offset && !segments.iter().any(is_compacted) => Start {
            number: 0,
            checkpoint: Checkpoint { producers: checkpoint.producers, ..beginning_of(first) },
        },
        None => from_nothing,
    })
}

fn closed_between(pair: &[Opened]) -> Closed {
    Closed {
        base_offset: pair[0].header.base_offset,
        end_offset: pair[1].header.base_offset,
        size: pair[0].length,
        cleaned_to: pair[0].header.compacted.map(|compacted| compacted.cleaned_to),
    }
}

fn note(active: &mut Active, found: &Found) {
    active.index.add(Entry {
        offset: found.header.base_offset.get(),
        position: found.position,
        max_timestamp_before: active.max_timestamp,
    });
    active.max_timestamp = active.max_timestamp.max(found.header.max_timestamp);
}

/// How a transaction ended must be known.
fn unreadable(active: &Active, found: &Found, error: &RecordsError) -> LogError {
    let detail = format!("the marker at offset {} can not be read: {error}", found.header.base_offset);
    LogError::corrupt(&active.path, detail)
}

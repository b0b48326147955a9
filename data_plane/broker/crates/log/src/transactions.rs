//! Transactions as one partition sees them: where the open ones began, what is stable, and which were aborted.
//!
//! A transaction begins with its first batch and ends with its marker. Until the marker is synced nothing from the
//! transaction's first offset on is stable: a consumer that reads committed records alone stops there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use headrace_io::Disk;
use headrace_records::{BatchHeader, Marker};
use headrace_types::Offset;

use crate::error::{AppendError, LogError};
use crate::index::take_i64;
use crate::limits::ABORTED_PER_SEGMENT_MAX;
use crate::lookup::Opening;
use crate::partition::{Appended, PartitionLog};
use crate::segment::Closed;

/// A transaction that was aborted: consumers of committed records leave out what its producer wrote in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AbortedTransaction {
    /// Offset of its first record.
    pub first_offset: i64,
    /// Offset of its marker.
    pub marker_offset: i64,
    /// Who aborted.
    pub producer_id: i64,
}

/// A transaction that has begun in a partition and not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenTransaction {
    /// Whose it is.
    pub producer_id: i64,
    /// The newest epoch of the producer that the partition has seen.
    pub producer_epoch: i16,
    /// Offset of its first record.
    pub first_offset: i64,
}

/// What has become readable by a sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readable {
    /// Bytes below the high watermark.
    pub bytes: u64,
    /// Bytes below the last stable offset.
    pub stable_bytes: u64,
}

/// The transactions of which nothing is decided durably, by the offsets at which they begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Undecided {
    /// With the bytes that were appended before each.
    open: BTreeMap<i64, u64>,
    /// Ended by a marker that may not be synced yet: its offset, and the bytes that were appended before the transaction.
    ending: BTreeMap<i64, (i64, u64)>,
}

impl Undecided {
    /// Those that a log holds which was just opened: all of it is synced.
    pub(crate) fn recovered(open: impl Iterator<Item = OpenTransaction>) -> Self {
        Self { open: open.map(|open| (open.first_offset, 0)).collect(), ending: BTreeMap::new() }
    }

    fn began(&mut self, first_offset: i64, bytes_before: u64) {
        self.open.insert(first_offset, bytes_before);
    }

    fn ended(&mut self, first_offset: i64, marker_offset: i64) {
        if let Some(bytes_before) = self.open.remove(&first_offset) {
            self.ending.insert(first_offset, (marker_offset, bytes_before));
        }
    }

    fn synced(&mut self, high_watermark: i64) {
        self.ending.retain(|_, (marker_offset, _)| *marker_offset >= high_watermark);
    }

    /// Where the first one begins, and the bytes that were appended before it.
    fn first(&self) -> Option<(i64, u64)> {
        let open = self.open.first_key_value().map(|(offset, bytes)| (*offset, *bytes));
        let ending = self.ending.first_key_value().map(|(offset, (_, bytes))| (*offset, *bytes));
        open.into_iter().chain(ending).min()
    }
}

/// Of each closed segment that holds markers of aborted transactions, the first offset of those transactions. A segment
/// that is not here holds none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AbortedHints(BTreeMap<i64, i64>);

impl AbortedHints {
    /// Notes a segment, with the transactions whose markers it holds.
    pub fn note(&mut self, segment_base: i64, aborted: &[AbortedTransaction]) {
        match aborted.iter().map(|aborted| aborted.first_offset).min() {
            Some(first) => self.0.insert(segment_base, first),
            None => self.0.remove(&segment_base),
        };
    }

    /// Notes a segment that holds such markers, of transactions of which it is not known when they began.
    pub fn note_some(&mut self, segment_base: i64) {
        self.0.insert(segment_base, i64::MIN);
    }

    /// Forgets a segment.
    pub fn forget(&mut self, segment_base: i64) {
        self.0.remove(&segment_base);
    }

    /// Forgets every segment that is not among these.
    pub fn keep(&mut self, segment_bases: &BTreeSet<i64>) {
        self.0.retain(|base, _| segment_bases.contains(base));
    }

    /// Whether a segment holds the marker of an aborted transaction.
    #[must_use]
    pub fn has_aborted(&self, segment_base: i64) -> bool {
        self.0.contains_key(&segment_base)
    }

    /// Whether a segment holds the marker of an aborted transaction that began before `offset`.
    fn has_before(&self, segment_base: i64, offset: i64) -> bool {
        self.0.get(&segment_base).is_some_and(|first| *first < offset)
    }

    /// Appends the encoded hints to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.0.len() as u64).to_be_bytes());
        for (base, first) in &self.0 {
            out.extend_from_slice(&base.to_be_bytes());
            out.extend_from_slice(&first.to_be_bytes());
        }
    }

    /// Decodes hints from the front of `input` and moves `input` past them.
    #[must_use]
    pub fn decode(input: &mut &[u8]) -> Option<Self> {
        let mut hints = Self::default();
        for _ in 0..take_i64(input)? {
            let base = take_i64(input)?;
            hints.0.insert(base, take_i64(input)?);
        }
        Some(hints)
    }
}

/// Appends encoded transactions to `out`.
pub(crate) fn encode_aborted(aborted: &[AbortedTransaction], out: &mut Vec<u8>) {
    out.extend_from_slice(&(aborted.len() as u64).to_be_bytes());
    for one in aborted {
        for number in [one.first_offset, one.marker_offset, one.producer_id] {
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
}

/// Decodes transactions from the front of `input` and moves `input` past them.
pub(crate) fn decode_aborted(input: &mut &[u8]) -> Option<Vec<AbortedTransaction>> {
    let mut aborted = Vec::new();
    for _ in 0..take_i64(input)? {
        aborted.push(AbortedTransaction {
            first_offset: take_i64(input)?,
            marker_offset: take_i64(input)?,
            producer_id: take_i64(input)?,
        });
    }
    Some(aborted)
}

impl PartitionLog {
    /// First offset that is not stable: consumers of committed records may read up to here. Below the high watermark if a
    /// transaction is open.
    #[must_use]
    pub fn last_stable(&self) -> Offset {
        let stable = self.undecided.first().map_or(self.readable.offset, |(first, _)| first);
        Offset::new(stable.min(self.readable.offset).max(self.meta.log_start_offset))
    }

    /// Bytes of this log's life that lie below the last stable offset.
    pub(crate) fn stable_bytes(&self) -> u64 {
        let appended = self.readable.appended_bytes;
        self.undecided.first().map_or(appended, |(_, before)| before.min(appended))
    }

    /// The transactions that are open, by producer id.
    pub fn open_transactions(&self) -> impl Iterator<Item = OpenTransaction> {
        self.producers.open_transactions()
    }

    /// Whether a producer has an open transaction here.
    #[must_use]
    pub fn has_open_transaction(&self, producer_id: i64) -> bool {
        self.producers.first_offset_of(producer_id).is_some()
    }

    /// The newest epoch of a producer; none if nothing is remembered of it.
    #[must_use]
    pub fn producer_epoch(&self, producer_id: i64) -> Option<i16> {
        self.producers.epoch_of(producer_id)
    }

    /// Appends a marker, which ends the producer's transaction. Like a batch it is not durable yet.
    pub fn append_marker(&mut self, marker: &Marker, now_ms: i64) -> Result<Appended, AppendError> {
        self.append_marker_with(marker, now_ms, |_| ())
    }

    /// Like [`Self::append_marker`]; `written` gets what was written, part by part.
    pub fn append_marker_with(
        &mut self,
        marker: &Marker,
        now_ms: i64,
        written: impl FnOnce(&[&[u8]]),
    ) -> Result<Appended, AppendError> {
        self.producers.judge_marker(marker)?;
        let batch = marker.build(now_ms);
        let Some(header) = BatchHeader::parse(&batch) else {
            unreachable!("a batch that was just built has a header")
        };
        let appended = self.write(&batch, &header, None, now_ms, written)?;
        self.note_ended(marker, appended.base_offset, now_ms, now_ms);
        Ok(appended)
    }

    /// Takes note of a marker that was appended before the broker stopped and is written again.
    pub(crate) fn note_replayed_marker(
        &mut self,
        header: &BatchHeader,
        batch: &[u8],
        now_ms: i64,
    ) -> Result<(), LogError> {
        let offset = header.base_offset.get();
        let marker = Marker::read(batch).map_err(|error| {
            LogError::corrupt(&self.dir, format!("the marker at offset {offset} can not be read: {error}"))
        })?;
        if let Some(marker) = marker {
            self.note_ended(&marker, offset, header.max_timestamp, now_ms);
        }
        Ok(())
    }

    fn note_ended(&mut self, marker: &Marker, marker_offset: i64, timestamp: i64, now_ms: i64) {
        let Some(first_offset) = self.producers.ended(marker, timestamp, now_ms) else { return };
        self.undecided.ended(first_offset, marker_offset);
        if !marker.is_commit {
            let producer_id = marker.producer_id.get();
            self.note_aborted(AbortedTransaction { first_offset, marker_offset, producer_id });
        }
    }

    fn note_aborted(&mut self, aborted: AbortedTransaction) {
        if let Some(active) = &mut self.active {
            active.aborted.push(aborted);
        }
    }

    /// Whether the active segment holds as many aborted transactions as one may.
    pub(crate) fn has_many_aborted(&self) -> bool {
        self.active.as_ref().is_some_and(|active| active.aborted.len() >= ABORTED_PER_SEGMENT_MAX)
    }

    /// Takes note of a batch that begins a transaction.
    pub(crate) fn note_began(&mut self, first_offset: i64, bytes_before: u64) {
        self.undecided.began(first_offset, bytes_before);
    }

    /// What a sync made readable; `before` is what was stable before it.
    pub(crate) fn settle_stable(&mut self, bytes: u64, stable_before: u64) -> Readable {
        self.undecided.synced(self.readable.offset);
        Readable { bytes, stable_bytes: self.stable_bytes().saturating_sub(stable_before) }
    }

    /// A search for the aborted transactions that have a record or their marker between two offsets.
    #[must_use]
    pub fn aborted_search(&self, from: i64, to: i64) -> AbortedSearch {
        let mut search = AbortedSearch { from, to, found: Vec::new(), cold: Vec::new() };
        let is_wanted = |number: &usize| self.aborted_hints.has_before(self.closed[*number].base_offset, to);
        let numbers: Vec<usize> = (self.segment_of(from)..self.closed.len()).filter(is_wanted).collect();
        let is_open = |closed: Closed| self.loaded.as_ref().filter(|loaded| loaded.closed == closed);
        let segments = (!numbers.is_empty()).then(|| self.closed_segments());
        for number in numbers {
            match is_open(self.closed[number]) {
                Some(loaded) => search.add(&loaded.summary.aborted),
                None => search.cold.extend(segments.as_ref().and_then(|segments| segments.opening(number))),
            }
        }
        if let Some(active) = &self.active {
            search.add(&active.aborted);
        }
        search
    }

    /// The aborted transactions that have a record or their marker between two offsets, by first offset. May wait for the medium.
    pub fn aborted_between(&self, from: i64, to: i64) -> Result<Vec<AbortedTransaction>, LogError> {
        self.aborted_search(from, to).run()
    }
}

/// A search for aborted transactions in a log as it was when the search was made.
#[derive(Debug)]
pub struct AbortedSearch {
    from: i64,
    to: i64,
    found: Vec<AbortedTransaction>,
    /// Segments that hold markers of such transactions, and are not open.
    cold: Vec<Opening>,
}

impl AbortedSearch {
    fn add(&mut self, aborted: &[AbortedTransaction]) {
        let (from, to) = (self.from, self.to);
        let overlaps = |one: &&AbortedTransaction| one.marker_offset >= from && one.first_offset < to;
        self.found.extend(aborted.iter().filter(overlaps).copied());
    }

    /// The segments that have to be opened first, which may wait for the medium. What is found, or a failure, means nothing if the log has
    /// not got all of them any more.
    pub fn cold_segments(&self) -> impl Iterator<Item = Closed> {
        self.cold.iter().map(Opening::segment)
    }

    /// The transactions by first offset.
    pub fn run(mut self) -> Result<Vec<AbortedTransaction>, LogError> {
        for opening in std::mem::take(&mut self.cold) {
            self.add(&opening.run()?.summary.aborted);
        }
        self.found.sort_unstable();
        Ok(self.found)
    }
}

/// The aborted transactions whose markers lie in the last of these segments, told by the segments themselves: its index is missing or
/// damaged, and where the transactions began an earlier segment tells.
pub(crate) fn rebuild_aborted(
    disk: &dyn Disk,
    dir: &Path,
    told_by: &[Closed],
) -> Result<Vec<AbortedTransaction>, LogError> {
    let mut producers = crate::producers::Producers::default();
    let mut aborted = Vec::new();
    for (number, source) in told_by.iter().enumerate() {
        let is_last = number + 1 == told_by.len();
        crate::lookup::walk(disk, dir, *source, |found, batch| {
            let ended = producers.replay(&found.header, batch, 0)?;
            aborted.extend(ended.filter(|_| is_last));
            Ok(())
        })?;
    }
    Ok(aborted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_stays_undecided_until_its_marker_is_synced() {
        let mut undecided = Undecided::default();
        undecided.began(10, 500);
        undecided.began(20, 900);
        assert_eq!(undecided.first(), Some((10, 500)));
        undecided.ended(10, 30);
        assert_eq!(undecided.first(), Some((10, 500)));
        undecided.synced(30);
        assert_eq!(undecided.first(), Some((10, 500)));
        undecided.synced(31);
        assert_eq!(undecided.first(), Some((20, 900)));
    }

    #[test]
    fn hints_and_transactions_come_back_and_damage_is_seen() {
        let one = AbortedTransaction { first_offset: 3, marker_offset: 9, producer_id: 7 };
        let mut hints = AbortedHints::default();
        hints.note(0, &[one]);
        hints.note(100, &[]);
        assert!(hints.has_aborted(0) && !hints.has_aborted(100));
        assert!(hints.has_before(0, 4) && !hints.has_before(0, 3));
        let mut bytes = Vec::new();
        hints.encode(&mut bytes);
        encode_aborted(&[one, one], &mut bytes);
        let mut input = bytes.as_slice();
        assert_eq!(AbortedHints::decode(&mut input), Some(hints));
        assert_eq!(decode_aborted(&mut input), Some(vec![one, one]));
        assert_eq!(decode_aborted(&mut [0, 0, 0, 0, 0, 0, 0, 1].as_slice()), None);
    }
}

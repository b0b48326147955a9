//! Sparse index of one segment: where offsets and timestamps lie. It can always be rebuilt from the segment.

use crate::checked_file::Kind;
use crate::limits::{INDEX_ENTRIES_MAX, INDEX_INTERVAL_BYTES};

/// The file format of an index.
pub const KIND: Kind = Kind { magic: *b"HRIX", version: 2 };
/// The format of before there were transactions.
pub const KIND_BEFORE: Kind = Kind { version: 1, ..KIND };

const ENTRY_BYTES: usize = 24;

/// A batch and where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Base offset of the batch.
    pub offset: i64,
    /// Position of the batch in the file.
    pub position: u64,
    /// Largest timestamp of all batches before this one in the segment, or `i64::MIN`.
    pub max_timestamp_before: i64,
}

/// Some batches of a segment in order, at most [`INDEX_ENTRIES_MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SparseIndex {
    entries: Vec<Entry>,
    interval_bytes: u64,
}

impl Default for SparseIndex {
    fn default() -> Self {
        Self { entries: Vec::new(), interval_bytes: INDEX_INTERVAL_BYTES }
    }
}

impl SparseIndex {
    /// Tells the index of a batch behind all the others; it keeps it if the last one kept lies far enough back.
    pub fn add(&mut self, entry: Entry) {
        if self.entries.last().is_some_and(|last| entry.position < last.position + self.interval_bytes) {
            return;
        }
        self.entries.push(entry);
        if self.entries.len() > INDEX_ENTRIES_MAX {
            let mut number = 0usize;
            self.entries.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.interval_bytes *= 2;
        }
    }

    /// The last batch kept whose base offset is at most `offset`, or the first one: compaction may have left a gap before it.
    #[must_use]
    pub fn by_offset(&self, offset: i64) -> Option<Entry> {
        let after = self.entries.partition_point(|entry| entry.offset <= offset);
        self.entries.get(after.saturating_sub(1)).copied()
    }

    /// The last batch kept before which every timestamp is smaller than `timestamp`.
    #[must_use]
    pub fn by_timestamp(&self, timestamp: i64) -> Option<Entry> {
        let after = self.entries.partition_point(|entry| entry.max_timestamp_before < timestamp);
        after.checked_sub(1).map(|at| self.entries[at])
    }

    /// The last batch kept that begins before `position`.
    #[must_use]
    pub fn by_position(&self, position: u64) -> Option<Entry> {
        let after = self.entries.partition_point(|entry| entry.position < position);
        after.checked_sub(1).map(|at| self.entries[at])
    }

    /// The batches that are kept, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Appends the encoded index to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.interval_bytes.to_be_bytes());
        out.extend_from_slice(&(self.entries.len() as u64).to_be_bytes());
        for entry in &self.entries {
            out.extend_from_slice(&entry.offset.to_be_bytes());
            out.extend_from_slice(&entry.position.to_be_bytes());
            out.extend_from_slice(&entry.max_timestamp_before.to_be_bytes());
        }
    }

    /// Decodes an index from the front of `input` and moves `input` past it.
    #[must_use]
    pub fn decode(input: &mut &[u8]) -> Option<Self> {
        let interval_bytes = take_i64(input)? as u64;
        let count = usize::try_from(take_i64(input)?).ok()?;
        if count > input.len() / ENTRY_BYTES {
            return None;
        }
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            entries.push(Entry {
                offset: take_i64(input)?,
                position: take_i64(input)? as u64,
                max_timestamp_before: take_i64(input)?,
            });
        }
        Some(Self { entries, interval_bytes })
    }
}

/// Takes a big-endian integer from the front of `input`.
pub(crate) fn take_i64(input: &mut &[u8]) -> Option<i64> {
    let (bytes, rest) = input.split_first_chunk::<8>()?;
    *input = rest;
    Some(i64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(batches: u64) -> SparseIndex {
        let mut index = SparseIndex::default();
        for number in 0..batches {
            let before = if number == 0 { i64::MIN } else { number as i64 - 1 };
            index.add(Entry {
                offset: number as i64,
                position: 64 + number * 1000,
                max_timestamp_before: before,
            });
        }
        index
    }

    #[test]
    fn lookups_land_at_or_before_what_is_sought() {
        let index = filled(100);
        for offset in 0..100i64 {
            let entry = index.by_offset(offset).unwrap();
            assert!(entry.offset <= offset && offset - entry.offset < 6);
            let entry = index.by_timestamp(offset).unwrap();
            assert!(entry.offset <= offset && offset - entry.offset < 6);
        }
        assert_eq!(index.by_offset(-1).unwrap().offset, 0);
        assert_eq!(SparseIndex::default().by_offset(0), None);
        assert_eq!(index.by_position(65).unwrap().offset, 0);
    }

    #[test]
    fn memory_is_bounded_however_long_the_segment_is() {
        let index = filled(200_000);
        assert!(index.entries.len() <= INDEX_ENTRIES_MAX);
        let entry = index.by_offset(150_000).unwrap();
        assert!(entry.offset <= 150_000 && 150_000 - entry.offset < 100);
    }

    #[test]
    fn the_encoding_comes_back_and_a_wrong_count_is_refused() {
        let index = filled(500);
        let mut bytes = Vec::new();
        index.encode(&mut bytes);
        assert_eq!(SparseIndex::decode(&mut bytes.as_slice()), Some(index));
        bytes[8..16].copy_from_slice(&u64::MAX.to_be_bytes());
        assert_eq!(SparseIndex::decode(&mut bytes.as_slice()), None);
    }
}

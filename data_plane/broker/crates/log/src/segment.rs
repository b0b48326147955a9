//! Segments: files of batches named after their first offset, behind a header that says whose they are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use headrace_io::{Disk, DiskFile, OpenMode};
use headrace_types::{PartitionIndex, TopicId, TopicPartition};
use uuid::Uuid;

use crate::checked_file::Kind;
use crate::error::LogError;
use crate::index::{self, SparseIndex, take_i64};
use crate::transactions::{AbortedTransaction, decode_aborted, encode_aborted};

/// Bytes before the first batch.
pub const HEADER_BYTES: u64 = 64;

const MAGIC: [u8; 4] = *b"HRSG";
/// The batches follow each other without gaps.
const VERSION_DENSE: u16 = 1;
/// Compaction has been here: there may be gaps, and the header says where the segment ends.
const VERSION_COMPACTED: u16 = 2;
const CRC_AT: usize = 60;
/// Flag of a compacted segment: there may be markers of aborted transactions.
const HAS_ABORTED: u16 = 1;

/// Who and when: what a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The partition that the segment belongs to.
    pub identity: TopicPartition,
    /// Offset of its first batch.
    pub base_offset: i64,
    /// When it was made, in ms since the Unix epoch.
    pub created_at_ms: i64,
    /// Only of a segment that compaction wrote.
    pub compacted: Option<Compacted>,
}

/// What compaction says of a segment that it wrote. All of it was synced before it got its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Offset after the last one that the segment stands for; any other segment that begins before it is left over.
    pub end_offset: i64,
    /// Below this offset a key that has a later record below it is gone.
    pub cleaned_to: i64,
    /// Whether there may be markers of aborted transactions.
    pub has_aborted: bool,
}

impl SegmentHeader {
    /// Magic (4), version (2), flags (2), topic id (16), partition (4), base offset (8), creation (8), end offset (8) and
    /// cleaned-to offset (8) of a compacted segment or zeros, CRC-32C (4).
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_BYTES as usize] {
        let mut bytes = [0; HEADER_BYTES as usize];
        bytes[..4].copy_from_slice(&MAGIC);
        let version = if self.compacted.is_some() { VERSION_COMPACTED } else { VERSION_DENSE };
        bytes[4..6].copy_from_slice(&version.to_be_bytes());
        bytes[8..24].copy_from_slice(self.identity.topic.uuid().as_bytes());
        bytes[24..28].copy_from_slice(&self.identity.partition.get().to_be_bytes());
        bytes[28..36].copy_from_slice(&self.base_offset.to_be_bytes());
        bytes[36..44].copy_from_slice(&self.created_at_ms.to_be_bytes());
        if let Some(Compacted { end_offset, cleaned_to, has_aborted }) = self.compacted {
            bytes[6..8].copy_from_slice(&(if has_aborted { HAS_ABORTED } else { 0 }).to_be_bytes());
            bytes[44..52].copy_from_slice(&end_offset.to_be_bytes());
            bytes[52..60].copy_from_slice(&cleaned_to.to_be_bytes());
        }
        let crc = crc32c::crc32c(&bytes[..CRC_AT]);
        bytes[CRC_AT..].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    /// The header at the front of a segment; `None` if it is torn or damaged.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEADER_BYTES as usize] = bytes.first_chunk()?;
        let topic = TopicId::new(Uuid::from_slice(&bytes[8..24]).ok()?);
        let partition = i32::from_be_bytes([bytes[24], bytes[25], bytes[26], bytes[27]]);
        let mut numbers = &bytes[28..];
        let mut header = Self {
            identity: TopicPartition { topic, partition: PartitionIndex::new(partition) },
            base_offset: take_i64(&mut numbers)?,
            created_at_ms: take_i64(&mut numbers)?,
            compacted: None,
        };
        if u16::from_be_bytes([bytes[4], bytes[5]]) == VERSION_COMPACTED {
            let end_offset = take_i64(&mut numbers)?;
            let has_aborted = u16::from_be_bytes([bytes[6], bytes[7]]) == HAS_ABORTED;
            let cleaned_to = take_i64(&mut numbers)?;
            header.compacted = Some(Compacted { end_offset, cleaned_to, has_aborted });
        }
        (header.encode() == *bytes).then_some(header)
    }
}

/// The segment that is appended to.
#[derive(Debug)]
pub struct Active {
    /// Its file.
    pub file: Arc<dyn DiskFile>,
    /// Where the file lies.
    pub path: PathBuf,
    /// Offset of its first batch.
    pub base_offset: i64,
    /// When it was made.
    pub created_at_ms: i64,
    /// Bytes written, the header included.
    pub size: u64,
    /// Largest timestamp of its batches, or `i64::MIN`.
    pub max_timestamp: i64,
    /// Where its batches lie.
    pub index: SparseIndex,
    /// The aborted transactions whose markers it holds.
    pub aborted: Vec<AbortedTransaction>,
}

impl Active {
    /// Makes a segment; the caller syncs its file and its directory. A failure leaves no file: the log may go on before it comes
    /// to this place again, and a file without a header there would look like damage.
    pub fn create(disk: &dyn Disk, dir: &Path, header: SegmentHeader) -> Result<Self, LogError> {
        let path = dir.join(log_name(header.base_offset));
        let file = disk.open(&path, OpenMode::Replace).map_err(LogError::io(&path))?;
        if let Err(error) = file.write_at(0, &[&header.encode()]) {
            disk.remove(&path).map_err(LogError::io(&path))?;
            return Err(LogError::io(&path)(error));
        }
        file.read_as_asked();
        Ok(Self {
            file,
            path,
            base_offset: header.base_offset,
            created_at_ms: header.created_at_ms,
            size: HEADER_BYTES,
            max_timestamp: i64::MIN,
            index: SparseIndex::default(),
            aborted: Vec::new(),
        })
    }
}

/// A segment that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Offset of its first batch.
    pub base_offset: i64,
    /// Offset after its last batch.
    pub end_offset: i64,
    /// Bytes of its file.
    pub size: u64,
    /// Only of a segment that compaction wrote: how far it was cleaned.
    pub cleaned_to: Option<i64>,
}

/// What the index file of a closed segment holds beside the entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedIndex {
    /// Offset after the last batch.
    pub end_offset: i64,
    /// Bytes of the segment's file.
    pub size: u64,
    /// Largest timestamp, or `i64::MIN`.
    pub max_timestamp: i64,
    /// When the segment was made.
    pub created_at_ms: i64,
    /// Where the batches lie.
    pub index: SparseIndex,
    /// The aborted transactions whose markers the segment holds.
    pub aborted: Vec<AbortedTransaction>,
}

impl ClosedIndex {
    /// The bytes of the index file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        for number in [self.end_offset, self.size as i64, self.max_timestamp, self.created_at_ms] {
            payload.extend_from_slice(&number.to_be_bytes());
        }
        self.index.encode(&mut payload);
        encode_aborted(&self.aborted, &mut payload);
        index::KIND.encode(&payload)
    }

    /// Decodes the payload of an index file of this kind.
    #[must_use]
    pub fn decode(mut payload: &[u8], kind: Kind) -> Option<Self> {
        let input = &mut payload;
        Some(Self {
            end_offset: take_i64(input)?,
            size: take_i64(input)? as u64,
            max_timestamp: take_i64(input)?,
            created_at_ms: take_i64(input)?,
            index: SparseIndex::decode(input)?,
            aborted: if kind == index::KIND { decode_aborted(input)? } else { Vec::new() },
        })
    }
}

/// Name of the segment that begins at `base_offset`.
#[must_use]
pub fn log_name(base_offset: i64) -> String {
    format!("{base_offset:020}.log")
}

/// Ending of a segment and of an index that compaction has not put in place yet.
pub const ASIDE: &str = ".cleaned";

/// Name of that segment's index.
#[must_use]
pub fn index_name(base_offset: i64) -> String {
    format!("{base_offset:020}.index")
}

/// Removes the files of a segment.
pub(crate) fn remove(disk: &dyn Disk, dir: &Path, base_offset: i64) -> Result<(), LogError> {
    let path = dir.join(log_name(base_offset));
    disk.remove(&path).map_err(LogError::io(&path))?;
    remove_index(disk, dir, base_offset)
}

/// Removes the index of a segment if there is one.
pub(crate) fn remove_index(disk: &dyn Disk, dir: &Path, base_offset: i64) -> Result<(), LogError> {
    let path = dir.join(index_name(base_offset));
    if disk.exists(&path).map_err(LogError::io(&path))? {
        disk.remove(&path).map_err(LogError::io(&path))?;
    }
    Ok(())
}

/// The base offset in a segment's name; `None` if it is not one.
#[must_use]
pub fn base_offset_of(name: &str) -> Option<i64> {
    let digits = name.strip_suffix(".log")?;
    (digits.len() == 20).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> SegmentHeader {
        let identity =
            TopicPartition { topic: TopicId::from_random([9; 16]), partition: PartitionIndex::new(3) };
        SegmentHeader { identity, base_offset: 1234, created_at_ms: 99, compacted: None }
    }

    #[test]
    fn a_header_comes_back_and_every_damage_is_seen() {
        let compacted = |has_aborted| Some(Compacted { end_offset: 2000, cleaned_to: 1999, has_aborted });
        let [plain, flagged] =
            [false, true].map(|flag| SegmentHeader { compacted: compacted(flag), ..header() });
        for header in [header(), plain, flagged] {
            let bytes = header.encode();
            assert_eq!(SegmentHeader::decode(&bytes), Some(header));
            for at in 0..bytes.len() {
                let mut damaged = bytes;
                damaged[at] ^= 0x40;
                assert_eq!(SegmentHeader::decode(&damaged), None, "byte {at}");
            }
            assert_eq!(SegmentHeader::decode(&bytes[..63]), None);
        }
    }

    #[test]
    fn names_sort_as_offsets_and_foreign_names_are_none() {
        assert_eq!(base_offset_of(&log_name(42)), Some(42));
        assert!(log_name(9) < log_name(10));
        for name in ["42.log", "00000000000000000042.index", "x", "0000000000000000004x.log"] {
            assert_eq!(base_offset_of(name), None);
        }
    }
}

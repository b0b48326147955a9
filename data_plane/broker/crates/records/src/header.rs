//! The fixed header of a record batch.

use headrace_types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

use crate::compression::Compression;

/// Size of the header; the records follow it.
pub const HEADER_BYTES: usize = 61;
/// Size of base offset and batch length, which the batch length does not count.
pub const LENGTH_PREFIX_BYTES: usize = 12;
/// The only format version that is written since Kafka 0.11.
pub const MAGIC: i8 = 2;
/// The CRC covers everything from here on.
pub const CRC_START: usize = 21;
/// Timestamp of a record that has none.
pub const NO_TIMESTAMP: i64 = -1;
/// Sequence number of a batch whose producer is not idempotent.
pub const NO_SEQUENCE: i32 = -1;

pub(crate) const BATCH_LENGTH_AT: usize = 8;
pub(crate) const LEADER_EPOCH_AT: usize = 12;
pub(crate) const MAGIC_AT: usize = 16;
pub(crate) const CRC_AT: usize = 17;
pub(crate) const ATTRIBUTES_AT: usize = 21;
const LAST_OFFSET_DELTA_AT: usize = 23;
pub(crate) const BASE_TIMESTAMP_AT: usize = 27;
pub(crate) const MAX_TIMESTAMP_AT: usize = 35;
const PRODUCER_ID_AT: usize = 43;
const PRODUCER_EPOCH_AT: usize = 51;
const BASE_SEQUENCE_AT: usize = 53;
pub(crate) const RECORDS_COUNT_AT: usize = 57;

/// What the timestamps of a batch mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's time.
    CreateTime,
    /// The broker's time when it appended the batch, the same for every record of it.
    LogAppendTime,
}

/// The attribute bits of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes(pub i16);

impl Attributes {
    const COMPRESSION: i16 = 0x07;
    pub(crate) const LOG_APPEND_TIME: i16 = 0x08;
    pub(crate) const TRANSACTIONAL: i16 = 0x10;
    pub(crate) const CONTROL: i16 = 0x20;
    pub(crate) const DELETE_HORIZON: i16 = 0x40;

    /// The codec of the records; `None` if the number means no codec.
    #[must_use]
    pub fn compression(self) -> Option<Compression> {
        Compression::from_id(self.0 & Self::COMPRESSION)
    }

    /// What the timestamps mean.
    #[must_use]
    pub fn timestamp_type(self) -> TimestampType {
        if self.0 & Self::LOG_APPEND_TIME == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    /// Whether the batch belongs to a transaction.
    #[must_use]
    pub fn is_transactional(self) -> bool {
        self.0 & Self::TRANSACTIONAL != 0
    }

    /// Whether the batch is a transaction marker.
    #[must_use]
    pub fn is_control(self) -> bool {
        self.0 & Self::CONTROL != 0
    }

    /// Whether the base timestamp is a delete horizon (KIP-534).
    #[must_use]
    pub fn has_delete_horizon(self) -> bool {
        self.0 & Self::DELETE_HORIZON != 0
    }
}

/// The decoded header of a batch. Nothing in it has been checked but that it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record.
    pub base_offset: Offset,
    /// Bytes after the length field.
    pub batch_length: i32,
    /// Epoch of the leader that appended the batch.
    pub leader_epoch: LeaderEpoch,
    /// Format version.
    pub magic: i8,
    /// CRC-32C of everything after it.
    pub crc: u32,
    /// Codec, timestamp type, transactional, control and delete horizon bits.
    pub attributes: Attributes,
    /// Offset of the last record less the base offset.
    pub last_offset_delta: i32,
    /// Timestamp that the records' deltas count from, in ms.
    pub base_timestamp: i64,
    /// Largest timestamp of the batch, in ms.
    pub max_timestamp: i64,
    /// The producer, or [`ProducerId::NONE`].
    pub producer_id: ProducerId,
    /// The producer's epoch, or [`ProducerEpoch::NONE`].
    pub producer_epoch: ProducerEpoch,
    /// Sequence number of the first record, or [`NO_SEQUENCE`].
    pub base_sequence: i32,
    /// Number of records.
    pub records_count: i32,
}

impl BatchHeader {
    /// Decodes the header at the front of `bytes`; `None` if there are fewer than [`HEADER_BYTES`].
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let head: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
        Some(Self {
            base_offset: Offset::new(i64_at(head, 0)),
            batch_length: i32_at(head, BATCH_LENGTH_AT),
            leader_epoch: LeaderEpoch::new(i32_at(head, LEADER_EPOCH_AT)),
            magic: head[MAGIC_AT] as i8,
            crc: i32_at(head, CRC_AT) as u32,
            attributes: Attributes(i16_at(head, ATTRIBUTES_AT)),
            last_offset_delta: i32_at(head, LAST_OFFSET_DELTA_AT),
            base_timestamp: i64_at(head, BASE_TIMESTAMP_AT),
            max_timestamp: i64_at(head, MAX_TIMESTAMP_AT),
            producer_id: ProducerId::new(i64_at(head, PRODUCER_ID_AT)),
            producer_epoch: ProducerEpoch::new(i16_at(head, PRODUCER_EPOCH_AT)),
            base_sequence: i32_at(head, BASE_SEQUENCE_AT),
            records_count: i32_at(head, RECORDS_COUNT_AT),
        })
    }

    /// Bytes of the whole batch; `None` if the length field can not be that of a batch.
    #[must_use]
    pub fn batch_bytes(&self) -> Option<usize> {
        let length = usize::try_from(self.batch_length).ok()?;
        (length >= HEADER_BYTES - LENGTH_PREFIX_BYTES).then(|| length + LENGTH_PREFIX_BYTES)
    }

    /// Offset of the last record.
    #[must_use]
    pub fn last_offset(&self) -> Offset {
        Offset::new(self.base_offset.get().saturating_add(i64::from(self.last_offset_delta)))
    }

    /// Offset after the last record.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        Offset::new(self.last_offset().get().saturating_add(1))
    }

    /// Sequence number of the last record; it wraps from `i32::MAX` to 0.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence == NO_SEQUENCE {
            return NO_SEQUENCE;
        }
        self.base_sequence.wrapping_add(self.last_offset_delta) & i32::MAX
    }

    /// Time in ms from which on compaction removes the tombstones of the batch (KIP-534).
    #[must_use]
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        self.attributes.has_delete_horizon().then_some(self.base_timestamp)
    }

    /// Whether the producer is idempotent.
    #[must_use]
    pub fn has_producer_id(&self) -> bool {
        self.producer_id.get() > ProducerId::NONE.get()
    }
}

/// CRC-32C over everything that the CRC field of `batch` covers.
///
/// # Panics
/// If `batch` is shorter than its header.
#[must_use]
pub fn crc_of(batch: &[u8]) -> u32 {
    crc32c::crc32c(&batch[CRC_START..])
}

fn i16_at(head: &[u8; HEADER_BYTES], at: usize) -> i16 {
    i16::from_be_bytes([head[at], head[at + 1]])
}

fn i32_at(head: &[u8; HEADER_BYTES], at: usize) -> i32 {
    i32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
}

fn i64_at(head: &[u8; HEADER_BYTES], at: usize) -> i64 {
    (i64::from(i32_at(head, at)) << 32) | i64::from(i32_at(head, at + 4) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_header_is_none_and_a_small_length_is_no_batch() {
        assert!(BatchHeader::parse(&[0; HEADER_BYTES - 1]).is_none());
        let header = BatchHeader::parse(&[0; HEADER_BYTES]).unwrap();
        assert_eq!(header.batch_bytes(), None);
        assert_eq!(BatchHeader { batch_length: -1, ..header }.batch_bytes(), None);
        assert_eq!(BatchHeader { batch_length: 49, ..header }.batch_bytes(), Some(61));
    }

    #[test]
    fn the_last_sequence_wraps_to_zero_and_is_never_negative() {
        let header = BatchHeader::parse(&[0; HEADER_BYTES]).unwrap();
        let wrapping = BatchHeader { base_sequence: i32::MAX, last_offset_delta: 1, ..header };
        assert_eq!(wrapping.last_sequence(), 0);
        assert_eq!(BatchHeader { base_sequence: NO_SEQUENCE, ..header }.last_sequence(), NO_SEQUENCE);
    }
}

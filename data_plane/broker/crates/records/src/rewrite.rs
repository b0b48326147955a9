//! Stamping a batch with what only the leader knows: its offset, the leader epoch and, if the topic asks for it, the time.

use headrace_types::{LeaderEpoch, Offset};

use crate::header::{
    ATTRIBUTES_AT, Attributes, CRC_AT, CRC_START, HEADER_BYTES, LEADER_EPOCH_AT, MAX_TIMESTAMP_AT,
};

/// A rewritten header; the records after it stay where they are.
pub type StampedHeader = [u8; HEADER_BYTES];

/// Returns the header of `batch` with base offset and leader epoch replaced, and, with `append_time_ms`, as a
/// `LogAppendTime` batch with its CRC recomputed. Base offset and leader epoch lie outside the CRC.
///
/// # Panics
/// If `batch` is shorter than its header; callers have validated it.
#[must_use]
pub fn stamp(
    batch: &[u8],
    base_offset: Offset,
    leader_epoch: LeaderEpoch,
    append_time_ms: Option<i64>,
) -> StampedHeader {
    let mut head = [0; HEADER_BYTES];
    head.copy_from_slice(&batch[..HEADER_BYTES]);
    head[..8].copy_from_slice(&base_offset.get().to_be_bytes());
    head[LEADER_EPOCH_AT..LEADER_EPOCH_AT + 4].copy_from_slice(&leader_epoch.get().to_be_bytes());
    if let Some(now_ms) = append_time_ms {
        stamp_time(&mut head, &batch[HEADER_BYTES..], now_ms);
    }
    head
}

fn stamp_time(head: &mut StampedHeader, records: &[u8], now_ms: i64) {
    let attributes = i16::from_be_bytes([head[ATTRIBUTES_AT], head[ATTRIBUTES_AT + 1]]);
    let attributes = attributes | Attributes::LOG_APPEND_TIME;
    head[ATTRIBUTES_AT..ATTRIBUTES_AT + 2].copy_from_slice(&attributes.to_be_bytes());
    head[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&now_ms.to_be_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c(&head[CRC_START..]), records);
    head[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::BatchBuilder;
    use crate::header::{BatchHeader, TimestampType, crc_of};

    #[test]
    fn offset_and_epoch_change_without_touching_the_crc() {
        let batch = BatchBuilder::new().value(b"one").build();
        let head = stamp(&batch, Offset::new(77), LeaderEpoch::new(5), None);
        let stamped = [&head[..], &batch[HEADER_BYTES..]].concat();
        let header = BatchHeader::parse(&stamped).unwrap();
        assert_eq!((header.base_offset.get(), header.leader_epoch.get()), (77, 5));
        assert_eq!(header.crc, crc_of(&stamped));
        assert_eq!(header.crc, BatchHeader::parse(&batch).unwrap().crc);
    }

    #[test]
    fn append_time_sets_bit_timestamp_and_crc() {
        let batch = BatchBuilder::new().value(b"one").build();
        let head = stamp(&batch, Offset::new(0), LeaderEpoch::new(0), Some(123_456));
        let stamped = [&head[..], &batch[HEADER_BYTES..]].concat();
        let header = BatchHeader::parse(&stamped).unwrap();
        assert_eq!(header.attributes.timestamp_type(), TimestampType::LogAppendTime);
        assert_eq!(header.max_timestamp, 123_456);
        assert_eq!(header.crc, crc_of(&stamped));
    }
}

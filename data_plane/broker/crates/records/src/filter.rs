//! Taking records out of a batch, as compaction does: offsets, sequences, codec and timestamps stay.

use crate::compression::{Compression, DecompressionLimits};
use crate::header::{
    ATTRIBUTES_AT, Attributes, BASE_TIMESTAMP_AT, BATCH_LENGTH_AT, BatchHeader, HEADER_BYTES,
    LENGTH_PREFIX_BYTES, MAX_TIMESTAMP_AT, NO_TIMESTAMP, RECORDS_COUNT_AT, TimestampType,
};
use crate::iterate::{Record, RecordSet, RecordsError};
use crate::{builder, varint};

/// What is left of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filtered {
    /// All of it.
    Unchanged,
    /// This batch, of the same base and last offset.
    Changed(Vec<u8>),
    /// No record.
    Nothing,
}

/// Takes the records out of `batch` that `keep` does not accept; `records` are those of the batch.
///
/// A batch that keeps a tombstone and has no delete horizon gets `horizon_ms` (KIP-534): the base timestamp holds it, and
/// the timestamps of the records count from there. Fails if the records can not be read.
pub fn filter(
    batch: &[u8],
    records: &RecordSet<'_>,
    horizon_ms: Option<i64>,
    mut keep: impl FnMut(&Record<'_>) -> bool,
) -> Result<Filtered, RecordsError> {
    let header = records.header();
    let mut kept = Vec::new();
    let mut keeps_tombstone = false;
    for record in records.iter() {
        let record = record?;
        let is_kept = keep(&record);
        keeps_tombstone |= is_kept && record.value.is_none();
        kept.push(is_kept);
    }
    let horizon_ms = horizon_ms.filter(|_| keeps_tombstone && header.delete_horizon_ms().is_none());
    if !kept.contains(&true) {
        return Ok(Filtered::Nothing);
    }
    if horizon_ms.is_none() && !kept.contains(&false) {
        return Ok(Filtered::Unchanged);
    }
    encode(batch, records, &kept, horizon_ms).map(Filtered::Changed)
}

/// The batch with a delete horizon (KIP-534), from which on compaction may remove it; one that has a horizon keeps it.
/// Fails if the records can not be read.
pub fn with_horizon(batch: &[u8], horizon_ms: i64) -> Result<Vec<u8>, RecordsError> {
    let records = RecordSet::of_batch(batch, DecompressionLimits::default())?;
    if records.header().delete_horizon_ms().is_some() {
        return Ok(batch.to_vec());
    }
    let kept = vec![true; records.iter().count()];
    encode(batch, &records, &kept, Some(horizon_ms))
}

/// The batch without any record: what stays of the last batch of a producer, for its sequence number.
///
/// # Panics
/// If `batch` is shorter than its header.
#[must_use]
pub fn emptied(batch: &[u8]) -> Vec<u8> {
    let mut out = batch[..HEADER_BYTES].to_vec();
    let keeps = Attributes::LOG_APPEND_TIME | Attributes::TRANSACTIONAL | Attributes::CONTROL;
    let attributes = attributes_of(&out) & keeps | Compression::None.id();
    put(&mut out, ATTRIBUTES_AT, &attributes.to_be_bytes());
    put(&mut out, BASE_TIMESTAMP_AT, &NO_TIMESTAMP.to_be_bytes());
    put(&mut out, MAX_TIMESTAMP_AT, &NO_TIMESTAMP.to_be_bytes());
    finish(out, 0)
}

fn encode(
    batch: &[u8],
    records: &RecordSet<'_>,
    kept: &[bool],
    horizon_ms: Option<i64>,
) -> Result<Vec<u8>, RecordsError> {
    let header = records.header();
    let codec = header.attributes.compression().ok_or(RecordsError::UnknownCodec)?;
    let (mut body, mut count, mut max_timestamp) = (Vec::new(), 0i32, NO_TIMESTAMP);
    for (record, _) in records.iter().zip(kept).filter(|(_, is_kept)| **is_kept) {
        let record = record?;
        max_timestamp = max_timestamp.max(record.timestamp);
        count += 1;
        match horizon_ms {
            Some(horizon_ms) => write_moved(&mut body, &record, horizon_ms),
            None => builder::write_sized(&mut body, Some(record.body())),
        }
    }
    let mut out = batch[..HEADER_BYTES].to_vec();
    if let Some(horizon_ms) = horizon_ms {
        let attributes = attributes_of(&out) | Attributes::DELETE_HORIZON;
        put(&mut out, ATTRIBUTES_AT, &attributes.to_be_bytes());
        put(&mut out, BASE_TIMESTAMP_AT, &horizon_ms.to_be_bytes());
    }
    // The append time of a batch is one for all of its records, so it stays.
    if header.attributes.timestamp_type() == TimestampType::CreateTime {
        put(&mut out, MAX_TIMESTAMP_AT, &max_timestamp.to_be_bytes());
    }
    out.extend_from_slice(&codec.compress(&body)?);
    Ok(finish(out, count))
}

/// Writes a record with its timestamp counted from another base.
fn write_moved(body: &mut Vec<u8>, record: &Record<'_>, base_timestamp: i64) {
    let (attributes, after_timestamp) = record.around_timestamp();
    let mut moved = vec![attributes];
    varint::write_i64(&mut moved, record.timestamp.wrapping_sub(base_timestamp));
    moved.extend_from_slice(after_timestamp);
    builder::write_sized(body, Some(&moved));
}

fn finish(mut out: Vec<u8>, count: i32) -> Vec<u8> {
    let length = (out.len() - LENGTH_PREFIX_BYTES) as i32;
    put(&mut out, BATCH_LENGTH_AT, &length.to_be_bytes());
    put(&mut out, RECORDS_COUNT_AT, &count.to_be_bytes());
    builder::seal(&mut out);
    out
}

fn attributes_of(batch: &[u8]) -> i16 {
    BatchHeader::parse(batch).map_or(0, |header| header.attributes.0)
}

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    out[at..at + bytes.len()].copy_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use headrace_types::{LeaderEpoch, Offset};
    use kafka_protocol::records::RecordBatchDecoder;

    use super::*;
    use crate::builder::{BatchBuilder, NewRecord};
    use crate::compression::DecompressionLimits;
    use crate::header::crc_of;
    use crate::rewrite::stamp;

    const CODECS: [Compression; 5] =
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

    fn batch(codec: Compression) -> Vec<u8> {
        let record = |timestamp, key: &'static [u8], value| NewRecord {
            timestamp,
            key: Some(key),
            value,
            headers: &[("h", Some(b"x"))],
        };
        BatchBuilder::new()
            .base_offset(70)
            .compression(codec)
            .producer(5, 2, 11)
            .record(record(500, b"a", Some(b"1")))
            .record(record(900, b"b", Some(b"2")))
            .record(record(300, b"c", None))
            .build()
    }

    fn filtered(batch: &[u8], horizon_ms: Option<i64>, keys: &[&[u8]]) -> Filtered {
        let records = RecordSet::of_batch(batch, DecompressionLimits::default()).unwrap();
        filter(batch, &records, horizon_ms, |record| keys.contains(&record.key.unwrap())).unwrap()
    }

    fn changed(filtered: Filtered) -> Vec<u8> {
        let Filtered::Changed(batch) = filtered else { panic!("{filtered:?}") };
        assert_eq!(crc_of(&batch), BatchHeader::parse(&batch).unwrap().crc);
        batch
    }

    #[test]
    fn what_is_kept_keeps_offset_timestamp_codec_and_sequence() {
        for codec in CODECS {
            let batch = changed(filtered(&batch(codec), None, &[b"a", b"c"]));
            let header = BatchHeader::parse(&batch).unwrap();
            assert_eq!(header.attributes.compression(), Some(codec));
            assert_eq!((header.base_offset.get(), header.last_offset().get()), (70, 72));
            assert_eq!((header.base_sequence, header.last_sequence()), (11, 13));
            assert_eq!((header.records_count, header.max_timestamp), (2, 500));
            let set = RecordBatchDecoder::decode(&mut Bytes::from(batch)).unwrap();
            let kept: Vec<_> = set.records.iter().map(|record| (record.offset, record.timestamp)).collect();
            assert_eq!(kept, [(70, 500), (72, 300)]);
            assert_eq!(set.records[0].headers.len(), 1);
        }
    }

    #[test]
    fn a_tombstone_gets_a_horizon_once_and_every_timestamp_stays() {
        for codec in CODECS {
            let first = changed(filtered(&batch(codec), Some(1_000_000), &[b"a", b"b", b"c"]));
            let header = BatchHeader::parse(&first).unwrap();
            assert_eq!((header.delete_horizon_ms(), header.max_timestamp), (Some(1_000_000), 900));
            let records = RecordSet::of_batch(&first, DecompressionLimits::default()).unwrap();
            let times: Vec<_> = records.iter().map(|record| record.unwrap().timestamp).collect();
            assert_eq!(times, [500, 900, 300]);
            assert_eq!(filtered(&first, Some(2_000_000), &[b"a", b"b", b"c"]), Filtered::Unchanged);
            let second = changed(filtered(&first, Some(2_000_000), &[b"c"]));
            assert_eq!(BatchHeader::parse(&second).unwrap().delete_horizon_ms(), Some(1_000_000));
        }
        assert_eq!(filtered(&batch(Compression::None), None, &[b"a", b"b", b"c"]), Filtered::Unchanged);
        assert_eq!(filtered(&batch(Compression::None), Some(9), &[]), Filtered::Nothing);
    }

    #[test]
    fn append_time_stays_that_of_the_batch() {
        let batch = batch(Compression::Lz4);
        let head = stamp(&batch, Offset::new(70), LeaderEpoch::new(3), Some(777));
        let stamped = [&head[..], &batch[HEADER_BYTES..]].concat();
        let left = changed(filtered(&stamped, Some(1_000), &[b"c"]));
        let header = BatchHeader::parse(&left).unwrap();
        assert_eq!(header.attributes.timestamp_type(), TimestampType::LogAppendTime);
        assert_eq!((header.max_timestamp, header.leader_epoch.get()), (777, 3));
        let records = RecordSet::of_batch(&left, DecompressionLimits::default()).unwrap();
        assert_eq!(records.iter().next().unwrap().unwrap().timestamp, 777);
    }

    #[test]
    fn an_emptied_batch_holds_its_offsets_and_sequence_and_nothing_else() {
        for codec in CODECS {
            let empty = emptied(&batch(codec));
            let header = BatchHeader::parse(&empty).unwrap();
            assert_eq!((empty.len(), header.batch_bytes(), header.crc), (61, Some(61), crc_of(&empty)));
            assert_eq!((header.base_offset.get(), header.last_offset().get()), (70, 72));
            assert_eq!((header.records_count, header.last_sequence()), (0, 13));
            let records = RecordSet::of_batch(&empty, DecompressionLimits::default()).unwrap();
            assert_eq!(records.iter().count(), 0);
        }
    }
}

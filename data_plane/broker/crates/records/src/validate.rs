//! What a broker checks of a batch that a client produces, without decompressing it unless a rule needs the records.
//!
//! The rules are those of Kafka's `ProduceRequest.validateRecords` and `LogValidator`.

use headrace_types::ErrorCode;
use headrace_types::limits::RECORDS_PER_BATCH_MAX;

use crate::compression::{Compression, DecompressionLimits};
use crate::header::{BatchHeader, MAGIC, NO_TIMESTAMP, TimestampType, crc_of};
use crate::iterate::{RecordSet, RecordsError};

/// First Produce version whose clients understand zstd (KIP-110).
const ZSTD_PRODUCE_VERSION_MIN: i16 = 7;

/// How far a producer's timestamps may lie from the broker's clock (KIP-937).
#[derive(Clone, Copy, Debug)]
pub struct TimestampRules {
    /// The broker's time, in ms.
    pub now_ms: i64,
    /// `message.timestamp.before.max.ms`.
    pub before_max_ms: i64,
    /// `message.timestamp.after.max.ms`.
    pub after_max_ms: i64,
}

/// What the topic and the request say about a produced batch.
#[derive(Clone, Copy, Debug)]
pub struct ProduceRules {
    /// Version of the Produce request.
    pub api_version: i16,
    /// `max.message.bytes`: largest batch as it was sent.
    pub batch_bytes_max: usize,
    /// `segment.bytes`.
    pub segment_bytes: usize,
    /// Checked for topics with `CreateTime`; none for those with `LogAppendTime`.
    pub timestamps: Option<TimestampRules>,
    /// Whether every record needs a key: compaction keeps the last of each.
    pub keys_required: bool,
    /// Used only where a rule needs compressed records.
    pub decompression: DecompressionLimits,
}

/// Most single records that a refusal names.
const REFUSALS_MAX: usize = 100;
const NO_KEY: &str = "the record has no key, which records of a compacted topic need";

/// A record that makes its batch be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRefusal {
    /// Position of the record in the batch, from 0.
    pub index: i32,
    /// What is wrong with it.
    pub detail: &'static str,
}

/// Why a produced batch is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// No batch, or only a part of one.
    #[error("a produce request carries exactly one whole record batch for each partition, this one has none")]
    Missing,
    /// Something follows the batch.
    #[error(
        "a produce request carries exactly one record batch for each partition, more bytes follow the first"
    )]
    Trailing,
    /// A length that no batch has.
    #[error("the batch length is smaller than a batch header")]
    Length,
    /// A message set of an older format.
    #[error("record batches must have magic 2, this one has {0}")]
    Magic(i8),
    /// The CRC does not match.
    #[error("the batch's CRC does not match its content")]
    Crc,
    /// Larger than the topic allows.
    #[error("the batch has {bytes} bytes, max.message.bytes allows {max}")]
    TooLarge {
        /// Size of the batch.
        bytes: usize,
        /// The limit in force.
        max: usize,
    },
    /// Larger than a segment.
    #[error("the batch has {bytes} bytes, segment.bytes allows {max}")]
    LargerThanSegment {
        /// Size of the batch.
        bytes: usize,
        /// The limit in force.
        max: usize,
    },
    /// A codec that does not exist.
    #[error("the batch names a compression codec that does not exist")]
    UnknownCodec,
    /// zstd from a client too old to read it.
    #[error("zstd needs Produce version 7 or newer")]
    ZstdTooOld,
    /// A transaction marker from a client.
    #[error("control batches are written by brokers alone")]
    Control,
    /// A mark of compaction from a client.
    #[error("delete horizons are set by brokers alone")]
    DeleteHorizon,
    /// A transactional batch of nobody.
    #[error("a transactional batch needs a producer id")]
    Transactional,
    /// Counts that contradict each other.
    #[error("the batch declares {count} records and a last offset delta of {last_offset_delta}")]
    Count {
        /// Declared number of records.
        count: i32,
        /// Declared last offset delta.
        last_offset_delta: i32,
    },
    /// A producer id without an epoch or a sequence number.
    #[error("a batch with a producer id needs a producer epoch and a base sequence from 0 on")]
    Sequence,
    /// Timestamps too far from the broker's clock, or claimed to be the broker's.
    #[error("{0}")]
    Timestamp(&'static str),
    /// Single records have timestamps too far from the broker's clock.
    #[error("{} records have timestamps too far from the broker's clock", .0.len())]
    RecordTimestamps(Vec<RecordRefusal>),
    /// Single records have no key in a compacted topic.
    #[error("{} records have no key, which records of a compacted topic need", .0.len())]
    RecordKeys(Vec<RecordRefusal>),
    /// The records can not be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

impl BatchError {
    /// The single records that are to blame, where it is known.
    #[must_use]
    pub fn records(&self) -> &[RecordRefusal] {
        match self {
            Self::RecordTimestamps(refusals) | Self::RecordKeys(refusals) => refusals,
            _ => &[],
        }
    }

    /// The code that the client is answered.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Length | Self::Crc => ErrorCode::CorruptMessage,
            Self::TooLarge { .. } | Self::Records(RecordsError::TooLarge { .. }) => {
                ErrorCode::MessageTooLarge
            }
            Self::LargerThanSegment { .. } => ErrorCode::RecordListTooLarge,
            Self::UnknownCodec | Self::ZstdTooOld => ErrorCode::UnsupportedCompressionType,
            Self::Timestamp(_) | Self::RecordTimestamps(_) => ErrorCode::InvalidTimestamp,
            Self::Missing
            | Self::Trailing
            | Self::Magic(_)
            | Self::Control
            | Self::DeleteHorizon
            | Self::Transactional
            | Self::RecordKeys(_)
            | Self::Count { .. }
            | Self::Sequence
            | Self::Records(_) => ErrorCode::InvalidRecord,
        }
    }
}

/// Checks `records`, the bytes that a Produce request carries for one partition, and returns the header of its one batch.
pub fn validate_produced(records: &[u8], rules: &ProduceRules) -> Result<BatchHeader, BatchError> {
    let header = one_batch(records)?;
    check_size(records.len(), rules)?;
    if header.crc != crc_of(records) {
        return Err(BatchError::Crc);
    }
    let codec = check_codec(&header, rules)?;
    check_kind(&header)?;
    check_counts(&header)?;
    check_timestamps(&header, codec, rules)?;
    check_records(records, codec, rules)?;
    Ok(header)
}

fn one_batch(records: &[u8]) -> Result<BatchHeader, BatchError> {
    let header = BatchHeader::parse(records).ok_or(BatchError::Missing)?;
    if header.magic != MAGIC {
        return Err(BatchError::Magic(header.magic));
    }
    let bytes = header.batch_bytes().ok_or(BatchError::Length)?;
    match records.len() {
        have if have < bytes => Err(BatchError::Missing),
        have if have > bytes => Err(BatchError::Trailing),
        _ => Ok(header),
    }
}

fn check_size(bytes: usize, rules: &ProduceRules) -> Result<(), BatchError> {
    if bytes > rules.batch_bytes_max {
        return Err(BatchError::TooLarge { bytes, max: rules.batch_bytes_max });
    }
    if bytes > rules.segment_bytes {
        return Err(BatchError::LargerThanSegment { bytes, max: rules.segment_bytes });
    }
    Ok(())
}

fn check_codec(header: &BatchHeader, rules: &ProduceRules) -> Result<Compression, BatchError> {
    match header.attributes.compression() {
        None => Err(BatchError::UnknownCodec),
        Some(Compression::Zstd) if rules.api_version < ZSTD_PRODUCE_VERSION_MIN => {
            Err(BatchError::ZstdTooOld)
        }
        Some(codec) => Ok(codec),
    }
}

fn check_kind(header: &BatchHeader) -> Result<(), BatchError> {
    if header.attributes.is_control() {
        return Err(BatchError::Control);
    }
    if header.attributes.has_delete_horizon() {
        return Err(BatchError::DeleteHorizon);
    }
    if header.attributes.is_transactional() && !header.has_producer_id() {
        return Err(BatchError::Transactional);
    }
    if header.has_producer_id() && (header.base_sequence < 0 || header.producer_epoch.get() < 0) {
        return Err(BatchError::Sequence);
    }
    Ok(())
}

fn check_counts(header: &BatchHeader) -> Result<(), BatchError> {
    let (count, last_offset_delta) = (header.records_count, header.last_offset_delta);
    if count <= 0 || count > RECORDS_PER_BATCH_MAX || last_offset_delta != count - 1 {
        return Err(BatchError::Count { count, last_offset_delta });
    }
    Ok(())
}

/// Of compressed records the largest timestamp is enough, unless the topic bounds how old a record may be: the header
/// does not tell the smallest.
fn check_timestamps(
    header: &BatchHeader,
    codec: Compression,
    rules: &ProduceRules,
) -> Result<(), BatchError> {
    if header.attributes.timestamp_type() == TimestampType::LogAppendTime {
        return Err(BatchError::Timestamp("a client can not claim the broker's append time for its batch"));
    }
    match rules.timestamps {
        Some(limits) if codec != Compression::None && limits.before_max_ms == i64::MAX => {
            refusal_of(header.max_timestamp, limits)
                .map_or(Ok(()), |detail| Err(BatchError::Timestamp(detail)))
        }
        _ => Ok(()),
    }
}

fn refusal_of(timestamp: i64, limits: TimestampRules) -> Option<&'static str> {
    if timestamp == NO_TIMESTAMP {
        return None;
    }
    if timestamp > limits.now_ms.saturating_add(limits.after_max_ms) {
        return Some("the timestamp lies further ahead than message.timestamp.after.max.ms allows");
    }
    if timestamp < limits.now_ms.saturating_sub(limits.before_max_ms) {
        return Some("the timestamp lies further back than message.timestamp.before.max.ms allows");
    }
    None
}

/// Plain records are walked, which is cheap and keeps unreadable ones out; compressed ones only where a rule needs them. They are
/// walked once, whatever is asked of them.
fn check_records(records: &[u8], codec: Compression, rules: &ProduceRules) -> Result<(), BatchError> {
    let bounded = rules.timestamps.is_some_and(|limits| limits.before_max_ms != i64::MAX);
    if codec != Compression::None && !bounded && !rules.keys_required {
        return Ok(());
    }
    let set = RecordSet::of_batch(records, rules.decompression)?;
    let (mut without_key, mut out_of_time) = (Refusals::default(), Refusals::default());
    set.check_dense(|index, record| {
        if rules.keys_required && record.key.is_none() {
            without_key.add(index, NO_KEY);
        }
        if let Some(detail) = rules.timestamps.and_then(|limits| refusal_of(record.timestamp, limits)) {
            out_of_time.add(index, detail);
        }
    })?;
    without_key.told_by(BatchError::RecordKeys)?;
    out_of_time.told_by(BatchError::RecordTimestamps)
}

/// The first records that make their batch be refused.
#[derive(Default)]
struct Refusals(Vec<RecordRefusal>);

impl Refusals {
    fn add(&mut self, index: i32, detail: &'static str) {
        if self.0.len() < REFUSALS_MAX {
            self.0.push(RecordRefusal { index, detail });
        }
    }

    fn told_by(self, error: impl FnOnce(Vec<RecordRefusal>) -> BatchError) -> Result<(), BatchError> {
        if self.0.is_empty() { Ok(()) } else { Err(error(self.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::{BatchBuilder, NewRecord, seal};

    const NOW_MS: i64 = 1_000_000;

    fn rules() -> ProduceRules {
        ProduceRules {
            api_version: 12,
            batch_bytes_max: 10_000,
            segment_bytes: 100_000,
            timestamps: Some(TimestampRules { now_ms: NOW_MS, before_max_ms: i64::MAX, after_max_ms: 1_000 }),
            keys_required: false,
            decompression: DecompressionLimits::default(),
        }
    }

    fn batch() -> Vec<u8> {
        BatchBuilder::new().value(b"one").value(b"two").build()
    }

    fn code_of(bytes: &[u8], rules: &ProduceRules) -> ErrorCode {
        validate_produced(bytes, rules).map_or_else(|error| error.code(), |_| ErrorCode::None)
    }

    fn sealed(mut bytes: Vec<u8>, at: usize, with: &[u8]) -> Vec<u8> {
        bytes[at..at + with.len()].copy_from_slice(with);
        seal(&mut bytes);
        bytes
    }

    #[test]
    fn a_sound_batch_passes() {
        assert_eq!(validate_produced(&batch(), &rules()).unwrap().records_count, 2);
        for codec in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
            let batch = BatchBuilder::new().compression(codec).value(b"one").build();
            assert_eq!(code_of(&batch, &rules()), ErrorCode::None);
        }
    }

    #[test]
    fn exactly_one_whole_batch_of_magic_2() {
        let batch = batch();
        assert_eq!(code_of(&[], &rules()), ErrorCode::InvalidRecord);
        assert_eq!(code_of(&batch[..batch.len() - 1], &rules()), ErrorCode::InvalidRecord);
        assert_eq!(code_of(&[&batch[..], &batch[..]].concat(), &rules()), ErrorCode::InvalidRecord);
        assert_eq!(code_of(&sealed(batch.clone(), 16, &[1]), &rules()), ErrorCode::InvalidRecord);
        assert_eq!(code_of(&sealed(batch, 8, &[0xff; 4]), &rules()), ErrorCode::CorruptMessage);
    }

    #[test]
    fn every_flipped_bit_behind_the_crc_is_seen() {
        let batch = batch();
        for at in 17..batch.len() {
            let mut damaged = batch.clone();
            damaged[at] ^= 0x10;
            assert_eq!(code_of(&damaged, &rules()), ErrorCode::CorruptMessage, "byte {at}");
        }
    }

    #[test]
    fn sizes_are_bounded_by_topic_and_segment() {
        let tight = ProduceRules { batch_bytes_max: 20, ..rules() };
        assert_eq!(code_of(&batch(), &tight), ErrorCode::MessageTooLarge);
        let tight = ProduceRules { segment_bytes: 20, ..rules() };
        assert_eq!(code_of(&batch(), &tight), ErrorCode::RecordListTooLarge);
    }

    #[test]
    fn codecs_are_checked() {
        let zstd = BatchBuilder::new().compression(Compression::Zstd).value(b"one").build();
        assert_eq!(
            code_of(&zstd, &ProduceRules { api_version: 6, ..rules() }),
            ErrorCode::UnsupportedCompressionType
        );
        let unknown = sealed(batch(), 21, &7i16.to_be_bytes());
        assert_eq!(code_of(&unknown, &rules()), ErrorCode::UnsupportedCompressionType);
    }

    #[test]
    fn counts_and_sequences_must_agree() {
        for (at, value) in [(57, 0i32), (57, -1), (57, 3), (23, 5), (57, i32::MAX)] {
            assert_eq!(
                code_of(&sealed(batch(), at, &value.to_be_bytes()), &rules()),
                ErrorCode::InvalidRecord
            );
        }
        let no_sequence = BatchBuilder::new().producer(5, 0, -1).value(b"x").build();
        assert_eq!(code_of(&no_sequence, &rules()), ErrorCode::InvalidRecord);
        let no_epoch = BatchBuilder::new().producer(5, -1, 0).value(b"x").build();
        assert_eq!(code_of(&no_epoch, &rules()), ErrorCode::InvalidRecord);
    }

    #[test]
    fn markers_and_transactions_are_refused() {
        assert_eq!(
            code_of(&BatchBuilder::new().control().value(b"x").build(), &rules()),
            ErrorCode::InvalidRecord
        );
        let transactional = BatchBuilder::new().transactional().value(b"x").build();
        assert_eq!(code_of(&transactional, &rules()), ErrorCode::InvalidRecord);
    }

    #[test]
    fn timestamps_stay_near_the_clock() {
        let at = |timestamp, codec| {
            BatchBuilder::new()
                .compression(codec)
                .record(NewRecord { timestamp, key: None, value: Some(b"x"), headers: &[] })
                .record(NewRecord { timestamp: NOW_MS, key: None, value: Some(b"y"), headers: &[] })
                .build()
        };
        assert_eq!(code_of(&at(NOW_MS + 1_001, Compression::None), &rules()), ErrorCode::InvalidTimestamp);
        assert_eq!(code_of(&at(0, Compression::None), &rules()), ErrorCode::None);
        let limits = TimestampRules { now_ms: NOW_MS, before_max_ms: 500, after_max_ms: 0 };
        let bounded = ProduceRules { timestamps: Some(limits), ..rules() };
        for codec in [Compression::None, Compression::Gzip, Compression::Zstd] {
            assert_eq!(code_of(&at(NOW_MS - 501, codec), &bounded), ErrorCode::InvalidTimestamp);
            assert_eq!(code_of(&at(NOW_MS - 500, codec), &bounded), ErrorCode::None);
        }
        let refused = validate_produced(&at(NOW_MS - 501, Compression::Gzip), &bounded).unwrap_err();
        assert_eq!(refused.records().iter().map(|refusal| refusal.index).collect::<Vec<_>>(), [0]);
        let claimed = sealed(batch(), 21, &8i16.to_be_bytes());
        assert_eq!(code_of(&claimed, &rules()), ErrorCode::InvalidTimestamp);
        let free = ProduceRules { timestamps: None, ..rules() };
        assert_eq!(code_of(&at(i64::MAX, Compression::None), &free), ErrorCode::None);
    }

    #[test]
    fn records_of_a_compacted_topic_need_keys() {
        let keyed = ProduceRules { keys_required: true, ..rules() };
        for codec in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let record = |key| NewRecord { timestamp: NOW_MS, key, value: None, headers: &[] };
            let builder = BatchBuilder::new().compression(codec).record(record(Some(b"")));
            assert_eq!(code_of(&builder.clone().build(), &keyed), ErrorCode::None);
            let batch = builder.record(record(None)).build();
            assert_eq!(code_of(&batch, &rules()), ErrorCode::None);
            let refused = validate_produced(&batch, &keyed).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::InvalidRecord);
            assert_eq!(refused.records(), [RecordRefusal { index: 1, detail: NO_KEY }]);
        }
    }

    #[test]
    fn a_client_sets_no_delete_horizon() {
        assert_eq!(code_of(&sealed(batch(), 21, &0x40i16.to_be_bytes()), &rules()), ErrorCode::InvalidRecord);
    }

    #[test]
    fn unreadable_plain_records_are_kept_out() {
        let mut bytes = batch();
        let last = bytes.len() - 1;
        bytes[61] = 0x7f;
        bytes[last] = 0x7f;
        seal(&mut bytes);
        assert_eq!(code_of(&bytes, &rules()), ErrorCode::InvalidRecord);
    }
}

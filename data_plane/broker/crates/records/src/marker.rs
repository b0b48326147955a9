//! Transaction markers: control batches that say how a producer's transaction in a partition has ended (KIP-98).

use headrace_types::{ProducerEpoch, ProducerId};

use crate::builder::{BatchBuilder, NewRecord};
use crate::compression::DecompressionLimits;
use crate::header::NO_SEQUENCE;
use crate::iterate::{RecordSet, RecordsError};

/// Version of a control record's key and value.
const VERSION: i16 = 0;
const ABORT: i16 = 0;
const COMMIT: i16 = 1;

/// The end of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    /// Whose transaction it is.
    pub producer_id: ProducerId,
    /// The epoch that ends it.
    pub producer_epoch: ProducerEpoch,
    /// Whether its records count.
    pub is_commit: bool,
    /// The coordinator's epoch: one that is older than the last is refused.
    pub coordinator_epoch: i32,
}

impl Marker {
    /// The control batch, at offset 0 until a log stamps it.
    #[must_use]
    pub fn build(&self, timestamp: i64) -> Vec<u8> {
        let kind = if self.is_commit { COMMIT } else { ABORT };
        let key = [VERSION.to_be_bytes(), kind.to_be_bytes()].concat();
        let value = [&VERSION.to_be_bytes()[..], &self.coordinator_epoch.to_be_bytes()].concat();
        BatchBuilder::new()
            .producer(self.producer_id.get(), self.producer_epoch.get(), NO_SEQUENCE)
            .transactional()
            .control()
            .record(NewRecord { timestamp, key: Some(&key), value: Some(&value), headers: &[] })
            .build()
    }

    /// Reads the marker in a control batch; none in one that compaction has emptied or that marks something else.
    pub fn read(batch: &[u8]) -> Result<Option<Self>, RecordsError> {
        let records = RecordSet::of_batch(batch, DecompressionLimits::default())?;
        let header = *records.header();
        let first = records.iter().next();
        let Some(record) = first.transpose()? else { return Ok(None) };
        let is_commit = match record.key.and_then(<[u8]>::first_chunk) {
            Some([_, _, high, low]) => match i16::from_be_bytes([*high, *low]) {
                ABORT => false,
                COMMIT => true,
                _ => return Ok(None),
            },
            None => return Err(RecordsError::Malformed("a control record without a type")),
        };
        let Some([_, _, epoch @ ..]) = record.value.and_then(<[u8]>::first_chunk::<6>) else {
            return Err(RecordsError::Malformed("a transaction marker without a coordinator epoch"));
        };
        Ok(Some(Self {
            producer_id: header.producer_id,
            producer_epoch: header.producer_epoch,
            is_commit,
            coordinator_epoch: i32::from_be_bytes(*epoch),
        }))
    }
}

#[cfg(test)]
mod tests {
    use kafka_protocol::records::RecordBatchDecoder;

    use super::*;
    use crate::filter::{emptied, with_horizon};
    use crate::header::BatchHeader;

    fn marker(is_commit: bool) -> Marker {
        Marker {
            producer_id: ProducerId::new(77),
            producer_epoch: ProducerEpoch::new(3),
            is_commit,
            coordinator_epoch: 9,
        }
    }

    #[test]
    fn a_marker_comes_back_and_an_independent_decoder_knows_it_for_one() {
        for is_commit in [false, true] {
            let batch = marker(is_commit).build(123);
            assert_eq!(Marker::read(&batch), Ok(Some(marker(is_commit))));
            let header = BatchHeader::parse(&batch).unwrap();
            assert!(header.attributes.is_control() && header.attributes.is_transactional());
            assert_eq!((header.base_sequence, header.records_count, header.max_timestamp), (-1, 1, 123));
            let set = RecordBatchDecoder::decode(&mut bytes::Bytes::from(batch)).unwrap();
            assert!(set.records[0].control && set.records[0].transactional);
            assert_eq!(set.records[0].key.as_deref(), Some(&[0, 0, 0, u8::from(is_commit)][..]));
        }
    }

    #[test]
    fn a_horizon_changes_nothing_but_the_horizon_and_an_emptied_marker_marks_nothing() {
        let batch = marker(true).build(123);
        let marked = with_horizon(&batch, 5_000).unwrap();
        assert_eq!(Marker::read(&marked), Ok(Some(marker(true))));
        let header = BatchHeader::parse(&marked).unwrap();
        assert_eq!((header.delete_horizon_ms(), header.max_timestamp), (Some(5_000), 123));
        assert_eq!(with_horizon(&marked, 9_000).unwrap(), marked);
        assert_eq!(Marker::read(&emptied(&batch)), Ok(None));
    }

    proptest::proptest! {
        #[test]
        fn random_bytes_crash_nothing(bytes: Vec<u8>) {
            let _ = Marker::read(&bytes);
        }
    }
}

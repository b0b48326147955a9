//! Builds batches: for the broker's own logs and for tests.

use headrace_types::{ProducerEpoch, ProducerId};

use crate::compression::Compression;
use crate::header::{Attributes, CRC_AT, CRC_START, HEADER_BYTES, LENGTH_PREFIX_BYTES, MAGIC, NO_SEQUENCE};
use crate::varint;

/// A record to be added to a batch.
#[derive(Clone, Copy, Debug)]
pub struct NewRecord<'a> {
    /// Milliseconds since the epoch, or -1.
    pub timestamp: i64,
    /// The key, if there is one.
    pub key: Option<&'a [u8]>,
    /// The value; none means a tombstone.
    pub value: Option<&'a [u8]>,
    /// Keys and values of the headers.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

/// Collects records and encodes them as one batch.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    base_offset: i64,
    attributes: i16,
    compression: Compression,
    base_timestamp: Option<i64>,
    max_timestamp: i64,
    producer: (ProducerId, ProducerEpoch, i32),
    count: i32,
    records: Vec<u8>,
}

impl Default for BatchBuilder {
    fn default() -> Self {
        Self {
            base_offset: 0,
            attributes: 0,
            compression: Compression::None,
            base_timestamp: None,
            max_timestamp: -1,
            producer: (ProducerId::NONE, ProducerEpoch::NONE, NO_SEQUENCE),
            count: 0,
            records: Vec::new(),
        }
    }
}

impl BatchBuilder {
    /// An empty, uncompressed batch at offset 0 of a producer without idempotence.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the base offset.
    #[must_use]
    pub fn base_offset(mut self, offset: i64) -> Self {
        self.base_offset = offset;
        self
    }

    /// Sets the codec.
    #[must_use]
    pub fn compression(mut self, codec: Compression) -> Self {
        self.compression = codec;
        self
    }

    /// Makes the batch one of an idempotent producer.
    #[must_use]
    pub fn producer(mut self, id: i64, epoch: i16, base_sequence: i32) -> Self {
        self.producer = (ProducerId::new(id), ProducerEpoch::new(epoch), base_sequence);
        self
    }

    /// Sets the transactional bit.
    #[must_use]
    pub fn transactional(mut self) -> Self {
        self.attributes |= Attributes::TRANSACTIONAL;
        self
    }

    /// Sets the control bit.
    #[must_use]
    pub fn control(mut self) -> Self {
        self.attributes |= Attributes::CONTROL;
        self
    }

    /// Adds a record with a value alone, at timestamp 0.
    #[must_use]
    pub fn value(self, value: &[u8]) -> Self {
        self.record(NewRecord { timestamp: 0, key: None, value: Some(value), headers: &[] })
    }

    /// Adds a record.
    #[must_use]
    pub fn record(mut self, record: NewRecord<'_>) -> Self {
        let base_timestamp = *self.base_timestamp.get_or_insert(record.timestamp);
        self.max_timestamp = self.max_timestamp.max(record.timestamp);
        let mut body = vec![0u8];
        varint::write_i64(&mut body, record.timestamp - base_timestamp);
        varint::write_i32(&mut body, self.count);
        write_sized(&mut body, record.key);
        write_sized(&mut body, record.value);
        varint::write_i32(&mut body, record.headers.len() as i32);
        for (key, value) in record.headers {
            write_sized(&mut body, Some(key.as_bytes()));
            write_sized(&mut body, *value);
        }
        write_sized(&mut self.records, Some(&body));
        self.count += 1;
        self
    }

    /// Number of records so far.
    #[must_use]
    pub fn records_count(&self) -> i32 {
        self.count
    }

    /// Bytes of the records so far, before compression.
    #[must_use]
    pub fn records_bytes(&self) -> usize {
        self.records.len()
    }

    /// Encodes the batch.
    ///
    /// # Panics
    /// If the codec fails in memory, which it does not.
    #[must_use]
    pub fn build(self) -> Vec<u8> {
        let records = match self.compression.compress(&self.records) {
            Ok(records) => records,
            Err(error) => panic!("compression into memory failed: {error}"),
        };
        let (producer_id, producer_epoch, base_sequence) = self.producer;
        let mut out = Vec::with_capacity(HEADER_BYTES + records.len());
        out.extend_from_slice(&self.base_offset.to_be_bytes());
        let length = (HEADER_BYTES - LENGTH_PREFIX_BYTES + records.len()) as i32;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&(-1i32).to_be_bytes());
        out.push(MAGIC as u8);
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&(self.attributes | self.compression.id()).to_be_bytes());
        out.extend_from_slice(&(self.count - 1).to_be_bytes());
        out.extend_from_slice(&self.base_timestamp.unwrap_or(-1).to_be_bytes());
        out.extend_from_slice(&self.max_timestamp.to_be_bytes());
        out.extend_from_slice(&producer_id.get().to_be_bytes());
        out.extend_from_slice(&producer_epoch.get().to_be_bytes());
        out.extend_from_slice(&base_sequence.to_be_bytes());
        out.extend_from_slice(&self.count.to_be_bytes());
        out.extend_from_slice(&records);
        seal(&mut out);
        out
    }
}

/// Writes the CRC of `batch` into it.
///
/// # Panics
/// If `batch` is shorter than its header.
pub fn seal(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[CRC_START..]);
    batch[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
}

pub(crate) fn write_sized(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    varint::write_i32(out, bytes.map_or(-1, |bytes| bytes.len() as i32));
    out.extend_from_slice(bytes.unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use kafka_protocol::records::RecordBatchDecoder;

    use super::*;

    #[test]
    fn an_independent_decoder_reads_what_is_built() {
        for codec in
            [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd]
        {
            let batch = BatchBuilder::new()
                .base_offset(9)
                .compression(codec)
                .producer(7, 1, 3)
                .record(NewRecord {
                    timestamp: 50,
                    key: Some(b"a"),
                    value: Some(b"b"),
                    headers: &[("h", None)],
                })
                .record(NewRecord { timestamp: 40, key: None, value: None, headers: &[] })
                .build();
            let mut bytes = bytes::Bytes::from(batch);
            let set = RecordBatchDecoder::decode(&mut bytes).unwrap();
            assert_eq!(set.records.len(), 2);
            assert_eq!((set.records[0].offset, set.records[1].offset), (9, 10));
            assert_eq!((set.records[0].timestamp, set.records[1].timestamp), (50, 40));
            assert_eq!(set.records[0].value.as_deref(), Some(&b"b"[..]));
            assert_eq!((set.records[0].producer_id, set.records[0].sequence), (7, 3));
        }
    }
}

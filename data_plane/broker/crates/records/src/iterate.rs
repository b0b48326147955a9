//! The records inside a batch.

use std::borrow::Cow;

use crate::compression::DecompressionLimits;
use crate::header::{BatchHeader, HEADER_BYTES, TimestampType};
use crate::varint;

/// Why the records of a batch can not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordsError {
    /// The bytes are not those of records.
    #[error("malformed records: {0}")]
    Malformed(&'static str),
    /// The attribute bits name no codec.
    #[error("unknown compression codec")]
    UnknownCodec,
    /// The codec refused its input.
    #[error("compressed records can not be read: {0}")]
    Compression(String),
    /// The records expand beyond the limit.
    #[error("records decompress to more than {bytes_max} bytes")]
    TooLarge {
        /// The limit in force.
        bytes_max: usize,
    },
}

/// One record, borrowed from its decompressed batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Offset in the partition.
    pub offset: i64,
    /// Milliseconds since the epoch, or -1.
    pub timestamp: i64,
    /// The key, if there is one.
    pub key: Option<&'a [u8]>,
    /// The value; none means a tombstone.
    pub value: Option<&'a [u8]>,
    headers: &'a [u8],
    headers_count: i32,
    /// Everything behind the length.
    body: &'a [u8],
    after_timestamp: &'a [u8],
}

impl<'a> Record<'a> {
    /// Keys and values of the headers, in order.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'a [u8], Option<&'a [u8]>)> {
        let mut rest = self.headers;
        (0..self.headers_count).map_while(|_| read_header(&mut rest)).collect()
    }

    /// The record as it is encoded, without its length.
    pub(crate) fn body(&self) -> &'a [u8] {
        self.body
    }

    /// What lies before and behind the timestamp in the encoded record.
    pub(crate) fn around_timestamp(&self) -> (u8, &'a [u8]) {
        (self.body.first().copied().unwrap_or_default(), self.after_timestamp)
    }
}

/// The decompressed records of one batch.
#[derive(Debug)]
pub struct RecordSet<'a> {
    header: BatchHeader,
    payload: Cow<'a, [u8]>,
}

impl<'a> RecordSet<'a> {
    /// Decompresses the records of `batch`, a whole batch, within `limits`.
    pub fn of_batch(batch: &'a [u8], limits: DecompressionLimits) -> Result<Self, RecordsError> {
        let header = BatchHeader::parse(batch).ok_or(RecordsError::Malformed("batch header is cut off"))?;
        let codec = header.attributes.compression().ok_or(RecordsError::UnknownCodec)?;
        let body = &batch[HEADER_BYTES..];
        let payload = match codec {
            crate::Compression::None => Cow::Borrowed(body),
            _ => Cow::Owned(codec.decompress(body, limits)?),
        };
        Ok(Self { header, payload })
    }

    /// The header of the batch.
    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The records in order; after an error the iteration ends.
    pub fn iter(&self) -> impl Iterator<Item = Result<Record<'_>, RecordsError>> {
        let mut rest: &[u8] = &self.payload;
        let mut remaining = self.header.records_count.max(0);
        std::iter::from_fn(move || {
            if remaining == 0 {
                return None;
            }
            let record = read_record(&mut rest, &self.header);
            remaining = if record.is_some() { remaining - 1 } else { 0 };
            Some(record.ok_or(RecordsError::Malformed("record is cut off or over-long")))
        })
    }

    /// Checks that the records fill the batch exactly and that their offset deltas are 0, 1, 2, ..., and shows each of them to `look`
    /// with its position on the way. What `look` saw counts only if all are sound.
    pub fn check_dense(&self, mut look: impl FnMut(i32, &Record<'_>)) -> Result<(), RecordsError> {
        let mut rest: &[u8] = &self.payload;
        let base = self.header.base_offset.get();
        for index in 0..self.header.records_count {
            let record =
                read_record(&mut rest, &self.header).ok_or(RecordsError::Malformed("record is cut off"))?;
            if record.offset.wrapping_sub(base) != i64::from(index) {
                return Err(RecordsError::Malformed("offset deltas are not 0, 1, 2, ..."));
            }
            look(index, &record);
        }
        if rest.is_empty() { Ok(()) } else { Err(RecordsError::Malformed("bytes follow the last record")) }
    }
}

#[inline]
fn read_record<'a>(rest: &mut &'a [u8], batch: &BatchHeader) -> Option<Record<'a>> {
    let whole = read_sized(rest)??;
    let (_attributes, mut body) = whole.split_first()?;
    let timestamp_delta = varint::read_i64(&mut body)?;
    let after_timestamp = body;
    let offset_delta = varint::read_i32(&mut body)?;
    let key = read_sized(&mut body)?;
    let value = read_sized(&mut body)?;
    let headers_count = varint::read_i32(&mut body)?;
    let headers = body;
    skip_headers(&mut body, headers_count)?;
    Some(Record {
        offset: batch.base_offset.get().wrapping_add(i64::from(offset_delta)),
        timestamp: match batch.attributes.timestamp_type() {
            TimestampType::CreateTime => batch.base_timestamp.wrapping_add(timestamp_delta),
            TimestampType::LogAppendTime => batch.max_timestamp,
        },
        key,
        value,
        headers,
        headers_count,
        body: whole,
        after_timestamp,
    })
}

/// Every header takes at least two bytes, so the loop is bounded by what is left of the record.
fn skip_headers(body: &mut &[u8], count: i32) -> Option<()> {
    if count < 0 {
        return None;
    }
    for _ in 0..count {
        read_header(body)?;
    }
    body.is_empty().then_some(())
}

fn read_header<'a>(body: &mut &'a [u8]) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let key = read_sized(body)??;
    Some((key, read_sized(body)?))
}

/// Length-prefixed bytes: the outer `None` is an error, the inner one is a null.
#[expect(clippy::option_option, reason = "null and malformed are two things")]
fn read_sized<'a>(input: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let length = varint::read_i32(input)?;
    if length == -1 {
        return Some(None);
    }
    let length = usize::try_from(length).ok()?;
    let (bytes, rest) = input.split_at_checked(length)?;
    *input = rest;
    Some(Some(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::builder::{BatchBuilder, NewRecord};
    use crate::compression::Compression;

    #[test]
    fn keys_values_headers_and_nulls_come_back() {
        let batch = BatchBuilder::new()
            .base_offset(40)
            .record(NewRecord {
                timestamp: 1_000,
                key: Some(b"k"),
                value: None,
                headers: &[("h", Some(b"v"))],
            })
            .record(NewRecord { timestamp: 1_005, key: None, value: Some(b""), headers: &[("n", None)] })
            .build();
        let set = RecordSet::of_batch(&batch, DecompressionLimits::default()).unwrap();
        set.check_dense(|_, _| ()).unwrap();
        let records: Vec<_> = set.iter().map(Result::unwrap).collect();
        assert_eq!((records[0].offset, records[0].timestamp), (40, 1_000));
        assert_eq!((records[0].key, records[0].value), (Some(&b"k"[..]), None));
        assert_eq!(records[0].headers(), [(&b"h"[..], Some(&b"v"[..]))]);
        assert_eq!((records[1].offset, records[1].timestamp), (41, 1_005));
        assert_eq!((records[1].key, records[1].value), (None, Some(&b""[..])));
        assert_eq!(records[1].headers(), [(&b"n"[..], None)]);
    }

    #[test]
    fn a_count_beyond_the_bytes_is_an_error() {
        let mut batch = BatchBuilder::new().value(b"only one").build();
        batch[57..61].copy_from_slice(&1_000_000i32.to_be_bytes());
        let set = RecordSet::of_batch(&batch, DecompressionLimits::default()).unwrap();
        assert!(set.check_dense(|_, _| ()).is_err());
        assert_eq!(set.iter().flatten().count(), 1);
        assert_eq!(set.iter().count(), 2);
    }

    proptest! {
        #[test]
        fn any_payload_is_read_without_a_panic(
            payload in prop::collection::vec(any::<u8>(), 0..256),
            count in any::<i32>(),
            attributes in 0i16..8,
        ) {
            let mut batch = BatchBuilder::new().value(b"x").build();
            batch.truncate(HEADER_BYTES);
            batch[21..23].copy_from_slice(&attributes.to_be_bytes());
            batch[57..61].copy_from_slice(&count.to_be_bytes());
            batch.extend_from_slice(&payload);
            if let Ok(set) = RecordSet::of_batch(&batch, DecompressionLimits::default()) {
                let _ = set.check_dense(|_, _| ());
                for record in set.iter().flatten() {
                    let _ = record.headers();
                }
            }
        }

        #[test]
        fn values_survive_every_codec(
            values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 1..20),
            codec in prop::sample::select(vec![
                Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd,
            ]),
        ) {
            let mut builder = BatchBuilder::new().compression(codec);
            for value in &values {
                builder = builder.value(value);
            }
            let batch = builder.build();
            let set = RecordSet::of_batch(&batch, DecompressionLimits::default()).unwrap();
            set.check_dense(|_, _| ()).unwrap();
            let read: Vec<_> = set.iter().map(|record| record.unwrap().value.unwrap().to_vec()).collect();
            prop_assert_eq!(read, values);
        }
    }
}

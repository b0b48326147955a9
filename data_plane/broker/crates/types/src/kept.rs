//! What coordinators keep on disk: key-value records in fields.
//!
//! A key is a kind byte and its fields, a value a version byte and its fields. Numbers are big-endian, strings and bytes carry
//! their length in four bytes, and what may be absent is preceded by one byte, 0 or 1.

use thiserror::Error;
use uuid::Uuid;

use crate::{PartitionIndex, TopicId, TopicPartition};

/// A record to persist; a record without a value removes its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What the record is about: the latest record of a key counts.
    pub key: Vec<u8>,
    /// None removes the key.
    pub value: Option<Vec<u8>>,
}

/// Why a record can not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// It ends inside a field, or holds more than its fields.
    #[error("record has the wrong length")]
    Length,
    /// A kind of record that this broker does not know.
    #[error("record of unknown kind {0}")]
    Kind(u8),
    /// A version that this broker does not know.
    #[error("record of unknown version {0}")]
    Version(u8),
    /// A field holds what it can not.
    #[error("record has an impossible field")]
    Field,
}

/// Writes the fields of a key or a value.
#[derive(Clone, Debug)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Begins with a kind or a version.
    #[must_use]
    pub fn new(first: u8) -> Self {
        Self(vec![first])
    }

    /// What was written.
    #[must_use]
    pub fn done(self) -> Vec<u8> {
        self.0
    }

    /// A number of one byte.
    pub fn u8(&mut self, number: u8) {
        self.0.push(number);
    }

    /// A number of two bytes.
    pub fn i16(&mut self, number: i16) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    /// A number of four bytes.
    pub fn i32(&mut self, number: i32) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    /// A number of eight bytes.
    pub fn i64(&mut self, number: i64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    /// A number of eight bytes that is not negative.
    pub fn u64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    /// How many items follow.
    pub fn count(&mut self, count: usize) {
        self.0.extend_from_slice(&(count as u32).to_be_bytes());
    }

    /// Bytes, with their length before them.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    /// A topic's id.
    pub fn topic(&mut self, topic: TopicId) {
        self.0.extend_from_slice(topic.uuid().as_bytes());
    }

    /// A partition.
    pub fn partition(&mut self, partition: TopicPartition) {
        self.topic(partition.topic);
        self.i32(partition.partition.get());
    }

    /// Something, or nothing.
    pub fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.0.push(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// A text, or none.
    pub fn optional_text(&mut self, text: Option<&str>) {
        self.optional(text, |writer, text| writer.bytes(text.as_bytes()));
    }
}

/// Reads the fields of a key or a value.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// From the beginning of a key.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// From behind the version of a value, which must be this one.
    pub fn versioned(value: &'a [u8], version: u8) -> Result<Self, RecordError> {
        let mut reader = Self(value);
        match reader.u8()? {
            found if found == version => Ok(reader),
            found => Err(RecordError::Version(found)),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], RecordError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(RecordError::Length)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(RecordError::Length)?;
        self.0 = rest;
        Ok(*taken)
    }

    /// A number of one byte.
    pub fn u8(&mut self) -> Result<u8, RecordError> {
        self.array().map(|[byte]| byte)
    }

    /// A number of two bytes.
    pub fn i16(&mut self) -> Result<i16, RecordError> {
        self.array().map(i16::from_be_bytes)
    }

    /// A number of four bytes.
    pub fn i32(&mut self) -> Result<i32, RecordError> {
        self.array().map(i32::from_be_bytes)
    }

    /// A number of eight bytes.
    pub fn i64(&mut self) -> Result<i64, RecordError> {
        self.array().map(i64::from_be_bytes)
    }

    /// A number of eight bytes that is not negative.
    pub fn u64(&mut self) -> Result<u64, RecordError> {
        self.array().map(u64::from_be_bytes)
    }

    /// How many items follow. Every item takes bytes, so a wrong count ends at the end of the record.
    pub fn count(&mut self) -> Result<u32, RecordError> {
        self.array().map(u32::from_be_bytes)
    }

    /// Bytes, with their length before them.
    pub fn bytes(&mut self) -> Result<&'a [u8], RecordError> {
        let length = self.count()?;
        self.take(length as usize)
    }

    /// A text.
    pub fn text(&mut self) -> Result<String, RecordError> {
        std::str::from_utf8(self.bytes()?).map(str::to_owned).map_err(|_| RecordError::Field)
    }

    /// A topic's id.
    pub fn topic(&mut self) -> Result<TopicId, RecordError> {
        Ok(TopicId::new(Uuid::from_bytes(self.array()?)))
    }

    /// A partition.
    pub fn partition(&mut self) -> Result<TopicPartition, RecordError> {
        Ok(TopicPartition { topic: self.topic()?, partition: PartitionIndex::new(self.i32()?) })
    }

    /// Something, or nothing.
    pub fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, RecordError>,
    ) -> Result<Option<T>, RecordError> {
        match self.u8()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(RecordError::Field),
        }
    }

    /// Nothing may follow.
    pub fn end(&self) -> Result<(), RecordError> {
        if self.0.is_empty() { Ok(()) } else { Err(RecordError::Length) }
    }
}

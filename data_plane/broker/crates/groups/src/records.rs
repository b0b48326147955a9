//! What the coordinator keeps on disk, as key-value records; a record without a value removes its key.
//!
//! A key is a kind byte and its fields, a value a version byte and its fields. Numbers are big-endian, strings and bytes carry
//! their length in four bytes, and what may be absent is preceded by one byte, 0 or 1.

use bytes::Bytes;
use headrace_types::TopicId;
use thiserror::Error;
use uuid::Uuid;

use crate::offsets::CommittedOffset;

const KIND_OFFSET: u8 = 1;
const KIND_GROUP: u8 = 2;
const VERSION: u8 = 1;

/// A record to persist.
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
    #[error("group record has the wrong length")]
    Length,
    /// A kind of record that this broker does not know.
    #[error("group record of unknown kind {0}")]
    Kind(u8),
    /// A version that this broker does not know.
    #[error("group record of unknown version {0}")]
    Version(u8),
    /// A field holds what it can not.
    #[error("group record has an impossible field")]
    Field,
}

/// The state of a group, as far as it survives a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordedState {
    Empty,
    /// A generation without an assignment: the members have to join again.
    Rebalancing,
    Stable,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupRecord {
    pub(crate) state: RecordedState,
    pub(crate) generation: i32,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol_name: Option<String>,
    pub(crate) leader: Option<String>,
    pub(crate) empty_since_ms: Option<i64>,
    pub(crate) members: Vec<MemberRecord>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemberRecord {
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) session_timeout_ms: u64,
    pub(crate) rebalance_timeout_ms: u64,
    pub(crate) metadata: Bytes,
    pub(crate) assignment: Bytes,
}

/// A record as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Offset { group: String, topic: String, partition: i32, value: Option<CommittedOffset> },
    Group { group: String, value: Option<GroupRecord> },
}

pub(crate) fn put_offset(group: &str, topic: &str, partition: i32, offset: &CommittedOffset) -> Record {
    let mut value = Writer::new(VERSION);
    value.0.extend_from_slice(offset.topic_id.uuid().as_bytes());
    value.0.extend_from_slice(&offset.offset.to_be_bytes());
    value.0.extend_from_slice(&offset.leader_epoch.to_be_bytes());
    value.0.extend_from_slice(&offset.committed_at_ms.to_be_bytes());
    value.bytes(offset.metadata.as_bytes());
    Record { key: offset_key(group, topic, partition), value: Some(value.0) }
}

pub(crate) fn remove_offset(group: &str, topic: &str, partition: i32) -> Record {
    Record { key: offset_key(group, topic, partition), value: None }
}

pub(crate) fn put_group(group: &str, record: &GroupRecord) -> Record {
    let mut value = Writer::new(VERSION);
    value.0.push(match record.state {
        RecordedState::Empty => 0,
        RecordedState::Rebalancing => 1,
        RecordedState::Stable => 2,
    });
    value.0.extend_from_slice(&record.generation.to_be_bytes());
    value.optional_text(record.protocol_type.as_deref());
    value.optional_text(record.protocol_name.as_deref());
    value.optional_text(record.leader.as_deref());
    value.optional(record.empty_since_ms, |writer, since_ms| {
        writer.0.extend_from_slice(&since_ms.to_be_bytes());
    });
    value.0.extend_from_slice(&(record.members.len() as u32).to_be_bytes());
    for member in &record.members {
        value.member(member);
    }
    Record { key: group_key(group), value: Some(value.0) }
}

pub(crate) fn remove_group(group: &str) -> Record {
    Record { key: group_key(group), value: None }
}

fn offset_key(group: &str, topic: &str, partition: i32) -> Vec<u8> {
    let mut key = Writer::new(KIND_OFFSET);
    key.bytes(group.as_bytes());
    key.bytes(topic.as_bytes());
    key.0.extend_from_slice(&partition.to_be_bytes());
    key.0
}

fn group_key(group: &str) -> Vec<u8> {
    let mut key = Writer::new(KIND_GROUP);
    key.bytes(group.as_bytes());
    key.0
}

/// Reads a record back.
pub(crate) fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Change, RecordError> {
    let mut key = Reader(key);
    let change = match key.u8()? {
        KIND_OFFSET => Change::Offset {
            group: key.text()?,
            topic: key.text()?,
            partition: key.i32()?,
            value: value.map(decode_offset).transpose()?,
        },
        KIND_GROUP => Change::Group { group: key.text()?, value: value.map(decode_group).transpose()? },
        kind => return Err(RecordError::Kind(kind)),
    };
    key.end()?;
    Ok(change)
}

fn decode_offset(value: &[u8]) -> Result<CommittedOffset, RecordError> {
    let mut value = Reader::versioned(value)?;
    let offset = CommittedOffset {
        topic_id: TopicId::new(Uuid::from_bytes(value.array()?)),
        offset: value.i64()?,
        leader_epoch: value.i32()?,
        committed_at_ms: value.i64()?,
        metadata: value.text()?,
    };
    value.end()?;
    Ok(offset)
}

fn decode_group(value: &[u8]) -> Result<GroupRecord, RecordError> {
    let mut value = Reader::versioned(value)?;
    let state = match value.u8()? {
        0 => RecordedState::Empty,
        1 => RecordedState::Rebalancing,
        2 => RecordedState::Stable,
        _ => return Err(RecordError::Field),
    };
    let mut record = GroupRecord {
        state,
        generation: value.i32()?,
        protocol_type: value.optional(Reader::text)?,
        protocol_name: value.optional(Reader::text)?,
        leader: value.optional(Reader::text)?,
        empty_since_ms: value.optional(Reader::i64)?,
        members: Vec::new(),
    };
    // Every member takes bytes, so a wrong count ends at the end of the value.
    for _ in 0..u32::from_be_bytes(value.array()?) {
        record.members.push(value.member()?);
    }
    value.end()?;
    Ok(record)
}

struct Writer(Vec<u8>);

impl Writer {
    fn new(first: u8) -> Self {
        Self(vec![first])
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        self.0.extend_from_slice(bytes);
    }

    fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.0.push(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn optional_text(&mut self, text: Option<&str>) {
        self.optional(text, |writer, text| writer.bytes(text.as_bytes()));
    }

    fn member(&mut self, member: &MemberRecord) {
        self.bytes(member.member_id.as_bytes());
        self.optional_text(member.instance_id.as_deref());
        self.bytes(member.client_id.as_bytes());
        self.bytes(member.client_host.as_bytes());
        self.0.extend_from_slice(&member.session_timeout_ms.to_be_bytes());
        self.0.extend_from_slice(&member.rebalance_timeout_ms.to_be_bytes());
        self.bytes(&member.metadata);
        self.bytes(&member.assignment);
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn versioned(value: &'a [u8]) -> Result<Self, RecordError> {
        let mut reader = Self(value);
        match reader.u8()? {
            VERSION => Ok(reader),
            version => Err(RecordError::Version(version)),
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

    fn u8(&mut self) -> Result<u8, RecordError> {
        self.array().map(|[byte]| byte)
    }

    fn i32(&mut self) -> Result<i32, RecordError> {
        self.array().map(i32::from_be_bytes)
    }

    fn i64(&mut self) -> Result<i64, RecordError> {
        self.array().map(i64::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, RecordError> {
        self.array().map(u64::from_be_bytes)
    }

    fn bytes(&mut self) -> Result<&'a [u8], RecordError> {
        let length = self.array().map(u32::from_be_bytes)?;
        self.take(length as usize)
    }

    fn text(&mut self) -> Result<String, RecordError> {
        std::str::from_utf8(self.bytes()?).map(str::to_owned).map_err(|_| RecordError::Field)
    }

    fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, RecordError>,
    ) -> Result<Option<T>, RecordError> {
        match self.u8()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(RecordError::Field),
        }
    }

    fn member(&mut self) -> Result<MemberRecord, RecordError> {
        Ok(MemberRecord {
            member_id: self.text()?,
            instance_id: self.optional(Reader::text)?,
            client_id: self.text()?,
            client_host: self.text()?,
            session_timeout_ms: self.u64()?,
            rebalance_timeout_ms: self.u64()?,
            metadata: Bytes::copy_from_slice(self.bytes()?),
            assignment: Bytes::copy_from_slice(self.bytes()?),
        })
    }

    fn end(&self) -> Result<(), RecordError> {
        if self.0.is_empty() { Ok(()) } else { Err(RecordError::Length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset() -> CommittedOffset {
        CommittedOffset {
            topic_id: TopicId::from_random([3; 16]),
            offset: 42,
            leader_epoch: 7,
            metadata: "a note".to_owned(),
            committed_at_ms: 1_800_000_000_000,
        }
    }

    fn group() -> GroupRecord {
        GroupRecord {
            state: RecordedState::Stable,
            generation: 5,
            protocol_type: Some("consumer".to_owned()),
            protocol_name: Some("range".to_owned()),
            leader: Some("m-1".to_owned()),
            empty_since_ms: None,
            members: vec![MemberRecord {
                member_id: "m-1".to_owned(),
                instance_id: Some("i-1".to_owned()),
                client_id: "c".to_owned(),
                client_host: "127.0.0.1".to_owned(),
                session_timeout_ms: 10_000,
                rebalance_timeout_ms: 60_000,
                metadata: Bytes::from_static(b"meta"),
                assignment: Bytes::from_static(b"assigned"),
            }],
        }
    }

    #[test]
    fn records_are_read_back_as_they_were_written() {
        let written = put_offset("g", "t", 3, &offset());
        let read = decode(&written.key, written.value.as_deref()).unwrap();
        assert_eq!(
            read,
            Change::Offset {
                group: "g".to_owned(),
                topic: "t".to_owned(),
                partition: 3,
                value: Some(offset())
            }
        );
        let written = put_group("g", &group());
        let read = decode(&written.key, written.value.as_deref()).unwrap();
        assert_eq!(read, Change::Group { group: "g".to_owned(), value: Some(group()) });
    }

    #[test]
    fn removals_have_the_key_of_what_they_remove() {
        assert_eq!(remove_offset("g", "t", 3).key, put_offset("g", "t", 3, &offset()).key);
        assert_eq!(remove_group("g").key, put_group("g", &group()).key);
        let removal = remove_group("g");
        assert_eq!(decode(&removal.key, None), Ok(Change::Group { group: "g".to_owned(), value: None }));
    }

    #[test]
    fn records_that_are_cut_or_lengthened_anywhere_are_refused() {
        for record in [put_offset("g", "t", 3, &offset()), put_group("g", &group())] {
            let value = record.value.unwrap();
            for end in 0..value.len() {
                assert!(decode(&record.key, Some(&value[..end])).is_err(), "value cut at {end}");
            }
            for end in 0..record.key.len() {
                assert!(decode(&record.key[..end], Some(&value)).is_err(), "key cut at {end}");
            }
            let longer = [value.as_slice(), &[0]].concat();
            assert_eq!(decode(&record.key, Some(&longer)), Err(RecordError::Length));
        }
    }

    #[test]
    fn kinds_and_versions_of_another_broker_are_named() {
        assert_eq!(decode(&[9], None), Err(RecordError::Kind(9)));
        assert_eq!(decode(&remove_group("g").key, Some(&[2])), Err(RecordError::Version(2)));
    }

    proptest::proptest! {
        #[test]
        fn random_bytes_crash_nothing(key: Vec<u8>, value: Option<Vec<u8>>) {
            let _ = decode(&key, value.as_deref());
        }
    }
}

//! What the coordinator keeps on disk, as key-value records; a record without a value removes its key.
//!
//! Offsets that a transaction commits are kept apart until it ends. One record ends it, so that all of its offsets of a group
//! count at once or none does.

use bytes::Bytes;
use headrace_types::kept::{Reader, Writer};
use headrace_types::{Record, RecordError};

use crate::offsets::CommittedOffset;
use crate::pending::Transactor;

const KIND_OFFSET: u8 = 1;
const KIND_GROUP: u8 = 2;
const KIND_PENDING_OFFSET: u8 = 3;
const KIND_TRANSACTION_END: u8 = 4;
const VERSION: u8 = 1;

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
    Offset {
        group: String,
        topic: String,
        partition: i32,
        value: Option<CommittedOffset>,
    },
    Group {
        group: String,
        value: Option<GroupRecord>,
    },
    /// An offset that counts once its transaction has committed; none takes it back.
    PendingOffset {
        group: String,
        transactor: Transactor,
        topic: String,
        partition: i32,
        value: Option<CommittedOffset>,
    },
    /// A transaction has ended for the group.
    TransactionEnd {
        group: String,
        producer_id: i64,
        is_commit: bool,
    },
}

pub(crate) fn put_offset(group: &str, topic: &str, partition: i32, offset: &CommittedOffset) -> Record {
    Record { key: offset_key(group, topic, partition), value: Some(encode_offset(offset)) }
}

fn encode_offset(offset: &CommittedOffset) -> Vec<u8> {
    let mut value = Writer::new(VERSION);
    value.topic(offset.topic_id);
    value.i64(offset.offset);
    value.i32(offset.leader_epoch);
    value.i64(offset.committed_at_ms);
    value.bytes(offset.metadata.as_bytes());
    value.done()
}

pub(crate) fn put_pending(
    group: &str,
    transactor: Transactor,
    topic: &str,
    partition: i32,
    offset: &CommittedOffset,
) -> Record {
    Record { key: pending_key(group, transactor, topic, partition), value: Some(encode_offset(offset)) }
}

pub(crate) fn remove_pending(group: &str, transactor: Transactor, topic: &str, partition: i32) -> Record {
    Record { key: pending_key(group, transactor, topic, partition), value: None }
}

/// Not kept any longer than until the log is written anew: what it says is in the offsets then.
pub(crate) fn end_transaction(group: &str, producer_id: i64, is_commit: bool) -> Record {
    let mut key = Writer::new(KIND_TRANSACTION_END);
    key.bytes(group.as_bytes());
    key.i64(producer_id);
    let mut value = Writer::new(VERSION);
    value.u8(u8::from(is_commit));
    Record { key: key.done(), value: Some(value.done()) }
}

pub(crate) fn remove_offset(group: &str, topic: &str, partition: i32) -> Record {
    Record { key: offset_key(group, topic, partition), value: None }
}

pub(crate) fn put_group(group: &str, record: &GroupRecord) -> Record {
    let mut value = Writer::new(VERSION);
    value.u8(match record.state {
        RecordedState::Empty => 0,
        RecordedState::Rebalancing => 1,
        RecordedState::Stable => 2,
    });
    value.i32(record.generation);
    value.optional_text(record.protocol_type.as_deref());
    value.optional_text(record.protocol_name.as_deref());
    value.optional_text(record.leader.as_deref());
    value.optional(record.empty_since_ms, Writer::i64);
    value.count(record.members.len());
    for member in &record.members {
        write_member(&mut value, member);
    }
    Record { key: group_key(group), value: Some(value.done()) }
}

pub(crate) fn remove_group(group: &str) -> Record {
    Record { key: group_key(group), value: None }
}

fn offset_key(group: &str, topic: &str, partition: i32) -> Vec<u8> {
    let mut key = Writer::new(KIND_OFFSET);
    key.bytes(group.as_bytes());
    key.bytes(topic.as_bytes());
    key.i32(partition);
    key.done()
}

fn pending_key(group: &str, transactor: Transactor, topic: &str, partition: i32) -> Vec<u8> {
    let mut key = Writer::new(KIND_PENDING_OFFSET);
    key.bytes(group.as_bytes());
    key.i64(transactor.producer_id);
    key.i16(transactor.producer_epoch);
    key.bytes(topic.as_bytes());
    key.i32(partition);
    key.done()
}

fn group_key(group: &str) -> Vec<u8> {
    let mut key = Writer::new(KIND_GROUP);
    key.bytes(group.as_bytes());
    key.done()
}

/// Reads a record back.
pub(crate) fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Change, RecordError> {
    let mut key = Reader::new(key);
    let change = match key.u8()? {
        KIND_OFFSET => Change::Offset {
            group: key.text()?,
            topic: key.text()?,
            partition: key.i32()?,
            value: value.map(decode_offset).transpose()?,
        },
        KIND_GROUP => Change::Group { group: key.text()?, value: value.map(decode_group).transpose()? },
        KIND_PENDING_OFFSET => Change::PendingOffset {
            group: key.text()?,
            transactor: Transactor { producer_id: key.i64()?, producer_epoch: key.i16()? },
            topic: key.text()?,
            partition: key.i32()?,
            value: value.map(decode_offset).transpose()?,
        },
        KIND_TRANSACTION_END => Change::TransactionEnd {
            group: key.text()?,
            producer_id: key.i64()?,
            is_commit: decode_end(value.ok_or(RecordError::Length)?)?,
        },
        kind => return Err(RecordError::Kind(kind)),
    };
    key.end()?;
    Ok(change)
}

fn decode_offset(value: &[u8]) -> Result<CommittedOffset, RecordError> {
    let mut value = Reader::versioned(value, VERSION)?;
    let offset = CommittedOffset {
        topic_id: value.topic()?,
        offset: value.i64()?,
        leader_epoch: value.i32()?,
        committed_at_ms: value.i64()?,
        metadata: value.text()?,
    };
    value.end()?;
    Ok(offset)
}

fn decode_end(value: &[u8]) -> Result<bool, RecordError> {
    let mut value = Reader::versioned(value, VERSION)?;
    let is_commit = match value.u8()? {
        0 => false,
        1 => true,
        _ => return Err(RecordError::Field),
    };
    value.end()?;
    Ok(is_commit)
}

fn decode_group(value: &[u8]) -> Result<GroupRecord, RecordError> {
    let mut value = Reader::versioned(value, VERSION)?;
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
    for _ in 0..value.count()? {
        record.members.push(read_member(&mut value)?);
    }
    value.end()?;
    Ok(record)
}

fn write_member(value: &mut Writer, member: &MemberRecord) {
    value.bytes(member.member_id.as_bytes());
    value.optional_text(member.instance_id.as_deref());
    value.bytes(member.client_id.as_bytes());
    value.bytes(member.client_host.as_bytes());
    value.u64(member.session_timeout_ms);
    value.u64(member.rebalance_timeout_ms);
    value.bytes(&member.metadata);
    value.bytes(&member.assignment);
}

fn read_member(value: &mut Reader<'_>) -> Result<MemberRecord, RecordError> {
    Ok(MemberRecord {
        member_id: value.text()?,
        instance_id: value.optional(Reader::text)?,
        client_id: value.text()?,
        client_host: value.text()?,
        session_timeout_ms: value.u64()?,
        rebalance_timeout_ms: value.u64()?,
        metadata: Bytes::copy_from_slice(value.bytes()?),
        assignment: Bytes::copy_from_slice(value.bytes()?),
    })
}

#[cfg(test)]
mod tests {
    use headrace_types::TopicId;

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
        let transactor = Transactor { producer_id: 9, producer_epoch: 2 };
        let written = put_pending("g", transactor, "t", 3, &offset());
        let read = decode(&written.key, written.value.as_deref()).unwrap();
        let (group, topic, value) = ("g".to_owned(), "t".to_owned(), Some(offset()));
        assert_eq!(read, Change::PendingOffset { group, transactor, topic, partition: 3, value });
        let written = end_transaction("g", 9, true);
        let read = decode(&written.key, written.value.as_deref()).unwrap();
        assert_eq!(read, Change::TransactionEnd { group: "g".to_owned(), producer_id: 9, is_commit: true });
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
        let transactor = Transactor { producer_id: 9, producer_epoch: 2 };
        for record in [
            put_offset("g", "t", 3, &offset()),
            put_group("g", &group()),
            put_pending("g", transactor, "t", 3, &offset()),
            end_transaction("g", 9, false),
        ] {
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

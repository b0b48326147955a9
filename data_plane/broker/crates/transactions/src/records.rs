//! What the coordinator keeps on disk: one record for each transactional id.

use headrace_types::kept::{Reader, Writer};
use headrace_types::{Record, RecordError};

use crate::requests::{Place, Producer, Protocol};
use crate::transaction::{State, Transaction};

const KIND_TRANSACTION: u8 = 1;
const VERSION: u8 = 1;

const PARTITION: u8 = 0;
const GROUP: u8 = 1;

pub(crate) fn put(transaction: &Transaction) -> Record {
    let mut value = Writer::new(VERSION);
    value.i64(transaction.producer.id);
    value.i16(transaction.producer.epoch);
    value.i16(transaction.last_epoch);
    value.i64(transaction.previous_id);
    value.i64(transaction.next_id);
    value.i32(transaction.timeout_ms);
    value.u8(State::ALL.iter().position(|state| *state == transaction.state).unwrap_or_default() as u8);
    value.u8(u8::from(transaction.protocol == Protocol::V2));
    value.i64(transaction.started_at_ms);
    value.i64(transaction.updated_at_ms);
    value.count(transaction.places.len());
    for place in &transaction.places {
        match place {
            Place::Partition(partition) => {
                value.u8(PARTITION);
                value.partition(*partition);
            }
            Place::Group(group) => {
                value.u8(GROUP);
                value.bytes(group.as_bytes());
            }
        }
    }
    Record { key: key(&transaction.id), value: Some(value.done()) }
}

pub(crate) fn remove(id: &str) -> Record {
    Record { key: key(id), value: None }
}

fn key(id: &str) -> Vec<u8> {
    let mut key = Writer::new(KIND_TRANSACTION);
    key.bytes(id.as_bytes());
    key.done()
}

/// Reads a record back: the id, and what is known of it unless it was removed.
pub(crate) fn decode(key: &[u8], value: Option<&[u8]>) -> Result<(String, Option<Transaction>), RecordError> {
    let mut key = Reader::new(key);
    let id = match key.u8()? {
        KIND_TRANSACTION => key.text()?,
        kind => return Err(RecordError::Kind(kind)),
    };
    key.end()?;
    let transaction = value.map(|value| decode_value(&id, value)).transpose()?;
    Ok((id, transaction))
}

fn decode_value(id: &str, value: &[u8]) -> Result<Transaction, RecordError> {
    let mut value = Reader::versioned(value, VERSION)?;
    let producer = Producer { id: value.i64()?, epoch: value.i16()? };
    let mut transaction = Transaction {
        producer,
        last_epoch: value.i16()?,
        previous_id: value.i64()?,
        next_id: value.i64()?,
        ..Transaction::new(id, producer.id, value.i32()?, 0)
    };
    transaction.state = *State::ALL.get(usize::from(value.u8()?)).ok_or(RecordError::Field)?;
    transaction.protocol = match value.u8()? {
        0 => Protocol::V1,
        1 => Protocol::V2,
        _ => return Err(RecordError::Field),
    };
    transaction.started_at_ms = value.i64()?;
    transaction.updated_at_ms = value.i64()?;
    for _ in 0..value.count()? {
        let place = match value.u8()? {
            PARTITION => Place::Partition(value.partition()?),
            GROUP => Place::Group(value.text()?),
            _ => return Err(RecordError::Field),
        };
        transaction.places.insert(place);
    }
    value.end()?;
    Ok(transaction)
}

#[cfg(test)]
mod tests {
    use headrace_types::{PartitionIndex, TopicId, TopicPartition};

    use super::*;

    fn transaction() -> Transaction {
        let partition =
            TopicPartition { topic: TopicId::from_random([4; 16]), partition: PartitionIndex::new(2) };
        Transaction {
            producer: Producer { id: 7, epoch: 3 },
            last_epoch: 2,
            previous_id: 6,
            next_id: 8,
            state: State::PrepareCommit,
            protocol: Protocol::V2,
            places: [Place::Partition(partition), Place::Group("g".to_owned())].into(),
            started_at_ms: 11,
            updated_at_ms: 12,
            ..Transaction::new("t", 7, 60_000, 0)
        }
    }

    #[test]
    fn a_record_comes_back_and_one_that_is_cut_or_lengthened_anywhere_is_refused() {
        let record = put(&transaction());
        let value = record.value.unwrap();
        assert_eq!(decode(&record.key, Some(&value)), Ok(("t".to_owned(), Some(transaction()))));
        assert_eq!(decode(&remove("t").key, None), Ok(("t".to_owned(), None)));
        for end in 0..value.len() {
            assert!(decode(&record.key, Some(&value[..end])).is_err(), "value cut at {end}");
        }
        for end in 0..record.key.len() {
            assert!(decode(&record.key[..end], Some(&value)).is_err(), "key cut at {end}");
        }
        assert_eq!(decode(&record.key, Some(&[value.as_slice(), &[0]].concat())), Err(RecordError::Length));
        assert_eq!(decode(&record.key, Some(&[9])), Err(RecordError::Version(9)));
        assert_eq!(decode(&[9], None), Err(RecordError::Kind(9)));
    }

    proptest::proptest! {
        #[test]
        fn random_bytes_crash_nothing(key: Vec<u8>, value: Option<Vec<u8>>) {
            let _ = decode(&key, value.as_deref());
        }
    }
}

//! Fetched records on their way to clients. Consumers that follow a partition side by side ask for the same records at the same time:
//! who asks for what is still being sent to another gets the same memory, read and checked once.

use std::{
    cell::RefCell,
    collections::VecDeque,
    sync::{Arc, Weak},
};

use bytes::Bytes;
use headrace_types::TopicPartition;
use tokio::sync::OwnedSemaphorePermit;

use crate::limits::{SHARED_READ_BYTES_MIN, SHARED_READS_MAX};

/// Records in memory, with the room that they take.
pub(super) struct HeldRecords {
    records: Vec<u8>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl HeldRecords {
    pub(super) fn new(records: Vec<u8>, permit: Option<OwnedSemaphorePermit>) -> Arc<Self> {
        Arc::new(Self { records, _permit: permit })
    }
}

/// One of those that send the same records.
struct Share(Arc<HeldRecords>);

impl AsRef<[u8]> for Share {
    fn as_ref(&self) -> &[u8] {
        &self.0.records
    }
}

/// Whole batches of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) partition: TopicPartition,
    /// Offset that was asked for.
    pub(super) offset: i64,
    /// Offset after the last batch.
    pub(super) next: i64,
}

/// The last records that went out, for as long as somebody sends them.
#[derive(Default)]
pub(crate) struct OnTheWay {
    sent: RefCell<VecDeque<(Span, Weak<HeldRecords>)>>,
}

impl OnTheWay {
    /// Records to send.
    pub(super) fn send(&self, span: Span, records: Arc<HeldRecords>) -> Bytes {
        if records.records.len() >= SHARED_READ_BYTES_MIN {
            let mut sent = self.sent.borrow_mut();
            sent.retain(|(_, records)| records.strong_count() > 0);
            if sent.len() == SHARED_READS_MAX {
                sent.pop_front();
            }
            sent.push_back((span, Arc::downgrade(&records)));
        }
        Bytes::from_owner(Share(records))
    }

    /// What is being sent of a partition from `offset` on, if it ends at `end` at the latest and is no more than `bytes_max`; with the
    /// offset after it.
    pub(super) fn find(
        &self,
        partition: TopicPartition,
        offset: i64,
        end: i64,
        bytes_max: usize,
    ) -> Option<(Bytes, i64)> {
        let sent = self.sent.borrow();
        sent.iter().rev().find_map(|(span, records)| {
            let fits = span.partition == partition && span.offset == offset && span.next <= end;
            let records = fits.then(|| records.upgrade()).flatten()?;
            (records.records.len() <= bytes_max).then(|| (Bytes::from_owner(Share(records)), span.next))
        })
    }
}

#[cfg(test)]
mod tests {
    use headrace_types::{PartitionIndex, TopicId};

    use super::*;

    const LENGTH: usize = SHARED_READ_BYTES_MIN;

    fn span(index: i32) -> Span {
        let partition = TopicPartition { topic: TopicId::ZERO, partition: PartitionIndex::new(index) };
        Span { partition, offset: 5, next: 9 }
    }

    fn send(on_the_way: &OnTheWay, index: i32, length: usize) -> Bytes {
        on_the_way.send(span(index), HeldRecords::new(vec![index as u8; length], None))
    }

    #[test]
    fn the_same_memory_comes_while_somebody_sends_it() {
        let on_the_way = OnTheWay::default();
        let first = send(&on_the_way, 1, LENGTH);
        let partition = span(1).partition;
        let (second, next) = on_the_way.find(partition, 5, 9, LENGTH).unwrap();
        assert_eq!((second.as_ptr(), second.len(), next), (first.as_ptr(), LENGTH, 9));
        drop(first);
        assert!(on_the_way.find(partition, 5, 9, LENGTH).is_some(), "the second one sends it");
        drop(second);
        assert!(on_the_way.find(partition, 5, 9, LENGTH).is_none());
    }

    #[test]
    fn only_what_was_asked_for_comes() {
        let on_the_way = OnTheWay::default();
        let _sent = send(&on_the_way, 1, LENGTH);
        let partition = span(1).partition;
        assert!(on_the_way.find(span(2).partition, 5, 9, LENGTH).is_none(), "another partition");
        assert!(on_the_way.find(partition, 6, 9, LENGTH).is_none(), "another offset");
        assert!(on_the_way.find(partition, 5, 8, LENGTH).is_none(), "more than may be seen");
        assert!(on_the_way.find(partition, 5, 9, LENGTH - 1).is_none(), "more than is wanted");
    }

    #[test]
    fn few_are_remembered_and_small_ones_never() {
        let on_the_way = OnTheWay::default();
        let small = send(&on_the_way, 0, LENGTH - 1);
        assert!(on_the_way.find(span(0).partition, 5, 9, LENGTH).is_none());
        let count = SHARED_READS_MAX as i32 + 1;
        let sent: Vec<Bytes> = (1..=count).map(|index| send(&on_the_way, index, LENGTH)).collect();
        assert!(on_the_way.find(span(1).partition, 5, 9, LENGTH).is_none(), "the oldest gives way");
        assert!(on_the_way.find(span(count).partition, 5, 9, LENGTH).is_some());
        assert_eq!(on_the_way.sent.borrow().len(), SHARED_READS_MAX);
        drop((small, sent));
    }
}

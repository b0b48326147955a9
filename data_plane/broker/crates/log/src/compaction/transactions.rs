//! What a pass knows of transactions: which batches were aborted, and which markers still have to stay (KIP-534).

use std::collections::{BTreeMap, BTreeSet};

use headrace_records::BatchHeader;

use crate::transactions::AbortedTransaction;

/// The aborted transactions of the part of a log that is compacted.
#[derive(Debug, Default)]
pub(super) struct Aborted {
    /// First offsets by producer and offset of the marker.
    first_offsets: BTreeMap<(i64, i64), AbortedTransaction>,
}

impl Aborted {
    pub(super) fn new(aborted: Vec<AbortedTransaction>) -> Self {
        let keyed = aborted.into_iter().map(|one| ((one.producer_id, one.marker_offset), one));
        Self { first_offsets: keyed.collect() }
    }

    /// Whether the records of a batch were taken back.
    pub(super) fn has(&self, header: &BatchHeader) -> bool {
        if !header.attributes.is_transactional() || header.attributes.is_control() {
            return false;
        }
        let (producer, offset) = (header.producer_id.get(), header.base_offset.get());
        let next = self.first_offsets.range((producer, offset)..=(producer, i64::MAX)).next();
        next.is_some_and(|(_, one)| one.first_offset <= offset)
    }

    /// The transaction that a marker aborts; none of a marker that commits.
    pub(super) fn of_marker(&self, header: &BatchHeader) -> Option<AbortedTransaction> {
        self.first_offsets.get(&(header.producer_id.get(), header.base_offset.get())).copied()
    }

    /// Whether a marker of one lies between two offsets.
    pub(super) fn has_marker_between(&self, from: i64, to: i64) -> bool {
        self.first_offsets.keys().any(|(_, marker)| (from..to).contains(marker))
    }
}

/// The producers that have written something, which stays, since their last marker; of batches in the order of the log.
#[derive(Debug, Default)]
pub(super) struct Remaining(BTreeSet<i64>);

impl Remaining {
    /// Takes note of a batch that stays, if need be without records.
    pub(super) fn batch(&mut self, header: &BatchHeader) {
        if header.attributes.is_transactional() && !header.attributes.is_control() {
            self.0.insert(header.producer_id.get());
        }
    }

    /// Takes note of a marker; whether anything of its transaction is left before it, so that it has to stay.
    pub(super) fn marker(&mut self, header: &BatchHeader) -> bool {
        self.0.remove(&header.producer_id.get())
    }
}

#[cfg(test)]
mod tests {
    use headrace_records::{BatchBuilder, Marker};

    use super::*;

    fn data(producer: i64, offset: i64) -> BatchHeader {
        let batch = BatchBuilder::new().base_offset(offset).producer(producer, 0, 0).transactional();
        BatchHeader::parse(&batch.value(b"x").build()).unwrap()
    }

    fn marker(producer: i64, offset: i64) -> BatchHeader {
        let (producer_id, producer_epoch) = (producer.into(), 0.into());
        let marker = Marker { producer_id, producer_epoch, is_commit: false, coordinator_epoch: 0 };
        BatchHeader {
            base_offset: headrace_types::Offset::new(offset),
            ..BatchHeader::parse(&marker.build(0)).unwrap()
        }
    }

    #[test]
    fn a_batch_is_aborted_between_first_offset_and_marker_of_its_producer() {
        let one =
            |first_offset, marker_offset| AbortedTransaction { first_offset, marker_offset, producer_id: 7 };
        let aborted = Aborted::new(vec![one(10, 15), one(30, 40)]);
        for (offset, expected) in [(9, false), (10, true), (14, true), (20, false), (30, true), (41, false)] {
            assert_eq!(aborted.has(&data(7, offset)), expected, "{offset}");
        }
        assert!(!aborted.has(&data(8, 12)) && !aborted.has(&marker(7, 15)));
        assert_eq!(aborted.of_marker(&marker(7, 15)), Some(one(10, 15)));
        assert_eq!(aborted.of_marker(&marker(7, 16)), None);
        assert!(aborted.has_marker_between(15, 16) && !aborted.has_marker_between(16, 40));
    }

    #[test]
    fn a_marker_stays_as_long_as_something_before_it_does() {
        let mut remaining = Remaining::default();
        remaining.batch(&data(7, 1));
        assert!(!remaining.marker(&marker(8, 2)));
        assert!(remaining.marker(&marker(7, 3)));
        assert!(!remaining.marker(&marker(7, 4)));
    }
}

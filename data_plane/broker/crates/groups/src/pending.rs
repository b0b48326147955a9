//! Offsets that transactions commit (KIP-98): they count once the transaction has committed, all of a group at once.

use std::collections::BTreeMap;

use headrace_types::ErrorCode;

use crate::group::Group;
use crate::offsets::{CommittedOffset, OffsetTotals, Offsets};
use crate::records;
use crate::requests::OffsetCommit;
use crate::turn::Turn;

/// Who commits offsets in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Transactor {
    /// The producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
}

/// The offsets of one group that are not decided, by transaction.
#[derive(Debug, Default)]
pub(crate) struct Pending(BTreeMap<Transactor, Offsets>);

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn transactors(&self) -> impl Iterator<Item = Transactor> {
        self.0.keys().copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Transactor, &str, i32, &CommittedOffset)> {
        self.0.iter().flat_map(|(transactor, offsets)| {
            offsets.iter().map(|(topic, partition, offset)| (*transactor, topic, partition, offset))
        })
    }

    /// Whether a transaction that has not ended commits an offset of a partition.
    pub(crate) fn has(&self, topic: &str, partition: i32) -> bool {
        self.0.values().any(|offsets| offsets.get(topic, partition).is_some())
    }

    pub(crate) fn put(
        &mut self,
        transactor: Transactor,
        topic: &str,
        partition: i32,
        offset: CommittedOffset,
        totals: &mut OffsetTotals,
    ) {
        self.0.entry(transactor).or_default().put(topic, partition, offset, totals);
    }

    pub(crate) fn remove(
        &mut self,
        transactor: Transactor,
        topic: &str,
        partition: i32,
        totals: &mut OffsetTotals,
    ) {
        let Some(offsets) = self.0.get_mut(&transactor) else { return };
        offsets.remove(topic, partition, totals);
        if offsets.is_empty() {
            self.0.remove(&transactor);
        }
    }

    fn of_producer(&self, producer_id: i64) -> Vec<Transactor> {
        self.transactors().filter(|transactor| transactor.producer_id == producer_id).collect()
    }
}

impl Group {
    /// Keeps an offset until the transaction ends.
    pub(crate) fn pend(
        &mut self,
        transactor: Transactor,
        commit: &OffsetCommit,
        totals: &mut OffsetTotals,
        turn: &mut Turn<'_>,
    ) -> ErrorCode {
        if commit.metadata.len() > turn.config.offset_metadata_bytes_max {
            return ErrorCode::OffsetMetadataTooLarge;
        }
        if !totals.has_room_for(commit, turn.config) {
            return ErrorCode::PolicyViolation;
        }
        let offset = CommittedOffset::of(commit, turn.now);
        turn.persist(records::put_pending(&self.id, transactor, &commit.topic, commit.partition, &offset));
        self.pending_offsets.put(transactor, &commit.topic, commit.partition, offset, totals);
        ErrorCode::None
    }

    /// Ends a producer's transaction: its offsets count, or are forgotten. Nothing happens a second time.
    pub(crate) fn end_transaction(
        &mut self,
        producer_id: i64,
        is_commit: bool,
        totals: &mut OffsetTotals,
        turn: &mut Turn<'_>,
    ) {
        if !self.pending_offsets.of_producer(producer_id).is_empty() {
            turn.persist(records::end_transaction(&self.id, producer_id, is_commit));
            self.apply_end(producer_id, is_commit, totals);
        }
    }

    pub(crate) fn apply_end(&mut self, producer_id: i64, is_commit: bool, totals: &mut OffsetTotals) {
        for transactor in self.pending_offsets.of_producer(producer_id) {
            let Some(offsets) = self.pending_offsets.0.remove(&transactor) else { continue };
            for (topic, partition, offset) in offsets.iter() {
                totals.remove(topic, offset);
                if is_commit {
                    self.offsets.put(topic, partition, offset.clone(), totals);
                }
            }
        }
    }

    /// Forgets pending offsets that `is_obsolete` names.
    pub(crate) fn forget_pending(
        &mut self,
        is_obsolete: impl Fn(&CommittedOffset) -> bool,
        totals: &mut OffsetTotals,
        turn: &mut Turn<'_>,
    ) {
        let obsolete = self.pending_offsets.iter().filter(|(_, _, _, offset)| is_obsolete(offset));
        let obsolete: Vec<(Transactor, String, i32)> = obsolete
            .map(|(transactor, topic, partition, _)| (transactor, topic.to_owned(), partition))
            .collect();
        for (transactor, topic, partition) in obsolete {
            turn.persist(records::remove_pending(&self.id, transactor, &topic, partition));
            self.pending_offsets.remove(transactor, &topic, partition, totals);
        }
    }
}

//! What a partition remembers of idempotent and transactional producers (KIP-98): epochs, the last batches to recognise a
//! repetition, and where an open transaction began.

use std::collections::BTreeMap;

use headrace_records::{BatchHeader, Marker, RecordsError};

use crate::error::AppendError;
use crate::index::take_i64;
use crate::limits::{PRODUCER_BATCHES, PRODUCER_EXPIRATION_MS, PRODUCERS_PER_PARTITION_MAX};
use crate::transactions::{AbortedTransaction, OpenTransaction};

/// Stands for no offset, no timestamp and no coordinator.
const NONE: i64 = -1;

/// A batch that a producer appended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RememberedBatch {
    /// Sequence number of its first record.
    pub base_sequence: i32,
    /// Sequence number of its last record.
    pub last_sequence: i32,
    /// Offset of its first record.
    pub base_offset: i64,
    /// Offset of its last record.
    pub last_offset: i64,
    /// Its largest timestamp as appended.
    pub max_timestamp: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Producer {
    epoch: i16,
    /// Oldest first; the first `count` are in use.
    batches: [RememberedBatch; PRODUCER_BATCHES],
    count: usize,
    appended_at_ms: i64,
    /// First offset of the open transaction.
    transaction: Option<i64>,
    /// Of the coordinator that wrote the last marker; -1 before the first.
    coordinator_epoch: i32,
    /// Largest timestamp of the last batch, or that of the last marker; -1 if there is none.
    last_timestamp: i64,
}

/// What is told of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerView {
    /// The producer.
    pub id: i64,
    /// Its newest epoch.
    pub epoch: i16,
    /// Sequence number of its last record; -1 if it has none.
    pub last_sequence: i32,
    /// Largest timestamp of its last batch, or that of its last marker; -1 if it has none.
    pub last_timestamp: i64,
    /// Epoch of the coordinator that wrote its last marker; -1 if there was none.
    pub coordinator_epoch: i32,
    /// First offset of its open transaction; -1 if none is open.
    pub transaction_first_offset: i64,
}

/// What is to be done with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is new.
    Append,
    /// It was appended before.
    Duplicate(RememberedBatch),
}

/// The producers of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Producers {
    by_id: BTreeMap<i64, Producer>,
}

impl Producer {
    fn batches(&self) -> &[RememberedBatch] {
        &self.batches[..self.count]
    }

    fn remember(&mut self, batch: RememberedBatch) {
        if self.count == PRODUCER_BATCHES {
            self.batches.rotate_left(1);
            self.count -= 1;
        }
        self.batches[self.count] = batch;
        self.count += 1;
    }

    /// The sequence that follows the last one; it wraps from `i32::MAX` to 0, where an epoch begins too.
    fn next_sequence(&self) -> i32 {
        self.batches().last().map_or(0, |last| last.last_sequence.wrapping_add(1) & i32::MAX)
    }

    /// Begins an epoch; a transaction that is open stays so.
    fn enter(&mut self, epoch: i16) {
        if epoch != self.epoch {
            *self = Self {
                transaction: self.transaction,
                coordinator_epoch: self.coordinator_epoch,
                ..Self::new(epoch)
            };
        }
    }
}

impl Producers {
    /// Judges a batch before it is appended. Repetitions are recognised before the order is looked at.
    pub fn judge(&self, header: &BatchHeader) -> Result<Verdict, AppendError> {
        if !header.has_producer_id() {
            return Ok(Verdict::Append);
        }
        let Some(producer) = self.by_id.get(&header.producer_id.get()) else { return Ok(Verdict::Append) };
        let epoch = header.producer_epoch.get();
        if epoch < producer.epoch {
            return Err(AppendError::StaleProducerEpoch {
                producer_id: header.producer_id.get(),
                epoch,
                current_epoch: producer.epoch,
            });
        }
        let expected = if epoch > producer.epoch { 0 } else { producer.next_sequence() };
        if epoch == producer.epoch
            && let Some(batch) = producer.batches().iter().find(|batch| repeats(header, batch))
        {
            return Ok(Verdict::Duplicate(*batch));
        }
        if expected != header.base_sequence {
            return Err(AppendError::OutOfOrderSequence {
                producer_id: header.producer_id.get(),
                sequence: header.base_sequence,
                last_sequence: producer.batches().last().map_or(-1, |last| last.last_sequence),
            });
        }
        if producer.transaction.is_some() && !header.attributes.is_transactional() {
            return Err(AppendError::TransactionOpen { producer_id: header.producer_id.get() });
        }
        Ok(Verdict::Append)
    }

    /// Judges a marker before it is appended.
    pub fn judge_marker(&self, marker: &Marker) -> Result<(), AppendError> {
        let producer_id = marker.producer_id.get();
        let Some(producer) = self.by_id.get(&producer_id) else { return Ok(()) };
        let epoch = marker.producer_epoch.get();
        if epoch < producer.epoch {
            let current_epoch = producer.epoch;
            return Err(AppendError::StaleProducerEpoch { producer_id, epoch, current_epoch });
        }
        if marker.coordinator_epoch < producer.coordinator_epoch {
            return Err(AppendError::StaleCoordinator {
                epoch: marker.coordinator_epoch,
                current_epoch: producer.coordinator_epoch,
            });
        }
        Ok(())
    }

    /// Remembers an appended batch; `header` carries its offset and timestamp in the log. True if it begins a transaction.
    pub fn appended(&mut self, header: &BatchHeader, now_ms: i64) -> bool {
        if !header.has_producer_id() || header.attributes.is_control() {
            return false;
        }
        let epoch = header.producer_epoch.get();
        let producer = self.by_id.entry(header.producer_id.get()).or_insert_with(|| Producer::new(epoch));
        producer.enter(epoch);
        let begins = header.attributes.is_transactional() && producer.transaction.is_none();
        if begins {
            producer.transaction = Some(header.base_offset.get());
        }
        producer.appended_at_ms = now_ms;
        producer.last_timestamp = header.max_timestamp;
        producer.remember(RememberedBatch {
            base_sequence: header.base_sequence,
            last_sequence: header.last_sequence(),
            base_offset: header.base_offset.get(),
            last_offset: header.last_offset().get(),
            max_timestamp: header.max_timestamp,
        });
        if self.by_id.len() > PRODUCERS_PER_PARTITION_MAX {
            self.forget_silent();
        }
        begins
    }

    /// Remembers an appended marker; the first offset of the transaction that it ends.
    pub fn ended(&mut self, marker: &Marker, timestamp: i64, now_ms: i64) -> Option<i64> {
        let epoch = marker.producer_epoch.get();
        let producer = self.by_id.entry(marker.producer_id.get()).or_insert_with(|| Producer::new(epoch));
        producer.enter(epoch);
        producer.coordinator_epoch = marker.coordinator_epoch;
        producer.appended_at_ms = now_ms;
        producer.last_timestamp = timestamp;
        producer.transaction.take()
    }

    /// Takes in a batch that is read back; of a control batch the whole of it has to be given. The transaction that it
    /// aborts, if it does.
    pub fn replay(
        &mut self,
        header: &BatchHeader,
        batch: &[u8],
        now_ms: i64,
    ) -> Result<Option<AbortedTransaction>, RecordsError> {
        if !header.attributes.is_control() {
            self.appended(header, now_ms);
            return Ok(None);
        }
        let Some(marker) = Marker::read(batch)? else { return Ok(None) };
        let first_offset = self.ended(&marker, header.max_timestamp, now_ms);
        let aborted = first_offset.filter(|_| !marker.is_commit).map(|first_offset| AbortedTransaction {
            first_offset,
            marker_offset: header.base_offset.get(),
            producer_id: marker.producer_id.get(),
        });
        Ok(aborted)
    }

    /// Forgets producers that were silent for a day and have no transaction open.
    pub fn expire(&mut self, now_ms: i64) {
        self.forget(PRODUCER_EXPIRATION_MS, now_ms);
    }

    /// Forgets producers that were silent for so long and have no transaction open.
    pub fn forget(&mut self, silent_ms: i64, now_ms: i64) {
        self.by_id.retain(|_, producer| {
            producer.transaction.is_some() || now_ms.saturating_sub(producer.appended_at_ms) < silent_ms
        });
    }

    /// The transactions that are open, by producer id.
    pub fn open_transactions(&self) -> impl Iterator<Item = OpenTransaction> {
        self.by_id.iter().filter_map(|(id, producer)| {
            let first_offset = producer.transaction?;
            Some(OpenTransaction { producer_id: *id, producer_epoch: producer.epoch, first_offset })
        })
    }

    /// The first offset of a producer's open transaction.
    #[must_use]
    pub fn first_offset_of(&self, producer_id: i64) -> Option<i64> {
        self.by_id.get(&producer_id)?.transaction
    }

    /// The newest epoch of a producer; none if nothing is remembered of it.
    #[must_use]
    pub fn epoch_of(&self, producer_id: i64) -> Option<i16> {
        self.by_id.get(&producer_id).map(|producer| producer.epoch)
    }

    /// Every producer, by id.
    pub fn views(&self) -> impl Iterator<Item = ProducerView> {
        self.by_id.iter().map(|(id, producer)| {
            let last = producer.batches().last();
            ProducerView {
                id: *id,
                epoch: producer.epoch,
                last_sequence: last.map_or(-1, |last| last.last_sequence),
                last_timestamp: producer.last_timestamp,
                coordinator_epoch: producer.coordinator_epoch,
                transaction_first_offset: producer.transaction.unwrap_or(NONE),
            }
        })
    }

    /// Last offsets of the batches that are remembered.
    pub fn last_offsets(&self) -> impl Iterator<Item = i64> {
        self.by_id.values().flat_map(|producer| producer.batches().iter().map(|batch| batch.last_offset))
    }

    /// Number of producers remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether no producer is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// A tenth of the producers goes, those that were silent longest; never one whose transaction is open.
    fn forget_silent(&mut self) {
        let idle = self.by_id.iter().filter(|(_, producer)| producer.transaction.is_none());
        let mut by_age: Vec<(i64, i64)> = idle.map(|(id, producer)| (producer.appended_at_ms, *id)).collect();
        by_age.sort_unstable();
        for (_, id) in &by_age[..by_age.len().div_ceil(10)] {
            self.by_id.remove(id);
        }
    }

    /// Appends the encoded producers to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.by_id.len() as u64).to_be_bytes());
        for (id, producer) in &self.by_id {
            for number in [*id, i64::from(producer.epoch), producer.appended_at_ms] {
                out.extend_from_slice(&number.to_be_bytes());
            }
            let transaction = producer.transaction.unwrap_or(NONE);
            let coordinator_epoch = i64::from(producer.coordinator_epoch);
            for number in [transaction, coordinator_epoch, producer.last_timestamp, producer.count as i64] {
                out.extend_from_slice(&number.to_be_bytes());
            }
            for batch in producer.batches() {
                let numbers = [i64::from(batch.base_sequence), i64::from(batch.last_sequence)];
                for number in
                    numbers.into_iter().chain([batch.base_offset, batch.last_offset, batch.max_timestamp])
                {
                    out.extend_from_slice(&number.to_be_bytes());
                }
            }
        }
    }

    /// Decodes producers from the front of `input` and moves `input` past them. Before there were transactions nothing was
    /// said of them.
    #[must_use]
    pub fn decode(input: &mut &[u8], has_transactions: bool) -> Option<Self> {
        let mut producers = Self::default();
        for _ in 0..take_i64(input)? {
            let id = take_i64(input)?;
            let mut producer = Producer::new(i16::try_from(take_i64(input)?).ok()?);
            producer.appended_at_ms = take_i64(input)?;
            if has_transactions {
                producer.transaction = Some(take_i64(input)?).filter(|offset| *offset != NONE);
                producer.coordinator_epoch = i32::try_from(take_i64(input)?).ok()?;
                producer.last_timestamp = take_i64(input)?;
            }
            for _ in 0..take_i64(input)?.min(PRODUCER_BATCHES as i64) {
                producer.remember(RememberedBatch {
                    base_sequence: i32::try_from(take_i64(input)?).ok()?,
                    last_sequence: i32::try_from(take_i64(input)?).ok()?,
                    base_offset: take_i64(input)?,
                    last_offset: take_i64(input)?,
                    max_timestamp: take_i64(input)?,
                });
            }
            if !has_transactions {
                producer.last_timestamp = producer.batches().last().map_or(NONE, |last| last.max_timestamp);
            }
            producers.by_id.insert(id, producer);
        }
        Some(producers)
    }
}

impl Producer {
    fn new(epoch: i16) -> Self {
        Self {
            epoch,
            batches: [RememberedBatch::default(); PRODUCER_BATCHES],
            count: 0,
            appended_at_ms: 0,
            transaction: None,
            coordinator_epoch: -1,
            last_timestamp: NONE,
        }
    }
}

fn repeats(header: &BatchHeader, batch: &RememberedBatch) -> bool {
    header.base_sequence == batch.base_sequence && header.last_sequence() == batch.last_sequence
}

#[cfg(test)]
mod tests {
    use headrace_records::BatchBuilder;

    use super::*;

    fn header(id: i64, epoch: i16, sequence: i32, records: usize, offset: i64) -> BatchHeader {
        let mut builder = BatchBuilder::new().base_offset(offset).producer(id, epoch, sequence);
        for _ in 0..records {
            builder = builder.value(b"x");
        }
        BatchHeader::parse(&builder.build()).unwrap()
    }

    fn append(producers: &mut Producers, batch: &BatchHeader) -> Verdict {
        let verdict = producers.judge(batch).unwrap();
        if verdict == Verdict::Append {
            producers.appended(batch, 0);
        }
        verdict
    }

    #[test]
    fn the_last_five_batches_are_recognised_and_older_ones_are_out_of_order() {
        let mut producers = Producers::default();
        for number in 0..7 {
            let batch = header(1, 0, number * 2, 2, i64::from(number) * 10);
            assert_eq!(append(&mut producers, &batch), Verdict::Append);
        }
        for number in 2..7 {
            let Verdict::Duplicate(found) = producers.judge(&header(1, 0, number * 2, 2, 0)).unwrap() else {
                panic!("batch {number} was not recognised")
            };
            assert_eq!(found.base_offset, i64::from(number) * 10);
        }
        let old = producers.judge(&header(1, 0, 2, 2, 0));
        assert!(matches!(old, Err(AppendError::OutOfOrderSequence { last_sequence: 13, .. })));
    }

    #[test]
    fn a_gap_is_out_of_order_and_an_unknown_producer_may_start_anywhere() {
        let mut producers = Producers::default();
        append(&mut producers, &header(1, 0, 500, 1, 0));
        assert!(producers.judge(&header(1, 0, 501, 1, 0)).is_ok());
        assert!(producers.judge(&header(1, 0, 502, 1, 0)).is_err());
    }

    #[test]
    fn sequences_wrap_to_zero() {
        let mut producers = Producers::default();
        append(&mut producers, &header(1, 0, i32::MAX - 1, 2, 0));
        assert_eq!(append(&mut producers, &header(1, 0, 0, 1, 2)), Verdict::Append);
        append(&mut producers, &header(2, 0, i32::MAX, 3, 0));
        assert_eq!(append(&mut producers, &header(2, 0, 2, 1, 3)), Verdict::Append);
    }

    #[test]
    fn a_new_epoch_starts_at_zero_and_fences_the_old_one() {
        let mut producers = Producers::default();
        append(&mut producers, &header(1, 0, 0, 1, 0));
        assert!(producers.judge(&header(1, 1, 1, 1, 1)).is_err());
        append(&mut producers, &header(1, 1, 0, 1, 1));
        let stale = producers.judge(&header(1, 0, 1, 1, 2));
        assert!(matches!(stale, Err(AppendError::StaleProducerEpoch { current_epoch: 1, .. })));
    }

    #[test]
    fn silent_producers_are_forgotten_and_the_number_is_bounded() {
        let mut producers = Producers::default();
        producers.appended(&header(1, 0, 0, 1, 0), 0);
        producers.appended(&header(2, 0, 0, 1, 0), PRODUCER_EXPIRATION_MS);
        producers.expire(PRODUCER_EXPIRATION_MS);
        assert_eq!(producers.len(), 1);
        let template = header(0, 0, 0, 1, 0);
        for id in 0..=PRODUCERS_PER_PARTITION_MAX as i64 {
            producers.appended(&BatchHeader { producer_id: id.into(), ..template }, id);
        }
        assert!(producers.len() <= PRODUCERS_PER_PARTITION_MAX);
        assert!(!producers.by_id.contains_key(&0));
    }

    #[test]
    fn producers_are_told_with_their_last_batch() {
        let mut producers = Producers::default();
        append(&mut producers, &header(7, 2, 0, 3, 0));
        append(&mut producers, &header(7, 2, 3, 2, 3));
        let view = ProducerView {
            id: 7,
            epoch: 2,
            last_sequence: 4,
            last_timestamp: header(7, 2, 3, 2, 3).max_timestamp,
            coordinator_epoch: -1,
            transaction_first_offset: -1,
        };
        assert_eq!(producers.views().collect::<Vec<_>>(), [view]);
    }

    fn transactional(id: i64, epoch: i16, sequence: i32, offset: i64) -> BatchHeader {
        let builder = BatchBuilder::new().base_offset(offset).producer(id, epoch, sequence);
        BatchHeader::parse(&builder.transactional().value(b"x").build()).unwrap()
    }

    fn marker(epoch: i16, coordinator_epoch: i32) -> Marker {
        let (producer_id, producer_epoch) = (7.into(), epoch.into());
        Marker { producer_id, producer_epoch, is_commit: true, coordinator_epoch }
    }

    #[test]
    fn a_transaction_begins_once_and_its_marker_ends_it() {
        let mut producers = Producers::default();
        assert!(producers.appended(&transactional(7, 2, 0, 10), 0));
        assert!(!producers.appended(&transactional(7, 2, 1, 11), 0));
        let open: Vec<_> = producers.open_transactions().collect();
        assert_eq!(open, [OpenTransaction { producer_id: 7, producer_epoch: 2, first_offset: 10 }]);
        let plain = producers.judge(&header(7, 2, 2, 1, 0));
        assert!(matches!(plain, Err(AppendError::TransactionOpen { producer_id: 7 })));
        producers.expire(i64::MAX);
        assert_eq!(producers.ended(&marker(3, 4), 99, 0), Some(10));
        assert_eq!(producers.ended(&marker(3, 4), 99, 0), None);
        let view = producers.views().next().unwrap();
        assert_eq!((view.epoch, view.last_sequence, view.coordinator_epoch), (3, -1, 4));
        assert_eq!((view.last_timestamp, view.transaction_first_offset), (99, -1));
    }

    /// KIP-890: a marker with a newer epoch fences what was sent before it, and the new epoch begins at 0.
    #[test]
    fn a_marker_fences_older_epochs_and_older_coordinators() {
        let mut producers = Producers::default();
        producers.appended(&transactional(7, 2, 0, 10), 0);
        producers.ended(&marker(3, 4), 0, 0);
        let stale = producers.judge(&transactional(7, 2, 1, 0));
        assert!(matches!(stale, Err(AppendError::StaleProducerEpoch { current_epoch: 3, .. })));
        assert!(producers.judge(&transactional(7, 3, 1, 0)).is_err());
        assert_eq!(producers.judge(&transactional(7, 3, 0, 0)).unwrap(), Verdict::Append);
        let stale = producers.judge_marker(&marker(2, 4));
        assert!(matches!(stale, Err(AppendError::StaleProducerEpoch { .. })));
        let fenced = producers.judge_marker(&marker(3, 3));
        assert!(matches!(fenced, Err(AppendError::StaleCoordinator { current_epoch: 4, .. })));
        assert!(producers.judge_marker(&marker(3, 4)).is_ok());
    }

    #[test]
    fn the_encoding_comes_back() {
        let mut producers = Producers::default();
        for id in 0..20 {
            append(&mut producers, &header(id, 3, 0, 2, id));
            append(&mut producers, &transactional(id + 20, 3, 0, id));
        }
        producers.ended(&marker(3, 5), 8, 9);
        let mut bytes = Vec::new();
        producers.encode(&mut bytes);
        assert_eq!(Producers::decode(&mut bytes.as_slice(), true), Some(producers));
        assert_eq!(Producers::decode(&mut &bytes[..bytes.len() - 1], true), None);
    }
}

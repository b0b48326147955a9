//! What a partition remembers of idempotent producers (KIP-98): epochs, and the last batches to recognise a repetition.

use std::collections::BTreeMap;

use headrace_records::BatchHeader;

use crate::error::AppendError;
use crate::index::take_i64;
use crate::limits::{PRODUCER_BATCHES, PRODUCER_EXPIRATION_MS, PRODUCERS_PER_PARTITION_MAX};

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
    /// Largest timestamp of its last batch; -1 if it has none.
    pub last_timestamp: i64,
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

    /// The sequence that follows the last one; it wraps from `i32::MAX` to 0.
    fn next_sequence(&self) -> Option<i32> {
        self.batches().last().map(|last| last.last_sequence.wrapping_add(1) & i32::MAX)
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
        let expected = if epoch > producer.epoch { Some(0) } else { producer.next_sequence() };
        if epoch == producer.epoch
            && let Some(batch) = producer.batches().iter().find(|batch| repeats(header, batch))
        {
            return Ok(Verdict::Duplicate(*batch));
        }
        if expected.is_none_or(|expected| expected == header.base_sequence) {
            return Ok(Verdict::Append);
        }
        Err(AppendError::OutOfOrderSequence {
            producer_id: header.producer_id.get(),
            sequence: header.base_sequence,
            last_sequence: producer.batches().last().map_or(-1, |last| last.last_sequence),
        })
    }

    /// Remembers an appended batch; `header` carries its offset and timestamp in the log.
    pub fn appended(&mut self, header: &BatchHeader, now_ms: i64) {
        if !header.has_producer_id() || header.attributes.is_control() {
            return;
        }
        let epoch = header.producer_epoch.get();
        let producer = self.by_id.entry(header.producer_id.get()).or_insert_with(|| Producer::new(epoch));
        if epoch != producer.epoch {
            *producer = Producer::new(epoch);
        }
        producer.appended_at_ms = now_ms;
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
    }

    /// Forgets producers that were silent for a day.
    pub fn expire(&mut self, now_ms: i64) {
        self.by_id
            .retain(|_, producer| now_ms.saturating_sub(producer.appended_at_ms) < PRODUCER_EXPIRATION_MS);
    }

    /// Every producer, by id.
    pub fn views(&self) -> impl Iterator<Item = ProducerView> {
        self.by_id.iter().map(|(id, producer)| {
            let last = producer.batches().last();
            ProducerView {
                id: *id,
                epoch: producer.epoch,
                last_sequence: last.map_or(-1, |last| last.last_sequence),
                last_timestamp: last.map_or(-1, |last| last.max_timestamp),
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

    /// A tenth of the producers goes, those that were silent longest.
    fn forget_silent(&mut self) {
        let mut by_age: Vec<(i64, i64)> =
            self.by_id.iter().map(|(id, producer)| (producer.appended_at_ms, *id)).collect();
        by_age.sort_unstable();
        for (_, id) in &by_age[..by_age.len() / 10] {
            self.by_id.remove(id);
        }
    }

    /// Appends the encoded producers to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.by_id.len() as u64).to_be_bytes());
        for (id, producer) in &self.by_id {
            for number in [*id, i64::from(producer.epoch), producer.appended_at_ms, producer.count as i64] {
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

    /// Decodes producers from the front of `input` and moves `input` past them.
    #[must_use]
    pub fn decode(input: &mut &[u8]) -> Option<Self> {
        let mut producers = Self::default();
        for _ in 0..take_i64(input)? {
            let id = take_i64(input)?;
            let mut producer = Producer::new(i16::try_from(take_i64(input)?).ok()?);
            producer.appended_at_ms = take_i64(input)?;
            for _ in 0..take_i64(input)?.min(PRODUCER_BATCHES as i64) {
                producer.remember(RememberedBatch {
                    base_sequence: i32::try_from(take_i64(input)?).ok()?,
                    last_sequence: i32::try_from(take_i64(input)?).ok()?,
                    base_offset: take_i64(input)?,
                    last_offset: take_i64(input)?,
                    max_timestamp: take_i64(input)?,
                });
            }
            producers.by_id.insert(id, producer);
        }
        Some(producers)
    }
}

impl Producer {
    fn new(epoch: i16) -> Self {
        Self { epoch, batches: [RememberedBatch::default(); PRODUCER_BATCHES], count: 0, appended_at_ms: 0 }
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
        let view = ProducerView { id: 7, epoch: 2, last_sequence: 4, last_timestamp: 0 };
        let told: Vec<ProducerView> = producers.views().collect();
        assert_eq!(told, [ProducerView { last_timestamp: told[0].last_timestamp, ..view }]);
        assert_eq!(told[0].last_timestamp, header(7, 2, 3, 2, 3).max_timestamp);
    }

    #[test]
    fn the_encoding_comes_back() {
        let mut producers = Producers::default();
        for id in 0..20 {
            append(&mut producers, &header(id, 3, 0, 2, id));
        }
        let mut bytes = Vec::new();
        producers.encode(&mut bytes);
        assert_eq!(Producers::decode(&mut bytes.as_slice()), Some(producers));
        assert_eq!(Producers::decode(&mut &bytes[..bytes.len() - 1]), None);
    }
}

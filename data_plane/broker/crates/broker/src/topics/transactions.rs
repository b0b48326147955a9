//! What the coordinator of transactions asks of the logs.

use headrace_log::{AppendError, OpenTransaction};
use headrace_records::Marker;
use headrace_types::{ErrorCode, Offset, ProducerId, TopicPartition};
use headrace_usage::{Append, Quantity, UNKNOWN};

use super::{Slot, State, Topics, online, storage_refusal};

impl Topics {
    /// Appends a marker; the offset up to which the partition must be durable before anyone is told, none if there is no such
    /// partition any more, or if a newer epoch of the producer has ended the transaction. Markers are small and make others able
    /// to go on, so the room that is kept free is also for them.
    pub(crate) fn append_marker(
        &self,
        partition: TopicPartition,
        marker: &Marker,
    ) -> Result<Option<i64>, ErrorCode> {
        match self.write_marker(partition, marker) {
            Ok(next_offset) => Ok(Some(next_offset)),
            Err(ErrorCode::UnknownTopicOrPartition | ErrorCode::InvalidProducerEpoch) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As [`Self::append_marker`], and tells whatever is wrong.
    pub(crate) fn write_marker(&self, partition: TopicPartition, marker: &Marker) -> Result<i64, ErrorCode> {
        let now_ms = self.now_ms();
        let mut state = self.state.borrow_mut();
        let State { logs, commit, .. } = &mut *state;
        let log = &mut online(logs, partition)?.log;
        let appended = commit.append_marker(log, partition, marker, now_ms).map_err(|error| match error {
            AppendError::StaleProducerEpoch { .. } => ErrorCode::InvalidProducerEpoch,
            AppendError::StaleCoordinator { .. } => ErrorCode::TransactionCoordinatorFenced,
            AppendError::Log(failure) => storage_refusal(&failure),
            AppendError::Full
            | AppendError::OutOfOrderSequence { .. }
            | AppendError::TransactionOpen { .. } => ErrorCode::KafkaStorageError,
        })?;
        let high_watermark = log.high_watermark();
        let next_offset = appended.last_offset + 1;
        self.count_marker(&state.catalog, partition, appended.base_offset, next_offset, high_watermark);
        self.work.notify_one();
        Ok(next_offset)
    }

    /// Markers are the broker's own and cost nothing, and the ranges of what is counted follow each other all the same.
    fn count_marker(
        &self,
        catalog: &headrace_log::Catalog,
        partition: TopicPartition,
        base_offset: i64,
        next_offset: i64,
        high_watermark: Offset,
    ) {
        let name = catalog.name_of(partition.topic).map_or("", |name| name.as_str());
        let quantity = Quantity::default();
        let append = Append { principal: UNKNOWN, base_offset, next_offset, quantity };
        self.usage.appended(partition, name, &append, high_watermark);
    }

    /// Whether a producer has an open transaction in a partition.
    pub(crate) fn has_open_transaction(&self, partition: TopicPartition, producer: ProducerId) -> bool {
        self.with_log(partition, |log| log.has_open_transaction(producer.get())).unwrap_or(false)
    }

    /// Whether there is a partition that can not be read or written.
    pub(crate) fn is_offline(&self, partition: TopicPartition) -> bool {
        matches!(self.state.borrow().logs.get(&partition), Some(Slot::Offline))
    }

    /// Every transaction that is open in a partition.
    pub(crate) fn open_transactions(&self) -> Vec<(TopicPartition, OpenTransaction)> {
        let state = self.state.borrow();
        let of_slot = |(partition, slot): (&TopicPartition, &Slot)| match slot {
            Slot::Online(online) => {
                let partition = *partition;
                online.log.open_transactions().map(move |open| (partition, open)).collect::<Vec<_>>()
            }
            Slot::Offline => Vec::new(),
        };
        state.logs.iter().flat_map(of_slot).collect()
    }
}

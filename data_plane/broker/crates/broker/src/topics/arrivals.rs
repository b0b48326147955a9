//! Fetches that wait for data: each is woken once enough bytes have become readable in its partitions.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::{Rc, Weak},
};

use headrace_types::TopicPartition;
use tokio::sync::Notify;

/// One waiting fetch; dropping it ends the wait.
pub(crate) struct Arrival {
    missing_bytes: Cell<u64>,
    ready: Notify,
}

impl Arrival {
    /// Returns once the bytes have arrived, or a partition is no longer there.
    pub(crate) async fn arrived(&self) {
        self.ready.notified().await;
    }

    fn count(&self, bytes: u64) {
        let missing = self.missing_bytes.get().saturating_sub(bytes);
        self.missing_bytes.set(missing);
        if missing == 0 {
            self.ready.notify_one();
        }
    }
}

/// Every waiting fetch, by partition.
#[derive(Default)]
pub(crate) struct Arrivals {
    waiting: RefCell<BTreeMap<TopicPartition, Vec<Weak<Arrival>>>>,
}

impl Arrivals {
    /// A wait for `missing_bytes` in any of `partitions` together.
    pub(crate) fn wait_for(
        &self,
        partitions: impl Iterator<Item = TopicPartition>,
        missing_bytes: u64,
    ) -> Rc<Arrival> {
        let arrival = Rc::new(Arrival { missing_bytes: Cell::new(missing_bytes), ready: Notify::new() });
        let mut waiting = self.waiting.borrow_mut();
        for partition in partitions {
            let arrivals = waiting.entry(partition).or_default();
            // Fetches that ended for another reason leave their entries behind; they go with the next one.
            arrivals.retain(|other| other.strong_count() > 0);
            arrivals.push(Rc::downgrade(&arrival));
        }
        arrival
    }

    /// Bytes have become readable in a partition.
    pub(crate) fn arrived(&self, partition: TopicPartition, bytes: u64) {
        if let Some(arrivals) = self.waiting.borrow_mut().get_mut(&partition) {
            arrivals.retain(|arrival| {
                let arrival = arrival.upgrade();
                if let Some(arrival) = &arrival {
                    arrival.count(bytes);
                }
                arrival.is_some()
            });
        }
    }

    /// A partition is gone; whoever waits for it is told.
    pub(crate) fn gone(&self, partition: TopicPartition) {
        let arrivals = self.waiting.borrow_mut().remove(&partition).unwrap_or_default();
        arrivals.iter().filter_map(Weak::upgrade).for_each(|arrival| arrival.count(u64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use headrace_types::{PartitionIndex, TopicId};

    use super::*;

    fn partition(index: i32) -> TopicPartition {
        TopicPartition { topic: TopicId::ZERO, partition: PartitionIndex::new(index) }
    }

    fn is_ready(arrival: &Arrival) -> bool {
        arrival.missing_bytes.get() == 0
    }

    #[test]
    fn bytes_of_all_partitions_count_together() {
        let arrivals = Arrivals::default();
        let arrival = arrivals.wait_for([partition(0), partition(1)].into_iter(), 10);
        arrivals.arrived(partition(0), 6);
        arrivals.arrived(partition(2), 6);
        assert!(!is_ready(&arrival));
        arrivals.arrived(partition(1), 4);
        assert!(is_ready(&arrival));
    }

    #[test]
    fn a_deleted_partition_ends_the_wait_and_dropped_waits_are_forgotten() {
        let arrivals = Arrivals::default();
        let arrival = arrivals.wait_for([partition(0)].into_iter(), 10);
        for _ in 0..100 {
            drop(arrivals.wait_for([partition(0)].into_iter(), 10));
        }
        assert!(arrivals.waiting.borrow()[&partition(0)].len() <= 2);
        arrivals.gone(partition(0));
        assert!(is_ready(&arrival));
    }
}

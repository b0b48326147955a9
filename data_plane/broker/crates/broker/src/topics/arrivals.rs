//! Fetches that wait for data: each is woken once enough bytes have become readable in its partitions.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::{Rc, Weak},
};

use headrace_log::Readable;
use headrace_types::TopicPartition;
use tokio::sync::Notify;

/// One waiting fetch; dropping it ends the wait.
pub(crate) struct Arrival {
    missing_bytes: Cell<u64>,
    /// Whether only bytes below the last stable offset count.
    is_committed: bool,
    ready: Notify,
    /// How many partitions it waits for, out of all that are waited for.
    partitions: usize,
    waited_for: Rc<Cell<usize>>,
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.waited_for.update(|all| all - self.partitions);
    }
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
pub(crate) struct Arrivals {
    waiting: RefCell<BTreeMap<TopicPartition, Vec<Weak<Arrival>>>>,
    waited_for: Rc<Cell<usize>>,
    waits_max: usize,
}

impl Arrivals {
    /// No waiting fetch, and room for as many partitions of them.
    pub(crate) fn new(waits_max: usize) -> Self {
        Self { waiting: RefCell::default(), waited_for: Rc::default(), waits_max }
    }

    /// A wait for `missing_bytes` in any of `partitions` together; of committed ones those of a transaction count once it has
    /// ended. None, where too many are waited for.
    pub(crate) fn wait_for(
        &self,
        partitions: &[TopicPartition],
        missing_bytes: u64,
        is_committed: bool,
    ) -> Option<Rc<Arrival>> {
        if self.waited_for.get() + partitions.len() > self.waits_max {
            return None;
        }
        self.waited_for.update(|all| all + partitions.len());
        let arrival = Rc::new(Arrival {
            missing_bytes: Cell::new(missing_bytes),
            is_committed,
            ready: Notify::new(),
            partitions: partitions.len(),
            waited_for: Rc::clone(&self.waited_for),
        });
        let mut waiting = self.waiting.borrow_mut();
        for partition in partitions {
            let arrivals = waiting.entry(*partition).or_default();
            // Fetches that ended for another reason leave their entries behind; they go with the next one.
            arrivals.retain(|other| other.strong_count() > 0);
            arrivals.push(Rc::downgrade(&arrival));
        }
        Some(arrival)
    }

    /// Bytes have become readable in a partition.
    pub(crate) fn arrived(&self, partition: TopicPartition, readable: Readable) {
        if let Some(arrivals) = self.waiting.borrow_mut().get_mut(&partition) {
            arrivals.retain(|arrival| {
                let arrival = arrival.upgrade();
                if let Some(arrival) = &arrival {
                    arrival.count(if arrival.is_committed { readable.stable_bytes } else { readable.bytes });
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

    fn readable(bytes: u64, stable_bytes: u64) -> Readable {
        Readable { bytes, stable_bytes }
    }

    fn is_ready(arrival: &Arrival) -> bool {
        arrival.missing_bytes.get() == 0
    }

    #[test]
    fn bytes_of_all_partitions_count_together() {
        let arrivals = Arrivals::new(10);
        let arrival = arrivals.wait_for(&[partition(0), partition(1)], 10, false).unwrap();
        arrivals.arrived(partition(0), readable(6, 0));
        arrivals.arrived(partition(2), readable(6, 0));
        assert!(!is_ready(&arrival));
        arrivals.arrived(partition(1), readable(4, 0));
        assert!(is_ready(&arrival));
    }

    #[test]
    fn behaviour_34_a_committed_wait_counts_stable_bytes_alone() {
        let arrivals = Arrivals::new(10);
        let arrival = arrivals.wait_for(&[partition(0)], 10, true).unwrap();
        arrivals.arrived(partition(0), readable(50, 0));
        assert!(!is_ready(&arrival));
        arrivals.arrived(partition(0), readable(1, 51));
        assert!(is_ready(&arrival));
    }

    #[test]
    fn a_deleted_partition_ends_the_wait_and_dropped_waits_are_forgotten() {
        let arrivals = Arrivals::new(2);
        let arrival = arrivals.wait_for(&[partition(0)], 10, false).unwrap();
        for _ in 0..100 {
            drop(arrivals.wait_for(&[partition(0)], 10, false).unwrap());
        }
        assert!(arrivals.waiting.borrow()[&partition(0)].len() <= 2);
        arrivals.gone(partition(0));
        assert!(is_ready(&arrival));
    }

    #[test]
    fn partitions_that_are_waited_for_are_bounded() {
        let arrivals = Arrivals::new(3);
        let first = arrivals.wait_for(&[partition(0), partition(1)], 1, false);
        assert!(arrivals.wait_for(&[partition(0), partition(1)], 1, false).is_none(), "over the limit");
        let second = arrivals.wait_for(&[partition(0)], 1, false);
        assert!(first.is_some() && second.is_some(), "at the limit");
        drop(first);
        assert!(arrivals.wait_for(&[partition(0), partition(1)], 1, false).is_some());
    }
}

//! What a fork of a cluster knows of its transactions: those that are decided, so that they count there everywhere or nowhere too.

use headrace_types::{Record, TopicPartition};

use crate::coordinator::Coordinator;
use crate::records;
use crate::requests::Place;
use crate::transaction::Transaction;

impl Coordinator {
    /// Records of the transactions whose end is decided and not told everywhere: a broker that starts with them tells the rest.
    /// All others are unknown to the fork, which aborts what is open. `partition` finds a partition of the fork.
    pub fn fork(&self, partition: impl Fn(TopicPartition) -> Option<TopicPartition>) -> Vec<Record> {
        let decided = self.all().filter(|transaction| transaction.state.is_prepared());
        let place = |place: &Place| match place {
            Place::Partition(known) => partition(*known).map(Place::Partition),
            Place::Group(group) => Some(Place::Group(group.clone())),
        };
        decided
            .map(|transaction| {
                let places = transaction.places.iter().filter_map(place).collect();
                records::put(&Transaction { places, ..transaction.clone() })
            })
            .collect()
    }

    /// Whether the end of a producer's transaction is decided and not told everywhere.
    #[must_use]
    pub fn is_decided(&self, producer_id: i64) -> bool {
        self.all().any(|one| one.state.is_prepared() && one.producer.id == producer_id)
    }
}

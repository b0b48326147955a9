//! Carrying out what is decided: markers in every partition and group that a transaction has touched.

use std::{collections::BTreeSet, rc::Rc};

use headrace_records::Marker;
use headrace_transactions::{Ending, Place};
use headrace_types::TopicPartition;
use tokio::time::sleep;

use super::Transactions;
use crate::limits::MARKER_RETRY_INTERVAL;

/// There is one broker, which coordinates from the first day on.
pub(crate) const COORDINATOR_EPOCH: i32 = 0;

/// Whether some of the markers may have been written before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// None has been.
    Whole,
    /// A stop cut the ending short: where no transaction is open its marker is there.
    Interrupted,
}

impl Transactions {
    /// Writes the markers of an ending once the journal is durable up to `end`, and tells the coordinator when all of them are durable.
    /// A place that can not take its marker is tried again until it can, or is gone.
    pub(super) async fn carry_out(self: Rc<Self>, ending: Ending, end: i64, known: Known) {
        self.durable_to(end).await;
        let marker = marker_of(&ending);
        let mut left = ending.places.clone();
        loop {
            left = self.mark(left, &marker, known).await;
            if left.is_empty() {
                break;
            }
            sleep(MARKER_RETRY_INTERVAL).await;
        }
        // Whether this record is durable matters to nobody: without it the ending is carried out again, and changes nothing.
        self.act(|coordinator, now, effects| coordinator.completed(&ending, now, effects));
        self.finished.send_modify(|finished| *finished += 1);
    }

    /// Writes markers and waits until they are durable; the places that could not take theirs.
    async fn mark(&self, places: BTreeSet<Place>, marker: &Marker, known: Known) -> BTreeSet<Place> {
        let (mut goals, mut left, mut groups_end) = (Vec::new(), BTreeSet::new(), 0);
        for place in places {
            let is_done = match &place {
                Place::Partition(partition) => self.mark_partition(*partition, marker, known, &mut goals),
                Place::Group(group) => {
                    let ended =
                        self.groups.end_transaction(group, marker.producer_id.get(), marker.is_commit);
                    ended.map(|end| groups_end = end.max(groups_end)).is_ok()
                }
            };
            if !is_done {
                left.insert(place);
            }
        }
        self.topics.durable(&goals).await;
        self.groups.durable_to(groups_end).await;
        left
    }

    fn mark_partition(
        &self,
        partition: TopicPartition,
        marker: &Marker,
        known: Known,
        goals: &mut Vec<(TopicPartition, i64)>,
    ) -> bool {
        if known == Known::Interrupted && !self.topics.has_open_transaction(partition, marker.producer_id) {
            return !self.topics.is_offline(partition);
        }
        match self.topics.append_marker(partition, marker) {
            Ok(next_offset) => {
                goals.extend(next_offset.map(|offset| (partition, offset)));
                true
            }
            Err(error) => {
                tracing::warn!(%partition, %error, "a transaction marker waits");
                false
            }
        }
    }
}

pub(super) fn marker_of(ending: &Ending) -> Marker {
    Marker {
        producer_id: ending.producer.id.into(),
        producer_epoch: ending.producer.epoch.into(),
        is_commit: ending.is_commit,
        coordinator_epoch: COORDINATOR_EPOCH,
    }
}

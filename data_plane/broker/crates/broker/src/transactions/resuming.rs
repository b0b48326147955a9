//! Taking transactions up again after a stop.
//!
//! A batch and the record that adds its partition to the transaction are written side by side, so that after a crash a partition
//! may have a transaction open of which the coordinator's journal knows nothing. The logs tell of all of them.

use std::rc::Rc;

use headrace_transactions::{Ending, Fate, Place, Producer};

use super::{Transactions, endings::Known};

impl Transactions {
    /// Takes up every transaction that is open somewhere: its producer may go on with it, or it is ended. Called before anything is
    /// served.
    pub(crate) fn resume(self: &Rc<Self>) {
        let partitions = self.topics.open_transactions().into_iter().map(|(partition, open)| {
            (Producer { id: open.producer_id, epoch: open.producer_epoch }, Place::Partition(partition))
        });
        let groups = self.groups.transactions().into_iter().map(|(group, transactor)| {
            (Producer { id: transactor.producer_id, epoch: transactor.producer_epoch }, Place::Group(group))
        });
        let found: Vec<_> = partitions.chain(groups).collect();
        let mut orphans = Vec::new();
        let (unfinished, end) = self.act(|coordinator, now, effects| {
            for (producer, place) in found {
                if coordinator.found_open(producer, place.clone(), now, effects) == Fate::Orphan {
                    orphans.push((producer, place));
                }
            }
            coordinator.unfinished()
        });
        for ending in unfinished {
            tracing::info!(transactional_id = ending.transactional_id, "the end of a transaction goes on");
            tokio::task::spawn_local(Rc::clone(self).carry_out(ending, end, Known::Interrupted));
        }
        for (producer, place) in orphans {
            tracing::warn!(producer = producer.id, ?place, "a transaction of nobody is aborted");
            let transactional_id = String::new();
            let ending = Ending { transactional_id, producer, is_commit: false, places: [place].into() };
            tokio::task::spawn_local(Rc::clone(self).carry_out(ending, end, Known::Interrupted));
        }
    }
}

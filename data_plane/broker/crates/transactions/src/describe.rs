//! What is told of transactions: `DescribeTransactions` and `ListTransactions` (KIP-664, KIP-994).

use std::collections::BTreeSet;

use crate::coordinator::Coordinator;
use crate::requests::{Now, Place, Producer};
use crate::transaction::{State, Transaction};

/// One transactional id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its producer.
    pub producer: Producer,
    /// Where its transaction stands.
    pub state: State,
    /// How long its transactions may last.
    pub timeout_ms: i32,
    /// When the last one began; -1 if none has.
    pub started_at_ms: i64,
    /// What it has touched.
    pub places: BTreeSet<Place>,
}

/// One row of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The id.
    pub transactional_id: String,
    /// Its producer's id.
    pub producer_id: i64,
    /// Where its transaction stands.
    pub state: State,
}

/// Which ids a list is to have; what is empty or negative filters nothing.
#[derive(Clone, Debug)]
pub struct ListFilter {
    /// Of these states.
    pub states: BTreeSet<State>,
    /// Whether only states were asked for that there are not.
    pub has_no_state: bool,
    /// Of these producers.
    pub producer_ids: BTreeSet<i64>,
    /// Running for longer than this.
    pub running_ms: i64,
}

impl ListFilter {
    fn takes(&self, transaction: &Transaction, now: Now) -> bool {
        let running_ms = now.wall_ms.saturating_sub(transaction.started_at_ms);
        let is_running = transaction.state == State::Ongoing || transaction.state.is_prepared();
        !self.has_no_state
            && (self.states.is_empty() || self.states.contains(&transaction.state))
            && (self.producer_ids.is_empty() || self.producer_ids.contains(&transaction.producer.id))
            && (self.running_ms < 0 || is_running && running_ms > self.running_ms)
    }
}

impl Coordinator {
    /// What is known of an id; none if nothing is.
    #[must_use]
    pub fn describe(&self, transactional_id: &str) -> Option<Description> {
        self.get(transactional_id).map(|transaction| Description {
            producer: transaction.producer,
            state: transaction.state,
            timeout_ms: transaction.timeout_ms,
            started_at_ms: transaction.started_at_ms,
            places: transaction.places.clone(),
        })
    }

    /// The ids that a filter takes, in order.
    #[must_use]
    pub fn list(&self, filter: &ListFilter, now: Now) -> Vec<Listing> {
        let taken = self.all().filter(|transaction| filter.takes(transaction, now));
        taken
            .map(|transaction| Listing {
                transactional_id: transaction.id.clone(),
                producer_id: transaction.producer.id,
                state: transaction.state,
            })
            .collect()
    }
}

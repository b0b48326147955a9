//! What the coordinator of transactions counts.

use headrace_transactions::Coordinator;
use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

/// The gauges and counters of transactions.
#[derive(Debug, Default)]
pub(crate) struct TransactionMetrics {
    transactional_ids: Gauge,
    ongoing: Gauge,
    committed: Counter,
    aborted: Counter,
    pub(super) timed_out: Counter,
}

impl TransactionMetrics {
    /// Adds all of them to a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("transactional_ids", "Transactional ids", self.transactional_ids.clone());
        registry.register("transactions_ongoing", "Transactions that are open", self.ongoing.clone());
        registry.register("transactions_committed", "Transactions committed", self.committed.clone());
        registry.register("transactions_aborted", "Transactions that were given up", self.aborted.clone());
        registry.register(
            "transactions_timed_out",
            "Transactions that lasted too long",
            self.timed_out.clone(),
        );
    }

    /// Takes note of what there is now.
    pub(super) fn observe(&self, coordinator: &Coordinator) {
        let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.transactional_ids.set(gauge(coordinator.len()));
        self.ongoing.set(gauge(coordinator.ongoing()));
    }

    /// Counts a transaction that its producer has ended.
    pub(super) fn count(&self, is_commit: bool) {
        if is_commit {
            self.committed.inc()
        } else {
            self.aborted.inc()
        };
    }
}

//! What is counted of the usage meter itself.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

/// The gauges and counters of the usage meter.
#[derive(Debug, Default)]
pub(crate) struct UsageMetrics {
    pub(super) waiting: Gauge,
    pub(super) closed: Counter,
    pub(super) checkpoints: Counter,
}

impl UsageMetrics {
    /// Adds all of them to a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let waiting = "Closed usage windows that are not acknowledged";
        registry.register("usage_windows_waiting", waiting, self.waiting.clone());
        registry.register("usage_windows_closed", "Usage windows closed", self.closed.clone());
        let checkpoints = "Times that the open usage window was made durable";
        registry.register("usage_checkpoints", checkpoints, self.checkpoints.clone());
    }
}

//! What the process counts, in the Prometheus text format.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::{groups::GroupMetrics, topics::StorageMetrics};

/// Labels of requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ApiLabels {
    pub(crate) api: &'static str,
}

/// Labels of things that happen for a reason.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ReasonLabels {
    pub(crate) reason: &'static str,
}

/// The counters of one broker.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) requests: Family<ApiLabels, Counter>,
    pub(crate) bytes_received: Counter,
    pub(crate) bytes_sent: Counter,
    pub(crate) connections: Gauge,
    pub(crate) connections_refused: Family<ReasonLabels, Counter>,
    pub(crate) connections_closed: Family<ReasonLabels, Counter>,
}

impl Metrics {
    pub(crate) fn new(storage: &StorageMetrics, groups: &GroupMetrics) -> Self {
        let mut registry = Registry::with_prefix("headrace_broker");
        storage.register(&mut registry);
        groups.register(&mut registry);
        let requests = Family::default();
        let (bytes_received, bytes_sent) = (Counter::default(), Counter::default());
        let connections = Gauge::default();
        let (connections_refused, connections_closed) = (Family::default(), Family::default());
        registry.register("requests", "Requests by API", Family::clone(&requests));
        registry.register("received_bytes", "Bytes of request frames", Counter::clone(&bytes_received));
        registry.register("sent_bytes", "Bytes of response frames", Counter::clone(&bytes_sent));
        registry.register("connections", "Open connections", Gauge::clone(&connections));
        registry.register(
            "connections_refused",
            "Connections refused by a limit",
            Family::clone(&connections_refused),
        );
        registry.register(
            "connections_closed",
            "Connections ended, by reason",
            Family::clone(&connections_closed),
        );
        Self {
            registry,
            requests,
            bytes_received,
            bytes_sent,
            connections,
            connections_refused,
            connections_closed,
        }
    }

    /// Everything in the text format.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

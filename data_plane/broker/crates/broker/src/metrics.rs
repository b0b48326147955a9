//! What the process counts, in the Prometheus text format.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use crate::{
    failed_logins::LoginMetrics, fetch_sessions::FetchSessionMetrics, groups::GroupMetrics,
    quotas::QuotaMetrics, request_memory::RequestWaits, topics::StorageMetrics,
    transactions::TransactionMetrics, usage::UsageMetrics,
};

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

/// Bounds of how long requests take, in seconds: from what a sync takes to the longest of waits.
const REQUEST_SECONDS: [f64; 9] = [0.000_5, 0.001, 0.002_5, 0.005, 0.025, 0.1, 0.5, 5.0, 30.0];

/// The counters of one broker.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) requests: Family<ApiLabels, Counter>,
    pub(crate) request_seconds: Family<ApiLabels, Histogram, fn() -> Histogram>,
    pub(crate) bytes_received: Counter,
    pub(crate) bytes_sent: Counter,
    pub(crate) request_waits: RequestWaits,
    pub(crate) connections: Gauge,
    pub(crate) connections_before_login: Gauge,
    pub(crate) connections_refused: Family<ReasonLabels, Counter>,
    pub(crate) connections_closed: Family<ReasonLabels, Counter>,
}

impl Metrics {
    pub(crate) fn new(
        storage: &StorageMetrics,
        fetch_sessions: &FetchSessionMetrics,
        groups: &GroupMetrics,
        transactions: &TransactionMetrics,
        usage: &UsageMetrics,
        quotas: &QuotaMetrics,
        logins: &LoginMetrics,
    ) -> Self {
        let mut registry = Registry::with_prefix("headrace_broker");
        storage.register(&mut registry);
        fetch_sessions.register(&mut registry);
        groups.register(&mut registry);
        transactions.register(&mut registry);
        usage.register(&mut registry);
        quotas.register(&mut registry);
        logins.register(&mut registry);
        let requests = Family::default();
        let request_seconds: Family<_, _, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(REQUEST_SECONDS));
        let (bytes_received, bytes_sent) = (Counter::default(), Counter::default());
        let request_waits = RequestWaits::default();
        let (connections, connections_before_login) = (Gauge::default(), Gauge::default());
        let (connections_refused, connections_closed) = (Family::default(), Family::default());
        registry.register("requests", "Requests by API", Family::clone(&requests));
        registry.register(
            "request_seconds",
            "How long requests took, waiting included",
            Family::clone(&request_seconds),
        );
        registry.register("received_bytes", "Bytes of request frames", Counter::clone(&bytes_received));
        registry.register("sent_bytes", "Bytes of response frames", Counter::clone(&bytes_sent));
        registry.register(
            "request_memory_waits",
            "Requests that were not read at once for want of memory, by what was short",
            Family::clone(&request_waits),
        );
        registry.register("connections", "Open connections", Gauge::clone(&connections));
        registry.register(
            "connections_before_login",
            "Open connections of clients that have not logged in",
            Gauge::clone(&connections_before_login),
        );
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
            request_seconds,
            bytes_received,
            bytes_sent,
            request_waits,
            connections,
            connections_before_login,
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

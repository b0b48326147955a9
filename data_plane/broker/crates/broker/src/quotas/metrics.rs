//! What is counted of quotas.

use std::time::Duration;

use headrace_quotas::QuotaKey;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// Held by a limit of the plan.
pub(super) const PLAN: &str = "plan";
/// Held by a quota of a user, a client id or an address.
pub(super) const CLIENT: &str = "client";

/// Which rate was used up, and whose it was.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct QuotaLabels {
    quota: &'static str,
    by: &'static str,
}

/// The gauges and counters of quotas.
#[derive(Debug, Default)]
pub(crate) struct QuotaMetrics {
    pub(super) entities: Gauge,
    pub(super) subjects: Gauge,
    throttled: Family<QuotaLabels, Counter>,
    throttled_ms: Family<QuotaLabels, Counter>,
}

impl QuotaMetrics {
    /// Adds all of them to a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("quota_entities", "Entities with quotas of their own", self.entities.clone());
        registry.register("quota_subjects", "Clients whose use is counted apart", self.subjects.clone());
        let throttled = "Requests and connections that a rate made wait or refused";
        registry.register("throttled", throttled, self.throttled.clone());
        let waited = "Milliseconds that they were told to wait";
        registry.register("throttled_milliseconds", waited, self.throttled_ms.clone());
    }

    /// Counts a wait, if it is one.
    pub(super) fn throttle(&self, key: QuotaKey, by: &'static str, wait: Duration) {
        if wait > Duration::ZERO {
            let labels = QuotaLabels { quota: key.name(), by };
            self.throttled.get_or_create(&labels).inc();
            self.throttled_ms
                .get_or_create(&labels)
                .inc_by(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        }
    }
}

//! What the coordinator counts.

use headrace_groups::GroupTotals;
use headrace_types::ErrorCode;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::metrics::ReasonLabels;

/// The gauges and counters of groups.
#[derive(Debug, Default)]
pub(crate) struct GroupMetrics {
    groups: Gauge,
    members: Gauge,
    offsets: Gauge,
    /// Joins and commits refused by a limit.
    refused: Family<ReasonLabels, Counter>,
}

impl GroupMetrics {
    /// Adds all of them to a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("groups", "Consumer groups", self.groups.clone());
        registry.register("group_members", "Members of consumer groups", self.members.clone());
        registry.register("committed_offsets", "Offsets that groups have committed", self.offsets.clone());
        registry.register(
            "group_requests_refused",
            "Joins and commits refused by a limit",
            self.refused.clone(),
        );
    }

    /// Takes note of what there is now.
    pub(super) fn observe(&self, totals: GroupTotals) {
        let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.groups.set(gauge(totals.groups));
        self.members.set(gauge(totals.members));
        self.offsets.set(gauge(totals.offsets));
    }

    /// Counts an answer if it says that a limit is reached.
    pub(super) fn count(&self, answer: ErrorCode) {
        let reason = match answer {
            ErrorCode::GroupMaxSizeReached => "members_per_group_max",
            ErrorCode::PolicyViolation => "groups_or_offsets_max",
            ErrorCode::OffsetMetadataTooLarge => "offset_metadata_bytes_max",
            _ => return,
        };
        self.refused.get_or_create(&ReasonLabels { reason }).inc();
    }
}

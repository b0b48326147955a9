//! Features of the cluster (KIP-584): what it can do in which version, and in which version it does it.

use headrace_protocol::messages::api_versions_response::{FinalizedFeatureKey, SupportedFeatureKey};

/// A feature that clients ask for by its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Feature {
    pub(super) name: &'static str,
    /// The first version that there is; below it the feature is off.
    pub(super) first: i16,
    pub(super) last: i16,
    /// The version in force, the same on every cluster.
    pub(super) finalized: i16,
}

/// Every feature, by name. From `transaction.version` 2 on every transaction has an epoch of its own (KIP-890); clients that do not
/// know it speak the protocol before.
pub(super) const FEATURES: &[Feature] =
    &[Feature { name: "transaction.version", first: 0, last: 2, finalized: 2 }];

/// How often features have changed; -1 where there are none.
pub(super) const EPOCH: i64 = if FEATURES.is_empty() { -1 } else { 0 };

/// What could be in force.
pub(super) fn supported() -> Vec<SupportedFeatureKey<'static>> {
    let row = |feature: &Feature| SupportedFeatureKey {
        name: feature.name.into(),
        min_version: feature.first,
        max_version: feature.last,
    };
    FEATURES.iter().map(row).collect()
}

/// What is in force.
pub(super) fn finalized() -> Vec<FinalizedFeatureKey<'static>> {
    let row = |feature: &Feature| FinalizedFeatureKey {
        name: feature.name.into(),
        max_version_level: feature.finalized,
        min_version_level: feature.finalized,
    };
    FEATURES.iter().map(row).collect()
}

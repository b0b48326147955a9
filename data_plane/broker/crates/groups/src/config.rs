//! Settings and limits of the coordinator.

use std::ops::RangeInclusive;

use bytes::Bytes;

/// Reads the topics out of what a consumer joined with; none, if it can not be read, means that it may read anything.
pub type ReadSubscription = fn(&Bytes) -> Option<Vec<String>>;

/// Longest group id, in bytes.
pub(crate) const GROUP_ID_BYTES_MAX: usize = 1024;
/// Longest group instance id, in bytes (Kafka's rule for it is that of topic names).
pub(crate) const INSTANCE_ID_BYTES_MAX: usize = 249;
/// How much of a client id goes into a member id, in bytes.
pub(crate) const CLIENT_ID_BYTES_IN_MEMBER_ID_MAX: usize = 255;
/// How long a new member may wait for its first join to complete (Apache Kafka's constant of the same meaning).
pub(crate) const NEW_MEMBER_TIMEOUT_MS: u64 = 5 * 60 * 1000;
/// How often groups that hold nothing and offsets that have expired are looked for.
pub(crate) const SWEEP_INTERVAL_MS: u64 = 10 * 60 * 1000;

/// Settings and limits; the names are those of Apache Kafka's broker settings where there is one.
#[derive(Clone, Debug)]
pub struct GroupConfig {
    /// `group.min.session.timeout.ms` to `group.max.session.timeout.ms`.
    pub session_timeout_ms: RangeInclusive<i32>,
    /// `group.initial.rebalance.delay.ms`: how long an empty group waits for more members than its first.
    pub initial_rebalance_delay_ms: u64,
    /// `group.max.size`, pending members included.
    pub members_per_group_max: usize,
    /// Most groups; a new one beyond it is `POLICY_VIOLATION`.
    pub groups_max: usize,
    /// Most bytes of one member's protocols.
    pub member_metadata_bytes_max: usize,
    /// Most bytes that the members of all groups hold together: names, protocols and assignments.
    pub members_bytes_max: usize,
    /// Most committed offsets of all groups together.
    pub offsets_max: usize,
    /// `offset.metadata.max.bytes`.
    pub offset_metadata_bytes_max: usize,
    /// Most bytes of topic names and metadata of all committed offsets together.
    pub offsets_bytes_max: usize,
    /// `offsets.retention.minutes` (KIP-211): counted from the commit, and where the members have left from when the last one did.
    /// While a group of consumers has members, only offsets of topics that none of them subscribes to expire.
    pub offsets_retention_ms: i64,
    /// How subscriptions are read.
    pub subscription: ReadSubscription,
}

impl Default for GroupConfig {
    fn default() -> Self {
        Self {
            session_timeout_ms: 6_000..=1_800_000,
            initial_rebalance_delay_ms: 500,
            members_per_group_max: 1_000,
            groups_max: 500,
            member_metadata_bytes_max: 1024 * 1024,
            members_bytes_max: 32 * 1024 * 1024,
            offsets_max: 100_000,
            offset_metadata_bytes_max: 4096,
            offsets_bytes_max: 32 * 1024 * 1024,
            offsets_retention_ms: 7 * 24 * 60 * 60 * 1000,
            subscription: |_| None,
        }
    }
}

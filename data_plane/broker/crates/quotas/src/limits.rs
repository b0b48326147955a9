//! Limits of what clients may have this crate remember.

/// Most entities with quotas of their own.
pub const QUOTA_ENTITIES_MAX: usize = 1_000;
/// Longest name of a user or client id in a quota, in bytes.
pub const QUOTA_NAME_BYTES_MAX: usize = 256;
/// Most buckets that are kept apart; what further subjects do counts against one bucket that they share.
pub const QUOTA_BUCKETS_MAX: usize = 10_000;
/// How much of its rate a client may use at once after a rest, in seconds: Apache Kafka's eleven samples of a second.
pub const BURST_SECONDS: f64 = 10.0;

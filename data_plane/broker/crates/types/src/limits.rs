//! Limits that more than one broker crate has to agree on. Limits of one crate live in that crate.

/// Longest topic name, in bytes (Kafka: 249, so that `name-partition` fits a file name).
pub const TOPIC_NAME_BYTES_MAX: usize = 249;

/// Most records that one batch may declare.
pub const RECORDS_PER_BATCH_MAX: i32 = 1_000_000;

/// Most partitions that one topic may have.
pub const PARTITIONS_PER_TOPIC_MAX: i32 = 10_000;

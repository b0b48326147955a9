//! What a principal may do, as bits numbered by Kafka's `AclOperation` (KIP-430). Without access rules everyone who has logged in
//! may do everything that is served.

/// "Not asked for".
pub(super) const NOT_ASKED: i32 = i32::MIN;

const READ: i32 = 1 << 3;
const WRITE: i32 = 1 << 4;
const CREATE: i32 = 1 << 5;
const DELETE: i32 = 1 << 6;
const ALTER: i32 = 1 << 7;
const DESCRIBE: i32 = 1 << 8;
const DESCRIBE_CONFIGS: i32 = 1 << 10;
const ALTER_CONFIGS: i32 = 1 << 11;
const IDEMPOTENT_WRITE: i32 = 1 << 12;

const ON_TOPICS: i32 = READ | WRITE | CREATE | DELETE | ALTER | DESCRIBE | DESCRIBE_CONFIGS | ALTER_CONFIGS;
const ON_GROUPS: i32 = READ | DELETE | DESCRIBE;
const ON_CLUSTER: i32 = CREATE | ALTER | DESCRIBE | DESCRIBE_CONFIGS | ALTER_CONFIGS | IDEMPOTENT_WRITE;

/// What may be done with a topic, if it is asked.
pub(super) fn on_topic(asked: bool) -> i32 {
    if asked { ON_TOPICS } else { NOT_ASKED }
}

/// What may be done with a consumer group, if it is asked.
pub(super) fn on_group(asked: bool) -> i32 {
    if asked { ON_GROUPS } else { NOT_ASKED }
}

/// What may be done with the cluster, if it is asked.
pub(super) fn on_cluster(asked: bool) -> i32 {
    if asked { ON_CLUSTER } else { NOT_ASKED }
}

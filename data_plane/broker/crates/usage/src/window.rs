//! A window as it is stored and served.

use headrace_types::{PartitionIndex, TopicId, TopicPartition};
use serde::{Deserialize, Serialize};

/// Bytes and records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantity {
    /// Bytes of record batches as they lie in the log, headers included.
    pub bytes: u64,
    /// Records.
    pub records: u64,
}

/// What happened in one span of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// 1, 2, 3 and so on.
    pub id: u64,
    /// First millisecond of the window, since the Unix epoch.
    pub started_at_ms: i64,
    /// First millisecond after the window.
    pub ended_at_ms: i64,
    /// For how much of the window the broker is known to have run.
    pub running_ms: i64,
    /// Bytes of all segments at the window's end.
    pub stored_bytes: u64,
    /// Partitions at the window's end.
    pub partitions: u64,
    /// Connections at the window's end.
    pub connections: u64,
    /// What was appended, by partition; a partition without appends is not listed.
    pub appended: Vec<Range>,
    /// Requests and reads, by topic and principal.
    pub traffic: Vec<Traffic>,
}

/// What was appended to one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The topic.
    #[serde(with = "crate::topic_id")]
    pub topic_id: TopicId,
    /// Its name.
    pub topic: String,
    /// The partition's index.
    pub partition: i32,
    /// The end of the range before it.
    pub first_offset: i64,
    /// The offset after its last record.
    pub next_offset: i64,
    /// Bytes of its batches.
    pub bytes: u64,
    /// Its records.
    pub records: u64,
    /// Who appended how much of it; the parts make up the whole.
    pub by_principal: Vec<Share>,
}

/// One principal's part of a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Who appended it.
    pub principal: String,
    /// Bytes of its batches.
    pub bytes: u64,
    /// Its records.
    pub records: u64,
}

/// What one principal asked of one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// The topic.
    #[serde(with = "crate::topic_id")]
    pub topic_id: TopicId,
    /// Its name.
    pub topic: String,
    /// Who asked.
    pub principal: String,
    /// Bytes of record batches in answers to fetches.
    pub read_bytes: u64,
    /// Fetches of the topic that were answered without an error.
    pub read_requests: u64,
    /// Produce requests that appended to the topic.
    pub produce_requests: u64,
}

impl Range {
    /// The partition that the range belongs to.
    #[must_use]
    pub fn log(&self) -> TopicPartition {
        TopicPartition { topic: self.topic_id, partition: PartitionIndex::new(self.partition) }
    }
}

impl Window {
    /// The range of one partition.
    #[must_use]
    pub fn range_of(&self, log: TopicPartition) -> Option<&Range> {
        self.appended.iter().find(|range| range.log() == log)
    }

    /// Whether the window counts anything of a topic.
    #[must_use]
    pub fn names(&self, topic: TopicId) -> bool {
        self.appended.iter().any(|range| range.topic_id == topic)
            || self.traffic.iter().any(|traffic| traffic.topic_id == topic)
    }
}

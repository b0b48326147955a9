//! How the committer finds logs.

use headrace_log::PartitionLog;
use headrace_types::TopicPartition;

/// The logs of a broker.
pub trait Logs {
    /// The log of a partition; `None` if there is no such partition or it is offline.
    fn log(&mut self, partition: TopicPartition) -> Option<&mut PartitionLog>;

    /// Whether there is such a partition and its log can not be opened.
    fn is_offline(&self, partition: TopicPartition) -> bool;
}

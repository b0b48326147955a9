//! Identifiers, error codes and limits that every broker crate shares. No I/O, no clock, no allocation policy.

pub mod error_code;
pub mod ids;
pub mod kept;
pub mod limits;
pub mod topic_name;

pub use error_code::ErrorCode;
pub use ids::{LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, TopicId, TopicPartition};
pub use kept::{Record, RecordError};
pub use topic_name::{TopicName, TopicNameError};

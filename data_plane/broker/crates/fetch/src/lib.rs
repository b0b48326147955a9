//! Incremental fetch sessions (KIP-227): what a client fetches is kept here, so that it only tells, and is only told, what
//! has changed.
//!
//! A pure state machine. Requests, what was read and the time go in; what is to be read and what is to be told come out.
//! The rules are those of Apache Kafka's cache of sessions; what differs is said where it differs.

mod cache;
mod partitions;
mod request;
mod session;

pub use cache::{SessionConfig, SessionTotals, Sessions};
pub use request::{Ask, Begun, PartitionKey, PartitionState, SessionRequest, Told, TopicKey};

//! The coordinator of classic consumer groups: who is a member, who leads, who reads what, and how far each group has read.
//!
//! A pure state machine. Requests and the time go in; answers, records to persist and the time of the next timer come out.
//! Whoever drives it keeps one promise: **the answers of a turn are sent only after its records are durable**, in the order
//! in which they came out. In return the state may be read at once.
//!
//! The rules are those of Apache Kafka's classic coordinator (KIP-62, KIP-134, KIP-345, KIP-394, KIP-814); what differs is
//! said where it differs.

mod answers;
mod config;
mod coordinator;
mod describe;
mod fork;
mod group;
mod join;
mod leave;
mod member;
mod offsets;
mod pending;
mod rebalance;
mod records;
mod requests;
mod sync;
mod time;
mod turn;

pub use answers::{
    FetchedOffset, FetchedTopic, GroupDescription, GroupListing, JoinAnswer, JoinedMember, MemberDescription,
    SyncAnswer,
};
pub use config::{GroupConfig, ReadSubscription};
pub use coordinator::{Coordinator, GroupTotals};
pub use fork::ForkedPartition;
pub use group::GroupState;
pub use offsets::CommittedOffset;
pub use pending::Transactor;
pub use requests::{
    CommitRequest, Departure, HeartbeatRequest, JoinRequest, OffsetCommit, Protocol, SyncRequest,
    TopicSelection,
};
pub use time::Now;
pub use turn::{Effects, GroupEvent, Waiter};

//! What the coordinator is asked: the requests of the wire protocol, without their versions.

use bytes::Bytes;
use headrace_types::TopicId;
use uuid::Uuid;

use crate::pending::Transactor;

/// A protocol that a member can follow, with what it tells the leader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Name of the assignor.
    pub name: String,
    /// Opaque to the coordinator: the member's subscription.
    pub metadata: Bytes,
}

/// `JoinGroup`
#[derive(Clone, Debug)]
pub struct JoinRequest {
    /// The group.
    pub group_id: String,
    /// Empty for a member that has no id yet.
    pub member_id: String,
    /// Set for a static member (KIP-345).
    pub instance_id: Option<String>,
    /// From the request header.
    pub client_id: String,
    /// Address of the client.
    pub client_host: String,
    /// What kind of group this is; `consumer` for consumers.
    pub protocol_type: String,
    /// In the member's order of preference.
    pub protocols: Vec<Protocol>,
    /// How long the group waits for a heartbeat.
    pub session_timeout_ms: i32,
    /// How long the group waits for the member to join again; version 0 has the session timeout here.
    pub rebalance_timeout_ms: i32,
    /// From version 4 on a new dynamic member is first told its id (KIP-394).
    pub requires_known_member: bool,
    /// From version 9 on a leader can be told not to assign (KIP-814).
    pub may_skip_assignment: bool,
    /// Fresh randomness, for the id of a new member.
    pub fresh_id: Uuid,
}

/// `SyncGroup`
#[derive(Clone, Debug)]
pub struct SyncRequest {
    /// The group.
    pub group_id: String,
    /// The member.
    pub member_id: String,
    /// Set for a static member.
    pub instance_id: Option<String>,
    /// The generation that the member joined.
    pub generation: i32,
    /// From version 5 on: must be the group's.
    pub protocol_type: Option<String>,
    /// From version 5 on: must be the group's.
    pub protocol_name: Option<String>,
    /// From the leader: assignments by member id.
    pub assignments: Vec<(String, Bytes)>,
}

/// `Heartbeat`
#[derive(Clone, Debug)]
pub struct HeartbeatRequest {
    /// The group.
    pub group_id: String,
    /// The member.
    pub member_id: String,
    /// Set for a static member.
    pub instance_id: Option<String>,
    /// The generation that the member joined.
    pub generation: i32,
}

/// One member of a `LeaveGroup` request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// May be empty when the instance id is given.
    pub member_id: String,
    /// Set for a static member.
    pub instance_id: Option<String>,
}

/// `OffsetCommit`
#[derive(Clone, Debug)]
pub struct CommitRequest {
    /// The group.
    pub group_id: String,
    /// Empty when committed from outside the group.
    pub member_id: String,
    /// Set for a static member.
    pub instance_id: Option<String>,
    /// -1 when committed from outside the group.
    pub generation: i32,
    /// Whether the request's version has `GROUP_ID_NOT_FOUND` (from 9 on).
    pub knows_group_id_not_found: bool,
    /// Set for `TxnOffsetCommit`: the offsets count once the transaction has committed.
    pub transactor: Option<Transactor>,
    /// What is committed; the topics and partitions are known to exist.
    pub offsets: Vec<OffsetCommit>,
}

/// One offset to commit.
#[derive(Clone, Debug)]
pub struct OffsetCommit {
    /// Name of the topic.
    pub topic: String,
    /// Id that the topic has now.
    pub topic_id: TopicId,
    /// Partition of the topic.
    pub partition: i32,
    /// The next offset to read.
    pub offset: i64,
    /// Leader epoch of the last record read; -1 if unknown.
    pub leader_epoch: i32,
    /// The client's own note.
    pub metadata: String,
}

/// Partitions of one topic, in `OffsetFetch`.
#[derive(Clone, Debug)]
pub struct TopicSelection {
    /// Name of the topic.
    pub topic: String,
    /// Partitions of the topic.
    pub partitions: Vec<i32>,
}

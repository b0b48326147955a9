//! What the coordinator answers.

use bytes::Bytes;
use headrace_types::ErrorCode;

use crate::group::GroupState;
use crate::offsets::CommittedOffset;

/// Generation in answers that have none.
const NO_GENERATION: i32 = -1;

/// Answer to a request to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinAnswer {
    /// Why the member did not join.
    pub error: ErrorCode,
    /// The generation that the member joined.
    pub generation: i32,
    /// What kind of group it is.
    pub protocol_type: Option<String>,
    /// The protocol that all members can follow.
    pub protocol_name: Option<String>,
    /// Member id of the leader.
    pub leader: String,
    /// Tells the leader to keep the assignment.
    pub skip_assignment: bool,
    /// The member's own id.
    pub member_id: String,
    /// For the leader: every member. Empty for the others.
    pub members: Vec<JoinedMember>,
}

impl JoinAnswer {
    /// An answer that says only why there is no other.
    #[must_use]
    pub fn refusal(error: ErrorCode, member_id: &str) -> Self {
        Self {
            error,
            generation: NO_GENERATION,
            protocol_type: None,
            protocol_name: None,
            leader: String::new(),
            skip_assignment: false,
            member_id: member_id.to_owned(),
            members: Vec::new(),
        }
    }
}

/// A member as the leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedMember {
    /// The member.
    pub member_id: String,
    /// Set for a static member.
    pub instance_id: Option<String>,
    /// Its subscription under the chosen protocol.
    pub metadata: Bytes,
}

/// Answer to a request to sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncAnswer {
    /// Why there is no assignment.
    pub error: ErrorCode,
    /// What kind of group it is.
    pub protocol_type: Option<String>,
    /// The protocol of this generation.
    pub protocol_name: Option<String>,
    /// What the leader assigned to the member.
    pub assignment: Bytes,
}

impl SyncAnswer {
    /// An answer that says only why there is no other.
    #[must_use]
    pub fn refusal(error: ErrorCode) -> Self {
        Self { error, protocol_type: None, protocol_name: None, assignment: Bytes::new() }
    }
}

/// Committed offsets of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedTopic {
    /// Name of the topic.
    pub topic: String,
    /// The partitions that were asked for.
    pub partitions: Vec<FetchedOffset>,
}

/// Committed offset of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedOffset {
    /// The partition.
    pub partition: i32,
    /// None where nothing is committed.
    pub committed: Option<CommittedOffset>,
    /// Whether a transaction that has not ended commits another one.
    pub is_unstable: bool,
}

/// A group in `ListGroups`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupListing {
    /// The group.
    pub group_id: String,
    /// What kind of group it is; empty where there never was a member.
    pub protocol_type: String,
    /// Where it stands.
    pub state: GroupState,
}

/// A group in `DescribeGroups`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// Where it stands.
    pub state: GroupState,
    /// What kind of group it is; empty where there never was a member.
    pub protocol_type: String,
    /// The protocol of this generation; empty while there is none.
    pub protocol_name: String,
    /// The members.
    pub members: Vec<MemberDescription>,
}

/// A member in `DescribeGroups`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberDescription {
    /// The member.
    pub member_id: String,
    /// Set for a static member.
    pub instance_id: Option<String>,
    /// As the client names itself.
    pub client_id: String,
    /// Address of the client.
    pub client_host: String,
    /// Its subscription under the chosen protocol.
    pub metadata: Bytes,
    /// What the leader assigned to it.
    pub assignment: Bytes,
}

//! A group: its members, its generation and its offsets.

use std::collections::BTreeMap;
use std::fmt;

use headrace_types::ErrorCode;

use crate::answers::{JoinAnswer, JoinedMember};
use crate::member::Member;
use crate::offsets::Offsets;
use crate::pending::Pending;
use crate::records::{self, GroupRecord, MemberRecord, RecordedState};
use crate::time::Now;
use crate::turn::Turn;

/// Where a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// No member; there may be offsets.
    Empty,
    /// Waits for the members to join the next generation.
    PreparingRebalance,
    /// Waits for the leader's assignment.
    CompletingRebalance,
    /// Every member can have its assignment.
    Stable,
}

impl GroupState {
    /// The name that Kafka's tools show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

impl fmt::Display for GroupState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// The one timer of a group besides those of its members; which one it is goes with the state.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RebalanceTimer {
    /// An empty group waits for more members; it may wait `remaining_ms` longer if some come.
    InitialJoin { at_ms: u64, remaining_ms: u64 },
    /// Members that do not join in time are given up.
    Join { at_ms: u64 },
    /// Members that do not sync in time are given up.
    Sync { at_ms: u64 },
}

impl RebalanceTimer {
    pub(crate) fn at_ms(self) -> u64 {
        match self {
            Self::InitialJoin { at_ms, .. } | Self::Join { at_ms } | Self::Sync { at_ms } => at_ms,
        }
    }
}

/// What a group adds to the totals of its coordinator.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) members: usize,
    pub(crate) bytes: usize,
}

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) state: GroupState,
    pub(crate) generation: i32,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol_name: Option<String>,
    pub(crate) leader: Option<String>,
    pub(crate) members: BTreeMap<String, Member>,
    /// Member ids of static members by their instance ids.
    pub(crate) static_members: BTreeMap<String, String>,
    /// Ids given out that have not joined yet, with the time at which each is forgotten.
    pub(crate) pending: BTreeMap<String, u64>,
    pub(crate) timer: Option<RebalanceTimer>,
    /// Whether somebody joined since the initial timer was set.
    pub(crate) new_member_joined: bool,
    pub(crate) offsets: Offsets,
    pub(crate) pending_offsets: Pending,
    /// When the last member left; none where there never was one.
    pub(crate) empty_since_ms: Option<i64>,
    /// Whether a record of the group is on disk.
    pub(crate) recorded: bool,
    /// Kept by the coordinator: when the group's next timer is due.
    pub(crate) wake_at_ms: Option<u64>,
    /// Kept by the coordinator: what the group was last counted with.
    pub(crate) counted: Counted,
}

impl Group {
    pub(crate) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            state: GroupState::Empty,
            generation: 0,
            protocol_type: None,
            protocol_name: None,
            leader: None,
            members: BTreeMap::new(),
            static_members: BTreeMap::new(),
            pending: BTreeMap::new(),
            timer: None,
            new_member_joined: false,
            offsets: Offsets::default(),
            pending_offsets: Pending::default(),
            empty_since_ms: None,
            recorded: false,
            wake_at_ms: None,
            counted: Counted::default(),
        }
    }

    /// Whether nothing would be lost without the group.
    pub(crate) fn holds_nothing(&self) -> bool {
        self.state == GroupState::Empty
            && self.pending.is_empty()
            && self.offsets.is_empty()
            && self.pending_offsets.is_empty()
    }

    pub(crate) fn is_leader(&self, member_id: &str) -> bool {
        self.leader.as_deref() == Some(member_id)
    }

    /// Bytes that members and given-out ids keep in memory, near enough to hold a limit.
    pub(crate) fn members_bytes(&self) -> usize {
        let members: usize = self.members.iter().map(|(id, member)| id.len() + member.bytes()).sum();
        members + self.pending.keys().map(String::len).sum::<usize>()
    }

    /// Checks that a request speaks for a current member: with an instance id the member id must be the one that the instance
    /// has now (KIP-345).
    pub(crate) fn check_member(&self, member_id: &str, instance_id: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance) = instance_id {
            return match self.static_members.get(instance) {
                None => Err(ErrorCode::UnknownMemberId),
                Some(current) if current != member_id => Err(ErrorCode::FencedInstanceId),
                Some(_) => Ok(()),
            };
        }
        if self.members.contains_key(member_id) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    pub(crate) fn check_generation(&self, generation: i32) -> Result<(), ErrorCode> {
        if generation == self.generation { Ok(()) } else { Err(ErrorCode::IllegalGeneration) }
    }

    /// Gives a member another full session.
    pub(crate) fn renew_session(&mut self, member_id: &str, now: Now) {
        if let Some(member) = self.members.get_mut(member_id) {
            member.session_deadline_ms = now.after_ms(member.session_timeout_ms);
        }
    }

    pub(crate) fn heartbeat(&mut self, member_id: &str, now: Now) -> ErrorCode {
        self.renew_session(member_id, now);
        match self.state {
            GroupState::Empty => ErrorCode::UnknownMemberId,
            GroupState::PreparingRebalance => ErrorCode::RebalanceInProgress,
            GroupState::CompletingRebalance | GroupState::Stable => ErrorCode::None,
        }
    }

    /// The longest time that a member asks the group to wait for it.
    pub(crate) fn rebalance_timeout_ms(&self) -> u64 {
        self.members.values().map(|member| member.rebalance_timeout_ms).max().unwrap_or(0)
    }

    /// The answer that a member of the current generation gets to a join.
    pub(crate) fn join_answer(&self, member_id: &str) -> JoinAnswer {
        let members = if self.is_leader(member_id) { self.joined_members() } else { Vec::new() };
        JoinAnswer {
            error: ErrorCode::None,
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol_name.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            skip_assignment: false,
            member_id: member_id.to_owned(),
            members,
        }
    }

    pub(crate) fn joined_members(&self) -> Vec<JoinedMember> {
        let protocol = self.protocol_name.as_deref();
        let joined = |(id, member): (&String, &Member)| JoinedMember {
            member_id: id.clone(),
            instance_id: member.instance_id.clone(),
            metadata: member.metadata(protocol),
        };
        self.members.iter().map(joined).collect()
    }

    /// When the next of the group's timers is due, on the monotonic clock.
    pub(crate) fn next_deadline_ms(&self) -> Option<u64> {
        let sessions = self.members.values().map(|member| member.session_deadline_ms);
        let pending = self.pending.values().copied();
        let rebalance = self.timer.iter().map(|timer| timer.at_ms());
        sessions.chain(pending).chain(rebalance).min()
    }

    pub(crate) fn record(&self) -> GroupRecord {
        let protocol = self.protocol_name.as_deref();
        let member = |(id, member): (&String, &Member)| MemberRecord {
            member_id: id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            session_timeout_ms: member.session_timeout_ms,
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            metadata: member.metadata(protocol),
            assignment: member.assignment.clone(),
        };
        GroupRecord {
            state: match self.state {
                GroupState::Empty => RecordedState::Empty,
                GroupState::Stable => RecordedState::Stable,
                GroupState::PreparingRebalance | GroupState::CompletingRebalance => {
                    RecordedState::Rebalancing
                }
            },
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol_name.clone(),
            leader: self.leader.clone(),
            empty_since_ms: self.empty_since_ms,
            members: self.members.iter().map(member).collect(),
        }
    }

    /// Persists the group as it is now.
    pub(crate) fn persist(&mut self, turn: &mut Turn<'_>) {
        self.recorded = true;
        turn.persist(records::put_group(&self.id, &self.record()));
    }
}

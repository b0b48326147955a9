//! All groups of a broker.

use std::collections::{BTreeMap, BTreeSet};

use headrace_types::{ErrorCode, Record, RecordError, TopicId};

use crate::answers::{FetchedTopic, GroupDescription, GroupListing, JoinAnswer, SyncAnswer};
use crate::config::{GROUP_ID_BYTES_MAX, GroupConfig, INSTANCE_ID_BYTES_MAX, SWEEP_INTERVAL_MS};
use crate::group::{Counted, Group, GroupState, RebalanceTimer};
use crate::member::{Member, protocols_bytes};
use crate::offsets::{CommittedOffset, OffsetTotals};
use crate::pending::Transactor;
use crate::records::{self, Change, GroupRecord, MemberRecord, RecordedState};
use crate::requests::{
    CommitRequest, Departure, HeartbeatRequest, JoinRequest, Protocol, SyncRequest, TopicSelection,
};
use crate::time::Now;
use crate::turn::{Effects, Turn, Waiter};

/// How much a coordinator holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupTotals {
    /// Groups, those without members included.
    pub groups: usize,
    /// Members of all groups.
    pub members: usize,
    /// Committed offsets of all groups.
    pub offsets: usize,
}

/// The coordinator of all classic groups of a broker.
#[derive(Debug)]
pub struct Coordinator {
    config: GroupConfig,
    groups: BTreeMap<String, Group>,
    /// Groups by the time of their next timer.
    timers: BTreeSet<(u64, String)>,
    sweep_at_ms: u64,
    members: usize,
    members_bytes: usize,
    offsets: OffsetTotals,
}

impl Coordinator {
    /// A coordinator without groups.
    #[must_use]
    pub fn new(config: GroupConfig) -> Self {
        Self {
            config,
            groups: BTreeMap::new(),
            timers: BTreeSet::new(),
            sweep_at_ms: 0,
            members: 0,
            members_bytes: 0,
            offsets: OffsetTotals::default(),
        }
    }

    /// Takes one persisted record, in the order in which they were persisted; before anything else is asked.
    pub fn replay(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RecordError> {
        match records::decode(key, value)? {
            Change::Offset { group, topic, partition, value: Some(offset) } => {
                let mut totals = self.offsets;
                self.group(&group).offsets.put(&topic, partition, offset, &mut totals);
                self.offsets = totals;
            }
            Change::Offset { group, topic, partition, value: None } => {
                if let Some(group) = self.groups.get_mut(&group) {
                    group.offsets.remove(&topic, partition, &mut self.offsets);
                }
            }
            Change::Group { group, value: Some(record) } => self.group(&group).restore(record),
            Change::Group { group, value: None } => {
                if let Some(group) = self.groups.get_mut(&group) {
                    *group = Group {
                        offsets: std::mem::take(&mut group.offsets),
                        pending_offsets: std::mem::take(&mut group.pending_offsets),
                        ..Group::new(&group.id)
                    };
                }
            }
            Change::PendingOffset { group, transactor, topic, partition, value } => {
                let mut totals = self.offsets;
                let pending = &mut self.group(&group).pending_offsets;
                match value {
                    Some(offset) => pending.put(transactor, &topic, partition, offset, &mut totals),
                    None => pending.remove(transactor, &topic, partition, &mut totals),
                }
                self.offsets = totals;
            }
            Change::TransactionEnd { group, producer_id, is_commit } => {
                if let Some(group) = self.groups.get_mut(&group) {
                    group.apply_end(producer_id, is_commit, &mut self.offsets);
                }
            }
        }
        Ok(())
    }

    /// Ends the replay: from now on the sessions of the members run, each with its full time.
    pub fn start(&mut self, now: Now) {
        self.groups.retain(|_, group| group.recorded || !group.holds_nothing());
        self.sweep_at_ms = now.after_ms(SWEEP_INTERVAL_MS);
        let ids: Vec<String> = self.groups.keys().cloned().collect();
        for id in ids {
            if let Some(group) = self.groups.get_mut(&id) {
                group.resume(now);
            }
            self.settle(&id);
        }
    }

    /// Records that say all there is to say, for a log that begins anew.
    pub fn snapshot(&self) -> impl Iterator<Item = Record> {
        self.groups.values().flat_map(|group| {
            let itself = group.recorded.then(|| records::put_group(&group.id, &group.record()));
            let offsets = group.offsets.iter();
            let offsets = offsets
                .map(|(topic, partition, offset)| records::put_offset(&group.id, topic, partition, offset));
            let pending = group.pending_offsets.iter();
            let pending = pending.map(|(transactor, topic, partition, offset)| {
                records::put_pending(&group.id, transactor, topic, partition, offset)
            });
            itself.into_iter().chain(offsets).chain(pending)
        })
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// How much there is.
    #[must_use]
    pub fn totals(&self) -> GroupTotals {
        GroupTotals { groups: self.groups.len(), members: self.members, offsets: self.offsets.count }
    }

    /// When `tick` is to be called next, on the monotonic clock.
    #[must_use]
    pub fn next_deadline_ms(&self) -> u64 {
        self.timers.first().map_or(self.sweep_at_ms, |(at_ms, _)| self.sweep_at_ms.min(*at_ms))
    }

    /// Does what is due by now.
    pub fn tick(&mut self, now: Now, effects: &mut Effects) {
        while let Some((at_ms, id)) = self.timers.first().cloned() {
            if at_ms > now.monotonic_ms {
                break;
            }
            self.with_group(&id, now, effects, Group::expire);
        }
        if self.sweep_at_ms <= now.monotonic_ms {
            self.sweep(now, effects);
        }
    }

    /// `JoinGroup`: the answer comes through `effects`, now or later.
    pub fn join(&mut self, request: &JoinRequest, waiter: Waiter, now: Now, effects: &mut Effects) {
        if let Err(error) = self.admit(request, now, effects) {
            return effects.joins.push((waiter, JoinAnswer::refusal(error, &request.member_id)));
        }
        self.with_group(&request.group_id, now, effects, |group, turn| group.join(request, waiter, turn));
    }

    /// `SyncGroup`: the answer comes through `effects`, now or later.
    pub fn sync(&mut self, request: &SyncRequest, waiter: Waiter, now: Now, effects: &mut Effects) {
        let assigned: usize = request.assignments.iter().map(|(_, assignment)| assignment.len()).sum();
        let refusal = if request.group_id.is_empty() {
            Some(ErrorCode::InvalidGroupId)
        } else if !self.groups.contains_key(&request.group_id) {
            Some(ErrorCode::UnknownMemberId)
        } else if self.members_bytes.saturating_add(assigned) > self.config.members_bytes_max {
            Some(ErrorCode::PolicyViolation)
        } else {
            None
        };
        if let Some(error) = refusal {
            return effects.syncs.push((waiter, SyncAnswer::refusal(error)));
        }
        self.with_group(&request.group_id, now, effects, |group, turn| group.sync(request, waiter, turn));
    }

    /// `Heartbeat`
    pub fn heartbeat(&mut self, request: &HeartbeatRequest, now: Now) -> ErrorCode {
        if request.group_id.is_empty() {
            return ErrorCode::InvalidGroupId;
        }
        let Some(group) = self.groups.get_mut(&request.group_id) else { return ErrorCode::UnknownMemberId };
        let checked = group
            .check_member(&request.member_id, request.instance_id.as_deref())
            .and_then(|()| group.check_generation(request.generation));
        match checked {
            Ok(()) => group.heartbeat(&request.member_id, now),
            Err(error) => error,
        }
    }

    /// `LeaveGroup`: one result for each member. A group that does not exist has none of them.
    pub fn leave(
        &mut self,
        group_id: &str,
        departures: &[Departure],
        now: Now,
        effects: &mut Effects,
    ) -> Vec<ErrorCode> {
        let left = self.with_group(group_id, now, effects, |group, turn| group.leave(departures, turn));
        left.unwrap_or_else(|| vec![ErrorCode::UnknownMemberId; departures.len()])
    }

    /// `OffsetCommit`: one result for each offset, or one for the request. Committing from outside makes the group.
    pub fn commit(
        &mut self,
        request: &CommitRequest,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Vec<ErrorCode>, ErrorCode> {
        if !self.groups.contains_key(&request.group_id) {
            self.admit_outside_commit(request, now, effects)?;
        }
        let Self { groups, config, offsets, .. } = self;
        let Some(group) = groups.get_mut(&request.group_id) else { return Err(ErrorCode::GroupIdNotFound) };
        group.commit(request, offsets, &mut Turn { now, config, effects })
    }

    /// Ends a producer's transaction in a group; nothing happens if it has committed no offset there, or has ended already.
    pub fn end_transaction(
        &mut self,
        group_id: &str,
        producer_id: i64,
        is_commit: bool,
        now: Now,
        effects: &mut Effects,
    ) {
        let Self { groups, config, offsets, .. } = self;
        if let Some(group) = groups.get_mut(group_id) {
            group.end_transaction(producer_id, is_commit, offsets, &mut Turn { now, config, effects });
        }
    }

    /// The transactions that have committed offsets and not ended, with their groups.
    pub fn transactions(&self) -> impl Iterator<Item = (&str, Transactor)> {
        self.groups.values().flat_map(|group| {
            group.pending_offsets.transactors().map(|transactor| (group.id.as_str(), transactor))
        })
    }

    /// `OffsetFetch`; no selection means all. A group that does not exist has committed nothing.
    #[must_use]
    pub fn fetch_offsets(&self, group_id: &str, selection: Option<&[TopicSelection]>) -> Vec<FetchedTopic> {
        match self.groups.get(group_id) {
            Some(group) => group.fetch_offsets(selection),
            None => Group::new(group_id).fetch_offsets(selection),
        }
    }

    /// `ListGroups`
    #[must_use]
    pub fn list(&self) -> Vec<GroupListing> {
        self.groups.values().map(Group::listing).collect()
    }

    /// `DescribeGroups`; none for a group that does not exist.
    #[must_use]
    pub fn describe(&self, group_id: &str) -> Option<GroupDescription> {
        self.groups.get(group_id).map(Group::describe)
    }

    /// `DeleteGroups`, for one group.
    pub fn delete(&mut self, group_id: &str, now: Now, effects: &mut Effects) -> ErrorCode {
        match self.groups.get(group_id) {
            None => ErrorCode::GroupIdNotFound,
            Some(group) if group.state != GroupState::Empty => ErrorCode::NonEmptyGroup,
            Some(_) => {
                self.remove_group(group_id, now, effects);
                ErrorCode::None
            }
        }
    }

    /// `OffsetDelete`: one result for each topic, or one for the request.
    pub fn delete_offsets(
        &mut self,
        group_id: &str,
        selection: &[TopicSelection],
        now: Now,
        effects: &mut Effects,
    ) -> Result<Vec<ErrorCode>, ErrorCode> {
        let Self { groups, config, offsets, .. } = self;
        let group = groups.get_mut(group_id).ok_or(ErrorCode::GroupIdNotFound)?;
        group.delete_offsets(selection, offsets, &mut Turn { now, config, effects })
    }

    /// Forgets the offsets of topics that are gone.
    pub fn forget_topics(&mut self, topics: &BTreeSet<TopicId>, now: Now, effects: &mut Effects) {
        let Self { groups, config, offsets, .. } = self;
        for group in groups.values_mut() {
            let is_gone = |offset: &CommittedOffset| topics.contains(&offset.topic_id);
            group.forget_offsets(|_, _, offset| is_gone(offset), offsets, &mut Turn { now, config, effects });
            group.forget_pending(is_gone, offsets, &mut Turn { now, config, effects });
        }
    }

    /// Checks what can be checked of a join without its group, and makes the group for a first member.
    fn admit(&mut self, request: &JoinRequest, now: Now, effects: &mut Effects) -> Result<(), ErrorCode> {
        check_group_id(&request.group_id)?;
        if !self.config.session_timeout_ms.contains(&request.session_timeout_ms) {
            return Err(ErrorCode::InvalidSessionTimeout);
        }
        if request.instance_id.as_ref().is_some_and(|id| id.is_empty() || id.len() > INSTANCE_ID_BYTES_MAX) {
            return Err(ErrorCode::InvalidRequest);
        }
        let bytes = protocols_bytes(&request.protocols);
        let total = self.members_bytes.saturating_add(bytes);
        if bytes > self.config.member_metadata_bytes_max || total > self.config.members_bytes_max {
            return Err(ErrorCode::PolicyViolation);
        }
        if self.groups.contains_key(&request.group_id) {
            return Ok(());
        }
        if request.member_id.is_empty() {
            self.make_group(&request.group_id, now, effects)
        } else {
            Err(ErrorCode::UnknownMemberId)
        }
    }

    fn admit_outside_commit(
        &mut self,
        request: &CommitRequest,
        now: Now,
        effects: &mut Effects,
    ) -> Result<(), ErrorCode> {
        // A group without a name may be committed to, as ever (KIP-289).
        if request.group_id.len() > GROUP_ID_BYTES_MAX {
            return Err(ErrorCode::InvalidGroupId);
        }
        if request.generation >= 0 {
            let error = if request.knows_group_id_not_found {
                ErrorCode::GroupIdNotFound
            } else {
                ErrorCode::IllegalGeneration
            };
            return Err(error);
        }
        self.make_group(&request.group_id, now, effects)
    }

    fn make_group(&mut self, group_id: &str, now: Now, effects: &mut Effects) -> Result<(), ErrorCode> {
        if self.groups.len() >= self.config.groups_max {
            self.sweep(now, effects);
        }
        if self.groups.len() >= self.config.groups_max {
            return Err(ErrorCode::PolicyViolation);
        }
        self.group(group_id);
        Ok(())
    }

    fn group(&mut self, group_id: &str) -> &mut Group {
        self.groups.entry(group_id.to_owned()).or_insert_with(|| Group::new(group_id))
    }

    /// Lets a group act, then brings what is kept about it up to date.
    fn with_group<T>(
        &mut self,
        group_id: &str,
        now: Now,
        effects: &mut Effects,
        act: impl FnOnce(&mut Group, &mut Turn<'_>) -> T,
    ) -> Option<T> {
        let group = self.groups.get_mut(group_id)?;
        let result = act(group, &mut Turn { now, config: &self.config, effects });
        self.settle(group_id);
        Some(result)
    }

    fn settle(&mut self, group_id: &str) {
        let Some(group) = self.groups.get_mut(group_id) else { return };
        let counted = Counted { members: group.members.len(), bytes: group.members_bytes() };
        self.members = self.members - group.counted.members + counted.members;
        self.members_bytes = self.members_bytes - group.counted.bytes + counted.bytes;
        group.counted = counted;
        let wake_at_ms = group.next_deadline_ms();
        if wake_at_ms == group.wake_at_ms {
            return;
        }
        if let Some(at_ms) = std::mem::replace(&mut group.wake_at_ms, wake_at_ms) {
            self.timers.remove(&(at_ms, group_id.to_owned()));
        }
        self.timers.extend(wake_at_ms.map(|at_ms| (at_ms, group_id.to_owned())));
    }

    /// Lets go of expired offsets and of groups that hold nothing.
    fn sweep(&mut self, now: Now, effects: &mut Effects) {
        self.sweep_at_ms = now.after_ms(SWEEP_INTERVAL_MS);
        let Self { groups, config, offsets, .. } = self;
        for group in groups.values_mut() {
            group.expire_offsets(offsets, &mut Turn { now, config, effects });
        }
        let idle = self.groups.values().filter(|group| group.holds_nothing()).map(|group| group.id.clone());
        let idle: Vec<String> = idle.collect();
        for id in idle {
            self.remove_group(&id, now, effects);
        }
    }

    fn remove_group(&mut self, group_id: &str, now: Now, effects: &mut Effects) {
        let Some(mut group) = self.groups.remove(group_id) else { return };
        let turn = &mut Turn { now, config: &self.config, effects };
        group.forget_offsets(|_, _, _| true, &mut self.offsets, turn);
        group.forget_pending(|_| true, &mut self.offsets, turn);
        if group.recorded {
            effects.records.push(records::remove_group(group_id));
        }
        if let Some(at_ms) = group.wake_at_ms {
            self.timers.remove(&(at_ms, group_id.to_owned()));
        }
        self.members -= group.counted.members;
        self.members_bytes -= group.counted.bytes;
    }
}

impl Group {
    fn restore(&mut self, record: GroupRecord) {
        self.recorded = true;
        self.state = match record.state {
            RecordedState::Empty => GroupState::Empty,
            RecordedState::Rebalancing => GroupState::PreparingRebalance,
            RecordedState::Stable => GroupState::Stable,
        };
        self.generation = record.generation;
        self.protocol_type = record.protocol_type;
        self.leader = record.leader;
        self.empty_since_ms = record.empty_since_ms;
        let protocol = record.protocol_name.unwrap_or_default();
        self.members = record.members.into_iter().map(|member| restored(member, &protocol)).collect();
        let instances =
            self.members.iter().filter_map(|(id, member)| Some((member.instance_id.clone()?, id.clone())));
        self.static_members = instances.collect();
        self.protocol_name = Some(protocol).filter(|name| !name.is_empty());
    }

    fn resume(&mut self, now: Now) {
        for member in self.members.values_mut() {
            member.session_deadline_ms = now.after_ms(member.session_timeout_ms);
        }
        if self.state == GroupState::PreparingRebalance {
            self.timer = Some(RebalanceTimer::Join { at_ms: now.after_ms(self.rebalance_timeout_ms()) });
        }
    }
}

fn restored(record: MemberRecord, protocol: &str) -> (String, Member) {
    let member = Member {
        instance_id: record.instance_id,
        client_id: record.client_id,
        client_host: record.client_host,
        session_timeout_ms: record.session_timeout_ms,
        rebalance_timeout_ms: record.rebalance_timeout_ms,
        protocols: vec![Protocol { name: protocol.to_owned(), metadata: record.metadata }],
        assignment: record.assignment,
        joining: None,
        syncing: None,
        synced: true,
        is_new: false,
        session_deadline_ms: 0,
    };
    (record.member_id, member)
}

fn check_group_id(group_id: &str) -> Result<(), ErrorCode> {
    let usable = !group_id.is_empty() && group_id.len() <= GROUP_ID_BYTES_MAX;
    if usable { Ok(()) } else { Err(ErrorCode::InvalidGroupId) }
}

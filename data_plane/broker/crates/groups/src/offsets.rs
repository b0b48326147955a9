//! Committed offsets: `OffsetCommit`, `OffsetFetch` and their end.

use std::collections::{BTreeMap, BTreeSet};

use headrace_types::{ErrorCode, TopicId};

use crate::answers::{FetchedOffset, FetchedTopic};
use crate::config::GroupConfig;
use crate::group::{Group, GroupState};
use crate::records;
use crate::requests::{CommitRequest, OffsetCommit, TopicSelection};
use crate::time::Now;
use crate::turn::Turn;

/// What groups of consumers call themselves (`ConsumerProtocol.PROTOCOL_TYPE` of Apache Kafka).
const CONSUMER_PROTOCOL_TYPE: &str = "consumer";

/// How far a group has read a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedOffset {
    /// Id of the topic when it was committed: a topic made anew under the name has another one, and none of these offsets.
    pub topic_id: TopicId,
    /// The next offset to read.
    pub offset: i64,
    /// Leader epoch of the last record read; -1 if unknown.
    pub leader_epoch: i32,
    /// The client's own note.
    pub metadata: String,
    /// When it was committed, in milliseconds since the epoch.
    pub committed_at_ms: i64,
}

impl CommittedOffset {
    pub(crate) fn of(commit: &OffsetCommit, now: Now) -> Self {
        Self {
            topic_id: commit.topic_id,
            offset: commit.offset,
            leader_epoch: commit.leader_epoch,
            metadata: commit.metadata.clone(),
            committed_at_ms: now.wall_ms,
        }
    }
}

/// What all committed offsets together amount to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OffsetTotals {
    pub(crate) count: usize,
    pub(crate) bytes: usize,
}

impl OffsetTotals {
    fn add(&mut self, topic: &str, offset: &CommittedOffset) {
        self.count += 1;
        self.bytes += topic.len() + offset.metadata.len();
    }

    pub(crate) fn remove(&mut self, topic: &str, offset: &CommittedOffset) {
        self.count -= 1;
        self.bytes -= topic.len() + offset.metadata.len();
    }

    pub(crate) fn has_room_for(self, commit: &OffsetCommit, config: &GroupConfig) -> bool {
        let bytes = self.bytes + commit.topic.len() + commit.metadata.len();
        self.count < config.offsets_max && bytes <= config.offsets_bytes_max
    }
}

/// The offsets of one group, by topic and partition.
#[derive(Debug, Default)]
pub(crate) struct Offsets(BTreeMap<String, BTreeMap<i32, CommittedOffset>>);

impl Offsets {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, topic: &str, partition: i32) -> Option<&CommittedOffset> {
        self.0.get(topic)?.get(&partition)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, i32, &CommittedOffset)> {
        self.0.iter().flat_map(|(topic, partitions)| {
            partitions.iter().map(move |(partition, offset)| (topic.as_str(), *partition, offset))
        })
    }

    pub(crate) fn put(
        &mut self,
        topic: &str,
        partition: i32,
        offset: CommittedOffset,
        totals: &mut OffsetTotals,
    ) {
        totals.add(topic, &offset);
        let replaced = self.0.entry(topic.to_owned()).or_default().insert(partition, offset);
        if let Some(replaced) = replaced {
            totals.remove(topic, &replaced);
        }
    }

    pub(crate) fn remove(&mut self, topic: &str, partition: i32, totals: &mut OffsetTotals) {
        let Some(partitions) = self.0.get_mut(topic) else { return };
        if let Some(removed) = partitions.remove(&partition) {
            totals.remove(topic, &removed);
        }
        if partitions.is_empty() {
            self.0.remove(topic);
        }
    }
}

impl Group {
    /// Checks whether the committer may commit now; then commits, each offset with its own result.
    pub(crate) fn commit(
        &mut self,
        request: &CommitRequest,
        totals: &mut OffsetTotals,
        turn: &mut Turn<'_>,
    ) -> Result<Vec<ErrorCode>, ErrorCode> {
        self.check_commit(request)?;
        // A commit shows that the member is alive as well as a heartbeat does.
        self.renew_session(&request.member_id, turn.now);
        let results = request.offsets.iter().map(|commit| match request.transactor {
            Some(transactor) => self.pend(transactor, commit, totals, turn),
            None => self.commit_one(commit, totals, turn),
        });
        Ok(results.collect())
    }

    fn check_commit(&self, request: &CommitRequest) -> Result<(), ErrorCode> {
        let from_outside = request.generation < 0;
        if from_outside && self.state == GroupState::Empty {
            return Ok(());
        }
        let is_transactional = request.transactor.is_some();
        if from_outside && request.member_id.is_empty() && request.instance_id.is_none() {
            // Somebody outside would overwrite what the members commit; a producer of before KIP-447 can not say who it is.
            return if is_transactional { Ok(()) } else { Err(ErrorCode::UnknownMemberId) };
        }
        self.check_member(&request.member_id, request.instance_id.as_deref())?;
        self.check_generation(request.generation)?;
        match self.state {
            GroupState::CompletingRebalance if !is_transactional => Err(ErrorCode::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    fn commit_one(
        &mut self,
        commit: &OffsetCommit,
        totals: &mut OffsetTotals,
        turn: &mut Turn<'_>,
    ) -> ErrorCode {
        if commit.metadata.len() > turn.config.offset_metadata_bytes_max {
            return ErrorCode::OffsetMetadataTooLarge;
        }
        let is_new = self.offsets.get(&commit.topic, commit.partition).is_none();
        if is_new && !totals.has_room_for(commit, turn.config) {
            return ErrorCode::PolicyViolation;
        }
        let offset = CommittedOffset::of(commit, turn.now);
        turn.persist(records::put_offset(&self.id, &commit.topic, commit.partition, &offset));
        self.offsets.put(&commit.topic, commit.partition, offset, totals);
        ErrorCode::None
    }

    /// The committed offsets of these partitions, or of all that have one.
    pub(crate) fn fetch_offsets(&self, selection: Option<&[TopicSelection]>) -> Vec<FetchedTopic> {
        let Some(selection) = selection else { return self.all_offsets() };
        let fetch = |topic: &str, partition: i32| FetchedOffset {
            partition,
            committed: self.offsets.get(topic, partition).cloned(),
            is_unstable: self.pending_offsets.has(topic, partition),
        };
        let one = |wanted: &TopicSelection| FetchedTopic {
            topic: wanted.topic.clone(),
            partitions: wanted.partitions.iter().map(|partition| fetch(&wanted.topic, *partition)).collect(),
        };
        selection.iter().map(one).collect()
    }

    fn all_offsets(&self) -> Vec<FetchedTopic> {
        let one = |(topic, partitions): (&String, &BTreeMap<i32, CommittedOffset>)| {
            let offset = |(partition, offset): (&i32, &CommittedOffset)| FetchedOffset {
                partition: *partition,
                committed: Some(offset.clone()),
                is_unstable: self.pending_offsets.has(topic, *partition),
            };
            FetchedTopic { topic: topic.clone(), partitions: partitions.iter().map(offset).collect() }
        };
        self.offsets.0.iter().map(one).collect()
    }

    /// The topics that members subscribe to; none where that can not be told.
    fn topics_read(&self, config: &GroupConfig) -> Option<BTreeSet<String>> {
        let members = self.describe().members;
        if !members.is_empty() && self.protocol_type.as_deref() != Some(CONSUMER_PROTOCOL_TYPE) {
            return None;
        }
        let subscriptions: Option<Vec<_>> =
            members.iter().map(|member| (config.subscription)(&member.metadata)).collect();
        subscriptions.map(|subscriptions| subscriptions.into_iter().flatten().collect())
    }

    /// Forgets the offsets of partitions that no member reads; one result for each topic.
    pub(crate) fn delete_offsets(
        &mut self,
        selection: &[TopicSelection],
        totals: &mut OffsetTotals,
        turn: &mut Turn<'_>,
    ) -> Result<Vec<ErrorCode>, ErrorCode> {
        if !self.members.is_empty() && self.protocol_type.as_deref() != Some(CONSUMER_PROTOCOL_TYPE) {
            return Err(ErrorCode::NonEmptyGroup);
        }
        let read = self.topics_read(turn.config);
        let is_read = |topic: &str| read.as_ref().is_none_or(|read| read.contains(topic));
        let results = selection.iter().map(|wanted| {
            if is_read(&wanted.topic) {
                return ErrorCode::GroupSubscribedToTopic;
            }
            for partition in &wanted.partitions {
                if self.offsets.get(&wanted.topic, *partition).is_some() {
                    turn.persist(records::remove_offset(&self.id, &wanted.topic, *partition));
                    self.offsets.remove(&wanted.topic, *partition, totals);
                }
            }
            ErrorCode::None
        });
        Ok(results.collect())
    }

    /// Forgets the offsets that `is_obsolete` names.
    pub(crate) fn forget_offsets(
        &mut self,
        is_obsolete: impl Fn(&str, i32, &CommittedOffset) -> bool,
        totals: &mut OffsetTotals,
        turn: &mut Turn<'_>,
    ) {
        let obsolete =
            self.offsets.iter().filter(|(topic, partition, offset)| is_obsolete(topic, *partition, offset));
        let obsolete: Vec<(String, i32)> =
            obsolete.map(|(topic, partition, _)| (topic.to_owned(), partition)).collect();
        for (topic, partition) in obsolete {
            turn.persist(records::remove_offset(&self.id, &topic, partition));
            self.offsets.remove(&topic, partition, totals);
        }
    }

    /// Forgets what nobody has touched for the retention time: all of it once the last member has been gone for as long, and
    /// while there are members what none of them subscribes to (KIP-211).
    pub(crate) fn expire_offsets(&mut self, totals: &mut OffsetTotals, turn: &mut Turn<'_>) {
        let before_ms = turn.now.wall_ms.saturating_sub(turn.config.offsets_retention_ms);
        let read = match self.state {
            GroupState::Empty if self.empty_since_ms.is_none_or(|since_ms| since_ms <= before_ms) => {
                Some(BTreeSet::new())
            }
            GroupState::Stable => self.topics_read(turn.config),
            _ => None,
        };
        let Some(read) = read else { return };
        let pending: BTreeSet<(String, i32)> = self
            .pending_offsets
            .iter()
            .map(|(_, topic, partition, _)| (topic.to_owned(), partition))
            .collect();
        let is_obsolete = |topic: &str, partition: i32, offset: &CommittedOffset| {
            let is_old = offset.committed_at_ms <= before_ms;
            is_old && !read.contains(topic) && !pending.contains(&(topic.to_owned(), partition))
        };
        self.forget_offsets(is_obsolete, totals, turn);
    }
}

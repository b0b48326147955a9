//! What a fork of a cluster knows of its groups: their offsets, and no members.

use headrace_types::{Record, TopicId};

use crate::coordinator::Coordinator;
use crate::group::Group;
use crate::offsets::CommittedOffset;
use crate::pending::Transactor;
use crate::records::{self, GroupRecord, RecordedState};

/// A partition as a fork has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForkedPartition {
    /// Id of its topic here. Offsets that were committed for another topic of that name are left out.
    pub topic_id: TopicId,
    /// Id of its topic in the fork.
    pub forked_id: TopicId,
    /// Where it ends in the fork: no offset lies behind it.
    pub end: i64,
}

impl Coordinator {
    /// Records that say all there is to say in a fork. `partition` finds a partition of the fork by topic and index; pending
    /// offsets go along where `is_decided` says of their transaction that its end is decided and will be told in the fork too.
    pub fn fork(
        &self,
        partition: impl Fn(&str, i32) -> Option<ForkedPartition>,
        is_decided: impl Fn(Transactor) -> bool,
        wall_ms: i64,
    ) -> Vec<Record> {
        let mut forked = Vec::new();
        for group in self.groups() {
            if group.recorded {
                forked.push(records::put_group(&group.id, &empty(group, wall_ms)));
            }
            for (topic, index, offset) in group.offsets.iter() {
                if let Some(offset) = partition(topic, index).and_then(|known| clamped(offset, known)) {
                    forked.push(records::put_offset(&group.id, topic, index, &offset));
                }
            }
            for (transactor, topic, index, offset) in group.pending_offsets.iter() {
                let offset = partition(topic, index).and_then(|known| clamped(offset, known));
                if let Some(offset) = offset.filter(|_| is_decided(transactor)) {
                    forked.push(records::put_pending(&group.id, transactor, topic, index, &offset));
                }
            }
        }
        forked
    }
}

/// The members stay where they are.
fn empty(group: &Group, wall_ms: i64) -> GroupRecord {
    GroupRecord {
        state: RecordedState::Empty,
        protocol_name: None,
        leader: None,
        empty_since_ms: Some(wall_ms),
        members: Vec::new(),
        ..group.record()
    }
}

fn clamped(offset: &CommittedOffset, partition: ForkedPartition) -> Option<CommittedOffset> {
    let is_of_this = offset.topic_id == partition.topic_id;
    is_of_this.then(|| CommittedOffset {
        topic_id: partition.forked_id,
        offset: offset.offset.min(partition.end),
        ..offset.clone()
    })
}

//! What one turn of the coordinator brings about.

use headrace_types::{ErrorCode, Record};

use crate::answers::{JoinAnswer, SyncAnswer};
use crate::config::GroupConfig;
use crate::time::Now;

/// Stands for a `JoinGroup` or `SyncGroup` request that waits for its answer; chosen by whoever passes the request in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Waiter(pub u64);

/// Something that operators want to know; for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupEvent {
    /// The members share the work anew.
    GenerationBegan {
        /// The group.
        group_id: String,
        /// Its new generation.
        generation: i32,
        /// How many members it has.
        members: usize,
    },
    /// The last member has gone.
    BecameEmpty {
        /// The group.
        group_id: String,
        /// The generation without members.
        generation: i32,
    },
    /// A member was given up.
    MemberLost {
        /// The group.
        group_id: String,
        /// The member.
        member_id: String,
        /// What it failed to do in time.
        reason: &'static str,
    },
}

/// What is to be done after a turn: first the records are made durable, then the answers are sent.
#[derive(Debug, Default)]
pub struct Effects {
    /// Records to persist, in order.
    pub records: Vec<Record>,
    /// Answers to requests to join, of this turn or an earlier one.
    pub joins: Vec<(Waiter, JoinAnswer)>,
    /// Answers to requests to sync, of this turn or an earlier one.
    pub syncs: Vec<(Waiter, SyncAnswer)>,
    /// What happened on the way.
    pub events: Vec<GroupEvent>,
}

/// What a group works with during a turn.
pub(crate) struct Turn<'a> {
    pub(crate) now: Now,
    pub(crate) config: &'a GroupConfig,
    pub(crate) effects: &'a mut Effects,
}

impl Turn<'_> {
    pub(crate) fn persist(&mut self, record: Record) {
        self.effects.records.push(record);
    }

    pub(crate) fn lost(&mut self, group_id: &str, member_id: &str, reason: &'static str) {
        let (group_id, member_id) = (group_id.to_owned(), member_id.to_owned());
        self.effects.events.push(GroupEvent::MemberLost { group_id, member_id, reason });
    }

    pub(crate) fn answer_join(&mut self, waiter: Waiter, answer: JoinAnswer) {
        self.effects.joins.push((waiter, answer));
    }

    pub(crate) fn refuse_join(&mut self, waiter: Waiter, error: ErrorCode, member_id: &str) {
        self.answer_join(waiter, JoinAnswer::refusal(error, member_id));
    }

    pub(crate) fn answer_sync(&mut self, waiter: Waiter, answer: SyncAnswer) {
        self.effects.syncs.push((waiter, answer));
    }

    pub(crate) fn refuse_sync(&mut self, waiter: Waiter, error: ErrorCode) {
        self.answer_sync(waiter, SyncAnswer::refusal(error));
    }
}

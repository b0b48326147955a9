//! One round of group commit: the block and the segments that it makes durable.

use headrace_log::{SyncEnd, SyncPlan};
use headrace_types::TopicPartition;

use crate::error::CommitError;
use crate::wal::{BlockWrite, Written};

/// What a round has to do; the jobs may run side by side.
#[derive(Debug)]
pub struct Round {
    /// All of them must be done before the round ends.
    pub jobs: Vec<Job>,
    /// How many batches it makes durable.
    pub batches: u64,
}

/// A part of a round.
#[derive(Debug)]
pub enum Job {
    /// Writes a block of the write-ahead log, and syncs it if it holds batches.
    Block(BlockWrite),
    /// Syncs segments, one log after the other.
    Segments(Vec<(TopicPartition, SyncPlan)>),
}

/// A part of a round that is done.
#[derive(Debug)]
pub enum Done {
    /// The block is written.
    Block(Written),
    /// The segments are synced up to there.
    Segments(Vec<(TopicPartition, SyncEnd)>),
}

impl Job {
    /// Does it. After an error nothing may be acknowledged any more: a second sync would lie.
    pub fn run(self) -> Result<Done, CommitError> {
        Ok(match self {
            Self::Block(block) => Done::Block(block.run()?),
            Self::Segments(plans) => {
                let run = |(partition, plan): (_, SyncPlan)| Ok((partition, plan.run()?));
                Done::Segments(plans.into_iter().map(run).collect::<Result<_, CommitError>>()?)
            }
        })
    }
}

/// Syncs of segments as at most `shares` jobs.
#[must_use]
pub fn shared(mut plans: Vec<(TopicPartition, SyncPlan)>, shares: usize) -> Vec<Job> {
    let share = plans.len().div_ceil(shares.max(1)).max(1);
    let mut jobs = Vec::new();
    while !plans.is_empty() {
        let rest = plans.split_off(share.min(plans.len()));
        jobs.push(Job::Segments(std::mem::replace(&mut plans, rest)));
    }
    jobs
}

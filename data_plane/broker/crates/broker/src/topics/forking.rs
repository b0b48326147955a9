//! What a fork of the cluster takes of the topics.

use std::{collections::BTreeMap, rc::Rc};

use headrace_log::{ForkCut, LogError, LogFork, PartitionLog, TopicMeta};
use headrace_types::{TopicId, TopicName, TopicPartition};
use thiserror::Error;

use super::{SharedTopics, Slot, State, Topics, partitions_of};
use crate::threads::on_thread;

/// Why the topics can not be forked.
#[derive(Debug, Error)]
pub(crate) enum ForkRefusal {
    #[error("partition {1} of topic {0} is offline: its files are damaged")]
    Offline(TopicName, i32),
    #[error("there is no partition {1} of topic {0}")]
    Unknown(String, i32),
    #[error("partition {1} of topic {0} ends at {2}, before offset {3}")]
    Behind(String, i32, i64, i64),
    #[error(transparent)]
    Log(#[from] LogError),
}

/// One log, and whose it is in the fork.
#[derive(Debug)]
pub(crate) struct ForkedLog {
    pub(crate) source: TopicPartition,
    pub(crate) identity: TopicPartition,
    pub(crate) log: LogFork,
}

/// What a fork takes.
#[derive(Debug, Default)]
pub(crate) struct ForkPlan {
    pub(crate) topics: BTreeMap<TopicName, TopicMeta>,
    pub(crate) logs: Vec<ForkedLog>,
}

/// While it lives no segment is removed or replaced.
pub(crate) struct Hold(SharedTopics);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.forks.set(self.0.forks.get() - 1);
        // What waited may go on.
        self.0.work.notify_one();
        self.0.compaction.notify_one();
    }
}

impl Topics {
    /// Whether segments have to stay as they are.
    pub(super) fn is_forking(&self) -> bool {
        self.forks.get() > 0
    }

    /// Keeps every segment as it is from now on.
    pub(crate) fn hold_segments(self: &Rc<Self>) -> Hold {
        self.forks.set(self.forks.get() + 1);
        Hold(Rc::clone(self))
    }

    /// Syncs the segments, with checkpoints of what has changed. With `copied_bytes_max` larger active segments are closed.
    pub(crate) async fn settle_for_fork(&self, copied_bytes_max: Option<u64>) -> Result<(), LogError> {
        let mut rounds = self.rounds.subscribe();
        let wanted = self.want_checkpoints(copied_bytes_max)?;
        {
            let commit = &mut self.state.borrow_mut().commit;
            for partition in &wanted {
                commit.sync(*partition);
            }
        }
        self.work.notify_one();
        // The sender lives as long as `self`.
        let _ = rounds.wait_for(|_| wanted.iter().all(|partition| self.is_settled(*partition))).await;
        Ok(())
    }

    /// As [`Self::settle_for_fork`], where no rounds run.
    pub(crate) async fn settle_unserved(&self, copied_bytes_max: Option<u64>) -> Result<(), LogError> {
        for partition in self.want_checkpoints(copied_bytes_max)? {
            let plan = self.with_log(partition, PartitionLog::sync_plan).ok().flatten();
            if let Some(plan) = plan {
                let end = on_thread(move || plan.run()).await?;
                // A partition that was there a moment ago is there still: nobody else does anything.
                let _ = self.with_log(partition, |log| log.synced(end));
            }
        }
        Ok(())
    }

    fn random_topic_id(&self) -> TopicId {
        let mut entropy = [0; 16];
        self.rng.fill(&mut entropy);
        TopicId::from_random(entropy)
    }

    fn want_checkpoints(&self, copied_bytes_max: Option<u64>) -> Result<Vec<TopicPartition>, LogError> {
        let now_ms = self.now_ms();
        let mut wanted = Vec::new();
        for (partition, slot) in &mut self.state.borrow_mut().logs {
            let Slot::Online(online) = slot else { continue };
            if online.log.settle_for_fork(copied_bytes_max, now_ms)? {
                wanted.push(*partition);
            }
        }
        Ok(wanted)
    }

    /// Whether a sync that was wanted is over, or its partition gone.
    fn is_settled(&self, partition: TopicPartition) -> bool {
        let state = self.state.borrow();
        match state.logs.get(&partition) {
            Some(Slot::Online(online)) => !(online.log.wants_sync() || state.commit.is_syncing(partition)),
            Some(Slot::Offline) | None => true,
        }
    }

    /// Plans a fork: what of each log, at one and the same moment. `timestamp_ms` leaves out topics that are younger; `offsets` are
    /// by topic and partition; with `keeps_ids` topics are the same there.
    pub(crate) fn plan_fork(
        &self,
        timestamp_ms: Option<i64>,
        offsets: &BTreeMap<(String, i32), i64>,
        keeps_ids: bool,
    ) -> Result<ForkPlan, ForkRefusal> {
        let State { catalog, logs, .. } = &mut *self.state.borrow_mut();
        let mut plan = ForkPlan::default();
        let mut cuts = offsets.clone();
        for (name, topic) in catalog.topics() {
            if timestamp_ms.is_some_and(|timestamp| topic.created_at_ms > timestamp) {
                continue;
            }
            let id = if keeps_ids { topic.id } else { self.random_topic_id() };
            for source in partitions_of(topic.id, 0..topic.partitions) {
                let index = source.partition.get();
                let Some(Slot::Online(online)) = logs.get_mut(&source) else {
                    return Err(ForkRefusal::Offline(name.clone(), index));
                };
                let offset = cuts.remove(&(name.to_string(), index));
                let end = online.log.high_watermark().get();
                if let Some(offset) = offset.filter(|offset| *offset > end) {
                    return Err(ForkRefusal::Behind(name.to_string(), index, end, offset));
                }
                let timestamp = timestamp_ms.map(ForkCut::Timestamp);
                let cut = offset.map(ForkCut::Offset).or(timestamp).unwrap_or(ForkCut::Now);
                let end = online.log.fork_end(cut)?;
                let log = online.log.fork(end)?;
                let identity = TopicPartition { topic: id, ..source };
                plan.logs.push(ForkedLog { source, identity, log });
            }
            plan.topics.insert(name.clone(), TopicMeta { id, ..topic.clone() });
        }
        match cuts.into_keys().next() {
            Some((topic, index)) => Err(ForkRefusal::Unknown(topic, index)),
            None => Ok(plan),
        }
    }
}

//! Syncing, in the background, the segments that the oldest full file of the write-ahead log stands for.

use headrace_log::museum::{Bug, is_out};
use headrace_log::{Readable, SyncEnd, SyncPlan};
use headrace_types::TopicPartition;

use crate::committer::Committer;
use crate::limits::SETTLED_AT_ONCE;
use crate::logs::Logs;

/// What settling has to do next.
#[derive(Debug)]
pub enum Settling {
    /// Nothing, or it waits for the round that runs.
    Nothing,
    /// These logs are to be synced; [`Committer::settled_logs`] takes their ends.
    Sync(Vec<(TopicPartition, SyncPlan)>),
    /// No log needs the oldest full file: [`Committer::settled_file`] says so once nothing else does.
    Settled,
}

impl Committer {
    /// Whether there is a full file.
    #[must_use]
    pub fn has_full_files(&self) -> bool {
        !self.wal.segments.full.is_empty()
    }

    /// Begins to settle a few logs of the oldest full file.
    pub fn settle(&mut self, logs: &mut impl Logs) -> Settling {
        if !self.settling.is_empty() {
            return Settling::Nothing;
        }
        let Some(oldest) = self.wal.segments.full.front_mut() else { return Settling::Nothing };
        oldest.logs.retain(|partition, end| {
            let is_needed = logs.log(*partition).is_some_and(|log| log.synced_offset().get() < *end);
            is_needed && !is_out(Bug::WrittenOverTooEarly)
        });
        if oldest.logs.is_empty() {
            return Settling::Settled;
        }
        let mut plans = Vec::new();
        // Two plans of one log must not run at once: the later one knows nothing of the files of the earlier.
        let is_free = |partition: &&TopicPartition| self.running.get(*partition) != Some(&None);
        for partition in oldest.logs.keys().filter(is_free) {
            let plan = logs.log(*partition).and_then(headrace_log::PartitionLog::sync_plan);
            plans.extend(plan.map(|plan| (*partition, plan)));
            if plans.len() == SETTLED_AT_ONCE {
                break;
            }
        }
        if plans.is_empty() {
            return Settling::Nothing;
        }
        self.settling = plans.iter().map(|(partition, _)| *partition).collect();
        Settling::Sync(plans)
    }

    /// Takes note that logs are synced that [`Settling::Sync`] named. Answers what became readable.
    pub fn settled_logs(
        &mut self,
        ends: Vec<(TopicPartition, SyncEnd)>,
        logs: &mut impl Logs,
    ) -> Vec<(TopicPartition, Readable)> {
        self.settling.clear();
        let note =
            |(partition, end): (TopicPartition, SyncEnd)| Some((partition, logs.log(partition)?.synced(end)));
        ends.into_iter().filter_map(note).collect()
    }

    /// Takes note that nothing needs the oldest full file any more: [`Settling::Settled`], and what it tells of principals is durable
    /// elsewhere.
    pub fn settled_file(&mut self) {
        self.wal.settled();
    }
}

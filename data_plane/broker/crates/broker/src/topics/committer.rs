//! What runs beside the requests: syncing what was appended, removing what was deleted or has grown too old.

use std::{
    collections::BTreeMap,
    rc::Rc,
    sync::{Arc, atomic::Ordering},
};

use headrace_log::{LogError, SyncEnd, SyncPlan};
use headrace_types::{Offset, TopicId, TopicPartition};
use tokio::task::{spawn_blocking, spawn_local, yield_now};

use super::{SharedTopics, Slot, State, Topics, opening};
use crate::{
    limits::{RETENTION_INTERVAL, SYNC_THREADS},
    storage_failure::end_process,
    threads::{joined, on_thread},
};

type Plans = Vec<(TopicPartition, SyncPlan)>;
type Ends = BTreeMap<TopicPartition, SyncEnd>;

impl Topics {
    /// Syncs what is appended, for ever. Everything appended while a sync runs shares the next one. After a failure
    /// the process ends: nothing may be acknowledged any more.
    pub(crate) async fn keep_durable(self: SharedTopics) {
        loop {
            self.work.notified().await;
            loop {
                self.remove_deleted();
                let Some(plans) = self.begin_round() else { break };
                let ends = run(plans).await.unwrap_or_else(|error| end_process(&error));
                self.finish_round(ends);
            }
        }
    }

    fn begin_round(&self) -> Option<Plans> {
        let state = &mut *self.state.borrow_mut();
        let dirty = state.commit.begin()?;
        let plan = |(partition, _end)| match state.logs.get_mut(&partition) {
            Some(Slot::Online(online)) => Some((partition, online.log.sync_plan()?)),
            Some(Slot::Offline) | None => None,
        };
        Some(dirty.into_iter().filter_map(plan).collect())
    }

    fn finish_round(&self, ends: Ends) {
        {
            let mut state = self.state.borrow_mut();
            for (partition, covered) in state.commit.finish() {
                let Some(end) = ends.get(&partition) else { continue };
                assert!(end.offset >= covered, "a sync ended at {} and was to cover {covered}", end.offset);
            }
            for (partition, end) in ends {
                if let Ok(online) = state.online(partition) {
                    let readable = online.log.synced(end);
                    self.arrivals.arrived(partition, readable);
                }
            }
        }
        self.metrics.syncs.inc();
        self.rounds.send_modify(|rounds| *rounds += 1);
    }

    /// Begins to remove the files of deleted topics. Called between rounds: the one that may have synced them is over,
    /// and none that begins later does.
    fn remove_deleted(self: &SharedTopics) {
        let topics = self.state.borrow_mut().removable();
        if !topics.is_empty() {
            spawn_local(Rc::clone(self).remove_files(topics));
        }
    }

    async fn remove_files(self: SharedTopics, topics: Vec<(TopicId, i32)>) {
        let ids: Vec<TopicId> = topics.iter().map(|(id, _)| *id).collect();
        let disk = Arc::clone(&self.disk);
        let removed = on_thread(move || opening::remove_topics(&*disk, &topics)).await;
        let noted = removed
            .and_then(|()| self.state.borrow_mut().catalog.removed(&ids).map_err(opening::catalog_failure));
        if let Err(error) = noted {
            tracing::warn!(%error, "files of deleted topics stay until the next start");
        }
    }

    /// Removes what retention no longer keeps, for ever.
    pub(crate) async fn keep_retention(self: SharedTopics) {
        loop {
            tokio::time::sleep(RETENTION_INTERVAL).await;
            let partitions: Vec<TopicPartition> = self.state.borrow().logs.keys().copied().collect();
            for partition in partitions {
                self.retain(partition);
                yield_now().await;
            }
        }
    }

    /// What is to go must be counted durably before. On a full disk it goes all the same, for that makes room.
    pub(super) fn retain(&self, partition: TopicPartition) {
        if self.retain_before(partition, self.usage.counted_durably(partition)) {
            let is_secure = self.with_high_watermarks(|high_watermark| self.usage.secure(high_watermark));
            let counted = self.usage.counted_durably(partition);
            self.retain_before(partition, if is_secure { counted } else { Offset::new(i64::MAX) });
        }
    }

    /// Whether something stayed that lies behind `counted`.
    fn retain_before(&self, partition: TopicPartition, counted: Offset) -> bool {
        let now_ms = self.now_ms();
        let mut state = self.state.borrow_mut();
        let Ok(online) = state.online(partition) else { return false };
        let mut held_back = false;
        match online.log.retain(now_ms, counted) {
            Ok(retained) => {
                held_back = retained.held_back;
                if retained.freed_bytes > 0 {
                    tracing::info!(%partition, bytes = retained.freed_bytes, "old segments removed");
                }
            }
            Err(error) if error.is_full() => tracing::warn!(%error, "retention waits for room on the disk"),
            Err(error @ LogError::Io { .. }) => end_process(&error),
            Err(error) => tracing::error!(%error, "retention can not read a segment"),
        }
        // Retention may have closed a segment, which is to be synced like an append.
        let end = online.log.log_end().get();
        if online.log.needs_sync() {
            state.commit.appended(partition, end);
            self.work.notify_one();
        }
        held_back
    }

    /// Syncs for the last time and writes what makes the next start fast.
    pub(crate) async fn close(&self) {
        self.stop_compacting.store(true, Ordering::Relaxed);
        let mut rounds = self.rounds.subscribe();
        while !self.state.borrow().commit.is_idle() {
            self.work.notify_one();
            let _ = rounds.changed().await;
        }
        let plans = {
            let logs = &mut self.state.borrow_mut().logs;
            let plan = |(partition, slot): (&TopicPartition, &mut Slot)| match slot {
                Slot::Online(online) => Some((*partition, online.log.closing_plan()?)),
                Slot::Offline => None,
            };
            logs.iter_mut().filter_map(plan).collect()
        };
        if let Err(error) = run(plans).await {
            end_process(&error);
        }
    }
}

impl State {
    /// The deleted topics whose files nobody writes any more.
    fn removable(&mut self) -> Vec<(TopicId, i32)> {
        let busy = self.compacting.map(|partition| partition.topic);
        let (later, now) =
            std::mem::take(&mut self.removals).into_iter().partition(|(id, _)| Some(*id) == busy);
        self.removals = later;
        now
    }
}

/// Runs the plans on a few threads: file systems commit syncs together that arrive together.
async fn run(mut plans: Plans) -> Result<Ends, LogError> {
    let share = plans.len().div_ceil(SYNC_THREADS).max(1);
    let mut shares = Vec::new();
    while !plans.is_empty() {
        let rest = plans.split_off(share.min(plans.len()));
        let part = std::mem::replace(&mut plans, rest);
        shares.push(spawn_blocking(move || {
            part.into_iter()
                .map(|(partition, plan)| Ok((partition, plan.run()?)))
                .collect::<Result<Vec<_>, _>>()
        }));
    }
    let mut ends = Ends::new();
    for share in shares {
        ends.extend(joined(share.await)?);
    }
    Ok(ends)
}

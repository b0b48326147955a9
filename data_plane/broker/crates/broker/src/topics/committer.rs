//! What runs beside the requests: syncing what was appended, removing what was deleted or has grown too old.

use std::{
    pin::pin,
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use headrace_commit::{CommitError, Done, Job, Prepare, Round, Settling};
use headrace_io::Clock;
use headrace_log::{ColdSegment, LogError, Retained, SyncPlan};
use headrace_types::{Offset, TopicId, TopicPartition};
use tokio::task::{spawn_blocking, spawn_local, yield_now};

use super::{LogSet, SharedTopics, Slot, State, Topics, opening, partitions_of};
use crate::{
    limits::{LINGER_MAX, RELAXED_SYNC_DELAY, RETAINED_AT_ONCE, RETENTION_INTERVAL, SYNC_THREADS},
    storage_failure::end_process,
    threads::{joined, on_thread},
};

impl Topics {
    /// Makes durable what is appended, for ever. Everything appended while a round runs shares the next one. After a failure
    /// the process ends: nothing may be acknowledged any more.
    pub(crate) async fn keep_durable(self: SharedTopics) {
        loop {
            self.await_work().await;
            loop {
                self.remove_deleted();
                self.look_after_the_wal().await;
                let Some(round) = self.begin_round() else { break };
                let began = self.clock.mono();
                self.metrics
                    .round_batches
                    .0
                    .observe(f64::from(u32::try_from(round.batches).unwrap_or(u32::MAX)));
                let done = self.run(round).await.unwrap_or_else(|error| end_process(&error));
                self.finish_round(done);
                self.metrics.round_seconds.0.observe(self.since(began));
            }
        }
    }

    /// Waits until something is to be synced or removed; for a moment without sleeping, where that is worth it.
    async fn await_work(&self) {
        let mut work = pin!(self.work.notified());
        if self.lingering.begin() {
            let until = self.clock.mono() + LINGER_MAX;
            let mut has_come = work.as_mut().enable();
            while !has_come && self.clock.mono() < until {
                // The event loop looks for events, and comes back whether there are any or not.
                yield_now().await;
                has_come = work.as_mut().enable();
            }
            self.lingering.end(has_come);
        }
        work.await;
    }

    /// Syncs, for ever, what was acknowledged before it was durable. Wakes only when there is such.
    pub(crate) async fn keep_relaxed(self: SharedTopics) {
        loop {
            self.relaxed.notified().await;
            tokio::time::sleep(RELAXED_SYNC_DELAY).await;
            self.state.borrow_mut().commit.sync_relaxed();
            self.work.notify_one();
        }
    }

    fn since(&self, began: Duration) -> f64 {
        self.clock.mono().saturating_sub(began).as_secs_f64()
    }

    fn begin_round(&self) -> Option<Round> {
        let State { logs, commit, .. } = &mut *self.state.borrow_mut();
        commit.begin(SYNC_THREADS, &mut LogSet(logs))
    }

    /// Runs the jobs of a round, each on a thread: file systems commit syncs together that arrive together. A block that nobody waits
    /// for, or that a single request waits for on a fast disk, is written here.
    async fn run(&self, round: Round) -> Result<Vec<Done>, CommitError> {
        let is_lone = round.jobs.len() == 1 && round.batches == 1 && self.pace.is_fast();
        let (mut done, mut running) = (Vec::with_capacity(round.jobs.len()), Vec::new());
        for job in round.jobs {
            self.metrics.count(&job);
            let is_here = matches!(&job, Job::Block(block) if is_lone || !block.is_synced());
            if is_here {
                if is_lone {
                    self.lingering.answered_here();
                }
                done.push(self.timed(timed_run(&*self.clock, job))?);
            } else {
                let clock = Arc::clone(&self.clock);
                running.push(spawn_blocking(move || timed_run(&*clock, job)));
            }
        }
        for job in running {
            done.push(self.timed(joined(job.await))?);
        }
        Ok(done)
    }

    /// Takes note of how long a job took.
    fn timed(&self, ran: Ran) -> Result<Done, CommitError> {
        match ran.took {
            Took::Block(took) => {
                self.pace.took(took);
                self.pace.synced(self.clock.mono());
                self.metrics.wal_sync_seconds.0.observe(took.as_secs_f64());
            }
            Took::Segments(took) => {
                self.pace.synced(self.clock.mono());
                self.metrics.segment_sync_seconds.0.observe(took.as_secs_f64());
            }
            Took::Unsynced => {}
        }
        ran.done
    }

    fn finish_round(&self, done: Vec<Done>) {
        let retain_again = {
            let State { logs, commit, retain_again, .. } = &mut *self.state.borrow_mut();
            for (partition, readable) in commit.finish(done, &mut LogSet(logs)) {
                self.arrivals.arrived(partition, readable);
            }
            std::mem::take(retain_again)
        };
        self.metrics.syncs.inc();
        self.rounds.send_modify(|rounds| *rounds += 1);
        for partition in retain_again {
            // What has to be opened first waits for the next look at all logs.
            self.retain(partition);
        }
    }

    /// Has a file of the write-ahead log made before there is none to write to, and segments synced so that files can be written over.
    /// The first file is waited for, so that what is appended first is told of as well.
    async fn look_after_the_wal(self: &SharedTopics) {
        let (prepare, is_first) = {
            let State { commit, gauge, .. } = &mut *self.state.borrow_mut();
            let prepare = commit.wants_file();
            if let Some(prepare) = &prepare {
                gauge.promise(prepare.bytes());
            }
            (prepare, commit.view().files == 0)
        };
        if let Some(prepare) = prepare {
            let preparing = spawn_local(Rc::clone(self).prepare(prepare));
            if is_first {
                joined(preparing.await);
            }
        }
        let has_full_files = self.state.borrow().commit.has_full_files();
        if has_full_files && !self.is_settling.replace(true) {
            spawn_local(Rc::clone(self).settle());
        }
    }

    async fn prepare(self: SharedTopics, prepare: Prepare) {
        let prepared = on_thread(move || prepare.run()).await.unwrap_or_else(|error| end_process(&error));
        {
            let state = &mut *self.state.borrow_mut();
            state.commit.prepared(prepared);
            state.gauge.forget();
        }
        self.look_again();
    }

    /// Syncs, a few at a time, the segments that full files of the write-ahead log stand for.
    async fn settle(self: SharedTopics) {
        loop {
            let step = {
                let State { logs, commit, .. } = &mut *self.state.borrow_mut();
                commit.settle(&mut LogSet(logs))
            };
            match step {
                Settling::Nothing => break,
                Settling::Sync(plans) => self.settle_logs(plans).await,
                Settling::Settled => {
                    // The file tells on whose account appends were made: usage must be durable without it.
                    self.with_high_watermarks(|high_watermark| self.usage.secure(high_watermark));
                    self.state.borrow_mut().commit.settled_file();
                }
            }
            self.look_again();
        }
        self.is_settling.set(false);
    }

    async fn settle_logs(&self, plans: Vec<(TopicPartition, SyncPlan)>) {
        let began = self.clock.mono();
        let ran = on_thread(move || {
            let run = |(partition, plan): (_, SyncPlan)| Ok((partition, plan.run()?));
            plans.into_iter().map(run).collect::<Result<Vec<_>, LogError>>()
        });
        let ends = ran.await.unwrap_or_else(|error| end_process(&error));
        self.metrics.settle_seconds.0.observe(self.since(began));
        let State { logs, commit, .. } = &mut *self.state.borrow_mut();
        for (partition, readable) in commit.settled_logs(ends, &mut LogSet(logs)) {
            self.arrivals.arrived(partition, readable);
        }
    }

    /// Something has ended that a round, a removal or a stop may wait for.
    fn look_again(&self) {
        self.work.notify_one();
        self.rounds.send_modify(|rounds| *rounds += 1);
    }

    /// Begins to remove the files of deleted topics. Called between rounds: the one that may have synced them is over,
    /// and none that begins later does.
    fn remove_deleted(self: &SharedTopics) {
        if self.is_forking() {
            return;
        }
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
            for partitions in partitions.chunks(RETAINED_AT_ONCE) {
                for partition in partitions {
                    self.retain_all(*partition).await;
                }
                yield_now().await;
            }
            self.count_producers();
        }
    }

    /// Removes what is to go, and opens, beside the event loop, the segments of which it is not known how old they are.
    pub(super) async fn retain_all(&self, partition: TopicPartition) {
        while let Some(cold) = self.retain(partition) {
            let segment = cold.segment();
            match self.run_cold(move || cold.run()).await {
                Ok(opened) => {
                    // It may be gone by now.
                    let _ = self.with_log(partition, |log| log.keep_open(opened));
                }
                Err(error) if self.has_segments(partition, [segment]) => {
                    tracing::error!(%partition, %error, "retention can not read a segment");
                    return;
                }
                Err(_) => {}
            }
        }
    }

    /// What is to go must be counted durably before. On a full disk it goes all the same, for that makes room. Answers with what has to
    /// be opened before retention can go on.
    pub(super) fn retain(&self, partition: TopicPartition) -> Option<ColdSegment> {
        let retained = self.retain_before(partition, self.usage.counted_durably(partition));
        if !retained.held_back {
            return retained.cold;
        }
        let is_secure = self.with_high_watermarks(|high_watermark| self.usage.secure(high_watermark));
        let counted = self.usage.counted_durably(partition);
        self.retain_before(partition, if is_secure { counted } else { Offset::new(i64::MAX) }).cold
    }

    /// Removes what does not lie behind `counted`.
    fn retain_before(&self, partition: TopicPartition, counted: Offset) -> Retained {
        let mut done = Retained::default();
        if self.is_forking() {
            return done;
        }
        let now_ms = self.now_ms();
        let mut state = self.state.borrow_mut();
        let Ok(online) = state.online(partition) else { return done };
        match online.log.retain(now_ms, counted) {
            Ok(retained) => {
                if retained.freed_bytes > 0 {
                    tracing::info!(%partition, bytes = retained.freed_bytes, "old segments removed");
                }
                done = retained;
            }
            Err(error) if error.is_full() => tracing::warn!(%error, "retention waits for room on the disk"),
            Err(error @ LogError::Io { .. }) => end_process(&error),
            Err(error) => tracing::error!(%error, "retention can not read a segment"),
        }
        // Retention may have closed a segment, and removes none before it is synced; what is known of producers is to be kept.
        if online.log.wants_sync() {
            state.commit.sync(partition);
            state.retain_again.insert(partition);
            self.work.notify_one();
        }
        done
    }

    /// Syncs for the last time and writes what makes the next start fast.
    pub(crate) async fn close(&self) {
        self.stop_compacting.store(true, Ordering::Relaxed);
        let mut rounds = self.rounds.subscribe();
        self.state.borrow_mut().commit.sync_relaxed();
        while !self.state.borrow().commit.is_idle() {
            self.work.notify_one();
            let _ = rounds.changed().await;
        }
        let jobs = {
            let logs = &mut self.state.borrow_mut().logs;
            let plan = |(partition, slot): (&TopicPartition, &mut Slot)| match slot {
                Slot::Online(online) => Some((*partition, online.log.closing_plan()?)),
                Slot::Offline => None,
            };
            headrace_commit::round::shared(logs.iter_mut().filter_map(plan).collect(), SYNC_THREADS)
        };
        if let Err(error) = self.run(Round { jobs, batches: 0 }).await {
            end_process(&error);
        }
    }

    /// Removes the write-ahead log, which nobody needs once everything is synced and metered.
    pub(crate) fn leave_no_wal(&self) {
        if let Err(error) = self.state.borrow().commit.close() {
            tracing::warn!(%error, "the write-ahead log stays until the next start");
        }
    }
}

impl State {
    /// The deleted topics whose files nobody writes any more.
    fn removable(&mut self) -> Vec<(TopicId, i32)> {
        let State { commit, compacting, .. } = self;
        let is_busy = |(id, partitions): &(TopicId, i32)| {
            compacting.is_some_and(|partition| partition.topic == *id)
                || partitions_of(*id, 0..*partitions).any(|partition| commit.is_syncing(partition))
        };
        let (later, now) = std::mem::take(&mut self.removals).into_iter().partition(is_busy);
        self.removals = later;
        now
    }
}

/// A job that ran.
struct Ran {
    done: Result<Done, CommitError>,
    took: Took,
}

/// How long a job took, by what it was.
enum Took {
    Block(Duration),
    Segments(Duration),
    /// A block that nobody waits for.
    Unsynced,
}

fn timed_run(clock: &dyn Clock, job: Job) -> Ran {
    let took = match &job {
        Job::Block(block) if !block.is_synced() => |_| Took::Unsynced,
        Job::Block(_) => Took::Block,
        Job::Segments(_) => Took::Segments,
    };
    let began = clock.mono();
    let done = job.run();
    Ran { done, took: took(clock.mono().saturating_sub(began)) }
}

//! Drives the group coordinator: lets requests wait, keeps its time, and answers nothing before it is durable.

mod metrics;
mod settings;
mod subscription;
mod waiting;

use std::{
    cell::{Cell, RefCell},
    path::Path,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use headrace_groups::{
    CommitRequest, Coordinator, Departure, Effects, FetchedTopic, GroupConfig, GroupDescription, GroupEvent,
    GroupListing, HeartbeatRequest, JoinAnswer, JoinRequest, Now, SyncAnswer, SyncRequest, TopicSelection,
    Transactor,
};
use headrace_io::{Clock, Disk};
use headrace_log::SyncPlan;
use headrace_types::{ErrorCode, TopicId};
use tokio::sync::{Notify, watch};

use crate::{
    journal::{self, Journal, JournalError},
    limits::JOURNAL_RETRY_INTERVAL,
    storage_failure::end_process,
};
pub(crate) use metrics::GroupMetrics;
pub(crate) use settings::GroupsConfig;
use waiting::Waiting;

/// The groups of a broker.
pub(crate) struct Groups {
    state: RefCell<State>,
    metrics: GroupMetrics,
    clock: Arc<dyn Clock>,
    /// The offset of the journal up to which records are durable.
    durable: watch::Sender<i64>,
    /// Something was written that is not synced.
    written: Notify,
    /// The next timer has changed.
    timers: Notify,
    /// When the timer that is set is due, on the monotonic clock.
    armed_ms: Cell<u64>,
}

struct State {
    coordinator: Coordinator,
    journal: Journal,
    waiting: Waiting,
}

impl Groups {
    /// Reads the groups back from disk.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        clock: Arc<dyn Clock>,
        config: GroupConfig,
    ) -> Result<Rc<Self>, JournalError> {
        let mut coordinator = Coordinator::new(config);
        let journal = Journal::open(disk, journal::GROUPS, directory, clock.wall_ms(), &mut coordinator)?;
        coordinator.start(now(clock.as_ref()));
        let durable = watch::Sender::new(journal.durable());
        let metrics = GroupMetrics::default();
        metrics.observe(coordinator.totals());
        let state = RefCell::new(State { coordinator, journal, waiting: Waiting::default() });
        Ok(Rc::new(Self {
            state,
            metrics,
            clock,
            durable,
            written: Notify::new(),
            timers: Notify::new(),
            armed_ms: Cell::new(u64::MAX),
        }))
    }

    /// What the coordinator counts.
    pub(crate) fn metrics(&self) -> &GroupMetrics {
        &self.metrics
    }

    /// `JoinGroup`; answers once the join phase ends.
    pub(crate) async fn join(&self, request: &JoinRequest) -> JoinAnswer {
        let refusal = |error| JoinAnswer::refusal(error, &request.member_id);
        let receiver = self.turn(|state, now, effects| {
            let (waiter, receiver) = state.waiting.for_join();
            state.coordinator.join(request, waiter, now, effects);
            receiver
        });
        match receiver {
            Ok((receiver, _)) => {
                receiver.await.unwrap_or_else(|_| refusal(ErrorCode::CoordinatorNotAvailable))
            }
            Err(error) => refusal(error),
        }
    }

    /// `SyncGroup`; answers once the leader has assigned.
    pub(crate) async fn sync(&self, request: &SyncRequest) -> SyncAnswer {
        let receiver = self.turn(|state, now, effects| {
            let (waiter, receiver) = state.waiting.for_sync();
            state.coordinator.sync(request, waiter, now, effects);
            receiver
        });
        match receiver {
            Ok((receiver, _)) => {
                receiver.await.unwrap_or_else(|_| SyncAnswer::refusal(ErrorCode::CoordinatorNotAvailable))
            }
            Err(error) => SyncAnswer::refusal(error),
        }
    }

    /// `Heartbeat`
    pub(crate) async fn heartbeat(&self, request: &HeartbeatRequest) -> ErrorCode {
        self.ask(|state, now, _| state.coordinator.heartbeat(request, now))
            .await
            .unwrap_or_else(|error| error)
    }

    /// `LeaveGroup`: one result for each member, or one for the request.
    pub(crate) async fn leave(
        &self,
        group: &str,
        departures: &[Departure],
    ) -> Result<Vec<ErrorCode>, ErrorCode> {
        self.ask(|state, now, effects| state.coordinator.leave(group, departures, now, effects)).await
    }

    /// `OffsetCommit`: one result for each offset, or one for the request.
    pub(crate) async fn commit(&self, request: &CommitRequest) -> Result<Vec<ErrorCode>, ErrorCode> {
        let committed =
            self.ask(|state, now, effects| state.coordinator.commit(request, now, effects)).await?;
        match &committed {
            Ok(results) => results.iter().for_each(|result| self.metrics.count(*result)),
            Err(error) => self.metrics.count(*error),
        }
        committed
    }

    /// Ends a producer's transaction in a group; the offset of the journal that must be durable before anyone is told. Nothing happens
    /// a second time.
    pub(crate) fn end_transaction(
        &self,
        group: &str,
        producer_id: i64,
        is_commit: bool,
    ) -> Result<i64, ErrorCode> {
        let ended = self.turn(|state, now, effects| {
            state.coordinator.end_transaction(group, producer_id, is_commit, now, effects);
        });
        ended.map(|((), end)| end)
    }

    /// The transactions that have committed offsets and not ended, with their groups.
    pub(crate) fn transactions(&self) -> Vec<(String, Transactor)> {
        let state = self.state.borrow();
        let open = state.coordinator.transactions();
        open.map(|(group, transactor)| (group.to_owned(), transactor)).collect()
    }

    /// Returns once the journal is durable up to an offset.
    pub(crate) async fn durable_to(&self, end: i64) {
        let mut durable = self.durable.subscribe();
        // The sender lives as long as `self`.
        let _ = durable.wait_for(|durable| *durable >= end).await;
    }

    /// `OffsetFetch`
    pub(crate) async fn fetch_offsets(
        &self,
        group: &str,
        selection: Option<&[TopicSelection]>,
    ) -> Result<Vec<FetchedTopic>, ErrorCode> {
        self.ask(|state, _, _| state.coordinator.fetch_offsets(group, selection)).await
    }

    /// `ListGroups`
    pub(crate) async fn list(&self) -> Result<Vec<GroupListing>, ErrorCode> {
        self.ask(|state, _, _| state.coordinator.list()).await
    }

    /// `DescribeGroups`, for one group.
    pub(crate) async fn describe(&self, group: &str) -> Result<Option<GroupDescription>, ErrorCode> {
        self.ask(|state, _, _| state.coordinator.describe(group)).await
    }

    /// `DeleteGroups`, for one group.
    pub(crate) async fn delete(&self, group: &str) -> ErrorCode {
        let deleted = self.ask(|state, now, effects| state.coordinator.delete(group, now, effects));
        deleted.await.unwrap_or_else(|error| error)
    }

    /// `OffsetDelete`: one result for each topic, or one for the request.
    pub(crate) async fn delete_offsets(
        &self,
        group: &str,
        selection: &[TopicSelection],
    ) -> Result<Vec<ErrorCode>, ErrorCode> {
        self.ask(|state, now, effects| state.coordinator.delete_offsets(group, selection, now, effects))
            .await?
    }

    /// Forgets the offsets of a topic that was deleted; durable with the next answer.
    pub(crate) fn forget_topic(&self, topic: TopicId) {
        let topics = [topic].into();
        let forgotten =
            self.turn(|state, now, effects| state.coordinator.forget_topics(&topics, now, effects));
        if let Err(error) = forgotten {
            tracing::warn!(%error, %topic, "offsets of a deleted topic are kept until they expire");
        }
    }

    /// Asks the coordinator, and answers once everything that the answer rests on is durable.
    async fn ask<T>(&self, act: impl FnOnce(&mut State, Now, &mut Effects) -> T) -> Result<T, ErrorCode> {
        let (answer, end) = self.turn(act)?;
        self.durable_to(end).await;
        Ok(answer)
    }

    /// One turn of the coordinator; answers with the offset that must be durable before anything is told of it. While records
    /// wait for room on the disk no more are made.
    fn turn<T>(&self, act: impl FnOnce(&mut State, Now, &mut Effects) -> T) -> Result<(T, i64), ErrorCode> {
        if self.state.borrow().journal.is_stuck() {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        Ok(self.act(act))
    }

    fn act<T>(&self, act: impl FnOnce(&mut State, Now, &mut Effects) -> T) -> (T, i64) {
        let mut state = self.state.borrow_mut();
        let now = now(self.clock.as_ref());
        let mut effects = Effects::default();
        let result = act(&mut state, now, &mut effects);
        if !effects.records.is_empty() {
            state.journal.append(effects.records, now.wall_ms).unwrap_or_else(|error| end_process(&error));
            self.written.notify_one();
        }
        effects.events.iter().for_each(report);
        effects.joins.iter().for_each(|(_, answer)| self.metrics.count(answer.error));
        self.metrics.observe(state.coordinator.totals());
        let end = state.journal.end();
        state.waiting.answered(end, effects.joins, effects.syncs);
        let durable = state.journal.durable();
        state.waiting.release(durable);
        if state.coordinator.next_deadline_ms() < self.armed_ms.get() {
            self.timers.notify_one();
        }
        (result, end)
    }

    /// Syncs what is written, for ever. Everything written while a sync runs shares the next one.
    pub(crate) async fn keep_durable(self: Rc<Self>) {
        loop {
            self.written.notified().await;
            loop {
                let plan = self.state.borrow_mut().journal.sync_plan();
                let Some(plan) = plan else { break };
                self.sync_by(plan).await;
                self.compact_if_due();
            }
        }
    }

    async fn sync_by(&self, plan: SyncPlan) {
        let ran = tokio::task::spawn_blocking(move || plan.run()).await;
        let end = match ran {
            Ok(Ok(end)) => end,
            Ok(Err(error)) => end_process(&error),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        let mut state = self.state.borrow_mut();
        state.journal.synced(end, self.clock.wall_ms()).unwrap_or_else(|error| end_process(&error));
        let durable = state.journal.durable();
        state.waiting.release(durable);
        self.durable.send_replace(durable);
    }

    fn compact_if_due(&self) {
        let mut state = self.state.borrow_mut();
        if state.journal.wants_compaction() {
            let snapshot = state.coordinator.snapshot().collect();
            state.journal.compact(snapshot, self.clock.wall_ms()).unwrap_or_else(|error| end_process(&error));
        }
    }

    /// Lets the coordinator do what is due, for ever.
    pub(crate) async fn keep_time(self: Rc<Self>) {
        loop {
            let wait = self.arm();
            tokio::select! {
                () = tokio::time::sleep(wait) => self.tick(),
                () = self.timers.notified() => {}
            }
        }
    }

    /// How long to wait for the next timer; records that wait for room are tried again and again.
    fn arm(&self) -> Duration {
        let state = self.state.borrow();
        let due_ms = state.coordinator.next_deadline_ms();
        self.armed_ms.set(due_ms);
        let wait = Duration::from_millis(due_ms.saturating_sub(now(self.clock.as_ref()).monotonic_ms));
        if state.journal.is_stuck() { wait.min(JOURNAL_RETRY_INTERVAL) } else { wait }
    }

    fn tick(&self) {
        self.act(|state, now, effects| state.coordinator.tick(now, effects));
        let stuck = self.state.borrow().journal.is_stuck();
        if stuck {
            let now_ms = self.clock.wall_ms();
            self.state
                .borrow_mut()
                .journal
                .append(Vec::new(), now_ms)
                .unwrap_or_else(|error| end_process(&error));
            self.written.notify_one();
        }
    }

    /// Ends the waiting of every request: the broker stops.
    pub(crate) fn end_waiting(&self) {
        self.state.borrow_mut().waiting.end();
    }

    /// Syncs for the last time.
    pub(crate) async fn close(&self) {
        let plan = self.state.borrow_mut().journal.closing_plan();
        if let Some(plan) = plan {
            self.sync_by(plan).await;
        }
    }
}

fn report(event: &GroupEvent) {
    match event {
        GroupEvent::GenerationBegan { group_id, generation, members } => {
            tracing::info!(group = group_id.as_str(), generation, members, "group generation began");
        }
        GroupEvent::BecameEmpty { group_id, generation } => {
            tracing::info!(group = group_id.as_str(), generation, "group became empty");
        }
        GroupEvent::MemberLost { group_id, member_id, reason } => {
            tracing::info!(
                group = group_id.as_str(),
                member = member_id.as_str(),
                reason,
                "group member given up"
            );
        }
    }
}

fn now(clock: &dyn Clock) -> Now {
    let monotonic_ms = u64::try_from(clock.mono().as_millis()).unwrap_or(u64::MAX);
    Now { monotonic_ms, wall_ms: clock.wall_ms() }
}

#[cfg(test)]
mod tests;

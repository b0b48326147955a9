//! Drives the group coordinator: lets requests wait, keeps its time, and answers nothing before it is durable.

mod metrics;
mod settings;
mod subscription;
mod waiting;

use std::{cell::RefCell, path::Path, rc::Rc, sync::Arc};

use headrace_groups::{
    CommitRequest, Coordinator, Departure, Effects, FetchedTopic, ForkedPartition, GroupConfig,
    GroupDescription, GroupEvent, GroupListing, HeartbeatRequest, JoinAnswer, JoinRequest, Now, SyncAnswer,
    SyncRequest, TopicSelection, Transactor,
};
use headrace_io::{Clock, Disk};
use headrace_types::{ErrorCode, Record, TopicId};

use crate::{
    journal::{self, JournalError},
    keeper::{Coordinates, Keeper},
};
pub(crate) use metrics::GroupMetrics;
pub(crate) use settings::GroupsConfig;
use waiting::Waiting;

/// The groups of a broker.
pub(crate) struct Groups {
    keeper: Keeper<Coordinator>,
    waiting: RefCell<Waiting>,
    metrics: GroupMetrics,
}

impl Coordinates for Coordinator {
    type Now = Now;

    fn at(monotonic_ms: u64, wall_ms: i64) -> Now {
        Now { monotonic_ms, wall_ms }
    }

    fn start(&mut self, now: Now) {
        self.start(now);
    }

    fn snapshot(&self) -> Vec<Record> {
        self.snapshot().collect()
    }

    fn next_deadline_ms(&self) -> u64 {
        self.next_deadline_ms()
    }
}

impl Groups {
    /// Reads the groups back from disk.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        clock: Arc<dyn Clock>,
        config: GroupConfig,
    ) -> Result<Rc<Self>, JournalError> {
        let keeper = Keeper::open(disk, clock, journal::GROUPS, directory, Coordinator::new(config))?;
        let metrics = GroupMetrics::default();
        keeper.look(|coordinator, _| metrics.observe(coordinator.totals()));
        Ok(Rc::new(Self { keeper, waiting: RefCell::default(), metrics }))
    }

    /// What the coordinator counts.
    pub(crate) fn metrics(&self) -> &GroupMetrics {
        &self.metrics
    }

    /// `JoinGroup`; answers once the join phase ends.
    pub(crate) async fn join(&self, request: &JoinRequest) -> JoinAnswer {
        let refusal = |error| JoinAnswer::refusal(error, &request.member_id);
        let receiver = self.turn(|coordinator, now, effects| {
            let (waiter, receiver) = self.waiting.borrow_mut().for_join();
            coordinator.join(request, waiter, now, effects);
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
        let receiver = self.turn(|coordinator, now, effects| {
            let (waiter, receiver) = self.waiting.borrow_mut().for_sync();
            coordinator.sync(request, waiter, now, effects);
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
        self.ask(|coordinator, now, _| coordinator.heartbeat(request, now))
            .await
            .unwrap_or_else(|error| error)
    }

    /// `LeaveGroup`: one result for each member, or one for the request.
    pub(crate) async fn leave(
        &self,
        group: &str,
        departures: &[Departure],
    ) -> Result<Vec<ErrorCode>, ErrorCode> {
        self.ask(|coordinator, now, effects| coordinator.leave(group, departures, now, effects)).await
    }

    /// `OffsetCommit`: one result for each offset, or one for the request.
    pub(crate) async fn commit(&self, request: &CommitRequest) -> Result<Vec<ErrorCode>, ErrorCode> {
        let committed =
            self.ask(|coordinator, now, effects| coordinator.commit(request, now, effects)).await?;
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
        let ended = self.turn(|coordinator, now, effects| {
            coordinator.end_transaction(group, producer_id, is_commit, now, effects);
        });
        ended.map(|((), end)| end)
    }

    /// What a fork of the cluster knows of the groups.
    pub(crate) fn fork(
        &self,
        partition: impl Fn(&str, i32) -> Option<ForkedPartition>,
        is_decided: impl Fn(Transactor) -> bool,
    ) -> Vec<Record> {
        self.keeper.look(|coordinator, now| coordinator.fork(partition, is_decided, now.wall_ms))
    }

    /// The transactions that have committed offsets and not ended, with their groups.
    pub(crate) fn transactions(&self) -> Vec<(String, Transactor)> {
        self.keeper.look(|coordinator, _| {
            let open = coordinator.transactions();
            open.map(|(group, transactor)| (group.to_owned(), transactor)).collect()
        })
    }

    /// Returns once the journal is durable up to an offset.
    pub(crate) async fn durable_to(&self, end: i64) {
        self.keeper.durable_to(end).await;
    }

    /// `OffsetFetch`
    pub(crate) async fn fetch_offsets(
        &self,
        group: &str,
        selection: Option<&[TopicSelection]>,
    ) -> Result<Vec<FetchedTopic>, ErrorCode> {
        self.ask(|coordinator, _, _| coordinator.fetch_offsets(group, selection)).await
    }

    /// `ListGroups`
    pub(crate) async fn list(&self) -> Result<Vec<GroupListing>, ErrorCode> {
        self.ask(|coordinator, _, _| coordinator.list()).await
    }

    /// `DescribeGroups`, for one group.
    pub(crate) async fn describe(&self, group: &str) -> Result<Option<GroupDescription>, ErrorCode> {
        self.ask(|coordinator, _, _| coordinator.describe(group)).await
    }

    /// `DeleteGroups`, for one group.
    pub(crate) async fn delete(&self, group: &str) -> ErrorCode {
        let deleted = self.ask(|coordinator, now, effects| coordinator.delete(group, now, effects));
        deleted.await.unwrap_or_else(|error| error)
    }

    /// `OffsetDelete`: one result for each topic, or one for the request.
    pub(crate) async fn delete_offsets(
        &self,
        group: &str,
        selection: &[TopicSelection],
    ) -> Result<Vec<ErrorCode>, ErrorCode> {
        self.ask(|coordinator, now, effects| coordinator.delete_offsets(group, selection, now, effects))
            .await?
    }

    /// Forgets the offsets of a topic that was deleted; durable with the next answer.
    pub(crate) fn forget_topic(&self, topic: TopicId) {
        let topics = [topic].into();
        let forgotten =
            self.turn(|coordinator, now, effects| coordinator.forget_topics(&topics, now, effects));
        if let Err(error) = forgotten {
            tracing::warn!(%error, %topic, "offsets of a deleted topic are kept until they expire");
        }
    }

    /// Asks the coordinator, and answers once everything that the answer rests on is durable.
    async fn ask<T>(
        &self,
        act: impl FnOnce(&mut Coordinator, Now, &mut Effects) -> T,
    ) -> Result<T, ErrorCode> {
        let (answer, end) = self.turn(act)?;
        self.durable_to(end).await;
        Ok(answer)
    }

    /// One turn of the coordinator; answers with the offset that must be durable before anything is told of it. While records
    /// wait for room on the disk no more are made.
    fn turn<T>(
        &self,
        act: impl FnOnce(&mut Coordinator, Now, &mut Effects) -> T,
    ) -> Result<(T, i64), ErrorCode> {
        self.keeper.check_room()?;
        Ok(self.act(act))
    }

    fn act<T>(&self, act: impl FnOnce(&mut Coordinator, Now, &mut Effects) -> T) -> (T, i64) {
        let mut effects = Effects::default();
        let (result, end) = self.keeper.act(|coordinator, now| {
            let result = act(coordinator, now, &mut effects);
            self.metrics.observe(coordinator.totals());
            (result, std::mem::take(&mut effects.records))
        });
        effects.events.iter().for_each(report);
        effects.joins.iter().for_each(|(_, answer)| self.metrics.count(answer.error));
        self.waiting.borrow_mut().answered(end, effects.joins, effects.syncs);
        self.release(self.keeper.durable());
        (result, end)
    }

    fn release(&self, durable: i64) {
        self.waiting.borrow_mut().release(durable);
    }

    /// Syncs what is written, for ever.
    pub(crate) async fn keep_durable(self: Rc<Self>) {
        self.keeper.keep_durable(|durable| self.release(durable)).await;
    }

    /// Lets the coordinator do what is due, for ever.
    pub(crate) async fn keep_time(self: Rc<Self>) {
        self.keeper.keep_time(|| self.tick()).await;
    }

    fn tick(&self) {
        self.act(Coordinator::tick);
        self.keeper.try_again();
    }

    /// Ends the waiting of every request: the broker stops.
    pub(crate) fn end_waiting(&self) {
        self.waiting.borrow_mut().end();
    }

    /// Syncs for the last time.
    pub(crate) async fn close(&self) {
        if let Some(durable) = self.keeper.close().await {
            self.release(durable);
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

#[cfg(test)]
mod tests;

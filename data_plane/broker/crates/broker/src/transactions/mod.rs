//! Drives the coordinator of transactions: keeps its journal and its time, writes markers once a decision is durable, and at the
//! start takes care of every transaction that a stop has cut short.

mod endings;
mod metrics;
mod resuming;

use std::{path::Path, rc::Rc, sync::Arc};

use headrace_io::{Clock, Disk};
use headrace_transactions::{
    Coordinator, Description, Effects, EndRequest, InitRequest, ListFilter, Listing, Now, Place, Producer,
    TransactionConfig, TransactionEvent,
};
use headrace_types::{ErrorCode, ProducerId, Record, TopicPartition};
use tokio::{sync::watch, task::spawn_local, time::timeout};

use crate::{
    groups::Groups,
    journal::{self, JournalError},
    keeper::{Coordinates, Keeper},
    limits::MARKERS_WAIT_MAX,
    topics::SharedTopics,
};
pub(crate) use metrics::TransactionMetrics;

/// The transactions of a broker.
pub(crate) struct Transactions {
    keeper: Keeper<Coordinator>,
    topics: SharedTopics,
    groups: Rc<Groups>,
    metrics: TransactionMetrics,
    /// Counts transactions whose markers are all durable.
    finished: watch::Sender<u64>,
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

/// A transactional write that may be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admission<'a> {
    pub(crate) transactional_id: &'a str,
    /// Whether writing adds the partition to the transaction (KIP-890).
    pub(crate) adds: bool,
}

impl Transactions {
    /// Reads the transactions back from disk.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        config: TransactionConfig,
        topics: SharedTopics,
        groups: Rc<Groups>,
    ) -> Result<Rc<Self>, JournalError> {
        let kind = journal::TRANSACTIONS;
        let coordinator = Coordinator::new(config);
        let keeper = Keeper::open(disk, clock, kind, Path::new(kind.directory), coordinator)?;
        let metrics = TransactionMetrics::default();
        keeper.look(|coordinator, _| metrics.observe(coordinator));
        Ok(Rc::new(Self { keeper, topics, groups, metrics, finished: watch::Sender::new(0) }))
    }

    /// What the coordinator counts.
    pub(crate) fn metrics(&self) -> &TransactionMetrics {
        &self.metrics
    }

    /// `InitProducerId` with a transactional id.
    pub(crate) async fn init(self: &Rc<Self>, request: &InitRequest<'_>) -> Result<Producer, ErrorCode> {
        let topics = Rc::clone(&self.topics);
        let mut ids = move || topics.allocate_producer_id().map(ProducerId::get);
        self.ask(|coordinator, now, effects| coordinator.init(request, &mut ids, now, effects)).await?
    }

    /// `AddPartitionsToTxn`, `AddOffsetsToTxn`, and what `TxnOffsetCommit` does by itself (KIP-890).
    pub(crate) async fn add(
        self: &Rc<Self>,
        transactional_id: &str,
        producer: Producer,
        places: Vec<Place>,
    ) -> Result<(), ErrorCode> {
        self.ask(|coordinator, now, effects| {
            coordinator.add(transactional_id, producer, places, now, effects)
        })
        .await?
    }

    /// Whether a producer's transaction is known to touch a place.
    pub(crate) fn verify(
        &self,
        transactional_id: &str,
        producer: Producer,
        place: &Place,
    ) -> Result<(), ErrorCode> {
        self.keeper.look(|coordinator, _| coordinator.verify(transactional_id, producer, place))
    }

    /// Admits a batch of a transaction; the offset of the journal that must be durable before the batch is acknowledged. The batch
    /// may be written before: what is found open after a crash is taken up again, see [`Self::resume`].
    pub(crate) fn admit(
        self: &Rc<Self>,
        admission: Admission<'_>,
        producer: Producer,
        partition: TopicPartition,
    ) -> Result<i64, ErrorCode> {
        let place = Place::Partition(partition);
        let id = admission.transactional_id;
        if admission.adds {
            let (added, end) =
                self.turn(|coordinator, now, effects| coordinator.add(id, producer, [place], now, effects))?;
            return added.map(|()| end);
        }
        self.verify(id, producer, &place)?;
        Ok(self.keeper.end())
    }

    /// `EndTxn`: answers once the decision is durable, and as a rule once it holds everywhere.
    pub(crate) async fn end(self: &Rc<Self>, request: &EndRequest<'_>) -> Result<Producer, ErrorCode> {
        let topics = Rc::clone(&self.topics);
        let mut ids = move || topics.allocate_producer_id().map(ProducerId::get);
        let ended =
            self.ask(|coordinator, now, effects| coordinator.end(request, &mut ids, now, effects)).await?;
        if ended.is_ok() {
            self.metrics.count(request.is_commit);
            let mut finished = self.finished.subscribe();
            let is_finished = |_: &u64| {
                let described = self.describe(request.transactional_id);
                described.is_none_or(|transaction| !transaction.state.is_prepared())
            };
            // What is left when this time is over goes on by itself: the answer is the same.
            let _ = timeout(MARKERS_WAIT_MAX, finished.wait_for(is_finished)).await;
        }
        ended
    }

    /// `DescribeTransactions`, for one id.
    pub(crate) fn describe(&self, transactional_id: &str) -> Option<Description> {
        self.keeper.look(|coordinator, _| coordinator.describe(transactional_id))
    }

    /// `ListTransactions`
    pub(crate) fn list(&self, filter: &ListFilter) -> Vec<Listing> {
        self.keeper.look(|coordinator, now| coordinator.list(filter, now))
    }

    /// What a fork of the cluster knows of the transactions.
    pub(crate) fn fork(&self, partition: impl Fn(TopicPartition) -> Option<TopicPartition>) -> Vec<Record> {
        self.keeper.look(|coordinator, _| coordinator.fork(partition))
    }

    /// Whether the end of a producer's transaction is decided and not told everywhere.
    pub(crate) fn is_decided(&self, producer_id: i64) -> bool {
        self.keeper.look(|coordinator, _| coordinator.is_decided(producer_id))
    }

    /// Returns once the journal is durable up to an offset.
    pub(crate) async fn durable_to(&self, end: i64) {
        self.keeper.durable_to(end).await;
    }

    /// Whether the journal is durable up to an offset.
    pub(crate) fn is_durable_to(&self, end: i64) -> bool {
        self.keeper.durable() >= end
    }

    /// Asks the coordinator, and answers once everything that the answer rests on is durable.
    async fn ask<T>(
        self: &Rc<Self>,
        act: impl FnOnce(&mut Coordinator, Now, &mut Effects) -> T,
    ) -> Result<T, ErrorCode> {
        let (answer, end) = self.turn(act)?;
        self.durable_to(end).await;
        Ok(answer)
    }

    /// One turn of the coordinator; answers with the offset that must be durable before anything is told of it. While records wait
    /// for room on the disk no more are made.
    fn turn<T>(
        self: &Rc<Self>,
        act: impl FnOnce(&mut Coordinator, Now, &mut Effects) -> T,
    ) -> Result<(T, i64), ErrorCode> {
        self.keeper.check_room()?;
        Ok(self.act(act))
    }

    fn act<T>(self: &Rc<Self>, act: impl FnOnce(&mut Coordinator, Now, &mut Effects) -> T) -> (T, i64) {
        let mut effects = Effects::default();
        let (result, end) = self.keeper.act(|coordinator, now| {
            let result = act(coordinator, now, &mut effects);
            self.metrics.observe(coordinator);
            (result, std::mem::take(&mut effects.records))
        });
        effects.events.iter().for_each(|event| self.report(event));
        for ending in effects.endings {
            spawn_local(Rc::clone(self).carry_out(ending, end, endings::Known::Whole));
        }
        (result, end)
    }

    fn report(&self, event: &TransactionEvent) {
        match event {
            TransactionEvent::TimedOut { transactional_id, producer } => {
                self.metrics.timed_out.inc();
                tracing::info!(transactional_id, producer = producer.id, "transaction timed out");
            }
            TransactionEvent::Fenced { transactional_id, producer } => {
                tracing::info!(transactional_id, producer = producer.id, "transaction fenced");
            }
            TransactionEvent::Expired { transactional_id } => {
                tracing::info!(transactional_id, "transactional id expired");
            }
        }
    }

    /// Syncs what is written, for ever.
    pub(crate) async fn keep_durable(self: Rc<Self>) {
        self.keeper.keep_durable(|_| ()).await;
    }

    /// Lets the coordinator do what is due, for ever.
    pub(crate) async fn keep_time(self: Rc<Self>) {
        self.keeper.keep_time(|| self.tick()).await;
    }

    fn tick(self: &Rc<Self>) {
        self.act(Coordinator::tick);
        self.keeper.try_again();
    }

    /// Syncs for the last time.
    pub(crate) async fn close(&self) {
        self.keeper.close().await;
    }
}

//! Drives the coordinator of transactions: keeps its journal and its time, writes markers once a decision is durable, and at the
//! start takes care of every transaction that a stop has cut short.

mod endings;
mod metrics;
mod resuming;

use std::{
    cell::{Cell, RefCell},
    path::Path,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use headrace_io::{Clock, Disk};
use headrace_log::SyncPlan;
use headrace_transactions::{
    Coordinator, Description, Effects, EndRequest, InitRequest, ListFilter, Listing, Now, Place, Producer,
    TransactionConfig, TransactionEvent,
};
use headrace_types::{ErrorCode, ProducerId, TopicPartition};
use tokio::{
    sync::{Notify, watch},
    task::spawn_local,
    time::timeout,
};

use crate::{
    groups::Groups,
    journal::{self, Journal, JournalError},
    limits::{JOURNAL_RETRY_INTERVAL, MARKERS_WAIT_MAX},
    storage_failure::end_process,
    topics::SharedTopics,
};
pub(crate) use metrics::TransactionMetrics;

/// The transactions of a broker.
pub(crate) struct Transactions {
    state: RefCell<State>,
    topics: SharedTopics,
    groups: Rc<Groups>,
    metrics: TransactionMetrics,
    clock: Arc<dyn Clock>,
    /// The offset of the journal up to which records are durable.
    durable: watch::Sender<i64>,
    /// Counts transactions whose markers are all durable.
    finished: watch::Sender<u64>,
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
        let mut coordinator = Coordinator::new(config);
        let kind = journal::TRANSACTIONS;
        let directory = Path::new(kind.directory);
        let journal = Journal::open(disk, kind, directory, clock.wall_ms(), &mut coordinator)?;
        coordinator.start(now(clock.as_ref()));
        let durable = watch::Sender::new(journal.durable());
        let metrics = TransactionMetrics::default();
        metrics.observe(&coordinator);
        Ok(Rc::new(Self {
            state: RefCell::new(State { coordinator, journal }),
            topics,
            groups,
            metrics,
            clock,
            durable,
            finished: watch::Sender::new(0),
            written: Notify::new(),
            timers: Notify::new(),
            armed_ms: Cell::new(u64::MAX),
        }))
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
        self.state.borrow().coordinator.verify(transactional_id, producer, place)
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
        Ok(self.state.borrow().journal.end())
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
                let state = self.state.borrow();
                let described = state.coordinator.describe(request.transactional_id);
                described.is_none_or(|transaction| !transaction.state.is_prepared())
            };
            // What is left when this time is over goes on by itself: the answer is the same.
            let _ = timeout(MARKERS_WAIT_MAX, finished.wait_for(is_finished)).await;
        }
        ended
    }

    /// `DescribeTransactions`, for one id.
    pub(crate) fn describe(&self, transactional_id: &str) -> Option<Description> {
        self.state.borrow().coordinator.describe(transactional_id)
    }

    /// `ListTransactions`
    pub(crate) fn list(&self, filter: &ListFilter) -> Vec<Listing> {
        self.state.borrow().coordinator.list(filter, now(self.clock.as_ref()))
    }

    /// Returns once the journal is durable up to an offset.
    pub(crate) async fn durable_to(&self, end: i64) {
        let mut durable = self.durable.subscribe();
        // The sender lives as long as `self`.
        let _ = durable.wait_for(|durable| *durable >= end).await;
    }

    /// Whether the journal is durable up to an offset.
    pub(crate) fn is_durable_to(&self, end: i64) -> bool {
        *self.durable.borrow() >= end
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
        if self.state.borrow().journal.is_stuck() {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        Ok(self.act(act))
    }

    fn act<T>(self: &Rc<Self>, act: impl FnOnce(&mut Coordinator, Now, &mut Effects) -> T) -> (T, i64) {
        let mut state = self.state.borrow_mut();
        let now = now(self.clock.as_ref());
        let mut effects = Effects::default();
        let result = act(&mut state.coordinator, now, &mut effects);
        if !effects.records.is_empty() {
            state.journal.append(effects.records, now.wall_ms).unwrap_or_else(|error| end_process(&error));
            self.written.notify_one();
        }
        effects.events.iter().for_each(|event| self.report(event));
        self.metrics.observe(&state.coordinator);
        let end = state.journal.end();
        for ending in effects.endings {
            spawn_local(Rc::clone(self).carry_out(ending, end, endings::Known::Whole));
        }
        if state.coordinator.next_deadline_ms() < self.armed_ms.get() {
            self.timers.notify_one();
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
        self.durable.send_replace(state.journal.durable());
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

    fn tick(self: &Rc<Self>) {
        self.act(Coordinator::tick);
        let mut state = self.state.borrow_mut();
        if state.journal.is_stuck() {
            let now_ms = self.clock.wall_ms();
            state.journal.append(Vec::new(), now_ms).unwrap_or_else(|error| end_process(&error));
            self.written.notify_one();
        }
    }

    /// Syncs for the last time.
    pub(crate) async fn close(&self) {
        let plan = self.state.borrow_mut().journal.closing_plan();
        if let Some(plan) = plan {
            self.sync_by(plan).await;
        }
    }
}

fn now(clock: &dyn Clock) -> Now {
    let monotonic_ms = u64::try_from(clock.mono().as_millis()).unwrap_or(u64::MAX);
    Now { monotonic_ms, wall_ms: clock.wall_ms() }
}

//! The topics of the broker and their logs: what there is, and how it is found.

mod administration;
mod append;
pub(crate) mod arrivals;
mod cold_reads;
mod committer;
mod compaction;
mod configuration;
mod deletion;
mod forking;
mod lingering;
mod metering;
mod metrics;
mod on_the_way;
mod opening;
mod pace;
mod producers;
pub(crate) mod read;
pub(crate) mod settings;
mod stored;
#[cfg(test)]
mod tests;
mod transactions;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::{Arc, atomic::AtomicBool},
};

use headrace_commit::{Accounts, Committer, Logs, Replay};
use headrace_io::{Clock, Disk, Rng};
use headrace_log::{Catalog, DiskGauge, LogError, PartitionLog, ProducerIds};
use headrace_types::{ErrorCode, LeaderEpoch, PartitionIndex, ProducerId, TopicId, TopicPartition};
use tokio::sync::{Notify, Semaphore, watch};

use crate::{limits::FETCHED_IN_MEMORY_BYTES_MAX, storage_failure::end_process, usage::Usage};
use arrivals::Arrivals;
use lingering::Lingering;
use on_the_way::OnTheWay;
use pace::Pace;
use producers::KnownProducers;
use settings::{Ceilings, Settings};
use stored::StorageLimit;

pub(crate) use administration::{NewTopic, Refusal};
pub(crate) use append::{Accepted, IMPLICIT_SINCE, ProduceRefusal, Produced};
pub(crate) use forking::{ForkPlan, ForkRefusal, ForkedLog};
pub(crate) use metrics::StorageMetrics;
pub(crate) use opening::{TOPICS_DIRECTORY, WAL_DIRECTORY};
pub(crate) use read::{Fetched, Held};

/// The topics of the broker.
pub(crate) struct Topics {
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    partitions_max: usize,
    count_max: usize,
    batch_bytes_max: usize,
    ceilings: Ceilings,
    storage_limit: StorageLimit,
    state: RefCell<State>,
    arrivals: Arrivals,
    /// Something is to be synced or removed.
    work: Notify,
    /// Something was acknowledged that is to be synced later.
    relaxed: Notify,
    /// Logs may have become due to be compacted.
    compaction: Notify,
    /// Compaction is to end.
    stop_compacting: Arc<AtomicBool>,
    /// How many forks are being made, while which no segment is removed or replaced.
    forks: Cell<usize>,
    /// Counts rounds that have ended.
    rounds: watch::Sender<u64>,
    /// How long syncs take, to know who may wait for one.
    pace: Pace,
    /// Whether who was just answered is waited for without sleeping.
    lingering: Lingering,
    /// Whether segments are being synced in the background.
    is_settling: Cell<bool>,
    /// The write-ahead log of the process before, until everything it tells is durable elsewhere.
    replay: RefCell<Option<Replay>>,
    /// On whose account the appends were made that it tells.
    accounts: Accounts,
    metrics: StorageMetrics,
    usage: Rc<Usage>,
    /// One permit a byte of fetched records that may be in memory.
    fetch_memory: Arc<Semaphore>,
    /// Records that clients are being sent.
    on_the_way: OnTheWay,
    /// One permit a read that waits for the disk.
    cold_reads: Semaphore,
}

struct State {
    catalog: Catalog,
    logs: BTreeMap<TopicPartition, Slot>,
    commit: Committer,
    /// Logs with segments that retention could remove once they are synced.
    retain_again: BTreeSet<TopicPartition>,
    gauge: DiskGauge,
    /// Whether produce is refused for want of room.
    is_full: bool,
    /// The partition that is being compacted.
    compacting: Option<TopicPartition>,
    producer_ids: ProducerIds,
    producers: KnownProducers,
    /// Deleted topics whose files are still there, with their partition counts.
    removals: Vec<(TopicId, i32)>,
}

/// A partition that there is.
enum Slot {
    Online(Box<Online>),
    /// Its files are damaged; they are left alone.
    Offline,
}

struct Online {
    log: PartitionLog,
    settings: Settings,
    /// Compaction has met damage, and leaves the log alone until the next start.
    is_uncompactable: bool,
}

/// What metadata tells of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopicView {
    pub(crate) name: String,
    pub(crate) id: TopicId,
    /// By index: the leader epoch; none of a partition that is offline.
    pub(crate) partitions: Vec<Option<LeaderEpoch>>,
}

/// Which topic a request means.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TopicRef<'a> {
    Name(&'a str),
    Id(TopicId),
}

impl<'a> TopicRef<'a> {
    /// By id from version `ids_since` on, else by name.
    pub(crate) fn of(version: i16, ids_since: i16, name: &'a str, id: impl Into<TopicId>) -> Self {
        if version >= ids_since { Self::Id(id.into()) } else { Self::Name(name) }
    }
}

impl Topics {
    /// Every topic, by name.
    pub(crate) fn views(&self) -> Vec<TopicView> {
        let state = self.state.borrow();
        state
            .catalog
            .topics()
            .map(|(name, topic)| state.view(name.as_str(), topic.id, topic.partitions))
            .collect()
    }

    /// One topic.
    pub(crate) fn view(&self, topic: TopicRef<'_>) -> Result<TopicView, ErrorCode> {
        let state = self.state.borrow();
        let id = state.resolve(topic)?;
        let name = state.catalog.name_of(id).map(ToString::to_string).unwrap_or_default();
        let partitions = state.catalog.by_name(&name).map_or(0, |topic| topic.partitions);
        Ok(state.view(&name, id, partitions))
    }

    /// The id of the topic that is meant.
    pub(crate) fn resolve(&self, topic: TopicRef<'_>) -> Result<TopicId, ErrorCode> {
        self.state.borrow().resolve(topic)
    }

    /// Does something with the name of a topic, if there is one of this id.
    pub(crate) fn with_name<T>(&self, topic: TopicId, act: impl FnOnce(&str) -> T) -> Option<T> {
        self.state.borrow().catalog.name_of(topic).map(|name| act(name.as_str()))
    }

    /// The configurations that were set for a topic.
    pub(crate) fn configs_of(&self, name: &str) -> Option<BTreeMap<String, String>> {
        Some(self.state.borrow().catalog.by_name(name)?.configs.clone())
    }

    /// How many partitions there are.
    pub(crate) fn partitions_count(&self) -> usize {
        self.state.borrow().logs.len()
    }

    /// Does something with the log of a partition.
    pub(crate) fn with_log<T>(
        &self,
        partition: TopicPartition,
        act: impl FnOnce(&mut PartitionLog) -> T,
    ) -> Result<T, ErrorCode> {
        self.state.borrow_mut().online(partition).map(|online| act(&mut online.log))
    }

    /// A producer id that was never given out before.
    pub(crate) fn allocate_producer_id(&self) -> Result<ProducerId, ErrorCode> {
        let allocated = self.state.borrow_mut().producer_ids.allocate();
        allocated.map_err(|error| storage_refusal(&error))
    }

    /// Brings up to date what is counted of the storage, before it is told.
    pub(crate) fn observe(&self) {
        let state = self.state.borrow();
        self.metrics.observe(&state.commit);
        self.metrics.producers.set(state.producers.count() as i64);
    }

    /// What is counted of the storage, to be registered.
    pub(crate) fn metrics(&self) -> &StorageMetrics {
        &self.metrics
    }

    fn now_ms(&self) -> i64 {
        self.clock.wall_ms()
    }
}

/// The logs of a broker, as the committer finds them.
struct LogSet<'a>(&'a mut BTreeMap<TopicPartition, Slot>);

impl Logs for LogSet<'_> {
    fn log(&mut self, partition: TopicPartition) -> Option<&mut PartitionLog> {
        match self.0.get_mut(&partition) {
            Some(Slot::Online(online)) => Some(&mut online.log),
            Some(Slot::Offline) | None => None,
        }
    }

    fn is_offline(&self, partition: TopicPartition) -> bool {
        matches!(self.0.get(&partition), Some(Slot::Offline))
    }
}

impl State {
    fn resolve(&self, topic: TopicRef<'_>) -> Result<TopicId, ErrorCode> {
        match topic {
            TopicRef::Name(name) => {
                self.catalog.by_name(name).map(|topic| topic.id).ok_or(ErrorCode::UnknownTopicOrPartition)
            }
            TopicRef::Id(id) => self.catalog.name_of(id).map(|_| id).ok_or(ErrorCode::UnknownTopicId),
        }
    }

    fn online(&mut self, partition: TopicPartition) -> Result<&mut Online, ErrorCode> {
        online(&mut self.logs, partition)
    }

    fn view(&self, name: &str, id: TopicId, partitions: i32) -> TopicView {
        let epoch_of = |partition| match self.logs.get(&partition) {
            Some(Slot::Online(online)) => Some(online.log.leader_epoch()),
            Some(Slot::Offline) | None => None,
        };
        let partitions = partitions_of(id, 0..partitions).map(epoch_of).collect();
        TopicView { name: name.to_owned(), id, partitions }
    }
}

fn online(
    logs: &mut BTreeMap<TopicPartition, Slot>,
    partition: TopicPartition,
) -> Result<&mut Online, ErrorCode> {
    match logs.get_mut(&partition) {
        Some(Slot::Online(online)) => Ok(online),
        Some(Slot::Offline) => Err(ErrorCode::KafkaStorageError),
        None => Err(ErrorCode::UnknownTopicOrPartition),
    }
}

/// The partitions of a topic with these indexes.
fn partitions_of(topic: TopicId, indexes: std::ops::Range<i32>) -> impl Iterator<Item = TopicPartition> {
    indexes.map(move |index| TopicPartition { topic, partition: PartitionIndex::new(index) })
}

/// A full disk is refused and passes, and what can not be read concerns its log alone; after any other failure nothing may be promised
/// any more.
fn storage_refusal(error: &LogError) -> ErrorCode {
    match error {
        error if error.is_full() => tracing::warn!(%error, "the disk is full"),
        LogError::Read { .. } => tracing::error!(%error, "a log can not be read"),
        error => end_process(error),
    }
    ErrorCode::KafkaStorageError
}

/// A handle that handlers and tasks share.
pub(crate) type SharedTopics = Rc<Topics>;

fn fetch_memory() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(FETCHED_IN_MEMORY_BYTES_MAX))
}

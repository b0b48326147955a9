//! Opening the topics of a data directory after any kind of stop.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
};

use headrace_commit::{CommitError, Committer, Replay, Replayed, WalConfig, unreplayed};
use headrace_io::{Clock, Disk, Rng};
use headrace_log::{Catalog, DiskGauge, LogError, PartitionLog, ProducerIds, catalog, partition, segment};
use headrace_types::{TopicId, TopicPartition};
use tokio::sync::{Notify, Semaphore, watch};

use super::{
    Lingering, LogSet, Online, Pace, SharedTopics, Slot, State, Topics,
    arrivals::Arrivals,
    fetch_memory,
    metrics::StorageMetrics,
    on_the_way::OnTheWay,
    partitions_of,
    producers::KnownProducers,
    settings::{Ceilings, Settings},
    stored::StorageLimit,
};
use crate::{
    config::LimitsConfig,
    limits::{COLD_READS_MAX, FETCH_WAITS_MAX},
    usage::Usage,
};

/// Directory of the logs, in the data directory.
pub(crate) const TOPICS_DIRECTORY: &str = "topics";
/// Directory of the write-ahead log, in the data directory.
pub(crate) const WAL_DIRECTORY: &str = "wal";
/// The data directory, which the process works in.
const DATA_DIRECTORY: &str = ".";

impl Topics {
    /// Opens every topic of the data directory, which the process works in.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        limits: &LimitsConfig,
        usage: Rc<Usage>,
        wal: WalConfig,
    ) -> Result<SharedTopics, CommitError> {
        let ceilings = Ceilings::of(limits);
        let root = root();
        disk.create_dir_all(&root).map_err(LogError::io(&root))?;
        let has_catalog = Catalog::exists(&*disk, Path::new(DATA_DIRECTORY))?;
        let mut catalog = Catalog::open(Arc::clone(&disk), Path::new(DATA_DIRECTORY))?;
        remove_leftovers(&*disk, &mut catalog, !has_catalog)?;
        let mut logs = open_logs(&disk, &catalog, ceilings, clock.wall_ms());
        let wal_dir = Path::new(DATA_DIRECTORY).join(WAL_DIRECTORY);
        let replay = Replay::open(Arc::clone(&disk), &wal_dir)?;
        let replayed = match &replay {
            Some(replay) => go_on(replay, &mut logs, clock.wall_ms())?,
            None => Replayed::default(),
        };
        let mut state = State {
            logs,
            commit: Committer::new(Arc::clone(&disk), &wal_dir, rng.next_u64(), wal),
            retain_again: BTreeSet::new(),
            gauge: DiskGauge::default(),
            is_full: false,
            compacting: None,
            producer_ids: ProducerIds::open(Arc::clone(&disk), Path::new(DATA_DIRECTORY), &*rng)?,
            removals: Vec::new(),
            catalog,
            producers: KnownProducers::new(limits.producer_ids_max),
        };
        state.look_for_producers(clock.wall_ms());
        Ok(Rc::new(Self {
            disk,
            clock,
            rng,
            partitions_max: limits.partitions_max,
            count_max: limits.topics_max,
            batch_bytes_max: limits.request_bytes_max,
            ceilings,
            storage_limit: StorageLimit::new(limits.stored_bytes_max),
            state: RefCell::new(state),
            arrivals: Arrivals::new(FETCH_WAITS_MAX),
            work: Notify::new(),
            relaxed: Notify::new(),
            compaction: Notify::new(),
            stop_compacting: Arc::default(),
            forks: Cell::new(0),
            rounds: watch::Sender::new(0),
            pace: Pace::new(),
            lingering: Lingering::default(),
            is_settling: Cell::new(false),
            replay: RefCell::new(replay),
            accounts: replayed.accounts,
            metrics: StorageMetrics::default(),
            usage,
            fetch_memory: fetch_memory(),
            on_the_way: OnTheWay::default(),
            cold_reads: Semaphore::new(COLD_READS_MAX),
        }))
    }
}

/// Where the logs lie.
pub(super) fn root() -> PathBuf {
    Path::new(DATA_DIRECTORY).join(TOPICS_DIRECTORY)
}

/// Where the log of a partition lies.
pub(super) fn dir_of(partition: TopicPartition) -> PathBuf {
    root().join(partition::dir_name(partition))
}

fn open_logs(
    disk: &Arc<dyn Disk>,
    catalog: &Catalog,
    ceilings: Ceilings,
    now_ms: i64,
) -> BTreeMap<TopicPartition, Slot> {
    let mut logs = BTreeMap::new();
    for (name, topic) in catalog.topics() {
        let settings = Settings::of(&topic.configs, ceilings);
        for partition in partitions_of(topic.id, 0..topic.partitions) {
            let opened = open_log(disk, partition, settings, now_ms);
            let slot = opened.unwrap_or_else(|error| {
                tracing::error!(%error, topic = %name, partition = %partition.partition, "a partition is offline");
                Slot::Offline
            });
            logs.insert(partition, slot);
        }
    }
    logs
}

/// Writes to the segments what only the write-ahead log of the process before holds.
fn go_on(
    replay: &Replay,
    logs: &mut BTreeMap<TopicPartition, Slot>,
    now_ms: i64,
) -> Result<Replayed, CommitError> {
    let replayed = replay.run(&mut LogSet(logs), dir_of, now_ms)?;
    for (partition, error) in &replayed.failed {
        tracing::error!(%error, %partition, "a partition is offline");
        logs.insert(*partition, Slot::Offline);
    }
    for partition in &replayed.put_aside {
        tracing::warn!(%partition, "acknowledged batches are put aside until the partition can be opened");
    }
    tracing::info!(blocks = replayed.blocks, bytes = replayed.bytes, "the write-ahead log was replayed");
    Ok(replayed)
}

/// Opens the log of a partition whose directory exists.
pub(super) fn open_log(
    disk: &Arc<dyn Disk>,
    partition: TopicPartition,
    settings: Settings,
    now_ms: i64,
) -> Result<Slot, LogError> {
    let dir = dir_of(partition);
    let mut log = PartitionLog::open(Arc::clone(disk), &dir, partition, settings.log, now_ms)?;
    unreplayed::replay_into(&**disk, &dir, &mut log, now_ms)?;
    if log.truncated_bytes() > 0 {
        tracing::info!(%partition, bytes = log.truncated_bytes(), "an unfinished write was cut off");
    }
    Ok(Slot::Online(Box::new(Online { log, settings, is_uncompactable: false })))
}

/// Removes the files of deleted topics, and directories of topics whose creation was cut short. Any other directory that
/// the catalog does not explain stays: it may be all that is left of somebody's data. Where there is no catalog at all, such
/// data says that it was lost: as a broker without topics the process would forget the offsets of every group.
fn remove_leftovers(
    disk: &dyn Disk,
    catalog: &mut Catalog,
    catalog_is_missing: bool,
) -> Result<(), LogError> {
    let deleted: Vec<(TopicId, i32)> = catalog.removing().collect();
    remove_topics(disk, &deleted)?;
    if !deleted.is_empty() {
        let ids: Vec<TopicId> = deleted.iter().map(|(id, _)| *id).collect();
        catalog.removed(&ids).map_err(catalog_failure)?;
    }
    let root = root();
    let known: BTreeSet<String> = catalog
        .topics()
        .flat_map(|(_, topic)| partitions_of(topic.id, 0..topic.partitions))
        .map(partition::dir_name)
        .collect();
    for name in disk.list(&root).map_err(LogError::io(&root))? {
        if known.contains(&name) {
            continue;
        }
        let dir = root.join(&name);
        let is_partition = partition::identity_of(&name).is_some();
        if is_partition && !holds_segments(disk, &dir)? {
            disk.remove_dir_all(&dir).map_err(LogError::io(&dir))?;
        } else if is_partition && catalog_is_missing {
            let detail = format!("the file is missing, and '{}' holds data of a topic", dir.display());
            return Err(LogError::corrupt(Path::new(catalog::FILE_NAME), detail));
        } else {
            tracing::warn!(name, "no topic is known for this directory, it is left alone");
        }
    }
    Ok(())
}

fn holds_segments(disk: &dyn Disk, dir: &Path) -> Result<bool, LogError> {
    let files = disk.list(dir).map_err(LogError::io(dir))?;
    Ok(files.iter().any(|file| segment::base_offset_of(file).is_some()))
}

/// Removes the directories of deleted topics, durably.
pub(super) fn remove_topics(disk: &dyn Disk, topics: &[(TopicId, i32)]) -> Result<(), LogError> {
    for (id, partitions) in topics {
        for partition in partitions_of(*id, 0..*partitions) {
            let dir = dir_of(partition);
            if disk.exists(&dir).map_err(LogError::io(&dir))? {
                disk.remove_dir_all(&dir).map_err(LogError::io(&dir))?;
            }
        }
    }
    let root = root();
    if topics.is_empty() { Ok(()) } else { disk.sync_dir(&root).map_err(LogError::io(&root)) }
}

/// The failure behind a change of the catalog that no rule can refuse.
pub(super) fn catalog_failure(error: headrace_log::CatalogError) -> LogError {
    match error {
        headrace_log::CatalogError::Log(error) => error,
        refused => LogError::corrupt(Path::new(catalog::FILE_NAME), refused.to_string()),
    }
}

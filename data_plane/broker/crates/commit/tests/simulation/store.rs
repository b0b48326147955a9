//! Logs, committer and write-ahead log on one simulated disk, opened and closed as a broker does it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use headrace_commit::{
    Appending, CommitError, Committer, Done, Flush, Job, Logs, Prepare, Replay, Round, Settling, WalConfig,
    unreplayed,
};
use headrace_io::{Disk, SimDisk};
use headrace_log::{AppendError, Appended, LogConfig, PartitionLog, SyncEnd, SyncPlan};
use headrace_records::BatchHeader;
use headrace_types::{PartitionIndex, TopicId, TopicPartition};

pub(crate) const PARTITIONS: usize = 2;

/// Files of two or three blocks, so that they fill and go round; larger batches go past them.
const WAL: WalConfig = WalConfig {
    first_segment_bytes: 4 * 4096,
    segment_bytes: 5 * 4096,
    segments_max: 3,
    bypass_bytes_min: BYPASS_BYTES_MIN,
};
pub(crate) const BYPASS_BYTES_MIN: usize = 600;
/// Jobs of segments in a round.
const SHARES: usize = 2;

pub(crate) fn partition(index: usize) -> TopicPartition {
    TopicPartition { topic: TopicId::from_random([1; 16]), partition: PartitionIndex::new(index as i32) }
}

pub(crate) fn dir_of(partition: TopicPartition) -> PathBuf {
    Path::new("data").join(partition.to_string())
}

pub(crate) fn wal_dir() -> &'static Path {
    Path::new("data/wal")
}

/// An empty disk with the directories of the partitions.
pub(crate) fn disk() -> SimDisk {
    let disk = SimDisk::new();
    for index in 0..PARTITIONS {
        disk.create_dir_all(&dir_of(partition(index))).unwrap();
    }
    disk.sync_dir(Path::new("data")).unwrap();
    disk.sync_dir(Path::new("")).unwrap();
    disk
}

#[derive(Debug)]
struct Set(BTreeMap<TopicPartition, PartitionLog>);

impl Logs for Set {
    fn log(&mut self, partition: TopicPartition) -> Option<&mut PartitionLog> {
        self.0.get_mut(&partition)
    }

    fn is_offline(&self, _partition: TopicPartition) -> bool {
        false
    }
}

/// What a broker has open.
#[derive(Debug)]
pub(crate) struct Store {
    logs: Set,
    committer: Committer,
    round: Work<Round, Vec<Done>>,
    settling: Work<Plans, Ends>,
    preparing: Option<Prepare>,
}

type Plans = Vec<(TopicPartition, SyncPlan)>;
type Ends = Vec<(TopicPartition, SyncEnd)>;

/// What a slow disk has to do, and what it has done and not told yet: appends go on beside it.
#[derive(Debug)]
enum Work<B, D> {
    None,
    Begun(B),
    Done(D),
}

impl<B, D> Work<B, D> {
    fn run(&mut self, act: impl FnOnce(B) -> Result<D, CommitError>) -> Result<(), CommitError> {
        *self = match std::mem::replace(self, Self::None) {
            Self::Begun(begun) => Self::Done(act(begun)?),
            other => other,
        };
        Ok(())
    }

    fn take_done(&mut self) -> Option<D> {
        match std::mem::replace(self, Self::None) {
            Self::Done(done) => Some(done),
            other => {
                *self = other;
                None
            }
        }
    }
}

impl Store {
    /// Opens the disk after any kind of stop. A log that is damaged is refused, where a broker takes it offline.
    pub(crate) fn open(disk: &SimDisk, config: LogConfig) -> Result<Self, CommitError> {
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let mut logs = Set(BTreeMap::new());
        for index in 0..PARTITIONS {
            let partition = partition(index);
            let dir = dir_of(partition);
            let mut log = PartitionLog::open(Arc::clone(&shared), &dir, partition, config, 0)?;
            unreplayed::replay_into(&*shared, &dir, &mut log, 0)?;
            logs.0.insert(partition, log);
        }
        if let Some(replay) = Replay::open(Arc::clone(&shared), wal_dir())? {
            let replayed = replay.run(&mut logs, dir_of, 0)?;
            if let Some((_, error)) = replayed.failed.into_iter().next() {
                return Err(error.into());
            }
            replay.remove()?;
        }
        // A number that no earlier life had: operations only grow.
        let committer = Committer::new(shared, wal_dir(), disk.operations(), WAL);
        let (round, settling) = (Work::None, Work::None);
        Ok(Self { logs, committer, round, settling, preparing: None })
    }

    pub(crate) fn log(&mut self, index: usize) -> &mut PartitionLog {
        self.logs.log(partition(index)).unwrap()
    }

    pub(crate) fn append(&mut self, index: usize, batch: &[u8]) -> Result<Appended, AppendError> {
        let partition = partition(index);
        let header = BatchHeader::parse(batch).unwrap();
        let appending = Appending {
            partition,
            batch,
            header: &header,
            append_time: false,
            principal: Some("User:one"),
            flush: Flush::Strict,
        };
        let log = self.logs.log(partition).unwrap();
        Ok(self.committer.append(log, &appending, 0)?.0)
    }

    /// Begins a round; false if one is running or nothing waits.
    pub(crate) fn begin(&mut self) -> bool {
        if !matches!(self.round, Work::None) {
            return false;
        }
        let Some(round) = self.committer.begin(SHARES, &mut self.logs) else { return false };
        self.round = Work::Begun(round);
        true
    }

    /// The disk does what the round has begun.
    pub(crate) fn work(&mut self) -> Result<(), CommitError> {
        self.round.run(|round| round.jobs.into_iter().map(Job::run).collect())
    }

    /// Ends the round whose work is done.
    pub(crate) fn finish(&mut self) {
        if let Some(done) = self.round.take_done() {
            self.committer.finish(done, &mut self.logs);
        }
    }

    /// One step of making a file of the write-ahead log.
    pub(crate) fn prepare(&mut self) -> Result<(), CommitError> {
        match self.preparing.take() {
            Some(prepare) => self.committer.prepared(prepare.run()?),
            None => self.preparing = self.committer.wants_file(),
        }
        Ok(())
    }

    /// One step of settling.
    pub(crate) fn settle(&mut self) -> Result<(), CommitError> {
        if let Some(ends) = self.settling.take_done() {
            self.committer.settled_logs(ends, &mut self.logs);
            return Ok(());
        }
        if matches!(self.settling, Work::Begun(_)) {
            let run = |(partition, plan): (_, SyncPlan)| Ok((partition, plan.run()?));
            return self.settling.run(|plans| plans.into_iter().map(run).collect());
        }
        match self.committer.settle(&mut self.logs) {
            Settling::Nothing => {}
            Settling::Sync(plans) => self.settling = Work::Begun(plans),
            Settling::Settled => self.committer.settled_file(),
        }
        Ok(())
    }

    /// Ends in order.
    pub(crate) fn close(&mut self) -> Result<(), CommitError> {
        self.end_round()?;
        while !matches!(self.settling, Work::None) {
            self.settle()?;
        }
        while self.begin() {
            self.end_round()?;
        }
        for log in self.logs.0.values_mut() {
            if let Some(plan) = log.closing_plan() {
                let end = plan.run()?;
                log.synced(end);
            }
        }
        if self.preparing.is_some() {
            self.prepare()?;
        }
        self.committer.close()
    }

    fn end_round(&mut self) -> Result<(), CommitError> {
        self.work()?;
        self.finish();
        Ok(())
    }
}
